"""Every kind of finding: found where it was planted, and not where it was not."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from builders import texture
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.finding import SEVERITIES
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.inspection.catalogue import KINDS
from scanwright.inspection.doctor import Inspection, inspect
from scanwright.inspection.exam import Examined
from scanwright.types import AnyArray

N = 24


def picture_case(name: str, array: AnyArray, label: str = "", **facts: object) -> Case:
    image = Volume(array[None, ..., None], None, "photograph")
    targets = {"label": label} if label else {}
    return Case(name, {"image": Lazy(name, lambda: image)}, targets, **facts)  # type: ignore[arg-type]


def pictures(n: int = N) -> list[Case]:
    return [
        picture_case(f"p{k}", texture(k), ("ill", "well")[k % 2], patient=f"patient {k}") for k in range(n)
    ]


def volume(seed: int, *, scale: float = 1.0) -> tuple[AnyArray, AnyArray]:
    """A made-up scan: a body in air with a bright ball, and the ball's mask."""
    rng = np.random.default_rng(seed)
    i, j, k = np.meshgrid(*[np.arange(24.0)] * 3, indexing="ij")
    body = (i - 12) ** 2 + (j - 12) ** 2 < 100
    centre = rng.uniform((7, 7, 9), (10, 10, 15))
    ball = (i - centre[0]) ** 2 + (j - centre[1]) ** 2 + (k - centre[2]) ** 2 < 12
    array = -1000 + body * (1050 + 15 * rng.normal(size=body.shape)) + 300 * ball
    return (scale * array).astype(np.float32), ball.astype(np.uint8)


def volume_case(name: str, array: AnyArray, mask: AnyArray | None, **facts: object) -> Case:
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    image = Volume(array[None], affine, "CT")
    targets = {"mask": Lazy(name, lambda: Volume(mask[None], affine))} if mask is not None else {}
    return Case(name, {"image": Lazy(name, lambda: image)}, targets, **facts)  # type: ignore[arg-type]


def volumes(n: int = N) -> list[Case]:
    return [volume_case(f"v{k}", *volume(k), patient=f"patient {k}") for k in range(n)]


def look(cases: Sequence[Case], **facts: object) -> Inspection:
    """Inspect; and whatever is found, in whichever test, is said in Chinese without an English sentence."""
    inspection = inspect(Dataset(tuple(cases), "made up", "here", **facts))  # type: ignore[arg-type]
    for one in inspection.in_words("zh"):
        for text in (one.title, one.why, one.action):
            assert speaks_chinese(text), (one.kind, text)
    return inspection


def speaks_chinese(text: str) -> bool:
    """Whether it holds Chinese, and no two English words that are no name in a row."""
    return bool(re.search("[一-鿿]", text)) and not re.search(r"\b[a-z]{2,} [a-z]{2,}\b", text)


def named(inspection: Inspection, kind: str) -> list[tuple[str, ...]]:
    return [one.cases for one in inspection.findings if one.kind == kind]


@pytest.mark.parametrize("cases", [pictures, volumes])
def test_nothing_is_found_in_sound_data_but_that_they_are_few(cases: Callable[[], list[Case]]) -> None:
    assert {one.kind for one in look(cases()).findings} <= {"few_patients"}


def test_copies_are_found_however_they_were_changed() -> None:
    cases = pictures()
    copy = texture(0).astype(float)
    cases += [
        picture_case("same", texture(0), "ill", patient="patient 0"),
        picture_case("brighter", np.clip(copy * 1.2 + 10, 0, 255).astype(np.uint8), "ill", patient="new"),
        picture_case("smaller", ndimage.zoom(texture(2), 0.6, order=1), "ill", patient="other"),
    ]
    inspection = look(cases)
    assert [set(names) for names in named(inspection, "same_picture")] == [
        {"p0", "same", "brighter"},
        {"p2", "smaller"},
    ]
    assert all(one.severity == "error" for one in inspection.findings if one.kind == "same_picture")
    merged = {case.name: case.patient for case in inspection.cleaned()}
    assert merged["brighter"] == merged["p0"] == "patient 0"
    assert "same" not in merged


