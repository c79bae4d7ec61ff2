"""Copies of one picture, however they were made."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

from builders import noise
from scanwright.core.copies import LOOK_SHAPE, CopyPair, find_copies, join_copies, take_look

SIZE = 160
LAS = np.diag([-1.0, 1.0, 1.0, 1.0])


def scan(seed, *, size=SIZE):
    """A made-up picture of one kind: a body that all share, with structure of its own, in bytes."""
    rng = np.random.default_rng(seed)
    at = np.linspace(-1, 1, size)
    body = (at[:, None] ** 2 / 0.8 + at[None] ** 2 / 0.5) < 1
    own = sum(gaussian_filter(rng.normal(size=(size, size)), sigma) * sigma for sigma in (1, 2, 4, 8))
    return np.clip(body * (110 + 45 * own), 0, 255).astype(np.uint8)[None, :, :, None]


def block(seed, shape=(40, 48, 36)):
    """A made-up volume, with a gradient that all share."""
    own = sum(
        gaussian_filter(np.random.default_rng(seed).normal(size=shape), sigma) * sigma for sigma in (1, 2, 4)
    )
    return (1000 + 200 * own + 20 * np.arange(shape[2]))[None].astype(np.float32)


def compressed(picture, quality):
    buffer = io.BytesIO()
    Image.fromarray(picture[0, :, :, 0]).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))[None, :, :, None]


def resized(picture, factor):
    return np.clip(
        zoom(picture.astype(float), (1, factor, factor, 1), order=1, grid_mode=True, mode="nearest"), 0, 255
    )


HOSTS = [take_look(scan(seed)) for seed in range(12)]
BLOCKS = [take_look(block(seed)) for seed in range(12)]
CHANGES = {
    "the same": lambda p: p,
    "compressed again": lambda p: compressed(p, 30),
    "half the size": lambda p: resized(p, 0.5),
    "twice the size": lambda p: resized(p, 2),
    "brighter": lambda p: np.clip(p * 1.4, 0, 255),
    "darker": lambda p: p * 0.5 + 10,
    "gamma 0.5": lambda p: 255 * (p / 255) ** 0.5,
    "gamma 2": lambda p: 255 * (p / 255) ** 2,
    "sixteen bits": lambda p: p.astype(np.uint16) * 257,
    "grainy": lambda p: np.clip(p + noise(p.shape, seed=1, top=21).astype(int) - 10, 0, 255),
    "grey as colour": lambda p: np.repeat(p, 3, axis=0),
    "all sides cropped": lambda p: p[:, 6:-6, 6:-6],
    "one side cropped": lambda p: p[:, 8:],
    "cropped, compressed, darker": lambda p: compressed((p[:, 3:, :-4] * 0.8).astype(np.uint8), 50),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change):
    (pair,) = find_copies([*HOSTS, take_look(change(scan(3)))])
    assert (pair.a, pair.b, pair.turned) == (3, 12, False)
    assert 0.8 <= pair.agreement <= 1


@pytest.mark.parametrize(
    "turn",
    [
        lambda p: p[:, ::-1],
        lambda p: p[:, :, ::-1],
        lambda p: p[:, ::-1, ::-1],
        lambda p: p.transpose(0, 2, 1, 3),
        lambda p: p.transpose(0, 2, 1, 3)[:, ::-1],
        lambda p: compressed(p[:, ::-1, :, :], 30)[:, 3:-3],
    ],
    ids=[
        "left and right",
        "up and down",
        "half turn",
        "transposed",
        "quarter turn",
        "mirrored, compressed, cropped",
    ],
)
def test_a_mirrored_or_turned_copy_is_found_and_said_to_be(turn):
    (pair,) = find_copies([*HOSTS, take_look(turn(scan(3)))])
    assert (pair.a, pair.b, pair.turned) == (3, 12, True)


@pytest.mark.parametrize(
    ("change", "turned"),
    [
        (lambda v: v + np.random.default_rng(0).normal(0, 20, v.shape), False),
        (lambda v: np.clip((v - 600) / 8, 0, 255).astype(np.uint8), False),
        (lambda v: v[:, 2:-2, 2:-2, 1:-1], False),
        (lambda v: zoom(v, (1, 0.7, 0.7, 0.7), order=1, grid_mode=True, mode="nearest"), False),
        (lambda v: v[:, ::-1], True),
    ],
    ids=["grainy", "in bytes", "cropped", "smaller", "mirrored"],
)
def test_copies_of_volumes_are_found(change, turned):
    (pair,) = find_copies([*BLOCKS, take_look(change(block(5)))])
    assert (pair.a, pair.b, pair.turned) == (5, 12, turned)


def test_different_pictures_of_one_kind_are_not_joined():
    assert find_copies(HOSTS) == []
    assert find_copies(BLOCKS) == []


def test_a_volume_stored_along_other_axes_is_the_same():
    array = block(5)
    turned = take_look(array[:, ::-1], LAS)
    np.testing.assert_array_equal(turned, take_look(array, np.eye(4)))


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_in_memory_changes_nothing(order):
    array = block(5)[0]
    look = take_look(np.asarray(array, order=order)[None])
    assert np.abs(look.astype(int) - BLOCKS[5]).max() <= 1


def test_a_symmetric_picture_is_no_mirrored_copy():
    half = scan(3)[:, : SIZE // 2]
    symmetric = np.concatenate([half, half[:, ::-1]], axis=1)
    looks = [*HOSTS, take_look(symmetric), take_look(compressed(symmetric, 40))]
    assert [(pair.a, pair.b, pair.turned) for pair in find_copies(looks)] == [(12, 13, False)]


def test_many_copies_of_one_picture_are_one_group():
    looks = [*HOSTS, *(take_look(compressed(scan(3), quality)) for quality in range(30, 90, 6))]
    groups = join_copies(len(looks), find_copies(looks))
    assert groups == [[3, *range(12, len(looks))]]


def test_what_has_no_structure_is_alike_to_nothing():
    flat = np.full((1, 20, 20, 1), 7.0)
    assert take_look(flat) is None
    assert find_copies([None, take_look(flat), HOSTS[0], None]) == []
    dot = flat.copy()
    dot[0, 3, 3] = 9
    assert take_look(dot) is not None


def test_of_few_pictures_only_the_very_alike_are_copies():
    assert find_copies([take_look(scan(0)), take_look(scan(1))]) == []
    close = [take_look(scan(0)), take_look(compressed(scan(0), 90))]
    assert [(pair.a, pair.b) for pair in find_copies(close)] == [(0, 1)]


def test_planes_and_volumes_are_compared_among_themselves():
    looks = [HOSTS[0], BLOCKS[0], HOSTS[0], BLOCKS[0]]
    assert find_copies(looks) == [CopyPair(0, 2, 1.0, False), CopyPair(1, 3, 1.0, False)]
    assert {look.shape for look in looks} == set(LOOK_SHAPE.values())


def test_a_burned_in_mark_does_not_drown_the_picture():
    marked = scan(3)
    marked[:, :6, :30] = 255
    (pair,) = find_copies([*HOSTS, take_look(marked)])
    assert (pair.a, pair.b) == (3, 12)


def test_huge_values_are_taken():
    look = take_look((scan(3) / 255.0 * 3e38).astype(np.float32))
    assert np.abs(look.astype(int) - HOSTS[3]).max() <= 1
