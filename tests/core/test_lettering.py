"""Writing is found in a picture, and texture is not taken for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from builders import texture
from scanwright.core.lettering import choose_planes, distinct_lines, find_lines
from scanwright.types import AnyArray

TEXT = "NAME 12345 F061Y"


def ground(seed: int = 0, side: int = 256) -> AnyArray:
    """Tissue-like texture between 40 and 150, in the middle of a dark frame."""
    inner = np.kron(texture(seed), np.ones((4, 4)))[: side - 80, : side - 80]
    return np.pad(40 + 110 * inner / inner.max(), (side - inner.shape[0]) // 2).astype(np.float32)


def written(
    plane: AnyArray, text: str = TEXT, *, size: int = 14, at: tuple[int, int] = (8, 6), grey: int = 255
):
    """With a line of text; ``at``: its column and row."""
    picture = Image.fromarray(plane.T.astype(np.uint8))
    ImageDraw.Draw(picture).text(at, text, fill=grey, font=ImageFont.load_default(size))
    return np.asarray(picture).T.astype(np.float32)


@pytest.mark.parametrize("size", [12, 16, 24, 40])
@pytest.mark.parametrize("turned", [False, True])
def test_a_line_is_found_at_any_size_and_either_way(size: int, turned: bool) -> None:
    plane = written(ground(side=384), size=size)
    width, height = ImageFont.load_default(size).getbbox(TEXT)[2:]
    i, j, i_end, j_end = find_lines(plane.T if turned else plane, 0, 255)[0].box_ij
    if turned:
        i, j, i_end, j_end = j, i, j_end, i_end
    assert 0 <= i < i_end <= 8 + width + size
    assert 0 <= j < j_end <= 6 + height + size
    assert i_end - i > 0.5 * width


@pytest.mark.parametrize("grey", [0, 255])
def test_bright_and_dark_letters_on_tissue_are_found(grey: int) -> None:
    plane = written(np.full((256, 256), 120.0, np.float32) + ground() / 8, at=(60, 120), size=18, grey=grey)
    assert find_lines(plane, 0, 255)


@pytest.mark.parametrize("seed", range(6))
def test_texture_and_noise_are_no_writing(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(100, 30, (200, 220)).astype(np.float32)
    assert find_lines(ground(seed), 0, 255) == []
    assert find_lines(noise, 0, 200) == []


@pytest.mark.parametrize("planes", [[0], [3], [29], [2, 3, 4, 5, 6], range(30)])
def test_planes_with_writing_are_chosen_wherever_they_lie(planes: Sequence[int]) -> None:
    volume = np.stack([ground(seed, side=160) for seed in range(30)], axis=-1)
    for k in planes:
        volume[..., k] = written(volume[..., k], at=(8, 6), size=12)
    chosen = choose_planes(volume, 0, 255)
    assert {*chosen} & {*planes}
    assert (chosen[0], len(chosen)) == (15, len({*chosen}))
    assert len(chosen) <= 5


def test_a_plane_alone_is_chosen() -> None:
    assert choose_planes(ground()[..., None], 0, 255) == [0]


def test_a_line_that_stands_in_several_planes_counts_once() -> None:
    (line, *_) = find_lines(written(ground()), 0, 255)
    assert distinct_lines([line, replace(line, k=3)]) == [line]


def test_fewer_than_five_letters_are_no_line() -> None:
    assert find_lines(written(np.zeros((200, 200), np.float32), "L R"), 0, 255) == []


def test_a_flat_or_tiny_plane_shows_none() -> None:
    assert find_lines(np.full((64, 64), 7.0, np.float32), 7, 7) == []
    assert find_lines(np.eye(20, dtype=np.float32), 0, 1) == []


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 1000), st.floats(-1000, 1000))
def test_units_of_intensity_play_no_part(scale: float, offset: float) -> None:
    plane = written(ground())
    found = find_lines(plane, 0, 255)
    again = find_lines((scale * plane + offset).astype(np.float32), offset, offset + 255 * scale)
    assert [line.box_ij for line in again][:1] == [line.box_ij for line in found][:1]
