"""The volumes of a series: echoes, phases and directions that one SeriesInstanceUID holds are told apart."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pydicom

from scanwright.io.dicom.header import Plane
from scanwright.io.dicom.placement import lie_apart, same_direction, same_spacing

FEWEST_PLANES = 4
"""Fewer planes of a direction, size or spacing than this are a localizer or a stray image, no volume."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Planes of one volume.

    Attributes:
        mark: what tells it from the other volumes of its series, such as "EchoTime 4.6"; "" when it is alone.
        n_twice: planes that were left out, as their pixels were there already.
    """

    planes: tuple[Plane, ...]
    mark: str = ""
    n_twice: int = 0


def split(planes: Sequence[Plane]) -> list[Stack]:
    """The volumes that the planes of a series make, in the order of their marks.

    Planes are split by direction, size and spacing if each kind has enough planes for a volume, and then,
    where several lie at one place, by the first header fields that set them apart. What nothing sets apart
    stays together, and :func:`placement.place` says what is wrong with it.
    """
    kinds = _kinds(planes)
    if len(kinds) > 1 and min(map(len, kinds)) < FEWEST_PLANES:
        kinds = [list(planes)]
    stacks = []
    for number, kind in enumerate(kinds, start=1):
        name = f"direction {number}" if len(kinds) > 1 else ""
        stacks += _by_marks(kind, name)
    return stacks


def _kinds(planes: Sequence[Plane]) -> list[list[Plane]]:
    """Planes of one size, direction and spacing together."""
    kinds: list[list[Plane]] = []
    for plane in planes:
        for kind in kinds:
            if _is_like(plane, kind[0]):
                kind.append(plane)
                break
        else:
            kinds.append([plane])
    return kinds


def _is_like(plane: Plane, other: Plane) -> bool:
    return (
        (plane.rows, plane.columns) == (other.rows, other.columns)
        and same_direction(plane, other)
        and (plane.position_lps is None) == (other.position_lps is None)
        and same_spacing(plane, other)
    )


def _by_marks(planes: Sequence[Plane], name: str) -> list[Stack]:
    if planes[0].position_lps is None or lie_apart(planes):
        return [Stack(tuple(planes), name)]
    for field in planes[0].marks:
        groups: dict[str, list[Plane]] = defaultdict(list)
        for plane in planes:
            groups[plane.marks.get(field, "")].append(plane)
        # A field that gives each plane a value of its own, as a time may, tells planes apart and no volumes.
        if len(groups) > 1 and min(map(len, groups.values())) >= min(FEWEST_PLANES, len(planes) // 2):
            stacks = []
            for value in sorted(groups, key=_numeric):
                stacks += _by_marks(groups[value], f"{name} {field} {value}".strip())
            return stacks
    kept = _once(planes)
    return [Stack(tuple(kept), name, len(planes) - len(kept))]


def _numeric(value: str) -> tuple[float, str]:
    try:
        return float(value), value
    except ValueError:
        return np.inf, value


def _once(planes: Sequence[Plane]) -> list[Plane]:
    """Planes without those whose place and stored pixels another has too: a slice that was exported twice."""
    seen: set[tuple[tuple[float, ...], bytes]] = set()
    kept = []
    for plane in planes:
        place = tuple(np.round(plane.position_lps, 3)) if plane.position_lps is not None else ()
        key = (place, _digest(plane))
        if key not in seen:
            seen.add(key)
            kept.append(plane)
    return kept


def _digest(plane: Plane) -> bytes:
    if plane.n_frames > 1:  # frames of one file are not the same image twice
        return f"{plane.path} {plane.frame}".encode()
    stored = pydicom.dcmread(plane.path, specific_tags=["PixelData"], force=True).get("PixelData", b"")
    return hashlib.sha256(stored).digest()
