"""The page answers four questions on its first screen, alone, in two languages."""

import re
from html.parser import HTMLParser

import pytest

from report.evaluations import classification_evaluation, segmentation_evaluation
from scanwright.errors import SettingsError
from scanwright.report.page import render_report
from scanwright.report.pictures import Picture

# The smallest PNG there is.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63000100000500010d0a2db4"
    "0000000049454e44ae426082"
)
SEGMENTATION = segmentation_evaluation()
CLASSIFICATION = classification_evaluation()


class Reader(HTMLParser):
    """Collects the words of a page and checks that every element is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.words, self.links, self.tags = [], [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        if tag not in ("meta", "img", "br", "link", "use", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        if tag not in ("path", "use"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    reader.text = " ".join(" ".join(reader.words).split())
    return reader


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("evaluation", [SEGMENTATION, CLASSIFICATION], ids=["segmentation", "classification"])
def test_the_page_stands_alone(evaluation, lang):
    html = render_report(evaluation, [Picture("one", PNG, "worst", {"dice": 0.5})], lang)
    page = read(html)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert all(link.startswith(("data:", "#")) for link in page.links)
    assert not re.findall(r"url\((?!#)", html)
    assert "@import" not in html


@pytest.mark.parametrize(
    ("lang", "phrase"), [("en", "Research use only, not for diagnosis"), ("zh", "仅供科研使用，不得用于诊断")]
)
def test_every_page_says_what_it_is_not_for(lang, phrase):
    assert read(render_report(SEGMENTATION, [], lang)).text.count(phrase) == 2


def test_the_first_screen_asks_answers_doubts_and_advises():
    text = read(render_report(SEGMENTATION)).text
    first = text[: text.index("Numbers")]
    assert "Can a model outline anterior and posterior in the images of msd-hippocampus?" in first
    assert re.search(r"Dice 0\.\d+ \(0\.\d+–0\.\d+\) n = 26 cases, 26 patients", first)
    assert "None of these cases was used to train the model" in first
    assert "3 of 133 cases were set aside" in first
    assert "Add test patients: with 26" in first


def test_classification_has_confusion_curves_and_the_wrong_cases_first():
    page = read(render_report(CLASSIFICATION))
    assert "Which class was taken for which" in page.text
    assert "true-positive rate (recall)" in page.text
    assert "These cases were used to choose the model" in page.text
    records = page.text[page.text.index("All cases") :]
    probabilities = [float(value) for value in re.findall(r"\b0\.\d{3}\b", records)]
    assert probabilities == sorted(probabilities)


@pytest.mark.parametrize(("lang", "phrase"), [("en", "Patients unknown"), ("zh", "患者未知")])
def test_unknown_patients_are_said_first(lang, phrase):
    text = read(render_report(CLASSIFICATION, [], lang)).text
    assert phrase in text[:250]
    assert "Patients unknown" not in read(render_report(SEGMENTATION)).text


def test_too_few_patients_get_no_interval_and_the_page_says_so():
    text = read(render_report(segmentation_evaluation(4))).text
    assert "No interval (n too small for an interval)" in text
    assert "In brackets" not in text


def test_names_from_the_data_cannot_become_code():
    evaluation = segmentation_evaluation(6, classes=("<script>x</script>", "b&b"))
    page = read(render_report(evaluation, [Picture('"><img onerror=x>', PNG)]))
    assert "script" not in page.tags
    assert "<script>x</script>" in page.text
    assert "imagesTr/<script>alert(1)</script>" in page.text


def test_patients_are_not_named():
    assert "secret" not in render_report(SEGMENTATION)


def test_worst_median_and_best_come_in_this_order_with_captions():
    pictures = [Picture(rank, PNG, rank, {"dice": 0.5}) for rank in ("best", "median", "worst")]
    text = read(render_report(SEGMENTATION, pictures)).text
    assert (
        text.index("worst · worst · Dice 0.500") < text.index("median · median") < text.index("best · best")
    )
    labelled = read(
        render_report(CLASSIFICATION, [Picture("x", PNG, truth="benign", predicted="normal")])
    ).text
    assert "truth: benign · predicted: normal" in labelled


def test_large_sets_are_cut_and_the_page_says_so():
    evaluation = segmentation_evaluation(230)
    evaluation["set_aside"] *= 150
    text = read(render_report(evaluation, [Picture(str(n), PNG) for n in range(30)])).text
    assert "200 of 230 rows shown" in text
    assert "200 of 300 rows shown" in text
    assert "12 of 30 pictures shown" in text


def test_many_classes_give_the_most_frequent_confusions_and_the_first_curves():
    names = [f"class {n}" for n in range(20)]
    matrix = [[0] * 20 for _ in names]
    matrix[3][4] = 9
    curve = {"x": [0, 1], "y": [0, 1]}
    text = read(
        render_report(
            {
                **CLASSIFICATION,
                "classes": names,
                "confusion": {"classes": names, "matrix": matrix},
                "curves": {"roc": dict.fromkeys(names, curve), "pr": None},
            }
        )
    ).text
    assert "class 3 taken for class 4: 9" in text
    assert "The first 12 of 20 classes" in text
    assert "… (20)" in text


def test_the_curve_of_a_missing_class_is_left_out():
    curves = {"roc": {"benign": {"x": [0, None], "y": [0, 1]}, "normal": {"x": [], "y": []}}, "pr": {}}
    assert "Curves" not in read(render_report({**CLASSIFICATION, "curves": curves})).text


def test_baselines_stand_beside_ours():
    text = read(render_report(SEGMENTATION)).text
    section = text[text.index("Beside naive methods") : text.index("Case by case")]
    assert section.index("mean shape") < section.index("0.310") < section.index("this model")


def test_cases_without_a_distance_are_counted():
    text = read(render_report(SEGMENTATION)).text
    assert "n = 25" in text
    assert "a distance when one of the two masks is empty" in text


def test_decisions_come_with_their_reasons():
    text = read(render_report(SEGMENTATION)).text
    assert "spacing_mm 1, 1, 1 the median spacing of the training cases" in text
    assert "versions.torch 2.13.0" in text


def test_a_class_clearly_behind_is_pointed_out():
    numbers = [
        {
            "name": "dice",
            "group": "",
            "value": 0.7,
            "low": 0.6,
            "high": 0.8,
            "level": 0.95,
            "method": "",
            "n": 9,
        },
        {
            "name": "dice",
            "group": "a",
            "value": 0.9,
            "low": 0.88,
            "high": 0.92,
            "level": 0.95,
            "method": "",
            "n": 9,
        },
        {
            "name": "dice",
            "group": "b",
            "value": 0.5,
            "low": 0.4,
            "high": 0.6,
            "level": 0.95,
            "method": "",
            "n": 9,
        },
    ]
    evaluation = {**SEGMENTATION, "numbers": numbers, "flow": {"train": 30}}
    text = read(render_report(evaluation)).text
    assert "The weakest class is b (Dice 0.50)" in text
    assert "30 cases to learn from are few" in text


def test_an_evaluation_that_holds_almost_nothing_still_gives_a_page():
    text = read(render_report({"task": "restoration"})).text
    assert "No number could be computed" in text
    odd = {
        "task": "restoration",
        "numbers": [{"name": "psnr", "group": "", "value": 31.0}],
        "confusion": None,
    }
    assert "31.0" in read(render_report(odd)).text


def test_numbers_of_one_class_only_still_have_a_headline():
    numbers = [number for number in SEGMENTATION["numbers"] if number["group"] == "anterior"]
    assert "What was found Dice 0." in read(render_report({**SEGMENTATION, "numbers": numbers})).text


def test_an_unknown_language_is_refused():
    with pytest.raises(SettingsError):
        render_report(SEGMENTATION, [], "xx")


def page_of(evaluation, lang="en", **changed):
    return read(render_report({**evaluation, **changed}, [], lang)).text


def test_the_first_screen_says_when_a_naive_method_is_no_worse():
    dice = next(one for one in SEGMENTATION["numbers"] if (one["name"], one["group"]) == ("dice", ""))
    naive = {"name": "dice", "group": "", "comparator": "best threshold"}
    better = page_of(SEGMENTATION, baselines=[{**naive, "value": dice["value"] + 0.01}])
    assert "not worth using" in better
    assert "until then, use the naive method" in better
    worse = page_of(SEGMENTATION, baselines=[{**naive, "value": 0.2}])
    assert "A naive method (best threshold) reaches Dice 0.200 on the same cases." in worse
    assert "not worth using" not in worse
    assert "不值得使用" in page_of(SEGMENTATION, "zh", baselines=[{**naive, "value": 1.0}])


def test_the_first_screen_says_when_every_case_got_one_class():
    records = [{**record, "predicted": "benign"} for record in CLASSIFICATION["records"]]
    text = page_of(CLASSIFICATION, records=records)
    assert "Every case was called benign" in text
    assert "Train longer" in text
    assert "Every case was called" not in page_of(CLASSIFICATION)


def test_the_first_screen_says_when_a_class_was_never_outlined():
    records = [
        {**record, "classes": {name: {**own, "volume": 0.0} for name, own in record["classes"].items()}}
        for record in SEGMENTATION["records"]
    ]
    text = page_of(SEGMENTATION, records=records)
    assert "Nothing was outlined as anterior in any case." in text
    assert "Nothing was outlined" not in page_of(SEGMENTATION)


@pytest.mark.parametrize(("steps", "said"), [(50, True), (5000, False)])
def test_a_very_short_training_is_said_to_be_one(steps, said):
    text = page_of(SEGMENTATION, provenance={"steps": steps})
    assert ("very short (50 steps)" in text) is said


def test_doubts_stand_on_the_first_screen_in_both_languages():
    doubts = [
        {"kind": "modality", "expected": "CT", "received": "MR", "n": 3},
        {"kind": "spacing", "expected": "1 to 2 mm", "received": "9 mm", "n": 2},
    ]
    assert "Images are MR (n = 3), and the model learnt from CT" in page_of(SEGMENTATION, doubts=doubts)
    assert "9 mm" in page_of(SEGMENTATION, doubts=doubts)
    assert "3 幅图像为 MR" in page_of(SEGMENTATION, "zh", doubts=doubts)


NUMBER = {
    "task": "regression",
    "n_cases": 12,
    "numbers": [{"name": "mae", "group": "", "value": 3.0, "n": 12}],
    "agreement": {"target": "age", "bias": 0.0, "low": -1.0, "high": 1.0, "interval_level": 0.9,
                  "half_width": 5.0},
    "records": [{"case": "a", "truth": 3.0, "predicted": 4.0, "low": -1.0, "high": 9.0}],
    "confusion": None,
}  # fmt: skip


@pytest.mark.parametrize(("value", "is_worse"), [(9.0, False), (2.0, True)])
def test_of_errors_the_smaller_is_the_better_beside_a_naive_method(value, is_worse):
    naive = {"name": "mae", "group": "", "value": value, "comparator": "training_mean"}
    text = page_of(NUMBER, baselines=[naive])
    assert "always the mean of the training cases" in text
    assert ("not worth using" in text) is is_worse
    assert "总是给出训练病例的平均值" in page_of(NUMBER, "zh", baselines=[naive])


def test_the_interval_of_a_number_promises_nothing():
    assert "it should hold the true number in 90 % of cases like these" in page_of(NUMBER)
    assert "在 90% 的此类病例中应包含真实值" in page_of(NUMBER, "zh")


def test_an_ensemble_that_was_stopped_says_how_many_networks_are_missing():
    model = {"hash": "", "run": "", "members": 1, "planned_members": 3}
    assert "1 of the 3 networks" in page_of(SEGMENTATION, model=model)
    assert "3 个网络中的 1 个" in page_of(SEGMENTATION, "zh", model=model)
    whole = page_of(SEGMENTATION, model=model | {"members": 3})
    assert "ensemble of 3 members" in whole
    assert "stopped" not in whole
