"""Photographs and microscopy: PNG, JPEG, GIF, BMP through Pillow, TIFF through tifffile.

A photograph is (channel, column, row, 1) without an affine. 8- and 16-bit values are kept.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageOps

from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.extras import WARNING_FILTERS, Later
from scanwright.types import AnyArray

sitk = Later("SimpleITK", feature="Reading PNG with 16 bits a colour")
_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_EXIF_ORIENTATION = 274
_LYING = (5, 6, 7, 8)  # EXIF orientations that swap rows and columns


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels as stored, before they become a Volume.

    Attributes:
        pixels: (row, column, channel), the picture upright.
        palette: (row, column) indices into a colour palette, where the file has one.
        lossy: True for JPEG, whose values are not exact.
    """

    pixels: AnyArray
    palette: AnyArray | None = None
    lossy: bool = False


def read_photograph(path: Path) -> Volume:
    """Read a photograph upright (EXIF applied).

    Returns:
        (channel, column, row, 1): one channel for grey and grey palettes, three for colour; transparent
        pixels are put on black.

    Raises:
        DataError: several frames or pages, an unknown pixel type, implausibly large.
    """
    return as_volume(load_picture(path).pixels)


def read_grid(path: Path) -> Volume:
    """The shape of a photograph by its header alone: a volume that holds nothing and takes no room.

    For formats that Pillow reads. One channel, whatever the picture has.
    """
    with _opened(path) as image:
        columns, rows = image.size
        if image.getexif().get(_EXIF_ORIENTATION) in _LYING:
            columns, rows = rows, columns
    return Volume(np.broadcast_to(np.uint8(0), (1, columns, rows, 1)), modality="photograph")


def as_volume(pixels: AnyArray) -> Volume:
    """(row, column[, channel]) → a photograph Volume (channel, column, row, 1)."""
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    return Volume(np.ascontiguousarray(pixels.transpose(2, 1, 0))[..., np.newaxis], modality="photograph")


def load_picture(path: Path, *, for_display: bool = True) -> Picture:
    """The pixels of a picture file, upright, without alpha.

    Args:
        for_display: turn TIFFs whose 0 is white. False for masks: ImageJ and tifffile write masks so and
            mean the stored values.

    Raises:
        DataError: several frames or pages, an unknown pixel type, implausibly large.
    """
    with path.open("rb") as file:
        head = file.read(32)
    if head[:4] in _TIFF:
        return _load_tiff(path, for_display)
    if head[:8] == _PNG and len(head) >= 26 and head[24] == 16 and head[25] in (2, 6):
        # Pillow cuts 16-bit colour down to 8 bits; ITK keeps it (but does not know 16-bit grey with alpha).
        pixels = sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="PNGImageIO"))
        return Picture(_without_alpha(pixels))
    return _load_pillow(path)


def _opened(path: Path) -> Image.Image:
    with WARNING_FILTERS, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)  # odd metadata; the pixels decide
        return Image.open(path)


def _load_pillow(path: Path) -> Picture:
    with _opened(path) as image:
        frames = getattr(image, "n_frames", 1)
        if frames != 1:
            raise DataError(
                f"the picture has {frames} frames", expected="one", do="Store each frame as a file."
            )
        upright = ImageOps.exif_transpose(image)
        lossy = image.format in ("JPEG", "MPO")
        if upright.mode == "P":
            indices = np.asarray(upright)
            colours = np.asarray(upright.convert("RGBA" if "transparency" in upright.info else "RGB"))
            pixels = _without_alpha(colours)
            grey = bool((pixels == pixels[..., :1]).all())
            return Picture(pixels[..., :1] if grey else pixels, palette=None if grey else indices)
        return Picture(_without_alpha(_pillow_pixels(upright)), lossy=lossy)


def _pillow_pixels(image: Image.Image) -> AnyArray:
    mode = image.mode
    if mode == "1":
        image = image.convert("L")
    elif mode in ("PA", "La", "RGBa"):
        image = image.convert("RGBA")
    elif mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    elif mode == "L" and "transparency" in image.info:
        image = image.convert("LA")
    elif mode == "RGB" and "transparency" in image.info:
        image = image.convert("RGBA")
    pixels = np.asarray(image)
    if pixels.dtype == np.int32 and pixels.min() >= 0 and pixels.max() <= np.iinfo(np.uint16).max:
        pixels = pixels.astype(np.uint16)  # how some versions of Pillow hand out 16-bit grey
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _load_tiff(path: Path, for_display: bool) -> Picture:
    with tifffile.TiffFile(path) as tiff:
        if len(tiff.pages) == 0:
            raise DataError("the TIFF holds no picture")
        series = tiff.series[0]
        axes = series.axes
        shape = dict(zip(axes, series.shape, strict=True))
        pages = int(np.prod([n for axis, n in shape.items() if axis not in "YXSC"], dtype=object))
        if pages != 1 or not {"Y", "X"} <= set(axes):
            raise DataError(
                f"the TIFF holds a stack of {pages} pages", expected="one", do="Store each page as a file."
            )
        if shape["Y"] * shape["X"] > 2 * (Image.MAX_IMAGE_PIXELS or 0):
            raise Image.DecompressionBombError
        page = series.keyframe
        if page.photometric.name in ("PALETTE", "YCBCR", "CIELAB", "SEPARATED") or not _decodes(page):
            return _load_pillow(path)  # Pillow's libtiff knows these and the other compressions
        pixels = series.asarray()
        extra = "".join(axis for axis in axes if axis in "SC")
        orientation = page.tags.get(_EXIF_ORIENTATION)
    pixels = pixels.reshape([shape[axis] for axis in axes if axis in "YXSC"])
    order = [axis for axis in axes if axis in "YXSC"]
    pixels = pixels.transpose([order.index(axis) for axis in "YX" + extra])
    if pixels.ndim == 4:
        pixels = pixels.reshape(*pixels.shape[:2], -1)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if for_display and page.photometric.name == "MINISWHITE" and pixels.dtype.kind == "u":
        pixels = np.iinfo(pixels.dtype).max - pixels
    if pixels.dtype.kind == "f":
        pixels = pixels.astype(np.float32, copy=False)
    pixels = _turned(pixels, int(orientation.value) if orientation else 1)
    return Picture(_without_alpha(pixels.astype(pixels.dtype.newbyteorder("="), copy=False)))


def _decodes(page: tifffile.TiffPage) -> bool:
    try:
        return tifffile.TIFF.DECOMPRESSORS[page.compression.value] is not None and page.compression.value in (
            1,
            8,
            32773,
            32946,
        )
    except (KeyError, ValueError, ImportError):
        return False


def _turned(pixels: AnyArray, orientation: int) -> AnyArray:
    """EXIF orientation 1…8 undone (TIFF 6.0, tag 274)."""
    if orientation in _LYING:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _without_alpha(pixels: AnyArray) -> AnyArray:
    if pixels.ndim == 2:
        return pixels[..., np.newaxis]
    if pixels.shape[-1] not in (2, 4) or pixels.dtype.kind != "u":
        return pixels
    colour, alpha = pixels[..., :-1], pixels[..., -1:]
    full = np.iinfo(pixels.dtype).max
    if (alpha == full).all():
        return colour
    return (colour.astype(np.uint64) * alpha // full).astype(pixels.dtype)
