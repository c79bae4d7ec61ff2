"""A file for each kind of finding; the table of them is in ``scanwright.inspection.catalogue``."""
