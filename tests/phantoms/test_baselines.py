"""The naive detectors: they find what is easy, and a phantom is not."""

import numpy as np
import pytest

from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.phantoms import PhantomSettings, make_cohort
from scanwright.phantoms.baselines import (
    BlobWindow,
    Threshold,
    blob_boxes,
    detect_blobs,
    score_naive_detectors,
    threshold_lesions,
)

BRIGHT = BlobWindow(-900.0, 50.0, bright=True, tissue_hu=-700.0)


def make_easy_patient(n_balls: int = 2, radius_mm: float = 6.0) -> tuple[Volume, Volume]:
    """Bright balls in an empty lung: anything finds them."""
    affine = np.diag([-1.0, -1.0, 2.0, 1.0])
    affine[:3, 3] = (40.0, 30.0, -100.0)
    i, j, k = np.meshgrid(np.arange(64), np.arange(56), np.arange(30), indexing="ij")
    mask = np.zeros(i.shape, dtype=np.uint8)
    for ball in range(n_balls):
        square = (i - 16 - 30 * ball) ** 2 + (j - 26) ** 2 + (2 * (k - 14)) ** 2
        mask[square < radius_mm**2] = 1
    image = np.where(mask > 0, 0, -850).astype(np.int16)
    return Volume(image[None], affine, "CT"), Volume(mask[None], affine)


def test_a_threshold_finds_a_bright_ball_in_an_empty_lung() -> None:
    image, mask = make_easy_patient()
    found = threshold_lesions(image, Threshold(-350.0, 250.0, 2))
    assert (found & (mask.array[0] > 0)).sum() > 0.8 * mask.array.sum()
    assert threshold_lesions(image, Threshold(-350.0, 250.0, 1)).sum() < found.sum()


def test_a_blob_detector_finds_the_place_and_about_the_size_of_a_ball() -> None:
    image, _ = make_easy_patient(n_balls=1)
    blob = detect_blobs(image, BRIGHT)[0]
    assert np.linalg.norm(np.array(blob.centre_mm) - (24.0, 4.0, -72.0)) < 1.5
    assert 4.0 < blob.radius_mm < 9.0


def test_both_detectors_are_perfect_where_there_is_nothing_but_lesions() -> None:
    scores = score_naive_detectors([make_easy_patient(), make_easy_patient(1), make_easy_patient(0)])
    assert scores.threshold_dice > 0.8
    assert scores.blob_cpm == pytest.approx(1.0)
    assert (scores.n_patients, scores.n_lesions) == (3, 3)


def test_both_detectors_are_poor_on_phantoms() -> None:
    coarse = PhantomSettings(in_plane_spacing_mm=(1.2, 1.4), slice_spacing_mm=(2.5, 3.5))
    cohort = ((phantom.image, phantom.mask) for phantom in make_cohort(8, seed=4, settings=coarse))
    scores = score_naive_detectors(cohort)
    assert scores.threshold_dice < 0.5
    assert scores.blob_cpm < 0.5
    assert list(scores.blob_sensitivities) == sorted(scores.blob_sensitivities)


def test_false_alarms_on_healthy_patients_lower_the_cpm() -> None:
    ill = make_easy_patient(1)
    image, _ = make_easy_patient(2)
    alarm = (image, Volume(np.zeros(image.array.shape, np.uint8), image.affine_ras))
    assert score_naive_detectors([ill, alarm, alarm]).blob_cpm < 1.0


def test_scoring_needs_a_lesion_and_a_place_in_the_patient() -> None:
    with pytest.raises(DataError, match="patient with a lesion"):
        score_naive_detectors([make_easy_patient(0)])
    image, _ = make_easy_patient()
    with pytest.raises(DataError, match="affine"):
        detect_blobs(Volume(image.array), BRIGHT)


def test_blobs_become_boxes_around_their_balls_with_their_scores() -> None:
    image, _ = make_easy_patient(n_balls=1)
    blobs = detect_blobs(image, BRIGHT)
    found = blob_boxes(blobs, image.affine_ras)
    assert found.scores.tolist() == [blob.score for blob in blobs]
    np.testing.assert_allclose(found.box_ijk[0].mean(axis=0), (16.5, 26.5, 14.5), atol=1)
    np.testing.assert_allclose(np.diff(found.box_ijk[0], axis=0)[0] * (1, 1, 2), 2 * blobs[0].radius_mm)
    assert len(blob_boxes([], image.affine_ras)) == 0
