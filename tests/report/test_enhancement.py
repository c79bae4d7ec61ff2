"""The page of enhance: self-contained, in both languages, the same place before and after."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from builders import TILTED_AFFINE, noise
from scanwright.data.volume import Volume
from scanwright.report import before_after
from scanwright.report.before_after import before_and_after
from scanwright.report.enhancement import Pair, render_enhancement

PNG = b"\x89PNG"


def number(name, group, value, low=None, high=None):
    return {
        "name": name,
        "group": group,
        "value": value,
        "low": low,
        "high": high,
        "level": 0.95,
        "method": "patient bootstrap, 1000 resamples" if low is not None else "n too small for an interval",
        "n": 6,
        "n_patients": 6,
        "unit": "dB" if name == "psnr" else "",
    }


def content(**changed):
    compared = {
        "span": 255.0,
        "why": "",
        "psnr": {"before": 21.5, "after": None},
        "ssim": {"before": 0.5, "after": 0.75},
    }
    return {
        "created": "2030-01-01T00:00:00+00:00",
        "source": "scans",
        "layout": "images without labels",
        "written": "median=1,zscore",
        "steps": [
            {"step": "median", "written": "median=1", "invertible": False},
            {"step": "zscore", "written": "zscore", "invertible": True},
        ],
        "reference": "clean",
        "numbers": [
            number("psnr", "before", 21.52, 21.0, 22.0),
            number("psnr", "after", 25.17, 24.0, 26.0),
            number("psnr", "change", 3.65, 3.2, 4.1),
        ],
        "cases": {"<a>": {"compared": compared}, "b": {"compared": None}},
        "set_aside": [{"case": "c", "stage": "read", "reason": "broken & gone"}],
        "versions": {"scanwright": "0.1.0"},
    } | changed


ABOUTS = {"median": "takes the median", "zscore": "normalises"}


def test_the_page_says_what_was_done_and_found():
    page = render_enhancement(content(), [Pair("<a>", PNG, PNG)], ABOUTS)
    assert "PSNR 21.52 → 25.17 dB" in page
    assert "PSNR: change 3.65 (3.20–4.10) dB, n = 6" in page
    assert "95 % interval (patient bootstrap, 1000 resamples)" in page
    assert "takes the median" in page
    assert "yes, by its record" in page
    assert "broken &amp; gone" in page
    assert "&lt;a&gt;" in page
    assert "<a>" not in page
    assert "1 images have no reference of their name." in page
    assert "Research use only" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_without_a_reference_there_are_no_numbers_and_the_way_to_them_is_said():
    bare = content(reference=None, numbers=[], cases={"b": {"compared": None}}, set_aside=[])
    page = render_enhancement(bare, [], ABOUTS)
    assert "--reference gives PSNR and SSIM" in page
    assert "no reference of their name" not in page
    assert "Compared with the reference" not in page


def test_an_interval_that_does_not_exist_is_not_shown():
    few = content(numbers=[number("ssim", group, 0.5) for group in ("before", "after", "change")])
    page = render_enhancement(few, [], ABOUTS)
    assert "n too small for an interval" in page


@pytest.mark.parametrize(("why", "said"), [("grid", "another grid"), ("scale", "change the units")])
def test_why_a_number_is_missing_is_said(why, said):
    one = content()["cases"]["<a>"]["compared"] | {"why": why}
    assert said in render_enhancement(content(cases={"a": {"compared": one}}), [], ABOUTS)


def test_the_page_is_there_in_chinese():
    page = render_enhancement(content(), [Pair("b", PNG, PNG)], ABOUTS, "zh")
    assert "处理前后对比" in page
    assert "PSNR：变化 3.65" in page
    assert "按患者自助法" in page
    assert 'lang="zh-Hans"' in page


def size(png):
    return Image.open(io.BytesIO(png)).size


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_seen_beside_each_other(channels):
    image = Volume(noise((channels, 30, 20, 1)))
    first, second = before_and_after(image, Volume(image.array[:1] / 2), same_units=False)
    assert size(first)[0] == size(second)[0]


@pytest.mark.parametrize(
    ("affine", "axis", "plane"),
    [
        (np.diag([1, 1, 1, 1.0]), 2, "axial"),
        (np.diag([5, 1, 1, 1.0]), 0, "sagittal"),
        (np.diag([1, 5, 1, 1.0]), 1, "coronal"),
    ],
)
def test_the_slice_is_at_the_same_place_after_a_crop(affine, axis, plane):
    grid = np.meshgrid(*map(np.arange, (20, 18, 16)), indexing="ij")
    before = Volume((100 * grid[axis])[None].astype(np.float32), affine)
    start = np.array([9, 7, 3])
    moved = affine.copy()
    moved[:3, 3] = affine[:3, :3] @ start
    after = Volume(before.array[:, 9:18, 7:16, 3:9], moved)
    first, second = before_after._slices(before, after)
    assert first.plane == second.plane == plane
    assert np.unique(first.image) == np.unique(second.image)


def test_one_slice_is_shown_whole_and_turned_the_radiological_way():
    array = np.zeros((1, 8, 1, 6), dtype=np.float32)
    array[0, 7, 0, 5] = 1  # right and up
    first, _ = before_after._slices(Volume(array, np.eye(4)), Volume(array, np.eye(4)))
    assert first.plane == "coronal"
    assert first.image.shape == (6, 8)
    assert first.image[0, 0] == 1
    before_and_after(
        Volume(noise((1, 8, 7, 6)), TILTED_AFFINE),
        Volume(noise((1, 8, 7, 6)), TILTED_AFFINE),
        same_units=True,
    )
