"""Fingerprint: the facts of a dataset, readable by a person, and all that the plan is made from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.splits import Splits, assign_folds, assign_splits, group_cases
from scanwright.errors import DataError, ScanwrightError
from scanwright.planning.answers import (
    choose_strata,
    choose_value,
    count_classes,
    drop_lonely_classes,
    missing_notes,
    rare_notes,
    share_classes,
)
from scanwright.planning.facts import CaseFacts, gather_facts, same_pictures
from scanwright.types import AnyArray, FloatArray, IntArray, JsonDict, Progress, silent

SCHEMA_VERSION = 1
MOST_DESCRIBED = 1000
"""Cases, taken evenly from all: more tell nothing new of what they look like."""
_PERCENTILES = (10, 50, 90)
SMALL_SHARE = 0.1
"""Of what a class holds, the part in pieces that are smaller than its small ones."""
LEAST_SHARE, FEWEST_PIECES, SPECK_VOXELS = 0.01, 50, 10
"""Of the pieces of a class, the share that are smaller than its least; with fewer pieces nobody knows. More
voxels are no speck, however large the pieces are: part of an organ that the image cuts off must stay."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Facts of the training side of a dataset; test cases count only in ``n_cases`` and ``cases``.

    Attributes:
        dataset: what was usable, in the order it came.
        cases: facts of each usable case.
        splits: who trains, chooses, judges.
        duplicates: groups of cases with the same, or nearly the same, picture.
        target: what is to be learnt, "mask", "label", "labels", "boxes" or "values".
        value: which number, for "values".
        value_mean, value_deviation: of that number in the cases that train.
        dims: 2 when every image is one plane, else 3.
        median_shape: (i, j, k) of the images, see CaseFacts.
        spacing_mm: (3, 3) smallest, median, largest along i, j, k; ``None`` when any is unknown.
        intensity: for each channel: low, high, mean, deviation of the sampled voxels and ``scale_ratio``,
            the largest over the smallest brightness of a case; after ``enhance``.
        classes: name → cases that hold it (labels, boxes), or value → cases that hold it (masks); empty for
            numbers.
        class_shares: the same keys → share of the cases (labels), of all voxels (masks) or objects (boxes).
        small_mm: mean side of small pieces in the masks, of the class whose are smallest: smaller ones hold
            a tenth of the class. Infinite where spacing is unknown or there are no masks.
        least_pieces: value → size of the least pieces in the masks, in mm³ (mm² of planes; voxels where the
            spacing is unknown): one in a hundred is smaller. At most ten voxels, and only of what comes in
            many pieces.
        box_classes, box_sides: of all objects, see CaseFacts.
        box_spacing_mm: (n, 3) of the images that they lie in; ``None`` when any is unknown.
        box_counts: (cases,) objects of each.
        enhance: the classical steps that the plan is to begin with.
    """

    dataset: Dataset
    cases: tuple[CaseFacts, ...]
    splits: Splits
    duplicates: tuple[tuple[str, ...], ...]
    dims: int
    median_shape: tuple[int, int, int]
    spacing_mm: FloatArray | None
    channels: tuple[str, ...]
    intensity: tuple[Mapping[str, float], ...]
    modality: str
    eight_bit: bool
    classes: Mapping[str, int]
    class_shares: Mapping[str, float] = field(default_factory=dict)
    target: str = ""
    value: str = ""
    value_mean: float = 0.0
    value_deviation: float = 0.0
    foreground_share: float = 0.0
    small_mm: float = math.inf
    least_pieces: Mapping[str, float] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = field(default_factory=tuple)
    enhance: tuple[str, ...] = ()
    box_classes: tuple[str, ...] = ()
    box_sides: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))
    box_spacing_mm: FloatArray | None = None
    box_counts: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def n_train(self) -> int:
        return len(self.splits.names("train"))

    @property
    def n_groups(self) -> int:
        """Patients, or unrelated cases where nobody is known, that are not for testing."""
        groups = group_cases(self.dataset.cases, self.duplicates)
        return len({groups[name] for name, split in self.splits.of.items() if split != "test"})

    def folded(self, n: int, seed: int) -> Fingerprint:
        """The same facts, with training and validation cases in ``n`` folds."""
        groups = group_cases(self.dataset.cases, self.duplicates)
        strata = choose_strata(self.cases, self.target, self.value)
        return replace(self, splits=assign_folds(self.splits, groups, strata, n, seed))

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the dataset, and which classes a split lacks."""
        return *self.dataset.notes, *missing_notes(self.cases, self.splits.of, self.target)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        shapes = np.array([fact.shape for fact in self.cases])
        patients = {case.patient for case in self.dataset.cases}
        return {
            "schema_version": SCHEMA_VERSION,
            "source": self.dataset.source,
            "layout": self.dataset.layout,
            "patients": self.dataset.patients,
            "n_patients": None if None in patients else len(patients),
            "n_cases": len(self.cases),
            "splits": {split: len(self.splits.names(split)) for split in ("train", "val", "test")},
            "how_split": self.splits.how,
            "dims": self.dims,
            "shape": {
                "smallest": shapes.min(0).tolist(),
                "median": list(self.median_shape),
                "largest": shapes.max(0).tolist(),
            },
            "spacing_mm": None
            if self.spacing_mm is None
            else dict(zip(("smallest", "median", "largest"), self.spacing_mm.round(4).tolist(), strict=True)),
            "orientations": dict(Counter(fact.orientation or "unknown" for fact in self.cases)),
            "modality": self.modality,
            "channels": list(self.channels),
            "enhance": list(self.enhance),
            "intensity": [{name: float(f"{v:.6g}") for name, v in row.items()} for row in self.intensity],
            "classes": dict(self.classes),
            "class_shares": {name: float(f"{share:.4g}") for name, share in self.class_shares.items()},
            "value": {"name": self.value, "mean": self.value_mean, "deviation": self.value_deviation}
            if self.value
            else None,
            "foreground_share": float(f"{self.foreground_share:.4g}"),
            "small_mm": float(f"{self.small_mm:.4g}") if math.isfinite(self.small_mm) else None,
            "least_pieces": {name: float(f"{size:.4g}") for name, size in self.least_pieces.items()},
            "boxes": self._boxes_told() if self.target == "boxes" else None,
            "duplicates": [list(group) for group in self.duplicates],
            "non_finite_voxels": {fact.name: fact.non_finite for fact in self.cases if fact.non_finite},
            "notes": list(self.notes),
            "set_aside": [vars(entry) for entry in self.set_aside],
            "cases": [
                {
                    "case": fact.name,
                    "split": self.splits.of[fact.name],
                    "shape": list(fact.shape),
                    "spacing_mm": None if fact.spacing_mm is None else [round(s, 5) for s in fact.spacing_mm],
                    "labels": self._told(fact),
                    "sha256": fact.sha256,
                }
                for fact in self.cases
            ],
        }

    def _boxes_told(self) -> JsonDict:
        """How many objects there are, and how large."""

        def spread(values: AnyArray) -> JsonDict:
            rows = np.percentile(values, _PERCENTILES, axis=0).round(3).tolist() if len(values) else ()
            return dict(zip(map(str, _PERCENTILES), rows, strict=False))

        mm = None if self.box_spacing_mm is None else self.box_sides * self.box_spacing_mm
        return {
            "objects": len(self.box_sides),
            "lost": {fact.name: fact.n_boxes_lost for fact in self.cases if fact.n_boxes_lost},
            "cases_without": int((self.box_counts == 0).sum()),
            "objects_a_case": spread(self.box_counts),
            "sides_voxels": spread(self.box_sides),
            "sides_mm": None if mm is None else spread(mm),
        }

    def _told(self, fact: CaseFacts) -> str | float | list[str] | dict[str, int]:
        """What a case says of what is to be learnt."""
        if self.target == "labels":
            return list(fact.labels)
        if self.target == "values":
            return fact.values[self.value]
        if self.target == "boxes":
            return dict(Counter(fact.box_classes))
        return fact.label or {str(value): n for value, n in fact.label_voxels.items()}


