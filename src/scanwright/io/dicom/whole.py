"""Objects without pixels are read whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from scanwright.errors import DataError

_UNDEFINED = 0xFFFFFFFF


def read_whole(path: Path) -> Dataset:
    """All fields of a file.

    Raises:
        DataError: it ends within a field. pydicom would take what is there, and contours or numbers be lost.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, force=True)
    for tag in dataset.keys():  # noqa: SIM118 (iterating over elements would convert them)
        field = dataset.get_item(tag)
        if not isinstance(field, RawDataElement) or field.length == _UNDEFINED:
            continue
        if len(field.value or b"") < field.length:
            raise DataError("the file is cut short", do="Copy or export it again.")
    return dataset
