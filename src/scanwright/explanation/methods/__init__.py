"""A file for each way to make a map; ``catalogue`` is the table."""
