"""Which function does a step. The steps themselves stand in ``data/step_kinds.py``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from scanwright.transforms.enhancement.base import Outcome

FILES = {
    "grey": "intensities",
    "median": "denoising",
    "gaussian": "denoising",
    "bilateral": "denoising",
    "nlm": "denoising",
    "wavelet": "denoising",
    "diffusion": "denoising",
    "n4": "bias",
    "zscore": "intensities",
    "percentile": "intensities",
    "window": "intensities",
    "match": "histograms",
    "clahe": "histograms",
    "fill": "gaps",
    "spacing": "grids",
    "crop": "grids",
}
"""Step → the file here that holds its function, of the same name. Named and not imported: most models have no
steps, and do without SimpleITK and scikit-image."""


def function_of(step: str) -> Callable[..., Outcome]:
    """What does a step: (image, **values) → Outcome; raises DataError for an image that it does not fit."""
    module = import_module(f"scanwright.transforms.enhancement.{FILES[step]}")
    function: Callable[..., Outcome] = getattr(module, step)
    return function
