"""Pictures of findings: boxes with scores on the image, beside the reference where there is one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from scanwright.data.boxes import Boxes
from scanwright.report.palette import PREDICTION, REFERENCE
from scanwright.report.pictures import Tile, panel
from scanwright.report.slices import FEWEST_PIXELS, LARGE_TARGET, Box, Mark, Slice, flat_slice
from scanwright.types import AnyArray, BoolArray, FloatArray

MOST_PLANES = 3


@dataclass(frozen=True, eq=False)
class Findings:
    """What is drawn on a case.

    Attributes:
        found: boxes with scores, only those that count.
        true: the reference; ``None`` where there is none.
        false: (n_found,) false alarms, drawn dashed with "FP".
        missed: (n_true,) drawn dashed with "FN"; what does not count is dotted.
    """

    found: Boxes
    true: Boxes | None = None
    false: BoolArray | None = None
    missed: BoolArray | None = None


def box_panel(
    image: AnyArray,
    findings: Findings,
    affine_ras: FloatArray | None = None,
    *,
    modality: str = "",
    caption: str = "",
) -> bytes:
    """A picture plain beside boxed; of a volume the planes through up to three boxes, with close-ups: through
    what was missed, false alarms and hits, the surest first, one of each before a second.

    Args:
        image: (channel, i, j, k); of several channels the first is shown, of a photograph colour.
        findings: on the same grid.
        affine_ras: (4, 4) to patient mm, RAS+; ``None`` for photographs.
        modality: "CT" states the window in HU.
        caption: written below.

    Returns:
        PNG.
    """
    marks = list(_marks(findings))
    together = [findings.true.box_ijk] if findings.true is not None else []
    box_ijk = np.concatenate([*together, findings.found.box_ijk])
    columns: list[list[Tile]] = []
    shown: set[str] = set()
    for nth in _telling(findings, len(together[0]) if together else 0):
        middle = np.array(image.shape[1:]) / 2 if nth is None else box_ijk[nth].mean(axis=0)
        plane, edges, reached = flat_slice(image, affine_ras, 0, box_ijk, middle)
        if plane.note in shown:
            continue
        shown.add(plane.note)
        seen = [
            replace(mark, left=left, top=top, right=right, bottom=bottom)
            for mark, (left, top, right, bottom), on in zip(marks, edges.tolist(), reached, strict=True)
            if on
        ]
        plane = replace(plane, marks=tuple(seen))
        flat = image.shape[3] == 1 or nth is None
        columns.append(_flat_tiles(plane) if flat else _volume_tiles(plane, edges[nth]))
        if len(columns) == MOST_PLANES or image.shape[3] == 1:
            break
    of_several = f"channel 1/{image.shape[0]}" if image.shape[0] > 1 else ""
    return panel(columns, modality, of_several, caption=caption)


def _marks(findings: Findings) -> Iterator[Mark]:
    """Of the reference, then of what was found; where they lie is put in later."""
    true, found = findings.true, findings.found
    names = {*found.classes, *(true.classes if true is not None else ())}
    several = len(names) > 1
    if true is not None:
        missed = findings.missed if findings.missed is not None else np.zeros(len(true), dtype=bool)
        for name, miss, ignored in zip(true.classes, missed, true.ignored, strict=True):
            style = "dashed" if miss else "dotted" if ignored else "solid"
            text = f"FN {_short(name)}".rstrip() if miss and several else "FN" if miss else ""
            yield Mark(0, 0, 0, 0, REFERENCE, style, 1.6 if miss or ignored else 2.4, text)
    false = findings.false if findings.false is not None else np.zeros(len(found), dtype=bool)
    scores = found.scores if found.scores is not None else np.ones(len(found))
    for name, score, wrong in zip(found.classes, scores, false, strict=True):
        words = ["FP"] * bool(wrong) + [_short(name)] * several + [f"{score:.2f}"]
        text = " ".join(filter(None, words))
        yield Mark(0, 0, 0, 0, PREDICTION, "dashed" if wrong else "solid", 1.2, text)


def _telling(findings: Findings, n_true: int) -> list[int | None]:
    """Which boxes planes are laid through, in the order of ``_marks``; the middle where there is none."""
    found = findings.found
    order = np.argsort(-(found.scores if found.scores is not None else np.ones(len(found))), kind="stable")
    false = findings.false if findings.false is not None else np.zeros(len(found), dtype=bool)
    missed = findings.missed if findings.missed is not None else np.zeros(n_true, dtype=bool)
    kinds = [
        [int(n) for n in np.flatnonzero(missed)],
        [n_true + int(n) for n in order if false[n]],
        [n_true + int(n) for n in order if not false[n]],
    ]
    turns = range(max(map(len, kinds)))
    return [kind[turn] for turn in turns for kind in kinds if turn < len(kind)] or [None]


def _flat_tiles(plane: Slice) -> list[Tile]:
    return [Tile(plane), Tile(plane, outlined=True)]


def _volume_tiles(plane: Slice, edges: FloatArray) -> list[Tile]:
    box = _around(plane, edges)
    if box is None:
        return _flat_tiles(plane)
    near = plane.crop(box)
    return [
        Tile(plane, outlined=True, frame=box),
        Tile(replace(near, marks=()), is_close_up=True),
        Tile(near, outlined=True, is_close_up=True),
    ]


def _around(plane: Slice, edges: FloatArray) -> Box | None:
    """Rows and columns of a square three times the box; ``None`` where the box fills much of the slice."""
    steps = plane.spacing or (1.0, 1.0)
    shape = plane.image.shape[:2]
    left, top, right, bottom = (float(edge) for edge in edges)
    ends = ((top, bottom), (left, right))
    if max((hi - lo) / n for (lo, hi), n in zip(ends, shape, strict=True)) > LARGE_TARGET:
        return None
    extent = max((hi - lo) * step for (lo, hi), step in zip(ends, steps, strict=True))
    side = max(3 * extent, FEWEST_PIXELS * min(steps))
    parts = []
    for (lo, hi), n, step in zip(ends, shape, steps, strict=True):
        size = min(n, math.ceil(side / step))
        start = int(min(max((lo + hi - size) / 2, 0), n - size))
        parts.append(slice(start, start + size))
    return parts[0], parts[1]


def _short(name: str) -> str:
    """A class as the font at hand can write it; "" for other scripts."""
    return name[:10] if name.isascii() else ""
