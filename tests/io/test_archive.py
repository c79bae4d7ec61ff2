"""Exports that come as one file are opened in a folder of their own, and hostile ones are refused."""

import stat
import zipfile
from copy import copy

import numpy as np
import pytest

from builders import class_folders, dicom_series, nnunet_folder, write_dicom
from scanwright.errors import DataError
from scanwright.io import archive, open_dataset, open_inputs
from scanwright.io.dataset import find_cases


def zipped(folder, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for file in sorted(folder.rglob("*")):
            made.write(file, file.relative_to(folder))
    return path


def test_an_export_in_a_zip_is_the_export(tmp_path):
    folder = write_dicom(tmp_path / "export", dicom_series(4) + dicom_series(5, series="1.2.4"))
    packed, plain = open_inputs(zipped(folder, tmp_path / "export.zip")), open_inputs(folder)
    assert [case.name for case in packed.cases] == [case.name for case in plain.cases]
    for one, other in zip(packed.cases, plain.cases, strict=True):
        np.testing.assert_array_equal(one.image.read().array, other.image.read().array)


@pytest.mark.parametrize("make", [nnunet_folder, class_folders])
def test_a_labelled_dataset_in_a_zip_is_the_dataset(tmp_path, make):
    folder = make(tmp_path / "data")
    packed = open_dataset(zipped(folder, tmp_path / "data.zip"))
    assert [case.name for case in packed.cases] == [case.name for case in open_dataset(folder).cases]
    assert packed.source == str(tmp_path / "data.zip")
    assert len(find_cases(tmp_path / "data.zip")) == len(packed)


def test_it_is_opened_once_and_anew_when_it_changes(tmp_path):
    path = zipped(write_dicom(tmp_path / "a", dicom_series(3)), tmp_path / "x.zip")
    place = archive.place_of(path)
    assert archive.place_of(path) == place
    zipped(write_dicom(tmp_path / "b", dicom_series(7)), path)
    assert archive.place_of(path) != place
    assert open_inputs(path).cases[0].image.read().shape[2] == 7


def test_a_dicomdir_stands_for_its_disc(tmp_path):
    write_dicom(tmp_path / "disc", dicom_series(3))
    (tmp_path / "disc" / "DICOMDIR").write_bytes(b"")
    assert len(open_inputs(tmp_path / "disc" / "DICOMDIR")) == 1


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "a/../../escaped", "..\\escaped", "C:/escaped"])
def test_a_file_that_would_land_elsewhere_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr(name, b"here")
    with pytest.raises(DataError, match=r"x\.zip: a file in the archive would be written outside"):
        open_inputs(tmp_path / "x.zip")
    assert not list(tmp_path.rglob("escaped"))


def test_links_are_left_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("plain", b"text")
    assert [path.name for path in archive.place_of(tmp_path / "x.zip").iterdir()] == ["plain"]


def test_a_bomb_that_says_so_is_not_even_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FREE_GROWTH_BYTES", 1 << 20)
    path = bomb(tmp_path / "bomb.zip")
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(DataError, match="implausibly large"):
        open_inputs(path)


def test_a_bomb_that_hides_is_stopped_by_what_comes_out(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FREE_GROWTH_BYTES", 1 << 20)
    path = bomb(tmp_path / "bomb.zip")
    told, opened = zipfile.ZipFile.infolist, zipfile.ZipFile.open

    def small(self):
        members = [copy(member) for member in told(self)]
        for member in members:
            member.file_size = 1
        return members

    monkeypatch.setattr(zipfile.ZipFile, "infolist", small)
    # Python's own reader stops at the size that was told; another one might not.
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda self, member, *_: opened(self, member.filename))
    with pytest.raises(DataError, match="implausibly large"):
        open_inputs(path)


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("zeros", bytes(50 << 20))
    return path


def test_a_cut_or_encrypted_archive_is_named(tmp_path):
    path = zipped(write_dicom(tmp_path / "a", dicom_series(3)), tmp_path / "x.zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"x\.zip: the file is damaged"):
        open_inputs(path)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("one", b"text")
    # The bit that says "encrypted", in the local header and in the central directory.
    locked = bytearray(path.read_bytes())
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(locked))
    with pytest.raises(DataError, match="encrypted"):
        open_inputs(path)


def test_an_archive_without_files_is_called_empty(tmp_path):
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    with pytest.raises(DataError, match="archive is empty"):
        find_cases(tmp_path / "empty.zip")
