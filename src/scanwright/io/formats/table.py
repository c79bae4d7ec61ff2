"""The table of formats: name, suffixes, first bytes, reader."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scanwright.data.volume import Volume
from scanwright.io.dicom.header import SUFFIXES as DICOM_SUFFIXES
from scanwright.io.dicom.series import read_file
from scanwright.io.formats.itk import read_itk
from scanwright.io.formats.nifti import SUFFIXES as NIFTI_SUFFIXES
from scanwright.io.formats.nifti import read_grid as read_nifti_grid
from scanwright.io.formats.nifti import read_nifti
from scanwright.io.formats.photograph import read_grid as read_picture_grid
from scanwright.io.formats.photograph import read_photograph

_HEAD_BYTES = 360


@dataclass(frozen=True)
class Format:
    """How one format is known and read.

    Attributes:
        name: for messages.
        suffixes: in lower case, with the dot.
        starts: True for the first bytes of such a file.
        read: gives the volume; may raise whatever its library raises.
        read_grid: gives its shape and affine by the header alone, where that is possible.
    """

    name: str
    suffixes: tuple[str, ...]
    starts: Callable[[bytes], bool]
    read: Callable[[Path], Volume]
    read_grid: Callable[[Path], Volume] | None = None


def _is_nifti(head: bytes) -> bool:
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)
        except zlib.error:
            return False
    return head[344:347] in (b"n+1", b"ni1") or head[4:7] in (b"n+2", b"ni2")


FORMATS: tuple[Format, ...] = (
    # First, as what stands before its mark may be anything, even the start of a TIFF.
    Format("DICOM", DICOM_SUFFIXES, lambda head: head[128:132] == b"DICM", read_file),
    Format("NIfTI", NIFTI_SUFFIXES, _is_nifti, read_nifti, read_nifti_grid),
    Format("NRRD", (".nrrd", ".nhdr"), lambda head: head.startswith(b"NRRD0"), read_itk),
    Format("MetaImage", (".mha", ".mhd"), lambda head: head.startswith((b"ObjectType", b"NDims")), read_itk),
    Format("PNG", (".png",), lambda head: head.startswith(b"\x89PNG"), read_photograph, read_picture_grid),
    Format(
        "JPEG",
        (".jpg", ".jpeg"),
        lambda head: head.startswith(b"\xff\xd8\xff"),
        read_photograph,
        read_picture_grid,
    ),
    Format(
        "TIFF",
        (".tif", ".tiff"),
        lambda head: head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
        read_photograph,
    ),
    Format("GIF", (".gif",), lambda head: head.startswith(b"GIF8"), read_photograph, read_picture_grid),
    Format("BMP", (".bmp",), lambda head: head.startswith(b"BM"), read_photograph, read_picture_grid),
)


def suffix_of(name: str) -> str:
    """The suffix by which a format is known (".nii.gz", ".png"), or "" when none is."""
    lower = name.lower()
    return next((end for known in FORMATS for end in known.suffixes if lower.endswith(end)), "")


def is_picture(name: str) -> bool:
    """True for the suffixes of photographs."""
    suffix = suffix_of(name)
    return any(suffix in known.suffixes for known in FORMATS if known.read is read_photograph and suffix)


def without_suffix(name: str) -> str:
    """The name without the suffix of its format; other dots stay, as in a SeriesInstanceUID."""
    return name[: len(name) - len(suffix_of(name))]


def format_of(path: Path) -> Format | None:
    """The format of a file, by its suffix, else by its first bytes.

    Raises:
        OSError: the file cannot be opened.
    """
    suffix = suffix_of(path.name)
    with path.open("rb") as file:  # some libraries call a file damaged that they may not open
        if suffix:
            return next(known for known in FORMATS if suffix in known.suffixes)
        head = file.read(_HEAD_BYTES)
    return next((known for known in FORMATS if known.starts(head)), None)


def known_formats() -> str:
    """The formats in words, for messages."""
    return ", ".join(known.name for known in FORMATS)
