"""``scanwright explain``: what a model's answers hang on, by maps that are tested first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

SOME = 3
# As in data/map_kinds.py, which would load numpy for the help; a test holds them together.
METHODS = "grad_cam, grad_cam_pp, integrated_gradients, smooth_grad, occlusion, attention_rollout"


def explain(
    run: Annotated[Path, typer.Argument()],
    inputs: Annotated[Path, typer.Argument(metavar="INPUT")],
    out: options.Out,
    methods: Annotated[
        str | None,
        typer.Option("--methods", help=f"Some of {METHODS} (for vit), with commas; by default all."),
    ] = None,
    class_name: Annotated[
        str | None,
        typer.Option("--class", help="Class that is explained; by default the one that is predicted."),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth",
            help="Where it is, for the pointing game: a dataset with masks or boxes of the same names, "
            "a folder of masks, or the mask of one image. What INPUT has itself is used without it.",
        ),
    ] = None,
    series: options.SeriesChoice = None,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    threads: options.Threads = None,
    lang: options.Lang = "en",
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Show what answers hang on: maps as NIfTI and PNG, each tested, explanation.json and a page.

    RUN is a run folder or a model folder. INPUT is a file, a series folder, a folder of
    cases, an untouched DICOM export, a zip of one, or a dataset. Maps that fail their
    trials go to OUT/failed and not into the page's pictures.
    """
    from scanwright import api
    from scanwright.report.explanation import headline, pointing_lines, warnings
    from scanwright.report.texts import Words

    console, words = Console(quiet, as_json), Words("en")
    chosen = [name.strip() for name in methods.split(",")] if methods else None
    with console.progress() as progress:
        result = api.explain(
            run,
            inputs,
            out,
            methods=chosen,
            class_name=class_name,
            truth=truth,
            series=series,
            seed=seed,
            lang=lang,
            overwrite=overwrite,
            progress=progress,
            device=device,
            threads=threads,
        )
    n = len(result.content["records"])
    console.say(f"Explained {n} {'case' if n == 1 else 'cases'}: {out}")
    for line in (headline(result.content, words), *pointing_lines(result.content, words)):
        console.say(line)
    for note in result.notes:
        console.say(f"Note: {note}")
    for line in warnings(result.content, words):
        console.say(f"Warning: {line}")
    console.list_set_aside(result.set_aside, str(out / "failures.csv"))
    console.say(f"Page: {out / 'explanation.html'}")
    console.finish(
        out=str(out),
        page=str(out / "explanation.html"),
        explained=n,
        set_aside=len(result.set_aside),
        numbers=result.content["numbers"],
    )
    return SOME if result.set_aside else 0
