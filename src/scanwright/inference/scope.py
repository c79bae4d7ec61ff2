"""Scope: what a model was made for, and images that lie outside of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanwright.core.familiarity import Familiarity, describe_image
from scanwright.core.intensity import count_non_finite
from scanwright.data.plan import Plan
from scanwright.data.prediction import Doubt
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.preprocess import check_channels, clean

# How far beyond the finest and the coarsest spacing that it learnt from a model may go without a word.
SPACING_MARGIN = 1.5
# The same of the sides of pictures whose spacing nobody knows: with them all grows that they show.
SIDE_MARGIN = 2.0
MANY_GAPS = 0.01
"""Share of voxels that are not numbers, from which on an answer rests too much on what took their place."""


def refuse_unfit(image: Volume, plan: Plan) -> None:
    """Refuse an image that no answer could be right for, before it is looked at closely.

    Args:
        image: as it came.
        plan: of the model.

    Raises:
        DataError: it holds no finite voxel or one value everywhere, is a volume where one answer is given to
            a picture or a picture where volumes were learnt from, or has other channels.
    """
    array = clean(image.array)
    if array.min() == array.max():
        raise DataError(
            "the image is constant: every voxel has the same value",
            received=f"{float(array.flat[0]):.6g} everywhere",
            do="Export it again.",
        )
    if plan.dims == 2 and not plan.is_tiled and image.shape[2] > 1:  # masks are made plane by plane
        raise DataError(
            "this is a volume, and the model learnt from single pictures",
            expected="one plane",
            received=f"{' × '.join(map(str, image.shape))} voxels",
            do="Give the plane alone, or a model that learnt from volumes.",
        )
    if plan.dims == 3 and image.shape[2] == 1:
        raise DataError(
            "this is a picture, and the model learnt from volumes",
            expected="more than one plane",
            received=f"{image.shape[0]} × {image.shape[1]} pixels",
            do="Give the whole volume, or a model that learnt from pictures.",
        )
    if not plan.enhance:  # its steps may make channels of others
        check_channels(image, plan)


def find_doubts(image: Volume, learnt: Mapping[str, Any], dims: int) -> tuple[Doubt, ...]:
    """Why a model may be wrong on an image: its modality, its spacing or, where that is unknown, its
    size is none that it learnt from; or some of its voxels are not numbers.

    Args:
        image: as it came.
        learnt: the model's ``provenance["data"]``; what it does not tell is not doubted.
        dims: axes that the network sees.
    """
    doubts = []
    modality = learnt.get("modality") or ""
    if modality and image.modality and image.modality != modality:
        doubts.append(Doubt("modality", str(modality), image.modality))
    span = learnt.get("spacing_mm")
    if span and image.spacing_mm is not None:
        own = sorted(image.spacing_mm[:dims])
        smallest, largest = (sorted(span[end][:dims]) for end in ("smallest", "largest"))
        fits = (
            low / SPACING_MARGIN <= step <= high * SPACING_MARGIN
            for low, step, high in zip(smallest, own, largest, strict=True)
        )
        if not all(fits):
            learnt_from = f"{_times(smallest)} to {_times(largest)} mm"
            doubts.append(Doubt("spacing", learnt_from, f"{_times(own)} mm"))
    sides = learnt.get("shape")
    if sides and not span and image.spacing_mm is None:
        low, high, own_side = (max(shape[:2]) for shape in (sides["smallest"], sides["largest"], image.shape))
        if not low / SIDE_MARGIN <= own_side <= high * SIDE_MARGIN:
            doubts.append(Doubt("size", f"{low} to {high} pixels", f"{own_side} pixels"))
    return (*doubts, *_find_gaps(image))


def _find_gaps(image: Volume) -> list[Doubt]:
    """Voxels that are NaN or infinite; the lowest value of the image takes their place."""
    share = count_non_finite(image.array) / max(1, image.array.size)
    if not share:
        return []
    percent = f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"
    received = f"{percent} %" if share >= 0.0001 else "less than 0.01 %"
    return [Doubt("gaps" if share >= MANY_GAPS else "few_gaps", "the lowest value of the image", received)]


@dataclass(frozen=True)
class Strangeness:
    """How unlike an image is to those that a model learnt from.

    Attributes:
        most: of all aspects, 1 at the limit; ``None`` where nobody knows.
        doubts: the aspects beyond their limits.
    """

    most: float | None
    doubts: tuple[Doubt, ...] = ()


def find_strangeness(image: Volume, familiar: Familiarity) -> Strangeness:
    """In what an image is unlike those that a model learnt from.

    Args:
        image: as it came.
        familiar: of the model.
    """
    if not familiar.is_learnt:
        return Strangeness(None)
    told = familiar.strangeness(describe_image(image.array, image.affine_ras))
    doubts = tuple(Doubt(f"unlike.{name}", "", "") for name, value in told.items() if value > 1)
    if doubts:
        inverted = describe_image(image.array, image.affine_ras, inverted=True)
        if max(familiar.strangeness(inverted).values()) <= 1:
            doubts = (Doubt("unlike.inverted", "", ""),)
    return Strangeness(max(told.values()), doubts)


def _times(values: list[float]) -> str:
    return " × ".join(f"{value:.2g}" for value in values)