def take_fingerprint(
    dataset: Dataset,
    seed: int = 0,
    progress: Progress = silent,
    *,
    target: str = "",
    value: str = "",
    enhance: tuple[str, ...] = (),
) -> Fingerprint:
    """Read every case once and gather the facts; cases that can't be used are set aside with the reason.

    Args:
        dataset: what was found.
        seed: of the splits that are drawn.
        progress: told after every case.
        target: what is to be learnt, "mask", "label", "labels", "boxes" or "values"; "" takes what most
            cases hold.
        value: which of several numbers, for "values"; "" takes the only one.
        enhance: classical steps that the plan is to begin with: intensities are taken after them.

    Raises:
        DataError: nothing usable is left, nothing is labelled, or no honest split exists.
        SettingsError: no such number, or one of several must be named.
    """
    target = target or dataset.target
    if len(dataset) and target == "":
        raise DataError(
            "nothing here is labelled, so nothing can be learnt",
            subject=dataset.source,
            do="Add masks (imagesTr and labelsTr, images and masks) or boxes (layouts: see the README), or "
            "sort the images into class folders.",
        )
    value = choose_value(dataset, value) if target == "values" else ""
    facts, unread = _read_all(dataset, target, value, enhance, progress)
    of = {fact.name: fact for fact in facts}
    cases, odd = _drop_odd_channels([case for case in dataset.cases if case.name in of], of)
    cases, lonely = drop_lonely_classes(cases) if target == "label" else (cases, [])
    set_aside = [*dataset.set_aside, *unread, *odd, *lonely]
    if not cases:
        first = f"; the first: {set_aside[0]}" if set_aside else ""
        raise DataError(
            f"no case can be used{first}",
            subject=dataset.source,
            do="Correct the data, or point at another folder.",
        )
    facts = [of[case.name] for case in cases]
    duplicates = same_pictures(facts)
    groups = group_cases(cases, duplicates)
    try:
        splits = assign_splits(cases, groups, choose_strata(facts, target, value), seed)
    except DataError as error:
        if not set_aside:
            raise
        lost = set_aside[0]
        more = f"{len(set_aside)} set aside, the first: {lost}"
        raise DataError(
            error.problem,
            subject=dataset.source,
            expected=error.expected,
            received=f"{error.received}; {more}" if error.received else more,
            do=error.do,
        ) from error
    facts = [fact for fact in facts if fact.name in splits.of]
    found = _aggregate(dataset, target, facts, splits, duplicates, [*set_aside, *splits.set_aside])
    numbers = [fact.values[value] for fact in facts if value and splits.of[fact.name] == "train"] or [0.0]
    return replace(
        found,
        enhance=enhance,
        value=value,
        value_mean=float(np.mean(numbers)),
        value_deviation=float(np.std(numbers)),
    )


