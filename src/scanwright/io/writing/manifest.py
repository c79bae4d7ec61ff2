"""Target: images/, masks/ and a manifest.csv that ties them together. It can hold everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from scanwright.data.case import Case, Lazy
from scanwright.data.dataset import Dataset
from scanwright.io.image import read_channels
from scanwright.io.masks import read_mask
from scanwright.io.writing.case import Loaded, Place, Written
from scanwright.io.writing.manifest_csv import FILES, write_manifest
from scanwright.io.writing.names import distinct, for_files
from scanwright.io.writing.target import Target


def _places(dataset: Dataset) -> dict[str, Place]:
    names = distinct({case.name: case.name for case in dataset.cases}, for_files)
    return {case: Place(partial(_images, name), f"masks/{name}") for case, name in names.items()}


def _images(name: str, n_files: int) -> list[str]:
    return [f"images/{name}" + (f"_{channel:04d}" if n_files > 1 else "") for channel in range(n_files)]


def _takes_all(loaded: Loaded) -> None:
    """Every case that can be written at all."""


def tie(folder: Path, dataset: Dataset, written: Sequence[Written]) -> None:
    """Write the manifest.csv of cases that lie in a folder, and what belongs to it."""
    cases = [_as_read_back(folder, one) for one in written]
    write_manifest(folder, replace(dataset, source=str(folder), cases=tuple(cases)), cases)


def _as_read_back(folder: Path, one: Written) -> Case:
    first, *further = one.images
    paths = [folder / file for file in one.images]
    image = Lazy(first, partial(read_channels, paths, subjects=one.images), tuple(further))
    targets = {kind: target for kind, target in one.case.targets.items() if kind != "mask"}
    if one.mask:
        targets["mask"] = Lazy(one.mask, partial(read_mask, folder / one.mask, subject=one.mask))
    return replace(one.case, inputs={"image": image}, targets=targets)


def _finish(folder: Path, dataset: Dataset, written: Sequence[Written]) -> tuple[str, ...]:
    tie(folder, _with_channel_columns(dataset, written), written)
    return ()


def _with_channel_columns(dataset: Dataset, written: Sequence[Written]) -> Dataset:
    """Channel names stay only where they can be told apart as columns."""
    names = [name.strip() for name in dataset.channels]
    if len(written[0].images) > 1 and (len(set(names)) < len(names) or not all(names)):
        return replace(dataset, channels=())
    return dataset


def _n_files(one: Written) -> int:
    return len(one.images)


TARGET = Target(
    "manifest",
    "a manifest.csv",
    needs_masks=False,
    keeps_all=True,
    index=FILES,
    places=_places,
    check=_takes_all,
    alike=_n_files,
    finish=_finish,
)
