"""Boxes of pictures: x is the column, y the row, and the size that an annotation tells is the image's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from scanwright.data.boxes import Boxes
from scanwright.data.case import Lazy
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.failures import reading
from scanwright.io.image import read_grid


@dataclass(frozen=True)
class Drawn:
    """One box as it is told of.

    Attributes:
        name: its class.
        x0, y0, x1, y1: its edges in pixels; 0 is the left or upper edge of the first one.
        flag: see ``data.boxes.FLAGS``.
        score: how sure whoever found it was, where that is told.
    """

    name: str
    x0: float
    y0: float
    x1: float
    y1: float
    flag: str = ""
    score: float | None = None


def lazy_boxes(root: Path, file: str, image: str, read: Callable[[Path, Volume], Boxes]) -> Lazy[Boxes]:
    """The boxes of an image, read when asked for; paths relative to the root.

    Args:
        root: of the dataset.
        file: the annotation.
        image: the image, of which the header is read.
        read: gives the boxes of an annotation on the grid of its image.
    """
    return Lazy(file, partial(_read, root, file, image, read))


def _read(root: Path, file: str, image: str, read: Callable[[Path, Volume], Boxes]) -> Boxes:
    grid = read_grid(root / image, subject=image)
    with reading(file):
        return read(root / file, grid)


def nothing(source: str) -> Lazy[Boxes]:
    """An image that is known to hold no object."""
    return Lazy(source, partial(Boxes, np.empty((0, 2, 3)), ()))


def on_picture(drawn: Sequence[Drawn]) -> Boxes:
    """Boxes on the grid of a picture, (column, row, 1).

    Scores are kept where each box has one.

    Raises:
        DataError: without subject; see :class:`Boxes`.
    """
    edges = np.array([[(one.x0, one.y0, 0), (one.x1, one.y1, 1)] for one in drawn], dtype=np.float64)
    scores = [one.score for one in drawn if one.score is not None]
    return Boxes(
        edges,
        tuple(one.name for one in drawn),
        np.array(scores) if scores and len(scores) == len(drawn) else None,
        tuple(one.flag for one in drawn),
    )


def check_size(grid: Volume, columns: float | None, rows: float | None) -> None:
    """Raise when an image is not of the size that its annotation tells, or no picture.

    Args:
        grid: of the image.
        columns, rows: as told; ``None`` where nothing is.

    Raises:
        DataError: without subject.
    """
    i, j, k = grid.shape
    if k != 1:
        raise DataError(
            "boxes of pictures are drawn on a volume", expected="one plane", received=f"shape {grid.shape}"
        )
    told = (columns or i, rows or j)  # some write 0 by 0 where they did not look
    if told != (i, j):
        turned = " It may have been turned after it was annotated." if told == (j, i) else ""
        raise DataError(
            "the annotation was made for an image of another size",
            expected=f"{_number(told[0])} × {_number(told[1])} pixels",
            received=f"{i} × {j}",
            do=f"Find the image that was annotated, or annotate this one.{turned}",
        )


def _number(value: float) -> str:
    return f"{value:g}"
