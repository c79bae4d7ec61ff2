"""Plots, as SVG that stands inside a page and takes its font and its colours, light or dark, from it."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from scanwright.extras import Later
from scanwright.report.palette import SERIES
from scanwright.types import FloatArray

FEATURE = "Drawing plots"
mpl = Later("matplotlib", feature=FEATURE)
canvases = Later("matplotlib.backends.backend_svg", feature=FEATURE)
figures = Later("matplotlib.figure", feature=FEATURE)

# Stands for the page's own text colour until the SVG is written; no palette colour comes near it.
INK = "#010203"
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
FEW_POINTS = 40
"""Up to so many are drawn larger: there is room, and each can be seen."""
MOST_POINTS = 300
MOST_SERIES = 12


@contextmanager
def page_text() -> Iterator[None]:
    """Words as words, never as mathematics, in whatever script."""
    options = {
        "svg.fonttype": "none",
        "svg.hashsalt": "scanwright",
        "text.parse_math": False,
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.edgecolor": INK,
        "axes.titlesize": 10,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with mpl.rc_context(options), warnings.catch_warnings():
        # The page sets the words in its own font; that ours lacks a script only makes its measure rough.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


@page_text()
def training_curves(rows: Sequence[Mapping[str, Any]], *, words: Mapping[str, str]) -> str:
    """Loss and validation score over minutes.

    Args:
        rows: "minutes", "loss", "score"; ``None`` where a row has no such value.
        words: "minutes", "loss", "score" in the page's language.

    Returns:
        SVG; "" when nothing can be drawn.
    """
    lines: dict[str, FloatArray] = {}
    for name in ("loss", "score"):
        pairs = [
            (float(row["minutes"]), float(row[name]))
            for row in rows
            if _is_number(row.get("minutes")) and _is_number(row.get(name))
        ]
        if pairs:
            lines[name] = np.asarray(pairs)
    if not lines:
        return ""
    figure, axes = panels(len(lines))
    for one, (name, line), colour in zip(axes, lines.items(), SERIES, strict=False):
        marker = "o" if len(line) <= 40 else None
        x, y = _thinned(line[:, 0], line[:, 1])
        one.plot(x, y, color=colour, lw=1.6, marker=marker, ms=2.5)
        one.set_xlabel(words["minutes"])
        one.set_title(words[name], loc="left")
    return as_svg(figure)


@page_text()
def rate_curves(
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    x_label: str,
    y_label: str,
    values: Mapping[str, str] | None = None,
    chance: bool = False,
) -> str:
    """ROC or precision–recall curves, one for each class.

    Args:
        curves: class → {"x": …, "y": …}, both within 0 … 1.
        x_label, y_label: in the page's language.
        values: class → what stands behind its name in the legend ("0.93 (0.90–0.96)").
        chance: draw the diagonal.

    Returns:
        SVG, at most 12 curves; "" without curves.
    """
    if not curves:
        return ""
    figure, (axes,) = panels(1, size=(4.2, 3.9))
    if chance:
        axes.plot([0, 1], [0, 1], color=INK, lw=0.8, alpha=0.4)
    for index, (name, curve) in enumerate(list(curves.items())[:MOST_SERIES]):
        x, y = _thinned(np.asarray(curve["x"], dtype=float), np.asarray(curve["y"], dtype=float))
        label = f"{name}  {(values or {}).get(name, '')}".strip()
        dashes = (
            DASHES[index // len(SERIES) % len(DASHES)] if len(curves) > len(SERIES) else DASHES[index % 4]
        )
        axes.plot(x, y, color=SERIES[index % len(SERIES)], lw=1.8, ls=dashes, label=legible(label))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=x_label, ylabel=y_label, aspect="equal")
    axes.legend(loc="lower right" if chance else "lower left", frameon=False)
    return as_svg(figure)


@page_text()
def froc_curves(
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    bands: Mapping[str, Sequence[tuple[float, float, float]]],
    *,
    x_label: str,
    y_label: str,
    values: Mapping[str, str] | None = None,
) -> str:
    """Sensitivity over false alarms a case, from 1/8 to 8, each doubling equally wide.

    Args:
        curves: class → {"x": false alarms a case, "y": sensitivity}, both growing.
        bands: class → (false alarms a case, low, high), in their order.
        x_label, y_label: in the page's language.
        values: class → what stands behind its name in the legend.

    Returns:
        SVG, at most 12 curves; "" without curves.
    """
    if not curves:
        return ""
    figure, (axes,) = panels(1, size=(4.6, 3.9))
    rates = [2.0**power for power in range(-3, 4)]
    for index, (name, curve) in enumerate(list(curves.items())[:MOST_SERIES]):
        # Until one finding more is taken nothing more is found: steps, from no finding at all.
        x = np.array([1e-6, *curve["x"], rates[-1] * 2], dtype=float)
        y = np.array([0.0, *curve["y"], curve["y"][-1]], dtype=float)
        colour, label = SERIES[index % len(SERIES)], f"{name}  {(values or {}).get(name, '')}".strip()
        axes.step(
            np.maximum(x, 1e-6),
            y,
            where="post",
            color=colour,
            lw=1.8,
            ls=DASHES[index % 4],
            label=legible(label),
        )
        if band := bands.get(name):
            at, low, high = zip(*band, strict=True)
            axes.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(rates, ["1/8", "1/4", "1/2", "1", "2", "4", "8"])
    axes.set(xlim=(rates[0], rates[-1]), ylim=(-0.02, 1.02), xlabel=x_label, ylabel=y_label)
    axes.legend(loc="lower right", frameon=False)
    return as_svg(figure)


@page_text()
def reliability_diagram(
    series: Mapping[str, Sequence[Mapping[str, float]]], *, x_label: str, y_label: str
) -> str:
    """Shares that came true over mean probabilities, each bin a dot with its interval.

    Args:
        series: name for the legend → rows of ``core.calibration.reliability``; the last is drawn on top.
        x_label, y_label: in the page's language.

    Returns:
        SVG.
    """
    figure, (axes,) = panels(1, size=(4.2, 3.9))
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, alpha=0.4)
    for (name, rows), colour in zip(series.items(), reversed(SERIES[: len(series)]), strict=True):
        keys = ("probability", "share", "low", "high")
        x, y, low, high = (np.array([row[key] for row in rows], dtype=float) for key in keys)
        ends = np.maximum([y - low, high - y], 0.0)
        axes.errorbar(x, y, ends, color=colour, lw=1.6, marker="o", ms=4, elinewidth=0.9, label=name)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=x_label, ylabel=y_label, aspect="equal")
    axes.legend(loc="best", frameon=False)
    return as_svg(figure)


@page_text()
def decision_curve(
    curve: Mapping[str, Sequence[float | None]], *, words: Mapping[str, str], x_label: str, y_label: str
) -> str:
    """Net benefit over the threshold, with its band, beside acting on all and on nobody.

    Args:
        curve: "threshold", "value", "low", "high" and "all", as ``net_benefit`` gives them.
        words: for the legend: "value", "all" and "none".
        x_label, y_label: in the page's language.

    Returns:
        SVG.
    """
    figure, (axes,) = panels(1, size=(4.6, 3.9))
    x, y, low, high, every = (
        np.array([math.nan if one is None else one for one in curve[key]], dtype=float)
        for key in ("threshold", "value", "low", "high", "all")
    )
    axes.axhline(0, color=INK, lw=0.8, alpha=0.6, ls=":", label=words["none"])
    axes.plot(x, every, color=SERIES[1], lw=1.2, ls="--", label=words["all"])
    axes.fill_between(x, low, high, color=SERIES[0], alpha=0.18, lw=0)
    axes.plot(x, y, color=SERIES[0], lw=1.6, label=words["value"])
    most = max(float(np.nanmax([*y, *high, 0.05])), 0.05)
    axes.set(xlim=(0, 1), ylim=(-0.25 * most, 1.08 * most), xlabel=x_label, ylabel=y_label)
    axes.legend(loc="best", frameon=False)
    return as_svg(figure)


@page_text()
def distributions(values: Mapping[str, Sequence[float]], *, label: str, seed: int = 0) -> str:
    """Each case a dot, one row for each class, with the quartiles as a box.

    Args:
        values: class → one number for each case; nan is left out.
        label: what the numbers are, in the page's language.
        seed: of the scatter across the row, which carries no meaning.

    Returns:
        SVG, at most 12 rows; "" when there is nothing to draw.
    """
    rows = {name: np.asarray(numbers, dtype=float) for name, numbers in list(values.items())[:MOST_SERIES]}
    rows = {name: numbers[np.isfinite(numbers)] for name, numbers in rows.items()}
    rows = {name: numbers for name, numbers in rows.items() if numbers.size}
    if not rows:
        return ""
    rng = np.random.default_rng(seed)
    figure, (axes,) = panels(1, size=(4.4, 0.7 + 0.5 * len(rows)))
    for row, (numbers, colour) in enumerate(zip(rows.values(), _cycled(len(rows)), strict=True)):
        dots = numbers if numbers.size <= MOST_POINTS else rng.choice(numbers, MOST_POINTS, replace=False)
        scatter = rng.uniform(-0.14, 0.14, dots.size)
        size = 11 if dots.size > FEW_POINTS else 26
        axes.scatter(dots, row + scatter, s=size, color=colour, alpha=0.7, linewidths=0)
        if numbers.size >= 5:
            axes.boxplot(
                numbers,
                positions=[row],
                orientation="horizontal",
                widths=0.56,
                showfliers=False,
                boxprops={"color": INK, "lw": 0.9},
                whiskerprops={"color": INK, "lw": 0.9},
                capprops={"color": INK, "lw": 0.9},
                medianprops={"color": INK, "lw": 1.8},
                manage_ticks=False,
            )
    axes.set_yticks(range(len(rows)), [legible(name) for name in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(label)
    axes.locator_params(axis="x", nbins=6)
    return as_svg(figure)


@page_text()
def identity_plot(
    truth: Sequence[float], predicted: Sequence[float], half_width: float, *, x_label: str, y_label: str
) -> str:
    """Predicted against true numbers, each case a dot, with the line on which both are the same.

    Args:
        truth, predicted: one number for each case; at most 300 cases are drawn.
        half_width: of the predictions' intervals, drawn dashed; 0 for none.
        x_label, y_label: in the page's language.

    Returns:
        SVG.
    """
    x, y = _sampled(truth, predicted)
    figure, (axes,) = panels(1, size=(4.2, 3.9))
    ends = np.array([min(x.min(), y.min()), max(x.max(), y.max())])
    axes.plot(ends, ends, color=INK, lw=0.9)
    for shift in (-half_width, half_width) if half_width else ():
        # The interval lies around the prediction: true numbers reach so far to either side of it.
        axes.plot(ends, ends + shift, color=INK, lw=0.9, ls=DASHES[1], alpha=0.7)
    axes.scatter(x, y, s=12, color=SERIES[0], alpha=0.6, linewidths=0)
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.set_aspect("equal", adjustable="datalim")
    return as_svg(figure)


@page_text()
def difference_plot(
    truth: Sequence[float], predicted: Sequence[float], limits: Sequence[float], *, x_label: str, y_label: str
) -> str:
    """Predicted less true over the mean of both (Bland and Altman 1986).

    Args:
        truth, predicted: as for ``identity_plot``.
        limits: the mean difference, and the limits of agreement (dashed); nan is left out.
        x_label, y_label: in the page's language.

    Returns:
        SVG.
    """
    x, y = _sampled(truth, predicted)
    figure, (axes,) = panels(1, size=(4.2, 3.9))
    for value, dashes in zip(limits, (DASHES[0], DASHES[1], DASHES[1]), strict=True):
        if math.isfinite(value):
            axes.axhline(value, color=INK, lw=0.9, ls=dashes)
    axes.scatter((x + y) / 2, y - x, s=12, color=SERIES[0], alpha=0.6, linewidths=0)
    axes.set(xlabel=x_label, ylabel=y_label)
    return as_svg(figure)


@page_text()
def price_plot(points: Sequence[Mapping[str, Any]], allowed: float, *, x_label: str, y_label: str) -> str:
    """What models lose, with intervals, over what they gain.

    Args:
        points: "x", "y", "low" and "high" (``None`` without an interval), "label", and whether "filled".
        allowed: of y, drawn dashed.
        x_label, y_label: in the page's language.

    Returns:
        SVG.
    """
    figure, (axes,) = panels(1, size=(4.6, 3.9))
    axes.axhline(0.0, color=INK, lw=0.8, alpha=0.5)
    axes.axhline(allowed, color=INK, lw=0.9, ls=DASHES[1])
    for point, colour in zip(points, _cycled(len(points)), strict=True):
        x, y = point["x"], point["y"]
        if point["low"] is not None:
            axes.plot([x, x], [point["low"], point["high"]], color=colour, lw=1.6)
        face = colour if point["filled"] else "none"
        axes.scatter(
            [x],
            [y],
            s=36,
            color=face,
            edgecolors=colour,
            linewidths=1.6,
            zorder=3,
            label=legible(point["label"]),
        )
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, frameon=False, fontsize=7.5)
    return as_svg(figure)


def _sampled(truth: Sequence[float], predicted: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Pairs of numbers; of many, as many as a plot can show, drawn at random."""
    pairs = np.asarray([truth, predicted], dtype=float)
    if pairs.shape[1] > MOST_POINTS:
        pairs = np.random.default_rng(0).choice(pairs, MOST_POINTS, replace=False, axis=1)
    return pairs[0], pairs[1]


