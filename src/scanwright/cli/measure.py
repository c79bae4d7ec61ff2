"""``scanwright measure``: how large each lesion of a mask is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console


def measure(
    image: Annotated[Path, typer.Argument(metavar="IMAGE")],
    mask: Annotated[Path, typer.Argument(metavar="MASK")],
    out: options.Out = Path("scanwright-measurements"),
    instances: Annotated[
        bool, typer.Option("--instances", help="Every label of the mask is one lesion, pieces and all.")
    ] = False,
    labels: Annotated[
        list[int] | None, typer.Option("--label", help="Only this label of the mask; may be repeated.")
    ] = None,
    organs: Annotated[
        Path | None,
        typer.Option("--organs", help="A mask of organs on the same grid: where each lesion lies."),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", help="Of the image: HU, SUV or none; by default told by a DICOM header."),
    ] = None,
    series: options.SeriesChoice = None,
    lang: options.Lang = "en",
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Measure each lesion: diameters as RECIST and RANO take them, volume, shape, intensities, IBSI features.

    IMAGE is an image or a series folder, MASK a mask on its grid. Writes measurements.json, measurements.csv
    and measure.html.
    """
    from scanwright.followup.front import PAGE
    from scanwright.followup.front import measure as run
    from scanwright.report.measurement import found_line
    from scanwright.report.texts import Words

    console = Console(quiet, as_json)
    with console.progress() as progress:
        result = run(
            image,
            mask,
            out,
            instances=instances,
            labels=labels or (),
            organs=organs,
            unit=unit,
            series=series,
            lang=lang,
            overwrite=overwrite,
            progress=progress,
        )
    console.say(f"Measured {len(result.lesions)} lesions: {out}")
    console.say(found_line(result.content, Words("en")))
    console.say(f"Page: {out / PAGE}")
    console.finish(out=str(out), page=str(out / PAGE), lesions=len(result.lesions))
    return 0
