"""Colours that people with any colour vision can tell apart (Okabe and Ito 2008)."""

BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
BLUISH_GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
REDDISH_PURPLE = "#CC79A7"

REFERENCE = SKY_BLUE
PREDICTION = ORANGE
PREDICTIONS = (ORANGE, BLUISH_GREEN, YELLOW, REDDISH_PURPLE, VERMILLION, BLUE)
"""For several labels of a prediction that stands alone, in this order and again; none is the reference's."""
SERIES = (BLUE, ORANGE, BLUISH_GREEN, REDDISH_PURPLE, SKY_BLUE, VERMILLION, YELLOW)
"""For lines and groups, in this order. Told apart by dashes and names as well."""


def rgb(colour: str) -> tuple[int, int, int]:
    """ "#E69F00" as (230, 159, 0)."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
