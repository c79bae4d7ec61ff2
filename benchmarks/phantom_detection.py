"""Lesions of 4 to 20 mm in CT-like phantoms: CPM, and the share of the smallest found at 1 false alarm.

A finding hits a lesion when its centre is nearer to the lesion's than half its mean side (LUNA16). Beside it
stands a Laplacian of Gaussian, tuned on the very patients that it is judged on. Goal: CPM ≥ 0.85, and 0.7 of
the lesions of 4 to 6 mm at 1 false alarm a patient; the Laplacian below 0.5, else the phantoms are too easy.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import scanwright as sw
from figures import arguments, learn_and_judge, print_header, print_number, progress
from scanwright.core.statistics import patient_bootstrap
from scanwright.data.case import Case
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import BoxPrediction
from scanwright.phantoms import write_boxed_cohort
from scanwright.phantoms.baselines import BLOB_WINDOWS, BlobWindow, blob_boxes, detect_blobs
from scanwright.tasks.catalogue import find_task
from scanwright.types import JsonDict

SMALL_MM = 6.0


def main() -> None:
    parser = arguments(__doc__ or "", minutes=40)
    parser.add_argument("--patients", type=int, default=120, help="to learn from")
    parser.add_argument("--held-out", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = options.out / "phantom-detection"
    print_header(
        "Phantoms, lesions of 4 to 20 mm",
        patients=f"{options.patients} + {options.held_out} held out",
        minutes=options.minutes,
        seed=options.seed,
    )
    data = make_data(folder / f"data-{options.seed}", options.patients + options.held_out, options.seed)
    dataset = held_out_last(sw.open(data), options.held_out)
    run = folder / f"run-{options.seed}"
    model, result = learn_and_judge(dataset, run, options, seed=options.seed, task="detection")
    test = [case for case in dataset.cases if case.split == "test"]
    small = only_small(test, data)
    print(f"{model.provenance['minutes']:.1f} min, {model.provenance['steps']} steps")
    print_number("CPM", result.number("cpm"), " (goal 0.85)")
    predictions = [one for _, one in model.run(test, threads=options.threads)]
    numbers = judge(predictions, small, model.plan)
    print_number(
        f"lesions below {SMALL_MM:g} mm, sensitivity at 1", numbers["sensitivity_at_1"], " (goal 0.7)"
    )
    print("Laplacian of Gaussian, the best of its windows first:")
    rows = [
        (judge(found, test, model.plan), judge(found, small, model.plan))
        for found in (find_blobs(test, window) for window in BLOB_WINDOWS)
    ]
    for all_sizes, small_ones in sorted(rows, key=lambda row: -row[0]["cpm"]["value"]):
        print_number("CPM", all_sizes["cpm"], " (must stay below 0.5)")
        print_number(f"  below {SMALL_MM:g} mm, sensitivity at 1", small_ones["sensitivity_at_1"])


def make_data(folder: Path, n_patients: int, seed: int) -> Path:
    """The cohort, unless it was made before."""
    manifest = folder / "manifest.csv"
    if not manifest.is_file() or len(manifest.read_text().splitlines()) != n_patients + 1:
        shutil.rmtree(folder, ignore_errors=True)
        with progress() as tell:
            write_boxed_cohort(
                folder, n_patients, seed=seed, progress=lambda n, of: tell("Making", n, of, "")
            )
    return folder


def held_out_last(dataset: Dataset, n: int) -> Dataset:
    """The last ``n`` patients are for testing."""
    cases = [replace(case, split="train") for case in dataset.cases[:-n]]
    cases += [replace(case, split="test") for case in dataset.cases[-n:]]
    return replace(dataset, cases=tuple(cases))


def only_small(cases: list[Case], data: Path) -> list[Case]:
    """The cases where larger lesions do not count: to find them is no false alarm."""
    with (data / "boxes.csv").open() as stream:
        diameters: dict[str, list[float]] = {}
        for row in csv.DictReader(stream):
            diameters.setdefault(row["case"], []).append(float(row["diameter_mm"]))
    small = []
    for case in cases:
        flags = tuple("" if mm < SMALL_MM else "difficult" for mm in diameters.get(case.name, ()))
        boxes = replace(case.boxes.read(), flags=flags)
        lazy = replace(case.boxes, read=lambda boxes=boxes: boxes)
        small.append(replace(case, targets={**case.targets, "boxes": lazy}))
    return small


def find_blobs(cases: list[Case], window: BlobWindow) -> list[BoxPrediction]:
    """What the Laplacian finds in each case."""
    found = []
    for case in cases:
        image = case.image.read()
        boxes = blob_boxes(detect_blobs(image, window), image)
        found.append(BoxPrediction(case.name, boxes, {"lesion": 0.0}, affine_ras=image.affine_ras))
    return found


def judge(predictions: list[BoxPrediction], cases: list[Case], plan: Plan) -> dict[str, JsonDict]:
    """Numbers by name, as ``evaluate`` gives them."""
    task = find_task("detection")
    records = [task.measure(one, case, plan) for one, case in zip(predictions, cases, strict=True)]
    summary = task.summarise(records, plan)
    numbers = patient_bootstrap(
        summary.statistic, [case.patient for case in cases], support=summary.support, units=summary.units
    )
    return {name: number.to_json() for (name, group), number in numbers.items() if not group}


if __name__ == "__main__":
    main()
