"""Objects: how fine a grid is needed to find them, and what the plan says of their boxes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scanwright.data.box_plan import BoxPlan
from scanwright.data.plan import Plan
from scanwright.errors import DataError
from scanwright.planning.facts import CaseFacts
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.rules import Choice
from scanwright.transforms.preprocess import target_shape
from scanwright.types import FloatArray

SMALL_PERCENT = 10.0
"""Percentile of the mean sides of a class that stands for its small objects."""
# Voxels across a small object that show it well, and that barely do.
WANTED_ACROSS = {2: 16.0, 3: 5.0}
LEAST_ACROSS = {2: 8.0, 3: 3.0}
# A grid is rounded to whole pixels, and spacings differ a little between cases.
ROUNDING = 0.95
MOST_NAMED = 5
# Voxels a second through a training step on two cores without bf16 (measured), how often a detector that
# begins from nothing should see each image, and how many looks it needs at least; a volume holds many objects
# and more of what is none.
VOXELS_PER_SECOND_BOXES = 0.5e6
WANTED_LOOKS_BOXES = {2: 60.0, 3: 16.0}
FEWEST_LOOKS_BOXES = {2: 8000.0, 3: 800.0}


@dataclass(frozen=True)
class ObjectGrid:
    """The grid to look for objects on.

    Attributes:
        spacing_mm: of the grid, ``None`` where the spacing is unknown.
        longest_side: of photographs; ``None`` leaves them.
        sides_voxels: (n, 3) sides of the objects on the grid.
        small_voxels: mean side of small objects, of the class whose are smallest.
    """

    spacing_mm: tuple[float, float, float] | None
    longest_side: int | None
    sides_voxels: FloatArray
    small_voxels: float


def mean_sides(sides: FloatArray, dims: int) -> FloatArray:
    """(n,) geometric means over the axes that count."""
    return np.asarray(np.exp(np.log(np.maximum(sides[:, :dims], 1e-6)).mean(axis=1)), dtype=np.float64)


def find_small(sides: FloatArray, classes: Sequence[str]) -> float:
    """Mean side of the small objects of the class whose small ones are smallest.

    Args:
        sides: (n,) mean sides.
        classes: of each; of a frequent class of large objects, a rare one of small ones is not to be lost.
    """
    names = np.asarray(classes)
    return min(float(np.percentile(sides[names == name], SMALL_PERCENT)) for name in np.unique(names))


def choose_object_grid(facts: Fingerprint, minutes: float) -> Choice[ObjectGrid]:
    """As coarse as small objects allow, and as the minutes ask for.

    Raises:
        DataError: no case of the training side holds an object.
    """
    if not len(facts.box_sides):
        raise DataError(
            "no case that trains holds an object that counts",
            subject=facts.dataset.source,
            do="Check that the boxes belong to these images, and that they are not all marked as difficult.",
        )
    dims, shape = facts.dims, np.array(facts.median_shape, dtype=float)
    step = np.ones(3) if facts.spacing_mm is None else np.array(facts.spacing_mm[1])
    small = find_small(mean_sides(facts.box_sides * step, dims), facts.box_classes)
    wanted, least = small / WANTED_ACROSS[dims], small / LEAST_ACROSS[dims]
    looks = max(FEWEST_LOOKS_BOXES[dims], WANTED_LOOKS_BOXES[dims] * facts.n_train)
    affordable = minutes * 60 * VOXELS_PER_SECOND_BOXES / looks
    reason = f"the small objects are {WANTED_ACROSS[dims]:g} voxels wide on it"
    grid = np.maximum(step, wanted)
    n_voxels = float((shape * step / grid)[:dims].prod())
    if n_voxels > affordable:
        pace = (n_voxels / affordable) ** (1 / dims)
        grid = np.maximum(step, min(wanted * pace, least))
        reason = (
            f"what {minutes:g} minutes can train; the small objects are "
            f"{small / float(grid[:dims].max()):.2g} voxels wide on it"
        )
    if np.allclose(grid[:dims], step[:dims]):
        reason = (
            f"the images' own; the small objects are {small / float(step[:dims].max()):.2g} voxels wide on it"
        )
    sides, across = facts.box_sides * step / grid, small / float(grid[:dims].max())
    if facts.spacing_mm is not None:
        i, j, k = (float(f"{s:.4g}") for s in (*grid[:dims], *step[dims:]))
        return Choice(ObjectGrid((i, j, k), None, sides, across), reason)
    longest = round(float(shape[:2].max() / grid[0]))
    return Choice(ObjectGrid(None, longest if grid[0] > 1 else None, sides, across), reason)


def choose_box_plan(grid: ObjectGrid, dims: int) -> Choice[BoxPlan]:
    """What boxes begin with, and how they are judged."""
    i, j, k = (float(f"{side:.3g}") for side in np.maximum(np.median(grid.sides_voxels, axis=0), 1e-3))
    side = (i, j, k) if dims == 3 else (i, j, 1.0)
    if dims == 2:
        return Choice(
            BoxPlan(side, hit="iou", hit_least=0.5),
            "boxes begin as the middle object; a hit overlaps by half (Pascal VOC, COCO)",
        )
    return Choice(
        BoxPlan(side, hit="centre", overlap=0.2),
        "boxes begin as the middle object; a hit lies inside it: small volumes overlap by chance (LUNA16)",
    )


def warn_of_boxes(facts: Fingerprint, plan: Plan) -> list[str]:
    """What a person must know of the objects before a detector is trained by the plan, in sentences: boxes
    that nothing can be learnt from, and classes whose small objects the plan's grid hardly shows."""
    if plan.answer != "boxes":
        return []
    return [*_warn_of_lost(facts), *_warn_of_small(facts, plan)]


