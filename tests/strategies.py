"""What hypothesis draws from, for more than one room."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


@st.composite
def affines(draw: st.DrawFn) -> np.ndarray:
    """Any place in the patient: rotated obliquely, flipped, permuted, stretched, shifted."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = rotation * rng.uniform(0.2, 6, 3)
    affine[:3, 3] = rng.uniform(-500, 500, 3)
    return affine


@st.composite
def straight_affines(draw: st.DrawFn) -> np.ndarray:
    """Voxel axes along those of the patient, in any order and direction."""
    order = draw(st.permutations(range(3)))
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, other in enumerate(order):
        affine[other, axis] = draw(st.floats(0.2, 6)) * draw(st.sampled_from([-1, 1]))
    affine[:3, 3] = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    return affine


def boxes(
    axes: int = 3, most: int = 6, *, least: int = 0, whole: bool = False
) -> st.SearchStrategy[np.ndarray]:
    """(n, 2, axes), lo before hi, about the first thirty voxels; ``whole`` ones end between voxels."""
    number = st.integers(-8, 30).map(float) if whole else st.floats(-8, 30, width=32)
    shapes = st.integers(least, most).map(lambda n: (n, 2, axes))
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=number)).map(
        lambda ends: np.sort(ends, axis=1)
    )
