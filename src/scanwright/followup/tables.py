"""Tables of tumours in the layout of CDISC: TU (which), TR (how large) and RS (response), written and read.

SDTM Implementation Guide 3.4, section 6.3.9 (oncology), with the RECIST 1.1 supplement's terms.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanwright.core.change import ball_diameter_mm
from scanwright.data.case import SetAside
from scanwright.errors import DataError
from scanwright.followup.assessment import Followed
from scanwright.followup.choices import LesionChoice, VisitChoice
from scanwright.followup.studies import read_date
from scanwright.io.files import write_csv
from scanwright.io.tables import Row, Table, read_table
from scanwright.types import JsonDict

LAYOUT = "CDISC TU and TR"
FILES = ("tu.csv", "tr.csv", "rs.csv")
DIAMETER_SD = 0.07
"""Of a diameter that a reader measured, relative, where nothing is known of the pictures."""
_GROUPS = {"target": "TARGET", "non-target": "NON-TARGET", "new": "NEW"}
_STATES = {"seen": "PRESENT", "absent": "ABSENT", "merged": "ABSENT", "unknown": "NOT EVALUABLE"}
_SIZES = (
    ("LDIAM", "Longest Diameter", "long_mm", "mm"),
    ("LPERP", "Longest Perpendicular", "short_mm", "mm"),
    ("VOLUME", "Volume", "volume_ml", "mL"),
)
_READ_AS = {
    "LDIAM": ("LDIAM", "LAXIS", "DIAMETER"),
    "LPERP": ("LPERP", "SAXIS"),
    "VOLUME": ("VOLUME",),
}
"""Size → the codes under which other tables hold it, the surest first."""
_OF_A_NODE = ("LPERP", "SAXIS", "DIAMETER")
_CODES = frozenset(code for codes in _READ_AS.values() for code in codes)
_RESPONSES = (
    ("TRGRESP", "Target Response", "target"),
    ("NTRGRESP", "Non-target Response", "non_target"),
    ("OVRLRESP", "Overall Response", "overall"),
)
_PARTS = {"recist": ("target", "non_target", "overall"), "volume": ("target",)}
"""Rule → its answers; of volumes those of the targets alone, as on the page."""
_CATEGORIES = {"recist": "RECIST 1.1", "irecist": "iRECIST", "volume": "VOLUME", "rano": "RANO"}
# fmt: off
_TU = (
    "STUDYID", "DOMAIN", "USUBJID", "TUSEQ", "TULNKID", "TUTESTCD", "TUTEST", "TUORRES", "TUSTRESC",
    "TULOC", "TUMETHOD", "TUEVAL", "TUEVALID", "VISITNUM", "VISIT", "TUDTC", "TUDY",
)
_TR = (
    "STUDYID", "DOMAIN", "USUBJID", "TRSEQ", "TRGRPID", "TRLNKID", "TRTESTCD", "TRTEST", "TRORRES",
    "TRORRESU", "TRSTRESC", "TRSTRESN", "TRSTRESU", "TREVAL", "TREVALID", "VISITNUM", "VISIT", "TRDTC",
    "TRDY",
)
_RS = (
    "STUDYID", "DOMAIN", "USUBJID", "RSSEQ", "RSCAT", "RSTESTCD", "RSTEST", "RSORRES", "RSSTRESC",
    "RSEVAL", "RSEVALID", "VISITNUM", "VISIT", "RSDTC", "RSDY",
)
# fmt: on


@dataclass(frozen=True, eq=False)
class TablesRead:
    """Patients as readers measured them, each reader by itself, and rows that could not be used.

    Attributes:
        patients: name, lesions, and the columns that say who it is: STUDYID, USUBJID, EVAL, EVALID.
    """

    patients: list[tuple[str, Followed, dict[str, str]]]
    set_aside: list[SetAside]
    several_readers: bool = False


def write_tables(folder: Path, patients: Sequence[JsonDict]) -> None:
    """Write ``tu.csv``, ``tr.csv`` and ``rs.csv``.

    Args:
        folder: where to.
        patients: as in ``follow.json``.
    """
    rows: dict[str, list[dict[str, Any]]] = {"TU": [], "TR": [], "RS": []}
    for patient in patients:
        visits = {
            study["study"]: {
                "VISITNUM": n,
                "VISIT": study["study"],
                "date": study["date"],
                "day": study["day"],
            }
            for n, study in enumerate(patient["studies"], start=1)
        }
        for lesion in patient["lesions"]:
            if lesion["role"] in _GROUPS:
                rows["TU"].append(_identified(lesion, visits, patient))
                rows["TR"] += _measured(lesion, visits)
        for rule, verdicts in patient["verdicts"].items():
            rows["RS"] += [row for one in verdicts for row in _responses(one, rule, visits)]
        subject = patient.get("subject") or {}
        for domain, found in rows.items():
            for row in found:
                row.setdefault("USUBJID", subject.get("USUBJID", patient["patient"]))
                row.setdefault("STUDYID", subject.get("STUDYID") or "SCANWRIGHT")
                row.setdefault(f"{domain}EVAL", _evaluator(domain, patient))
                row.setdefault(f"{domain}EVALID", subject.get("EVALID", ""))
    for domain, columns, file in zip(("TU", "TR", "RS"), (_TU, _TR, _RS), FILES, strict=True):
        for n, row in enumerate(rows[domain], start=1):
            row |= {"DOMAIN": domain, f"{domain}SEQ": n, f"{domain}DTC": row["date"]}
            # SDTM counts days from 1.
            row[f"{domain}DY"] = "" if row["day"] is None else row["day"] + 1
        write_csv(folder / file, columns, [[row.get(name, "") for name in columns] for row in rows[domain]])


def _evaluator(domain: str, patient: JsonDict) -> str:
    """Who measured, chose the lesions, and answered."""
    told = (patient.get("subject") or {}).get("EVAL", "")
    if told and domain != "RS":
        return str(told)
    return "ALGORITHM AND READER" if patient["overruled"] and domain != "TR" else "ALGORITHM"


def _identified(lesion: JsonDict, visits: Mapping[str, JsonDict], patient: JsonDict) -> dict[str, Any]:
    seen = next(row["study"] for row in lesion["sizes"] if row["status"] == "seen")
    group = _GROUPS[lesion["role"]]
    modality = next(one.get("modality", "") for one in patient["studies"] if one["study"] == seen)
    return visits[seen] | {
        "TULNKID": lesion["name"],
        "TUTESTCD": "TUMIDENT",
        "TUTEST": "Tumor Identification",
        "TUORRES": group,
        "TUSTRESC": group,
        "TULOC": "LYMPH NODE" if lesion["node"] else lesion["organ"].upper(),
        "TUMETHOD": {"CT": "CT SCAN", "MR": "MRI", "PT": "PET SCAN"}.get(modality, modality),
    }


def _measured(lesion: JsonDict, visits: Mapping[str, JsonDict]) -> list[dict[str, Any]]:
    found = []
    for row in lesion["sizes"]:
        known = visits[row["study"]] | {"TRGRPID": _GROUPS[lesion["role"]], "TRLNKID": lesion["name"]}
        for code, test, name, unit in _SIZES:
            if (lesion["role"] == "target" and row["status"] != "unknown") or _is_sized_new(lesion, row):
                value = row.get(name, 0.0) if row["status"] == "seen" else 0.0
                text = f"{value:.4g}"
                found.append(
                    known
                    | {"TRTESTCD": code, "TRTEST": test, "TRORRES": text, "TRORRESU": unit}
                    | {"TRSTRESC": text, "TRSTRESN": text, "TRSTRESU": unit}
                )
        state = _STATES.get(row["status"], "UNEQUIVOCAL PROGRESSION")
        if lesion["role"] != "new" or row["status"] == "seen":
            told = {"TRTESTCD": "TUMSTATE", "TRTEST": "Tumor State", "TRORRES": state, "TRSTRESC": state}
            found.append(known | told)
    return found


def _is_sized_new(lesion: JsonDict, row: JsonDict) -> bool:
    """iRECIST looks whether new lesions grow."""
    return bool(lesion["role"] == "new" and row["status"] == "seen" and row["long_mm"])


def _responses(one: JsonDict, rule: str, visits: Mapping[str, JsonDict]) -> list[dict[str, Any]]:
    return [
        visits[one["study"]]
        | {"RSCAT": _CATEGORIES[rule], "RSTESTCD": code, "RSTEST": test}
        | {"RSORRES": one[part]["answer"], "RSSTRESC": one[part]["answer"]}
        for code, test, part in _RESPONSES
        if one[part]["answer"] != "NONE" and part in _PARTS.get(rule, ("overall",))
    ]


def are_tables(folder: Path) -> bool:
    """Whether a folder holds a table TR, or the path is one."""
    return _find(folder, "TR") is not None


def read_tables(folder: Path) -> TablesRead:
    """Patients of tables TU and TR; each evaluator is taken for himself.

    Raises:
        DataError: there is no usable row.
    """
    path = _find(folder, "TR")
    if path is None:
        raise DataError("there is no table of measurements (TR)", subject=folder.name)
    table = read_table(path)
    needed = ("USUBJID", "TRGRPID", "TRLNKID", "TRTESTCD", "TRSTRESC", "VISITNUM")
    if missing := [name for name in needed if name not in table.columns]:
        raise DataError("columns of the table TR are missing", subject=path.name, received=", ".join(missing))
    tu = _find(path.parent, "TU")
    organs = _organs(read_table(tu)) if tu is not None else {}
    by_reader: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in table.rows:
        by_reader[row.cells["USUBJID"], _reader(row, "TR")].append(row)
    several = len({reader for _, reader in by_reader}) > 1
    read = TablesRead([], [], several)
    for (subject, reader), rows in sorted(by_reader.items()):
        name = f"{subject} · {reader}" if several and reader else subject
        try:
            cells = rows[0].cells
            known = {"STUDYID": cells.get("STUDYID", ""), "USUBJID": subject}
            known |= {key: _said(cells.get(f"TR{key}", "")) for key in ("EVAL", "EVALID")}
            read.patients.append((name, _followed(rows, organs, subject, reader), known))
        except DataError as error:
            read.set_aside.append(SetAside(name, "read", str(error)))
    if not read.patients:
        first = f" The first: {read.set_aside[0]}" if read.set_aside else ""
        raise DataError(f"no patient of the table can be followed.{first}", subject=path.name)
    return read


def _find(folder: Path, domain: str) -> Path | None:
    """The table of a domain: by its name, and that it has the domain's columns."""
    candidates = [folder] if folder.is_file() else sorted(folder.glob("*.csv")) if folder.is_dir() else []
    for path in candidates:
        if path.suffix.lower() != ".csv":
            continue
        with path.open("rb") as file:
            head = file.readline(65536).decode("utf-8", "replace").upper()
        if f"{domain}TESTCD" in head and f"{domain}LNKID" in head:
            return path
    return None


