"""Two labels of one mask under each other's value: they lie the other way round than in the other masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from scanwright.inspection.exam import Examined, MaskExam
from scanwright.inspection.kinds.base import Found, Kind, Words
from scanwright.types import FloatArray

FEWEST = 8
# Only where most masks agree which of two labels lies where can one of them have it the other way round.
LEAST_SIDED, MOST_SPREAD = 0.8, 0.5
SWAPPED = -0.5
LEAST_DEVIATION = 0.05
# What is compared of two labels: the way from one to the other, and their sizes. Either changes its sign
# with the order of the two.
Pair = tuple[int, int]
Layout = Mapping[int, tuple[FloatArray, float]]


def find(examined: Examined) -> Iterator[Found]:
    layouts = {exam.name: _layout(mask) for exam, mask in examined.masked if len(mask.centres) > 1}
    usual = _usual(list(layouts.values()))
    names = examined.dataset.class_names
    for case, own in layouts.items():
        odd = {pair: side for pair, side in _sides(own, usual).items() if side < SWAPPED}
        if odd:
            # One exchange turns several pairs round: the right one to undo leaves the fewest.
            a, b = min(odd, key=lambda pair: (_n_odd(_exchanged(own, *pair), usual), odd[pair]))
            labels = [names.get(str(value), str(value)) for value in (a, b)]
            found = {"a": labels[0], "b": labels[1], "values": [a, b], "side": round(odd[a, b], 2)}
            yield Found((case,), found | {"of": len(layouts)})


def _layout(mask: MaskExam) -> Layout:
    """Value → its centre, in units of the mask's own size, and the logarithm of its share."""
    voxels = {value: n for value, n in (mask.voxels or {}).items() if value in mask.centres}
    middle = np.mean(list(mask.centres.values()), axis=0)
    size = max(float(np.mean([np.linalg.norm(own - middle) for own in mask.centres.values()])), 1e-9)
    return {
        value: ((own - middle) / size, float(np.log(voxels[value]))) for value, own in mask.centres.items()
    }


def _difference(own: Layout, pair: Pair) -> FloatArray:
    (place_a, size_a), (place_b, size_b) = own[pair[0]], own[pair[1]]
    return np.append(place_a - place_b, size_a - size_b)


def _usual(layouts: list[Layout]) -> dict[Pair, FloatArray]:
    """Pair → the weights that take its difference to 1 where it is as usual, and to −1 once exchanged.

    Robust: medians, and each part divided by how much it varies from mask to mask.
    """
    found = {}
    for pair in combinations(sorted(set().union(*layouts)), 2):
        held = [_difference(own, pair) for own in layouts if own.keys() >= {*pair}]
        if len(held) < FEWEST:
            continue
        rows = np.stack(held)
        middle = np.median(rows, axis=0)
        deviation = np.maximum(1.4826 * np.median(np.abs(rows - middle), axis=0), LEAST_DEVIATION)
        weights = middle / deviation**2
        sides = rows @ weights / max(float(middle @ weights), 1e-9)
        spread = 1.4826 * float(np.median(np.abs(sides - 1)))
        if np.mean(sides > 0) >= LEAST_SIDED and spread <= MOST_SPREAD:
            found[pair] = weights / float(middle @ weights)
    return found


def _sides(own: Layout, usual: Mapping[Pair, FloatArray]) -> dict[Pair, float]:
    return {pair: float(_difference(own, pair) @ w) for pair, w in usual.items() if own.keys() >= {*pair}}


def _exchanged(own: Layout, a: int, b: int) -> Layout:
    return {**own, a: own[b], b: own[a]}


def _n_odd(own: Layout, usual: Mapping[Pair, FloatArray]) -> int:
    return sum(side < SWAPPED for side in _sides(own, usual).values())


KIND = Kind(
    "swapped_labels",
    "warning",
    Words(
        "Two labels of a mask seem to be exchanged: {a} and {b}",
        "By place and size they lie to each other the other way round than in the other masks ({side}, where "
        "1 is usual and −1 exchanged). What is learnt from it is wrong.",
        "Compare mask and image; put each label under its own value.",
    ),
    Words(
        "掩膜中的两个标签疑似互换：{a} 与 {b}",
        "按位置和大小，两者的相对关系与其他掩膜相反（{side}；1 为通常情况，−1 为互换）。"
        "由此学到的内容将是错的。",
        "请对照掩膜与图像，为每个标签使用其正确的数值。",
    ),
    find,
)
