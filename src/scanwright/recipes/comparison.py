"""How much nearer the steps brought the images to a reference of the same names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from scanwright.core.fidelity import data_range, psnr, ssim
from scanwright.core.intensity import replace_non_finite
from scanwright.core.statistics import Key, Number, mean_defined, patient_bootstrap
from scanwright.data.step_kinds import Scale
from scanwright.data.volume import Volume
from scanwright.types import FloatArray, IntArray, JsonDict

MEASURES = {"psnr": psnr, "ssim": ssim}
UNITS = {"psnr": "dB"}
WHEN = ("before", "after")
CHANGE = "change"


def compare(before: Volume, after: Volume, scale: Scale, reference: Volume) -> JsonDict:
    """PSNR (dB) and SSIM of an image before and after, against its reference.

    Returns:
        ``psnr`` and ``ssim``, each {"before", "after"}; ``span``, the range of values that they refer to;
        ``why``, why a value is missing: "grid" (another grid or number of channels than the reference) or
        "scale" (the values are no longer in the units of the source); "" when none is.
    """
    truth, _ = replace_non_finite(reference.array)
    span = data_range(truth)
    record: JsonDict = {"span": span, "why": "", **{name: {} for name in MEASURES}}
    for when, image in zip(WHEN, (before, after), strict=True):
        why = ""
        if image.n_channels != reference.n_channels or not image.same_grid(reference):
            why = "grid"
        elif when == "after" and scale not in ("source", "reference"):
            why = "scale"
        array, _ = replace_non_finite(image.array)
        for name, measure in MEASURES.items():
            record[name][when] = math.nan if why else measure(array, truth, span)
        record["why"] = record["why"] or why
    return record


def summarise(records: Sequence[JsonDict], patients: Sequence[str | None]) -> dict[Key, Number]:
    """Means over the cases that have both values, and of the change, with intervals.

    Equal images have no finite PSNR; they are left out of its mean.

    Returns:
        (name, "before" | "after" | "change") → number; names without any value are left out.
    """
    columns: dict[Key, FloatArray] = {}
    support: dict[Key, IntArray] = {}
    for name in MEASURES:
        both = np.array([[record[name][when] for when in WHEN] for record in records], dtype=np.float64)
        both = both.reshape(-1, len(WHEN))
        both = np.where(np.isfinite(both).all(axis=1, keepdims=True), both, np.nan)
        usable = np.flatnonzero(np.isfinite(both[:, 0]))
        if usable.size:
            values = (both[:, 0], both[:, 1], both[:, 1] - both[:, 0])
            for group, column in zip((*WHEN, CHANGE), values, strict=True):
                columns[name, group], support[name, group] = column, usable

    def statistic(drawn: IntArray) -> Mapping[Key, float]:
        return {key: mean_defined(column[drawn]) for key, column in columns.items()}

    return patient_bootstrap(statistic, patients, support=support, units=UNITS) if columns else {}
