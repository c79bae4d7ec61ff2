"""Model: a plan, its weights, thresholds and where they come from. A folder of data; loading runs no code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from scanwright.core.calibration import Calibration
from scanwright.core.conformal import Conformal
from scanwright.core.familiarity import Familiarity
from scanwright.core.margins import Margins
from scanwright.data.case import Case, SetAside
from scanwright.data.plan import Plan
from scanwright.data.prediction import ClassPrediction, Doubt, LabelsPrediction, MaskPrediction, Prediction
from scanwright.data.volume import Volume
from scanwright.errors import DataError, ModelError, SettingsError
from scanwright.inference.graphs import Graphs
from scanwright.inference.members import split_members
from scanwright.inference.memory import GRAPHS, TORCH, Check, memory_check
from scanwright.inference.pipeline import ahead
from scanwright.inference.predict import Runtime, predict_image
from scanwright.inference.runtimes import count_footprint, open_dropout, open_graphs, open_runtime
from scanwright.inference.scope import find_doubts, find_strangeness, refuse_unfit
from scanwright.inference.uncertainty import Answer, open_answers, sample_uncertainty
from scanwright.io.dataset import open_inputs
from scanwright.io.files import read_json, whole_folder, write_json
from scanwright.report.texts import Words
from scanwright.tasks.referral import add_doubts
from scanwright.tasks.settled import Settled
from scanwright.types import AnyArray, PathLikeStr, Progress, silent

SCHEMA_VERSION = 1
MODEL_FILE, WEIGHTS_FILE = "model.json", "weights.safetensors"
EXPORTED_FROM = "exported_from"
"""In the provenance of a package: the hash of the model that it was made from."""
LEARNT: Mapping[str, Any] = {
    "calibration": Calibration,
    "conformal": Conformal,
    "margins": Margins,
    "familiar": Familiarity,
}
"""What is learnt beside the weights: field of a model → its kind."""


@dataclass(frozen=True, eq=False)
class Ready:
    """An image that can be predicted.

    Attributes:
        image: as it came.
        streamed: whether the answer must come plane by plane to fit into the memory.
        doubts: why the model may be wrong on it.
        strangeness: see ``find_strangeness``.
    """

    image: Volume
    streamed: bool
    doubts: tuple[Doubt, ...]
    strangeness: float | None


@dataclass(frozen=True, eq=False)
class Model:
    """What was learnt.

    Attributes:
        plan: every decision; the network is built from it alone.
        weights: name → float array; of an ensemble, of all its networks (``inference/members.py``).
        thresholds: numbers chosen on validation cases (``Task.choose_thresholds``): class → probability from
            which it is the answer, or number → half the width of its interval; empty where there are none.
        provenance: versions, seed, data hashes, minutes.
        folder: where it was loaded from or saved to.
        calibration: of its probabilities, fitted on validation cases.
        conformal: which answers it can't exclude, by validation cases.
        margins: what its masks may miss, and how far volumes may be off, by the same.
        familiar: what the images that it learnt from look like.
        graphs: its networks where it comes from a package; then there are no weights.
    """

    plan: Plan
    weights: Mapping[str, AnyArray]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    calibration: Calibration = field(default_factory=Calibration)
    conformal: Conformal = field(default_factory=Conformal)
    margins: Margins = field(default_factory=Margins)
    familiar: Familiarity = field(default_factory=Familiarity)
    graphs: Graphs | None = None

    @property
    def settled(self) -> Settled:
        """What it decides by."""
        return Settled(self.thresholds, self.calibration, self.conformal, self.margins)

    @property
    def n_members(self) -> int:
        """Networks whose mean is the answer; 1 where it is no ensemble."""
        return len(self.graphs.members if self.graphs else split_members(self.weights))

    @property
    def n_planned(self) -> int:
        """Networks that the plan wanted; more than there are where the user stopped the training."""
        return max(self.plan.folds, self.n_members)

    @property
    def sha256(self) -> str:
        """Hash over the weights, the plan's decisions and all that was settled on validation cases."""
        digest = hashlib.sha256(repr(sorted(self.thresholds.items())).encode())
        for part in (self.calibration, self.conformal):
            digest.update(repr(_sorted(part.to_json())).encode())
        # Models of before have neither, and keep their hashes.
        if self.margins.n:
            digest.update(repr(_sorted(self.margins.to_json())).encode())
        if self.familiar.is_learnt:
            digest.update(repr(_sorted(self.familiar.to_json())).encode())
        plain = self.plan.to_json()
        digest.update(
            repr([plain[name] for name in sorted(plain) if name not in ("reasons", "pace", "paces")]).encode()
        )
        for name in sorted(self.weights):
            digest.update(name.encode() + np.ascontiguousarray(self.weights[name]).tobytes())
        for member in self.graphs.members if self.graphs else ():
            for name in sorted(member):
                digest.update(name.encode() + member[name])
        return digest.hexdigest()

    def open(self, device: str = "auto", threads: int | None = None) -> Runtime:
        """Its network, ready to be called; of several, their mean.

        Raises:
            MissingExtraError: what runs it is not installed.
            SettingsError: the device is not there.
            ModelError: weights or graphs are not what they should be.
        """
        if self.graphs is not None:
            return open_graphs(self.graphs, device, threads)
        return open_runtime(self.plan, self.weights, device, threads)

    def run(
        self,
        cases: Iterable[Case],
        *,
        device: str = "auto",
        threads: int | None = None,
        memory: int | None = None,
        uncertainty: str = "",
        progress: Progress = silent,
    ) -> Iterator[tuple[Case, Prediction | SetAside]]:
        """Predict case after case; one that fails, or needs more than ``memory`` bytes, gives the reason
        instead, and the rest goes on. ``uncertainty`` names the answers by which it is measured, see
        ``inference/uncertainty.py``. Without ``memory`` the next image is read while the network runs.
        ``progress`` is told of images unlike those learnt from, before the
        network runs, and how far each case is.

        Raises:
            MissingExtraError: torch is not installed.
            SettingsError: the model has no such uncertainty.
        """
        runtime = self.open(device, threads)
        answers = self._open_answers(uncertainty, runtime, device, threads) if uncertainty else []
        read = partial(self._read, check_memory=self._memory_check(memory))
        warned = set[str]()
        for case, ready in ahead(map(read, cases), 1 if memory is None else 0):
            if isinstance(ready, SetAside):
                yield case, ready
                continue
            try:
                for doubt in ready.doubts:
                    if doubt.kind not in warned:  # before the network runs, and once of each kind
                        said = Words("en")(f"doubt.{doubt.kind}", **vars(doubt), n=1)
                        progress("Warning", 1, 1, f"{case.name}: {said}")
                    warned.add(doubt.kind)
                told = partial(progress, "Predicting", total=1.0, note=case.name)
                prediction = predict_image(
                    runtime, case.name, ready.image, self.plan, self.settled, told, streamed=ready.streamed
                )
                if answers and isinstance(prediction, (MaskPrediction, ClassPrediction, LabelsPrediction)):
                    sampled = sample_uncertainty(answers, ready.image, self.plan)
                    prediction = replace(prediction, sampled=sampled)
                yield case, replace(add_doubts(prediction, ready.doubts), strangeness=ready.strangeness)
            except DataError as error:
                yield case, SetAside(case.name, "predict", str(error))

    def _read(self, case: Case, check_memory: Check) -> tuple[Case, Ready | SetAside]:
        try:
            image = case.image.read()
            refuse_unfit(image, self.plan)
            streamed = check_memory(case.name, image)
            strange = find_strangeness(image, self.familiar)
            doubts = find_doubts(image, self.provenance.get("data", {}), self.plan.dims)
            return case, Ready(image, streamed, (*doubts, *strange.doubts), strange.most)
        except DataError as error:
            return case, SetAside(case.name, "predict", str(error))

    def _open_answers(self, method: str, runtime: Runtime, device: str, threads: int | None) -> list[Answer]:
        def members() -> list[Runtime]:
            if self.graphs is not None:
                alone = [replace(self.graphs, members=(member,)) for member in self.graphs.members]
                return [open_graphs(graphs, device, threads) for graphs in alone]
            return [open_runtime(self.plan, own, device, threads) for own in split_members(self.weights)]

        def dropped() -> Runtime:
            if self.graphs is not None:
                raise SettingsError(
                    "a package leaves no features out", do="Use --uncertainty tta, or name the run."
                )
            return open_dropout(self.plan, self.weights, device, threads)

        return open_answers(self.plan, method, runtime, members, dropped)

    def _memory_check(self, cap: int | None) -> Check:
        if self.graphs is None:
            return memory_check(self.plan, cap, TORCH, lambda: count_footprint(self.plan))
        footprint = self.graphs.footprint
        return memory_check(self.plan, cap, GRAPHS, lambda: footprint)

    def predict(self, path: PathLikeStr, *, device: str = "auto") -> list[Prediction]:
        """Predictions of a file, a series folder or a folder of cases, in order; what can't be read is left
        out.

        ``scanwright.predict`` also writes files and lists what was left out.

        Raises:
            DataError: nothing readable is there.
        """
        results = (result for _, result in self.run(open_inputs(path).cases, device=device))
        return [result for result in results if not isinstance(result, SetAside)]


