"""Builders of patients that are followed: a small body, lesions that change, moved at each date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from builders import write_nifti, write_text

SHAPE, SPACING = (64, 56, 36), (4.0, 4.0, 5.0)
# Centre and half axes in mm, and value.
ORGANS = (
    ((40, 10, 20), (50, 40, 55), 150),
    ((-45, 10, 25), (35, 50, 60), -600),
    ((30, -50, 0), (18, 18, 80), 400),
    ((0, 40, -40), (60, 25, 25), -100),
    ((-60, -20, -50), (28, 30, 30), 90),
)
RIBS = tuple(
    ((80 * np.cos(turn), 62 * np.sin(turn), z), (11, 9, 9), 250)
    for z in (-55, -5, 75)
    for turn in np.arange(7) * 0.9 + z / 40
)
"""By which it can be told whether a date lies right on another: few other places have edges all around."""
Lesion = tuple[tuple[float, float, float], Sequence[float]]
LESIONS: tuple[Lesion, ...] = (
    ((50, 15, 30), (36, 30, 22)),
    ((-45, 20, 30), (16, 20, 25)),
    ((-20, -40, -30), (0, 0, 16)),
)
"""Centre in mm, and diameter at each date; 0 is gone."""
DATES = ("2024-01-03", "2024-03-06", "2024-05-02")


def study(
    date: int, lesions: Sequence[Lesion] = LESIONS, *, seed: int = 0, organs: Sequence = ORGANS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, mask and affine of a date; all but the first are moved by some mm and degrees."""
    rng = np.random.default_rng(100 * seed + date)
    axes = [np.arange(n) * s - (n - 1) * s / 2 for n, s in zip(SHAPE, SPACING, strict=True)]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    if date:
        turn = Rotation.from_euler("xyz", rng.normal(0, 2, 3), degrees=True)
        places = turn.apply(places) + rng.normal(0, 5, 3)
    image = np.full(len(places), -1000.0)
    image[((places / (115, 95, 110)) ** 2).sum(axis=1) < 1] = 30
    for centre, half, value in (*organs, *RIBS):
        image[(((places - centre) / half) ** 2).sum(axis=1) < 1] = value
    mask = np.zeros(len(places), np.uint8)
    for centre, diameters in lesions:
        inside = ((places - centre) ** 2).sum(axis=1) < (diameters[date] / 2) ** 2
        mask[inside], image[inside] = 1, 80
    image = ndimage.gaussian_filter(image.reshape(SHAPE), 0.5) + rng.normal(0, 15, SHAPE)
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = -(np.array(SHAPE) - 1) * SPACING / 2
    return image.astype(np.int16), mask.reshape(SHAPE), affine


def followed_patient(
    root: Path,
    *,
    dates: Sequence[str] = DATES,
    patient: str = "P1",
    lesions: Sequence[Lesion] = LESIONS,
    seed: int = 0,
) -> list[str]:
    """Write images and masks, and give the rows of a manifest: case, patient, date, image, mask, modality."""
    rows = []
    for n, date in enumerate(dates):
        image, mask, affine = study(n, lesions, seed=seed)
        write_nifti(root / f"{patient}-{n}.nii.gz", image, affine)
        write_nifti(root / f"{patient}-{n}-mask.nii.gz", mask, affine)
        rows.append(f"{patient}-{n},{patient},{date},{patient}-{n}.nii.gz,{patient}-{n}-mask.nii.gz,CT")
    return rows


def manifest(root: Path, rows: Sequence[str]) -> Path:
    """The folder, with a manifest of these rows."""
    write_text(root / "manifest.csv", "case,patient,date,image,mask,modality", *rows)
    return root
