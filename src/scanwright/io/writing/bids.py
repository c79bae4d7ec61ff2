"""Target: BIDS. sub-*/[ses-*/]anat, masks as dseg in derivatives/masks, and the tables.

Format: https://bids-specification.readthedocs.io, version 1.10.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from scanwright.data.case import Case
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io.files import write_json, write_text
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.bids import DESCRIPTION, natural
from scanwright.io.layouts.bids_tables import PARTICIPANTS, PATIENT, UNKNOWN
from scanwright.io.writing.case import Loaded, Place, Written
from scanwright.io.writing.names import distinct, for_labels
from scanwright.io.writing.target import Target

_VERSION = "1.10.0"
_MASKS = "derivatives/masks"
_SUFFIXES = {"t1": "T1w", "t2": "T2w", "pd": "PDw", "flair": "FLAIR", "ct": "ct", "pet": "pet", "pt": "pet"}
_KNOWN = re.compile(r"(?:.*_)?(?:T1w|T2w|PDw|T2starw|FLAIR|PDT2|UNIT1|angio|T1map|T2map|dwi|ADC|pet|ct)")
_CONTRAST = re.compile(r"(?:(?!sub-|ses-|run-)[a-z]+-[A-Za-z0-9]+_)*[A-Za-z0-9]+")
_DATATYPES = {"dwi": "dwi", "adc": "dwi", "bold": "func", "pet": "pet", "ct": "ct", "swi": "swi"}
_README = """Written by scanwright {version}.

Masks lie in {masks}. conversion.json says which case of the source each file was.
{patients}"""


def _places(dataset: Dataset) -> dict[str, Place]:
    # One name for all, as images of another name would be another contrast; unless they are known to be one.
    modalities = {case.name: case.facts.get("modality", "") for case in dataset.cases}
    known = {*modalities.values()}
    differ = len(known - {""}) > 1
    places = {}
    for case, session in _sessions(dataset).items():
        modality = modalities[case] if differ or len(known) == 1 else ""
        contrasts = partial(_contrasts, dataset.channels, modality)
        datatype = _datatype(contrasts(len(dataset.channels) or 1)[0])
        subject_and_day = "_".join(session)
        images = partial(_images, contrasts, subject_and_day)
        places[case] = Place(images, f"{_MASKS}/{'/'.join(session)}/{datatype}/{subject_and_day}_dseg")
    return places


def _sessions(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """Case → ("sub-x",) or ("sub-x", "ses-y"): where a patient has several cases, or the data name sessions.

    A case whose patient is not known is a subject of its own.
    """
    wanted = {_patient(case): case.patient or case.name.removeprefix("sub-") for case in dataset.cases}
    subjects = distinct(wanted, for_labels)
    days: dict[str, dict[str, str]] = defaultdict(dict)
    for case in dataset.cases:
        own = days[_patient(case)]
        own[case.name] = case.facts.get("session", "") or f"{len(own) + 1:02d}"
    if all(len(own) == 1 for own in days.values()) and not any("session" in c.facts for c in dataset.cases):
        return {case.name: (f"sub-{subjects[_patient(case)]}",) for case in dataset.cases}
    labels = {case: day for own in days.values() for case, day in distinct(own, for_labels).items()}
    return {
        case.name: (f"sub-{subjects[_patient(case)]}", f"ses-{labels[case.name]}") for case in dataset.cases
    }


def _patient(case: Case) -> str:
    """A key that no other patient has, whatever cases and patients are called."""
    return f"case {case.name}" if case.patient is None else f"patient {case.patient}"


def _contrasts(channels: Sequence[str], modality: str, n_files: int) -> list[str]:
    """The ends of the names of images: names of channels, in BIDS's words where it has some."""
    if len(channels) != n_files:
        channels = [modality if modality.lower() in _SUFFIXES else "image"]
        channels = channels if n_files == 1 else [f"channel{channel}" for channel in range(n_files)]
    suffixes = {channel: _SUFFIXES.get(name.lower(), name) for channel, name in enumerate(channels)}
    return list(distinct(suffixes, _for_contrast).values())


def _for_contrast(name: str) -> str:
    return name if _CONTRAST.fullmatch(name) else for_labels(name)


def _images(contrasts: partial[list[str]], session: str, n_files: int) -> list[str]:
    return [
        f"{session.replace('_', '/')}/{_datatype(contrast)}/{session}_{contrast}"
        for contrast in contrasts(n_files)
    ]


def _datatype(contrast: str) -> str:
    return _DATATYPES.get(contrast.rpartition("_")[2].lower(), "anat")


def _check(loaded: Loaded) -> None:
    if loaded.is_picture:
        raise DataError("the place and spacing of the image are not known, and BIDS holds volumes")


def _n_files(one: Written) -> int:
    return len(one.images)


