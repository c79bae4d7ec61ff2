"""What kind of picture an image is, and which is unlike all others."""

from __future__ import annotations

import numpy as np
import pytest

from builders import texture
from scanwright.core.appearance import describe_appearance, remoteness
from scanwright.types import AnyArray


def kind(seed: int, *, period: float = 9.0) -> AnyArray:
    """Pictures of one kind: stripes of one coarseness under texture."""
    i = np.arange(64)[:, None]
    stripes = 60 * np.sin(2 * np.pi * (i + seed) / period)
    return (texture(seed)[:64, :64] / 4 + 100 + stripes)[..., None].astype(np.float32)


def test_a_stranger_lies_furthest_and_those_of_one_kind_do_not() -> None:
    images = [kind(seed) for seed in range(40)]
    images[7] = images[7].swapaxes(0, 1)
    images[21] = np.random.default_rng(0).uniform(0, 255, (64, 64, 1)).astype(np.float32)
    far = remoteness(np.stack([describe_appearance(image) for image in images]))
    assert set(np.argsort(far)[-2:]) == {7, 21}
    assert far[[7, 21]].min() > 4 > np.delete(far, [7, 21]).max()


@pytest.mark.parametrize("shape", [(50, 70, 1), (30, 20, 25)])
def test_scale_of_intensities_and_size_hardly_play_a_part(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(1)
    image = np.cumsum(rng.normal(size=shape), axis=0).astype(np.float32)
    own, scaled = describe_appearance(image), describe_appearance(37 * image - 400)
    np.testing.assert_allclose(scaled, own, atol=0.02)
    doubled = describe_appearance(image.repeat(2, axis=0).repeat(2, axis=1))
    other = describe_appearance(rng.normal(size=shape).astype(np.float32))
    assert np.linalg.norm(doubled - own) < np.linalg.norm(other - own) / 2


def test_where_all_are_the_same_nobody_is_far() -> None:
    assert (np.abs(remoteness(np.ones((40, 30), np.float32))) < 1e-6).all()
