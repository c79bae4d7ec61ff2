"""Fail when a room that everything leans on is covered less than it must be (branches included)."""

import json
import sys
from pathlib import Path

FLOOR_PERCENT = 95.0
ROOMS = ("core", "data", "planning", "transforms")


def main() -> None:
    files = json.loads(Path(sys.argv[1]).read_text())["files"]
    failed = False
    for room in ROOMS:
        own = [entry["summary"] for name, entry in files.items() if f"scanwright/{room}/" in name]
        seen = sum(s["covered_lines"] + s["covered_branches"] for s in own)
        total = sum(s["num_statements"] + s["num_branches"] for s in own)
        percent = 100 * seen / total
        failed = failed or percent < FLOOR_PERCENT
        sys.stdout.write(f"{room}: {percent:.1f} % (at least {FLOOR_PERCENT:.0f} %)\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
