"""Files that a scan has met before: plain copies, and others that claim to be the same instance."""

from __future__ import annotations

import filecmp
import hashlib
from pathlib import Path

import numpy as np
import pydicom

from scanwright.errors import DataError
from scanwright.io.dicom.header import Plane
from scanwright.io.dicom.labels import Labels
from scanwright.io.dicom.reports import Report
from scanwright.io.dicom.series import read_file


class Instances:
    """The SOPInstanceUIDs of a scan, each with its first file.

    Attributes:
        n_copies: files that hold what an earlier one holds.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._first: dict[tuple[str, str], Plane | Labels | Report] = {}
        self.n_copies = 0

    def is_copy(self, path: Path, content: Plane | Labels | Report | None) -> bool:
        """Whether a file only repeats an earlier one: byte for byte, or the same pixels at the same place.

        Args:
            path: the file.
            content: what it holds, of an image the first plane; ``None`` is nobody's copy.

        Raises:
            DataError: it has the SOPInstanceUID of an earlier file, and other content.
        """
        if content is None or not content.instance_uid:
            return False
        # Copies are looked for within a series: to another one a file may belong for a reason.
        series_uid = content.series_uid if isinstance(content, Plane) else ""
        first = self._first.setdefault((series_uid, content.instance_uid), content)
        if first is content:
            return False
        if not filecmp.cmp(first.path, path, shallow=False) and not _show_the_same(first, content):
            other = first.path.relative_to(self._root).as_posix()
            raise DataError(
                f"it claims to be the same instance as {other}, and holds something else",
                do="Find out which of them is right, and remove the other.",
            )
        self.n_copies += 1
        return True


def _show_the_same(one: Plane | Labels | Report, other: Plane | Labels | Report) -> bool:
    """Whether two files are images that differ in header or encoding only, as after a de-identification."""
    if not isinstance(one, Plane) or not isinstance(other, Plane):
        return False
    if (one.rows, one.columns, one.n_frames) != (other.rows, other.columns, other.n_frames):
        return False
    for name in ("position_lps", "orientation_lps", "spacing_mm"):
        if not np.array_equal(getattr(one, name), getattr(other, name)):
            return False
    return _stored(one.path) == _stored(other.path) or _read_the_same(one.path, other.path)


def _stored(path: Path) -> bytes:
    tags = ["RescaleSlope", "RescaleIntercept", "PixelData"]
    dataset = pydicom.dcmread(path, specific_tags=tags, force=True)
    scale = f"{dataset.get('RescaleSlope')} {dataset.get('RescaleIntercept')}"
    return hashlib.sha256(scale.encode() + dataset.get("PixelData", b"")).digest()


def _read_the_same(one: Path, other: Path) -> bool:
    """Whether two files give the same values, though one may be compressed."""
    try:
        return np.array_equal(read_file(one).array, read_file(other).array)
    except DataError:
        return False  # films, and what is damaged
