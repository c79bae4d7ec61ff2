"""Tables of costs: what each answer costs, by what is true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scanwright.errors import SettingsError
from scanwright.io.tables import read_table
from scanwright.types import FloatArray

TRUTH = "truth"


def read_costs(path: Path, classes: Sequence[str]) -> FloatArray:
    """Costs (true class, answer) from a table with a column ``truth`` and one for each answer.

    Raises:
        DataError: it is no table.
        SettingsError: it does not name the classes, or a cost is no number of 0 or more.
    """
    table = read_table(path, what="table of costs")
    rows = {row.cells.get(TRUTH, ""): row for row in table.rows}
    if set(table.columns) != {TRUTH, *classes} or len(table.rows) != len(rows) or set(rows) != set(classes):
        raise SettingsError(
            "the table of costs does not name each class once, as a row and as a column",
            subject=path.name,
            expected=", ".join((TRUTH, *classes)),
            received=f"columns {', '.join(table.columns)}; rows {', '.join(rows)}",
        )
    costs = np.array([[_cost(rows[true].cells[said], path) for said in classes] for true in classes])
    if not (costs.max(axis=1) > costs.min(axis=1)).any():
        raise SettingsError("in the table of costs every answer costs the same", subject=path.name)
    return costs


def _cost(cell: str, path: Path) -> float:
    try:
        cost = float(cell)
    except ValueError:
        cost = math.nan
    if not (math.isfinite(cost) and cost >= 0):
        raise SettingsError(
            "a cost is not a number of 0 or more", subject=path.name, received=f"'{cell}'"
        ) from None
    return cost
