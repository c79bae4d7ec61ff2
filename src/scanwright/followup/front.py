"""The Python front door of following lesions: what ``scanwright.measure`` does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import numpy as np

from scanwright.data.case import Case
from scanwright.errors import DataError, SettingsError
from scanwright.followup.lesions import Lesion, find_lesions
from scanwright.followup.measurement import Frame, frame_of, measure_lesion
from scanwright.followup.sources import on_grid_of, one_case
from scanwright.io.apart import keep_apart
from scanwright.io.dataset import open_inputs
from scanwright.io.files import claim_folder, finite, kept_if_filled, write_csv, write_json, write_text
from scanwright.report.diameters import diameter_picture
from scanwright.report.measurement import MOST_PICTURES, render_measurements
from scanwright.report.texts import Words
from scanwright.types import AnyArray, IntArray, JsonDict, PathLikeStr, Progress, silent

RECORD, TABLE, PAGE = "measurements.json", "measurements.csv", "measure.html"
UNITS = ("HU", "SUV", "none")
MOST_LESIONS = 200
MOST_LABELS = 256
"""Atlases of the whole body or the brain have fewer; an image has more."""


@dataclass(frozen=True, eq=False)
class Measurements:
    """What ``measure`` gave.

    Attributes:
        content: what ``measurements.json`` holds.
        pictures: of the largest lesions, PNG.
    """

    content: JsonDict
    pictures: tuple[bytes, ...]

    @property
    def lesions(self) -> list[JsonDict]:
        """Each lesion's measurements, the largest first."""
        return list(self.content["lesions"])


def measure(
    image: PathLikeStr,
    mask: PathLikeStr,
    out: PathLikeStr | None = None,
    *,
    instances: bool = False,
    labels: Sequence[int] = (),
    organs: PathLikeStr | None = None,
    unit: str | None = None,
    series: str | None = None,
    lang: str = "en",
    overwrite: bool = False,
    progress: Progress = silent,
) -> Measurements:
    """Measure each lesion of a mask: size, shape, place, intensities, features by IBSI. Needs no torch.

    Args:
        image: an image or a DICOM series.
        mask: on its grid; 0 is no lesion.
        out: where the page, ``measurements.json`` and ``measurements.csv`` go; ``None`` writes nothing.
        instances: every label is one lesion; else every connected piece of a label.
        labels: only these labels.
        organs: a mask of organs on the same grid: which one each lesion lies in.
        unit: of the image, "HU", "SUV" or "none"; by default told by a DICOM header.
        series: of a DICOM export, see ``predict``.
        lang: language of the page, "en" or "zh".
        overwrite: replace earlier measurements in ``out``.
        progress: told after every lesion.

    Raises:
        DataError: image or mask can't be read, or do not lie on one grid.
        OutputError, SettingsError: see the message.
    """
    Words(lang)
    if unit is not None and unit not in UNITS:
        raise SettingsError("no such unit", expected=", ".join(UNITS), received=f"unit={unit}")
    case = one_case(image, series)
    volume = case.image.read()
    name = os.fspath(mask)
    drawn = on_grid_of(volume, mask)
    areas = None if organs is None else on_grid_of(volume, organs).array[0]
    if out is not None:
        for source in (image, mask, *([organs] if organs is not None else [])):
            keep_apart(Path(out), open_inputs(source, series=series if source is image else None))
    _check_labels(drawn.array[0], labels, name, instances)
    folder = None if out is None else claim_folder(out, overwrite=overwrite, own=(RECORD, TABLE, PAGE))
    frame, told_unit = frame_of(volume, case.name), _unit(unit, case)
    found = list(islice(find_lesions(drawn.array[0], instances=instances, wanted=labels), MOST_LESIONS + 1))
    kept, more = found[:MOST_LESIONS], len(found) > MOST_LESIONS
    records: list[JsonDict] = []
    pictures: list[bytes] = []
    for done, lesion in enumerate(kept):
        progress("Measuring", done, len(kept))
        record = measure_lesion(lesion, frame, volume.array[0], told_unit)
        record |= {} if areas is None else _organ(lesion, areas)
        records.append(record)
        if len(pictures) < MOST_PICTURES:
            pictures.append(diameter_picture(volume, lesion.mask, lesion.box, record, told_unit))
    progress("Measuring", 1, 1)
    content = _content(case, name, organs, frame, told_unit, records)
    content |= {"instances": instances, "labels": list(labels), "more_lesions": more}
    result = Measurements(content, tuple(pictures))
    if folder is not None:
        _write(result, folder, lang)
    return result


