"""RTSTRUCT, SR, Parametric Map and PDF: judged by programs that others wrote, and read back equal."""

import io
import shutil
import subprocess
from dataclasses import replace

import highdicom as hd
import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dicom_judges import complaints
from dicom_results import ALGORITHM, STRUCTURES, slices_of, study_of
from scanwright.errors import DataError
from scanwright.io.dicom.contours import read_structures
from scanwright.io.dicom.painting import inside
from scanwright.io.dicom.reports import read_report
from scanwright.io.dicom.scan import scan_tree
from scanwright.io.dicom.writing.encapsulated_pdf import encapsulated_pdf
from scanwright.io.dicom.writing.measurement_report import measurement_report, probability_report
from scanwright.io.dicom.writing.parametric_map import parametric_map
from scanwright.io.dicom.writing.segmentation import segmentation
from scanwright.io.dicom.writing.structure_set import outlines, structure_set

PDF = b"%PDF-1.7\nodd length"


def _probabilities(study):
    return np.linspace(0, 1, study.mask.size).reshape(study.mask.shape)


def _report(study, structures=STRUCTURES, **told):
    outlined = segmentation(study.source, study.mask, structures, ALGORITHM)
    return measurement_report(study.source, outlined, structures, ALGORITHM, **told)


MAKERS = {
    "rtstruct": lambda study: structure_set(study.source, study.mask, STRUCTURES, ALGORITHM),
    "sr": _report,
    "sr of classes": lambda study: probability_report(study.source, {"nodule": 0.7, "no": 0.3}, ALGORITHM),
    "map": lambda study: parametric_map(study.source, _probabilities(study), STRUCTURES[0], ALGORITHM),
    "pdf": lambda study: encapsulated_pdf(study.source, PDF, "结果", ALGORITHM),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_it_passes_dciodvfy_and_orthanc_gives_it_back_as_it_was(study, archive, kind):
    path = study.save(MAKERS[kind](study))
    assert complaints(path) == []
    fetched = pydicom.dcmread(io.BytesIO(archive.keep(path)))
    assert fetched == pydicom.dcmread(path)
    for name in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate"):
        assert fetched[name].value == study.source.first[name].value
    assert fetched.SOPInstanceUID.startswith("2.25.")
    assert fetched.SpecificCharacterSet == "ISO_IR 192"


def test_contours_are_read_back_equal_with_their_holes(study):
    labels = read_structures(study.save(MAKERS["rtstruct"](study)))
    assert labels.names == {1: "liver", 2: "left kidney tumour"}
    np.testing.assert_array_equal(study.painted(labels), study.mask)


def test_contours_name_the_slice_that_they_lie_in(study):
    made = MAKERS["rtstruct"](study)
    heights = {one.SOPInstanceUID: float(one.ImagePositionPatient[2]) for one in study.source.headers}
    for contour in made.ROIContourSequence[0].ContourSequence:
        (image,) = contour.ContourImageSequence
        assert {float(z) for z in contour.ContourData[2::3]} == {heights[image.ReferencedSOPInstanceUID]}


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_outlines_hold_exactly_the_pixels_that_were_drawn(drawn):
    """Whatever the pieces and holes, and however near they are."""
    rows, columns = np.indices(drawn.shape)
    points = np.stack([rows, columns], axis=-1).astype(float)
    # As in the patient: turned, so that no line lies along an axis.
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]]) * 0.7
    covered = np.zeros(drawn.shape, bool)
    for corners in outlines(drawn):
        own = inside(corners @ turn, points @ turn)
        assert not (covered & own).any()
        covered |= own
    np.testing.assert_array_equal(covered, drawn)


def test_an_image_without_a_place_has_no_contours(tmp_path):
    (flat,) = slices_of(1)
    del flat.ImagePositionPatient, flat.ImageOrientationPatient
    study = study_of(tmp_path, [flat])
    with pytest.raises(DataError, match="no place in the patient"):
        structure_set(study.source, np.zeros(study.source.shape, np.uint8), STRUCTURES, ALGORITHM)


def test_measurements_are_read_back_with_their_units_and_what_they_are_of(study):
    path = study.save(_report(study))
    report = read_report(path)
    assert report is not None
    liver, tumour = report.groups
    assert [(one.name, one.value, one.unit) for one in liver.measurements] == [
        ("Volume", 0.294, "ml"),
        ("Long axis", 7.0, "mm"),
        ("Short axis", 4.2, "mm"),
    ]
    assert liver.tracking_id == "liver"
    assert (tumour.finding.meaning, tumour.site.meaning) == ("Neoplasm", "Kidney")
    assert [number for group in report.groups for _, number in group.segments] == [1, 2]
    assert tumour.reference.series_uids == (study.source.first.SeriesInstanceUID,)
    others = hd.sr.srread(path).content.get_volumetric_roi_measurement_groups()
    assert [one.get_measurements()[0].value for one in others] == [0.294, 0.0098]


def test_a_lesion_keeps_its_tracking_identifiers(study):
    tracked = [
        replace(one, tracking_id=f"L{one.number}", tracking_uid=f"2.25.{one.number}") for one in STRUCTURES
    ]
    report = read_report(study.save(_report(study, tracked, time_point="2026-01-02")))
    assert [(one.tracking_id, one.tracking_uid) for one in report.groups] == [
        ("L1", "2.25.1"),
        ("L2", "2.25.2"),
    ]


def test_a_report_can_be_read_as_a_document(study):
    if not shutil.which("dsrdump"):
        pytest.skip("dsrdump is not installed (Debian: dcmtk)")
    path = study.save(_report(study))
    said = subprocess.run(["dsrdump", path], capture_output=True, text=True, check=True, timeout=60).stdout
    assert '"Long axis")="7.0" (mm,UCUM,"mm")' in said


def test_probabilities_are_read_back_equal(study):
    made = pydicom.dcmread(study.save(MAKERS["map"](study)))
    expected = _probabilities(study).T.astype(np.float32)
    heights = [
        one.PlanePositionSequence[0].ImagePositionPatient[2] for one in made.PerFrameFunctionalGroupsSequence
    ]
    np.testing.assert_array_equal(made.pixel_array[np.argsort(heights)], expected)
    (mapping,) = made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "1"


def test_a_pdf_comes_out_as_it_went_in(study):
    made = pydicom.dcmread(study.save(MAKERS["pdf"](study)))
    assert made.EncapsulatedDocument[: made.EncapsulatedDocumentLength] == PDF
    assert made.DocumentTitle == "结果"


def test_results_are_no_images_when_their_folder_is_read_again(study):
    for kind, make in MAKERS.items():
        study.save(make(study), f"images/{kind}")
    scan = scan_tree(study.folder / "images")
    assert [one.uid for one in scan.series] == [study.source.first.SeriesInstanceUID]
    assert not scan.set_aside
