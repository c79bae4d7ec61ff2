"""Which places learn which object."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scanwright.core.boxes import intersection_over_union
from scanwright.training.assignment import MOST_PLACES, assign, distance_loss, pairwise_overlap

STEP = torch.tensor([4.0, 4.0])


def places(n: int = 8, dims: int = 2) -> torch.Tensor:
    axes = [torch.arange(n)] * dims
    return (torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, dims) + 0.5) * 4.0


def around(points: torch.Tensor, half: float = 6.0) -> torch.Tensor:
    return torch.stack([points - half, points + half], dim=1)


def truth(*rows: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float32)


def sure(n: int, n_classes: int = 2, value: float = 0.5) -> torch.Tensor:
    return torch.full((n, n_classes), value)


def test_an_object_is_learnt_by_the_places_inside_it_that_fit_best():
    points = places()
    made = assign(sure(64), around(points), points, truth((1, 0, 10, 10, 22, 22)), STEP)
    at = (made.objects == 0).nonzero()[:, 0]
    assert 0 < len(at) <= MOST_PLACES
    assert ((points[at] > 10) & (points[at] < 22)).all()
    best = made.strength.argmax()
    assert (points[best] - 16).abs().max() <= 2
    assert made.strength[best] == pytest.approx(
        pairwise_overlap(around(points)[best][None], torch.tensor([[[10.0, 10.0], [22.0, 22.0]]])).item()
    )


def test_a_place_that_knows_the_class_is_chosen_before_one_that_does_not():
    points = places()
    scores = sure(64, value=0.01)
    knowing = int(((points - torch.tensor([14.0, 14.0])).abs().sum(1)).argmin())
    scores[knowing, 1] = 0.9
    made = assign(scores, around(points), points, truth((1, 0, 10, 10, 22, 22)), STEP)
    assert made.strength.argmax() == knowing


def test_even_an_object_smaller_than_the_places_lie_apart_is_learnt():
    points = places()
    made = assign(sure(64), around(points, 0.01), points, truth((0, 0, 7.9, 7.9, 8.1, 8.1)), STEP)
    assert (made.objects == 0).any()


def test_every_object_that_counts_is_learnt_by_some_place_of_its_own():
    points = places()
    rows = [(0, 0, 4 * n, 4 * n, 4 * n + 9, 4 * n + 9) for n in range(5)]
    made = assign(sure(64), around(points), points, truth(*rows), STEP)
    assert set(made.objects.tolist()) == {-1, 0, 1, 2, 3, 4}


def test_an_object_that_does_not_count_is_not_learnt_and_its_places_are_left_out():
    points = places()
    made = assign(sure(64), around(points), points, truth((0, 1, 8, 8, 20, 20)), STEP)
    assert (made.objects == -1).all()
    inside = ((points > 8) & (points < 20)).all(dim=1)
    assert torch.equal(made.ignored, inside)
    assert made.strength.sum() == 0


def test_without_objects_nothing_is_learnt():
    points = places()
    made = assign(sure(64), around(points), points, torch.zeros(0, 6), STEP)
    assert (made.objects == -1).all()
    assert not made.ignored.any()


def boxes_of(dims: int):
    number = st.floats(0, 50, width=32)
    side = st.floats(0.5, 30, width=32)
    row = st.tuples(st.tuples(*[number] * dims), st.tuples(*[side] * dims))
    return st.lists(row, min_size=1, max_size=5).map(
        lambda rows: torch.tensor([[lo, [a + b for a, b in zip(lo, s, strict=True)]] for lo, s in rows])
    )


@pytest.mark.parametrize("dims", [2, 3])
def test_overlaps_are_those_of_core(dims):
    @given(boxes_of(dims), boxes_of(dims))
    def check(a, b):
        np.testing.assert_allclose(
            pairwise_overlap(a, b).numpy(),
            intersection_over_union(a.numpy().astype(float), b.numpy().astype(float)),
            atol=1e-4,
        )

    check()


@pytest.mark.parametrize("dims", [2, 3])
def test_the_loss_of_boxes_is_zero_for_the_same_and_grows_with_the_distance(dims):
    true = torch.tensor([[[10.0] * dims, [20.0] * dims]])
    losses = [distance_loss(true + off, true).item() for off in (0.0, 1.0, 5.0, 30.0, 60.0)]
    assert losses[0] == pytest.approx(0, abs=1e-6)
    assert losses == sorted(losses)
    moved = (true + 60).requires_grad_()
    distance_loss(moved, true).sum().backward()
    assert moved.grad.abs().sum() > 0
