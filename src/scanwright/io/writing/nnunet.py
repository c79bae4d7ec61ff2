"""Target: nnU-Net raw (version 2). imagesTr, labelsTr, imagesTs, labelsTs, dataset.json, and a manifest.csv.

nnU-Net has no place for patients and facts, and none for a validation set: the manifest holds them, and
nnU-Net leaves it alone. Format: nnunetv2, documentation/dataset_format.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.files import write_json
from scanwright.io.image import read_image
from scanwright.io.layouts.description import FILE_NAME
from scanwright.io.masks import write_mask
from scanwright.io.writing.case import Loaded, Place, Written
from scanwright.io.writing.manifest import tie
from scanwright.io.writing.manifest_csv import FILES
from scanwright.io.writing.names import distinct, for_files
from scanwright.io.writing.target import Target, channel_names

_IGNORE = "ignore"  # nnU-Net's name for voxels without truth; it demands the largest value for them


def _places(dataset: Dataset) -> dict[str, Place]:
    names = distinct({case.name: case.name for case in dataset.cases}, for_files)
    side = {case.name: "Ts" if case.split == "test" else "Tr" for case in dataset.cases}
    return {
        case: Place(partial(_images, side[case], name), f"labels{side[case]}/{name}")
        for case, name in names.items()
    }


def _images(side: str, name: str, n_files: int) -> list[str]:
    return [f"images{side}/{name}_{channel:04d}" for channel in range(n_files)]


def _check(loaded: Loaded) -> None:
    if loaded.mask is None:
        raise DataError("the case has no mask, and nnU-Net needs one")


def _alike(one: Written) -> Hashable:
    return one.ending, one.n_channels, len(one.images)


def _finish(folder: Path, dataset: Dataset, written: Sequence[Written]) -> tuple[str, ...]:
    before = _values_in_order(dataset, written)
    numbers = {value: number for number, value in enumerate(before)}
    changed = {value: number for value, number in numbers.items() if value != number}
    if changed:
        for one in written:
            _renumber(folder / one.mask, numbers)
    names = label_names(dataset, before)
    channels = channel_names(dataset, written)
    tie(folder, replace(dataset, channels=channels, class_names={}), written)
    description = {
        "channel_names": {str(number): name for number, name in enumerate(channels)},
        "labels": {names[value]: number for value, number in numbers.items()},
        "numTraining": sum(one.case.split != "test" for one in written),
        "file_ending": written[0].ending,
    }
    if changed:
        # nnU-Net leaves keys that it does not know alone.
        description["label_values_before"] = {names[value]: value for value in before}
    write_json(folder / FILE_NAME, description)
    notes = []
    if changed:
        said = ", ".join(f"{value} → {number}" for value, number in list(changed.items())[:8])
        notes.append(f"label values are consecutive, as nnU-Net demands: {said}")
    if any(one.case.split == "val" for one in written):
        notes.append("nnU-Net draws its own folds: cases of the validation set lie in imagesTr")
    return tuple(notes)


def _values_in_order(dataset: Dataset, written: Sequence[Written]) -> list[int]:
    """0 for the background, then all values that are named or occur, "ignore" at the end."""
    named = {int(value): name for value, name in dataset.class_names.items() if _is_number(value)}
    values = {value for one in written for value in one.values} | named.keys()
    last = [value for value in values if value and named.get(value, "").lower() == _IGNORE][:1]
    return [0, *sorted(values - {0, *last}), *last]


def _is_number(value: str) -> bool:
    return value.lstrip("-").isdecimal()


def label_names(dataset: Dataset, values: Sequence[int]) -> dict[int, str]:
    """A name for each value, no two alike; 0 is "background"."""
    taken = {"background"}
    names = {0: "background"}
    for value in values:
        if value == 0:
            continue
        name = dataset.class_names.get(str(value), f"label {value}")
        if name in taken:
            name = f"{name} ({value})"
        taken.add(name)
        names[value] = name
    return names


def _renumber(path: Path, numbers: dict[int, int]) -> None:
    # As an image: reading masks would guess whether a picture is a drawing with smoothed edges.
    mask = read_image(path)
    values, places = np.unique(mask.array, return_inverse=True)
    new = np.array([numbers[int(value)] for value in values], np.int32)[places].reshape(mask.array.shape)
    write_mask(path, Volume(new.astype(np.min_scalar_type(int(new.max(initial=0)))), mask.affine_ras))


TARGET = Target(
    "nnunet",
    "nnU-Net raw",
    needs_masks=True,
    keeps_all=True,
    index=("imagesTr", "labelsTr", "imagesTs", "labelsTs", *FILES),
    places=_places,
    check=_check,
    alike=_alike,
    finish=_finish,
)
