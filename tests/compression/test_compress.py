"""``scanwright compress``: a run in, packages and a page out, and plain words where it can't be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
import tiny
from commands import Command
from scanwright.compression import speed
from scanwright.compression.calibration import draw_patches
from scanwright.errors import SettingsError
from scanwright.inference.package import read_package
from scanwright.report.compression import render_compression
from scanwright.tasks.base import Example
from tiny import TinyRun
from tiny_networks import tiny_plan

pytest.importorskip("nncf")


@pytest.fixture(autouse=True, scope="module")
def in_a_hurry() -> Iterator[None]:
    """Speed is measured by two turns, and not for seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "ROUNDS", 2)
        patch.setattr(speed, "SECONDS", 0.0)
        yield


@pytest.fixture(scope="module")
def compressed(volume_run: TinyRun, tmp_path_factory: pytest.TempPathFactory, in_a_hurry: None) -> Path:
    """The volume run in 8 bits and at half its width, whatever is allowed."""
    out = tmp_path_factory.mktemp("compressed") / "small"
    sw.compress(volume_run.path, out, widths=(0.5,), minutes=0.02, everything=True, threads=1, lang="zh")
    return out


def test_each_candidate_is_judged_and_told(compressed: Path, volume_run: TinyRun) -> None:
    content = json.loads((compressed / "compression.json").read_text())
    rows = {row["name"]: row for row in content["candidates"]}
    assert list(rows) == ["original", "width-100-int8", "width-50-fp32", "width-50-int8"]
    assert rows["width-50-fp32"]["how"] == "pruned"
    assert rows["width-50-fp32"]["weights"] < rows["original"]["weights"]
    for row in list(rows.values())[1:]:
        assert row["score"]["name"] == "dice"
        assert row["n_cases"] == 1
        assert row["verdict"] in ("unsure", "worse")  # one case allows nothing
        assert row["network"]["s"] > 0
        assert row["end_to_end"]["original_s"] > 0
    assert content["chosen"] == "original"
    assert rows["width-100-int8"]["score"]["difference"] > -0.1


def test_packages_are_models_like_any_other(compressed: Path, volume_run: TinyRun) -> None:
    image = volume_run.data / "imagesTr" / "scan0.nii.gz"
    (own,) = sw.load(compressed / "model.scanwright").predict(image, device="cpu")
    (first,) = sw.load(volume_run.path).predict(image, device="cpu")
    assert np.array_equal(own.mask.array, first.mask.array)  # type: ignore[union-attr]
    for package in (compressed / "packages").glob("*int8*"):
        model = read_package(package)
        assert model.graphs is not None
        assert model.graphs.precision == "int8"
        (rounded,) = model.predict(image)
        assert rounded.mask.array.shape == first.mask.array.shape  # type: ignore[union-attr]
    assert not (compressed / "work").exists()


def test_the_page_is_in_the_language_that_was_asked_for(compressed: Path) -> None:
    page = (compressed / "compression.html").read_text(encoding="utf-8")
    assert "更小、更快" in page
    assert "保留原模型" in page
    assert "仅供科研使用" in page


def test_the_page_shows_times_that_fit_the_ratios(compressed: Path) -> None:
    """Whatever the machine did meanwhile: each time is the original's by how many times as fast it was."""
    content = json.loads((compressed / "compression.json").read_text())
    for made in content["candidates"]:
        made["network"] |= {"s": 7.0, "speedup": 2.0}
    content["candidates"][0]["network"] = {"original_s": 0.1, "s": 0.1, "speedup": 1.0}
    page = render_compression({**content, "disturbance": 1.0})
    assert "<td>50 ms<small>2 ×</small></td>" in page
    assert "7 s" not in page
    assert "busy" not in page
    assert "took 1.8 times as long" in render_compression({**content, "disturbance": 1.8})


