"""Lesions followed through time, on phantoms whose growth is known.

Goals: matching F1 ≥ 0.97; 90 % prediction intervals hold 87 to 93 % of what came; the probability that a
lesion truly grew is calibrated; the error of doubling times is stated. Patients, dates, splits, merges, new
and vanished lesions and what registration leaves are drawn as in ``phantoms/growth.py``. Populations that
grow otherwise than the program's own are printed beside, as nobody knows a hospital's.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from figures import print_header
from scanwright.core.change import log_volume_sd, probability_grew
from scanwright.core.growth import Population, grow
from scanwright.core.statistics import wilson_interval
from scanwright.core.tracking import Seen, Track, track
from scanwright.phantoms.growth import GrownPatient, GrowthSettings, make_growing_patient

POPULATIONS = {
    "as the program thinks": GrowthSettings(),
    "slow": GrowthSettings(rate_mean=0.002, rate_sd=0.003),
    "fast": GrowthSettings(rate_mean=0.012, rate_sd=0.008),
    "under treatment": GrowthSettings(rate_mean=-0.008, rate_sd=0.01),
    "all Gompertz": GrowthSettings(laws=("gompertz",)),
    "readers twice as rough": GrowthSettings(edge_pixels=0.7),
}
Pair = tuple[int, int, int]


def true_pairs(patient: GrownPatient) -> set[Pair]:
    """(date, piece then, piece at the next date) of what shares a lesion."""
    return {
        (date, i, j)
        for date in range(len(patient.days) - 1)
        for i, one in enumerate(patient.seen[date])
        for j, other in enumerate(patient.seen[date + 1])
        if set(one.lesions) & set(other.lesions)
    }


def told_pairs(tracks: Sequence[Track], n_dates: int) -> set[Pair]:
    """The same by what the program says; a track that merged goes on in the other."""
    found = set()
    for one in tracks:
        for date in range(n_dates - 1):
            after = one.seen.get(date + 1, ())
            if not after and one.into is not None and (date + 1, "merged") in one.events:
                after = tracks[one.into].seen.get(date + 1, ())
                found |= {(date, i, j) for i in one.seen.get(date, ()) for j in after[:1]}
                continue
            found |= {(date, i, j) for i in one.seen.get(date, ()) for j in after}
    return found


def follow(patient: GrownPatient) -> list[Track]:
    dates = [[Seen(one.points_mm, one.volume_ml) for one in seen] for seen in patient.seen]
    return track(dates)


def matching(patients: Sequence[GrownPatient]) -> None:
    """F1 of pairs, by patients resampled."""
    counts = []
    for patient in patients:
        truth, told = true_pairs(patient), told_pairs(follow(patient), len(patient.days))
        counts.append((len(truth & told), len(told - truth), len(truth - told)))
    table = np.array(counts)
    rng = np.random.default_rng(0)
    drawn = table[rng.integers(len(table), size=(2000, len(table)))].sum(axis=1)
    hit, false, missed = table.sum(axis=0)
    low, high = np.percentile(2 * drawn[:, 0] / (2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2]), [2.5, 97.5])
    print(
        f"  matching: F1 {2 * hit / (2 * hit + false + missed):.4f} ({low:.4f}–{high:.4f}); "
        f"{hit} pairs right, {false} wrong, {missed} missed"
    )


def measured(patient: GrownPatient) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Days, measured and true log volume, error of each lesion that stayed one and was seen at every date."""
    found = []
    for lesion, truth in enumerate(patient.true_log_ml):
        if not np.isfinite(truth).all():
            continue
        own = [[one for one in seen if one.lesions == (lesion,)] for seen in patient.seen]
        if any(len(one) != 1 for one in own):
            continue
        volumes = np.array([one[0].volume_ml for one in own])
        sds = np.array([log_volume_sd(v, patient.pixel_mm, patient.slice_mm) for v in volumes])
        found.append((patient.days, np.log(volumes), truth, sds))
    return found


def growth(patients: Sequence[GrownPatient], population: Population) -> None:
    """Forecasts of the last date from those before it, doubling times, and whether growth is real."""
    inside: dict[int, list[bool]] = {}
    widths, errors, told, came = [], [], [], []
    for patient in patients:
        for days, sizes, truth, sds in measured(patient):
            prior = (population.rate_mean * (days[1] - days[0]), population.rate_sd * (days[1] - days[0]))
            told.append(probability_grew(sizes[0], sizes[1], sds[:2], prior=prior))
            came.append(truth[1] > truth[0])
            if len(days) < 3:
                continue
            found = grow(days[:-1], sizes[:-1], sds[:-1], population)
            _, low, high = found.forecast(days[-1], sds[-1])
            inside.setdefault(len(days) - 1, []).append(bool(low <= sizes[-1] <= high))
            widths.append(high - low)
            true_rate = (truth[-1] - truth[-2]) / (days[-1] - days[-2])
            middle = found.doubling_days()[0]
            if true_rate > np.log(2) / 365 and np.isfinite(middle):
                errors.append(abs(np.log2(middle * true_rate / np.log(2))))
    every = [one for several in inside.values() for one in several]
    low, high = wilson_interval(sum(every), len(every))
    by_dates = ", ".join(
        f"{n} dates {np.mean(one):.3f} (n = {len(one)})" for n, one in sorted(inside.items())
    )
    print(
        f"  90 % intervals of the next measurement hold {np.mean(every):.3f} ({low:.3f}–{high:.3f}), "
        f"n = {len(every)}; from {by_dates}; median width a factor of {np.exp(np.median(widths)):.2f}"
    )
    print(
        f"  doubling time, of lesions that doubled within a year (n = {len(errors)}): off by a factor of "
        f"{2 ** np.median(errors):.2f} in the middle, {2 ** np.percentile(errors, 90):.2f} in 90 %"
    )
    chance, grew = np.array(told), np.array(came)
    print(
        f"  truly grew between the first two dates, n = {len(told)}, "
        f"Brier {np.mean((chance - grew) ** 2):.4f}:"
    )
    for bottom, top in (
        (0, 0.05),
        (0.05, 0.2),
        (0.2, 0.4),
        (0.4, 0.6),
        (0.6, 0.8),
        (0.8, 0.95),
        (0.95, 1.01),
    ):
        rows = (chance >= bottom) & (chance < top)
        if rows.any():
            ends = wilson_interval(int(grew[rows].sum()), int(rows.sum()))
            print(
                f"    said {chance[rows].mean():.3f}, came {grew[rows].mean():.3f} "
                f"({ends[0]:.3f}–{ends[1]:.3f}), n = {rows.sum()}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print_header(f"follow phantoms, seed {options.seed}")
    for name, settings in POPULATIONS.items():
        patients = [make_growing_patient(settings, options.seed + n) for n in range(options.patients)]
        n_lesions = sum(len(patient.true_log_ml) for patient in patients)
        print(f"{name}: {len(patients)} patients, {n_lesions} lesions, 2–6 dates")
        matching(patients)
        growth(patients, Population())
    crowded = replace(GrowthSettings(), n_lesions=(10, 30))
    patients = [make_growing_patient(crowded, options.seed + n) for n in range(options.patients // 5)]
    print(f"10 to 30 lesions each: {len(patients)} patients")
    matching(patients)


if __name__ == "__main__":
    main()
