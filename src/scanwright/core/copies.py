"""Copies: which images of many show one picture, saved again, resized, cropped, mirrored or brightened.

Each image is kept as a *look*, a small picture in bytes. Looks are compared by their structure at three
finenesses, the local contrast taken out: two pictures of one kind of anatomy agree in what is coarse, and
not in what is fine. The nearest of each look at the coarsest are its candidates; these are laid on one
another and must agree at every fineness, at the finest also when what all looks share is taken out. Note 26.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from scanwright.core.alignment import along_axes, correlate, lay, move, overlap
from scanwright.core.geometry import Shape3, ras_axes, reorient, resample
from scanwright.core.grouping import connected
from scanwright.types import AnyArray, FloatArray, IntArray

LOOK_SHAPE: dict[int, Shape3] = {2: (96, 96, 1), 3: (32, 32, 32)}
LEAST_ALIKE = 0.8
LEAST_ALIKE_OF_FEW = 0.95
"""Where there are too few to tell what all have in common."""
FEWEST_TO_SHARE = 5
N_NEAREST = 6
"""Candidates of each look; more copies of one picture are found through one another."""
LEAST_NEAR_TURNED = 0.5
LEAST_OVERLAP = 0.5
CONTRAST_FLOOR = 0.25
"""Of a look's own contrast: below it there is noise, which must not become structure."""
ROWS_AT_ONCE = 1024
PAIRS_AT_ONCE = 128


class Fineness(NamedTuple):
    """Structure between two smoothnesses (in look voxels), on a grid of so many voxels a side.

    Attributes:
        steps: of the alignment; 0 only measures.
    """

    side: int
    low: float
    high: float
    steps: int


FINENESS: dict[int, tuple[Fineness, ...]] = {
    2: (Fineness(24, 2.0, 6.0, 8), Fineness(48, 1.0, 3.0, 4), Fineness(96, 0.0, 2.0, 0)),
    3: (Fineness(16, 1.0, 3.0, 8), Fineness(32, 0.5, 2.0, 4), Fineness(32, 0.0, 2.0, 0)),
}
Turn = tuple[tuple[int, int, int], tuple[bool, bool, bool]]
"""How axes are permuted and flipped, see :func:`core.geometry.reorient`."""
AS_IT_IS: Turn = ((0, 1, 2), (False, False, False))
TURNS: dict[int, tuple[Turn, ...]] = {
    2: tuple(
        (order, (i, j, False))
        for order in ((0, 1, 2), (1, 0, 2))
        for i, j in product((False, True), repeat=2)
    ),
    3: tuple(((0, 1, 2), (i, j, k)) for i, j, k in product((False, True), repeat=3)),
}


@dataclass(frozen=True)
class CopyPair:
    """Two images that show one picture.

    Attributes:
        a, b: their numbers, a < b.
        agreement: correlation of their fine structure, 1 for the very same.
        turned: whether one is mirrored or turned.
    """

    a: int
    b: int
    agreement: float
    turned: bool


def take_look(array: AnyArray, affine_ras: FloatArray | None = None) -> AnyArray | None:
    """A small picture in bytes of an image without NaN; ``None`` for one without any structure.

    Args:
        array: (channel, i, j, k).
        affine_ras: of a volume, whose axes then run to the right, the front and the head.
    """
    mean = array if len(array) == 1 else array.mean(axis=0, dtype=np.float32, keepdims=True)
    dims = 2 if array.shape[3] == 1 else 3
    # Volumes of NIfTI files lie with i fastest in memory: the other way round they are read in one go.
    back = (0, 3, 2, 1) if mean.strides[1] < mean.strides[3] else (0, 1, 2, 3)
    shape = LOOK_SHAPE[dims]
    small = resample(mean.transpose(back), [shape[axis - 1] for axis in back[1:]]).transpose(back)
    if affine_ras is not None and dims == 3:
        small = reorient(small, *ras_axes(affine_ras))
    # Very large values, such as burned-in text, must not drown the rest.
    low, high = np.percentile(small, (1, 99)).astype(np.float64)
    if _is_flat(low, high):
        low, high = float(small.min()), float(small.max())
    if _is_flat(low, high):
        return None
    scaled = np.clip((small[0] - low) / (high - low), 0, 1)
    return np.asarray(np.round(255 * scaled), dtype=np.uint8)


