"""Lesions of several dates, matched by place, size and overlap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.core.tracking import Seen, link, track


def ball(centre: tuple[float, float, float], diameter_mm: float) -> Seen:
    step = diameter_mm / 8
    grid = np.stack(np.meshgrid(*[np.arange(-4.5, 5) * step] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = grid[(grid**2).sum(axis=1) <= (diameter_mm / 2) ** 2]
    return Seen(inside + np.array(centre), float(np.pi * diameter_mm**3 / 6000))


def test_near_lesions_are_paired_one_to_one_though_the_nearest_of_each_would_clash() -> None:
    earlier = [ball((0, 0, 0), 10), ball((9, 0, 0), 10)]
    later = [ball((5, 0, 0), 10), ball((14, 0, 0), 10)]
    assert link(earlier, later).pairs == ((0, 0), (1, 1))


@given(st.permutations(range(5)), st.floats(-6, 6), st.floats(-6, 6))
def test_a_shift_that_all_share_changes_no_pair(order: list[int], x: float, y: float) -> None:
    places = [(0, 0, 0), (40, 0, 0), (0, 50, 0), (0, 0, 60), (70, 70, 0)]
    earlier = [ball(place, 9 + n) for n, place in enumerate(places)]
    later = [ball((places[n][0] + x, places[n][1] + y, places[n][2]), 9 + n) for n in order]
    assert dict(link(earlier, later).pairs) == {n: order.index(n) for n in range(5)}


def test_what_lies_elsewhere_is_gone_and_new() -> None:
    assert link([ball((0, 0, 0), 10)], [ball((60, 0, 0), 10)]).pairs == ()
    assert link([], [ball((0, 0, 0), 10)]).pairs == link([ball((0, 0, 0), 10)], []).pairs == ()


def test_a_lesion_that_shrank_to_a_speck_in_its_place_is_the_same_one() -> None:
    assert link([ball((0, 0, 0), 40)], [ball((3, 0, 0), 3)]).pairs == ((0, 0),)


def test_pieces_that_lie_where_one_lay_came_off_it() -> None:
    links = link([ball((0, 0, 0), 30)], [ball((-8, 0, 0), 14), ball((8, 0, 0), 12)])
    assert links.pairs == ((0, 0),)
    assert links.splits == ((0, 1),)


def test_lesions_that_lie_where_one_lies_now_went_into_it() -> None:
    links = link([ball((-8, 0, 0), 14), ball((8, 0, 0), 12)], [ball((0, 0, 0), 30)])
    assert links.pairs == ((0, 0),)
    assert links.merges == ((1, 0),)


def test_a_track_keeps_its_pieces_after_a_split_and_says_so() -> None:
    whole, parts = [ball((0, 0, 0), 30)], [ball((-8, 0, 0), 14), ball((8, 0, 0), 12)]
    (one,) = track([whole, parts, parts])
    assert one.seen == {0: (0,), 1: (0, 1), 2: (0, 1)}
    assert one.events == [(1, "split")]


def test_a_track_that_merged_says_into_which_and_does_not_vanish() -> None:
    parts, whole = [ball((-8, 0, 0), 14), ball((8, 0, 0), 12)], [ball((0, 0, 0), 30)]
    large, small = track([parts, whole, whole])
    assert small.into == 0
    assert small.events == [(1, "merged")]
    assert large.seen[2] == (0,)


def test_a_lesion_that_comes_back_where_it_was_is_the_same_one() -> None:
    here, there = ball((0, 0, 0), 12), ball((60, 0, 0), 12)
    first, second = track([[here, there], [there], [here, there]])
    assert first.seen == {0: (0,), 1: (), 2: (0,)}
    assert first.events == [(1, "vanished")]
    assert second.seen == {0: (1,), 1: (0,), 2: (1,)}


def test_what_appears_later_is_a_track_that_appeared() -> None:
    _, new = track([[ball((0, 0, 0), 12)], [ball((0, 0, 0), 12), ball((60, 0, 0), 8)]])
    assert (new.first, new.events) == ((1, 1), [(1, "appeared")])


def test_a_date_without_places_is_passed_over() -> None:
    (one,) = track([[ball((0, 0, 0), 12)], None, [ball((1, 0, 0), 12)]])
    assert one.seen == {0: (0,), 2: (0,)}


def test_each_date_may_be_known_less_well() -> None:
    dates = [[ball((0, 0, 0), 8)], [ball((18, 0, 0), 8)]]
    assert len(track(dates, [2.0, 2.0])) == 2
    assert len(track(dates, [2.0, 12.0])) == 1


@pytest.mark.parametrize("n", [0, 1])
def test_no_lesions_make_no_tracks(n: int) -> None:
    assert track([[]] * n) == []