def _finish(folder: Path, dataset: Dataset, written: Sequence[Written]) -> list[str]:
    sessions = _sessions(dataset)
    _write_tables(folder, {one.case.name: sessions[one.case.name] for one in written}, written)
    notes = []
    unknown = sum(one.case.patient is None for one in written)
    if unknown:
        notes.append(f"cases without a known patient became subjects of their own: {unknown}")
    contrasts = [_contrast_of(file, sessions[written[0].case.name]) for file in written[0].images]
    notes += _note_places(written)
    if contrasts != sorted(contrasts, key=natural):
        notes.append("BIDS knows no order of contrasts: channels are read back in the order of their names")
    all_contrasts = {_contrast_of(f, sessions[one.case.name]): None for one in written for f in one.images}
    foreign = [contrast for contrast in all_contrasts if not _KNOWN.fullmatch(contrast)]
    if foreign:
        notes.append(f"not among the suffixes of BIDS: {', '.join(foreign)}; rename them to what they are")
    made_by = {"GeneratedBy": [{"Name": "scanwright", "Version": version("scanwright")}]}
    named = {"Name": Path(dataset.source).name or "dataset", "BIDSVersion": _VERSION}
    write_json(folder / DESCRIPTION, named | {"DatasetType": "raw"} | made_by)
    said = f"Note: {notes[0]}.\n" if unknown else ""
    write_text(folder / "README", _README.format(version=version("scanwright"), masks=_MASKS, patients=said))
    write_text(folder / ".bidsignore", "conversion.json\nfailures.csv\n**/ct/\n")
    if any(one.mask for one in written):
        write_json(folder / _MASKS / DESCRIPTION, named | {"DatasetType": "derivative"} | made_by)
        _write_label_names(folder, dataset)
    return notes


def _note_places(written: Sequence[Written]) -> list[str]:
    """Where images lie that are of several kinds, or of one that BIDS does not know."""
    kinds = sorted({file.split("/")[-2] for one in written for file in one.images[:1]})
    notes = []
    if len(kinds) > 1:
        apart = ", ".join(f"{kind}/" for kind in kinds)
        notes.append(f"images of several modalities lie apart, in {apart}: readers of BIDS use one of them")
    if "ct" in kinds:
        notes.append("BIDS has no place for CT yet: ct/ is left out of its validation, by .bidsignore")
    return notes


def _contrast_of(file: str, session: tuple[str, ...]) -> str:
    return without_suffix(file.rpartition("/")[2]).split("_", len(session))[-1]


def _write_label_names(folder: Path, dataset: Dataset) -> None:
    names = {int(v): name for v, name in dataset.class_names.items() if v.lstrip("-").isdecimal()}
    if names:
        rows = [[str(value), _cell(names[value])] for value in sorted(names)]
        _write_tsv(folder / _MASKS / "dseg.tsv", [["index", "name"], *rows])


def _write_tables(folder: Path, sessions: Mapping[str, tuple[str, ...]], written: Sequence[Written]) -> None:
    """participants.tsv with what is one for all sessions of each subject, sessions.tsv with the rest."""
    known: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)  # subject → day → column → value
    for one in written:
        subject, *day = sessions[one.case.name]
        known[subject]["".join(day)] = _columns(one.case)
    columns = sorted({column for days in known.values() for row in days.values() for column in row})
    by_day = [
        c for c in columns if any(len({row.get(c) for row in days.values()}) > 1 for days in known.values())
    ]
    fixed = [column for column in columns if column not in by_day]
    rows = [
        [subject, *(_cell(next(iter(days.values())).get(c, "")) for c in fixed)]
        for subject, days in sorted(known.items())
    ]
    _write_tsv(folder / PARTICIPANTS, [["participant_id", *fixed], *rows])
    for subject, days in known.items() if by_day else ():
        rows = [[day, *(_cell(row.get(c, "")) for c in by_day)] for day, row in sorted(days.items())]
        _write_tsv(folder / subject / f"{subject}_sessions.tsv", [["session_id", *by_day], *rows])


def _columns(case: Case) -> dict[str, str]:
    own = {name: f"{name}_" for name in ("participant_id", "session_id", "split", PATIENT)}
    told = {own.get(fact, _cell(fact)): value for fact, value in case.facts.items() if fact != "session"}
    told |= {} if case.patient is not None else {PATIENT: UNKNOWN}
    return told | ({"split": case.split} if case.split else {})


def _cell(value: str) -> str:
    """Without what would break a table; the standard's word for nothing."""
    return " ".join(value.split()) or "n/a"


def _write_tsv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    write_text(path, "".join("\t".join(row) + "\n" for row in rows))


TARGET = Target(
    "bids",
    "BIDS",
    needs_masks=True,
    keeps_all=False,
    index=("derivatives", PARTICIPANTS, DESCRIPTION, "README", ".bidsignore"),
    places=_places,
    check=_check,
    alike=_n_files,
    finish=_finish,
)
