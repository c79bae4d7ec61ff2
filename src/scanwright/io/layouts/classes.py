"""A folder per class, with or without train, validation and test folders above them."""

from __future__ import annotations

import re
from dataclasses import replace

from scanwright.data.case import Case, Split
from scanwright.data.dataset import Dataset
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.lesions import DRAWN, Part, Settled, lazy_masks, masks_among, settle
from scanwright.io.layouts.nnunet import group_channels, lazy_image

NAME = "folder per class"
SPLIT_FOLDERS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
# Folder names of other layouts: never a class.
RESERVED = frozenset(
    {"imagestr", "labelstr", "imagests", "labelsts", "predictions", "__macosx", "jpegimages"}
    | {"images", "image", "imgs", "masks", "mask", "labels", "label", "annotations", "annotation"}
)
_FEWEST_CLASSES = 2


def split_folders(folder: Folder) -> dict[str, Split]:
    """The folders that name a split, with that split."""
    return {name: SPLIT_FOLDERS[name.lower()] for name in folder.folders if name.lower() in SPLIT_FOLDERS}


def split_in(name: str) -> Split | None:
    """The split that a word of a name tells (instances_train2017); ``None`` for none or several."""
    words = re.split(r"[^a-z]+", name.lower())
    found = {SPLIT_FOLDERS[word] for word in words if word in SPLIT_FOLDERS}
    return found.pop() if len(found) == 1 else None


def class_folders(folder: Folder) -> list[str]:
    """The folders that can be classes: images lie directly in them, no other layout has such a name."""
    return [
        name
        for name, below in folder.folders.items()
        if name.lower() not in RESERVED and name.lower() not in SPLIT_FOLDERS and below.images
    ]


def is_complete(folder: Folder) -> bool:
    """True for two or more class folders, here or below the folders that name splits."""
    splits = split_folders(folder)
    if splits:
        names = {name for split in splits for name in class_folders(folder.folders[split])}
        return len(names) >= _FEWEST_CLASSES
    return len(class_folders(folder)) >= _FEWEST_CLASSES


def open_classes(folder: Folder, source: str) -> Dataset:
    """One case per image, named by its path; its label is the name of the class folder. Masks beside their
    images (benign (1)_mask.png) are a second target; a mask taken for an image would give its class away.

    NAME_0000 and NAME_0001 are two channels of one image.
    """
    splits = split_folders(folder)
    cases: list[Case] = []
    notes: list[str] = []
    parts: dict[str, list[Part]] = {}
    for top, split in splits.items() if splits else [("", None)]:
        parent = folder.folders[top] if top else folder
        for name in class_folders(parent):
            prefix = "".join(f"{part}/" for part in (top, name) if part)
            images, masks = masks_among(parent.folders[name].images_below(), DRAWN)
            for image, found in masks.items():
                parts[prefix + image] = [replace(part, file=prefix + part.file) for part in found]
            for image, files in group_channels(tuple(images)).items():
                lazy = lazy_image(folder.path, [prefix + file for file in files])
                cases.append(Case(prefix + image, {"image": lazy}, {"label": name}, split=split))
        if parent.images:
            notes.append(f"{len(parent.images)} images outside the class folders are not used")
    if splits and class_folders(folder):
        notes.append(f"not used beside the splits: {', '.join(class_folders(folder))}")
    settled = settle(parts)
    cases = [_with_mask(folder, case, settled) for case in cases]
    n_masked = sum("mask" in case.targets for case in cases)
    if n_masked:
        notes.append(f"{n_masked} images have masks beside them: --task segmentation learns from these")
    notes += [*settled.notes(), *(f"{image}: {problem}" for image, problem in settled.problems.items())]
    names = sorted({case.label for case in cases})
    return Dataset(tuple(cases), NAME, source, class_names={name: name for name in names}, notes=tuple(notes))


def _with_mask(folder: Folder, case: Case, settled: Settled) -> Case:
    files = settled.values.get(case.name)
    return replace(case, targets={**case.targets, "mask": lazy_masks(folder.path, files)}) if files else case
