"""A model explained on all cases: maps, their trials, the record of all, and a page."""

from __future__ import annotations

import datetime as dt
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np

from scanwright.core.explanation import pointing
from scanwright.core.statistics import Key, mean_defined, patient_bootstrap
from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.prediction import Doubt
from scanwright.errors import DataError
from scanwright.explanation.explainer import FRESH_NETWORKS, Explainer
from scanwright.explanation.trials import MOST_CHANCE, MOST_CORRELATION, ORDERS, SHARES
from scanwright.explanation.truth import true_region
from scanwright.inference.scope import find_doubts, find_strangeness
from scanwright.io.failures_csv import write_failures
from scanwright.io.files import read_json, write_bytes, write_json, write_text
from scanwright.io.maps import write_map
from scanwright.planning.facts import HASH_LENGTH, image_hash
from scanwright.report.explanation import MOST_PICTURES, render_explanation
from scanwright.report.map_pictures import Explained, map_panel, maps_sheet
from scanwright.types import FloatArray, IntArray, JsonDict, Progress

RECORD, PAGE, FAILURES = "explanation.json", "explanation.html", "failures.csv"
MAPS, OVERLAYS, FAILED = "maps", "overlays", "failed"
RESULTS = (RECORD, PAGE, FAILURES, MAPS, OVERLAYS, FAILED)
MEASURED = ("deletion", "chance_deletion", "insertion", "chance_insertion", "correlation")
PACKAGES = ("scanwright", "torch", "monai", "captum", "numpy", "scipy")


