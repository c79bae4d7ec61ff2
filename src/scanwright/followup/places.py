"""Places: the same place of a patient at every date, as slices that lie side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.followup.assessment import Followed
from scanwright.followup.choices import LesionChoice
from scanwright.followup.tracing import Masker, Traced
from scanwright.io.masks import turned_onto
from scanwright.report.strips import MOST_STRIPS, Strip
from scanwright.types import FloatArray

N_SLICES = 9
N_PIXELS = 112
LEAST_SIDE_MM = 50.0
SIDE_OVER_LESION = 2.2
MOST_LESIONS = 6
_ORDER = ("target", "new", "non-target")


def look_at_lesions(traced: Traced, followed: Followed, masker: Masker) -> dict[str, list[Strip | None]]:
    """Slices through the place of the lesions that matter most, at each date.

    Returns:
        Lesion → a strip for each date; ``None`` where nothing can be said of places.
    """
    n_dates = max(1, len(traced.studies))
    shown = _shown(followed)[: max(1, min(MOST_LESIONS, MOST_STRIPS // n_dates))]
    views = {one.name: _view(one, followed, traced) for one in shown}
    strips: dict[str, list[Strip | None]] = {one.name: [] for one in shown}
    for date, study in enumerate(traced.timeline.studies):
        registration = traced.registrations[date]
        try:
            image = study.case.image.read()
            mask = masker(study)
            mask = mask if image.affine_ras is None else turned_onto(mask, image.affine_ras)
        except DataError:  # read a moment ago
            for name in strips:
                strips[name].append(None)
            continue
        for one in shown:
            view = views[one.name]
            if view is None or (date > 0 and registration is None):
                strips[one.name].append(None)
                continue
            places, side_mm = view
            there = places if registration is None else registration.points(places)
            strips[one.name].append(_cut(image, mask, there, side_mm, study.modality))
    return {name: found for name, found in strips.items() if any(found)}


def _shown(followed: Followed) -> list[LesionChoice]:
    of_note = [one for one in followed.lesions if one.role in _ORDER]
    return sorted(of_note, key=lambda one: _ORDER.index(one.role))


def _view(one: LesionChoice, followed: Followed, traced: Traced) -> tuple[FloatArray, float] | None:
    """(n, 3) places in the first study's mm, of axial slices from the feet up, each seen from the feet."""
    rows = followed.sizes[one.name]
    first = next((n for n, row in enumerate(rows) if row["status"] == "seen"), None)
    if first is None or (first > 0 and traced.registrations[first] is None):
        return None
    centre = np.array([rows[first]["centre_ras_mm"]], dtype=float)
    registration = traced.registrations[first]
    centre = centre if registration is None else registration.inverse_points(centre)
    longest = max(row["long_mm"] for row in rows if row["status"] == "seen")
    side = max(LEAST_SIDE_MM, SIDE_OVER_LESION * longest)
    step = max(0.35 * longest / (N_SLICES // 2) * 2, rows[first]["slice_mm"] / 2)
    up = (np.arange(N_SLICES) - N_SLICES // 2) * step
    across = (np.arange(N_PIXELS) + 0.5) / N_PIXELS * side - side / 2
    # The patient's right on the left, anterior on top.
    z, y, x = np.meshgrid(up, -across, -across, indexing="ij")
    return centre + np.column_stack([x.ravel(), y.ravel(), z.ravel()]), side


def _cut(image: Volume, mask: Volume, places: FloatArray, side_mm: float, modality: str) -> Strip | None:
    if image.affine_ras is None:
        return None
    inverse = np.linalg.inv(image.affine_ras)
    at = (places @ inverse[:3, :3].T + inverse[:3, 3]).T
    values = image.array[0]
    lowest = float(np.nanmin(values))
    seen = ndimage.map_coordinates(values.astype(np.float32), at, order=1, mode="constant", cval=lowest)
    drawn = ndimage.map_coordinates((mask.array[0] != 0).astype(np.uint8), at, order=0, mode="constant")
    shape: Sequence[int] = (N_SLICES, N_PIXELS, N_PIXELS)
    return Strip(seen.reshape(shape), drawn.reshape(shape) > 0, side_mm, modality)
