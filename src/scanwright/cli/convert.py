"""``scanwright convert``: write a dataset in another layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

SOME = 3


def convert(
    data: Annotated[Path, typer.Argument()],
    out: options.Out,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="nnunet (nnU-Net raw), bids, or manifest (images/, masks/ and a manifest.csv).",
        ),
    ],
    patient_pattern: options.PatientPattern = None,
    series: options.SeriesChoice = None,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Write a dataset in another layout, as NIfTI (pictures as PNG); failures.csv lists what was set aside.

    DATA is a folder of labelled scans, a MedMNIST .npz or a manifest.csv. It is never changed.
    """
    from scanwright import api
    from scanwright.io.writing.convert import find_target

    console = Console(quiet, as_json)
    find_target(to)
    dataset = api.open(data, patient_pattern=patient_pattern, series=series)
    with console.progress() as progress:
        result = api.convert(dataset, out, to=to, overwrite=overwrite, progress=progress)
    n = len(result.written)
    console.say(f"Converted {n} {'case' if n == 1 else 'cases'} of {dataset.layout}: {out}")
    for note in (*dataset.notes, *result.notes):
        console.say(f"Note: {note}")
    console.list_set_aside(result.set_aside, str(out / "failures.csv"))
    console.finish(out=str(out), to=to, converted=n, set_aside=len(result.set_aside))
    return SOME if result.set_aside else 0
