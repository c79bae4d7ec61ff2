"""MedMNIST: one .npz file with {split}_images and {split}_labels."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from scanwright.data.case import SPLITS, Case, Lazy, Target
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.failures import reading
from scanwright.io.formats.photograph import as_volume
from scanwright.types import AnyArray

NAME = "MedMNIST .npz"
_MOST_DIGITS = 12


@dataclass(frozen=True)
class _Member:
    """One array of the file, known by its header."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]


def open_medmnist(path: Path, source: str) -> Dataset:
    """One case per image, named split_number; images are decompressed when first asked for.

    Raises:
        DataError: not such a file, pickled objects in it, labels that are none.
    """
    with reading(path.name):
        members = _read_headers(path, path.stat().st_mtime_ns)
    splits = [split for split in SPLITS if f"{split}_images" in members and f"{split}_labels" in members]
    if not splits:
        raise DataError(
            "the file is not laid out as MedMNIST",
            subject=path.name,
            expected="arrays train_images, train_labels (and val_…, test_…)",
            received=", ".join(list(members)[:8]) or "no arrays",
        )
    cases: list[Case] = []
    for split in splits:
        targets = _targets(path, split, _n_images(members[f"{split}_images"], path.name, split))
        width = max(5, len(str(len(targets))))
        for index, target in enumerate(targets):
            name = f"{split}_{index:0{width}d}"
            image = Lazy(f"{path.name}#{split}/{index}", partial(_read_one, path, f"{split}_images", index))
            cases.append(Case(name, {"image": image}, target, split=split))
    names = {case.label for case in cases if "label" in case.targets}
    for split in splits:
        shape = members[f"{split}_labels"].shape
        names |= {str(column) for column in range(shape[1])} if len(shape) == 2 and shape[1] > 1 else set()
    unused = [name for name in members if name.rpartition("_")[0] not in splits]
    notes = (f"{path.name}: arrays that are not used: {', '.join(unused)}",) if unused else ()
    return Dataset(
        tuple(cases), NAME, source, class_names={name: name for name in sorted(names, key=int)}, notes=notes
    )


def lazy_picture(path: Path, entry: str, source: str) -> Lazy[Volume]:
    """One image of a file, read when asked for.

    Args:
        path: of the file.
        entry: SPLIT/NUMBER, such as train/17.
        source: of the Lazy.

    Raises:
        DataError: no such file, or no such image in it.
    """
    with reading(path.name):
        if path.suffix.lower() != ".npz":
            raise DataError("only an .npz file and a DICOM export hold several images", received=source)
        members = _read_headers(path, path.stat().st_mtime_ns)
        split, _, number = entry.partition("/")
        member = members.get(f"{split}_images")
        if not number.isdecimal() or len(number) > _MOST_DIGITS or member is None:
            raise DataError("there is no such picture", expected="SPLIT/NUMBER", received=source)
        if int(number) >= _n_images(member, path.name, split):
            raise DataError(
                "there is no such picture", expected=f"at most {member.shape[0] - 1}", received=source
            )
    return Lazy(source, partial(_read_one, path, f"{split}_images", int(number)))


def _n_images(images: _Member, file: str, split: str) -> int:
    if images.dtype.kind not in "uif" or len(images.shape) not in (3, 4, 5):
        raise DataError(
            f"{split}_images does not hold pictures", subject=file, received=f"shape {images.shape}"
        )
    return images.shape[0]


@lru_cache(maxsize=3)
def _read_headers(path: Path, changed_ns: int) -> dict[str, _Member]:
    members = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as file:
                version = np.lib.format.read_magic(file)
                if version == (1, 0):
                    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                else:
                    shape, _, dtype = np.lib.format.read_array_header_2_0(file)
            if dtype.hasobject:
                raise DataError(
                    "the file holds pickled Python objects, which could run code",
                    do="Save plain arrays of numbers.",
                )
            if int(np.prod(shape, dtype=object)) * dtype.itemsize > info.file_size:
                raise DataError("an array is shorter than its header says", received=info.filename)
            members[info.filename.removesuffix(".npy")] = _Member(shape, dtype)
    return members


def _targets(path: Path, split: str, n_images: int) -> list[dict[str, Target]]:
    """A class for each image, or with several columns of 0 and 1 (ChestMNIST) all that it has, by number."""
    with reading(path.name):
        labels = _member(path, path.stat().st_mtime_ns, f"{split}_labels")
        several = labels.ndim == 2 and labels.shape[1] > 1
        if labels.ndim > 2 or len(labels) != n_images or (not several and labels.size != n_images):
            raise DataError(f"{n_images} {split}_images and {split}_labels of shape {labels.shape}")
        if labels.dtype.kind not in "uib" and not (labels == np.rint(labels)).all():
            raise DataError(f"{split}_labels are not whole numbers")
        if several and not np.isin(labels, (0, 1)).all():
            raise DataError(f"{split}_labels has {labels.shape[1]} columns of more than 0 and 1")
    if several:
        return [{"labels": tuple(str(column) for column in np.flatnonzero(row))} for row in labels]
    return [{"label": str(int(label))} for label in labels.reshape(-1)]


def _read_one(path: Path, member: str, index: int) -> Volume:
    with reading(f"{path.name}:{member}[{index}]"):
        pixels = _member(path, path.stat().st_mtime_ns, member)[index]
        if pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] in (3, 4)):
            return as_volume(pixels[..., :3] if pixels.ndim == 3 else pixels)
        return Volume(pixels[np.newaxis] if pixels.ndim == 3 else np.moveaxis(pixels, -1, 0))


@lru_cache(maxsize=3)
def _member(path: Path, changed_ns: int, name: str) -> AnyArray:
    # The time of change is part of the key: a file written anew is read anew.
    with np.load(path, allow_pickle=False) as archive:
        array: AnyArray = archive[name]
    return array
