"""The page on one case: what it says of each kind of answer, on one sheet, in two languages."""

import re

import numpy as np
import pytest

from report.test_pdf import needs_pdf, unpacked
from scanwright.data.boxes import Boxes
from scanwright.data.prediction import (
    Amount,
    BoxPrediction,
    ClassPrediction,
    Doubt,
    LabelsPrediction,
    MaskPrediction,
    Referral,
    ValuePrediction,
)
from scanwright.data.volume import Volume
from scanwright.report.pdf import render_pdf
from scanwright.report.pictures import case_panel
from scanwright.report.result import render_result

MASK = Volume(np.zeros((1, 4, 4, 4), np.uint8), np.eye(4))
AMOUNTS = (Amount("liver", 1534.2, 1490.0, 1580.0, "ml"), Amount("<tumour>", 12.3, None, None, "ml"))
MASKS = MaskPrediction("a", MASK, volumes=AMOUNTS, doubts=(Doubt("modality", "CT", "MR"),))


def _page(prediction, classes=("liver", "<tumour>"), picture=b"", lang="en"):
    return render_result(prediction, classes, picture, "scanwright 0.1", "2026-01-02", lang)


def test_masks_give_volumes_with_intervals_and_doubts():
    page = _page(MASKS)
    assert "liver: 1534 ml; &lt;tumour&gt;: 12.3 ml" in page
    assert "1534 (1490–1580)" in page
    assert "learnt from CT" in re.sub(r"\s+", " ", page)
    assert "Research use only" in page
    assert "The image is like those" not in page


def test_the_study_is_named_so_that_a_reader_finds_it():
    page = render_result(MASKS, ("liver",), b"", "m, model abc of run def", "2026-01-02", study="1.2.840.7")
    assert "study (UID)" in page
    assert "1.2.840.7" in page
    assert "study (UID)" not in _page(MASKS)


def test_nothing_outlined_is_said():
    assert "Nothing is outlined" in _page(
        MaskPrediction("a", MASK, volumes=(Amount("liver", 0.0, None, None, "ml"),))
    )


def test_classes_give_the_answer_probabilities_and_who_must_look():
    referral = Referral(("normal", "ill"), "two answers are possible")
    page = _page(ClassPrediction("a", {"normal": 0.25, "ill": 0.75}, referral=referral), ("normal", "ill"))
    assert page.index("0.750") < page.index("0.250")
    assert "A person must see this case: two answers are possible." in page
    assert 'class="headline">ill<' in page
    assert "Nothing was found" in _page(LabelsPrediction("a", {"x": 0.2}, ()), ("x",))


def test_numbers_and_findings():
    assert "61 (55–67)" in _page(ValuePrediction("a", 61.0, 55.0, 67.0), ("age",))
    boxes = Boxes(np.array([[[0, 0, 0], [2, 2, 2]]] * 2), ("nodule", "nodule"), np.array([0.9, 0.1]))
    page = _page(BoxPrediction("a", boxes, {"nodule": 0.5}), ("nodule",))
    assert "Findings: 1" in page
    assert "0.900" in page


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_fills_one_sheet_of_paper(lang):
    needs_pdf(lang)
    image, mask = np.zeros((1, 96, 96, 96), np.int16), np.zeros((96, 96, 96), np.uint8)
    mask[40:50, 40:50, 40:50] = 1
    picture = case_panel(image, None, mask, np.diag([1.0, 1.0, 1.0, 1.0]), modality="CT", labels={1: "liver"})
    amounts = tuple(Amount(f"class {n}", 1.0, 0.9, 1.1, "ml") for n in range(12))
    several = MaskPrediction("a", MASK, volumes=amounts, doubts=MASKS.doubts)
    pdf = render_pdf(_page(several, tuple(one.name for one in amounts), picture, lang), lang)
    told = pdf + b"".join(unpacked(pdf))
    assert len(re.findall(rb"/Type\s*/Page\b", told)) == 1
