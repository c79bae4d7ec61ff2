"""Choices: what the program proposes of each lesion and each date, and what a reader chose instead.

They stand in ``reader.toml``, which a reader edits and gives back. What differs is recorded.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scanwright.errors import SettingsError
from scanwright.followup.tracing import Traced, lesion_uid
from scanwright.io.failures import in_words
from scanwright.types import JsonDict

ROLES = ("target", "non-target", "new", "ignored")
CONTEXTS: Mapping[str, tuple[str, ...]] = {
    "steroids": ("none", "stable", "less", "more"),
    "clinical": ("better", "stable", "worse"),
    "flair": ("better", "stable", "worse"),
}
ORGANS = (
    *(
        "adrenal",
        "bladder",
        "bone",
        "brain",
        "breast",
        "bowel",
        "colon",
        "kidney",
        "renal",
        "liver",
        "hepatic",
    ),
    *("lung", "pulmonary", "lymph", "muscle", "node", "ovary", "pancreas", "peritone", "pleura", "prostate"),
    *("skin", "spine", "spleen", "stomach", "thyroid", "uterus", "vertebra"),
    *(
        "肝",
        "肺",
        "肾",
        "脑",
        "骨",
        "脾",
        "胰",
        "胃",
        "肠",
        "乳腺",
        "前列腺",
        "甲状腺",
        "淋巴",
        "胸膜",
        "腹膜",
    ),
)
"""Words by which the name of a label is taken for where its lesions are."""
MOST_BYTES = 8 << 20
LESION_KEYS = ("patient", "name", "uid", "role", "proposed", "node", "organ", "seen")
VISIT_KEYS = ("patient", "study", "progressed", *CONTEXTS)
_UNKNOWN = "?"
_HEAD = """\
# What scanwright chose, patient by patient. Change what you see otherwise, and run again:
#   scanwright follow FOLDER --reader reader.toml --out DIR --overwrite
# role: target, non-target, new (progression, if it was not there at the first date), ignored;
#   proposed is what the program would choose, leave that.
# node: a lymph node is measured by its short axis.  organ: at most 2 targets an organ.
# seen: study -> numbers of the lesion in that study's mask, as in follow.json (the largest is 1);
#   [] is gone, "?" is not known or could not be measured. A lesion may be given pieces of another.
# [[visit]] progressed: names of non-targets that progressed unequivocally, which only a reader can say.
#   steroids (none, stable, less, more), clinical and flair (better, stable, worse): what RANO asks.
"""


@dataclass
class LesionChoice:
    """A lesion through time, and what it is for.

    Attributes:
        name, uid: of the lesion.
        seen: study → its numbers there; none of them is gone, ``None`` is not known.
        events: (study, "appeared", "vanished", "split" or "merged").
        into: name of the lesion that it went into.
        role: see ``ROLES``; "" before anything was proposed.
        why: key of the reason of that role.
        proposed: the role that the program proposes.
        node: whether it is a lymph node.
        organ: where it is, "" where nobody says.
    """

    name: str
    uid: str
    seen: dict[str, tuple[int, ...] | None]
    events: list[tuple[str, str]] = field(default_factory=list)
    into: str = ""
    role: str = ""
    why: str = ""
    proposed: str = ""
    node: bool = False
    organ: str = ""


@dataclass
class VisitChoice:
    """What only a reader knows of a date.

    Attributes:
        study: of the date.
        progressed: non-targets that progressed unequivocally.
        context: steroids, clinical, flair, where said.
    """

    study: str
    progressed: tuple[str, ...] = ()
    context: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """What a reader wrote.

    Attributes:
        lesions, visits: tables of the file, by patient.
    """

    lesions: Mapping[str, Sequence[JsonDict]] = field(default_factory=dict)
    visits: Mapping[str, Sequence[JsonDict]] = field(default_factory=dict)


def propose_lesions(traced: Traced, label_names: Mapping[str, str]) -> list[LesionChoice]:
    """Lesions as they were matched; those of dates that could not be matched are not told apart."""
    studies = [one["study"] for one in traced.studies]
    choices = []
    for n, track in enumerate(traced.tracks, start=1):
        date, first = track.first
        record = traced.lesions[date][first]
        name = label_names.get(str(record["label"]), "")
        seen: dict[str, tuple[int, ...] | None] = {}
        for day, study in enumerate(studies):
            pieces = track.seen.get(day, () if day < date else None)
            held = day in traced.reached[n - 1]
            seen[study] = None if pieces is None or (not pieces and not held) else _numbers(pieces)
        choices.append(
            LesionChoice(
                f"L{n}",
                lesion_uid(traced.timeline.patient, studies[date], first + 1),
                seen,
                [(studies[day], event) for day, event in track.events],
                "" if track.into is None else f"L{track.into + 1}",
                node=_names_node(name),
                organ=name if _names_organ(name) else "",
            )
        )
    return choices


def read_reader(path: Path) -> Reader:
    """Read a ``reader.toml``.

    Raises:
        SettingsError: it can't be read, or holds what it should not.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SettingsError("the reader's file is implausibly large", subject=path.name)
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(
            "the reader's file can't be read", subject=path.name, received=in_words(error)
        ) from None
    tables = {name: content.pop(name, []) for name in ("lesion", "visit")}
    if content or not all(
        isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows in tables.values()
    ):
        raise SettingsError(
            "the reader's file is not laid out as it was written",
            subject=path.name,
            expected="tables [[lesion]] and [[visit]]",
            received=", ".join(map(str, content)) or "something else under these names",
        )
    for row in tables["lesion"]:
        _check_lesion(row, path.name)
    for row in tables["visit"]:
        _check_visit(row, path.name)
    return Reader(*(_by_patient(tables[name]) for name in ("lesion", "visit")))


