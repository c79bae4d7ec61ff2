"""A recipe on all cases: read, changed, written and recorded one by one; the source is only read."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.recipe import Recipe
from scanwright.data.step_kinds import BY_NAME
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.failures_csv import write_failures
from scanwright.io.files import filling, finite, kept_if_filled, write_json, write_text
from scanwright.io.writing.case import NIFTI, PNG, Loaded, Place, Written, write_case
from scanwright.io.writing.claim import claim_recorded, holdings
from scanwright.planning.facts import image_hash
from scanwright.recipes.comparison import compare, summarise
from scanwright.recipes.storage import places, stored_values, to_store
from scanwright.report.before_after import before_and_after
from scanwright.report.enhancement import MOST_PICTURES, Pair, render_enhancement
from scanwright.transforms.enhancement.channels import with_array
from scanwright.transforms.enhancement.enhanced import follow
from scanwright.types import JsonDict, PathLikeStr, Progress, silent

RECORD, PAGE, FAILURES = "steps.json", "enhance.html", "failures.csv"
_DRAWN = {"masks": "mask", "boxes": "boxes"}  # what moves with the grid, and the target that it is
PACKAGES = (
    "scanwright",
    "numpy",
    "scipy",
    "SimpleITK",
    "scikit-image",
    "PyWavelets",
    "connected-components-3d",
)


@dataclass(frozen=True, eq=False)
class Enhancement:
    """What ``enhance`` gave.

    Attributes:
        folder: where the images lie.
        files: the images, in the order of the cases.
        set_aside: cases without an image, and why.
        content: what ``steps.json`` holds.
        notes: what a user should know, one sentence each.
    """

    folder: Path
    files: tuple[Path, ...]
    set_aside: tuple[SetAside, ...]
    content: JsonDict
    notes: tuple[str, ...]


@dataclass
class _Work:
    """What grows from case to case."""

    set_aside: list[SetAside]
    written: list[Written] = field(default_factory=list)
    records: dict[str, JsonDict] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)


def run_recipe(
    dataset: Dataset,
    out: PathLikeStr,
    recipe: Recipe,
    references: Mapping[str, Volume],
    *,
    truth: Dataset | None = None,
    lang: str = "en",
    overwrite: bool = False,
    progress: Progress = silent,
) -> Enhancement:
    """Do the steps of a recipe on every case, and write images, ``steps.json``, the page, ``failures.csv``.

    The folder fills when all is done, or not at all.

    Args:
        dataset: any; masks and labels are left alone.
        out: a folder of its own.
        recipe: the steps.
        references: file → image, of the files that the steps name.
        truth: images of the same names, to compare with.
        lang: language of the page, "en" or "zh".
        overwrite: replace what an earlier run wrote in ``out``.
        progress: told after every case.

    Raises:
        DataError: no case can be enhanced; no case has a reference.
        OutputError: ``out`` holds something else, or the disk is full.
    """
    where = {name: place for name, place in places(dataset).items() if place.fits}
    cases = [case for case in dataset.cases if case.name in where]
    names = [path + ending for one in where.values() for path in one.images(1) for ending in (NIFTI, PNG)]
    truths = _truths(dataset, truth)
    folder, earlier = claim_recorded(
        out, RECORD, (PAGE, FAILURES, *names), overwrite=overwrite, what="enhancement"
    )
    too_long = [case.name for case in dataset.cases if case.name not in where]
    work = _Work([SetAside(name, "enhance", "its name is too long for a file") for name in too_long])
    work.set_aside[:0] = dataset.set_aside
    with kept_if_filled(folder), filling(folder, instead_of=earlier) as part:
        for done, case in enumerate(cases):
            progress("Enhancing", done, len(cases), case.name)
            # Pictures are spread over the cases; where one is set aside, the next one comes in.
            due = len(work.pairs) < MOST_PICTURES and done * MOST_PICTURES >= len(work.pairs) * len(cases)
            _enhance(part, case, where[case.name], recipe, references, truths.get(case.name), work, due)
        if not work.written:
            first = work.set_aside[0] if work.set_aside else None
            said = f"The first: {first}" if first else ""
            raise DataError("no image can be enhanced", subject=dataset.source, do=said)
        content = _content(dataset, recipe, references, truth, work)
        page = render_enhancement(finite(content), work.pairs, _abouts(lang), lang)
        write_text(part / PAGE, page)
        write_failures(part / FAILURES, work.set_aside)
        content |= holdings(part, RECORD)
        write_json(part / RECORD, content)
    progress("Enhancing", len(cases), len(cases), "")
    files = tuple(folder / file for one in work.written for file in one.images)
    return Enhancement(folder, files, tuple(work.set_aside), content, _notes(dataset, recipe))


def _truths(dataset: Dataset, truth: Dataset | None) -> dict[str, Case]:
    """Case → its reference.

    Raises:
        DataError: there are references, and none has the name of a case.
    """
    if truth is None:
        return {}
    names = {case.name for case in dataset.cases}
    found = {case.name: case for case in truth.cases if case.name in names}
    if not found:
        raise DataError(
            "no reference has the name of a case",
            subject=truth.source,
            expected=f"names such as {dataset.cases[0].name}" if dataset.cases else "",
            received=", ".join(case.name for case in truth.cases[:3]) or "no image",
        )
    return found


def _enhance(
    part: Path,
    case: Case,
    place: Place,
    recipe: Recipe,
    references: Mapping[str, Volume],
    truth: Case | None,
    work: _Work,
    pictured: bool,
) -> None:
    """One case: its files below ``part``, all else into ``work``."""
    stage = "read"
    try:
        image = case.image.read()
        reference = truth.image.read() if truth else None
        stage = "enhance"
        made = follow(recipe, image, references)
        to_write, stored = to_store(made.image, made.scale, image.array.dtype)
        written = write_case(part, Loaded(case, to_write, None), place)
    except DataError as error:
        work.set_aside.append(SetAside(case.name, stage, str(error)))
        return
    shown = with_array(made.image, stored_values(to_write, stored))
    work.written.append(written)
    work.records[case.name] = {
        "files": list(written.images),
        "source": [case.image.source, *case.image.further],
        "sha256_before": image_hash(image),
        "sha256_after": image_hash(to_write),
        "values": made.scale,
        "stored": stored,
        "unusable_replaced": made.n_replaced,
        "steps": [
            {name: one[name] for name in ("step", "realised", "invertible", "undo")} for one in made.done
        ],
        "compared": compare(image, shown, made.scale, reference) if reference else None,
    }
    if pictured:
        same_units = made.scale == "source"
        work.pairs.append(Pair(case.name, *before_and_after(image, shown, same_units=same_units)))


def _content(
    dataset: Dataset,
    recipe: Recipe,
    references: Mapping[str, Volume],
    truth: Dataset | None,
    work: _Work,
) -> JsonDict:
    compared = [
        (one.case.patient, record["compared"])
        for one in work.written
        if (record := work.records[one.case.name])["compared"]
    ]
    numbers = summarise([record for _, record in compared], [patient for patient, _ in compared])
    return {
        "schema_version": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": dataset.source,
        "layout": dataset.layout,
        "written": ",".join(step.written for step in recipe),
        "steps": [
            {
                "step": step.kind.name,
                "written": step.written,
                "parameters": dict(step.values),
                "files": {name: image_hash(references[name]) for name in step.files},
                "invertible": bool(step.kind.undo),
            }
            for step in recipe
        ],
        "reference": truth.source if truth else None,
        "numbers": [number.to_json() for number in numbers.values()],
        "cases": work.records,
        "set_aside": [vars(one) for one in work.set_aside],
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
    }


def _abouts(lang: str) -> dict[str, Any]:
    return {name: kind.about_zh if lang == "zh" else kind.about for name, kind in BY_NAME.items()}


def _notes(dataset: Dataset, recipe: Recipe) -> tuple[str, ...]:
    moved = [step.kind.name for step in recipe if step.kind.moves_grid]
    drawn = [name for name, kind in _DRAWN.items() if any(kind in case.targets for case in dataset.cases)]
    if not moved or not drawn:
        return ()
    what, steps = " and ".join(drawn), " and ".join(dict.fromkeys(moved))
    return (f"{what} are not written, and {steps} gives the images another grid than their {what} have",)
