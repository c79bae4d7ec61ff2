"""Phantoms that grow: what is seen of them is what the truth says, give or take what readers do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scanwright.phantoms.growth import GrowthSettings, log_growth, make_growing_patient

CALM = GrowthSettings(
    n_lesions=(4, 4), n_dates=(3, 3), near=0, new=0, vanish=0, split=0, merge=0, edge_pixels=0, edge_slices=0
)


def test_the_same_seed_makes_the_same_patient() -> None:
    one, other = (make_growing_patient(GrowthSettings(), 5) for _ in range(2))
    assert [[piece.volume_ml for piece in seen] for seen in one.seen] == [
        [piece.volume_ml for piece in seen] for seen in other.seen
    ]


def test_without_readers_volumes_are_those_of_the_truth() -> None:
    patient = make_growing_patient(replace(CALM, diameter_mm=(25.0, 0.1), slice_mm=(1.0, 1.0)), 3)
    for date, seen in enumerate(patient.seen):
        for piece in seen:
            (lesion,) = piece.lesions
            assert np.exp(patient.true_log_ml[lesion, date]) == pytest.approx(piece.true_ml)
            assert piece.volume_ml == pytest.approx(piece.true_ml, rel=0.05)


def test_each_lesion_is_seen_at_each_date_about_where_it_was() -> None:
    patient = make_growing_patient(CALM, 1)
    first = {piece.lesions: piece.points_mm.mean(axis=0) for piece in patient.seen[0]}
    for seen in patient.seen[1:]:
        assert {piece.lesions for piece in seen} == set(first)
        apart = [np.linalg.norm(piece.points_mm.mean(axis=0) - first[piece.lesions]) for piece in seen]
        assert 0 < max(apart) < 20


@pytest.mark.parametrize("name", ["vanish", "split", "new"])
def test_what_is_sure_to_happen_happens(name: str) -> None:
    patient = make_growing_patient(replace(CALM, diameter_mm=(25.0, 0.1), **{name: 1.0}), 2)
    counts = [len(seen) for seen in patient.seen]
    assert (counts[1] < 4) == (name == "vanish")
    assert (counts[1] == 8) == (name == "split")
    assert (counts[1] == 5) == (name == "new")


def test_lesions_that_touch_may_merge_and_are_then_both() -> None:
    crowded = replace(CALM, n_lesions=(20, 20), near=1.0, merge=1.0, rate_mean=0.01)
    patient = make_growing_patient(crowded, 0)
    assert any(len(piece.lesions) >= 2 for piece in patient.seen[-1])
    assert np.isnan(patient.true_log_ml).any()


@pytest.mark.parametrize("law", ["exponential", "linear", "logistic", "gompertz", "regrowth"])
def test_all_laws_begin_with_their_rate(law: str) -> None:
    days = np.array([-5.0, 0.0, 0.001])
    rate = -0.02 if law == "regrowth" else 0.02
    before, start, soon = log_growth(law, rate, 3.0, days)
    resists = 0.001 * np.exp(0.6 * 3.0) if law == "regrowth" else 0
    assert before == start == 0
    assert soon / 0.001 == pytest.approx(rate + resists, rel=1e-3)