def test_a_finished_search_gives_its_result_again(
    compressed: Path, volume_run: TinyRun, command: Command
) -> None:
    before = (compressed / "compression.json").read_bytes()
    wishes = {"widths": (0.5,), "minutes": 0.02, "everything": True, "threads": 1}
    again = sw.compress(volume_run.path, compressed, resume=True, **wishes)  # type: ignore[arg-type]
    assert again.was_finished
    assert again.content == json.loads(before)
    shell = ("compress", volume_run.path, "--out", compressed, "--resume", "--widths", "0.5", "--all")
    said = command(*shell, "--minutes", "0.02")
    assert said.code == 0
    assert "was finished before" in said.out
    said = command(*shell, "--minutes", "1", "--max-drop", "0.1")
    assert said.code == 1
    assert "is finished, and was made with --minutes 0.02, --max-drop 0.005" in said.err
    assert (compressed / "compression.json").read_bytes() == before
    said = command("compress", volume_run.path, "--out", compressed)
    assert "An unfinished search goes on with --resume" in said.err


@pytest.mark.slow
def test_a_search_that_was_stopped_goes_on(
    class_run: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scanwright.compression import search

    out, measured = tmp_path / "small", []
    real = search.measure_speed

    def stop_at_the_second(*arguments: object, **more: object) -> object:
        measured.append(arguments)
        if len(measured) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "measure_speed", stop_at_the_second)
    monkeypatch.setattr(search, "measure_memory", lambda *arguments: None)
    wishes = {"widths": (0.5,), "minutes": 0.02, "everything": True, "threads": 1}
    first = sw.compress(class_run.path, out, **wishes)  # type: ignore[arg-type]
    assert first.stopped
    assert [row["name"] for row in first.content["candidates"]] == ["original", "width-100-int8"]
    assert (out / "compression.html").is_file()
    kept = json.loads((out / "compression.json").read_text())["candidates"][1]
    again = sw.compress(class_run.path, out, resume=True, **wishes)  # type: ignore[arg-type]
    assert not again.stopped
    assert len(again.content["candidates"]) == 4
    assert len(measured) == 4  # the first candidate was not measured again
    assert again.content["candidates"][1] == kept


def test_what_is_no_run_is_said(class_run: TinyRun, tmp_path: Path, command: Command) -> None:
    package = tmp_path / "disc.scanwright"
    sw.export(class_run.path, package)
    out = tmp_path / "small"
    said = command("compress", package, "--out", out)
    assert said.code == 1
    assert "Name the run folder that it was exported from" in said.err
    shutil.copytree(class_run.path / "model", tmp_path / "alone")
    assert "a model without its run" in command("compress", tmp_path / "alone", "--out", out).err
    assert "there is no model here" in command("compress", tmp_path, "--out", out).err
    assert not out.exists()


def test_data_that_are_gone_are_asked_for(class_run: TinyRun, tmp_path: Path, command: Command) -> None:
    run = tmp_path / "run"
    shutil.copytree(class_run.path, run)
    facts = json.loads((run / "fingerprint.json").read_text())
    (run / "fingerprint.json").write_text(json.dumps({**facts, "source": str(tmp_path / "gone")}))
    said = command("compress", run, "--out", tmp_path / "small")
    assert said.code == 1
    assert "Name them with --data" in said.err
    other = tiny.disc_classes(tmp_path / "other", per_class=7, seed=8)
    said = command("compress", run, "--data", other, "--out", tmp_path / "small")
    assert said.code != 0
    assert "other data" in said.err


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"max_drop": -1.0}, "0 or more"),
        ({"target_speedup": 0.5}, "more than 1"),
        ({"widths": (2.0,)}, "between 0 and 1"),
        ({"minutes": 0.0}, "positive number"),
    ],
)
def test_wishes_that_make_no_sense(class_run: TinyRun, tmp_path: Path, wish: dict, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(SettingsError, match=words):
        sw.compress(class_run.path, tmp_path / "small", **wish)


def test_calibration_patches_are_those_that_the_network_sees() -> None:
    plan = tiny_plan("unet", 3)
    rng = np.random.default_rng(0)
    examples = [
        Example(rng.standard_normal((2, *shape)).astype(np.float32), np.zeros(shape, np.uint8))
        for shape in ((20, 18, 16), (10, 6, 6), (40, 8, 12))
    ]
    patches = draw_patches(examples, plan, seed=0)
    assert all(patch.shape == (2, *plan.patch_voxels) for patch in patches)
    assert len(patches) >= 3
    again = draw_patches(examples, plan, seed=0)
    assert all(np.array_equal(a, b) for a, b in zip(patches, again, strict=True))
