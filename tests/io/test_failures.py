"""Whatever reading raises becomes one DataError that names the file and keeps patient data out."""

import pytest

from scanwright.errors import DataError
from scanwright.io.failures import READING_FAILURES, reading


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
        (EOFError("cut\n\nat byte 9"), "EOFError: at byte 9"),
    ],
)
def test_the_message_fits_the_failure(raised, said):
    with pytest.raises(DataError, match=said), reading("x"):
        raise raised


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
