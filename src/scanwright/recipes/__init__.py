"""A recipe done on all cases of a folder, and recorded; the steps are in ``transforms/enhancement``."""
