"""An answer that comes plane by plane is the answer that comes whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scanwright as sw
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.inference.graphs import Footprint
from scanwright.inference.memory import GRAPHS, memory_check, predicting_bytes, streamed_bytes
from scanwright.inference.predict import predict_array, predict_image, predict_planes
from scanwright.tasks.segmentation import decode_planes
from scanwright.transforms import steps
from scanwright.transforms.steps import (
    Normalise,
    Reorient,
    Resample,
    restore_chosen,
    restore_planes,
)
from scanwright.types import AnyArray, FloatArray
from tiny import TinyRun
from tiny_networks import tiny_plan

PLAN = replace(tiny_plan("unet", 3), overlap=0.5)
sizes = st.tuples(st.integers(1, 40), st.integers(3, 20), st.integers(3, 20))


def each_voxel(patches: FloatArray) -> FloatArray:
    """A network that looks at every voxel alone, so that no answer depends on how patches lie."""
    scores = np.exp(np.stack([patches[:, 0], patches[:, 1], patches[:, 0] * patches[:, 1]], axis=1))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float32)


def largest(shares: AnyArray) -> AnyArray:
    return np.asarray(shares.argmax(axis=0), dtype=np.uint8)


@settings(max_examples=30)
@given(sizes, st.integers(0, 5))
def test_blended_patches_are_what_the_network_says(shape: tuple[int, int, int], seed: int) -> None:
    image = np.random.default_rng(seed).normal(size=(2, *shape)).astype(np.float32)
    parts = list(predict_planes(each_voxel, image, PLAN))
    np.testing.assert_allclose(np.concatenate(parts, axis=1), each_voxel(image[None])[0], atol=1e-5)
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), predict_array(each_voxel, image, PLAN))


@settings(max_examples=30)
@given(sizes, sizes, st.sampled_from([1 << 22, 2000]), st.booleans())
def test_what_is_chosen_plane_by_plane_is_what_is_chosen_at_once(
    source: tuple[int, int, int], target: tuple[int, int, int], values: int, resampled: bool
) -> None:
    turn, scale = Reorient((2, 0, 1), (True, False, True)), Normalise((0.0,), (1.0,), (0.0,), (1.0,))
    history = (turn, Resample(source, target), scale) if resampled else (turn, scale)
    image = np.random.default_rng(0).normal(size=(2, *target)).astype(np.float32)
    before, steps.SLAB_VALUES = steps.SLAB_VALUES, values
    try:
        planes = predict_planes(each_voxel, image, PLAN)
        whole = predict_array(each_voxel, image, PLAN)
        np.testing.assert_array_equal(
            restore_planes(planes, history, largest), restore_chosen(whole, history, largest)
        )
    finally:
        steps.SLAB_VALUES = before


def test_a_streamed_mask_is_the_mask(volume_run: TinyRun) -> None:
    model = sw.load(volume_run.path)
    run = model.open("cpu", 1)
    image = sw.open(volume_run.data).cases[0].image.read()
    whole = predict_image(run, "case", image, model.plan, model.settled)
    streamed = predict_image(run, "case", image, model.plan, model.settled, streamed=True)
    np.testing.assert_array_equal(streamed.mask.array, whole.mask.array)
    assert streamed.probabilities is None


def test_what_is_no_number_is_refused() -> None:
    plane = np.full((3, 1, 8, 8), np.nan, dtype=np.float32)
    image = Volume(np.zeros((1, 1, 8, 8), dtype=np.float32))
    with pytest.raises(sw.ScanwrightError, match="case-7"):
        decode_planes("case-7", [plane], PLAN, (), image, {})


def test_an_image_is_streamed_where_its_whole_answer_does_not_fit() -> None:
    organs = ("background", *(f"organ {n}" for n in range(24)))
    plan = replace(PLAN, classes=organs, label_values=tuple(range(25)), spacing_mm=(1.5, 1.5, 1.5))
    image = Volume(np.zeros((1, 256, 256, 200), dtype=np.int16), np.diag([1.0, 1.0, 1.5, 1.0]))
    footprint = Footprint(weights=10**6, kept=10**8, largest=10**7)

    def check(cap: float) -> bool:
        return memory_check(plan, int(cap), GRAPHS, lambda: footprint)("case", image)

    whole = 1.15 * predicting_bytes(plan, 256 * 256 * 200, 171 * 171 * 200, footprint, GRAPHS)
    streamed = 1.15 * streamed_bytes(plan, image, footprint, GRAPHS)
    assert streamed < 0.7 * whole
    assert check(1.01 * whole) is False
    assert check(0.9 * whole) is True
    assert check(1.01 * streamed) is True
    with pytest.raises(DataError, match="case: the image can't be predicted in the memory"):
        check(0.99 * streamed)
    with pytest.raises(SettingsError, match="too small for the program itself"):
        check(2e8)
    assert memory_check(plan, None, GRAPHS, lambda: footprint)("case", image) is False


def test_a_package_that_does_not_run_in_the_memory_is_refused_before_it_runs(
    volume_run: TinyRun, tmp_path: Path
) -> None:
    package = tmp_path / "ball.scanwright"
    sw.export(volume_run.path, package)
    with pytest.raises(SettingsError, match="too small for the program itself"):
        sw.load(package, memory="300M")
    assert sw.load(package, memory="800M").graphs is not None
