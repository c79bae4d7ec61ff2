"""Masks beside their images in one folder: x.png, x_mask.png, x_mask_1.png; x.nii.gz, x_lesion1.nii.gz."""

from __future__ import annotations

from dataclasses import replace

from scanwright.data.case import Case, SetAside, Split
from scanwright.data.dataset import Dataset
from scanwright.io.layouts.classes import split_folders
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.lesions import LESIONS, Part, lazy_masks, masks_among, settle
from scanwright.io.layouts.nnunet import group_channels, lazy_image

NAME = "masks beside images"


def _places(folder: Folder) -> dict[str, Split | None]:
    """Where images lie with their masks: here (""), or in the folders that name splits."""
    if _is_one(folder):
        return {"": None}
    return {name: split for name, split in split_folders(folder).items() if _is_one(folder.folders[name])}


def _is_one(folder: Folder) -> bool:
    """Whether half of the images or more have masks."""
    images, masks = masks_among(folder.images, LESIONS)
    return len(masks) > 0 and 2 * len(masks) >= len(images)


def is_complete(folder: Folder) -> bool:
    """True when images and masks that are named after them lie in this folder, or in train, val, test."""
    return bool(_places(folder))


def used_entries(folder: Folder) -> list[str]:
    """What belongs to the layout at the top level."""
    places = _places(folder)
    return list(folder.images) if "" in places else list(places)


def open_beside(folder: Folder, source: str, *, labels_needed: bool = True) -> Dataset:
    """One case per image that has a mask, or several that go together.

    Args:
        labels_needed: set images without mask aside; otherwise they are cases.
    """
    images: dict[str, list[str]] = {}
    splits: dict[str, Split | None] = {}
    parts: dict[str, list[Part]] = {}
    for place, split in _places(folder).items():
        parent = folder.folders[place] if place else folder
        prefix = f"{place}/" if place else ""
        own, masks = masks_among(parent.images, LESIONS)
        for name, files in group_channels(tuple(own)).items():
            images[prefix + name], splits[prefix + name] = [prefix + file for file in files], split
        for name, found in masks.items():
            parts[prefix + name] = [replace(part, file=prefix + part.file) for part in found]
    settled = settle(parts)
    cases: list[Case] = []
    set_aside: list[SetAside] = []
    for name, files in sorted(images.items()):
        masks_of = settled.values.get(name)
        if masks_of is None and labels_needed:
            set_aside.append(SetAside(name, "read", settled.problems.get(name, "no mask is named after it")))
            continue
        targets = {"mask": lazy_masks(folder.path, masks_of)} if masks_of else {}
        cases.append(Case(name, {"image": lazy_image(folder.path, files)}, targets, split=splits[name]))
    return Dataset(tuple(cases), NAME, source, notes=settled.notes(), set_aside=tuple(set_aside))
