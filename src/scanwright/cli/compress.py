"""``scanwright compress``: a smaller, faster model, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

SOME = 3


def compress(
    run: Annotated[Path, typer.Argument()],
    out: options.Out,
    data: Annotated[
        Path | None, typer.Option("--data", help="The data it was trained on; by default where they were.")
    ] = None,
    max_drop: Annotated[
        float, typer.Option("--max-drop", help="By which the leading number (Dice, AUROC, …) may get worse.")
    ] = 0.005,
    target_speedup: Annotated[
        float | None,
        typer.Option(
            "--target-speedup",
            help="So many times as fast, end to end: the most accurate model that reaches it, whatever it "
            "loses.",
        ),
    ] = None,
    widths: Annotated[
        str | None,
        typer.Option(
            "--widths", help="Shares of the channels to try, such as 0.5,0.25; 1 leaves the network as it is."
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes", help="Upper bound of all tuning; by default what the run's training was given."
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Column of the data: none of its groups may lose more; repeatable."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Try every width, also beyond the first that loses too much.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the search in --out stopped.")
    ] = False,
    lang: options.Lang = "en",
    patient_pattern: options.PatientPattern = None,
    series: options.SeriesChoice = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Make a model smaller and faster, as far as validation patients show that little is lost.

    RUN is a run folder. Tried are 8 bits, and narrower networks (pruned, then tuned beside the original),
    from mild to strong; each is judged against the original on the validation patients, and the search
    stops where the leading number, the calibration or a group of --by may lose more than is allowed.
    --out gets model.scanwright (the one to use), the others worth having in packages/,
    compression.json and a page. Packages are for OpenVINO (scanwright[openvino]): in 8 bits ONNX Runtime
    is slower on volumes than in fp32.
    """
    from scanwright import api
    from scanwright.report.compression import sentences, short_rows
    from scanwright.report.texts import Words

    console = Console(quiet, as_json)
    with console.progress() as progress:
        made = api.compress(
            run,
            out,
            data=data,
            max_drop=max_drop,
            target_speedup=target_speedup,
            widths=read_widths(widths),
            minutes=minutes,
            by=by or (),
            everything=everything,
            series=series,
            patient_pattern=patient_pattern,
            lang=lang,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            device=device,
            threads=threads,
        )
    if made.was_finished:
        console.say(f"The search in {out} was finished before; this is what it found:")
    words = Words("en")
    console.table(short_rows(made.content, words))
    for sentence in sentences(made.content, words):
        console.say(sentence)
    console.list_set_aside(made.set_aside, str(out / "failures.csv"))
    console.say(f"Model: {made.package}\nPage: {out / 'compression.html'}")
    chosen = made.chosen
    console.finish(
        package=str(made.package),
        page=str(out / "compression.html"),
        chosen=chosen["name"],
        bytes=chosen["bytes"],
        front=made.content["front"],
        stopped=made.stopped,
        set_aside=len(made.set_aside),
    )
    return SOME if made.set_aside else 0


def read_widths(text: str | None) -> tuple[float, ...]:
    """Shares of the channels from text; 1 is the network as it is, which is always tried.

    Raises:
        SettingsError: one is no number.
    """
    from scanwright.compression.narrowing import WIDTHS
    from scanwright.errors import SettingsError

    if text is None:
        return WIDTHS
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise SettingsError("--widths takes numbers with commas between them", received=text) from error
    return tuple(share for share in shares if share != 1)
