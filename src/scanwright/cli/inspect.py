"""``scanwright inspect``: what is wrong with a dataset, before anything is learnt."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

if TYPE_CHECKING:
    from scanwright.inspection.doctor import Inspection

SOME = 3
MOST_SAID = 20


def inspect(
    data: Annotated[Path, typer.Argument()],
    out: options.Out = Path("scanwright-inspection"),
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Also write a cleaned manifest.csv; the scans are never changed."),
    ] = False,
    series: options.SeriesChoice = None,
    lang: options.Lang = "en",
    patient_pattern: options.PatientPattern = None,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Say what is wrong with a dataset, the worst first; write findings.json and findings.html.

    DATA is a folder of scans, an untouched DICOM export, a zip of one, a MedMNIST .npz or a manifest.csv.
    """
    from scanwright import api
    from scanwright.data.finding import SEVERITIES
    from scanwright.io.dataset import find_cases

    console = Console(quiet, as_json)
    dataset = find_cases(data, patient_pattern=patient_pattern, series=series)
    with console.progress() as progress:
        inspection = api.inspect(dataset, out, apply=apply, lang=lang, overwrite=overwrite, progress=progress)
    _say(console, inspection)
    console.say(f"\nPage: {out / 'findings.html'}\nFindings: {out / 'findings.json'}")
    if apply:
        console.say(
            f"Cleaned: {out / 'manifest.csv'} "
            f"({len(inspection.cleaned())} of {len(inspection.examined.exams)} cases)"
        )
    n_of = Counter(one.severity for one in inspection.findings)
    console.finish(page=str(out / "findings.html"), findings={name: n_of[name] for name in SEVERITIES})
    return SOME if n_of["error"] else 0


def _say(console: Console, inspection: Inspection) -> None:
    dataset, findings = inspection.examined.dataset, inspection.findings
    console.say(f"{dataset.layout}: {len(inspection.examined.exams)} cases read")
    rows = []
    for one in findings[:MOST_SAID]:
        cases = ", ".join(one.cases[:3]) + (", …" if len(one.cases) > 3 else "")
        rows.append((one.severity, one.kind, f"{one.title}: {cases}" if cases else one.title))
    console.table(rows)
    if len(findings) > MOST_SAID:
        console.say(f"… and {len(findings) - MOST_SAID} more")
    if not findings:
        console.say("Nothing was found.")
    for note in dataset.notes:
        console.say(f"Note: {note}")
