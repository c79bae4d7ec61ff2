"""Several masks of one image: its lesions, or a structure each. Names tell which image, and what is outlined.

A mask is named IMAGE, IMAGE_WORD, IMAGE_NUMBER, IMAGE_WORD_NUMBER (also with a hyphen, a dot or a blank), or
lies in a folder named IMAGE. Numbers count lesions and mean nothing else. See :func:`settle` for the words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from scanwright.data.case import Lazy
from scanwright.data.volume import Volume
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.nnunet import lazy_mask
from scanwright.io.masks import merge_masks

# Words that say "this is a mask", and not of what.
DRAWN = frozenset({"mask", "masks", "seg", "segmentation"})
LESIONS = DRAWN | {"label", "labels", "annotation", "gt", "groundtruth", "roi"} | {"lesion", "lesions"}
MASK_ENDING = re.compile(rf"[_\-. ](?:{'|'.join(sorted(LESIONS))})$", re.IGNORECASE)
_ANYTHING = LESIONS | {"", "object", "instance"}
_READER = re.compile(r"(?:reader|rater|observer|expert|annotator|manual|doctor|radiologist|grader)")
_NUMBER = re.compile(r"[_\-. ]?\(?(?<!\d)\d{1,3}\)?$")  # longer ones are dates and the like
_SEPARATORS = "_-. "
_IMAGE_ENDING = re.compile(r"[_\-. ](?:image|img)$", re.IGNORECASE)
_MOST_STRUCTURES = 64


@dataclass(frozen=True)
class Part:
    """A mask of an image.

    Attributes:
        file: its path.
        word: what its name says beyond the image's, in lower case, without a number at the end.
        surely: whether it is the image's whatever its name says, as it lies in a folder of the image.
    """

    file: str
    word: str
    surely: bool = False


@dataclass(frozen=True)
class Settled:
    """Which masks count.

    Attributes:
        values: image → file → the value that its structure gets; ``None``: the values in the file stay.
        problems: image → why none of its masks can be used.
        names: value → structure, where names tell structures.
    """

    values: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_merged(self) -> int:
        """Images whose mask is put together from several."""
        return sum(len(files) > 1 for files in self.values.values())

    def notes(self) -> tuple[str, ...]:
        """What was done with several masks of an image, in words."""
        if not self.n_merged:
            return ()
        into = "one class each: " + ", ".join(self.names.values()) if self.names else "lesions of one kind"
        return (f"several masks of one image are put together ({self.n_merged} images, {into})",)


def also_known(images: Iterable[str]) -> dict[str, str]:
    """What masks may call an image → the image: its name, and x for x_image."""
    names = list(images)
    return {_IMAGE_ENDING.sub("", name): name for name in names} | {name: name for name in names}


def part_of(file: str, images: Mapping[str, str]) -> tuple[str, Part] | None:
    """The image that a mask belongs to, and what its name says; ``None`` where there is no such image.

    Args:
        file: path of the mask in its folder.
        images: see :func:`also_known`; paths in the folder of images, without suffix.
    """
    stem = without_suffix(file)
    if stem in images:
        return images[stem], Part(file, "")
    folder, _, own = stem.rpartition("/")
    if folder in images:
        return images[folder], Part(file, _word(own), surely=True)
    for image, word in _owners(stem, images):
        return images[image], Part(file, word)
    return None


def masks_among(files: Sequence[str], words: Collection[str]) -> tuple[list[str], dict[str, list[Part]]]:
    """The images among files that lie together, and the masks that are named after them: image → masks.

    Args:
        files: paths.
        words: those by which a mask is known: without one, x_1 may well be another image.
    """
    images = also_known(map(without_suffix, files))
    masks: dict[str, list[Part]] = {}
    drawn: set[str] = set()
    for file in files:
        stem = without_suffix(file)
        for image, word in _owners(stem, images):
            if word in words and images[image] != stem:
                masks.setdefault(images[image], []).append(Part(file, word))
                drawn.add(file)
                break
    return [file for file in files if file not in drawn], masks


def named_part(file: str, image: str) -> Part:
    """A mask that is known to be that of an image; its name says of what, perhaps after the image's."""
    own = without_suffix(file.replace("\\", "/").rpartition("/")[2])
    rest = own.removeprefix(image) if own[len(image) :][:1] in ("", *_SEPARATORS) else own
    return Part(file, _word(rest.lstrip(_SEPARATORS)), surely=True)


