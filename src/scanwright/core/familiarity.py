"""Familiarity: whether an image is like those that a model learnt from, and in what it is not.

An image is described in few numbers, aspect by aspect; of each aspect the middle of the images learnt from is
kept, and how they vary about it (Mahalanobis 1936). What lies further off than nearly all of them, each
measured against the others only, is strange.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from scanwright.core.appearance import N_WAVES, describe_appearance
from scanwright.core.geometry import ras_axes, reorient
from scanwright.core.intensity import replace_non_finite
from scanwright.errors import ModelError
from scanwright.extras import Later
from scanwright.types import AnyArray, FloatArray, IntArray, JsonDict

stats = Later("scipy.stats", feature="Learning what is usual")
Description: TypeAlias = dict[str, FloatArray]
"""Aspect → numbers, each in units of what two images of one kind may well differ by."""

ASPECTS = ("extent", "level", "greys", "texture", "layout", "channels")
ORIENTATION = "orientation"
SIDE = {2: 128, 3: 32}
"""Voxels along an axis from which on only some planes are looked at."""
N_GREYS = 5
EXTENT, RATIO, LEVEL, COLOUR = 0.2, 0.1, 0.3, 0.05
FINER = 3.0
"""Layouts of one kind are alike: what differs by chance among any two pictures is much for them."""
ROOM = 1.1
"""By as much more the limits are wider: they come from few images."""
FEWEST, MANY = 8, 50
"""Images below which nothing can be said, and from which on one of them may be a mistake."""
N_PARTS = 10
FALSE_ALARMS = 0.015
"""Share of good images that are warned of, over all aspects."""
LEAST_LIMIT = 1.25
"""Where all images learnt from are nearly the same, small differences are none."""
UPPER = 0.9
"""From here to the median is how far good images reach: the few beyond may be mistakes."""
MOST_NUMBERS = 64


@dataclass(frozen=True)
class Usual:
    """What is usual in one aspect.

    Attributes:
        centre: (number,) of the images learnt from.
        whitening: (number, number) rows that make the directions in which they vary equal.
        limit: distance from which an image is strange.
    """

    centre: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]
    limit: float

    def distance(self, numbers: FloatArray) -> float:
        """Root of the mean square over the directions; infinite for numbers of another kind."""
        if len(numbers) != len(self.centre):
            return math.inf
        even = np.asarray(self.whitening) @ (numbers - np.asarray(self.centre))
        return float(np.sqrt(np.mean(even**2)))


@dataclass(frozen=True)
class Familiarity:
    """What images a model learnt from look like; plain data.

    Attributes:
        usual: aspect → what is usual; empty where there were too few images.
        orientation_limit: by how much an image may fit better when it is mirrored or turned.
        n: images that it comes from.
    """

    usual: Mapping[str, Usual] = field(default_factory=dict)
    orientation_limit: float = math.inf
    n: int = 0

    @property
    def is_learnt(self) -> bool:
        """Whether there were enough images."""
        return bool(self.usual)

    def strangeness(self, description: Description) -> dict[str, float]:
        """Aspect → how strange an image is in it: 1 at the limit, more beyond."""
        told = {
            name: usual.distance(description[name]) / usual.limit
            for name, usual in self.usual.items()
            if name in description
        }
        layout = self.usual.get("layout")
        # What shows something else altogether fits in no orientation.
        if layout is not None and math.isfinite(told.get("layout", math.inf)):
            gain = _gain_by_turning(layout, description["layout"])
            told[ORIENTATION] = max(0.0, gain) / self.orientation_limit
        return told

    def to_json(self) -> JsonDict:
        """Plain values."""
        return {
            "usual": {
                name: {
                    "centre": list(one.centre),
                    "whitening": [list(row) for row in one.whitening],
                    "limit": one.limit,
                }
                for name, one in self.usual.items()
            },
            "orientation_limit": self.orientation_limit if self.is_learnt else None,
            "n": self.n,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], source: str = "model.json") -> Familiarity:
        """The inverse of :meth:`to_json`.

        Raises:
            ModelError: it is not what was written.
        """
        try:
            usual = {str(name): _read_usual(one) for name, one in plain["usual"].items()}
            limit = plain["orientation_limit"]
            return cls(usual, math.inf if limit is None else _positive(limit), int(plain["n"]))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError("what the model's images look like is damaged", subject=source) from error


def describe_image(array: AnyArray, affine_ras: FloatArray | None, *, inverted: bool = False) -> Description:
    """An image in few numbers; of a large one only some planes are looked at.

    Args:
        array: (channel, i, j, k).
        affine_ras: (4, 4) to patient mm; ``None`` where spacing and place are unknown.
        inverted: as if light were dark.

    Returns:
        "extent" (logarithms of the sides in mm; of their ratios where the spacing is unknown), "level" (of
        percentiles of the values as they are), "greys", "texture" and "layout" (see
        ``appearance.describe_appearance``) and, of several channels, "channels" (how they differ).
    """
    is_plane = array.shape[3] == 1
    sides = np.array(array.shape[1:], dtype=np.float64)
    if affine_ras is not None:
        sides = sides * np.linalg.norm(np.asarray(affine_ras)[:3, :3], axis=0)
        order, flips = ras_axes(affine_ras)
        if not is_plane or order[2] == 2:
            array, sides = reorient(array, order, flips), sides[list(order)]
    n_axes = 2 if is_plane else 3
    steps = [max(1, n // SIDE[n_axes]) for n in array.shape[1:]]
    some: AnyArray = array[(slice(None), *(slice(None, None, step) for step in steps))]
    some, _ = replace_non_finite(some)
    some = np.nan_to_num(some.astype(np.float32))
    if inverted:
        some = some.max() - (some - some.min())
    looks = describe_appearance(some.mean(axis=0))
    n_waves = N_WAVES[n_axes] ** n_axes
    levels = np.percentile(some, (1, 10, 50, 90, 99))
    lengths = np.log(np.maximum(sides[:n_axes], 1e-9))
    description = {
        "extent": (lengths[1:] - lengths[0]) / RATIO if affine_ras is None else lengths / EXTENT,
        "level": np.sign(levels) * np.log1p(np.abs(levels)) / LEVEL,
        "greys": looks[:N_GREYS],
        "texture": looks[N_GREYS:-n_waves],
        "layout": looks[1 - n_waves :] * FINER,
    }
    if len(some) > 1:
        span = max(float(levels[-1] - levels[0]), 1e-9)
        each = some.reshape(len(some), -1)
        away = np.concatenate([each.mean(axis=1) - each.mean(), each.std(axis=1) - each.std()])
        description["channels"] = away / span / COLOUR
    return {name: np.asarray(numbers, dtype=np.float64) for name, numbers in description.items()}


def learn_familiarity(
    descriptions: Sequence[Description], groups: Sequence[int], aspects: Sequence[str] = ASPECTS
) -> Familiarity:
    """What is usual in images, with limits that about ``FALSE_ALARMS`` of such images go beyond.

    The limits come from images that each were measured against the others, without those of its group: a
    limit of prediction by Student's t, and no less than what so few of them went beyond.

    Args:
        descriptions: from :func:`describe_image`, of all images.
        groups: of each image, its patient.
        aspects: that matter; those that not all images have in the same form are left out.
    """
    if len(descriptions) < FEWEST:
        return Familiarity(n=len(descriptions))
    names = [name for name in aspects if len({len(one.get(name, ())) for one in descriptions} | {0}) == 2]
    names = [name for name in names if all(name in one for one in descriptions)]
    parts = np.unique(np.asarray(groups), return_inverse=True)[1] % N_PARTS
    share = FALSE_ALARMS / (len(names) + 1)
    usual, orientation_limit = {}, math.inf
    for name in names:
        rows = np.array([one[name] for one in descriptions])
        others = {part: _fit(rows[parts != part], math.inf) for part in np.unique(parts).tolist()}
        if name == "layout":
            gains = [
                _gain_by_turning(others[part], row) for part, row in zip(parts.tolist(), rows, strict=True)
            ]
            orientation_limit = max(1e-6, _limit(np.array(gains), share))
        far = [others[part].distance(row) for part, row in zip(parts.tolist(), rows, strict=True)]
        limit = math.expm1(_limit(np.log1p(far), share))
        usual[name] = _fit(rows, max(LEAST_LIMIT, limit))
    return Familiarity(usual, orientation_limit, len(descriptions))


def _fit(rows: FloatArray, limit: float) -> Usual:
    """Middle and whitening of some rows; what two images may well differ by is added to their covariance."""
    covariance = np.atleast_2d(np.cov(rows.T)) if len(rows) > 1 else np.zeros((rows.shape[1],) * 2)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance + np.eye(len(covariance))))
    centre = np.median(rows, axis=0)
    rounded = tuple(tuple(float(f"{v:.6g}") for v in row) for row in whitening)
    return Usual(tuple(float(f"{v:.8g}") for v in centre), rounded, limit)


def _limit(values: FloatArray, share: float) -> float:
    """What a share of further values of the kind is to go beyond."""
    n = len(values)
    middle, high = np.quantile(values, (0.5, UPPER))
    expected = middle + stats.t.ppf(1 - share, n - 1) * (high - middle) / stats.norm.ppf(UPPER)
    # One image that is itself a stranger must not open the door to all others.
    ranked = np.sort(values)[: n - 1 if n >= MANY else n]
    return ROOM * float(max(expected, ranked[min(len(ranked), math.ceil(n * (1 - FALSE_ALARMS / 2))) - 1]))


def _gain_by_turning(layout: Usual, waves: FloatArray) -> float:
    """By how much the squared distance falls at best when the image is mirrored or its axes are changed."""
    if len(waves) != len(layout.centre):
        return 0.0
    turned = np.array([waves[order] * signs for order, signs in _turns(len(waves))])
    even = (turned - np.asarray(layout.centre)) @ np.asarray(layout.whitening).T
    squares = (even**2).sum(axis=1)
    return float(squares[0] - squares[1:].min())


def _turns(n_numbers: int) -> Iterator[tuple[IntArray, FloatArray]]:
    """Orders and signs of the waves of an image that is mirrored or its axes changed; first that of none.

    The wave (u, v, w) changes its sign under mirroring along the first axis where u is odd.
    """
    n_axes = 2 if n_numbers == N_WAVES[2] ** 2 - 1 else 3
    shape = (N_WAVES[n_axes],) * n_axes
    waves = np.array(list(np.ndindex(*shape)))
    for axes in itertools.permutations(range(n_axes)):
        order = np.ravel_multi_index(tuple(waves[:, list(axes)].T), shape)[1:] - 1
        for mirrored in itertools.product((0, 1), repeat=n_axes):
            signs = (-1.0) ** (waves @ np.array(mirrored))
            yield order, signs[1:]


def _read_usual(plain: Mapping[str, Any]) -> Usual:
    centre = tuple(float(value) for value in plain["centre"])
    whitening = tuple(tuple(float(value) for value in row) for row in plain["whitening"])
    n = len(centre)
    if not 0 < n <= MOST_NUMBERS or len(whitening) != n or any(len(row) != n for row in whitening):
        raise ValueError("not a square of as many numbers")
    if not all(map(math.isfinite, itertools.chain(centre, *whitening))):
        raise ValueError("not all are numbers")
    return Usual(centre, whitening, _positive(plain["limit"]))


def _positive(value: Any) -> float:
    if not float(value) > 0:
        raise ValueError("not above 0")
    return float(value)
