"""Writing a dataset in another layout: what is read, checked and written, case by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError, SettingsError
from scanwright.io.failures_csv import write_failures
from scanwright.io.files import filling, kept_if_filled, write_json
from scanwright.io.writing import bids, manifest, nnunet
from scanwright.io.writing.case import Place, Written, load_case, write_case
from scanwright.io.writing.claim import claim_recorded, holdings
from scanwright.io.writing.target import Target
from scanwright.types import PathLikeStr, Progress, silent

TARGETS: dict[str, Target] = {one.name: one for one in (nnunet.TARGET, bids.TARGET, manifest.TARGET)}
RECORD = "conversion.json"
FAILURES = "failures.csv"
_KINDS = {"label": "classes", "labels": "classes", "boxes": "boxes", "values": "numbers"}  # all but masks


@dataclass(frozen=True)
class Converted:
    """What a conversion gave.

    Attributes:
        folder: where the dataset lies.
        to: the name of the target.
        written: the cases that were written, in order.
        set_aside: those that were not, with those that opening had set aside.
        notes: what changed or could not be kept, one sentence each.
    """

    folder: Path
    to: str
    written: tuple[Written, ...]
    set_aside: tuple[SetAside, ...]
    notes: tuple[str, ...]


def convert(
    dataset: Dataset,
    out: PathLikeStr,
    *,
    to: str,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Converted:
    """Write all cases of a dataset in the layout of a target; each is read once.

    A folder appears whole or not at all. ``conversion.json`` says which case each file was, and what an
    ``overwrite`` may remove: nothing that no conversion has written.

    Args:
        dataset: any dataset.
        out: a folder of its own.
        to: a name in ``TARGETS``.
        overwrite: replace an earlier conversion.
        progress: told after every case.

    Raises:
        SettingsError: an unknown target, or one of masks where there are none.
        DataError: no case can be written.
        OutputError: ``out`` holds something else, or writing fails.
    """
    target = find_target(to)
    _check_targets(dataset, target)
    places = {name: place for name, place in target.places(dataset).items() if place.fits}
    files = [path for place in places.values() for path in (*place.images(1), place.mask)]
    folder, earlier = claim_recorded(
        out, RECORD, (FAILURES, *target.index, *files), overwrite=overwrite, what="conversion"
    )
    too_long = [case.name for case in dataset.cases if case.name not in places]
    set_aside = [*dataset.set_aside]
    set_aside += [SetAside(name, "convert", "its name is too long for a file") for name in too_long]
    with kept_if_filled(folder), filling(folder, instead_of=earlier) as part:
        written: list[Written] = []
        for done, case in enumerate(dataset.cases):
            progress("Converting", done, len(dataset), case.name)
            if case.name not in places:
                continue
            one = _write(part, case, places[case.name], target)
            if isinstance(one, Written):
                written.append(one)
            else:
                set_aside.append(one)
        written, odd = _alike(part, written, target)
        set_aside += odd
        if not written:
            first = f"The first: {set_aside[0]}" if set_aside else ""
            raise DataError(f"no case can be written as {target.words}", subject=dataset.source, do=first)
        notes = (*_mixed(written), *_unkept(written, target), *target.finish(part, dataset, written))
        write_failures(part / FAILURES, set_aside)
        _write_record(part, dataset, target, written, notes)
    progress("Converting", len(dataset), len(dataset), "")
    return Converted(folder, to, tuple(written), tuple(set_aside), notes)


def find_target(name: str) -> Target:
    """The target of that name.

    Raises:
        SettingsError: there is none.
    """
    try:
        return TARGETS[name]
    except KeyError:
        raise SettingsError(
            "unknown target", expected=f"one of {', '.join(TARGETS)}", received=name
        ) from None


def _check_targets(dataset: Dataset, target: Target) -> None:
    if not target.needs_masks or dataset.target not in _KINDS:
        return
    if not any("mask" in case.targets for case in dataset.cases):
        able = " or ".join(f"--to {one.name}" for one in TARGETS.values() if not one.needs_masks)
        raise SettingsError(
            f"{target.words} holds masks, and not {_KINDS[dataset.target]}",
            expected="a dataset with masks",
            received=f"{dataset.source}, a dataset of the layout {dataset.layout}",
            do=f"Use {able}.",
        )


def _write(part: Path, case: Case, place: Place, target: Target) -> Written | SetAside:
    try:
        loaded = load_case(case)
    except DataError as error:
        return SetAside(case.name, "read", str(error))
    try:
        target.check(loaded)
        return write_case(part, loaded, place)
    except DataError as error:
        return SetAside(case.name, "convert", str(error))


def _alike(part: Path, written: Sequence[Written], target: Target) -> tuple[list[Written], list[SetAside]]:
    """The cases of the most common kind; the files of the others are removed."""
    kinds = Counter(target.alike(one) for one in written)
    if len(kinds) <= 1:
        return list(written), []
    usual, n = kinds.most_common(1)[0]
    like = next(one for one in written if target.alike(one) == usual)
    kept, odd = [], []
    for one in written:
        if target.alike(one) == usual:
            kept.append(one)
            continue
        for file in (*one.images, one.mask) if one.mask else one.images:
            _remove(part, file)
        reason = f"unlike most cases. Expected {_kind(like)}, as {n} cases have. Received {_kind(one)}."
        odd.append(SetAside(one.case.name, "convert", reason))
    return kept, odd


def _remove(part: Path, file: str) -> None:
    """The file, and folders that it leaves empty."""
    (part / file).unlink()
    for parent in Path(file).parents[:-1]:
        if not any((part / parent).iterdir()):
            (part / parent).rmdir()


def _kind(one: Written) -> str:
    return f"{one.n_channels} channel{'s' * (one.n_channels > 1)} in {len(one.images)} {one.ending}"


def _mixed(written: Sequence[Written]) -> tuple[str, ...]:
    """Of DICOM the files that are written tell no modality any more."""
    counts = Counter(one.case.facts.get("modality") or "unknown" for one in written)
    told = ", ".join(f"{modality} ({n})" for modality, n in sorted(counts.items()))
    return (f"images differ in the modality: {told}",) if len(counts) > 1 else ()


def _unkept(written: Sequence[Written], target: Target) -> tuple[str, ...]:
    counts = Counter(kind for one in written for kind in one.case.targets if kind in _KINDS)
    lost = ", ".join(f"{_KINDS[kind]} (cases with some: {n})" for kind, n in counts.items())
    return () if target.keeps_all or not lost else (f"not written, as {target.words} holds masks: {lost}",)


def _write_record(
    part: Path, dataset: Dataset, target: Target, written: Sequence[Written], notes: Sequence[str]
) -> None:
    cases = {one.case.name: {"image": list(one.images), "mask": one.mask or None} for one in written}
    write_json(
        part / RECORD,
        {
            "schema_version": 1,
            "to": target.name,
            "source": dataset.source,
            "layout": dataset.layout,
            "patients": dataset.patients,
            "notes": list(notes),
            **holdings(part, RECORD),
            "cases": cases,
        },
    )
