"""Judging: what a smaller model loses against the original, on the same validation patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scanwright.data.case import Case, SetAside
from scanwright.data.plan import Plan
from scanwright.errors import ScanwrightError
from scanwright.evaluation.comparison import compare_records
from scanwright.evaluation.numbers import describe, find_number, measure_numbers
from scanwright.evaluation.subgroups import group_records
from scanwright.inference.model import Model
from scanwright.tasks.base import Record, Task
from scanwright.types import JsonDict, Progress, silent

ALLOWED, UNSURE, WORSE = "allowed", "unsure", "worse"
"""The bound of the loss is within what is allowed; only its estimate is, or it can't be told; neither is."""
_ORDER = (ALLOWED, UNSURE, WORSE)
CALIBRATIONS = ("brier", "voxel_brier")
MOST_BRIER = 0.01
"""By which Brier's score may get worse."""


@dataclass(frozen=True)
class Judge:
    """Measures models on the same cases.

    Attributes:
        task, plan: what is answered, and the rules by which answers are measured: the original's.
        cases: of the validation side, with truth.
        by: columns that divide them into subgroups.
        max_drop: by which the leading number may get worse, in all cases and in each subgroup.
        threads: of the processor; ``None`` takes all.
        progress: told after every case.
    """

    task: Task
    plan: Plan
    cases: Sequence[Case]
    by: Sequence[str]
    max_drop: float
    threads: int | None
    progress: Progress
    set_aside: list[SetAside] = field(default_factory=list)

    def measure(self, model: Model, name: str) -> dict[str, Record]:
        """Case → record, of those that it could answer."""
        records: dict[str, Record] = {}
        for done, (case, prediction) in enumerate(model.run(self.cases, device="cpu", threads=self.threads)):
            self.progress("Judging", done, len(self.cases), f"{name}: {case.name}")
            try:
                if isinstance(prediction, SetAside):
                    raise ScanwrightError(prediction.reason)
                records[case.name] = self.task.measure(prediction, case, self.plan)
            except ScanwrightError as error:
                self.set_aside.append(SetAside(case.name, "compress", str(error)))
        self.progress("Judging", len(self.cases), len(self.cases), name)
        return records

    def lead(self, records: Mapping[str, Record]) -> JsonDict:
        """The leading number of a model by itself, as in ``evaluation.json``."""
        rows = list(records.values())
        summary = self.task.summarise(rows, self.plan)
        patients = [record["patient"] for record in rows]
        return find_number(
            describe(measure_numbers(summary, patients), summary, patients), self.task.score, ""
        )

    def compare(self, original: Mapping[str, Record], other: Mapping[str, Record]) -> JsonDict:
        """The numbers of both, and whether what got worse is allowed: "score", "checks", "verdict"."""
        both = [name for name in original if name in other]
        pairs = ([original[name] for name in both], [other[name] for name in both])
        whole = compare_records(self.task, self.plan, pairs, progress=silent)
        lead = next(
            (row for row in whole["numbers"] if (row["name"], row["group"]) == (self.task.score, "")), None
        )
        checks = [self._check("score", "", lead, self.max_drop)]
        checks += [
            self._check("calibration", row["group"], row, MOST_BRIER)
            for row in _calibrations(whole["numbers"])
        ]
        for name, own in self._groups(pairs):
            row = next(
                (
                    row
                    for row in compare_records(self.task, self.plan, own, progress=silent)["numbers"]
                    if (row["name"], row["group"]) == (self.task.score, "")
                ),
                None,
            )
            checks.append(self._check("subgroup", name, row, self.max_drop))
        verdict = max((check["verdict"] for check in checks), key=_ORDER.index)
        return {
            "score": lead,
            "numbers": whole["numbers"],
            "checks": checks,
            "verdict": verdict,
            "n_cases": whole["n_cases"],
            "n_patients": whole["n_patients"],
        }

    def _groups(
        self, pairs: tuple[list[Record], list[Record]]
    ) -> Iterator[tuple[str, tuple[list[Record], list[Record]]]]:
        by_name = {case.name: case for case in self.cases}
        for column in self.by:
            for name, rows in group_records(column, pairs[0], by_name):
                some = rows.tolist()
                yield f"{column} {name}", ([pairs[0][n] for n in some], [pairs[1][n] for n in some])

    def _check(self, kind: str, group: str, row: JsonDict | None, allowed: float) -> JsonDict:
        """What was found of one number. Losses are positive where the smaller model is worse."""
        known = row is not None and row["difference"] is not None and row["verdict"] != "different_cases"
        check: JsonDict = {"kind": kind, "name": row["name"] if row else self.task.score, "group": group}
        if row is None or not known:
            return {**check, "loss": None, "low": None, "high": None, "allowed": allowed, "verdict": UNSURE}
        sign = 1.0 if row["better"] == "smaller" else -1.0
        loss = sign * row["difference"]
        ends = [sign * row[end] for end in ("low", "high") if row[end] is not None]
        if not ends and loss == 0 == row["standard_error"]:  # the same answers, whoever is drawn
            ends = [0.0, 0.0]
        low, high = (min(ends), max(ends)) if len(ends) == 2 else (None, None)
        few = row["verdict"] == "too_few" or high is None
        if loss > allowed:
            verdict = WORSE
        else:
            verdict = ALLOWED if not few and high is not None and high <= allowed else UNSURE
        return {**check, "loss": loss, "low": low, "high": high, "allowed": allowed, "verdict": verdict}


def _calibrations(numbers: Sequence[JsonDict]) -> list[JsonDict]:
    """Brier's score over all classes; where there is none, of each class."""
    rows = [row for row in numbers if row["name"] in CALIBRATIONS and row["difference"] is not None]
    return [row for row in rows if not row["group"]] or rows
