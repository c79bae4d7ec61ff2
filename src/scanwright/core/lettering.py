"""Writing in a plane, such as names burned into an ultrasound: rows of letter-like marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cc3d
import numpy as np
from scipy.spatial import cKDTree

from scanwright.core.grouping import connected
from scanwright.types import AnyArray, BoolArray, FloatArray

# Pixels of the plane, which is made smaller by halves: letters of all sizes pass through this range.
SMALLEST, LARGEST = 6, 28
SMALLEST_SIDE = 24
MOST_SIDE = 1280  # larger ones are radiographs, whose letters are large too
MOST_HALVINGS = 3
WINDOW_SHIFTS = (1, 2, 4, 8)  # add up to a window of 16 pixels
# A mark is what lies above one of these levels between the darkest and the brightest pixel of its window:
# with the middle one letters keep their form, with the high ones they come off a mottled ground, with the low
# one they hold together where they are thin.
LEVELS = (0.4, 0.6, 0.75, 0.9)
# Each for bright letters and for dark ones.
INKS = tuple((level, sign) for level in LEVELS for sign in (1, -1))
MOST_PIXELS = 1 << 20  # of inks that are looked at in one go: those of small planes together
LEAST_CONTRAST = 0.16  # of the plane's range
# Letters of a row are alike in height, in the width of their strokes and in grey; by how much, in parts of
# the height, of the stroke and of the plane's range.
TOLERANCE = (0.1, 0.16, 0.064)
FEWEST_MARKS = 5
# How unlike n marks may be: WORTH for each beyond FREE. Chosen, as the other numbers, on pictures with a line
# drawn into them (decision note 27).
WORTH, FREE = 2.0, 4.0
MOST_AS_BRIGHT = 0.05
# Of a volume's range, from pixel to pixel: letters have such steps at every stroke, anatomy few.
SHARP_STEP = 0.3
MOST_JUMPS = 4


@dataclass(frozen=True)
class WrittenLine:
    """A row of letter-like marks.

    Attributes:
        box_ij: (low i, low j, high i, high j), half-open, in pixels of the plane.
        n_marks: how many; about the number of letters, as some touch and others fall apart.
        k: the plane, of several.
    """

    box_ij: tuple[int, int, int, int]
    n_marks: int
    k: int = 0


@dataclass(frozen=True, eq=False)
class _Marks:
    """Connected parts of a plane that could be letters, one row each.

    Attributes:
        low, high: (n, 2) box, first axis across the line, second along it.
        stroke: mean width.
        level: mean grey.
        number: in the image of numbered parts.
        ink: in which of several such images.
    """

    low: AnyArray
    high: AnyArray
    area: FloatArray
    stroke: FloatArray
    level: FloatArray
    number: AnyArray
    ink: AnyArray

    def __getitem__(self, which: AnyArray) -> _Marks:
        return _Marks(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    @property
    def turned(self) -> _Marks:
        return replace(self, low=self.low[:, ::-1], high=self.high[:, ::-1])

    @property
    def height(self) -> AnyArray:
        return self.high[:, 0] - self.low[:, 0]


def choose_planes(volume: AnyArray, low: float, high: float) -> list[int]:
    """The few planes of a volume in which writing shows, if in any: to search all of them takes too long.

    Writing that stands in every plane stands in the middle one. Other writing begins and ends somewhere:
    where the number of sharp steps jumps from one plane to the next.

    Args:
        volume: (i, j, k), planes along k.
        low, high: the range of its intensities, without the extremes.

    Returns:
        The middle plane, and then those at the largest jumps.
    """
    middle = volume.shape[2] // 2
    steps = np.array([_count_steps(volume[..., k], low, high) for k in range(volume.shape[2])])
    jumps = np.diff(steps)
    fuller = np.arange(len(jumps)) + (jumps > 0)
    largest = np.argsort(-np.abs(jumps), kind="stable")
    others = [int(k) for k in dict.fromkeys(fuller[largest].tolist()) if k != middle]
    return [middle, *others[:MOST_JUMPS]]


def _count_steps(plane: AnyArray, low: float, high: float) -> int:
    plane = np.clip(plane.astype(np.float32), low, high)
    return sum(
        int(np.count_nonzero(np.abs(np.diff(plane, axis=axis)) > SHARP_STEP * (high - low)))
        for axis in (0, 1)
    )


def find_lines(plane: FloatArray, low: float, high: float) -> list[WrittenLine]:
    """Rows of five letters and more, of any grey, along either axis.

    Args:
        plane: (i, j).
        low, high: the range of its intensities, without the extremes.

    Returns:
        The longest first. The same line may be found at several sizes and is then named once.
    """
    if high <= low:
        return []
    small = np.ascontiguousarray(np.clip((plane - low) / (high - low), -0.2, 1.2), np.float32)
    found: list[WrittenLine] = []
    scale = 1
    while max(small.shape) > MOST_SIDE:
        small, scale = _halved(small), 2 * scale
    for _ in range(MOST_HALVINGS + 1):
        if min(small.shape) < SMALLEST_SIDE:
            break
        for box, n in _lines_at(small):
            i, j, i_end, j_end = (scale * int(edge) for edge in box)
            found.append(WrittenLine((i, j, min(i_end, plane.shape[0]), min(j_end, plane.shape[1])), n))
        small, scale = _halved(small), 2 * scale
    return distinct_lines(found)


def _halved(plane: FloatArray) -> FloatArray:
    i, j = (n // 2 * 2 for n in plane.shape)
    return np.asarray(plane[:i, :j].reshape(i // 2, 2, j // 2, 2).mean(axis=(1, 3)))


def distinct_lines(lines: Iterable[WrittenLine]) -> list[WrittenLine]:
    """The longest first, without those that meet a longer one in place, in whichever plane."""
    kept: list[WrittenLine] = []
    for line in sorted(lines, key=lambda line: -line.n_marks):
        if not any(_meet(line.box_ij, other.box_ij) for other in kept):
            kept.append(line)
    return kept


def _meet(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _lines_at(plane: FloatArray) -> Iterator[tuple[tuple[int, int, int, int], int]]:
    """Box and number of marks of the lines whose letters have the usual size in this plane."""
    dark, bright = _around(plane, np.minimum), _around(plane, np.maximum)
    at_once = max(1, MOST_PIXELS // plane.size)
    for begin in range(0, len(INKS), at_once):
        some = INKS[begin : begin + at_once]
        marks, numbers = _marks(_inks(plane, dark, bright, some), plane)
        for turned, own in ((False, marks), (True, _inside(marks, plane.shape).turned)):
            for row in filter(_is_even, _rows(own[_like_letters(own)])):
                ink = int(row.ink[0])
                if _stands_out(row, numbers[ink], plane, some[ink][1], turned):
                    low, high = row.low.min(axis=0), row.high.max(axis=0)
                    box = (*low[::-1], *high[::-1]) if turned else (*low, *high)
                    yield box, len(row.area)


def _inks(
    plane: FloatArray, dark: FloatArray, bright: FloatArray, kinds: Sequence[tuple[float, int]]
) -> BoolArray:
    """(ink, i, j): what lies far enough from its ground; with an empty row and column behind each."""
    span = bright - dark
    span[span <= LEAST_CONTRAST] = np.inf  # nothing lies so far
    inks = np.zeros((len(kinds), plane.shape[0] + 1, plane.shape[1] + 1), dtype=np.bool_)
    for made, (level, sign) in zip(inks[:, :-1, :-1], kinds, strict=True):
        if sign > 0:
            np.greater(plane, dark + level * span, out=made)
        else:
            np.less(plane, bright - level * span, out=made)
    return inks


def _around(plane: FloatArray, extreme: np.ufunc) -> FloatArray:
    """The extreme in the window around each pixel, by doubling."""
    half = sum(WINDOW_SHIFTS) // 2
    plane = np.pad(plane, (half + 1, half), mode="edge")
    for shift in WINDOW_SHIFTS:
        plane = extreme(plane[:-shift], plane[shift:])
    for shift in WINDOW_SHIFTS:
        plane = extreme(plane[:, :-shift], plane[:, shift:])
    return plane


def _marks(inks: BoolArray, plane: FloatArray) -> tuple[_Marks, AnyArray]:
    """Their connected parts no larger than a letter (or some that touch), and the images of their numbers.

    Counted by runs of ink along the last axis, of which there are far fewer than pixels.

    Args:
        inks: from :func:`_inks`.
        plane: the greys, (i, j).
    """
    _, n_rows, n_columns = (n - 1 for n in inks.shape)
    flat = inks.ravel()
    numbers = cc3d.connected_components(
        inks.view(np.uint8).reshape(-1, n_columns + 1), connectivity=8
    ).ravel()
    begin, end = np.flatnonzero(np.diff(flat, prepend=False)).reshape(-1, 2).T
    own = numbers[begin].astype(np.int64)
    n = int(own.max(initial=0)) + 1
    i, j = np.divmod(begin, n_columns + 1)
    ink, i = np.divmod(i, n_rows + 1)
    length = end - begin
    low, high = np.full((2, n), max(inks.shape)), np.zeros((2, n), np.int64)
    for axis, (first, last) in enumerate(((i, i + 1), (j, j + length))):
        np.minimum.at(low[axis], own, first)
        np.maximum.at(high[axis], own, last)
    size = high - low
    fits = (size.min(axis=0) <= LARGEST) & (size.max(axis=0) >= SMALLEST) & (size.max(axis=0) <= 4 * LARGEST)
    fits[0] = False  # the ground
    where = np.zeros(n, np.int64)
    where[own] = ink
    kept = np.flatnonzero(fits[own])
    begin, own, i, j, length = (values[kept] for values in (begin, own, i, j, length))
    # Neighbours of which one is ink and one is not: beside each other, and above each other.
    edges = np.bincount(own, (j > 0) + 1.0 * (j + length < n_columns), n)
    first = np.cumsum(length) - length
    begin, own, i, j = np.repeat([begin - first, own, i, i * n_columns + j - first], length, axis=1)
    every = np.arange(len(own))
    for off, inner in ((-n_columns - 1, i > 0), (n_columns + 1, i < n_rows - 1)):
        edges += np.bincount(own, inner & ~flat[begin + every + off], n)
    area = np.bincount(own, minlength=n).astype(np.float64)
    grey = np.bincount(own, plane.ravel()[j + every], n)
    stroke = 2 * area / np.maximum(edges, 1)  # of a long thin shape
    marks = _Marks(low.T, high.T, area, stroke, grey / np.maximum(area, 1), np.arange(n), where)
    return marks[np.flatnonzero(fits)], numbers.reshape(inks.shape)[:, :-1, :-1]


def _inside(marks: _Marks, shape: tuple[int, ...]) -> _Marks:
    """Those that do not touch the border, where stripes across it end in a row."""
    return marks[np.flatnonzero((marks.low > 0).all(axis=1) & (marks.high < shape).all(axis=1))]


def _like_letters(marks: _Marks) -> AnyArray:
    """Which are drawn with strokes, and high enough."""
    height, width = marks.height, marks.high[:, 1] - marks.low[:, 1]
    fits = (height >= SMALLEST) & (height <= LARGEST) & (width <= 4 * height)
    thin = marks.stroke <= 0.42 * height
    hollow = (marks.area < 0.85 * height * width) | (width <= 0.4 * height)
    return np.flatnonzero(fits & thin & hollow)


def _rows(marks: _Marks) -> Iterator[_Marks]:
    """Marks side by side, with a common base or top."""
    if len(marks.area) < FEWEST_MARKS:
        return
    # Far wider than high: a line may have gaps, and steps up or down are none.
    middle = np.column_stack([(marks.low + marks.high) * (2.0, 0.5), marks.ink * 1000.0])
    first, second = cKDTree(middle).query_pairs(100.0, output_type="ndarray").T
    (top, left), (base, right), height = marks.low.T, marks.high.T, marks.height
    swapped = left[first] > left[second]
    first, second = np.where(swapped, second, first), np.where(swapped, first, second)
    larger = np.maximum(height[first], height[second])
    smaller = np.minimum(height[first], height[second])
    slack = np.maximum(1, 0.12 * larger)
    one_base, one_top = (np.abs(edge[first] - edge[second]) <= slack for edge in (base, top))
    gap = left[second] - right[first]
    # Between words the gap is wide; then both must agree.
    close = (gap <= 1.2 * larger) & (one_base | one_top) | (gap <= 2.5 * larger) & one_base & one_top
    beside = np.minimum(base[first], base[second]) - np.maximum(top[first], top[second]) >= 0.75 * smaller
    joined = close & beside & (gap >= -0.3 * larger) & (smaller >= 0.55 * larger)
    if joined.sum() < FEWEST_MARKS - 1:
        return
    for row in connected(len(marks.area), zip(first[joined].tolist(), second[joined].tolist(), strict=True)):
        if len(row) >= FEWEST_MARKS:
            yield _aligned(marks[np.array(row)])


def _aligned(row: _Marks) -> _Marks:
    """The marks that stand on the base of most, or reach to their top."""
    slack = max(1.0, 0.1 * float(np.median(row.height)))
    base = np.abs(row.high[:, 0] - np.median(row.high[:, 0])) <= slack
    tops = row.low[base, 0] if base.any() else row.low[:, 0]
    return row[np.flatnonzero(base | (np.abs(row.low[:, 0] - np.median(tops)) <= slack))]


def _is_even(row: _Marks) -> bool:
    """Whether the marks are alike; the more there are, the less they need to be."""
    if len(row.area) < FEWEST_MARKS:
        return False
    height, stroke = float(np.median(row.height)), float(np.median(row.stroke))
    unlike = (_spread(row.height) / height, _spread(row.stroke) / stroke, _spread(row.level))
    disorder = sum((part / limit) ** 2 for part, limit in zip(unlike, TOLERANCE, strict=True))
    return disorder < WORTH * (len(row.area) - FREE)


def _spread(values: AnyArray) -> float:
    return float(np.abs(values - np.median(values)).mean())


def _stands_out(row: _Marks, numbers: AnyArray, plane: FloatArray, sign: int, turned: bool) -> bool:
    """Whether hardly any pixel around is as bright as the marks (or as dark): in noise many are."""
    if turned:
        numbers, plane = numbers.T, plane.T
    reach = max(2, int(np.median(row.height)) // 2)
    low, high = np.maximum(row.low.min(axis=0) - reach, 0), row.high.max(axis=0) + reach
    part = (slice(low[0], high[0]), slice(low[1], high[1]))
    ground = plane[part][~np.isin(numbers[part], row.number)]
    level = float(np.median(row.level))
    return ground.size > 0 and float(np.mean(sign * ground > sign * level)) <= MOST_AS_BRIGHT
