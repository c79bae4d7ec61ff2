"""Where plain pixels lie in a file, so that they are read without parsing its header again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from scanwright.io.dicom.fields import value_of

_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_KINDS = {(8, 0): "u1", (8, 1): "i1", (16, 0): "<u2", (16, 1): "<i2", (32, 0): "<u4", (32, 1): "<i4"}
TAGS = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "ModalityLUTSequence",
)


@dataclass(frozen=True)
class RawPixels:
    """Uncompressed grey pixels of a file, frame after frame, row after row.

    Attributes:
        offset: bytes before the first one.
        kind: NumPy's name of their type.
        unused_bits: the highest ones of each pixel, which may hold anything.
    """

    offset: int
    kind: str
    unused_bits: int


def find_raw(file: BinaryIO, dataset: Dataset, n_frames: int) -> RawPixels | None:
    """The pixels of a file whose header was read up to them; ``None`` where they need more than reading."""
    encoding = dataset.file_meta.get("TransferSyntaxUID")
    allocated, used = value_of(dataset, "BitsAllocated"), value_of(dataset, "BitsStored")
    kind = _KINDS.get((allocated, value_of(dataset, "PixelRepresentation")))
    if (
        encoding not in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
        or kind is None
        or value_of(dataset, "HighBit") != int(used or 0) - 1
        or not 1 <= used <= allocated
        or value_of(dataset, "SamplesPerPixel") != 1
        or value_of(dataset, "PhotometricInterpretation") != "MONOCHROME2"
        or value_of(dataset, "ModalityLUTSequence")
    ):
        return None
    start, head = file.tell(), file.read(12)
    # PS3.5, 7.1.2: explicit encoding names the type of the value, and keeps two bytes free.
    explicit = encoding == ExplicitVRLittleEndian
    length = int.from_bytes(head[8:12] if explicit else head[4:8], "little")
    offset = start + (12 if explicit else 8)
    wanted = n_frames * int(dataset.Rows) * int(dataset.Columns) * int(allocated) // 8
    whole = os.fstat(file.fileno()).st_size >= offset + wanted
    if not head.startswith(_PIXEL_DATA) or not wanted <= length <= wanted + 1 or not whole or not wanted:
        return None
    return RawPixels(offset, kind, int(allocated) - int(used))
