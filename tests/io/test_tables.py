"""Tables are read as people save them."""

import pytest

from builders import write_text
from scanwright.errors import DataError
from scanwright.io.tables import MOST_BYTES, read_table


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_of_the_first_line(tmp_path, delimiter):
    table = read_table(
        write_text(tmp_path / "t.csv", delimiter.join("ab"), "", delimiter.join(("1 ", '"x,y"')))
    )
    assert table.columns == ("a", "b")
    assert [(row.line, row.cells) for row in table.rows] == [(3, {"a": "1", "b": "x,y"})]
    assert table.column("a") == ["1"]


def test_missing_cells_at_the_end_are_empty(tmp_path):
    assert read_table(write_text(tmp_path / "t.csv", "a,b", "1")).rows[0].cells == {"a": "1", "b": ""}


def test_tables_that_are_none_are_named(tmp_path):
    (tmp_path / "t.csv").write_text("")
    with pytest.raises(DataError, match=r"t\.csv: the table is empty"):
        read_table(tmp_path / "t.csv")
    with pytest.raises(DataError, match=r"mine: the list cannot be read.*No such file"):
        read_table(tmp_path / "none.csv", subject="mine", what="list")
    with (tmp_path / "t.csv").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(DataError, match="implausibly large"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_quoted_cell_may_hold_lines_and_other_signs_end_none(tmp_path, end):
    (tmp_path / "t.csv").write_bytes(end.join(["a,b", '"one\ntwo",x\u2028y', "3,4", ""]).encode())
    table = read_table(tmp_path / "t.csv")
    assert [tuple(row.cells.values()) for row in table.rows] == [("one\ntwo", "x\u2028y"), ("3", "4")]
