"""Named fields from plain values (JSON, TOML): names and kinds are checked, and errors say which field."""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from scanwright.errors import SettingsError

T = TypeVar("T")
_KINDS = {float: "a number", int: "a whole number", str: "a text"}


def check_keys(received: Iterable[str], known: Sequence[str], source: str) -> None:
    """Raise when a key is not known.

    Raises:
        SettingsError: naming the key and its nearest neighbours.
    """
    for key in received:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=3, cutoff=0.4) or sorted(known)[:8]
            raise SettingsError(
                f"'{key}' is not known here", subject=source, do=f"Did you mean {', '.join(near)}?"
            )


def build(kind: type[T], plain: Any, source: str) -> T:
    """Make a dataclass from plain values; lists become tuples, whole numbers floats where floats stand, and a
    text is divided at its commas where a list of texts stands.

    Raises:
        SettingsError: a name is unknown or missing, or a value is of another kind.
    """
    if not isinstance(plain, Mapping):
        raise SettingsError("expected named fields", subject=source, received=repr(plain)[:60])
    hints = typing.get_type_hints(kind)
    check_keys(plain, list(hints), source)
    missing = [
        f.name
        for f in dataclasses.fields(kind)  # type: ignore[arg-type]
        if f.name not in plain
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise SettingsError(f"the fields {', '.join(missing)} are missing", subject=source)
    return kind(**{name: _convert(hints[name], value, f"{source}: {name}") for name, value in plain.items()})


def _convert(hint: Any, value: Any, source: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):  # "X | None"
        return None if value is None else _convert(arguments[0], value, source)
    if origin is tuple:
        return _convert_tuple(arguments, value, source)
    if origin is not None:  # Mapping[str, str]
        if not isinstance(value, Mapping):
            raise SettingsError("expected named values", subject=source, received=repr(value)[:60])
        return {str(key): str(item) for key, item in value.items()}
    if dataclasses.is_dataclass(hint):
        return build(hint, value, source)  # type: ignore[arg-type]
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or isinstance(value, bool):  # no field is a boolean, yet True is an int
        raise SettingsError(f"expected {_KINDS[hint]}", subject=source, received=repr(value)[:60])
    return value


def _convert_tuple(arguments: tuple[Any, ...], value: Any, source: str) -> tuple[Any, ...]:
    if isinstance(value, str) and arguments == (str, Ellipsis):
        value = [part.strip() for part in value.split(",")] if value.strip() else []
    if not isinstance(value, (list, tuple)):
        raise SettingsError("expected a list", subject=source, received=repr(value)[:60])
    if arguments[-1] is Ellipsis:
        return tuple(_convert(arguments[0], item, source) for item in value)
    if len(value) != len(arguments):
        raise SettingsError(f"expected {len(arguments)} values", subject=source, received=repr(value)[:60])
    return tuple(_convert(a, item, source) for a, item in zip(arguments, value, strict=True))


def within(low: float, high: float) -> Callable[[Any], str]:
    """A rule of numbers, alone or several: what is expected of them, "" when they fit."""

    def check(value: Any) -> str:
        numbers = value if isinstance(value, tuple) else (value,)
        fits = all(math.isfinite(number) and low <= number <= high for number in numbers)
        return "" if fits else f"between {low:g} and {high:g}"

    return check


def one_of(*names: str) -> Callable[[Any], str]:
    """A rule of names."""
    return lambda value: "" if value in names else " or ".join(names)


def ruled(rule: Callable[[Any], str]) -> dict[str, Callable[[Any], str]]:
    """Metadata of a field with a rule."""
    return {"rule": rule}
