"""``scanwright demo``: the whole way on phantoms of known truth, in a few minutes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

if TYPE_CHECKING:
    from scanwright.data.dataset import Dataset
    from scanwright.data.volume import Volume
    from scanwright.types import Progress

N_NEW = 3
# A new patient's seed must not be one of the cohort's.
NEW_SEED_OFFSET = 1_000_003


def demo(
    out: options.Out = Path("scanwright-demo"),
    patients: Annotated[int, typer.Option("--patients", min=10, help="Phantom patients to make.")] = 60,
    minutes: Annotated[float, typer.Option("--minutes", help="Upper bound of the training time.")] = 4.4,
    seed: options.Seed = 0,
    lang: options.Lang = "en",
    threads: options.Threads = None,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Make phantom patients, then read, plan, train, evaluate, predict and report: no data needed."""
    from scanwright import api
    from scanwright.cli.evaluate import say_evaluation
    from scanwright.cli.plan import say_plan
    from scanwright.io.files import claim_folder
    from scanwright.phantoms.cohort import write_cohort

    console = Console(quiet, as_json)
    own = ("cohort", "new", "run", "predictions", "evaluation")
    folder = claim_folder(out, overwrite=overwrite, own=own)
    with console.progress() as progress:
        cohort = write_cohort(
            folder / "cohort",
            patients,
            seed=seed,
            progress=lambda done, total: progress("Phantoms", done, total, ""),
        )
        new = write_cohort(folder / "new", N_NEW, seed=seed + NEW_SEED_OFFSET)
    console.say(
        f"Made {cohort.n_patients} phantom patients with {cohort.n_lesions} lesions, "
        "as an unsorted DICOM export."
    )
    dataset = api.open(cohort.root)
    with console.progress() as progress:
        planned = api.plan(dataset, progress=progress, minutes=minutes, seed=seed)
        say_plan(console, planned)
        model = api.train(
            dataset,
            folder / "run",
            plan=planned,
            progress=progress,
            minutes=minutes,
            seed=seed,
            threads=threads,
        )
        baselines = _naive_numbers(dataset, folder / "run", progress)
        evaluation = api.evaluate(
            model,
            dataset,
            folder / "evaluation",
            lang=lang,
            progress=progress,
            threads=threads,
            baselines=baselines,
        )
        # Only images, as they would come tomorrow: no masks, no manifest.
        api.predict(model, new.root / "dicom", folder / "predictions", progress=progress, threads=threads)
    console.say()
    say_evaluation(console, evaluation)
    for number in baselines:
        console.say(
            f"  {number['comparator']}: {number['name']} {number['value']:.2f} "
            "(a naive method, for comparison)"
        )
    places = {
        "export": cohort.root,
        "run": folder / "run",
        "report": folder / "evaluation" / "report.html",
        "predictions": folder / "predictions",
    }
    console.say("\nMade:")
    console.table([(name, str(place)) for name, place in places.items()])
    lead = evaluation.number(evaluation.content["score"])
    console.finish(**{name: str(place) for name, place in places.items()}, dice=lead["value"])
    return 0


def _naive_numbers(dataset: Dataset, run: Path, progress: Progress) -> list[dict[str, Any]]:
    """What a threshold and a blob detector reach on the same test patients, each at its best setting."""
    from scanwright.io.files import read_json
    from scanwright.phantoms.baselines import score_naive_detectors

    split_of = read_json(run / "splits.json")["of"]
    cases = [case for case in dataset.cases if split_of.get(case.name) == "test"]

    def pairs() -> Iterator[tuple[Volume, Volume]]:
        for done, case in enumerate(cases, start=1):
            yield case.image.read(), case.mask.read()
            progress("Naive", done, len(cases), "")

    scores = score_naive_detectors(pairs())
    shared = {
        "group": "",
        "low": None,
        "high": None,
        "level": 0.95,
        "unit": "",
        "n_patients": scores.n_patients,
    }
    return [
        {
            "name": "dice",
            "value": scores.threshold_dice,
            "comparator": "best threshold",
            "n": scores.n_patients,
            **shared,
        },
        {
            "name": "cpm",
            "value": scores.blob_cpm,
            "comparator": "best blob detector",
            "n": scores.n_lesions,
            **shared,
        },
    ]