def test_a_mirrored_copy_is_said_to_be_one_and_may_have_another_label() -> None:
    cases = [*pictures(), picture_case("mirrored", texture(0)[::-1], "well", patient="patient 0")]
    inspection = look(cases)
    (found,) = [one for one in inspection.findings if one.kind == "same_picture"]
    assert (found.cases, found.evidence["mirrored"]) == (("p0", "mirrored"), True)
    assert "mirrored" in found.title
    assert named(inspection, "two_labels") == []


def test_identical_copies_of_one_patient_are_left_out_when_cleaned() -> None:
    cases = [*volumes(), volume_case("again", *volume(3), patient="patient 3")]
    inspection = look(cases)
    assert named(inspection, "same_picture") == [("v3", "again")]
    assert "again" not in {case.name for case in inspection.cleaned()}
    assert len(inspection.cleaned()) == N


def test_one_picture_with_two_labels_is_an_error() -> None:
    cases = [*pictures(), picture_case("liar", texture(0), "well", patient="patient 0")]
    inspection = look(cases)
    assert named(inspection, "two_labels") == [("p0", "liar")]
    assert not {"p0", "liar"} & {case.name for case in inspection.cleaned()}
    assert named(inspection, "same_picture") == []  # said once


def test_one_picture_with_two_labels_and_two_patients_is_two_errors() -> None:
    inspection = look([*pictures(), picture_case("liar", texture(0), "well", patient="another")])
    assert named(inspection, "two_labels") == named(inspection, "same_picture") == [("p0", "liar")]


def test_patients_on_two_sides_are_found() -> None:
    cases = [replace(case, split=("train", "test")[n % 2]) for n, case in enumerate(pictures())]
    assert named(look(cases), "split_patients") == []
    cases[1] = replace(cases[1], patient="patient 0")
    assert named(look(cases), "split_patients") == [("p0", "p1")]


def test_unknown_patients_are_said() -> None:
    cases = [replace(case, patient=None) for case in pictures()]
    (found,) = [one for one in look(cases).findings if one.kind == "unknown_patients"]
    assert found.evidence["n"] == N


def test_what_cannot_be_read_is_said_with_its_reason() -> None:
    def broken() -> Volume:
        raise DataError("the file is cut off", subject="bad")

    inspection = look(
        [*pictures(), Case("bad", {"image": Lazy("bad", broken)}, {"label": "ill"})],
        set_aside=(SetAside("lost", "read", "the image has no mask"),),
    )
    titles = [one.title for one in inspection.findings if one.kind == "unreadable"]
    assert any("cut off" in title for title in titles)
    assert any("no mask" in title for title in titles)


def test_masks_that_do_not_fit_are_found() -> None:
    array, mask = volume(50)
    cases = [
        *volumes(),
        volume_case("other shape", array, mask[:20]),
        volume_case("empty", volume(51)[0], np.zeros_like(mask)),
        volume_case("in air", volume(52)[0], np.roll(mask, (-6, -6, 0), (0, 1, 2))),
        volume_case("crumbs", volume(53)[0], _crumbs(volume(53)[1])),
        volume_case("mirrored", volume(54)[0], np.flip(volume(54)[1], 0)),
        volume_case("shifted", volume(55)[0], np.roll(volume(55)[1], (6, 6, 0), (0, 1, 2))),
    ]
    inspection = look(cases)
    assert named(inspection, "mask_elsewhere") == [("other shape",)]
    assert named(inspection, "empty_mask") == [("empty",)]
    assert named(inspection, "in_air") == [("in air",)]
    assert named(inspection, "islands") == [("crumbs",)]
    odd = {names[0]: one for names, one in zip(*_foreign(inspection), strict=True)}
    assert {"mirrored", "shifted"} <= set(odd) <= {"mirrored", "shifted", "in air", "crumbs"}
    assert odd["mirrored"].evidence["flip"] is True
    assert odd["shifted"].evidence["flip"] is False


def _foreign(inspection: Inspection) -> tuple[list[tuple[str, ...]], list[object]]:
    found = [one for one in inspection.findings if one.kind == "foreign_mask"]
    return [one.cases for one in found], found  # type: ignore[return-value]


def _crumbs(mask: AnyArray) -> AnyArray:
    crumbs = mask.copy()
    crumbs[8:16:3, 8:16:3, ::3] = 1
    return crumbs


