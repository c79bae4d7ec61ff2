"""Targets: how large each lesion was, and which are proposed as targets (RECIST 1.1, 3 and 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from scanwright.followup.choices import LesionChoice
from scanwright.types import JsonDict

MOST_TARGETS = 5
MOST_AN_ORGAN = 2
LEAST_MM = 10.0
LEAST_NODE_MM = 15.0
NORMAL_NODE_MM = 10.0
LEAST_SLICES = 2.0
LEAST_NEW_MM = 5.0
"""Of a new lesion: what is smaller on all dates is too little to call progression."""


def size_lesion(
    choice: LesionChoice, studies: Sequence[JsonDict], lesions: Sequence[Sequence[JsonDict]]
) -> list[JsonDict]:
    """What was measured of a lesion at each date.

    Args:
        choice: which pieces are of it.
        studies, lesions: as in ``Traced``.

    Returns:
        For each date ``status`` ("seen", "absent", "merged", "unknown") and, where seen, the sizes: of
        several pieces the sum, as RECIST 1.1 (4.3.2) asks of lesions that split.
    """
    merged_from = next((study for study, event in choice.events if event == "merged"), None)
    found, is_merged = [], False
    for study, records in zip(studies, lesions, strict=True):
        is_merged = is_merged or study["study"] == merged_from
        numbers = choice.seen.get(study["study"])
        row: JsonDict = {"study": study["study"], "day": study["day"]}
        if numbers:
            pieces = [records[number - 1] for number in numbers]
            found.append(row | {"status": "seen", "pieces": list(numbers)} | _sizes(pieces, study))
            continue
        status = "unknown" if numbers is None else "merged" if is_merged else "absent"
        found.append(row | {"status": status, "pieces": []})
    return found


def _sizes(pieces: Sequence[JsonDict], study: JsonDict) -> JsonDict:
    volumes = np.array([one["volume_ml"] for one in pieces])
    told: JsonDict = {
        name: float(sum(one[name] for one in pieces))
        for name in ("long_mm", "short_mm", "product_mm2", "volume_ml")
    }
    errors = np.array([one["log_volume_sd"] for one in pieces]) * volumes
    told["log_volume_sd"] = float(np.linalg.norm(errors) / volumes.sum())
    told["mean"] = pieces[0]["mean"]
    told["centre_ras_mm"] = pieces[0]["centre_ras_mm"]
    told["on_border"] = any(one["borders"] for one in pieces)
    told["slice_mm"] = study["slice_mm"]
    return told


def size_mm(row: JsonDict, node: bool) -> float | None:
    """What RECIST takes at a date: of nodes the short axis; 0 where gone, ``None`` where not known."""
    if row["status"] == "unknown":
        return None
    return float(row["short_mm" if node else "long_mm"]) if row["status"] == "seen" else 0.0


def propose_roles(choices: Sequence[LesionChoice], sizes: Mapping[str, Sequence[JsonDict]]) -> None:
    """Give each lesion a role, and the key of the reason why.

    Targets are the largest that can be measured again, at most 5, at most 2 an organ; an organ that nobody
    names counts as none. What appeared later is new.
    """
    candidates = []
    for one in choices:
        first = sizes[one.name][0]
        if first["status"] == "unknown":
            one.role, one.why = "ignored", "unknown_at_first"
        elif first["status"] != "seen":
            one.role, one.why = _role_of_new(one, sizes[one.name])
        elif one.node and first["short_mm"] < NORMAL_NODE_MM:
            one.role, one.why = "ignored", "normal_node"
        elif first["on_border"]:
            one.role, one.why = "non-target", "border"
        elif not is_measurable(first, one.node):
            one.role, one.why = "non-target", "small_node" if one.node else "small"
        else:
            candidates.append(one)
    taken: Counter[str] = Counter()
    for one in sorted(candidates, key=lambda one: -float(sizes[one.name][0]["long_mm"])):
        if sum(taken.values()) == MOST_TARGETS:
            one.role, one.why = "non-target", "five"
        elif one.organ and taken[one.organ] == MOST_AN_ORGAN:
            one.role, one.why = "non-target", "organ"
        else:
            one.role, one.why = "target", "largest"
            taken[one.organ] += 1
    for one in choices:
        one.proposed = one.role


def is_measurable(first: JsonDict, node: bool) -> bool:
    """RECIST 1.1, 3.1: at least 10 mm and two slices long; nodes 15 mm and two slices by the short axis."""
    least = max(LEAST_NODE_MM if node else LEAST_MM, LEAST_SLICES * first["slice_mm"])
    return bool(first["short_mm" if node else "long_mm"] >= least)


def _role_of_new(one: LesionChoice, rows: Sequence[JsonDict]) -> tuple[str, str]:
    seen = [row for row in rows if row["status"] == "seen"]
    if one.node and max(row["short_mm"] for row in seen) < NORMAL_NODE_MM:
        return "ignored", "normal_node"
    if not any(row["long_mm"] >= max(LEAST_NEW_MM, row["slice_mm"]) for row in seen):
        return "ignored", "small_new"
    return "new", "new_lesion"
