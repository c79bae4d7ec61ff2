"""One reader per way in which people write down boxes, each onto the grid of its image."""
