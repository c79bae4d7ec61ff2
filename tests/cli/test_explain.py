"""``scanwright explain``: what it writes, what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

import scanwright as sw
from builders import write_picture
from commands import Command
from scanwright.cli.explain import METHODS
from scanwright.data.map_kinds import MAP_KINDS
from tiny import TinyRun

FAST = ("--methods", "grad_cam,occlusion", "--threads", 1, "--json")


def some(run: TinyRun, folder: Path, names: list[str]) -> Path:
    """A few images of a run's data."""
    for name in names:
        found = next(run.data.rglob(name))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(found.read_bytes())
    return folder


def pixels(path: Path) -> np.ndarray:
    """A picture (row, column[, channel])."""
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_classes_maps_overlays_record_and_page(class_run: TinyRun, tmp_path: Path, command: Command) -> None:
    out = tmp_path / "out"
    said = command(
        "explain", class_run.path, some(class_run, tmp_path / "in", ["d1.png"]), "--out", out, *FAST
    )
    assert said.code == 0, said.err
    assert "Explained 1 case" in said.out
    assert "Explaining 100%" in said.err
    assert said.result["explained"] == 1
    record = json.loads((out / "explanation.json").read_text())["records"][0]
    assert (record["case"], record["about"]) == ("d1", "image")
    assert 0 <= record["answer"] <= 1
    assert set(record["maps"]) == {"grad_cam", "occlusion"}
    for one in record["maps"].values():
        stored = pixels(out / one["map"])
        assert stored.shape == (24, 24)
        assert one["map"].startswith("failed/" if one["failed"] else "maps/")
        assert one["overlay"].startswith("failed/" if one["failed"] else "overlays/")
        column, row, _ = one["peak_ijk"]
        assert stored[row, column] == stored.max()
        assert pixels(out / one["overlay"]).shape[1] > 100
    page = (out / "explanation.html").read_text(encoding="utf-8")
    assert "Research use only" in page
    assert "http" not in page.replace("http-equiv", "")


def test_volumes_on_the_grid_of_the_source_with_the_truth_that_they_have(
    volume_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    out, image = tmp_path / "out", volume_run.data / "imagesTr" / "scan0.nii.gz"
    mask = volume_run.data / "labelsTr" / "scan0.nii.gz"
    said = command(
        *("explain", volume_run.path, image, "--out", out, "--class", "label 4", "--truth", mask),
        *("--methods", "grad_cam", "--threads", 1, "--lang", "zh"),
    )
    assert said.code == 0, said.err
    content = json.loads((out / "explanation.json").read_text())
    record = content["records"][0]
    assert (record["about"], record["class"], record["truth"]) == ("region", "label 4", True)
    one = record["maps"]["grad_cam"]
    assert one["pointing"] in (0.0, 1.0)
    source, found = nib.load(image), nib.load(out / one["map"])
    assert found.shape == source.shape
    assert np.allclose(found.affine, source.affine, atol=1e-4)
    assert found.get_data_dtype() == np.float32
    assert 'lang="zh-Hans"' in (out / "explanation.html").read_text(encoding="utf-8")


def test_a_bad_image_is_set_aside_by_name_and_the_rest_goes_on(
    class_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    folder = some(class_run, tmp_path / "in", ["d1.png"])
    (folder / "broken.png").write_bytes(b"no picture")
    write_picture(folder / "colour.png", np.zeros((24, 24, 3), dtype=np.uint8) + 9)
    said = command("explain", class_run.path, folder, "--out", tmp_path / "out", *FAST)
    assert said.code == 3
    assert "Set aside: 2 cases" in said.out
    table = (tmp_path / "out" / "failures.csv").read_text()
    assert "broken" in table
    assert "colour" in table


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--methods", "gradcam"], 2, "grad_cam"),
        (["--methods", "attention_rollout"], 2, "family vit"),
        (["--class", "cube"], 2, "disc"),
        (["--lang", "fr"], 2, "en or zh"),
        (["--truth", "nowhere"], 1, "nowhere"),
    ],
)
def test_wrong_usage_is_said_and_leaves_nothing(
    class_run: TinyRun,
    tmp_path: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    word: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = some(class_run, tmp_path / "in", ["d1.png"])
    said = command("explain", class_run.path, folder, "--out", "out", *arguments)
    assert said.code == code
    assert word in said.err
    assert not (tmp_path / "out").exists()


def test_ctrl_c_keeps_what_is_done(class_run: TinyRun, tmp_path: Path) -> None:
    folder = some(class_run, tmp_path / "in", ["d1.png", "d2.png", "n1.png"])

    def press(stage: str, done: float, total: float, note: str = "") -> None:
        if done > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sw.explain(class_run.path, folder, tmp_path / "out", methods=["grad_cam"], threads=1, progress=press)
    content = json.loads((tmp_path / "out" / "explanation.json").read_text())
    assert [record["case"] for record in content["records"]] == ["d1"]
    assert content["stopped"] == {"done": 1, "total": 3}
    of = json.loads((class_run.path / "splits.json").read_text())["of"]
    learnt = next(split for case, split in of.items() if case.endswith("d1")) != "test"
    assert content["records"][0]["learnt_from"] is learnt
    page = (tmp_path / "out" / "explanation.html").read_text(encoding="utf-8")
    assert "Stopped after 1 of 3 images" in page
    assert ("trained or chosen with: 1 of 1" in page) is learnt


def test_the_same_twice_gives_the_same_maps(class_run: TinyRun, tmp_path: Path) -> None:
    folder = some(class_run, tmp_path / "in", ["d1.png"])
    one, other = (
        sw.explain(class_run.path, folder, tmp_path / name, methods=["smooth_grad"], threads=1).content
        for name in ("a", "b")
    )
    assert one["records"] == other["records"]


def test_a_folder_of_masks_is_truth_and_must_belong_to_the_images(class_run: TinyRun, tmp_path: Path) -> None:
    folder = some(class_run, tmp_path / "in", ["d1.png", "d2.png"])
    mask = np.zeros((24, 24), dtype=np.uint8)
    mask[8:16, 8:16] = 255
    write_picture(tmp_path / "masks" / "d2.png", mask)
    done = sw.explain(
        class_run.path, folder, tmp_path / "out", methods=["occlusion"], truth=tmp_path / "masks", threads=1
    )
    assert [record["truth"] for record in done.content["records"]] == [False, True]
    write_picture(tmp_path / "other" / "d9.png", mask)
    with pytest.raises(sw.ScanwrightError, match="no mask and no box belongs"):
        sw.explain(class_run.path, folder, tmp_path / "new", truth=tmp_path / "other", threads=1)
    assert not (tmp_path / "new").exists()


def test_the_help_and_the_reference_name_every_method(command: Command) -> None:
    assert ", ".join(kind.name for kind in MAP_KINDS) == METHODS
    said = command("explain", "--help")
    assert said.code == 0
    text = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    assert all(f"`{kind.name}`" in text for kind in MAP_KINDS)
