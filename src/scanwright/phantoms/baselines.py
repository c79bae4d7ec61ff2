"""Baselines: two naive lesion detectors, which must stay poor on a phantom that is worth learning from.

Both are tuned generously, on the very patients that they are scored on. A threshold that reaches a Dice of
0.5, or a Laplacian of Gaussian that reaches a CPM of 0.5, means that the phantom is too easy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
from scipy import ndimage

from scanwright.core.boxes import boxes_around, ijk_of
from scanwright.core.detection import froc_sensitivities
from scanwright.core.metrics import dice
from scanwright.data.boxes import Boxes
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.types import BoolArray, FloatArray, IntArray

_LARGEST_MM = 40.0
_SMOOTHING_MM = 0.8
_BLOB_GRID_MM = 1.5
_BLOB_SIGMAS_MM = (1.5, 2.2, 3.2, 4.5, 6.4, 8.0)
_MOST_BLOBS = 60
# The blobs' radius at which a Laplacian of Gaussian answers most, in units of sigma, in three dimensions.
_RADIUS_PER_SIGMA = float(np.sqrt(3.0))


@dataclass(frozen=True)
class Threshold:
    """A naive segmentation: what lies within a window of densities, its largest pieces.

    Attributes:
        low_hu, high_hu: the window.
        keep: how many pieces, largest first; pieces larger than a ball of 40 mm are left out.
    """

    low_hu: float
    high_hu: float
    keep: int


@dataclass(frozen=True)
class BlobWindow:
    """What a naive detector of blobs looks at.

    Attributes:
        low_hu, high_hu: densities are clipped to this window first.
        bright: looks for bright blobs, else for dark ones.
        tissue_hu: only blobs whose middle is at least this dense count.
    """

    low_hu: float
    high_hu: float
    bright: bool
    tissue_hu: float


@dataclass(frozen=True)
class Blob:
    """A finding of the naive detector.

    Attributes:
        centre_mm: in patient millimetres, RAS+.
        radius_mm: of the ball that answers most.
        score: height of the answer; larger is surer.
    """

    centre_mm: tuple[float, float, float]
    radius_mm: float
    score: float


@dataclass(frozen=True)
class NaiveScores:
    """How the naive detectors do, each with the setting that does best on these patients.

    Attributes:
        threshold_dice: mean Dice over the patients who have a lesion.
        threshold: the setting behind it.
        blob_cpm: mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives per patient.
        blob_sensitivities: the seven sensitivities.
        n_patients: all patients.
        n_lesions: all lesions.
    """

    threshold_dice: float
    threshold: Threshold
    blob_cpm: float
    blob_sensitivities: tuple[float, ...]
    n_patients: int
    n_lesions: int


THRESHOLDS: tuple[Threshold, ...] = tuple(
    Threshold(low, high, keep)
    for low in (-650.0, -500.0, -350.0, -200.0, 0.0, 30.0)
    for high in (50.0, 70.0, 90.0, 250.0)
    for keep in (1, 2, 3)
)
BLOB_WINDOWS: tuple[BlobWindow, ...] = (
    BlobWindow(-900.0, 50.0, bright=True, tissue_hu=-700.0),
    BlobWindow(-900.0, -200.0, bright=True, tissue_hu=-700.0),
    BlobWindow(0.0, 160.0, bright=False, tissue_hu=20.0),
)


def threshold_lesions(image: Volume, threshold: Threshold) -> BoolArray:
    """Lesions as the largest pieces within a window of densities.

    Args:
        image: CT in HU; its first channel is used.
        threshold: the window and how many pieces.

    Returns:
        (i, j, k), true where a lesion is claimed.
    """
    smooth, spacing = _smooth(image)
    pieces, order = _label_pieces(smooth, spacing, threshold.low_hu, threshold.high_hu)
    return _select(pieces, order[: threshold.keep])


def detect_blobs(image: Volume, window: BlobWindow) -> tuple[Blob, ...]:
    """Blobs as maxima of the scale-normalised Laplacian of Gaussian over place and scale (Lindeberg 1998).

    Args:
        image: CT in HU; its first channel is used.
        window: what to look at.

    Returns:
        At most 60 blobs, surest first.
    """
    grid, to_ras = _isotropic(image)
    clipped = (np.clip(grid, window.low_hu, window.high_hu) - window.low_hu) / (
        window.high_hu - window.low_hu
    )
    sign = -1.0 if window.bright else 1.0
    answers = np.stack(
        [
            sign * (sigma / _BLOB_GRID_MM) ** 2 * _laplace(clipped, sigma / _BLOB_GRID_MM)
            for sigma in _BLOB_SIGMAS_MM
        ]
    )
    peak = (answers == ndimage.maximum_filter(answers, size=3, mode="nearest")) & (answers > 0.02)
    peak &= ndimage.gaussian_filter(grid, 1.0)[None] >= window.tissue_hu
    places = np.argwhere(peak)
    scores = answers[peak]
    blobs = []
    for index in np.argsort(-scores, kind="stable")[:_MOST_BLOBS]:
        scale, *voxel = places[index]
        x, y, z = (to_ras @ np.append(voxel, 1.0))[:3]
        radius = _RADIUS_PER_SIGMA * _BLOB_SIGMAS_MM[scale]
        blobs.append(Blob((float(x), float(y), float(z)), radius, float(scores[index])))
    return tuple(blobs)


def blob_boxes(blobs: Sequence[Blob], affine_ras: FloatArray) -> Boxes:
    """Blobs as findings of a detector, so that they are judged as others are.

    Args:
        blobs: of one image.
        affine_ras: (4, 4) of its grid.
    """
    centres = np.array([blob.centre_mm for blob in blobs]).reshape(-1, 3)
    diameters = np.array([2 * blob.radius_mm for blob in blobs])
    boxes = boxes_around(ijk_of(centres, affine_ras), diameters, affine_ras)
    return Boxes(boxes, ("lesion",) * len(blobs), np.array([blob.score for blob in blobs]))


def score_naive_detectors(
    patients: Iterable[tuple[Volume, Volume]],
    *,
    thresholds: Sequence[Threshold] = THRESHOLDS,
    windows: Sequence[BlobWindow] = BLOB_WINDOWS,
) -> NaiveScores:
    """The best that a threshold and a detector of blobs reach on these patients.

    Args:
        patients: (image, mask) of each patient, on one grid; voxels above 0 in the mask are lesions, and
            pieces that touch by a corner are one lesion.
        thresholds: the settings to choose from; the best is reported.
        windows: likewise.

    Raises:
        DataError: there is no patient with a lesion.
    """
    overlaps: list[list[float]] = []
    hits: list[list[list[tuple[float, int]]]] = [[] for _ in windows]
    n_lesions, n_patients = 0, 0
    for image, mask in patients:
        n_patients += 1
        reference = mask.array[0] > 0
        if reference.any():
            overlaps.append(_score_thresholds(image, reference, thresholds))
        lesions = cc3d.connected_components(reference, connectivity=26)
        for found, window in zip(hits, windows, strict=True):
            found.append(_match(detect_blobs(image, window), lesions, mask))
        n_lesions += int(lesions.max())
    if not overlaps:
        raise DataError(
            "the naive detectors cannot be scored", expected="a patient with a lesion", received="none"
        )
    means = np.mean(overlaps, axis=0)
    curves = [_sensitivities(found, n_lesions) for found in hits]
    best = max(curves, key=lambda curve: sum(curve))
    return NaiveScores(
        threshold_dice=float(means.max()),
        threshold=thresholds[int(means.argmax())],
        blob_cpm=float(np.mean(best)),
        blob_sensitivities=best,
        n_patients=n_patients,
        n_lesions=n_lesions,
    )


def _score_thresholds(image: Volume, reference: BoolArray, thresholds: Sequence[Threshold]) -> list[float]:
    smooth, spacing = _smooth(image)
    pieces_of: dict[tuple[float, float], tuple[IntArray, IntArray]] = {}
    scores = []
    for threshold in thresholds:
        window = (threshold.low_hu, threshold.high_hu)
        if window not in pieces_of:
            pieces_of[window] = _label_pieces(smooth, spacing, *window)
        pieces, order = pieces_of[window]
        scores.append(dice(_select(pieces, order[: threshold.keep]), reference))
    return scores


def _label_pieces(
    smooth: FloatArray, spacing_mm: tuple[float, float, float], low_hu: float, high_hu: float
) -> tuple[IntArray, IntArray]:
    """Pieces within a window, numbered, and the numbers of those that may be lesions, largest first."""
    inside = (smooth >= low_hu) & (smooth <= high_hu)
    # Opening takes away the thin shells that blur leaves around every organ.
    inside = _dilate(~_dilate(~inside))
    pieces = cc3d.connected_components(inside, connectivity=6)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    sizes[_border_numbers(pieces)] = 0
    most = np.pi / 6.0 * _LARGEST_MM**3 / np.prod(spacing_mm)
    order = np.argsort(-sizes, kind="stable")
    return pieces, order[(sizes[order] > 0) & (sizes[order] <= most)]


def _border_numbers(pieces: IntArray) -> IntArray:
    """Pieces that reach the border of the picture: no lesion does, but walls, gut and the spinal canal do."""
    faces = [np.take(pieces, place, axis).ravel() for axis in range(3) for place in (0, -1)]
    return np.unique(np.concatenate(faces))


def _dilate(inside: BoolArray) -> BoolArray:
    """Each voxel and its six neighbours."""
    wider = inside.copy()
    for axis in range(3):
        ahead: list[slice] = [slice(None)] * 3
        behind: list[slice] = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        wider[tuple(ahead)] |= inside[tuple(behind)]
        wider[tuple(behind)] |= inside[tuple(ahead)]
    return wider


def _select(pieces: IntArray, numbers: IntArray) -> BoolArray:
    chosen = np.zeros(int(pieces.max()) + 1, dtype=bool)
    chosen[numbers] = True
    return np.asarray(chosen[pieces])


def _laplace(grid: FloatArray, sigma: float) -> FloatArray:
    answer: FloatArray = ndimage.laplace(
        ndimage.gaussian_filter(grid, sigma, mode="nearest", truncate=3.0), mode="nearest"
    )
    return answer


def _match(blobs: Sequence[Blob], lesions: IntArray, mask: Volume) -> list[tuple[float, int]]:
    """(score, lesion) of each blob, surest first; lesion 0 is a false positive, −1 a repeated hit."""
    affine, spacing = _place(mask)
    numbers = range(1, int(lesions.max()) + 1)
    centres = ndimage.center_of_mass(lesions > 0, lesions, list(numbers))
    volumes = np.bincount(lesions.ravel())[1:] * float(np.prod(spacing))
    radii = (volumes * 3.0 / (4.0 * np.pi)) ** (1 / 3)
    to_voxel = np.linalg.inv(affine)
    matched: list[tuple[float, int]] = []
    taken: set[int] = set()
    for blob in blobs:
        voxel = np.rint((to_voxel @ np.append(blob.centre_mm, 1.0))[:3]).astype(int)
        inside = bool((voxel >= 0).all() and (voxel < lesions.shape).all())
        lesion = int(lesions[tuple(voxel)]) if inside else 0
        for number, centre, radius in zip(numbers, centres, radii, strict=True):
            place = (affine @ np.append(centre, 1.0))[:3]
            if lesion == 0 and np.linalg.norm(place - blob.centre_mm) < radius:
                lesion = number
        matched.append((blob.score, -1 if lesion in taken else lesion))
        if lesion > 0:
            taken.add(lesion)
    return matched


def _sensitivities(patients: Sequence[Sequence[tuple[float, int]]], n_lesions: int) -> tuple[float, ...]:
    """Part of the lesions found at each of FALSE_ALARMS a patient; a repeated hit counts for nothing."""
    findings = [finding for patient in patients for finding in patient if finding[1] >= 0]
    scores = np.array([score for score, _ in findings])
    hits = np.array([lesion > 0 for _, lesion in findings], dtype=bool)
    return froc_sensitivities(scores, hits, max(1, n_lesions), len(patients))


def _smooth(image: Volume) -> tuple[FloatArray, tuple[float, float, float]]:
    _, spacing = _place(image)
    sigma = [_SMOOTHING_MM / step for step in spacing]
    smooth: FloatArray = ndimage.gaussian_filter(image.array[0].astype(np.float32), sigma, truncate=3.0)
    return smooth, spacing


def _isotropic(image: Volume) -> tuple[FloatArray, FloatArray]:
    """The image on cubes of 1.5 mm, and the affine of that grid."""
    affine, spacing = _place(image)
    shape = np.maximum(1, np.round(np.array(image.shape) * spacing / _BLOB_GRID_MM)).astype(int)
    factor = shape / np.array(image.shape)
    sigma = np.maximum(0.0, 0.4 * (1.0 / factor - 1.0))
    smooth = ndimage.gaussian_filter(image.array[0].astype(np.float32), sigma, truncate=3.0)
    grid: FloatArray = ndimage.zoom(smooth, factor, order=1, mode="nearest", grid_mode=True)
    # Grid mode keeps the outer faces in place: voxel n of the new grid lies at (n + 1/2) / factor − 1/2.
    to_source = np.diag([*(1.0 / factor), 1.0])
    to_source[:3, 3] = 0.5 / factor - 0.5
    return grid, affine @ to_source


def _place(image: Volume) -> tuple[FloatArray, tuple[float, float, float]]:
    spacing = image.spacing_mm
    if image.affine_ras is None or spacing is None:
        raise DataError(
            "the naive detectors need to know the voxels' size", expected="an affine", received="none"
        )
    return image.affine_ras, spacing
