"""Before and after against a reference: only what can be compared has a number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from builders import noise
from scanwright.core.fidelity import psnr, ssim
from scanwright.data.volume import Volume
from scanwright.recipes.comparison import compare, summarise

CLEAN = Volume(noise((1, 24, 22, 1), top=256))


def near(spread, seed=1):
    shift = np.random.default_rng(seed).normal(0, spread, CLEAN.array.shape)
    return Volume(CLEAN.array + shift)


def test_the_numbers_are_those_of_core():
    before, after = near(20), near(5)
    record = compare(before, after, "source", CLEAN)
    assert record["why"] == ""
    assert record["span"] == 255
    for when, image in (("before", before), ("after", after)):
        assert record["psnr"][when] == psnr(image.array, CLEAN.array, 255)
        assert record["ssim"][when] == ssim(image.array, CLEAN.array, 255)


def test_what_can_not_be_compared_says_why():
    cropped = Volume(CLEAN.array[:, 2:])
    record = compare(near(5), cropped, "source", CLEAN)
    assert record["why"] == "grid"
    assert math.isfinite(record["psnr"]["before"])
    assert math.isnan(record["psnr"]["after"])
    record = compare(near(5), near(5), "unit", CLEAN)
    assert record["why"] == "scale"
    assert math.isnan(record["ssim"]["after"])
    colours = Volume(noise((3, 24, 22, 1)))
    assert compare(colours, near(5), "source", CLEAN)["why"] == "grid"


def test_means_have_intervals_and_leave_out_what_has_no_value():
    records = [compare(near(20, n), near(8, n), "source", CLEAN) for n in range(6)]
    records.append(compare(near(5), near(5), "unit", CLEAN))
    records.append(compare(CLEAN, CLEAN, "source", CLEAN))
    numbers = summarise(records, [f"p{n}" for n in range(8)])
    assert set(numbers) == {
        (name, group) for name in ("psnr", "ssim") for group in ("before", "after", "change")
    }
    change = numbers["psnr", "change"]
    assert change.n == 6
    assert change.unit == "dB"
    assert change.low <= change.value <= change.high
    assert change.value == pytest.approx(numbers["psnr", "after"].value - numbers["psnr", "before"].value)
    assert 7 < change.value < 9  # 20 · log10(20 / 8) = 7.96
    assert numbers["ssim", "change"].n == 7  # equal images have an SSIM


def test_nothing_to_compare_gives_no_numbers():
    assert summarise([], []) == {}
    assert summarise([compare(near(5), near(5), "unit", CLEAN)], [None]) == {}
