"""``python -m scanwright``: the same as the command ``scanwright``."""

from scanwright.cli.start import main

main()
