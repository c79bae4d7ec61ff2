"""Metrics agree with independent implementations, and what is empty follows the named policies."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist
from sklearn import metrics as sk

from builders import bent_pipe
from scanwright.core import metrics, surfaces
from scanwright.errors import DataError

SHAPES = st.sampled_from([(5, 6, 4), (7, 3, 1), (1, 5, 5), (6, 5), (9,), (1, 1, 1)])
SPACINGS = st.sampled_from([(1.0, 1.0, 1.0), (0.7, 0.7, 5.0), (2.0, 0.5, 1.25)])


@st.composite
def pairs_of_masks(draw):
    shape = draw(SHAPES)
    masks = hnp.arrays(bool, shape)
    return draw(masks), draw(masks), draw(SPACINGS)[: len(shape)]


def brute_force_borders(mask, spacing):
    """Border positions in mm by erosion, with the axes of length 1 left out."""
    keep = [axis for axis in range(mask.ndim) if mask.shape[axis] > 1] or [0]
    flat = mask.reshape([mask.shape[axis] for axis in keep])
    border = flat & ~binary_erosion(flat)
    return np.argwhere(border) * np.asarray([spacing[axis] for axis in keep])


def brute_force_surface(prediction, reference, spacing, tolerance):
    a, b = brute_force_borders(prediction, spacing), brute_force_borders(reference, spacing)
    if not len(a) and not len(b):
        return math.nan, math.nan, math.nan
    if not len(a) or not len(b):
        return 0.0, math.nan, math.nan
    apart = cdist(a, b)
    to_b, to_a = apart.min(axis=1), apart.min(axis=0)
    near = np.sum(to_b <= tolerance + 1e-4) + np.sum(to_a <= tolerance + 1e-4)
    mean = (to_a.sum() + to_b.sum()) / (len(a) + len(b))
    return near / (len(a) + len(b)), max(np.percentile(to_b, 95), np.percentile(to_a, 95)), mean


@given(pairs_of_masks(), st.sampled_from([0.0, 0.7, 1.0, 2.0, 5.0]))
@settings(max_examples=300, deadline=None)
def test_surface_metrics_agree_with_brute_force(masks, tolerance):
    prediction, reference, spacing = masks
    expected_dice, expected_hd95, expected_mean = brute_force_surface(
        prediction, reference, spacing, tolerance
    )
    np.testing.assert_allclose(
        surfaces.surface_dice(prediction, reference, spacing, tolerance), expected_dice, atol=1e-6
    )
    np.testing.assert_allclose(
        surfaces.hausdorff_95(prediction, reference, spacing), expected_hd95, rtol=1e-5, atol=1e-5
    )
    found = surfaces.surface_distances(prediction, reference, spacing).mean()
    np.testing.assert_allclose(found, expected_mean, rtol=1e-5, atol=1e-5)


def test_long_thin_masks_are_tubes_and_round_ones_are_not():
    i, j, k = np.indices((40, 40, 40))
    ball = (i - 20) ** 2 + (j - 20) ** 2 + (k - 20) ** 2 < 15**2
    assert surfaces.is_tubular(bent_pipe(), (1.0, 1.0, 1.0))
    assert surfaces.is_tubular(bent_pipe()[:, :, 3:4], None)
    assert not surfaces.is_tubular(ball, (1.0, 1.0, 1.0))
    assert not surfaces.is_tubular(np.zeros((4, 4, 4), bool), (1.0, 1.0, 1.0))
    # Many balls are not a tube: it is the largest piece that counts.
    assert not surfaces.is_tubular(np.tile(ball, (4, 4, 2)), (1.0, 1.0, 1.0))


@given(pairs_of_masks())
@settings(deadline=None)
def test_dice_and_iou_agree_with_scikit_learn(masks):
    prediction, reference, _ = masks
    if not prediction.any() and not reference.any():
        assert math.isnan(metrics.dice(prediction, reference))
        assert math.isnan(metrics.iou(prediction, reference))
        return
    flat = reference.ravel(), prediction.ravel()
    assert metrics.dice(prediction, reference) == pytest.approx(sk.f1_score(*flat, zero_division=0))
    assert metrics.iou(prediction, reference) == pytest.approx(sk.jaccard_score(*flat, zero_division=0))


def test_what_is_empty_follows_the_named_policy():
    empty, full = np.zeros((4, 4, 4), bool), np.ones((4, 4, 4), bool)
    for metric in (metrics.dice, metrics.iou):
        assert math.isnan(metric(empty, empty))
        assert metric(empty, empty, empty_policy="one") == 1.0
        assert metric(full, empty) == metric(empty, full) == 0.0
    spacing = (1.0, 1.0, 1.0)
    assert math.isnan(surfaces.surface_dice(empty, empty, spacing, 1.0))
    assert surfaces.surface_dice(empty, empty, spacing, 1.0, empty_policy="one") == 1.0
    assert surfaces.surface_dice(full, empty, spacing, 1.0) == 0.0
    assert math.isnan(surfaces.hausdorff_95(empty, empty, spacing))
    assert math.isnan(surfaces.hausdorff_95(full, empty, spacing))


def test_two_photographs_a_pixel_apart_are_one_pixel_apart():
    reference = np.zeros((20, 20, 1), bool)
    reference[5:10, 5:10] = True
    prediction = np.roll(reference, 1, axis=0)
    assert surfaces.hausdorff_95(prediction, reference, None) == pytest.approx(1.0)
    assert surfaces.surface_dice(prediction, reference, None, 1.0) == 1.0
    # The middle of the square is no border: the faces of the single plane do not count.
    assert surfaces.surface_distances(prediction, reference, None).n_reference == 16


def test_a_distance_equal_to_the_tolerance_is_within_it():
    reference = np.zeros((10, 3), bool)
    reference[2] = True
    prediction = np.roll(reference, 1, axis=0)
    assert surfaces.surface_dice(prediction, reference, (0.7, 0.7), 0.7) == 1.0


def test_a_mask_that_fills_the_picture_has_its_border_at_the_edge():
    full = np.ones((4, 4), bool)
    assert surfaces.surface_distances(full, full, None).n_prediction == 12


def test_volume_is_voxels_times_the_voxel_size():
    assert metrics.volume_ml(np.ones((10, 10, 10), bool), (1.0, 2.0, 0.5)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: metrics.dice(np.ones(3, bool), np.ones(4, bool)), "not on one grid"),
        (lambda: surfaces.surface_dice(np.ones((3, 3)), np.ones((3, 3)), (1.0,), 1.0), "spacing"),
        (lambda: surfaces.surface_dice(np.ones((3, 3)), np.ones((3, 3)), (1.0, 0.0), 1.0), "spacing"),
        (lambda: metrics.confusion_matrix([0, 1], [0], 2), "pair up"),
        (lambda: metrics.confusion_matrix([0, 2], [0, 1], 2), "does not exist"),
        (lambda: metrics.confusion_matrix([0, 1], [0, -1], 2), "does not exist"),
        (lambda: metrics.auroc([0.1, 0.2], [True]), "pair up"),
        (lambda: metrics.auroc([0.1, math.nan], [True, False]), "not a number"),
    ],
)
def test_what_does_not_fit_is_named(call, words):
    with pytest.raises(DataError, match=words):
        call()


LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@given(LABELS)
@settings(deadline=None)
def test_class_metrics_agree_with_scikit_learn(pairs):
    truth, predicted = np.asarray(pairs).T
    confusion = metrics.confusion_matrix(truth, predicted, 4)
    np.testing.assert_array_equal(confusion, sk.confusion_matrix(truth, predicted, labels=range(4)))
    assert metrics.accuracy(confusion) == pytest.approx(sk.accuracy_score(truth, predicted))
    present = np.unique(truth)
    assert metrics.balanced_accuracy(confusion) == pytest.approx(
        sk.recall_score(truth, predicted, labels=present, average="macro")
    )
    either = np.union1d(truth, predicted)
    np.testing.assert_allclose(
        metrics.f1(confusion)[either],
        sk.f1_score(truth, predicted, labels=either, average=None, zero_division=0),
    )
    np.testing.assert_allclose(
        metrics.precision(confusion)[either],
        sk.precision_score(truth, predicted, labels=either, average=None, zero_division=0),
    )
    np.testing.assert_allclose(
        metrics.recall(confusion)[present],
        sk.recall_score(truth, predicted, labels=present, average=None),
    )
    absent = np.setdiff1d(range(4), either)
    for per_class in (metrics.f1, metrics.precision, metrics.recall):
        assert np.isnan(per_class(confusion)[absent]).all()
    assert metrics.macro(metrics.f1(confusion)) == pytest.approx(
        sk.f1_score(truth, predicted, labels=either, average="macro", zero_division=0)
    )


def test_no_cases_give_no_numbers():
    confusion = metrics.confusion_matrix([], [], 3)
    assert math.isnan(metrics.accuracy(confusion))
    assert math.isnan(metrics.balanced_accuracy(confusion))
    assert math.isnan(metrics.auroc([], []))
    assert math.isnan(metrics.average_precision([], []))


# Few distinct values, so that ties are the rule.
SCORED = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.5, 0.9]), st.booleans()), min_size=1, max_size=40
)


@given(SCORED)
@settings(deadline=None)
def test_ranking_metrics_agree_with_scikit_learn(pairs):
    scores = np.asarray([score for score, _ in pairs])
    positives = np.asarray([positive for _, positive in pairs])
    if positives.any():
        assert metrics.average_precision(scores, positives) == pytest.approx(
            sk.average_precision_score(positives, scores)
        )
        recalls, precisions, thresholds = metrics.precision_recall_curve(scores, positives)
        # scikit-learn goes the other way, and ends in a point (0, 1) of its own making.
        their_precisions, their_recalls, their_thresholds = sk.precision_recall_curve(positives, scores)
        np.testing.assert_allclose(precisions, their_precisions[-2::-1])
        np.testing.assert_allclose(recalls, their_recalls[-2::-1])
        np.testing.assert_allclose(thresholds, their_thresholds[::-1])
    else:
        assert math.isnan(metrics.average_precision(scores, positives))
    if positives.any() and not positives.all():
        assert metrics.auroc(scores, positives) == pytest.approx(sk.roc_auc_score(positives, scores))
        for ours, theirs in zip(
            metrics.roc_curve(scores, positives),
            sk.roc_curve(positives, scores, drop_intermediate=False),
            strict=True,
        ):
            np.testing.assert_allclose(ours, theirs)
    else:
        assert math.isnan(metrics.auroc(scores, positives))


@given(SCORED)
def test_auroc_is_the_area_under_our_roc_curve_and_turns_with_the_scores(pairs):
    scores = np.asarray([score for score, _ in pairs])
    positives = np.asarray([positive for _, positive in pairs])
    area = metrics.auroc(scores, positives)
    if math.isnan(area):
        return
    false_positive_rate, true_positive_rate, _ = metrics.roc_curve(scores, positives)
    assert area == pytest.approx(np.trapezoid(true_positive_rate, false_positive_rate))
    assert area == pytest.approx(1 - metrics.auroc(-scores, positives))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
def test_grades_agree_as_scikit_learn_has_it(pairs):
    truth, said = np.array(pairs).T
    confusion = metrics.confusion_matrix(truth, said, 4)
    kappa = metrics.quadratic_kappa(confusion)
    if len({*truth, *said}) > 1:
        expected = sk.cohen_kappa_score(truth, said, weights="quadratic", labels=range(4))
        assert kappa == pytest.approx(expected, abs=1e-12)
    else:
        assert math.isnan(kappa)
    assert metrics.mean_class_distance(confusion) == pytest.approx(np.abs(truth - said).mean())
    assert metrics.within_one(confusion) == pytest.approx((np.abs(truth - said) <= 1).mean())


def test_grades_of_no_case_are_not_numbers():
    nothing = np.zeros((3, 3), dtype=np.int64)
    for measure in (metrics.quadratic_kappa, metrics.mean_class_distance, metrics.within_one):
        assert math.isnan(measure(nothing))


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_net_benefit_is_what_a_hand_counts(seed, n):
    rng = np.random.default_rng(seed)
    scores, ill = rng.integers(0, 20, n) / 20, rng.random(n) < 0.4
    for threshold, found in zip(
        (0.1, 0.3, 0.8), metrics.net_benefit(scores, ill, [0.1, 0.3, 0.8]), strict=True
    ):
        right = sum(s >= threshold and t for s, t in zip(scores, ill, strict=True))
        wrong = sum(s >= threshold and not t for s, t in zip(scores, ill, strict=True))
        assert found == pytest.approx(right / n - wrong / n * threshold / (1 - threshold))
        assert found <= ill.mean() + 1e-12  # nobody gains more than by acting on the ill alone


def test_acting_on_nobody_gains_nothing_and_no_case_tells_nothing():
    assert metrics.net_benefit(np.zeros(4), np.array([True, False, False, True]), [0.2, 0.5]).tolist() == [
        0,
        0,
    ]
    assert np.isnan(metrics.net_benefit([], [], [0.5])).all()


@pytest.mark.parametrize("apart", [1, 12, 40])
def test_surfaces_far_apart_are_measured_as_exactly_as_near_ones(apart):
    # Near ones are met among the neighbours; a few far away are looked up; of many, all voxels are visited.
    i, j, k = np.indices((70, 24, 24))
    a = (i - 12) ** 2 + (j - 12) ** 2 + (k - 12) ** 2 < 81
    b = a | ((i - 12 - apart) ** 2 + (j - 12) ** 2 + (k - 12) ** 2 < 81)
    spacing = (1.0, 0.7, 1.3)
    for one, other in ((a, b), (b, a)):
        found = surfaces.surface_distances(one, other, spacing)
        expected = brute_force_surface(one, other, spacing, 1.0)
        assert found.hausdorff() == pytest.approx(expected[1], rel=1e-5)
        assert found.mean() == pytest.approx(expected[2], rel=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_with_equal_costs_the_expected_cost_is_balanced_accuracy_or_accuracy(seed, n):
    rng = np.random.default_rng(seed)
    truth, said = np.append(np.arange(n), rng.integers(0, n, 40)), rng.integers(0, n, 40 + n)
    counts, costs = metrics.confusion_matrix(truth, said, n), 1 - np.eye(n)
    balanced = metrics.expected_cost(counts, costs, balanced=True)
    assert balanced == pytest.approx((1 - sk.balanced_accuracy_score(truth, said)) * n / (n - 1))
    frequent = np.bincount(truth).max() / len(truth)
    as_frequent = metrics.expected_cost(counts, costs)
    assert as_frequent == pytest.approx((1 - sk.accuracy_score(truth, said)) / (1 - frequent))


def test_the_expected_cost_counted_by_hand():
    # 8 benign, 2 malignant; one missed (cost 10), two false alarms (cost 1). To call all malignant costs 8.
    counts, costs = np.array([[6, 2], [1, 1]]), [[0, 1], [10, 0]]
    assert metrics.expected_cost(counts, costs) == pytest.approx(12 / 8)
    assert math.isnan(metrics.expected_cost(np.array([[3, 1], [0, 0]]), costs, balanced=True))
    assert math.isnan(metrics.expected_cost(np.zeros((2, 2), int), costs))
    assert math.isnan(metrics.expected_cost(np.array([[3, 1], [0, 0]]), costs))
