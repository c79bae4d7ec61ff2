"""Reading and writing masks: one channel of whole numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image

from scanwright.core.geometry import ras_axes, reorient, reoriented_affine
from scanwright.data.case import Lazy
from scanwright.data.volume import Volume
from scanwright.errors import DataError, OutputError
from scanwright.io.failures import reading
from scanwright.io.files import write_whole
from scanwright.io.formats.nifti import save_nifti
from scanwright.io.formats.photograph import Picture, as_volume, load_picture, read_photograph
from scanwright.io.formats.table import format_of
from scanwright.io.image import read_image
from scanwright.types import AnyArray, BoolArray, FloatArray, PathLikeStr

_MOST_LABELS_OF_A_PICTURE = 8
_NEAR = 32  # grey values that JPEG or smoothing leaves around black and white
_NEARLY_ALL = 0.9
_MOST_MERGED_LABELS = 64


def read_mask(path: PathLikeStr, *, subject: str = "") -> Volume:
    """Read a mask of any known format.

    Returns:
        One channel in the smallest unsigned or signed integer type that holds its labels, which are as
        they stand in the file. A drawn black-and-white picture whose edges were smoothed (or that went
        through JPEG) is cut at 128 into 0 and 255; a picture with a colour palette gives palette indices.

    Raises:
        DataError: several channels, values that are not whole numbers, anything that read_image raises.
    """
    path = Path(os.fspath(path))
    subject = subject or path.name
    with reading(subject):
        known = None if path.is_dir() or path.stat().st_size == 0 else format_of(path)
        if known is not None and known.read is read_photograph:
            return as_volume(_picture_labels(load_picture(path, for_display=False), subject))
    volume = read_image(path, subject=subject)
    if volume.n_channels != 1:
        raise DataError(
            "the mask has several channels", subject=subject, expected="one", received=str(volume.n_channels)
        )
    return Volume(_whole(volume.array, subject), affine_ras=volume.affine_ras, modality=volume.modality)


def merge_masks(parts: Sequence[Lazy[Volume]], values: Sequence[int | None]) -> Volume:
    """One mask of several. Where they overlap, the structure that is smaller in all of the image is shown.

    Args:
        parts: masks on one grid.
        values: for each, the value that what is outlined in it gets; ``None`` leaves those that it has.

    Raises:
        DataError: a part can't be read or lies elsewhere, holds several values where it should be one
            structure, or all together hold more values than a mask can have.
    """
    outlined: dict[int, BoolArray] = {}
    first: Volume | None = None
    for part, value in zip(parts, values, strict=True):
        mask = part.read()
        first = first or mask
        if not first.same_grid(mask):
            raise DataError(
                "the masks of the image do not lie on one grid",
                subject=part.source,
                expected=f"shape {first.shape}",
                received=f"shape {mask.shape}" + ("" if first.shape != mask.shape else " and another affine"),
            )
        own = [int(label) for label in np.unique(mask.array) if label != 0]
        if len(own) > 1 and value is not None:
            raise DataError(
                "the mask holds several values, and its name tells of one structure",
                subject=part.source,
                received=", ".join(map(str, own[:8])),
            )
        for label in own:
            key = label if value is None else value
            inside = mask.array == label
            outlined[key] = outlined[key] | inside if key in outlined else inside
        if len(outlined) > _MOST_MERGED_LABELS:
            raise DataError("the masks of the image hold implausibly many values", subject=part.source)
    if first is None:
        raise DataError("there is no mask to read")
    merged = np.zeros(first.array.shape, np.result_type(np.uint8, *map(np.min_scalar_type, outlined)))
    for label in sorted(outlined, key=lambda label: -int(outlined[label].sum())):
        merged[outlined[label]] = label
    return Volume(_whole(merged, parts[0].source), affine_ras=first.affine_ras, modality=first.modality)


def turned_onto(mask: Volume, affine_ras: FloatArray) -> Volume:
    """A mask with its axes in the order and direction of an image's; no voxel moves in the patient.

    Args:
        mask: anything; one without a place stays as it is.
        affine_ras: of the image.
    """
    if mask.affine_ras is None:
        return mask
    order, flips = ras_axes(np.linalg.inv(affine_ras) @ mask.affine_ras)
    affine = reoriented_affine(mask.affine_ras, mask.shape, order, flips)
    return Volume(reorient(mask.array, order, flips), affine_ras=affine, modality=mask.modality)


def _picture_labels(picture: Picture, subject: str) -> AnyArray:
    if picture.palette is not None:
        return _whole(picture.palette, subject)
    pixels = picture.pixels
    if not (pixels == pixels[..., :1]).all():
        raise DataError(
            "the mask is a colour picture",
            subject=subject,
            expected="one grey value for each label (or a palette)",
            do="Save it as a grey or palette PNG.",
        )
    grey = pixels[..., 0]
    if grey.dtype == np.uint8 and _is_smoothed(grey, picture.lossy):
        return np.where(grey >= 128, 255, 0).astype(np.uint8)
    return _whole(grey, subject)


def _is_smoothed(grey: AnyArray, lossy: bool) -> bool:
    counts = np.bincount(grey.ravel(), minlength=256)
    if lossy:
        return bool(counts[128:].any())
    if np.count_nonzero(counts) <= _MOST_LABELS_OF_A_PICTURE:
        return False
    # Many labels are possible too (0…18, say): a smoothed drawing is nearly all black or white.
    near_ends = int(counts[:_NEAR].sum() + counts[256 - _NEAR :].sum())
    return bool(counts[256 - _NEAR :].any()) and near_ends >= _NEARLY_ALL * grey.size


def _whole(values: AnyArray, subject: str) -> AnyArray:
    if values.dtype.kind == "f":
        rounded = np.rint(values)
        if not np.isfinite(values).all() or not np.allclose(values, rounded, rtol=0, atol=1e-3):
            raise DataError(
                "the mask holds values that are not whole numbers",
                subject=subject,
                expected="one whole number for each label",
                do="Check that this is a mask, not an image or a probability map; resample masks with "
                "nearest neighbour.",
            )
        if np.abs(rounded).max(initial=0) > np.iinfo(np.int32).max:
            raise DataError("the mask holds implausibly large labels", subject=subject)
        values = rounded
    elif values.dtype.kind not in "iu":
        raise DataError("the mask does not hold numbers", subject=subject, received=str(values.dtype))
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    for kind in (np.uint8, np.uint16, np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values.astype(np.int64)


def write_mask(path: PathLikeStr, mask: Volume, *, like: Path | None = None) -> Path:
    """Write a mask, whole or not at all.

    Args:
        path: with the suffix .nii.gz, .nii or .png; otherwise the fitting one is appended (.png for
            photographs, .nii.gz for volumes), so the name of a case can be given as it is.
        mask: one integer channel; its labels are written as they are.
        like: the input image; when it is NIfTI, its orientation codes are kept.

    Returns:
        The path written.

    Raises:
        OutputError: several channels, labels that the format cannot hold, a full disk, no permission.
    """
    path = Path(os.fspath(path))
    if mask.n_channels != 1 or mask.array.dtype.kind not in "iub":
        raise OutputError(
            "a mask is one channel of whole numbers",
            subject=path.name,
            received=f"{mask.n_channels} channels of {mask.array.dtype}",
        )
    flat = mask.affine_ras is None and mask.shape[2] == 1
    if not path.name.lower().endswith((".nii.gz", ".nii", ".png")):
        path = path.with_name(path.name + (".png" if flat else ".nii.gz"))
    labels = mask.array[0].astype(np.uint8) if mask.array.dtype.kind == "b" else _narrow(mask.array[0])
    if path.name.lower().endswith(".png"):
        write_whole(path, partial(_save_png, labels, path.name))
    else:
        write_whole(path, partial(_save_nifti, labels, mask, like))
    return path


def _narrow(labels: AnyArray) -> AnyArray:
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
    for kind in (np.uint8, np.int16, np.uint16):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return labels.astype(kind)
    return labels.astype(np.int32)


def _save_png(labels: AnyArray, name: str, scratch: Path) -> None:
    if labels.shape[2] != 1 or (labels.size and labels.min() < 0) or labels.dtype == np.int32:
        raise OutputError(
            "a PNG mask is flat and its labels are 0…65535",
            subject=name,
            received=f"shape {labels.shape}, type {labels.dtype}",
        )
    rows = np.ascontiguousarray(labels[:, :, 0].T)
    Image.fromarray(rows.astype(np.uint8 if rows.dtype == np.uint8 else np.uint16)).save(
        scratch, format="PNG"
    )


def _save_nifti(labels: AnyArray, mask: Volume, like: Path | None, scratch: Path) -> None:
    affine = np.eye(4) if mask.affine_ras is None else mask.affine_ras
    save_nifti(scratch, labels, affine, codes=_geometry_codes(like))


def _geometry_codes(like: Path | None) -> tuple[int, int]:
    """sform code and qform code of the input; scanner coordinates by default."""
    default = (1, 1)
    if like is None or not like.is_file() or not like.name.lower().endswith((".nii", ".nii.gz")):
        return default
    with reading(like.name):
        header = nib.load(like).header
        return int(header["sform_code"]) or 1, int(header["qform_code"])
