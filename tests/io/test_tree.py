"""Folders and files that can't be listed or named are set aside by name; the rest goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import scanwright as sw
from builders import dicom_series, nnunet_folder, noise, write_dicom, write_nifti
from scanwright.data.case import Case, Lazy
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dataset import open_inputs
from scanwright.io.dicom.scan import scan_tree

NOT_UTF8 = b"\xff\xfe.nii.gz"
NO_OVERRIDE = "-dac_override,-dac_read_search"


def run_without_rights(*arguments: object) -> dict:
    """A command as a user for whom modes count, and what its last line tells a machine."""
    way = ["setpriv", "--bounding-set", NO_OVERRIDE, "--inh-caps", NO_OVERRIDE] if os.geteuid() == 0 else []
    if way and shutil.which(way[0]) is None:
        pytest.skip("modes of files mean nothing to root, and setpriv is not there")
    command = [*way, sys.executable, "-m", "scanwright", *map(str, arguments), "--json", "--quiet"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in said.stderr, said.stderr
    return json.loads(said.stdout.splitlines()[-1])


def reasons(findings: Path) -> dict[str, str]:
    """Set aside → why, as the doctor wrote it."""
    content = json.loads(findings.read_text(encoding="utf-8"))
    return {
        name: one["evidence"]["reason"]
        for one in content
        if one["kind"] == "unreadable"
        for name in one["cases"]
    }


@pytest.fixture
def odd_names(tmp_path: Path) -> Path:
    """Two images, and a third and a folder whose names are not UTF-8."""
    data = tmp_path / "data"
    for seed, name in enumerate(("a.nii.gz", "b.nii.gz")):
        write_nifti(data / name, noise((12, 10, 8), seed=seed))
    shutil.copy(data / "a.nii.gz", os.fsencode(data) + b"/" + NOT_UTF8)
    os.mkdir(os.fsencode(data) + b"/\xb2\xa1\xc0\xfd")
    shutil.copy(data / "a.nii.gz", os.fsencode(data) + b"/\xb2\xa1\xc0\xfd/c.nii.gz")
    return data


def test_names_that_are_not_utf8_are_set_aside_and_shown_escaped(odd_names: Path, tmp_path: Path) -> None:
    sw.inspect(odd_names, tmp_path / "out", apply=True)
    told = reasons(tmp_path / "out" / "findings.json")
    assert set(told) == {r"\xff\xfe.nii.gz", r"\xb2\xa1\xc0\xfd"}
    assert all("not UTF-8" in reason and "Rename" in reason for reason in told.values())
    assert (tmp_path / "out" / "manifest.csv").read_text(encoding="utf-8").count(".nii.gz") == 2


def test_they_are_set_aside_by_all_that_write(tmp_path: Path, odd_names: Path) -> None:
    data = nnunet_folder(tmp_path / "nnunet")
    shutil.copy(odd_names / "a.nii.gz", os.fsencode(data / "imagesTr") + b"/" + NOT_UTF8)
    converted = sw.convert(data, tmp_path / "converted", to="manifest")
    assert [one.case for one in converted.set_aside] == [r"imagesTr/\xff\xfe.nii.gz"]
    assert len(sw.enhance(odd_names, tmp_path / "enhanced", steps="median=1").set_aside) == 2


def test_a_series_among_files_of_such_names_is_found(tmp_path: Path) -> None:
    write_dicom(tmp_path / "data" / "series", dicom_series(4))
    file, *_ = (path for path in (tmp_path / "data").rglob("*") if path.is_file())
    shutil.move(file, os.fsencode(file.parent) + b"/\xff.dcm")
    scan = scan_tree(tmp_path / "data")
    assert len(scan.series[0].planes) == 3
    assert [one.case for one in scan.set_aside] == [
        one.case for one in open_inputs(tmp_path / "data").set_aside
    ]
    assert scan.set_aside[0].case.endswith(r"/\xff.dcm")


def test_data_of_such_a_name_are_refused(odd_names: Path) -> None:
    with pytest.raises(DataError, match="not UTF-8") as error:
        open_inputs(os.fsdecode(os.fsencode(odd_names) + b"/" + NOT_UTF8))
    assert str(error.value).isascii()


def test_what_may_not_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for seed, name in enumerate(("a", "b", "secret/c", "locked")):
        write_nifti(data / f"{name}.nii.gz", noise((12, 10, 8), seed=seed))
    (data / "secret").chmod(0)
    (data / "locked.nii.gz").chmod(0)
    try:
        run_without_rights("inspect", data, "--out", tmp_path / "out")
    finally:
        (data / "secret").chmod(0o700)
    told = reasons(tmp_path / "out" / "findings.json")
    assert set(told) == {"secret", "locked"}
    assert all("may not be read" in reason for reason in told.values())


def test_a_labelled_dataset_goes_on_without_what_may_not_be_read(tmp_path: Path) -> None:
    data = nnunet_folder(tmp_path / "data")
    (data / "secret").mkdir(mode=0)
    assert (
        run_without_rights("convert", data, "--out", tmp_path / "out", "--to", "manifest")["converted"] == 3
    )
    assert "secret" in (tmp_path / "out" / "failures.csv").read_text(encoding="utf-8")


def test_an_error_of_any_kind_leaves_no_empty_folder(tmp_path: Path) -> None:
    def fail() -> Volume:
        raise RuntimeError

    case = Case("a", {"image": Lazy("a.nii.gz", fail)}, {"label": "healthy"})
    with pytest.raises(RuntimeError):
        sw.convert(Dataset((case,), "pictures", "made here"), tmp_path / "out", to="manifest")
    assert not (tmp_path / "out").exists()
