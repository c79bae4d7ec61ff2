"""The journal of a prediction: what is read is what was written, and nothing else counts as done."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scanwright.data.boxes import Boxes
from scanwright.data.case import SetAside
from scanwright.data.prediction import (
    Amount,
    BoxPrediction,
    ClassPrediction,
    Doubt,
    LabelsPrediction,
    Referral,
    Sampled,
    ValuePrediction,
)
from scanwright.errors import OutputError
from scanwright.inference.detections import Placed
from scanwright.inference.journal import JOURNAL, KINDS, Journal, Outlined, Told, Written, begin

OF = {"model": "abc", "input": "/scans"}
DOUBTS = (Doubt("spacing", "1 mm", "2 mm"),)
BOXES = Boxes(np.arange(12.0).reshape(2, 2, 3), ("a", "b"), np.array([0.9, 0.1]), ("", "crowd"))
NONE = Boxes(np.zeros((0, 2, 3)), (), np.zeros(0))
TOLD: tuple[Told, ...] = (
    Outlined("肝/m 1", DOUBTS, (Amount("liver", 1.25, None, 2.0, "ml"),), Sampled(0.25, 0.125)),
    ClassPrediction("c", {"ill": 0.1, "well": 0.9}, DOUBTS, "ill", None, Referral(("ill", "well"), "unsure")),
    LabelsPrediction("l", {"cyst": 0.5}, ("cyst",), uncalibrated={"cyst": 0.25}, strangeness=0.5),
    ValuePrediction("v", 1 / 3, -1.0, 2.0, uncertainty=np.float64(0.5)),
    BoxPrediction("b", BOXES, {"a": 0.5}, affine_ras=np.diag([-1.0, 1.0, 2.0, 1.0])),
    BoxPrediction("nothing", NONE, {}),
)


def begun(folder: Path, *, resume: bool, of: dict[str, Any] = OF) -> Journal:
    return begin(folder, of, own=(JOURNAL,), overwrite=False, resume=resume)


def written(folder: Path, told: Told) -> Written:
    mask = folder / f"{told.case}.nii.gz"
    mask.parent.mkdir(exist_ok=True)
    mask.touch()
    placed = [Placed(told.case, "f.png", (4, 5, 1), np.eye(4), told.boxes)] if told.case == "b" else []
    return Written(told, [mask], placed=placed, unwritten=[SetAside(told.case, "dicom", "why")])


def same(one: Any, other: Any) -> bool:
    if type(one).__name__ in KINDS:
        return type(one) is type(other) and all(
            same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)
        )
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other) and one.shape == other.shape
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def test_all_kinds_of_answers_come_back_as_they_were(tmp_path: Path) -> None:
    journal = begun(tmp_path / "out", resume=False)
    made = [written(tmp_path / "out", told) for told in TOLD]
    for one in made:
        journal.add(one)
    for _ in range(2):  # it can be stopped and taken up again and again
        again = begun(tmp_path / "out", resume=True)
        assert all(map(same, again.done, made))
        assert len(again.done) == len(made)
    again.forget()
    assert not (tmp_path / "out" / JOURNAL).exists()


def test_a_line_that_was_cut_off_and_a_mask_that_is_gone_are_done_again(tmp_path: Path) -> None:
    journal = begun(tmp_path / "out", resume=False)
    for told in TOLD:
        journal.add(written(tmp_path / "out", told))
    path = tmp_path / "out" / JOURNAL
    path.write_bytes(path.read_bytes()[:-20])
    (tmp_path / "out" / "c.nii.gz").unlink()
    again = begun(tmp_path / "out", resume=True)
    assert [one.told.case for one in again.done] == ["肝/m 1", "l", "v", "b"]
    again.add(written(tmp_path / "out", TOLD[1]))
    assert [one.told.case for one in begun(tmp_path / "out", resume=True).done][-1] == "c"


@pytest.mark.parametrize(
    "line",
    [
        '{"Written": {"told": 3}}',
        '{"Written": {"told": {"Outlined": {"case": "a"}}, "masks": 5}}',
        '{"Path": {}}',
        '{"Written": {"told": 3, "no": 1}}',
        "[1]",
        "{}",
        '{"os.system": {}}',
        "\x00",
    ],
)
def test_what_is_no_record_is_not_taken_for_one(tmp_path: Path, line: str) -> None:
    begun(tmp_path / "out", resume=False).add(written(tmp_path / "out", TOLD[1]))
    with (tmp_path / "out" / JOURNAL).open("a") as stream:
        stream.write(line + "\n")
    assert [one.told.case for one in begun(tmp_path / "out", resume=True).done] == ["c"]


def test_another_model_or_input_is_refused_and_named(tmp_path: Path) -> None:
    begun(tmp_path / "out", resume=False).add(written(tmp_path / "out", TOLD[1]))
    with pytest.raises(OutputError, match="another model"):
        begun(tmp_path / "out", resume=True, of={**OF, "model": "other"})
    (tmp_path / "out" / JOURNAL).write_text("nothing")
    with pytest.raises(OutputError, match="can't be read"):
        begun(tmp_path / "out", resume=True)


def test_before_the_first_case_is_done_there_is_nothing_to_resume(tmp_path: Path) -> None:
    """What fails before, for want of a package or a wrong option, is simply said again."""
    begun(tmp_path / "out", resume=False)
    assert begun(tmp_path / "out", resume=False).done == ()
    assert list((tmp_path / "out").iterdir()) == []


def test_where_nothing_was_begun_it_begins_and_finished_results_stay(tmp_path: Path) -> None:
    journal = begun(tmp_path / "out", resume=True)
    assert journal.done == ()
    journal.forget()
    (tmp_path / "out" / "predictions.csv").touch()
    with pytest.raises(OutputError, match="already holds something"):
        begun(tmp_path / "out", resume=True)
