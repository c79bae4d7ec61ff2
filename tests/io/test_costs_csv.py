"""Tables of costs: each class once as a row and as a column, in any order, and numbers of 0 or more."""

import numpy as np
import pytest

from scanwright.errors import DataError, SettingsError
from scanwright.io.costs_csv import read_costs

NAMES = ("benign", "malignant")


def written(tmp_path, text):
    path = tmp_path / "costs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_and_columns_come_in_the_order_of_the_classes(tmp_path):
    path = written(tmp_path, "malignant;truth;benign\n0;malignant;10\n1;benign;0\n")
    assert np.array_equal(read_costs(path, NAMES), [[0, 1], [10, 0]])


@pytest.mark.parametrize(
    "text",
    [
        "truth,benign\nbenign,0\nmalignant,1\n",
        "truth,benign,malignant\nbenign,0,1\n",
        "truth,benign,malignant\nbenign,0,1\nbenign,1,0\n",
        "truth,benign,malignant,other\nbenign,0,1,1\nmalignant,1,0,1\n",
        "benign,malignant\n0,1\n1,0\n",
        "truth,benign,malignant\nbenign,0,-1\nmalignant,1,0\n",
        "truth,benign,malignant\nbenign,0,nan\nmalignant,1,0\n",
        "truth,benign,malignant\nbenign,0,much\nmalignant,1,0\n",
        "truth,benign,malignant\nbenign,0,0\nmalignant,1,1\n",
    ],
)
def test_what_is_no_table_of_these_classes_is_refused(tmp_path, text):
    with pytest.raises(SettingsError, match="cost"):
        read_costs(written(tmp_path, text), NAMES)


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path):
    with pytest.raises(DataError, match="table of costs"):
        read_costs(tmp_path / "none.csv", NAMES)
