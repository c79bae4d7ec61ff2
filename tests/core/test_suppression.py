"""Suppression: against plain loops, in two and three axes."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scanwright.core.boxes import box_volume, intersection_over_union
from scanwright.core.suppression import fuse_boxes, soft_suppress, suppress
from strategies import boxes


def plainly_suppress(a, scores, overlap):
    """The textbook's loop."""
    left = sorted(range(len(a)), key=lambda n: -scores[n])
    kept = []
    while left:
        first, *left = left
        kept.append(first)
        left = [n for n in left if intersection_over_union(a[first][None], a[n][None])[0, 0] < overlap]
    return kept


def cluttered(seed, axes, n=60):
    """Boxes in clusters, as detectors give them."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(0, 60, (8, axes))[rng.integers(0, 8, n)] + rng.normal(0, 1.5, (n, axes))
    side = rng.uniform(4, 14, (n, axes))
    return np.stack([middle - side / 2, middle + side / 2], axis=1), rng.random(n)


@pytest.mark.parametrize("axes", [2, 3])
@given(seed=st.integers(0, 1000), overlap=st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]))
def test_what_is_kept_is_what_the_textbook_keeps(seed, axes, overlap):
    a, scores = cluttered(seed, axes)
    given_overlaps = intersection_over_union(a, a)
    assume(not np.isclose(given_overlaps, overlap, atol=1e-5).any())
    assert suppress(a, scores, overlap).tolist() == plainly_suppress(a, scores, overlap)


@given(boxes(3, 8), st.sampled_from([0.2, 0.5]), st.integers(0, 99))
def test_nothing_kept_overlaps_and_nothing_left_out_is_alone(a, overlap, seed):
    scores = np.random.default_rng(seed).random(len(a))
    kept = suppress(a, scores, overlap)
    assert (np.diff(scores[kept]) <= 0).all()
    among = intersection_over_union(a[kept], a[kept]) - np.eye(len(kept))
    assert (among < overlap + 1e-5).all()
    for n in set(range(len(a))) - set(kept.tolist()):
        surer = kept[scores[kept] >= scores[n]]
        assert (intersection_over_union(a[n][None], a[surer]) > overlap - 1e-5).any()


def test_among_equals_the_first_is_kept_and_no_boxes_are_no_error():
    same = np.tile([[[0.0, 0.0], [4.0, 4.0]]], (3, 1, 1))
    assert suppress(same, np.ones(3), 0.5).tolist() == [0]
    assert suppress(np.zeros((0, 2, 3)), np.zeros(0), 0.5).tolist() == []


def test_scores_sink_by_the_published_formula():
    a = np.array([[[0, 0], [4, 4]], [[0, 0], [4, 4]], [[2, 0], [6, 4]], [[50, 50], [54, 54]]], dtype=float)
    got = soft_suppress(a, np.array([0.9, 0.8, 0.7, 0.1]), sigma=0.5)
    third = 1 / 3
    second = 0.8 * np.exp(-2)
    after_first = 0.7 * np.exp(-(third**2) / 0.5)
    # The third is by now surer than the second, and lowers it in turn.
    assert got.tolist() == pytest.approx([0.9, second * np.exp(-(third**2) / 0.5), after_first, 0.1])


@given(st.integers(0, 300), st.sampled_from([2, 3]))
def test_soft_scores_only_sink_and_the_surest_keeps_its_own(seed, axes):
    a, scores = cluttered(seed, axes, 30)
    got = soft_suppress(a, scores)
    assert (got <= scores).all()
    assert got[np.argmax(scores)] == scores.max()


def test_boxes_of_one_object_are_averaged_by_their_scores():
    a = np.array([[[0, 0], [4, 4]], [[1, 0], [5, 4]], [[50, 50], [54, 54]]], dtype=float)
    fused, scores = fuse_boxes(a, np.array([0.9, 0.3, 0.5]), overlap=0.5, n_detectors=2)
    np.testing.assert_allclose(fused, [[[0.25, 0], [4.25, 4]], [[50, 50], [54, 54]]])
    assert scores.tolist() == pytest.approx([0.6, 0.25])


@given(boxes(3, 8, least=1), st.integers(0, 99))
def test_a_fused_box_lies_within_those_it_is_made_of(a, seed):
    scores = np.random.default_rng(seed).uniform(0.01, 1, len(a))
    fused, sure = fuse_boxes(a, scores, overlap=0.4)
    assert (fused >= a.min(axis=0) - 1e-6).all()
    assert (fused <= a.max(axis=0) + 1e-6).all()
    assert (np.diff(sure) <= 0).all()
    assert (box_volume(a) == 0).all() or len(fused) <= len(a)


def test_no_boxes_are_fused_to_none():
    fused, scores = fuse_boxes(np.zeros((0, 2, 2)), np.zeros(0), 0.5)
    assert fused.shape == (0, 2, 2)
    assert scores.shape == (0,)
