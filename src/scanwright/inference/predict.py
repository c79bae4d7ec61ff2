"""Predict: cover an image with patches, blend the answers, bring them back to the image's own grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from scanwright.core.geometry import centre_pad
from scanwright.core.tiling import blending_window, tiles
from scanwright.data.plan import Plan
from scanwright.data.prediction import Prediction
from scanwright.data.volume import Volume
from scanwright.inference.boxes import find_boxes, mirror_sides
from scanwright.inference.memory import AHEAD
from scanwright.inference.pipeline import ahead
from scanwright.tasks.catalogue import find_task
from scanwright.tasks.margins import tell_volumes
from scanwright.tasks.segmentation import decode_planes
from scanwright.tasks.settled import Settled, answer_by, calibrate
from scanwright.tasks.uncertainty import own_uncertainty
from scanwright.transforms.preprocess import preprocess
from scanwright.types import FloatArray

BATCH = 64
# Processors share a batch among their threads: one patch at a time would leave half of them idle.
PATCHES_AT_ONCE = 4
# Of a blended answer: what follows makes more of them, so that few take little memory.
PLANES_AT_ONCE = 8
Runtime: TypeAlias = Callable[[FloatArray], FloatArray]
"""Images (batch, channel, i, j, k) → probabilities (batch, class, i, j, k)."""


def predict_array(
    run: Runtime,
    array: FloatArray,
    plan: Plan,
    *,
    mirror: bool = True,
    told: Callable[[float], None] | None = None,
) -> FloatArray:
    """Probabilities of a preprocessed image.

    Args:
        run: the network.
        array: (channel, i, j, k).
        plan: patch, overlap and mirror axes; whether the image is covered with patches, or shown whole.
        mirror: also predict mirrored along ``plan.mirror_axes``, and average.
        told: what share of the image is done, 0 … 1, before every few patches.

    Returns:
        (class, i, j, k) on the same grid; (class, 1, 1, 1) when not tiled; of boxes, see ``find_boxes``.
    """
    axes = plan.mirror_axes if mirror else ()
    at_once = max(1, PATCHES_AT_ONCE // 2 ** len(axes))
    if plan.answer == "boxes":
        return find_boxes(lambda patches: _run_mirrored(run, patches, axes, plan), array, plan, at_once, told)
    if not plan.is_tiled:
        answers = _run_mirrored(run, array[None], axes)
        return np.asarray(answers[0])
    total = np.empty((len(plan.classes), *array.shape[1:]), dtype=np.float32)
    done = 0
    for part in predict_planes(run, array, plan, mirror=mirror, told=told):
        total[:, done : done + part.shape[1]] = part
        done += part.shape[1]
    return total


def predict_planes(
    run: Runtime,
    array: FloatArray,
    plan: Plan,
    *,
    mirror: bool = True,
    told: Callable[[float], None] | None = None,
) -> Iterator[FloatArray]:
    """Probabilities of a preprocessed image that is covered with patches, part by part along i.

    Arguments as for :func:`predict_array`. No more than the planes of one row of patches are held.

    Yields:
        (class, some planes, j, k), blended; joined along i they are on the grid of ``array``.
    """
    axes = plan.mirror_axes if mirror else ()
    at_once = max(1, PATCHES_AT_ONCE // 2 ** len(axes))
    shape = array.shape[1:]
    margins = centre_pad(shape, plan.patch_voxels)
    padded = np.pad(array, ((0, 0), *margins), mode="edge") if np.any(margins) else array
    window = blending_window(plan.patch_voxels)
    places = tiles(padded.shape[1:], plan.patch_voxels, plan.overlap)
    rows = {start: list(row) for start, row in itertools.groupby(places, key=lambda tile: tile[0].start)}
    inner = [slice(before, before + n) for (before, _), n in zip(margins, shape, strict=True)]
    total = np.zeros((len(plan.classes), plan.patch_voxels[0], *padded.shape[2:]), dtype=np.float32)
    weight = np.zeros(total.shape[1:], dtype=np.float32)
    n_done = 0
    for start, end in itertools.pairwise([*rows, padded.shape[1]]):
        for first in range(0, len(rows[start]), at_once):
            some = rows[start][first : first + at_once]
            if told is not None:
                told(n_done / len(places))
            n_done += len(some)
            answers = _run_mirrored(run, np.stack([padded[(slice(None), *tile)] for tile in some]), axes)
            for (_, *across), answer in zip(some, answers, strict=True):
                total[(slice(None), slice(None), *across)] += answer * window
                weight[(slice(None), *across)] += window
        n = end - start  # no later patch reaches these planes
        stop = min(n, inner[0].stop - start)
        for first in range(max(0, inner[0].start - start), stop, PLANES_AT_ONCE):
            wanted = slice(first, min(stop, first + PLANES_AT_ONCE))
            part = total[:, wanted] / weight[wanted]
            yield np.ascontiguousarray(part[(slice(None), slice(None), *inner[1:])])
        for kept in (total, weight[None]):
            kept[:, :-n] = kept[:, n:]
            kept[:, max(0, kept.shape[1] - n) :] = 0.0


def predict_batch(run: Runtime, arrays: FloatArray, axes: Sequence[int] = ()) -> FloatArray:
    """Whole images (case, channel, i, j, k) of one size, in parts, also mirrored along axes: (case, class, 1,
    1, 1)."""
    parts = [arrays[start : start + BATCH] for start in range(0, len(arrays), BATCH)]
    return np.concatenate([_run_mirrored(run, part, axes) for part in parts])


def _run_mirrored(
    run: Runtime, patches: FloatArray, axes: Sequence[int], boxes: Plan | None = None
) -> FloatArray:
    """Answers to patches (batch, channel, i, j, k): the mean over all combinations of mirrored axes, each
    answer mirrored back; ``boxes`` is the plan where the answers are boxes."""
    flips = [
        tuple(2 + axis for axis in chosen)
        for n in range(len(axes) + 1)
        for chosen in itertools.combinations(axes, n)
    ]
    if not axes:
        return run(patches)
    together = run(np.concatenate([np.flip(patches, flip) for flip in flips]))
    answers = np.split(together, len(flips))
    whole = together.shape[2:] == (1, 1, 1)
    back = [answer if whole else np.flip(answer, flip) for answer, flip in zip(answers, flips, strict=True)]
    if boxes is not None:
        sided = [[axis - 2 for axis in flip] for flip in flips]
        back = [mirror_sides(answer, own, boxes) for answer, own in zip(back, sided, strict=True)]
    return np.asarray(np.mean(back, axis=0, dtype=np.float32))


def predict_image(
    run: Runtime,
    case: str,
    image: Volume,
    plan: Plan,
    settled: Settled,
    told: Callable[[float], None] | None = None,
    *,
    streamed: bool = False,
) -> Prediction:
    """Predict an image on its own grid; ``told`` as for :func:`predict_array`.

    A ``streamed`` answer, which only masks can be, is brought back plane by plane as patches are answered: it
    takes little memory, and tells no probabilities.

    Raises:
        DataError: it does not fit the plan.
    """
    task = find_task(plan.task)
    array, history = preprocess(image, plan)
    if streamed:
        plane_bytes = 4 * len(plan.classes) * math.prod(array.shape[2:])
        n_ahead = int(AHEAD / (PLANES_AT_ONCE * plane_bytes))
        planes = ahead(predict_planes(run, array, plan, told=told), n_ahead)
        decoded = decode_planes(case, planes, plan, history, image, settled.thresholds)
        return replace(decoded, volumes=tell_volumes(decoded.mask, plan, settled.margins))
    outputs = predict_array(run, array, plan, told=told)
    answer = answer_by(task, case, outputs, plan, history, image, settled)
    told_by = outputs if plan.is_tiled else calibrate(outputs, settled.calibration, plan)
    return replace(answer, uncertainty=own_uncertainty(answer, told_by, plan))
