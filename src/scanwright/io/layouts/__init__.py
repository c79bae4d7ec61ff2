"""One adapter per way in which people lay out a dataset, and the table that recognises them."""
