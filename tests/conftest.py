"""Settings that all tests share, and the tiny runs that many of them look at."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Each worker of pytest has one core to itself.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import scanwright as sw
import tiny
from commands import Command, Said
from dicom_judges import Archive, running_archive
from scanwright.cli.main import main
from tiny import TinyRun

# Two busy cores make single examples slow at random; time limits would fail for nothing.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run ``scanwright …`` in this process."""

    def call(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["scanwright", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capfd.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(int(end.value.code or 0), said.out, said.err)

    return call


@pytest.fixture(scope="session")
def photo_run(tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    """A segmentation of photographs."""
    root = tmp_path_factory.mktemp("photo")
    return _train(tiny.disc_photographs(root / "data"), root / "run", tiny.SMALL_2D)


@pytest.fixture(scope="session")
def volume_run(tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    """A segmentation of volumes whose labels are 0, 2 and 4."""
    root = tmp_path_factory.mktemp("volume")
    return _train(tiny.ball_volumes(root / "data"), root / "run", tiny.SMALL_3D)


@pytest.fixture(scope="session")
def class_run(tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    """A classification of photographs."""
    root = tmp_path_factory.mktemp("class")
    return _train(tiny.disc_classes(root / "data"), root / "run", tiny.SMALL_CLASSES)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive of DICOM objects that others wrote, on this machine."""
    with running_archive(tmp_path_factory.mktemp("orthanc")) as running:
        yield running


def _train(data: Path, out: Path, overrides: dict[str, str]) -> TinyRun:
    # Enough steps for a model that finds a bright disc.
    pace = [(20, 0.35), (20, 0.7), (20, 1.0)]
    # Not from every start do four channels learn to tell two halves of a ball.
    sw.train(data, out, plan=tiny.plan_of(data, pace, overrides=overrides, seed=1), threads=1)
    return TinyRun(data, out)
