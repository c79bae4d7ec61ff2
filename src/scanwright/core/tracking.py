"""Tracking: which lesion of one date is which lesion of the next, in a frame that all dates share.

Pairs are one-to-one and the best of all assignments together (Crouse, IEEE Trans Aerosp Electron Syst
2016;52:1679, as in SciPy), by place, size and overlap; what is left over appeared, vanished, came off
another lesion or went into one. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from scanwright.types import FloatArray

Event: TypeAlias = Literal["appeared", "vanished", "split", "merged"]

PLACE_SD_MM = 3.0
"""Along each axis, what registration of the body leaves where nobody says better."""
GROWN_SHARE = 0.25
"""Of its radius, that the centre of a lesion moves as it grows or shrinks unevenly (standard deviation)."""
SIZE_SD = 1.2
"""Of the change of log volume between two dates, before anything is known of a lesion: a factor of 3."""
OVERLAP_GAIN = 4.0
"""By how much full overlap makes a pair likelier, in the unit of a log likelihood."""
MOST_COST = 9.0
"""Of a pair: 4.2 standard deviations of place, were all else equal."""
LEAST_COVERED = 0.4
"""Of a piece, that lies where the other lesion lay, to have come off it or gone into it."""
FEWEST_PAIRS = 3
"""From which a shift that all lesions share is told from their own."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A lesion at one date.

    Attributes:
        points_mm: (n, 3) spread evenly over it, in the frame that all dates share.
        volume_ml: as measured.
    """

    points_mm: FloatArray
    volume_ml: float

    @property
    def centre_mm(self) -> FloatArray:
        """(3,)."""
        centre: FloatArray = self.points_mm.mean(axis=0)
        return centre

    @property
    def radius_mm(self) -> float:
        """Of the ball of its volume."""
        return float((self.volume_ml * 1000 * 3 / (4 * np.pi)) ** (1 / 3))


@dataclass(frozen=True)
class Links:
    """Two dates linked; all numbers are places in the two lists.

    Attributes:
        pairs: (earlier, later), one-to-one.
        splits: (earlier, later): a further piece of what is paired already.
        merges: (earlier, later): went into what is paired with another.
        shift_mm: (3,) that all lesions shared, and that was taken off.
    """

    pairs: tuple[tuple[int, int], ...]
    splits: tuple[tuple[int, int], ...] = ()
    merges: tuple[tuple[int, int], ...] = ()
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass
class Track:
    """A lesion through time.

    Attributes:
        first: date (its place in the list) and lesion by which it is known.
        seen: date → lesions of that date that are of it; several after a split, none where it was not seen.
        events: (date, what happened); with "merged" the track that it went into.
        into: track that it went into, once it merged.
    """

    first: tuple[int, int]
    seen: dict[int, tuple[int, ...]] = field(default_factory=dict)
    events: list[tuple[int, Event]] = field(default_factory=list)
    into: int | None = None


def link(earlier: Sequence[Seen], later: Sequence[Seen], place_sd_mm: float = PLACE_SD_MM) -> Links:
    """Which lesion became which.

    Args:
        earlier, later: lesions of two dates in one frame.
        place_sd_mm: along each axis, what registration leaves.
    """
    if not earlier or not later:
        return Links(())
    shift = np.zeros(3)
    pairs = _assign(earlier, later, place_sd_mm, shift)
    if len(pairs) >= FEWEST_PAIRS:
        moved = np.array([later[j].centre_mm - earlier[i].centre_mm for i, j in pairs])
        shift = np.clip(np.median(moved, axis=0), -3 * place_sd_mm, 3 * place_sd_mm)
        pairs = _assign(earlier, later, place_sd_mm, shift)
    covered = _Coverage(earlier, later, place_sd_mm, shift)
    paired = dict(pairs)
    of_later = {j: i for i, j in pairs}
    splits, merges = [], []
    for j in range(len(later)):
        if j in of_later:
            continue
        shares = [covered.later_in_earlier(i, j) for i in range(len(earlier))]
        i = int(np.argmax(shares))
        if shares[i] < LEAST_COVERED:
            continue
        if i in paired:
            splits.append((i, j))
        else:  # so much smaller or larger that size spoke against it, but in its very place
            paired[i], of_later[j] = j, i
    for i in range(len(earlier)):
        if i in paired:
            continue
        shares = [covered.earlier_in_later(i, j) for j in range(len(later))]
        j = int(np.argmax(shares))
        if shares[j] >= LEAST_COVERED and j in of_later:
            merges.append((i, j))
    told = float(shift[0]), float(shift[1]), float(shift[2])
    return Links(tuple(sorted(paired.items())), tuple(splits), tuple(merges), told)


def track(
    dates: Sequence[Sequence[Seen] | None], place_sd_mm: float | Sequence[float] = PLACE_SD_MM
) -> list[Track]:
    """Lesions followed over all dates; a lesion that comes back where it was is the same one.

    Args:
        dates: lesions by date, in one frame; ``None`` where nothing can be said of places.
        place_sd_mm: for all dates, or one for each.

    Returns:
        In the order in which they appeared; those of one date in the order of its list.
    """
    tracks: list[Track] = []
    last: list[tuple[int, Seen]] = []  # (track, piece as it was seen last)
    is_first = True
    for date, lesions in enumerate(dates):
        if lesions is None:
            continue
        sd = place_sd_mm if isinstance(place_sd_mm, (int, float)) else place_sd_mm[date]
        links = link([piece for _, piece in last], lesions, sd)
        owner = {j: last[i][0] for i, j in (*links.pairs, *links.splits)}
        _tell_merges(tracks, links, last, owner, date)
        for j in range(len(lesions)):
            if j not in owner:
                owner[j] = len(tracks)
                tracks.append(Track((date, j), events=[] if is_first else [(date, "appeared")]))
        for n, one in enumerate(tracks):
            before = one.seen.get(max(one.seen, default=-1), ())
            one.seen[date] = tuple(sorted(j for j, own in owner.items() if own == n))
            if len(one.seen[date]) > len(before) > 0:
                one.events.append((date, "split"))
            if before and not one.seen[date] and one.into is None:
                one.events.append((date, "vanished"))
        found = set(owner.values())
        gone = [(n, piece) for n, piece in last if n not in found and tracks[n].into is None]
        # Where it was is told with the shift of this date off, as all are told from the first.
        shift = np.array(links.shift_mm)
        last = gone + [
            (owner[j], Seen(piece.points_mm - shift, piece.volume_ml)) for j, piece in enumerate(lesions)
        ]
        is_first = False
    return tracks


def _tell_merges(
    tracks: list[Track], links: Links, last: list[tuple[int, Seen]], owner: dict[int, int], date: int
) -> None:
    """A track merged when no piece of it is left for itself."""
    alone = set(owner.values())
    for i, j in links.merges:
        n = last[i][0]
        if n not in alone and tracks[n].into is None:
            tracks[n].into = owner[j]
            tracks[n].events.append((date, "merged"))


def _assign(
    earlier: Sequence[Seen], later: Sequence[Seen], place_sd_mm: float, shift: FloatArray
) -> list[tuple[int, int]]:
    cost = _costs(earlier, later, place_sd_mm, shift)
    n, m = cost.shape
    # Each may also stay alone, for half of what a pair may cost at most.
    square = np.full((n + m, n + m), MOST_COST / 2)
    square[:n, :m] = cost
    square[n:, m:] = 0.0
    rows, columns = linear_sum_assignment(square)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if i < n and j < m]


def _costs(
    earlier: Sequence[Seen], later: Sequence[Seen], place_sd_mm: float, shift: FloatArray
) -> FloatArray:
    """(n, m) negative log likelihoods, up to what all pairs share."""
    centres = np.array([one.centre_mm for one in earlier])
    others = np.array([one.centre_mm for one in later]) - shift
    radii = np.array([one.radius_mm for one in earlier])
    other_radii = np.array([one.radius_mm for one in later])
    largest = np.maximum(radii[:, None], other_radii[None])
    apart = np.linalg.norm(centres[:, None] - others[None], axis=2)
    variance = place_sd_mm**2 + (GROWN_SHARE * largest) ** 2
    sizes = np.log([max(one.volume_ml, 1e-9) for one in earlier])
    other_sizes = np.log([max(one.volume_ml, 1e-9) for one in later])
    cost = apart**2 / (2 * variance) + (sizes[:, None] - other_sizes[None]) ** 2 / (2 * SIZE_SD**2)
    covered = _Coverage(earlier, later, place_sd_mm, shift)
    for i, j in np.argwhere(apart <= radii[:, None] + other_radii[None] + 3 * place_sd_mm):
        share = max(covered.earlier_in_later(i, j), covered.later_in_earlier(i, j))
        cost[i, j] -= OVERLAP_GAIN * share
    return np.asarray(np.minimum(cost, 2 * MOST_COST))


class _Coverage:
    """Which share of one lesion lies where another does, give or take what registration leaves."""

    def __init__(
        self, earlier: Sequence[Seen], later: Sequence[Seen], place_sd_mm: float, shift: FloatArray
    ) -> None:
        self._points = [one.points_mm for one in earlier], [one.points_mm - shift for one in later]
        self._trees = tuple([cKDTree(points) for points in side] for side in self._points)
        self._reach = tuple([place_sd_mm + _step(one) for one in side] for side in (earlier, later))

    def later_in_earlier(self, i: int, j: int) -> float:
        return self._share(self._points[1][j], 0, i)

    def earlier_in_later(self, i: int, j: int) -> float:
        return self._share(self._points[0][i], 1, j)

    def _share(self, points: FloatArray, side: int, n: int) -> float:
        reach = self._reach[side][n]
        distance, _ = self._trees[side][n].query(points, distance_upper_bound=reach)
        return float(np.mean(distance <= reach))


def _step(one: Seen) -> float:
    """About how far a place inside a lesion is from the next of its points, in mm."""
    return float((one.volume_ml * 1000 / len(one.points_mm)) ** (1 / 3)) / 2
