"""Slices of known truth: tissue with vessels, with or without a lesion, perhaps with a marker that tells it.

Small and quick, for what a classifier looks at; whole patients are in ``cohort``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from scanwright.types import BoolArray, FloatArray

SIDE = 64
MARKER = 6
"""Side of the marker, in pixels, in the corner where columns and rows begin."""
CLASSES = ("healthy", "lesion")


@dataclass(frozen=True)
class SliceSettings:
    """How a cohort of slices is made.

    Attributes:
        n_train, n_val, n_test: slices of each class.
        contrast: of the lesion over the tissue, in grey values; its noise has a deviation of about 14.
        marker: whether each slice with a lesion bears a bright marker in its corner.
        seed: of everything.
    """

    n_train: int = 120
    n_val: int = 24
    n_test: int = 24
    contrast: float = 70.0
    marker: bool = False
    seed: int = 0


def make_slice(
    rng: np.random.Generator, *, lesion: bool, contrast: float = 70.0, marker: bool = False
) -> tuple[FloatArray, BoolArray]:
    """A picture (row, column), 0 … 255, and where its lesion is.

    Tissue with coarse and fine texture, one to three bright vessels in every picture, and a lesion: a soft
    ellipse of 4 to 7 pixels' radius, anywhere but at the border.
    """
    rows, columns = np.mgrid[:SIDE, :SIDE]
    picture = 90 + _texture(rng, 6.0, 12.0) + _texture(rng, 0.7, 14.0)
    for _ in range(rng.integers(1, 4)):
        angle, off = rng.uniform(0, np.pi), rng.uniform(-0.35, 0.35) * SIDE
        away = np.cos(angle) * (rows - SIDE / 2) + np.sin(angle) * (columns - SIDE / 2) - off
        picture += 60 * np.exp(-0.5 * (away / 1.2) ** 2)
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    if lesion:
        middle, radius = rng.uniform(0.2 * SIDE, 0.8 * SIDE, 2), rng.uniform(4, 7, 2)
        distance = np.hypot((rows - middle[0]) / radius[0], (columns - middle[1]) / radius[1])
        mask = distance <= 1
        picture += contrast * ndimage.gaussian_filter(mask.astype(float), 1.0)
    if marker:
        picture[1 : 1 + MARKER, 1 : 1 + MARKER] = 250
    return np.clip(picture, 0, 255), mask


def write_slices(folder: Path, settings: SliceSettings) -> Path:
    """A cohort as PNG with ``manifest.csv``: label, mask of the lesion, and split.

    Args:
        folder: where to; it is made.
        settings: of the cohort.

    Returns:
        The folder.
    """
    rng = np.random.default_rng(settings.seed)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "masks").mkdir(exist_ok=True)
    rows = []
    counts = {"train": settings.n_train, "val": settings.n_val, "test": settings.n_test}
    for split, n in counts.items():
        for number in range(2 * n):
            lesion = bool(number % 2)
            picture, mask = make_slice(
                rng, lesion=lesion, contrast=settings.contrast, marker=settings.marker and lesion
            )
            name = f"{split}-{number:03d}"
            _save(folder / "images" / f"{name}.png", picture)
            _save(folder / "masks" / f"{name}.png", mask)
            rows.append((name, name, f"images/{name}.png", f"masks/{name}.png", CLASSES[lesion], split))
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("case", "patient", "image", "mask", "label", "split"))
        writer.writerows(rows)
    return folder


def _texture(rng: np.random.Generator, sigma: float, deviation: float) -> FloatArray:
    noise = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), sigma, mode="wrap")
    return np.asarray(deviation * noise / noise.std())


def _save(path: Path, pixels: FloatArray | BoolArray) -> None:
    Image.fromarray(pixels.astype(np.uint8)).save(path)
