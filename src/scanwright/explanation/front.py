"""The room's part of the Python front door. It imports nothing heavy before it is used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scanwright.data.dataset import Dataset
from scanwright.extras import require
from scanwright.types import PathLikeStr, Progress, silent

if TYPE_CHECKING:
    from scanwright.explanation.run import Explanation
    from scanwright.inference.model import Model


def explain(
    model: Model | PathLikeStr,
    inputs: Dataset | PathLikeStr,
    out: PathLikeStr,
    *,
    methods: Sequence[str] | None = None,
    class_name: str | None = None,
    truth: Dataset | PathLikeStr | None = None,
    series: str | None = None,
    seed: int = 0,
    lang: str = "en",
    overwrite: bool = False,
    progress: Progress = silent,
    device: str = "auto",
    threads: int | None = None,
) -> Explanation:
    """Show what a model's answers hang on: maps over the images, each put to the test.

    Args:
        model: a model, or where it is.
        inputs: an image, a folder of images or of a DICOM export, a zip of one, or a dataset; masks or boxes
            that it has are the truth that maps should point at.
        out: where ``explanation.json``, ``explanation.html``, ``failures.csv`` and the maps go: those that
            stood their trials in ``maps`` and ``overlays``, the others in ``failed``.
        methods: names of ``data/map_kinds.py``; by default all that suit the model.
        class_name: the class that is explained; by default the one that is predicted.
        truth: a dataset with masks or boxes of the same names, a folder of masks, or the mask of one image.
        series: of an untouched DICOM export, see ``predict``.
        seed: of all that is left to chance.
        lang: language of the page, "en" or "zh".
        overwrite: replace earlier results in ``out``.
        progress: told within every case.
        device, threads: see Settings.

    Raises:
        DataError: nothing readable is there, or no case could be explained.
        SettingsError: an unknown method, class or language.
        ModelError, OutputError: see the message.
        MissingExtraError: torch, MONAI or captum is not installed.
    """
    for package in ("torch", "monai", "captum"):
        require(package, extra="train", feature="Explaining a model")
    from scanwright.data.map_kinds import choose_maps
    from scanwright.explanation.aim import check_class
    from scanwright.explanation.explainer import Explainer
    from scanwright.explanation.run import RESULTS, explain_cases
    from scanwright.explanation.truth import with_truth
    from scanwright.inference.model import Model
    from scanwright.inference.package import load
    from scanwright.io.apart import keep_apart
    from scanwright.io.dataset import open_inputs
    from scanwright.io.files import claim_folder, kept_if_filled
    from scanwright.report.texts import Words

    Words(lang)  # what is wrong with the wishes is said before anything is read
    loaded = model if isinstance(model, Model) else load(model)
    kinds = choose_maps(methods, loaded.plan)
    check_class(class_name, loaded.plan)
    dataset = inputs if isinstance(inputs, Dataset) else open_inputs(inputs, series=series)
    dataset = with_truth(dataset, truth)
    keep_apart(Path(out), dataset)
    if truth is not None and not isinstance(truth, Dataset):
        keep_apart(Path(out), Dataset((), "masks", os.fspath(truth)))
    explainer = Explainer(loaded, kinds, class_name, device=device, threads=threads, seed=seed)
    folder = claim_folder(out, overwrite=overwrite, own=RESULTS)
    with kept_if_filled(folder):
        return explain_cases(explainer, dataset, folder, lang=lang, progress=progress)
