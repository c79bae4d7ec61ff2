"""Members: the weights of several networks in one mapping, and back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scanwright.inference.members import join_members, split_members

weights = st.dictionaries(
    st.text("ab.", min_size=1, max_size=4), st.integers(0, 9).map(np.float32), min_size=1, max_size=4
)


@given(st.lists(weights, min_size=1, max_size=12))
def test_members_come_back_in_order(members):
    assert split_members(join_members(members)) == members


def test_one_network_keeps_its_names():
    assert join_members([{"stem.weight": np.float32(1)}]) == {"stem.weight": np.float32(1)}


def test_nothing_holds_no_network():
    assert split_members({}) == []
