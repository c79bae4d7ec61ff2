"""Measurement reports: their groups and numbers, in units that make one column; bounded, whatever comes."""

import pytest
from pydicom.sequence import Sequence as Items

from builders import real_data
from dicom_objects import DIAMETER, IMAGE_UID, VOLUME, content, group, number, report
from scanwright.errors import DataError
from scanwright.io.dicom import reports
from scanwright.io.dicom.reports import read_report


def read(tmp_path, made):
    made.save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    return read_report(tmp_path / "sr.dcm")


def measured(tmp_path, *numbers):
    (found,) = read(tmp_path, report(group(*numbers))).groups
    return [(one.name, pytest.approx(one.value), one.unit) for one in found.measurements]


def test_a_group_says_what_was_measured_of_what(tmp_path):
    made = report(
        group(
            number(VOLUME, 33.5, "ml"),
            tracking="lesion 1",
            finding="Neoplasm",
            site="Lung",
            series=IMAGE_UID,
            images=["1.5.1", "1.5.2"],
            segment=("1.8.1", 2),
        ),
        evidence={IMAGE_UID: ["1.5.1"], "1.2.5": ["1.5.2"], "1.2.8": ["1.8.1"]},
    )
    (found,) = read(tmp_path, made).groups
    assert (found.tracking_id, found.tracking_uid) == ("lesion 1", "1.9.8")
    assert (found.finding.meaning, found.site.meaning) == ("Neoplasm", "Lung")
    assert found.segments == (("1.8.1", 2),)
    assert found.outline == "SEG"
    assert found.reference.series_uids == (IMAGE_UID, "1.2.5")
    assert found.reference.instance_uids == {"1.5.1", "1.5.2"}
    assert [(one.name, one.value, one.unit) for one in found.measurements] == [("Volume", 33.5, "ml")]


@pytest.mark.parametrize(
    ("value", "unit", "made"),
    [
        (2500.0, "mm3", (2.5, "ml")),
        (2.5, "cm3", (2.5, "ml")),
        (0.0025, "l", (2.5, "ml")),
        (1.2, "cm", (12.0, "mm")),
        (1.7, "cm2", (170.0, "mm2")),
        (40.0, "[hnsf'U]", (40.0, "HU")),
        (6.0, "{SUVbw}g/ml", (6.0, "g/ml")),
        (7.0, "{voxels}", (7.0, "voxels")),
        (0.8, "1", (0.8, "")),
        (12.0, "mm", (12.0, "mm")),
    ],
)
def test_lengths_areas_and_volumes_come_in_one_unit_each(tmp_path, value, unit, made):
    assert measured(tmp_path, number(DIAMETER, value, unit)) == [("Diameter", *made)]


def test_the_derivation_is_part_of_the_name(tmp_path):
    numbers = [
        number(("126401", "DCM", "SUVbw"), value, "g", how) for value, how in ((6, "Mean"), (9, "Maximum"))
    ]
    assert [name for name, *_ in measured(tmp_path, *numbers)] == ["SUVbw Mean", "SUVbw Maximum"]


def test_the_exact_number_counts_where_both_are_written(tmp_path):
    exact = number(VOLUME, 0.33, "ml")
    exact.MeasuredValueSequence[0].FloatingPointValue = 1 / 3
    assert measured(tmp_path, exact) == [("Volume", pytest.approx(1 / 3, abs=0), "ml")]


def test_what_has_no_number_is_left_out(tmp_path):
    infinite = number(VOLUME, 1.0, "ml")
    infinite.MeasuredValueSequence[0].FloatingPointValue = float("inf")
    assert measured(tmp_path, number(VOLUME, None, "ml"), infinite, number(DIAMETER, 3, "mm")) == [
        ("Diameter", 3.0, "mm")
    ]


def test_other_reports_are_none(tmp_path):
    assert read(tmp_path, report(title=("11528-7", "LN", "Radiology Report"))) is None
    without = report()
    del without.ConceptNameCodeSequence
    assert read(tmp_path, without) is None


def nested(depth):
    inner = content("CONTAINER", ("1", "99T", "box"))
    for _ in range(depth):
        inner = content("CONTAINER", ("1", "99T", "box"), inner)
    return report(inner)


def test_reports_nested_too_deep_or_too_long_are_refused(tmp_path, monkeypatch):
    assert read(tmp_path, nested(reports.MOST_DEPTH - 3)).groups == ()
    with pytest.raises(DataError, match="nested too deep, or too long"):
        read(tmp_path, nested(reports.MOST_DEPTH - 2))
    monkeypatch.setattr(reports, "MOST_ITEMS", 20)
    with pytest.raises(DataError, match="nested too deep, or too long"):
        read(tmp_path, report(*[group(number(VOLUME, 1, "ml")) for _ in range(20)]))


def test_an_implausibly_large_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match="implausibly large"):
        read(tmp_path, report(group(number(VOLUME, 1, "ml"))))


def test_words_of_a_report_are_cut_and_on_one_line(tmp_path):
    (found,) = read(tmp_path, report(group(tracking="lesion\r\n" + "x" * 200))).groups
    assert found.tracking_id == "lesion " + "x" * 57


def test_several_segments_in_one_reference_are_all_told(tmp_path):
    made = group(number(VOLUME, 1, "ml"), segment=("1.8.1", 2))
    made.ContentSequence[0].ReferencedSOPSequence = Items([made.ContentSequence[0].ReferencedSOPSequence[0]])
    made.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSegmentNumber = [2, 3]
    assert read(tmp_path, report(made)).groups[0].segments == (("1.8.1", 2), ("1.8.1", 3))


def test_dcmqis_report_says_what_dcmqi_reads_in_it():
    """Values as dcmqi's own tid1500reader 1.5.7 gives them."""
    found = read_report(real_data("dicom-conformance") / "dcmqi" / "data" / "sr-example" / "sr.dcm")
    (one,) = found.groups
    assert one.tracking_id == "primary tumor"
    assert (one.finding.meaning, one.site.meaning) == ("Neoplasm, Primary", "pharyngeal tonsil (adenoid)")
    assert one.segments == (("1.2.276.0.7230010.3.1.4.8323329.18591.1440001312.777033", 1),)
    assert one.reference.series_uids == ("1.3.6.1.4.1.14519.5.2.1.2744.7002.261560220703676715130542397405",)
    values = {(number.name, number.unit): number.value for number in one.measurements}
    assert len(values) == 22
    assert values["Volume", "ml"] == 33.5824
    assert values["SUVbw Mean", "g/ml"] == 6.01529
    assert values["SUVbw Peak Value Within ROI", "g/ml"] == 9.45534
    assert values["Total Lesion Glycolysis", "g"] == 202.008


def test_highdicoms_reports_say_what_highdicom_was_given():
    folder = real_data("dicom-conformance") / "highdicom" / "data" / "test_files"
    (one,) = read_report(folder / "sr_document.dcm").groups
    assert [(n.name, n.value, n.unit) for n in one.measurements] == [("Area of defined region", 170.0, "mm2")]
    assert one.outline == "SCOORD"
    several = read_report(folder / "sr_document_with_multiple_groups.dcm").groups
    assert [one.tracking_id for one in several] == [
        "Image0001",
        "LungNodule0001",
        "Aorta0001",
        "Vertebra0001",
    ]
    assert [one.outline for one in several] == ["", "SCOORD", "SCOORD", "SCOORD3D"]
    assert [(n.name, n.value, n.unit) for n in several[3].measurements] == [("Volume", 0.2, "ml")]
