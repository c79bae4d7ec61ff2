"""DRIVE retinal vessels: F1 and AUROC inside the field of view, four fixed folds, pooled over all pixels.

A pixel is a vessel where that is the more probable. For the AUROC, chances of all photographs are put
together as they are.
Goal: F1 ≥ 0.81, AUROC ≥ 0.976 with 30 minutes a fold on 2 cores.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np

import scanwright as sw
from figures import arguments, data_root, learn_and_judge, print_header, splits
from scanwright.core.statistics import patient_bootstrap
from scanwright.io import read_mask
from scanwright.types import BoolArray, FloatArray

LEVELS = 10_000
"""Chances are told apart to this many parts."""


def main() -> None:
    parser = arguments(__doc__ or "", minutes=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    root, folds = data_root() / "retina-drive" / "training", splits("retina-drive")["folds"]
    print_header(
        "DRIVE vessels inside the field of view", minutes=f"{options.minutes} a fold", seed=options.seed
    )
    cases: list[Case] = []
    for fold, names in enumerate(folds):
        folder = options.out / "drive" / f"fold-{fold}"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "manifest.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("case", "split", "image", "mask"))
            for name in sorted(name for fold_names in folds for name in fold_names):
                number = name.split("_")[0]
                truth = root / "1st_manual" / f"{number}_manual1.gif"
                split = "test" if name in names else "train"
                writer.writerow((number, split, (root / "images" / name).resolve(), truth.resolve()))
        model, _ = learn_and_judge(folder, folder / "run", options, seed=options.seed)
        own = []
        data = sw.open(folder)
        for case, prediction in model.run([case for case in data.cases if case.split == "test"]):
            field = read_mask(next((root / "mask").glob(f"{case.name}_*"))).array[0] > 0
            own.append(
                Case(
                    found=(prediction.mask.array[0] > 0)[field],
                    chances=prediction.probabilities.read().array[1][field],
                    truth=(case.mask.read().array[0] > 0)[field],
                )
            )
        cases += own
        print(
            f"fold {fold}: F1 {f1_of(own):.4f}, AUROC {auroc_of(own):.4f}, n = {len(own)}",
            flush=True,
        )

    def pooled(rows: np.ndarray) -> dict[tuple[str, str], float]:
        drawn = [cases[row] for row in rows]
        return {("F1", ""): f1_of(drawn), ("AUROC", ""): auroc_of(drawn)}

    numbers = patient_bootstrap(pooled, [str(n) for n in range(len(cases))])
    for name, goal in (("F1", 0.81), ("AUROC", 0.976)):
        number = numbers[name, ""]
        print(
            f"pooled: {name} {number.value:.4f} [{number.low:.4f}, {number.high:.4f}] (goal {goal}), "
            f"n = {number.n}"
        )


class Case:
    """A photograph's pixels inside the field of view, as counts."""

    def __init__(self, found: BoolArray, chances: FloatArray, truth: BoolArray) -> None:
        self.right, self.found, self.true = (int(one.sum()) for one in (found & truth, found, truth))
        level = np.rint(chances * LEVELS).astype(np.int64)
        self.levels = np.stack([np.bincount(level[truth == one], minlength=LEVELS + 1) for one in (0, 1)])


def f1_of(cases: Sequence[Case]) -> float:
    """F1 of all pixels together."""
    return 2 * sum(case.right for case in cases) / sum(case.found + case.true for case in cases)


def auroc_of(cases: Sequence[Case]) -> float:
    """Area under the curve of all pixels together: how often a vessel has a higher chance than what is none;
    equal ones count half."""
    without, vessels = np.sum([case.levels for case in cases], axis=0, dtype=float)
    below = np.cumsum(without) - without / 2
    return float((vessels * below).sum() / (vessels.sum() * without.sum()))


if __name__ == "__main__":
    main()
