"""Brain tumours on MR slices: mAP@0.5 on a held-out fold, whatever the tumour's class.

Both classes of the data surround a tumour, so that here they are one. Patients are the numbers that file
names begin with. Goal: mAP@0.5 ≥ 0.80 on fold 0 in 40 minutes on 2 cores.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

import scanwright as sw
from figures import arguments, data_root, learn_and_judge, print_header, print_number, splits
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case
from scanwright.data.dataset import Dataset

NAME = "brain-tumor-detection-yolo"


def main() -> None:
    parser = arguments(__doc__ or "", minutes=40)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dataset = one_class(sw.open(data_root() / NAME, patient_pattern=r"(\d+)_\d+$"))
    held_out = {PurePosixPath(name).stem for name in splits(NAME)["folds"][options.fold]}
    dataset = replace(dataset, cases=tuple(split(case, held_out) for case in dataset.cases))
    run = options.out / "brain-boxes" / f"fold-{options.fold}"
    print_header("Brain tumours, one class", fold=options.fold, minutes=options.minutes, seed=options.seed)
    _, result = learn_and_judge(dataset, run, options, seed=options.seed, task="detection")
    print_number("mAP@0.5", result.number("map50"), " (goal 0.80)")
    for name in ("map", "sensitivity", "false_alarms_per_case", "sensitivity_at_1"):
        print_number(name, result.number(name))


def one_class(dataset: Dataset) -> Dataset:
    """The dataset with every box around a "tumour"."""
    return replace(dataset, class_names={"tumour": "tumour"}, cases=tuple(map(_one_class, dataset.cases)))


def _one_class(case: Case) -> Case:
    boxes = replace(case.boxes, read=partial(_read_tumours, case))
    return replace(case, targets={**case.targets, "boxes": boxes})


def _read_tumours(case: Case) -> Boxes:
    boxes = case.boxes.read()
    return replace(boxes, classes=("tumour",) * len(boxes))


def split(case: Case, held_out: set[str]) -> Case:
    """The case in the split that the fold gives it."""
    return replace(case, split="test" if PurePosixPath(case.name).name in held_out else "train")


if __name__ == "__main__":
    main()
