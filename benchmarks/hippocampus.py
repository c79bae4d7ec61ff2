"""Hippocampus (MSD Task04): Dice on held-out patients after a few minutes on a processor.

Goal: anterior ≥ 0.87, posterior ≥ 0.85 in 15 minutes on 2 cores.
"""

from __future__ import annotations

import csv
import json

import scanwright as sw
from figures import arguments, data_root, learn_and_judge, print_header, splits


def main() -> None:
    parser = arguments(__doc__ or "", minutes=15)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    root, held_out = data_root() / "msd-hippocampus", set(splits("msd-hippocampus")["held_out"])
    folder = options.out / "hippocampus"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("case", "split", "image", "mask"))
        for image in sorted((root / "imagesTr").glob("*.nii.gz")):
            split = "test" if image.name in held_out else "train"
            writer.writerow(
                (image.name[:-7], split, image.resolve(), (root / "labelsTr" / image.name).resolve())
            )
    names = {"labels": {"background": 0, "anterior": 1, "posterior": 2}}
    (folder / "dataset.json").write_text(json.dumps(names))
    print_header("Hippocampus, Dice on held-out patients", minutes=options.minutes, seeds=options.seeds)
    for seed in options.seeds:
        run = folder / f"run-{seed}"
        _, result = learn_and_judge(sw.open(folder), run, options, seed=seed)
        for label, goal in (("anterior", 0.87), ("posterior", 0.85)):
            dice, hd95 = result.number("dice", label), result.number("hd95", label)
            print(
                f"seed {seed} {label}: Dice {dice['value']:.4f} [{dice['low']:.4f}, {dice['high']:.4f}] "
                f"(goal {goal}), HD95 {hd95['value']:.2f} mm, n = {dice['n']}",
                flush=True,
            )


if __name__ == "__main__":
    main()
