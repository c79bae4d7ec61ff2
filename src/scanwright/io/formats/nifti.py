"""NIfTI (and Analyze pairs, MGH) through nibabel; RAS+ is its own convention."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.openers import Opener

from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.types import AnyArray, FloatArray

SUFFIXES = (".nii.gz", ".nii", ".mgz", ".mgh", ".hdr", ".img")
# Deflate cannot shrink data by more than this (zlib's documentation), so a header that promises more
# than this many times the file is wrong, and believing it would fill the memory.
LARGEST_DEFLATE_RATIO = 1032
MILLIMETRES = {"meter": 1000.0, "micron": 0.001}


def read_nifti(path: Path, *, n_channels: int = 1) -> Volume:
    """Read a NIfTI file.

    Args:
        path: the file.
        n_channels: how many channels the fourth axis holds, where the dataset declares it.

    Returns:
        (channel, i, j, k) in the stored data type (float32 instead of other floats), RAS+ affine.

    Raises:
        DataError: a time series or undeclared channels, complex numbers, a header that lies.
    """
    image = _load(path)
    _check_promise(path, image)
    stored = np.asanyarray(image.dataobj)
    if stored.dtype.names:  # RGB24 and RGBA32 are records of bytes
        stored = np.stack([stored[name] for name in stored.dtype.names[:3]], axis=-1)
        stored = stored.reshape(*stored.shape[:-1], *([1] * (4 - stored.ndim)), stored.shape[-1])
        n_channels = stored.shape[-1]
    if np.iscomplexobj(stored):
        raise DataError("the image holds complex numbers", do="Store the magnitude.")
    return Volume(_channel_first(stored, n_channels), affine_ras=_affine_mm(path, image))


def read_grid(path: Path) -> Volume:
    """Shape and affine of a NIfTI file by its header alone: a volume that holds nothing and takes no room.

    Its channels are all that lies beyond the third axis.
    """
    image = _load(path)
    shape = (*image.shape, 1, 1)
    beyond = int(np.prod(image.shape[3:], dtype=int))
    return Volume(np.broadcast_to(np.uint8(0), (beyond, *shape[:3])), affine_ras=_affine_mm(path, image))


def save_nifti(
    path: Path, array: AnyArray, affine_ras: FloatArray, *, codes: tuple[int, int] = (1, 1)
) -> None:
    """Write (i, j, k) in its own data type.

    Args:
        path: where to, with the suffix .nii or .nii.gz.
        array: the voxels.
        affine_ras: (4, 4), from (i, j, k, 1) to patient mm, RAS+.
        codes: sform code and qform code; scanner coordinates by default.
    """
    header = nib.Nifti1Header()
    header.set_data_dtype(array.dtype)
    header.set_data_shape(array.shape)
    header.set_xyzt_units("mm")
    image = nib.Nifti1Image(array, affine_ras, header)
    image.set_sform(affine_ras, code=codes[0])
    rotation = affine_ras[:3, :3] / np.linalg.norm(affine_ras[:3, :3], axis=0)
    if np.allclose(rotation.T @ rotation, np.eye(3), atol=1e-5):  # a qform cannot hold shear
        image.set_qform(affine_ras, code=codes[1])
    image.to_filename(path)


def _load(path: Path) -> nib.spatialimages.SpatialImage:
    if path.name.lower().endswith(SUFFIXES):
        return nib.load(path, mmap=False)
    # nibabel goes by names; files without a telling one (a PACS export, say) are read by content.
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    kind = nib.Nifti1Image if content[344:347] == b"n+1" else nib.Nifti2Image
    return kind.from_bytes(content)


def _affine_mm(path: Path, image: nib.spatialimages.SpatialImage) -> FloatArray | None:
    """Voxel to patient mm, whatever unit the file counts in, as ITK reads it; ``None`` where nothing in the
    file tells how large voxels are: nibabel takes 1 mm for none."""
    header = image.header
    if not isinstance(header, nib.Nifti1Header):
        return np.asarray(image.affine)
    is_placed = header["sform_code"] or header["qform_code"]
    in_one_file = path.name.lower().endswith((".nii", ".nii.gz"))
    if in_one_file and not is_placed and not _sizes(path, type(header)).all():
        return None
    factor = MILLIMETRES.get(header.get_xyzt_units()[0], 1.0)
    return np.asarray(np.diag([factor, factor, factor, 1.0]) @ image.affine)


def _sizes(path: Path, kind: type[nib.Nifti1Header]) -> FloatArray:
    """(3,) sizes of a voxel as the file has them, before nibabel mends what is no size."""
    with Opener(str(path)) as stream:
        raw = kind(stream.read(kind.sizeof_hdr), check=False)
    return np.asarray(raw["pixdim"][1:4])


def _check_promise(path: Path, image: nib.spatialimages.SpatialImage) -> None:
    promised = int(np.prod([int(n) for n in image.shape], dtype=object)) * image.get_data_dtype().itemsize
    available = path.stat().st_size
    suffix = path.suffix.lower()
    if suffix in (".gz", ".mgz"):
        available *= LARGEST_DEFLATE_RATIO
    elif suffix in (".hdr", ".img"):
        available = path.with_suffix(".img").stat().st_size
    elif suffix not in (".nii", ".mgh"):
        return  # read as a whole already
    if promised > available:
        raise DataError(
            "the file is shorter than its header says",
            expected=f"{promised} bytes of voxels of shape {tuple(image.shape)}",
            received=f"at most {available} bytes",
            do="Copy or export it again.",
        )


def _channel_first(stored: AnyArray, n_channels: int) -> AnyArray:
    while stored.ndim > 3 and stored.shape[-1] == 1:
        stored = stored[..., 0]
    if stored.ndim == 5 and stored.shape[3] == 1:  # NIfTI keeps vectors on its fifth axis, after time
        stored = stored[..., 0, :]
    if stored.ndim == 4 and stored.shape[3] == n_channels > 1:
        return plain(np.moveaxis(stored, 3, 0))
    if stored.ndim > 3:
        raise DataError(
            f"the image has {stored.ndim} axes; the last (time or channel) has {stored.shape[-1]} entries",
            expected="three axes (i, j, k)",
            received=f"shape {stored.shape}",
            do="Split it into one file per time point or channel (for channels: NAME_0000, NAME_0001, …, "
            "or image:NAME columns in manifest.csv).",
        )
    if n_channels > 1:
        raise DataError(
            "the dataset declares several channels and the image holds one",
            expected=f"{n_channels} channels on a fourth axis",
            received=f"shape {stored.shape}",
        )
    if stored.ndim < 2 or 0 in stored.shape:
        raise DataError("the image has no voxels or only one axis", received=f"shape {stored.shape}")
    return plain(stored.reshape(1, *stored.shape, *([1] * (3 - stored.ndim))))


def plain(array: AnyArray) -> AnyArray:
    """The array in the machine's byte order, floats as float32 (half the memory of what scalings give)."""
    if array.dtype == np.bool_:
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # beyond float32 becomes infinite; planning reports such voxels
            return array.astype(np.float32, copy=False)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
