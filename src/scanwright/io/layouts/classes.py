"""A folder per class, with or without train, validation and test folders above them."""

from __future__ import annotations

import re

from scanwright.data.case import Case, Split
from scanwright.data.dataset import Dataset
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.folder import Folder
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
    {"imagestr", "labelstr", "imagests", "labelsts", "predictions", "__macosx"}
    | {"images", "image", "imgs", "masks", "mask", "labels", "label", "annotations", "annotation"}
)
_MASK = re.compile(r"_(?:mask|seg|segmentation)(?:_\d+)?$", re.IGNORECASE)
_FEWEST_CLASSES = 2


def split_folders(folder: Folder) -> dict[str, Split]:
    """The folders that name a split, with that split."""
    return {name: SPLIT_FOLDERS[name.lower()] for name in folder.folders if name.lower() in SPLIT_FOLDERS}


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


def _without_masks(images: list[str]) -> tuple[list[str], int]:
    """The images without the masks of some of them (benign (1)_mask.png), and how many masks there were.

    A mask taken for an image would give its class away.
    """
    stems = {without_suffix(image) for image in images}
    masks = {
        image for image in images if _MASK.sub("", without_suffix(image)) in stems - {without_suffix(image)}
    }
    return [image for image in images if image not in masks], len(masks)


def open_classes(folder: Folder, source: str) -> Dataset:
    """One case per image, named by its path; its label is the name of the class folder.

    NAME_0000 and NAME_0001 are two channels of one image.
    """
    splits = split_folders(folder)
    cases: list[Case] = []
    notes: list[str] = []
    for top, split in splits.items() if splits else [("", None)]:
        parent = folder.folders[top] if top else folder
        for name in class_folders(parent):
            prefix = "".join(f"{part}/" for part in (top, name) if part)
            images, drawn = _without_masks(parent.folders[name].images_below())
            if drawn:
                notes.append(f"{prefix}: {drawn} masks beside their images are not used")
            for image, files in group_channels(tuple(images)).items():
                lazy = lazy_image(folder.path, [prefix + file for file in files])
                cases.append(Case(prefix + image, {"image": lazy}, {"label": name}, split=split))
        if parent.images:
            notes.append(f"{len(parent.images)} images outside the class folders are not used")
    if splits and class_folders(folder):
        notes.append(f"not used beside the splits: {', '.join(class_folders(folder))}")
    names = sorted({case.label for case in cases})
    return Dataset(tuple(cases), NAME, source, class_names={name: name for name in names}, notes=tuple(notes))
