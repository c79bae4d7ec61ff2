"""The Python front door: the same verbs as in the shell, few and memorable.

>>> import scanwright as sw
>>> data = sw.open("scans/")
>>> model = sw.train(data, minutes=5)
>>> predictions = model.predict("new/")
>>> evaluation = sw.evaluate(model, data)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanwright.compression.front import compress as compress
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import Predicted
from scanwright.data.settings import Settings
from scanwright.errors import SettingsError
from scanwright.explanation.front import explain as explain
from scanwright.extras import needing_analysis, require
from scanwright.io.apart import keep_apart
from scanwright.io.files import claim_folder, fresh_folder, kept_if_filled, read_json, write_json, write_text
from scanwright.recipes.front import enhance as enhance
from scanwright.types import PathLikeStr, Progress, silent

if TYPE_CHECKING:
    from scanwright.evaluation.comparison import Comparison
    from scanwright.evaluation.evaluation import Evaluation
    from scanwright.inference.model import Model
    from scanwright.inference.objects import Objects
    from scanwright.inspection.doctor import Inspection
    from scanwright.io.writing.convert import Converted
    from scanwright.planning.fingerprint import Fingerprint
    from scanwright.training.estimate import Estimate

PATHS = (str, os.PathLike)


def open(path: PathLikeStr, *, patient_pattern: str | None = None, series: str | None = None) -> Dataset:
    """Open a folder of labelled scans; its layout is recognised.

    Args:
        path: a folder, a MedMNIST .npz or a manifest.csv.
        patient_pattern: regular expression with one group that finds the patient in a case's name.
        series: of a DICOM export, see ``predict``; without it, of each study the series with labels.

    Raises:
        DataError: nothing usable is there.
        SettingsError: an expression is not usable, or there are no series to choose from.
    """
    from scanwright.io.dataset import open_dataset

    return open_dataset(path, patient_pattern=patient_pattern, series=series)


@dataclass(frozen=True, eq=False)
class Planned:
    """Facts and decisions."""

    fingerprint: Fingerprint = field(repr=False)
    plan: Plan

    def estimate(self, device: str = "auto") -> Estimate:
        """What the plan costs here: weights, multiply-adds, about how many steps its minutes hold, and about
        how long the prediction of a case of median size takes.

        Raises:
            MissingExtraError: torch is not installed.
            SettingsError: the plan's network can't be built, or the device is not there.
        """
        require("torch", extra="train", feature="The cost of a network")
        require("monai", extra="train", feature="The cost of a network")
        from scanwright.planning.rules import working_shape
        from scanwright.training.estimate import estimate

        plan = self.plan
        shape = working_shape(self.fingerprint, plan.spacing_mm, plan.longest_side)
        return estimate(plan, device, shape.tolist() if plan.is_tiled else None)


@needing_analysis("inspect")
def inspect(
    data: Dataset | PathLikeStr,
    out: PathLikeStr | None = None,
    *,
    apply: bool = False,
    series: str | None = None,
    lang: str = "en",
    overwrite: bool = False,
    progress: Progress = silent,
) -> Inspection:
    """Say what is wrong with a dataset, before anything is learnt. Needs no torch.

    Args:
        data: a dataset or where it is.
        out: where ``findings.json`` and ``findings.html`` go; ``None`` writes nothing.
        apply: also write ``manifest.csv``, without the cases that are to be left out, look-alikes under one
            patient and, of given splits, on the strictest side that one of them has; not where no case is
            left. The data themselves are never changed.
        series: of an untouched DICOM export, see ``predict``.
        lang: language of the page, "en" or "zh".
        overwrite: replace an earlier inspection in ``out``.
        progress: told after every case.

    Raises:
        DataError: nothing usable is there; ``apply`` for data in a zip.
        OutputError, SettingsError: see the message.
    """
    from scanwright.inspection.doctor import inspect as examine
    from scanwright.io.dataset import find_cases
    from scanwright.io.writing.manifest_csv import FILES, refuse_zip, write_manifest
    from scanwright.report.findings import render_findings, shown_cases
    from scanwright.report.texts import Words

    Words(lang)
    if apply:
        refuse_zip(data.source if isinstance(data, Dataset) else data)
    dataset = data if isinstance(data, Dataset) else find_cases(data, series=series)
    own = ("findings.json", "findings.html", *FILES)
    if out is None:
        return examine(dataset, progress)
    keep_apart(Path(out), dataset)
    folder = claim_folder(out, overwrite=overwrite, own=own)
    with kept_if_filled(folder):
        inspection = examine(dataset, progress)
        write_json(folder / "findings.json", inspection.to_json())
        findings = inspection.in_words(lang)
        page = render_findings(
            inspection.summary, findings, inspection.thumbnails(shown_cases(findings)), lang
        )
        write_text(folder / "findings.html", page)
        if apply and (cleaned := inspection.cleaned()):
            write_manifest(folder, dataset, cleaned)
    return inspection


@needing_analysis("convert")
def convert(
    data: Dataset | PathLikeStr,
    out: PathLikeStr,
    *,
    to: str,
    series: str | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Converted:
    """Write a dataset in another layout; the data themselves are never changed. Needs no torch.

    Args:
        data: a dataset or where it is.
        out: where the new dataset goes.
        to: "nnunet", "bids" or "manifest".
        series: see ``open``.
        overwrite: replace an earlier conversion in ``out``.
        progress: told after every case.

    Raises:
        DataError: nothing usable is there, or no case can be written so.
        OutputError: ``out`` holds something else, or the disk is full.
        SettingsError: an unknown ``to``, or one of masks where there are none.
    """
    from scanwright.io.writing.convert import convert as write
    from scanwright.io.writing.convert import find_target

    find_target(to)  # an unknown one is said now and not after all headers
    dataset = _dataset(data, Settings(series=series))
    keep_apart(Path(out), dataset)
    return write(dataset, out, to=to, overwrite=overwrite, progress=progress)


@needing_analysis("plan")
def plan(data: Dataset | PathLikeStr, *, progress: Progress = silent, **settings: Any) -> Planned:
    """Read every case once, and decide everything, each with its reason. Needs no torch but for
    ``memory`` and ``init_from``.

    Args:
        data: a dataset or where it is.
        progress: told of every stage.
        settings: fields of Settings (minutes, effort, task, seed, overrides, …).

    Raises:
        DataError, SettingsError: see ``train``.
    """
    from scanwright.tasks.catalogue import choose_task, task_dataset
    from scanwright.tasks.decision import decide, find_facts

    wanted = Settings.from_json(settings)
    dataset = _dataset(data, wanted)
    task = choose_task(wanted.task, dataset)
    dataset = task_dataset(task, dataset)
    if wanted.init_from is None and wanted.memory is None:
        facts = find_facts(task, dataset, wanted, progress)
        return Planned(facts, decide(task, facts, wanted))
    for package in ("torch", "monai"):
        require(package, extra="train", feature="Planning for weights or a memory")
    from scanwright.training.beginning import plan_beginning

    return Planned(*plan_beginning(task, dataset, wanted, progress))


def train(
    data: Dataset | PathLikeStr,
    out: PathLikeStr | None = None,
    *,
    plan: Plan | Planned | PathLikeStr | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
    **settings: Any,
) -> Model:
    """Train a model, and write everything about it into a run folder.

    Args:
        data: a dataset or where it is; its test cases are not touched.
        out: the run folder; ``None`` makes a new one, "scanwright-run-1" and so on.
        plan: a plan, what ``plan`` gave, or a ``plan.json``, to use as it is; one with a pace is replayed
            exactly.
        resume: go on where an unfinished run in ``out`` stopped.
        overwrite: replace an earlier run in ``out``.
        progress: told of every stage.
        settings: fields of Settings (minutes, effort, task, seed, device, threads, memory, init_from, …).

    Raises:
        DataError: nothing usable to learn from.
        ModelError: the weights to start from are damaged, or none of them fits.
        SettingsError: settings that do not fit the data.
        OutputError: ``out`` holds something else, or the disk is full.
        MissingExtraError: torch is not installed.
    """
    require("torch", extra="train", feature="Training")
    require("lightning", extra="train", feature="Training")
    from scanwright.training.run import train_run

    wanted = Settings.from_json(settings)
    facts = plan.fingerprint if isinstance(plan, Planned) else None
    chosen = plan.plan if isinstance(plan, Planned) else load_plan(plan) if isinstance(plan, PATHS) else plan
    dataset = _dataset(data, wanted)
    folder = Path(out) if out is not None else fresh_folder()
    keep_apart(folder, dataset)
    return train_run(
        dataset,
        folder,
        wanted,
        plan=chosen,
        facts=facts,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
    )


def load(path: PathLikeStr, *, memory: str | None = None) -> Model:
    """Load a run, a model folder or a package; hashes are verified, no code is run.

    Raises:
        ModelError: there is none, it is damaged or too new, or a package answers its golden cases otherwise.
        SettingsError: a package needs more than ``memory``.
    """
    from scanwright.inference import package

    return package.load(path, memory=Settings(memory=memory).memory_bytes)


def load_plan(path: PathLikeStr) -> Plan:
    """Read a ``plan.json``.

    Raises:
        ModelError: it is missing, damaged or newer than this program.
        SettingsError: it was edited into something that makes no sense.
    """
    return Plan.from_json(read_json(path), os.fspath(path))


@needing_analysis("evaluate")
def evaluate(
    model: Model | PathLikeStr,
    data: Dataset | PathLikeStr,
    out: PathLikeStr | None = None,
    *,
    split: str = "test",
    by: Sequence[str] = (),
    costs: PathLikeStr | None = None,
    uncertainty: str = "",
    series: str | None = None,
    lang: str = "en",
    pdf: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
    device: str = "auto",
    threads: int | None = None,
    baselines: Sequence[dict[str, Any]] = (),
) -> Evaluation:
    """Judge a model on cases it did not learn from.

    Args:
        model: a model, or where it is.
        data: a dataset with truth, or where it is.
        out: where ``evaluation.json``, ``report.html``, the model card, checklists and ``failures.csv`` go;
            ``None`` writes nothing.
        split: "test", "val" or "all".
        by: columns of the data (sex, age, …) to judge subgroups by; "size" is that of what masks outline.
        costs: table (CSV) of what answers cost, a row ``truth`` and a column for each class.
        uncertainty: see ``predict``.
        series: see ``open``.
        lang: language of the report, "en" or "zh".
        pdf: also write ``report.pdf``.
        overwrite: replace an earlier evaluation in ``out``.
        progress: told after every case.
        device, threads: see Settings.
        baselines: numbers of simpler methods on the same cases, to stand beside the model's.

    Raises:
        DataError: no case can be judged.
        ModelError, OutputError, SettingsError, MissingExtraError: see the message.
    """
    from scanwright.evaluation.evaluation import evaluate as judge
    from scanwright.evaluation.results import EVALUATED, write_evaluation
    from scanwright.report.pdf import check_pdf
    from scanwright.report.texts import Words

    Words(lang)  # what can't be written is said now and not after all cases
    if pdf:
        check_pdf(lang)
    loaded = load(model) if isinstance(model, PATHS) else model
    judged = partial(judge, loaded, split=split, by=by, costs=costs, uncertainty=uncertainty)
    dataset = _dataset(data, Settings(series=series))
    if out is not None:
        keep_apart(Path(out), dataset)
        folder = claim_folder(out, overwrite=overwrite, own=EVALUATED)
    with kept_if_filled(folder) if out is not None else nullcontext():
        evaluation = judged(dataset, device=device, threads=threads, progress=progress)
    evaluation.content["baselines"] += baselines
    if out is not None:
        write_evaluation(evaluation, folder, lang, pdf=pdf)
    return evaluation


@needing_analysis("compare")
def compare(
    model_a: Model | PathLikeStr,
    model_b: Model | PathLikeStr,
    data: Dataset | PathLikeStr,
    out: PathLikeStr | None = None,
    *,
    series: str | None = None,
    lang: str = "en",
    overwrite: bool = False,
    progress: Progress = silent,
    device: str = "auto",
    threads: int | None = None,
) -> Comparison:
    """Judge two models on exactly the same cases, and say whether their difference is more than chance.

    Args:
        model_a, model_b: models of the same task and classes, or where they are; a difference is b less a.
        data: a dataset with truth, or where it is: the one that they were trained on (the test cases of both
            are used), or one that neither has seen.
        out: where ``comparison.json``, ``comparison.html`` and ``failures.csv`` go; ``None`` writes nothing.
        series: see ``open``.
        lang: language of the page, "en" or "zh".
        overwrite: replace an earlier comparison in ``out``.
        progress: told after every case.
        device, threads: see Settings.

    Raises:
        DataError: one learnt from the other's test cases, or no case can be judged by both.
        SettingsError: the models answer different questions.
        ModelError, OutputError: see the message.
    """
    from scanwright.evaluation.comparison import compare as judge
    from scanwright.evaluation.results import COMPARED, write_comparison
    from scanwright.report.texts import Words

    Words(lang)
    pair = [load(model) if isinstance(model, PATHS) else model for model in (model_a, model_b)]
    dataset = _dataset(data, Settings(series=series))
    if out is not None:
        keep_apart(Path(out), dataset)
        folder = claim_folder(out, overwrite=overwrite, own=COMPARED)
    comparison = judge((pair[0], pair[1]), dataset, device=device, threads=threads, progress=progress)
    if out is not None:
        write_comparison(comparison, folder, lang)
    return comparison


def predict(
    model: Model | PathLikeStr,
    inputs: PathLikeStr,
    out: PathLikeStr,
    *,
    series: str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress = silent,
    device: str = "auto",
    threads: int | None = None,
    memory: str | None = None,
    uncertainty: str = "",
    pictures: bool = False,
    all_findings: bool = False,
    also: Sequence[str] = (),
    lang: str = "en",
) -> Predicted:
    """Predict a file, a series folder or a folder of cases, and write the results.

    Masks go to ``out`` under the case's name, on the input's grid; boxes to ``detections.json`` and, of
    volumes, ``detections.csv``; whole-image answers to ``predictions.csv``; what failed to ``failures.csv``.

    Args:
        model: a model, or where it is.
        inputs: an image, a folder of images or of a DICOM export, or a zip of one.
        out: where the results go.
        series: only the DICOM series in whose "MODALITY description UID" this regular expression finds
            something; without it, every volume but localizers, screenshots and stray slices.
        overwrite: replace earlier results in ``out``.
        resume: go on with what was begun in ``out`` and stopped; where nothing was, begin.
        progress: told after every case, and within one after every few patches.
        device, threads, memory: see Settings.
        uncertainty: "tta", "dropout" or "ensemble", see ``inference/uncertainty.py``.
        pictures: also draw the masks or boxes of each case, as PNG in ``out/pictures``.
        all_findings: write boxes whatever their scores, to choose other thresholds than the model's.
        also: of cases from DICOM also write, to ``out/dicom``, objects of the kinds "seg", "rtstruct", "sr"
            (with the SEG that it refers to), "map" (probabilities) and "pdf".
        lang: language of the PDF, "en" or "zh".

    Raises:
        DataError: nothing readable is there.
        ModelError, OutputError, SettingsError, MissingExtraError: see the message.
    """
    from scanwright.inference.application import RESULTS, apply_model
    from scanwright.inference.journal import begin
    from scanwright.io.archive import place_of
    from scanwright.io.dataset import open_inputs
    from scanwright.report.texts import Words

    Words(lang)  # an unknown language is said before the work
    objects = _objects(also, lang) if also else None
    if pictures:
        require("matplotlib", extra="analysis", feature="Drawing pictures")
    cap = Settings(memory=memory).memory_bytes
    loaded = load(model, memory=memory) if isinstance(model, PATHS) else model
    dataset, source = open_inputs(inputs, series=series), place_of(Path(inputs))
    keep_apart(Path(out), dataset)
    root = source if source.is_dir() else source.parent
    of = {
        "model": loaded.sha256,
        "input": str(source.resolve()),
        **{"series": series, "uncertainty": uncertainty, "pictures": pictures, "all findings": all_findings},
        **{"objects": list(also), "language": lang},
    }
    journal = begin(out, of, own=RESULTS, overwrite=overwrite, resume=resume)
    return apply_model(
        partial(loaded.run, device=device, threads=threads, memory=cap, uncertainty=uncertainty),
        loaded.plan,
        dataset,
        Path(out),
        root,
        journal=journal,
        progress=progress,
        pictures=pictures,
        all_findings=all_findings,
        objects=objects(Path(out), root, loaded) if objects else None,
        in_turn=cap is not None,
    )


def _objects(also: Sequence[str], lang: str) -> Callable[[Path, Path, Model], Objects]:
    """What makes the writer of DICOM objects, once there is a model; refuses at once what it can't write."""
    from scanwright.inference.results import check_names

    check_names(also)  # also where nothing could write them
    with needing_analysis("Writing DICOM objects"):
        from scanwright.followup.objects import measure_labels
        from scanwright.inference.objects import Objects, algorithm_of, check_kinds

    kinds = check_kinds(also, lang)
    return lambda folder, root, model: Objects(
        kinds, folder, root, model.plan, algorithm_of(model), measure_labels, lang
    )


def _dataset(data: Dataset | PathLikeStr, settings: Settings) -> Dataset:
    from scanwright.tasks.catalogue import check_name

    check_name(settings.task)  # an unknown one is said before the data are opened
    if isinstance(data, Dataset):
        for name in ("patient_pattern", "series"):
            if getattr(settings, name) is not None:
                raise SettingsError(f"{name} belongs to opening", do=f"Pass it to open(…, {name}=…).")
        return data
    return open(data, patient_pattern=settings.patient_pattern, series=settings.series)
