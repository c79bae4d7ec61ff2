"""What ``scanwright.fuse`` does: images of one patient on one grid, over one another and as channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from scanwright.core.foreground import body
from scanwright.data.case import Case, SetAside
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.followup.planes import cut_planes
from scanwright.io.apart import keep_apart
from scanwright.io.dataset import open_inputs
from scanwright.io.failures_csv import write_failures
from scanwright.io.files import claim_folder, kept_if_filled, write_bytes, write_json, write_text, write_whole
from scanwright.io.formats.nifti import save_nifti
from scanwright.registration import KINDS, Registration, register, resample_onto
from scanwright.registration.grid import affine_of
from scanwright.report.fusion import render_fusion
from scanwright.report.laid_pictures import OPACITY_PERCENT, fused_picture
from scanwright.report.registration import reason
from scanwright.report.texts import Words
from scanwright.types import JsonDict, PathLikeStr, Progress, silent

RECORD, PAGE, STACK, FAILURES, PICTURES = "fuse.json", "fuse.html", "stack.nii.gz", "failures.csv", "pictures"
BY_HEADERS = "headers"
MOST_IMAGES = 8
CLEAR, OPAQUE = 50.0, 99.5
"""Percentiles of the body between which an image laid over another appears."""


@dataclass(frozen=True, eq=False)
class Fused:
    """What ``fuse`` gave.

    Attributes:
        stack: all images as channels on the grid of the first.
        names: of the channels.
        pictures: name of an image → PNG of it over the first.
        set_aside: images that were left out, and why.
        content: what ``fuse.json`` holds.
    """

    stack: Volume
    names: tuple[str, ...]
    pictures: dict[str, bytes]
    set_aside: tuple[SetAside, ...]
    content: JsonDict


def fuse(
    images: Sequence[PathLikeStr],
    out: PathLikeStr | None = None,
    *,
    by: str = BY_HEADERS,
    seed: int = 0,
    series: str | None = None,
    lang: str = "en",
    overwrite: bool = False,
    progress: Progress = silent,
) -> Fused:
    """Lay images of one patient over one another: PET on CT, one MR sequence on another. Needs no torch.

    Args:
        images: images, DICOM series or exports; the first gives the grid and is shown in grey.
        out: where pictures, the stack of channels, ``fuse.html``, ``fuse.json`` and ``failures.csv`` go;
            ``None`` writes nothing.
        by: "headers", or how each is registered onto the first: "rigid", "affine", "deformable".
        seed: see ``registration.register``.
        series: of DICOM exports, see ``predict``.
        lang: language of the page, "en" or "zh".
        overwrite: replace an earlier fusion in ``out``.
        progress: told after every image.

    Raises:
        DataError: fewer than two images, or none but the first can be laid on its grid.
        OutputError, SettingsError: see the message.
    """
    Words(lang)
    if by not in (BY_HEADERS, *KINDS):
        raise SettingsError(
            "no such way to lay images on one another",
            expected=", ".join((BY_HEADERS, *KINDS)),
            received=f"register={by}",
        )
    cases = _cases(images, series, out)
    base = cases[0].image.read()
    names = _names(cases)
    folder = None
    if out is not None:
        folder = claim_folder(out, overwrite=overwrite, own=(RECORD, PAGE, STACK, FAILURES, PICTURES))
    laid: dict[str, Volume] = {names[0]: base}
    qualities: dict[str, JsonDict] = {}
    left: list[SetAside] = []
    for done, (name, case) in enumerate(zip(names[1:], cases[1:], strict=True)):
        progress("Fusing", done, len(cases) - 1)
        try:
            laid[name], qualities[name] = _laid(base, case, by, seed)
        except DataError as error:
            left.append(SetAside(case.name, "fuse", str(error)))
    progress("Fusing", 1, 1)
    if len(laid) < 2:
        raise DataError("no image can be laid on the first", received="; ".join(map(str, left)))
    result = _fused(laid, qualities, left, by, seed)
    if folder is not None:
        with kept_if_filled(folder):
            _write(result, folder, lang)
    return result


def _cases(images: Sequence[PathLikeStr], series: str | None, out: PathLikeStr | None) -> list[Case]:
    cases: list[Case] = []
    for image in images:
        dataset = open_inputs(image, series=series)
        if out is not None:
            keep_apart(Path(out), dataset)
        cases += dataset.cases
    if not 2 <= len(cases) <= MOST_IMAGES:
        raise DataError(
            "images are laid over one another a few at a time",
            expected=f"2 to {MOST_IMAGES}",
            received=str(len(cases)),
            do="Name each image, or choose among series with --series.",
        )
    return cases


def _names(cases: Sequence[Case]) -> list[str]:
    """The modality of each where they differ by it, else its own name; never two of one name."""
    modalities = [case.facts.get("modality", "") for case in cases]
    told = modalities if all(modalities) and len(set(modalities)) == len(cases) else None
    names = told or [case.name.replace("/", "_") for case in cases]
    return [name if names.count(name) == 1 else f"{name}_{n + 1}" for n, name in enumerate(names)]


def _laid(base: Volume, case: Case, by: str, seed: int) -> tuple[Volume, JsonDict]:
    """An image on the grid of the first, and how well it fits there.

    Raises:
        DataError: it can't be read, the registration failed, or the two do not overlap.
    """
    image = case.image.read()
    if by == BY_HEADERS:
        found = Registration.by_headers()
    else:
        found = register(base, image, by, seed=seed)
        if found.quality.failed:
            raise DataError("the registration failed", do=reason(found.quality.to_json(), Words("en")))
    inside = Volume(np.ones((1, *image.shape), dtype=np.uint8), affine_ras=image.affine_ras)
    if not resample_onto(inside, base, found, order=0, outside=0.0).array.any():
        raise DataError(Words("en")("fuse.apart"))
    first = Volume(image.array[:1], affine_ras=image.affine_ras, modality=image.modality)
    return resample_onto(first, base, found), {} if by == BY_HEADERS else found.quality.to_json()


def _fused(
    laid: dict[str, Volume], qualities: dict[str, JsonDict], left: list[SetAside], by: str, seed: int
) -> Fused:
    names = tuple(laid)
    base = laid[names[0]]
    windows = {name: _window(laid[name]) for name in names[1:]}
    grey = cut_planes(base)
    pictures = {
        name: fused_picture(
            [(plane, cut) for plane, cut in zip(grey, _same(laid[name], base), strict=True)], windows[name]
        )
        for name in names[1:]
    }
    array = np.concatenate([laid[name].array[:1].astype(np.float32) for name in names])
    content = {
        "schema_version": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": by,
        "seed": seed,
        "channel_names": {str(n): name for n, name in enumerate(names)},
        "opacity_percent": OPACITY_PERCENT,
        "windows": {name: list(window) for name, window in windows.items()},
        "quality": qualities,
        "set_aside": [{"case": one.case, "reason": one.reason} for one in left],
        "versions": {name: version(name) for name in ("scanwright", "numpy", "scipy", "SimpleITK")},
    }
    return Fused(Volume(array, affine_ras=base.affine_ras), names, pictures, tuple(left), content)


def _same(image: Volume, base: Volume) -> list[Volume]:
    """The planes of an image that those of the base are: it lies on the same grid."""
    return [resample_onto(image, plane, Registration.by_headers()) for plane in cut_planes(base)]


def _window(image: Volume) -> tuple[float, float]:
    values = image.array[0][body(image.array)]
    low, high = np.percentile(values if len(values) else image.array, [CLEAR, OPAQUE])
    return float(low), float(high if high > low else low + 1.0)


def _write(result: Fused, folder: Path, lang: str) -> None:
    stored = np.moveaxis(result.stack.array, 0, -1)
    write_whole(folder / STACK, partial(save_nifti, array=stored, affine_ras=affine_of(result.stack)))
    (folder / PICTURES).mkdir(exist_ok=True)
    for name, png in result.pictures.items():
        write_bytes(folder / PICTURES / f"{name}-on-{result.names[0]}.png", png)
    write_failures(folder / FAILURES, result.set_aside)
    write_text(folder / PAGE, render_fusion(result.content, result.pictures, STACK, lang))
    write_json(folder / RECORD, result.content)