def _check_labels(drawn: IntArray, wanted: Sequence[int], mask: str, instances: bool) -> None:
    """Raise for labels that the mask does not have, and for an image in the mask's place."""
    held = set(np.unique(drawn).tolist()) - {0}
    if len(held) > MOST_LABELS and not instances:
        raise DataError(
            "the mask holds more different values than any mask of lesions",
            subject=Path(mask).name,
            expected=f"at most {MOST_LABELS} labels",
            received=f"{len(held)}",
            do="The image comes first, the mask second; if each label is a lesion, say --instances.",
        )
    if missing := sorted(set(wanted) - held):
        raise SettingsError(
            "the mask has no such label",
            subject=Path(mask).name,
            expected=", ".join(map(str, sorted(held))) or "nothing: it is empty",
            received=", ".join(f"label={label}" for label in missing),
        )


def _unit(given: str | None, case: Case) -> str:
    if given is not None:
        return "" if given == "none" else given
    return "HU" if case.facts.get("modality") == "CT" else case.facts.get("unit", "")


def _organ(lesion: Lesion, areas: AnyArray) -> JsonDict:
    """The organ that holds most of a lesion, and which share of it; none where no part lies in one."""
    values, counts = np.unique(areas[lesion.box][lesion.mask], return_counts=True)
    counts[values == 0] = 0
    largest = int(counts.argmax())
    share = float(counts[largest] / lesion.n_voxels)
    return {"organ": int(values[largest]) if share else None, "organ_share": share}


def _content(
    case: Case, mask: str, organs: PathLikeStr | None, frame: Frame, unit: str, records: list[JsonDict]
) -> JsonDict:
    return {
        "schema_version": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "image": case.name,
        "mask": Path(mask).name,
        "organs": None if organs is None else Path(os.fspath(organs)).name,
        "spacing_mm": list(frame.steps) if frame.unit == "mm" else None,
        "length_unit": frame.unit,
        "intensity_unit": unit,
        "plane": frame.plane,
        "lesions": records,
        "versions": {name: version(name) for name in ("scanwright", "numpy", "scipy", "scikit-image")},
    }


def _write(result: Measurements, folder: Path, lang: str) -> None:
    with kept_if_filled(folder):
        write_json(folder / RECORD, result.content)
        rows = [_flat(record) for record in finite(result.lesions)]
        columns = list(dict.fromkeys(name for row in rows for name in row)) or ["lesion"]
        write_csv(folder / TABLE, columns, [[row.get(name, "") for name in columns] for row in rows])
        write_text(folder / PAGE, render_measurements(finite(result.content), result.pictures, lang))


def _flat(record: JsonDict) -> dict[str, object]:
    """A lesion as a row: numbers of a list by blanks, features by IBSI last."""
    row: dict[str, object] = {}
    for name, value in record.items():
        if name == "ibsi":
            continue
        if name == "intensity":
            row |= value or {}
        elif isinstance(value, list):
            flat = np.array(value, dtype=object).ravel().tolist()
            row[name] = " ".join(f"{one:.6g}" if isinstance(one, float) else str(one) for one in flat)
        else:
            row[name] = "" if value is None else value
    return row | {name: "" if value is None else value for name, value in record.get("ibsi", {}).items()}