def _warn_of_lost(facts: Fingerprint) -> Iterator[str]:
    lost = {fact.name: fact.n_boxes_lost for fact in facts.cases if fact.n_boxes_lost}
    if lost:
        named = ", ".join(f"{name} ({n})" for name, n in [*lost.items()][:MOST_NAMED])
        more = f" and {len(lost) - MOST_NAMED} more cases" if len(lost) > MOST_NAMED else ""
        yield (
            f"{sum(lost.values())} box(es) lie wholly outside of their image or have no room: {named}{more}. "
            "They are not learnt from, and the others of these images may be wrong, too: see inspect."
        )


def _warn_of_small(facts: Fingerprint, plan: Plan) -> Iterator[str]:
    learnt = [fact for fact in facts.cases if facts.splits.of[fact.name] != "test"]
    classes = np.array([name for fact in learnt for name in fact.box_classes])
    across = np.concatenate([_sides_on_grid(fact, plan) for fact in learnt])
    if len(across) and max(fact.box_sides.max(initial=0.0) for fact in learnt) <= 1:
        yield (
            "No box is wider than one pixel: they look like shares of the image (0 to 1), where pixels are "
            "expected. Convert them first, see inspect."
        )
        return
    least, unit = LEAST_ACROSS[plan.dims], "pixels" if plan.dims == 2 else "voxels"
    for name in plan.classes:
        own = across[classes == name]
        narrow = own < ROUNDING * least
        if 100 * narrow.sum() > SMALL_PERCENT * len(own):
            share = f"{100 * narrow.mean():.0f} % of the boxes of '{name}' ({narrow.sum()} of {len(own)})"
            yield (
                f"{share} are narrower than {least:g} {unit} on the plan's grid, and will mostly be missed. "
                f"{_advise(plan, least / float(np.percentile(own, SMALL_PERCENT)))}"
            )


def _sides_on_grid(fact: CaseFacts, plan: Plan) -> FloatArray:
    """(n,) mean sides of the objects of a case where the plan works on them."""
    scale = np.divide(target_shape(fact.shape, fact.spacing_mm, plan), fact.shape)
    return mean_sides(fact.box_sides * scale, plan.dims)


def _advise(plan: Plan, finer: float) -> str:
    """How to work on a grid that is finer by a factor."""
    if plan.spacing_mm is not None:
        axes = range(plan.dims)
        spacing = [float(f"{s / finer:.2g}") if n in axes else s for n, s in enumerate(plan.spacing_mm)]
        return f"--set spacing_mm='{json.dumps(spacing)}' is fine enough, and takes more --minutes."
    if plan.longest_side is not None:
        return (
            f"--set longest_side={math.ceil(plan.longest_side * finer)} shows more, and takes more --minutes."
        )
    return (
        f"The pictures are used at their full size: enlarge them {finer:.1f} times, perhaps cropped to what "
        "matters, and those to predict as well."
    )
