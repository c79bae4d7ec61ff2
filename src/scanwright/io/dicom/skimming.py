"""Skimming a header: the few elements that are wanted, without parsing those between them.

pydicom parses what it skips, too, and converts every value anew. Here only tags and lengths are read (PS3.5,
7), and what one file repeats after the other is converted once, by pydicom. It stays the judge of what is
readable: whatever is not plain gives ``None``, and it reads the file.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from functools import lru_cache
from struct import Struct
from typing import BinaryIO

from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element, empty_value_for_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import AllTransferSyntaxes, ImplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from scanwright.io.dicom.fields import tag_of
from scanwright.io.failures import READING_FAILURES

_MOST_BYTES = 1 << 18  # vendors' private elements make 0.1 MB of a header
_LONGEST_VALUE = 256
_META_START = 132
_CHARSET, _ENCODING = tag_of("SpecificCharacterSet"), tag_of("TransferSyntaxUID")
_META = {int(tag): tag for tag in (_ENCODING, tag_of("MediaStorageSOPClassUID"))}
_PIXELS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_META_GROUP, _IMAGE = range(0x00020000, 0x00030000), range(0x00080000, max(_PIXELS) + 1)
_OPEN_ITEM = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
_ITEM_END, _SEQUENCE_END = b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
_UNDEFINED = 0xFFFFFFFF
_EXPLICIT_ENCODINGS = frozenset(
    uid
    for uid in AllTransferSyntaxes
    if uid.is_little_endian and not uid.is_implicit_VR and not uid.is_deflated
)
_SHORT = frozenset(str(vr).encode() for vr in EXPLICIT_VR_LENGTH_16)
_LONG = frozenset(str(vr).encode() for vr in EXPLICIT_VR_LENGTH_32)
_tag, _implicit = Struct("<HH").unpack_from, Struct("<HHL").unpack_from
_type, _long = Struct("<2sH").unpack_from, Struct("<L").unpack_from

_Found = dict[BaseTag, tuple[bytes | None, bytes]]


class _NotPlainError(ValueError):
    """Something that only pydicom shall make sense of."""


def skimmed_tags(names: Iterable[str]) -> dict[int, BaseTag]:
    """What :func:`skim` shall find, by keyword, and the character set that texts need to be read."""
    return {int(tag): tag for tag in (_CHARSET, *map(tag_of, names))}


def skim(file: BinaryIO, tags: Mapping[int, BaseTag]) -> Dataset | None:
    """The elements with these tags that stand before the pixels, and what encodes the file.

    Args:
        file: at its beginning; afterwards at its pixels.
        tags: from :func:`skimmed_tags`.

    Returns:
        What pydicom would give; ``None`` where something is unusual or one of the elements is a sequence. The
        file is then anywhere.
    """
    data = file.read(_MOST_BYTES)
    if data[128:_META_START] != b"DICM":
        return None
    try:
        meta, start = _find(data, _META_START, _META, _META_GROUP, _IMAGE, explicit=True)
        file_meta = _file_meta(tuple((tag, *value) for tag, value in meta.items()))
        explicit = file_meta[_ENCODING].value in _EXPLICIT_ENCODINGS
        if not explicit and file_meta[_ENCODING].value != ImplicitVRLittleEndian:
            return None
        found, end = _find(data, start, tags, _IMAGE, _PIXELS, explicit=explicit)
        charset = _converted(_CHARSET, *found[_CHARSET]).value if _CHARSET in found else None
        alphabets = tuple(convert_encodings(charset))
        dataset = Dataset({tag: _converted(tag, *value, alphabets) for tag, value in found.items()})
    except READING_FAILURES:
        return None
    if end + 12 > len(data):
        return None  # cut short before the pixels begin
    dataset.file_meta = file_meta
    file.seek(end)
    return dataset


def _find(
    data: bytes,
    at: int,
    wanted: Mapping[int, BaseTag],
    sought: range,
    until: Container[int],
    *,
    explicit: bool,
) -> tuple[_Found, int]:
    """The wanted of the sought elements from a place on, and the place of the first of those behind them.

    Raises:
        _NotPlainError, struct.error: the data end before, or are not what the standard makes of them.
    """
    if not explicit and data[at + 4 : at + 6].isalpha():
        raise _NotPlainError  # explicit after all?
    found: _Found = {}
    before = sought.start - 1
    while True:
        group, number = _tag(data, at)
        tag = group << 16 | number
        if tag in until:
            return found, at
        vr, start, length = _head(data, at, explicit)
        end = _end_of_items(data, start, explicit) if length == _UNDEFINED else start + length
        if tag not in sought or tag <= before or end > len(data):
            raise _NotPlainError
        if tag in wanted:
            if end - start > _LONGEST_VALUE:
                raise _NotPlainError
            found[wanted[tag]] = vr, data[start:end]
        before, at = tag, end


def _head(data: bytes, at: int, explicit: bool) -> tuple[bytes | None, int, int]:
    """The type of the element at a place, and where its value begins and how long it is."""
    if not explicit:
        group, number, length = _implicit(data, at)
        if length == _UNDEFINED and not _may_be_sequence(group << 16 | number):
            raise _NotPlainError
        return None, at + 8, length
    vr, length = _type(data, at + 4)
    if vr in _SHORT:
        return vr, at + 8, length
    (length,) = _long(data, at + 8)
    if vr not in _LONG or (length == _UNDEFINED and vr != b"SQ"):
        raise _NotPlainError
    return vr, at + 12, length


def _end_of_items(data: bytes, at: int, explicit: bool) -> int:
    """The end of a sequence without a length, as are its items: all end with marks (PS3.5, 7.5)."""
    n_open = 1  # odd: between items; even: in one
    while n_open:
        if n_open % 2 == 0 and not data.startswith(_ITEM_END, at):
            _, at, length = _head(data, at, explicit)
            n_open, at = (n_open + 1, at) if length == _UNDEFINED else (n_open, at + length)
        elif n_open % 2 == 0 or data.startswith(_SEQUENCE_END, at):
            n_open, at = n_open - 1, at + 8
        elif data.startswith(_OPEN_ITEM, at):
            n_open, at = n_open + 1, at + 8
        else:
            raise _NotPlainError
    return at


@lru_cache(maxsize=4096)
def _may_be_sequence(tag: int) -> bool:
    return not dictionary_has_tag(tag) or dictionary_VR(tag) == "SQ"


@lru_cache(maxsize=4096)
def _converted(
    tag: BaseTag, vr: bytes | None, value: bytes, alphabets: tuple[str, ...] | None = None
) -> DataElement:
    """The element as pydicom understands it, its text in these alphabets.

    Raises:
        Exception: whatever it raises; _NotPlainError for a sequence.
    """
    name = None if vr is None else vr.decode()
    raw = RawDataElement(
        tag, name, len(value), value or empty_value_for_VR(name, raw=True), 0, vr is None, True
    )
    element = convert_raw_data_element(raw, encoding=alphabets and list(alphabets))
    if element.VR == "SQ":
        raise _NotPlainError
    return element


@lru_cache(maxsize=64)
def _file_meta(elements: tuple[tuple[BaseTag, bytes | None, bytes], ...]) -> FileMetaDataset:
    """The file meta of all files that are encoded alike."""
    return FileMetaDataset({tag: _converted(tag, vr, value) for tag, vr, value in elements})
