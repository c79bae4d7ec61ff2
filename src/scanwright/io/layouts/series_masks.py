"""Masks of DICOM series that are files of another format (NIfTI, NRRD …)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from scanwright.data.case import Lazy
from scanwright.data.volume import Volume
from scanwright.io.dicom.series import Series, read_grid
from scanwright.io.formats.table import is_picture, without_suffix
from scanwright.io.layouts.lesions import MASK_ENDING
from scanwright.io.masks import read_mask, turned_onto


def find_masks(files: Iterable[str], volumes: Mapping[str, Series]) -> dict[str, list[str]]:
    """Which volumes each file may be the mask of, by its name; files that are named after none are left out.

    A name holds the SeriesInstanceUID, or is that of the folder (P7/CT.nii.gz or P7_CT_mask.nii.gz for
    P7/CT), or only the last part of it. Pictures are previews.

    Args:
        files: paths relative to the export.
        volumes: by their names, see :func:`io.dicom.scan.names_of`.
    """
    found: dict[str, list[str]] = {}
    for file in files:
        if is_picture(file):
            continue
        path = MASK_ENDING.sub("", without_suffix(file))
        stem = path.rsplit("/", 1)[-1]
        by_uid = [name for name, one in volumes.items() if _holds(stem, one.uid)]
        by_path = [name for name in volumes if name == path or name.replace("/", "_") == stem]
        by_folder = [name for name in volumes if name.rsplit("/", 1)[-1] == stem]
        if fitting := by_uid or by_path or by_folder:
            found[file] = fitting
    return found


def _holds(stem: str, uid: str) -> bool:
    """Whether a name holds a UID, and not only the beginning of a longer one."""
    return re.search(rf"(?<![\d.]){re.escape(uid)}(?!\.?\d)", stem) is not None


def lazy_series_mask(root: Path, file: str, series: Series) -> Lazy[Volume]:
    """A mask file with its axes in the order of the series', read when asked for; its path is relative to the
    root. Programs that convert DICOM to NIfTI turn rows and slices around."""
    return Lazy(file, partial(_read, root / file, file, series))


def _read(path: Path, subject: str, series: Series) -> Volume:
    return turned_onto(read_mask(path, subject=subject), read_grid(series).affine_ras)
