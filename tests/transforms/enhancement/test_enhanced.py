"""Every step fits every kind of image, and says what it did."""

from __future__ import annotations

import numpy as np
import pytest

from builders import TILTED_AFFINE, noise
from scanwright.data.recipe import read_recipe
from scanwright.data.step_kinds import BY_NAME, KINDS
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.transforms.enhancement.enhanced import enhance, follow
from scanwright.transforms.enhancement.functions import FILES, function_of

ONE_OF_EACH = (
    "grey",
    "median=1",
    "gaussian=1",
    "bilateral=1:20",
    "nlm",
    "nlm=10",
    "wavelet",
    "wavelet=10",
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


def test_every_kind_has_its_function():
    assert set(FILES) == set(BY_NAME)
    for name in BY_NAME:
        assert function_of(name).__name__ == name


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


def test_steps_are_done_in_their_order():
    made = follow(read_recipe("median=1, n4 ,percentile=1:99"), IMAGES["volume"], {})
    assert [one["step"] for one in made.done] == ["median", "n4", "percentile"]
    assert made.scale == "unit"
    assert made.image.array.min() == 0
    assert made.image.array.max() == 1


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


def test_the_steps_of_a_plan_keep_the_grid_and_none_keep_the_image():
    image = IMAGES["volume"]
    assert enhance(image, ()) is image
    done = enhance(image, ("median=1", "zscore"))
    assert done.same_grid(image)
    assert np.array_equal(done.array, follow(read_recipe("median=1,zscore"), image, {}).image.array)
    with pytest.raises(SettingsError, match="a plan can't hold the step crop"):
        enhance(image, ("crop",))
