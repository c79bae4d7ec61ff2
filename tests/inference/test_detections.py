"""Findings on disk: COCO that our own reader takes back, and a table in voxels and mm."""

import csv
import json

import numpy as np
import pytest

from builders import TILTED_AFFINE, memory_case, noise
from scanwright.core.boxes import enclosing_mm
from scanwright.data.boxes import Boxes
from scanwright.data.prediction import BoxPrediction
from scanwright.data.volume import Volume
from scanwright.inference.detections import Placed, place, write_detections
from scanwright.io.annotations.coco import boxes_of, read_coco

CELLS = Boxes(
    [[(1.5, 2, 0), (10, 20.25, 1)], [(30, 5, 0), (39, 12, 1)], [(3, 3, 0), (4, 4, 1)]],
    ("red", "white", "red"),
    np.array([0.9, 0.5, 0.2]),
)
PICTURE = Volume(noise((3, 40, 30, 1)), None, "photograph")


def told(name, boxes, image=PICTURE, **options):
    prediction = BoxPrediction(name, boxes, {"red": 0.4, "white": 0.5})
    return place(memory_case(name, image.array), prediction, image, **{"all_findings": False} | options)


def test_findings_come_back_through_our_own_reader(tmp_path):
    empty = Boxes(np.empty((0, 2, 3)), (), np.empty(0))
    files = write_detections(tmp_path, [told("a", CELLS), told("b", empty)], ("red", "white", "plate"))
    assert [file.name for file in files] == ["detections.json"]
    back = read_coco(files[0])
    assert back.classes == ("red", "white", "plate")
    first, second = (boxes_of(entry, PICTURE) for entry in back.images)
    np.testing.assert_allclose(first.box_ijk, CELLS.box_ijk[:2], atol=1e-3)
    assert first.classes == ("red", "white")
    np.testing.assert_allclose(first.scores, [0.9, 0.5])
    assert len(second) == 0


def test_only_what_counts_is_written_unless_all_is_asked_for(tmp_path):
    for asked, n in ((False, 2), (True, 3)):
        (file,) = write_detections(tmp_path, [told("a", CELLS, all_findings=asked)], ("red", "white"))
        content = json.loads(file.read_text())
        assert len(content["annotations"]) == n
        assert set(content) == {"images", "annotations", "categories"}
        assert set(content["annotations"][0]) == {"id", "image_id", "category_id", "bbox", "score"}


def test_findings_of_volumes_also_stand_in_a_table_in_voxels_and_mm(tmp_path):
    boxes = Boxes([[(1, 2, 3), (4, 6, 5)], [(0, 0, 0), (2, 2, 2)]], ("red", "white"), np.array([0.9, 0.8]))
    scan = Volume(noise((1, 12, 10, 8)), TILTED_AFFINE)
    bare = Placed("no mm", "b.nrrd", (12, 10, 8), None, boxes)
    json_file, csv_file = write_detections(tmp_path, [told("a", boxes, scan), bare], ("red", "white"))
    content = json.loads(json_file.read_text())
    assert content["images"][0]["depth"] == 8
    with csv_file.open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["id"]) for row in rows] == [one["id"] for one in content["annotations"]] == [1, 2, 3, 4]
    assert [rows[0][name] for name in ("case", "class")] == ["a", "red"]
    voxels = [float(rows[0][f"{axis}_{end}"]) for end in ("lo", "hi") for axis in "ijk"]
    assert voxels == boxes.box_ijk[0].ravel().tolist()
    mm = [float(rows[0][f"{axis}_{end}_mm"]) for end in ("lo", "hi") for axis in "xyz"]
    assert mm == pytest.approx(enclosing_mm(boxes.box_ijk, TILTED_AFFINE)[0].ravel(), abs=1e-3)
    assert rows[2]["x_lo_mm"] == ""
