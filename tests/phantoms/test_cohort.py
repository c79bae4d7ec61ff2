"""A cohort on disk: an unsorted DICOM export that leads back to exactly what was made."""

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.errors import InvalidDicomError

from scanwright.errors import OutputError, SettingsError
from scanwright.io import open_dataset
from scanwright.phantoms import Cohort, PhantomSettings, make_cohort, write_boxed_cohort, write_cohort

SMALL = PhantomSettings(
    field_of_view_mm=(90.0, 72.0, 50.0),
    in_plane_spacing_mm=(1.8, 2.2),
    slice_spacing_mm=(4.0, 5.0),
    lesion_diameter_mm=(5.0, 12.0),
    oblique_share=0.5,
)
N_PATIENTS = 6


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return write_cohort(tmp_path_factory.mktemp("export") / "cohort", N_PATIENTS, seed=3, settings=SMALL)


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_series(root: Path) -> tuple[dict[str, list[pydicom.Dataset]], list[Path]]:
    """All DICOM files below a folder by series, and the files that are something else."""
    series: dict[str, list[pydicom.Dataset]] = {}
    others = []
    for path in sorted(root.rglob("*")):
        if path.is_dir():
            continue
        try:
            header = pydicom.dcmread(path)
        except InvalidDicomError:
            others.append(path)
            continue
        series.setdefault(str(header.SeriesInstanceUID), []).append(header)
    return series, others


def place_series(slices: list[pydicom.Dataset]) -> tuple[np.ndarray, np.ndarray]:
    """(i, j, k) HU and the RAS+ affine, straight from the standard's formula (PS3.3 C.7.6.2.1.1)."""
    first = slices[0]
    columns, rows = np.reshape([float(v) for v in first.ImageOrientationPatient], (2, 3))
    normal = np.cross(columns, rows)
    ordered = sorted(slices, key=lambda s: float(normal @ np.array(s.ImagePositionPatient, dtype=float)))
    stack = [s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in ordered]
    positions = [np.array(s.ImagePositionPatient, dtype=float) for s in ordered]
    between_rows, between_columns = (float(v) for v in first.PixelSpacing)
    lps = np.eye(4)
    lps[:3, 0] = columns * between_columns
    lps[:3, 1] = rows * between_rows
    lps[:3, 2] = (positions[-1] - positions[0]) / (len(positions) - 1)
    lps[:3, 3] = positions[0]
    return np.stack(stack).transpose(2, 1, 0), np.diag([-1, -1, 1, 1]) @ lps


def test_reading_the_files_back_gives_the_same_densities_at_the_same_place(cohort: Cohort) -> None:
    series, _ = read_series(cohort.root / "dicom")
    rows = read_table(cohort.manifest)
    for row, phantom in zip(rows, make_cohort(N_PATIENTS, seed=3, settings=SMALL), strict=True):
        hu, affine = place_series(series[row["image"]])
        assert np.array_equal(hu, phantom.image.array[0])
        assert np.allclose(affine, phantom.image.affine_ras, atol=1e-6)


def test_files_are_valid_ct_images_of_their_own_under_names_that_say_nothing(cohort: Cohort) -> None:
    series, _ = read_series(cohort.root / "dicom")
    assert len(series) == N_PATIENTS
    headers = [header for slices in series.values() for header in slices]
    assert len({header.SOPInstanceUID for header in headers}) == len(headers)
    assert {header.SOPClassUID for header in headers} == {pydicom.uid.CTImageStorage}
    assert {header.Modality for header in headers} == {"CT"}
    assert all(header.file_meta.MediaStorageSOPInstanceUID == header.SOPInstanceUID for header in headers)
    names = [Path(header.filename) for header in headers]
    assert all(path.suffix == "" for path in names)
    in_order = [int(header.InstanceNumber) for header in sorted(headers, key=lambda h: Path(h.filename).name)]
    assert in_order != sorted(in_order)
    assert len({path.parent for path in names}) > 1


def test_the_export_holds_files_that_are_not_dicom(cohort: Cohort) -> None:
    _, others = read_series(cohort.root / "dicom")
    assert {path.suffix for path in others} == {".jpg", ".txt"}


def test_masks_lie_on_the_grid_of_their_series_and_hold_the_lesions(cohort: Cohort) -> None:
    for row, phantom in zip(
        read_table(cohort.manifest), make_cohort(N_PATIENTS, seed=3, settings=SMALL), strict=True
    ):
        assert row["image"] in row["mask"]
        mask = nibabel.load(cohort.root / row["mask"])
        assert np.array_equal(np.asarray(mask.dataobj), phantom.mask.array[0])
        assert np.allclose(mask.affine, phantom.image.affine_ras, atol=1e-4)


