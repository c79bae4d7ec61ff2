"""Steps of the preprocessing: each is chosen from facts, applied, recorded as data, and inverted.

A step has two halves, as in TorchIO: its fields are the chosen parameters; ``apply`` and ``invert`` use them.
Arrays are (channel, i, j, k). Places, such as sides of boxes, are moved by what ``places`` gives: a (4, 4)
matrix that takes (i, j, k, 1) before the step to after it, and the shape then. Voxel n goes from n to n + 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from scanwright.core.geometry import (
    Shape3,
    planes_needed,
    reorient,
    resample,
    resample_labels,
    resample_near,
    resample_slab,
    undo_reorient,
)
from scanwright.extras import Later
from scanwright.types import AnyArray, FloatArray, IntArray

ndimage = Later("scipy.ndimage", feature="Looking answers up at some voxels")
# Of one slab, over all classes: small enough for any machine, large enough to be quick.
SLAB_VALUES = 1 << 20
Choose: TypeAlias = Callable[[AnyArray], AnyArray]
"""(class, i, j, k) → what stands for the class that is chosen at each voxel (i, j, k)."""


@dataclass(frozen=True)
class Reorient:
    """Axes permuted and flipped so that i, j, k run to the right, the front and the head."""

    order: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    def apply(self, array: AnyArray) -> AnyArray:
        return reorient(array, self.order, self.flips)

    def apply_labels(self, labels: AnyArray, n_classes: int) -> AnyArray:
        turned: AnyArray = self.apply(labels[None])[0]
        return turned

    def invert(self, array: AnyArray) -> AnyArray:
        return undo_reorient(array, self.order, self.flips)

    def places(self, shape: Shape3) -> tuple[FloatArray, Shape3]:
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1.0
        for new, (old, flip) in enumerate(zip(self.order, self.flips, strict=True)):
            matrix[new, old], matrix[new, 3] = (-1.0, shape[old]) if flip else (1.0, 0.0)
        i, j, k = self.order
        return matrix, (shape[i], shape[j], shape[k])


@dataclass(frozen=True)
class Resample:
    """Another number of voxels over the same extent."""

    source: Shape3
    target: Shape3

    def apply(self, array: AnyArray) -> FloatArray:
        return resample(array, self.target)

    def apply_labels(self, labels: AnyArray, n_classes: int) -> AnyArray:
        return resample_labels(labels, self.target, n_classes)

    def invert(self, array: AnyArray) -> FloatArray:
        return resample(array, self.source)

    def invert_chosen(self, array: AnyArray, choose: Choose) -> AnyArray:
        """What is chosen at each voxel of the source, slab by slab: all shares would need a float for each
        class and voxel."""
        i, j, k = self.source
        depth = max(1, SLAB_VALUES // (len(array) * j * k))
        slabs = ((start, min(i, start + depth)) for start in range(0, i, depth))
        return _join((choose(resample_slab(array, self.source, *slab)) for slab in slabs), i)

    def invert_planes(self, planes: Iterable[FloatArray], choose: Choose) -> Iterator[AnyArray]:
        """As ``invert_chosen``, of an array that comes part by part along i: only the planes that the next
        ones are interpolated from are kept."""
        n_in, n_out = self.target[0], self.source[0]
        kept: FloatArray | None = None
        first = done = 0
        for part in planes:
            kept = part if kept is None else np.concatenate([kept, part], axis=1)
            depth = max(1, SLAB_VALUES // (len(kept) * self.source[1] * self.source[2]))
            while done < n_out:
                stop = min(n_out, done + depth)
                while stop > done and planes_needed(n_in, n_out, done, stop)[1] > first + kept.shape[1]:
                    stop -= 1
                if stop == done:
                    break
                yield choose(resample_near(kept, n_in, first, self.source, done, stop))
                done = stop
            if done < n_out:
                needed = planes_needed(n_in, n_out, done, done + 1)[0]
                kept, first = kept[:, max(0, needed - first) :], max(first, needed)

    def places(self, shape: Shape3) -> tuple[FloatArray, Shape3]:
        return np.diag([*np.divide(self.target, self.source), 1.0]), self.target


@dataclass(frozen=True)
class Pad:
    """Voxels added around the image, continuing its border."""

    widths: tuple[tuple[int, int], ...]

    def apply(self, array: AnyArray) -> AnyArray:
        return np.pad(array, ((0, 0), *self.widths), mode="edge")

    def apply_labels(self, labels: AnyArray, n_classes: int) -> AnyArray:
        return np.pad(labels, self.widths)

    def invert(self, array: AnyArray) -> AnyArray:
        inner = (
            slice(before, n - after) for (before, after), n in zip(self.widths, array.shape[1:], strict=True)
        )
        return array[(slice(None), *inner)]

    def places(self, shape: Shape3) -> tuple[FloatArray, Shape3]:
        matrix = np.eye(4)
        matrix[:3, 3] = [before for before, _ in self.widths]
        i, j, k = (n + sum(widths) for n, widths in zip(shape, self.widths, strict=True))
        return matrix, (i, j, k)


@dataclass(frozen=True)
class Normalise:
    """Intensities clipped to low … high, less ``shift``, divided by ``scale``; one number a channel."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    shift: tuple[float, ...]
    scale: tuple[float, ...]

    def apply(self, array: AnyArray) -> FloatArray:
        low, high, shift, scale = (_column(v) for v in (self.low, self.high, self.shift, self.scale))
        return ((np.clip(array.astype(np.float32), low, high) - shift) / scale).astype(np.float32)

    def apply_labels(self, labels: AnyArray, n_classes: int) -> AnyArray:
        return labels

    def invert(self, array: AnyArray) -> AnyArray:
        """Outputs of a network carry no intensities: nothing to undo. See :meth:`invert_intensities`."""
        return array

    def places(self, shape: Shape3) -> tuple[FloatArray, Shape3]:
        return np.eye(4), shape

    def invert_intensities(self, array: FloatArray) -> FloatArray:
        """The image before normalisation, but for what was clipped."""
        return (array * _column(self.scale) + _column(self.shift)).astype(np.float32)


