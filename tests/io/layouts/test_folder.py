"""What is listed of a folder, whatever strange things lie in it."""

import os

import pytest

from builders import dicom_series, noise, write_dicom, write_picture
from scanwright.errors import DataError
from scanwright.io import open_inputs
from scanwright.io.dataset import find_cases
from scanwright.io.layouts.folder import Folder


@pytest.mark.parametrize("target", [".", "..", "../..", "loop"])
def test_links_that_lead_back_are_not_followed(tmp_path, target):
    write_picture(tmp_path / "data" / "deep" / "a.png", noise((8, 8)))
    (tmp_path / "data" / "deep" / "loop").symlink_to(target)
    assert Folder(tmp_path / "data").images_below() == ["deep/a.png"]
    assert [case.name for case in find_cases(tmp_path / "data").cases] == ["deep/a"]


def test_links_in_a_ring_are_followed_until_they_close(tmp_path):
    for here, there in (("a", "b"), ("b", "a")):
        write_picture(tmp_path / here / f"{here}.png", noise((8, 8)))
        (tmp_path / here / "on").symlink_to(tmp_path / there)
    assert Folder(tmp_path / "a").images_below() == ["a.png", "on/b.png"]


def test_links_to_other_folders_and_links_to_nothing_are_seen(tmp_path):
    write_picture(tmp_path / "store" / "a.png", noise((8, 8)))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "images").symlink_to("../store")
    (tmp_path / "data" / "lost.png").symlink_to("../nowhere.png")
    assert Folder(tmp_path / "data").images_below() == ["lost.png", "images/a.png"]


def test_pipes_are_never_opened(tmp_path):
    folder = write_dicom(tmp_path / "data", dicom_series(4))
    for name in ("x.png", "y.dcm", "z"):
        os.mkfifo(folder / name)
    found = find_cases(folder)
    assert (len(found.cases), found.set_aside) == (1, ())


@pytest.mark.parametrize("read", [open_inputs, find_cases])
def test_a_pipe_or_device_is_no_input(tmp_path, read):
    os.mkfifo(tmp_path / "x.png")
    for path in (tmp_path / "x.png", "/dev/zero"):
        with pytest.raises(DataError, match="neither a file nor a folder"):
            read(path)


def test_a_pipe_in_a_manifest_is_set_aside(tmp_path):
    write_picture(tmp_path / "a.png", noise((8, 8)))
    os.mkfifo(tmp_path / "p")
    (tmp_path / "manifest.csv").write_text("case,image,mask,label\na,a.png,,1\nb,p,,0\nc,a.png,p,1\n")
    assert [entry.case for entry in find_cases(tmp_path).set_aside] == ["b", "c"]
