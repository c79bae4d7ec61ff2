"""Names for the arrays and files that travel through the house."""

from os import PathLike
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

PathLikeStr: TypeAlias = str | PathLike[str]
AnyArray: TypeAlias = NDArray[Any]
BoolArray: TypeAlias = NDArray[np.bool_]
FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.integer[Any]]
JsonDict: TypeAlias = dict[str, Any]


class Progress(Protocol):
    """Told how far a stage is; ``done`` and ``total`` share one unit (cases, steps, seconds).

    The stage "Warning" is over at once: its note is a sentence for the person.
    """

    def __call__(self, stage: str, done: float, total: float, note: str = "") -> None: ...


def silent(stage: str, done: float, total: float, note: str = "") -> None:
    """A Progress that says nothing."""
