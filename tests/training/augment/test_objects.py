"""Mosaics and pasted objects: what is in the boxes is what was in them before."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scanwright.training.augment.objects import LEAST_KEPT, MOST_OVERLAP, copy_paste, mosaic

SHAPES = [(12, 9), (7, 8, 6)]


def told_apart(n: int, shape: tuple[int, ...]) -> torch.Tensor:
    """Every voxel holds its image's number and its own place."""
    places = torch.arange(int(np.prod(shape))).reshape(shape)
    return torch.stack([1000 * nth + places for nth in range(n)])[:, None].float()


def drawn(data: st.DataObject, n: int, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Objects in whole voxels: class, whether it does not count, lo, hi."""
    axes = [st.tuples(st.integers(0, side - 1), st.integers(1, side)) for side in shape]
    row = st.tuples(st.integers(0, 2), st.integers(0, 1), *axes)
    return [
        np.array(
            [
                (
                    kind,
                    ignored,
                    *(a for a, _ in ends),
                    *(min(a + b, side) for (a, b), side in zip(ends, shape, strict=True)),
                )
                for kind, ignored, *ends in data.draw(st.lists(row, max_size=4))
            ],
            dtype=np.float32,
        ).reshape(-1, 2 + 2 * len(shape))
        for _ in range(n)
    ]


def painted(row: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    grid = np.zeros(shape, dtype=bool)
    lo, hi = row[2 : 2 + len(shape)].astype(int), row[2 + len(shape) :].astype(int)
    grid[tuple(slice(a, b) for a, b in zip(lo, hi, strict=True))] = True
    return grid


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_mosaic_holds_parts_in_their_places_with_what_is_left_of_their_objects(
    shape: tuple[int, ...], data: st.DataObject
) -> None:
    n = data.draw(st.integers(2, 9))
    images, objects = told_apart(n, shape), drawn(data, n, shape)
    mixed, moved = mosaic(images, objects, np.random.default_rng(data.draw(st.integers(0, 99))))
    for nth in range(n):
        owner = (mixed[nth, 0] // 1000).numpy().astype(int)
        assert torch.equal(mixed[nth, 0] % 1000, images[0, 0])
        assert owner.flat[0] == nth
        # Voxel by voxel: the middle is where the owner changes along each axis.
        lines = [
            owner[tuple(slice(None) if a == axis else 0 for a in range(len(shape)))]
            for axis in range(len(shape))
        ]
        middle = [int(np.flatnonzero(line != nth)[0]) for line in lines]
        expected = []
        for corner in itertools.product((0, 1), repeat=len(shape)):
            part = np.zeros(shape, dtype=bool)
            part[
                tuple(slice(m, None) if far else slice(m) for m, far in zip(middle, corner, strict=True))
            ] = True
            (other,) = np.unique(owner[part])
            for row in objects[other]:
                left = painted(row, shape) & part
                if left.any():
                    places = np.argwhere(left)
                    ignored = row[1] or left.sum() < LEAST_KEPT * painted(row, shape).sum()
                    expected.append([row[0], ignored, *places.min(axis=0), *(places.max(axis=0) + 1)])
        assert sorted(moved[nth].tolist()) == sorted(map(list, np.array(expected, dtype=float).tolist()))


def test_a_mosaic_leaves_the_batch_itself_as_it_was_and_one_image_alone() -> None:
    images, objects = told_apart(4, (12, 9)), [np.array([[0, 0, 1, 1, 9, 8]], dtype=np.float32)] * 4
    before = images.clone()
    mosaic(images, objects, np.random.default_rng(0))
    assert torch.equal(images, before)
    np.testing.assert_array_equal(objects[0], [[0, 0, 1, 1, 9, 8]])
    alone, own = mosaic(images[:1], objects[:1], np.random.default_rng(0))
    assert torch.equal(alone, images[:1])
    assert own[0] is objects[0]


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_pasted_object_stands_free_and_looks_as_it_did(shape: tuple[int, ...], data: st.DataObject) -> None:
    n, dims = data.draw(st.integers(1, 4)), len(shape)
    images, objects = told_apart(n, shape), drawn(data, n, shape)
    pasted, moved = copy_paste(images, objects, np.random.default_rng(data.draw(st.integers(0, 99))))
    for nth in range(n):
        np.testing.assert_array_equal(moved[nth][: len(objects[nth])], objects[nth])
        new = moved[nth][len(objects[nth]) :]
        if not len(new):
            assert torch.equal(pasted[nth], images[nth])
            continue
        (row,) = new
        box = painted(row, shape)
        assert box.sum() == np.prod(row[2 + dims :] - row[2 : 2 + dims])  # it lies inside
        for other in objects[nth]:
            both = (box & painted(other, shape)).sum()
            assert both <= MOST_OVERLAP * min(box.sum(), painted(other, shape).sum())
        assert torch.equal(pasted[nth, 0][~torch.from_numpy(box)], images[nth, 0][~torch.from_numpy(box)])
        giver, source = next(
            (giver, old)
            for giver in range(n)
            for old in objects[giver]
            if giver != nth
            and old[:2].tolist() == row[:2].tolist()
            and np.array_equal(old[2 + dims :] - old[2 : 2 + dims], row[2 + dims :] - row[2 : 2 + dims])
            and blended(images, pasted, nth, giver, row, old)
        )
        assert source[1] == 0
        assert giver != nth


def blended(
    images: torch.Tensor, pasted: torch.Tensor, nth: int, giver: int, row: np.ndarray, old: np.ndarray
) -> bool:
    """Whether every voxel of the box lies between the two images as an ellipsoid with a soft edge says."""
    shape = images.shape[2:]
    dims = len(shape)
    lo, hi, from_lo = (x.astype(int) for x in (row[2 : 2 + dims], row[2 + dims :], old[2 : 2 + dims]))
    for place in itertools.product(*(range(a, b) for a, b in zip(lo, hi, strict=True))):
        source = tuple(np.array(place) - lo + from_lo)
        radius = np.sqrt(
            sum(((2 * p + 1 - a - b) / (b - a)) ** 2 for p, a, b in zip(place, lo, hi, strict=True))
        )
        share = min(1.0, max(0.0, (1 - radius) / 0.15))
        expected = share * images[giver, 0][source] + (1 - share) * images[nth, 0][place]
        if abs(float(pasted[nth, 0][place]) - float(expected)) > 0.05:
            return False
    return True


def test_objects_are_given_where_there_is_room_and_not_where_there_is_none() -> None:
    images = told_apart(2, (12, 9))
    full = np.array([[1, 0, 0, 0, 12, 9]], dtype=np.float32)
    small = np.array([[2, 0, 3, 3, 6, 6]], dtype=np.float32)
    empty = np.zeros((0, 6), dtype=np.float32)

    def give(objects: list[np.ndarray]) -> list[int]:
        return [len(own) for own in copy_paste(images, objects, np.random.default_rng(1))[1]]

    assert give([empty, small]) == [1, 1]
    assert give([full, small]) == [1, 1]
    assert give([empty, empty]) == [0, 0]
    ignored = np.array([[2, 1, 3, 3, 6, 6]], dtype=np.float32)
    assert give([empty, ignored]) == [0, 1]