def balls_and_cubes(
    seed: int, *, n_labels: int, exchanged: tuple[int, int] = (0, 0)
) -> tuple[AnyArray, AnyArray]:
    """A made-up scan in which labels lie in a row from front to back, each a little astray."""
    array, _ = volume(seed)
    rng = np.random.default_rng(1000 + seed)
    labels = np.zeros(array.shape, np.uint8)
    for value in range(1, n_labels + 1):
        i, j, k = np.array([11, 4 * value, 11]) + rng.integers(-1, 2, 3)
        labels[i : i + 3, j : j + 2, k : k + 3] = value
    mapping = np.arange(n_labels + 1)
    a, b = exchanged
    mapping[[a, b]] = mapping[[b, a]]
    return array, mapping[labels].astype(np.uint8)


@pytest.mark.parametrize(("n_labels", "exchanged"), [(2, (1, 2)), (4, (1, 4)), (4, (2, 3)), (4, (1, 3))])
def test_labels_that_are_exchanged_in_one_mask_are_named(n_labels: int, exchanged: tuple[int, int]) -> None:
    cases = [volume_case(f"v{n}", *balls_and_cubes(n, n_labels=n_labels), patient=f"{n}") for n in range(12)]
    assert named(look(cases), "swapped_labels") == []
    odd = balls_and_cubes(5, n_labels=n_labels, exchanged=exchanged)
    cases[5] = volume_case("v5", *odd, patient="5")
    inspection = look(cases, class_names={"0": "background", "1": "head", str(n_labels): "tail"})
    (found,) = [one for one in inspection.findings if one.kind == "swapped_labels"]
    assert (found.cases, found.evidence["values"]) == (("v5",), list(exchanged))
    assert ("head" in found.title) == (1 in exchanged)


def test_labels_that_lie_on_either_side_are_never_called_exchanged() -> None:
    cases = [
        volume_case(f"v{n}", *balls_and_cubes(n, n_labels=2, exchanged=(1, 1 + n % 2)), patient=f"{n}")
        for n in range(12)
    ]
    assert named(look(cases), "swapped_labels") == []


def test_masks_of_the_field_of_view_are_found() -> None:
    i, j = np.meshgrid(*[np.linspace(-1, 1, 64)] * 2, indexing="ij")
    field = ((i**2 + j**2) < 0.95).astype(np.uint8)[..., None]
    cases = []
    for n in range(8):
        image = Volume(texture(n)[None, ..., None], None, "photograph")
        mask = Volume(field[None])
        cases.append(
            Case(
                f"eye{n}",
                {"image": Lazy("i", lambda image=image: image)},
                {"mask": Lazy("m", lambda mask=mask: mask)},
            )
        )
    assert len(named(look(cases), "field_of_view")) == 1


def test_odd_pixels_are_found() -> None:
    cases = volumes()
    holes = volume(60)[0]
    holes[:3] = np.nan
    cases += [
        volume_case("flat", np.full((24, 24, 24), 7, np.float32), None),
        volume_case("holes", holes, None),
        volume_case("another scale", volume(61, scale=100.0)[0], None),
        volume_case("no air", volume(62)[0] + 1000, None),
        volume_case("clipped", np.minimum(volume(63)[0], 20), None),
    ]
    inspection = look(cases)
    assert named(inspection, "constant_image") == [("flat",)]
    assert named(inspection, "non_finite") == [("holes",)]
    assert named(inspection, "intensity_scale") == [("another scale",)]
    assert set(*named(inspection, "hounsfield_lost")) >= {"no air"}
    assert named(inspection, "clipped") == [("clipped",)]


def test_a_negative_is_found() -> None:
    cases = [*pictures(), picture_case("negative", 255 - texture(70), "ill")]
    assert named(look(cases), "inverted") == [("negative",)]


def test_another_modality_and_another_number_of_channels_are_found() -> None:
    array, _ = volume(80)
    strange = Case("mr", {"image": Lazy("i", lambda: Volume(array[None], np.diag([2.0, 2, 2, 1]), "MR"))}, {})
    assert named(look([*volumes(), strange]), "odd_image") == [("mr",)]


def test_where_no_modality_has_a_majority_none_is_called_usual() -> None:
    affine = np.diag([2.0, 2, 2, 1])
    images = {name: Volume(volume(n)[0][None], affine, name) for n, name in enumerate(("CT", "MR", "PT"))}
    cases = [
        Case(name, {"image": Lazy("i", lambda image=image: image)}, {}) for name, image in images.items()
    ]
    (found,) = [one for one in look(cases).findings if one.kind == "odd_image"]
    assert (found.cases, found.severity) == (("CT", "MR", "PT"), "warning")
    assert found.title == "Images differ in the modality: CT (1), MR (1), PT (1); none is usual"


