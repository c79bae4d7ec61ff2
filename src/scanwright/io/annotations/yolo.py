"""YOLO: a text file an image, a line a box: class, centre and size as shares of the image.

https://docs.ultralytics.com/datasets/detect; outlines (segment, obb) count by the box around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from scanwright.data.boxes import Boxes
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.picture import Drawn, check_size, on_picture
from scanwright.io.failures import in_words

MOST_BYTES = 16 << 20
_MOST_BYTES_OF_NAMES = 256 << 10
_LARGEST_SHARE = 2.0  # a box may reach out of its image, but not so far
_N_OF_BOX, _N_SCORED = 5, 6  # more are the corners of an outline


def read_yolo(path: Path, grid: Volume, *, names: Sequence[str] = ()) -> Boxes:
    """The boxes in a label file, on the grid of its image.

    A line is ``class cx cy width height``, perhaps with a score, or ``class x y x y x y …``.

    Args:
        path: the file; an empty one says that there is no object.
        grid: of its image.
        names: of the classes; without them they are called by their number.

    Raises:
        DataError: without subject; a line that is none of these, a class without a name.
    """
    check_size(grid, None, None)
    return on_picture([_drawn(line, grid, names) for line in _lines(path)])


def looks_like_yolo(path: Path) -> bool:
    """True when the lines of a file are those of YOLO; also when there is none."""
    try:
        return all(_numbers(line) for line in _lines(path))
    except (DataError, OSError):
        return False


def read_names(path: Path) -> tuple[str, ...]:
    """The classes in a data.yaml (``names``, a list or number → name), or in a classes.txt, a line each.

    YAML is only composed: nothing in it is built, no anchor followed, and a class may be called "no".

    Raises:
        DataError: without subject; implausibly large, not such a file.
    """
    if path.stat().st_size > _MOST_BYTES_OF_NAMES:
        raise DataError("a list of classes is implausibly large")
    text = _text(path)
    if path.suffix.lower() == ".txt":
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise DataError("the file is not YAML", received=in_words(error)) from None
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    for key, node in entries:
        if key.value == "names":
            return _listed(node)
    return ()


def _listed(node: yaml.Node) -> tuple[str, ...]:
    if isinstance(node, yaml.SequenceNode):
        numbered = [(str(number), one) for number, one in enumerate(node.value)]
    elif isinstance(node, yaml.MappingNode):
        numbered = [(str(key.value), one) for key, one in node.value]
    else:
        numbered = []
    names = {number: one.value.strip() for number, one in numbered if isinstance(one, yaml.ScalarNode)}
    if (
        not names
        or any(str(number) not in names for number in range(len(numbered)))
        or not all(names.values())
    ):
        raise DataError("the names of the classes are not 0: a, 1: b, …, or a list")
    return tuple(names[str(number)] for number in range(len(names)))


def _drawn(line: str, grid: Volume, names: Sequence[str]) -> Drawn:
    columns, rows, _ = grid.shape
    number, *shares = _numbers(line)
    if names and number >= len(names):
        raise DataError(
            "a box is of a class without a name", expected=f"0 … {len(names) - 1}", received=line[:20]
        )
    name = names[int(number)] if names else f"{number:.0f}"
    score = shares[4] if len(shares) == _N_SCORED - 1 else None
    if len(shares) <= _N_SCORED - 1:
        x, y, width, height = shares[:4]
        x0, y0, x1, y1 = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    else:
        x0, y0, x1, y1 = min(shares[::2]), min(shares[1::2]), max(shares[::2]), max(shares[1::2])
    return Drawn(name, x0 * columns, y0 * rows, x1 * columns, y1 * rows, score=score)


def _numbers(line: str) -> list[float]:
    """Class and shares of a line."""
    try:
        number, *shares = (float(word) for word in line.split())
    except ValueError:
        raise DataError("a line does not hold numbers", received=repr(line[:40])) from None
    n = 1 + len(shares)
    if n not in (_N_OF_BOX, _N_SCORED) and (n < _N_SCORED or n % 2 == 0):
        raise DataError("a line is not a class and a box", received=repr(line[:40]))
    if not (number >= 0 and number.is_integer()):
        raise DataError("a class is not a whole number", received=repr(line[:40]))
    if not all(abs(share) <= _LARGEST_SHARE for share in shares):
        raise DataError(
            "a box is not told in shares of the image",
            expected="numbers from 0 to 1",
            received=repr(line[:40]),
        )
    return [number, *shares]


def _lines(path: Path) -> list[str]:
    if path.stat().st_size > MOST_BYTES:
        raise DataError("the labels are implausibly large", expected=f"at most {MOST_BYTES >> 20} MiB")
    return [line for line in _text(path).splitlines() if line.strip()]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("the file is no text", received=in_words(error)) from None