def _owners(stem: str, images: Collection[str]) -> Iterator[tuple[str, str]]:
    """Images after which a mask may be named, the longest name first, and what its name says beyond that."""
    for at in range(len(stem) - 1, stem.rfind("/") + 1, -1):
        if stem[at] in _SEPARATORS and stem[:at] in images:
            yield stem[:at], _word(stem[at + 1 :])


def _word(rest: str) -> str:
    return _NUMBER.sub("", rest).strip(_SEPARATORS).lower()


def settle(found: Mapping[str, Sequence[Part]]) -> Settled:
    """Which masks of each image count, and as what.

    Masks that one word and numbers tell apart (x_mask, x_mask_1; x_lesion1, x_lesion2), or that lie in a
    folder of the image, are its lesions. Different words (x_kidney, x_tumour) are structures, a value each in
    alphabetical order, when two images or more have each of them. Everything else is not guessed between:
    readers, versions, x beside x_seg.
    """
    shared = Counter(word for parts in found.values() for word in {part.word for part in parts})
    sure = {part.word for parts in found.values() for part in parts if part.surely}
    structures = {
        word
        for word, n in shared.items()
        if word not in _ANYTHING and not _READER.match(word) and (n > 1 or word in sure)
    }
    together = any(len({part.word for part in parts} & structures) > 1 for parts in found.values())
    # In a folder of the image names may be anything, even numbers of a hundred digits.
    told = together and len(structures) <= _MOST_STRUCTURES and any(shared[word] > 1 for word in structures)
    numbers = {word: value for value, word in enumerate(sorted(structures), start=1)} if told else {}
    values: dict[str, dict[str, int | None]] = {}
    problems: dict[str, str] = {}
    for image, parts in found.items():
        problem = _problem(parts, numbers, shared)
        if problem:
            problems[image] = problem
        else:
            values[image] = {part.file: numbers.get(part.word) for part in parts}
    return Settled(values, problems, {str(value): word for word, value in numbers.items()})


def _problem(parts: Sequence[Part], numbers: Mapping[str, int], shared: Mapping[str, int]) -> str:
    words = {part.word for part in parts}
    several = f"{len(parts)} masks fit the image"
    if numbers:
        foreign = [part.file for part in parts if part.word not in numbers]
        return f"a mask names no structure that others have: {foreign[0]}" if foreign else ""
    strange = [p.file for p in parts if not p.surely and p.word not in _ANYTHING and shared[p.word] == 1]
    if len(parts) == 1:
        return f"the name of its mask is like no other: {strange[0]}" if strange else ""
    if any(_READER.match(word) for word in words):
        return f"{several}, drawn by several readers: choose one"
    if len({without_suffix(part.file) for part in parts}) < len(parts):
        return several
    return "" if len(words) == 1 or all(part.surely for part in parts) else several


def lazy_masks(root: Path, files: Mapping[str, int | None]) -> Lazy[Volume]:
    """One mask of several files, read when asked for; paths relative to the root.

    Args:
        root: of the dataset.
        files: file → the value that what is outlined in it gets, or ``None`` for the values in the file.
    """
    parts = tuple(lazy_mask(root, file) for file in files)
    first, *further = files
    if parts[1:] or files[first] is not None:
        read = partial(merge_masks, parts, tuple(files.values()))
        return Lazy(first, read, tuple(further), parts)
    return parts[0]
