"""N4 takes a bias field out again."""

from __future__ import annotations

import numpy as np
import pytest

from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.bias import n4


def biased(shape):
    """A ball of two tissues, brighter on one side: with the field, and the mask."""
    grid = np.meshgrid(*[np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in shape], indexing="ij")
    distance = np.sqrt(sum(axis**2 for axis in grid))
    tissue = np.where(distance < 0.5, 180.0, 110.0) * (distance < 0.85)
    field = np.exp(0.35 * grid[0] + 0.2 * grid[1])
    noise = np.abs(np.random.default_rng(0).normal(0, 2, shape))
    return (tissue * field + noise).astype(np.float32), distance


@pytest.mark.parametrize(("shape", "affine"), [((72, 64, 1), None), ((40, 36, 30), np.eye(4))])
def test_a_bias_field_gets_smaller(shape, affine):
    array, distance = biased(shape)
    done = n4(Volume(array[None], affine)).image.array[0]
    for tissue in (distance < 0.45, (distance > 0.55) & (distance < 0.8)):
        before = array[tissue].std() / array[tissue].mean()
        after = done[tissue].std() / done[tissue].mean()
        assert after < 0.35 * before


def test_the_fields_of_channels_are_their_own_and_recorded():
    array, _ = biased((40, 36, 1))
    outcome = n4(Volume(np.stack([array, array[::-1]])))
    (low, high), other = outcome.realised["field"]
    assert 0 < low < 1 < high
    assert len(other) == 2
    assert outcome.realised["shrink_factor"] == [1, 1, 1]
    assert outcome.image.array.dtype == np.float32
    assert np.allclose(outcome.image.array[0], outcome.image.array[1][::-1], rtol=0.03, atol=1)


def test_what_it_is_not_for_is_said():
    with pytest.raises(DataError, match="not for CT"):
        n4(Volume(np.full((1, 20, 20, 20), -1000.0), np.eye(4)))
    with pytest.raises(DataError, match="4 voxels along each axis"):
        n4(Volume(np.ones((1, 20, 20, 3)), np.eye(4)))
    with pytest.raises(DataError, match="nothing brighter"):
        n4(Volume(np.ones((1, 20, 20, 8)), np.eye(4)))
