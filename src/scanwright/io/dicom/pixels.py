"""The stored values of DICOM images, and how they become the measured ones that their headers tell of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_color_lut, apply_modality_lut, get_decoder, iter_pixels, pixel_array
from pydicom.pixels.utils import pixel_dtype
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from scanwright.errors import DataError
from scanwright.io.dicom.header import Plane
from scanwright.io.dicom.raw import RawPixels
from scanwright.types import AnyArray, FloatArray

# All that decoding needs; the rest of a header takes longer to read than the pixels.
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
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "PixelData",
]


# GDCM ends the whole program on some damaged JPEG, so it decodes only what nothing else can, and JPEG-LS,
# in whose damaged images the other decoder searches for ten seconds and more.
_PLUGINS = {
    JPEGLSLossless: "gdcm",
    JPEGLSNearLossless: "gdcm",
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
}
_FRAGILE_JPEG = (JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless)
_FRAME_MARKERS = (0xC3, 0xF7)
_LARGEST_SHIFT = 1 << 24
_LARGE_BYTES = 1 << 24  # more compressed pixels than this are not held in memory at once


def read_pixels(path: Path, frames: Collection[int] = (0,)) -> Iterator[AnyArray]:
    """Read frames of one file, one after the other; colour comes as RGB, MONOCHROME1 turned so that more is
    brighter.

    Args:
        frames: which, from 0.

    Yields:
        (row, column, channel) of each of them, in the order of the file.

    Raises:
        DataError: no pixels, or an unknown kind of them.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, force=True, specific_tags=_TAGS, defer_size=_LARGE_BYTES)
    if "PixelData" not in dataset:
        raise DataError(
            "the file holds no whole-number pixels", do="Export the image again, with its pixels."
        )
    if not hasattr(dataset, "file_meta") or "TransferSyntaxUID" not in dataset.file_meta:
        # A file without preamble is in DICOM's default encoding (PS3.5, 10.1).
        dataset.ensure_file_meta()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    kind = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2")
    n_channels = 3 if kind == "PALETTE COLOR" else int(dataset.get("SamplesPerPixel") or 1)
    if n_channels not in (1, 3):
        raise DataError("the image is neither grey nor of three colours", received=f"{n_channels} samples")
    shape = (int(dataset.Rows), int(dataset.Columns), n_channels)
    is_large = path.stat().st_size > _LARGE_BYTES
    for frame, stored in enumerate(decoded(dataset, path if is_large else None)):
        if frame in frames:
            yield _plain(stored, dataset, kind).reshape(shape)


def _plain(stored: AnyArray, dataset: Dataset, kind: str) -> AnyArray:
    """A frame with its tables of colours and values applied, where more is brighter."""
    if kind == "PALETTE COLOR":
        return np.asarray(apply_color_lut(stored, dataset)[..., :3])
    is_grey = stored.ndim == 2
    if is_grey and dataset.get("ModalityLUTSequence"):
        stored = apply_modality_lut(stored, dataset)
    return _inverted(stored, int(dataset.BitsStored)) if is_grey and kind == "MONOCHROME1" else stored


def read_raw(plane: Plane, raw: RawPixels) -> AnyArray:
    """Read a plane whose pixels are plain: (row, column, channel).

    Raises:
        DataError: the file has become shorter since its header was read.
    """
    kind = np.dtype(raw.kind)
    length = plane.rows * plane.columns * kind.itemsize
    with plane.path.open("rb") as file:
        file.seek(raw.offset + plane.frame * length)
        stored = file.read(length)
    if len(stored) < length:
        raise DataError("the file is cut short", do="Copy or export it again.")
    values: AnyArray = np.frombuffer(stored, kind).reshape(plane.rows, plane.columns, 1)
    if raw.unused_bits:  # there and back: what stood in them goes, and the sign comes
        values = values << raw.unused_bits
        values >>= raw.unused_bits
    return values


def decoded(dataset: Dataset, path: Path | None = None) -> Iterator[AnyArray]:
    """Stored values of each frame, by the decoder that is trusted with the encoding.

    Args:
        path: of the dataset's file, where compressed frames shall be read one by one.

    Yields:
        (row, column), or (row, column, channel) for colours.

    Raises:
        DataError: nothing decodes it, a JPEG is not what the header says, or the number of frames.
        Exception: whatever the decoder raises.
    """
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    encoding = dataset.file_meta.TransferSyntaxUID
    too_deep = encoding == JPEGExtended12Bit and int(dataset.get("BitsStored") or 0) > 8
    if too_deep or (encoding.is_compressed and not encoding.is_deflated and not _has_decoder(encoding)):
        raise DataError(
            "no decoder for the encoding of its pixels",
            received=f"{encoding.name}, {dataset.get('BitsStored')} bits",
            do="Export the images again, uncompressed.",
        )
    if encoding in _FRAGILE_JPEG:
        path = None
        for frame in generate_frames(dataset.PixelData, number_of_frames=n_frames):
            _check_jpeg(frame, dataset)
    frames: Iterable[AnyArray]
    if encoding.is_encapsulated:
        frames = iter_pixels(path or dataset, decoding_plugin=_PLUGINS.get(encoding, ""))
    else:  # as a whole: frames of single bits do not begin at bytes
        whole = pixel_array(dataset)
        frames = whole if n_frames > 1 else [whole]
    kind, n_found = pixel_dtype(dataset), 0
    for n_found, frame in enumerate(frames, start=1):
        if n_found > n_frames:
            break
        yield frame.astype(kind, copy=False)  # a decoder may give fewer bits
    if n_found != n_frames:
        raise DataError(
            "the file does not hold as many frames as it says", received=f"NumberOfFrames={n_frames}"
        )


