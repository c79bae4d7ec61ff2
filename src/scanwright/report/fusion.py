"""The page of ``fuse``: images over one another."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from scanwright.report.page import render
from scanwright.report.registration import verdict
from scanwright.report.rounding import format_plain
from scanwright.report.tables import flattened
from scanwright.report.texts import Words
from scanwright.types import JsonDict


def render_fusion(content: JsonDict, pictures: Mapping[str, bytes], stack: str, lang: str = "en") -> str:
    """Images over one another as one HTML page: no network, no script, light and dark.

    Args:
        content: as in ``fuse.json``.
        pictures: name of the image in colour → PNG.
        stack: name of the file that holds all as channels.
        lang: "en" or "zh".

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    base, *others = content["channel_names"].values()
    names = words("comma").join((base, *others))
    by_headers = content["by"] == "headers"
    found = [words("fuse.stack", file=stack, names=names)]
    found += [words("fuse.set_aside", name=one["case"], reason=one["reason"]) for one in content["set_aside"]]
    fits = [f"{name}: {verdict(quality, words)}" for name, quality in content["quality"].items() if quality]
    return render(
        "register.html",
        words,
        title=words("title.fuse"),
        asked=words("fuse.asked", names=names),
        how=[words("fuse.by.headers") if by_headers else words("fuse.by.registration", kind=content["by"])],
        headline=words("fuse.found", n=len(others) + 1, base=base),
        found=found,
        sure=[*fits, words("fuse.sure")],
        next=[words("fuse.next.look")],
        note="",
        pictures=[
            {
                "tag": words("fuse.shows", top=name, base=base),
                "caption": words(
                    "fuse.opacity",
                    top=name,
                    base=base,
                    low=format_plain(content["windows"][name][0]),
                    high=format_plain(content["windows"][name][1]),
                    opacity=content["opacity_percent"],
                ),
                "png": base64.b64encode(png).decode("ascii"),
            }
            for name, png in pictures.items()
        ],
        numbers=[],
        provenance=[(words("created"), content["created"]), *flattened(content["versions"])],
    )
