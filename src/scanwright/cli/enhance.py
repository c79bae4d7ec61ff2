"""``scanwright enhance``: classical steps on images, each recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console
from scanwright.data.step_kinds import KINDS

if TYPE_CHECKING:
    from scanwright.recipes.run import Enhancement

SOME = 3


def enhance(
    inputs: Annotated[Path, typer.Argument(metavar="INPUT")],
    out: options.Out,
    steps: Annotated[
        str,
        typer.Option(
            "--steps",
            help="Steps in their order, with commas: median=1,n4,percentile=1:99. Known are "
            f"{', '.join(kind.usage for kind in KINDS)}. Lengths in mm, for photographs in pixels.",
        ),
    ],
    reference: Annotated[
        Path | None,
        typer.Option("--reference", help="Clean images of the same names: gives PSNR and SSIM."),
    ] = None,
    series: options.SeriesChoice = None,
    lang: options.Lang = "en",
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Clean images or make them alike: NIfTI (pictures as PNG), steps.json, enhance.html and failures.csv.

    INPUT is an image, a series folder, a folder of images, an untouched DICOM export, a zip of one, or a
    dataset. It is never changed; masks and labels are left out.
    """
    from scanwright import api

    console = Console(quiet, as_json)
    with console.progress() as progress:
        result = api.enhance(
            inputs,
            out,
            steps=steps,
            reference=reference,
            series=series,
            lang=lang,
            overwrite=overwrite,
            progress=progress,
        )
    _say(console, result)
    console.list_set_aside(result.set_aside, str(out / "failures.csv"))
    n = len(result.content["cases"])
    console.finish(
        out=str(out),
        page=str(out / "enhance.html"),
        enhanced=n,
        set_aside=len(result.set_aside),
        numbers=result.content["numbers"],
    )
    return SOME if result.set_aside else 0


def _say(console: Console, result: Enhancement) -> None:
    from scanwright.report.enhancement import changes
    from scanwright.report.texts import Words

    n = len(result.content["cases"])
    console.say(f"Enhanced {n} {'image' if n == 1 else 'images'}: {result.folder}")
    for line in changes(result.content, Words("en")):
        console.say(line)
    for note in result.notes:
        console.say(f"Note: {note}")
    console.say(f"Page: {result.folder / 'enhance.html'}")