def _reader(row: Row, domain: str) -> str:
    told = (_said(row.cells.get(f"{domain}{key}", "")) for key in ("EVAL", "EVALID"))
    return " ".join(one for one in told if one)


def _said(text: str) -> str:
    return "" if text == "NA" else text


def _organs(table: Table) -> dict[tuple[str, str, str], str]:
    """Subject, reader and lesion → where it is."""
    return {
        (row.cells.get("USUBJID", ""), _reader(row, "TU"), row.cells.get("TULNKID", "")): row.cells.get(
            "TULOC", ""
        )
        for row in table.rows
    }


def _followed(
    rows: Sequence[Row], organs: dict[tuple[str, str, str], str], subject: str, reader: str
) -> Followed:
    by_visit: dict[float, list[Row]] = defaultdict(list)
    for row in rows:
        by_visit[_number(row, "VISITNUM", row.cells["VISITNUM"])].append(row)
    studies = [_visit(by_visit[number]) for number in sorted(by_visit)]
    _count_days(studies)
    groups: dict[str, str] = {}
    for row in rows:
        group = row.cells["TRGRPID"].upper()
        role = "new" if group.startswith("NEW") else "non-target" if group.startswith("NON") else "target"
        groups.setdefault(row.cells["TRLNKID"], role)
    lesions, sizes = [], {}
    for name, role in groups.items():
        organ = organs.get((subject, reader, name), "")
        node = "LYMPH" in organ.upper()
        own = [
            [row for row in by_visit[number] if row.cells["TRLNKID"] == name] for number in sorted(by_visit)
        ]
        sizes[name] = [_size(found, study, role, node) for found, study in zip(own, studies, strict=True)]
        lesions.append(LesionChoice(name, "", {}, role=role, why="table", node=node, organ=organ.lower()))
    if any(sizes[one.name][0]["status"] == "unknown" for one in lesions if one.role == "target"):
        raise DataError(
            "a target was not measured at the first visit",
            expected="TRTESTCD "
            + ", ".join(code for codes in _READ_AS.values() for code in codes)
            + "; of nodes "
            + " or ".join(_OF_A_NODE),
        )
    visits = [VisitChoice(study["study"]) for study in studies]
    return Followed(lesions, sizes, visits, studies)


