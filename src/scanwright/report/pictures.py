"""Pictures of cases: slices with outlines, letters, scale bar and window, as PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from scanwright.extras import Later
from scanwright.report.palette import PREDICTION, PREDICTIONS, REFERENCE
from scanwright.report.slices import (
    LETTERS,
    Box,
    Line,
    Mark,
    Plane,
    Slice,
    close_up,
    nice_length,
    target_slices,
    window_of,
)
from scanwright.types import AnyArray, BoolArray, FloatArray

FEATURE = "Drawing pictures"
canvases = Later("matplotlib.backends.backend_agg", feature=FEATURE)
collections = Later("matplotlib.collections", feature=FEATURE)
colors = Later("matplotlib.colors", feature=FEATURE)
figures = Later("matplotlib.figure", feature=FEATURE)
patches = Later("matplotlib.patches", feature=FEATURE)
patheffects = Later("matplotlib.patheffects", feature=FEATURE)

Rank: TypeAlias = Literal["worst", "surest_wrong", "most_uncertain", "strangest", "median", "best", "example"]
RANKS: tuple[Rank, ...] = get_args(Rank)
"""The most alarming first."""

DPI = 120
TILE_INCHES = 2.9
FOOT_INCHES = 0.26
THIN = 0.4
"""Part of border pixels from which a mask is a net of lines, filled instead of outlined."""
GLOW = ("#6A0F6A", "#FF8FD6")
"""Of a map, from nearly nothing to the most: brighter by itself, and none of the outlines' colours."""
MOST_OPAQUE = 0.75
"""Of a map over an image, so that what lies below is still seen."""
HIDDEN = 0.5
"""Part of a box from which words on it hide it."""
LARGE_PICTURE = 400
"""Pixels along the longer side from which outlines are drawn finer."""


@dataclass(frozen=True)
class Picture:
    """A picture of a case, with what its caption says.

    Attributes:
        case: the case's name.
        png: the picture, as PNG.
        rank: why this case is shown.
        numbers: name of number → value, for the caption ({"dice": 0.87}).
        truth, predicted: class names, for classification.
        also: why else it is shown.
        likelier: the most probable class where another one was predicted.
    """

    case: str
    png: bytes
    rank: Rank = "example"
    numbers: Mapping[str, float] = field(default_factory=dict)
    truth: str = ""
    predicted: str = ""
    also: tuple[Rank, ...] = ()
    likelier: str = ""


@dataclass(frozen=True, eq=False)
class Tile:
    """A slice as it is drawn: with outlines or without, with the frame of its close-up or without."""

    plane: Slice
    outlined: bool = False
    frame: Box | None = None
    is_close_up: bool = False


def case_panel(
    image: AnyArray,
    reference: AnyArray | None = None,
    prediction: AnyArray | None = None,
    affine_ras: FloatArray | None = None,
    *,
    modality: str = "",
    labels: Mapping[int, str] | None = None,
    window: tuple[float, float] | None = None,
    channel: int = 0,
    caption: str = "",
) -> bytes:
    """A case on the planes that show most of its target, plain beside outlined.

    The axial plane (or the only one) with the largest area of the reference, or of the prediction where the
    reference is empty; for volumes with
    nearly cubic voxels the coronal and sagittal planes too. A small target gets a close-up.

    Args:
        image: (channel, i, j, k); a photograph is (channel, column, row, 1).
        reference, prediction: (i, j, k) label values, 0 = background.
        affine_ras: (4, 4) to patient mm, RAS+; ``None`` for photographs.
        modality: "CT" states the window in HU.
        labels: label value → name, written beside the outlines when there are several; a prediction that
            stands alone has a colour for each.
        window: lowest and highest value shown; when ``None``, the 0.5 … 99.5 percentiles of the planes, and
            of the close-ups by themselves.
        channel: which channel is shown; a photograph of three channels shows colour.
        caption: written below.

    Returns:
        PNG, about 1000 dots wide.
    """
    planes = target_slices(image, reference, prediction, affine_ras, channel)
    of_several = f"channel {channel + 1}/{image.shape[0]}" if image.shape[0] > 1 else ""
    columns = [_tiles(plane) for plane in planes]
    return panel(columns, modality, of_several, labels=labels, window=window, caption=caption)


