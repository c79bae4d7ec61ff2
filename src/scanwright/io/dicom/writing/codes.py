"""Codes of what structures are, by their names: SNOMED CT, as in DICOM's lists (PS3.16)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

# Words of a name → the keyword of a code in pydicom's dictionary of the standard, so that none is invented.
# The longest words that a name holds decide: a "liver tumour" is a tumour, with the liver as its place.
_ABNORMAL: Mapping[str, str] = {
    "lesion": "Lesion",
    "tumour": "Neoplasm",
    "tumor": "Neoplasm",
    "neoplasm": "Neoplasm",
    "cancer": "Neoplasm",
    "metastasis": "Metastasis",
    "mass": "Mass",
    "nodule": "Nodule",
    "cyst": "Cyst",
    "oedema": "Edema",
    "edema": "Edema",
    "necrosis": "Necrosis",
    "haemorrhage": "Hemorrhage",
    "hemorrhage": "Hemorrhage",
    "abscess": "Abscess",
    "thrombus": "Thrombus",
    "embolus": "Embolus",
}
_ANATOMY: Mapping[str, str] = {
    "adrenal gland": "AdrenalGland",
    "amygdala": "Amygdala",
    "aorta": "Aorta",
    "bladder": "Bladder",
    "bone": "Bone",
    "brain": "Brain",
    "brain stem": "BrainStem",
    "brainstem": "BrainStem",
    "breast": "Breast",
    "cerebellum": "Cerebellum",
    "colon": "Colon",
    "duodenum": "Duodenum",
    "eye": "Eye",
    "femur": "Femur",
    "gallbladder": "Gallbladder",
    "grey matter": "GrayMatter",
    "gray matter": "GrayMatter",
    "heart": "Heart",
    "hippocampus": "Hippocampus",
    "kidney": "Kidney",
    "larynx": "Larynx",
    "liver": "Liver",
    "lung": "Lung",
    "lymph node": "LymphNode",
    "mandible": "Mandible",
    "muscle": "SkeletalMuscle",
    "oesophagus": "Esophagus",
    "esophagus": "Esophagus",
    "ovary": "Ovary",
    "pancreas": "Pancreas",
    "parotid gland": "ParotidGland",
    "portal vein": "PortalVein",
    "prostate": "Prostate",
    "rectum": "Rectum",
    "retina": "Retina",
    "rib": "Rib",
    "sacrum": "Sacrum",
    "skin": "Skin",
    "spinal cord": "SpinalCord",
    "spine": "Spine",
    "spleen": "Spleen",
    "sternum": "Sternum",
    "stomach": "Stomach",
    "thalamus": "Thalamus",
    "thyroid": "Thyroid",
    "trachea": "Trachea",
    "uterus": "Uterus",
    "vertebra": "Vertebra",
    "vessel": "BloodVessel",
    "white matter": "WhiteMatter",
}
_SIDES: Mapping[str, str] = {"left": "Left", "right": "Right"}
_PLURALS: Mapping[str, str] = {
    "metastases": "metastasis",
    "vertebrae": "vertebra",
    "ovaries": "ovary",
    "masses": "mass",
}


@dataclass(frozen=True)
class Meaning:
    """What a structure is.

    Attributes:
        category: of CID 7150.
        kind: what it is; the category again where its name is not known.
        side: left or right, ``None`` where the name says neither.
        site: the organ in which something abnormal lies, where its name says that.
    """

    category: Code
    kind: Code
    side: Code | None = None
    site: Code | None = None


def meaning_of(name: str) -> Meaning:
    """What the name of a class stands for; "Tissue" where nobody can tell."""
    words = [_singular(word) for word in re.findall(r"[a-z]+", name.lower())]
    abnormal, organ = _find(words, _ABNORMAL), _find(words, _ANATOMY)
    sides = [side for word, side in _SIDES.items() if word in words]
    side = _code(sides[0]) if len(sides) == 1 else None
    if abnormal is not None:
        return Meaning(codes.SCT.MorphologicallyAbnormalStructure, abnormal, side, organ)
    if organ is not None:
        return Meaning(codes.SCT.AnatomicalStructure, organ, side)
    return Meaning(codes.SCT.Tissue, codes.SCT.Tissue)


def _singular(word: str) -> str:
    if word in _PLURALS:
        return _PLURALS[word]
    known = {part for phrase in (*_ABNORMAL, *_ANATOMY) for part in phrase.split()}
    return word[:-1] if word not in known and word.endswith("s") and word[:-1] in known else word


def _find(words: list[str], table: Mapping[str, str]) -> Code | None:
    """The code of the longest phrase whose words stand side by side in the name."""
    text = f" {' '.join(words)} "
    for phrase in sorted(table, key=len, reverse=True):
        if f" {phrase} " in text:
            return _code(table[phrase])
    return None


def _code(keyword: str) -> Code:
    found: Code = getattr(codes.SCT, keyword)
    return found
