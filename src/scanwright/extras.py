"""The only place that imports optional packages softly, and what keeps packages from talking over us."""

import importlib
import importlib.util
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from scanwright.errors import MissingExtraError

_EXTRAS = ("analysis", "train", "pdf", "run", "openvino", "export", "follow", "dicom", "compress")
_INSTALL = {name: f"pip install 'scanwright[{name}]'" for name in _EXTRAS}
_CONSTRAINTS = "constraints.txt"
WARNING_FILTERS = threading.RLock()
"""``warnings.catch_warnings`` changes the whole process; whoever uses it while others read holds this."""
ANALYSIS = ("scipy", "SimpleITK", "matplotlib", "skimage", "pywt")
"""What the extra of that name brings: large, and not needed to run a package."""


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
        raise _missing(error, extra, feature) from error


def _missing(error: ModuleNotFoundError, extra: str, feature: str) -> MissingExtraError:
    # Beside the source lies what it was tested with; who only received a package has no such file.
    tested = f" -c {_CONSTRAINTS}" if os.path.isfile(_CONSTRAINTS) else ""
    return MissingExtraError(
        f"{feature} needs the package '{error.name}', which is not installed",
        do=f"Install it with: {_INSTALL[extra]}{tested}",
    )


class Later:
    """A module that is imported when something of it is first used: for what a lean installation may lack, in
    a file that it needs all the same."""

    def __init__(self, module: str, *, feature: str, extra: str = "analysis") -> None:
        self._asked = module, feature, extra

    def __getattr__(self, name: str) -> Any:
        module, feature, extra = self._asked
        value = getattr(require(module, extra=extra, feature=feature), name)
        setattr(self, name, value)
        return value


@contextmanager
def needing_analysis(feature: str) -> Iterator[None]:
    """Say of an import that fails for want of the extra "analysis" how to install it.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ANALYSIS:
            raise
        raise _missing(error, "analysis", feature) from error


def is_installed(module: str) -> bool:
    """Whether ``module`` is there, without importing it."""
    return importlib.util.find_spec(module) is not None


@contextmanager
def quietly(log: str, level: int = logging.ERROR) -> Iterator[None]:
    """Without warnings, and without what is less than ``level`` in a package's log."""
    logger = logging.getLogger(log)
    with WARNING_FILTERS:
        before = logger.level
        logger.setLevel(level)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            logger.setLevel(before)
