"""Objects: what predictions become in DICOM, beside the files that everybody can read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import numpy as np
from pydicom.dataset import Dataset

from scanwright.data.case import Case, SetAside
from scanwright.data.plan import Plan
from scanwright.data.prediction import ClassPrediction, LabelsPrediction, MaskPrediction, Prediction
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.inference.model import EXPORTED_FROM, Model
from scanwright.inference.results import OBJECTS, check_names, draw_result
from scanwright.io.dicom.writing.encapsulated_pdf import encapsulated_pdf
from scanwright.io.dicom.writing.measurement_report import measurement_report, probability_report
from scanwright.io.dicom.writing.parametric_map import parametric_map
from scanwright.io.dicom.writing.result import Algorithm, Structure, highdicom, making, write_object
from scanwright.io.dicom.writing.segmentation import segmentation
from scanwright.io.dicom.writing.source import Source, find_source
from scanwright.io.dicom.writing.structure_set import structure_set
from scanwright.report.palette import SERIES, rgb
from scanwright.report.pdf import check_pdf, render_pdf
from scanwright.report.result import render_result
from scanwright.report.texts import Words
from scanwright.types import IntArray

STAGE = "dicom"
NO_SOURCE = "DICOM objects need a DICOM source, and this case has none; its other results are written"
_NEEDS_MASK = "it outlines structures, and the model gives none"

Measure: TypeAlias = Callable[[Volume], Mapping[int, Mapping[str, float]]]
"""Mask → of each label "long_mm" and "short_mm"."""


@dataclass(frozen=True, eq=False)
class Result:
    """What is known of one case when its objects are made.

    Attributes:
        case: what was predicted.
        source: its images.
        prediction: of the case.
        structures: of a mask, each with what was measured.
        numbers: (column, row, slice), the structure of each voxel by its number; ``None`` of no mask.
        made: what was made already, by its ending.
    """

    case: Case
    source: Source
    prediction: Prediction
    structures: tuple[Structure, ...] = ()
    numbers: IntArray | None = None
    made: dict[str, Dataset] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Objects:
    """Writes the objects of one case after the other, as ``dicom/CASE.KIND.dcm``.

    Attributes:
        kinds: see ``check_kinds``.
        folder: where results go.
        root: the folder that the inputs lie in.
        plan: of the model.
        algorithm: the model, as objects name it.
        measure: gives diameters.
        lang: of the report, "en" or "zh".
    """

    kinds: tuple[str, ...]
    folder: Path
    root: Path
    plan: Plan
    algorithm: Algorithm
    measure: Measure
    lang: str = "en"

    def write(self, case: Case, prediction: Prediction) -> Iterator[Path | SetAside]:
        """Write what was asked for; what can't be written gives the reason instead, and the rest goes on.

        Raises:
            OutputError: the disk is full, or writing is not allowed.
        """
        try:
            result = self._result(case, prediction)
        except DataError as error:
            yield SetAside(case.name, STAGE, str(error))
            return
        if result is None:
            reason = (
                "DICOM objects need a DICOM source, and this case has none; its other results are written"
            )
            yield SetAside(case.name, STAGE, reason)
            return
        kinds = self.kinds
        if "sr" in kinds and "seg" not in kinds and result.numbers is not None:
            kinds = ("seg", *kinds)  # measurements say by it what they are of
        for kind in kinds:
            try:
                with making():
                    made = MAKERS[kind](self, result)
            except DataError as error:
                yield SetAside(case.name, STAGE, f"no {kind}: {error.problem}")
                continue
            result.made.update(made)
            for ending, one in made.items():
                yield write_object(self.folder / OBJECTS / f"{case.name}.{ending}.dcm", one)

    def _result(self, case: Case, prediction: Prediction) -> Result | None:
        source = find_source(case, self.root)
        if source is None:
            return None
        if not isinstance(prediction, MaskPrediction):
            return Result(case, source, prediction)
        numbers, measured = np.zeros(prediction.mask.shape, np.uint16), self._measured(prediction)
        structures = []
        named = zip(self.plan.label_values[1:], self.plan.classes[1:], strict=True)
        for number, (value, name) in enumerate(named, start=1):
            numbers[prediction.mask.array[0] == value] = number
            colour = rgb(SERIES[(number - 1) % len(SERIES)])
            structures.append(Structure(number, name, colour, measured.get(value, {})))
        return Result(case, source, prediction, tuple(structures), numbers)

    def _measured(self, prediction: MaskPrediction) -> dict[int, dict[str, float]]:
        if "sr" not in self.kinds:
            return {}
        values = dict(zip(self.plan.classes, self.plan.label_values, strict=True))
        volumes = {values[one.name]: one.volume for one in prediction.volumes if one.unit == "ml"}
        found = self.measure(prediction.mask)
        return {value: {"volume_ml": ml, **found.get(value, {})} for value, ml in volumes.items()}


def check_kinds(kinds: Sequence[str], lang: str = "en") -> tuple[str, ...]:
    """What is to be written, each once; refuses what could not be written later, before the long work.

    Args:
        kinds: of "seg", "rtstruct", "sr", "map" and "pdf".
        lang: of the report.

    Raises:
        SettingsError: no such kind.
        MissingExtraError: what writes them is not installed.
    """
    check_names(kinds)
    if kinds:
        highdicom()
    if "pdf" in kinds:
        check_pdf(lang)
    return tuple(kind for kind in MAKERS if kind in kinds)


def algorithm_of(model: Model) -> Algorithm:
    """How objects name a model; of a package also the one that it was exported from."""
    program, digest = version("scanwright"), model.sha256
    source = str(model.provenance.get(EXPORTED_FROM, ""))
    of = f" of run {source[:12]}" if source else ""
    return Algorithm(f"scanwright {model.plan.task}", f"{program}, model {digest[:12]}{of}", program, digest)


def _outlined(result: Result) -> IntArray:
    if result.numbers is None:
        raise DataError(_NEEDS_MASK)
    return result.numbers


def _segmentation(own: Objects, result: Result) -> dict[str, Dataset]:
    made = segmentation(result.source, _outlined(result), result.structures, own.algorithm)
    return {"seg": made}


def _structure_set(own: Objects, result: Result) -> dict[str, Dataset]:
    made = structure_set(result.source, _outlined(result), result.structures, own.algorithm)
    return {"rtstruct": made}


def _report(own: Objects, result: Result) -> dict[str, Dataset]:
    prediction = result.prediction
    if isinstance(prediction, (ClassPrediction, LabelsPrediction)):
        return {"sr": probability_report(result.source, prediction.probabilities, own.algorithm)}
    if not isinstance(prediction, MaskPrediction):
        raise DataError("for boxes and numbers of one's own no report with codes of the standard is known")
    if not any(one.measured for one in result.structures):
        raise DataError("nothing can be measured in mm: its images say no spacing")
    if "seg" not in result.made:
        raise DataError("there is no seg that it could refer to")
    made = measurement_report(result.source, result.made["seg"], result.structures, own.algorithm)
    return {"sr": made}


def _probabilities(own: Objects, result: Result) -> dict[str, Dataset]:
    prediction = result.prediction
    if not isinstance(prediction, MaskPrediction):
        raise DataError(_NEEDS_MASK)
    if prediction.probabilities is None:
        raise DataError("the probabilities of all voxels do not fit into the memory that was given")
    each = prediction.probabilities.read().array[1:]
    several = len(result.structures) > 1
    return {
        f"map{one.number}" if several else "map": parametric_map(result.source, own_map, one, own.algorithm)
        for one, own_map in zip(result.structures, each, strict=True)
    }


def _pdf(own: Objects, result: Result) -> dict[str, Dataset]:
    picture = draw_result(result.case, result.prediction, own.plan)
    classes = tuple(own.plan.classes[1:] if result.structures else own.plan.classes)
    named = f"{own.algorithm.name} {own.algorithm.version}"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    study = str(result.source.first.StudyInstanceUID)
    page = render_result(result.prediction, classes, picture, named, now, own.lang, study)
    made = encapsulated_pdf(
        result.source, render_pdf(page, own.lang), Words(own.lang)("title.result"), own.algorithm
    )
    return {"pdf": made}


MAKERS: Mapping[str, Callable[[Objects, Result], dict[str, Dataset]]] = {
    "seg": _segmentation,
    "rtstruct": _structure_set,
    "sr": _report,
    "map": _probabilities,
    "pdf": _pdf,
}
"""Kind → what makes its objects."""