def _visit(rows: Sequence[Row]) -> JsonDict:
    name = rows[0].cells.get("VISIT") or rows[0].cells["VISITNUM"]
    texts = [row.cells.get("TRDTC", "") for row in rows]
    try:
        date: str | None = read_date(next(text for text in texts if len(text) >= 10)).isoformat()
    except (StopIteration, DataError):
        date = None
    notes = [] if date else ["no_date"]
    return {"study": name, "date": date, "day": None, "modality": "", "registration": None, "notes": notes}


def _count_days(studies: Sequence[JsonDict]) -> None:
    first = studies[0]["date"]
    for study in studies:
        if first is not None and study["date"] is not None:
            study["day"] = (read_date(study["date"]) - read_date(first)).days


def _size(rows: Sequence[Row], study: JsonDict, role: str, node: bool) -> JsonDict:
    """What was measured of a lesion at a visit; its volume is that of the ball of its diameter."""
    found: JsonDict = {"study": study["study"], "day": study["day"], "status": "unknown", "pieces": []}
    given: dict[str, float] = {}
    for row in rows:
        cells, code = row.cells, row.cells["TRTESTCD"]
        value = cells.get("TRSTRESN") or cells["TRSTRESC"]
        if code in _CODES and value not in ("", "NA"):
            given[code] = _number(row, "TRSTRESN", value)
        if code == "TUMSTATE":
            state = cells["TRSTRESC"].upper()
            found["status"] = {"PRESENT": "seen", "ABSENT": "absent", "UNEQUIVOCAL": "progressed"}.get(
                state.split(" ")[0], "unknown"
            )
    if role == "new" and found["status"] == "unknown":
        found["status"] = "seen" if rows else "absent"
    told = {size: first for size, codes in _READ_AS.items() if (first := _first(given, codes)) is not None}
    wanted = _first(given, _OF_A_NODE) if node else told.get("LDIAM")
    if role == "target":
        found["status"] = "unknown" if wanted is None else "seen" if wanted > 0 else "absent"
    if found["status"] == "seen" and (wanted or told):
        long = told.get("LDIAM", told.get("LPERP", 0.0))
        short = told.get("LPERP", long)
        volume = told.get("VOLUME") or math.pi * (wanted or long) ** 3 / 6000
        found |= {"long_mm": long, "short_mm": short, "product_mm2": long * short, "volume_ml": volume}
        found |= {"log_volume_sd": 3 * DIAMETER_SD, "ball_mm": ball_diameter_mm(volume), "mean": None}
    elif found["status"] == "seen":
        found |= dict.fromkeys(("long_mm", "short_mm", "product_mm2", "volume_ml", "log_volume_sd"), 0.0)
    return found


def _first(given: Mapping[str, float], codes: Sequence[str]) -> float | None:
    return next((given[code] for code in codes if code in given), None)


def _number(row: Row, column: str, text: str) -> float:
    try:
        value = float(text)
        if not math.isfinite(value) or value < 0:
            raise ValueError
    except ValueError:
        raise DataError(f"line {row.line} has no number in the column {column}", received=text[:40]) from None
    return value
