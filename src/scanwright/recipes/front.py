"""The room's part of the Python front door. It imports nothing heavy before it is used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scanwright.data.dataset import Dataset
from scanwright.errors import SettingsError
from scanwright.extras import needing_analysis
from scanwright.io.apart import keep_apart
from scanwright.types import PathLikeStr, Progress, silent

if TYPE_CHECKING:
    from scanwright.recipes.run import Enhancement


@needing_analysis("enhance")
def enhance(
    inputs: Dataset | PathLikeStr,
    out: PathLikeStr,
    *,
    steps: str | Sequence[str],
    reference: Dataset | PathLikeStr | None = None,
    series: str | None = None,
    lang: str = "en",
    overwrite: bool = False,
    progress: Progress = silent,
) -> Enhancement:
    """Clean images or make them alike by classical steps, each recorded; the images themselves are never
    changed. Needs no torch.

    Args:
        inputs: an image, a folder of images or of a DICOM export, a zip of one, or a dataset.
        out: where images, ``steps.json``, ``enhance.html`` and ``failures.csv`` go.
        steps: "median=1,n4,percentile=1:99", or a list of such.
        reference: clean images of the same names, for PSNR and SSIM.
        series: of an untouched DICOM export, see ``predict``.
        lang: language of the page, "en" or "zh".
        overwrite: replace an earlier enhancement in ``out``.
        progress: told after every case.

    Raises:
        SettingsError: an unknown step or a wrong value.
        DataError: nothing readable is there, or no image can be enhanced.
        OutputError: ``out`` holds something else, or the disk is full.
    """
    from scanwright.data.recipe import read_recipe
    from scanwright.io.dataset import open_inputs
    from scanwright.io.image import read_image
    from scanwright.recipes.run import run_recipe
    from scanwright.report.texts import Words

    Words(lang)
    recipe = read_recipe(steps)  # what is wrong with it is said before anything is read
    files = [file for step in recipe for file in step.files]
    for file in files:
        if not Path(file).exists():
            raise SettingsError("the reference of match does not exist", received=file)
    dataset = inputs if isinstance(inputs, Dataset) else open_inputs(inputs, series=series)
    truth = open_inputs(reference) if isinstance(reference, (str, os.PathLike)) else reference
    alone = [Dataset((), "one image", file) for file in files]
    for source in (dataset, *([truth] if truth else []), *alone):
        keep_apart(Path(out), source)
    images = {file: read_image(file) for file in files}
    return run_recipe(
        dataset, out, recipe, images, truth=truth, lang=lang, overwrite=overwrite, progress=progress
    )