def check_known(reader: Reader, studies: Mapping[str, Collection[str]]) -> None:
    """Refuse a patient or a study that nobody knows: what was said of it would be lost.

    Args:
        reader: what was read.
        studies: patient → names of the studies found, whether or not they can be used.

    Raises:
        SettingsError: there is no such patient or study.
    """
    for patient, rows in (*reader.lesions.items(), *reader.visits.items()):
        if patient not in studies:
            raise SettingsError(
                "the reader's file names a patient that is not here",
                expected=", ".join(sorted(studies)[:10]),
                received=patient,
            )
        named = {study for row in rows for study in (*row.get("seen", ()), row.get("study", ""))} - {""}
        if unknown := sorted(named - set(studies[patient])):
            raise SettingsError(
                "the reader's file names a study that is not here",
                expected=", ".join(sorted(studies[patient])[:10]),
                received=unknown[0],
            )


def overrule_places(
    choices: list[LesionChoice], reader: Reader, traced: Traced
) -> tuple[list[LesionChoice], list[JsonDict]]:
    """The lesions with the reader's names and pieces, and what was changed.

    A piece that a reader gives to one lesion is taken from the other; one that is nobody's is a lesion.

    Raises:
        SettingsError: a piece is of two lesions, or is not there.
    """
    rows = reader.lesions.get(traced.timeline.patient, ())
    if not rows:
        return choices, []
    n_pieces = {one["study"]: len(found) for one, found in zip(traced.studies, traced.lesions, strict=True)}
    by_uid, changes = {one.uid: one for one in choices}, list[JsonDict]()
    claimed: dict[tuple[str, int], str] = {}
    for row in rows:
        for study, pieces in _pieces(row).items():
            for piece in pieces or ():
                if study in n_pieces and not 1 <= piece <= n_pieces[study]:
                    raise _no_piece(row, study, piece, n_pieces[study])
                if (study, piece) in claimed:
                    raise SettingsError(
                        "the reader's file gives one piece to two lesions",
                        received=f"{piece} of {study} to {claimed[study, piece]} and {row['name']}",
                    )
                claimed[study, piece] = row["name"]
    for row in rows:
        one = by_uid.get(row.get("uid", ""))
        if one is None:
            one = LesionChoice(row["name"], row.get("uid") or _own_uid(traced, row), dict.fromkeys(n_pieces))
            choices.append(one)
        if one.name != row["name"]:
            _rename(choices, one, row["name"])
        for study, pieces in _pieces(row).items():
            if study in n_pieces and one.seen.get(study) != pieces:
                changes.append(_changed(one.name, f"seen in {study}", one.seen.get(study), pieces))
                one.seen[study] = pieces
    for one in choices:
        for study, pieces in one.seen.items():
            kept = tuple(piece for piece in pieces or () if claimed.get((study, piece), one.name) == one.name)
            if pieces is not None and kept != pieces:
                changes.append(_changed(one.name, f"seen in {study}", pieces, kept))
                one.seen[study] = kept
    choices += _left_over(choices, traced)
    return [one for one in choices if any(one.seen.values())], changes


