"""``scanwright follow``: each lesion of a patient, or of many, through time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console


def follow(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER")],
    model: Annotated[
        Path | None,
        typer.Option("--model", help="A run or model that outlines lesions where masks are absent."),
    ] = None,
    out: options.Out = Path("scanwright-follow"),
    reader: Annotated[
        Path | None, typer.Option("--reader", help="reader.toml with what a reader chose otherwise.")
    ] = None,
    register: Annotated[
        str,
        typer.Option("--register", help="rigid, affine or deformable: how dates are laid onto the first."),
    ] = "rigid",
    rules: Annotated[
        str, typer.Option("--rules", help="Beside RECIST 1.1: irecist, volume, rano, by commas.")
    ] = "irecist,volume",
    test_retest: Annotated[
        float | None,
        typer.Option("--test-retest", help="Standard deviation of a volume measured twice, in percent."),
    ] = None,
    series: options.SeriesChoice = None,
    lang: options.Lang = "en",
    pdf: Annotated[bool, typer.Option("--pdf", help="Also write the page as PDF.")] = False,
    also: Annotated[
        str, typer.Option("--also", help="sr: of DICOM studies also write measurements and SEG as DICOM.")
    ] = "",
    seed: options.Seed = 0,
    device: options.Device = "auto",
    threads: options.Threads = None,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Follow each lesion over all dates: size, whether a change is real, growth, response by rule.

    FOLDER is a manifest.csv (case, patient, date, image, mask) or its folder, BIDS sessions, DICOM studies,
    or CDISC tables TU and TR. Writes follow.html, follow.json, reader.toml to edit, and tables TU, TR, RS.
    """
    from scanwright.followup.follow import FAILURES, PAGE
    from scanwright.followup.follow import follow as run
    from scanwright.report.follow import headline
    from scanwright.report.texts import Words

    console = Console(quiet, as_json)
    with console.progress() as progress:
        result = run(
            folder,
            out,
            model=model,
            reader=reader,
            register=register,
            rules=[rule.strip() for rule in rules.split(",") if rule.strip()],
            test_retest=test_retest,
            series=series,
            lang=lang,
            pdf=pdf,
            also=[kind.strip() for kind in also.split(",") if kind.strip()],
            seed=seed,
            device=device,
            threads=threads,
            overwrite=overwrite,
            progress=progress,
        )
    words = Words("en")
    for patient in result.patients[:20]:
        console.say(f"{patient['patient']} (studies: {len(patient['studies'])}): {headline(patient, words)}")
        for note in patient["notes"]:
            console.say(f"Warning: {words('follow.note.' + note)}")
    if len(result.patients) > 20:
        console.say(f"… and {len(result.patients) - 20} more patients")
    console.list_set_aside(result.set_aside, FAILURES)
    console.say(f"Page: {out / PAGE}")
    answers = {one["patient"]: one["best"] for one in result.patients}
    console.finish(out=str(out), page=str(out / PAGE), patients=len(result.patients), best=answers)
    return 3 if result.set_aside else 0
