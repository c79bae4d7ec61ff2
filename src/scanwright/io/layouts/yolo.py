"""YOLO: images/ and labels/ with a text file of boxes for each image; train/images or images/train."""

from __future__ import annotations

from functools import partial
from itertools import islice

from scanwright.data.case import Case, SetAside, Split, Target
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io.annotations.picture import lazy_boxes, nothing
from scanwright.io.annotations.yolo import looks_like_yolo, read_names, read_yolo
from scanwright.io.failures import reading
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.classes import SPLIT_FOLDERS, split_folders
from scanwright.io.layouts.folder import DOUBLED, Folder
from scanwright.io.layouts.nnunet import lazy_image

NAME = "YOLO"
_IMAGES, _LABELS = "images", "labels"
_CLASSES = "classes.txt"
_N_LOOKED_INTO = 10


def _labels(folder: Folder) -> list[str]:
    """The label files below a folder of labels; a list of the classes may lie among them."""
    return [file for file in folder.files_below(".txt") if file != _CLASSES]


def _has_sides(folder: Folder) -> bool:
    if _IMAGES not in folder.folders or _LABELS not in folder.folders:
        return False
    place = folder.folders[_LABELS]
    labels = _labels(place)
    if not labels or not folder.folders[_IMAGES].images_below():
        return False
    return any(looks_like_yolo(place.path / file) for file in islice(labels, _N_LOOKED_INTO))


def _places(folder: Folder) -> dict[str, Split | None]:
    """Where images/ and labels/ lie: here (""), or in the folders that name splits."""
    if _has_sides(folder):
        return {"": None}
    return {name: split for name, split in split_folders(folder).items() if _has_sides(folder.folders[name])}


def is_complete(folder: Folder) -> bool:
    """True for images/ and labels/ with text files as YOLO's, here or in train, val, test."""
    return bool(_places(folder))


def used_entries(folder: Folder) -> list[str]:
    """What belongs to the layout at the top level."""
    places = _places(folder)
    sides = [_IMAGES, _LABELS] if "" in places else list(places)
    return [*sides, _CLASSES, *_descriptions(folder)]


def open_yolo(folder: Folder, source: str, *, labels_needed: bool = True) -> Dataset:
    """One case per image, named by its path without "images"; its labels are read later.

    An image without a label file has no object, as the format has it, where others in its folder have one;
    else it is not labelled, and no case.

    Args:
        labels_needed: leave images that are not labelled out, with a note; otherwise they are cases.

    Raises:
        DataError: the names of the classes can't be read.
    """
    names, notes = _class_names(folder)
    cases: list[Case] = []
    lone: list[SetAside] = []
    without: list[str] = []
    unlabelled: list[str] = []
    for place, split in _places(folder).items():
        parent = folder.folders[place] if place else folder
        prefix = f"{place}/" if place else ""
        labels = {file[:-4]: f"{prefix}{_LABELS}/{file}" for file in _labels(parent.folders[_LABELS])}
        labelled = {stem.rpartition("/")[0] for stem in labels}
        images = parent.folders[_IMAGES]
        doubled = images.doubled_below()
        lone += [SetAside(prefix + stem, "read", DOUBLED) for stem in sorted(doubled)]
        for file in images.images_below():
            stem, path = without_suffix(file), f"{prefix}{_IMAGES}/{file}"
            found, top = labels.pop(stem, None), stem.partition("/")[0].lower()
            if stem in doubled:
                continue
            targets: dict[str, Target] = {}
            if found is not None:
                read = partial(read_yolo, names=names)
                targets["boxes"] = lazy_boxes(folder.path, found, path, read)
            elif stem.rpartition("/")[0] in labelled:
                targets["boxes"] = nothing(path)
                without.append(prefix + stem)
            elif labels_needed:
                unlabelled.append(prefix + stem)
                continue
            own = split or (SPLIT_FOLDERS.get(top) if "/" in stem else None)
            cases.append(Case(prefix + stem, {"image": lazy_image(folder.path, [path])}, targets, split=own))
        lone += [SetAside(prefix + stem, "read", "the label file has no image") for stem in labels]
    if without:
        notes.append(f"{len(without)} images have no label file, so no object: {', '.join(without[:3])}")
    if unlabelled:
        notes.append(f"{len(unlabelled)} images in folders without label files are not used")
    return Dataset(
        tuple(cases),
        NAME,
        source,
        class_names={name: name for name in names},
        notes=tuple(notes),
        set_aside=tuple(lone) if labels_needed else (),
    )


def _descriptions(folder: Folder) -> list[str]:
    """The YAML files at the top, data.yaml first."""
    files = [name for name in folder.files if name.lower().endswith((".yaml", ".yml"))]
    return sorted(files, key=lambda name: (not name.lower().startswith("data."), name))


def _class_names(folder: Folder) -> tuple[tuple[str, ...], list[str]]:
    """The names that the first description with some gives; without any, classes have numbers, and a note."""
    labels = [f"{_LABELS}/{_CLASSES}"] if _LABELS in folder.folders else []
    for file in (*_descriptions(folder), _CLASSES, *labels):
        if (folder.path / file).is_file():
            with reading(file):
                names = read_names(folder.path / file)
            if len(set(names)) < len(names):
                raise DataError("two classes have one name", subject=file)
            if names:
                return names, []
    return (), ["nothing names the classes (data.yaml, classes.txt): they are called by their numbers"]
