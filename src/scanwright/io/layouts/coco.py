"""COCO: JSON files of boxes, at the top, in annotations/ or in folders of splits; images anywhere below."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.coco import Pictured, boxes_of, looks_like_coco, read_coco
from scanwright.io.annotations.picture import lazy_boxes
from scanwright.io.failures import reading
from scanwright.io.layouts.classes import split_folders, split_in
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.lookup import Images
from scanwright.io.layouts.nnunet import lazy_image
from scanwright.io.paths import own_name

NAME = "COCO"
_FOLDERS = ("annotations", "annotation", "labels")
_MOST_FILES = 50  # more are a file an image, of another kind; and each would be searched
_BOXES = "instances"  # beside captions and keypoints of the same images


def _files(folder: Folder) -> tuple[list[str], list[str]]:
    """The JSON files that are COCO's: those that count, and those that tell of the same images otherwise."""
    places = ["", *(name for name in folder.folders if name.lower() in _FOLDERS), *split_folders(folder)]
    found = []
    for place in places:
        parent = folder.folders[place] if place else folder
        names = [name for name in parent.files if name.lower().endswith(".json")]
        if len(names) > _MOST_FILES:
            continue
        found += [
            f"{place}/{name}" if place else name for name in names if looks_like_coco(parent.path / name)
        ]
    boxes = [file for file in found if own_name(file).startswith(_BOXES)]
    return boxes or found, [file for file in found if boxes and file not in boxes]


def is_complete(folder: Folder) -> bool:
    """True for a JSON file with images and annotations in one of its places, and images below."""
    return bool(_files(folder)[0]) and bool(folder.images_below())


def used_entries(folder: Folder) -> list[str]:
    """What belongs to the layout at the top level: the files, and whatever holds images."""
    used, others = _files(folder)
    return [file.partition("/")[0] for file in (*used, *others, *folder.images_below())]


def open_coco(folder: Folder, source: str) -> Dataset:
    """One case per image that a file tells of, named by its path; one without annotation has no object.

    The split is the one that the name of the file, or of its folder, tells. An image is found by the end of
    its path among those that lie here, so that none outside of the folder is ever read.

    Raises:
        DataError: a file can't be read.
    """
    images = Images(folder.images_below())
    cases: dict[str, Case] = {}
    set_aside: list[SetAside] = []
    files, others = _files(folder)
    notes = [f"not used beside {files[0]}: {', '.join(others)}"] if others else []
    classes: dict[str, None] = {}
    twice: set[str] = set()
    for file in files:
        with reading(file):
            told = read_coco(folder.path / file)
        classes |= dict.fromkeys(told.classes)
        notes += [f"{file}: {note}" for note in told.notes]
        split = split_in(own_name(file).removesuffix(".json")) or split_in(file.rpartition("/")[0])
        for entry in told.images:
            try:
                path = images.find(entry.file_name, file, split)
            except DataError as error:
                set_aside.append(SetAside(entry.file_name, "read", str(error)))
                continue
            twice |= {path} & cases.keys()
            boxes = lazy_boxes(folder.path, file, path, partial(_boxes, entry))
            image = lazy_image(folder.path, [path])
            cases[path] = Case(images.names[path], {"image": image}, {"boxes": boxes}, split=split)
    reason = "several entries tell of this image: whose boxes count?"
    set_aside += [SetAside(images.names[path], "read", reason) for path in sorted(twice)]
    n_left = len(images.names) - len(cases)
    if n_left:
        notes.append(f"{n_left} images are in no annotation file and are not used")
    return Dataset(
        tuple(case for path, case in sorted(cases.items()) if path not in twice),
        NAME,
        source,
        class_names={name: name for name in classes},
        notes=tuple(notes),
        set_aside=tuple(set_aside),
    )


def _boxes(entry: Pictured, path: Path, grid: Volume) -> Boxes:
    return boxes_of(entry, grid)