def _is_flat(low: float, high: float) -> bool:
    """Whether two intensities differ by no more than the rounding of a mean."""
    return high - low <= 1e-5 * max(abs(low), abs(high))


def find_copies(looks: Sequence[AnyArray | None]) -> list[CopyPair]:
    """Pairs that show one picture: of any group of copies enough to join it, not each with each.

    Args:
        looks: see :func:`take_look`; planes are compared with planes, volumes with volumes.
    """
    found: list[CopyPair] = []
    for dims, shape in LOOK_SHAPE.items():
        first: dict[bytes, int] = {}
        for n, look in enumerate(looks):
            if look is not None and look.shape == shape:
                same = first.setdefault(look.tobytes(), n)
                if same != n:
                    found.append(CopyPair(same, n, 1.0, False))
        own = list(first.values())
        if len(own) > 1:
            search = _Search(np.stack([look for n in own if (look := looks[n]) is not None]), dims)
            found += [replace(pair, a=own[pair.a], b=own[pair.b]) for pair in search.run()]
    return sorted(found, key=lambda pair: (pair.a, pair.b))


def join_copies(n: int, pairs: Sequence[CopyPair]) -> list[list[int]]:
    """Groups of the ``n`` images that pairs join."""
    return connected(n, ((pair.a, pair.b) for pair in pairs))


@dataclass(frozen=True, eq=False)
class _Search:
    """For copies among different looks.

    Attributes:
        stack: (n, i, j, k).
        dims: 2 for planes, 3 for volumes.
    """

    stack: AnyArray
    dims: int

    def run(self) -> list[CopyPair]:
        found: dict[tuple[int, int], CopyPair] = {}
        for turn in TURNS[self.dims]:
            # What is alike as it is need not be asked whether it is mirrored: the symmetric is both.
            candidates = [pair for pair in self._candidates(turn) if _in_order(pair) not in found]
            for rows in _blocks(len(candidates), PAIRS_AT_ONCE):
                for pair, agreement in self._verify(np.stack(candidates[rows]), turn):
                    a, b = _in_order(pair)
                    found.setdefault((a, b), CopyPair(a, b, agreement, turn != AS_IT_IS))
        return list(found.values())

    @cached_property
    def _coarse(self) -> FloatArray:
        """Structure at the coarsest."""
        blocks = _blocks(len(self.stack), ROWS_AT_ONCE)
        return np.concatenate([_structure(self.stack[rows], FINENESS[self.dims][0]) for rows in blocks])

    @cached_property
    def _total(self) -> FloatArray:
        """Sum of the structures at the finest."""
        blocks = _blocks(len(self.stack), PAIRS_AT_ONCE)
        finest = FINENESS[self.dims][-1]
        return np.asarray(sum(_structure(self.stack[rows], finest).sum(axis=0) for rows in blocks))

    def _candidates(self, turn: Turn) -> IntArray:
        """(pair, 2) whose coarse structure is near when the second is turned."""
        n = len(self.stack)
        vectors = self._coarse.reshape(n, -1)
        turned = reorient(self._coarse, *turn).reshape(n, -1)
        # What all have in common, such as the round frame of eye photographs, tells nothing.
        if n >= FEWEST_TO_SHARE:
            vectors, turned = vectors - vectors.mean(axis=0), turned - turned.mean(axis=0)
        vectors, turned = (
            v / np.maximum(np.linalg.norm(v, axis=1)[:, None], 1e-9) for v in (vectors, turned)
        )
        as_it_is = turn == AS_IT_IS
        n_nearest, least = (min(N_NEAREST, n - 1), -1.0) if as_it_is else (1, LEAST_NEAR_TURNED)
        found = []
        for rows in _blocks(n, ROWS_AT_ONCE):
            own = np.arange(n)[rows]
            near = vectors[rows] @ turned.T
            near[np.arange(len(own)), own] = -2.0
            nearest = np.argpartition(near, n - n_nearest, axis=1)[:, n - n_nearest :]
            kept = np.take_along_axis(near, nearest, axis=1) >= least
            found.append(np.stack([np.repeat(own, n_nearest), nearest.ravel()], axis=1)[kept.ravel()])
        pairs = np.concatenate(found)
        return np.unique(np.sort(pairs, axis=1), axis=0) if as_it_is else pairs

    def _verify(self, pairs: IntArray, turn: Turn) -> Iterator[tuple[IntArray, float]]:
        """The pairs that agree at every fineness, and how well at the finest."""
        n = len(self.stack)
        moves = np.zeros((len(pairs), self.dims, 2), np.float32)
        agreement = np.zeros(len(pairs), np.float32)
        for level, fineness in enumerate(FINENESS[self.dims]):
            if not len(pairs):
                return
            a, b = (self._structure_of(own, fineness) if level else self._coarse[own] for own in pairs.T)
            turned = np.ascontiguousarray(reorient(b, *turn))
            moves = lay(a, turned, moves, fineness.steps)
            inside, moved = overlap(a.shape, moves), move(turned, moves)
            agreement = correlate(a, moved, inside)
            kept = agreement >= LEAST_ALIKE
            kept &= np.broadcast_to(inside, a.shape).mean(axis=(1, 2, 3)) >= LEAST_OVERLAP
            if fineness is FINENESS[self.dims][-1]:
                least = LEAST_ALIKE_OF_FEW
                if n >= FEWEST_TO_SHARE:
                    least, shared = LEAST_ALIKE, (self._total - a - b) / (n - 2)
                    with_a, with_b = correlate(a, shared, inside), correlate(moved, shared, inside)
                    agreement = _partial(agreement, with_a, with_b)
                kept &= agreement >= least
            pairs, moves, agreement = pairs[kept], moves[kept], agreement[kept]
        yield from zip(pairs, agreement.astype(float).round(3).tolist(), strict=True)

    def _structure_of(self, numbers: IntArray, fineness: Fineness) -> FloatArray:
        own, place = np.unique(numbers, return_inverse=True)
        return _structure(self.stack[own], fineness)[place]


