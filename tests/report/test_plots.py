"""Plots are SVG that fits into the page."""

import xml.etree.ElementTree as ET

import numpy as np

from scanwright.report import plots

WORDS = {"minutes": "分钟", "loss": "损失", "score": "验证得分"}


def words_of(svg):
    root = ET.fromstring(svg)
    return {"".join(element.itertext()).strip() for element in root.iter() if element.tag.endswith("text")}


def test_plots_take_colour_and_size_from_the_page():
    svg = plots.distributions({"a": [0.1, 0.2]}, label="Dice")
    assert svg.startswith("<svg")
    assert "currentColor" in svg
    assert "#010203" not in svg
    assert 'width="' not in svg[: svg.index(">")]
    assert "DejaVu" not in svg


def test_names_are_words_in_any_script_never_code_or_mathematics():
    svg = plots.distributions({"前部 $x$": [0.1, 0.2], "<b>&": [0.3], "_hidden": [0.1]}, label="Dice 系数")
    assert {"前部 $x$", "<b>&", "_hidden", "Dice 系数"} <= words_of(svg)
    assert "<b>" not in svg


def test_training_curves_show_what_is_there():
    rows = [
        {"minutes": 1.0, "loss": 0.9, "score": None},
        {"minutes": 2.0, "loss": 0.5, "score": 0.7},
        {"minutes": None, "loss": 0.4, "score": float("nan")},
    ]
    assert {"损失", "验证得分", "分钟"} <= words_of(plots.training_curves(rows, words=WORDS))
    assert "验证得分" not in words_of(plots.training_curves(rows[:1], words=WORDS))
    assert plots.training_curves([], words=WORDS) == ""


def test_curves_carry_their_area_in_the_legend_and_many_are_cut():
    curve = {"x": np.linspace(0, 1, 1000).tolist(), "y": np.linspace(0, 1, 1000).tolist()}
    svg = plots.rate_curves(
        {"benign": curve}, x_label="x", y_label="y", values={"benign": "0.93"}, chance=True
    )
    assert "benign 0.93" in " ".join(" ".join(words_of(svg)).split())
    assert len(svg) < 60_000
    many = plots.rate_curves({f"class {n}": curve for n in range(30)}, x_label="x", y_label="y")
    assert sum(word.startswith("class") for word in words_of(many)) == plots.MOST_SERIES
    assert plots.rate_curves({}, x_label="x", y_label="y") == ""


def test_distributions_leave_out_what_is_undefined_and_sample_what_is_much():
    nan = float("nan")
    svg = plots.distributions(
        {"a": [nan, nan], "b": list(np.random.default_rng(0).random(5000)), "c" * 50: [1.0]}, label="x"
    )
    assert "a" not in words_of(svg)
    assert any(word.endswith("c…") for word in words_of(svg))
    assert svg.count("<use") < 2 * plots.MOST_POINTS
    assert plots.distributions({"a": [nan]}, label="x") == ""


def test_the_same_numbers_give_the_same_plot():
    values = {"a": list(np.random.default_rng(0).random(20))}
    assert plots.distributions(values, label="x") == plots.distributions(values, label="x")
