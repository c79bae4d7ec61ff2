"""Phantoms: cohorts of CT-like patients whose lesions are known."""

from scanwright.phantoms.cohort import Cohort, make_cohort, write_cohort
from scanwright.phantoms.phantom import Lesion, Phantom, make_phantom
from scanwright.phantoms.settings import SCANNERS, PhantomSettings, Scanner

__all__ = [
    "SCANNERS",
    "Cohort",
    "Lesion",
    "Phantom",
    "PhantomSettings",
    "Scanner",
    "make_cohort",
    "make_phantom",
    "write_cohort",
]
