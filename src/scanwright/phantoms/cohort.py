"""Cohort: many phantoms on disk as an unsorted DICOM export with masks, a manifest and the known truth."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import nibabel
import numpy as np
from PIL import Image
from scipy import ndimage

from scanwright.data.volume import Volume
from scanwright.errors import OutputError, SettingsError
from scanwright.phantoms.export import series_uid, write_series
from scanwright.phantoms.phantom import Phantom, make_phantom
from scanwright.phantoms.settings import SMALL_LESIONS, PhantomSettings, Scanner
from scanwright.types import PathLikeStr

Progress = Callable[[int, int], None]
Row: TypeAlias = dict[str, str | int | float]

_README = """This export was made by a phantom generator. No patient was imaged.
Research use only, not for diagnosis.
"""


@dataclass(frozen=True)
class Cohort:
    """What was written.

    Attributes:
        root: the folder.
        manifest: manifest.csv, to open the cohort with.
        truth: truth.json, the known lesions of each case.
        n_patients: how many patients.
        n_healthy: how many of them without lesions.
        n_lesions: how many lesions in all.
    """

    root: Path
    manifest: Path
    truth: Path
    n_patients: int
    n_healthy: int
    n_lesions: int


def make_cohort(
    n_patients: int = 40, *, seed: int = 0, settings: PhantomSettings | None = None
) -> Iterator[Phantom]:
    """The phantoms of a cohort, one after the other; the healthy ones are a fixed share, at least one.

    Args:
        n_patients: how many.
        seed: the source of chance; patient n of a seed is the same however many follow.
        settings: of the cohort; defaults to ``PhantomSettings()``.

    Raises:
        SettingsError: ``n_patients`` is below 1.
    """
    chosen = settings or PhantomSettings()
    if n_patients < 1:
        raise SettingsError(
            "a cohort needs patients", subject="n_patients", expected="1 or more", received=str(n_patients)
        )
    for index in range(n_patients):
        yield make_phantom(
            (seed, index),
            settings=chosen,
            healthy=_is_healthy(index, seed, chosen.healthy_share),
            scanner=_scanner_of(index, seed, chosen.scanners),
        )


def write_cohort(
    out: PathLikeStr,
    n_patients: int = 40,
    *,
    seed: int = 0,
    settings: PhantomSettings | None = None,
    progress: Progress | None = None,
) -> Cohort:
    """Write a cohort of phantoms as an unsorted DICOM export.

    ``out`` then holds ``manifest.csv`` (case, patient, date, site, image = SeriesInstanceUID, mask, and facts
    of the lesions), ``dataset.json`` (the name of the label), ``dicom/`` (slices of all patients under random
    names in nested folders, and stray files of other kinds), ``masks/`` (NIfTI, named by SeriesInstanceUID,
    lesion = 1), ``lesions.csv`` and ``truth.json`` (the known lesions).

    Args:
        out: a folder that does not exist or is empty.
        n_patients: how many.
        seed: the source of chance.
        settings: of the cohort; defaults to ``PhantomSettings()``.
        progress: called after each patient with (written so far, in all).

    Raises:
        OutputError: the folder holds something, or cannot be written.
        SettingsError: ``n_patients`` is below 1.
    """
    with _writing(Path(out)) as root:
        return _write(root, n_patients, seed, settings or PhantomSettings(), progress)


def write_boxed_cohort(
    out: PathLikeStr,
    n_patients: int = 40,
    *,
    seed: int = 0,
    settings: PhantomSettings = SMALL_LESIONS,
    progress: Progress | None = None,
) -> Cohort:
    """Write a cohort for detectors: NIfTI images and a box around the voxels of each lesion.

    ``out`` then holds ``manifest.csv`` (case, patient, date, site, image, boxes, and facts of the lesions),
    ``images/``, ``boxes.csv`` (case, class, corners in voxels, diameter_mm), ``lesions.csv`` and
    ``truth.json``.

    Args:
        out: a folder that does not exist or is empty.
        n_patients: how many.
        seed: the source of chance.
        settings: of the cohort.
        progress: called after each patient with (written so far, in all).

    Raises:
        OutputError: the folder holds something, or cannot be written.
        SettingsError: ``n_patients`` is below 1.
    """
    with _writing(Path(out)) as root:
        return _write_boxed(root, n_patients, seed, settings, progress)


@contextmanager
def _writing(root: Path) -> Iterator[Path]:
    """A new folder to write into."""
    try:
        if root.exists() and any(root.iterdir()):
            raise OutputError("the folder is not empty", subject=str(root), do="Name a new folder.")
        yield root
    except OSError as error:
        raise OutputError(f"the cohort cannot be written ({error.strerror})", subject=str(root)) from error


def _write(
    root: Path, n_patients: int, seed: int, settings: PhantomSettings, progress: Progress | None
) -> Cohort:
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0xD1C0)))
    folders = _make_folders(root, rng, n_patients)
    (root / "masks").mkdir(parents=True)
    rows: list[Row] = []
    truth: dict[str, object] = {}
    for index, phantom in enumerate(make_cohort(n_patients, seed=seed, settings=settings)):
        series = series_uid(seed, index)
        mask = f"masks/{series}.nii.gz"
        # A study is spread over a few folders, as exports that fill folders by number of files do.
        some = [folders[i] for i in rng.choice(len(folders), size=min(3, len(folders)), replace=False)]
        write_series(phantom, series, some, rng)
        _write_volume(root / mask, phantom.mask)
        if index == 0:
            _write_thumbnail(some[0] / "preview.jpg", phantom)
        case = f"case_{index + 1:03d}"
        rows.append(_manifest_row(case, phantom, image=series, mask=mask))
        truth[case] = _truth_of(series, phantom)
        if progress is not None:
            progress(index + 1, n_patients)
    (folders[-1] / "README.txt").write_text(_README, encoding="utf-8")
    names = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "lesion": 1}}
    (root / "dataset.json").write_text(json.dumps(names, indent=1), encoding="utf-8")
    return _finish(root, seed, settings, rows, truth)


def _write_boxed(
    root: Path, n_patients: int, seed: int, settings: PhantomSettings, progress: Progress | None
) -> Cohort:
    (root / "images").mkdir(parents=True)
    rows: list[Row] = []
    boxes: list[Row] = []
    truth: dict[str, object] = {}
    for index, phantom in enumerate(make_cohort(n_patients, seed=seed, settings=settings)):
        case = f"case_{index + 1:03d}"
        image = f"images/{case}.nii.gz"
        _write_volume(root / image, phantom.image)
        rows.append(_manifest_row(case, phantom, image=image, boxes="boxes.csv"))
        boxes += _box_rows(case, phantom)
        truth[case] = _truth_of(image, phantom)
        if progress is not None:
            progress(index + 1, n_patients)
    _write_table(root / "boxes.csv", boxes, _BOX_COLUMNS)
    return _finish(root, seed, settings, rows, truth)


def _box_rows(case: str, phantom: Phantom) -> Iterator[Row]:
    """A row for each lesion that has a voxel, half-open in voxels."""
    places = ndimage.find_objects(phantom.instances.array[0])
    for lesion, place in zip(phantom.lesions, places, strict=False):
        if place is not None:
            corners = [*(axis.start for axis in place), *(axis.stop for axis in place)]
            values = (case, "lesion", *corners, round(lesion.diameter_mm, 3))
            yield dict(zip(_BOX_COLUMNS, values, strict=True))


def _finish(
    root: Path, seed: int, settings: PhantomSettings, rows: list[Row], truth: dict[str, object]
) -> Cohort:
    _write_table(root / "manifest.csv", rows)
    _write_table(root / "lesions.csv", _lesion_rows(truth), _LESION_COLUMNS)
    document = {"schema_version": 1, "seed": seed, "settings": asdict(settings), "cases": truth}
    (root / "truth.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    return Cohort(
        root=root,
        manifest=root / "manifest.csv",
        truth=root / "truth.json",
        n_patients=len(rows),
        n_healthy=sum(1 for row in rows if row["lesions"] == 0),
        n_lesions=sum(int(row["lesions"]) for row in rows),
    )


def _is_healthy(index: int, seed: int, share: float) -> bool:
    """True for a share of the patients, spread evenly, so that every long enough cohort has some."""
    if share <= 0.0:
        return False
    # An even sequence with a start of its own: patient n does not depend on how many follow.
    start = float(np.random.default_rng((seed, 0xEA)).uniform(0.2, 0.9))
    return int((index + 1) * share + start) > int(index * share + start)


def _scanner_of(index: int, seed: int, scanners: tuple[Scanner, ...]) -> Scanner:
    """Each run of as many patients as there are scanners uses each once, in an order of its own."""
    # Plain turns would tie the scanner to whatever else repeats with the index, health for one.
    turn, place = divmod(index, len(scanners))
    order = np.random.default_rng((seed, 0x5CA, turn)).permutation(len(scanners))
    return scanners[int(order[place])]


def _make_folders(root: Path, rng: np.random.Generator, n_patients: int) -> list[Path]:
    folders = []
    for _ in range(max(3, n_patients // 4)):
        depth = int(rng.integers(1, 4))
        names = [f"{int(rng.integers(0, 16**4)):04X}" for _ in range(depth)]
        folder = root.joinpath("dicom", *names)
        folder.mkdir(parents=True, exist_ok=True)
        folders.append(folder)
    return folders


def _write_volume(path: Path, volume: Volume) -> None:
    image = nibabel.Nifti1Image(volume.array[0], volume.affine_ras)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


def _write_thumbnail(path: Path, phantom: Phantom) -> None:
    middle = phantom.image.array[0, :, :, phantom.image.shape[2] // 2].T.astype(np.float32)
    grey = np.clip((middle + 160.0) / 400.0, 0.0, 1.0) * 255.0
    Image.fromarray(grey.astype(np.uint8)).save(path, quality=80)


def _manifest_row(case: str, phantom: Phantom, **files: str) -> Row:
    largest = max((lesion.diameter_mm for lesion in phantom.lesions), default=0.0)
    return {
        "case": case,
        "patient": phantom.patient,
        "date": phantom.day.isoformat(),
        "site": phantom.scanner.name,
        **files,
        "lesions": len(phantom.lesions),
        "largest_mm": round(largest, 1),
        "organs": " ".join(sorted({lesion.organ for lesion in phantom.lesions})),
        "kernel": phantom.scanner.kernel,
    }


def _truth_of(series: str, phantom: Phantom) -> dict[str, object]:
    return {
        "patient": phantom.patient,
        "image": series,
        "spacing_mm": phantom.image.spacing_mm,
        "lesions": [asdict(lesion) for lesion in phantom.lesions],
    }


def _lesion_rows(truth: dict[str, object]) -> list[Row]:
    rows: list[Row] = []
    for case, known in truth.items():
        lesions = known["lesions"] if isinstance(known, dict) else []
        for lesion in lesions:
            x, y, z = (round(value, 3) for value in lesion["centre_mm"])
            rows.append(
                {
                    "case": case,
                    "lesion": lesion["number"],
                    "organ": lesion["organ"],
                    "x_mm": x,
                    "y_mm": y,
                    "z_mm": z,
                    "diameter_mm": round(lesion["diameter_mm"], 3),
                    "volume_mm3": round(lesion["volume_mm3"], 2),
                    "hu": round(lesion["hu"], 1),
                    "voxels": lesion["voxels"],
                }
            )
    return rows


_LESION_COLUMNS = [
    "case",
    "lesion",
    "organ",
    "x_mm",
    "y_mm",
    "z_mm",
    "diameter_mm",
    "volume_mm3",
    "hu",
    "voxels",
]


_BOX_COLUMNS = ["case", "class", "i_lo", "j_lo", "k_lo", "i_hi", "j_hi", "k_hi", "diameter_mm"]


def _write_table(path: Path, rows: list[Row], columns: list[str] | None = None) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=columns or list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
