"""Whatever reading raises becomes one DataError that names the file and keeps patient data out."""

import json
import re
import zipfile

import pytest
import yaml

from scanwright.errors import DataError
from scanwright.io.failures import READING_FAILURES, in_words, reading
from scanwright.io.formats.nifti import read_nifti


@pytest.mark.parametrize("kind", READING_FAILURES)
def test_every_failure_becomes_a_data_error(kind):
    with pytest.raises(DataError, match=r"^a/b\.nii: "), reading("a/b.nii"):
        raise kind.__new__(kind)


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (FileNotFoundError(), "does not exist"),
        (PermissionError(), "may not be read"),
        (MemoryError(), "does not fit into memory"),
        (EOFError("cut\n\nat byte 9"), r"Received what its reader says: at byte 9\."),
    ],
)
def test_the_message_fits_the_failure(raised, said):
    with pytest.raises(DataError, match=said), reading("x"):
        raise raised


def read_text(path, content, read):
    path.write_bytes(content)
    with reading(path.name):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "read", "said"),
    [
        ("x.zip", b"none", zipfile.ZipFile, "File is not a zip file"),
        ("x.json", b'{\n"a": }', lambda path: json.loads(path.read_text()), "in line 2: Expecting value"),
        ("x.json", b"[" * 100_000, lambda path: json.loads(path.read_text()), "brackets within brackets"),
        ("x.csv", "Bär".encode("cp1252"), lambda path: path.read_text(encoding="utf-8"), "Windows-1252"),
        ("x.nii", bytes(400), read_nifti, "what its reader says"),
    ],
)
def test_failures_are_told_in_words_and_not_in_names_of_exceptions(tmp_path, name, content, read, said):
    with pytest.raises(DataError) as caught:
        read_text(tmp_path / name, content, read)
    assert said in str(caught.value)
    assert not re.search(r"[a-z]Error|BadZip|[a-z]Exception", str(caught.value))


def test_yaml_is_told_with_the_line():
    with pytest.raises(yaml.YAMLError) as caught:
        yaml.safe_load("a: 1\nb: ]")
    assert in_words(caught.value).startswith("in line 2: ")


def test_words_of_a_dicom_parser_are_not_repeated():
    with pytest.raises(DataError) as caught, reading("x.dcm", quote=False):
        raise ValueError("Invalid value 'Doe^Jane' for PN")
    assert "Doe" not in str(caught.value)


def test_an_error_that_has_a_subject_keeps_it_and_others_get_one():
    with pytest.raises(DataError, match=r"^inner: bad"), reading("outer"):
        raise DataError("bad", subject="inner")
    with pytest.raises(DataError, match=r"^outer: bad\. Expected good"), reading("outer"):
        raise DataError("bad", expected="good")


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, AssertionError])
def test_what_is_no_failure_of_reading_passes(kind):
    with pytest.raises(kind), reading("x"):
        raise kind


def test_a_panic_of_a_decoder_in_rust_is_a_failure_of_reading():
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})
    with pytest.raises(DataError, match=r"^x: the file is damaged"), reading("x"):
        raise panic("index out of bounds")
