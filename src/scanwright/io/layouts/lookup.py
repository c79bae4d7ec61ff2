"""Finding the images of a folder by what tables and annotations call them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from scanwright.data.case import Split
from scanwright.errors import DataError
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.classes import split_in
from scanwright.io.paths import common_tail, own_name


class Images:
    """The images of a folder, by which others call them in their own way.

    Attributes:
        names: path → name of its case; the suffix stays where only that tells two apart.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        stems = Counter(map(without_suffix, paths))
        self.names = {p: without_suffix(p) if stems[without_suffix(p)] == 1 else p for p in paths}
        self._called: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            for name in {own_name(path), without_suffix(own_name(path))}:
                self._called[name].append(path)

    def find(self, name: str, told_in: str, split: Split | None) -> str:
        """The path of an image: of those called so, the one whose path agrees most; of several, the one in
        the folder of the file that tells of it, or in a folder of its split.

        Args:
            name: its name or path, with or without suffix.
            told_in: the file that tells of it.
            split: that it tells of.

        Raises:
            DataError: none, or several.
        """
        tails = {path: _tail(path, name) for path in self._called.get(own_name(name), ())}
        found = [path for path, tail in tails.items() if tail == max(tails.values())]
        beside = told_in.rpartition("/")[0]
        for fitting in (
            [path for path in found if beside and path.startswith(f"{beside}/")],
            [path for path in found if split and split in map(split_in, path.split("/")[:-1])],
        ):
            found = fitting if len(found) > 1 and fitting else found
        if len(found) != 1:
            raise DataError(f"{len(found) or 'no'} images of this name are in the folder", subject=name)
        return found[0]


def _tail(path: str, name: str) -> int:
    return max(common_tail(path, name), common_tail(without_suffix(path), name))
