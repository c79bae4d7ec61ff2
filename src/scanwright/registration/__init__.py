"""Registration: which place of one image is which place of another."""

from scanwright.registration.quality import Quality
from scanwright.registration.registration import KINDS, Registration, register, resample_onto

__all__ = ["KINDS", "Quality", "Registration", "register", "resample_onto"]
