"""Recipes are checked before anything is read, and every step fits every kind of image."""

from __future__ import annotations

import numpy as np
import pytest

from builders import TILTED_AFFINE, noise
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.transforms.enhancement.catalogue import BY_NAME, KINDS
from scanwright.transforms.enhancement.recipe import follow, read_recipe

ONE_OF_EACH = (
    "grey",
    "median=1",
    "gaussian=1",
    "bilateral=1:20",
    "diffusion=3",
    "n4",
    "zscore",
    "percentile=1:99",
    "window=100:80",
    "match=other.png",
    "clahe=3",
    "fill",
    "fill=0",
    "spacing=2",
    "spacing=1:2:3",
    "crop",
    "crop=2.5",
)
GRID = ("spacing", "crop")


def blob(shape, channels=1, *, dtype=np.uint8):
    """A bright ball with noise in front of dark noise."""
    grid = np.meshgrid(*[np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in shape], indexing="ij")
    ball = sum(axis**2 for axis in grid) < 0.4
    return (noise((channels, *shape), top=40) + 120 * ball).astype(dtype)


IMAGES = {
    "photograph": Volume(blob((40, 30, 1)), modality="photograph"),
    "colours": Volume(blob((40, 30, 1), 3), modality="photograph"),
    "volume": Volume(blob((20, 18, 12), dtype=np.int16), TILTED_AFFINE, "MR"),
    "one slice": Volume(blob((20, 18, 1)).astype(np.float32), TILTED_AFFINE),
    "three contrasts": Volume(blob((16, 14, 12), 3, dtype=np.uint16), TILTED_AFFINE),
}
REFERENCES = {"other.png": Volume(noise((1, 9, 9, 1), top=100))}


def test_every_kind_is_tried_here():
    assert {text.partition("=")[0] for text in ONE_OF_EACH} == set(BY_NAME)
    assert len(BY_NAME) == len(KINDS)


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("text", ONE_OF_EACH)
def test_each_step_fits_each_kind_of_image_and_leaves_the_source_alone(text, name):
    image, before = IMAGES[name], IMAGES[name].array.copy()
    made = follow(read_recipe(text), image, REFERENCES)
    assert np.array_equal(image.array, before)
    assert np.isfinite(made.image.array).all()
    assert made.image.array.dtype in (np.float32, image.array.dtype)
    assert made.image.modality == image.modality
    assert made.image.n_channels == (1 if text == "grey" else image.n_channels)
    if text.partition("=")[0] not in GRID:
        assert made.image.same_grid(image)
    assert (made.image.affine_ras is None) == (image.affine_ras is None)
    record = made.done[0]
    assert record["step"] == text.partition("=")[0]
    assert record["invertible"] == bool(record["undo"])


@pytest.mark.parametrize("text", ONE_OF_EACH)
def test_a_step_is_written_as_it_was_read(text):
    (step,) = read_recipe(text)
    assert read_recipe(step.written) == (step,)


def test_steps_are_done_in_their_order():
    made = follow(read_recipe("median=1, n4 ,percentile=1:99"), IMAGES["volume"], {})
    assert [one["step"] for one in made.done] == ["median", "n4", "percentile"]
    assert made.scale == "unit"
    assert made.image.array.min() == 0
    assert made.image.array.max() == 1


def test_a_list_may_hold_a_file_name_with_commas():
    (step,) = read_recipe(["match=a,b:c.nii"])
    assert step.files == ("a,b:c.nii",)
    assert step.values == {"reference": "a,b:c.nii"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("medain=1", "did you mean median"),
        ("N4", "did you mean n4"),
        ("wavelet=2", "Expected one of grey, median"),
        ("", "no steps are given"),
        ("n4,,zscore", "a step is missing"),
        ("median", "Expected median=RADIUS"),
        ("median=", "Expected median=RADIUS"),
        ("median=1:2", "Expected median=RADIUS"),
        ("median=x", "RADIUS, a number above 0 to 50"),
        ("median=0", "above 0"),
        ("median=nan", "Received 'nan'"),
        ("diffusion=2.5", "a whole number from 1 to 500"),
        ("gaussian=-1", "SIGMA_MM, a number above 0"),
        ("gaussian=inf", "Received 'inf'"),
        ("n4=3", "takes no value"),
        ("percentile=99:1", "LOW must be below HIGH"),
        ("percentile=1:101", "to 100"),
        ("window=40", "Expected window=CENTRE:WIDTH"),
        ("window=40:0", "WIDTH, a number above 0"),
        ("spacing=1:2", "Expected spacing=MM[:MM:MM]"),
        ("match", "match=REFERENCE_FILE"),
        ("fill=", "Expected fill[=MARKED]"),
        ("crop=-1", "MARGIN_MM, a number from 0"),
    ],
)
def test_what_is_wrong_is_said(text, said):
    with pytest.raises(SettingsError) as error:
        read_recipe(text)
    assert said in str(error.value)
    assert error.value.exit_code == 2


def test_unusable_voxels_count_as_the_smallest_usable_value():
    array = np.full((1, 6, 5, 4), 7, dtype=np.float32)
    array[0, 0, 0, 0], array[0, 1, 1, 1] = np.nan, 3
    made = follow(read_recipe("gaussian=1"), Volume(array, np.eye(4)), {})
    assert made.n_replaced == 1
    assert np.isfinite(made.image.array).all()
    with pytest.raises(DataError, match="usable value"):
        follow(read_recipe("zscore"), Volume(np.full((1, 3, 3, 3), np.nan), np.eye(4)), {})


def test_a_step_that_fails_in_its_library_is_named(monkeypatch):
    def broken(*arguments):
        raise RuntimeError("itk::ERROR")

    monkeypatch.setattr("scanwright.transforms.enhancement.denoising.sitk.Bilateral", broken)
    with pytest.raises(DataError, match="bilateral=1:20 does not work on this image"):
        follow(read_recipe("bilateral=1:20"), IMAGES["volume"], {})


@pytest.mark.parametrize("text", ONE_OF_EACH)
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 7, 1), (2, 3, 2)])
def test_tiny_and_constant_images_give_an_image_or_a_reason(text, shape):
    for array in (np.full((1, *shape), 5, np.uint8), noise((1, *shape))):
        try:
            made = follow(read_recipe(text), Volume(array, np.eye(4)), REFERENCES)
        except DataError:
            continue
        assert np.isfinite(made.image.array).all()
