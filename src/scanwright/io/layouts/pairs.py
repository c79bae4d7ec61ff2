"""A folder of images beside a folder of masks, matched by name."""

from __future__ import annotations

from dataclasses import replace

from scanwright.data.case import Case, SetAside, Split
from scanwright.data.dataset import Dataset
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.classes import split_folders
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.lesions import Part, also_known, lazy_masks, part_of, settle
from scanwright.io.layouts.nnunet import group_channels, lazy_image

NAME = "images + masks"
IMAGE_FOLDERS = ("images", "image", "imgs")
MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "annotation")


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
    """One case per image with a mask, or several that go together; named by the image's path in its folder.

    Args:
        labels_needed: set images without mask aside; otherwise they are cases, and lone masks go unsaid.
    """
    images: dict[str, list[str]] = {}
    splits: dict[str, Split | None] = {}
    parts: dict[str, list[Part]] = {}
    lone: list[SetAside] = []
    for place, split in _places(folder).items():
        parent = folder.folders[place] if place else folder
        sides = _sides(parent)
        if sides is None:
            continue
        prefix = f"{place}/" if place else ""
        own = group_channels(tuple(parent.folders[sides[0]].images_below()))
        known = also_known(own)
        for name, files in own.items():
            images[prefix + name] = [f"{prefix}{sides[0]}/{file}" for file in files]
            splits[prefix + name], parts[prefix + name] = split, []
        for file in parent.folders[sides[1]].images_below():
            found = part_of(file, known)
            if found is not None:
                image, part = found
                parts[prefix + image].append(replace(part, file=f"{prefix}{sides[1]}/{file}"))
            elif labels_needed:
                name = prefix + without_suffix(file)
                lone.append(SetAside(name, "read", f"the mask has no image in {sides[0]}"))
    settled = settle({name: own for name, own in parts.items() if own})
    cases: list[Case] = []
    set_aside: list[SetAside] = []
    for name, files in sorted(images.items()):
        masks = settled.values.get(name)
        if masks is None and labels_needed:
            set_aside.append(SetAside(name, "read", settled.problems.get(name, "the image has no mask")))
            continue
        targets = {"mask": lazy_masks(folder.path, masks)} if masks else {}
        cases.append(Case(name, {"image": lazy_image(folder.path, files)}, targets, split=splits[name]))
    return Dataset(
        tuple(cases),
        NAME,
        source,
        class_names=settled.names,
        notes=settled.notes(),
        set_aside=(*set_aside, *lone),
    )
