"""``scanwright fuse``: images of one patient over one another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

SOME = 3


def fuse(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...")],
    out: options.Out = Path("scanwright-fusion"),
    by: Annotated[
        str,
        typer.Option(
            "--register", help="headers (as they lie), or register each: rigid, affine or deformable."
        ),
    ] = "headers",
    series: options.SeriesChoice = None,
    seed: options.Seed = 0,
    lang: options.Lang = "en",
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Lay images over one another: PET in colour on CT in grey, one MR sequence on another.

    The first IMAGE gives the grid. Writes pictures, fuse.html and stack.nii.gz, all images as channels for
    train. An image that can't be laid there is set aside in failures.csv.
    """
    from scanwright.followup.fuse import FAILURES, PAGE
    from scanwright.followup.fuse import fuse as run

    console = Console(quiet, as_json)
    with console.progress() as progress:
        result = run(
            images,
            out,
            by=by,
            seed=seed,
            series=series,
            lang=lang,
            overwrite=overwrite,
            progress=progress,
        )
    console.say(f"Fused {len(result.names)} images ({', '.join(result.names)}): {out}")
    console.list_set_aside(result.set_aside, str(out / FAILURES))
    console.say(f"Page: {out / PAGE}")
    console.finish(
        out=str(out), page=str(out / PAGE), channels=list(result.names), set_aside=len(result.set_aside)
    )
    return SOME if result.set_aside else 0