def panel(
    columns: Sequence[Sequence[Tile]],
    modality: str = "",
    note: str = "",
    *,
    labels: Mapping[int, str] | None = None,
    window: tuple[float, float] | None = None,
    caption: str = "",
) -> bytes:
    """Tiles as PNG: those of one plane from left to right; of several planes side by side, each read
    downwards.

    Args:
        columns: the tiles of each plane.
        modality, labels, window, caption: as for ``case_panel``.
        note: written below, unless the pictures are in colour.
    """
    # A single plane reads from left to right; several stand side by side, each read downwards.
    grid = columns if len(columns) == 1 else [list(row) for row in zip(*_evened(columns), strict=True)]
    return sheet(grid, modality, note, labels=labels, window=window, caption=caption)


def sheet(
    rows: Sequence[Sequence[Tile | None]],
    modality: str = "",
    note: str = "",
    *,
    labels: Mapping[int, str] | None = None,
    window: tuple[float, float] | None = None,
    caption: str = "",
) -> bytes:
    """Rows of tiles as PNG, above one line of words; arguments as for ``panel``."""
    tiles = [tile for row in rows for tile in row if tile is not None]
    windows = _windows(tiles, window)
    words = _window_words(windows, modality)
    if tiles[0].plane.image.ndim == 3:
        words = f"RGB   {words}"
    elif note:
        words = f"{words}   {note}"
    return _sheet(rows, windows, f"{words}   {caption}".rstrip(), labels)


def overlay_picture(
    image_slice: AnyArray,
    reference: AnyArray | None = None,
    prediction: AnyArray | None = None,
    spacing: tuple[float, float] | None = None,
    *,
    plane: Plane = "picture",
    labels: Mapping[int, str] | None = None,
    window: tuple[float, float] | None = None,
    modality: str = "",
) -> bytes:
    """One slice with outlines of reference and prediction, as PNG.

    Args:
        image_slice: (row, column) or (row, column, 3), already turned the way it is to be seen.
        reference, prediction: (row, column) label values, 0 = background.
        spacing: (row, column) step in mm; ``None`` when unknown.
        plane: which letters stand on the edges; "picture" has none.
        labels, window, modality: as for ``case_panel``.
    """
    tile = Tile(Slice(image_slice, reference, prediction, spacing, plane), outlined=True)
    windows = _windows([tile], window)
    return _sheet([[tile]], windows, _window_words(windows, modality), labels)


def _tiles(plane: Slice) -> list[Tile]:
    if plane.reference is None and plane.prediction is None:
        return [Tile(plane)]
    box = close_up(plane)
    if box is None:
        return [Tile(plane), Tile(plane, outlined=True)]
    near = plane.crop(box)
    return [
        Tile(plane, outlined=True, frame=box),
        Tile(near, is_close_up=True),
        Tile(near, outlined=True, is_close_up=True),
    ]


def _evened(columns: Sequence[Sequence[Tile]]) -> list[list[Tile | None]]:
    longest = max(len(tiles) for tiles in columns)
    return [[*tiles, *[None] * (longest - len(tiles))] for tiles in columns]


def _windows(tiles: Sequence[Tile], given: tuple[float, float] | None) -> dict[bool, tuple[float, float]]:
    """The window of the whole slices (False) and, where there are any, of the close-ups (True)."""
    windows = {}
    for near in (False, True):
        images = [tile.plane.image for tile in tiles if tile.is_close_up is near]
        if images:
            windows[near] = given or window_of(images, tiles[0].plane.plane)
    return windows


def _window_words(windows: Mapping[bool, tuple[float, float]], modality: str) -> str:
    unit = " HU" if modality == "CT" else ""
    words = []
    for near, (low, high) in windows.items():
        if near and windows[near] == windows[False]:
            continue
        text = f"W {high - low:.4g}  L {(high + low) / 2:.4g}{unit}"
        words.append(f"close-up {text}" if near else text)
    return "   ".join(words)


