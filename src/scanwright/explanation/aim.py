"""Aim: what of a prediction is explained, and the part of the image that the network saw for it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from scanwright.core.boxes import paint_boxes
from scanwright.core.geometry import centre_pad
from scanwright.core.tiling import tiles
from scanwright.data.boxes import Boxes
from scanwright.data.plan import Plan
from scanwright.data.prediction import (
    BoxPrediction,
    ClassPrediction,
    MaskPrediction,
    Prediction,
    ValuePrediction,
)
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.inference.predict import Runtime
from scanwright.tasks.segmentation import BACKGROUND
from scanwright.transforms.preprocess import preprocess, preprocess_mask
from scanwright.transforms.steps import History, move_boxes, restore
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class View:
    """The preprocessed image, padded to at least a patch, and the part of it that is looked at.

    Attributes:
        padded: (channel, i, j, k).
        margins: voxels that it was padded by, before and after along each axis.
        window: of ``padded``, of the size of a patch.
        history: the way back to the image's own grid.
    """

    padded: FloatArray
    margins: tuple[tuple[int, int], ...]
    window: tuple[slice, slice, slice]
    history: History

    @property
    def seen(self) -> FloatArray:
        """(channel, i, j, k) that the network sees."""
        return np.ascontiguousarray(self.padded[(slice(None), *self.window)])

    def to_source(self, relevance: FloatArray) -> FloatArray:
        """A map of the window, (i, j, k), on the grid of the image; 0 where the network did not look."""
        shape: tuple[int, ...] = self.padded.shape[1:]
        whole = np.zeros(shape, dtype=np.float32)
        whole[self.window] = relevance
        inner = tuple(
            slice(pair[0], length - pair[1]) for pair, length in zip(self.margins, shape, strict=True)
        )
        return np.ascontiguousarray(restore(whole[inner][None], self.history)[0])


@dataclass(frozen=True, eq=False)
class Aim:
    """What is explained.

    Attributes:
        name: of the class, or of the number.
        index: of the network's output.
        about: "image", "region" (all voxels that were outlined as the class and lie in the window), "box" or
            "value".
        view: where the network saw it.
        places: flat indices of the network's grid of answers; ``None`` where it has one for the image.
        predicted: (i, j, k) on the grid of the image, of what was outlined or found; ``None`` otherwise.
    """

    name: str
    index: int
    about: str
    view: View
    places: IntArray | None = None
    predicted: BoolArray | None = None


def check_class(name: str | None, plan: Plan) -> None:
    """Raise when a model has no such class to explain.

    Raises:
        SettingsError: naming those that it has.
    """
    known = [one for one in plan.classes if not plan.label_values or one != BACKGROUND]
    if name is not None and name not in known:
        raise SettingsError(
            "the model knows no such class",
            expected=", ".join(known) or "none: the model gives a number",
            received=f"class={name}",
        )


def take_aim(
    prediction: Prediction, image: Volume, plan: Plan, runtime: Runtime, wanted: str | None = None
) -> Aim:
    """What is explained of a prediction.

    Whole images: the wanted class, by default the predicted one, or the number. Masks: all voxels of the
    wanted class, by default of the largest one, within the tile of prediction that holds most of them. Boxes:
    the surest finding, in the tile that it lies deepest in.

    Args:
        prediction: of the image.
        image: as it came.
        plan: of the model.
        runtime: of the model.
        wanted: name of a class.

    Raises:
        DataError: nothing was outlined or found.
    """
    array, history = preprocess(image, plan)
    margins = centre_pad(array.shape[1:], plan.patch_voxels)
    padded = np.pad(array, ((0, 0), *margins), mode="edge")
    i, j, k = (slice(0, n) for n in padded.shape[1:])
    view = View(padded, margins, (i, j, k), history)
    if isinstance(prediction, MaskPrediction):
        labels = np.pad(preprocess_mask(prediction.mask, plan, history), margins)
        index = _outlined(labels, plan, wanted, prediction.case)
        view = replace(view, window=_fullest_tile(labels == index, plan))
        places: IntArray = np.flatnonzero(labels[view.window] == index)
        predicted = prediction.mask.array[0] == plan.label_values[index]
        return Aim(plan.classes[index], index, "region", view, places, predicted)
    if isinstance(prediction, BoxPrediction):
        name, box_ijk = _surest(prediction.found, wanted, prediction.case)
        index = plan.classes.index(name)
        box = move_boxes(box_ijk[None], history, image.shape)[0] + [before for before, _ in margins]
        view = replace(view, window=_deepest_tile(box.mean(axis=0), padded.shape[1:], plan))
        inside = box - [part.start for part in view.window]
        places = _surest_place(runtime(view.seen[None])[0, index], inside, plan)
        return Aim(name, index, "box", view, places, paint_boxes(box_ijk[None], image.shape) > 0)
    if isinstance(prediction, ValuePrediction):
        return Aim(plan.target, 0, "value", view)
    sure = prediction.probabilities
    if wanted is None:
        decided = prediction.predicted if isinstance(prediction, ClassPrediction) else ""
        wanted = decided or max(sure, key=lambda name: sure[name])
    return Aim(wanted, plan.classes.index(wanted), "image", view)


def _outlined(labels: AnyArray, plan: Plan, wanted: str | None, case: str) -> int:
    """Index of the class whose voxels are explained."""
    counts = np.bincount(labels.ravel(), minlength=len(plan.classes))
    for index, name in enumerate(plan.classes):
        if name == BACKGROUND or wanted not in (None, name):
            counts[index] = 0
    if not counts.any():
        raise DataError(
            f"nothing was outlined{f' as {wanted}' if wanted else ''}: there is nothing to explain",
            subject=case,
        )
    return int(counts.argmax())


def _fullest_tile(region: BoolArray, plan: Plan) -> tuple[slice, slice, slice]:
    covering = tiles(region.shape, plan.patch_voxels, plan.overlap)
    return max(covering, key=lambda one: np.count_nonzero(region[one]))


def _surest(found: Boxes, wanted: str | None, case: str) -> tuple[str, FloatArray]:
    """Class and box (2, 3) of the surest finding; they come the surest first."""
    for name, box_ijk in zip(found.classes, found.box_ijk, strict=True):
        if wanted in (None, name):
            return name, box_ijk
    raise DataError(
        f"nothing was found{f' of {wanted}' if wanted else ''}: there is nothing to explain", subject=case
    )


def _deepest_tile(middle: FloatArray, shape: tuple[int, ...], plan: Plan) -> tuple[slice, slice, slice]:
    def depth(window: tuple[slice, slice, slice]) -> float:
        pairs = zip(middle.tolist(), window, strict=True)
        return float(min(min(place - part.start, part.stop - place) for place, part in pairs))

    return max(tiles(shape, plan.patch_voxels, plan.overlap), key=depth)


def _surest_place(scores: FloatArray, box_ijk: FloatArray, plan: Plan) -> IntArray:
    """(1,) flat index of the place inside a box that is surest of it; the nearest one where none is inside.

    Args:
        scores: probabilities of the class on the network's grid.
        box_ijk: (2, 3) in voxels of the patch.
        plan: of the model.
    """
    grid = scores.shape[: plan.dims]
    step = np.divide(plan.patch_voxels[: plan.dims], grid)
    middles = np.array(list(itertools.product(*(np.arange(n) + 0.5 for n in grid)))) * step
    low, high = box_ijk[:, : plan.dims]
    inside = ((middles >= low) & (middles < high)).all(axis=1)
    if not inside.any():
        return np.array([np.linalg.norm(middles - (low + high) / 2, axis=1).argmin()])
    return np.array([np.where(inside, scores.ravel(), -1.0).argmax()])
