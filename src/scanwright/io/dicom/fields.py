"""Single fields of a header, by keyword."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from scanwright.errors import DataError
from scanwright.types import FloatArray


@cache
def tag_of(name: str) -> BaseTag:
    """The tag of a keyword; to look it up takes longer than to read most fields."""
    return Tag(name)


def value_of(dataset: Dataset, name: str) -> Any:
    """The value as pydicom gives it, ``None`` where the field is missing."""
    tag = tag_of(name)
    return dataset[tag].value if tag in dataset else None


def text_of(dataset: Dataset, name: str) -> str:
    """The value in words, "" where there is none."""
    value = value_of(dataset, name)
    return "" if value is None else str(value).strip()


def numbers_of(dataset: Dataset, name: str, count: int) -> FloatArray | None:
    """So many finite numbers, ``None`` where there is none.

    Raises:
        DataError: other than that.
    """
    value = value_of(dataset, name)
    if value is None or value == "":
        return None
    numbers = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if numbers.size == 0:
        return None
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise DataError(f"{name} does not hold {count} numbers")
    return numbers


def number_of(dataset: Dataset, name: str, otherwise: float) -> float:
    """One finite number.

    Raises:
        DataError: other than that.
    """
    numbers = numbers_of(dataset, name, 1)
    return otherwise if numbers is None else float(numbers[0])
