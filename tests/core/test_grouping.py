"""Groups of what pairs join."""

from hypothesis import given
from hypothesis import strategies as st

from scanwright.core.grouping import connected


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))
    )
)
def test_groups_are_those_that_can_be_walked(case):
    n, pairs = case
    reach = [{k} for k in range(n)]
    for _ in range(n):
        for a, b in pairs:
            reach[a] |= reach[b]
            reach[b] |= reach[a]
    expected = {tuple(sorted(own)) for own in reach if len(own) > 1}
    found = connected(n, pairs)
    assert {tuple(own) for own in found} == expected
    assert [own[0] for own in found] == sorted(own[0] for own in found)
