"""Overall responses derived from tumour measurements against those of a published, synthetic table (CDISC).

Goal: equal wherever the table follows RECIST 1.1; each disagreement explained by the rule that decided.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

from figures import data_root, print_header
from scanwright.core.response import Assessment, State, Visit, assess
from scanwright.report.response_texts import in_words

STATES: dict[str, State] = {"PRESENT": "present", "ABSENT": "absent", "UNEQUIVOCAL": "progressed"}
Reader = tuple[str, str]


def rows(path: Path) -> list[dict[str, str]]:
    """Of a table."""
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def reader_of(row: dict[str, str], domain: str) -> Reader:
    """Subject and who looked."""
    return row["USUBJID"], " ".join(row[f"{domain}{key}"] for key in ("EVAL", "EVALID"))


def visits_of(found: list[dict[str, str]], nodes: frozenset[str]) -> tuple[list[Visit], list[str]]:
    """Visits of one reader, and their names; nodes by their short axis."""
    by_visit: dict[int, list[dict[str, str]]] = defaultdict(list)
    for row in found:
        by_visit[int(row["VISITNUM"])].append(row)
    visits, names = [], []
    for number in sorted(by_visit):
        targets: dict[str, float | None] = {}
        states: dict[str, State] = {}
        new = []
        for row in by_visit[number]:
            lesion, value = row["TRLNKID"], row["TRSTRESC"]
            if row["TRGRPID"] == "TARGET" and row["TRTESTCD"] == ("LPERP" if lesion in nodes else "LDIAM"):
                targets[lesion] = None if row["TRSTRESN"] in ("", "NA") else float(row["TRSTRESN"])
            elif row["TRTESTCD"] == "TUMSTATE" and row["TRGRPID"].startswith("NON"):
                states[lesion] = STATES.get(value.split(" ")[0], "unknown")
            elif row["TRGRPID"].startswith("NEW"):
                new.append(lesion)
        visits.append(Visit(targets, states, tuple(sorted(set(new)))))
        names.append(by_visit[number][0]["VISIT"])
    return visits, names


def told(visit: Visit, one: Assessment) -> str:
    """What was measured, and why it was decided so."""
    sizes = ", ".join(
        f"{name} {'?' if mm is None else f'{mm:.4g}'}" for name, mm in sorted(visit.targets.items())
    )
    states = ", ".join(f"{name} {state}" for name, state in sorted(visit.non_targets.items()))
    why = [in_words(part.rule, dict(part.facts)) for part in (one.target, one.non_target, one.overall)]
    return f"{sizes}; {states or 'no non-targets'} | " + " ".join(why)


def main() -> None:
    """Print how many agree, and every one that does not."""
    root = data_root() / "recist-tables"
    measured, given = rows(root / "tr_onco_recist.csv"), rows(root / "rs_onco_recist.csv")
    nodes: dict[Reader, set[str]] = defaultdict(set)
    for row in rows(root / "tu_onco_recist.csv"):
        if row["TULOC"] == "LYMPH NODE":
            nodes[reader_of(row, "TU")].add(row["TULNKID"])
    by_reader: dict[Reader, list[dict[str, str]]] = defaultdict(list)
    for row in measured:
        by_reader[reader_of(row, "TR")].append(row)
    print_header("Overall responses of rs_onco_recist", n=f"{len(given)} of {len(by_reader)} readers")
    ours: dict[tuple[Reader, str], tuple[Visit, Assessment]] = {}
    for reader, found in by_reader.items():
        own = frozenset(nodes[reader])
        visits, names = visits_of(found, own)
        for name, visit, one in zip(names[1:], visits[1:], assess(visits, own), strict=True):
            ours[reader, name] = visit, one
    agree, table = 0, Counter[tuple[str, str]]()
    for row in given:
        reader = reader_of(row, "RS")
        if (reader, row["VISIT"]) not in ours:
            print(f"  {reader[0]} {reader[1]} {row['VISIT']}: given {row['RSSTRESC']}, nothing was measured")
            table[row["RSSTRESC"], "nothing"] += 1
            continue
        visit, one = ours[reader, row["VISIT"]]
        table[row["RSSTRESC"], one.overall.answer] += 1
        if one.overall.answer == row["RSSTRESC"]:
            agree += 1
            continue
        print(f"  {reader[0]} {reader[1]} {row['VISIT']}: given {row['RSSTRESC']}, ours {one.overall.answer}")
        print(f"    {told(visit, one)}")
    print(f"equal {agree} of {len(given)}")
    for (theirs, mine), n in sorted(table.items()):
        print(f"  given {theirs:14} ours {mine:14} {n}")


if __name__ == "__main__":
    main()
