"""What every DICOM object beside images must hold: found, matched, and never in the way of the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from builders import write_dicom
from dicom_objects import (
    FRAME_UID,
    IMAGE_UID,
    VOLUME,
    group,
    image,
    number,
    report,
    segmentation,
    square,
    structures,
)
from scanwright.data.dataset import Dataset as Cohort
from scanwright.errors import DataError
from scanwright.io.dataset import find_cases
from scanwright.io.dicom.header import quietly
from scanwright.io.dicom.labels import Labels
from scanwright.io.dicom.objects import OBJECTS, read_object
from scanwright.io.failures import reading

Build = Callable[[str, float], Dataset]


def _segments(refers_to: str, size: float) -> Dataset:
    return segmentation([(1, 2, np.eye(24, 16) * (size > 0))], {1: f"lesion {size:g}"}, refers_to=refers_to)


def _structures(refers_to: str, size: float) -> Dataset:
    contours = [square(3, 5, int(size), k) for k in range(1, 5)]
    return structures({f"lesion {size:g}": contours}, refers_to=refers_to)


def _report(refers_to: str, size: float) -> Dataset:
    where = {"series": refers_to, "frame_uid": "" if refers_to else FRAME_UID}
    return report(*[group(number(VOLUME, size + n, "ml"), tracking=f"lesion {n}", **where) for n in range(4)])


# One a row of the table: which series it refers to ("": only its space), and what makes it another one.
BUILDERS: dict[str, Build] = {"SEG": _segments, "RTSTRUCT": _structures, "SR": _report}
each_kind = pytest.mark.parametrize("kind", OBJECTS)


def write(path: Path, made: Dataset) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


def told_of(dataset: Cohort, name: str = IMAGE_UID) -> object:
    """What an object has told of a case: whether it has a mask, and which numbers."""
    (case,) = [case for case in dataset.cases if case.name == name]
    return "mask" in case.targets or case.targets.get("values", {})


def test_every_row_has_a_builder() -> None:
    assert BUILDERS.keys() == OBJECTS.keys()


@each_kind
@pytest.mark.parametrize("refers_to", [IMAGE_UID, ""])
def test_it_finds_its_image_by_reference_and_else_by_its_space(
    kind: str, refers_to: str, tmp_path: Path
) -> None:
    dataset = find_cases(write_dicom(tmp_path, [*image(), BUILDERS[kind](refers_to, 4)]))
    assert told_of(dataset)
    assert not dataset.set_aside
    assert any("space" in note for note in dataset.notes) == (not refers_to)


@each_kind
def test_without_its_image_it_is_said_and_nothing_else_is_lost(kind: str, tmp_path: Path) -> None:
    others = image(StudyInstanceUID="1.5", FrameOfReferenceUID="1.2.78")
    dataset = find_cases(write_dicom(tmp_path, [*others, BUILDERS[kind]("1.2.99", 4)]))
    said = [*dataset.notes, *(entry.reason for entry in dataset.set_aside)]
    assert any("image" in words and "is not there" in words for words in said)


@each_kind
def test_a_copy_counts_once(kind: str, tmp_path: Path) -> None:
    made = BUILDERS[kind](IMAGE_UID, 4)
    write(tmp_path / "again" / "copy", made)
    dataset = find_cases(write_dicom(tmp_path, [*image(), made]))
    assert told_of(dataset)
    assert not dataset.set_aside
    assert any(note.startswith("1 DICOM files are copies") for note in dataset.notes)


@each_kind
def test_another_content_under_the_same_uid_is_set_aside_by_name(kind: str, tmp_path: Path) -> None:
    first, other = BUILDERS[kind](IMAGE_UID, 4), BUILDERS[kind](IMAGE_UID, 3)
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = first.SOPInstanceUID
    write(tmp_path / "a", first)
    write(tmp_path / "b", other)
    dataset = find_cases(write_dicom(tmp_path / "series", image()).parent)
    assert told_of(dataset)
    (entry,) = dataset.set_aside
    assert entry.case == "b"
    assert "claims to be the same instance as a" in entry.reason


@each_kind
def test_cut_short_it_is_never_half_read_and_the_images_stay(kind: str, tmp_path: Path) -> None:
    whole = write(tmp_path / "object.dcm", BUILDERS[kind](IMAGE_UID, 4)).read_bytes()
    write_dicom(tmp_path / "series", image())
    wanted = _everything(tmp_path)
    refused = []
    for end in range(len(whole) // 4, len(whole) - 2, 29):
        (tmp_path / "object.dcm").write_bytes(whole[:end])
        try:
            told = _everything(tmp_path)
        except DataError as error:
            refused.append(str(error))
            continue
        assert told in (wanted, ([], {}), ([0], {}))  # all of it, or nothing at all
    assert len(refused) > 5
    assert all("object.dcm" in words for words in refused)


def _everything(folder: Path) -> tuple[list[int], dict[str, str]]:
    """The size of the mask, if there is one, and the numbers; the image itself must be readable.

    Raises:
        DataError: something cannot be read.
    """
    dataset = find_cases(folder)
    named = [str(entry) for entry in dataset.set_aside if entry.case != IMAGE_UID]
    if named:
        raise DataError(named[0])
    (case,) = dataset.cases
    case.image.read()
    sizes = [int(case.mask.read().array.sum())] if "mask" in case.targets else []
    return sizes, case.targets.get("values", {})


@each_kind
def test_damaged_bytes_give_a_reason_without_the_patients_name(kind: str, tmp_path: Path) -> None:
    whole = np.frombuffer(write(tmp_path / "o.dcm", BUILDERS[kind](IMAGE_UID, 4)).read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    refused = []
    for _ in range(150):
        damaged = whole.copy()
        places = rng.integers(132, len(whole), rng.integers(1, 12))
        damaged[places] = rng.integers(0, 256, len(places))
        (tmp_path / "o.dcm").write_bytes(damaged.tobytes())
        try:
            with reading("o.dcm", quote=False), quietly():
                read_object(tmp_path / "o.dcm")
        except DataError as error:
            refused.append(str(error))
    assert refused  # else the damage was none
    assert not any("Secret" in words for words in refused)


@each_kind
def test_an_empty_one_tells_nothing(kind: str, tmp_path: Path) -> None:
    made = BUILDERS[kind](IMAGE_UID, 4)
    for field in [element.keyword for element in made if element.VR == "SQ"]:
        if field != "ConceptNameCodeSequence":
            delattr(made, field)
    found = read_object(write(tmp_path / "o", made))
    assert found is not None
    assert not (found.names if isinstance(found, Labels) else found.groups)
