"""Lesions of a mask, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cc3d
import numpy as np

from scanwright.types import AnyArray, BoolArray, IntArray

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Lesion:
    """A lesion on the grid of its mask.

    Attributes:
        number: from 1, the largest first.
        label: its value in the mask.
        box: where it lies, (i, j, k).
        mask: of the box.
        n_voxels: how many are inside.
        borders: sides of the grid that it touches, such as "i-" and "k+": some of it may lie beyond.
    """

    number: int
    label: int
    box: Box
    mask: BoolArray
    n_voxels: int
    borders: tuple[str, ...]


def find_lesions(
    labels: IntArray, *, instances: bool = False, wanted: Sequence[int] = ()
) -> Iterator[Lesion]:
    """Every connected piece of every label (voxels that share a corner are of one piece), or every label.

    Args:
        labels: (i, j, k), 0 where there is nothing.
        instances: the mask numbers its lesions, so that pieces of one label are one lesion.
        wanted: only these labels; all by default.

    Yields:
        The largest first.
    """
    labels = np.ascontiguousarray(np.where(np.isin(labels, wanted), labels, 0) if len(wanted) else labels)
    values: AnyArray
    if instances:
        values, numbers = np.unique(labels, return_inverse=True)
        pieces = numbers.reshape(labels.shape).astype(np.uint32) + (0 if values[0] == 0 else 1)
        values = values if values[0] == 0 else np.r_[0, values]
    else:
        pieces = cc3d.connected_components(labels, connectivity=26)
        values = np.zeros(int(pieces.max(initial=0)) + 1, labels.dtype)
        values[pieces.ravel()] = labels.ravel()
    told = cc3d.statistics(pieces, no_slice_conversion=True)
    sizes, boxes = told["voxel_counts"], told["bounding_boxes"]
    order = sorted(range(1, len(values)), key=lambda n: -int(sizes[n]))
    for number, piece in enumerate(order, start=1):
        ends = [int(end) for end in boxes[piece]]
        box = slice(ends[0], ends[1] + 1), slice(ends[2], ends[3] + 1), slice(ends[4], ends[5] + 1)
        yield Lesion(
            number,
            int(values[piece]),
            box,
            pieces[box] == piece,
            int(sizes[piece]),
            _borders(box, labels.shape),
        )


def _borders(box: Box, shape: Sequence[int]) -> tuple[str, ...]:
    """Sides of the grid; an axis of one voxel has none."""
    touched = []
    for axis, part, n in zip("ijk", box, shape, strict=True):
        touched += [f"{axis}-"] if n > 1 and part.start == 0 else []
        touched += [f"{axis}+"] if n > 1 and part.stop == n else []
    return tuple(touched)
