"""Cache: every case preprocessed once, kept as memory-mapped arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from scanwright.data.case import Case, SetAside
from scanwright.data.plan import Plan
from scanwright.errors import OutputError, ScanwrightError, SettingsError
from scanwright.io.files import naming_full_disks, write_whole
from scanwright.tasks.base import Example, Task
from scanwright.types import AnyArray, IntArray, Progress

PLACES_PER_CLASS = 4000
# Whole images below this are kept in memory: thousands of tiny mapped files would be slow.
SMALL_BYTES = 1 << 18


def prepare_examples(
    cases: Sequence[Case], task: Task, plan: Plan, folder: Path, progress: Progress
) -> tuple[dict[str, Example], list[SetAside]]:
    """Preprocess cases, or take them from the cache; what fails is set aside with the reason.

    The key of a cached case holds everything of the plan that preprocessing depends on.

    Raises:
        OutputError: the disk is full.
        SettingsError: a case refuses to be read, as it is not the one that was planned with.
    """
    key = _key(task, plan)
    examples: dict[str, Example] = {}
    set_aside: list[SetAside] = []
    for done, case in enumerate(cases):
        progress("Preparing", done, len(cases), case.name)
        stem = folder / hashlib.sha256(f"{key}/{case.name}".encode()).hexdigest()[:24]
        try:
            examples[case.name] = _load(stem) or _make(stem, case, task, plan)
        except (OutputError, SettingsError):
            raise  # a full disk or other data are no fault of the case; what was prepared stays for --resume
        except (ScanwrightError, MemoryError) as error:
            if isinstance(error, MemoryError):
                error = ScanwrightError(
                    "it does not fit into memory when prepared",
                    subject=case.name,
                    do="Plan a coarser grid: --set spacing_mm=…, or other minutes.",
                )
            set_aside.append(SetAside(case.name, "prepare", str(error)))
    progress("Preparing", len(cases), len(cases), "")
    return examples, set_aside


def _key(task: Task, plan: Plan) -> str:
    plain = plan.to_json()
    parts = ("dims", "channels", "classes", "label_values", "enhance", "spacing_mm", "longest_side")
    return json.dumps(
        [task.name, *(plain[name] for name in parts), None if plan.is_tiled else plan.patch_voxels]
    )


def _make(stem: Path, case: Case, task: Task, plan: Plan) -> Example:
    example = task.encode(case, plan)
    if example.image.nbytes < SMALL_BYTES and not plan.is_tiled:
        return example
    parts = {} if example.near is None else {"near": example.near}
    for part, array in {**parts, "target": example.target, "image": example.image}.items():
        write_whole(stem.with_suffix(f".{part}.npy"), partial(save_array, array))
    made = _load(stem)
    return made if made is not None else example


def save_array(array: AnyArray, path: Path) -> None:
    """As ``np.save`` does; but that one loses the system's word for a full disk."""
    plain = np.asarray(array, order="C")  # ascontiguousarray would give a single number an axis
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(plain))
        stream.write(plain.reshape(-1).view(np.uint8).data)


def _load(stem: Path) -> Example | None:
    paths = [stem.with_suffix(f".{part}.npy") for part in ("image", "target")]
    if not all(path.is_file() for path in paths):
        return None
    with naming_full_disks(stem):
        image, target = (np.load(path, mmap_mode="r", allow_pickle=False) for path in paths)
        near = stem.with_suffix(".near.npy")
        drawn = np.load(near, mmap_mode="r", allow_pickle=False) if near.is_file() else None
    return Example(image, target, _places(target), drawn)


def _places(target: AnyArray) -> dict[int, IntArray]:
    """Class → flat indices of some of its voxels. Of the connected parts, each gives as many as the root of
    its size: were it the size itself, a large lesion would leave no patch to a small one beside it."""
    places: dict[int, IntArray] = {}
    if target.ndim < 3:  # no mask
        return places
    for index, box in enumerate(ndimage.find_objects(np.asarray(target)), start=1):
        if box is not None:
            parts, _ = ndimage.label(target[box] == index)
            inside = np.flatnonzero(parts)
            inside = inside[np.argsort(parts.ravel()[inside], kind="stable")]
            sizes = np.bincount(parts.ravel())[1:]
            shares = np.sqrt(sizes) / np.sqrt(sizes).sum()
            chosen = [
                inside[
                    np.linspace(
                        end - size, end, max(1, int(PLACES_PER_CLASS * share)), endpoint=False, dtype=int
                    )
                ]
                for size, end, share in zip(sizes, np.cumsum(sizes), shares, strict=True)
            ]
            within = np.unravel_index(np.concatenate(chosen), parts.shape)
            whole = [axis + side.start for axis, side in zip(within, box, strict=True)]
            places[index] = np.ravel_multi_index(whole, target.shape)
    return places