def _sheet(
    grid: Sequence[Sequence[Tile | None]],
    windows: Mapping[bool, tuple[float, float]],
    words: str,
    labels: Mapping[int, str] | None,
) -> bytes:
    """Draw rows of tiles above one line of words."""
    n_columns = max(len(row) for row in grid)
    side = TILE_INCHES * {1: 2, 2: 1.5}.get(n_columns, 1)
    heights = [max(_height_over_width(tile) for tile in row if tile) * side for row in grid]
    height = sum(heights) + FOOT_INCHES
    figure = figures.Figure(figsize=(side * n_columns, height), dpi=DPI, facecolor="black")
    canvas = canvases.FigureCanvasAgg(figure)  # by which words know how much room they take
    top = height
    for row, row_height in zip(grid, heights, strict=True):
        top -= row_height
        for column, tile in enumerate(row):
            if tile is not None:
                left, bottom = column / n_columns + 0.004, top / height + 0.004
                axes = figure.add_axes((left, bottom, 1 / n_columns - 0.008, row_height / height - 0.008))
                _draw(axes, tile, windows[tile.is_close_up], labels)
    figure.text(0.01, 0.1 / height, words, color="0.8", fontsize=9)
    buffer = io.BytesIO()
    canvas.print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def _height_over_width(tile: Tile) -> float:
    """Of the tile's place on the sheet: never higher than wide, never so flat that nothing is seen."""
    rows, columns = tile.plane.image.shape[:2]
    row_step, column_step = tile.plane.spacing or (1.0, 1.0)
    return float(np.clip(rows * row_step / (columns * column_step), 0.25, 1.0))


def _draw(axes: Any, tile: Tile, window: tuple[float, float], labels: Mapping[int, str] | None) -> None:
    plane = tile.plane
    low, high = window
    rows, columns = plane.image.shape[:2]
    row_step, column_step = plane.spacing or (1.0, 1.0)
    shown: FloatArray = np.clip(
        (np.nan_to_num(np.asarray(plane.image, dtype=np.float64)) - low) / (high - low), 0, 1
    )
    filled = tile.outlined and _is_thin(plane)
    if filled:
        shown = _filled(shown, plane)
    axes.set_axis_off()
    axes.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect=row_step / column_step)
    if tile.outlined and plane.heat is not None:
        axes.imshow(_glowing(plane.heat), interpolation="nearest", aspect=row_step / column_step)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    if tile.outlined and not filled:
        # Reference wide and below, prediction narrow and on top: where they agree, both are seen.
        fine = 0.5 if max(rows, columns) > LARGE_PICTURE else 1.0
        _outline(axes, plane.reference, REFERENCE, 3.2 * fine)
        for value, colour in _prediction_colours(plane, labels).items():
            mask = plane.prediction
            _outline(axes, mask if value is None or mask is None else mask == value, colour, 1.4 * fine)
        _name_labels(axes, plane, labels)
    if tile.outlined:
        _draw_marks(axes, plane.marks)
    for line in plane.lines if tile.outlined else ():
        _line(axes, line)
    if tile.frame is not None:
        _frame(axes, tile.frame)
    _letters(axes, plane.plane)
    _scale_bar(axes, plane)
    if plane.note:
        _write(axes, 0.985, 0.985, plane.note, ha="right", va="top", size=8.5)


def _prediction_colours(plane: Slice, labels: Mapping[int, str] | None) -> dict[int | None, str]:
    """Label value → colour; one for all (``None``) beside a reference, which has the other."""
    if plane.reference is not None or not labels or len(labels) < 2:
        return {None: PREDICTION}
    return {value: PREDICTIONS[n % len(PREDICTIONS)] for n, value in enumerate(labels)}


def _is_thin(plane: Slice) -> bool:
    """True for vessels and the like, in pictures so large that outlines would hide what they enclose."""
    if max(plane.image.shape[:2]) <= LARGE_PICTURE or plane.reference is None or plane.prediction is None:
        return False
    mask = np.pad(plane.target, 1)
    inside = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return bool(mask.any() and 1 - inside.sum() / mask.sum() > THIN)


