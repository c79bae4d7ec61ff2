"""Amounts of memory are read as people write them, and written so that they can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.data.memory import read_memory, write_memory
from scanwright.data.settings import Settings
from scanwright.errors import SettingsError


def test_amounts_are_read():
    assert [read_memory(text) for text in ("4G", "800M", "1.5g", " 2 GB")] == [4e9, 8e8, 1.5e9, 2e9]
    assert (Settings(memory="4G").memory_bytes, Settings().memory_bytes) == (4_000_000_000, None)


@pytest.mark.parametrize("text", ["", "4", "G", "-1G", "0M", "4T", "4 GiB", "1e9M", "9999999G"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(SettingsError, match="such as 4G or 800M"):
        Settings(memory=text)


@given(st.integers(1_000_000, 10**13))
def test_what_is_written_is_enough_and_not_much_more(n_bytes):
    assert n_bytes <= read_memory(write_memory(n_bytes)) <= 1.1 * n_bytes + 1
