"""Tiny datasets and plans: a whole training on them takes about a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import scanwright as sw
from builders import TILTED_AFFINE, write_nifti, write_picture
from scanwright.data.plan import Plan
from scanwright.inference.model import Model

Pace = Sequence[tuple[int, float]]
THREE_ROUNDS: Pace = ((3, 0.3), (4, 0.7), (4, 1.0))

NO_AUGMENTATION = {
    "augmentation.flip_axes": "[]",
    "augmentation.rotate_degrees": "0",
    "augmentation.scale": "0",
}
SMALL_2D = {
    "network.widths": "[4, 8]",
    "network.strides": "[[1, 1], [2, 2]]",
    "network.kernels": "[[3, 3], [3, 3]]",
    "network.deep_supervision": "0",
    "patch_voxels": "[24, 24, 1]",
    "batch_size": "2",
    "precision": "32-true",
    "learning_rate": "0.01",
    "average_steps": "2",
}
SMALL_3D = {
    **SMALL_2D,
    "network.strides": "[[1, 1, 1], [2, 2, 2]]",
    "network.kernels": "[[3, 3, 3], [3, 3, 3]]",
    "patch_voxels": "[16, 16, 16]",
}
SMALL_CLASSES = {
    "network.widths": "[4, 8]",
    "network.strides": "[[1, 1], [2, 2]]",
    "network.blocks": "[1, 1]",
    "patch_voxels": "[24, 24, 1]",
    "batch_size": "2",
    "precision": "32-true",
    "average_steps": "2",
}


@dataclass(frozen=True)
class TinyRun:
    """A dataset and the run that learnt from it; not to be changed by tests."""

    data: Path
    path: Path


def disc(rng: np.random.Generator, size: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A noisy grey picture (row, column) with a bright disc somewhere, and where the disc is."""
    rows, columns = np.mgrid[:size, :size]
    centre = rng.uniform(0.35 * size, 0.65 * size, 2)
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < (0.22 * size) ** 2
    return (inside * 120 + rng.integers(0, 80, (size, size))).astype(np.uint8), inside


def disc_photographs(root: Path, n: int = 9, *, value: int = 1, seed: int = 1) -> Path:
    """images/ and masks/ of PNG photographs; the masks hold 0 and ``value``."""
    rng = np.random.default_rng(seed)
    for number in range(n):
        picture, inside = disc(rng)
        write_picture(root / "images" / f"case{number}.png", picture)
        write_picture(root / "masks" / f"case{number}.png", (inside * value).astype(np.uint8))
    return root


def disc_halves(root: Path, n: int = 9) -> Path:
    """As ``disc_photographs``, of other pictures; the masks hold 1 in the left half, 2 in the right."""
    rng = np.random.default_rng(9)
    for number in range(n):
        picture, inside = disc(rng)
        halves = inside * np.where(np.arange(inside.shape[1]) < inside.shape[1] // 2, 1, 2)
        write_picture(root / "images" / f"half{number}.png", picture)
        write_picture(root / "masks" / f"half{number}.png", halves.astype(np.uint8))
    return root


def ball(rng: np.random.Generator, values: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A noisy volume (i, j, k) with a bright ball of two halves, and a mask that names each half."""
    i, j, k = np.mgrid[:20, :18, :16]
    centre = rng.uniform(7, 10, 3)
    inside = (i - centre[0]) ** 2 + (j - centre[1]) ** 2 + (k - centre[2]) ** 2 < 25
    mask = inside * np.where(i < centre[0], values[0], values[1])
    bright = 100 * inside + 60 * (inside & (i < centre[0]))
    return (bright + rng.integers(0, 40, inside.shape)).astype(np.int16), mask.astype(np.uint8)


def ball_volumes(
    root: Path, n: int = 7, *, values: tuple[int, int] = (2, 4), affine: np.ndarray = TILTED_AFFINE
) -> Path:
    """imagesTr/ and labelsTr/ of NIfTI volumes; the masks hold 0 and ``values``."""
    rng = np.random.default_rng(2)
    for number in range(n):
        image, mask = ball(rng, values)
        write_nifti(root / "imagesTr" / f"scan{number}.nii.gz", image, affine)
        write_nifti(root / "labelsTr" / f"scan{number}.nii.gz", mask, affine)
    return root


def disc_classes(root: Path, per_class: int = 7, *, seed: int = 3) -> Path:
    """A folder per class: with a disc, and without."""
    rng = np.random.default_rng(seed)
    for number in range(per_class):
        write_picture(root / "disc" / f"d{number}.png", disc(rng)[0])
        write_picture(root / "nothing" / f"n{number}.png", rng.integers(0, 80, (24, 24)).astype(np.uint8))
    return root


def weights(model: Model) -> dict[str, bytes]:
    """Every weight, to the last bit."""
    return {name: value.tobytes() for name, value in model.weights.items()}


def plan_of(data: Path, pace: Pace, **settings: object) -> Plan:
    """A plan with a recorded pace: training it takes exactly those steps, whatever the clock says."""
    plan = sw.plan(data, **settings).plan
    return Plan.from_json({**plan.to_json(), "pace": [list(entry) for entry in pace]})