def _filled(shown: FloatArray, plane: Slice) -> FloatArray:
    """The picture, dimmed, white where both agree, in their colour where only one of the masks is."""
    colour = np.repeat(shown[..., None], 3, axis=2) if shown.ndim == 2 else shown.copy()
    colour *= 0.45
    reference, prediction = _of(plane.reference), _of(plane.prediction)
    colour[reference & prediction] = 1.0
    colour[reference & ~prediction] = colors.to_rgb(REFERENCE)
    colour[prediction & ~reference] = colors.to_rgb(PREDICTION)
    return colour


def _glowing(heat: FloatArray) -> FloatArray:
    """(row, column, 4): nothing at 0, dark purple to bright pink at 1, which no outline has."""
    dim, bright = (np.array(colors.to_rgb(colour)) for colour in GLOW)
    colour = dim + heat[..., None] * (bright - dim)
    return np.concatenate([colour, MOST_OPAQUE * np.sqrt(heat)[..., None]], axis=-1)


def _of(mask: AnyArray | None) -> BoolArray:
    return np.asarray(mask).astype(bool)


def _outline(axes: Any, mask: AnyArray | None, colour: str, width: float) -> None:
    """Lines along the edges of the pixels where the label changes."""
    if mask is None or not mask.any():
        return
    padded = np.pad(np.asarray(mask), 1)
    # Index n of a difference lies at the far edge of pixel n − 1 of the slice without its padding.
    upright = [
        [(c - 0.5, r - 1.5), (c - 0.5, r - 0.5)] for r, c in np.argwhere(padded[:, 1:] != padded[:, :-1])
    ]
    level = [[(c - 1.5, r - 0.5), (c - 0.5, r - 0.5)] for r, c in np.argwhere(padded[1:] != padded[:-1])]
    lines = collections.LineCollection(
        [*upright, *level], colors=colour, linewidths=width, capstyle="projecting"
    )
    axes.add_collection(lines, autolim=False)


