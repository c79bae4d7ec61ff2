"""Tables that others wrote: comma, semicolon or tab, in UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from scanwright.errors import DataError
from scanwright.io.failures import in_words

MOST_BYTES = 128 << 20
_MOST_BYTES_OF_A_CELL = 1 << 20  # so that a binary file is not taken for a table


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        line: its number in the file, the first being 1.
        cells: column → what stands there, without blanks around it.
    """

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """Named columns, and the rows that are not empty."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, name: str) -> list[str]:
        """What stands in a column, from the top."""
        return [row.cells[name] for row in self.rows]


def read_table(path: Path, *, subject: str = "", what: str = "table") -> Table:
    """Read a table whose first line names its columns.

    Args:
        path: the file.
        subject: how messages name it; the file's name by default.
        what: what it is, in words.

    Raises:
        DataError: not a table in UTF-8, implausibly large, no rows, two columns of one name, too many cells.
    """
    subject = subject or path.name
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(
                f"the {what} is implausibly large",
                subject=subject,
                expected=f"at most {MOST_BYTES >> 20} MiB",
            )
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"the {what} cannot be read",
            subject=subject,
            received=in_words(error),
            do='Save it as CSV in UTF-8 (Excel calls it "CSV UTF-8").',
        ) from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        csv.field_size_limit(_MOST_BYTES_OF_A_CELL)
        lines = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise DataError(f"the {what} is not a table", subject=subject, received=str(error)) from None
    if not lines:
        raise DataError(f"the {what} is empty", subject=subject, expected="a line of column names")
    columns = tuple(column.strip() for column in lines[0])
    if len(set(columns)) < len(columns):
        raise DataError(
            f"the {what} has two columns of one name", subject=subject, received=", ".join(columns)
        )
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) > len(columns):
            raise DataError(
                f"line {number} has {len(line)} cells",
                subject=subject,
                expected=f"{len(columns)}, as in the first line",
            )
        cells = [cell.strip() for cell in line] + [""] * (len(columns) - len(line))
        rows.append(Row(number, dict(zip(columns, cells, strict=True))))
    return Table(columns, tuple(rows))
