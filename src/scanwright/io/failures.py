"""What reading a damaged or foreign file can raise, turned into one DataError that names the file."""

from __future__ import annotations

import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError, ImageDataError
from nibabel.wrapstruct import WrapStructError
from PIL import Image
from pydicom.errors import BytesLengthException, InvalidDicomError
from tifffile import TiffFileError

from scanwright.errors import DataError

# Parsers meet hostile bytes in many ways: a wrong length gives a struct error, a nonsense dimension an
# overflow or a memory error, a missing field a KeyError or an AttributeError. Listed one by one, so that
# KeyboardInterrupt, warnings and our own errors pass.
READING_FAILURES = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    SyntaxError,  # Pillow says so of a broken PNG
    tokenize.TokenError,  # NumPy, of a broken header of an array
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    ImageFileError,
    HeaderDataError,
    ImageDataError,
    WrapStructError,
    InvalidDicomError,
    BytesLengthException,
    TiffFileError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_LONGEST_REASON = 160


@contextmanager
def reading(subject: str, *, quote: bool = True) -> Iterator[None]:
    """Run the reading of one file; whatever goes wrong becomes a DataError with that subject.

    Args:
        subject: the file as the user knows it, relative to the dataset.
        quote: repeat the parser's own words. False for DICOM, where they can hold patient data.

    Raises:
        DataError: the file is missing, empty, cut short, damaged or too large.
    """
    try:
        yield
    except DataError as error:
        if error.subject:
            raise
        raise DataError(
            error.problem, subject=subject, expected=error.expected, received=error.received, do=error.do
        ) from error
    except FileNotFoundError:
        raise DataError("the file does not exist", subject=subject) from None
    except PermissionError:
        raise DataError(
            "the file may not be read", subject=subject, do="Give yourself the right to read it."
        ) from None
    except (MemoryError, OverflowError):
        raise DataError(
            "the image does not fit into memory, or its header is wrong",
            subject=subject,
            do="Check its size, or export it again.",
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(
            "the picture says that it is implausibly large",
            subject=subject,
            expected=f"at most {Image.MAX_IMAGE_PIXELS} pixels",
            do="Cut it into tiles or reduce it.",
        ) from None
    except READING_FAILURES as error:
        raise DataError(
            "the file is damaged, cut short or not what its name says",
            subject=subject,
            received=in_words(error) if quote else "",
            do="Copy or export it again.",
        ) from error
    except BaseException as error:
        # Decoders written in Rust panic on some damaged files, with an exception that is no Exception.
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise DataError(
            "the file is damaged, cut short or not what its name says",
            subject=subject,
            do="Copy or export it again.",
        ) from None


def in_words(error: BaseException) -> str:
    """What a library says of a file that it can't read, without the names that programs have for it."""
    if isinstance(error, UnicodeDecodeError):
        return "text in another encoding than UTF-8, such as the Windows-1252 of Excel's plain CSV"
    if isinstance(error, json.JSONDecodeError):
        return f"in line {error.lineno}: {error.msg}"
    if isinstance(error, RecursionError):
        return "brackets within brackets without end"
    mark = getattr(error, "problem_mark", None)  # YAML's
    if mark is not None:
        return f"in line {mark.line + 1}: {getattr(error, 'problem', None) or 'what is not understood'}"
    lines = [line.strip() for line in str(getattr(error, "strerror", None) or error).splitlines()]
    text = next((line for line in reversed(lines) if line), "")
    return f"what its reader says: {text[:_LONGEST_REASON]}" if text else ""
