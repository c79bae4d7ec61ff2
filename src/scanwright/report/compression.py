"""The page of ``compress``: what was tried, what each costs, and which one to use."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from scanwright.report import plots
from scanwright.report.page import render
from scanwright.report.rounding import UNDEFINED, format_interval, format_plain, format_value
from scanwright.report.tables import MOST_SET_ASIDE
from scanwright.report.texts import Words
from scanwright.types import JsonDict

LEVEL = 95
ORIGINAL = "original"
STEADY = 1.5
"""So many times as long may the original take beside one candidate as beside another, without a word."""


def render_compression(content: JsonDict, lang: str = "en") -> str:
    """A search as one HTML page: no network, no script, light and dark, for screen, phone and paper.

    Args:
        content: as in ``compression.json``.
        lang: "en" or "zh".

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    lead, *others = sentences(content, words)
    rows = content["candidates"]
    metric = words.metric(content["score"])
    return render(
        "compress.html",
        words,
        title=words("title.compress"),
        asked=_asked(content, words),
        lead=lead,
        others=others,
        level=LEVEL,
        sure=[
            words("compress.sure.val"),
            words("compress.sure.bound", level=LEVEL),
            words("compress.sure.golden"),
        ],
        next_steps=[words(f"compress.next.{key}") for key in ("test", "more", "machine")],
        plots=_plots(content, words),
        heads=[
            words("compress.head.model"),
            words("compress.head.verdict"),
            words("compress.head.score", name=metric),
            *(
                words(f"compress.head.{name}")
                for name in ("difference", "size", "network", "whole", "memory", "weights", "work")
            ),
        ],
        rows=[
            {
                "name": tell_model(row, words),
                "cells": _cells(row, rows[0], words),
                "chosen": row["name"] == content["chosen"],
            }
            for row in rows
        ],
        check_heads=[
            words(f"compress.head.{name}") for name in ("model", "check", "loss", "allowed", "verdict")
        ],
        check_rows=[
            (tell_model(row, words), *_check_cells(check, words))
            for row in rows[1:]
            for check in row["checks"]
        ],
        set_aside=[(one["case"], one["stage"], one["reason"]) for one in content["set_aside"]][
            :MOST_SET_ASIDE
        ],
        provenance=_provenance(content, words),
    )


def sentences(content: JsonDict, words: Words) -> list[str]:
    """Which model to use, and why, in plain words."""
    rows, wanted = content["candidates"], content["target_speedup"]
    row = next(one for one in rows if one["name"] == content["chosen"])
    told = []
    if row["name"] == ORIGINAL:
        told.append(words("compress.keep"))
        n = rows[1]["n_patients"] if len(rows) > 1 else None
        if wanted is not None:
            best = max(one["end_to_end"]["speedup"] for one in rows)
            told.append(words("compress.unreached", speedup=f"{wanted:g}", best=f"{best:.2g}"))
        elif n is not None and n < content["fewest_to_claim"]:
            told.append(words("compress.keep.few", n=n, fewest=content["fewest_to_claim"]))
    else:
        told.append(words("compress.found", name=tell_model(row, words)))
        told.append(
            words(
                "compress.found.size",
                size=_size(row["bytes"]),
                ratio=f"{rows[0]['bytes'] / row['bytes']:.1f}",
                network=f"{row['network']['speedup']:.2g}",
                whole=f"{row['end_to_end']['speedup']:.2g}",
            )
        )
        score = row["score"]
        if score is not None:
            told.append(
                words(
                    "compress.found.score",
                    name=words.metric(content["score"]),
                    a=_value(score["a"], score),
                    b=_value(score["b"], score),
                    difference=_signed(score),
                    interval=_interval(score),
                )
            )
        if row["verdict"] != "allowed":
            told.append(words("compress.price.unsure" if row["verdict"] == "unsure" else "compress.price"))
    disturbance = content.get("disturbance", 1.0)  # searches of before do not tell
    if disturbance > STEADY:
        told.append(words("compress.disturbed", times=f"{disturbance:.2g}"))
    if content["stopped"]:
        told.append(words("compress.stopped"))
    return told


def short_rows(content: JsonDict, words: Words) -> list[tuple[str, ...]]:
    """The candidates for a terminal: name, verdict, difference with interval, size, speed."""
    found = []
    for row in content["candidates"]:
        score = row.get("score")
        found.append(
            (
                tell_model(row, words),
                _verdict(row, words),
                f"{_signed(score)} {_interval(score)}".strip() if score else "",
                _size(row["bytes"]),
                words("compress.times", times=f"{row['network']['speedup']:.2g}"),
                words("compress.times", times=f"{row['end_to_end']['speedup']:.2g}"),
            )
        )
    heads = ("model", "verdict", "difference", "size", "network", "whole")
    return [tuple(words(f"compress.head.{name}") for name in heads), *found]


def tell_model(row: JsonDict, words: Words) -> str:
    """What a candidate is."""
    if row["name"] == ORIGINAL:
        return words("compress.original")
    return words(
        f"compress.{row['how'] or 'as_it_is'}", share=f"{100 * row['share']:.0f}", precision=row["precision"]
    )


