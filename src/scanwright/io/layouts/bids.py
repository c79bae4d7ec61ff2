"""BIDS: sub-*/[ses-*/]anat/*.nii.gz, and masks in derivatives/. One case a session.

Brain Imaging Data Structure, https://bids-specification.readthedocs.io (files are matched by entities).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scanwright.data.case import Case, SetAside, Split
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.failures import reading
from scanwright.io.formats.nifti import read_grid
from scanwright.io.layouts.bids_names import BidsFile, fits, images_below, masks_below, subject_folders
from scanwright.io.layouts.bids_tables import (
    PARTICIPANTS,
    PATIENT,
    UNKNOWN,
    read_label_names,
    read_participants,
    read_sessions,
)
from scanwright.io.layouts.classes import SPLIT_FOLDERS
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.nnunet import lazy_image, lazy_mask

NAME = "BIDS"
DESCRIPTION = "dataset_description.json"
_TOP_LEVEL = re.compile(
    r"participants\.(?:tsv|json)|dataset_description\.json|README.*|CHANGES|LICENSE|.*dseg\.tsv"
    r"|conversion\.json|failures\.csv"  # what a conversion leaves
)


@dataclass(frozen=True)
class _Session:
    """The files of one subject on one day."""

    name: str
    images: dict[str, list[BidsFile]] = field(default_factory=lambda: defaultdict(list))  # by contrast
    masks: list[BidsFile] = field(default_factory=list)

    def masks_of(self, image: BidsFile) -> list[BidsFile]:
        return [mask for mask in self.masks if fits(mask, image)]

    def is_masked(self, contrast: str) -> bool:
        return any(self.masks_of(image) for image in self.images.get(contrast, ()))


@dataclass(frozen=True)
class _Contrasts:
    """Which images of a session are used.

    Attributes:
        main: the contrast that masks are matched with; "" when there is none.
        channels: all that are used, in order.
        notes: what is not used, and why.
    """

    main: str
    channels: tuple[str, ...]
    notes: tuple[str, ...] = ()


def is_complete(folder: Folder) -> bool:
    """True for sub-* folders with images, and a sign of BIDS beside them: one of its tables, or masks."""
    if next(images_below(folder), None) is None:
        return False
    if PARTICIPANTS in folder.files or DESCRIPTION in folder.files:
        return True
    return next(masks_below(folder), None) is not None


def used_entries(folder: Folder) -> list[str]:
    """What belongs to the layout at the top level."""
    files = [name for name in folder.files if _TOP_LEVEL.fullmatch(name)]
    return [*subject_folders(folder), "derivatives", *files]


def open_bids(folder: Folder, source: str, *, labels_needed: bool = True) -> Dataset:
    """One case a session, named sub-01_ses-2; headers of images are read, to see which lie on one grid.

    Several contrasts are the channels when every session has them on one grid; otherwise the one that most
    sessions have is used. Columns of participants.tsv and sessions.tsv are facts; only ``split`` is more,
    where it holds nothing but names of splits.

    Args:
        labels_needed: set images without mask aside; otherwise they are cases, and lone masks go unsaid.
            Where derivatives hold no mask at all, images are cases in any event.

    Raises:
        DataError: a table is not what it should be.
    """
    sessions, lone = _sessions(images_below(folder), masks_below(folder))
    labels_needed = labels_needed and any(session.masks for session in sessions.values())
    contrasts = _choose(folder.path, sessions.values(), labels_needed)
    facts = _facts(folder.path, sessions)
    splits, noted = _splits(facts)
    cases: list[Case] = []
    set_aside = [SetAside(mask.path, "read", "the mask has no image") for mask in lone if labels_needed]
    for key, session in sorted(sessions.items()):
        try:
            images, masks = _pick(session, contrasts, labels_needed)
        except DataError as error:
            set_aside.append(SetAside(session.name, "read", str(error)))
            continue
        image = lazy_image(folder.path, [file.path for file in images])
        targets = {"mask": lazy_mask(folder.path, masks[0].path)} if masks else {}
        patient = None if facts[key].pop(PATIENT, "") == UNKNOWN else key[0]
        cases.append(Case(session.name, {"image": image}, targets, patient, splits.get(key), facts[key]))
    n_unknown = sum(case.patient is None for case in cases)
    said = f" (unknown for {n_unknown} cases)" if n_unknown else ""
    return Dataset(
        tuple(cases),
        NAME,
        source,
        channels=contrasts.channels,
        class_names=read_label_names(folder),
        patients="unknown" if n_unknown == len(cases) else f"BIDS sub-{said}",
        notes=(*contrasts.notes, *noted),
        set_aside=tuple(set_aside),
    )


def _sessions(
    images: Iterable[BidsFile], masks: Iterable[BidsFile]
) -> tuple[dict[tuple[str, str], _Session], list[BidsFile]]:
    """All sessions with images, and the masks that belong to none of them."""
    sessions: dict[tuple[str, str], _Session] = {}
    for image in images:
        name = "_".join(f"{key}-{image.entities[key]}" for key in ("sub", "ses") if key in image.entities)
        sessions.setdefault(image.session, _Session(name)).images[image.contrast].append(image)
    of_subject: dict[str, list[_Session]] = defaultdict(list)
    for (subject, _), session in sessions.items():
        of_subject[subject].append(session)
    lone = []
    for mask in masks:
        subject, day = mask.session
        # A mask whose name leaves the session out can only be meant for the only one.
        only = of_subject[subject][0] if not day and len(of_subject[subject]) == 1 else None
        owner = sessions.get((subject, day), only)
        if owner is None:
            lone.append(mask)
        else:
            owner.masks.append(mask)
    return sessions, lone


def _choose(root: Path, sessions: Iterable[_Session], labels_needed: bool) -> _Contrasts:
    """The contrasts to use, from the sessions that can be learnt from."""
    pool = [session for session in sessions if session.masks or not labels_needed]
    grids = _Grids(root)
    known = sorted({contrast for session in pool for contrast in session.images}, key=natural)
    series = [c for c in known if any(grids.is_series(f) for s in pool for f in s.images.get(c, ()))]
    notes = [f"not used, because the files hold time series: {', '.join(series)}"] if series else []
    known = [contrast for contrast in known if contrast not in series]
    if not known:
        return _Contrasts("", (), tuple(notes))
    having = {c: [s for s in pool if (s.is_masked(c) if labels_needed else s.images.get(c))] for c in known}
    agreeing = {c: sum(grids.agree(s.images[c][0], m) for s in having[c] for m in s.masks[:1]) for c in known}
    main = min(known, key=lambda c: (-len(having[c]), -agreeing[c], known.index(c)))
    reasons = {}
    for contrast in known:
        n = sum(contrast in session.images for session in pool)
        if n < len(pool):
            reasons[contrast] = f"in {n} of {len(pool)} sessions"
        elif any(len(session.images[contrast]) > 1 for session in pool):
            reasons[contrast] = "several in one session"
        elif any(
            main in s.images and not grids.agree(s.images[main][0], s.images[contrast][0]) for s in pool
        ):
            reasons[contrast] = f"not on the grid of {main}"
    channels = [c for c in known if c == main or (c not in reasons and main not in reasons)]
    if len(channels) < len(known):
        left = ", ".join(
            f"{c} ({reasons.get(c) or f'{main} is not in every session'})" for c in known if c not in channels
        )
        notes.append(f"the image is {' and '.join(channels)}; not used: {left}")
    return _Contrasts(main, tuple(channels), tuple(notes))


class _Grids:
    """Shape and place of files, by their headers."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, Volume | None] = {}

    def _of(self, file: BidsFile) -> Volume | None:
        """A volume of that grid; ``None`` when the header can't be read, which reading the case will say."""
        if file.path not in self._known:
            try:
                with reading(file.path):
                    self._known[file.path] = read_grid(self._root / file.path)
            except DataError:
                self._known[file.path] = None
        return self._known[file.path]

    def is_series(self, file: BidsFile) -> bool:
        grid = self._of(file)
        return grid is not None and grid.n_channels > 1

    def agree(self, one: BidsFile, other: BidsFile) -> bool:
        first, second = self._of(one), self._of(other)
        return first is None or second is None or first.same_grid(second)


