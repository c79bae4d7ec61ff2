"""The table of DICOM objects that are read besides images; a file and a row add one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pydicom

from scanwright.io.dicom.contours import read_structures
from scanwright.io.dicom.labels import Labels
from scanwright.io.dicom.reports import Report, read_report
from scanwright.io.dicom.segments import read_segments

Read: TypeAlias = Callable[[Path], Labels | Report | None]
# By their modality, which is the same for all SOP classes of a kind.
OBJECTS: Mapping[str, Read] = {
    "SEG": read_segments,
    "RTSTRUCT": read_structures,
    "SR": read_report,
}


def read_object(path: Path) -> Labels | Report | None:
    """What a file that is no image says of images; ``None`` where nothing of it is used.

    Raises:
        DataError: it is not what it should be.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["Modality"], force=True)
    read = OBJECTS.get(str(dataset.get("Modality") or ""))
    return None if read is None else read(path)
