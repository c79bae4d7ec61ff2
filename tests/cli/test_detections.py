"""From boxes to findings, a report of them and their pictures, by the shell alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from builders import write_picture
from commands import Command
from scanwright.io.annotations.coco import read_coco

SMALL = {
    "network.widths": "[4, 8, 8]",
    "network.strides": "[[2, 2], [2, 2], [2, 2]]",
    "network.blocks": "[0, 1, 1]",
    "network.inner": "[0, 8, 8]",
    "patch_voxels": "[48, 48, 1]",
    "batch_size": "4",
    "precision": "32-true",
    "average_steps": "2",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Pictures with up to three bright cells, boxed as COCO; some are empty."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for number in range(1, 31):
        pixels = rng.integers(0, 60, (48, 48)).astype(np.uint8)
        for corner in range(number % 4):
            x, y = 4 + 22 * (corner % 2), 4 + 22 * (corner // 2)
            pixels[y : y + 12, x : x + 12] = 220
            annotations.append(
                {"id": len(annotations) + 1, "image_id": number, "category_id": 1, "bbox": [x, y, 12, 12]}
            )
        images.append({"id": number, "file_name": f"c{number}.png", "width": 48, "height": 48})
        write_picture(tmp_path / "data" / "images" / f"c{number}.png", pixels)
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "cell"}]}
    (tmp_path / "data" / "instances.json").write_text(json.dumps(content))
    return tmp_path / "data"


def test_boxes_become_a_model_a_report_and_findings(data: Path, tmp_path: Path, command: Command) -> None:
    small = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
    run = tmp_path / "run"
    trained = command("train", data, "--out", run, "--minutes", 0.1, "--threads", 1, *small)
    assert trained.code == 0, trained.err
    reached = "On the 4 validation cases that the thresholds were chosen on, for the best balance"
    assert reached in trained.out
    for lang, words in (("en", "What counts"), ("zh", "计数规则")):
        judged = command("evaluate", run, data, "--out", tmp_path / lang, "--lang", lang, "--threads", 1)
        assert judged.code == 0, judged.err
        assert words in (tmp_path / lang / "report.html").read_text(encoding="utf-8")
    content = json.loads((tmp_path / "en" / "evaluation.json").read_text())
    assert content["score"] == "ap"
    assert set(content["detection"]["thresholds"]) == {"cell"}
    assert content["classes"] == ["cell"]

    out = tmp_path / "out"
    said = command("predict", run, data / "images", "--out", out, "--pictures", "--threads", 1, "--json")
    assert said.code == 0, said.err
    assert reached in said.out
    assert said.result["predicted"] == 30
    assert len(list((out / "pictures").glob("*.png"))) == 30
    assert len(read_coco(out / "detections.json").images) == 30
    assert not (out / "predictions.csv").exists()
    again = command(
        "predict", run, data / "images", "--out", out, "--overwrite", "--all-findings", "--threads", 1
    )
    assert again.code == 0, again.err
    assert not (out / "pictures").exists()
    scores = [one["score"] for one in json.loads((out / "detections.json").read_text())["annotations"]]
    assert min(scores) < content["detection"]["thresholds"]["cell"]


def test_objects_too_small_for_the_grid_and_boxes_beside_their_image_are_told_before_training(
    data: Path, tmp_path: Path, command: Command
) -> None:
    content = json.loads((data / "instances.json").read_text())
    content["annotations"][0]["bbox"] = [90, 90, 5, 5]
    (data / "instances.json").write_text(json.dumps(content))
    small = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
    coarse = ("--set", "longest_side=16")
    planned = command("plan", data, "--out", tmp_path / "plan", "--minutes", 0.05, *small, *coarse)
    trained = command(
        "train", data, "--out", tmp_path / "run", "--minutes", 0.05, "--threads", 1, *small, *coarse
    )
    for said in (planned.out, trained.err):
        assert "Warning: 1 box(es) lie wholly outside of their image" in said
        assert "Warning: 100 % of the boxes of 'cell'" in said
    assert "…" not in planned.out
    assert "network              family=fpn, widths=[4, 8, 8]" in planned.out
    assert "target_mean" not in planned.out