def natural(contrast: str) -> list[tuple[int, str]]:
    """Sorts channel2 before channel10."""
    parts = re.split(r"(\d+)", contrast)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _pick(
    session: _Session, contrasts: _Contrasts, labels_needed: bool
) -> tuple[list[BidsFile], list[BidsFile]]:
    """The images of a session's case, and its mask if there is one.

    Raises:
        DataError: without subject; what is missing, or between which files the choice is not clear.
    """
    images = session.images.get(contrasts.main, [])
    if not images:
        raise DataError(f"the session has no {contrasts.main or 'image of three axes'}")
    masked = [image for image in images if session.masks_of(image)]
    if labels_needed and not masked:
        others = ", ".join(mask.path for mask in session.masks[:2])
        raise DataError(f"no mask fits {images[0].path}", received=others or "no mask in derivatives/")
    images = masked or images
    if len(images) > 1:
        raise DataError(
            f"several {contrasts.main} of one session",
            received=_both(images),
            do="Keep one, or write a manifest.csv.",
        )
    masks = session.masks_of(images[0])
    if len(masks) > 1 and labels_needed:
        raise DataError(
            f"{len(masks)} masks fit {images[0].path}",
            received=_both(masks),
            do="Keep one, or write a manifest.csv.",
        )
    missing = [channel for channel in contrasts.channels if channel not in session.images]
    if missing:
        raise DataError(f"the session has no {' and no '.join(missing)}")
    further = {channel: session.images[channel][0] for channel in contrasts.channels}
    return list((further | {contrasts.main: images[0]}).values()), masks if len(masks) == 1 else []


def _both(files: Sequence[BidsFile]) -> str:
    return " and ".join(file.path for file in files[:2]) + (", …" if len(files) > 2 else "")


def _facts(root: Path, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    """What the tables say of each session; its own table counts more than that of the participants."""
    participants = read_participants(root)
    days = {subject: read_sessions(root, subject) for subject, _ in keys}
    return {
        (subject, day): participants.get(subject, {})
        | days[subject].get(day, {})
        | ({"session": day} if day else {})
        for subject, day in keys
    }


def _splits(
    facts: Mapping[tuple[str, str], dict[str, str]],
) -> tuple[dict[tuple[str, str], Split], tuple[str, ...]]:
    """The column ``split``, taken out of the facts; kept there, with a note, when it holds something else."""
    told = {key: known["split"] for key, known in facts.items() if "split" in known}
    foreign = sorted({value for value in told.values() if value.lower() not in SPLIT_FOLDERS})
    if foreign:
        return {}, (
            f"the column split is kept as a fact; train, val or test is not what it holds: {foreign[0]}",
        )
    for key in told:
        del facts[key]["split"]
    return {key: SPLIT_FOLDERS[value.lower()] for key, value in told.items()}, ()
