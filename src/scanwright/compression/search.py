"""The search: from mild to strong, as long as what is lost is allowed; then what is worth having."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from scanwright.compression.calibration import draw_patches
from scanwright.compression.judging import ALLOWED, WORSE, Judge
from scanwright.compression.speed import Pace, measure_memory, measure_speed
from scanwright.compression.tuning import Tuner
from scanwright.inference.members import split_members
from scanwright.inference.model import Model
from scanwright.inference.package import SUFFIX, read_package, write_package
from scanwright.io.files import read_json, write_json
from scanwright.networks.catalogue import count_cost
from scanwright.packaging.export import Exported, export_model, find_target, pack_model
from scanwright.packaging.int8 import quantise
from scanwright.planning.memory import working_size
from scanwright.tasks.base import Example, Record
from scanwright.types import FloatArray, JsonDict, Progress

ORIGINAL = "original"
FP32, INT8 = "fp32", "int8"
TARGET = "openvino"
PACES = ("network", "end_to_end")


@dataclass(frozen=True)
class Candidate:
    """A smaller model that may be tried.

    Attributes:
        share: of the original's channels; 1 leaves the network as it is.
        precision: of its graph.
    """

    share: float
    precision: str

    @property
    def name(self) -> str:
        """As its package is called."""
        return ORIGINAL if self == Candidate(1.0, FP32) else f"width-{100 * self.share:.0f}-{self.precision}"


def ladder(widths: Sequence[float]) -> list[Candidate]:
    """What the search tries, in order: 8 bits alone, then each width with and without."""
    rungs = [Candidate(1.0, INT8)]
    return rungs + [Candidate(share, precision) for share in widths for precision in (FP32, INT8)]


@dataclass(frozen=True)
class Wishes:
    """What the user asks of the search.

    Attributes:
        widths: shares of the channels, descending; none leaves networks as they are.
        minutes: that all tuning together may take; ``None`` for as long as the run was trained.
        target_speedup: end to end; then accuracy does not stop the search. ``None`` searches by accuracy.
        everything: try every candidate, also beyond the first that is not allowed.
        seed: of the calibration images.
    """

    widths: Sequence[float]
    minutes: float | None
    target_speedup: float | None
    everything: bool
    seed: int = 0


@dataclass
class Search:
    """One search.

    Attributes:
        original: the trained model.
        examples: "train" and "val" → case name → example.
        judge, tuner: measure and make candidates.
        wishes: what is asked.
        work: folder of what is unfinished; it holds every candidate that is done.
        progress: told of every stage.
    """

    original: Model
    examples: Mapping[str, Mapping[str, Example]]
    judge: Judge
    tuner: Tuner
    wishes: Wishes
    work: Path
    progress: Progress
    rows: list[JsonDict] = field(default_factory=list)
    stopped: bool = False

    def run(self) -> list[JsonDict]:
        """A row for each candidate that was tried, the original first. Ctrl-C ends it with what is done."""
        patches = draw_patches(list(self.examples["train"].values()), self.original.plan, self.wishes.seed)
        try:
            first = self._first()
            self._climb(first, patches)
        except KeyboardInterrupt:
            if len(self.rows) < 2:
                raise
            self.stopped = True
        for name in PACES:  # the original stood beside each of the others
            seconds = statistics.median([row[name]["original_s"] for row in self.rows[1:]])
            self.rows[0][name] = Pace(seconds, seconds).to_json()
        return self.rows

    def _first(self) -> tuple[Model, dict[str, Record]]:
        place = self._place(Candidate(1.0, FP32))
        if not place.with_suffix(".json").is_file():
            exported = export_model(self.original, find_target(TARGET, FP32), progress=self.progress)
            write_package(place.with_suffix(SUFFIX), exported.model, exported.golden, {})
            records = self.judge.measure(exported.model, ORIGINAL)
            row = self._describe(self.original, Candidate(1.0, FP32), place.with_suffix(SUFFIX))
            row["value"] = self.judge.lead(records)
            write_json(place.with_suffix(".json"), {"row": row, "records": records})
        kept = read_json(place.with_suffix(".json"))
        self.rows.append(kept["row"])
        return read_package(place.with_suffix(SUFFIX), check=False), kept["records"]

    def _climb(self, first: tuple[Model, dict[str, Record]], patches: Sequence[np.ndarray]) -> None:
        ended: set[str] = set()
        model, share, plan_minutes = self.original, 1.0, self.original.plan.minutes
        for rung in ladder(self.wishes.widths):
            if FP32 in ended or rung.precision in ended:
                continue
            if rung.share != share:
                minutes = (self.wishes.minutes or plan_minutes) / len(self.wishes.widths)
                place = self.work / f"width-{100 * rung.share:.0f}"
                model, stopped = self.tuner.tune(model, rung.share, minutes, place)
                share = rung.share
                if stopped:
                    self.stopped = True
                    return
            row = self._try(model, rung, first, patches)
            self.rows.append(row)
            wanted = self.wishes.target_speedup
            if wanted is not None and row["end_to_end"]["speedup"] >= wanted:
                return
            if row["verdict"] != ALLOWED and wanted is None and not self.wishes.everything:
                ended.add(rung.precision)

    def _try(
        self,
        model: Model,
        rung: Candidate,
        first: tuple[Model, dict[str, Record]],
        patches: Sequence[np.ndarray],
    ) -> JsonDict:
        place = self._place(rung)
        if place.with_suffix(".json").is_file():
            found: JsonDict = read_json(place.with_suffix(".json"))["row"]
            return found
        package = place.with_suffix(SUFFIX)
        if rung.precision == INT8:
            self.progress("Rounding", 0, 1, rung.name)
            exported = round_model(model, patches, self.tuner, self.judge.threads)
            self.progress("Rounding", 1, 1, rung.name)
        else:
            exported = export_model(model, find_target(TARGET, FP32), progress=self.progress)
        write_package(package, exported.model, exported.golden, {})
        records = self.judge.measure(exported.model, rung.name)
        network, whole = measure_speed(
            first[0], exported.model, self.judge.cases, self.judge.threads, self.progress
        )
        row = {
            **self._describe(model, rung, package),
            "value": self.judge.lead(records),
            **self.judge.compare(first[1], records),
            "network": network.to_json(),
            "end_to_end": whole.to_json(),
        }
        write_json(place.with_suffix(".json"), {"row": row})
        return row

    def _describe(self, model: Model, rung: Candidate, package: Path) -> JsonDict:
        story = dict(model.provenance.get("compressed", {}))
        cost = count_cost(model.plan)
        image = self.judge.cases[0].image.read()
        shape = working_size(model.plan, image.shape, image.spacing_mm)
        return {
            "name": rung.name,
            "share": rung.share,
            "precision": rung.precision,
            "how": story.get("how", ""),
            "minutes": story.get("minutes", 0.0),
            "bytes": package.stat().st_size,
            "weights": cost.weights,
            "multiply_adds": cost.multiply_adds,
            "widths": list(model.plan.network.widths),
            "memory": measure_memory(package, [int(n) for n in shape], self.judge.threads),
        }

    def _place(self, rung: Candidate) -> Path:
        return self.work / rung.name


def round_model(model: Model, patches: Sequence[FloatArray], tuner: Tuner, threads: int | None) -> Exported:
    """A model in 8 bits, settled anew: rounding makes probabilities another thing, and what was settled by
    the others does not fit.

    Args:
        model: with weights.
        patches: see ``quantise``.
        tuner: that settles.
        threads: of the processor; ``None`` takes all.
    """
    graphs = [quantise(model.plan, weights, patches) for weights in split_members(model.weights)]
    exported = pack_model(model, TARGET, INT8, graphs)
    settled = tuner.settle(exported.model, exported.model.open("cpu", threads))
    return replace(exported, model=settled)


def find_disturbance(rows: Sequence[JsonDict]) -> float:
    """How many times as long the original took beside one candidate as beside another; 1 where it always took
    the same."""
    beside = [[row[name]["original_s"] for row in rows[1:]] for name in PACES]
    return float(max((max(seconds) / min(seconds) for seconds in beside if seconds), default=1.0))


def find_front(rows: Sequence[JsonDict], chosen: str) -> list[str]:
    """Names of those worth having: the original, the one that is ``chosen``, and of the candidates that are
    not worse than allowed those that no other beats or equals in accuracy, network speed and size at once."""

    def measures(row: JsonDict) -> tuple[float, float, float]:
        loss = row["checks"][0]["loss"] if row["name"] != ORIGINAL else 0.0
        return np.inf if loss is None else loss, 1 / row["network"]["speedup"], row["bytes"]

    told = {row["name"]: measures(row) for row in rows if row.get("verdict") != WORSE}
    unbeaten = {
        name
        for name, own in told.items()
        if not any(
            all(a <= b for a, b in zip(other, own, strict=True)) and other != own for other in told.values()
        )
    }
    return [row["name"] for row in rows if row["name"] in unbeaten | {ORIGINAL, chosen}]


def recommend(rows: Sequence[JsonDict], target_speedup: float | None) -> str:
    """The name of the candidate to use: of the allowed ones the smallest; with a speed that is wanted, of
    those that reach it the one that loses least, an allowed one first. Without any, the original."""
    tried = rows[1:]
    if target_speedup is None:
        allowed = [row for row in tried if row["verdict"] == ALLOWED]
        best = min(allowed, key=lambda row: row["bytes"], default=rows[0])
        return str(best["name"])
    fast = [row for row in tried if row["end_to_end"]["speedup"] >= target_speedup]

    def price(row: JsonDict) -> tuple[bool, float]:
        loss = row["checks"][0]["loss"]
        return row["verdict"] != ALLOWED, np.inf if loss is None else loss

    return str(min(fast, key=price, default=rows[0])["name"])
