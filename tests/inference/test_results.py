"""Results on disk: what stands in the tables that predictions become."""

from scanwright.data.prediction import Amount, ClassPrediction, Doubt
from scanwright.inference.results import write_predictions_csv, write_volumes_csv
from scanwright.report.result import render_result


def test_volumes_stand_with_their_interval_and_empty_where_there_is_none(tmp_path):
    volumes = {
        "a/case 1": (Amount("tumour", 12.3456789, 9.5, 16.0, "ml"), Amount("oedema", 0.0, None, None, "ml"))
    }
    write_volumes_csv(
        tmp_path / "volumes.csv", volumes, {"a/case 1": (Doubt("spacing", "", ""), Doubt("gaps", "", ""))}
    )
    assert (tmp_path / "volumes.csv").read_text(encoding="utf-8").splitlines() == [
        "case,class,volume,low,high,unit,warned",
        "a/case 1,tumour,12.3457,9.5,16,ml,spacing|gaps",
        "a/case 1,oedema,0,,,ml,spacing|gaps",
    ]


def test_a_case_that_was_warned_of_says_so_in_its_row(tmp_path):
    doubt = Doubt("size", "1", "2")
    answers = [ClassPrediction("a", {"ill": 1.0}, (doubt,)), ClassPrediction("b", {"ill": 1.0})]
    write_predictions_csv(tmp_path / "predictions.csv", answers)
    assert (tmp_path / "predictions.csv").read_text(encoding="utf-8").splitlines() == [
        "case,ill,predicted,warned",
        "a,1.000000,ill,size",
        "b,1.000000,ill,",
    ]


def test_an_answer_that_is_not_the_most_probable_class_says_so(tmp_path):
    likely = {"benign": 0.855, "malignant": 0.145}
    answers = [ClassPrediction("a", likely, decided="malignant"), ClassPrediction("b", likely)]
    write_predictions_csv(tmp_path / "predictions.csv", answers)
    assert (tmp_path / "predictions.csv").read_text(encoding="utf-8").splitlines() == [
        "case,benign,malignant,predicted,note",
        "a,0.855000,0.145000,malignant,benign is more probable",
        "b,0.855000,0.145000,benign,",
    ]
    page = render_result(answers[0], tuple(likely), b"", "m", "2030")
    assert "more probable: benign" in page
    assert "more probable" not in render_result(answers[1], tuple(likely), b"", "m", "2030")
