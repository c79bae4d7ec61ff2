"""Whether packages answer as the trained model does: every family of networks, every task, 2-D and 3-D.

A small network of each is trained for some steps on planted shapes, exported in every way, and images that
it has not seen are predicted from their files by the model (in 32 bit) and by each package. Told of each:

- "as the model", the mean over images and the worst: of masks the Dice of the worst class; of classes whether
  they are the same; of boxes the share that both found, overlapping by 0.9 at least; of numbers the share of
  their variance that is the same;
- "off by": the largest difference of a probability, or of a number as a share of their spread;
- the task's leading number against the truth, less the model's, with a paired interval over patients.

Goals: fp32 ≥ 0.999 as the model in the worst image, and off by ≤ 0.001; bf16 ≥ 0.99 as the model on average,
and ≤ 0.001 lost; 8 bits are made and judged on validation patients as by ``compress``, and are as they should
where its verdict is "allowed". Ends with 1 where fp32 misses.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from dataclasses import replace as changed
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import openvino as ov

import scanwright as sw
from figures import arguments, print_header
from planted import GRADES, UNSEEN, write_planted
from scanwright.compression.calibration import draw_patches
from scanwright.compression.judging import ALLOWED, Judge
from scanwright.compression.search import round_model
from scanwright.compression.tuning import Tuner
from scanwright.core.boxes import intersection_over_union
from scanwright.core.detection import match_findings
from scanwright.core.metrics import dice
from scanwright.data.case import Case
from scanwright.data.dataset import Dataset
from scanwright.data.families import FAMILIES
from scanwright.data.plan import Plan
from scanwright.data.prediction import (
    BoxPrediction,
    ClassPrediction,
    LabelsPrediction,
    MaskPrediction,
    Prediction,
    ValuePrediction,
)
from scanwright.errors import ScanwrightError
from scanwright.inference.package import write_package
from scanwright.io.files import read_json
from scanwright.packaging import onnx
from scanwright.tasks.base import Example, Record, Task
from scanwright.tasks.catalogue import TASKS, find_task, task_dataset
from scanwright.training.run import prepare_splits
from scanwright.training.team import Team
from scanwright.types import JsonDict, silent

N = {"train": 60, "val": 24, "test": 24}
MAX_DROP = 0.005
SAME_BOX, BATCH = 0.9, 4
PACE = (0.4, 0.7, 1.0)
"""Where rounds of training end, as shares of it: a plan that holds them is trained for so many steps."""
AS_MODEL = {"fp32": 0.999, "bf16": 0.99}
MOST_OFF, MOST_LOST = 1e-3, 1e-3
# What a task answers → family that stands for it where a task is tried with one family only.
USUAL = {"image": "resnet", "voxels": "unet", "boxes": "fpn"}
# Task → what its answers are, where it is tried with every family that gives such answers.
WITH_EVERY_FAMILY = {"segmentation": "voxels", "classification": "image", "detection": "boxes"}
EXPORTS = {
    "onnx, ONNX Runtime": ("onnx", "fp32"),
    "onnx, OpenVINO": ("onnx", "fp32"),
    "openvino": ("openvino", "fp32"),
    "openvino bf16": ("openvino", "bf16"),
}
INT8 = "openvino int8"


@dataclass(frozen=True)
class Kind:
    """A task, a family of networks, and the number of axes."""

    task: str
    family: str
    dims: int

    @property
    def name(self) -> str:
        return f"{self.task} {self.family} {self.dims}-D"


@dataclass(frozen=True)
class Line:
    """What was found of one package; the first three numbers as at the top."""

    kind: Kind
    package: str
    as_model: float
    worst: float
    off_by: float
    verdict: str
    met: bool
    told: str = ""


@dataclass(frozen=True)
class Bench:
    """What one kind is judged with."""

    kind: Kind
    model: sw.Model
    task: Task
    examples: Mapping[str, Mapping[str, Example]]
    cases: Mapping[str, Sequence[Case]]
    unseen: Path
    folder: Path
    threads: int

    def judge(self, split: str) -> Judge:
        return Judge(self.task, self.model.plan, self.cases[split], (), MAX_DROP, self.threads, silent)

    def predict(self, model: sw.Model) -> list[Prediction]:
        return model.predict(self.unseen, device="cpu")

    def records(self, predictions: Sequence[Prediction]) -> dict[str, Record]:
        cases = {case.name: case for case in self.cases["test"]}
        return {one.case: self.task.measure(one, cases[one.case], self.model.plan) for one in predictions}


def kinds() -> Iterator[Kind]:
    """Every family with the first task that it serves, every other task with the usual family."""
    for task in TASKS:
        answers = WITH_EVERY_FAMILY.get(task)
        families = [name for name, family in FAMILIES.items() if family.answers == answers]
        for family in families or [USUAL["image"]]:
            for dims in (2, 3):
                if (family, dims) != ("scattering", 3):
                    yield Kind(task, family, dims)


def main() -> None:
    parser = arguments(__doc__ or "", minutes=2)
    parser.add_argument("--steps", type=int, default=80, help="of each training, whatever the clock says")
    parser.add_argument("--only", nargs="+", default=[""], help="words of which a kind's name holds one")
    parser.add_argument("--keep", action="store_true", help="take up runs that are there already")
    options = parser.parse_args()
    chosen = [kind for kind in kinds() if any(word in kind.name for word in options.only)]
    print_header(
        "Packages against the model",
        kinds=len(chosen),
        steps=options.steps,
        threads=options.threads,
        seed=0,
        test_images=N["test"],
    )
    able = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    print(f"OpenVINO on this processor: {', '.join(able)}")
    started = time.monotonic()
    lines = []
    for kind in chosen:
        begun = time.monotonic()
        print(f"{kind.name}:", end=" ", flush=True)
        bench = prepare(kind, options.out / "equality", options)
        found = list(compare(bench))
        for line in found:
            print(tell(line), flush=True)
        print(f"  {time.monotonic() - begun:.0f} s")
        lines += found
    sys.exit(summarise(lines, time.monotonic() - started))


def prepare(kind: Kind, out: Path, options: argparse.Namespace) -> Bench:
    """Train the kind, and gather what judging needs."""
    data = out / f"data-{kind.dims}"
    write_planted(data, kind.dims, N)
    source = data / ("grade" if kind.task == "ordinal" else "class")
    run = out / kind.name.replace(" ", "-")
    overrides = {"network.family": kind.family, "batch_size": str(BATCH)}
    if kind.task == "ordinal":
        overrides["classes"] = ", ".join(GRADES)
    if not (options.keep and (run / "model").is_dir()):
        wishes = {"task": kind.task, "minutes": options.minutes, "folds": 1, "threads": options.threads}
        plan = sw.plan(source, overrides=overrides, **wishes).plan
        pace = [[options.steps // len(PACE), share] for share in PACE]
        plan = Plan.from_json({**plan.to_json(), "pace": pace})
        sw.train(source, run, plan=plan, threads=options.threads, overwrite=True)
    model = sw.load(run)
    task = find_task(kind.task)
    dataset: Dataset = task_dataset(task, sw.open(source))
    splits = read_json(run / "splits.json")["of"]
    cases = {
        split: [case for case in dataset.cases if splits[case.name] == split] for split in ("val", "test")
    }
    folder = out / "packages"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    examples = prepare_splits(dataset, task, model.plan, splits, folder, silent, Team())
    print(f"{model.provenance['steps']} steps", end="; ")
    # Packages are proven against the network in 32 bit; some processors run it in 16.
    exact = changed(model, plan=changed(model.plan, precision="32-true"))
    return Bench(kind, exact, task, examples, cases, data / UNSEEN, folder, options.threads)


def compare(bench: Bench) -> Iterator[Line]:
    """A line for each package."""
    # Each export traces the same network: once is enough here, and takes half of the time.
    real = onnx.convert
    convert = cache(lambda: real(bench.model.plan, bench.model.weights, "fp32"))
    with patch.object(onnx, "convert", lambda *arguments: convert()):
        yield from compare_all(bench)


def compare_all(bench: Bench) -> Iterator[Line]:
    own = bench.predict(bench.model)
    first = bench.records(own)
    lead = bench.judge("test").lead(first)
    print(f"{lead['name']} {lead['value']:.3f} on {len(own)} images")
    for name, (to, precision) in EXPORTS.items():
        file = bench.folder / f"{to}-{precision}.scanwright"
        try:
            if not file.is_file():
                sw.export(bench.model, file, to=to, precision=precision)
            # ONNX goes to OpenVINO where ONNX Runtime is not installed.
            with without("onnxruntime" if name == "onnx, OpenVINO" else ""):
                other = bench.predict(sw.load(file))
        except ScanwrightError as error:
            yield refused(bench.kind, name, error)
            continue
        yield judged(bench, name, precision, own, first, other)
    yield eight_bits(bench, own, first)


def without(package: str) -> AbstractContextManager[object]:
    """As if it were not installed."""
    return patch("scanwright.inference.runtimes.is_installed", lambda name: name != package)


def judged(
    bench: Bench,
    name: str,
    precision: str,
    own: Sequence[Prediction],
    first: Mapping[str, Record],
    other: Sequence[Prediction],
) -> Line:
    """The line of a package in fp32 or bf16."""
    as_model, worst, off_by = measure_gap(own, other)
    row = bench.judge("test").compare(first, bench.records(other))
    if precision == "fp32":
        met = worst >= AS_MODEL[precision] and off_by <= MOST_OFF
    else:
        loss = row["checks"][0]["loss"]
        met = as_model >= AS_MODEL[precision] and loss is not None and loss <= MOST_LOST
    return Line(bench.kind, name, as_model, worst, off_by, "", met, tell_score(row))


def eight_bits(bench: Bench, own: Sequence[Prediction], first: Mapping[str, Record]) -> Line:
    """The line of the package in 8 bits, made and judged as by ``compress``."""
    begun = time.monotonic()
    try:
        patches = draw_patches([*bench.examples["train"].values()], bench.model.plan, 0)
        tuner = Tuner(bench.task, bench.model, bench.examples, "cpu", silent)
        exported = round_model(bench.model, patches, tuner, bench.threads)
        file = bench.folder / "int8.scanwright"
        write_package(file, exported.model, exported.golden, {})
        package = sw.load(file)
        other = bench.predict(package)
    except ScanwrightError as error:
        return refused(bench.kind, INT8, error)
    seconds = time.monotonic() - begun
    judge = bench.judge("val")
    verdict = judge.compare(judge.measure(bench.model, ""), judge.measure(package, ""))
    row = bench.judge("test").compare(first, bench.records(other))
    share = (bench.folder / "openvino-fp32.scanwright").stat().st_size / file.stat().st_size
    told = f"{tell_score(row)}; by validation{tell_checks(verdict)}; 1/{share:.1f}, made in {seconds:.0f} s"
    met = verdict["verdict"] == ALLOWED
    return Line(bench.kind, INT8, *measure_gap(own, other), verdict["verdict"], met, told)


def refused(kind: Kind, package: str, error: ScanwrightError) -> Line:
    return Line(kind, package, math.nan, math.nan, math.nan, "refused", False, str(error))


def measure_gap(own: Sequence[Prediction], other: Sequence[Prediction]) -> tuple[float, float, float]:
    """How far answers to the same images are the same, on average and at worst, and the largest difference;
    see the top."""
    pairs = list(zip(own, other, strict=True))
    if any(a.case != b.case for a, b in pairs):
        raise RuntimeError
    if isinstance(own[0], ValuePrediction):
        return _value_gap(np.array([[a.predicted, b.predicted] for a, b in pairs]))  # type: ignore[union-attr]
    gaps = [GAPS[type(a)](a, b) for a, b in pairs]
    same = [gap[0] for gap in gaps]
    return float(np.mean(same)), min(same), max(gap[1] for gap in gaps)


def _value_gap(values: np.ndarray) -> tuple[float, float, float]:
    apart = values[:, 1] - values[:, 0]
    spread = values[:, 0].std()
    shared = float(1 - (apart.std() / spread) ** 2)
    return shared, shared, float(abs(apart).max() / spread)


def _mask_gap(a: MaskPrediction, b: MaskPrediction) -> tuple[float, float]:
    values = np.union1d(a.mask.array, b.mask.array)
    scores = [dice(a.mask.array[0] == n, b.mask.array[0] == n) for n in values if n]
    if a.probabilities is None or b.probabilities is None:
        raise RuntimeError
    apart = a.probabilities.read().array - b.probabilities.read().array
    return min(scores, default=1.0), float(abs(apart).max())


def _class_gap(
    a: ClassPrediction | LabelsPrediction, b: ClassPrediction | LabelsPrediction
) -> tuple[float, float]:
    apart = max(abs(a.probabilities[name] - b.probabilities[name]) for name in a.probabilities)
    return float(a.predicted == b.predicted), apart


def _box_gap(a: BoxPrediction, b: BoxPrediction) -> tuple[float, float]:
    """Of what counts as found."""
    found, other = a.found, b.found
    if found.scores is None or other.scores is None:
        raise RuntimeError
    if not len(found) or not len(other):
        return float(len(found) == len(other)), 0.0
    closeness = intersection_over_union(other.box_ijk, found.box_ijk)
    closeness *= np.array(other.classes)[:, None] == np.array(found.classes)[None]
    hit = match_findings(closeness, other.scores, SAME_BOX)
    both = hit >= 0
    apart = abs(other.scores[both] - found.scores[hit[both]])
    return float(both.sum() / max(len(found), len(other))), float(apart.max(initial=0.0))


GAPS = {
    MaskPrediction: _mask_gap,
    ClassPrediction: _class_gap,
    LabelsPrediction: _class_gap,
    BoxPrediction: _box_gap,
}


def tell_score(row: JsonDict) -> str:
    """The leading number of both, and the loss."""
    score, check = row["score"], row["checks"][0]
    if score is None or check["loss"] is None:
        return "no leading number"
    ends = [check["low"], check["high"]]
    interval = "" if None in ends else f" [{ends[0]:+z.4f}, {ends[1]:+z.4f}]"
    return f"{score['name']} {score['a']:.4f} -> {score['b']:.4f}, lost {check['loss']:+z.4f}{interval}"


def tell_checks(row: JsonDict) -> str:
    """What was checked, and by how much at most it is worse."""
    return "".join(
        f" {check['name']} "
        + ("?" if check["loss"] is None else f"{check['loss']:+.4f}")
        + ("" if check["high"] is None else f" (at most {check['high']:+.4f})")
        for check in row["checks"]
    )


def tell(line: Line) -> str:
    mark = line.verdict or ("ok" if line.met else "MISSED")
    return (
        f"  {line.package:19} {mark:8} as the model {line.as_model:.4f}, at worst {line.worst:.4f}, "
        f"off by {line.off_by:.1e}; {line.told}"
    )


def summarise(lines: Sequence[Line], seconds: float) -> int:
    """Tell each package's worst, and what missed its goal; gives the exit code."""
    print(f"\nAll in {seconds / 60:.1f} min")
    for name in (*EXPORTS, INT8):
        own = [line for line in lines if line.package == name]
        missed = [
            f"{line.kind.name}{f' ({line.verdict})' * bool(line.verdict)}" for line in own if not line.met
        ]
        known = [line for line in own if not math.isnan(line.as_model)]
        if not known:
            print(f"{name}: none")
            continue
        print(
            f"{name}: {len(own) - len(missed)} of {len(own)} as they should; as the model "
            f"{min(line.as_model for line in known):.4f} on average, "
            f"{min(line.worst for line in known):.4f} in an image, off by "
            f"{max(line.off_by for line in known):.1e} at most"
            + (f"; not {', '.join(missed)}" if missed else "")
        )
    fp32 = [line for line in lines if line.package in EXPORTS and EXPORTS[line.package][1] == "fp32"]
    return 0 if lines and all(line.met for line in fp32) else 1


if __name__ == "__main__":
    main()
