"""The page of explain: only maps that stood are pictures, the others are listed with the reason."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from builders import TILTED_AFFINE, noise
from scanwright.data.volume import Volume
from scanwright.report.explanation import render_explanation, warnings
from scanwright.report.map_pictures import Explained, glow, map_panel, maps_sheet
from scanwright.report.slices import slices_through
from scanwright.report.texts import Words

PNG = b"\x89PNG"


def judged(failed=(), pointing=None):
    return {
        "deletion": 0.3,
        "insertion": 0.8,
        "chance_deletion": 0.5,
        "chance_insertion": 0.5,
        "p": 0.4 if "chance" in failed else 0.05,
        "correlation": 0.9 if "weights" in failed else 0.1,
        "similarity": None,
        "failed": list(failed),
        "pointing": pointing,
    }


def number(name, group, value, n=2):
    return {
        "name": name,
        "group": group,
        "value": value,
        "low": None,
        "high": None,
        "level": 0.95,
        "method": "n too small for an interval",
        "n": n,
        "n_patients": n,
        "unit": "",
    }


def content(first, second):
    names = ("stood", "pointing", "deletion", "chance_deletion", "insertion", "chance_insertion")
    record = {"case": "<a>", "patient": None, "about": "image", "class": "lesion", "answer": 0.9}
    return {
        "created": "2030-01-01T00:00:00+00:00",
        "data": {"source": "scans", "layout": "folder of images"},
        "model": {"hash": "0123456789abcdef0123"},
        "asked": {"methods": ["grad_cam", "occlusion"], "class": None},
        "trials": {"orders": 19, "most_chance": 0.05, "most_correlation": 0.7071},
        "numbers": [
            number(name, method, 0.5)
            for method in ("grad_cam", "occlusion")
            for name in (*names, "correlation")
        ],
        "records": [
            {**record, "truth": first["pointing"] is not None}
            | {"maps": {"grad_cam": first, "occlusion": second}}
        ],
        "set_aside": [{"case": "c", "stage": "explain", "reason": "broken & gone"}],
        "doubts": [],
        "seed": 0,
        "versions": {"captum": "0.9.0"},
    }


@pytest.mark.parametrize(("lang", "said"), [("en", "1 of 2 maps stood"), ("zh", "2 幅解释图中有 1 幅通过")])
def test_a_map_that_failed_is_listed_with_its_reason(lang, said):
    page = render_explanation(content(judged(), judged(("chance", "weights"))), {"<a>": PNG}, lang)
    assert said in page
    assert "0.900" in page  # its correlation
    assert "&lt;a&gt;" in page
    assert "<a>" not in page
    assert "broken &amp; gone" in page
    assert page.count("data:image/png") == 1
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_maps_that_stood_and_point_elsewhere_are_a_warning():
    words = Words("en")
    elsewhere = content(judged(pointing=0.0), judged(pointing=0.0))
    assert "something else" in warnings(elsewhere, words)[0]
    # A map that failed says nothing about the model, wherever it points.
    assert warnings(content(judged(("chance",), 0.0), judged(pointing=1.0)), words) == []
    assert warnings(content(judged(), judged()), words) == []


def test_where_no_map_stood_the_page_says_so():
    page = render_explanation(content(judged(("empty",)), judged(("weights",))), {})
    assert "No map stood" in page
    assert "data:image/png" not in page


def size(png):
    return Image.open(io.BytesIO(png)).size


def test_pictures_of_volumes_and_photographs():
    rng = np.random.default_rng(0)
    volume = Explained(Volume(noise((2, 14, 13, 12)).astype(np.float32), np.eye(4)))
    relevance = rng.normal(size=(14, 13, 12))
    wide, high = size(map_panel(volume, relevance))
    assert wide > 900  # three planes
    photograph = Explained(Volume(noise((3, 30, 20, 1))), reference=np.zeros((30, 20, 1), dtype=bool))
    photograph.reference[4:8, 3:6] = True
    maps = {f"map {n}": rng.normal(size=(30, 20, 1)) for n in range(4)}
    assert size(maps_sheet(photograph, maps))[1] > high / 4


@pytest.mark.parametrize("affine", [np.eye(4), TILTED_AFFINE, np.diag([-1.0, -1, 1, 1])])
def test_the_planes_go_through_the_voxel(affine):
    heat = np.zeros((14, 13, 12))
    heat[9, 2, 7] = 1
    planes = slices_through(heat[None].astype(np.float32), [None, None, heat], (9, 2, 7), affine)
    for plane in planes:
        assert plane.heat.max() == 1
        assert np.array_equal(plane.heat, plane.image)


def test_only_what_speaks_for_the_answer_glows():
    shown = glow(np.array([[-5.0, 0.0, 1.0, 2.0]]))
    assert shown.tolist() == [[0.0, 0.0, pytest.approx(0.5, abs=0.01), 1.0]]
    assert not glow(np.zeros((2, 2))).any()
