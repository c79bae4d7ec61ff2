"""What is skimmed of a header is what pydicom reads of it; all that is not plain is left to pydicom."""

import io

import numpy as np
import pydicom
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from builders import dicom_slice, real_data
from scanwright.io.dicom.fields import value_of
from scanwright.io.dicom.header import quietly
from scanwright.io.dicom.skimming import skim, skimmed_tags

NAMES = (
    "SOPInstanceUID",
    "ImageType",
    "Modality",
    "PatientName",
    "PatientID",
    "EchoTime",
    "ImagePositionPatient",
    "Rows",
    "PixelSpacing",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "SharedFunctionalGroupsSequence",
)
TAGS = skimmed_tags(NAMES)


def item(**fields):
    made = Dataset()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def leave_open(element, open_ended=True):
    """A sequence and its items without a length, or with one."""
    if element.VR == "SQ":
        element.is_undefined_length = open_ended
        for part in element.value:
            part.is_undefined_length_sequence_item = open_ended


def rich_slice(*, open_ended=True):
    """A slice with what vendors put between fields: nested sequences, a private block; another alphabet."""
    one = dicom_slice(np.arange(12).reshape(4, 3), position=(1.5, -2, 3))
    one.SpecificCharacterSet, one.PatientName = "ISO_IR 192", "Çelik^Ömer"
    one.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    one.PatientID, one.EchoTime = "", None
    inner = Sequence([item(CodeValue="1", PatientID="not this one"), item(CodeValue="2")])
    one.ProcedureCodeSequence = Sequence([item(PurposeOfReferenceCodeSequence=inner), item(CodeValue="3")])
    one.ReferencedImageSequence = Sequence([])
    block = one.private_block(0x0029, "VENDOR", create=True)
    block.add_new(0x10, "OB", bytes(1000))
    block.add_new(0x20, "SQ", Sequence([item(CodeValue="4")]))
    one.walk(lambda dataset, element: leave_open(element, open_ended))
    return one


def written(dataset, encoding=ExplicitVRLittleEndian):
    dataset.file_meta.TransferSyntaxUID = encoding
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def shown(dataset, file):
    """All that a header is used for: values, encoding, and where the pixels begin."""
    values = {name: str(value_of(dataset, name)) for name in NAMES}
    return values, str(dataset.file_meta.get("TransferSyntaxUID")), file.tell()


def both(data):
    """What is skimmed, ``None`` where nothing is, and what pydicom reads."""
    with quietly():
        file = io.BytesIO(data)
        found = skim(file, TAGS)
        skimmed = None if found is None else shown(found, file)
        if skimmed is None:
            return None, None
        file = io.BytesIO(data)
        parsed = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(NAMES), force=True)
        return skimmed, shown(parsed, file)


@pytest.mark.parametrize("encoding", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless])
@pytest.mark.parametrize("open_ended", [True, False])
def test_a_plain_header_is_skimmed(encoding, open_ended):
    one = rich_slice(open_ended=open_ended)
    if encoding == RLELossless:
        one.compress(RLELossless, generate_instance_uid=False)
    skimmed, parsed = both(written(one, encoding))
    assert skimmed == parsed
    assert skimmed[0]["PatientName"] == "Çelik^Ömer"
    assert skimmed[0]["PatientID"] == ""


def test_what_one_file_repeats_after_the_other_keeps_its_own_alphabet():
    names = []
    for charset, name in (("ISO_IR 192", "Ω"), ("ISO_IR 126", "Ω"), ("ISO_IR 100", "Î©")):
        one = rich_slice()
        one.SpecificCharacterSet, one.PatientName = charset, name
        data = written(one)
        skimmed, parsed = both(data)
        assert skimmed == parsed
        names.append(skimmed[0]["PatientName"])
    assert names == ["Ω", "Ω", "Î©"]


def without_preamble(data):
    return data[132:]


def with_a_long_private_element(data):
    at = data.index(b"\x28\x00\x02\x00US")
    return (
        data[:at]
        + b"\x27\x00\x10\x00OB\x00\x00"
        + (1 << 18).to_bytes(4, "little")
        + bytes(1 << 18)
        + data[at:]
    )


def with_a_wanted_sequence(data):
    at = data.index(b"\xe0\x7f\x10\x00")
    return data[:at] + b"\x00\x52\x29\x92SQ\x00\x00\x00\x00\x00\x00" + data[at:]


def with_an_open_sequence_of_closed_items(data):
    return data.replace(b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\x10\x00\x00\x00", 1)


def out_of_order(data):
    at, end = data.index(b"\x28\x00\x10\x00US"), data.index(b"\x28\x00\x11\x00US")
    return data[:at] + data[end : end + 10] + data[at:end] + data[end + 10 :]


def cut_before_the_pixels(data):
    return data[: data.index(b"\xe0\x7f\x10\x00") + 6]


def ends_in_a_sequence(data):
    return data[: data.index(b"\xfe\xff\xdd\xe0")]


def with_an_unknown_type(data):
    return data.replace(b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00QX")


@pytest.mark.parametrize(
    "change",
    [
        without_preamble,
        with_a_long_private_element,
        with_a_wanted_sequence,
        with_an_open_sequence_of_closed_items,
        out_of_order,
        cut_before_the_pixels,
        ends_in_a_sequence,
        with_an_unknown_type,
    ],
)
def test_what_is_not_plain_is_left_to_pydicom(change):
    good = written(rich_slice())
    changed = change(good)
    assert changed != good
    assert skim(io.BytesIO(changed), TAGS) is None


@pytest.mark.parametrize("encoding", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_other_encodings_are_left_to_pydicom(encoding):
    one = dicom_slice(np.zeros((4, 4)), position=(0, 0, 0))
    assert skim(io.BytesIO(written(one, encoding)), TAGS) is None


@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from(["set", "cut", "double", "remove"]),
            st.floats(0, 1, exclude_max=True),
            st.binary(min_size=1, max_size=4),
        ),
        min_size=1,
        max_size=3,
    ),
    encoding=st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian]),
)
@example(changes=[("set", 0.0, b"\xff\xff\xff\xff")], encoding=ExplicitVRLittleEndian)
def test_no_damage_makes_a_difference(changes, encoding):
    data = written(rich_slice(), encoding)
    for kind, where, value in changes:
        at = 132 + int(where * max(len(data) - 132, 0))
        match kind:
            case "set":
                data = data[:at] + value + data[at + len(value) :]
            case "cut":
                data = data[:at]
            case "double":
                data = data[:at] + data[at - 8 : at] + data[at:]
            case "remove":
                data = data[:at] + data[at + len(value) :]
    skimmed, parsed = both(data)
    assert skimmed == parsed


def test_every_real_header_is_skimmed_as_pydicom_reads_it_or_not_at_all():
    n_files, n_skimmed = 0, 0
    for folder in (
        "dicom-conformance",
        "dicom-wg04",
        "dicom2nifti-vendors",
        "ibsi-sts-dicom",
        "dicom-brain-mr",
    ):
        for path in sorted(real_data(folder).rglob("*")):
            if not path.is_file():
                continue
            with path.open("rb") as file:
                data = file.read(1 << 18)
            if data[128:132] == b"DICM":
                skimmed, parsed = both(data)
                assert skimmed == parsed, path.name
                n_files, n_skimmed = n_files + 1, n_skimmed + (skimmed is not None)
    assert n_skimmed > n_files / 2