def overrule_roles(choices: list[LesionChoice], reader: Reader, patient: str) -> list[JsonDict]:
    """Roles, organs and nodes as a reader wants them; gives what was changed."""
    changes = []
    by_uid, by_name = ({getattr(one, key): one for one in choices} for key in ("uid", "name"))
    for row in reader.lesions.get(patient, ()):
        one = by_uid.get(row.get("uid", "")) or by_name.get(row["name"])
        if one is None:
            continue
        for name in ("role", "node", "organ"):
            if name == "role" and row.get("role") == row.get("proposed"):
                continue  # nobody chose it, and more dates may have changed the proposal
            if name in row and row[name] != getattr(one, name):
                changes.append(_changed(one.name, name, getattr(one, name), row[name]))
                setattr(one, name, row[name])
                one.why = "reader" if name == "role" else one.why
    return changes


def read_visits(
    reader: Reader, traced: Traced, choices: Sequence[LesionChoice]
) -> tuple[list[VisitChoice], list[JsonDict]]:
    """What a reader knows of each date, and that it was said.

    Raises:
        SettingsError: what progressed is no non-target.
    """
    rows = {row["study"]: row for row in reader.visits.get(traced.timeline.patient, ())}
    visits, changes = [], []
    others = [one.name for one in choices if one.role == "non-target"]
    for row in rows.values():
        if unknown := [name for name in row.get("progressed", ()) if name not in others]:
            raise SettingsError(
                f"what progressed in {row['study']} is no non-target",
                expected=", ".join(others) or "none: there are no non-targets",
                received=unknown[0],
            )
    for study in (one["study"] for one in traced.studies):
        row = rows.get(study, {})
        context = {name: row[name] for name in CONTEXTS if row.get(name)}
        visits.append(VisitChoice(study, tuple(row.get("progressed", ())), context))
        if row.get("progressed"):
            changes.append(_changed(", ".join(row["progressed"]), f"progressed in {study}", False, True))
        changes += [_changed("", f"{name} in {study}", "", said) for name, said in context.items()]
    return visits, changes


def reader_text(patients: Sequence[tuple[str, Sequence[LesionChoice], Sequence[VisitChoice]]]) -> str:
    """``reader.toml`` with the choices as they are."""
    lines = [_HEAD]
    for patient, lesions, visits in patients:
        for one in lesions:
            seen = ", ".join(f"{_said(study)} = {_said_pieces(found)}" for study, found in one.seen.items())
            rows: JsonDict = {"patient": patient, "name": one.name, "uid": one.uid, "role": one.role}
            rows |= {"proposed": one.proposed}
            rows |= {"node": one.node, "organ": one.organ}
            lines += ["[[lesion]]", *(f"{name} = {_said(value)}" for name, value in rows.items())]
            lines += [f"seen = {{ {seen} }}", ""]
        for visit in visits:
            row: JsonDict = {"patient": patient, "study": visit.study, "progressed": list(visit.progressed)}
            row |= {name: visit.context.get(name, "") for name in CONTEXTS}
            lines += ["[[visit]]", *(f"{name} = {_said(value)}" for name, value in row.items()), ""]
    return "\n".join(lines)


def _numbers(pieces: Sequence[int]) -> tuple[int, ...]:
    return tuple(piece + 1 for piece in pieces)


def _names_node(name: str) -> bool:
    return any(word in name.lower() for word in ("node", "nodal", "lymph", "淋巴"))


def _names_organ(name: str) -> bool:
    """Most labels name lesions ("tumour"): two targets an organ would then be two targets in all."""
    return any(word in name.lower() for word in ORGANS)


def _pieces(row: JsonDict) -> dict[str, tuple[int, ...] | None]:
    told = row.get("seen", {})
    return {study: None if pieces == _UNKNOWN else tuple(pieces) for study, pieces in told.items()}