def save_model(model: Model, folder: PathLikeStr) -> None:
    """Write ``model.json`` and ``weights.safetensors``; the folder appears whole or not at all.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
    """
    with whole_folder(folder) as part:
        raw = save_tensors({name: np.ascontiguousarray(value) for name, value in model.weights.items()})
        # Written here and not by safetensors, whose own errors do not tell a full disk from others.
        (part / WEIGHTS_FILE).write_bytes(raw)
        content = {
            "schema_version": SCHEMA_VERSION,
            **describe(model),
            "weights_sha256": hashlib.sha256(raw).hexdigest(),
        }
        write_json(part / MODEL_FILE, {**content, "sha256": content_hash(content)})


def load_model(path: PathLikeStr) -> Model:
    """Read a model folder, or the model inside a run folder, and verify its hashes.

    Raises:
        ModelError: there is none, it is damaged, or it is newer than this program.
    """
    folder = Path(path)
    if (folder / "model" / MODEL_FILE).exists():
        folder = folder / "model"
    if not (folder / MODEL_FILE).is_file():
        unfinished = (
            " The training here has not finished; run it with --resume."
            if (folder / "checkpoint").exists()
            else ""
        )
        raise ModelError(
            f"there is no model here.{unfinished}", subject=str(path), expected=f"a folder with {MODEL_FILE}"
        )
    content = read_json(folder / MODEL_FILE)
    version = content.get("schema_version") if isinstance(content, dict) else None
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise ModelError(
            "the model was written by another version of scanwright",
            subject=str(folder),
            expected=f"schema_version {SCHEMA_VERSION} or less",
            received=f"{version}",
            do="Install a newer scanwright.",
        )
    try:
        raw = (folder / WEIGHTS_FILE).read_bytes()
        stated = content.pop("sha256", "")
        if content_hash(content) != stated or hashlib.sha256(raw).hexdigest() != content["weights_sha256"]:
            raise ModelError(
                "the model has been changed or damaged since it was saved (its hashes differ)",
                subject=str(folder),
                do="Restore the folder from a copy, or train again.",
            )
        weights = load_tensors(raw)
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelError(
            "the model's files are missing or damaged", subject=str(folder), do="Restore them."
        ) from error
    return replace(read_described(content, str(folder / MODEL_FILE)), weights=weights, folder=folder)


