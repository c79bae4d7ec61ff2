"""Assessment: what the sizes of a patient's lesions say of response, change and growth; plain data."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scanwright.core.change import least_real_change, probability_grew
from scanwright.core.growth import DAYS_A_MONTH, LEVEL, Growth, Population, first_day_above, grow
from scanwright.core.response import (
    RANO,
    RECIST,
    VOLUME,
    Assessment,
    Context,
    State,
    Verdict,
    Visit,
    assess,
    assess_immune,
    assess_rano,
)
from scanwright.followup.choices import LesionChoice, VisitChoice
from scanwright.followup.targets import NORMAL_NODE_MM, size_mm
from scanwright.types import JsonDict

RULES = ("recist", "irecist", "volume", "rano")
RESPONSES = ("CR", "PR", "SD", "NON-CR/NON-PD", "NE", "PD")
"""The best first."""
HORIZON_DAYS = 365
FORECAST_STEP_DAYS = 30
WARNING_STEP_DAYS = 14
N_DRAWS = 1000
PROGRESSION_BY = math.log(1.2**3)
"""Of log volume: what a ball does whose diameter grows by 20 %."""
_SIZES = {"recist": "", "volume": "volume_ml", "rano": "product_mm2"}


@dataclass(frozen=True, eq=False)
class Followed:
    """A patient's lesions, as chosen and measured.

    Attributes:
        lesions: with their roles.
        sizes: name → what was measured at each date.
        visits: what the reader said of each date.
        studies: as in ``follow.json``.
    """

    lesions: Sequence[LesionChoice]
    sizes: Mapping[str, Sequence[JsonDict]]
    visits: Sequence[VisitChoice]
    studies: Sequence[JsonDict]

    def of_role(self, *roles: str) -> list[LesionChoice]:
        return [one for one in self.lesions if one.role in roles]


def assess_patient(patient: Followed, rules: Sequence[str]) -> JsonDict:
    """Verdicts of each rule at each date after the first, and what follows from those of RECIST.

    Returns:
        ``verdicts`` (rule → rows), ``sums``, ``best``, ``progressed_day``, ``last_day``; without a date to
        compare with, or a target that was measured, no verdicts.
    """
    told: JsonDict = {"verdicts": {}, "best": None, "progressed_day": None}
    told["last_day"] = patient.studies[-1]["day"] if patient.studies else None
    if len(patient.studies) < 2 or not patient.of_role("target", "non-target", "new"):
        return told
    visits = {rule: visits_of(patient, rule) for rule in ("recist", "volume", "rano")}
    nodes = frozenset(one.name for one in patient.of_role("target") if one.node)
    plain = assess(visits["recist"], nodes)
    told["verdicts"]["recist"] = _rows(patient, plain)
    if "irecist" in rules:
        answers = assess_immune(visits["recist"], nodes)
        told["verdicts"]["irecist"] = _rows(patient, plain, answers)
    if "volume" in rules:
        told["verdicts"]["volume"] = _rows(patient, assess(visits["volume"], criteria=VOLUME))
    if "rano" in rules:
        contexts = [Context(**one.context) for one in patient.visits[1:]]  # type: ignore[arg-type]
        answers = assess_rano(visits["rano"], contexts)
        told["verdicts"]["rano"] = _rows(patient, assess(visits["rano"], criteria=RANO), answers)
    return told | best_of([row["overall"]["answer"] for row in told["verdicts"]["recist"]], patient.studies)


def best_of(answers: Sequence[str], studies: Sequence[JsonDict]) -> JsonDict:
    """Best overall response (RECIST 1.1, 4.4.3: up to progression), and the day of progression.

    Args:
        answers: overall responses at the dates after the first.
        studies: all dates, with ``day``.
    """
    until = answers.index("PD") if "PD" in answers else len(answers)
    known = [one for one in RESPONSES if one in answers[:until] and one != "NE"]
    best = known[0] if known else "PD" if until < len(answers) else "NE"
    day = studies[until + 1]["day"] if until < len(answers) else None
    return {"best": best, "progressed_day": day}


def visits_of(patient: Followed, rule: str) -> list[Visit]:
    """What ``core.response`` is told of each date, by diameters (mm), products (mm²) or volumes (ml)."""
    found = []
    for n, (study, said) in enumerate(zip(patient.studies, patient.visits, strict=True)):
        targets = {
            one.name: _size(patient.sizes[one.name][n], one, rule) for one in patient.of_role("target")
        }
        non_targets: dict[str, State] = {
            one.name: _state(patient.sizes[one.name], n, one, said) for one in patient.of_role("non-target")
        }
        here = [
            one
            for one in patient.of_role("new")
            if n > 0 and any(row["status"] == "seen" for row in patient.sizes[one.name][: n + 1])
        ]
        new_mm = sum(size_mm(patient.sizes[one.name][n], one.node) or 0.0 for one in here)
        found.append(Visit(targets, non_targets, tuple(one.name for one in here), new_mm, study["day"]))
    return found


def _size(row: JsonDict, one: LesionChoice, rule: str) -> float | None:
    if rule == "recist":
        return size_mm(row, one.node)
    if row["status"] == "unknown":
        return None
    return float(row[_SIZES[rule]]) if row["status"] == "seen" else 0.0


def _state(rows: Sequence[JsonDict], n: int, one: LesionChoice, said: VisitChoice) -> State:
    if one.name in said.progressed or rows[n]["status"] == "progressed":
        return "progressed"
    if rows[n]["status"] == "unknown":
        return "unknown"
    if rows[n]["status"] in ("absent", "merged"):
        return "absent"
    return "absent" if one.node and rows[n]["short_mm"] < NORMAL_NODE_MM else "present"


def _rows(
    patient: Followed, plain: Sequence[Assessment], answers: Sequence[Verdict] | None = None
) -> list[JsonDict]:
    rows = []
    for n, (one, study) in enumerate(zip(plain, patient.studies[1:], strict=True)):
        overall = one.overall if answers is None else answers[n]
        parts = {"target": one.target, "non_target": one.non_target, "overall": overall}
        row: JsonDict = {name: _told(verdict) for name, verdict in parts.items()}
        total = None if one.target.rule == "target.ne" else one.total
        rows.append({"study": study["study"], "sum": total, "nadir": one.nadir} | row)
    return rows


def _told(verdict: Verdict) -> JsonDict:
    return {"answer": verdict.answer, "rule": verdict.rule, "facts": dict(verdict.facts)}


def change_of(seen: Sequence[JsonDict], population: Population) -> list[JsonDict]:
    """For each date after the first on which a lesion was seen: how much it changed since the one before,
    since the first and since its smallest, and how likely it truly did.

    Args:
        seen: see ``comparable``.
        population: what is known of lesions beforehand.
    """
    found = []
    for n, now in enumerate(seen[1:], start=1):
        smallest = min(seen[:n], key=lambda row: float(row["volume_ml"]))
        for since, then in (("last", seen[n - 1]), ("first", seen[0]), ("smallest", smallest)):
            sizes = [math.log(row["volume_ml"]) for row in (then, now)]
            sds = [row["log_volume_sd"] for row in (then, now)]
            days = max(1, now["day"] - then["day"])
            prior = population.rate_mean * days, population.rate_sd * days
            found.append(
                {
                    "study": now["study"],
                    "since": since,
                    "from": then["study"],
                    "volume_percent": 100 * math.expm1(sizes[1] - sizes[0]),
                    "error_percent": 100 * math.expm1(least_real_change(sds)),
                    "probability_grew": probability_grew(sizes[0], sizes[1], sds, prior=prior),
                    "probability_progressed": probability_grew(
                        sizes[0], sizes[1], sds, prior=prior, by=PROGRESSION_BY
                    ),
                }
            )
    return found


def comparable(patient: Followed, one: LesionChoice) -> list[JsonDict]:
    """Volumes of a lesion that compare: of dates on which it was seen, in the modality of the first of them.

    Before others merged into it, theirs are added: what was there then is the same tissue.

    Returns:
        ``study``, ``day``, ``volume_ml``, ``log_volume_sd`` of each date.
    """
    modality = {study["study"]: study["modality"] for study in patient.studies}
    parts = [one, *_merged_into(patient, one.name)]
    found = list[JsonDict]()
    for n, row in enumerate(patient.sizes[one.name]):
        all_parts = [patient.sizes[part.name][n] for part in parts]
        if row["status"] != "seen" or row["day"] is None or any(p["status"] == "unknown" for p in all_parts):
            continue
        there = [part for part in all_parts if part["status"] == "seen"]
        volume = sum(part["volume_ml"] for part in there)
        if volume > 0:
            error = math.hypot(*(part["volume_ml"] * part["log_volume_sd"] for part in there)) / volume
            found.append(
                {"study": row["study"], "day": row["day"], "volume_ml": volume, "log_volume_sd": error}
            )
    return [row for row in found if modality[row["study"]] == modality[found[0]["study"]]]


def _merged_into(patient: Followed, name: str) -> list[LesionChoice]:
    """Lesions that went into one, also by way of another."""
    found = [one for one in patient.lesions if one.into == name]
    return found + [part for one in found for part in _merged_into(patient, one.name)]


def growth_of(rows: Sequence[JsonDict], seen: Sequence[JsonDict], population: Population) -> Growth | None:
    """Growth of a lesion seen at two dates or more and still there; ``None`` of others.

    Args:
        rows: its sizes at all dates.
        seen: see ``comparable``.
        population: what is known of lesions beforehand.
    """
    known = [row for row in rows if row["status"] != "unknown"]
    if len(seen) < 2 or known[-1]["status"] != "seen" or seen[-1]["day"] == seen[0]["day"]:
        return None
    return grow(
        [row["day"] for row in seen],
        [math.log(row["volume_ml"]) for row in seen],
        [row["log_volume_sd"] for row in seen],
        population,
    )


def tell_growth(growth: Growth, first_date: dt.date) -> JsonDict:
    """Growth as plain data: laws, rate, doubling time, forecast, and when the lesion will have progressed:
    20 % of diameter over the smallest it was, as the laws have it, as the smallest measurement is the one
    with the unluckiest error.

    Args:
        growth: of the lesion.
        first_date: that of day 0.
    """
    smallest = min(growth.forecast(float(day))[0] for day in growth.days)
    last = float(growth.days[-1])
    rates = [100 * math.expm1(rate * DAYS_A_MONTH) for rate in growth.rate()]
    days = np.arange(growth.days[0], last + HORIZON_DAYS + 1, FORECAST_STEP_DAYS)
    bands = [(float(day), [math.exp(size) for size in growth.forecast(float(day))]) for day in days]
    day = first_day_above(growth, smallest + PROGRESSION_BY, horizon_days=HORIZON_DAYS)
    return {
        "laws": growth.laws,
        "level": LEVEL,
        "percent_a_month": rates,
        "doubling_days": list(growth.doubling_days()),
        "probability_of_growth": growth.probability_of_growth,
        "forecast": [{"day": day, "volume_ml": band} for day, band in bands],
        "last_day": last,
        "progression_day": day,
        "progression_date": None if day is None else date_of(first_date, day),
        "horizon_days": HORIZON_DAYS,
    }


def warn(patient: Followed, growths: Mapping[str, Growth], first_date: dt.date, seed: int) -> JsonDict | None:
    """When the sum of targets will be 20 % and 5 mm over its smallest, as likely as not; ``None`` where a
    target's growth is not known.

    Diameters follow the cube root of volumes. Targets that are gone are taken to stay so.
    """
    targets = patient.of_role("target")
    last = [patient.sizes[one.name][-1] for one in targets]
    if not targets or any(row["status"] == "unknown" or row["day"] is None for row in last):
        return None
    there = [(one, row) for one, row in zip(targets, last, strict=True) if row["status"] == "seen"]
    if not there or any(one.name not in growths for one, _ in there):
        return None
    if any(growths[one.name].days[-1] != row["day"] for one, row in there):
        return None  # the last date does not compare with those before
    rng = np.random.default_rng(seed)
    now = float(last[0]["day"])
    ahead = np.arange(0, HORIZON_DAYS + 1, WARNING_STEP_DAYS)
    sums = np.zeros((N_DRAWS, len(ahead)))
    for one, row in there:
        drawn = growths[one.name].draw((now + ahead).tolist(), N_DRAWS, rng)
        sums += (size_mm(row, one.node) or 0.0) * np.exp((drawn - math.log(row["volume_ml"])) / 3)
    totals = [sum(visit.targets[one.name] or 0.0 for one in targets) for visit in _complete(patient)]
    limit = max(min(totals) * (1 + RECIST.grown), min(totals) + RECIST.least)
    chance = (sums >= limit).mean(axis=0)
    reached = {level: _first_reached(chance, level, ahead) for level in (0.1, 0.5)}
    return {
        "limit_mm": limit,
        "horizon_days": HORIZON_DAYS,
        "days": [float(now + day) for day in ahead],
        "probability": chance.tolist(),
        "possible_date": None if reached[0.1] is None else date_of(first_date, now + reached[0.1]),
        "likely_date": None if reached[0.5] is None else date_of(first_date, now + reached[0.5]),
    }


def _complete(patient: Followed) -> list[Visit]:
    visits = visits_of(patient, "recist")
    return [visit for visit in visits if all(size is not None for size in visit.targets.values())]


def _first_reached(chance: np.ndarray, level: float, ahead: np.ndarray) -> float | None:
    reached = np.flatnonzero(chance >= level)
    return float(ahead[reached[0]]) if len(reached) else None


def date_of(first: dt.date, day: float) -> str:
    """The ISO date of a day counted from the first."""
    return (first + dt.timedelta(days=round(day))).isoformat()
