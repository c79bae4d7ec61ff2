"""Files of ours: whole or not at all, never over somebody else's, a full disk named."""

from __future__ import annotations

import errno
import math
from pathlib import Path

import pytest

from scanwright.errors import DataError, ModelError, OutputError
from scanwright.io.files import (
    claim_folder,
    filling,
    finite,
    forget_partials,
    kept_if_filled,
    naming_full_disks,
    read_json,
    whole_folder,
    write_bytes,
    write_csv,
    write_json,
    write_text,
    write_whole,
)


def full(path: Path) -> None:
    path.write_text("half")
    raise OSError(errno.ENOSPC, "No space left on device")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_is_written_with_its_folders_and_readable_by_all(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.txt", "grün")
    assert (tmp_path / "a" / "b.txt").read_text(encoding="utf-8") == "grün"
    assert (tmp_path / "a" / "b.txt").stat().st_mode & 0o777 == 0o644
    write_bytes(tmp_path / "c.bin", b"\x00\x01")
    assert (tmp_path / "c.bin").read_bytes() == b"\x00\x01"
    assert names(tmp_path) == ["a", "c.bin"]


def test_the_writer_sees_the_suffix_of_the_file(tmp_path: Path) -> None:
    seen: list[str] = []
    write_whole(tmp_path / "x.nii.gz", lambda part: seen.append(part.name))
    assert seen[0].endswith(".nii.gz")


def test_a_full_disk_leaves_the_old_file_and_names_it(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(OutputError, match=r"a\.txt: the disk is full.*--resume"):
        write_whole(tmp_path / "a.txt", full)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_forbidden_places_are_named(tmp_path: Path, number: int) -> None:
    with pytest.raises(OutputError, match="not possible"), naming_full_disks(tmp_path):
        raise OSError(number, "no")


def test_other_system_errors_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), naming_full_disks(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "gone")


def test_any_error_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(part: Path) -> None:
        part.write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_whole(tmp_path / "a.txt", fail)
    assert names(tmp_path) == []


def test_json_has_no_word_for_infinity(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": math.nan, "y": [math.inf, 1.5, (2,)], 3: "é"})
    assert read_json(tmp_path / "a.json") == {"x": None, "y": [None, 1.5, [2]], "3": "é"}
    assert finite(-math.inf) is None


def test_missing_and_damaged_json_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.json: the file is missing"):
        read_json(tmp_path / "gone.json")
    (tmp_path / "bad.json").write_bytes(b'{"a": ')
    with pytest.raises(ModelError, match=r"bad\.json: the file is damaged"):
        read_json(tmp_path / "bad.json")
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(ModelError, match="damaged"):
        read_json(tmp_path / "latin.json")


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "model") as part:
        (part / "a").write_text("1")
        assert not (tmp_path / "model").exists()
    assert names(tmp_path) == ["model"]
    with pytest.raises(OutputError, match="disk is full"), whole_folder(tmp_path / "model") as part:
        full(part / "a")
    assert (tmp_path / "model" / "a").read_text() == "1"
    assert names(tmp_path) == ["model"]


def test_a_folder_replaces_an_older_one(tmp_path: Path) -> None:
    for text in ("1", "2"):
        with whole_folder(tmp_path / "model") as part:
            (part / text).write_text(text)
    assert names(tmp_path / "model") == ["2"]
    assert names(tmp_path) == ["model"]


def test_an_empty_or_missing_folder_is_claimed(tmp_path: Path) -> None:
    assert claim_folder(tmp_path / "a" / "b", overwrite=False) == tmp_path / "a" / "b"
    claim_folder(tmp_path / "a" / "b", overwrite=False)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    for number in range(6):
        write_text(tmp_path / f"file{number}", "mine")
    with pytest.raises(OutputError, match=r"file0, file1, file2, file3….*--overwrite"):
        claim_folder(tmp_path, overwrite=False, own=("file1",))
    assert len(names(tmp_path)) == 6


def test_overwriting_removes_only_what_is_ours(tmp_path: Path) -> None:
    write_text(tmp_path / "plan.json", "ours")
    write_text(tmp_path / "model" / "weights", "ours")
    write_text(tmp_path / "thesis.txt", "theirs")
    (tmp_path / "elsewhere").mkdir()
    write_text(tmp_path / "elsewhere" / "x", "theirs")
    (tmp_path / "cache").symlink_to(tmp_path / "elsewhere")
    claim_folder(tmp_path, overwrite=True, own=("plan.json", "model", "cache", "absent"))
    assert names(tmp_path) == ["elsewhere", "thesis.txt"]
    assert names(tmp_path / "elsewhere") == ["x"]


def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    write_text(tmp_path / "out", "a file")
    with pytest.raises(OutputError, match="this is a file"):
        claim_folder(tmp_path / "out", overwrite=True)
    with pytest.raises(OutputError, match="not possible"):
        claim_folder(tmp_path / "out" / "deeper", overwrite=True)


@pytest.mark.parametrize("stop", [DataError("nothing there"), KeyboardInterrupt()])
def test_a_claimed_folder_goes_when_work_ends_before_it_holds_anything(
    tmp_path: Path, stop: BaseException
) -> None:
    for name in ("empty", "filled"):
        folder = claim_folder(tmp_path / name, overwrite=False)
        if name == "filled":
            write_text(folder / "page", "a result")
        with pytest.raises(type(stop)), kept_if_filled(folder):
            raise stop
    assert names(tmp_path) == ["filled"]


def test_leftovers_of_a_kill_do_not_count_as_something(tmp_path: Path) -> None:
    write_text(tmp_path / ".partial-x.json", "half")
    write_text(tmp_path / ".partial-model-y" / "weights", "half")
    claim_folder(tmp_path, overwrite=False)
    assert names(tmp_path) == []
    write_text(tmp_path / "kept", "whole")
    forget_partials(tmp_path)
    assert names(tmp_path) == ["kept"]


def test_tables_are_plain_csv(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("case", "reason"), [("a,b", 'say "no"'), ("c", 1)])
    assert (tmp_path / "a.csv").read_text() == 'case,reason\n"a,b","say ""no"""\nc,1\n'


def test_a_folder_is_filled_whole_or_not_at_all(tmp_path: Path) -> None:
    write_text(tmp_path / "mine.txt", "mine")
    with pytest.raises(OutputError), filling(tmp_path) as part:
        write_whole(part / "a" / "b.txt", full)
    assert names(tmp_path) == ["mine.txt"]
    with filling(tmp_path) as part:
        write_text(part / "a" / "b.txt", "all")
        write_text(part / "c.txt", "all")
        assert names(tmp_path)[1:] == ["mine.txt"]
    assert names(tmp_path) == ["a", "c.txt", "mine.txt"]
    assert (tmp_path / "a" / "b.txt").read_text() == "all"
