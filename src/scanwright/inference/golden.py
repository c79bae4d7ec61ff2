"""Golden cases: images made from a number, and what a package answered to them where it was made.

They go through what a real image goes through: steps, orientation, grid, intensities, the network. No patient
is in them. Only a part of each answer is kept, as packages are to be small.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scanwright.core.geometry import Shape3
from scanwright.data.plan import Plan
from scanwright.data.volume import Volume
from scanwright.errors import ModelError
from scanwright.inference.predict import Runtime
from scanwright.transforms.preprocess import preprocess
from scanwright.types import FloatArray

GOLDEN_CASES = 2
TOLERANCE = {"fp32": 1e-3, "bf16": 0.02, "int8": 0.02}
"""How far answers may be off on another machine, by :func:`how_far`."""
KEPT_EVERY = 4
"""Along each axis of an answer, one voxel of so many is kept."""
WAVES = 8
FINER = 0.8
"""Voxels of the images, as a share of those that the plan works on: so they must be resampled."""


def golden_image(plan: Plan, number: int) -> Volume:
    """An image of the plan's kind: a few waves in all directions around the usual intensities.

    Packages hold answers to these very images: what is made here must never change.
    """
    rng = np.random.default_rng(1000 + number)
    i, j, k = (max(1, int(n / FINER)) if n > 1 else 1 for n in plan.patch_voxels)
    shape: Shape3 = (i, j, k) if _is_resampled(plan) else plan.patch_voxels
    axes = np.meshgrid(*(np.arange(n) / max(n, 2) for n in shape), indexing="ij", sparse=True)
    channels = []
    for channel in plan.channels:
        field = np.zeros(shape)
        for _ in range(WAVES):
            waves, phase, height = rng.uniform(-4, 4, 3), rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 1.0)
            turns = sum(float(n) * axis for n, axis in zip(waves, axes, strict=True))
            field = field + height * np.cos(2 * np.pi * turns + phase)
        values = channel.mean + channel.deviation * field
        if channel.method == "unit":
            values = np.clip(values, channel.low, channel.high)
        channels.append(values.astype(np.float32))
    spacing = None
    if plan.spacing_mm is not None:
        spacing = np.diag([*(np.array(plan.spacing_mm) * (FINER if _is_resampled(plan) else 1.0)), 1.0])
    return Volume(np.stack(channels), spacing)


def _is_resampled(plan: Plan) -> bool:
    return not plan.is_tiled or plan.spacing_mm is not None


def answer_golden(run: Runtime, plan: Plan) -> dict[str, FloatArray]:
    """Name of a case → the kept part of the answer to it, float32."""
    answers = {}
    for number in range(GOLDEN_CASES):
        array, _ = preprocess(golden_image(plan, number), plan)
        short = [(0, max(0, p - n)) for p, n in zip(plan.patch_voxels, array.shape[1:], strict=True)]
        patch = np.pad(array, ((0, 0), *short), mode="edge")[:, *(slice(n) for n in plan.patch_voxels)]
        outputs = run(patch[None])[0]
        answers[f"case-{number}"] = np.ascontiguousarray(outputs[..., *_every(outputs)], dtype=np.float32)
    return answers


def how_far(now: Mapping[str, FloatArray], then: Mapping[str, FloatArray], precision: str) -> float:
    """By how much answers to golden cases differ; numbers beyond 1 count relatively.

    In 32 bits what is furthest off counts. In 16 and 8, where processors round differently, the root of the
    mean square does: of thousands of voxels a few lie between two classes, and tip.
    """
    if {name: answer.shape for name, answer in now.items()} != {n: a.shape for n, a in then.items()}:
        return np.inf
    off = np.concatenate(
        [(np.abs(now[name] - then[name]) / np.maximum(1.0, np.abs(then[name]))).ravel() for name in now]
    )
    return float(off.max() if precision == "fp32" else np.sqrt(np.mean(off**2)))


def _every(outputs: FloatArray) -> tuple[slice, ...]:
    """Of the last three axes; answers about whole images are kept whole."""
    return tuple(slice(None, None, KEPT_EVERY if n > 8 else 1) for n in outputs.shape[-3:])


def check_golden(
    run: Runtime, plan: Plan, golden: Mapping[str, FloatArray], precision: str, subject: str
) -> float:
    """How far today's answers are off those of the package.

    Raises:
        ModelError: further than rounding explains.
    """
    worst = how_far(answer_golden(run, plan), golden, precision)
    if not worst <= TOLERANCE[precision]:
        raise ModelError(
            "the package does not answer its golden cases as it did where it was made",
            subject=subject,
            expected=f"numbers within {TOLERANCE[precision]:g}",
            received=f"off by {worst:.2g}",
            do="Do not use it here. Export it again, or install the versions that it names in package.json.",
        )
    return worst
