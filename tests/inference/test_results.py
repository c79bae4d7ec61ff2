"""Results on disk: what stands in the tables that predictions become."""

from scanwright.data.prediction import Amount, ClassPrediction
from scanwright.inference.results import write_predictions_csv, write_volumes_csv
from scanwright.report.result import render_result


def test_volumes_stand_with_their_interval_and_empty_where_there_is_none(tmp_path):
    volumes = {
        "a/case 1": (Amount("tumour", 12.3456789, 9.5, 16.0, "ml"), Amount("oedema", 0.0, None, None, "ml"))
    }
    write_volumes_csv(tmp_path / "volumes.csv", volumes)
    assert (tmp_path / "volumes.csv").read_text(encoding="utf-8").splitlines() == [
        "case,class,volume,low,high,unit",
        "a/case 1,tumour,12.3457,9.5,16,ml",
        "a/case 1,oedema,0,,,ml",
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
