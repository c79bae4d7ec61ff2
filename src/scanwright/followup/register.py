"""What ``scanwright.register`` does: one image onto the grid of another, with a verdict."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from scanwright.data.case import Case
from scanwright.data.volume import Volume
from scanwright.errors import SettingsError
from scanwright.followup.planes import cut_planes
from scanwright.followup.sources import on_grid_of, one_case
from scanwright.io.apart import keep_apart
from scanwright.io.dataset import open_inputs
from scanwright.io.files import claim_folder, kept_if_filled, write_json, write_text, write_whole
from scanwright.io.formats.nifti import save_nifti
from scanwright.registration import KINDS, Registration, resample_onto, write_field, write_tfm
from scanwright.registration import register as find_map
from scanwright.registration.grid import affine_of
from scanwright.report.laid_pictures import compared_picture
from scanwright.report.registration import render_registration
from scanwright.report.texts import Words
from scanwright.types import JsonDict, PathLikeStr, Progress, silent

RECORD, PAGE, IMAGE = "registration.json", "register.html", "registered.nii.gz"
LINEAR, FIELD = "registration.tfm", "field.nii.gz"
FILES = (RECORD, PAGE, IMAGE, LINEAR, FIELD)


@dataclass(frozen=True, eq=False)
class Registered:
    """What ``register`` gave.

    Attributes:
        registration: where every place of the fixed image lies in the moving one.
        image: the moving image on the grid of the fixed one.
        content: what ``registration.json`` holds.
    """

    registration: Registration
    image: Volume
    content: JsonDict

    @property
    def failed(self) -> bool:
        """Whether it is not to be used; ``content["quality"]`` says why."""
        return self.registration.quality.failed


def register(
    fixed: PathLikeStr,
    moving: PathLikeStr,
    out: PathLikeStr | None = None,
    *,
    kind: str = "rigid",
    mask: PathLikeStr | None = None,
    seed: int = 0,
    series: str | None = None,
    moving_series: str | None = None,
    lang: str = "en",
    overwrite: bool = False,
    progress: Progress = silent,
) -> Registered:
    """Lay an image on another of the same patient, of another date or modality. Needs no torch.

    Args:
        fixed: an image or a DICOM series, onto whose grid the other is brought.
        moving: the other one.
        out: where the page, ``registration.json``, the image and the transform go (of a failed registration
            only the first two); ``None`` writes nothing.
        kind: "rigid", "affine" or "deformable".
        mask: on the grid of the fixed image: only there are the images compared.
        seed: see ``registration.register``.
        series, moving_series: of DICOM exports, see ``predict``.
        lang: language of the page, "en" or "zh".
        overwrite: replace an earlier registration in ``out``.
        progress: told how far it is.

    Raises:
        DataError: an image can't be read or does not say where it lies; a mask on another grid.
        OutputError, SettingsError: see the message.
    """
    Words(lang)
    if kind not in KINDS:
        raise SettingsError("no such registration", expected=", ".join(KINDS), received=f"kind={kind}")
    cases = one_case(fixed, series), one_case(moving, moving_series)
    still, moved = (case.image.read() for case in cases)
    compared = None if mask is None else on_grid_of(still, mask)
    folder = None
    if out is not None:
        for source, chosen in ((fixed, series), (moving, moving_series)):
            keep_apart(Path(out), open_inputs(source, series=chosen))
        folder = claim_folder(out, overwrite=overwrite, own=FILES)
    with _kept(folder):
        found = find_map(still, moved, kind, fixed_mask=compared, seed=seed, progress=progress)
        content = _content(cases, mask, found, seed)
        result = Registered(found, resample_onto(moved, still, found), content)
        if folder is not None:
            _write(result, still, moved, folder, lang)
    return result


@contextmanager
def _kept(folder: Path | None) -> Iterator[None]:
    if folder is None:
        yield
    else:
        with kept_if_filled(folder):
            yield


def _content(cases: tuple[Case, Case], mask: PathLikeStr | None, found: Registration, seed: int) -> JsonDict:
    return {
        "schema_version": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "fixed": cases[0].name,
        "moving": cases[1].name,
        "mask": None if mask is None else Path(os.fspath(mask)).name,
        "kind": found.kind,
        "seed": seed,
        "affine_ras": found.affine_ras.tolist(),
        "field": FIELD if found.field_ras_mm is not None and not found.quality.failed else None,
        "quality": found.quality.to_json(),
        "versions": {name: version(name) for name in ("scanwright", "numpy", "scipy", "SimpleITK")},
    }


def _write(result: Registered, fixed: Volume, moving: Volume, folder: Path, lang: str) -> None:
    """Of a failed registration only the page and the record: nobody can use the image by mistake."""
    found = result.registration
    pictures = {
        name: compared_picture([(plane, resample_onto(moving, plane, one)) for plane in cut_planes(fixed)])
        for name, one in (("before", Registration.by_headers()), ("after", found))
    }
    if not result.failed:
        array, affine_ras = result.image.array, affine_of(result.image)
        stored = array[0] if len(array) == 1 else np.moveaxis(array, 0, -1)
        write_whole(folder / IMAGE, partial(save_nifti, array=stored, affine_ras=affine_ras))
        write_whole(folder / LINEAR, partial(write_tfm, found))
        if found.field_ras_mm is not None:
            write_whole(folder / FIELD, partial(write_field, found))
    write_text(folder / PAGE, render_registration(result.content, pictures, lang))
    write_json(folder / RECORD, result.content)
