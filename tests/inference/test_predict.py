"""Predictions land on the input's own grid, under its own name, with the user's own labels."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

import scanwright as sw
from builders import TILTED_AFFINE, noise, write_nifti, write_picture, write_text
from commands import Command
from scanwright.data.plan import Plan
from scanwright.errors import DataError, ModelError, OutputError, SettingsError
from scanwright.inference.predict import predict_array, predict_batch
from scanwright.types import FloatArray
from tiny import TinyRun, ball, disc

ORIENTATIONS = {
    "plain": np.diag([1.0, 1.0, 1.0, 1.0]),
    "tilted": TILTED_AFFINE,
    "flipped": np.diag([-0.8, -0.7, 2.5, 1.0]),
    "cycled": np.array([[0, 0, 1.2, 3], [0.9, 0, 0, -4], [0, -1.1, 0, 9], [0, 0, 0, 1.0]]),
    "oblique": np.array([[0.8, -0.1, 0.05, 1], [0.1, 0.8, -0.1, 2], [-0.05, 0.1, 2.4, 3], [0, 0, 0, 1.0]]),
}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def files_of(folder: Path) -> dict[str, bytes]:
    """Masks as what they hold: their compression notes the time."""
    return {
        str(path.relative_to(folder)): gzip.decompress(path.read_bytes())
        if path.suffix == ".gz"
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def picture_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def overlap(found: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_masks_have_the_grid_name_and_labels_of_the_input(
    volume_run: TinyRun, tmp_path: Path, name: str
) -> None:
    image, truth = ball(np.random.default_rng(9), (2, 4))
    affine = ORIENTATIONS[name]
    path = write_nifti(tmp_path / "in" / f"new.{name}.nii.gz", image, affine)
    result = sw.predict(volume_run.path, tmp_path / "in", tmp_path / "out", threads=1)
    assert [file.name for file in result.files] == [path.name]
    mask = nib.load(tmp_path / "out" / path.name)
    assert mask.shape == image.shape
    np.testing.assert_allclose(mask.affine, affine, atol=1e-4)
    assert np.issubdtype(mask.get_data_dtype(), np.integer)
    found = np.asarray(mask.dataobj)
    assert set(np.unique(found)) <= {0, 2, 4}
    if name in ("plain", "tilted"):
        assert overlap(found > 0, truth > 0) > 0.5  # a misplaced mask has hardly any


def test_a_lazily_turned_image_gives_the_turned_mask(volume_run: TinyRun, tmp_path: Path) -> None:
    image, _ = ball(np.random.default_rng(9), (2, 4))
    upright = nib.Nifti1Image(image, TILTED_AFFINE)
    turned = upright.as_reoriented(nib.orientations.axcodes2ornt(("P", "S", "L")))
    nib.save(upright, tmp_path / "a.nii.gz")
    nib.save(turned, tmp_path / "b.nii.gz")
    masks = []
    for name in ("a", "b"):
        sw.predict(volume_run.path, tmp_path / f"{name}.nii.gz", tmp_path / name, threads=1)
        masks.append(nib.as_closest_canonical(nib.load(tmp_path / name / f"{name}.nii.gz")))
    np.testing.assert_allclose(masks[0].affine, masks[1].affine, atol=1e-4)
    differing = np.asarray(masks[0].dataobj) != np.asarray(masks[1].dataobj)
    assert differing.mean() < 0.002


def test_photographs_get_png_masks_in_their_own_folders(photo_run: TinyRun, tmp_path: Path) -> None:
    picture, inside = disc(np.random.default_rng(7))
    write_picture(tmp_path / "in" / "monday" / "eye.png", picture)
    write_picture(tmp_path / "in" / "tuesday" / "eye.png", np.pad(picture, ((0, 8), (0, 3)), mode="edge"))
    sw.predict(photo_run.path, tmp_path / "in", tmp_path / "out", threads=1)
    found = picture_of(tmp_path / "out" / "monday" / "eye.png")
    assert found.shape == (24, 24)
    assert overlap(found > 0, inside) > 0.7
    assert picture_of(tmp_path / "out" / "tuesday" / "eye.png").shape == (32, 27)


def test_a_single_file_is_enough(photo_run: TinyRun, tmp_path: Path) -> None:
    result = sw.predict(photo_run.path, photo_run.data / "images" / "case0.png", tmp_path / "out", threads=1)
    assert [file.name for file in result.files] == ["case0.png"]
    assert (tmp_path / "out" / "failures.csv").read_text() == "case,stage,reason\n"


def test_predictions_csv_has_a_column_for_each_class_and_the_answer(
    class_run: TinyRun, tmp_path: Path
) -> None:
    result = sw.predict(class_run.path, class_run.data / "disc", tmp_path / "out", threads=1)
    rows = rows_of(tmp_path / "out" / "predictions.csv")
    assert list(rows[0]) == ["case", "disc", "nothing", "predicted"]
    assert sorted(row["case"] for row in rows) == [f"d{n}" for n in range(7)]
    for row in rows:
        shares = {name: float(row[name]) for name in ("disc", "nothing")}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert row["predicted"] == max(shares, key=lambda name: shares[name])
    assert len(result.predictions) == 7


def test_bad_files_are_listed_the_rest_is_predicted_and_the_exit_code_is_3(
    photo_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    write_picture(tmp_path / "in" / "good.png", disc(np.random.default_rng(7))[0])
    (tmp_path / "in" / "empty.png").touch()
    raw = (tmp_path / "in" / "good.png").read_bytes()
    (tmp_path / "in" / "cut.png").write_bytes(raw[: len(raw) // 2])
    write_picture(tmp_path / "in" / "colour.png", noise((24, 24, 3)))
    said = command(
        "predict", photo_run.path, tmp_path / "in", "--out", tmp_path / "out", "--json", "--threads", 1
    )
    assert said.code == 3
    assert said.result["predicted"] == 1
    assert said.result["set_aside"] == 3
    rows = rows_of(tmp_path / "out" / "failures.csv")
    assert sorted(row["case"].split(".")[0] for row in rows) == ["colour", "cut", "empty"]
    assert all(row["stage"] and row["reason"] for row in rows)
    assert (tmp_path / "out" / "good.png").is_file()


def test_when_nothing_can_be_predicted_the_exit_code_is_1_and_the_reasons_are_listed(
    photo_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.png").touch()
    said = command("predict", photo_run.path, tmp_path / "in", "--out", tmp_path / "out", "--threads", 1)
    assert said.code == 1
    assert "nothing could be predicted" in said.err
    assert "empty" in said.err
    assert len(rows_of(tmp_path / "out" / "failures.csv")) == 1


@pytest.mark.parametrize("kind", ["nothing there", "empty folder", "no images"])
def test_inputs_without_images_are_refused(
    photo_run: TinyRun, tmp_path: Path, command: Command, kind: str
) -> None:
    if kind != "nothing there":
        (tmp_path / "in").mkdir()
    if kind == "no images":
        write_text(tmp_path / "in" / "notes.txt", "hello")
    said = command("predict", photo_run.path, tmp_path / "in", "--out", tmp_path / "out")
    assert said.code == 1
    assert str(tmp_path / "in") in said.err


def test_an_occupied_output_is_refused_and_overwriting_spares_foreign_files(
    class_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    write_text(tmp_path / "out" / "diary.txt", "mine")
    arguments = (
        "predict",
        class_run.path,
        class_run.data / "disc",
        "--out",
        tmp_path / "out",
        "--threads",
        1,
    )
    said = command(*arguments)
    assert said.code == 1
    assert "already holds something" in said.err
    assert command(*arguments, "--overwrite").code == 0
    assert command(*arguments, "--overwrite").code == 0
    assert (tmp_path / "out" / "diary.txt").read_text() == "mine\n"


def test_the_python_model_predicts_without_writing(class_run: TinyRun) -> None:
    predictions = sw.load(class_run.path).predict(class_run.data / "disc")
    assert len(predictions) == 7


@pytest.fixture(scope="module")
def plan(volume_run: TinyRun) -> Plan:
    return sw.load(volume_run.path).plan


def local_runtime(images: FloatArray) -> FloatArray:
    """A "network" that looks at one voxel only: class shares from its brightness."""
    first = 1 / (1 + np.exp(-images[:, :1]))
    return np.concatenate([first, (1 - first) / 2, (1 - first) / 2], axis=1).astype(np.float32)


@pytest.mark.parametrize("shape", [(16, 16, 16), (20, 33, 17), (5, 40, 3), (1, 1, 1)])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.75])
def test_tiles_give_what_the_whole_would(plan: Plan, shape: tuple[int, int, int], overlap: float) -> None:
    array = np.random.default_rng(0).standard_normal((1, *shape)).astype(np.float32)
    tiled = replace(plan, overlap=overlap, mirror_axes=(0, 2))
    found = predict_array(local_runtime, array, tiled)
    assert found.shape == (3, *shape)
    np.testing.assert_allclose(found, local_runtime(array[None])[0], atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-5)


def test_an_image_within_the_patch_is_seen_once(plan: Plan) -> None:
    seen: list[tuple[int, ...]] = []

    def runtime(images: FloatArray) -> FloatArray:
        seen.append(images.shape)
        return local_runtime(images)

    array = np.zeros((1, 16, 10, 16), np.float32)
    predict_array(runtime, array, replace(plan, mirror_axes=()))
    assert seen == [(1, 1, 16, 16, 16)]
    seen.clear()
    predict_array(runtime, array, replace(plan, mirror_axes=(0, 1)))
    assert seen == [(4, 1, 16, 16, 16)]
    seen.clear()
    predict_array(runtime, array, replace(plan, mirror_axes=(0, 1)), mirror=False)
    assert seen == [(1, 1, 16, 16, 16)]


def test_a_mirrored_answer_is_mirrored_back(plan: Plan) -> None:
    # Answers by place: the share of the first class rises along i, whatever is shown.
    def by_place(images: FloatArray) -> FloatArray:
        ramp = np.broadcast_to(np.linspace(0, 1, 16)[:, None, None], images[:, :1].shape)
        return np.concatenate([ramp, (1 - ramp) / 2, (1 - ramp) / 2], axis=1).astype(np.float32)

    array = np.zeros((1, 16, 16, 16), np.float32)
    found = predict_array(by_place, array, replace(plan, mirror_axes=(0,)))
    np.testing.assert_allclose(found[0], 0.5, atol=1e-6)


def test_whole_images_go_in_parts_and_come_back_in_order() -> None:
    sizes: list[int] = []

    def runtime(images: FloatArray) -> FloatArray:
        sizes.append(len(images))
        return images[:, :, :1, :1, :1]

    arrays = np.arange(150, dtype=np.float32).reshape(150, 1, 1, 1, 1) * np.ones((1, 1, 4, 4, 1), np.float32)
    assert predict_batch(runtime, arrays).ravel().tolist() == list(range(150))
    assert max(sizes) <= 64


def test_a_device_that_is_not_there_is_a_setting_error(
    class_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    said = command(
        "predict", class_run.path, class_run.data, "--out", tmp_path / "out", "--device", "toaster"
    )
    assert said.code == 2
    assert "toaster" in said.err


def test_a_data_error_names_what_the_model_wants(photo_run: TinyRun, tmp_path: Path) -> None:
    write_picture(tmp_path / "colour.png", noise((24, 24, 3)))
    with pytest.raises(DataError, match=r"number of channels.*Expected 1.*Received 3"):
        sw.predict(photo_run.path, tmp_path / "colour.png", tmp_path / "out", threads=1)


def test_machine_readable_lines_can_be_read(class_run: TinyRun, tmp_path: Path, command: Command) -> None:
    said = command(
        "predict", class_run.path, class_run.data / "disc", "--out", tmp_path / "out", "--json", "--quiet"
    )
    assert said.code == 0
    assert said.err == ""
    assert [json.loads(line) for line in said.out.splitlines()] == [
        {"out": str(tmp_path / "out"), "predicted": 7, "objects": 0, "set_aside": 0}
    ]


def test_results_never_take_the_place_of_the_scans(photo_run: TinyRun, tmp_path: Path) -> None:
    scan = write_picture(tmp_path / "new" / "a.png", np.full((24, 24), 7, np.uint8))
    before = scan.read_bytes()
    with pytest.raises(OutputError, match="among the scans"):
        sw.predict(photo_run.path, tmp_path / "new", tmp_path / "new", overwrite=True)
    assert scan.read_bytes() == before


def test_within_one_large_case_it_is_told_how_far_it_is(volume_run: TinyRun, tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "large.nii.gz", noise((60, 60, 60)).astype(np.int16), np.eye(4))
    said: list[tuple[str, float, float]] = []
    sw.predict(
        volume_run.path,
        path,
        tmp_path / "out",
        threads=1,
        progress=lambda stage, done, total, note="": said.append((stage, done, total)),
    )
    told = [(done, total) for stage, done, total in said if stage == "Predicting"]  # warnings come before
    shares = [done for done, _ in told]
    assert len({share for share in shares if 0 < share < 1}) > 5
    assert shares == sorted(shares)
    assert told[-1] == (1, 1)


def test_what_has_nothing_to_act_on_is_told_and_a_language_is_checked_first(
    class_run: TinyRun, tmp_path: Path
) -> None:
    images = class_run.data / "disc"
    told = sw.predict(class_run.path, images, tmp_path / "out", pictures=True, all_findings=True).notes
    assert len([note for note in told if "no pictures" in note or "no boxes" in note]) == 2
    with pytest.raises(SettingsError, match="no such language"):
        sw.predict(class_run.path, images, tmp_path / "other", lang="de")
    assert not (tmp_path / "other").exists()
    with pytest.raises(ModelError, match="no such file or folder"):
        sw.predict(tmp_path / "no.scanwright", images, tmp_path / "other")


@pytest.mark.parametrize("kind", ["volume", "class"])
def test_ctrl_c_leaves_tables_of_what_is_done(
    kind: str, volume_run: TinyRun, class_run: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = volume_run if kind == "volume" else class_run
    images = run.data / ("imagesTr" if kind == "volume" else "disc")
    begun: list[str] = []

    def stop_in_the_third(stage: str, done: float, total: float, note: str = "") -> None:
        if stage == "Predicting" and note not in begun:
            begun.append(note)
            if len(begun) == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=f"2 of {len(list(images.iterdir()))} cases are done"):
        sw.predict(run.path, images, tmp_path / "out", threads=1, progress=stop_in_the_third)
    table = tmp_path / "out" / ("volumes.csv" if kind == "volume" else "predictions.csv")
    assert {row["case"] for row in rows_of(table)} == set(begun[:2])
    assert rows_of(tmp_path / "out" / "failures.csv") == []
    masks = {path.name.partition(".")[0] for path in (tmp_path / "out").glob("*.nii.gz")}
    assert masks == (set(begun[:2]) if kind == "volume" else set())

    again = set[str]()
    result = sw.predict(
        run.path,
        images,
        tmp_path / "out",
        threads=1,
        resume=True,
        progress=lambda stage, done, total, note="": again.add(note) if stage == "Predicting" else None,
    )
    assert not again & set(begun[:2])
    assert f"2 of {len(list(images.iterdir()))} cases were done before." in result.notes
    at_once = sw.predict(run.path, images, tmp_path / "at once", threads=1)
    assert len(result.files) == len(at_once.files)
    assert len(result.predictions) == len(at_once.predictions)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "at once")
