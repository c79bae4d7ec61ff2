"""A user who presses Ctrl-C in the middle of a training."""

from __future__ import annotations

import signal
from collections.abc import Callable


def stopping(at_step: int, times: int = 1) -> Callable[..., None]:
    """Progress that presses Ctrl-C after a step, counted over all members."""
    steps, last = 0, 0.0

    def progress(stage: str, done: float, total: float, note: str = "") -> None:
        nonlocal steps, last
        # A round's end is told at the progress of its last step.
        if stage == "Training" and done > last:
            steps, last = steps + 1, done
            if steps == at_step:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)

    return progress
