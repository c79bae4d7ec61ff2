"""Pictures of one image laid on another: squares of both in turn, edges, colour on grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from skimage.feature import canny

from scanwright.data.volume import Volume
from scanwright.report.pictures import MOST_OPAQUE, Tile, sheet
from scanwright.report.slices import Slice, slices_through, window_of
from scanwright.types import AnyArray, BoolArray, FloatArray

SQUARES = 8
"""Along the longer side of a picture."""
EDGE_PIXELS = 3.0
OPACITY_PERCENT = round(100 * MOST_OPAQUE)

Plane: TypeAlias = tuple[Volume, Volume]
"""Two images on one grid of a single plane."""


def compared_picture(planes: Sequence[Plane]) -> bytes:
    """Of each plane squares of both images in turn, and below the second with edges of the first; PNG.

    The second image is shown in the window of the first where both share a picture.
    """
    squares, edges = [], []
    for one, other in planes:
        first, second = _slice(one), _slice(other)
        still, moved = _shown(first.image), _shown(second.image)
        low, high = window_of([first.image], first.plane)
        grey = np.where(_squares(still.shape), moved, still) * (high - low) + low
        squares.append(Tile(replace(first, image=grey)))
        drawn = canny(still, sigma=EDGE_PIXELS).astype(np.uint8)
        edges.append(Tile(replace(second, prediction=drawn), outlined=True))
    return sheet([squares, edges], planes[0][0].modality)


def fused_picture(planes: Sequence[Plane], window: tuple[float, float]) -> bytes:
    """Of each plane the first image in grey, and beside it the second over it in colour; PNG.

    Args:
        planes: the images.
        window: value of the second at which it is clear, and at which it is most opaque.
    """
    low, high = window
    tiles = []
    for one, other in planes:
        base = _slice(one)
        heat: FloatArray = np.clip(
            (np.asarray(_slice(other).image, dtype=np.float64) - low) / (high - low), 0, 1
        )
        tiles.append([Tile(base), Tile(replace(base, heat=np.nan_to_num(heat)), outlined=True)])
    rows = tiles if len(tiles) == 1 else [list(row) for row in zip(*tiles, strict=True)]
    return sheet(rows, planes[0][0].modality)


def _slice(plane: Volume) -> Slice:
    seen = slices_through(plane.array, [], (0, 0, 0), plane.affine_ras)[0]
    return replace(seen, note="")  # a plane that was cut out is always number 1 of 1


def _shown(image: AnyArray) -> FloatArray:
    """0 … 1 in the image's own window."""
    low, high = window_of([image], "axial")
    return np.asarray(
        np.clip((np.nan_to_num(np.asarray(image, dtype=np.float64)) - low) / (high - low), 0, 1)
    )


def _squares(shape: tuple[int, ...]) -> BoolArray:
    side = max(1, max(shape) // SQUARES)
    rows, columns = np.indices(shape)
    return np.asarray((rows // side + columns // side) % 2 == 1)
