"""Every kind of bad input, through the command line: a clear word, a listed failure, nothing lost."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from builders import (
    coco_folder,
    noise,
    real_data,
    voc_folder,
    write_dicom,
    write_nifti,
    write_picture,
    write_text,
    yolo_folder,
)
from builders import dicom_series as one_series
from commands import Command, Said
from scanwright.inference.model import content_hash
from tiny import SMALL_2D, SMALL_3D, TinyRun, ball, ball_volumes, disc, disc_classes, disc_photographs

UNET = {"family": "unet", "widths": [4, 8], "strides": [[1, 1], [2, 2]], "kernels": [[3, 3], [3, 3]]}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    return disc_photographs(tmp_path / "data")


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    return ball_volumes(tmp_path / "data")


def facts(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "fingerprint.json").read_text()))


def reasons(out: Path) -> dict[str, str]:
    """Case → why it was set aside."""
    with (out / "failures.csv").open(newline="", encoding="utf-8") as stream:
        return {row["case"]: row["reason"] for row in csv.DictReader(stream)}


def cases(out: Path) -> set[str]:
    return {row["case"] for row in facts(out)["cases"]}


def assert_refused(said: Said, out: Path, *words: str, code: int = 1) -> None:
    assert said.code == code, said
    assert said.err.splitlines()[-1].startswith("scanwright: ")
    for word in words:
        assert word in said.err, said.err
    assert not (out / "plan.json").exists()
    assert not (out / "model").exists()


def assert_one_is_listed(said: Said, out: Path, case: str, word: str, n_left: int) -> None:
    assert said.code == 3, said
    assert "Set aside: 1 case" in said.out
    listed = reasons(out)
    assert list(listed) == [case]
    assert word in listed[case], listed
    assert len(cases(out)) == n_left
    assert case not in cases(out)


@pytest.mark.parametrize("verb", ["plan", "train"])
@pytest.mark.parametrize("kind", ["nothing", "empty", "texts", "no labels"])
def test_folders_from_which_nothing_can_be_learnt(
    tmp_path: Path, out: Path, command: Command, verb: str, kind: str
) -> None:
    data = tmp_path / "data"
    if kind != "nothing":
        data.mkdir()
    if kind == "texts":
        write_text(data / "notes.txt", "hello")
    if kind == "no labels":
        for number in range(4):
            write_picture(data / f"p{number}.png", noise((24, 24), seed=number))
    assert_refused(command(verb, data, "--out", out), out, str(data))


@pytest.mark.parametrize("build", [voc_folder, yolo_folder, coco_folder])
def test_boxes_and_a_task_that_learns_from_none(
    tmp_path: Path, out: Path, command: Command, build: Callable[[Path], Path]
) -> None:
    data = build(tmp_path / "data")
    said = command("plan", data, "--out", out, "--task", "segmentation")
    assert_refused(said, out, "segmentation learns from a mask, and the cases here have boxes", code=2)
    assert command("inspect", data, "--out", tmp_path / "page").code in (0, 3)
    assert command("convert", data, "--out", tmp_path / "new", "--to", "manifest").code == 0


def test_one_patient_only(tmp_path: Path, out: Path, command: Command) -> None:
    data = disc_photographs(tmp_path / "data", 4)
    rows = [f"c{n},one,images/case{n}.png,masks/case{n}.png" for n in range(4)]
    write_text(data / "manifest.csv", "case,patient,image,mask", *rows)
    said = command("plan", data, "--out", out)
    assert_refused(said, out, "too few patients", "at least 3 patients")


def test_two_patients_only(volumes: Path, out: Path, command: Command) -> None:
    for path in (*(volumes / "imagesTr").iterdir(), *(volumes / "labelsTr").iterdir()):
        if path.name not in ("scan0.nii.gz", "scan1.nii.gz"):
            path.unlink()
    assert_refused(command("plan", volumes, "--out", out), out, "too few patients")


def test_a_class_with_one_case_is_listed_and_the_others_are_learnt(
    tmp_path: Path, out: Path, command: Command
) -> None:
    data = disc_classes(tmp_path / "data")
    write_picture(data / "rare" / "r0.png", noise((24, 24), seed=50))
    said = command("plan", data, "--out", out)
    assert_one_is_listed(said, out, next(iter(reasons(out))), "fewer than 3 cases", 14)
    assert json.loads((out / "plan.json").read_text())["classes"] == ["disc", "nothing"]


def test_two_classes_of_which_one_has_one_case(tmp_path: Path, out: Path, command: Command) -> None:
    data = disc_classes(tmp_path / "data")
    for path in sorted((data / "disc").iterdir())[1:]:
        path.unlink()
    assert_refused(command("plan", data, "--out", out), out, "nothing to tell apart", "disc: 1")


def test_an_image_without_a_mask_and_a_mask_without_an_image(
    volumes: Path, out: Path, command: Command
) -> None:
    (volumes / "labelsTr" / "scan2.nii.gz").unlink()
    (volumes / "imagesTr" / "scan3.nii.gz").unlink()
    said = command("plan", volumes, "--out", out)
    assert said.code == 3
    assert set(reasons(out)) == {"scan2", "scan3"}
    assert len(cases(out)) == 5


def test_a_photograph_without_a_mask(photographs: Path, out: Path, command: Command) -> None:
    (photographs / "masks" / "case4.png").unlink()
    assert_one_is_listed(command("plan", photographs, "--out", out), out, "case4", "mask", 8)


def test_a_foreign_mask_between_the_masks(volumes: Path, out: Path, command: Command) -> None:
    foreign = np.zeros((31, 9, 12), np.uint8)
    write_nifti(volumes / "labelsTr" / "scan1.nii.gz", foreign, np.diag([3.0, 3, 3, 1]))
    assert_one_is_listed(command("plan", volumes, "--out", out), out, "scan1", "31", 6)


def test_the_oddities_that_real_data_came_with(out: Path, command: Command) -> None:
    said = command("plan", real_data("msd-hippocampus-oddities"), "--out", out)
    assert said.code in (1, 3)
    assert said.err or reasons(out)


@pytest.mark.parametrize("axis", range(3))
def test_a_mask_of_another_shape(volumes: Path, out: Path, command: Command, axis: int) -> None:
    _, mask = ball(np.random.default_rng(0), (2, 4))
    write_nifti(volumes / "labelsTr" / "scan5.nii.gz", np.delete(mask, 0, axis=axis))
    assert_one_is_listed(command("plan", volumes, "--out", out), out, "scan5", "20", 6)


def test_a_mask_on_another_grid(volumes: Path, out: Path, command: Command) -> None:
    _, mask = ball(np.random.default_rng(0), (2, 4))
    write_nifti(volumes / "labelsTr" / "scan5.nii.gz", mask, np.diag([1.0, 1.0, 1.0, 1.0]))
    assert_one_is_listed(command("plan", volumes, "--out", out), out, "scan5", "grid", 6)


def test_a_photographs_mask_of_another_size(photographs: Path, out: Path, command: Command) -> None:
    write_picture(photographs / "masks" / "case0.png", np.zeros((23, 24), np.uint8))
    assert_one_is_listed(command("plan", photographs, "--out", out), out, "case0", "23", 8)


def test_labels_0_2_4_are_learnt_and_come_back(volume_run: TinyRun, tmp_path: Path, command: Command) -> None:
    plan = json.loads((volume_run.path / "plan.json").read_text())
    assert plan["label_values"] == [0, 2, 4]
    said = command(
        "predict", volume_run.path, volume_run.data / "imagesTr", "--out", tmp_path / "masks", "--threads", 1
    )
    assert said.code == 0
    found: set[int] = set()
    for path in (tmp_path / "masks").glob("*.nii.gz"):
        found |= set(np.unique(_voxels(path)).tolist())
    assert found == {0, 2, 4}


def test_masks_that_are_all_empty(volumes: Path, out: Path, command: Command) -> None:
    for path in (volumes / "labelsTr").iterdir():
        write_nifti(path, np.zeros((20, 18, 16), np.uint8))
    assert_refused(command("plan", volumes, "--out", out), out, "empty")


def test_a_mask_with_broken_numbers(volumes: Path, out: Path, command: Command) -> None:
    write_nifti(volumes / "labelsTr" / "scan0.nii.gz", np.full((20, 18, 16), 0.5, np.float32))
    assert_one_is_listed(command("plan", volumes, "--out", out), out, "scan0", "whole numbers", 6)


@pytest.mark.parametrize("word", [np.nan, np.inf, -np.inf])
def test_nan_and_infinite_voxels_are_counted_and_learnt_around(
    volumes: Path, out: Path, command: Command, word: float
) -> None:
    image = ball(np.random.default_rng(0), (2, 4))[0].astype(np.float32)
    image[:2, :2] = word
    write_nifti(volumes / "imagesTr" / "scan0.nii.gz", image)
    said = command("plan", volumes, "--out", out)
    assert said.code == 0
    assert facts(out)["non_finite_voxels"] == {"scan0": 64}
    assert np.isfinite(list(facts(out)["intensity"][0].values())).all()


def test_an_image_of_nothing_but_nan(volumes: Path, out: Path, command: Command) -> None:
    write_nifti(volumes / "imagesTr" / "scan0.nii.gz", np.full((20, 18, 16), np.nan, np.float32))
    assert_one_is_listed(command("plan", volumes, "--out", out), out, "scan0", "finite", 6)


def test_a_run_with_nan_infinite_and_constant_images_gives_finite_weights(
    volumes: Path, out: Path, command: Command
) -> None:
    image = ball(np.random.default_rng(0), (2, 4))[0].astype(np.float32)
    for number, word in enumerate((np.nan, np.inf)):
        image[:2, :2] = word
        write_nifti(volumes / "imagesTr" / f"scan{number}.nii.gz", image)
    write_nifti(volumes / "imagesTr" / "scan2.nii.gz", np.full((20, 18, 16), 7, np.int16))
    small = [word for name, value in SMALL_3D.items() for word in ("--set", f"{name}={value}")]
    said = command("train", volumes, "--out", out, "--minutes", 0.005, "--threads", 1, "--json", *small)
    assert said.code in (0, 3), said
    assert np.isfinite(said.result["score"])
    said = command("predict", out, volumes / "imagesTr", "--out", out.parent / "masks", "--threads", 1)
    assert said.code == 3
    assert "scan2: the image is constant" in said.out
    assert len(list((out.parent / "masks").glob("*.nii.gz"))) == 6


def test_a_constant_image(photographs: Path, out: Path, command: Command) -> None:
    write_picture(photographs / "images" / "case0.png", np.full((24, 24), 90, np.uint8))
    said = command("plan", photographs, "--out", out)
    assert said.code in (0, 3)
    assert said.code == 0 or "constant" in reasons(out)["case0"]


def test_a_volume_in_time(volumes: Path, out: Path, command: Command) -> None:
    write_nifti(volumes / "imagesTr" / "scan6.nii.gz", np.zeros((20, 18, 16, 5), np.int16))
    said = command("plan", volumes, "--out", out)
    assert_one_is_listed(said, out, "scan6", "4", 6)
    assert "split" in reasons(out)["scan6"].lower()


def test_16_bit_pictures_keep_their_depth(photographs: Path, out: Path, command: Command) -> None:
    for path in (photographs / "images").iterdir():
        with Image.open(path) as image:
            deep = np.asarray(image).astype(np.uint16) * 200
        Image.fromarray(deep).save(path)
    assert command("plan", photographs, "--out", out).code == 0
    assert facts(out)["intensity"][0]["high"] > 10_000


def test_palettes_transparency_and_turned_jpegs_stand_as_they_are_seen(
    tmp_path: Path, out: Path, command: Command
) -> None:
    data, rng = tmp_path / "data", np.random.default_rng(5)
    turned = Image.Exif()
    turned[0x0112] = 6
    for number in range(9):
        picture, inside = disc(rng)
        picture, inside = picture[:, :20], inside[:, :20]
        colour = np.repeat(picture[..., None], 3, axis=2)
        colour[..., 0] //= 2
        path = data / "images" / f"case{number}"
        if number % 3 == 0:
            write_picture(path.with_suffix(".png"), colour, "P")
        elif number % 3 == 1:
            write_picture(path.with_suffix(".png"), colour, "RGBA")
        else:
            # A camera held upright writes the picture lying, and says so.
            write_picture(path.with_suffix(".jpg"), np.rot90(colour, 1).copy(), exif=turned, quality=95)
        write_picture(data / "masks" / f"case{number}.png", inside.astype(np.uint8))
    said = command("plan", data, "--out", out)
    assert said.code == 0, said
    assert facts(out)["shape"]["smallest"] == facts(out)["shape"]["largest"] == [20, 24, 1]
    assert facts(out)["channels"] == ["red", "green", "blue"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_cut_off_volumes(volumes: Path, out: Path, command: Command, share: float) -> None:
    path = volumes / "imagesTr" / "scan3.nii.gz"
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])
    assert_one_is_listed(command("plan", volumes, "--out", out), out, "scan3", "scan3", 6)


@pytest.mark.parametrize("kind", ["images", "masks"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_cut_off_photographs(photographs: Path, out: Path, command: Command, share: float, kind: str) -> None:
    path = photographs / kind / "case3.png"
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])
    said = command("plan", photographs, "--out", out)
    assert said.code == 3, said
    assert list(reasons(out)) == ["case3"]
    assert len(cases(out)) == 8


def test_a_table_of_arrays_that_is_cut_off(tmp_path: Path, out: Path, command: Command) -> None:
    (tmp_path / "data.npz").write_bytes(b"PK\x03\x04 no archive")
    assert_refused(command("plan", tmp_path / "data.npz", "--out", out), out, "data.npz")


def test_two_complete_layouts_at_one_level(volumes: Path, out: Path, command: Command) -> None:
    disc_photographs(volumes, 4)
    said = command("plan", volumes, "--out", out)
    assert_refused(said, out, "imagesTr", "images")


def test_an_output_folder_that_holds_something_else(photographs: Path, out: Path, command: Command) -> None:
    write_text(out / "thesis.txt", "years of work")
    for verb in ("plan", "train"):
        assert_refused(command(verb, photographs, "--out", out), out, "already holds", "--overwrite")
    assert command("plan", photographs, "--out", out, "--overwrite").code == 0
    assert (out / "thesis.txt").read_text() == "years of work\n"


def test_an_output_that_is_a_file(photographs: Path, out: Path, command: Command) -> None:
    write_text(out, "a file")
    assert_refused(command("plan", photographs, "--out", out), out, "this is a file")
    assert out.read_text() == "a file\n"


def test_a_model_of_a_newer_version(photo_run: TinyRun, tmp_path: Path, out: Path, command: Command) -> None:
    model = Path(shutil.copytree(photo_run.path / "model", tmp_path / "model"))
    content = json.loads((model / "model.json").read_text()) | {"schema_version": 7}
    (model / "model.json").write_text(json.dumps({**content, "sha256": content_hash(content)}))
    for arguments in (("predict", model, photo_run.data / "images"), ("evaluate", model, photo_run.data)):
        assert_refused(command(*arguments, "--out", out), out, "another version", "Install a newer")


def test_a_damaged_model(photo_run: TinyRun, tmp_path: Path, out: Path, command: Command) -> None:
    model = Path(shutil.copytree(photo_run.path / "model", tmp_path / "model"))
    raw = bytearray((model / "weights.safetensors").read_bytes())
    raw[-1] ^= 1
    (model / "weights.safetensors").write_bytes(raw)
    said = command("predict", model, photo_run.data / "images", "--out", out)
    assert_refused(said, out, "changed or damaged")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"schema_version": 9}, "another version"),
        ({"batch_size": "many"}, "batch_size"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"lerning_rate": 0.1}, "learning_rate"),
        ({"task": "cooking"}, "cooking"),
        ({"classes": ["one"]}, "classes"),
        ({"patch_voxels": [24, 24]}, "patch_voxels"),
        ({"patch_voxels": [23, 24, 1]}, "patch_voxels"),
        ({"network": {"widths": [4]}}, "missing"),
        ({"network": {**UNET, "family": "transformer"}}, "family"),
        ({"network": {**UNET, "strides": [[1, 1]]}}, "strides"),
        ({"network": {**UNET, "strides": [[2, 2], [2, 2]]}}, "strides"),
        ({"network": {**UNET, "strides": [[1, 1], [6, 6]]}}, "network"),
        ({"network": {**UNET, "kernels": [[3, 3], [2, 2]]}}, "kernels"),
        ({"network": {**UNET, "widths": [4096, 4096], "kernels": [[9, 9], [9, 9]]}}, "too large"),
        ({"channels": []}, "channels"),
        ({"channels": [{"name": "a"}, {"name": "b"}]}, "channels"),
        ({"label_values": [0, 1, 2]}, "label_values"),
        ({"mirror_axes": [2]}, "mirror_axes"),
        ({"minutes": 0}, "minutes"),
        ({"pace": [[0, 0.5]]}, "pace"),
    ],
)
def test_a_plan_edited_into_nonsense(
    photo_run: TinyRun, tmp_path: Path, out: Path, command: Command, change: dict[str, Any], word: str
) -> None:
    plan = json.loads((photo_run.path / "plan.json").read_text()) | change
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    said = command("train", photo_run.data, "--plan", tmp_path / "plan.json", "--out", out, "--threads", 1)
    assert said.code in (1, 2), said
    assert word in said.err, said.err
    assert not (out / "model").exists()


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", "\x00\x01"])
def test_a_plan_that_is_no_plan(
    photo_run: TinyRun, tmp_path: Path, out: Path, command: Command, text: str
) -> None:
    (tmp_path / "plan.json").write_text(text)
    said = command("train", photo_run.data, "--plan", tmp_path / "plan.json", "--out", out)
    assert said.code in (1, 2)
    assert "plan" in said.err


def test_patients_are_not_named_in_messages(tmp_path: Path, out: Path, command: Command) -> None:
    slices = one_series()
    del slices[2]
    del slices[0].PixelData
    write_dicom(tmp_path / "data" / "dicom", slices)
    write_text(
        tmp_path / "data" / "manifest.csv", "case,patient,image,mask", "scan,Secret^Name,dicom,gone.nii.gz"
    )
    said = command("plan", tmp_path / "data", "--out", out)
    assert said.code == 1
    assert "Secret" not in said.out + said.err
    assert "P-7" not in said.out + said.err


def test_everything_bad_at_once_is_listed_and_the_rest_is_trained(
    tmp_path: Path, out: Path, command: Command
) -> None:
    data = disc_photographs(tmp_path / "data", 12)
    (data / "images" / "case0.png").write_bytes(b"")
    (data / "masks" / "case1.png").unlink()
    (data / "images" / "case2.png").unlink()
    write_picture(data / "masks" / "case3.png", np.zeros((9, 9), np.uint8))
    write_text(data / "images" / "thumbs.db", "not a picture")
    small = [word for name, value in SMALL_2D.items() for word in ("--set", f"{name}={value}")]
    said = command("train", data, "--out", out, "--minutes", 0.005, "--threads", 1, "--json", *small)
    assert said.code == 3
    assert set(reasons(out)) == {"case0", "case1", "case2", "case3"}
    assert said.result["set_aside"] == 4
    assert (out / "model" / "model.json").is_file()


def _voxels(path: Path) -> np.ndarray:
    import nibabel as nib

    return np.asarray(nib.load(path).dataobj)
