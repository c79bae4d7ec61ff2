"""The page of a detection says what counts as found, by which threshold, and how often; in two languages."""

import json
import re

import pytest

from report.evaluations import detection_evaluation
from report.test_page import PNG, read
from scanwright.report.box_sections import box_records, number_tables, tell_reached
from scanwright.report.page import render_report
from scanwright.report.pictures import Picture
from scanwright.report.texts import Words

DETECTION = detection_evaluation()


def test_the_first_screen_tells_what_was_found_of_each_class():
    text = read(render_report(DETECTION)).text
    first = text[: text.index("Numbers")]
    assert "Can a model find red and white in the images of msd-hippocampus?" in first
    assert re.search(r"AP 0\.\d+ \(0\.\d+–(0|1)\.\d+\) n = 12 cases, 12 patients", first)
    counts = DETECTION["detection"]
    assert f"red: {counts['hits']['red']} of {counts['true']['red']} were found" in first


def test_the_hit_rule_and_the_thresholds_are_said_in_words():
    text = read(render_report(DETECTION)).text
    assert "share at least 0.5 of what they cover together" in text
    assert "chosen on validation cases for the best balance of sensitivity and precision" in text
    assert "red 0.400, white 0.500" in text
    assert "up to 32 px, up to 96 px" in text
    by_centre = read(render_report(detection_evaluation(hit="centre", dims=3))).text
    assert "nearer to that of the object than half of the object's mean side, measured in mm" in by_centre
    assert "up to 6 mm, up to 10 mm" in by_centre


@pytest.mark.parametrize(
    ("point", "words"),
    [("sensitivity", "a sensitivity of 0.9"), ("false_alarms", "at most 0.9 false alarms")],
)
def test_other_operating_points_have_their_words(point, words):
    rules = DETECTION["detection"] | {"operating_point": point, "operating_value": 0.9}
    assert words in read(render_report(DETECTION | {"detection": rules})).text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_stands_alone_from_the_file_alone(lang):
    again = json.loads(json.dumps(DETECTION))
    html = render_report(again, [Picture("one", PNG, "worst", {"objects": 7, "hits": 5})], lang)
    page = read(html)
    assert "script" not in page.tags
    assert all(link.startswith(("data:", "#")) for link in page.links)
    assert html.count("<svg") >= 2
    assert "secret" not in html
    assert Words(lang)("pictures.missed") in page.text
    assert f"{Words(lang).metric('objects')} 7" in page.text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_the_thresholds_reached_on_validation_cases_is_said_of_each_class(lang):
    reached = {
        "cases": 4, "operating_point": "sensitivity", "operating_value": 0.9,
        "true": {"red": 8, "white": 0}, "found": {"red": 12, "white": 1}, "hits": {"red": 6, "white": 0},
    }  # fmt: skip
    (sentence,) = tell_reached({"reached": reached}, Words(lang))
    assert sentence in read(render_report(DETECTION | {"provenance": {"reached": reached}}, lang=lang)).text
    assert "white" not in sentence
    assert re.findall(r"\d+\.\d+", sentence) == ["0.9", "0.750", "1.50"]
    missed = reached | {"operating_point": "sensitivity", "operating_value": 1.0}
    missed["hits"] = dict.fromkeys(missed["hits"], 0)
    (sentence,) = tell_reached({"reached": missed}, Words(lang))
    assert {"en": "out of reach", "zh": "达不到"}[lang] in sentence
    assert tell_reached({}, Words(lang)) == []


def test_a_class_that_was_never_found_is_said():
    counts = DETECTION["detection"]
    silent = counts | {"found": counts["found"] | {"red": 0}, "hits": counts["hits"] | {"red": 0}}
    text = read(render_report(DETECTION | {"detection": silent})).text
    assert "Nothing was found as red in any case." in text
    assert "Train longer" in text


def test_every_number_stands_in_one_table():
    tables = number_tables(DETECTION, Words("en"))
    assert len(tables) == 5
    n_heads = sum(len(table.heads) for _, table in tables)
    assert n_heads == len({number["name"] for number in DETECTION["numbers"]})


def test_cases_are_listed_worst_first():
    table = box_records(DETECTION, Words("en"))
    assert table.total == 12
    goodness = [2 * int(h.value) / (int(t.value) + int(f.value) or 1) for _, (t, f, h, *_) in table.rows]
    assert goodness == sorted(goodness)
