"""Do the intervals hold the true value? Simulated studies whose truth is known, patients with several images.

Each study draws n patients with 1 to 4 images; images of a patient share the class and what makes them hard.
The interval is the function that every report uses; only the numbers are computed for all resamples at once,
as sums over patients with weights. One usual study of each n goes through ``patient_bootstrap`` itself, and
both must agree. Coverage: the share of studies whose 95 % interval holds the truth, which comes from 300,000
patients. Studies without an interval (nothing varied) are counted apart. Beside it: plain percentiles of the
same resamples. Goal: 93 to 97 % for 100 and 300 patients. Before that studies with
one image of each patient: Wilson's interval of shares and DeLong's of the area under the ROC curve, by the
functions that reports use.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

from figures import print_header
from scanwright.core import metrics
from scanwright.core.comparison import delong_interval
from scanwright.core.statistics import bca_interval, patient_bootstrap, wilson_interval
from scanwright.errors import DataError

N_PATIENTS = (30, 100, 300)
N_TRUTH = 300_000
SEPARATIONS = {"usual": 1.6, "nearly perfect": 3.0}
NAMES = ("dice", "mae", "accuracy", "sensitivity", "auroc", "average precision")


@dataclass(frozen=True)
class Study:
    """Images: whose they are, whether ill, score, whether called ill, Dice, absolute error."""

    patient: np.ndarray
    ill: np.ndarray
    score: np.ndarray
    said: np.ndarray
    dice: np.ndarray
    error: np.ndarray


def draw_study(n: int, separation: float, rng: np.random.Generator, most_images: int = 4) -> Study:
    images = rng.integers(1, most_images + 1, n)
    patient = np.repeat(np.arange(n), images)
    own, noise = rng.normal(size=n)[patient], rng.normal(size=patient.size)
    ill = (rng.random(n) < 0.3)[patient]
    score = separation * ill + 0.7 * own + 0.7 * noise
    dice = 1 / (1 + np.exp(-(1.8 + 0.6 * own + 0.6 * noise)))
    missed = rng.random(patient.size) < 0.03
    dice = np.where(missed, 0.1 * rng.random(patient.size), dice)
    error = 3 * np.abs(np.exp(0.4 * own) * rng.normal(size=patient.size))
    return Study(patient, ill, score, score > separation / 2, dice, error)


def weigh(study: Study, times: np.ndarray) -> np.ndarray:
    """The numbers where patients count so many times, (draw, patient) → (draw, number)."""
    n = times.shape[1]

    def total(values: np.ndarray) -> np.ndarray:
        return times @ np.bincount(study.patient, values, n)

    images = total(np.ones(study.patient.size))
    order = np.argsort(-study.score)
    ill = study.ill[order]
    weight = times[:, study.patient[order]]
    positive = weight * ill
    found, called = np.cumsum(positive, axis=1), np.cumsum(weight, axis=1)
    n_ill = found[:, -1]
    n_well = called[:, -1] - n_ill
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = (
            total(study.dice) / images,
            total(study.error) / images,
            total((study.said == study.ill) * 1.0) / images,
            total((study.said & study.ill) * 1.0) / total(study.ill * 1.0),
            (weight * ~ill * found).sum(axis=1) / (n_ill * n_well),
            (positive * found / np.maximum(called, 1e-9)).sum(axis=1) / n_ill,
        )
    return np.stack(columns, axis=1)


def statistic_of(study: Study):
    """The same numbers by the functions that reports use."""

    def statistic(rows: np.ndarray) -> dict[tuple[str, str], float]:
        ill, score = study.ill[rows], study.score[rows]
        values = (
            study.dice[rows].mean(),
            study.error[rows].mean(),
            (study.said[rows] == ill).mean(),
            study.said[rows][ill].mean() if ill.any() else np.nan,
            metrics.auroc(score, ill),
            metrics.average_precision(score, ill),
        )
        return {(name, ""): float(value) for name, value in zip(NAMES, values, strict=True)}

    return statistic


def check_same(study: Study, n: int, n_resamples: int, rng: np.random.Generator) -> None:
    """Raise when the numbers or intervals here are not those of ``patient_bootstrap``."""
    names = [str(one) for one in study.patient]
    numbers = patient_bootstrap(statistic_of(study), names, n_resamples=n_resamples)
    value, ends, _ = intervals(study, n, n_resamples, rng)
    for column, number in enumerate(numbers.values()):
        if not np.isclose(value[column], number.value, equal_nan=True):
            raise SystemExit(f"{number.name}: {value[column]} here, {number.value} in core")
        if np.isfinite(number.low):
            width = number.high - number.low
            if np.abs(ends[column] - (number.low, number.high)).max() > 0.25 * width:
                raise SystemExit(f"{number.name}: interval {ends[column]} here, {number.low}, {number.high}")


def intervals(
    study: Study, n: int, n_resamples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers, their intervals (number, 2), and the percentile intervals; nan where there is none."""
    value = weigh(study, np.ones((1, n)))[0]
    draws = weigh(study, rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(np.float32))
    n_groups = min(n, 200)
    kept = 1.0 - (rng.permutation(n) % n_groups == np.arange(n_groups)[:, None])
    left_out = weigh(study, kept)
    ends, plain = (np.full((len(NAMES), 2), np.nan) for _ in range(2))
    for column in range(len(NAMES)):
        own = draws[:, column][np.isfinite(draws[:, column])]
        if own.size > n_resamples / 2 and np.ptp(own) > 0:
            ends[column] = bca_interval(own, value[column], left_out[:, column], n)
            plain[column] = np.quantile(own, (0.025, 0.975))
    return value, ends, plain