def _own_uid(traced: Traced, row: JsonDict) -> str:
    first = next(((study, pieces[0]) for study, pieces in _pieces(row).items() if pieces), (row["name"], 0))
    return lesion_uid(traced.timeline.patient, *first)


def _rename(choices: list[LesionChoice], one: LesionChoice, name: str) -> None:
    """By a name that another bears, that one gets a fresh one."""
    taken = {other.name for other in choices}
    for other in choices:
        if other is not one and other.name == name:
            other.name = next(f"L{n}" for n in range(1, len(taken) + 2) if f"L{n}" not in taken)
        other.into = name if other.into == one.name else other.into
    one.name = name


def _left_over(choices: list[LesionChoice], traced: Traced) -> list[LesionChoice]:
    """Pieces that no lesion has, each as a lesion."""
    owned = {(study, piece) for one in choices for study, found in one.seen.items() for piece in found or ()}
    names = {one.name for one in choices}
    studies = [one["study"] for one in traced.studies]
    found = []
    for day, (study, lesions) in enumerate(zip(studies, traced.lesions, strict=True)):
        if day and traced.registrations[day] is None:
            continue
        for piece in range(1, len(lesions) + 1):
            if (study, piece) in owned:
                continue
            name = next(f"L{n}" for n in range(1, len(names) + 2) if f"L{n}" not in names)
            names.add(name)
            seen: dict[str, tuple[int, ...] | None] = dict.fromkeys(studies, ())
            seen[study] = (piece,)
            found.append(LesionChoice(name, lesion_uid(traced.timeline.patient, study, piece), seen))
    return found


def _no_piece(row: JsonDict, study: str, piece: int, n: int) -> SettingsError:
    return SettingsError(
        f"the mask of {study} has no such lesion",
        subject=row["name"],
        expected=f"1 to {n}" if n else "none: the mask is empty",
        received=str(piece),
    )


def _changed(lesion: str, what: str, proposed: object, chosen: object) -> JsonDict:
    plain = [list(one) if isinstance(one, tuple) else one for one in (proposed, chosen)]
    return {"lesion": lesion, "what": what, "proposed": plain[0], "chosen": plain[1]}


def _check_lesion(row: JsonDict, subject: str) -> None:
    seen = row.get("seen", {})
    right = (
        row.keys() <= set(LESION_KEYS)
        and isinstance(row.get("patient"), str)
        and isinstance(row.get("name"), str)
        and isinstance(row.get("uid", ""), str)
        and row.get("role", "ignored") in ROLES
        and isinstance(row.get("node", False), bool)
        and isinstance(row.get("organ", ""), str)
        and isinstance(seen, dict)
        and all(
            found == _UNKNOWN or (isinstance(found, list) and all(type(one) is int for one in found))
            for found in seen.values()
        )
    )
    if not right:
        raise SettingsError(
            "a lesion in the reader's file is not written as it should be",
            subject=subject,
            expected=f"{', '.join(LESION_KEYS)}; role one of {', '.join(ROLES)}; node true or false",
            received=json.dumps(row, ensure_ascii=False, default=str)[:200],
        )


def _check_visit(row: JsonDict, subject: str) -> None:
    named = row.get("progressed", [])
    right = row.keys() <= set(VISIT_KEYS)
    right = right and isinstance(row.get("patient"), str) and isinstance(row.get("study"), str)
    right = right and isinstance(named, list) and all(isinstance(one, str) for one in named)
    if not right or any(row.get(name, "") not in ("", *said) for name, said in CONTEXTS.items()):
        raise SettingsError(
            "a visit in the reader's file is not written as it should be",
            subject=subject,
            expected=f"{', '.join(VISIT_KEYS)}; progressed is a list of names",
            received=json.dumps(row, ensure_ascii=False, default=str)[:200],
        )


def _by_patient(rows: Sequence[JsonDict]) -> dict[str, list[JsonDict]]:
    found: dict[str, list[JsonDict]] = {}
    for row in rows:
        found.setdefault(row["patient"], []).append(row)
    return found


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _said_pieces(pieces: tuple[int, ...] | None) -> str:
    return _said(_UNKNOWN if pieces is None else list(pieces))
