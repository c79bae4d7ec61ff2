"""Pictures of lesions with their diameters, on the slice where they were taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scanwright.data.volume import Volume
from scanwright.report.palette import ORANGE, YELLOW
from scanwright.report.pictures import Tile, panel
from scanwright.report.rounding import format_length
from scanwright.report.slices import Line, close_up, lined_slice
from scanwright.types import BoolArray, JsonDict

_MODALITIES = {"HU": "CT"}


def diameter_picture(
    image: Volume, mask: BoolArray, box: tuple[slice, slice, slice], record: JsonDict, unit: str = ""
) -> bytes:
    """The slice with the longest diameter: outline, both diameters with their lengths, and a close-up.

    Args:
        image: the whole image.
        mask: of the box.
        box: where the lesion lies, (i, j, k).
        record: what ``followup.measurement`` told of it.
        unit: "HU" states the window in it.

    Returns:
        PNG.
    """
    axis, index = "ijk".index(record["slice_axis"]), int(record["slice"])
    shape = [1 if n == axis else size for n, size in enumerate(image.shape)]
    drawn = np.zeros(shape, dtype=bool)
    places = tuple(slice(0, 1) if n == axis else part for n, part in enumerate(box))
    drawn[places] = mask.take([index - box[axis].start], axis=axis)
    ends = [np.array(record[f"{name}_ends_ijk"]) for name in ("long", "short")]
    plane, seen = lined_slice(image.array, drawn, image.affine_ras, axis, index, ends)
    length = "mm" if image.affine_ras is not None else "px"
    texts = [f"{format_length(record[f'{name}_{length}'])} {length}" for name in ("long", "short")]
    lines = tuple(
        Line(pair, colour, text) for pair, colour, text in zip(seen, (YELLOW, ORANGE), texts, strict=True)
    )
    plane = replace(plane, lines=lines)
    frame = close_up(plane)
    whole = replace(plane, lines=tuple(replace(line, text="") for line in lines))
    if frame is None:
        return panel(
            [[Tile(replace(plane, lines=())), Tile(plane, outlined=True)]], _MODALITIES.get(unit, "")
        )
    near = plane.crop(frame)
    tiles = [
        Tile(whole, outlined=True, frame=frame),
        Tile(near, is_close_up=True),
        Tile(near, outlined=True, is_close_up=True),
    ]
    return panel([tiles], _MODALITIES.get(unit, ""))
