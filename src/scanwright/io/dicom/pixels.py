"""The pixels of one DICOM image in the units that its header gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_color_lut, apply_modality_lut, get_decoder, pixel_array
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
)

from scanwright.errors import DataError
from scanwright.io.dicom.header import FrameGroups, Plane
from scanwright.io.dicom.raw import RawPixels
from scanwright.types import AnyArray

# All that decoding and rescaling need; the rest of a header takes longer to read than the pixels.
_TAGS = [
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "AlphaPaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "AlphaPaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "PixelData",
]


# GDCM ends the whole program on some damaged JPEG, so it decodes only what nothing else can.
_PLUGINS = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
}
_LOSSLESS_JPEG = (JPEGLossless, JPEGLosslessSV1)


@dataclass(frozen=True, eq=False)
class Pixels:
    """Stored values of a plane and how they become measured ones: stored · slope + intercept.

    Attributes:
        stored: (channel, column, row).
    """

    stored: AnyArray
    slope: float
    intercept: float


def read_pixels(path: Path, frames: Sequence[int] = (0,)) -> list[Pixels]:
    """Read frames of one file; colour comes as RGB, MONOCHROME1 turned so that more is brighter.

    Raises:
        DataError: no pixels, or an unknown kind of them.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, force=True, specific_tags=_TAGS)
    if "PixelData" not in dataset:
        raise DataError(
            "the file holds no whole-number pixels", do="Export the image again, with its pixels."
        )
    if not hasattr(dataset, "file_meta") or "TransferSyntaxUID" not in dataset.file_meta:
        # A file without preamble is in DICOM's default encoding (PS3.5, 10.1).
        dataset.ensure_file_meta()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    stored = decoded(dataset)
    kind = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2")
    if kind == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)[..., :3]
    n_channels = 3 if kind == "PALETTE COLOR" else int(dataset.get("SamplesPerPixel") or 1)
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    if n_channels not in (1, 3):
        raise DataError("the image is neither grey nor of three colours", received=f"{n_channels} samples")
    stored = stored.reshape(n_frames, int(dataset.Rows), int(dataset.Columns), n_channels)
    if n_channels == 1:
        if "ModalityLUTSequence" in dataset:
            stored = apply_modality_lut(stored, dataset)
        if kind == "MONOCHROME1":
            stored = (
                stored.max() - stored
                if stored.dtype.kind == "f"
                else _inverted(stored, int(dataset.BitsStored))
            )
    by_frame = FrameGroups(dataset)
    scaled = n_channels == 1 and "ModalityLUTSequence" not in dataset
    made = []
    for frame in frames:
        group = by_frame.find(frame, "PixelValueTransformationSequence")
        source = group if "RescaleSlope" in group else dataset
        slope = float(source.get("RescaleSlope") or 1.0) if scaled else 1.0
        intercept = float(source.get("RescaleIntercept") or 0.0) if scaled else 0.0
        if not np.isfinite([slope, intercept]).all():
            raise DataError("RescaleSlope or RescaleIntercept is not a number")
        made.append(Pixels(stored[frame].transpose(2, 1, 0), slope, intercept))
    return made


def read_raw(plane: Plane, raw: RawPixels) -> Pixels:
    """Read a plane whose pixels are plain.

    Raises:
        DataError: the file has become shorter since its header was read.
    """
    shape = (plane.rows, plane.columns)
    kind = np.dtype(raw.kind)
    length = plane.rows * plane.columns * kind.itemsize
    with plane.path.open("rb") as file:
        file.seek(raw.offset + plane.frame * length)
        stored = file.read(length)
    if len(stored) < length:
        raise DataError("the file is cut short", do="Copy or export it again.")
    values: AnyArray = np.frombuffer(stored, kind).reshape(shape)
    if raw.unused_bits:  # there and back: what stood in them goes, and the sign comes
        values = np.right_shift(np.left_shift(values, raw.unused_bits), raw.unused_bits)
    return Pixels(values.T[np.newaxis], raw.slope, raw.intercept)


def decoded(dataset: Dataset) -> AnyArray:
    """Stored values, by the decoder that is trusted with the encoding.

    Raises:
        DataError: nothing decodes it, or a lossless JPEG does not hold what the header says.
        Exception: whatever the decoder raises.
    """
    encoding = dataset.file_meta.TransferSyntaxUID
    too_deep = encoding == JPEGExtended12Bit and int(dataset.get("BitsStored") or 0) > 8
    if too_deep or (encoding.is_compressed and not encoding.is_deflated and not _has_decoder(encoding)):
        raise DataError(
            "no decoder for the encoding of its pixels",
            received=f"{encoding.name}, {dataset.get('BitsStored')} bits",
            do="Export the images again, uncompressed.",
        )
    if encoding in _LOSSLESS_JPEG:
        n_frames = int(dataset.get("NumberOfFrames") or 1)
        for frame in generate_frames(dataset.PixelData, number_of_frames=n_frames):
            _check_jpeg(frame, dataset)
    stored: AnyArray = pixel_array(dataset, decoding_plugin=_PLUGINS.get(encoding, ""))
    return stored


def _has_decoder(encoding: UID) -> bool:
    try:
        return bool(get_decoder(encoding).is_available)
    except NotImplementedError:
        return False


def _check_jpeg(frame: bytes, dataset: Dataset) -> None:
    """Whether the markers of a JPEG follow each other and its size is the header's (ITU-T T.81, annex B)."""
    wanted = (int(dataset.Rows), int(dataset.Columns), int(dataset.get("SamplesPerPixel") or 1))
    at, found = 2, None
    while frame[:2] == b"\xff\xd8" and at + 4 <= len(frame) and frame[at] == 0xFF:
        marker, length = frame[at + 1], int.from_bytes(frame[at + 2 : at + 4], "big")
        body = frame[at + 4 : at + 2 + length]
        if marker == 0xC3 and len(body) >= 6:
            found = (int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big"), body[5])
            precise = 2 <= body[0] <= int(dataset.BitsAllocated)
            if not precise or len(body) != 6 + 3 * body[5]:
                break
        if marker == 0xDA and found == wanted:
            return
        at += 2 + length
    raise DataError("the lossless JPEG in the file is damaged, or not of the size that its header says")


def _inverted(stored: AnyArray, bits: int) -> AnyArray:
    top = (1 << bits) - 1 if stored.dtype.kind == "u" else -1
    return (top - stored.astype(np.int64)).astype(stored.dtype)


def stacked(slices: Sequence[Pixels]) -> AnyArray:
    """Measured values of all slices, (channel, column, row, slice).

    Whole numbers stay whole (int16 for CT); other slopes give float32.
    """
    array = np.stack([one.stored for one in slices], axis=-1)
    if all(one.slope == 1 and one.intercept == 0 for one in slices):
        return np.ascontiguousarray(array)
    slopes = np.array([one.slope for one in slices])
    intercepts = np.array([one.intercept for one in slices])
    whole = array.dtype.kind in "iu" and bool(
        (slopes == 1).all() and (intercepts == np.rint(intercepts)).all()
    )
    if not whole or np.abs(intercepts).max() > 1 << 24:
        return np.ascontiguousarray((array * slopes + intercepts).astype(np.float32))
    shifted = array.astype(np.int32) + intercepts.astype(np.int32)
    fits = np.iinfo(np.int16).min <= shifted.min() and shifted.max() <= np.iinfo(np.int16).max
    return np.ascontiguousarray(shifted.astype(np.int16) if fits else shifted)
