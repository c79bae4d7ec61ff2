"""Writing one case: NIfTI where the place in the patient is known, PNG for pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from PIL import Image

from scanwright.data.case import Case
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.formats.nifti import save_nifti
from scanwright.io.masks import write_mask
from scanwright.types import AnyArray

NIFTI, PNG = ".nii.gz", ".png"
_LARGEST_OF_PNG = np.iinfo(np.uint16).max
_COLOURS = 3
MOST_NAME_BYTES = 200


@dataclass(frozen=True, eq=False)
class Loaded:
    """A case in memory.

    Attributes:
        case: what is known of it, its boxes in memory.
        image: (channel, i, j, k).
        mask: one channel on the grid of the image, with its affine; ``None`` when the case has none.
    """

    case: Case
    image: Volume
    mask: Volume | None

    @property
    def is_picture(self) -> bool:
        """True where nothing is known of place and spacing."""
        return self.image.affine_ras is None

    @property
    def n_files(self) -> int:
        """One file for each channel; a colour picture is one file."""
        colour = self.is_picture and self.image.n_channels == _COLOURS and not self.case.image.further
        return 1 if colour else self.image.n_channels


@dataclass(frozen=True)
class Place:
    """Where the files of a case go, relative to the dataset, without suffix.

    Attributes:
        images: number of files → the path of each.
        mask: path of the mask.
    """

    images: Callable[[int], list[str]]
    mask: str

    @property
    def fits(self) -> bool:
        """Whether file systems take the names; endings and channels make them longer."""
        parts = f"{self.images(1)[0]}/{self.mask}".split("/")
        return all(len(part.encode()) <= MOST_NAME_BYTES for part in parts)


@dataclass(frozen=True)
class Written:
    """A case on disc.

    Attributes:
        case: what is known of it.
        images: the files of its channels, relative to the dataset.
        mask: its mask; "" where it has none.
        n_channels: of the image, whatever the number of files.
        ending: ".nii.gz" or ".png".
        values: the values in its mask.
    """

    case: Case
    images: tuple[str, ...]
    mask: str
    n_channels: int
    ending: str
    values: frozenset[int]


def load_case(case: Case) -> Loaded:
    """Read image, mask and boxes.

    Raises:
        DataError: one can't be read, or they do not lie on one grid.
    """
    image = case.image.read()
    if "boxes" in case.targets:
        boxes = case.boxes.read()
        held = replace(case.boxes, read=lambda: boxes)
        case = replace(case, targets={**case.targets, "boxes": held})
    if "mask" not in case.targets:
        return Loaded(case, image, None)
    mask = case.mask.read()
    if not image.same_grid(mask):
        raise DataError(
            "the mask does not lie on the grid of its image",
            subject=case.mask.source,
            expected=f"shape {image.shape}",
            received=f"shape {mask.shape}" + ("" if image.shape != mask.shape else " and another affine"),
        )
    return Loaded(case, image, Volume(mask.array, affine_ras=image.affine_ras))


def write_case(folder: Path, loaded: Loaded, place: Place) -> Written:
    """Write image and mask; nothing is written when either can't be.

    Raises:
        DataError: without affine, and no picture that PNG can hold.
        OutputError: the disk is full, or writing is not allowed.
    """
    case, image, mask = loaded.case, loaded.image, loaded.mask
    if loaded.is_picture:
        _check_picture(image, "the image")
        if mask is not None:
            _check_picture(mask, "the mask")
    ending = PNG if loaded.is_picture else NIFTI
    images = tuple(stem + ending for stem in place.images(loaded.n_files))
    parts = [image.array] if len(images) == 1 else list(image.array[:, np.newaxis])
    for file, part in zip(images, parts, strict=True):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        if image.affine_ras is None:
            _save_png(folder / file, part[..., 0])
        else:
            save_nifti(folder / file, part[0], image.affine_ras)
    values: frozenset[int] = frozenset()
    if mask is not None:
        write_mask(folder / (place.mask + ending), mask)
        values = frozenset(int(value) for value in np.unique(mask.array))
    return Written(case, images, place.mask + ending if mask else "", image.n_channels, ending, values)


def _check_picture(volume: Volume, what: str) -> None:
    if volume.shape[2] != 1:
        raise DataError(
            f"the spacing of {what} is not known, and NIfTI can't say so",
            received=f"shape {volume.shape}",
            do="Give it an affine: store it as NIfTI, NRRD or MetaImage.",
        )
    low, high = (volume.array.min(), volume.array.max()) if volume.array.size else (0, 0)
    if volume.array.dtype.kind not in "iu" or low < 0 or high > _LARGEST_OF_PNG:
        raise DataError(
            f"the spacing of {what} is not known, and PNG can't hold its values",
            expected=f"whole numbers from 0 to {_LARGEST_OF_PNG}",
            received=f"{volume.array.dtype} from {low:g} to {high:g}",
        )


def _save_png(path: Path, channels: AnyArray) -> None:
    """(channel, column, row) of whole numbers; bytes stay bytes, all else takes 16 bits."""
    pixels = np.ascontiguousarray(channels.transpose(2, 1, 0))
    if pixels.dtype != np.uint8:
        pixels = pixels.astype(np.uint16)
    if pixels.shape[2] == 1:
        Image.fromarray(pixels[..., 0]).save(path)
    elif pixels.dtype == np.uint8:
        Image.fromarray(pixels).save(path)
    else:  # Pillow has no colour of 16 bits
        sitk.WriteImage(sitk.GetImageFromArray(pixels, isVector=True), str(path), imageIO="PNGImageIO")
