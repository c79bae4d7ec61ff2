"""A folder of images beside a folder of masks, matched by name."""

from __future__ import annotations

import re
from collections import defaultdict

from scanwright.data.case import Case, SetAside, Split
from scanwright.data.dataset import Dataset
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.classes import split_folders
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.nnunet import group_channels, lazy_image, lazy_mask

NAME = "images + masks"
IMAGE_FOLDERS = ("images", "image", "imgs")
MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "annotation")
MASK_ENDING = re.compile(r"[_\-. ](?:masks?|seg|segmentation|labels?|annotation|gt)$", re.IGNORECASE)
_IMAGE_ENDING = re.compile(r"[_\-. ](?:image|img)$", re.IGNORECASE)


def _find(folder: Folder, names: tuple[str, ...]) -> str | None:
    by_lower = {name.lower(): name for name in folder.folders}
    return next((by_lower[name] for name in names if name in by_lower), None)


def _sides(folder: Folder) -> tuple[str, str] | None:
    images, masks = _find(folder, IMAGE_FOLDERS), _find(folder, MASK_FOLDERS)
    if images is None or masks is None:
        return None
    if not folder.folders[images].images_below() or not folder.folders[masks].images_below():
        return None
    return images, masks


def _places(folder: Folder) -> dict[str, Split | None]:
    """Where pairs of folders lie: here (""), or in the folders that name splits."""
    if _sides(folder):
        return {"": None}
    return {name: split for name, split in split_folders(folder).items() if _sides(folder.folders[name])}


def is_complete(folder: Folder) -> bool:
    """True when a folder of images and one of masks lie side by side, here or in train, val, test."""
    return bool(_places(folder))


def used_folders(folder: Folder) -> tuple[str, ...]:
    """The folders at this level that the layout uses."""
    places = _places(folder)
    return (_sides(folder) or ()) if "" in places else tuple(places)


def open_pairs(folder: Folder, source: str, *, labels_needed: bool = True) -> Dataset:
    """One case per image that has a mask; named by the image's path in its folder.

    Args:
        labels_needed: set images without mask aside; otherwise they are cases, and lone masks go unsaid.
    """
    cases: list[Case] = []
    set_aside: list[SetAside] = []
    for place, split in _places(folder).items():
        parent = folder.folders[place] if place else folder
        sides = _sides(parent)
        if sides is None:
            continue
        prefix = f"{place}/" if place else ""
        images = group_channels(tuple(parent.folders[sides[0]].images_below()))
        masks: dict[str, list[str]] = defaultdict(list)
        for file in parent.folders[sides[1]].images_below():
            masks[_mask_key(file, images)].append(file)
        for name, files in sorted(images.items()):
            case_name, fitting = prefix + name, masks.pop(name, [])
            if len(fitting) != 1 and labels_needed:
                reason = (
                    f"{len(fitting)} masks fit the image"
                    if fitting
                    else f"the image has no mask in {sides[1]}"
                )
                set_aside.append(SetAside(case_name, "read", reason))
                continue
            image = lazy_image(folder.path, [f"{prefix}{sides[0]}/{file}" for file in files])
            mask = [lazy_mask(folder.path, f"{prefix}{sides[1]}/{file}") for file in fitting]
            cases.append(
                Case(case_name, {"image": image}, {"mask": mask[0]} if len(mask) == 1 else {}, split=split)
            )
        for name in sorted(masks) if labels_needed else ():
            set_aside.append(SetAside(prefix + name, "read", f"the mask has no image in {sides[0]}"))
    return Dataset(tuple(cases), NAME, source, set_aside=tuple(set_aside))


def _mask_key(file: str, images: dict[str, list[str]]) -> str:
    """The image that a mask belongs to: same name, else without an ending such as _mask."""
    stem = without_suffix(file)
    bare = MASK_ENDING.sub("", stem)
    for name in (stem, bare):
        if name in images:
            return name
    return next((name for name in images if _IMAGE_ENDING.sub("", name) == bare), stem)
