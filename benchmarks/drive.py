"""DRIVE retinal vessels: F1 inside the field of view, four fixed folds, pooled over all pixels.

The threshold is chosen on validation photographs of the training side.
Goal: ≥ 0.78 with 8 minutes a fold on 2 cores.
"""

from __future__ import annotations

import csv

import numpy as np

import scanwright as sw
from figures import arguments, data_root, learn_and_judge, print_header, splits
from scanwright.core.metrics import auroc
from scanwright.core.statistics import patient_bootstrap
from scanwright.io import read_mask


def main() -> None:
    parser = arguments(__doc__ or "", minutes=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    root, folds = data_root() / "retina-drive" / "training", splits("retina-drive")["folds"]
    print_header(
        "DRIVE vessels, F1 inside the field of view", minutes=f"{options.minutes} a fold", seed=options.seed
    )
    counts = []
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
        areas = []
        data = sw.open(folder)
        for case, prediction in model.run([case for case in data.cases if case.split == "test"]):
            field = read_mask(next((root / "mask").glob(f"{case.name}_*"))).array[0] > 0
            found = (prediction.mask.array[0] > 0)[field]
            truth = (case.mask.read().array[0] > 0)[field]
            own.append((int((found & truth).sum()), int(found.sum()), int(truth.sum())))
            areas.append(auroc(prediction.probabilities.read().array[1][field], truth))
        counts += own
        total = np.sum(own, axis=0)
        print(
            f"fold {fold}: F1 {2 * total[0] / (total[1] + total[2]):.4f}, mean AUROC {np.mean(areas):.4f}, "
            f"threshold {model.thresholds}, n = {len(own)}",
            flush=True,
        )
    table = np.array(counts, dtype=float)

    def pooled(rows: np.ndarray) -> dict[tuple[str, str], float]:
        right, found, true = table[rows].sum(axis=0)
        return {("f1", ""): 2 * right / (found + true)}

    number = patient_bootstrap(pooled, [str(n) for n in range(len(table))])["f1", ""]
    print(f"pooled: F1 {number.value:.4f} [{number.low:.4f}, {number.high:.4f}] (goal 0.78), n = {number.n}")


if __name__ == "__main__":
    main()
