"""Familiarity: images unlike those that were learnt from are told, in what they are, and no others."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from scanwright.core.familiarity import Familiarity, describe_image, learn_familiarity
from scanwright.errors import ModelError

Change = Callable[[np.ndarray], np.ndarray]


def patient(rng: np.random.Generator, n_axes: int = 2) -> np.ndarray:
    """(1, i, j, k): a bright organ on the left, a dark one at the back, noise; no two alike."""
    shape = (40, 48, 1) if n_axes == 2 else (24, 28, 20)
    grid = np.meshgrid(*(np.linspace(0, 1, n) for n in shape), indexing="ij")
    places = ((0.25, 0.4, 0.3), 700.0), ((0.6, 0.8, 0.7), -350.0)
    image = np.full(shape, 400.0) + rng.normal(0, 25, shape)
    for middle, height in places:
        off = [own - m - rng.normal(0, 0.02) for own, m in zip(grid, middle, strict=True)][:n_axes]
        image += height * rng.uniform(0.9, 1.1) * np.exp(-sum(one**2 for one in off) / 0.03)
    return image[None]


def learnt(n_axes: int = 2, n: int = 60) -> Familiarity:
    rng = np.random.default_rng(0)
    affine = None if n_axes == 2 else np.eye(4)
    described = [describe_image(patient(rng, n_axes), affine) for _ in range(n)]
    return learn_familiarity(described, range(n))


@pytest.mark.parametrize("n_axes", [2, 3])
def test_few_images_of_the_same_kind_are_strange(n_axes: int) -> None:
    familiar, rng = learnt(n_axes), np.random.default_rng(1)
    affine = None if n_axes == 2 else np.eye(4)
    most = [
        max(familiar.strangeness(describe_image(patient(rng, n_axes), affine)).values()) for _ in range(60)
    ]
    assert np.mean(np.array(most) > 1) <= 0.05


@pytest.mark.parametrize(
    ("change", "aspect"),
    [
        (lambda a: a[:, ::-1], "orientation"),
        (lambda a: a[:, :, ::-1], "orientation"),
        (lambda a: a.max() + a.min() - a, "greys"),
        (lambda a: a / 100, "level"),
        (lambda a: np.repeat(np.repeat(a[:, 10:30, 12:36], 2, 1), 2, 2), "layout"),
        (lambda a: a[:, :, :20], "extent"),
        (lambda a: a + np.random.default_rng(0).normal(0, 300, a.shape), "texture"),
    ],
)
def test_a_changed_image_is_strange_in_what_was_changed(change: Change, aspect: str) -> None:
    familiar, image = learnt(), patient(np.random.default_rng(2))
    assert familiar.strangeness(describe_image(change(image), None))[aspect] > 1


def test_a_volume_is_the_same_however_its_voxels_are_stored() -> None:
    familiar, image = learnt(3), patient(np.random.default_rng(3), 3)
    stored = np.flip(image, 1).transpose(0, 2, 1, 3)
    assert max(familiar.strangeness(describe_image(image, np.eye(4))).values()) < 1
    mistaken = familiar.strangeness(describe_image(np.flip(image, 1), np.eye(4)))
    assert mistaken["orientation"] > 1
    same = np.array([[0, -1.0, 0, 23], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert max(familiar.strangeness(describe_image(stored, same)).values()) < 1


def test_a_volume_is_no_plane_and_an_image_without_spacing_no_volume() -> None:
    familiar, image = learnt(3), patient(np.random.default_rng(3), 3)
    assert familiar.strangeness(describe_image(image[..., :1], np.eye(4)))["layout"] == np.inf
    assert familiar.strangeness(describe_image(image, None))["extent"] == np.inf


def test_one_stranger_among_those_learnt_from_hides_no_other() -> None:
    rng = np.random.default_rng(0)
    described = [describe_image(patient(rng), None) for _ in range(60)]
    described[7] = describe_image(rng.normal(0, 1000, (1, 40, 48, 1)), None)
    familiar = learn_familiarity(described, range(60))
    assert familiar.strangeness(describe_image(rng.normal(0, 1000, (1, 40, 48, 1)), None))["texture"] > 1


def test_too_few_images_tell_nothing() -> None:
    familiar = learnt(n=5)
    assert not familiar.is_learnt
    assert familiar.strangeness(describe_image(patient(np.random.default_rng(0)), None)) == {}


def test_it_travels_as_plain_data() -> None:
    familiar, image = learnt(), describe_image(patient(np.random.default_rng(4)), None)
    again = Familiarity.from_json(json.loads(json.dumps(familiar.to_json())))
    assert again.strangeness(image) == pytest.approx(familiar.strangeness(image), rel=1e-9)
    assert not Familiarity.from_json(json.loads(json.dumps(Familiarity().to_json()))).is_learnt


@pytest.mark.parametrize(
    "damage",
    [
        lambda one: one.pop("n"),
        lambda one: one.update(usual=[1]),
        lambda one: one["usual"]["greys"].update(limit=-1),
        lambda one: one["usual"]["greys"].update(limit="nan"),
        lambda one: one["usual"]["greys"]["whitening"].pop(),
        lambda one: one["usual"]["greys"]["centre"].__setitem__(0, float("inf")),
    ],
)
def test_damaged_data_are_refused(damage: Callable[[dict], object]) -> None:
    plain = learnt().to_json()
    damage(plain)
    with pytest.raises(ModelError):
        Familiarity.from_json(plain)


def test_channels_in_another_order_are_strange() -> None:
    rng = np.random.default_rng(0)

    def coloured() -> np.ndarray:
        return np.concatenate([patient(rng) * share for share in (1.0, 0.6, 0.3)])

    familiar = learn_familiarity([describe_image(coloured(), None) for _ in range(40)], range(40))
    assert familiar.strangeness(describe_image(coloured()[::-1], None))["channels"] > 1
    assert max(familiar.strangeness(describe_image(coloured(), None)).values()) < 1
