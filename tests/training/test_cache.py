"""The cache: cases are preprocessed once, taken again only for a plan that would give the same."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from scanwright.data.case import Case, Lazy
from scanwright.data.plan import Plan
from scanwright.data.volume import Volume
from scanwright.errors import DataError, OutputError
from scanwright.tasks.catalogue import find_task
from scanwright.training.cache import prepare_examples
from scanwright.types import silent
from tiny import SMALL_3D, SMALL_CLASSES, ball_volumes, disc_classes


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ball_volumes(tmp_path_factory.mktemp("cache"), 4)


@pytest.fixture(scope="module")
def plan(volumes: Path) -> Plan:
    return sw.plan(volumes, overrides=SMALL_3D).plan


def test_a_case_read_again_comes_from_the_cache(volumes: Path, plan: Plan, tmp_path: Path) -> None:
    cases, task = sw.open(volumes).cases, find_task("segmentation")
    first, _ = prepare_examples(cases, task, plan, tmp_path, silent)

    def refuse() -> Volume:
        raise DataError("read twice")

    closed = [Case(c.name, {"image": Lazy("x", refuse)}, {"mask": Lazy("x", refuse)}) for c in cases]
    again, failed = prepare_examples(closed, task, plan, tmp_path, silent)
    assert failed == []
    for name, example in first.items():
        assert isinstance(example.image, np.memmap)
        np.testing.assert_array_equal(again[name].image, example.image)
        np.testing.assert_array_equal(again[name].target, example.target)
        assert set(example.labelled) == {1, 2}
        for index, places in example.labelled.items():
            assert (np.asarray(example.target).ravel()[places] == index).all()
    for other in (replace(plan, spacing_mm=(2.0, 2.0, 2.0)), replace(plan, enhance=("median=1",))):
        _, failed = prepare_examples(closed, task, other, tmp_path, silent)
        assert len(failed) == len(cases)


def test_what_fails_is_listed_and_the_rest_goes_on(volumes: Path, plan: Plan, tmp_path: Path) -> None:
    cases = list(sw.open(volumes).cases)

    def broken() -> Volume:
        raise DataError("the file is cut off", subject="scan.nii.gz")

    cases[1] = Case("odd", {"image": Lazy("x", broken)}, cases[1].targets)
    examples, failed = prepare_examples(cases, find_task("segmentation"), plan, tmp_path, silent)
    assert len(examples) == 3
    assert [(f.case, f.stage) for f in failed] == [("odd", "prepare")]
    assert "cut off" in failed[0].reason


def test_small_whole_images_stay_in_memory(tmp_path: Path) -> None:
    data = disc_classes(tmp_path / "data", 4)
    plan = sw.plan(data, overrides=SMALL_CLASSES).plan
    cases = sw.open(data).cases
    examples, _ = prepare_examples(cases, find_task("classification"), plan, tmp_path / "cache", silent)
    assert {int(example.target) for example in examples.values()} == {0, 1}
    assert not (tmp_path / "cache").exists()


def test_large_whole_images_are_mapped_and_their_class_stays_one_number(tmp_path: Path) -> None:
    data = disc_classes(tmp_path / "data", 4)
    plan = replace(sw.plan(data, overrides=SMALL_CLASSES).plan, patch_voxels=(288, 288, 1))
    examples, _ = prepare_examples(
        sw.open(data).cases, find_task("classification"), plan, tmp_path / "cache", silent
    )
    assert all(isinstance(example.image, np.memmap) for example in examples.values())
    assert all(example.target.shape == () for example in examples.values())
    assert {int(example.target) for example in examples.values()} == {0, 1}


def test_a_small_lesion_beside_a_large_one_is_drawn_often(plan: Plan, tmp_path: Path) -> None:
    array = np.zeros((1, 40, 40, 40), np.uint8)
    array[0, 2:32, 2:32, 2:32] = 2
    array[0, 35:38, 35:38, 35:38] = 2
    image, mask = Volume(array.astype(np.float32), np.eye(4)), Volume(array, np.eye(4))
    case = Case("two", {"image": Lazy("i", lambda: image)}, {"mask": Lazy("m", lambda: mask)})
    unscaled = replace(plan, spacing_mm=(1.0, 1.0, 1.0), longest_side=None)
    examples, failed = prepare_examples([case], find_task("segmentation"), unscaled, tmp_path, silent)
    assert failed == []
    target, places = np.asarray(examples["two"].target), examples["two"].places(1)
    assert (target.ravel()[places] == 1).all()
    small = np.unravel_index(places, target.shape)[0] >= 34
    # 27 of 27,027 voxels, one in a thousand; by the root of the size it is one in 33.
    assert 0.02 < small.mean() < 0.05
    assert len(np.unique(places[small])) == 27


def test_a_full_disk_stops_and_is_no_fault_of_a_case(
    volumes: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases, task = sw.open(volumes).cases, find_task("segmentation")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("scanwright.training.cache.save_array", full)
        with pytest.raises(OutputError, match="the disk is full"):
            prepare_examples(cases, task, plan, tmp_path, silent)
    made, failed = prepare_examples(cases, task, plan, tmp_path, silent)
    assert len(made) == len(cases)
    assert not failed


def test_a_case_that_no_memory_holds_is_set_aside_in_words(volumes: Path, plan: Plan, tmp_path: Path) -> None:
    cases, task = sw.open(volumes).cases, find_task("segmentation")
    fine = replace(plan, spacing_mm=(1e-5, 1e-5, 1e-5))
    made, failed = prepare_examples(cases[:1], task, fine, tmp_path, silent)
    assert not made
    assert "does not fit into memory" in failed[0].reason
