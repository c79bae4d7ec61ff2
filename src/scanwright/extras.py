"""The only place that imports optional packages softly, and what keeps packages from talking over us."""

import importlib
import importlib.util
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from scanwright.errors import MissingExtraError

_EXTRAS = ("train", "pdf", "run", "openvino", "export", "follow", "compress")
_INSTALL = {name: f"pip install 'scanwright[{name}]' -c constraints.txt" for name in _EXTRAS}


def require(module: str, *, extra: str, feature: str) -> ModuleType:
    """Import ``module`` or say which feature needs it and how to install it.

    Raises:
        MissingExtraError: the module is not installed.
    """
    # Threads that wait by spinning for long make training much slower where another program also wants the
    # processor, and threads that never spin make it slower where none does (decision note 15). It is read
    # when torch loads; a choice made before is kept.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    # NNCF asks for this where nothing may be told of its use to its makers.
    os.environ.setdefault("NNCF_CI", "1")
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{feature} needs the package '{error.name}', which is not installed",
            do=f"Install it with: {_INSTALL[extra]}",
        ) from error


def is_installed(module: str) -> bool:
    """Whether ``module`` is there, without importing it."""
    return importlib.util.find_spec(module) is not None


@contextmanager
def quietly(log: str, level: int = logging.ERROR) -> Iterator[None]:
    """Without warnings, and without what is less than ``level`` in a package's log."""
    logger = logging.getLogger(log)
    before = logger.level
    logger.setLevel(level)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
