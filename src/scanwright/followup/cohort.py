"""Cohort: many patients together: best responses, and time to progression (Kaplan and Meier 1958)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from scanwright.errors import MissingExtraError
from scanwright.extras import require
from scanwright.followup.assessment import RESPONSES
from scanwright.types import JsonDict

LEVEL = 0.95


def describe_cohort(patients: Sequence[JsonDict]) -> JsonDict:
    """What the page of a cohort shows; patients without a date to compare are left out.

    Returns:
        ``best`` (response → patients), ``changes`` (each patient's percent of the sum at each date, and the
        best), ``survival`` (days, share without progression and its interval; ``None`` without lifelines,
        then ``survival_missing`` says why).
    """
    assessed = [one for one in patients if one["verdicts"].get("recist")]
    best = Counter(one["best"] for one in assessed)
    told: JsonDict = {
        "n_patients": len(patients),
        "n_assessed": len(assessed),
        "best": {answer: best[answer] for answer in RESPONSES if best[answer]},
        "changes": [change for one in assessed if (change := _change(one))["percent"]],
        "survival": None,
        "survival_missing": "",
    }
    timed = [one for one in assessed if one["last_day"] is not None]
    if timed:
        try:
            told["survival"] = _survival(timed)
        except MissingExtraError as error:
            told["survival_missing"] = str(error)
    return told


def _change(patient: JsonDict) -> JsonDict:
    """Percent from baseline of the sum of targets, at each date on which all were measured."""
    days = {study["study"]: study["day"] for study in patient["studies"]}
    points = [
        (days[row["study"]], row["target"]["facts"]["from_baseline"])
        for row in patient["verdicts"]["recist"]
        if row["target"]["answer"] not in ("NE", "NONE")
    ]
    percents = [percent for _, percent in points if np.isfinite(percent)]
    return {
        "patient": patient["patient"],
        "days": [0, *(day for day, _ in points)] if points else [],
        "percent": [0.0, *(percent for _, percent in points)] if percents else [],
        "best_percent": min(percents) if percents else None,
        "best": patient["best"],
    }


def _survival(patients: Sequence[JsonDict]) -> JsonDict:
    """Share without progression over days; patients are counted until their last date."""
    lifelines = require("lifelines", extra="follow", feature="Time to progression (Kaplan-Meier)")
    events = [one["progressed_day"] is not None for one in patients]
    days = [
        float(one["progressed_day"] if event else one["last_day"])
        for one, event in zip(patients, events, strict=True)
    ]
    fitter = lifelines.KaplanMeierFitter(alpha=1 - LEVEL).fit(days, events)
    band = fitter.confidence_interval_
    middle = float(fitter.median_survival_time_)
    return {
        "days": [float(day) for day in fitter.survival_function_.index],
        "share": [float(share) for share in fitter.survival_function_.iloc[:, 0]],
        "low": [float(share) for share in band.iloc[:, 0]],
        "high": [float(share) for share in band.iloc[:, 1]],
        "median_days": middle if np.isfinite(middle) else None,
        "n": len(patients),
        "n_progressed": sum(events),
        "level": LEVEL,
    }
