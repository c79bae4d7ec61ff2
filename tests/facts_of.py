"""Fingerprints made up for tests of the rules."""

from __future__ import annotations

import math

import numpy as np

from builders import cohort
from scanwright.data.splits import Splits
from scanwright.planning.fingerprint import Fingerprint

USUAL = {"low": -100.0, "high": 300.0, "mean": 50.0, "deviation": 40.0, "scale_ratio": 1.5}


def facts_of(
    shape=(200, 200, 60),
    spacing=(0.8, 0.8, 2.0),
    *,
    smallest=None,
    n_train=20,
    dims=3,
    intensity=(USUAL,),
    channels=("image",),
    modality="",
    eight_bit=False,
    classes=None,
    class_shares=None,
    class_names=None,
    enhance=(),
    small_mm=math.inf,
    least_pieces=None,
) -> Fingerprint:
    """A fingerprint with the given facts; the rest is usual."""
    spacing_mm = None if spacing is None else np.array([smallest or spacing, spacing, spacing], dtype=float)
    return Fingerprint(
        dataset=cohort([], class_names=class_names or {}),
        cases=(),
        splits=Splits({f"c{n}": "train" for n in range(n_train)}, "made up"),
        duplicates=(),
        dims=dims,
        median_shape=shape,
        spacing_mm=spacing_mm,
        channels=channels,
        intensity=intensity,
        modality=modality,
        eight_bit=eight_bit,
        classes=classes if classes is not None else {"0": n_train, "1": n_train},
        class_shares=class_shares or {},
        target="mask",
        foreground_share=0.05,
        small_mm=small_mm,
        least_pieces=least_pieces or {},
        enhance=enhance,
    )