def _read_all(
    dataset: Dataset, target: str, value: str, enhance: tuple[str, ...], progress: Progress
) -> tuple[list[CaseFacts], list[SetAside]]:
    facts, set_aside = [], []
    every = -(-len(dataset) // MOST_DESCRIBED) or 1
    for done, case in enumerate(dataset.cases):
        progress("Reading", done, len(dataset), case.name)
        try:
            if target not in case.targets:
                raise DataError(f"the case has no {target}", subject=case.name)
            if value and value not in case.values:
                raise DataError(f"the case has no number named '{value}'", subject=case.name)
            described = done % every == 0
            facts.append(gather_facts(case, enhance, target, described=described))
        except ScanwrightError as error:
            set_aside.append(SetAside(case.name, "read", str(error)))
    progress("Reading", len(dataset), len(dataset), "")
    return facts, set_aside


def _drop_odd_channels(
    cases: list[Case], facts: Mapping[str, CaseFacts]
) -> tuple[list[Case], list[SetAside]]:
    """All images must have the same channels; the most frequent number wins, of equals the larger."""
    sizes = Counter(facts[case.name].n_channels for case in cases)
    usual = max(sizes, key=lambda n: (sizes[n], n), default=0)
    odd = {name: n for name in (case.name for case in cases) if (n := facts[name].n_channels) != usual}
    grey = ". To learn from grey and colour: --set enhance=grey" if {*sizes} == {1, 3} else ""
    reason = f"has {{}} channel(s), and {sizes[usual]} of {len(cases)} cases have {usual}{grey}"
    return [case for case in cases if case.name not in odd], [
        SetAside(name, "plan", reason.format(n)) for name, n in odd.items()
    ]


def _aggregate(
    dataset: Dataset,
    target: str,
    facts: list[CaseFacts],
    splits: Splits,
    duplicates: Iterable[Iterable[str]],
    set_aside: list[SetAside],
) -> Fingerprint:
    # Nothing of the test cases may flow into decisions, so the statistics leave them out.
    learnt = [fact for fact in facts if splits.of[fact.name] != "test"]
    spacings = [fact.spacing_mm for fact in learnt]
    n_channels = learnt[0].n_channels
    names = dataset.channels if len(dataset.channels) == n_channels else _channel_names(n_channels)
    voxels = [float(sum(n for value, n in fact.label_voxels.items() if value != 0)) for fact in learnt]
    sizes = [float(np.prod(fact.shape)) for fact in learnt]
    i, j, k = (int(n) for n in np.median([fact.shape for fact in learnt], axis=0))
    known = [s for s in spacings if s is not None]
    dims = 2 if all(fact.plane for fact in learnt) else 3
    modalities = Counter(fact.modality for fact in learnt)
    classes = count_classes(learnt, target)
    box_counts = np.array([len(fact.box_sides) for fact in learnt])
    told = replace(dataset, notes=(*dataset.notes, *rare_notes(learnt, target)))
    return Fingerprint(
        dataset=replace(told, cases=tuple(case for case in dataset.cases if case.name in splits.of)),
        cases=tuple(facts),
        splits=splits,
        duplicates=tuple(tuple(group) for group in duplicates),
        dims=dims,
        median_shape=(i, j, k),
        spacing_mm=np.array([np.min(known, 0), np.median(known, 0), np.max(known, 0)])
        if len(known) == len(spacings)
        else None,
        channels=tuple(names),
        intensity=tuple(_intensity(learnt, channel) for channel in range(n_channels)),
        modality=modalities.most_common(1)[0][0] if len(modalities) == 1 else "",
        eight_bit=all(fact.eight_bit for fact in learnt),
        classes=classes,
        class_shares=share_classes(learnt, target, classes),
        target=target,
        foreground_share=float(np.sum(voxels) / np.sum(sizes)),
        small_mm=_small_mm(learnt, dims),
        least_pieces=_least_pieces(learnt, dims),
        set_aside=tuple(set_aside),
        box_classes=tuple(name for fact in learnt for name in fact.box_classes),
        box_sides=np.concatenate([fact.box_sides for fact in learnt]),
        box_spacing_mm=np.repeat(known, box_counts, axis=0) if len(known) == len(spacings) else None,
        box_counts=box_counts,
    )


def _small_mm(facts: Sequence[CaseFacts], dims: int) -> float:
    """See Fingerprint. By what they hold and not by their number, so that crumbs of a large organ's mask do
    not count, and many small lesions do."""
    sides = [math.inf]
    for sizes in _pieces([fact for fact in facts if fact.spacing_mm is not None], dims).values():
        ordered = np.sort(sizes)
        held = np.cumsum(ordered)
        small = ordered[np.searchsorted(held, SMALL_SHARE * held[-1])]
        sides.append(float(small) ** (1 / dims))
    return min(sides)


def _least_pieces(facts: Sequence[CaseFacts], dims: int) -> dict[str, float]:
    """See Fingerprint."""
    most = SPECK_VOXELS * float(np.median(_voxel_sizes(facts, dims)))
    return {
        str(value): min(most, float(np.quantile(sizes, LEAST_SHARE, method="lower")))
        for value, sizes in _pieces(facts, dims).items()
        if len(sizes) >= max(FEWEST_PIECES, 3 * sum(value in fact.piece_voxels for fact in facts))
    }


def _pieces(facts: Sequence[CaseFacts], dims: int) -> dict[int, FloatArray]:
    """Value → sizes of all its pieces, in mm or in voxels where the spacing of some case is unknown."""
    found: dict[int, list[FloatArray]] = {}
    for fact, voxel in zip(facts, _voxel_sizes(facts, dims), strict=True):
        for value, voxels in fact.piece_voxels.items():
            found.setdefault(value, []).append(voxels * voxel)
    return {value: np.concatenate(found[value]) for value in sorted(found)}


def _voxel_sizes(facts: Sequence[CaseFacts], dims: int) -> list[float]:
    """Of each case; 1 where the spacing of some case is unknown."""
    known = [float(np.prod(fact.spacing_mm[:dims])) for fact in facts if fact.spacing_mm is not None]
    return known if len(known) == len(facts) else [1.0] * len(facts)


def _channel_names(n: int) -> tuple[str, ...]:
    return {1: ("image",), 3: ("red", "green", "blue")}.get(n, tuple(f"channel {c}" for c in range(n)))


def _intensity(facts: list[CaseFacts], channel: int) -> dict[str, float]:
    values = np.concatenate([fact.sample[channel] for fact in facts])
    low, high = np.percentile(values, (0.5, 99.5))
    clipped = np.clip(values, low, high)
    brightness = np.array([fact.span[channel, 1] - fact.span[channel, 0] for fact in facts])
    brightness = brightness[brightness > 0]
    return {
        "low": float(low),
        "high": float(high),
        "mean": float(clipped.mean()),
        "deviation": float(max(clipped.std(), 1e-6)),
        "scale_ratio": float(brightness.max() / brightness.min()) if len(brightness) else 1.0,
    }
