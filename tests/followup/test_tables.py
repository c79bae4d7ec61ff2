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


def test_the_trial_and_the_evaluator_are_kept(tmp_path: Path) -> None:
    heads = TR + ",STUDYID,TREVAL,TREVALID"
    given = [f"{row},CDISC01,INDEPENDENT ASSESSOR,RADIOLOGIST {n}" for n in (1, 2) for row in ROWS]
    write_text(tmp_path / "in" / "tr.csv", heads, *given)
    sw.follow(tmp_path / "in", tmp_path / "out")
    for domain, evaluator in (("tr", "INDEPENDENT ASSESSOR"), ("rs", "ALGORITHM")):
        with (tmp_path / "out" / f"{domain}.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        key = domain.upper()
        assert {(row["STUDYID"], row["USUBJID"], row[f"{key}EVAL"]) for row in rows} == {
            ("CDISC01", "S1", evaluator)
        }
        assert {row[f"{key}EVALID"] for row in rows} == {"RADIOLOGIST 1", "RADIOLOGIST 2"}


def test_sizes_of_new_lesions_come_back_and_confirm_as_before(tmp_path: Path) -> None:
    new = [
        f"S1,NEW,X1,{code},{value},,{visit},V{visit},2024-0{visit}-26"
        for visit, size in ((2, 8), (3, 15))
        for code, value in (("TUMSTATE", "PRESENT"), ("LDIAM", size))
    ]
    last = [row.replace(",2,WEEK 8,2024-02-26", ",3,V3,2024-03-30") for row in ROWS[4:]]
    first = sw.follow(tables(tmp_path / "in", *ROWS, *last, *new, nodes=("T2",)), tmp_path / "out")
    again = sw.follow(tmp_path / "out")
    answers = [row["overall"] for row in first.patients[0]["verdicts"]["irecist"]]
    assert [one["answer"] for one in answers] == ["iUPD", "iCPD"]
    assert [row["overall"] for row in again.patients[0]["verdicts"]["irecist"]] == answers


@pytest.mark.parametrize("code", ["SAXIS", "DIAMETER"])
def test_nodes_are_read_under_other_codes_too(tmp_path: Path, code: str) -> None:
    rows = [row.replace("LPERP", code) for row in ROWS if ",T2,LDIAM" not in row]
    (patient,) = sw.follow(tables(tmp_path, *rows, nodes=("T2",))).patients
    assert patient["verdicts"]["recist"][0]["sum"] == 28


def test_the_table_of_responses_says_what_the_page_says_of_volumes(tmp_path: Path) -> None:
    new = "S1,NEW,X1,TUMSTATE,PRESENT,,2,WEEK 8,2024-02-26"
    sw.follow(tables(tmp_path / "in", *ROWS, new, nodes=("T2",)), tmp_path / "out")
    with (tmp_path / "out" / "rs.csv").open() as stream:
        told = {(row["RSCAT"], row["RSTESTCD"]): row["RSSTRESC"] for row in csv.DictReader(stream)}
    assert told["RECIST 1.1", "OVRLRESP"] == "PD"
    assert told["VOLUME", "TRGRESP"] == "PR"
    assert ("VOLUME", "OVRLRESP") not in told


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
