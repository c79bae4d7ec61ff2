"""Centre lines: what is lost of a thin branch counts as much as what is lost of a thick one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.morphology import skeletonize

from builders import bent_pipe
from scanwright.core.centrelines import cl_dice
from scanwright.core.metrics import dice

SHAPES = st.sampled_from([(5, 6, 4), (7, 3, 1), (1, 5, 5), (6, 5), (9,), (1, 1, 1)])


def test_a_gap_costs_the_centre_line_as_much_as_its_length():
    assert cl_dice(bent_pipe(), bent_pipe()) == 1.0  # thinning makes nothing of it at all
    thick = bent_pipe()
    thick[5:55, 9:14, 2:7] = thick[52:57, 10:50, 2:7] = True
    broken = thick.copy()
    broken[20:40] = False
    found = cl_dice(broken, thick)
    line = skeletonize(thick)
    sensitivity = 1 - line[20:40].sum() / line.sum()
    assert found == pytest.approx(2 * sensitivity / (1 + sensitivity), abs=0.03)
    assert cl_dice(thick, bent_pipe()) > dice(thick, bent_pipe()) + 0.3


@given(SHAPES.flatmap(lambda shape: st.tuples(hnp.arrays(bool, shape), hnp.arrays(bool, shape))))
def test_the_overlap_of_centre_lines_is_the_same_both_ways_and_within_bounds(masks):
    a, b = masks
    found = cl_dice(a, b)
    assert math.isnan(found) or 0 <= found <= 1
    if a.any() and b.any():
        assert found == pytest.approx(cl_dice(b, a))
    else:
        assert not b.any() or found == 0
