"""Records of cases that were judged, made on the spot."""

from __future__ import annotations

from typing import Any

import numpy as np

Records = list[dict[str, Any]]


def classified(scores: np.ndarray, ill: np.ndarray, *, each: int = 1) -> Records:
    return [
        {
            "case": f"c{n}",
            "patient": f"p{n // each}",
            "truth": "malignant" if is_ill else "benign",
            "predicted": "malignant" if score > 0.5 else "benign",
            "probabilities": {"benign": 1 - float(score), "malignant": float(score)},
        }
        for n, (score, is_ill) in enumerate(zip(scores, ill, strict=True))
    ]


def scores_of(n: int, *, apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ill = np.arange(n) % 2 == 0
    return 1 / (1 + np.exp(-(apart * (ill - 0.5) + rng.normal(size=n)))), ill


def outlined(dice: np.ndarray, hd95: np.ndarray) -> Records:
    fixed = {"surface_dice": 0.5, "volume": 1.0, "reference_volume": 1.0, "common": 5, "in_both": 12}
    pieces = {"lesions": 1, "lesions_found": 1, "lesion_false_alarms": 0, "unit": "mm"}
    return [
        {
            "case": f"c{n}",
            "patient": f"p{n}",
            "classes": {"tumour": {"dice": float(d), "hd95": float(h), **fixed, **pieces}},
        }
        for n, (d, h) in enumerate(zip(dice, hd95, strict=True))
    ]
