"""Sources of other kinds than a plain series: files of frames, several volumes in one, and real series."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import EnhancedCTImageStorage

from builders import real_data, write_picture
from dicom_judges import complaints
from dicom_objects import FRAME_UID, enhanced
from dicom_results import ALGORITHM, STRUCTURES, Written
from scanwright.io.dataset import open_inputs
from scanwright.io.dicom.contours import read_structures
from scanwright.io.dicom.segments import read_segments
from scanwright.io.dicom.writing.segmentation import segmentation
from scanwright.io.dicom.writing.source import find_source
from scanwright.io.dicom.writing.structure_set import structure_set


def _frames(path: Path, **told) -> Path:
    whole = enhanced(**told)
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    whole.StudyInstanceUID, whole.FrameOfReferenceUID = "1.2.55", FRAME_UID
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.save_as(path, enforce_file_format=True)
    return path


def _drawn(source) -> np.ndarray:
    """An ellipsoid with a channel through it, and a block."""
    place, centre = np.indices(source.shape), np.array(source.shape)[:, None, None, None] / 2
    mask = ((((place - centre) / centre) ** 2).sum(axis=0) < 0.4).astype(np.uint8)
    i, j, k = (n // 2 for n in source.shape)
    mask[i - 1 : i + 1, j - 1 : j + 2, :] = 0
    mask[:2, :3, k] = 2
    return mask


def _check(folder: Path, case, source) -> None:
    written = Written(folder, case, source)
    mask = _drawn(source)
    outlined = written.save(segmentation(source, mask, STRUCTURES, ALGORITHM), "seg")
    drawn = written.save(structure_set(source, mask, STRUCTURES, ALGORITHM), "rtstruct")
    assert complaints(outlined) == complaints(drawn) == []
    np.testing.assert_array_equal(written.painted(read_segments(outlined)), mask)
    np.testing.assert_array_equal(written.painted(read_structures(drawn)), mask)


@pytest.mark.parametrize("order", [None, [3, 0, 4, 1, 2]])
def test_a_file_of_frames_gets_results_frame_by_frame(tmp_path, order):
    _frames(tmp_path / "images" / "whole.dcm", order=order)
    (case,) = open_inputs(tmp_path / "images").cases
    source = find_source(case, tmp_path / "images")
    frames = [frame for _, frame in source.images]
    assert frames == ([1, 2, 3, 4, 5] if order is None else [order.index(k) + 1 for k in range(5)])
    made = segmentation(source, _drawn(source), STRUCTURES, ALGORITHM)
    for one in made.PerFrameFunctionalGroupsSequence:
        drawn_on = one.DerivationImageSequence[0].SourceImageSequence[0]
        height = one.PlanePositionSequence[0].ImagePositionPatient[2]
        assert drawn_on.ReferencedFrameNumber == frames[round((height + 500) / 5)]


def test_a_single_file_is_a_source_too(tmp_path):
    path = _frames(tmp_path / "images" / "whole.dcm")
    (case,) = open_inputs(path).cases
    source = find_source(case, path.parent)
    assert source.shape == (16, 24, 5)


def test_the_volumes_of_one_file_stay_apart(tmp_path):
    _frames(tmp_path / "images" / "whole.dcm", echoes=(4.6, 9.2))
    first, second = open_inputs(tmp_path / "images").cases
    sources = [find_source(case, tmp_path / "images") for case in (first, second)]
    assert [[frame for _, frame in one.images] for one in sources] == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]
    made = structure_set(sources[1], _drawn(sources[1]), STRUCTURES, ALGORITHM)
    named = made.ROIContourSequence[0].ContourSequence[0].ContourImageSequence[0].ReferencedFrameNumber
    assert named in range(6, 11)


def test_a_picture_is_no_source(tmp_path):
    write_picture(tmp_path / "a.png", np.zeros((8, 8), np.uint8))
    (case,) = open_inputs(tmp_path).cases
    assert find_source(case, tmp_path) is None


def test_real_series_get_results_that_pass_and_are_read_back_equal(tmp_path):
    folder = real_data("dicom-brain-mr") / "Study1" / "13_HCropVolume"
    (case,) = open_inputs(folder).cases
    _check(tmp_path, case, find_source(case, folder))
