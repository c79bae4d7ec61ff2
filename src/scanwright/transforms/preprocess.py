"""Preprocessing: from an image as it came to the array that the network sees, by the plan."""

from __future__ import annotations

import numpy as np

from scanwright.core.geometry import centre_pad, fitted_shape, ras_axes, resampled_shape
from scanwright.core.intensity import replace_non_finite
from scanwright.data.plan import ChannelPlan, Plan
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.enhanced import enhance
from scanwright.transforms.steps import History, Normalise, Pad, Reorient, Resample, Step
from scanwright.types import AnyArray, FloatArray, IntArray


def preprocess(image: Volume, plan: Plan) -> tuple[FloatArray, History]:
    """The plan's classical steps, then orientation, grid and intensities as the plan wants them.

    Args:
        image: as it came.
        plan: the decisions. Where images are tiled, the whole extent is kept at the plan's spacing; else it
            is brought into ``plan.patch_voxels``.

    Returns:
        float32 (channel, i, j, k), and the steps taken.

    Raises:
        DataError: a step does not fit the image; another number of channels than the plan's; no finite voxel.
    """
    image = enhance(image, plan.enhance)
    check_channels(image, plan)
    array, history = clean(image.array), list[Step]()
    spacing_mm = image.spacing_mm
    if image.affine_ras is not None:
        order, flips = ras_axes(image.affine_ras)
        if plan.dims == 3 or order[2] == 2:
            history.append(Reorient(order, flips))
            array = history[-1].apply(array)
            spacing_mm = tuple(image.spacing_mm[axis] for axis in order)  # type: ignore[index,assignment]
    source = array.shape[1:]
    target = target_shape(source, spacing_mm, plan)
    if target != source:
        history.append(Resample(source, target))
        array = history[-1].apply(array)
    if not plan.is_tiled and target != plan.patch_voxels:
        history.append(Pad(centre_pad(target, plan.patch_voxels)))
        array = history[-1].apply(array)
    history.append(choose_normalisation(array, plan.channels))
    return history[-1].apply(array), tuple(history)


def check_channels(image: Volume, plan: Plan) -> None:
    """Refuse an image that, after the plan's classical steps, has other channels than the model learnt from.

    Raises:
        DataError: so it is.
    """
    here, wanted = image.n_channels, len(plan.channels)
    if here == wanted:
        return
    advice = {
        (1, 3): "Save it in colour if it was; a model for grey pictures learns from grey ones.",
        (3, 1): "Save it in grey, or train with --set enhance=grey, which takes both.",
    }
    raise DataError(
        "another number of channels than the model learnt from",
        expected=f"{wanted} ({', '.join(c.name for c in plan.channels)})",
        received=f"{here}",
        do=advice.get((here, wanted), "Give the channels that the model learnt from, in their order."),
    )


def preprocess_mask(mask: Volume, plan: Plan, history: History) -> IntArray:
    """The mask as class indices (i, j, k), uint8, on the grid of the preprocessed image.

    Raises:
        DataError: the mask holds a value that the plan does not know.
    """
    return move_labels(index_mask(mask, plan), plan, history)


def index_mask(mask: Volume, plan: Plan) -> IntArray:
    """The mask as class indices (i, j, k), uint8, on its own grid.

    Raises:
        DataError: the mask holds a value that the plan does not know.
    """
    values = np.asarray(plan.label_values)
    plain = np.asarray(mask.array[0])
    index = np.searchsorted(np.sort(values), plain)
    order = np.argsort(values)
    known = order[np.clip(index, 0, len(values) - 1)]
    foreign = values[known] != plain
    if foreign.any():
        raise DataError(
            "the mask holds a value that the plan does not know",
            expected=f"one of {', '.join(map(str, plan.label_values))}",
            received=f"{plain[foreign].flat[0]}",
        )
    return known.astype(np.uint8)


def move_labels(labels: IntArray, plan: Plan, history: History) -> IntArray:
    """Class indices (i, j, k) on the grid of the preprocessed image."""
    for step in history:
        labels = step.apply_labels(labels, len(plan.label_values))
    return np.ascontiguousarray(labels)


def clean(array: AnyArray) -> AnyArray:
    """The array with non-finite voxels replaced by its smallest finite value.

    Raises:
        DataError: no voxel is finite.
    """
    cleaned, n_replaced = replace_non_finite(array)
    if n_replaced == array.size:
        raise DataError("the image holds no finite voxel", do="Export it again.")
    return cleaned


def choose_normalisation(array: AnyArray, channels: tuple[ChannelPlan, ...]) -> Normalise:
    """The numbers that bring each channel to one scale."""
    rows = []
    for values, channel in zip(array, channels, strict=True):
        if channel.method == "zscore":
            # A few extreme voxels (metal, vessels in time-of-flight) must not set the scale.
            low, high = (float(v) for v in np.percentile(values, (0.1, 99.9)))
            clipped = np.clip(values.astype(np.float64), low, high)
            deviation = float(clipped.std())
            # An empty channel is constant but for rounding, which must not be blown up to look like an image.
            flat = deviation <= 1e-6 * max(abs(low), abs(high))
            rows.append((low, high, float(clipped.mean()), 1.0 if flat else deviation))
        else:
            rows.append((channel.low, channel.high, channel.mean, channel.deviation))
    low_, high_, shift, scale = zip(*rows, strict=True)
    return Normalise(low_, high_, shift, scale)


def target_shape(
    shape: tuple[int, ...], spacing_mm: tuple[float, float, float] | None, plan: Plan
) -> tuple[int, int, int]:
    """(i, j, k) of an image on the grid that the plan works on.

    Args:
        shape, spacing_mm: of the image, along the axes that the work goes by; ``None`` when unknown.
        plan: the decisions.
    """
    i, j, k = shape
    if not plan.is_tiled and plan.dims == 3 and spacing_mm is not None:
        # Proportions in millimetres: a sphere stays one, whatever the distance between the slices.
        finest = (min(spacing_mm),) * 3
        cubes = resampled_shape(shape, spacing_mm, finest)
        return fitted_shape(
            [1 if n == 1 else c for n, c in zip(shape, cubes, strict=True)], plan.patch_voxels
        )
    if not plan.is_tiled:
        return fitted_shape(shape, plan.patch_voxels)
    if plan.spacing_mm is not None and spacing_mm is not None:
        target = resampled_shape(shape, spacing_mm, plan.spacing_mm)
        return (target[0], target[1], k) if plan.dims == 2 else target
    if plan.longest_side is not None and max(shape) > plan.longest_side:
        return fitted_shape(shape, (plan.longest_side, plan.longest_side, k))
    return i, j, k