def _has_decoder(encoding: UID) -> bool:
    try:
        return bool(get_decoder(encoding).is_available)
    except NotImplementedError:
        return False


def _check_jpeg(frame: bytes, dataset: Dataset) -> None:
    """Whether the markers of a JPEG follow each other and its size is the header's (ITU-T T.81, annex B;
    T.87, annex C)."""
    wanted = (int(dataset.Rows), int(dataset.Columns), int(dataset.get("SamplesPerPixel") or 1))
    at, found = 2, None
    while frame[:2] == b"\xff\xd8" and at + 4 <= len(frame) and frame[at] == 0xFF:
        marker, length = frame[at + 1], int.from_bytes(frame[at + 2 : at + 4], "big")
        body = frame[at + 4 : at + 2 + length]
        if marker in _FRAME_MARKERS and len(body) >= 6:
            found = (int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big"), body[5])
            precise = 2 <= body[0] <= int(dataset.BitsAllocated)
            if not precise or len(body) != 6 + 3 * body[5]:
                break
        if marker == 0xDA and found == wanted:
            return
        at += 2 + length
    raise DataError("the JPEG in the file is damaged, or not of the size that its header says")


def _inverted(stored: AnyArray, bits: int) -> AnyArray:
    top = (1 << bits) - 1 if stored.dtype.kind == "u" else -1
    return (top - stored.astype(np.int64)).astype(stored.dtype)


def gathered(planes: Iterable[tuple[int, AnyArray]], n_planes: int) -> AnyArray:
    """The stored values of all planes in one block, with no more than one plane beside it.

    Args:
        planes: the number of each and its (row, column, channel), in any order.

    Returns:
        (channel, column, row, plane); in memory plane after plane, as they come and as NIfTI has them: to
        turn the block round would take longer than to read it.

    Raises:
        DataError: some are in colour and others are not.
    """
    block: AnyArray | None = None
    for number, plane in planes:
        if block is None:
            block = np.empty((n_planes, *plane.shape), plane.dtype.newbyteorder("="))
        if plane.shape[-1] != block.shape[-1]:
            raise DataError("some images are in colour and others are not", received=f"{n_planes} images")
        block = block.astype(np.result_type(block, plane), copy=False)
        block[number] = plane
    if block is None:
        raise DataError("the series holds no image")
    return block.T


def measured(stored: AnyArray, slopes: Sequence[float], intercepts: Sequence[float]) -> AnyArray:
    """stored · slope + intercept, in the same memory where that can be.

    Whole numbers stay whole (int16 for CT); other slopes give float32.

    Args:
        stored: (channel, column, row, plane); lost.
        slopes, intercepts: of each plane. A slope of 0 counts as 1: some write it where they have none, and
            it would leave nothing of the image.
    """
    slope, intercept = np.asarray(slopes, np.float64), np.asarray(intercepts, np.float64)
    slope = np.where(slope == 0, 1.0, slope)
    if (slope == 1).all() and not intercept.any():
        return stored
    kind = _kind_of_sum(stored, intercept) if (slope == 1).all() else np.dtype(np.float32)
    in_place = kind.itemsize == stored.itemsize
    values: AnyArray = stored.view(kind) if in_place else np.empty_like(stored, kind)
    # Seen with the planes first, which is how they lie in memory.
    for k, (before, after) in enumerate(zip(stored.T, values.T, strict=True)):
        if kind.kind == "f":
            after[...] = before * slope[k] + intercept[k]
        else:  # either summand may be too large for the kind; the sum is not
            if not in_place:
                after[...] = before
            after += intercept[k].astype(np.int64).astype(kind)
    return values


def scaled(values: AnyArray, factor: float) -> AnyArray:
    """values · factor as float32; the values are lost where they are float32 already."""
    made: AnyArray = values if values.dtype.kind == "f" else np.empty_like(values, np.float32)
    np.multiply(values, factor, out=made, casting="unsafe")
    return made


def _kind_of_sum(stored: AnyArray, shifts: FloatArray) -> np.dtype[Any]:
    """The kind of whole numbers that holds stored + shift; float32 where none does."""
    if (shifts == np.rint(shifts)).all() and np.abs(shifts).max() <= _LARGEST_SHIFT:
        low, high = (stored.min(axis=(0, 1, 2)) + shifts).min(), (stored.max(axis=(0, 1, 2)) + shifts).max()
        for kind in (np.int16, np.int32):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return np.dtype(kind)
    return np.dtype(np.float32)
