"""Who the patient of a file is, as far as names tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from scanwright.data.case import Case
from scanwright.errors import SettingsError

BIDS_PATTERN = r"(?:^|[/_])sub-([A-Za-z0-9]+)"
# Tried in this order on the file name; the first that fits all names and groups some of them counts.
NAME_PATTERNS = (
    r"^((?:patient|pat|subject|subj|case|person|pt|id)[_-]?\d+)(?=[_\-. ])",
    r"[_-]((?:patient|pat|subject|subj|person|pt)[_-]?\d+)(?=[_\-. ])",
    r"^([A-Za-z]*[_-]?\d+)(?=[_\-. ])",
    r"^([A-Za-z]+\d+[A-Za-z]*)(?=[_\-. ])",
)
_FEWEST_PATIENTS = 3


def name_patients(cases: Sequence[Case], patient_pattern: str | None) -> tuple[tuple[Case, ...], str]:
    """Give each case its patient.

    Args:
        cases: some may know their patient already (manifest, PatientID); a user's pattern overrules it.
        patient_pattern: a regular expression with one group, searched in the case's name.

    Returns:
        The cases, and how their patients are known, in words ("unknown" when they are not).

    Raises:
        SettingsError: the pattern is not a regular expression with one group, or fits no case.
    """
    if patient_pattern is not None:
        return _by_user_pattern(cases, patient_pattern)
    if not cases or any(case.patient for case in cases):
        return tuple(cases), "unknown"
    names = [case.name for case in cases]
    found = [_first_group(BIDS_PATTERN, name) for name in names]
    if all(found):
        return _with_patients(cases, found), f"BIDS sub- ({names[0]} is {found[0]})"
    for pattern in NAME_PATTERNS:
        found = [_first_group(pattern, name.rsplit("/", 1)[-1]) for name in names]
        if _groups_plausibly(found):
            example = Counter(found).most_common(1)[0][0]
            several = [name for name, patient in zip(names, found, strict=True) if patient == example][:2]
            n = len(set(found))
            words = f"file-name pattern {pattern} ({n} patients; {' and '.join(several)} are {example})"
            return _with_patients(cases, found), words
    return tuple(cases), "unknown"


def _by_user_pattern(cases: Sequence[Case], pattern: str) -> tuple[tuple[Case, ...], str]:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise SettingsError(
            "patient_pattern is not a regular expression", received=f"{pattern!r}: {error}"
        ) from None
    if groups != 1:
        raise SettingsError(
            "patient_pattern needs one group in round brackets",
            expected="for example '^(P[0-9]+)_'",
            received=repr(pattern),
        )
    found = [_first_group(pattern, case.name) for case in cases]
    if cases and not any(found):
        raise SettingsError(
            "patient_pattern fits no case",
            received=f"{pattern!r}; cases are named like {cases[0].name!r}",
            do="The pattern is searched in the path of each file relative to the dataset, without suffix.",
        )
    missing = sum(patient is None for patient in found)
    words = f"patient pattern {pattern}" + (
        f" (does not fit {missing} of {len(found)} cases)" if missing else ""
    )
    return _with_patients(cases, found), words


def _first_group(pattern: str, name: str) -> str | None:
    match = re.search(pattern, name, flags=re.IGNORECASE)
    return match.group(1) if match and match.group(1) else None


def _with_patients(cases: Sequence[Case], patients: Sequence[str | None]) -> tuple[Case, ...]:
    return tuple(replace(case, patient=patient) for case, patient in zip(cases, patients, strict=True))


def _groups_plausibly(found: Sequence[str | None]) -> bool:
    """Some patients have several files, and no single "patient" holds half of the dataset."""
    counts = Counter(found)
    if None in counts or len(counts) < _FEWEST_PATIENTS or len(counts) == len(found):
        return False
    return max(counts.values()) <= len(found) / 2
