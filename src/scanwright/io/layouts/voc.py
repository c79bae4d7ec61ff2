"""Pascal VOC: images, and an XML file of boxes for each; perhaps lists of the splits in ImageSets/Main."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scanwright.data.case import SPLITS, Case, SetAside, Split
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io.annotations.picture import lazy_boxes
from scanwright.io.annotations.voc import read_voc
from scanwright.io.failures import in_words
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.classes import split_folders
from scanwright.io.layouts.folder import DOUBLED, Folder
from scanwright.io.layouts.nnunet import lazy_image

NAME = "Pascal VOC"
_IMAGES = ("jpegimages", "images", "image", "imgs")
_ANNOTATIONS = ("annotations", "annotation", "xmls")
_LISTS = "ImageSets"
_MOST_BYTES_OF_A_LIST = 64 << 20


def _sides(folder: Folder) -> tuple[Folder, str, Folder, str] | None:
    """Where images and annotations lie: two folders, or both here ("")."""
    lower = {name.lower(): name for name in folder.folders}
    images = next((lower[name] for name in _IMAGES if name in lower), None)
    marks = next((lower[name] for name in _ANNOTATIONS if name in lower), None)
    if images is not None and marks is not None:
        sides = folder.folders[images], f"{images}/", folder.folders[marks], f"{marks}/"
        if sides[0].images_below() and sides[2].files_below(".xml"):
            return sides
    stems = {without_suffix(image) for image in folder.images}
    if any(name.lower().endswith(".xml") and name[:-4] in stems for name in folder.files):
        return folder, "", folder, ""
    return None


def _places(folder: Folder) -> dict[str, Split | None]:
    """Where such sides lie: here (""), or in the folders that name splits."""
    if _sides(folder):
        return {"": None}
    return {name: split for name, split in split_folders(folder).items() if _sides(folder.folders[name])}


def is_complete(folder: Folder) -> bool:
    """True for images and XML files, in two folders or beside each other, here or in train, val, test."""
    return bool(_places(folder))


def used_entries(folder: Folder) -> list[str]:
    """What belongs to the layout at the top level."""
    places = _places(folder)
    sides = _sides(folder)
    if sides is None:
        return list(places)
    if not sides[1]:
        return [*folder.images, *(name for name in folder.files if name.lower().endswith(".xml"))]
    return [sides[1][:-1], sides[3][:-1], _LISTS]


def open_voc(folder: Folder, source: str, *, labels_needed: bool = True) -> Dataset:
    """One case per image with an annotation, named by the image's path in its folder; XML is read later.

    Args:
        labels_needed: leave images without annotation out, with a note; otherwise they are cases.

    Raises:
        DataError: a list of a split can't be read.
    """
    cases: list[Case] = []
    bare: list[str] = []
    set_aside: list[SetAside] = []
    for place, split in _places(folder).items():
        parent = folder.folders[place] if place else folder
        sides = _sides(parent)
        if sides is None:
            continue
        images, images_at, marks, marks_at = sides
        prefix = f"{place}/" if place else ""
        alone = not images_at  # only what lies here, and not folders that may be other layouts
        annotations = {
            file[:-4]: f"{prefix}{marks_at}{file}"
            for file in marks.files_below(".xml")
            if not alone or "/" not in file
        }
        doubled = images.doubled_below()
        set_aside += [SetAside(prefix + stem, "read", DOUBLED) for stem in sorted(doubled)]
        for file in images.images if alone else images.images_below():
            name, path = prefix + without_suffix(file), f"{prefix}{images_at}{file}"
            found = annotations.pop(without_suffix(file), None)
            if without_suffix(file) in doubled:
                continue
            if found is None:
                bare.append(name)
            if found is not None or not labels_needed:
                targets = {"boxes": lazy_boxes(folder.path, found, path, read_voc)} if found else {}
                cases.append(Case(name, {"image": lazy_image(folder.path, [path])}, targets, split=split))
        if labels_needed:
            set_aside += [SetAside(prefix + n, "read", "the annotation has no image") for n in annotations]
    listed, notes = _listed(folder)
    if bare and labels_needed:
        notes.append(f"{len(bare)} images have no annotation and are not used: {', '.join(bare[:3])}")
    known = [replace(case, split=listed.get(case.name, case.split)) for case in cases]
    return Dataset(tuple(known), NAME, source, notes=tuple(notes), set_aside=tuple(set_aside))


def _listed(folder: Folder) -> tuple[dict[str, Split], list[str]]:
    """Case → split, by ImageSets/Main; in several lists, the strictest counts."""
    place = folder.path / _LISTS / "Main"
    splits: dict[str, Split] = {}
    n_twice = 0
    for split in SPLITS:
        names = _names_in(place / f"{split}.txt")
        n_twice += len(names & splits.keys())
        splits |= dict.fromkeys(names, split)
    return splits, [f"{n_twice} images stand in two lists of {_LISTS}/Main"] if n_twice else []


def _names_in(path: Path) -> set[str]:
    """The first word of each line: lists of one class have a second."""
    if not path.is_file():
        return set()
    try:
        if path.stat().st_size > _MOST_BYTES_OF_A_LIST:
            raise DataError("the list is implausibly large", subject=path.name)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("the list can't be read", subject=path.name, received=in_words(error)) from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return {*lines, *(line.split()[0] for line in lines)}
