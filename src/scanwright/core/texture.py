"""Texture of a lesion by the Image Biomarker Standardisation Initiative (IBSI manual, 3.6 to 3.11).

Six families: co-occurrence (cm), run length (rlm), size zones (szm), distance zones (dzm), differences from
the neighbourhood (ngt) and dependence on the neighbours (ngl). Each looks at a lesion slice by slice ("2D"),
slice by slice and put together ("2_5D"), or as a body ("3D"); those with directions average over these
("avg") or put them together before ("comb"). Names are the tags of the IBSI's tables of reference values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import product
from typing import Literal, TypeAlias, get_args

import cc3d
import numpy as np
from scipy.ndimage import distance_transform_cdt

from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray

Features = dict[str, float]
Way: TypeAlias = Literal["2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb"]
Counted: TypeAlias = tuple[IntArray, IntArray]
"""Levels and sizes, one of each for every run, zone or voxel."""

FeaturesOf: TypeAlias = Callable[[Counted, int], Features]

WAYS: tuple[Way, ...] = get_args(Way)


def texture_features(levels: IntArray, mask: BoolArray, way: Way) -> Features:
    """All six families.

    Args:
        levels: (i, j, slice) grey levels from 1; 0 where a voxel does not count.
        mask: the lesion, whose border distances are told from.
        way: slice by slice or as a body, directions averaged or put together.

    Returns:
        Tag → value, such as "cm_contrast_3D_comb" and, of a family without directions, "szm_sze_3D".
    """
    box = tuple(slice(int(p.min()), int(p.max()) + 1) for p in np.nonzero(mask | (levels > 0)))
    levels, mask = levels[box], mask[box]
    kind, _, together = way.rpartition("_")
    planes = np.flatnonzero((levels > 0).any(axis=(0, 1)))
    cuts = [slice(None)] if kind == "3D" else [slice(int(n), int(n) + 1) for n in planes]
    parts = [_Part(levels[:, :, cut], mask[:, :, cut], flat=kind != "3D") for cut in cuts]
    sizes = [len(part.inside) for part in parts]
    pair_features = partial(cooccurrence_features, n_levels=int(levels.max()))

    def of(
        family: str, features: FeaturesOf, found: Iterable[Sequence[Counted]], tag: str = kind
    ) -> Features:
        way_of_directions = together if tag == way else "comb"
        values = _grouped(list(found), kind == "2_5D", way_of_directions, features, sizes)
        return {f"{family}_{name}_{tag}": value for name, value in values.items()}

    zones, around = [_zones(part) for part in parts], [_neighbourhood(part) for part in parts]
    return {
        **of("cm", pair_features, ([_pairs(part, step) for step in part.steps] for part in parts), way),
        **of("rlm", _run_features, ([_runs(part, step) for step in part.steps] for part in parts), way),
        **of("szm", _zone_features, ([one] for one, _ in zones)),
        **of("dzm", _distance_features, ([one] for _, one in zones)),
        **of("ngt", _difference_features, ([one] for one, _ in around)),
        **of("ngl", _dependence_features, ([one] for _, one in around)),
    }


class _Part:
    """A slice or a body, laid out flat with a border of zeros so that a neighbour is a fixed number away.

    Attributes:
        levels: (i, j, k).
        mask: the same shape.
        is_flat: a slice.
        line: all levels in a row.
        inside: places in it of the voxels that count.
        steps: how far away the neighbours of a voxel are, of each pair of opposite ones the one behind.
    """

    def __init__(self, levels: IntArray, mask: BoolArray, *, flat: bool) -> None:
        self.levels, self.mask, self.is_flat = levels, mask, flat
        padded = np.pad(levels.astype(np.int32), 1)
        self.line = padded.ravel()
        self.inside = np.flatnonzero(self.line)
        strides = (padded.shape[1] * padded.shape[2], padded.shape[2], 1)
        offsets = (o for o in product((-1, 0, 1), repeat=3) if o > (0, 0, 0) and not (flat and o[2]))
        self.steps = [sum(o * s for o, s in zip(offset, strides, strict=True)) for offset in offsets]


def _grouped(
    found: Sequence[Sequence[Counted]],
    merged: bool,
    together: str,
    features: FeaturesOf,
    sizes: Sequence[int],
) -> Features:
    """The mean of features over groups of what was found in each slice and direction.

    Args:
        found: for each slice, for each direction.
        merged: put slices together.
        together: "comb" puts directions together.
        features: of a group and the voxels that it saw, once for each direction.
        sizes: voxels of each slice.
    """
    groups: list[tuple[list[Counted], int]] = []
    rows = [(list(row), size) for row, size in zip(found, sizes, strict=True)]
    for row, size in rows:
        groups += [(row, size * len(row))] if together == "comb" else [([one], size) for one in row]
    if merged:
        n = 1 if together == "comb" else len(found[0])
        groups = [
            (
                [one for group, _ in groups[first::n] for one in group],
                sum(size for _, size in groups[first::n]),
            )
            for first in range(n)
        ]
    each = [
        features((np.concatenate([a for a, _ in group]), np.concatenate([b for _, b in group])), size)
        for group, size in groups
    ]
    each = [one for one in each if one]
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]} if each else {}


def _pairs(part: _Part, step: int) -> Counted:
    """Levels of both voxels of each pair that touches."""
    one, other = part.line[part.inside], part.line[part.inside + step]
    return one[other > 0], other[other > 0]


def cooccurrence_features(pairs: Counted, n_voxels: int = 0, *, n_levels: int) -> Features:
    """Of the grey level co-occurrence matrix (IBSI 3.6); nothing without a pair.

    Args:
        pairs: levels of both voxels, each pair once: the matrix is made symmetric.
        n_voxels: not used.
        n_levels: of the whole lesion.
    """
    one, other = pairs
    if not len(one):
        return {}
    n = int(max(one.max(), other.max()))
    low = int(min(one.min(), other.min()))
    side = n - low + 1
    counts = np.bincount((one - low) * side + other - low, minlength=side * side).reshape(side, side)
    p = (counts + counts.T) / (2.0 * len(one))
    i = np.arange(low, n + 1, dtype=np.float64)
    row, column = i[:, None], i[None, :]
    alone = p.sum(axis=0)
    apart, total = np.abs(row - column), row + column
    index = np.arange(side)
    k_diff, k_sum = np.arange(side, dtype=np.float64), np.arange(2 * low, 2 * n + 1, dtype=np.float64)
    p_diff = np.bincount(np.abs(index[:, None] - index).ravel(), p.ravel(), side)
    p_sum = np.bincount((index[:, None] + index).ravel(), p.ravel(), 2 * side - 1)
    mean = float(i @ alone)
    variance = float((i - mean) ** 2 @ alone)
    diff_mean, sum_mean = float(k_diff @ p_diff), float(k_sum @ p_sum)
    product_of_both = np.outer(alone, alone)
    joint, single, cross = _entropy(p), _entropy(alone), _entropy(product_of_both)
    first = -float((p[p > 0] * np.log2(product_of_both[p > 0])).sum())
    return {
        "joint_max": float(p.max()),
        "joint_avg": mean,
        "joint_var": variance,
        "joint_entr": joint,
        "diff_avg": diff_mean,
        "diff_var": float((k_diff - diff_mean) ** 2 @ p_diff),
        "diff_entr": _entropy(p_diff),
        "sum_avg": sum_mean,
        "sum_var": float((k_sum - sum_mean) ** 2 @ p_sum),
        "sum_entr": _entropy(p_sum),
        "energy": float((p**2).sum()),
        "contrast": float((apart**2 * p).sum()),
        "dissimilarity": float((apart * p).sum()),
        "inv_diff": float((p / (1 + apart)).sum()),
        "inv_diff_norm": float((p / (1 + apart / n_levels)).sum()),
        "inv_diff_mom": float((p / (1 + apart**2)).sum()),
        "inv_diff_mom_norm": float((p / (1 + apart**2 / n_levels**2)).sum()),
        "inv_var": float((p_diff[1:] / k_diff[1:] ** 2).sum()),
        "corr": float(((row - mean) * (column - mean) * p).sum() / variance) if variance > 0 else 1.0,
        "auto_corr": float((row * column * p).sum()),
        "clust_tend": float(((total - 2 * mean) ** 2 * p).sum()),
        "clust_shade": float(((total - 2 * mean) ** 3 * p).sum()),
        "clust_prom": float(((total - 2 * mean) ** 4 * p).sum()),
        "info_corr1": (joint - first) / single if single > 0 else 0.0,
        "info_corr2": float(np.sqrt(max(0.0, 1 - np.exp(-2 * (cross - joint))))),
    }


def _runs(part: _Part, step: int) -> Counted:
    """Level and length of each run of equal levels along a direction (IBSI 3.7)."""
    line, inside = part.line, part.inside
    value = line[inside]
    begins = line[inside - step] != value
    place, value = inside[begins], value[begins]
    lengths, going = np.ones(len(place), np.int64), np.arange(len(place))
    while len(going):
        place = place + step
        same = line[place] == value[going]
        place, going = place[same], going[same]
        lengths[going] += 1
    return value, lengths


def _zones(part: _Part) -> tuple[Counted, Counted]:
    """Of each connected zone of one level: level and size, and level and least distance to the border (in
    steps across faces; IBSI 3.8 and 3.9)."""
    levels, mask = (one[:, :, 0] if part.is_flat else one for one in (part.levels, part.mask))
    array = np.ascontiguousarray(levels, dtype=np.uint32)
    numbers = cc3d.connected_components(array, connectivity=8 if part.is_flat else 26)
    steps = distance_transform_cdt(np.pad(mask, 1), "taxicab")[(slice(1, -1),) * mask.ndim]
    inside = numbers > 0
    zone = numbers[inside].astype(np.int64)
    n = int(zone.max(initial=0))
    value, near = np.zeros(n + 1, np.int64), np.full(n + 1, np.iinfo(np.int64).max)
    value[zone] = levels[inside]
    np.minimum.at(near, zone, steps[inside].astype(np.int64))
    return (value[1:], np.bincount(zone, minlength=n + 1)[1:]), (value[1:], near[1:])


def _neighbourhood(part: _Part) -> tuple[Counted, Counted]:
    """Of each voxel: level and difference from the mean of its neighbours (where it has any), and level and
    how many voxels of its level touch, itself counted (IBSI 3.10 and 3.11)."""
    level = part.line[part.inside]
    sums, counts, alike = (np.zeros(len(level), np.int64) for _ in range(3))
    for step in (*part.steps, *(-step for step in part.steps)):
        other = part.line[part.inside + step]
        sums += other
        counts += other > 0
        alike += other == level
    valid = counts > 0
    return (level[valid], np.abs(level[valid] - sums[valid] / counts[valid])), (level, 1 + alike)


def _run_features(found: Counted, n_voxels: int) -> Features:
    return _size_features(
        found, n_voxels, ("sre", "lre", "lgre", "hgre", "srlge", "srhge", "lrlge", "lrhge"), "rlnu rl r_perc"
    )


def _zone_features(found: Counted, n_voxels: int) -> Features:
    return _size_features(
        found, n_voxels, ("sze", "lze", "lgze", "hgze", "szlge", "szhge", "lzlge", "lzhge"), "zsnu zs z_perc"
    )


def _distance_features(found: Counted, n_voxels: int) -> Features:
    return _size_features(
        found, n_voxels, ("sde", "lde", "lgze", "hgze", "sdlge", "sdhge", "ldlge", "ldhge"), "zdnu zd z_perc"
    )


def _dependence_features(found: Counted, n_voxels: int) -> Features:
    features = _size_features(
        found, n_voxels, ("lde", "hde", "lgce", "hgce", "ldlge", "ldhge", "hdlge", "hdhge"), "dcnu dc dc_perc"
    )
    share = _shares(found)
    return features | {"dc_energy": float((share**2).sum())} if features else {}


def _size_features(found: Counted, n_voxels: int, emphases: Sequence[str], names: str) -> Features:
    """What run lengths, zones and dependences have in common."""
    level, size = (np.asarray(one, dtype=np.float64) for one in found)
    if not len(level):
        return {}
    uniformity, short, percentage = names.split()
    n = len(level)
    of_level, of_size = (np.bincount(one).astype(np.float64) for one in (found[0], found[1]))
    weights = [size**-2, size**2, level**-2, level**2]
    weights += [a * b for a in weights[:2] for b in weights[2:]]
    return dict(zip(emphases, (float(weight.mean()) for weight in weights), strict=True)) | {
        "glnu": float((of_level**2).sum() / n),
        "glnu_norm": float((of_level**2).sum() / n**2),
        uniformity: float((of_size**2).sum() / n),
        f"{uniformity}_norm": float((of_size**2).sum() / n**2),
        percentage: n / n_voxels,
        "gl_var": float(level.var()),
        f"{short}_var": float(size.var()),
        f"{short}_entr": _entropy(_shares(found)),
    }


def _difference_features(found: Counted, n_voxels: int) -> Features:
    """Of the neighbourhood grey tone difference matrix (IBSI 3.10); nothing without neighbours."""
    levels, apart = found
    n = len(levels)
    if not n:
        return {}
    present, where = np.unique(levels, return_inverse=True)
    i = present.astype(np.float64)
    p, s = np.bincount(where) / n, np.bincount(where, apart)
    total, both = float(s.sum()), p[:, None] + p
    squares = (i[:, None] - i) ** 2
    busy = float(np.abs(np.outer(i * p, np.ones(len(i))) - i * p).sum())
    several = len(i) * (len(i) - 1)
    return {
        "coarseness": 1 / float(p @ s) if p @ s > 0 else 1e6,
        "contrast": float((np.outer(p, p) * squares).sum()) / several * total / n if several else 0.0,
        "busyness": float(p @ s) / busy if busy > 0 and several else 0.0,
        "complexity": float((np.abs(i[:, None] - i) * ((p * s)[:, None] + p * s) / both).sum() / n),
        "strength": float((both * squares).sum()) / total if total > 0 else 0.0,
    }


def _shares(found: Counted) -> FloatArray:
    """How often each pair of level and size occurs."""
    level, size = found
    _, counts = np.unique(level * (int(size.max()) + 1) + size, return_counts=True)
    return np.asarray(counts / len(level))


def _entropy(p: AnyArray) -> float:
    held = p[p > 0]
    return float(-(held * np.log2(held)).sum())
