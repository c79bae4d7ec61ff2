"""``scanwright compare``: two models on exactly the same cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

SOME = 3


def compare(
    run_a: Annotated[Path, typer.Argument()],
    run_b: Annotated[Path, typer.Argument()],
    data: Annotated[Path, typer.Argument()],
    out: options.Out,
    lang: options.Lang = "en",
    patient_pattern: options.PatientPattern = None,
    series: options.SeriesChoice = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Compare two models on the same cases; write comparison.json and comparison.html.

    RUN_A and RUN_B are run or model folders of the same task and classes. DATA is the dataset that they were
    trained on (the test cases of both are used), or one that neither has seen.
    """
    from scanwright import api
    from scanwright.report.comparison import lead_of, sentences, short_rows
    from scanwright.report.texts import Words

    console = Console(quiet, as_json)
    dataset = api.open(data, patient_pattern=patient_pattern, series=series)
    with console.progress() as progress:
        comparison = api.compare(
            run_a,
            run_b,
            dataset,
            out,
            lang=lang,
            overwrite=overwrite,
            progress=progress,
            device=device,
            threads=threads,
        )
    content = comparison.content
    words = Words("en")
    console.say(
        f"{content['n_cases']} cases ({content['how_chosen']}); patients: {content['data']['patients']}"
    )
    console.table(short_rows(content, words))
    for sentence in sentences(content, words):
        console.say(sentence)
    console.list_set_aside(comparison.set_aside, str(out / "failures.csv"))
    console.say(f"Page: {out / 'comparison.html'}\nNumbers: {out / 'comparison.json'}")
    lead = lead_of(content) or {}
    told = ("name", "a", "b", "difference", "low", "high", "p_holm", "verdict", "n")
    console.finish(
        page=str(out / "comparison.html"),
        comparison=str(out / "comparison.json"),
        lead={key: lead.get(key) for key in told},
        set_aside=len(comparison.set_aside),
    )
    return SOME if comparison.set_aside else 0
