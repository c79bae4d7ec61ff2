"""Objects: what `predict --also` writes beside the masks, of which cases, and what it says of the others."""

import nibabel as nib
import numpy as np
import pydicom
import pytest

import scanwright as sw
from builders import dicom_slice, write_dicom, write_nifti
from dicom_judges import complaints
from scanwright.errors import MissingExtraError, SettingsError
from scanwright.inference import objects
from scanwright.inference.results import KINDS
from scanwright.io.dicom.reports import read_report
from scanwright.io.dicom.segments import read_segments
from scanwright.report.pdf import check_pdf


def _ball(seed: int) -> np.ndarray:
    """(row, column, slice) of stored values: noise, and a bright ball."""
    rng = np.random.default_rng(seed)
    place = np.mgrid[:20, :18, :16] - np.array([10, 9, 8])[:, None, None, None]
    return ((place**2).sum(axis=0) < 30) * 100 + rng.integers(0, 40, place.shape[1:])


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """A DICOM series, and a NIfTI beside it."""
    root = tmp_path_factory.mktemp("scans")
    stored = _ball(1)
    slices = [dicom_slice(stored[..., k], position=(0, 0, 0.7 * k)) for k in range(stored.shape[2])]
    for one in slices:
        one.StudyInstanceUID, one.FrameOfReferenceUID, one.SliceThickness = "1.2.5", "1.2.6", 0.7
    write_dicom(root / "series", slices)
    write_nifti(root / "plain.nii.gz", _ball(2).astype(np.int16))
    return root


def test_every_kind_has_a_maker():
    assert set(objects.MAKERS) == set(KINDS)


def test_objects_lie_beside_the_masks_and_are_equal_to_them(command, volume_run, scans, tmp_path):
    said = command("predict", volume_run.path, scans, "--out", tmp_path / "out", "--also", "seg", "--json")
    assert said.code == 3
    mask = np.asarray(nib.load(tmp_path / "out" / "1.2.3.nii.gz").dataobj)
    path = tmp_path / "out" / "dicom" / "1.2.3.seg.dcm"
    assert complaints(path) == []
    made = pydicom.dcmread(path)
    assert len(read_segments(path).names) == 2
    counts = dict.fromkeys((1, 2), 0)
    for frame, one in zip(made.pixel_array, made.PerFrameFunctionalGroupsSequence, strict=True):
        counts[one.SegmentIdentificationSequence[0].ReferencedSegmentNumber] += int(frame.sum())
    assert [counts[1], counts[2]] == [np.count_nonzero(mask == value) for value in (2, 4)]
    assert said.result["objects"] == 1


def test_all_kinds_are_written_and_pass(command, volume_run, scans, tmp_path):
    check_pdf_or_skip()
    kinds = "sr,rtstruct,map,pdf"
    said = command(
        "predict", volume_run.path, scans, "--out", tmp_path / "out", "--also", kinds, "--lang", "en"
    )
    written = {path.name.removeprefix("1.2.3."): path for path in (tmp_path / "out" / "dicom").iterdir()}
    assert set(written) == {f"{one}.dcm" for one in ("seg", "sr", "rtstruct", "map1", "map2", "pdf")}, (
        said.out
    )
    assert [complaint for path in written.values() for complaint in complaints(path)] == []
    outlined, report = pydicom.dcmread(written["seg.dcm"]), read_report(written["sr.dcm"])
    by_number = {group.segments[0]: group.measurements[0].value for group in report.groups}
    assert set(by_number) == {(outlined.SOPInstanceUID, 1), (outlined.SOPInstanceUID, 2)}
    assert list(by_number.values()) == pytest.approx(_volumes(tmp_path / "out", "1.2.3"), rel=1e-4)


def _volumes(out, case):
    rows = [row.split(",") for row in (out / "volumes.csv").read_text().splitlines()[1:]]
    return [float(row[2]) for row in rows if row[0] == case]


def check_pdf_or_skip():
    try:
        check_pdf("en")
    except MissingExtraError as error:
        pytest.skip(str(error))


def test_a_model_of_classes_reports_probabilities_and_outlines_nothing(class_run, tmp_path):
    flat = dicom_slice(np.arange(576).reshape(24, 24) % 90, position=(0, 0, 0))
    flat.StudyInstanceUID, flat.FrameOfReferenceUID = "1.2.5", "1.2.6"
    write_dicom(tmp_path / "in", [flat])
    result = sw.predict(class_run.path, tmp_path / "in", tmp_path / "out", also=["seg", "sr"])
    (path,) = result.objects
    assert complaints(path) == []
    (answer,) = result.predictions
    told = {one.tracking_id: one.measurements[0].value for one in read_report(path).groups}
    assert told == pytest.approx(dict(answer.probabilities), abs=1e-6)
    assert [one.reason for one in result.set_aside] == [
        "no seg: it outlines structures, and the model gives none"
    ]


def test_a_case_that_is_no_dicom_keeps_its_mask_and_is_named(command, volume_run, scans, tmp_path):
    said = command("predict", volume_run.path, scans, "--out", tmp_path / "out", "--also", "seg")
    assert (tmp_path / "out" / "plain.nii.gz").is_file()
    assert "DICOM objects need a DICOM source" in said.out + said.err
    assert "Predicted, but not all as DICOM: 1 case" in said.out
    assert "Set aside" not in said.out
    (row,) = (tmp_path / "out" / "failures.csv").read_text().splitlines()[1:]
    assert row.startswith("plain,dicom,")
    assert "Secret" not in said.out + said.err


def test_an_unknown_kind_is_refused_before_anything_is_read(volume_run, scans, tmp_path):
    with pytest.raises(SettingsError, match="also=stl"):
        sw.predict(volume_run.path, scans, tmp_path / "out", also=["seg", "stl"])
    assert not (tmp_path / "out").exists()


def test_without_highdicom_it_says_how_to_install_it(volume_run, scans, tmp_path, monkeypatch):
    def missing() -> None:
        raise ModuleNotFoundError(name="highdicom")

    monkeypatch.setattr("importlib.import_module", lambda name: missing())
    with pytest.raises(MissingExtraError, match=r"scanwright\[dicom\]"):
        objects.check_kinds(["seg"])


def test_what_a_library_says_of_odd_headers_is_not_repeated(volume_run, scans, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise ValueError("no such name: Secret^Name")

    monkeypatch.setattr(objects, "MAKERS", {"seg": refuse})
    result = sw.predict(volume_run.path, scans, tmp_path / "out", also=["seg"])
    (reason,) = [one.reason for one in result.set_aside if one.case == "1.2.3"]
    assert reason == "no seg: the headers of its images do not allow one (ValueError)"


def test_objects_are_replaced_with_the_other_results(volume_run, scans, tmp_path):
    for _ in range(2):
        result = sw.predict(volume_run.path, scans, tmp_path / "out", also=["seg"], overwrite=True)
    assert [path.name for path in (tmp_path / "out" / "dicom").iterdir()] == ["1.2.3.seg.dcm"]
    sw.predict(volume_run.path, scans, tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out" / "dicom").exists()
    assert len(result.objects) == 1