Step: TypeAlias = Reorient | Resample | Pad | Normalise
History: TypeAlias = tuple[Step, ...]

_KINDS: dict[str, type[Step]] = {kind.__name__.lower(): kind for kind in (Reorient, Resample, Pad, Normalise)}


def _column(values: Sequence[float]) -> FloatArray:
    return np.asarray(values, dtype=np.float32)[:, None, None, None]


def record(history: History) -> list[dict[str, Any]]:
    """The history as plain values."""
    return [{"step": type(step).__name__.lower(), **asdict(step)} for step in history]


def replay(plain: Sequence[Mapping[str, Any]]) -> History:
    """The inverse of :func:`record`."""
    steps: list[Step] = []
    for entry in plain:
        fields = {name: _tuples(value) for name, value in entry.items() if name != "step"}
        steps.append(_KINDS[entry["step"]](**fields))
    return tuple(steps)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


def move_boxes(box_ijk: FloatArray, history: History, shape: Shape3) -> FloatArray:
    """Boxes of the image as it came, (n, 2, 3), on the preprocessed grid; ``shape`` is the image's."""
    return _map_boxes(box_ijk, _places(history, shape))


def restore_boxes(box_ijk: FloatArray, history: History, shape: Shape3) -> FloatArray:
    """The inverse of :func:`move_boxes`."""
    return _map_boxes(box_ijk, np.linalg.inv(_places(history, shape)))


def _places(history: History, shape: Shape3) -> FloatArray:
    matrix: FloatArray = np.eye(4)
    for step in history:
        own, shape = step.places(shape)
        matrix = own @ matrix
    return matrix


def _map_boxes(box_ijk: FloatArray, matrix: FloatArray) -> FloatArray:
    """Axes stay axes: a step turns them by right angles only."""
    return np.sort(np.asarray(box_ijk, dtype=np.float64) @ matrix[:3, :3].T + matrix[:3, 3], axis=1)


def restore(array: AnyArray, history: History) -> AnyArray:
    """Bring outputs of a network (channel, i, j, k) back to the grid that the image came on."""
    for step in reversed(history):
        array = step.invert(array)
    return array


def restore_at(array: AnyArray, history: History, voxels: IntArray, shape: Shape3) -> FloatArray:
    """As ``restore(array, history)`` at some voxels (n, 3) of the image, (channel, n), without all others.

    Where the image is coarser than the array, its neighbourhood is not averaged.
    """
    return read_at(array, move_voxels(voxels, history, shape))


def move_voxels(voxels: IntArray, history: History, shape: Shape3) -> FloatArray:
    """Where voxels (n, 3) of an image of this shape lie after the steps, (n, 3), in voxels there."""
    places = _places(history, shape)
    return np.asarray((voxels + 0.5) @ places[:3, :3].T + places[:3, 3] - 0.5)


def read_at(array: AnyArray, places: FloatArray) -> FloatArray:
    """An array (channel, i, j, k) at places (n, 3) between its voxels, (channel, n), linearly."""
    rows = [
        ndimage.map_coordinates(own, places.T, order=1, mode="nearest")
        for own in np.asarray(array, np.float32)
    ]
    return np.stack(rows)


def restore_chosen(array: AnyArray, history: History, choose: Choose) -> AnyArray:
    """As ``choose(restore(array, history))``, class indices (i, j, k), in little memory."""
    for n, step in enumerate(history):
        # From the first change of size on shares must be kept; before it, indices do.
        if isinstance(step, Resample):
            indices = step.invert_chosen(restore(array, history[n + 1 :]), choose)
            history = history[:n]
            break
    else:
        indices = choose(array)
    chosen: AnyArray = restore(indices[None], history)[0]
    return chosen


def restore_planes(planes: Iterable[FloatArray], history: History, choose: Choose) -> AnyArray:
    """As :func:`restore_chosen`, of an array whose planes along i come part by part, and is never whole."""
    for n, step in enumerate(history):
        if isinstance(step, Resample):
            after = history[n + 1 :]
            parts = step.invert_planes((restore(part, after) for part in planes), choose)
            joined = _join(parts, step.source[0])
            history = history[:n]
            break
    else:
        joined = np.concatenate([choose(part) for part in planes])
    chosen: AnyArray = restore(joined[None], history)[0]
    return chosen


def _join(parts: Iterable[AnyArray], n_planes: int) -> AnyArray:
    """Parts along i as one array of so many planes, each gone before the next comes."""
    iterator = iter(parts)
    first = next(iterator)
    joined = np.empty((n_planes, *first.shape[1:]), first.dtype)
    joined[: len(first)] = first
    done = len(first)
    for part in iterator:
        joined[done : done + len(part)] = part
        done += len(part)
    return joined
