"""The page of ``measure``: how large each lesion is, and where that was measured."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from scanwright.report.page import render
from scanwright.report.rounding import UNDEFINED, format_length, format_plain
from scanwright.report.tables import flattened
from scanwright.report.texts import Words
from scanwright.types import JsonDict

MOST_PICTURES = 12
MOST_ROWS = 100
_DEFINED = ("volume", "long", "short", "sphericity", "ibsi")


def render_measurements(content: JsonDict, pictures: Sequence[bytes], lang: str = "en") -> str:
    """Lesions as one HTML page: no network, no script, light and dark.

    Args:
        content: as in ``measurements.json``.
        pictures: of the first lesions, PNG.
        lang: "en" or "zh".

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    lesions, unit = content["lesions"], content["length_unit"]
    spacing = content["spacing_mm"]
    shown = lesions[:MOST_ROWS]
    return render(
        "measure.html",
        words,
        title=words("title.measure"),
        content=content,
        how=words("measure.how.labels" if content["instances"] else "measure.how.pieces"),
        headline=found_line(content, words),
        count=_count(content, words),
        voxel=words("measure.voxel", spacing=" × ".join(f"{step:.3g}" for step in spacing))
        if spacing
        else "",
        is_more=content["more_lesions"],
        notes=_common_notes(content, words),
        heads=_heads(content, words),
        rows=[_row(one, content, words) for one in shown],
        row_note=words("table.some", shown=len(shown), total=len(lesions))
        if len(lesions) > MOST_ROWS
        else "",
        pictures=[
            {
                "lesion": one["lesion"],
                "png": base64.b64encode(png).decode("ascii"),
                "caption": _sizes(one, unit) + f" {unit}",
                "notes": [_note(name, content, words) for name in one["notes"]],
            }
            for one, png in zip(lesions, pictures, strict=False)
        ],
        defined=[words(f"measure.define.{name}") for name in _DEFINED],
        provenance=[
            (words("created"), content["created"]),
            (words("measure.image"), content["image"]),
            *flattened(content["versions"]),
        ],
    )


def found_line(content: JsonDict, words: Words) -> str:
    """The largest diameter in words."""
    unit = content["length_unit"]
    if not content["lesions"]:
        return words("measure.none")
    one = max(content["lesions"], key=lambda lesion: lesion[f"long_{unit}"])
    long, short = (format_length(one[f"{name}_{unit}"]) for name in ("long", "short"))
    return words("measure.largest", long=long, short=short, unit=unit, lesion=one["lesion"])


def _count(content: JsonDict, words: Words) -> str:
    lesions = content["lesions"]
    if content["length_unit"] == "px":
        return words("measure.count_px", n=len(lesions))
    total = format_plain(sum(one["volume_ml"] for one in lesions))
    return words("measure.count", n=len(lesions), volume=total)


def _common_notes(content: JsonDict, words: Words) -> list[str]:
    """What holds for all lesions, once."""
    lesions = content["lesions"]
    common = (
        [name for name in lesions[0]["notes"] if all(name in one["notes"] for one in lesions)]
        if lesions
        else []
    )
    return [_note(name, content, words) for name in common]


def _note(name: str, content: JsonDict, words: Words) -> str:
    return words(f"measure.note.{name}", plane=words("measure.plane." + content["plane"]))


def _heads(content: JsonDict, words: Words) -> list[str]:
    in_mm, unit = content["length_unit"] == "mm", content["intensity_unit"]
    heads = [words("measure.lesion"), words("measure.label")]
    heads += [words("measure.organ")] * (content["organs"] is not None)
    heads += [words("measure.volume") if in_mm else words("measure.area")]
    heads += [words("measure.diameters", unit=content["length_unit"])]
    heads += [words("measure.feret"), words("measure.sphericity")] * in_mm
    heads += [words("measure.mean", unit=f" ({unit})" if unit else "")]
    heads += [words("measure.peak"), words("measure.tlg")] * (unit == "SUV" and in_mm)
    return [*heads, words("measure.slice"), words("measure.notes")]


def _row(one: JsonDict, content: JsonDict, words: Words) -> list[str]:
    in_mm, unit = content["length_unit"] == "mm", content["intensity_unit"]
    cells: list[Any] = [one["lesion"], one["label"]]
    if content["organs"] is not None:
        cells += [UNDEFINED if one["organ"] is None else f"{one['organ']} ({100 * one['organ_share']:.0f} %)"]
    cells += [_plain(one["volume_ml"] if in_mm else one["area_px2"]), _sizes(one, content["length_unit"])]
    if in_mm:
        cells += [
            f"{format_length(one['feret_max_mm'])} / {format_length(one['feret_min_mm'])}",
            _plain(one["sphericity"]),
        ]
    told = one["intensity"]
    cells += [UNDEFINED if told is None else f"{_plain(told['mean'])} ± {_plain(told['sd'])}"]
    if unit == "SUV" and in_mm:
        cells += [f"{_plain(one.get('suv_max'))} / {_plain(one.get('suv_peak'))}", _plain(one.get("tlg_ml"))]
    notes = "; ".join(_note(name, content, words) for name in one["notes"])
    return [str(cell) for cell in (*cells, one["slice"] + 1, notes)]


def _sizes(one: JsonDict, unit: str) -> str:
    return f"{format_length(one[f'long_{unit}'])} × {format_length(one[f'short_{unit}'])}"


def _plain(value: float | None) -> str:
    return UNDEFINED if value is None else format_plain(value)
