"""A resumed run refuses other data that bear the same names."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

import scanwright as sw
from builders import cohort, labelled_pictures, masked_volumes, memory_case, noise
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case
from scanwright.errors import SettingsError
from scanwright.io.files import read_json
from scanwright.planning.fingerprint import take_fingerprint
from scanwright.training.same_data import as_planned
from tiny import SMALL_3D, SMALL_CLASSES, THREE_ROUNDS, ball_volumes, disc_classes, plan_of


def killed_in_training(data: Path, out: Path, small: dict[str, str]) -> None:
    def stop(stage: str, done: float, total: float, note: str = "") -> None:
        if stage == "Training" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sw.train(data, out, plan=plan_of(data, THREE_ROUNDS, overrides=small), threads=1, progress=stop)
    assert not (out / "model").exists()


def brighten(path: Path) -> None:
    Image.fromarray(np.asarray(Image.open(path)) + np.uint8(1)).save(path)


def trained_case(out: Path) -> str:
    splits = read_json(out / "splits.json")["of"]
    return next(name for name, split in splits.items() if split == "train")


def test_a_picture_that_has_changed_is_named(tmp_path: Path) -> None:
    data, out = disc_classes(tmp_path / "data"), tmp_path / "run"
    killed_in_training(data, out, SMALL_CLASSES)
    name = trained_case(out)
    brighten(data / f"{name}.png")
    with pytest.raises(
        SettingsError, match=f"{name}: the case has another image than when the run was begun"
    ):
        sw.train(data, out, resume=True, threads=1)


def test_a_mask_that_has_changed_is_named_once_it_must_be_read_again(tmp_path: Path) -> None:
    data, out = ball_volumes(tmp_path / "data"), tmp_path / "run"
    killed_in_training(data, out, SMALL_3D)
    name = trained_case(out)
    path = data / "labelsTr" / f"{name}.nii.gz"
    mask = nib.load(path)
    nib.Nifti1Image(np.where(np.asarray(mask.dataobj) == 4, 2, 0).astype(np.uint8), mask.affine).to_filename(
        path
    )
    shutil.rmtree(out / "cache")
    with pytest.raises(SettingsError, match=f"{name}: the case has another mask"):
        sw.train(data, out, resume=True, threads=1)


def test_what_was_prepared_is_not_read_again(tmp_path: Path) -> None:
    data, out = ball_volumes(tmp_path / "data"), tmp_path / "run"
    killed_in_training(data, out, SMALL_3D)
    name = trained_case(out)
    (data / "imagesTr" / f"{name}.nii.gz").write_bytes(b"spoilt")
    assert sw.train(data, out, resume=True, threads=1).provenance["steps"] == sum(n for n, _ in THREE_ROUNDS)


@pytest.mark.parametrize("make", [masked_volumes, labelled_pictures])
def test_the_same_data_are_read_as_they_are(make: Callable[[], list[Case]]) -> None:
    dataset = cohort(make())
    again = as_planned(dataset, take_fingerprint(dataset).to_json()["cases"], "mask")
    for before, after in zip(dataset.cases, again.cases, strict=True):
        np.testing.assert_array_equal(after.image.read().array, before.image.read().array)
        if "mask" in before.targets:
            np.testing.assert_array_equal(after.mask.read().array, before.mask.read().array)


def test_another_class_is_named_without_reading_anything() -> None:
    pictures = labelled_pictures()
    facts = take_fingerprint(cohort(pictures)).to_json()["cases"]
    array = pictures[0].image.read().array
    changed = memory_case(pictures[0].name, array, label="malignant", affine=None)
    with pytest.raises(SettingsError, match=f"{changed.name}: the case has another class"):
        as_planned(cohort([changed, *pictures[1:]]), facts, "label")


def test_boxes_that_have_changed_are_named_and_a_mask_beside_them_is_no_matter() -> None:
    def boxed(*classes: str) -> list[Case]:
        box = Boxes(np.array([[[n, 0, 0], [n + 2, 2, 1]] for n in range(len(classes))]), classes)
        noisy = [memory_case(f"c{n}", noise((1, 9, 7, 1), seed=n), boxes=box, affine=None) for n in range(5)]
        return [replace(case, targets={**case.targets, "mask": case.image}) for case in noisy]

    facts = take_fingerprint(cohort(boxed("cell", "cell")), target="boxes").to_json()["cases"]
    same = as_planned(cohort(boxed("cell", "cell")), facts, "boxes").cases[0]
    assert same.boxes.read().classes == ("cell", "cell")
    same.mask.read()
    other = as_planned(cohort(boxed("cell", "cyst")), facts, "boxes").cases[0]
    with pytest.raises(SettingsError, match="c0: the case has another set of boxes"):
        other.boxes.read()


def test_cases_that_the_run_does_not_know_are_left_alone() -> None:
    dataset = cohort(masked_volumes())
    assert as_planned(dataset, [], "mask").cases == dataset.cases
