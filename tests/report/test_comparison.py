"""The page of a comparison says what was shown and not more, in two languages."""

import json
import re

import numpy as np
import pytest

from builders import classification_plan
from scanwright.evaluation.comparison import compare_records
from scanwright.report.comparison import render_comparison, sentences, short_rows
from scanwright.report.texts import Words
from scanwright.tasks.classification import Classification
from scanwright.types import silent


def records(apart, n, seed):
    rng = np.random.default_rng(seed)
    scores = [1 / (1 + np.exp(-(apart * (i % 2 - 0.5) + rng.normal()))) for i in range(n)]
    return [
        {
            "case": f"<case {i}>",
            "patient": f"p{i}",
            "truth": ("benign", "malignant")[i % 2],
            "predicted": ("benign", "malignant")[int(score > 0.5)],
            "probabilities": {"benign": 1 - float(score), "malignant": float(score)},
        }
        for i, score in enumerate(scores)
    ]


def comparison(apart_a, apart_b, n=80, split="test"):
    pair = (records(apart_a, n, 0), records(apart_b, n, 1))
    content = compare_records(Classification(), classification_plan(), pair, n_resamples=300, progress=silent)
    models = {name: {"hash": name * 64, "run": f"run-{name}"} for name in "ab"}
    head = {"task": "classification", "created": "2030-01-01", "split": split, "models": models}
    data = {"source": "breast", "layout": "manifest", "patients": "known", "hash": "c"}
    aside = [{"case": "x", "stage": "compare", "reason": "it has no target"}]
    content = {**head, "data": data, "classes": ["benign", "malignant"], "set_aside": aside, **content}
    return json.loads(json.dumps(content, allow_nan=False))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("a", "b", "n"), [(0.5, 3.0, 80), (3.0, 0.5, 80), (1.0, 1.0, 80), (0.5, 3.0, 8)])
def test_the_page_stands_alone(a, b, n, lang):
    page = render_comparison(comparison(a, b, n), lang)
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href)\s*=\s*["']https?:""", page)
    assert "&lt;case 1&gt;" in page
    assert "<case 1>" not in page


def test_what_was_shown_is_said_with_its_interval():
    said = sentences(comparison(0.5, 3.0), Words("en"))
    assert said[0].startswith("Model B is better in AUROC")
    assert "DeLong" in said[0]
    assert "also better in Accuracy" in said[1]
    assert sentences(comparison(3.0, 0.5), Words("en"))[0].startswith("Model A is better in AUROC")


def test_no_difference_shown_is_not_called_equal():
    found = comparison(1.0, 1.0)
    (said,) = sentences(found, Words("en"))
    assert said.startswith("No difference in AUROC was shown")
    assert "does not mean that they are equal" in said
    page = render_comparison(found)
    assert "would be shown in 80 % of such studies" in page
    assert "Neither model has learnt" in render_comparison(comparison(1.0, 1.0, split="external"))


def test_few_patients_are_too_few_to_claim_anything():
    (said,) = sentences(comparison(0.5, 9.0, 10), Words("en"))
    assert "Too few patients to claim anything" in said
    assert "Below 20 patients" in said


def test_the_same_model_twice_is_said_to_be_one():
    found = comparison(1.0, 1.0)
    found["models"]["b"]["hash"] = found["models"]["a"]["hash"]
    assert sentences(found, Words("en")) == ["A and B are the same model."]


def test_without_the_leading_number_nothing_is_said_of_it():
    found = comparison(1.0, 1.0) | {"numbers": []}
    assert sentences(found, Words("en")) == ["No number could be computed for both models."]
    assert "No number could be computed" in render_comparison(found)


def test_of_many_cases_the_worst_and_the_best_are_shown():
    page = render_comparison(comparison(1.0, 1.0, 100))
    assert "60 of 100 cases shown" in page


def test_the_terminal_gets_a_row_for_each_number():
    rows = short_rows(comparison(0.5, 3.0), Words("en"))
    assert rows[0][0] == "AUROC"
    assert rows[0][-1] == "B better"
