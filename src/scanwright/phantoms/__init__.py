"""Phantoms: cohorts of CT-like patients whose lesions are known."""

from scanwright.phantoms.cohort import Cohort, make_cohort, write_boxed_cohort, write_cohort
from scanwright.phantoms.phantom import Lesion, Phantom, make_phantom
from scanwright.phantoms.settings import SCANNERS, SMALL_LESIONS, PhantomSettings, Scanner

__all__ = [
    "SCANNERS",
    "SMALL_LESIONS",
    "Cohort",
    "Lesion",
    "Phantom",
    "PhantomSettings",
    "Scanner",
    "make_cohort",
    "make_phantom",
    "write_boxed_cohort",
    "write_cohort",
]
