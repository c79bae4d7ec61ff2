"""Facts of one case, and which cases look alike."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from builders import TILTED_AFFINE, ball_mask, memory_case, noise
from scanwright.data.boxes import Boxes
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning.facts import (
    check_pair,
    count_labels,
    gather_facts,
    image_hash,
    same_pictures,
)

SHAPE = (12, 10, 8)


def scan(name="a", **known):
    return memory_case(name, noise((1, *SHAPE)).astype(np.int16), **known)


def picture(seed=0, shape=(60, 50)):
    """Smooth blobs, as photographs are."""
    blobs = gaussian_filter(np.random.default_rng(seed).normal(size=shape), 4)
    return (255 * (blobs - blobs.min()) / np.ptp(blobs)).astype(np.uint8)[None, :, :, None]


def photograph(name, array):
    return memory_case(name, array, label="x", affine=None)


def test_shape_and_spacing_are_told_along_the_axes_that_the_work_goes_by():
    facts = gather_facts(scan(mask=ball_mask(SHAPE)))
    assert facts.orientation == "ALS"
    assert facts.shape == (10, 12, 8)
    assert facts.spacing_mm == pytest.approx((0.8, 0.7, 2.5))


def test_a_plane_that_stands_upright_keeps_its_axes():
    sagittal = np.array([[0, 0, 3.0, 0], [1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 1]])
    facts = gather_facts(memory_case("a", noise((1, 9, 7, 1)), label="x", affine=sagittal))
    assert facts.plane
    assert facts.shape == (9, 7, 1)
    assert facts.spacing_mm == (1, 2, 3)


def test_a_photograph_has_no_spacing_and_no_orientation():
    facts = gather_facts(photograph("a", noise((3, 9, 7, 1))))
    assert (facts.spacing_mm, facts.orientation, facts.n_channels) == (None, "", 3)
    assert facts.eight_bit
    assert facts.label == "x"
    assert facts.plane


def test_labels_are_counted_with_their_own_values():
    mask = ball_mask(SHAPE, label=4)
    facts = gather_facts(scan(mask=mask))
    assert facts.label_voxels == {0: int((mask == 0).sum()), 4: int((mask == 4).sum())}


BOXES = Boxes(
    [
        [[1, 2, 3], [5, 8, 5]],  # inside
        [[-4, 0, 0], [2, 2, 2]],  # half of it
        [[20, 0, 0], [24, 4, 4]],  # beside the image
        [[3, 3, 3], [3, 5, 5]],  # flat
        [[0, 0, 0], [4, 4, 4]],  # does not count
    ],
    ("cyst", "tumour", "tumour", "cyst", "cyst"),
    flags=("", "", "", "", "difficult"),
)


def test_objects_are_counted_and_measured_along_the_axes_that_the_work_goes_by():
    facts = gather_facts(scan(boxes=BOXES), target="boxes")
    assert sorted(facts.box_classes) == ["cyst", "tumour"]
    np.testing.assert_array_equal(facts.box_sides, [[6, 4, 2], [2, 2, 2]])


def test_boxes_are_read_only_where_they_are_to_be_learnt():
    facts = gather_facts(scan(boxes=BOXES, mask=ball_mask(SHAPE)), target="mask")
    assert facts.box_classes == ()
    assert facts.box_sides.shape == (0, 3)
    assert set(facts.label_voxels) == {0, 1}


def test_a_mask_may_number_more_objects_than_classes_can_be_where_boxes_are_learnt():
    numbered = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    facts = gather_facts(scan(boxes=BOXES, mask=numbered), target="boxes")
    assert facts.label_voxels == {}


def test_intensities_are_sampled_where_there_are_labels():
    image = np.zeros((1, *SHAPE), np.float32)
    mask = ball_mask(SHAPE)
    image[0][mask > 0] = 100
    assert gather_facts(memory_case("a", image, mask=mask)).sample.min() == 100
    assert gather_facts(memory_case("a", image, mask=np.zeros(SHAPE, np.uint8))).sample.min() == 0


def test_large_images_are_sampled_thinly():
    facts = gather_facts(memory_case("a", noise((2, 40, 40, 40)), label="x"))
    assert facts.sample.shape[0] == 2
    assert 2000 <= facts.sample.shape[1] < 4000


def test_non_finite_voxels_are_counted_and_spoil_nothing():
    image = noise((1, *SHAPE)).astype(np.float32)
    image[0, 0, 0, :3] = (np.nan, np.inf, -np.inf)
    facts = gather_facts(memory_case("a", image, label="x"))
    assert facts.non_finite == 3
    assert np.isfinite(facts.sample).all()
    assert np.isfinite(facts.span).all()


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((1, *SHAPE), np.nan), "a: the image holds no finite voxel"),
        (np.full((1, *SHAPE), 7), "a: the image is constant"),
        (np.where(np.eye(10)[None, :, :, None] > 0, np.nan, 7.0), "a: the image is constant"),
    ],
)
def test_an_image_without_content_is_refused_by_name(image, message):
    with pytest.raises(DataError, match=message):
        gather_facts(memory_case("a", image, label="x"))


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(DataError, match=r"a: the mask has another shape.*Expected \(12, 10, 8\)"):
        gather_facts(scan(mask=ball_mask((12, 10, 9))))


@pytest.mark.parametrize("change", [[0, 0, 0, 1], [0, 0, 0.5, 0]])
def test_a_mask_that_lies_elsewhere_is_refused(change):
    moved = TILTED_AFFINE.copy()
    moved[2] += change
    image, mask = Volume(noise((1, *SHAPE)), TILTED_AFFINE), Volume(ball_mask(SHAPE)[None], moved)
    with pytest.raises(DataError, match="a: the mask lies elsewhere"):
        check_pair(image, mask, "a")


def test_a_header_that_was_rounded_is_the_same_place():
    moved = TILTED_AFFINE + 1e-4
    moved[3] = [0, 0, 0, 1]
    check_pair(Volume(noise((1, *SHAPE)), TILTED_AFFINE), Volume(ball_mask(SHAPE)[None], moved), "a")


def test_an_image_is_no_mask():
    with pytest.raises(DataError, match=r"a: the mask does not look like one.*at most 64.*Received 100"):
        count_labels(np.arange(100), "a")


def test_the_same_image_has_the_same_hash_wherever_it_lies():
    array = noise((1, *SHAPE))
    assert image_hash(Volume(array)) == image_hash(Volume(array.copy(), TILTED_AFFINE))
    assert image_hash(Volume(array)) != image_hash(Volume(array.reshape(1, 10, 12, 8)))


def test_cases_that_show_one_picture_are_grouped():
    others = [gather_facts(photograph(str(seed), picture(seed))) for seed in range(6)]
    darker = (picture() * 0.7 + 20).astype(np.uint8)
    facts = [*others, gather_facts(photograph("darker", darker)), gather_facts(scan("a", label="x"))]
    assert same_pictures(facts) == [["0", "darker"]]
    assert same_pictures(others) == []


def test_intensities_are_those_after_the_steps_and_all_else_is_as_it_came():
    case = memory_case("a", noise((3, 20, 18, 1)), label="x", affine=None)
    plain, after = gather_facts(case), gather_facts(case, ("grey", "percentile=0:100"))
    assert (plain.n_channels, after.n_channels) == (3, 1)
    assert after.sample.shape[0] == after.span.shape[0] == 1
    assert 0 <= after.sample.min() < after.sample.max() <= 1
    assert after.span[0, 1] <= 1
    assert after.eight_bit
    for name in ("shape", "spacing_mm", "sha256", "modality", "non_finite"):
        assert getattr(after, name) == getattr(plain, name)
    assert np.array_equal(after.look, plain.look)


def test_samples_after_the_steps_lie_where_the_mask_does():
    image = np.zeros((1, *SHAPE), np.float32)
    mask = ball_mask(SHAPE)
    image[0][mask > 0] = 100 + noise(SHAPE, top=50)[mask > 0]
    facts = gather_facts(memory_case("a", image, mask=mask), ("window=100:400",))
    assert facts.sample.min() >= 0.5


def test_steps_that_leave_nothing_to_see_are_said():
    with pytest.raises(
        DataError, match=r"after the plan's steps every voxel has the same value.*window=900:10"
    ):
        gather_facts(scan(label="x"), ("window=900:10",))
