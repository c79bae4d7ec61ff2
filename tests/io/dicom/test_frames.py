"""Enhanced multi-frame images: a file holds a volume, and says of each frame where it lies."""

import numpy as np
import pytest

from builders import dicom_series
from dicom_objects import enhanced
from scanwright.errors import DataError
from scanwright.io import open_inputs, read_image


def save(dataset, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("order", [None, [3, 0, 4, 1, 2]])
def test_a_file_of_frames_is_the_volume_of_its_slices(tmp_path, order):
    volume = read_image(save(enhanced(order=order), tmp_path / "whole.dcm"))
    assert volume.array.shape == (1, 16, 24, 5)
    np.testing.assert_allclose(volume.affine_ras @ (10, 20, 3, 1), (143, 146, -485, 1), atol=1e-9)
    assert [volume.array[0, 10, 20, k] for k in range(5)] == [
        (100 * k + 50) * (k + 1) - 1024 for k in range(5)
    ]


def test_echoes_in_one_file_are_told_apart(tmp_path):
    save(enhanced(echoes=(4.6, 12.2)), tmp_path / "export" / "whole")
    dataset = open_inputs(tmp_path / "export")
    assert [case.name for case in dataset.cases] == [
        "export_EffectiveEchoTime-4.6",
        "export_EffectiveEchoTime-12.2",
    ]
    assert all(case.image.read().shape == (16, 24, 5) for case in dataset.cases)


def test_a_film_is_no_volume(tmp_path):
    film = enhanced()
    del film.PerFrameFunctionalGroupsSequence, film.SharedFunctionalGroupsSequence
    with pytest.raises(DataError, match=r"several frames without a place.*film"):
        read_image(save(film, tmp_path / "film.dcm"))


def test_an_implausible_number_of_frames_is_refused_before_anything_is_made(tmp_path):
    film = enhanced()
    film.NumberOfFrames = 2_000_000_000
    with pytest.raises(DataError, match="NumberOfFrames makes no sense"):
        read_image(save(film, tmp_path / "film.dcm"))


def test_frames_beside_single_slices_make_one_series_only_where_they_fit(tmp_path):
    save(enhanced(), tmp_path / "a" / "whole")
    for index, one in enumerate(dicom_series(3, series="1.2.9")):
        save(one, tmp_path / "b" / f"{index}")
    assert sorted(case.name for case in open_inputs(tmp_path).cases) == ["a", "b"]
