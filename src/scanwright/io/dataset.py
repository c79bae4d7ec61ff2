"""Opening a dataset: which layout it has, by a table, and its cases."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from scanwright.data.case import Case
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError, SettingsError
from scanwright.io.archive import place_of
from scanwright.io.dicom.unused import lying_in
from scanwright.io.formats.table import known_formats, without_suffix
from scanwright.io.layouts import (
    beside,
    bids,
    classes,
    coco,
    export,
    labels_csv,
    loose,
    manifest,
    medmnist,
    nnunet,
    pairs,
    voc,
    yolo,
)
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.nnunet import lazy_image
from scanwright.io.layouts.patients import name_patients
from scanwright.types import PathLikeStr


@dataclass(frozen=True)
class Layout:
    """One known way to lay out a dataset.

    Attributes:
        name: in words.
        shape: what one sees of it, for messages.
        is_complete: True when a folder holds all of it; opens no image.
        open: gives the dataset of a folder for which that is so.
        open_images: gives its images whether they have labels or not; ``None`` where a search for images
            below the folder does as well.
        uses: the names at the folder's top level that belong to it.
        yields: whether it gives way to any other complete layout, as its signs may also lie beside these.
    """

    name: str
    shape: str
    is_complete: Callable[[Folder], bool]
    open: Callable[[Folder, str], Dataset]
    uses: Callable[[Folder], Sequence[str]]
    open_images: Callable[[Folder, str], Dataset] | None
    yields: bool = False


def _npz_files(folder: Folder) -> list[str]:
    return [name for name in folder.files if name.lower().endswith(".npz")]


def _open_npz(folder: Folder, source: str) -> Dataset:
    files = _npz_files(folder)
    if len(files) > 1:
        raise DataError(
            "the folder holds several .npz files",
            subject=source,
            received=", ".join(files),
            do="Name one of them.",
        )
    return medmnist.open_medmnist(folder.path / files[0], source)


def _open_manifest(folder: Folder, source: str, *, labels_needed: bool = True) -> Dataset:
    path = folder.path / manifest.FILE_NAME
    return manifest.open_manifest(path, source, labels_needed=labels_needed)


def _class_uses(folder: Folder) -> list[str]:
    return list(classes.split_folders(folder)) or classes.class_folders(folder)


# Strictest first. Of those that are complete the first wins where the others are only what it uses itself.
LAYOUTS: tuple[Layout, ...] = (
    Layout(
        manifest.NAME,
        "manifest.csv with the columns case, image and mask, label, labels or boxes",
        lambda folder: manifest.FILE_NAME in folder.files,
        _open_manifest,
        lambda folder: [manifest.FILE_NAME],
        partial(_open_manifest, labels_needed=False),
    ),
    Layout(
        nnunet.NAME,
        "imagesTr/ and labelsTr/ (nnU-Net raw, Medical Segmentation Decathlon)",
        nnunet.is_complete,
        nnunet.open_nnunet,
        lambda folder: [*nnunet.USED, "dataset.json"],
        partial(nnunet.open_nnunet, labels_needed=False),
    ),
    Layout(
        bids.NAME,
        "sub-*/anat/ (dwi, func, …) and masks in derivatives/ (BIDS)",
        bids.is_complete,
        bids.open_bids,
        bids.used_entries,
        partial(bids.open_bids, labels_needed=False),
    ),
    Layout(
        voc.NAME,
        "Annotations/ with XML files and JPEGImages/ (Pascal VOC), or XML files beside their images",
        voc.is_complete,
        voc.open_voc,
        voc.used_entries,
        partial(voc.open_voc, labels_needed=False),
    ),
    Layout(
        yolo.NAME,
        "images/ and labels/ with text files of boxes (YOLO)",
        yolo.is_complete,
        yolo.open_yolo,
        yolo.used_entries,
        partial(yolo.open_yolo, labels_needed=False),
    ),
    Layout(
        coco.NAME,
        "annotations/*.json of images, annotations and categories (COCO)",
        coco.is_complete,
        coco.open_coco,
        coco.used_entries,
        None,
    ),
    Layout(
        pairs.NAME,
        "images/ and masks/ (or labels/) with equal file names",
        pairs.is_complete,
        pairs.open_pairs,
        pairs.used_folders,
        partial(pairs.open_pairs, labels_needed=False),
    ),
    Layout(
        medmnist.NAME,
        "one MedMNIST .npz file",
        lambda folder: bool(_npz_files(folder)),
        _open_npz,
        _npz_files,
        _open_npz,
    ),
    Layout(
        classes.NAME,
        "two folders or more, one for each class, or train/, val/, test/ with such folders",
        classes.is_complete,
        classes.open_classes,
        _class_uses,
        None,
    ),
    Layout(
        beside.NAME,
        "images with masks named after them beside them (x.png, x_mask.png, x_mask_1.png)",
        beside.is_complete,
        beside.open_beside,
        beside.used_entries,
        partial(beside.open_beside, labels_needed=False),
        yields=True,
    ),
    Layout(
        labels_csv.NAME,
        "a single CSV of labels beside images",
        labels_csv.is_complete,
        labels_csv.open_labels,
        labels_csv.used_entries,
        None,
        yields=True,
    ),
    # Looked for last, as it opens every file that may be DICOM.
    Layout(
        export.NAME,
        "a DICOM export with SEG or RTSTRUCT objects, or masks named after its series",
        export.is_complete,
        export.open_export,
        lambda folder: [*folder.folders, *folder.files],
        None,
    ),
)


def open_dataset(
    path: PathLikeStr, *, patient_pattern: str | None = None, series: str | None = None
) -> Dataset:
    """Open a labelled dataset; its layout is recognised at the top level. Images are read later.

    Args:
        path: a folder, a zip of one, a MedMNIST .npz file or a manifest.
        patient_pattern: a regular expression with one group that finds the patient in the name of a
            case (the path relative to the dataset); overrules what else is known of patients.
        series: of a DICOM export take only the series whose "MODALITY description UID" this regular
            expression finds something in, upper or lower case.

    Returns:
        Its cases; what is not used is in ``notes``, what cannot be used in ``set_aside``.

    Raises:
        DataError: nothing there, no known layout, two complete layouts, no labels.
        SettingsError: a pattern is not usable, or there are no series to choose from.
    """
    source, path = os.fspath(path), place_of(Path(os.fspath(path)))
    dataset = _named(_open(path, source, series), patient_pattern)
    if not dataset.cases:
        first = dataset.set_aside[0] if dataset.set_aside else None
        raise DataError(
            f"no usable case in the layout {dataset.layout}",
            subject=dataset.source,
            received=f"{len(dataset.set_aside)} set aside, the first: {first}" if first else "",
        )
    if not any(case.targets for case in dataset.cases):
        raise DataError(
            "no case has a mask or a label",
            subject=dataset.source,
            expected="masks (in BIDS below derivatives/), or a column mask, label, labels, label:NAME, "
            "value:NAME or boxes in manifest.csv",
            do="For predictions labels are not needed: use predict.",
        )
    return dataset


def find_cases(
    path: PathLikeStr, *, patient_pattern: str | None = None, series: str | None = None
) -> Dataset:
    """As :func:`open_dataset`, also when no case is usable or labelled, and of a folder without layout (an
    untouched export) all images: to look at what is wrong with them.

    Raises:
        DataError: nothing there, two complete layouts.
        SettingsError: the pattern is not usable.
    """
    source, place = os.fspath(path), place_of(Path(os.fspath(path)))
    folder = _folder(place, source) if place.is_dir() else None
    layout = _recognise(folder, source) if folder else None
    if folder and layout and (series is None or layout.name == export.NAME):
        dataset = _open_layout(layout, folder, source, series)
        if dataset.layout not in (export.NAME, loose.NAME):  # these have it
            sources = {lazy.source for case in dataset.cases for lazy in case.inputs.values()}
            dataset = replace(dataset, beside=lying_in(folder.scan, sources))
    elif folder:
        dataset = open_inputs(path, series=series)
    else:
        dataset = _open(place, source, series)
    return _named(dataset, patient_pattern)


def _named(dataset: Dataset, patient_pattern: str | None) -> Dataset:
    """With the patients that the names of the cases tell, unless the data tell them."""
    if dataset.layout == bids.NAME and patient_pattern is None:
        return dataset  # who is a subject there, and who was only called one, the layout knows
    cases, patients = name_patients(dataset.cases, patient_pattern)
    if patients != "unknown" or dataset.patients == "unknown":
        dataset = replace(dataset, cases=cases, patients=patients)
    return dataset


def _open(path: Path, source: str, series: str | None = None) -> Dataset:
    if not path.exists():
        raise DataError("there is no such file or folder", subject=source)
    if path.is_file():
        return _open_file(path, source, series)
    folder = _folder(path, source)
    layout = _recognise(folder, source)
    if layout is None:
        raise DataError(
            "no known layout of a labelled dataset",
            subject=source,
            expected="; or ".join(known.shape for known in LAYOUTS),
            received=folder.described(),
            do="Sort the files so, or write a manifest.csv.",
        )
    return _open_layout(layout, folder, source, series)


def _open_layout(layout: Layout, folder: Folder, source: str, series: str | None) -> Dataset:
    if series is None:
        return _with_refused(folder, _with_unused(layout, folder, layout.open(folder, source)))
    if layout.name != export.NAME:
        raise _no_choice(layout.name, series)
    return _with_refused(folder, export.open_export(folder, source, series=series))


def _folder(path: Path, source: str) -> Folder:
    """Raises DataError where nothing in it can be seen."""
    folder = Folder(path)
    if any(one.case == "." for one in folder.refused_below()):
        raise DataError(
            "the folder may not be read", subject=source, do="Give yourself the right to read it."
        )
    return folder


def _with_refused(folder: Folder, dataset: Dataset) -> Dataset:
    """What could not be listed is set aside by name; a search for DICOM may have done so already."""
    return replace(dataset, set_aside=(*dict.fromkeys((*dataset.set_aside, *folder.refused_below())),))


def _no_choice(layout: str, series: str) -> SettingsError:
    return SettingsError(
        "series are chosen in a DICOM export, and this is none",
        expected=export.NAME,
        received=f"--series {series} for {layout}",
    )


def _open_file(path: Path, source: str, series: str | None = None, *, labels_needed: bool = True) -> Dataset:
    if series is not None:
        raise _no_choice(path.suffix or "a file", series)
    if path.suffix.lower() == ".npz":
        return medmnist.open_medmnist(path, source)
    if path.suffix.lower() == ".csv":
        return manifest.open_manifest(path, source, labels_needed=labels_needed)
    raise DataError(
        "a single file is no labelled dataset",
        subject=source,
        expected="a folder, a .zip of one, a MedMNIST .npz or a manifest.csv",
        do="Name the folder in which the file lies.",
    )


def _recognise(folder: Folder, source: str) -> Layout | None:
    *sorted_ones, untouched = LAYOUTS
    complete = [one for one in sorted_ones if not one.yields and one.is_complete(folder)]
    if not complete:
        complete = [one for one in sorted_ones if one.yields and one.is_complete(folder)]
    if not complete:
        return untouched if untouched.is_complete(folder) else None
    first, *others = complete
    if first.name == classes.NAME:
        table = next(one for one in sorted_ones if one.name == labels_csv.NAME)
        overruled = labels_csv.overrules_folders(folder)
        first, others = (table if overruled else first), ([table, *others] if overruled is None else others)
    is_untouched = export.has_objects if first.name == classes.NAME else untouched.is_complete
    if (first.name == classes.NAME or first.yields) and is_untouched(folder):
        return untouched  # previews beside a DICOM export, and lists of them, are no dataset
    if first.name == manifest.NAME:
        # A manifest may well tie together files that lie in the folders of another layout.
        used = [name for layout in others for name in layout.uses(folder)]
        others = [] if manifest.refers_into(folder.path / manifest.FILE_NAME, used) else others
    rivals = [layout for layout in others if not _accompanies(layout, first, folder)]
    if rivals:
        both = " and ".join(
            f"{layout.name} ({', '.join(layout.uses(folder)[:4])})" for layout in [first, *rivals]
        )
        raise DataError(
            "two complete layouts lie in one folder",
            subject=source,
            expected="one",
            received=both,
            do="Move one of them away, or write a manifest.csv that names the files to use.",
        )
    return first


def _accompanies(loose_layout: Layout, strict_layout: Layout, folder: Folder) -> bool:
    """True when what looks like class folders only repeats the images of a stricter layout.

    Overlays, previews or a second observer's masks beside images/ and masks/ are no classes.
    """
    if loose_layout.name != classes.NAME:
        return False
    strict_uses = set(strict_layout.uses(folder))
    extra = [name for name in loose_layout.uses(folder) if name not in strict_uses]
    if not extra:
        return True
    known = {
        _token(image)
        for name in strict_uses
        if name in folder.folders
        for image in folder.folders[name].images_below()
    }
    tokens = [_token(image) for name in extra for image in folder.folders[name].images_below()]
    return sum(token in known for token in tokens) >= len(tokens) / 2


def _token(image: str) -> str:
    """The file name, or its leading number: 21_training.tif and 21_manual1.gif are one picture."""
    stem = without_suffix(image.rsplit("/", 1)[-1])
    digits = len(stem) - len(stem.lstrip("0123456789"))
    return stem[:digits] if digits else stem


def _with_unused(layout: Layout, folder: Folder, dataset: Dataset) -> Dataset:
    used = {*layout.uses(folder)}
    if layout.name == manifest.NAME:
        return dataset
    unused = [f"{name}/" for name in folder.folders if name not in used]
    unused += [name for name in folder.files if name not in used]
    if not unused:
        return dataset
    return replace(dataset, notes=(*dataset.notes, f"not used: {', '.join(unused)}"))


def open_inputs(path: PathLikeStr, *, series: str | None = None) -> Dataset:
    """Open what a model shall predict on; labels are not needed, and kept where they are.

    Args:
        path: an image file, a folder of images, a zip of one, a DICOMDIR, or a labelled dataset.
        series: take only the DICOM series whose "MODALITY description UID" this regular expression finds
            something in, upper or lower case; the others are set aside.

    Returns:
        Its cases, named by their path relative to ``path`` without suffix.

    Raises:
        DataError: nothing there that can be read, or no DICOM series to choose from.
        SettingsError: ``series`` is no regular expression.
    """
    source, path = os.fspath(path), place_of(Path(os.fspath(path)))
    if not path.exists():
        raise DataError("there is no such file or folder", subject=source)
    if path.is_file():
        if path.suffix.lower() in (".npz", ".csv"):
            return _open_file(path, source, labels_needed=False)
        image = lazy_image(path.parent, [path.name])
        return Dataset((Case(without_suffix(path.name), {"image": image}),), "one image", source)
    folder = _folder(path, source)
    layout = _recognise(folder, source)
    if series is None and layout and layout.open_images:
        dataset = layout.open_images(folder, source)
    else:
        dataset = loose.open_loose(folder, source, series=series)
    dataset = _with_refused(folder, dataset)
    if not dataset.cases and not dataset.set_aside:
        raise DataError(
            "no image found",
            subject=source,
            expected=f"files of {known_formats()}",
            received=folder.described(),
        )
    cases, patients = name_patients(dataset.cases, None)
    return replace(
        dataset, cases=cases, patients=patients if dataset.patients == "unknown" else dataset.patients
    )
