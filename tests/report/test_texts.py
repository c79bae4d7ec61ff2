"""Both languages say the same things."""

import ast
import re
import string
from pathlib import Path

import pytest

from scanwright.errors import SettingsError
from scanwright.report import texts
from scanwright.report.texts import TEXTS, Words


def gaps(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys():
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()


@pytest.mark.parametrize("key", TEXTS["en"])
def test_both_languages_fill_the_same_gaps(key):
    assert gaps(TEXTS["en"][key]) == gaps(TEXTS["zh"][key])
    assert TEXTS["en"][key].strip()
    assert TEXTS["zh"][key].strip()


def test_every_key_that_the_page_asks_for_exists():
    room = Path(texts.__file__).parent
    asked = set()
    for path in [*room.glob("*.py"), *room.glob("templates/*.html")]:
        asked |= set(re.findall(r'words\(\s*"([\w.]+)"\s*[,)]', path.read_text(encoding="utf-8")))
    assert asked
    assert asked <= TEXTS["en"].keys()


def test_no_key_stands_twice():
    tree = ast.parse(Path(texts.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            assert len(keys) == len(set(keys))


def test_an_unknown_language_is_refused():
    with pytest.raises(SettingsError, match="en or zh"):
        Words("fr")


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("patient bootstrap, 1000 resamples", "按患者自助法，重采样 1000 次"),
        ("case bootstrap (patients unknown), 200 resamples", "按病例自助法（患者未知），重采样 200 次"),
        (
            "patient bootstrap, 1000 resamples, 37 without a value left out",
            "按患者自助法，重采样 1000 次，其中 37 次无值，已剔除",
        ),
        ("n too small for an interval", "n 太小，不给区间"),
        ("undefined in 600 of 1000 resamples, no interval", "1000 次重采样中有 600 次无定义，不给区间"),
        ("exact binomial", "exact binomial"),
    ],
)
def test_the_method_of_an_interval_is_said_in_chinese_and_left_alone_in_english(method, words):
    assert Words("zh").interval_method(method) == words
    assert Words("en").interval_method(method) == method


def test_names_without_a_word_of_ours_are_shown_as_they_are():
    assert Words("en").metric("lesion_recall") == "lesion recall"
    assert Words("zh").metric("dice left_lung") == "Dice 系数 left_lung"
    assert Words("zh").about("lesion_recall") == ""
    assert Words("en").split("fold 3") == "fold 3"


def test_names_are_listed_as_people_do():
    assert Words("en").listed(["a", "b", "c"]) == "a, b and c"
    assert Words("zh").listed(["甲", "乙", "丙"]) == "甲、乙和丙"
    assert Words("en").listed(["a"]) == "a"
