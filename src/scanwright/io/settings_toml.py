"""``settings.toml``: what the user wanted of a run."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from scanwright.data.settings import Settings
from scanwright.io.files import write_text

FILE = "settings.toml"
# What goes on may well run on other threads, and its data were opened before.
OF_EACH_CALL = ("threads", "device", "patient_pattern", "series")


def write_settings(run: Path, settings: Settings) -> None:
    """Write the settings of a run; JSON's strings, numbers and booleans are TOML's.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
    """
    plain: dict[str, Any] = settings.to_json()
    overrides = plain.pop("overrides")
    lines = [f"{name} = {_said(value)}" for name, value in plain.items()]
    lines += ["", "[overrides]", *(f"{json.dumps(name)} = {_said(v)}" for name, v in overrides.items())]
    write_text(run / FILE, "\n".join(lines) + "\n")


def find_unused(run: Path, asked: Settings) -> list[str]:
    """What is asked for now and was not when the run was begun, which goes on by what was asked for then.

    Args:
        run: its folder; one that holds no settings leaves nothing unused.
        asked: now; what is left at its default asks for nothing.
    """
    if not (run / FILE).is_file():
        return []
    try:
        begun = _flat(Settings.from_json(tomllib.loads((run / FILE).read_text(encoding="utf-8")), FILE))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):  # nothing is read from it to go on
        return []
    default = _flat(Settings())
    return [
        f"{name}={value} ({f'there {begun[name]}' if name in begun else 'not set there'})"
        for name, value in _flat(asked).items()
        if name not in OF_EACH_CALL and value not in (default.get(name), begun.get(name))
    ]


def _flat(settings: Settings) -> dict[str, Any]:
    plain: dict[str, Any] = settings.to_json()
    overrides = plain.pop("overrides")
    return plain | {f"--set {name}": value for name, value in overrides.items()}


def _said(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
