"""Options that mean the same in every verb."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def _at_most_all(asked: int | None) -> int | None:
    """More threads than processors would wait for one another: many times slower, and no error."""
    there = os.cpu_count() or 1
    if asked is None or asked <= there:
        return asked
    sys.stderr.write(f"Note: --threads {asked}: this computer has {there}, and so many are used.\n")
    return there


Out = Annotated[Path, typer.Option("--out", help="Where results go; refused when it holds something else.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace earlier results in --out.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Start of all random numbers.")]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", help="Time from the start to the model, at most; else as --effort says."),
]
Effort = Annotated[
    str, typer.Option("--effort", help="quick (5 min), standard (30 min) or thorough (120 min, folds).")
]
Folds = Annotated[
    int | None,
    typer.Option(
        "--folds", help="Train so many networks, each without another part of the cases; their mean answers."
    ),
]
TaskName = Annotated[
    str,
    typer.Option(
        "--task",
        help="segmentation, classification, ordinal, multilabel, regression or detection; auto takes it from "
        "the data.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, callback=_at_most_all, help="Processor threads; all by default, and at most."
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="NAME=VALUE: overrule a field of the plan, such as optimiser=sgd; may be repeated. "
        "The verb plan shows the fields.",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option("--memory", help="Cap on resident memory, such as 4G or 800M; refused if too small."),
]
InitFrom = Annotated[
    str | None,
    typer.Option(
        "--init-from",
        help="Start from the weights of a run, a model or a file (.safetensors, .pt, .pth).",
    ),
]
PatientPattern = Annotated[
    str | None,
    typer.Option(
        "--patient-pattern", help="Regular expression with one group that finds the patient in a case's name."
    ),
]
SeriesChoice = Annotated[
    str | None,
    typer.Option(
        "--series",
        help="Regular expression: only DICOM series in whose modality, description or UID it is found.",
    ),
]
Uncertainty = Annotated[
    str,
    typer.Option(
        "--uncertainty",
        help="Also measure how far answers differ: tta (mirrored or shaded images), dropout or ensemble.",
    ),
]
Lang = Annotated[str, typer.Option("--lang", help="Language of the report: en or zh.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="End with one machine-readable line.")]


def read_overrides(pairs: list[str] | None) -> dict[str, str]:
    """``--set`` options as name → text.

    Raises:
        SettingsError: one is not NAME=VALUE.
    """
    from scanwright.errors import SettingsError

    overrides = {}
    for pair in pairs or []:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise SettingsError("--set takes NAME=VALUE", received=pair)
        overrides[name.strip()] = value.strip()
    return overrides
