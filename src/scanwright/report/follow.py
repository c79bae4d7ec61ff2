"""The page of ``follow``: one patient through time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from scanwright.report.follow_places import draw_places, size_in_words
from scanwright.report.follow_plots import forecast_chart, size_chart
from scanwright.report.page import render
from scanwright.report.response_texts import in_words
from scanwright.report.rounding import UNDEFINED, format_length, format_plain
from scanwright.report.strips import Strip
from scanwright.report.tables import flattened
from scanwright.report.texts import Words
from scanwright.types import JsonDict

FAILURES = ("little_in_common", "few_places", "places", "both_ways", "mirrored", "folded")
"""Reasons of a failed registration, see ``registration.quality``."""
MOST_LESIONS = 60
MOST_CHARTS = 8
MOST_ROWS = 200
MOST_NAMED = 5
MOST_PERCENT = 50.0
CONTEXTS = ("steroids", "clinical", "flair")
SURE = 0.95
OUTSTANDING = 0.5
"""Probability from which a law of growth is named."""


def render_patient(
    content: JsonDict, patient: JsonDict, strips: Mapping[str, Sequence[Strip | None]], lang: str = "en"
) -> str:
    """One patient as one HTML page: no network; a small script scrolls slices of all dates together, and
    the page holds the same without it.

    Args:
        content: as in ``follow.json``.
        patient: one of its patients.
        strips: lesion → slices at each date.
        lang: "en" or "zh".

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    lesions = patient["lesions"]
    own = list(content["set_aside"]) if len(content["patients"]) == 1 else []
    left = [one["case"] for one in own if one["stage"] != "register"]
    return render(
        "follow.html",
        words,
        title=words("title.follow"),
        asked=words(
            "follow.asked", patient=patient["patient"], n=len(patient["studies"]), span=_span(patient, words)
        ),
        headline=headline(patient, words),
        found=_found(patient, words),
        sure=_sure(content, patient, words),
        next=_next(patient, words),
        warnings=[*(words(f"follow.note.{name}") for name in patient["notes"]), *_gaps(patient, left, words)],
        studies=_studies(patient, words),
        dates=[study["date"] or study["study"] for study in patient["studies"]],
        timeline=draw_places(patient, strips, words),
        heads=_heads(patient, words),
        rows=[_row(one, patient, words) for one in lesions[:MOST_LESIONS]],
        row_note=words("table.some", shown=MOST_LESIONS, total=len(lesions))
        if len(lesions) > MOST_LESIONS
        else "",
        chart=Markup(
            size_chart(_lines(patient), x_label=words("follow.days"), y_label=words("follow.long_mm"))
        ),
        growths=_growths(patient, words),
        changes=_changes(patient, words),
        verdicts=_verdicts(patient, words),
        overruled=[_overruled(one, words) for one in patient["overruled"]],
        limits=_limits(content, patient, words),
        set_aside=[(one["case"], one["stage"], one["reason"]) for one in own],
        provenance=[
            (words("created"), content["created"]),
            (words("data"), f"{content['source']} ({content['layout']})"),
            *flattened(content["versions"]),
        ],
    )


def headline(patient: JsonDict, words: Words) -> str:
    """The last overall response in words, or how many lesions there are."""
    rows = patient["verdicts"].get("recist") or []
    if not rows:
        seen = [one for one in patient["lesions"] if one["role"] != "ignored"]
        return words("follow.headline.lesions", n=len(seen))
    answer = rows[-1]["overall"]["answer"]
    return words("follow.headline.response", answer=answer, meaning=meaning(answer, words))


def meaning(answer: str, words: Words) -> str:
    """What a response is called in full."""
    return words(f"follow.answer.{answer.removeprefix('i')}") if answer != "NONE" else UNDEFINED


def _gaps(patient: JsonDict, left: Sequence[str], words: Words) -> list[str]:
    """What a reader must know before all else: studies that do not count, and masks that nobody may have
    drawn."""
    empty = [study["date"] for study in patient["studies"] if "empty" in study["notes"]]
    lines = [words("follow.note.empty", dates=", ".join(empty))] if empty else []
    shown = ", ".join(left[:MOST_NAMED]) + (" …" if len(left) > MOST_NAMED else "")
    return lines + ([words("follow.note.left", n=len(left), names=shown)] if left else [])


def _span(patient: JsonDict, words: Words) -> str:
    dates = [study["date"] for study in patient["studies"] if study["date"]]
    if not dates:
        return words("follow.no_dates")
    return dates[0] if len(set(dates)) == 1 else words("follow.span", first=dates[0], last=dates[-1])


