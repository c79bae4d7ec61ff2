"""Uncertainty: entropy in shares, borders, and areas under risk–coverage curves."""

from __future__ import annotations

import numpy as np
import pytest

from scanwright.core.uncertainty import border, entropy, risk_area


def test_nothing_known_is_one_and_certain_is_zero() -> None:
    even, sure = np.full((4, 3), 0.25), np.eye(4)[:, :3]
    assert entropy(even, exclusive=True) == pytest.approx(np.ones(3), abs=1e-5)
    assert entropy(sure, exclusive=True) == pytest.approx(np.zeros(3), abs=1e-4)


def test_of_labels_the_least_sure_counts() -> None:
    assert entropy(np.array([0.5, 0.0, 1.0]), exclusive=False) == pytest.approx(1.0, abs=1e-5)
    assert entropy(np.array([0.0, 1.0]), exclusive=False) == pytest.approx(0.0, abs=1e-4)


def test_a_border_has_both_sides_of_the_surface_and_no_more() -> None:
    region = np.zeros((9, 9, 1), dtype=bool)
    region[2:7, 2:7] = True
    edge = border(region)
    assert edge[2, 4, 0]
    assert edge[1, 4, 0]
    assert not edge[4, 4, 0]
    assert not edge[0, 4, 0]
    assert not border(np.zeros((4, 4, 4), dtype=bool)).any()


def test_a_volume_has_borders_along_each_axis() -> None:
    region = np.zeros((9, 9, 9), dtype=bool)
    region[2:7, 2:7, 2:7] = True
    assert border(region)[4, 4, 2]
    assert border(region)[4, 4, 1]


def test_doubts_that_know_every_error_have_the_least_area() -> None:
    loss = np.array([0, 0, 0, 1.0])
    perfect, chance, worst = risk_area(loss, loss), risk_area(np.zeros(4), loss), risk_area(-loss, loss)
    assert perfect == pytest.approx(0.25 * 0.25)
    assert chance == pytest.approx(0.25)
    assert perfect < chance < worst
