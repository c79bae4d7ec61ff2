"""Files that a scan has met before: plain copies, and others that claim to be the same instance."""

from __future__ import annotations

import filecmp
import hashlib
from pathlib import Path

import numpy as np
import pydicom

from scanwright.errors import DataError
from scanwright.io.dicom.header import Plane


class Instances:
    """The SOPInstanceUIDs of a scan, each with its first file.

    Attributes:
        n_copies: files that hold what an earlier one holds.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._first: dict[tuple[str, str], tuple[Path, Plane | None]] = {}
        self.n_copies = 0

    def is_copy(self, path: Path, series_uid: str, instance_uid: str, plane: Plane | None = None) -> bool:
        """Whether a file only repeats an earlier one: byte for byte, or the same pixels at the same place.

        Args:
            path: the file.
            series_uid: within which it is looked for.
            instance_uid: its SOPInstanceUID; "" is nobody's copy.
            plane: its first image plane, if it is an image.

        Raises:
            DataError: it has the SOPInstanceUID of an earlier file, and other content.
        """
        first, known = self._first.setdefault((series_uid, instance_uid), (path, plane))
        if not instance_uid or first == path:
            return False
        if not filecmp.cmp(first, path, shallow=False) and not _show_the_same(known, plane):
            other = first.relative_to(self._root).as_posix()
            raise DataError(
                f"it claims to be the same instance as {other}, and holds something else",
                do="Find out which of them is right, and remove the other.",
            )
        self.n_copies += 1
        return True


def _show_the_same(one: Plane | None, other: Plane | None) -> bool:
    """Whether two files differ in their header only, as after another pass of a de-identification."""
    if one is None or other is None or (one.rows, one.columns) != (other.rows, other.columns):
        return False
    for name in ("position_lps", "orientation_lps", "spacing_mm"):
        if not np.array_equal(getattr(one, name), getattr(other, name)):
            return False
    return _stored(one.path) == _stored(other.path)


def _stored(path: Path) -> bytes:
    tags = ["RescaleSlope", "RescaleIntercept", "PixelData"]
    dataset = pydicom.dcmread(path, specific_tags=tags, force=True)
    scale = f"{dataset.get('RescaleSlope')} {dataset.get('RescaleIntercept')}"
    return hashlib.sha256(scale.encode() + dataset.get("PixelData", b"")).digest()
