"""Registration: which place of one image is which place of another."""

from scanwright.registration.exchange import read_tfm, write_field, write_tfm
from scanwright.registration.quality import Quality
from scanwright.registration.registration import KINDS, Registration, register, resample_onto

__all__ = [
    "KINDS",
    "Quality",
    "Registration",
    "read_tfm",
    "register",
    "resample_onto",
    "write_field",
    "write_tfm",
]
