"""scanwright: from a folder of medical scans to a model a clinician can check.

Importing the package is cheap: names load when they are used. No room may bear the name of a verb, because
importing it would put the room in the verb's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanwright.api import (
        compare,
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


def __getattr__(name: str) -> Any:
    if name == "ScanwrightError":
        from scanwright.errors import ScanwrightError

        return ScanwrightError
    if name == "follow":
        from scanwright.followup.follow import follow

        return follow
    if name == "measure":
        from scanwright.followup.front import measure

        return measure
    if name == "register":
        from scanwright.followup.register import register

        return register
    if name == "fuse":
        from scanwright.followup.fuse import fuse

        return fuse
    if name == "export":
        from scanwright.packaging.front import export

        return export
    if name in __all__:
        from scanwright import api

        return getattr(api, name)
    raise AttributeError(f"module 'scanwright' has no attribute '{name}'")
