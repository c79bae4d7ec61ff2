"""``scanwright inspect``: what is wrong with a dataset, before anything is learnt."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

if TYPE_CHECKING:
    from scanwright.data.finding import Finding
    from scanwright.inspection.doctor import Inspection

NOTHING, SOME = 1, 3
MOST_OF_KIND = 2


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
    from scanwright.io.writing.manifest_csv import refuse_zip

    console = Console(quiet, as_json)
    if apply:
        refuse_zip(data)
    dataset = find_cases(data, patient_pattern=patient_pattern, series=series)
    with console.progress() as progress:
        inspection = api.inspect(dataset, out, apply=apply, lang=lang, overwrite=overwrite, progress=progress)
    _say(console, inspection)
    console.say(f"\nPage: {out / 'findings.html'}\nFindings: {out / 'findings.json'}")
    if apply:
        n, of = len(inspection.cleaned()), len(inspection.examined.exams)
        console.say(
            f"Cleaned: {out / 'manifest.csv'} ({n} of {of} cases)" if n else "No case is left for a manifest."
        )
    n_of = Counter(one.severity for one in inspection.findings)
    console.finish(page=str(out / "findings.html"), findings={name: n_of[name] for name in SEVERITIES})
    if not inspection.examined.exams:
        return NOTHING
    return SOME if n_of["error"] else 0


def _say(console: Console, inspection: Inspection) -> None:
    dataset, findings = inspection.examined.dataset, inspection.findings
    console.say(f"{dataset.layout}, cases read: {len(inspection.examined.exams)}")
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        kinds.setdefault((one.severity, one.kind), []).append(one)
    rows = []
    for (severity, kind), own in kinds.items():
        for one in own[:MOST_OF_KIND]:
            cases = ", ".join(one.cases[:3]) + (", …" if len(one.cases) > 3 else "")
            rows.append((severity, kind, f"{one.title.rstrip('.')}: {cases}" if cases else one.title))
        if len(own) > MOST_OF_KIND:
            rows.append(("", "", f"… and {len(own) - MOST_OF_KIND} more like it"))
    console.table(rows)
    if not findings:
        console.say("Nothing was found.")
    for note in dataset.notes:
        console.say(f"Note: {note}")
