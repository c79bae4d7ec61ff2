"""Results on disk: what stands in the tables that predictions become."""

from scanwright.data.prediction import Amount
from scanwright.inference.results import write_volumes_csv


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
