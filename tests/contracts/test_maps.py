"""The contract that every kind of map keeps, in planes and volumes, for every kind of answer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from scanwright.data.families import FAMILIES
from scanwright.data.map_kinds import MAP_KINDS, choose_maps
from scanwright.errors import SettingsError
from scanwright.explanation.catalogue import METHODS
from scanwright.explanation.question import Question, fresh_network
from tiny_networks import KINDS, images, tiny_plan

# One family of each kind of answer in planes and volumes, and all others once.
ASKED = [(family, dims) for family, dims in KINDS if dims == 2 or family in ("resnet", "unet", "fpn", "vit")]
PAIRS = [
    (kind.name, family, dims)
    for kind in MAP_KINDS
    for family, dims in ASKED
    if not kind.attention or family == "vit"
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def question(family: str, dims: int, seed: int = 0) -> Question:
    plan = tiny_plan(family, dims)
    whole = FAMILIES[family].answers == "image"
    return Question(
        fresh_network(plan, "cpu", seed), plan, 1, None if whole else np.array([5, 6, 9], dtype=np.int64)
    )


def test_every_kind_has_a_method_and_a_word_in_both_languages() -> None:
    assert list(METHODS) == [kind.name for kind in MAP_KINDS]
    assert all(kind.title and kind.about and kind.about_zh for kind in MAP_KINDS)


@pytest.mark.parametrize(("name", "family", "dims"), PAIRS)
def test_a_map_has_a_number_for_each_voxel_and_leaves_the_model_alone(
    name: str, family: str, dims: int
) -> None:
    asked = question(family, dims)
    weights = {key: value.clone() for key, value in asked.state_dict().items()}
    image = images(asked.plan, 1)
    before = asked(image)
    relevance = METHODS[name](asked, image.clone(), torch.zeros_like(image)).detach()
    assert relevance.shape == image.shape[2:]
    assert torch.isfinite(relevance).all()
    assert all(torch.equal(value, weights[key]) for key, value in asked.state_dict().items())
    assert torch.equal(asked(image), before)
    hooks = [hook for module in asked.modules() for hook in (*module._forward_hooks, *module._backward_hooks)]
    assert not hooks


@pytest.mark.parametrize("name", [kind.name for kind in MAP_KINDS])
def test_a_map_depends_on_the_weights(name: str) -> None:
    family = "vit" if name == "attention_rollout" else "resnet"
    image = images(tiny_plan(family, 2), 1)
    one, other = (
        METHODS[name](question(family, 2, seed), image.clone(), torch.zeros_like(image)) for seed in (0, 1)
    )
    assert not torch.allclose(one, other)


def test_attention_is_only_followed_where_there_is_some() -> None:
    assert "attention_rollout" in [kind.name for kind in choose_maps(None, tiny_plan("vit", 2))]
    assert "attention_rollout" not in [kind.name for kind in choose_maps(None, tiny_plan("resnet", 2))]
    with pytest.raises(SettingsError, match="family vit"):
        choose_maps(["attention_rollout"], tiny_plan("resnet", 2))
    with pytest.raises(SettingsError, match="no such map"):
        choose_maps(["gradcam"], tiny_plan("resnet", 2))


def test_attention_that_stays_at_home_gives_every_patch_the_same() -> None:
    asked = question("vit", 2)
    for layer in asked.network.levels.children():
        if isinstance(layer, torch.nn.TransformerEncoderLayer):
            torch.nn.init.zeros_(layer.self_attn.in_proj_weight)  # all attend to all alike
    image = images(asked.plan, 1)
    relevance = METHODS["attention_rollout"](asked, image, image)
    patches = 16 * 8 / 4**2
    assert torch.allclose(relevance, torch.full_like(relevance, 1 / patches))


def test_integrated_gradients_add_up_to_the_difference_of_the_scores() -> None:
    asked = question("cnn", 2)
    image = images(asked.plan, 1)
    blank = torch.zeros_like(image)
    total = METHODS["integrated_gradients"](asked, image, blank).sum()
    assert float(total) == pytest.approx(float((asked(image) - asked(blank)).detach()), abs=0.05)


def test_a_score_is_the_logarithm_of_the_odds() -> None:
    asked = question("resnet", 2)
    image = images(asked.plan, 3)
    with torch.no_grad():
        probability = torch.softmax(asked.network(image)[0], dim=1)[:, 1]
        assert torch.allclose(asked.answer(image), probability, atol=1e-6)
        assert torch.allclose(torch.sigmoid(asked(image)[:, 0]), probability, atol=1e-6)
