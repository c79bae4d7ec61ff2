"""Scope: images that are not like those that a model learnt from are doubted, and no others."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builders import write_nifti, write_picture
from commands import Command
from scanwright.core.familiarity import describe_image, learn_familiarity
from scanwright.data.plan import ChannelPlan
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.inference.scope import find_doubts, find_strangeness, refuse_unfit
from scanwright.report.reasons import UNKNOWN_REASON, reason_in_chinese
from tiny import TinyRun
from tiny_networks import tiny_plan

LEARNT = {
    "modality": "CT",
    "spacing_mm": {"smallest": [0.6, 0.6, 1.0], "median": [0.8, 0.8, 3.0], "largest": [1.0, 1.0, 5.0]},
}


def image(*spacing_mm: float, modality: str = "CT") -> Volume:
    affine = np.diag([*spacing_mm, 1.0]) if spacing_mm else None
    return Volume(np.zeros((1, 2, 2, 2)), affine, modality)


@pytest.mark.parametrize(
    ("seen", "kinds"),
    [
        (image(0.8, 0.8, 2.5), []),
        (image(2.5, 0.8, 0.8), []),
        (image(0.45, 0.45, 7.0), []),
        (image(0.8, 0.8, 9.0), ["spacing"]),
        (image(0.2, 0.2, 2.0), ["spacing"]),
        (image(0.8, 0.8, 2.5, modality="MR"), ["modality"]),
        (image(3.0, 3.0, 9.0, modality="PT"), ["modality", "spacing"]),
        (image(0.8, 0.8, 2.5, modality=""), []),
        (image(), []),
    ],
)
def test_another_modality_or_a_spacing_far_off_is_doubted(seen: Volume, kinds: list[str]) -> None:
    assert [doubt.kind for doubt in find_doubts(seen, LEARNT, 3)] == kinds


def test_what_a_model_does_not_tell_is_not_doubted() -> None:
    assert find_doubts(image(9.0, 9.0, 9.0), {}, 3) == ()
    assert find_doubts(image(9.0, 9.0, 9.0), {"modality": "", "spacing_mm": None}, 3) == ()


def test_planes_are_compared_in_the_plane() -> None:
    assert find_doubts(image(0.8, 0.8, 40.0), LEARNT, 2) == ()


def test_prediction_warns_of_images_of_another_kind(
    volume_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    array = np.random.default_rng(0).integers(0, 90, (16, 16, 16)).astype(np.int16)
    write_nifti(tmp_path / "new" / "far.nii.gz", array, np.diag([9.0, 9.0, 9.0, 1.0]))
    said = command("predict", volume_run.path, tmp_path / "new", "--out", tmp_path / "out", "--threads", 1)
    assert said.code == 0
    assert "Warning: The voxel spacing of images (9 × 9 × 9 mm, n = 1) is far from" in said.out


@pytest.mark.parametrize(("side", "doubted"), [(640, False), (1200, False), (6000, True), (100, True)])
def test_a_picture_of_another_size_than_those_learnt_from_is_doubted(side: int, doubted: bool) -> None:
    learnt = {"spacing_mm": None, "shape": {"smallest": [480, 320, 1], "largest": [480, 640, 1]}}
    picture = Volume(np.zeros((1, side, 10, 1), dtype=np.uint8))
    assert [doubt.kind for doubt in find_doubts(picture, learnt, 2)] == ["size"] * doubted
    measured = Volume(picture.array, np.eye(4))
    assert not find_doubts(measured, learnt, 2)


@pytest.mark.parametrize(
    ("n_gaps", "told"),
    [
        *((0, []), (1, [("few_gaps", "0.1 %")]), (143, [("gaps", "14 %")]), (10, [("gaps", "1 %")])),
        (999, [("gaps", "100 %")]),
    ],
)
def test_voxels_that_are_not_numbers_are_told_with_their_share(
    n_gaps: int, told: list[tuple[str, str]]
) -> None:
    array = np.zeros((1, 10, 10, 10), dtype=np.float32)
    array.ravel()[:n_gaps] = np.nan
    found = find_doubts(Volume(array, np.eye(4)), {}, 3)
    assert [(doubt.kind, doubt.received) for doubt in found] == told


def test_prediction_tells_of_voxels_that_are_not_numbers(
    volume_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    array = np.random.default_rng(0).uniform(0, 90, (16, 16, 16)).astype(np.float32)
    array[:2] = np.nan
    write_nifti(tmp_path / "new" / "torn.nii.gz", array, np.eye(4))
    said = command("predict", volume_run.path, tmp_path / "new", "--out", tmp_path / "out", "--threads", 1)
    assert said.code == 0
    assert "Warning: 12 % of the voxels of images (n = 1) are not numbers" in said.out
    assert "torn,gaps,the lowest value of the image,12 %," in (tmp_path / "out" / "warnings.csv").read_text()


def test_an_inverted_image_is_called_inverted_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    x, y = np.mgrid[:64, :64] / 63

    def picture() -> np.ndarray:
        place = rng.uniform(0.3, 0.4, 2)
        spot = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / 0.02)
        grey = 40 + 180 * spot + rng.normal(0, 4, x.shape)
        grey[0, :2] = 0, 255
        return grey.clip(0, 255).astype(np.uint8)[None, :, :, None]

    learnt = [describe_image(picture(), None) for _ in range(40)]
    familiar = learn_familiarity(learnt, list(range(40)))
    own = picture()
    assert not find_strangeness(Volume(own), familiar).doubts
    told = find_strangeness(Volume(255 - own), familiar)
    assert [doubt.kind for doubt in told.doubts] == ["unlike.inverted"]
    assert told.most > 1
    noise = rng.integers(0, 255, own.shape).astype(np.uint8)
    assert "unlike.inverted" not in {one.kind for one in find_strangeness(Volume(noise), familiar).doubts}


def test_an_image_that_is_no_image_is_refused_and_not_warned_of(
    photo_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    """Grey pictures of 24 pixels were learnt from."""
    grey = np.random.default_rng(0).integers(0, 255, (24, 24)).astype(np.uint8)
    write_picture(tmp_path / "in" / "good.png", grey)
    write_picture(tmp_path / "in" / "black.png", np.zeros((400, 400), np.uint8))
    write_picture(tmp_path / "in" / "colour.png", np.stack([grey] * 3, axis=-1))
    said = command("predict", photo_run.path, tmp_path / "in", "--out", tmp_path / "out", "--threads", 1)
    assert said.code == 3
    with (tmp_path / "out" / "failures.csv").open(encoding="utf-8") as table:
        reasons = {row["case"]: row["reason"] for row in csv.DictReader(table)}
    assert set(reasons) == {"black", "colour"}
    assert "the image is constant: every voxel has the same value" in reasons["black"]
    assert "Save it in grey" in reasons["colour"]
    for name in reasons:
        assert f"{name}: " not in said.err  # where warnings are given
    for reason in reasons.values():
        assert reason_in_chinese(reason) != UNKNOWN_REASON


def test_grey_pictures_for_a_model_of_colours_are_refused_with_advice() -> None:
    channels = tuple(ChannelPlan(name) for name in ("red", "green", "blue"))
    plan = replace(tiny_plan("unet", 2), channels=channels)
    picture = Volume(np.arange(64).reshape(1, 8, 8, 1))
    with pytest.raises(DataError, match=r"Expected 3 \(red, green, blue\)\. Received 1\. Save it in colour"):
        refuse_unfit(picture, plan)


def test_a_volume_is_refused_where_one_answer_is_given_to_a_picture() -> None:
    stack = Volume(np.arange(2 * 8 * 8 * 5).reshape(2, 8, 8, 5))
    with pytest.raises(DataError, match=r"this is a volume.*Received 8 × 8 × 5 voxels") as refused:
        refuse_unfit(stack, tiny_plan("resnet", 2))
    assert reason_in_chinese(str(refused.value)) != UNKNOWN_REASON
    refuse_unfit(stack, tiny_plan("unet", 2))  # masks are made plane by plane


def test_a_picture_is_refused_where_volumes_were_learnt_from() -> None:
    picture = Volume(np.arange(2 * 8 * 9.0).reshape(2, 8, 9, 1))
    with pytest.raises(DataError, match=r"this is a picture.*Received 8 × 9 pixels") as refused:
        refuse_unfit(picture, tiny_plan("unet", 3))
    assert reason_in_chinese(str(refused.value)) != UNKNOWN_REASON
