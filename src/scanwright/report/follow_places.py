"""Pictures of the page of ``follow``: the same place at every date."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from scanwright.report.rounding import format_length
from scanwright.report.strips import Strip, draw_strip, window_of_strips
from scanwright.report.texts import Words
from scanwright.types import JsonDict


def draw_places(
    patient: JsonDict, strips: Mapping[str, Sequence[Strip | None]], words: Words
) -> list[dict[str, Any]]:
    """The place of each lesion at every date, as the template lays them side by side.

    Args:
        patient: as in ``follow.json``.
        strips: lesion → slices at each date.
        words: of the page.
    """
    by_name = {one["name"]: one for one in patient["lesions"]}
    found: list[dict[str, Any]] = []
    for name, own in strips.items():
        lesion = by_name[name]
        windows: dict[str, tuple[float, float]] = {}
        for modality in {strip.modality for strip in own if strip is not None}:
            alike = [strip for strip in own if strip is not None and strip.modality == modality]
            windows[modality] = window_of_strips(alike)
        frames = []
        for strip, row, study in zip(own, lesion["sizes"], patient["studies"], strict=True):
            frames.append(
                {
                    "date": study["date"],
                    "size": size_in_words(row, lesion, words),
                    "jpeg": ""
                    if strip is None
                    else base64.b64encode(draw_strip(strip, windows[strip.modality])).decode("ascii"),
                    "bar": 0 if strip is None else 100 * _bar_mm(strip.side_mm) / strip.side_mm,
                    "bar_mm": 0 if strip is None else _bar_mm(strip.side_mm),
                }
            )
        n_slices = next(strip.n_slices for strip in own if strip is not None)
        shown = "; ".join(
            f"{modality} {_whole(low)} … {_whole(high)}".strip() for modality, (low, high) in windows.items()
        )
        found.append(
            {
                "name": name,
                "role": words(f"follow.role.{lesion['role']}"),
                "frames": frames,
                "n": n_slices,
                "middle": n_slices // 2,
                "window": words("follow.window", window=shown),
            }
        )
    return found


def _whole(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")


def _bar_mm(side_mm: float) -> int:
    return 10 if side_mm < 80 else 20 if side_mm < 160 else 50


def size_in_words(row: JsonDict, lesion: JsonDict, words: Words) -> str:
    """Both diameters of a lesion at a date, or why there are none."""
    if row["status"] != "seen":
        return words(f"follow.status.{row['status']}")
    if not row["long_mm"]:
        return words("follow.status.seen")
    return f"{format_length(row['long_mm'])} × {format_length(row['short_mm'])} mm"
