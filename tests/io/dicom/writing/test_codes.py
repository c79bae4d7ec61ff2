"""Codes: what names of classes stand for."""

import pytest

from scanwright.io.dicom.writing.codes import _ABNORMAL, _ANATOMY, _code, meaning_of


@pytest.mark.parametrize(
    ("name", "category", "kind", "side", "site"),
    [
        ("liver", "Anatomical Structure", "Liver", "", ""),
        ("Left_Kidney", "Anatomical Structure", "Kidney", "Left", ""),
        ("kidney-right", "Anatomical Structure", "Kidney", "Right", ""),
        ("lungs", "Anatomical Structure", "Lung", "", ""),
        ("liver tumours", "Morphologically Abnormal Structure", "Neoplasm", "", "Liver"),
        ("lymph node metastases", "Morphologically Abnormal Structure", "Metastasis", "", "Lymph Node"),
        ("lesion", "Morphologically Abnormal Structure", "Lesion", "", ""),
        ("brain stem", "Anatomical Structure", "Brain Stem", "", ""),
        ("Anterior", "Tissue", "Tissue", "", ""),
        ("deliverance", "Tissue", "Tissue", "", ""),
        ("肝脏", "Tissue", "Tissue", "", ""),
    ],
)
def test_names_are_understood_or_called_tissue(name, category, kind, side, site):
    found = meaning_of(name)
    told = (found.category.meaning, found.kind.meaning)
    assert told == (category, kind)
    assert (found.side.meaning if found.side else "") == side
    assert (found.site.meaning if found.site else "") == site


def test_all_codes_stand_in_the_dictionary_of_the_standard():
    for keyword in (*_ABNORMAL.values(), *_ANATOMY.values()):
        assert _code(keyword).scheme_designator == "SCT"
