"""Every step leads back to the grid it came from, and its record replays."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.core.geometry import ras_axes
from scanwright.transforms import steps as steps_module
from scanwright.transforms.steps import (
    Normalise,
    Pad,
    Reorient,
    Resample,
    move_boxes,
    record,
    replay,
    restore,
    restore_boxes,
    restore_chosen,
)

shapes = st.tuples(*[st.integers(1, 7)] * 3)
orders = st.permutations(range(3)).map(tuple)
flips = st.tuples(*[st.booleans()] * 3)
widths = st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 3)
numbers = st.floats(-100, 100, width=32)


@st.composite
def histories(draw, shape=None):
    """Steps that follow each other, and the shape of the image that they start from."""
    start = shape = shape or draw(shapes)
    steps = []
    for kind in draw(st.lists(st.sampled_from(["reorient", "resample", "pad", "normalise"]), max_size=5)):
        if kind == "reorient":
            order = draw(orders)
            steps.append(Reorient(order, draw(flips)))
            shape = tuple(shape[axis] for axis in order)
        elif kind == "resample":
            target = draw(shapes)
            steps.append(Resample(shape, target))
            shape = target
        elif kind == "pad":
            steps.append(Pad(draw(widths)))
            shape = tuple(n + a + b for n, (a, b) in zip(shape, steps[-1].widths, strict=True))
        else:
            low = draw(numbers)
            steps.append(
                Normalise(
                    (low,), (low + draw(st.floats(1, 50)),), (draw(numbers),), (draw(st.floats(0.1, 9)),)
                )
            )
    return start, tuple(steps)


def apply(history, array):
    for step in history:
        array = step.apply(array)
    return array


@given(histories(), st.integers(1, 3))
def test_outputs_of_any_number_of_channels_come_back_to_the_source_grid(drawn, n_channels):
    shape, history = drawn
    worked = apply(history, np.zeros((1, *shape), np.float32))
    outputs = np.zeros((n_channels, *worked.shape[1:]), np.float32)
    assert restore(outputs, history).shape == (n_channels, *shape)


@given(histories())
def test_labels_go_the_same_way_as_the_image_and_invent_nothing(drawn):
    shape, history = drawn
    labels = np.random.default_rng(0).integers(0, 3, shape, dtype=np.uint8)
    worked = labels
    for step in history:
        worked = step.apply_labels(worked, 3)
    assert worked.shape == apply(history, np.zeros((1, *shape), np.float32)).shape[1:]
    padded = any(isinstance(step, Pad) for step in history)
    assert set(np.unique(worked)) <= set(np.unique(labels)) | ({0} if padded else set())


@given(histories())
def test_a_record_is_plain_and_replays_to_the_same_steps(drawn):
    _, history = drawn
    assert replay(json.loads(json.dumps(record(history)))) == history


@given(shapes, orders, flips)
def test_reorienting_is_undone_exactly(shape, order, flip):
    array = np.arange(2 * np.prod(shape)).reshape(2, *shape)
    step = Reorient(order, flip)
    np.testing.assert_array_equal(step.invert(step.apply(array)), array)
    np.testing.assert_array_equal(step.apply_labels(array[0], 2), step.apply(array)[0])


@given(shapes, widths)
def test_padding_is_undone_exactly_and_continues_the_border(shape, width):
    array = np.random.default_rng(0).normal(size=(2, *shape))
    step = Pad(width)
    padded = step.apply(array)
    np.testing.assert_array_equal(step.invert(padded), array)
    assert padded[0, 0, 0, 0] == array[0, 0, 0, 0]
    assert step.apply_labels(np.ones(shape, np.uint8), 2).sum() == np.prod(shape)


@given(shapes, shapes)
def test_a_constant_survives_resampling_and_back(shape, target):
    step = Resample(shape, target)
    np.testing.assert_allclose(step.invert(step.apply(np.full((1, *shape), 7.0))), 7.0, rtol=1e-5)


@given(st.integers(2, 20), st.integers(1, 3))
def test_a_ramp_survives_a_finer_grid_and_back(n, times):
    ramp = np.arange(n, dtype=np.float32)[None, :, None, None]
    step = Resample((n, 1, 1), (n * times, 1, 1))
    again = step.invert(step.apply(ramp))
    np.testing.assert_allclose(again[0, 1:-1], ramp[0, 1:-1], atol=0.02 * n)
    assert (np.diff(again.ravel()) > 0).all()


@given(histories())
def test_probabilities_still_add_up_to_one_on_the_source_grid(drawn):
    shape, history = drawn
    worked = apply(history, np.zeros((1, *shape), np.float32)).shape[1:]
    outputs = np.random.default_rng(0).dirichlet((1, 1, 1), worked)
    restored = restore(np.moveaxis(outputs, -1, 0), history)
    np.testing.assert_allclose(restored.sum(axis=0), 1, atol=1e-5)


@given(histories(), st.integers(1, 200))
def test_what_is_chosen_slab_by_slab_is_what_is_chosen_of_all(drawn, slab_values):
    shape, history = drawn
    worked = apply(history, np.zeros((1, *shape), np.float32)).shape[1:]
    outputs = np.moveaxis(np.random.default_rng(0).dirichlet((1, 1, 1), worked), -1, 0).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps_module, "SLAB_VALUES", slab_values)
        chosen = restore_chosen(outputs, history, lambda shares: shares.argmax(axis=0))
    shares = restore(outputs, history)
    best = np.take_along_axis(shares, chosen[None], axis=0)[0]
    # Ties may fall either way by rounding.
    np.testing.assert_allclose(best, shares.max(axis=0), atol=1e-5)
    assert chosen.shape == shape


@given(st.lists(numbers, min_size=1, max_size=3), st.floats(0.1, 50), st.floats(-50, 50))
def test_intensities_come_back_but_for_what_was_clipped(lows, scale, shift):
    n = len(lows)
    step = Normalise(tuple(lows), tuple(low + 20 for low in lows), (shift,) * n, (scale,) * n)
    low = np.array(lows)[:, None, None, None]
    inside = low + np.linspace(0, 20, 8).reshape(1, 2, 2, 2)
    assert step.apply(inside).dtype == np.float32
    np.testing.assert_allclose(step.invert_intensities(step.apply(inside)), inside, atol=1e-3)
    np.testing.assert_allclose(
        step.invert_intensities(step.apply(inside + 500)), low + 20 + 0 * inside, atol=1e-3
    )


def test_normalising_touches_neither_labels_nor_outputs():
    step = Normalise((0.0,), (1.0,), (0.5,), (2.0,))
    labels = np.array([[[0, 3]]])
    assert step.apply_labels(labels, 4) is labels
    assert step.invert(labels) is labels


def test_an_unknown_step_is_not_replayed():
    with pytest.raises(KeyError):
        replay([{"step": "imagine"}])


def test_boxes_go_where_what_they_hold_goes_and_come_back() -> None:
    affine = np.array([[0, 0, -2.0, 5], [1.5, 0, 0, 3], [0, -1.0, 0, 2], [0, 0, 0, 1]])
    array = np.zeros((1, 12, 10, 8), dtype=np.float32)
    array[0, 2:6, 4:8, 0:4] = 1
    order, flips = ras_axes(affine)
    reorient = Reorient(order, flips)
    turned = reorient.apply(array)
    shape = turned.shape[1:]
    larger = (shape[0] * 2, shape[1] * 2, shape[2] * 3)
    history = (reorient, Resample(shape, larger), Pad(((2, 3), (0, 1), (4, 0))))
    moved = move_boxes(np.array([[[2.0, 4, 0], [6, 8, 4]]]), history, (12, 10, 8))
    labels = history[2].apply_labels(history[1].apply_labels(turned[0].astype(np.uint8), 2), 2)
    where = np.argwhere(labels)
    np.testing.assert_allclose(moved[0], [where.min(0), where.max(0) + 1])
    back = restore_boxes(moved, history, (12, 10, 8))
    np.testing.assert_allclose(back, [[[2, 4, 0], [6, 8, 4]]], atol=1e-9)