def test_below_three_patients_no_split_is_promised() -> None:
    kinds = {n: {one.kind for one in look(volumes(n)).findings} for n in (2, 3)}
    assert kinds[2] & {"few_patients", "no_split"} == {"no_split"}
    assert kinds[3] & {"few_patients", "no_split"} == {"few_patients"}


def with_facts(cases: Sequence[Case], *told: tuple[str, str]) -> list[Case]:
    """The last cases with a fact each, the others with the first of them."""
    facts = [dict([told[0]])] * (len(cases) - len(told) + 1) + [dict([one]) for one in told[1:]]
    return [replace(case, facts=own) for case, own in zip(cases, facts, strict=True)]


def test_another_body_part_and_view_than_usual_are_named_by_what_headers_say() -> None:
    cases = with_facts(pictures(), ("body_part", "CHEST"), ("BodyPartExamined", "KNEE"), ("body_part", ""))
    (one,) = [one for one in look(cases).findings if one.kind == "odd_image"]
    assert (one.cases, one.severity) == (("p22",), "warning")
    assert "body part" in one.title
    cases = with_facts(pictures(), ("view", "PA"), ("view", "AP"), ("ViewPosition", "LL"))
    assert named(look(cases), "odd_image") == [("p23",)]


def test_two_regions_in_one_dataset_are_no_slip() -> None:
    told = [("body_part", "CHEST")] * 14 + [("body_part", "ABDOMEN")] * 10
    cases = [replace(case, facts=dict([one])) for case, one in zip(pictures(), told, strict=True)]
    assert not named(look(cases), "odd_image")


def test_a_picture_of_something_else_is_found() -> None:
    stripes = (100 + 90 * np.sin(np.arange(64) / 2))[:, None] * np.ones((64, 64))
    cases = [*pictures(40), picture_case("stripes", stripes.astype(np.uint8), "ill")]
    assert named(look(cases), "foreign_image") == [("stripes",)]
    assert not named(look(cases[-20:]), "foreign_image")  # too few to know


def heart(seed: int) -> AnyArray:
    """A picture with a bright spot on one side."""
    i, j = np.meshgrid(*[np.linspace(-1, 1, 64)] * 2, indexing="ij")
    return np.where((i - 0.4) ** 2 + j**2 < 0.1, 250, texture(seed)).astype(np.uint8)


def test_a_mirrored_picture_is_found_where_pictures_have_sides() -> None:
    hearts = [picture_case(f"p{n}", heart(n), "ill") for n in range(30)]
    hearts[3] = picture_case("mirrored", heart(3)[::-1], "ill")
    assert named(look(hearts), "mirrored_image") == [("mirrored",)]
    assert not named(look(pictures(30)), "mirrored_image")


@pytest.mark.parametrize(
    ("channel", "modality", "array", "held"),
    [
        ("CT", "MR", None, "MR"),
        ("ct", "", np.clip(volume(5)[0], -100, 100), "values unlike Hounsfield units"),
        ("T1", "CT", None, "CT"),
    ],
)
def test_a_channel_that_is_named_after_something_else_is_found(
    channel: str, modality: str, array: AnyArray | None, held: str
) -> None:
    image = Volume((volume(5)[0] if array is None else array)[None], np.diag([2.0, 2, 2, 1]), modality)
    strange = Case("strange", {"image": Lazy("i", lambda: image)}, {})
    inspection = look([strange], channels=(channel,))
    (found,) = [one for one in inspection.findings if one.kind == "channel_name"]
    assert found.cases == ("strange",)
    assert held in found.title


@pytest.mark.parametrize("channel", ["CT", "ct", "image", "PET"])
def test_a_channel_that_may_hold_what_it_is_called_is_not(channel: str) -> None:
    assert named(look(volumes(), channels=(channel,)), "channel_name") == []


