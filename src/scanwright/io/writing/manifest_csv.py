"""manifest.csv as it is written: where cases lie, and all that is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scanwright.data.case import Case
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io.annotations.table import write_boxes
from scanwright.io.files import write_csv, write_json
from scanwright.io.layouts.addresses import address_from
from scanwright.io.layouts.description import FILE_NAME as DESCRIPTION
from scanwright.io.layouts.manifest import FILE_NAME, MEANINGFUL
from scanwright.io.layouts.targets import SEPARATOR, read_grid_of
from scanwright.types import PathLikeStr

BOXES = "boxes.csv"
FILES = (FILE_NAME, DESCRIPTION, BOXES)
"""All that :func:`write_manifest` may write."""


def write_manifest(folder: Path, dataset: Dataset, cases: Sequence[Case]) -> Path:
    """Cases as a manifest.csv with paths relative to it, their boxes in a boxes.csv, in a dataset.json the
    names that these can't hold: of values in masks, of the channels of one file, of classes without a box.

    Raises:
        DataError: a case comes from nothing that a manifest can name (from within a zip), or its boxes can't
            be read.
    """
    root = Path(dataset.source)
    refuse_zip(root)
    root = root if root.is_dir() else root.parent
    n_channels = max((1 + len(case.image.further) for case in cases), default=1)
    names = dataset.channels if len(dataset.channels) == n_channels else [str(c) for c in range(n_channels)]
    images = ["image"] if n_channels == 1 else [f"image:{name}" for name in names]
    facts = sorted({fact for case in cases for fact in case.facts})
    told = _Told(dataset, cases)
    rows = []
    for case in cases:
        # A case with fewer channels than the others gets empty cells, which reading will name.
        files = [_address(folder, root, file, case) for file in (case.image.source, *case.image.further)]
        masks = (case.mask.source, *case.mask.further) if "mask" in case.targets else ()
        rows.append(
            [
                case.name,
                case.patient or "",
                case.split or "",
                *files,
                *[""] * (n_channels - len(files)),
                SEPARATOR.join(_address(folder, root, file, case) for file in masks),
                *told.cells(case),
                *(case.facts.get(fact, "") for fact in facts),
            ]
        )
    columns = ("case", "patient", "split", *images, "mask", *told.columns, *map(_fact_column, facts))
    if told.has_boxes:
        boxed = [case for case in cases if "boxes" in case.targets]
        affines = {case.name: read_grid_of(root, case.image).affine_ras for case in boxed}
        write_boxes(folder / BOXES, {case.name: (case.boxes.read(), affines[case.name]) for case in boxed})
    write_csv(folder / FILE_NAME, columns, rows)
    described: dict[str, Any] = {}
    if dataset.channels and n_channels == 1:  # several have their names in the columns
        described["channel_names"] = {str(number): name for number, name in enumerate(dataset.channels)}
    values = {value: name for value, name in dataset.class_names.items() if value.lstrip("-").isdecimal()}
    if values and dataset.target == "mask":
        described["labels"] = {"0": "background"} | values
    if told.has_boxes and told.classes:
        described["classes"] = list(told.classes)
    if described:
        write_json(folder / DESCRIPTION, described)
    return folder / FILE_NAME


def refuse_zip(source: PathLikeStr) -> None:
    """Raise DataError for data in a zip, which a manifest can't name: before anything is read."""
    root = Path(source)
    if root.suffix.lower() == ".zip" and root.is_file():
        raise DataError(
            "a manifest can't name what lies in a zip",
            subject=root.name,
            do="Unpack it, and name its folder.",
        )


class _Told:
    """The columns of the targets that are no files, and the boxes."""

    def __init__(self, dataset: Dataset, cases: Sequence[Case]) -> None:
        kinds = {kind for case in cases for kind in case.targets}
        self.has_boxes = "boxes" in kinds
        own = kinds & {"label", "labels", "boxes"}
        # The names of a dataset are those of its classes only where it has one kind of them.
        self.classes = (
            [name for key, name in dataset.class_names.items() if key == name] if len(own) == 1 else []
        )
        found = {name for case in cases if "labels" in case.targets for name in case.labels}
        self._labels = [*(self.classes if "labels" in kinds else ()), *sorted(found - set(self.classes))]
        self._values = sorted({name for case in cases if "values" in case.targets for name in case.values})
        self.columns = [
            "label",
            *(f"label:{name}" for name in self._labels),
            *(f"value:{name}" for name in self._values),
            *(["boxes"] if self.has_boxes else []),
        ]

    def cells(self, case: Case) -> list[str]:
        """What stands in these columns."""
        labels = case.labels if "labels" in case.targets else None
        values: Mapping[str, float] = case.values if "values" in case.targets else {}
        return [
            case.label if "label" in case.targets else "",
            *("" if labels is None else str(int(name in labels)) for name in self._labels),
            *(repr(values[name]) if name in values else "" for name in self._values),
            *([BOXES if "boxes" in case.targets else ""] if self.has_boxes else []),
        ]


def _fact_column(fact: str) -> str:
    """The column of a fact; a name that means something else in a manifest gets an underscore."""
    return f"{fact.replace(':', '_')}_" if fact in MEANINGFUL or ":" in fact else fact


def _address(folder: Path, root: Path, source: str, case: Case) -> str:
    address = address_from(folder, root, source)
    if address is None:
        raise DataError(
            "a manifest can't name what the case comes from",
            subject=case.name,
            expected="files, DICOM series or pictures of an .npz",
        )
    return address