def _found(patient: JsonDict, words: Words) -> list[str]:
    roles = {
        role: sum(one["role"] == role for one in patient["lesions"])
        for role in ("target", "non-target", "new")
    }
    lines = [
        words("follow.found.roles", targets=roles["target"], others=roles["non-target"], new=roles["new"])
    ]
    rows = patient["verdicts"].get("recist") or []
    if rows:
        facts = rows[-1]["target"]["facts"]
        if facts.get("missing") and "sum" not in facts:
            lines.append(words("follow.found.sum_unknown", n=int(facts["missing"])))
        elif "sum" in facts:
            lines.append(
                words(
                    "follow.found.sum_least" if facts["missing"] else "follow.found.sum",
                    n=int(facts["missing"]),
                    sum=format_length(facts["sum"]),
                    baseline=format_length(facts["baseline"]),
                    change=_signed(facts["from_baseline"]),
                    nadir=format_length(facts["nadir"]),
                )
            )
        lines.append(_in_words(rows[-1]["overall"], words))
        if patient["progressed_day"] is not None:
            lines.append(words("follow.found.progressed", date=_date(patient, patient["progressed_day"])))
        key = "follow.found.best_open" if patient["best"] in ("CR", "PR") else "follow.found.best"
        lines.append(words(key, answer=patient["best"]))
    elif len(patient["studies"]) < 2:
        lines.append(words("follow.found.one_date"))
    elif not patient["lesions"]:
        lines.append(words("follow.found.nothing"))
    if patient["overruled"]:
        lines.append(words("follow.found.overruled", n=len(patient["overruled"])))
    return lines


def _sure(content: JsonDict, patient: JsonDict, words: Words) -> list[str]:
    lines = []
    last = patient["studies"][-1]["study"]
    counted = [one for one in patient["lesions"] if one["role"] != "ignored"]
    starts = dict[str, list[str]]()
    for since in ("first", "smallest"):
        told = [
            (one["name"], change)
            for one in counted
            for change in one["changes"]
            if change["study"] == last and change["since"] == since
        ]
        starts[since] = [change["from"] for _, change in told]
        if not told or (since == "smallest" and starts["first"] == starts["smallest"]):
            continue
        grew = [name for name, change in told if change["probability_grew"] >= SURE]
        shrank = [name for name, change in told if change["probability_grew"] <= 1 - SURE]
        open_ones = [name for name, _ in told if name not in grew and name not in shrank]
        lines.append(
            words(
                f"follow.sure.{since}",
                grew=_named(grew, words),
                shrank=_named(shrank, words),
                open=_named(open_ones, words),
            )
        )
    failed = [study["date"] for study in patient["studies"] if "failed" in study["notes"]]
    if failed:
        lines.append(words("follow.sure.failed", dates=", ".join(failed)))
    key = "given" if content["test_retest_percent"] else "tables" if patient["from"] == "tables" else "voxels"
    lines.append(words(f"follow.sure.error.{key}", percent=content["test_retest_percent"]))
    return lines


def _named(names: Sequence[str], words: Words) -> str:
    return words.listed(list(names)) if names else words("follow.none")


def _next(patient: JsonDict, words: Words) -> list[str]:
    lines = []
    warning = patient["warning"]
    if warning is not None:
        days, last = warning["horizon_days"], patient["studies"][-1]["date"]
        if warning["likely_date"] and last and warning["likely_date"] <= last:
            lines.append(words("follow.next.already", date=last))
        elif warning["likely_date"]:
            lines.append(
                words("follow.next.likely", date=warning["likely_date"], possible=warning["possible_date"])
            )
        elif warning["possible_date"]:
            lines.append(words("follow.next.possible", date=warning["possible_date"], days=days))
        else:
            lines.append(words("follow.next.quiet", days=days))
    lines.append(words("follow.next.look"))
    if patient["from"] != "tables":
        lines.append(words("follow.next.reader"))
    return lines


def _date(patient: JsonDict, day: float) -> str:
    first = patient["studies"][0]["date"]
    return (dt.date.fromisoformat(first) + dt.timedelta(days=round(day))).isoformat() if first else f"{day:g}"


def _in_words(verdict: JsonDict, words: Words) -> str:
    # What is not defined comes back from JSON as nothing.
    facts = {name: math.nan if value is None else value for name, value in verdict["facts"].items()}
    return in_words(verdict["rule"], facts, words.lang)


def _signed(percent: float | None) -> str:
    return (
        UNDEFINED if percent is None or not math.isfinite(percent) else f"{percent:+.0f} %".replace("-", "−")
    )


