"""Where plain pixels lie in a file, so that they are read without parsing its header again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

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
    "RescaleSlope",
    "RescaleIntercept",
)


@dataclass(frozen=True)
class RawPixels:
    """Uncompressed grey pixels of a file, frame after frame, row after row.

    Attributes:
        offset: bytes before the first one.
        kind: NumPy's name of their type.
        unused_bits: the highest ones of each pixel, which may hold anything.
        slope, intercept: from stored to measured values.
    """

    offset: int
    kind: str
    unused_bits: int
    slope: float
    intercept: float


def find_raw(file: BinaryIO, dataset: Dataset, n_frames: int) -> RawPixels | None:
    """The pixels of a file whose header was read up to them; ``None`` where they need more than reading."""
    encoding = dataset.file_meta.get("TransferSyntaxUID")
    kind = _KINDS.get((dataset.get("BitsAllocated", 0), dataset.get("PixelRepresentation", -1)))
    if (
        encoding not in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
        or kind is None
        or dataset.get("HighBit") != int(dataset.get("BitsStored", 0)) - 1
        or not 1 <= dataset.BitsStored <= dataset.BitsAllocated
        or dataset.get("SamplesPerPixel") != 1
        or dataset.get("PhotometricInterpretation") != "MONOCHROME2"
        or "ModalityLUTSequence" in dataset
        or "PerFrameFunctionalGroupsSequence" in dataset
        or "SharedFunctionalGroupsSequence" in dataset
    ):
        return None
    start, head = file.tell(), file.read(12)
    # PS3.5, 7.1.2: explicit encoding names the type of the value, and keeps two bytes free.
    explicit = encoding == ExplicitVRLittleEndian
    length = int.from_bytes(head[8:12] if explicit else head[4:8], "little")
    offset = start + (12 if explicit else 8)
    wanted = n_frames * int(dataset.Rows) * int(dataset.Columns) * int(dataset.BitsAllocated) // 8
    whole = os.fstat(file.fileno()).st_size >= offset + wanted
    if not head.startswith(_PIXEL_DATA) or not wanted <= length <= wanted + 1 or not whole or not wanted:
        return None
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    unused = int(dataset.BitsAllocated) - int(dataset.BitsStored)
    return RawPixels(offset, kind, unused, float(slope or 1.0), float(intercept or 0.0))
