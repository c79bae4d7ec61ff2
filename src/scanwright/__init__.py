"""scanwright: from a folder of medical scans to a model a clinician can check.

Importing the package is cheap: names load when they are used. No room may bear the name of a verb, because
importing it would put the room in the verb's place.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanwright.api import (
        compare,
        compress,
        convert,
        enhance,
        evaluate,
        explain,
        load,
        load_plan,
        open,
        plan,
        predict,
        train,
    )
    from scanwright.data.prediction import Predicted
    from scanwright.errors import ScanwrightError
    from scanwright.followup.follow import follow
    from scanwright.followup.front import measure
    from scanwright.followup.fuse import fuse
    from scanwright.followup.register import register
    from scanwright.packaging.front import export

__version__ = "0.1.0"
__all__ = [
    "Predicted",
    "ScanwrightError",
    "compare",
    "compress",
    "convert",
    "enhance",
    "evaluate",
    "explain",
    "export",
    "follow",
    "fuse",
    "inspect",
    "load",
    "load_plan",
    "measure",
    "open",
    "plan",
    "predict",
    "register",
    "train",
]


_HOMES = {
    "ScanwrightError": "scanwright.errors",
    "export": "scanwright.packaging.front",
    "follow": "scanwright.followup.follow",
    "fuse": "scanwright.followup.fuse",
    "measure": "scanwright.followup.front",
    "register": "scanwright.followup.register",
}
"""Of what does not live in the front door."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'scanwright' has no attribute '{name}'")
    from scanwright.extras import needing_analysis

    with needing_analysis(name):
        return getattr(import_module(_HOMES.get(name, "scanwright.api")), name)
