"""Lesions of a date as DICOM: the tracking identifiers of every date, and whose outlines they are."""

import datetime as dt

import numpy as np
import pydicom
import pytest

import scanwright as sw
from builders import dicom_series, write_dicom, write_nifti, write_text
from dicom_judges import complaints
from dicom_objects import FRAME_UID
from scanwright.data.case import Case, Lazy, SetAside
from scanwright.data.volume import Volume
from scanwright.errors import SettingsError
from scanwright.followup.choices import LesionChoice
from scanwright.followup.objects import algorithm_of, check_kinds, measure_labels, write_lesions
from scanwright.followup.studies import Study
from scanwright.io.dataset import open_inputs
from scanwright.io.dicom.reports import read_report

SIZES = {"volume_ml": 1.5, "long_mm": 7.0, "short_mm": 3.5}


def _study(root, *, drawn=True):
    """A study from DICOM whose mask holds three pieces: 1 is the largest."""
    slices = dicom_series(6)
    for one in slices:
        one.StudyInstanceUID, one.FrameOfReferenceUID = "1.2.55", FRAME_UID
    (case,) = open_inputs(write_dicom(root / "images", slices)).cases
    mask = np.zeros((16, 24, 6), np.uint8)
    mask[1:5, 1:6, 1:4], mask[8:11, 8:11, 2], mask[13:15, 20:22, 4] = 1, 1, 1
    volume = Volume(mask[None], case.image.read().affine_ras)
    targets = {"mask": Lazy("m", lambda: volume)} if drawn else {}
    return Study(Case(case.name, case.inputs, targets, "P1"), dt.date(2026, 1, 2)), volume


def _seen(**pieces):
    return [
        (LesionChoice(name, f"2.25.{n}", {}), SIZES | {"pieces": list(own)})
        for n, (name, own) in enumerate(pieces.items(), start=7)
    ]


def test_a_lesion_is_one_segment_of_all_its_pieces_with_its_identifiers(tmp_path):
    study, mask = _study(tmp_path)
    seen = _seen(L1=(1, 3), L2=(2,))
    outlined, told = write_lesions(tmp_path, tmp_path / "images", study, mask, seen, algorithm_of(None))
    assert [path.name for path in (outlined, told)] == [f"{study.name}.seg.dcm", f"{study.name}.sr.dcm"]
    assert complaints(outlined) == complaints(told) == []
    made = pydicom.dcmread(outlined)
    assert [(one.TrackingID, one.TrackingUID) for one in made.SegmentSequence] == [
        ("L1", "2.25.7"),
        ("L2", "2.25.8"),
    ]
    count = {1: 0, 2: 0}
    for frame, one in zip(made.pixel_array, made.PerFrameFunctionalGroupsSequence, strict=True):
        count[one.SegmentIdentificationSequence[0].ReferencedSegmentNumber] += int(frame.sum())
    assert count == {1: 60 + 4, 2: 9}
    first, second = read_report(told).groups
    assert (first.tracking_id, first.tracking_uid) == ("L1", "2.25.7")
    assert second.segments == ((made.SOPInstanceUID, 2),)
    assert [one.value for one in first.measurements] == [1.5, 7.0, 3.5]
    assert "2026-01-02" in str(pydicom.dcmread(told))


@pytest.mark.parametrize(("drawn", "kind"), [(True, "SEMIAUTOMATIC"), (False, "AUTOMATIC")])
def test_outlines_that_were_given_are_not_called_automatic(tmp_path, drawn, kind):
    study, mask = _study(tmp_path, drawn=drawn)
    outlined, _ = write_lesions(
        tmp_path, tmp_path / "images", study, mask, _seen(L1=(1,)), algorithm_of(None)
    )
    assert pydicom.dcmread(outlined).SegmentSequence[0].SegmentAlgorithmType == kind


def test_a_date_that_is_no_dicom_is_named_and_one_without_lesions_gives_nothing(tmp_path):
    study, mask = _study(tmp_path)
    plain = Case("p", {"image": Lazy("p.nii.gz", lambda: mask)})
    told = list(
        write_lesions(tmp_path, tmp_path, Study(plain, study.date), mask, _seen(L1=(1,)), algorithm_of(None))
    )
    assert isinstance(told[0], SetAside)
    assert "need a DICOM source" in told[0].reason
    assert not list(write_lesions(tmp_path, tmp_path, study, mask, [], algorithm_of(None)))


def test_follow_writes_objects_of_dicom_and_names_the_other_dates(tmp_path):
    study, mask = _study(tmp_path / "data")
    for name in ("m", "plain-m"):
        write_nifti(tmp_path / "data" / f"{name}.nii.gz", mask.array[0], mask.affine_ras)
    image = study.case.image.read()
    write_nifti(tmp_path / "data" / "plain.nii.gz", image.array[0], image.affine_ras)
    write_text(
        tmp_path / "data" / "manifest.csv",
        "case,patient,date,image,mask",
        "first,P1,2026-01-02,images,m.nii.gz",
        "other,P2,2026-01-02,plain.nii.gz,plain-m.nii.gz",
    )
    result = sw.follow(tmp_path / "data", tmp_path / "out", also=["sr"])
    assert {path.name for path in (tmp_path / "out" / "dicom").iterdir()} == {"first.seg.dcm", "first.sr.dcm"}
    told = read_report(tmp_path / "out" / "dicom" / "first.sr.dcm").groups
    known = {one["name"]: one["uid"] for one in result.patients[0]["lesions"]}
    assert {one.tracking_id: one.tracking_uid for one in told} == known
    assert [(one.case, one.stage) for one in result.set_aside] == [("other", "dicom")]


def test_only_reports_are_written_of_lesions():
    with pytest.raises(SettingsError, match="also=seg"):
        check_kinds(["seg"])


def test_diameters_of_a_label_are_those_of_its_largest_piece(tmp_path):
    _, mask = _study(tmp_path)
    found = measure_labels(mask)[1]
    # 4 × 5 voxels of 0.7 mm, outlined half-way to the next ones.
    assert 0.7 * 5 < found["long_mm"] < 0.7 * np.hypot(4, 5)
    assert found["short_mm"] < found["long_mm"]