def cover(separation: float, n: int, n_studies: int, n_resamples: int, rng: np.random.Generator) -> list[str]:
    """A row of the table for each number."""
    truth = weigh(draw_study(N_TRUTH, separation, np.random.default_rng(1)), np.ones((1, N_TRUTH)))[0]
    if separation == SEPARATIONS["usual"]:  # near the edge, ends of intervals hang on single resamples
        check_same(draw_study(n, separation, rng), n, n_resamples, rng)
    held, plainly, without = (np.zeros((n_studies, len(NAMES))) for _ in range(3))
    for row in range(n_studies):
        _, ends, plain = intervals(draw_study(n, separation, rng), n, n_resamples, rng)
        held[row] = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        plainly[row] = (plain[:, 0] <= truth) & (truth <= plain[:, 1])
        without[row] = np.isnan(ends[:, 0])
    rows = []
    for column, name in enumerate(NAMES):
        usable = without[:, column] == 0
        share, old = (table[usable, column].mean() for table in (held, plainly))
        error = np.sqrt(share * (1 - share) / usable.sum())
        told = (
            f"{100 * share:.1f} | ± {100 * error:.1f} | {100 * old:.1f} | {int(without[:, column].sum())} |"
        )
        rows.append(f"| {name} | {truth[column]:.3f} | {n} | {told}")
    return rows


def cover_single(separation: float, n: int, n_studies: int, rng: np.random.Generator) -> list[str]:
    """Rows of the table for intervals of patients with one image each."""
    names = ("accuracy", "sensitivity", "auroc")
    whole = draw_study(N_TRUTH, separation, np.random.default_rng(1), most_images=1)
    every = weigh(whole, np.ones((1, N_TRUTH)))[0]
    truth = every[[NAMES.index(name) for name in names]]
    ends = np.full((n_studies, len(names), 2), np.nan)
    for row in range(n_studies):
        study = draw_study(n, separation, rng, most_images=1)
        right, ill = study.said == study.ill, study.ill
        ends[row, 0] = wilson_interval(int(right.sum()), n)
        if ill.any():
            ends[row, 1] = wilson_interval(int(right[ill].sum()), int(ill.sum()))
        try:
            ends[row, 2] = delong_interval(study.score, ill)
        except DataError:  # fewer than two of a kind
            continue
    rows = []
    for column, name in enumerate(names):
        own = ends[np.isfinite(ends[:, column, 0]), column]
        share = ((own[:, 0] <= truth[column]) & (truth[column] <= own[:, 1])).mean()
        error = 100 * np.sqrt(share * (1 - share) / len(own))
        method = "DeLong" if name == "auroc" else "Wilson"
        told = f"{100 * share:.1f} | ± {error:.1f} | {n_studies - len(own)} |"
        rows.append(f"| {name} | {method} | {truth[column]:.3f} | {n} | {told}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--single", action="store_true", help="only patients with one image each")
    asked = parser.parse_args()
    facts = {"studies": asked.studies, "resamples": asked.resamples, "seed": asked.seed}
    print_header("Coverage of 95 % intervals, patients with 1 to 4 images", **facts)
    start = time.perf_counter()
    for title, separation in SEPARATIONS.items():
        print(f"\n{title}, one image each\n\n| number | interval | truth | patients | % | error | none |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for n in N_PATIENTS:
            rng = np.random.default_rng([asked.seed, n, 1])
            print("\n".join(cover_single(separation, n, asked.studies, rng)), flush=True)
    for title, separation in () if asked.single else SEPARATIONS.items():
        print(f"\n{title}\n\n| number | truth | patients | BCa % | error | percentile % | none |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for n in N_PATIENTS:
            rng = np.random.default_rng([asked.seed, n])
            print("\n".join(cover(separation, n, asked.studies, asked.resamples, rng)), flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
