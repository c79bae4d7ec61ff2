"""PneumoniaMNIST, 28 pixels: how often prediction sets hold the true class, and what referral costs.

One small model is trained on the official train images. The images that it has not seen are divided again and
again: on one half limits and temperature are fitted, on the other they are judged. Goal: mean coverage
between 1 - alpha and 1 - alpha + 0.03 over 200 divisions or more, each class by itself.

Each image counts as a patient: who is who is not known here, which the promise needs.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

import scanwright as sw
from figures import arguments, print_header, progress, unseen_pneumonia
from scanwright.core.calibration import brier, calibration_errors, equal_mass_bins, fit_calibration
from scanwright.core.conformal import fit_conformal, risk_coverage

ANSWERED = (0.5, 0.8, 0.9, 1.0)


def main() -> None:
    parser = arguments(__doc__ or "", minutes=1.5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--divisions", type=int, default=500)
    parser.add_argument("--levels", type=float, nargs="+", default=[0.9, 0.95, 0.98])
    options = parser.parse_args()
    print_header(
        "PneumoniaMNIST 28 px, conformal sets and referral",
        minutes=options.minutes,
        seed=options.seed,
        divisions=options.divisions,
    )
    scores, truth, names = _probabilities(options)
    counts = ", ".join(f"{n} of class {name}" for name, n in zip(names, truth.sum(axis=0), strict=True))
    print(f"unseen images: {counts}")
    kept = defaultdict[str, list[float]](list)
    rng = np.random.default_rng(options.seed)
    for _ in range(options.divisions):
        chosen = rng.permutation(len(scores)) < len(scores) // 2
        halves = (scores[chosen], truth[chosen]), (scores[~chosen], truth[~chosen])
        _calibrated(*halves, names, kept)
        for level in options.levels:
            _sets(*halves, names, level, kept)
    for name, values in kept.items():
        low, high = np.quantile(values, [0.025, 0.975])
        print(f"{name:58s} {np.mean(values):.4f}  (95 % of divisions: {low:.4f} to {high:.4f})")


def _probabilities(options) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The network's own, (image, class), what is true, and the classes; trained once and kept."""
    folder = options.out / "conformal"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "probabilities.npz"
    if not file.is_file():
        data = unseen_pneumonia(folder)
        settings = {"minutes": options.minutes, "seed": options.seed, "threads": options.threads}
        with progress() as tell:
            run = folder / "run"
            if not (run / "model").is_dir():
                sw.train(data, run, overwrite=True, progress=tell, **settings)
            model = sw.load(run)
            result = sw.evaluate(model, data, progress=tell)
        names = result.content["classes"]
        records = result.content["records"]
        own = [record.get("uncalibrated", record["probabilities"]) for record in records]
        np.savez(
            file,
            scores=[[one[name] for name in names] for one in own],
            truth=[[record["truth"] == name for name in names] for record in records],
            names=names,
        )
        area = result.number("auroc")
        print(f"AUROC {area['value']:.4f} [{area['low']:.4f}, {area['high']:.4f}], n = {area['n']}")
    kept = np.load(file, allow_pickle=False)
    return kept["scores"], kept["truth"], kept["names"].tolist()


def _calibrated(fitted_on, judged, names, kept) -> None:
    """Calibration error and Brier score before and after a temperature, and risk of the surest answers."""
    fitted = fit_calibration("temperature", *fitted_on, names, exclusive=True)
    scores, truth = judged
    after = fitted.apply(scores.T, names, exclusive=True).T
    for when, said in (("before", scores), ("after", after)):
        bins = np.stack([equal_mass_bins(own) for own in said.T], axis=1)
        kept[f"ECE {when} (as measured, chance included)"].append(
            calibration_errors(said, truth, bins).mean()
        )
        kept[f"Brier score {when}"].append(brier(said, truth).mean())
    kept["temperature"].append(fitted.temperatures.get("", 1.0))
    wrong = scores.argmax(axis=1) != truth.argmax(axis=1)
    answered, risk = risk_coverage(scores.max(axis=1), wrong)
    for share in ANSWERED:
        kept[f"error among the surest {100 * share:.0f} %"].append(np.interp(share, answered, risk))


def _sets(fitted_on, judged, names, level, kept) -> None:
    """How often the sets hold the truth, how large they are, and how many cases a person must see."""
    fitted = fit_conformal(*fitted_on, names, level, exclusive=True)
    if not fitted.is_fitted:
        kept[f"level {level:g}: divisions with too few cases for sets"].append(1.0)
        return
    scores, truth = judged
    possible = scores >= np.array([fitted.least[name] for name in names])
    top = scores.argmax(axis=1)
    single = possible.sum(axis=1) == 1
    stands = single & possible[np.arange(len(top)), top]
    for c, name in enumerate(names):
        kept[f"level {level:g}: coverage of class {name}"].append(possible[truth[:, c], c].mean())
        said = (top == c) | ~stands
        kept[f"level {level:g}: class {name} called so or referred"].append(said[truth[:, c]].mean())
    kept[f"level {level:g}: coverage of all"].append((possible & truth).any(axis=1).mean())
    kept[f"level {level:g}: set size"].append(possible.sum(axis=1).mean())
    kept[f"level {level:g}: sets of one class"].append(single.mean())
    kept[f"level {level:g}: referred"].append((~stands).mean())
    wrong = top != truth.argmax(axis=1)
    if stands.any():
        kept[f"level {level:g}: error among the answers that stand"].append(wrong[stands].mean())


if __name__ == "__main__":
    main()
