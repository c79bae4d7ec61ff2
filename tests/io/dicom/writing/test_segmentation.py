"""SEG: judged by dciodvfy and Orthanc, and read back equal."""

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement

from dicom_judges import complaints
from dicom_results import ALGORITHM, STRUCTURES, slices_of, study_of
from scanwright.errors import DataError
from scanwright.io.dicom.segments import read_segments
from scanwright.io.dicom.writing.result import making
from scanwright.io.dicom.writing.segmentation import segmentation


def _tilted(slices, degrees=20.0):
    """The slices of a tilted gantry: each lies further back than the one before."""
    back = np.tan(np.radians(degrees)) * 5.0
    for k, one in enumerate(slices):
        x, y, z = one.ImagePositionPatient
        one.ImagePositionPatient = [x, y + k * back, z]
    return slices


def _oblique(slices):
    """The slices of a series whose axes are none of the patient's."""
    turn = np.array([[0.8, 0.0, 0.6], [0.0, 1.0, 0.0]])
    normal = np.cross(*turn)
    for k, one in enumerate(slices):
        one.ImageOrientationPatient = [round(float(x), 6) for x in turn.ravel()]
        one.ImagePositionPatient = [round(float(x), 4) for x in (-50 + 2.5 * k * normal)]
    return slices


def _made(study):
    return segmentation(study.source, study.mask, STRUCTURES, ALGORITHM)


def test_it_passes_dciodvfy_and_orthanc_gives_it_back_as_it_was(study, archive):
    path = study.save(_made(study))
    assert complaints(path) == []
    assert pydicom.dcmread(study.save(pydicom.dcmread(path), "again")) == pydicom.dcmread(path)
    fetched = study.folder / "fetched.dcm"
    fetched.write_bytes(archive.keep(path))
    assert pydicom.dcmread(fetched) == pydicom.dcmread(path)


@pytest.mark.parametrize(
    "change",
    [lambda slices: slices, lambda slices: slices[::-1], _oblique, _tilted],
    ids=["as taken", "reversed", "oblique", "tilted"],
)
def test_it_is_read_back_equal_on_any_grid(tmp_path, change):
    study = study_of(tmp_path, change(slices_of()))
    labels = read_segments(study.save(_made(study)))
    assert labels.names == {1: "liver", 2: "left kidney tumour"}
    np.testing.assert_array_equal(study.painted(labels), study.mask)


def test_another_reader_sees_the_same(study):
    read = hd.seg.segread(study.save(_made(study)))
    volume = read.get_volume(combine_segments=True)
    frames = study.mask.T
    kept = np.flatnonzero(frames.any(axis=(1, 2)))
    # It counts slices from the head down, so that its axes are right-handed.
    np.testing.assert_array_equal(volume.array[::-1], frames[kept[0] : kept[-1] + 1])
    assert volume.spacing == pytest.approx((5.0, 0.7, 0.7))


def test_it_says_what_is_outlined_who_did_and_on_which_images(study):
    made = pydicom.dcmread(study.save(_made(study)))
    liver, tumour = made.SegmentSequence
    assert liver.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"
    kind = tumour.SegmentedPropertyTypeCodeSequence[0]
    assert kind.CodeValue == "108369006"
    assert "SegmentedPropertyTypeModifierCodeSequence" not in kind
    (kidney,) = tumour.AnatomicRegionSequence
    assert kidney.CodeMeaning == "Kidney"
    assert kidney.AnatomicRegionModifierSequence[0].CodeMeaning == "Left"
    assert {one.SegmentAlgorithmType for one in made.SegmentSequence} == {"AUTOMATIC"}
    named = liver.SegmentationAlgorithmIdentificationSequence[0]
    assert (named.AlgorithmName, named.AlgorithmVersion) == (ALGORITHM.name, ALGORITHM.version)
    assert named.AlgorithmFamilyCodeSequence[0].CodeMeaning == "Artificial Intelligence"
    (series,) = made.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == study.source.first.SeriesInstanceUID
    own = [one.SOPInstanceUID for one in study.source.headers]
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedInstanceSequence] == own
    places = {one.SOPInstanceUID: one.ImagePositionPatient for one in study.source.headers}
    for frame in made.PerFrameFunctionalGroupsSequence:
        drawn_on = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        assert places[drawn_on] == frame.PlanePositionSequence[0].ImagePositionPatient


def test_patient_study_and_space_are_the_sources_and_the_rest_is_new(study):
    made, source = pydicom.dcmread(study.save(_made(study))), study.source.first
    for name in ("PatientID", "PatientName", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyID"):
        assert made[name].value == source[name].value
    assert made.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert made.SOPInstanceUID.startswith("2.25.")
    assert made.SeriesInstanceUID.startswith("2.25.")
    assert "research use only" in made.SeriesDescription
    assert _made(study).SOPInstanceUID != made.SOPInstanceUID


def test_names_in_other_alphabets_stay_what_they_are(tmp_path):
    slices = slices_of(SpecificCharacterSet="GB18030", PatientName="Wang^XiaoDong=王^小东")
    study = study_of(tmp_path, slices)
    path = study.save(_made(study))
    assert str(pydicom.dcmread(path).PatientName) == "Wang^XiaoDong=王^小东"
    assert complaints(path) == []


def test_an_emptied_header_is_enough(tmp_path):
    slices = slices_of(
        PatientIdentityRemoved="YES",
        DeidentificationMethod="by hand",
        PatientSex="X",
    )
    for one in slices:
        for name in ("PatientName", "PatientID", "StudyDate", "StudyTime", "StudyID", "Manufacturer"):
            delattr(one, name)
    study = study_of(tmp_path, slices)
    path = study.save(_made(study))
    assert complaints(path) == []
    assert pydicom.dcmread(path).PatientIdentityRemoved == "YES"


def test_a_number_that_is_too_long_is_left_out_and_not_cut(tmp_path):
    slices = slices_of()
    for one in slices:
        one.add(DataElement("StudyID", "SH", "S" * 17, validation_mode=IGNORE))
    study = study_of(tmp_path, slices)
    path = study.save(_made(study))
    assert complaints(path) == []
    assert pydicom.dcmread(path).StudyID == ""


def test_slices_without_a_frame_of_reference_are_refused_in_words(tmp_path):
    study = study_of(tmp_path, slices_of(FrameOfReferenceUID=""))
    with pytest.raises(DataError, match="no frame of reference"):
        _made(study)


def test_a_mask_on_another_grid_is_refused(study):
    with pytest.raises(DataError, match="does not lie on the grid"):
        segmentation(study.source, study.mask[:, :, :-1], STRUCTURES, ALGORITHM)


def test_nothing_outlined_is_written_too(study):
    path = study.save(segmentation(study.source, np.zeros_like(study.mask), STRUCTURES, ALGORITHM))
    assert complaints(path) == []
    assert not study.painted(read_segments(path)).any()


def test_what_a_library_warns_of_names_no_patient(tmp_path, capfd):
    study = study_of(tmp_path, slices_of(PatientName="Single"))
    with making():
        made = _made(study)
    assert made.PatientName == "Single"
    assert "Single" not in "".join(capfd.readouterr())


def test_an_empty_mask_is_written_without_noise(tmp_path, caplog):
    study = study_of(tmp_path, slices_of())
    with making():
        made = segmentation(study.source, np.zeros_like(study.mask), STRUCTURES, ALGORITHM)
    assert not study.painted(read_segments(study.save(made))).any()
    assert not caplog.records
