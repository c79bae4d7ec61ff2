"""Files that a scan has met before: plain copies, and others that claim to be the same instance."""

from __future__ import annotations

import filecmp
import hashlib
from pathlib import Path

import numpy as np
import pydicom

from scanwright.errors import DataError
from scanwright.io.dicom.header import Plane, quietly
from scanwright.io.dicom.labels import Labels
from scanwright.io.dicom.pixels import read_pixels
from scanwright.io.dicom.reports import Report
from scanwright.io.failures import reading


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
    """Whether two files differ in header or encoding only, as after a de-identification: images of the same
    place and values, or outlines of the same structures."""
    alike: tuple[str, ...] = ()
    if isinstance(one, Plane) and isinstance(other, Plane):
        alike = ("rows", "columns", "n_frames", "position_lps", "orientation_lps", "spacing_mm")
        alike += ("slope", "intercept")
    elif isinstance(one, Labels) and isinstance(other, Labels):
        alike = ("names", "fractional", "overlap")
    if not alike or not all(np.array_equal(getattr(one, name), getattr(other, name)) for name in alike):
        return False
    return _stored(one.path) == _stored(other.path) or _read_the_same(one.path, other.path)


def _stored(path: Path) -> bytes:
    dataset = pydicom.dcmread(path, specific_tags=["PixelData"], force=True)
    return hashlib.sha256(dataset.get("PixelData", path.name.encode())).digest()


def _read_the_same(one: Path, other: Path) -> bool:
    """Whether two files give the same pixels, though one may be compressed."""
    try:
        with reading(one.name), quietly():
            n_frames = range(int(pydicom.dcmread(one, stop_before_pixels=True).get("NumberOfFrames") or 1))
            pairs = zip(read_pixels(one, n_frames), read_pixels(other, n_frames), strict=True)
            return all(np.array_equal(own, its) for own, its in pairs)
    except (DataError, ValueError):
        return False  # what is damaged, or has more frames than the other
