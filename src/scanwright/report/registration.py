"""The page of ``register``: how well one image lies on another, and whether it may be used."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from scanwright.report.page import render
from scanwright.report.rounding import UNDEFINED, format_length, format_plain
from scanwright.report.tables import flattened
from scanwright.report.texts import Words
from scanwright.types import JsonDict


def render_registration(content: JsonDict, pictures: Mapping[str, bytes], lang: str = "en") -> str:
    """A registration as one HTML page: no network, no script, light and dark.

    Args:
        content: as in ``registration.json``.
        pictures: "before" and "after" → PNG.
        lang: "en" or "zh".

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    quality = content["quality"]
    how = [words(f"register.kind.{content['kind']}")]
    how += [words("register.masked", mask=content["mask"])] if content["mask"] else []
    return render(
        "register.html",
        words,
        title=words("title.register"),
        asked=words("register.asked", fixed=content["fixed"], moving=content["moving"]),
        how=how,
        headline=verdict(quality, words),
        found=_found(quality, words),
        sure=_sure(quality, words),
        next=[words(f"register.next.{'failed' if quality['failed'] else 'look'}")],
        note=words("register.pictures.note"),
        pictures=[
            {
                "tag": words(f"register.{name}"),
                "caption": "",
                "png": base64.b64encode(png).decode("ascii"),
            }
            for name, png in pictures.items()
        ],
        numbers=_numbers(quality, words),
        provenance=[
            (words("created"), content["created"]),
            (words("register.fixed"), content["fixed"]),
            (words("register.moving"), content["moving"]),
            *flattened(content["versions"]),
        ],
    )


def verdict(quality: JsonDict, words: Words) -> str:
    """Whether a registration may be used, in a sentence."""
    if quality["failed"]:
        return words("register.failed")
    return words("register.ok", share=_percent(quality["places_fitting"]), n=quality["places"])


def reason(quality: JsonDict, words: Words) -> str:
    """Why a registration failed; "" where it did not."""
    if not quality["failed"]:
        return ""
    return words(
        f"register.reason.{quality['reason']}",
        covered=_percent(quality["covered"]),
        share=_percent(quality["places_fitting"]),
        n=quality["places"],
        inverse=_length(quality["inverse_mm"]),
    )


def _found(quality: JsonDict, words: Words) -> list[str]:
    if quality["failed"]:
        return [reason(quality, words)]
    mean, most = (_length(quality[name]) for name in ("displacement_mm", "largest_displacement_mm"))
    return [words("register.moved", mean=mean, most=most)]


def _sure(quality: JsonDict, words: Words) -> list[str]:
    told = [words("register.sure.blind")]
    if quality["place_error_mm"] is None:
        return told
    places = words(
        "register.sure.places",
        error=_length(quality["place_error_mm"]),
        step=_length(quality["place_step_mm"]),
        chance=_percent(quality["chance"]),
    )
    return [places, words("register.sure.both_ways", inverse=_length(quality["inverse_mm"])), *told]


def _numbers(quality: JsonDict, words: Words) -> list[tuple[str, str]]:
    def plain(name: str) -> str:
        return UNDEFINED if quality[name] is None else format_plain(quality[name])

    rows = [
        ("similarity", f"{plain('similarity_before')} → {plain('similarity_after')}"),
        ("overlap", plain("overlap")),
        ("covered", _percent(quality["covered"])),
        (
            "displacement",
            f"{_length(quality['displacement_mm'])} / {_length(quality['largest_displacement_mm'])}",
        ),
        ("inverse", _length(quality["inverse_mm"])),
        ("starts", f"{quality['agreeing']} / {quality['starts']}"),
        ("places", f"{_percent(quality['places_fitting'])} ({quality['places']})"),
    ]
    if quality["least_jacobian"] is not None:
        rows.append(("jacobian", f"{plain('least_jacobian')} / {plain('most_jacobian')}"))
    return [(words(f"register.{name}"), text) for name, text in rows]


def _percent(share: float | None) -> str:
    return UNDEFINED if share is None else f"{100 * share:.0f} %"


def _length(mm: float | None) -> str:
    return UNDEFINED if mm is None else format_length(mm)
