"""The only place that imports optional packages softly."""

import importlib
import os
from types import ModuleType

from scanwright.errors import MissingExtraError

_INSTALL = {"train": "pip install 'scanwright[train]' -c constraints.txt"}


def require(module: str, *, extra: str, feature: str) -> ModuleType:
    """Import ``module`` or say which feature needs it and how to install it.

    Raises:
        MissingExtraError: the module is not installed.
    """
    # Threads that wait by spinning, the default of OpenMP, make training two to three times slower wherever
    # another program also wants the processor. It is read when torch loads; a choice made before is kept.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{feature} needs the package '{error.name}', which is not installed",
            do=f"Install it with: {_INSTALL[extra]}",
        ) from error
