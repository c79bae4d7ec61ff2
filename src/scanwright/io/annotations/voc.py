"""Pascal VOC: one XML file an image. Pixels count from 1, and the last one belongs to the box.

Everingham et al., The PASCAL Visual Object Classes Challenge, development kit 2012, section 7.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from scanwright.data.boxes import Boxes
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.picture import Drawn, check_size, on_picture

MOST_BYTES = 16 << 20
_DEEPEST = 16


def read_voc(path: Path, grid: Volume) -> Boxes:
    """The boxes in an annotation, on the grid of its image.

    A 0 for the first pixel, which some programs write, is taken for 1. ``difficult`` is kept as a flag.

    Raises:
        DataError: without subject; no such XML, an image of another size, a box that is none.
    """
    root = parse_xml(path)
    if root.tag != "annotation":
        raise DataError("this is no annotation of Pascal VOC", received=f"the element {root.tag[:40]}")
    size = root.find("size")
    if size is not None:
        check_size(grid, _number(size, "width"), _number(size, "height"))
    return on_picture([_drawn(thing) for thing in root.findall("object")])


def parse_xml(path: Path) -> Element:
    """The root of an XML file. What XML can do beyond elements and text is refused, as it can do harm.

    Raises:
        DataError: without subject; damaged, implausibly large or deep, or with a document type.
    """
    if path.stat().st_size > MOST_BYTES:
        raise DataError("the annotation is implausibly large", expected=f"at most {MOST_BYTES >> 20} MiB")
    builder, depth = TreeBuilder(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise DataError("the annotation is implausibly deep", expected=f"at most {_DEEPEST} levels")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise DataError("the annotation has a document type, which could hold entities", do="Remove it.")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = builder.data, refuse
    try:
        parser.Parse(path.read_bytes(), True)
    except expat.ExpatError as error:
        raise DataError("the annotation is not XML", received=str(error), do="Export it again.") from None
    return builder.close()


def _drawn(thing: Element) -> Drawn:
    box = thing.find("bndbox")
    if box is None:
        raise DataError("an object has no box (bndbox)")
    left, top, right, bottom = (_number(box, name) for name in ("xmin", "ymin", "xmax", "ymax"))
    if left is None or top is None or right is None or bottom is None:
        raise DataError("a box lacks one of xmin, ymin, xmax, ymax")
    flag = "difficult" if _number(thing, "difficult") else ""
    return Drawn(_text(thing, "name"), _edge(left), _edge(top), right, bottom, flag)


def _edge(first: float) -> float:
    """Where the first pixel of a box begins."""
    return first - 1 if first >= 1 else first


def _text(parent: Element, name: str) -> str:
    return (parent.findtext(name) or "").strip()


def _number(parent: Element, name: str) -> float | None:
    text = _text(parent, name)
    try:
        return float(text) if text else None
    except ValueError:
        raise DataError(f"{name} is not a number", received=repr(text[:20])) from None