def describe(model: Model) -> dict[str, Any]:
    """All of a model but its network, as plain values: what model folders and packages hold alike."""
    return {
        "plan": model.plan.to_json(),
        "thresholds": dict(model.thresholds),
        "provenance": dict(model.provenance),
        **{name: getattr(model, name).to_json() for name in LEARNT},
    }


def read_described(content: Mapping[str, Any], subject: str) -> Model:
    """The inverse of :func:`describe`: a model without a network.

    Raises:
        ModelError: something in it makes no sense.
        KeyError, TypeError, ValueError, AttributeError: something is missing, or of another kind.
    """
    thresholds = {str(name): float(value) for name, value in content["thresholds"].items()}
    # Models of before have not all of them.
    learnt = {
        name: kind.from_json(content[name], subject) for name, kind in LEARNT.items() if name in content
    }
    plan = Plan.from_json(content["plan"], subject)
    return Model(plan, {}, thresholds, dict(content["provenance"]), **learnt)


def find_run(folder: Path) -> str:
    """What a run folder holds: "a finished run", "an unfinished run" that can go on, or "nothing"."""
    if (folder / "model").exists():
        return "a finished run"
    return "an unfinished run" if (folder / "splits.json").is_file() else "nothing"


def content_hash(content: Mapping[str, Any]) -> str:
    """Of plain values, whether or not they have been through JSON; of all but "sha256"."""
    rows = [(key, content[key]) for key in sorted(content) if key != "sha256"]
    return hashlib.sha256(repr(_sorted(rows)).encode()).hexdigest()


def _sorted(value: Any) -> Any:
    """The value in a form whose text does not depend on whether it has been through JSON."""
    if isinstance(value, Mapping):
        return sorted((str(key), _sorted(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [_sorted(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
