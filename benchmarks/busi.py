"""BUSI breast ultrasound: AUROC of malignant against benign, five fixed folds, pooled.

Goal: ≥ 0.88 with 15 minutes a fold on 2 cores.
"""

from __future__ import annotations

import numpy as np

from figures import arguments, busi_fold, learn_and_judge, print_header, splits
from scanwright.core.metrics import auroc
from scanwright.core.statistics import patient_bootstrap


def main() -> None:
    parser = arguments(__doc__ or "", minutes=15)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print_header("BUSI, malignant against benign", minutes=f"{options.minutes} a fold", seed=options.seed)
    scores: list[float] = []
    malignant: list[bool] = []
    for fold in range(len(splits("busi-breast-ultrasound")["folds"])):
        folder = busi_fold(options.out / "busi" / f"fold-{fold}", fold, ("benign", "malignant"))
        _, result = learn_and_judge(folder, folder / "run", options, seed=options.seed)
        own = [
            (r["probabilities"]["malignant"], r["truth"] == "malignant") for r in result.content["records"]
        ]
        scores += [score for score, _ in own]
        malignant += [truth for _, truth in own]
        value = auroc(np.array([s for s, _ in own]), np.array([t for _, t in own]))
        print(f"fold {fold}: AUROC {value:.4f}, n = {len(own)}", flush=True)
    all_scores, all_truth = np.array(scores), np.array(malignant)
    number = patient_bootstrap(
        lambda rows: {("auroc", "malignant"): auroc(all_scores[rows], all_truth[rows])}, [None] * len(scores)
    )["auroc", "malignant"]
    print(
        f"pooled: AUROC {number.value:.4f} [{number.low:.4f}, {number.high:.4f}] (goal 0.88), n = {number.n}"
    )


if __name__ == "__main__":
    main()
