"""What the command line says: results on standard output, progress and troubles on standard error."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanwright.data.case import SetAside
    from scanwright.types import Progress

SECONDS_BETWEEN_LINES = 15.0
MOST_LISTED = 5
WIDEST_COLUMN = 40


def is_heard() -> bool:
    """Whether this process speaks: of those that torchrun starts, the first one does for all."""
    return os.environ.get("RANK", "0") == "0"


@dataclass
class Console:
    """One command's voice.

    Attributes:
        quiet: nothing but errors (and the JSON line).
        as_json: end with one machine-readable line.
    """

    quiet: bool = False
    as_json: bool = False
    result: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.quiet = self.quiet or not is_heard()
        self.as_json = self.as_json and is_heard()

    def say(self, text: str = "") -> None:
        """A line for the person, on standard output."""
        if not self.quiet:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows in columns; what is too long for its column goes on under itself."""
        import shutil
        import textwrap
        from itertools import zip_longest

        if not rows:
            return
        width = [min(WIDEST_COLUMN, max(map(len, cells))) for cells in zip(*rows, strict=True)]
        before = sum(width[:-1]) + 2 * len(width)
        width[-1] = max(30, shutil.get_terminal_size((110, 24)).columns - before)
        for row in rows:
            cells = [textwrap.wrap(cell, w) or [""] for cell, w in zip(row, width, strict=True)]
            for line in zip_longest(*cells, fillvalue=""):
                self.say("".join(f"  {cell:<{w}}" for cell, w in zip(line, width, strict=True)).rstrip())

    def list_set_aside(
        self, entries: Sequence[SetAside], where: str = "", *, what: str = "Set aside"
    ) -> None:
        """How many cases could not be used, and the first reasons."""
        if not entries:
            return
        n = len({entry.case for entry in entries})
        self.say(f"{what}: {n} {'case' if n == 1 else 'cases'}{f' (all in {where})' if where else ''}")
        for entry in entries[:MOST_LISTED]:
            self.say(f"  {entry}")
        if len(entries) > MOST_LISTED:
            self.say(f"  … and {len(entries) - MOST_LISTED} more")

    def list_doubts(self, doubts: Iterable[dict[str, Any]]) -> None:
        """Why predictions may be wrong: cases that are not like those that the model learnt from."""
        from scanwright.report.texts import Words

        words = Words("en")
        for doubt in doubts:
            self.say(f"Warning: {words('doubt.' + doubt['kind'], **doubt)}")

    def tell_reached(self, story: Mapping[str, Any]) -> None:
        """What the thresholds of a model that finds objects reached on validation cases."""
        from scanwright.report.box_sections import tell_reached
        from scanwright.report.texts import Words

        for sentence in tell_reached(story, Words("en")):
            self.say(sentence)

    def finish(self, **result: Any) -> None:
        """The machine-readable last line, when asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps({**self.result, **result}, ensure_ascii=False) + "\n")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A bar for each stage; without a terminal, a line now and then."""
        from scanwright.types import silent  # numpy comes with it, and the help can do without

        if self.quiet:
            yield silent
        elif sys.stderr.isatty():
            with _bars() as bars:
                yield bars
        else:
            yield _Lines()


class _Lines:
    """Progress for logs."""

    def __init__(self) -> None:
        self.stage = ""
        self.start = self.last = self.first = 0.0

    def __call__(self, stage: str, done: float, total: float, note: str = "") -> None:
        if stage == "Warning":
            sys.stderr.write(f"{stage}: {note}\n")
            return
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.start, self.last = stage, now, now - SECONDS_BETWEEN_LINES
            # Training that goes on after a kill begins somewhere in the middle.
            self.first = done / total if total else 0.0
        over = done >= total
        if now - self.last < SECONDS_BETWEEN_LINES and not over:
            return
        self.last = now
        share = done / total if total else 1.0
        moved = share - self.first
        left = f", {_clock((now - self.start) / moved * (1 - share))} left" if 0.02 < moved < 1 else ""
        sys.stderr.write(f"{stage} {share:4.0%}{left}{f'  {note}' if note else ''}\n")
        sys.stderr.flush()
        if over:
            self.stage = ""


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with RichProgress(*columns, console=RichConsole(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def tell(stage: str, done: float, total: float, note: str = "") -> None:
            if stage == "Warning":
                bars.console.print(f"{stage}: {note}", markup=False, highlight=False)
                return
            if stage not in tasks or bars.tasks[tasks[stage]].finished:
                tasks[stage] = bars.add_task(stage, total=total, note="")
            bars.update(tasks[stage], completed=done, total=total, note=note[:60])

        yield tell


def _clock(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
