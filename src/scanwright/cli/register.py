"""``scanwright register``: one image laid on another of the same patient."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

FAILED = 1

MovingSeries = Annotated[
    str | None, typer.Option("--moving-series", help="As --series, of MOVING; --series is of FIXED.")
]


def register(
    fixed: Annotated[Path, typer.Argument(metavar="FIXED")],
    moving: Annotated[Path, typer.Argument(metavar="MOVING")],
    out: options.Out = Path("scanwright-registration"),
    kind: Annotated[
        str,
        typer.Option("--kind", help="rigid (turned and shifted), affine (stretched too) or deformable."),
    ] = "rigid",
    mask: Annotated[
        Path | None,
        typer.Option("--mask", help="On the grid of FIXED: only there are the images compared."),
    ] = None,
    series: options.SeriesChoice = None,
    moving_series: MovingSeries = None,
    seed: options.Seed = 0,
    lang: options.Lang = "en",
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Lay MOVING on FIXED, an image of the same patient of another date or modality, and say how it fits.

    Writes registered.nii.gz on the grid of FIXED, registration.json and .tfm, and register.html. Of a failed
    registration only page and record are written, and the exit code is 1.
    """
    from scanwright.followup.register import PAGE
    from scanwright.followup.register import register as run
    from scanwright.report.registration import reason, verdict
    from scanwright.report.texts import Words

    console = Console(quiet, as_json)
    with console.progress() as progress:
        result = run(
            fixed,
            moving,
            out,
            kind=kind,
            mask=mask,
            seed=seed,
            series=series,
            moving_series=moving_series,
            lang=lang,
            overwrite=overwrite,
            progress=progress,
        )
    quality, words = result.content["quality"], Words("en")
    console.say(verdict(quality, words))
    if result.failed:
        console.say(reason(quality, words))
    console.say(f"Page: {out / PAGE}")
    console.finish(out=str(out), page=str(out / PAGE), failed=result.failed, quality=quality)
    return FAILED if result.failed else 0
