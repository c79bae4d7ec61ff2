"""Reading images: one front door for all formats."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.header import SUFFIXES as DICOM_SUFFIXES
from scanwright.io.dicom.scan import read_folder
from scanwright.io.dicom.series import read_file
from scanwright.io.failures import reading
from scanwright.io.formats.nifti import read_nifti
from scanwright.io.formats.table import format_of, known_formats
from scanwright.types import PathLikeStr


def read_image(path: PathLikeStr, *, subject: str = "", n_channels: int = 1) -> Volume:
    """Read an image of any known format.

    Args:
        path: a file, or a folder that holds one DICOM series.
        subject: how messages name it; the file's name by default.
        n_channels: for NIfTI, how many channels a fourth axis holds where the dataset declares it.

    Returns:
        The volume; a photograph is (channel, column, row, 1) and has no affine.

    Raises:
        DataError: the file is missing, damaged, of an unknown format or has more axes than a volume.
    """
    path = Path(os.fspath(path))
    subject = subject or path.name
    if path.is_dir():
        return read_folder(path, subject=subject)
    with reading(subject, quote=not path.name.lower().endswith(DICOM_SUFFIXES)):
        if path.stat().st_size == 0:
            raise DataError("the file is empty (zero bytes)", subject=subject, do="Copy or export it again.")
        known = format_of(path)
        if known is None:
            raise DataError("the format is not known", subject=subject, expected=f"one of {known_formats()}")
        if n_channels > 1 and known.read is read_nifti:
            return read_nifti(path, n_channels=n_channels)
        with reading(subject, quote=known.read is not read_file):
            return known.read(path)


def read_grid(path: PathLikeStr, *, subject: str = "") -> Volume:
    """Shape and affine of an image, by its header alone where its format allows that: not to be looked into.

    Raises:
        DataError: see :func:`read_image`.
    """
    path = Path(os.fspath(path))
    subject = subject or path.name
    with reading(subject, quote=not path.name.lower().endswith(DICOM_SUFFIXES)):
        known = format_of(path) if path.is_file() and path.stat().st_size else None
        if known is not None and known.read_grid is not None:
            return known.read_grid(path)
    return read_image(path, subject=subject)


def read_channels(paths: Sequence[Path], *, subjects: Sequence[str]) -> Volume:
    """Read several files as the channels of one volume.

    Raises:
        DataError: the files do not lie on one grid.
    """
    volumes = [read_image(path, subject=subject) for path, subject in zip(paths, subjects, strict=True)]
    first = volumes[0]
    for volume, subject in zip(volumes[1:], subjects[1:], strict=True):
        if not first.same_grid(volume):
            raise DataError(
                "the channels of the case do not lie on one grid",
                subject=subject,
                expected=f"the grid of {subjects[0]}, shape {first.shape}",
                received=f"shape {volume.shape}"
                + ("" if volume.shape != first.shape else " and another affine"),
                do="Resample the channels onto one of them.",
            )
    array = np.concatenate([volume.array for volume in volumes])
    return Volume(array, affine_ras=first.affine_ras, modality=first.modality)