@dataclass(frozen=True, eq=False)
class Explanation:
    """What ``explain`` gave.

    Attributes:
        folder: where everything lies.
        content: as ``explanation.json`` holds it.
        set_aside: cases without maps, and why.
        notes: what a user should know, one sentence each.
    """

    folder: Path
    content: JsonDict
    set_aside: tuple[SetAside, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Work:
    """What grows from case to case; ``learnt`` holds hashes of images that the model was made with."""

    set_aside: list[SetAside]
    records: list[JsonDict] = field(default_factory=list)
    doubts: Counter[Doubt] = field(default_factory=Counter)
    pictures: dict[str, bytes] = field(default_factory=dict)
    learnt: frozenset[str] = frozenset()


def explain_cases(
    explainer: Explainer, dataset: Dataset, folder: Path, *, lang: str = "en", progress: Progress
) -> Explanation:
    """Explain every case; one that fails is set aside, and Ctrl-C keeps those that are done.

    Args:
        explainer: of the model.
        dataset: its cases, with masks or boxes where they are known.
        folder: where the results go; it exists.
        lang: of the page.
        progress: told within every case.

    Raises:
        DataError: no case could be explained.
        OutputError: the disk is full.
        KeyboardInterrupt: after what is done has been written.
    """
    work, stopped, done = _Work(list(dataset.set_aside), learnt=_learnt(explainer)), None, 0
    try:
        for done, case in enumerate(dataset.cases):
            _explain(explainer, case, folder, work, _within(progress, done, len(dataset), case.name))
    except KeyboardInterrupt as stop:
        stopped = stop
    if work.records:
        content = _content(explainer, dataset, work)
        content["stopped"] = {"done": done, "total": len(dataset)} if stopped else None
        write_json(folder / RECORD, content)
        # The page shows what the file holds, and nothing else.
        page = render_explanation(read_json(folder / RECORD), work.pictures, lang)
        write_text(folder / PAGE, page)
        write_failures(folder / FAILURES, work.set_aside)
    if stopped is not None:
        raise stopped
    progress("Explaining", len(dataset), len(dataset), "")
    if not work.records:
        first = f" The first: {work.set_aside[0]}" if work.set_aside else ""
        raise DataError(f"nothing could be explained.{first}", subject=dataset.source)
    return Explanation(folder, content, tuple(work.set_aside), dataset.notes)


def _learnt(explainer: Explainer) -> frozenset[str]:
    images = explainer.model.provenance.get("images", {})
    return frozenset(short for split, own in images.items() if split != "test" for short in own)


def _within(progress: Progress, number: int, n_cases: int, case: str) -> Progress:
    def told(stage: str, done: float, total: float, note: str = "") -> None:
        progress(stage, number + done / total, n_cases, note or case)

    return told


def _explain(explainer: Explainer, case: Case, folder: Path, work: _Work, progress: Progress) -> None:
    """One case: its files in ``folder``, all else into ``work``."""
    progress("Explaining", 0, 1)
    try:
        image = case.image.read()
        aim = explainer.take_aim(case, image)
        region = true_region(case, aim, image, explainer.plan)
    except DataError as error:
        work.set_aside.append(SetAside(case.name, "explain", str(error)))
        return
    shown = Explained(image, region, aim.predicted)
    maps: dict[str, JsonDict] = {}
    stood: dict[str, FloatArray] = {}
    # All first, then the files: Ctrl-C leaves none of a case that is not in the record.
    judged = list(explainer.judged_maps(aim, case.name, lambda share: progress("Explaining", share, 1)))
    for one in judged:
        name, failed = one.kind.name, one.verdict.failed
        where = FAILED if failed else MAPS
        (folder / where / case.name).parent.mkdir(parents=True, exist_ok=True)
        file, stored = write_map(folder / where / f"{case.name}.{name}", one.relevance, image)
        overlay = folder / (FAILED if failed else OVERLAYS) / f"{case.name}.{name}.overlay.png"
        write_bytes(overlay, map_panel(shown, one.relevance))
        if not failed:
            stood[one.kind.title] = one.relevance
        maps[name] = {
            **vars(one.verdict),
            "failed": list(failed),
            "pointing": None if region is None else pointing(one.relevance, region),
            "peak_ijk": [int(n) for n in np.unravel_index(one.relevance.argmax(), one.relevance.shape)],
            "map": file.relative_to(folder).as_posix(),
            "overlay": overlay.relative_to(folder).as_posix(),
            **stored,
        }
    if stood and len(work.pictures) < MOST_PICTURES:
        work.pictures[case.name] = maps_sheet(shown, stood)
    model = explainer.model
    work.doubts.update(find_doubts(image, model.provenance.get("data", {}), explainer.plan.dims))
    work.doubts.update(find_strangeness(image, model.familiar).doubts)
    work.records.append(
        {
            "case": case.name,
            "patient": case.patient,
            "about": aim.about,
            "class": aim.name,
            "answer": explainer.answer(aim),
            "truth": region is not None,
            "learnt_from": image_hash(image)[:HASH_LENGTH] in work.learnt,
            "maps": maps,
        }
    )


def _content(explainer: Explainer, dataset: Dataset, work: _Work) -> JsonDict:
    model, plan = explainer.model, explainer.plan
    return {
        "schema_version": 1,
        "task": plan.task,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "research_use": "Research use only, not for diagnosis",
        "data": {
            "source": Path(dataset.source).name,
            "layout": dataset.layout,
            "patients": dataset.patients,
            "cases": len(dataset),
        },
        "model": {
            "hash": model.sha256,
            "run": model.folder.parent.name if model.folder else "",
            "members": model.n_members,
        },
        "asked": {"methods": [kind.name for kind in explainer.kinds], "class": explainer.wanted},
        "trials": {
            "shares": list(SHARES),
            "orders": ORDERS,
            "most_chance": MOST_CHANCE,
            "most_correlation": MOST_CORRELATION,
            "fresh_networks": FRESH_NETWORKS,
        },
        "numbers": _numbers(work.records, [kind.name for kind in explainer.kinds]),
        "records": work.records,
        "set_aside": [vars(one) for one in work.set_aside],
        "doubts": [{**vars(doubt), "n": n} for doubt, n in work.doubts.items()],
        "seed": explainer.seed,
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
    }


def _numbers(records: Sequence[JsonDict], methods: Sequence[str]) -> list[JsonDict]:
    """Of each method: how many maps stood, how many point at the truth, and the means of the trials."""
    table: dict[Key, FloatArray] = {}
    for method in methods:
        maps = [record["maps"][method] for record in records]
        table["stood", method] = np.array([not one["failed"] for one in maps], dtype=np.float64)
        pointed = [np.nan if one["pointing"] is None else np.nan_to_num(one["pointing"]) for one in maps]
        table["pointing", method] = np.array(pointed, dtype=np.float64)
        for name in MEASURED:
            table[name, method] = np.array([one[name] for one in maps], dtype=np.float64)

    def statistic(rows: IntArray) -> dict[Key, float]:
        return {key: mean_defined(column[rows]) for key, column in table.items()}

    support = {key: np.flatnonzero(~np.isnan(column)) for key, column in table.items()}
    patients = [record["patient"] for record in records]
    return [number.to_json() for number in patient_bootstrap(statistic, patients, support=support).values()]
