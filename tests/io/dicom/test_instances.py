"""Files that a scan meets twice: copies count once and are counted, contradictions are named."""

from copy import deepcopy

from pydicom.uid import RLELossless

from builders import dicom_series, write_dicom
from scanwright.io.dataset import find_cases


def written(folder, name, slice_):
    folder.mkdir(parents=True, exist_ok=True)
    slice_.save_as(folder / name, enforce_file_format=True)


def test_plain_copies_are_counted(tmp_path):
    slices = dicom_series(6)
    write_dicom(tmp_path / "a", slices)
    for n in (1, 2):
        written(tmp_path / "b", f"copy{n}", slices[n])
    dataset = find_cases(tmp_path)
    assert dataset.cases[0].image.read().shape == (16, 24, 6)
    assert "2 DICOM files are copies of others (the same instance) and count once" in dataset.notes
    assert not dataset.set_aside


def test_the_same_picture_under_another_header_is_a_copy(tmp_path):
    slices = dicom_series(6)
    write_dicom(tmp_path / "a", slices)
    cleaned = deepcopy(slices[3])
    cleaned.PatientName = "Anonymous"
    written(tmp_path / "b", "cleaned", cleaned)
    dataset = find_cases(tmp_path)
    assert any(note.startswith("1 DICOM files are copies") for note in dataset.notes)
    assert not dataset.set_aside


def test_the_same_picture_in_another_encoding_is_a_copy(tmp_path):
    slices = dicom_series(6)
    write_dicom(tmp_path / "a", slices)
    packed = deepcopy(slices[3])
    packed.compress(RLELossless, generate_instance_uid=False)
    written(tmp_path / "b", "packed", packed)
    dataset = find_cases(tmp_path)
    assert any(note.startswith("1 DICOM files are copies") for note in dataset.notes)
    assert not dataset.set_aside


def test_other_pixels_or_another_place_under_one_uid_are_set_aside_by_name(tmp_path):
    slices = dicom_series(6)
    for slice_, name in zip(slices, "abcdef", strict=True):
        written(tmp_path, name, slice_)
    other, elsewhere, rescaled = (deepcopy(slices[n]) for n in (0, 1, 2))
    other.PixelData = bytes(len(other.PixelData))
    elsewhere.ImagePositionPatient = [0, 0, 0]
    rescaled.RescaleIntercept = 0
    for n, changed in enumerate((other, elsewhere, rescaled)):
        written(tmp_path, f"later{n}", changed)
    dataset = find_cases(tmp_path)
    assert dataset.cases[0].image.read().array[0, 0, 0, 0] == -1024
    assert {entry.case: entry.reason for entry in dataset.set_aside} == {
        f"later{n}": f"it claims to be the same instance as {first}, and holds something else"
        for n, first in enumerate("abc")
    }


def test_in_another_series_the_same_uid_is_no_copy(tmp_path):
    slices, others = dicom_series(6), deepcopy(dicom_series(6))
    for one in others:
        one.SeriesInstanceUID = "1.2.4"
    dataset = find_cases(write_dicom(tmp_path, [*slices, *others]))
    assert len(dataset.cases) == 2
    assert not any("copies" in note for note in dataset.notes)


def test_films_without_a_place_are_copies_too_in_another_encoding(tmp_path):
    film = deepcopy(dicom_series(1)[0])
    del film.ImagePositionPatient, film.ImageOrientationPatient
    film.NumberOfFrames = 2
    film.PixelData = film.PixelData + film.PixelData[::-1]
    packed, other = deepcopy(film), deepcopy(film)
    packed.compress(RLELossless, generate_instance_uid=False)
    other.PixelData = film.PixelData[: len(film.PixelData) // 2] * 2
    write_dicom(tmp_path / "a", dicom_series(4, series="1.2.9"))
    for name, one in (("a", film), ("b", packed), ("c", other)):
        written(tmp_path / "films", name, one)
    dataset = find_cases(tmp_path)
    assert any(note.startswith("1 DICOM files are copies") for note in dataset.notes)
    assert [entry.case for entry in dataset.set_aside if "claims to be the same" in entry.reason] == [
        "films/c"
    ]
