"""nnU-Net raw and Medical Segmentation Decathlon: imagesTr, labelsTr, perhaps dataset.json."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from scanwright.data.case import Case, Lazy, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.io.formats.table import is_picture, without_suffix
from scanwright.io.image import read_channels, read_image
from scanwright.io.layouts.description import read_description
from scanwright.io.layouts.folder import Folder
from scanwright.io.masks import read_mask

NAME = "nnU-Net raw"
USED = ("imagesTr", "labelsTr")
_MOST_CHANNELS = 8
_CHANNEL = re.compile(r"^(.+)_(\d{4})$")


def is_complete(folder: Folder) -> bool:
    """True when both folders are there and hold images."""
    return all(name in folder.folders and folder.folders[name].images for name in USED)


def open_nnunet(folder: Folder, source: str, *, labels_needed: bool = True) -> Dataset:
    """Cases named as nnU-Net names them: the file name without channel and suffix.

    Args:
        labels_needed: set images without mask aside; otherwise they are cases, and lone masks go unsaid.

    Raises:
        DataError: labels are needed, and dataset.json is not what it should be.
    """
    described = read_description(folder.path, needed=labels_needed)
    images = group_channels(folder.folders["imagesTr"].images, surely=True)
    masks = {without_suffix(name): name for name in folder.folders["labelsTr"].images}
    cases: list[Case] = []
    set_aside: list[SetAside] = []
    n_channels = len(described.channels) or max(len(files) for files in images.values())
    for name in sorted(images.keys() | masks.keys()):
        problem = _problem(images.get(name), name in masks, n_channels, labels_needed)
        if problem:
            set_aside.append(SetAside(name, "read", problem))
        elif name in images:
            files = [f"imagesTr/{file}" for file in images[name]]
            image = lazy_image(folder.path, files, n_channels=n_channels if len(files) == 1 else 1)
            targets = {"mask": lazy_mask(folder.path, f"labelsTr/{masks[name]}")} if name in masks else {}
            cases.append(Case(name, {"image": image}, targets))
    return Dataset(
        cases=tuple(cases),
        layout=NAME,
        source=source,
        channels=described.channels,
        class_names=described.class_names,
        notes=described.notes,
        set_aside=tuple(set_aside),
    )


def _problem(files: list[str] | None, has_mask: bool, n_channels: int, labels_needed: bool) -> str:
    if files is None:
        return "the mask has no image in imagesTr" if labels_needed else ""
    if labels_needed and not has_mask:
        return "the image has no mask in labelsTr"
    # One file may still hold all channels on a fourth axis, as in the Decathlon.
    if len(files) not in (1, n_channels):
        return f"{len(files)} of {n_channels} channels are there"
    return ""


def group_channels(files: tuple[str, ...], *, surely: bool = False) -> dict[str, list[str]]:
    """Files by case, each case's channels in order; NAME_0000.nii.gz is channel 0 of NAME.

    Outside nnU-Net's own folders (``surely``) such endings may also be plain numbers: there they count only
    where every case has the same few channels, and a heap of IMG_0000.png, IMG_0001.png, … is no case.
    Files that differ only in their suffix (a.png, a.jpg) keep it, as two cases.
    """
    stems = Counter(without_suffix(file) for file in files)
    alone: dict[str, list[str]] = {}
    numbered: dict[str, dict[int, str]] = defaultdict(dict)
    for file in files:
        stem = without_suffix(file)
        match = _CHANNEL.match(stem)
        if stems[stem] > 1:
            alone[file] = [file]
        elif match and f"{match[1]}_0000" in stems:
            numbered[match[1]][int(match[2])] = file
        else:
            alone[stem] = [file]
    if surely or _are_channels(numbered):
        return alone | {
            name: [by_channel[n] for n in sorted(by_channel)] for name, by_channel in numbered.items()
        }
    return alone | {
        without_suffix(file): [file] for by_channel in numbered.values() for file in by_channel.values()
    }


def _are_channels(numbered: Mapping[str, Mapping[int, str]]) -> bool:
    sets = {tuple(sorted(by_channel)) for by_channel in numbered.values()}
    if len(sets) != 1:
        return False
    channels = sets.pop()
    several_cases = len(numbered) > 1 or not any(map(is_picture, next(iter(numbered.values())).values()))
    return channels == tuple(range(len(channels))) and len(channels) <= _MOST_CHANNELS and several_cases


def lazy_image(root: Path, files: list[str], *, n_channels: int = 1) -> Lazy[Volume]:
    """An image, or the channels of one, read when asked for; paths relative to the root."""
    if len(files) == 1:
        return Lazy(files[0], partial(read_image, root / files[0], subject=files[0], n_channels=n_channels))
    paths = [root / file for file in files]
    return Lazy(files[0], partial(read_channels, paths, subjects=tuple(files)), tuple(files[1:]))


def lazy_mask(root: Path, file: str) -> Lazy[Volume]:
    """A mask, read when asked for; the path is relative to the root."""
    return Lazy(file, partial(read_mask, root / file, subject=file))
