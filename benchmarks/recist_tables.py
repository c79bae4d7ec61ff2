"""Overall responses from tumour measurements against those of a published table (CDISC pilot, synthetic).

Goal: equal wherever the table follows RECIST 1.1; each disagreement explained by the rule that decided.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import scanwright as sw
from figures import data_root, print_header
from scanwright.report.response_texts import in_words
from scanwright.types import JsonDict


def rows(path: Path) -> list[dict[str, str]]:
    """Of a table."""
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def name_of(row: dict[str, str]) -> str:
    """Subject and who looked, as ``follow`` names them."""
    reader = " ".join(row[key] for key in ("RSEVAL", "RSEVALID") if row[key] not in ("", "NA"))
    return f"{row['USUBJID']} · {reader}"


def told(patient: JsonDict, verdict: JsonDict) -> str:
    """What was measured, and why it was decided so."""
    sizes = []
    for lesion in patient["lesions"]:
        row = next(one for one in lesion["sizes"] if one["study"] == verdict["study"])
        size = row.get("short_mm" if lesion["node"] else "long_mm") or row["status"]
        sizes.append(f"{lesion['name']} {size if isinstance(size, str) else f'{size:.4g}'}")
    why = [
        in_words(verdict[part]["rule"], verdict[part]["facts"])
        for part in ("target", "non_target", "overall")
    ]
    return f"{', '.join(sizes)} | {' '.join(why)}"


def main() -> None:
    """Print how many agree, and every one that does not."""
    root = data_root() / "recist-tables"
    given = rows(root / "rs_onco_recist.csv")
    result = sw.follow(root)
    ours = {
        (patient["patient"], verdict["study"]): (patient, verdict)
        for patient in result.patients
        for verdict in patient["verdicts"].get("recist", [])
    }
    print_header("Overall responses of rs_onco_recist", n=f"{len(given)} of {len(result.patients)} readers")
    agree, table = 0, Counter[tuple[str, str]]()
    for row in given:
        name, visit, answer = name_of(row), row["VISIT"], row["RSSTRESC"]
        if (name, visit) not in ours:
            print(f"  {name} {visit}: given {answer}, nothing was measured")
            table[answer, "nothing"] += 1
            continue
        patient, verdict = ours[name, visit]
        mine = verdict["overall"]["answer"]
        table[answer, mine] += 1
        if mine == answer:
            agree += 1
            continue
        print(f"  {name} {visit}: given {answer}, ours {mine}")
        print(f"    {told(patient, verdict)}")
    print(f"equal {agree} of {len(given)}")
    for (theirs, mine), n in sorted(table.items()):
        print(f"  given {theirs:14} ours {mine:14} {n}")


if __name__ == "__main__":
    main()