def _studies(patient: JsonDict, words: Words) -> list[list[str]]:
    rows = []
    for study in patient["studies"]:
        registration = study["registration"]
        laid = (
            "follow.laid.first"
            if registration is None
            else "follow.laid.failed"
            if registration["failed"]
            else "follow.laid.ok"
        )
        laid = "follow.laid.table" if patient["from"] == "tables" else laid
        slices = f"{study['pixel_mm']:.2f} × {study['slice_mm']:.2f}" if "slice_mm" in study else UNDEFINED
        notes = "; ".join(words(f"follow.study.{name}") for name in study["notes"])
        if registration is not None and registration["reason"] in FAILURES:
            notes = f"{notes} ({words('follow.failed.' + registration['reason'])})"
        rows.append(
            [study["date"] or UNDEFINED, study["study"], study["modality"], slices, words(laid), notes]
        )
    return rows


def _heads(patient: JsonDict, words: Words) -> list[str]:
    heads = [words("measure.lesion"), words("follow.role")]
    heads += [words("measure.organ")] if _has_organs(patient) else []
    return [
        *heads,
        *(study["date"] or study["study"] for study in patient["studies"]),
        words("follow.events"),
    ]


def _has_organs(patient: JsonDict) -> bool:
    return any(one["organ"] or one["node"] for one in patient["lesions"])


def _row(one: JsonDict, patient: JsonDict, words: Words) -> list[tuple[str, str]]:
    """Cells, each with what stands below in small letters."""
    organ = one["organ"] or (words("follow.node") if one["node"] else "")
    cells = [
        (one["name"], ""),
        (words(f"follow.role.{one['role']}"), words(f"follow.why.{one['why']}")),
        *([(organ, "")] if _has_organs(patient) else []),
    ]
    for row in one["sizes"]:
        volume = (
            f"{format_plain(row['volume_ml'])} ml" if row["status"] == "seen" and row["volume_ml"] else ""
        )
        cells.append((size_in_words(row, one, words), volume))
    dates = {study["study"]: study["date"] or study["study"] for study in patient["studies"]}
    told = [
        f"{dates[event['study']]} {words('follow.event.' + event['event'], into=one['into'])}"
        for event in one["events"]
    ]
    return [*cells, ("; ".join(told), "")]


def _lines(patient: JsonDict) -> dict[str, list[tuple[float, float]]]:
    found = {}
    for one in [lesion for lesion in patient["lesions"] if lesion["role"] in ("target", "new", "non-target")][
        :MOST_CHARTS
    ]:
        key = "short_mm" if one["node"] else "long_mm"
        rows = [row for row in one["sizes"] if row["day"] is not None]
        points = [
            (row["day"], row[key]) if row["status"] == "seen" else (row["day"], 0.0)
            for row in rows
            if row["status"] in ("seen", "absent")
        ]
        start = next((n for n, (_, size) in enumerate(points) if size), 0)
        if any(size for _, size in points):
            found[one["name"]] = points[max(0, start - 1) :]
    return found


def _growths(patient: JsonDict, words: Words) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in patient["lesions"]:
        growth = one["growth"]
        if growth is None or one["role"] == "ignored" or len(found) == MOST_CHARTS:
            continue
        measured = [(row["day"], row["volume_ml"], row["log_volume_sd"]) for row in one["compared"]]
        svg = forecast_chart(
            measured,
            [(point["day"], *point["volume_ml"]) for point in growth["forecast"]],
            x_label=words("follow.days"),
            y_label=words("follow.volume_ml"),
            words={"measured": words("follow.measured"), "forecast": words("follow.forecast")},
        )
        found.append({"name": one["name"], "svg": Markup(svg), "lines": _growth_lines(growth, words)})
    return found


def _growth_lines(growth: JsonDict, words: Words) -> list[str]:
    middle, low, high = growth["percent_a_month"]
    lines = [words("follow.growth.rate", middle=_signed(middle), low=_signed(low), high=_signed(high))]
    days = growth["doubling_days"]
    if days[0] is not None and math.isfinite(days[0]):
        upper = f"{days[2]:.0f}" if days[2] is not None and math.isfinite(days[2]) else "∞"
        lines.append(
            words("follow.growth.doubling", middle=f"{days[0]:.0f}", low=f"{days[1]:.0f}", high=upper)
        )
    else:
        lines.append(words("follow.growth.no_doubling"))
    law, share = max(growth["laws"].items(), key=lambda item: item[1])
    if share < OUTSTANDING:
        lines.append(words("follow.growth.no_law"))
    else:
        name = words(f"follow.law.{law}")
        lines.append(words("follow.growth.law", law=name, percent=f"{100 * share:.0f}"))
    date = growth["progression_date"]
    if date and growth["progression_day"] <= growth["last_day"]:
        lines.append(words("follow.growth.already", date=date))
    elif date:
        lines.append(words("follow.growth.warning", date=date))
    else:
        lines.append(words("follow.growth.quiet", days=growth["horizon_days"]))
    return lines


