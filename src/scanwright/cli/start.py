"""Where the command begins: Ctrl-C while Python still loads ends as quietly as later."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Load the verbs, and run one."""
    try:
        from scanwright.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("\nscanwright: stopped.\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