def _partial(between: FloatArray, with_a: FloatArray, with_b: FloatArray) -> FloatArray:
    """Partial correlation of a and b: what they both share with a third is taken out."""
    left = np.sqrt(np.maximum((1 - with_a**2) * (1 - with_b**2), 1e-6))
    return np.asarray(np.minimum((between - with_a * with_b) / left, 1))


def _structure(looks: AnyArray, fineness: Fineness) -> FloatArray:
    """Looks (n, i, j, k) between two smoothnesses, divided by the local contrast."""
    side, low, high, _ = fineness
    n = looks.shape[1]
    values = looks.astype(np.float32)
    fine = along_axes(values, _smoothing(n, side, low)) - along_axes(values, _smoothing(n, side, high))
    local = np.sqrt(along_axes(fine**2, _smoothing(side, side, high * side / n)))
    whole = np.sqrt((fine**2).mean(axis=(1, 2, 3), keepdims=True))
    return np.asarray(fine / (local + CONTRAST_FLOOR * whole + 1e-6), dtype=np.float32)


@lru_cache(maxsize=64)
def _smoothing(n_in: int, n_out: int, sigma: float) -> FloatArray:
    """(n_out, n_in) weights of a Gaussian; without ``sigma``, (n, n) that change nothing."""
    centres = (np.arange(n_out) + 0.5) * n_in / n_out - 0.5
    away = centres[:, None] - np.arange(n_in)
    weights = np.exp(-0.5 * (away / sigma) ** 2) if sigma else (away == 0).astype(float)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _blocks(n: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, n, size))


def _in_order(pair: IntArray) -> tuple[int, int]:
    return int(pair.min()), int(pair.max())
