"""Plots of lesions through time, as SVG for a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from scanwright.report.palette import SERIES
from scanwright.report.plots import DASHES, INK, as_svg, legible, page_text, panels
from scanwright.types import JsonDict

MOST_LINES = 40
_BARS = {"CR": SERIES[2], "PR": SERIES[0], "SD": SERIES[1], "PD": SERIES[5], "NE": "#888888"}


@page_text()
def size_chart(lines: Mapping[str, Sequence[tuple[float, float]]], *, x_label: str, y_label: str) -> str:
    """Diameters over days, a line for each lesion; "" where there is no second date.

    Args:
        lines: lesion → (day, mm); 0 is gone.
        x_label, y_label: in the page's language.
    """
    drawn = {name: points for name, points in lines.items() if len(points) > 1}
    if not drawn:
        return ""
    figure, (axes,) = panels(1, size=(6.2, 3.0))
    for n, (name, points) in enumerate(drawn.items()):
        x, y = np.array(points, dtype=float).T
        axes.plot(
            x,
            y,
            color=SERIES[n % len(SERIES)],
            ls=DASHES[n % len(DASHES)],
            lw=1.7,
            marker="o",
            ms=4,
            label=legible(name),
        )
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.set_ylim(bottom=0)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return as_svg(figure)


@page_text()
def forecast_chart(
    measured: Sequence[tuple[float, float, float]],
    forecast: Sequence[tuple[float, float, float, float]],
    *,
    x_label: str,
    y_label: str,
    words: Mapping[str, str],
) -> str:
    """Volumes that were measured, with their errors, and the band of the forecast; the axis is logarithmic.

    Args:
        measured: (day, ml, standard deviation of the logarithm).
        forecast: (day, middle, low, high) in ml.
        x_label, y_label: in the page's language.
        words: "measured", "forecast".
    """
    figure, (axes,) = panels(1, size=(4.4, 2.9))
    days, middle, low, high = (np.array(column) for column in zip(*forecast, strict=True))
    axes.fill_between(days, low, high, color=SERIES[0], alpha=0.18, lw=0)
    axes.plot(days, middle, color=SERIES[0], lw=1.5, ls=DASHES[1], label=words["forecast"])
    x, y, sd = (np.array(column) for column in zip(*measured, strict=True))
    ends = np.stack([y - y * np.exp(-1.645 * sd), y * np.exp(1.645 * sd) - y])
    axes.errorbar(x, y, ends, color=SERIES[1], fmt="o", ms=5, elinewidth=1.2, label=words["measured"])
    axes.set_yscale("log")
    top, bottom = float(max(y.max(), np.median(high))) * 1.6, float(min(y.min(), np.median(low))) / 1.6
    axes.set_ylim(bottom, top)
    ticks = _ticks(bottom, top)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.legend(loc="best", frameon=False)
    return as_svg(figure)


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten; over long ranges only powers."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 1000 else (1,)
    return [tick for power in powers for step in steps if low <= (tick := step * 10.0**power) <= high]


@page_text()
def waterfall_plot(changes: Mapping[str, float], answers: Mapping[str, str], *, y_label: str) -> str:
    """The best change of each patient's sum, the worst on the left; lines at +20 % and −30 %.

    Args:
        changes: patient → percent.
        answers: patient → best response, which gives the colour.
        y_label: in the page's language.
    """
    if not changes:
        return ""
    order = sorted(changes, key=lambda name: -changes[name])
    figure, (axes,) = panels(1, size=(6.2, 3.0))
    told: set[str] = set()
    for n, name in enumerate(order):
        answer = answers[name]
        label = None if answer in told else answer
        told.add(answer)
        axes.bar(n, changes[name], color=_BARS.get(answer, _BARS["NE"]), width=0.8, label=label)
        # One that did not change has no bar: a line says that the patient is there.
        axes.plot([n - 0.4, n + 0.4], [changes[name]] * 2, color=_BARS.get(answer, _BARS["NE"]), lw=1.5)
    for level in (20, -30):
        axes.axhline(level, color=INK, lw=0.8, ls=DASHES[1], alpha=0.6)
    axes.axhline(0, color=INK, lw=0.8)
    axes.set(ylabel=y_label)
    axes.set_xticks(
        range(len(order)), [legible(name) for name in order] if len(order) <= 12 else [""] * len(order)
    )
    axes.tick_params(axis="x", labelrotation=60 if len(order) <= 12 else 0)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return as_svg(figure)


@page_text()
def spider_plot(lines: Mapping[str, Sequence[tuple[float, float]]], *, x_label: str, y_label: str) -> str:
    """Each patient's sum in percent of the baseline over days; at most 40, told apart where they are few."""
    if not lines:
        return ""
    figure, (axes,) = panels(1, size=(6.2, 3.0))
    for n, (name, points) in enumerate(list(lines.items())[:MOST_LINES]):
        x, y = np.array(points, dtype=float).T
        label = legible(name) if len(lines) <= 8 else None
        axes.plot(
            x,
            y,
            color=SERIES[n % len(SERIES)],
            ls=DASHES[n % len(DASHES)],
            lw=1.3,
            marker="o",
            ms=3,
            label=label,
        )
    for level in (20, -30):
        axes.axhline(level, color=INK, lw=0.8, ls=DASHES[1], alpha=0.6)
    axes.set(xlabel=x_label, ylabel=y_label)
    if len(lines) <= 8:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return as_svg(figure)


@page_text()
def survival_curve(survival: JsonDict, *, x_label: str, y_label: str) -> str:
    """Share without progression over days, with its interval (Kaplan and Meier 1958)."""
    figure, (axes,) = panels(1, size=(6.2, 3.0))
    days = survival["days"]
    axes.step(days, survival["share"], where="post", color=SERIES[0], lw=1.8)
    low, high = (
        np.array([np.nan if one is None else one for one in survival[key]], dtype=float)
        for key in ("low", "high")
    )
    axes.fill_between(days, low, high, step="post", color=SERIES[0], alpha=0.15, lw=0)
    axes.set(xlabel=x_label, ylabel=y_label, ylim=(-0.02, 1.02))
    return as_svg(figure)
