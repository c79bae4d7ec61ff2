"""Which cases a model may be judged on: what its run folder tells of those that it was made with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import Doubt
from scanwright.errors import DataError
from scanwright.inference.model import Model
from scanwright.io.files import read_json
from scanwright.planning.facts import HASH_LENGTH, image_hash
from scanwright.tasks.base import Task
from scanwright.tasks.catalogue import name_target
from scanwright.types import JsonDict

FACTS = "fingerprint.json"


@dataclass(frozen=True)
class History:
    """What the run folder tells of the cases that the model was made with.

    Attributes:
        split_of, split_by_hash: by name of the case, by short hash of its image.
        provenance: of the model, without the hashes.
        log: of the training.
        set_aside: cases that could not be learnt from.
        learnt: facts of the data learnt from, see :func:`describe_learnt`.
    """

    split_of: dict[str, str]
    split_by_hash: dict[str, str]
    provenance: JsonDict
    log: list[JsonDict]
    set_aside: list[SetAside]
    learnt: JsonDict = field(default_factory=dict)

    def refuse_learnt(self, digest: str, split: str) -> None:
        """Raise for an image that the model learnt from, or was chosen by, under whatever name.

        Raises:
            DataError: it is one.
        """
        if self.split_by_hash.get(digest[:HASH_LENGTH]) in self.learnt_from(split):
            raise DataError("the model learnt from this very image; judging it here would flatter it")

    def learnt_from(self, split: str) -> tuple[str, ...]:
        """The splits of the run whose images may not be judged; "origin" is what it started from."""
        return () if split == "all" else ("origin", "train", "val")[: 2 if split == "val" else 3]


def read_history(model: Model) -> History:
    """From the run folder; a model that travels alone still knows the hashes of its own images."""
    provenance = dict(model.provenance)
    hashes = {short: split for split, shorts in provenance.pop("images", {}).items() for short in shorts}
    run = model.folder.parent if model.folder is not None else None
    facts = read_json(run / FACTS) if run is not None and (run / FACTS).is_file() else {}
    learnt = describe_learnt(provenance, facts, model.plan)
    if run is None or not (run / "splits.json").is_file():
        return History({}, hashes, provenance, [], [], learnt)
    story = read_json(run / "provenance.json") if (run / "provenance.json").is_file() else {}
    aside = [SetAside(**entry) for entry in story.get("set_aside", [])]
    return History(
        read_json(run / "splits.json")["of"], hashes, provenance, story.get("log", []), aside, learnt
    )


def describe_learnt(provenance: JsonDict, facts: JsonDict, plan: Plan) -> JsonDict:
    """What is known of the data that a model learnt from: its provenance tells some, the run's facts the
    rest. "classes" counts cases that were not kept for testing.

    Args:
        provenance: of the model.
        facts: as in ``fingerprint.json``; empty for a model that travels alone.
        plan: of the model.
    """
    own = provenance.get("data") or {}
    names = dict(zip(map(str, plan.label_values), plan.classes, strict=False))
    known = {
        "source": Path(facts["source"]).name if facts.get("source") else None,
        **{key: own.get(key) or facts.get(key) for key in ("layout", "patients", "modality", "spacing_mm")},
        **{key: facts.get(key) or own.get(key) for key in ("n_cases", "n_patients", "shape", "dims")},
        "splits": provenance.get("splits"),
        "how_split": provenance.get("how_split"),
        "classes": {names.get(name, name): n for name, n in (facts.get("classes") or {}).items()},
        "n_set_aside": len(facts["set_aside"]) if "set_aside" in facts else None,
    }
    return {key: value for key, value in known.items() if value is not None}


def choose_cases(
    dataset: Dataset, history: History, split: str
) -> tuple[list[Case], list[SetAside], str, str]:
    """The cases to judge, those left out with the reason, the split they are, and how they were chosen."""
    known = [case for case in dataset.cases if case.name in history.split_of]
    if not _is_the_runs(known, history):
        known = []
    without = [
        SetAside(case.name, "evaluate", "it has no target") for case in dataset.cases if not case.targets
    ]
    if not known:
        cases = [case for case in dataset.cases if case.targets]
        return (
            cases,
            [*dataset.set_aside, *without],
            "external",
            "none bears the name of a case of the training run; images that it learnt from are left out",
        )
    chosen = [case for case in known if split in ("all", history.split_of[case.name]) and case.targets]
    if not chosen:
        folded = split == "val" and len(history.provenance.get("members", {})) > 1
        raise DataError(
            f"no case of the split '{split}' is in this dataset",
            subject=dataset.source,
            do="Of an ensemble, every case but the test's was learnt from; provenance.json has the score of "
            "answers by members that had not learnt from a case."
            if folded
            else "",
        )
    how = {
        "test": "kept apart from the start, not used to choose anything",
        "val": "used to choose when to stop: these figures flatter",
        "all": "training cases included: these figures flatter",
    }[split]
    return chosen, [*dataset.set_aside, *without], split, how


def _is_the_runs(cases: Sequence[Case], history: History) -> bool:
    """Whether cases that bear the names of the run's own are these, by the first image that can be read.

    "case_001" is a common name: another hospital's case must not be taken for one that was set apart.
    """
    for case in cases:
        try:
            short = image_hash(case.image.read())[:HASH_LENGTH]
        except DataError:
            continue
        return not history.split_by_hash or short in history.split_by_hash
    return True


def check_targets(dataset: Dataset, task: Task) -> None:
    """Refuse, before any image is read, data whose answers are of another kind than the model's.

    Raises:
        DataError: cases have answers, and none of them one that the task is judged by.
    """
    held = Counter(kind for case in dataset.cases for kind in case.targets)
    if held and task.target not in held:
        raise DataError(
            f"its cases cannot judge this model, which is for {task.name}",
            subject=dataset.source,
            expected=f"cases with {name_target(task.target)}",
            received=", ".join(f"{name_target(kind)} in {n} of the cases" for kind, n in held.items()),
            do="Name data with such answers, or a model that was made for these.",
        )


def count_unknown(cases: Sequence[Case], plan: Plan) -> dict[str, int]:
    """Classes of cases that a model of classes does not know → how many cases, the most frequent first."""
    if plan.answer not in ("class", "grade") or plan.label_values:
        return {}
    labels = [case.targets.get("label") for case in cases]
    told = Counter(label for label in labels if isinstance(label, str) and label not in plan.classes)
    return dict(told.most_common())


def class_doubts(dataset: Dataset, plan: Plan) -> list[Doubt]:
    """Where the values in the masks of a dataset bear other names than the model knows them by.

    Raises:
        DataError: no name is the same: it is about something else.
    """
    model = dict(zip(map(str, plan.label_values), plan.classes, strict=False))
    both = [value for value in model if value != "0" and value in dataset.class_names]
    pairs = [(model[value], dataset.class_names[value]) for value in both]
    named = [(own, theirs) for own, theirs in pairs if not own.startswith("label ")]
    other = [(own, theirs) for own, theirs in named if own.casefold() != theirs.casefold()]
    if not other:
        return []
    expected, received = (", ".join(names) for names in zip(*other, strict=True))
    if len(other) == len(named):
        raise DataError(
            "its classes are not those that the model knows",
            subject=dataset.source,
            expected=expected,
            received=received,
            do="Evaluate on a dataset with the model's classes, or correct the names in dataset.json.",
        )
    return [Doubt("class_names", expected, received)]
