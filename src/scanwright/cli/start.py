"""Where the command begins: Ctrl-C while Python still loads ends as quietly as later."""

from __future__ import annotations

import signal
import sys

INTERRUPTED = 130


def _end(*_: object) -> None:
    """A program that is told to end (``kill``, ``timeout``) does as at Ctrl-C: it keeps what was done, and
    removes what it unpacked."""
    if callable(signal.getsignal(signal.SIGINT)):
        signal.raise_signal(signal.SIGINT)
    else:  # started in the background, where Ctrl-C is not heard
        raise KeyboardInterrupt


def main() -> None:
    """Load the verbs, and run one."""
    signal.signal(signal.SIGTERM, _end)
    try:
        from scanwright.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("\nscanwright: stopped.\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