def test_values_without_a_name_and_names_without_a_value_are_found() -> None:
    names = {"0": "background", "1": "ball", "3": "cyst"}
    assert named(look(volumes(), class_names={"0": "background", "1": "ball"}), "label_names") == []
    (unused,) = [one for one in look(volumes(), class_names=names).findings if one.kind == "label_names"]
    assert (unused.severity, unused.cases) == ("note", ())
    assert "3 (cyst)" in unused.title
    array, mask = volume(90)
    found = [
        one
        for one in look([*volumes(), volume_case("odd", array, 5 * mask)], class_names=names).findings
        if one.kind == "label_names"
    ]
    assert [(one.severity, one.cases) for one in found] == [("warning", ("odd",)), ("note", ())]
    assert "without a name: 5" in found[0].title


def test_classes_of_whole_images_are_no_values_of_masks() -> None:
    assert named(look(pictures(), class_names={"ill": "ill", "well": "well"}), "label_names") == []


def test_rare_and_unequal_classes_are_found() -> None:
    cases = [picture_case(f"p{k}", texture(k), "well", patient=str(k)) for k in range(30)]
    cases += [picture_case(f"r{k}", texture(100 + k), "ill", patient=f"r{k}") for k in range(2)]
    inspection = look(cases)
    (rare,) = [one for one in inspection.findings if one.kind == "rare_class"]
    assert (rare.evidence["class"], rare.severity) == ("ill", "error")
    assert len(named(inspection, "imbalance")) == 1
    assert len(named(inspection, "few_patients")) == 1


def test_clues_beside_the_anatomy_are_found() -> None:
    cases = []
    for n in range(80):
        label = ("ill", "well")[n % 2]
        size = 64 if label == "ill" else 72
        site = "north" if label == "ill" or n % 10 == 1 else "south"
        facts = {"site": site, "day": str(n)}
        cases.append(picture_case(f"p{n}", texture(n, (size, 64)), label, patient=str(n), facts=facts))
    clues = {one.evidence["clue"] for one in look(cases).findings if one.kind == "shortcut"}
    assert {"the size of the image", "the column site"} <= clues
    assert "the column day" not in clues


