"""Masks that a table names: files of voxels, or DICOM objects (SEG, RTSTRUCT) that outline structures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from scanwright.data.case import Lazy
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.header import SUFFIXES, is_dicom, quietly, read_planes
from scanwright.io.dicom.labels import Labels, lazy_labels, notes_on, values_of
from scanwright.io.dicom.objects import read_object
from scanwright.io.dicom.painting import Grid
from scanwright.io.dicom.series import Series, read_grid
from scanwright.io.failures import reading
from scanwright.io.formats.table import suffix_of
from scanwright.io.layouts.nnunet import lazy_mask
from scanwright.io.layouts.series_masks import lazy_series_mask
from scanwright.io.notes import listed


class MaskFiles:
    """The masks of all rows of a table, so that a structure has one value in all of them.

    Attributes:
        class_names: value in the masks → name; of the structures, unless the values have names already.
        n_objects: how many of them are DICOM objects.
    """

    def __init__(self, root: Path, files: Iterable[str], class_names: Mapping[str, str]) -> None:
        """Read what the objects among the files outline.

        Args:
            root: what paths are relative to.
            files: of all rows; those that do not exist are passed over.
            class_names: value → name, as the data say; empty where they don't.
        """
        self._root = root
        self._labels: dict[str, Labels | DataError] = {}
        self._has_voxels = False
        for file in files:
            if not (root / file).exists():
                continue  # said by those who need it
            try:
                labels = _read_labels(root / file, file)
            except DataError as error:
                self._labels[file] = error
                continue
            if labels is not None:
                self._labels[file] = labels
            else:
                self._has_voxels = True
        named = {name.casefold(): int(value) for value, name in class_names.items() if value.isdecimal()}
        known = [one for one in self._labels.values() if isinstance(one, Labels)]
        self._values, names = (named, class_names) if named else values_of(known)
        self._is_told, self.n_objects = bool(named), len(known)
        self.class_names = names if known else class_names
        self._used: list[tuple[str, Labels, Series | None]] = []

    def are_objects(self, files: Sequence[str]) -> bool:
        """Whether all are DICOM objects, usable or not."""
        return all(file in self._labels for file in files)

    def mask(self, files: Sequence[str], image: Lazy[Volume], series: Series | None) -> Lazy[Volume]:
        """The mask of a row, on the grid of its image, read when asked for.

        Args:
            files: several objects, or one file of any kind, as they were named at first.
            image: the image.
            series: the same, if it is DICOM.

        Raises:
            DataError: an object cannot be read, or nothing says which values its structures have.
        """
        if not self.are_objects(files):
            (file,) = files
            return (
                lazy_mask(self._root, file) if series is None else lazy_series_mask(self._root, file, series)
            )
        objects = [self._usable(file) for file in files]
        self._used += [(file, one, series) for file, one in zip(files, objects, strict=True)]
        grid = partial(_grid_of, image, files[0]) if series is None else partial(read_grid, series)
        return lazy_labels(grid, self._root, objects, self._values)

    def _usable(self, file: str) -> Labels:
        labels = self._labels[file]
        if isinstance(labels, DataError):
            raise labels
        if self._has_voxels and not self._is_told:
            raise DataError(
                "some masks are files of values and others name structures",
                subject=file,
                do="Say in a dataset.json which value each name has.",
            )
        unknown = [name for name in labels.names.values() if name.casefold() not in self._values]
        if unknown:
            raise DataError(
                "dataset.json gives no value to some structures of the mask",
                subject=file,
                received=listed([repr(name) for name in unknown]),
            )
        return labels

    def notes(self) -> list[str]:
        """How the objects that were asked for became masks, and which of them refer to another image."""
        notes = notes_on(self._used)
        foreign = [
            file
            for file, labels, series in self._used
            if series is not None
            and labels.reference.series_uids
            and series.uid not in labels.reference.series_uids
        ]
        if foreign:
            notes.append(f"masks that refer to another series than that of their row: {listed(foreign)}")
        return notes


def _read_labels(path: Path, subject: str) -> Labels | None:
    """What an object outlines; ``None`` for files of voxels.

    Raises:
        DataError: it is DICOM, and damaged or neither of both.
    """
    if suffix_of(path.name) not in ("", *SUFFIXES) or path.is_dir():
        return None
    with reading(subject, quote=False), quietly():
        if not is_dicom(path) or read_planes(path):
            return None
        found = read_object(path)
        if not isinstance(found, Labels):
            raise DataError("the DICOM object outlines nothing", expected="a SEG or an RTSTRUCT")
        return found


def _grid_of(image: Lazy[Volume], subject: str) -> Grid:
    volume = image.read()
    if volume.affine_ras is None:
        raise DataError(
            "the image has no place in the patient, so that nothing can be drawn into it", subject=subject
        )
    return Grid(volume.shape, volume.affine_ras)
