"""Reading what people have: an adapter per format, an adapter per layout, and writing masks back."""

from scanwright.io.dataset import open_dataset, open_inputs
from scanwright.io.image import read_image
from scanwright.io.masks import read_mask, write_mask

__all__ = ["open_dataset", "open_inputs", "read_image", "read_mask", "write_mask"]
