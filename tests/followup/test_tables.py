"""Tables TU, TR and RS: what is written can be read, and says the same."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import scanwright as sw
from builders import real_data, write_text
from scanwright.errors import DataError
from scanwright.followup.tables import are_tables, read_tables

TR = "USUBJID,TRGRPID,TRLNKID,TRTESTCD,TRSTRESC,TRSTRESN,VISITNUM,VISIT,TRDTC"


def tables(root: Path, *rows: str, nodes: tuple[str, ...] = ()) -> Path:
    write_text(root / "tr.csv", TR, *rows)
    write_text(
        root / "tu.csv", "USUBJID,TULNKID,TUTESTCD,TULOC", *(f"S1,{one},TUMIDENT,LYMPH NODE" for one in nodes)
    )
    return root


ROWS = (
    "S1,TARGET,T1,LDIAM,40,40,1,BASE,2024-01-01",
    "S1,TARGET,T2,LDIAM,30,30,1,BASE,2024-01-01",
    "S1,TARGET,T2,LPERP,20,20,1,BASE,2024-01-01",
    "S1,NON-TARGET,N1,TUMSTATE,PRESENT,,1,BASE,2024-01-01",
    "S1,TARGET,T1,LDIAM,20,20,2,WEEK 8,2024-02-26",
    "S1,TARGET,T2,LDIAM,25,25,2,WEEK 8,2024-02-26",
    "S1,TARGET,T2,LPERP,8,8,2,WEEK 8,2024-02-26",
    "S1,NON-TARGET,N1,TUMSTATE,ABSENT,,2,WEEK 8,2024-02-26",
)


def test_nodes_go_by_their_short_axis(tmp_path: Path) -> None:
    (patient,) = sw.follow(tables(tmp_path, *ROWS, nodes=("T2",))).patients
    (row,) = patient["verdicts"]["recist"]
    assert (row["sum"], row["target"]["facts"]["baseline"]) == (28, 60)
    assert row["overall"]["answer"] == "PR"
    assert patient["lesions"][1]["node"]


def test_what_is_written_is_read_as_the_same(tmp_path: Path) -> None:
    first = sw.follow(tables(tmp_path / "in", *ROWS, nodes=("T2",)), tmp_path / "out")
    again = sw.follow(tmp_path / "out")
    told, read = first.patients[0], again.patients[0]
    assert [one["name"] for one in read["lesions"]] == [one["name"] for one in told["lesions"]]
    assert [row["overall"] for row in read["verdicts"]["recist"]] == [
        row["overall"] for row in told["verdicts"]["recist"]
    ]
    with (tmp_path / "out" / "rs.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    overall = [
        row["RSSTRESC"] for row in rows if row["RSTESTCD"] == "OVRLRESP" and row["RSCAT"] == "RECIST 1.1"
    ]
    assert overall == ["PR"]
    assert {row["RSDY"] for row in rows} == {"57"}


def test_states_of_non_targets_decide(tmp_path: Path) -> None:
    rows = [*ROWS[:-1], ROWS[-1].replace("ABSENT", "UNEQUIVOCAL PROGRESSION")]
    (patient,) = sw.follow(tables(tmp_path, *rows)).patients
    assert patient["verdicts"]["recist"][0]["overall"]["rule"] == "overall.non_target_pd"


def test_an_unknown_size_is_not_evaluable_and_a_short_date_is_no_date(tmp_path: Path) -> None:
    rows = [row.replace("LDIAM,20,20", "LDIAM,NA,NA").replace("2024-02-26", "2024-02") for row in ROWS]
    (patient,) = sw.follow(tables(tmp_path, *rows)).patients
    assert patient["verdicts"]["recist"][0]["overall"]["answer"] == "NE"
    assert patient["studies"][1]["notes"] == ["no_date"]


def test_growth_is_told_from_diameters(tmp_path: Path) -> None:
    (patient,) = sw.follow(tables(tmp_path, *ROWS), tmp_path.with_name("out")).patients
    assert patient["lesions"][0]["growth"]["percent_a_month"][0] < -30
    assert "ball of its diameter" in (tmp_path.with_name("out") / "follow.html").read_text()


def test_a_patient_without_a_usable_number_is_set_aside(tmp_path: Path) -> None:
    rows = [
        *ROWS,
        "S2,TARGET,T1,LDIAM,big,big,1,BASE,2024-01-01",
        "S3,TARGET,T1,LDIAM,NA,NA,1,BASE,2024-01-01",
    ]
    result = sw.follow(tables(tmp_path, *rows))
    assert {one.case for one in result.set_aside} == {"S2", "S3"}
    assert [one["patient"] for one in result.patients] == ["S1"]
    with pytest.raises(DataError, match="no patient"):
        sw.follow(tables(tmp_path / "none", rows[-1]))


def test_what_is_no_table_is_not_taken_for_one(tmp_path: Path) -> None:
    assert not are_tables(tmp_path)
    write_text(tmp_path / "notes.csv", "a,b", "1,2")
    assert not are_tables(tmp_path)
    write_text(tmp_path / "tr.csv", "TRTESTCD,TRLNKID", "LDIAM,T1")
    with pytest.raises(DataError, match="columns of the table TR are missing"):
        read_tables(tmp_path)


def test_the_published_tables_are_read() -> None:
    read = read_tables(real_data("recist-tables"))
    assert len(read.patients) + len(read.set_aside) >= 20
