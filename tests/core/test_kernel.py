"""The small fast model: its closed form is what refitting gives, its features are what they say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scanwright.core.kernel import (
    N_ORIENTATIONS,
    leave_one_out,
    leave_one_out_sides,
    nearest_elsewhere,
    oriented_gradients,
)


def refitted(features, targets, left_out, ridge):
    """Kernel ridge regression fitted without a case, by solving its equations."""
    distances = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    kernel = np.exp(-distances / np.median(distances))
    others = np.arange(len(features)) != left_out
    inner = kernel[np.ix_(others, others)] + ridge * np.eye(others.sum())
    return kernel[left_out, others] @ np.linalg.solve(inner, targets[others])


@given(seed=st.integers(0, 1000), ridge=st.sampled_from([0.1, 1.0, 3.0]))
def test_leaving_one_out_in_closed_form_is_leaving_it_out(seed, ridge):
    rng = np.random.default_rng(seed)
    features, targets = rng.normal(size=(12, 4)), rng.normal(size=(12, 3))
    found = leave_one_out(features, targets, ridge)
    wanted = [refitted(features, targets, n, ridge) for n in range(12)]
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def sided(n, seed=0):
    """Features of cases with a bright left half."""
    return np.random.default_rng(seed).normal(size=(n, 8)) + np.repeat([3.0, 0.0], 4)


def test_a_mirrored_case_stands_out_and_all_others_do_not():
    cases = sided(30)
    cases[4] = cases[4, ::-1]
    side = leave_one_out_sides(cases, cases[:, ::-1])
    assert side[4] < -0.5
    assert np.delete(side, 4).min() > 0.5


@given(seed=st.integers(0, 1000), n=st.integers(0, 19))
def test_mirroring_a_case_changes_the_sign_of_its_side(seed, n):
    cases = sided(20, seed)
    flipped = cases.copy()
    flipped[n] = flipped[n, ::-1]
    side = leave_one_out_sides(cases, cases[:, ::-1])[n]
    np.testing.assert_allclose(leave_one_out_sides(flipped, flipped[:, ::-1])[n], -side, atol=1e-6)


def test_where_left_and_right_are_alike_nothing_is_mirrored():
    cases = np.random.default_rng(3).normal(size=(200, 8))
    assert np.abs(leave_one_out_sides(cases, cases[:, ::-1])).max() < 0.9


def test_cases_that_are_all_the_same_do_not_break_it():
    assert np.isfinite(leave_one_out(np.zeros((5, 3)), np.eye(5))).all()


def test_gradients_have_the_direction_of_an_edge_and_its_place():
    plane = np.zeros((56, 56))
    plane[4:, :28] = 1.0  # steep along i at the top of the left half, along j in the middle
    found = oriented_gradients(plane).reshape(2, N_ORIENTATIONS, 7, 7)
    assert np.linalg.norm(found) == np.float32(1.0) or abs(np.linalg.norm(found) - 1) < 1e-6
    assert found[0, 0, 0, 1] > 10 * found[0, N_ORIENTATIONS // 2, 0, 1]
    assert found[0, N_ORIENTATIONS // 2, 4, 3] > 10 * found[0, 0, 4, 3]
    assert found[0, :, 4, 6].max() < 1e-3


def test_an_even_plane_has_no_gradients():
    assert not oriented_gradients(np.full((14, 14), 3.0)).any()


@given(seed=st.integers(0, 1000))
def test_the_nearest_elsewhere_is_of_another_fold_and_the_nearest_there(seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(12, 3)).astype(np.float32)
    folds = np.stack([rng.permutation(12) % 3 for _ in range(2)])
    for own, nearest in zip(folds, nearest_elsewhere(features, folds), strict=True):
        for n, found in enumerate(nearest):
            distance = np.linalg.norm(features - features[n], axis=1)
            distance[own == own[n]] = np.inf
            assert found == distance.argmin()