def _asked(content: JsonDict, words: Words) -> list[str]:
    rows, wanted = content["candidates"], content["target_speedup"]
    asked = [words("compress.asked", run=content["model"]["run"])]
    metric = words.metric(content["score"])
    if wanted is None:
        asked.append(words("compress.by_drop", name=metric, max_drop=f"{content['max_drop']:g}"))
    else:
        asked.append(
            words(
                "compress.by_speed",
                speedup=f"{wanted:g}",
                name=metric,
                max_drop=f"{content['max_drop']:g}",
            )
        )
    if len(rows) > 1:
        key = "compress.n_unknown" if rows[1]["n_patients"] is None else "compress.n"
        asked.append(words(key, n_cases=rows[1]["n_cases"], n_patients=rows[1]["n_patients"]))
    return asked


def _cells(row: JsonDict, original: JsonDict, words: Words) -> list[tuple[str, str]]:
    """Each with what stands small below it."""
    score, own = row.get("score"), row["value"]
    times = {
        name: words("compress.times", times=f"{row[name]['speedup']:.2g}") if row is not original else ""
        for name in ("network", "end_to_end")
    }
    ratio = words("compress.times", times=f"1/{original['bytes'] / row['bytes']:.1f}")
    return [
        (_verdict(row, words), ""),
        (
            format_value(own["value"], own["low"], own["high"]),
            f"({format_interval(own['low'], own['high'], own['value'])})" if own["low"] is not None else "",
        ),
        (_signed(score), _interval(score)) if score else ("", ""),
        (_size(row["bytes"]), "" if row is original else ratio),
        *((_seconds(original[name]["s"] / row[name]["speedup"]), times[name]) for name in times),
        (UNDEFINED if row["memory"] is None else _size(row["memory"]), ""),
        (_count(row["weights"]), ""),
        (_count(row["multiply_adds"]), ""),
    ]


def _check_cells(check: JsonDict, words: Words) -> tuple[str, ...]:
    name = words.metric(check["name"]) + (
        f" {check['group']}" if check["group"] and check["kind"] != "subgroup" else ""
    )
    loss = check["loss"]
    told = UNDEFINED
    if loss is not None:
        told = format_value(loss, check["low"], check["high"])
        if check["low"] is not None:
            told += f" ({format_interval(check['low'], check['high'], loss)})"
    return (
        words(f"compress.check.{check['kind']}", name=name, group=check["group"]),
        told,
        f"{check['allowed']:g}",
        words(f"compress.verdict.{check['verdict']}"),
    )


def _plots(content: JsonDict, words: Words) -> list[Markup]:
    """Accuracy over speed, and over size."""
    rows = content["candidates"]
    points: list[dict[str, Any]] = []
    for row in rows:
        score = row.get("score") or {"difference": 0.0, "low": None, "high": None, "better": None}
        if score["difference"] is None:
            continue
        points.append(
            {
                "y": score["difference"],
                "low": score["low"],
                "high": score["high"],
                "label": tell_model(row, words),
                "filled": row["name"] in content["front"],
                "speed": row["network"]["speedup"],
                "bytes": row["bytes"] / 1e3,
            }
        )
    first = next((row["score"] for row in rows[1:] if row["score"]), None)
    sign = 1 if first and first["better"] == "smaller" else -1
    axis = words("compress.axis.loss", name=words.metric(content["score"]))
    return [
        Markup(  # our own, whose words matplotlib has escaped
            plots.price_plot(
                [{**point, "x": point[name]} for point in points],
                sign * content["max_drop"],
                x_label=words(f"compress.axis.{name}"),
                y_label=axis,
            )
        )
        for name in ("speed", "bytes")
    ]


def _verdict(row: JsonDict, words: Words) -> str:
    return words(f"compress.verdict.{row.get('verdict', 'original')}")


def _value(value: float | None, number: JsonDict) -> str:
    if value is None:
        return UNDEFINED
    if number["low"] is None:
        return format_value(value)
    half = (number["high"] - number["low"]) / 2
    return format_value(value, value - half, value + half)


def _signed(number: JsonDict) -> str:
    value = number["difference"]
    if value is None:
        return UNDEFINED
    return ("+" if value > 0 else "") + _value(value, number)


def _interval(number: JsonDict) -> str:
    if number["low"] is None or number["difference"] is None:
        return ""
    return f"({format_interval(number['low'], number['high'], number['difference'])})"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:.0f} kB"


def _seconds(seconds: float) -> str:
    return f"{format_plain(seconds)} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def _count(n: int) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return str(n)


def _provenance(content: JsonDict, words: Words) -> list[tuple[str, str]]:
    data = content["data"]
    rows = [
        (words("created"), content["created"]),
        (words("data"), data["source"]),
        (words("layout"), data["layout"]),
        (words("patients"), words.patients(data["patients"])),
        (words("data_hash"), data["hash"]),
        (words("model_hash"), content["model"]["hash"]),
    ]
    return [(name, str(value)) for name, value in rows if value]