def test_the_truth_lists_every_lesion_of_every_case(cohort: Cohort) -> None:
    truth = json.loads(cohort.truth.read_text())
    rows = read_table(cohort.root / "lesions.csv")
    manifest = {row["case"]: row for row in read_table(cohort.manifest)}
    assert set(truth["cases"]) == set(manifest)
    for case, known in truth["cases"].items():
        assert len(known["lesions"]) == int(manifest[case]["lesions"])
        assert [float(r["diameter_mm"]) for r in rows if r["case"] == case] == pytest.approx(
            [lesion["diameter_mm"] for lesion in known["lesions"]], abs=1e-3
        )
    assert cohort.n_lesions == len(rows)


def test_the_manifest_names_patient_date_and_scanner_as_the_headers_do(cohort: Cohort) -> None:
    series, _ = read_series(cohort.root / "dicom")
    rows = read_table(cohort.manifest)
    assert len({row["patient"] for row in rows}) == N_PATIENTS
    assert {row["site"] for row in rows} == {scanner.name for scanner in SMALL.scanners}
    for row in rows:
        header = series[row["image"]][0]
        assert header.PatientID == row["patient"]
        assert header.StudyDate == row["date"].replace("-", "")
        assert header.ConvolutionKernel == row["kernel"]


def test_about_a_tenth_of_the_patients_is_healthy_on_both_scanners() -> None:
    coarse = replace(SMALL, in_plane_spacing_mm=(4.0, 4.0), nodes=(0, 0), granulomas=(0, 0), vessels=0)
    healthy = [phantom for phantom in make_cohort(50, seed=1, settings=coarse) if not phantom.lesions]
    assert 4 <= len(healthy) <= 6
    assert len({phantom.scanner for phantom in healthy}) == 2


@pytest.mark.parametrize("seed", range(4))
def test_a_cohort_of_a_dozen_always_has_healthy_patients(seed: int) -> None:
    coarse = replace(SMALL, in_plane_spacing_mm=(4.0, 4.0), nodes=(0, 0), granulomas=(0, 0), vessels=0)
    assert any(not phantom.lesions for phantom in make_cohort(12, seed=seed, settings=coarse))


def test_no_patient_is_healthy_where_none_is_wanted() -> None:
    chosen = replace(SMALL, in_plane_spacing_mm=(4.0, 4.0), healthy_share=0.0)
    assert all(phantom.lesions for phantom in make_cohort(8, settings=chosen))


def test_a_patient_is_the_same_however_many_follow() -> None:
    short, long = (list(make_cohort(n, seed=2, settings=SMALL)) for n in (2, 3))
    for one, other in zip(short, long, strict=False):
        assert np.array_equal(one.image.array, other.image.array)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        root = write_cohort(tmp_path / name, 2, seed=1, settings=SMALL).root
        files = sorted(path for path in root.joinpath("dicom").rglob("*") if path.is_file())
        digests.append(
            [(str(p.relative_to(root)), hashlib.sha256(p.read_bytes()).hexdigest()) for p in files]
        )
    assert digests[0] == digests[1]


def test_progress_is_told_after_each_patient(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_cohort(
        tmp_path / "cohort", 2, settings=SMALL, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 2), (2, 2)]


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        write_cohort(tmp_path, 1, settings=SMALL)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        write_cohort(tmp_path / "file" / "cohort", 1, settings=SMALL)


def test_a_cohort_without_patients_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="n_patients"):
        write_cohort(tmp_path / "cohort", 0, settings=SMALL)


def test_a_boxed_cohort_opens_with_a_box_around_the_voxels_of_each_lesion(tmp_path: Path) -> None:
    written = write_boxed_cohort(tmp_path / "boxed", N_PATIENTS, seed=3, settings=SMALL)
    dataset = open_dataset(written.root)
    assert dataset.target == "boxes"
    for case, phantom in zip(dataset.cases, make_cohort(N_PATIENTS, seed=3, settings=SMALL), strict=True):
        image, boxes, instances = case.image.read(), case.boxes.read(), phantom.instances.array[0]
        np.testing.assert_array_equal(image.array, phantom.image.array)
        np.testing.assert_allclose(image.affine_ras, phantom.image.affine_ras, atol=1e-4)
        assert case.patient == phantom.patient
        assert set(boxes.classes) <= {"lesion"}
        places = [np.argwhere(instances == lesion.number) for lesion in phantom.lesions if lesion.voxels]
        np.testing.assert_array_equal(
            boxes.box_ijk, np.reshape([[own.min(0), own.max(0) + 1] for own in places], (-1, 2, 3))
        )
    assert written.n_lesions == len(read_table(written.root / "boxes.csv"))
    assert json.loads(written.truth.read_text())["cases"].keys() == {case.name for case in dataset.cases}


def test_a_boxed_cohort_is_not_written_over_anything(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match="not empty"):
        write_boxed_cohort(tmp_path, 1, settings=SMALL)
