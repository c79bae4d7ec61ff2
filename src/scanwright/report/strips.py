"""Strips: slices of one place above each other in one picture, of which a page shows one at a time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from scanwright.report.palette import REFERENCE, rgb
from scanwright.report.slices import window_of
from scanwright.types import BoolArray, FloatArray

MOST_STRIPS = 36
"""On a page: about 3 MB."""
PIXELS = 224
_QUALITY = 72


@dataclass(frozen=True, eq=False)
class Strip:
    """Slices of one place at one date.

    Attributes:
        images: (slice, row, column), from the feet up, seen from the feet.
        outlined: the same, what is a lesion.
        side_mm: of each, square.
        modality: of the image.
    """

    images: FloatArray
    outlined: BoolArray
    side_mm: float
    modality: str

    @property
    def n_slices(self) -> int:
        return len(self.images)


def window_of_strips(strips: Sequence[Strip]) -> tuple[float, float]:
    """Lowest and highest grey value, one for all dates of one modality."""
    return window_of([one.images[one.n_slices // 2] for one in strips], "axial")


def draw_strip(strip: Strip, window: tuple[float, float]) -> bytes:
    """The slices under each other as JPEG, lesions outlined."""
    low, high = window
    grey = np.clip((strip.images - low) / max(high - low, 1e-9), 0, 1)
    tiles = []
    for image, mask in zip(grey, strip.outlined, strict=True):
        small = Image.fromarray((255 * image).astype(np.uint8))
        tile = np.array(small.resize((PIXELS, PIXELS), Image.Resampling.BICUBIC).convert("RGB"))
        drawn = np.asarray(Image.fromarray(mask).resize((PIXELS, PIXELS), Image.Resampling.NEAREST))
        edge = drawn & ~ndimage.binary_erosion(drawn, iterations=2)
        tile[edge] = rgb(REFERENCE)
        tiles.append(tile)
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(tiles)).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