def test_writing_that_tells_the_class_is_found() -> None:
    cases = []
    for n in range(60):
        page = Image.fromarray(texture(n, (120, 160)) // 4)
        if n % 2:
            ImageDraw.Draw(page).text((5, 5), "PORTABLE AP", fill=255, font=ImageFont.load_default(14))
        cases.append(picture_case(f"p{n}", np.asarray(page).T, ("ill", "well")[n % 2], patient=str(n)))
    clues = {
        one.evidence["clue"]: one.evidence["auroc"] for one in look(cases).findings if one.kind == "shortcut"
    }
    assert clues["the writing in the image"] > 0.9


def test_worst_comes_first() -> None:
    cases = [*pictures(), picture_case("liar", texture(0), "well"), picture_case("flat", texture(0) * 0)]
    ranks = [SEVERITIES.index(one.severity) for one in look(cases).findings]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_says_nothing_of_nothing_and_has_both_languages(kind) -> None:  # type: ignore[no-untyped-def]
    assert list(kind.find(Examined(Dataset((), "", ""), (), ()))) == []
    for part in ("title", "why", "action"):
        english, chinese = getattr(kind.en, part), getattr(kind.zh, part)
        assert english
        assert chinese
        assert english != chinese
        gaps = [
            {name.removesuffix("_zh") for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (english, chinese)
        ]
        assert gaps[0] == gaps[1]


# Numbers, values and names that are the same in any language; all else that fills a gap has a Chinese twin.
ALIKE = {
    *("n", "of", "n_test", "n_related", "n_most", "n_least", "voxels", "beside", "torn", "share", "percent"),
    *("half", "auroc", "ratio", "side", "agreement"),
    *("a", "b", "class", "channel", "listed", "most", "least", "usual"),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_in_chinese_no_gap_of_a_kind_is_filled_with_english_words(kind) -> None:  # type: ignore[no-untyped-def]
    for text in (kind.zh.title, kind.zh.why, kind.zh.action):
        gaps = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert {name for name in gaps if not name.endswith("_zh")} <= ALIKE
        assert kind.zh.title == "{said_zh}" or speaks_chinese(text)


def test_kinds_have_names_of_their_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def test_who_shares_a_picture_becomes_one_patient_with_all_cases() -> None:
    cases = [
        *pictures(),
        picture_case("alias", texture(0), "ill", patient="another name"),
        picture_case("alias later", texture(200), "ill", patient="another name"),
    ]
    merged = {case.name: case.patient for case in look(cases).cleaned()}
    assert merged["p0"] == merged["alias later"] == "patient 0"
    assert merged["p1"] == "patient 1"


def test_of_identical_copies_the_one_in_the_stricter_split_is_kept() -> None:
    cases = [replace(case, split="train") for case in pictures()]
    cases.append(picture_case("tested", texture(0), "ill", patient="patient 0", split="test"))
    kept = {case.name for case in look(cases).cleaned()}
    assert "tested" in kept
    assert "p0" not in kept


def test_empty_images_are_not_copies_of_each_other() -> None:
    flat = [picture_case(f"flat{n}", np.full((64, 64), 9 + n, np.uint8), "ill") for n in range(2)]
    assert named(look([*pictures(), *flat]), "same_picture") == []


def marked_pictures(n: int, *, tell: float) -> list[Case]:
    """Two classes that a bright bar tells apart, as clearly as ``tell`` says."""
    cases = []
    for k in range(n):
        array = texture(k).astype(float)
        rows = slice(20, 28) if k % 2 else slice(36, 44)
        array[rows, 16:48] += tell
        label = ("ill", "well")[k % 2]
        cases.append(picture_case(f"p{k}", np.clip(array, 0, 255).astype(np.uint8), label))
    return cases


def mislabelled(cases: list[Case], *which: int) -> list[Case]:
    other = {"ill": "well", "well": "ill"}
    return [
        replace(case, targets={"label": other[case.label]}) if k in which else case
        for k, case in enumerate(cases)
    ]


def test_labels_that_all_others_speak_against_are_named_with_what_they_look_like() -> None:
    inspection = look(mislabelled(marked_pictures(60, tell=150), 3, 40))
    (finding,) = [one for one in inspection.findings if one.kind == "doubtful_label"]
    assert set(finding.cases) == {"p3", "p40"}
    assert finding.evidence["looks_like"] == {"p3": "well", "p40": "ill"}


def test_where_classes_cannot_be_told_apart_no_label_is_doubted() -> None:
    inspection = look(mislabelled(marked_pictures(60, tell=0), 3, 40))
    assert not named(inspection, "doubtful_label")


def test_few_cases_are_not_enough_to_doubt_a_label() -> None:
    inspection = look(mislabelled(marked_pictures(20, tell=150), 3))
    assert not named(inspection, "doubtful_label")


def test_cases_whose_files_name_the_patient_are_told() -> None:
    cases = pictures()
    cases[2] = replace(cases[2], facts={"identity": "in the header"})
    cases[5] = replace(cases[5], facts={"burned_in": "yes"})
    page = Image.new("L", (160, 120))
    ImageDraw.Draw(page).text((5, 5), "SMITH ANNA 1961", fill=255, font=ImageFont.load_default(14))
    cases.append(picture_case("written", np.asarray(page).T, "ill"))
    inspection = look(cases)
    assert named(inspection, "identifiers") == [("p2",)]
    assert named(inspection, "burned_in") == [("p5",), ("written",)]
    told = [one.evidence for one in inspection.findings if one.kind == "burned_in"]
    ((i, j, i_end, j_end),) = told[1]["where"]["written"]
    assert 0 <= i < 12 < 100 < i_end <= 160
    assert 0 <= j < j_end <= 30


def test_an_image_without_any_finite_voxel_cannot_be_read() -> None:
    cases = [*volumes(), volume_case("lost", np.full((24, 24, 24), np.nan, np.float32), None)]
    assert named(look(cases), "unreadable") == [("lost",)]
    assert not named(look(cases), "non_finite")


def boxed(case: Case, *boxes: tuple[float, float, float, float], classes: Sequence[str] = ()) -> Case:
    """With boxes (i lo, j lo, i hi, j hi) of a picture."""
    corners = np.array([[(a, b, 0), (c, d, 1)] for a, b, c, d in boxes]).reshape(-1, 2, 3)
    drawn = Boxes(corners, tuple(classes) or ("cell",) * len(boxes))
    return replace(case, targets={"boxes": Lazy(f"{case.name}.xml", lambda: drawn)})


def boxed_pictures() -> list[Case]:
    """A sound box and its neighbour in each."""
    return [boxed(case, (5, 5, 20, 20), (18, 18, 40, 40)) for case in pictures()]


KINDS_OF_BOXES = ("boxes_elsewhere", "box_outside", "box_without_area", "box_twice")


def test_sound_boxes_are_let_be() -> None:
    inspection = look(boxed_pictures())
    assert [named(inspection, kind) for kind in KINDS_OF_BOXES] == [[]] * 4
    rounded = [boxed(case, (-1, -1, 20, 20), (30, 30, 65, 64.5)) for case in pictures()]
    assert named(look(rounded), "box_outside") == []
    none_at_all = [boxed(case) for case in pictures()]
    assert [named(look(none_at_all), kind) for kind in KINDS_OF_BOXES] == [[]] * 4


def test_annotations_without_any_box_are_told() -> None:
    (finding,) = [
        one for one in look([boxed(case) for case in pictures()]).findings if one.kind == "no_boxes"
    ]
    assert (finding.severity, finding.evidence["n"]) == ("error", len(pictures()))
    some = [boxed(pictures()[0], (5, 5, 20, 20)), *(boxed(case) for case in pictures()[1:])]
    assert named(look(some), "no_boxes") == []
    assert named(look(pictures()), "no_boxes") == []


def test_boxes_that_reach_out_of_the_image_are_found_and_those_beside_it_are_worse() -> None:
    cases = boxed_pictures()
    cases[2] = boxed(cases[2], (5, 5, 80, 20), (1, 1, 9, 9))
    (finding,) = [one for one in look(cases).findings if one.kind == "box_outside"]
    assert (finding.cases, finding.severity, finding.evidence["n"]) == (("p2",), "warning", 1)
    cases[7] = boxed(cases[7], (70, 5, 80, 20))
    (finding,) = [one for one in look(cases).findings if one.kind == "box_outside"]
    assert (finding.cases, finding.severity, finding.evidence["beside"]) == (("p7", "p2"), "error", 1)


def test_boxes_without_room_are_found() -> None:
    cases = boxed_pictures()
    cases[1] = boxed(cases[1], (5, 5, 5, 20), (10, 10, 11, 11))
    cases[4] = boxed(cases[4], (5, 5, 5.05, 20))
    (finding,) = [one for one in look(cases).findings if one.kind == "box_without_area"]
    assert (finding.cases, finding.evidence["n"]) == (("p1", "p4"), 3)


def test_a_lesion_of_one_voxel_is_no_slip_in_a_volume() -> None:
    drawn = Boxes(np.array([[[9.0, 9, 9], [10, 10, 10]]]), ("lesion",))
    cases = [replace(case, targets={"boxes": Lazy("b", lambda: drawn)}) for case in volumes()]
    assert named(look(cases), "box_without_area") == []


def test_a_box_that_stands_there_twice_is_found_unless_it_is_of_another_class() -> None:
    cases = boxed_pictures()
    cases[3] = boxed(cases[3], (5, 5, 25, 25), (5, 5, 25.5, 25), (40, 40, 60, 60))
    cases[6] = boxed(cases[6], (5, 5, 25, 25), (5, 5, 25, 25), classes=("red", "white"))
    (finding,) = [one for one in look(cases).findings if one.kind == "box_twice"]
    assert (finding.cases, finding.evidence["n"]) == (("p3",), 1)


def test_boxes_are_compared_in_parts_as_if_at_once() -> None:
    """More of them than are compared at a time; the copy stands in another part than its original."""
    places = [(2.0 * n, 0.0, 2.0 * n + 1, 3.0) for n in range(300)]
    cases = [boxed(picture_case("many", texture(0, (700, 40))), *places, places[0])]
    (finding,) = [one for one in look(cases).findings if one.kind == "box_twice"]
    assert finding.evidence["n"] == 1


def test_boxes_of_another_image_are_found_with_the_reason_and_left_out() -> None:
    def refuse() -> Boxes:
        raise DataError("the annotation was made for an image of another size", subject="p5.xml")

    cases = boxed_pictures()
    cases[5] = replace(cases[5], targets={"boxes": Lazy("p5.xml", refuse)})
    inspection = look(cases)
    assert named(inspection, "boxes_elsewhere") == [("p5",)]
    assert "another size" in inspection.findings[0].title
    assert "p5" not in {case.name for case in inspection.cleaned()}


def test_classes_of_boxes_and_of_several_labels_that_hardly_occur_are_found() -> None:
    cases = boxed_pictures()
    cases[0] = boxed(cases[0], (5, 5, 20, 20), classes=("platelet",))
    inspection = look(cases, class_names={"cell": "cell", "platelet": "platelet", "0": "0"})
    rare = {one.evidence["class"]: one.cases for one in inspection.findings if one.kind == "rare_class"}
    assert rare == {"platelet": ("p0",), "0": ()}
    titles = {one.title for one in inspection.findings if one.kind == "rare_class"}
    assert titles == {
        "Class platelet, objects: 1, images with one: 1",
        "Class 0, objects: 0, images with one: 0",
    }
    cases = [
        replace(case, targets={"labels": ("Mass", "Edema") if n == 3 else ("Edema",)})
        for n, case in enumerate(pictures())
    ]
    rare = [one for one in look(cases).findings if one.kind == "rare_class"]
    assert [(one.evidence["class"], one.cases) for one in rare] == [("Mass", ("p3",))]


def lesions_case(name: str, array: AnyArray, *lesions: AnyArray) -> Case:
    """A volume whose mask is put together from several."""
    drawn = [volume_case(name, array, lesion).mask for lesion in lesions]
    whole = volume_case(name, array, np.maximum.reduce(lesions))
    return replace(whole, targets={"mask": replace(whole.mask, parts=tuple(drawn))})


def test_lesions_whose_masks_overlap_are_found() -> None:
    cases = volumes()
    for n, shift in ((2, 0), (4, 12)):
        array, ball = volume(n)
        cases[n] = lesions_case(f"v{n}", array, ball, np.roll(ball, shift, axis=0))
    (finding,) = [one for one in look(cases).findings if one.kind == "overlapping_masks"]
    assert finding.cases == ("v2",)
    assert finding.evidence["voxels"] == int(volume(2)[1].sum())


def test_boxes_are_seen_on_thumbnails() -> None:
    inspection = look(boxed_pictures())
    view = inspection.exam("p0").view  # type: ignore[union-attr]
    assert view is not None
    assert view.reference is not None
    assert [int(view.reference[n, n]) for n in (10, 19, 30, 50)] == [1, 1, 2, 0]  # the smaller lies on top
    assert len(inspection.thumbnails(["p0"])["p0"]) > 100


def test_the_cases_of_a_rare_value_in_masks_are_named() -> None:
    cases = volumes(12)
    array, mask = volume(3)
    other = mask.copy()
    other[mask != 0] = 2
    cases[3] = volume_case("v3", array, other)
    found = [one for one in look(cases).findings if one.kind == "rare_class" and one.evidence["class"] == "2"]
    assert [one.cases for one in found] == [("v3",)]


def test_an_image_of_one_value_has_no_other_fault() -> None:
    cases = volumes()
    array, mask = volume(2)
    cases[2] = volume_case("v2", np.zeros_like(array), mask)
    inspection = look(cases)
    assert not named(inspection, "in_air") + named(inspection, "hounsfield_lost")
    assert named(inspection, "constant_image") == [("v2",)]


def test_a_modality_that_only_a_table_tells_is_one_too() -> None:
    planes = [Volume(texture(k)[None, ..., None]) for k in range(10)]
    cases = [
        Case(
            f"p{k}", {"image": Lazy(f"p{k}", lambda k=k: planes[k])}, facts={"modality": ("CT", "pt")[k % 2]}
        )
        for k in range(10)
    ]
    found = [one.title for one in look(cases).findings if one.kind == "odd_image"]
    assert found == ["Images differ in the modality by the table: CT (5), PT (5); none is usual"]


def test_look_alikes_on_two_sides_stand_on_the_strictest_in_the_cleaned_manifest() -> None:
    cases = [replace(case, split="train") for case in pictures()]
    brighter = np.clip(texture(1).astype(float) * 1.2 + 10, 0, 255).astype(np.uint8)
    cases.append(picture_case("brighter", brighter, "well", patient="q", split="test"))
    cases.append(picture_case("other", texture(99), "well", patient="q", split="train"))
    told = {case.name: (case.patient, case.split) for case in look(cases).cleaned()}
    assert {told[name] for name in ("p1", "brighter", "other")} == {("patient 1", "test")}
    assert told["p2"] == ("patient 2", "train")