def _changes(patient: JsonDict, words: Words) -> list[list[str]]:
    dates = {study["study"]: study["date"] or study["study"] for study in patient["studies"]}
    rows = []
    for one in patient["lesions"]:
        if one["role"] == "ignored" or not one["changes"] or one["sizes"][-1]["status"] != "seen":
            continue
        last = one["changes"][-1]["study"]
        # The smallest size is often also that of the date before, or of the first.
        alike = {change["from"]: change for change in reversed(one["changes"]) if change["study"] == last}
        for change in reversed(alike.values()):
            rows.append(
                [
                    one["name"],
                    dates[last],
                    words(f"follow.since.{change['since']}", date=dates[change["from"]]),
                    _signed(change["volume_percent"]),
                    _error(change["error_percent"], words),
                    _chance(change["probability_grew"]),
                    _chance(1 - change["probability_grew"]),
                    _chance(change["probability_progressed"]),
                ]
            )
    return rows[:MOST_ROWS]


def _error(percent: float, words: Words) -> str:
    """Of a volume; what is less known than to its half can't be told by a percentage both ways."""
    if percent <= MOST_PERCENT:
        return f"± {percent:.0f} %"
    return words("follow.factor", factor=f"{1 + percent / 100:.1f}")


def _chance(share: float) -> str:
    return "< 1 %" if share < 0.01 else "> 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def _verdicts(patient: JsonDict, words: Words) -> list[dict[str, Any]]:
    dates = {study["study"]: study["date"] or study["study"] for study in patient["studies"]}
    found: list[dict[str, Any]] = []
    for rule, rows in patient["verdicts"].items():
        told = []
        for row in rows:
            parts = ["overall"] if rule in ("irecist", "rano") else ["target", "non_target", "overall"]
            if rule == "volume":
                parts = ["target"]
            verdicts = [row[part] for part in parts if row[part]["answer"] != "NONE"]
            reasons = [
                _volume_words(one, words) if rule == "volume" else _in_words(one, words) for one in verdicts
            ]
            answer = (row["target"] if rule == "volume" else row["overall"])["answer"]
            total = UNDEFINED if row["sum"] is None else format_plain(row["sum"])
            told.append((dates[row["study"]], answer, total, reasons))
        found.append(
            {"name": words(f"follow.rules.{rule}"), "unit": words(f"follow.unit.{rule}"), "rows": told}
        )
    return found


def _volume_words(verdict: JsonDict, words: Words) -> str:
    facts = verdict["facts"]
    key = f"follow.volume.{verdict['answer'].lower()}"
    if "sum" not in facts:
        return words(key)
    return words(
        key,
        sum=format_plain(facts["sum"]),
        change=_signed(facts["from_baseline"]),
        nadir=_signed(facts["from_nadir"]),
    )


def _overruled(one: JsonDict, words: Words) -> str:
    what, _, study = one["what"].partition(" in ")
    return words(
        "follow.overruled",
        lesion=one["lesion"],
        what=words(f"follow.choice.{what}") + (f" ({study})" if study else ""),
        proposed=_choice(what, one["proposed"], words),
        chosen=_choice(what, one["chosen"], words),
    )


def _choice(what: str, value: Any, words: Words) -> str:
    if what == "role":
        return words(f"follow.role.{value}") if value else words("follow.none")
    if isinstance(value, bool):
        return words("follow.yes" if value else "follow.no")
    if value is None:
        return words("follow.status.unknown")
    if what == "seen":
        return ", ".join(f"{piece}" for piece in value) or words("follow.status.absent")
    return words(f"follow.context.{value}") if what in CONTEXTS and value else value or words("follow.none")


def _limits(content: JsonDict, patient: JsonDict, words: Words) -> list[str]:
    keys = [
        "follow.limit.targets",
        "follow.limit.non_targets",
        "follow.limit.forecast",
        "follow.limit.population",
    ]
    keys += ["follow.limit.rano"] if "rano" in patient["verdicts"] else []
    keys += (
        ["follow.limit.organ"] if not all(one["organ"] or one["node"] for one in patient["lesions"]) else []
    )
    keys += ["follow.limit.tables"] if patient["from"] == "tables" else ["follow.limit.mask"]
    return [words(key) for key in keys]
