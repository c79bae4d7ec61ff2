"""``python -m scanwright``: the same as the command ``scanwright``."""

from scanwright.cli.main import main

main()