def _name_labels(axes: Any, plane: Slice, labels: Mapping[int, str] | None) -> None:
    mask = plane.reference if plane.reference is not None and plane.reference.any() else plane.prediction
    if not labels or mask is None or len(labels) < 2:
        return
    for value, name in labels.items():
        rows, columns = np.nonzero(mask == value)
        if value == 0 or not rows.size:
            continue
        # The font at hand may not hold other scripts: the label value is always legible.
        text = name if name.isascii() and len(name) <= 14 else str(value)
        # On the region itself: beside it, a name would stand on its neighbour.
        nearest = int(((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2).argmin())
        axes.text(
            columns[nearest],
            rows[nearest],
            text,
            color="white",
            fontsize=7.5,
            ha="center",
            va="center",
            clip_on=True,
            path_effects=_halo(),
            parse_math=False,
        )


def _draw_marks(axes: Any, marks: Sequence[Mark]) -> None:
    """Boxes, and their words where there is room for them: first those of what is wrong (dashed), then in
    their order."""
    for mark in marks:
        corner, sides = (mark.left - 0.5, mark.top - 0.5), (mark.right - mark.left, mark.bottom - mark.top)
        style = {"solid": "-", "dashed": (0, (4, 2)), "dotted": (0, (1, 1.5))}[mark.style]
        axes.add_patch(patches.Rectangle(corner, *sides, fill=False, ec=mark.colour, lw=mark.width, ls=style))
    corners = np.array([(m.left, m.bottom, m.right, m.top) for m in marks], dtype=float).reshape(-1, 2) - 0.5
    boxes = axes.transData.transform(corners).reshape(-1, 4)
    words = np.empty((0, 4))
    for n in sorted(range(len(marks)), key=lambda n: marks[n].style != "dashed"):
        if marks[n].text:
            words = np.vstack([words, _write_mark(axes, marks[n].text, boxes[n], boxes, words)])


def _write_mark(axes: Any, words: str, box: FloatArray, boxes: FloatArray, written: FloatArray) -> FloatArray:
    """Words above a box, in it or below it, where they touch no others and hide no box by half; nowhere
    where there is no such place.

    Args:
        axes: of the picture.
        words: of the box.
        box: (4,) left, bottom, right, top on the sheet.
        boxes, written: (n, 4) all boxes, and the words so far.

    Returns:
        (0 or 1, 4) where they stand.
    """
    text = axes.text(
        0, 0, words, color="white", fontsize=7, va="bottom", clip_on=True, path_effects=_halo(),
        parse_math=False,
    )  # fmt: skip
    extent, picture = text.get_window_extent(), axes.bbox
    left = min(max(box[0], picture.x0), picture.x1 - extent.width)
    for bottom in (box[3], box[3] - extent.height, box[1] - extent.height):
        place = np.array([left, bottom, left + extent.width, bottom + extent.height])
        inside = picture.y0 <= bottom and place[3] <= picture.y1
        if inside and not (_covered(written, place) > 0).any() and (_covered(boxes, place) < HIDDEN).all():
            text.set_position(axes.transData.inverted().transform((left, bottom)))
            return place[None]
    text.remove()
    return np.empty((0, 4))


def _covered(areas: FloatArray, by: FloatArray) -> FloatArray:
    """(n,) what part of each area (left, bottom, right, top) another covers."""
    shared = np.clip(np.minimum(areas[:, 2:], by[2:]) - np.maximum(areas[:, :2], by[:2]), 0, None)
    return np.asarray(shared.prod(axis=1) / np.maximum((areas[:, 2:] - areas[:, :2]).prod(axis=1), 1e-9))


def _line(axes: Any, line: Line) -> None:
    (x, y), (u, v) = line.ends
    axes.plot([x, u], [y, v], color="black", lw=2.6, solid_capstyle="butt")
    axes.plot([x, u], [y, v], color=line.colour, lw=1.4, solid_capstyle="butt")
    if line.text:
        axes.text(
            u,
            v,
            f" {line.text}",
            color=line.colour,
            fontsize=9,
            va="center",
            clip_on=True,
            path_effects=_halo(),
        )


def _frame(axes: Any, box: Box) -> None:
    (top, bottom), (left, right) = ((part.start, part.stop) for part in box)
    for colour, width, style in (("black", 1.8, "-"), ("white", 0.9, "--")):
        axes.add_patch(
            patches.Rectangle(
                (left - 0.5, top - 0.5), right - left, bottom - top, fill=False, ec=colour, lw=width, ls=style
            )
        )


def _letters(axes: Any, plane: Plane) -> None:
    if plane not in LETTERS:
        return
    left, right, top, bottom = LETTERS[plane]
    _write(axes, 0.015, 0.5, left, ha="left", va="center")
    _write(axes, 0.985, 0.5, right, ha="right", va="center")
    _write(axes, 0.5, 0.985, top, ha="center", va="top")
    _write(axes, 0.5, 0.015, bottom, ha="center", va="bottom")


def _scale_bar(axes: Any, plane: Slice) -> None:
    rows, columns = plane.image.shape[:2]
    step = plane.spacing[1] if plane.spacing else 1.0
    length = nice_length(columns * step / 3)
    left, y = columns * 0.03 - 0.5, rows * 0.955 - 0.5
    ends = [left, left + length / step]
    axes.plot(ends, [y, y], color="black", lw=4, solid_capstyle="projecting")
    axes.plot(ends, [y, y], color="white", lw=2, solid_capstyle="butt")
    text = f"{length:g} {'mm' if plane.spacing else 'px'}"
    axes.text(left, y - rows * 0.015, text, color="white", fontsize=8.5, va="bottom", path_effects=_halo())


def _write(axes: Any, x: float, y: float, text: str, *, ha: str, va: str, size: float = 11) -> None:
    axes.text(
        x, y, text, transform=axes.transAxes, color="white", fontsize=size, ha=ha, va=va, path_effects=_halo()
    )


def _halo() -> list[Any]:
    return [patheffects.withStroke(linewidth=1.6, foreground="black")]
