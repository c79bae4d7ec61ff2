"""Thumbnails: a case in few pixels, with the outlines of its mask or boxes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from scanwright.extras import Later
from scanwright.report.palette import REFERENCE, rgb
from scanwright.report.slices import Slice

ndimage = Later("scipy.ndimage", feature="Drawing outlines")
LONGEST_PIXELS = 192


def draw_thumbnail(plane: Slice) -> bytes:
    """A plane as PNG, proportions by its spacing, outlines of values in the colour of references.

    Args:
        plane: its image in bytes, 0 … 255.
    """
    grey = plane.image
    height, width = (
        length * step for length, step in zip(grey.shape[:2], plane.spacing or (1.0, 1.0), strict=True)
    )
    scale = LONGEST_PIXELS / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = np.array(Image.fromarray(grey).convert("RGB").resize(size, Image.Resampling.BILINEAR))
    if plane.reference is not None and (plane.reference != 0).any():
        values = Image.fromarray(plane.reference.astype(np.int32)).resize(size, Image.Resampling.NEAREST)
        drawn = np.asarray(values)
        # Where a neighbour is less: also between a structure, or a box, and another that it touches.
        least = ndimage.grey_erosion(
            drawn, footprint=ndimage.generate_binary_structure(2, 1), mode="constant", cval=0
        )
        outline = (drawn != 0) & (least < drawn)
        picture[outline] = rgb(REFERENCE)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