def panels(n: int, size: tuple[float, float] | None = None) -> tuple[Any, list[Any]]:
    figure = figures.Figure(figsize=size or (3.6 * n, 2.7), layout="constrained")
    figure.patch.set_alpha(0)
    axes = [figure.add_subplot(1, n, index + 1) for index in range(n)]
    for one in axes:
        one.patch.set_alpha(0)
        one.spines[["top", "right"]].set_visible(False)
        one.grid(color=INK, alpha=0.12, lw=0.6)
        one.set_axisbelow(True)
    return figure, axes


def as_svg(figure: Any) -> str:
    """The figure as SVG text that stands in a page: no fixed size, no fonts, ``currentColor`` as ink."""
    buffer = io.StringIO()
    canvases.FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = svg.replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    # Names of groups would stand twice on a page with two plots.
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    # Without width and height, the picture takes the width of its column.
    svg = re.sub(r'(<svg[^>]*?) width="[\d.]+pt"', r"\1", svg, count=1)
    return re.sub(r'(<svg[^>]*?) height="[\d.]+pt"', r"\1", svg, count=1)


def legible(name: str) -> str:
    """At most 32 characters, and no leading underscore, which a legend would take for "hide me"."""
    name = name if len(name) <= 32 else f"{name[:31]}…"
    return f" {name}" if name.startswith("_") else name


def _cycled(n: int) -> list[str]:
    return [SERIES[index % len(SERIES)] for index in range(n)]


def _thinned(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Every so-many-th point of long curves, both ends kept."""
    if x.size <= MOST_POINTS:
        return x, y
    kept = np.unique(np.linspace(0, x.size - 1, MOST_POINTS).round().astype(int))
    return x[kept], y[kept]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
