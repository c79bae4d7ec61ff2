"""One adapter per file format, and the table that chooses among them."""
