"""A plan is plain, complete, editable, and refuses nonsense."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import classification_plan, detection_plan, segmentation_plan
from scanwright.data.choices import CLASS_LOSSES, OPTIMISERS
from scanwright.data.plan import SCHEMA_VERSION, AugmentationPlan, ChannelPlan, NetworkPlan, Plan
from scanwright.data.settings import Settings
from scanwright.errors import ModelError, SettingsError

share = st.floats(0, 0.9)
names = st.text(min_size=1, max_size=8)


@st.composite
def plans(draw):
    """Any plan that makes sense."""
    dims = draw(st.sampled_from([2, 3]))
    n_classes = draw(st.integers(2, 5))
    levels = draw(st.integers(2, 4))
    edges = [2**levels * draw(st.integers(1, 5)) for _ in range(dims)]
    network = NetworkPlan(
        "unet",
        tuple(draw(st.lists(st.integers(1, 64), min_size=levels, max_size=levels))),
        ((1,) * dims, *[(2,) * dims] * (levels - 1)),
        ((3,) * dims,) * levels,
        deep_supervision=draw(st.integers(0, 4)),
        dropout=draw(share),
    )
    return Plan(
        task=draw(names),
        dims=dims,
        channels=tuple(
            ChannelPlan(
                name,
                draw(st.sampled_from(["zscore", "clip_zscore", "unit"])),
                mean=draw(st.floats(-1e6, 1e6)),
                deviation=draw(st.floats(1e-6, 1e6)),
            )
            for name in draw(st.lists(names, min_size=1, max_size=3))
        ),
        classes=tuple(draw(st.lists(names, min_size=n_classes, max_size=n_classes, unique=True))),
        label_values=tuple(
            draw(st.lists(st.integers(-5, 300), min_size=n_classes, max_size=n_classes, unique=True))
        ),
        patch_voxels=(*edges, 1)[:3],
        batch_size=draw(st.integers(1, 64)),
        network=network,
        enhance=tuple(draw(st.lists(st.sampled_from(["n4", "median=1", "fill", "clahe=2"]), max_size=2))),
        spacing_mm=draw(st.none() | st.tuples(*[st.floats(0.01, 20)] * 3)),
        longest_side=draw(st.none() | st.integers(8, 4096)),
        class_weights=draw(st.just(()) | st.just((0.5,) * n_classes)),
        class_shares=draw(st.just(()) | st.just((1 / n_classes,) * n_classes)),
        augmentation=AugmentationPlan(flip_axes=(0,), scale=draw(share), mixup=draw(share)),
        seed=draw(st.integers(0, 2**62)),
        pace=tuple(draw(st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), max_size=3))),
        reasons=draw(st.dictionaries(names, st.text())),
        overruled=tuple(draw(st.lists(names, max_size=2))),
    )


@given(plans())
def test_a_plan_comes_back_from_json(plan):
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_the_schema_version_stands_first():
    assert next(iter(segmentation_plan().to_json())) == "schema_version"


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, None, "1"])
def test_a_plan_of_another_schema_is_refused(version):
    plain = {**segmentation_plan().to_json(), "schema_version": version}
    with pytest.raises(ModelError, match=r"plan\.json: the plan was written by another version"):
        Plan.from_json(plain)


@pytest.mark.parametrize("value", [2, 2.0])
def test_whole_numbers_may_stand_where_fractions_do(value):
    plain = {**segmentation_plan().to_json(), "minutes": value}
    assert Plan.from_json(plain).minutes == 2.0


NONSENSE = {
    "a list": ([], "object of named fields"),
    "unknown name": ({"optimizer": "sgd"}, "'optimizer' is not known here.*optimiser"),
    "unknown nested name": ({"augmentation": {"rotate": 3}}, "'rotate' is not known here.*rotate_degrees"),
    "text for a number": ({"batch_size": "many"}, "batch_size: expected a whole number. Received 'many'"),
    "fraction for a count": ({"batch_size": 2.5}, "batch_size: expected a whole number"),
    "truth for a number": ({"dims": True}, "dims: expected a whole number"),
    "number for text": ({"loss": 3}, "loss: expected a text"),
    "number for a list": ({"classes": 3}, "classes: expected a list"),
    "too short a list": ({"patch_voxels": [8, 8]}, "patch_voxels: expected 3 values"),
    "text for an object": ({"network": "unet"}, "network: expected named fields"),
    "list for reasons": ({"reasons": ["why"]}, "reasons: expected named values"),
    "missing part": ({"network": {"widths": [4]}}, "fields family are missing"),
    "zero dims": ({"dims": 0}, "dims makes no sense. Expected between 2 and 3"),
    "no such loss": ({"loss": "hinge"}, "loss makes no sense. Expected for masks dice_ce, ce, focal"),
    "no such network": ({"network.family": "vgg"}, "family makes no sense. Expected cnn or resnet or"),
    "infinite rate": ({"learning_rate": float("inf")}, "learning_rate makes no sense"),
    "not a number": ({"overlap": float("nan")}, "overlap makes no sense"),
    "channel method": (
        {"channels": [{"name": "a", "method": "magic"}]},
        "plan's channels.method makes no sense",
    ),
    "hit rule by its whole name": ({"boxes.hit": "near"}, "boxes.hit makes no sense. Expected iou or centre"),
    "channel mean": ({"channels": [{"name": "a", "mean": float("nan")}]}, "mean makes no sense"),
    "no channels": ({"channels": []}, "channels must not be empty"),
    "backward spacing": ({"spacing_mm": [1, -1, 1]}, "spacing_mm must be positive"),
    "tiny photographs": ({"longest_side": 3}, "longest_side must be 8 or more"),
    "one class": ({"classes": ["only"], "label_values": [0]}, "two or more different names"),
    "twin classes": ({"classes": ["a", "a"]}, "two or more different names"),
    "label values too few": ({"label_values": [0]}, "label_values must have one value for each"),
    "label values alike": ({"label_values": [2, 2]}, "label_values must have one value for each"),
    "label values gone": ({"label_values": []}, "label_values must say which value"),
    "weights too many": ({"class_weights": [1, 1, 1]}, "class_weights must have one number for each"),
    "shares too many": ({"class_shares": [0.2, 0.3, 0.5]}, "class_shares must have one number for each"),
    "a share of nothing": ({"class_shares": [0, 1]}, "class_shares makes no sense"),
    "loss of images": ({"loss": "mse"}, "loss=mse is not for masks, which can be learnt by dice_ce or ce"),
    "weights in an overlap": (
        {"loss": "dice", "class_weights": [1, 2]},
        "class_weights has nothing to act on in loss=dice, but in dice_ce or ce or focal or boundary",
    ),
    "smoothing in an overlap": ({"loss": "tversky", "label_smoothing": 0.1}, "label_smoothing has nothing"),
    "shares unknown": ({"loss": "ce", "logit_adjustment": 1}, "logit_adjustment needs class_shares"),
    "adjusted overlap": ({"logit_adjustment": 1}, "logit_adjustment has nothing to act on in loss=dice_ce"),
    "no such optimiser": ({"optimiser": "lion"}, "optimiser makes no sense. Expected muon or adamw or adam"),
    "no such schedule": ({"schedule": "sine"}, "schedule makes no sense. Expected cosine or constant"),
    "no such sampling": ({"sampling": "often"}, "sampling makes no sense. Expected uniform or balanced"),
    "momentum of AdamW": ({"momentum": 0.9}, "must be above 0 for optimiser=muon or momentum or nesterov"),
    "no momentum": ({"optimiser": "nesterov"}, "must be above 0 for optimiser=muon or momentum or nesterov"),
    "no levels": ({"network.widths": []}, "strides must have one entry"),
    "strides too few": ({"network.strides": [[1, 1, 1]]}, "strides must have one entry"),
    "flat strides": ({"network.strides": [[1, 1], [2, 2]]}, "must have 3 positive numbers a level"),
    "zero strides": ({"network.strides": [[1, 1, 1], [0, 2, 2]]}, "must have 3 positive numbers a level"),
    "kernels too few": ({"network.kernels": [[3, 3, 3]]}, "kernels must have one entry of odd numbers"),
    "even kernels": ({"network.kernels": [[3, 3, 3], [2, 2, 2]]}, "kernels must have one entry of odd"),
    "patch not halved": ({"patch_voxels": [8, 9, 8]}, r"patch_voxels must be multiples of \[2, 2, 2\]"),
    "patch used up": ({"patch_voxels": [2, 2, 2]}, "must leave more than one voxel"),
    "coarse answers": ({"network.strides": [[2, 2, 2], [2, 2, 2]]}, "first of network.strides must be 1"),
    "voxels that nothing sees": ({"network.strides": [[1, 1, 1], [8, 8, 8]]}, "must not step over voxels"),
    "too deep": (
        {"network.widths": [4] * 13, "network.strides": [[1] * 3] * 13, "network.kernels": [[1] * 3] * 13},
        "at most 12 levels",
    ),
    "endless blocks": ({"network.blocks": [10**9, 1]}, "blocks makes no sense. Expected between 0 and 64"),
    "one answer for masks": ({"network.family": "cnn"}, "network.blocks must have one positive number"),
    "volume in 2-D": (
        {"dims": 2, "network.strides": [[1, 1], [2, 2]], "network.kernels": [[3, 3], [3, 3]]},
        "patch_voxels must end in 1 when dims is 2",
    ),
    "mirrored twice": ({"mirror_axes": [0, 0]}, "mirror_axes must be different axes below 3"),
    "turned back in time": ({"pace": [[10, 1.5]]}, "pace must hold"),
    "no steps": ({"pace": [[0, 0.5]]}, "pace must hold"),
    "no steps of a member": ({"folds": 2, "paces": [[[3, 1.0]], [[0, 0.5]]]}, "pace must hold"),
    "one pace of an ensemble": ({"folds": 2, "pace": [[3, 1.0]]}, "pace is of one network"),
    "paces of one network": ({"paces": [[[3, 1.0]]]}, "pace is of one network"),
    "more paces than folds": ({"folds": 2, "paces": [[[3, 1.0]]] * 3}, "pace is of one network"),
    "no network at all": ({"folds": 0}, "folds"),
    "an unknown step": ({"enhance": ["medain=1"]}, "unknown step 'medain', did you mean median"),
    "a step without its value": ({"enhance": ["median"]}, "Expected median=RADIUS"),
    "a step that moves the grid": ({"enhance": ["crop"]}, "a plan can't hold the step crop"),
    "a number for a step": ({"enhance": [3]}, "enhance: expected a text"),
}


@pytest.mark.parametrize(("changes", "message"), NONSENSE.values(), ids=NONSENSE.keys())
def test_a_plan_edited_into_nonsense_is_refused_by_name(changes, message):
    plain = segmentation_plan().to_json()
    for name, value in changes.items() if isinstance(changes, dict) else ():
        *path, last = name.split(".")
        (plain[path[0]] if path else plain)[last] = value
    with pytest.raises(SettingsError, match=message):
        Plan.from_json(plain if isinstance(changes, dict) else changes)


def test_a_network_may_name_nothing_but_its_family():
    plain = {**segmentation_plan().to_json(), "network": {"family": "segresnet"}}
    assert Plan.from_json(plain).network.is_open


def test_a_flat_plan_is_not_mirrored_in_depth():
    with pytest.raises(SettingsError, match="flip_axes must be different axes below 2"):
        classification_plan(augmentation=AugmentationPlan(flip_axes=(2,)))


def test_the_user_overrules_a_field_and_the_plan_remembers():
    plan = segmentation_plan(reasons={"optimiser": "as usual"}).overrule({"optimiser": "sgd"})
    assert plan.optimiser == "sgd"
    assert plan.overruled[0] == "optimiser"
    assert plan.reasons["optimiser"] == 'overruled by the user (was: "adamw")'
    same = segmentation_plan().overrule({"optimiser": "adamw"})
    assert same.overruled == ("optimiser",)
    assert same.reasons["optimiser"].startswith("as the user wants; the rules too")


@pytest.mark.parametrize("optimiser", sorted({*OPTIMISERS} - {"adamw"}))
def test_an_optimiser_that_is_set_brings_its_own_rate_and_says_so(optimiser):
    plan = segmentation_plan(weight_decay=0.3).overrule({"optimiser": optimiser})
    assert {name: getattr(plan, name) for name in OPTIMISERS[optimiser]} == OPTIMISERS[optimiser]
    assert "weight_decay" in plan.overruled
    assert plan.reasons["weight_decay"] == f"usual for optimiser={optimiser}, which the user set (was: 0.3)"


def test_what_is_set_beside_an_optimiser_stays():
    plan = segmentation_plan().overrule({"learning_rate": "0.5", "optimiser": "nesterov", "momentum": "0.99"})
    assert (plan.learning_rate, plan.momentum) == (0.5, 0.99)
    assert plan.reasons["learning_rate"] == "overruled by the user (was: 0.001)"


def test_another_optimiser_brings_other_values_and_the_same_one_none():
    plan = segmentation_plan().overrule({"optimiser": "sgd"}).overrule({"optimiser": "rmsprop"})
    assert plan.learning_rate == OPTIMISERS["rmsprop"]["learning_rate"]
    own = segmentation_plan(learning_rate=0.123)
    assert own.overrule({"optimiser": "adamw"}).learning_rate == 0.123


def test_a_schedule_that_rises_by_itself_brings_its_warm_up():
    assert segmentation_plan().overrule({"schedule": "one_cycle"}).warmup == 0.3
    assert segmentation_plan().overrule({"schedule": "step"}).warmup == 0.05
    assert segmentation_plan().overrule({"schedule": "cyclic", "warmup": "0.1"}).warmup == 0.1


def test_class_weights_may_be_inverse_to_the_shares():
    plan = segmentation_plan(class_shares=(0.9, 0.1)).overrule({"class_weights": "inverse"})
    assert plan.class_weights == (0.5556, 5.0)
    assert np.dot(plan.class_weights, plan.class_shares) == pytest.approx(1, rel=1e-4)
    assert plan.reasons["class_weights"] == "inverse to class_shares, as the user asked (was: [])"
    with pytest.raises(SettingsError, match="class_weights=inverse needs class_shares"):
        segmentation_plan().overrule({"class_weights": "inverse"})
    with pytest.raises(SettingsError, match="class_weights: expected a list"):
        segmentation_plan(class_shares=(0.9, 0.1)).overrule({"class_weights": "invers"})


@pytest.mark.parametrize("loss", CLASS_LOSSES)
def test_losses_of_whole_images_take_weights_smoothing_and_adjustment(loss):
    changes = {"loss": loss, "class_weights": [1, 2], "label_smoothing": 0.1, "logit_adjustment": 1}
    assert classification_plan(class_shares=(0.5, 0.5)).overrule(changes).loss == loss


@pytest.mark.parametrize("loss", ["dice", "dice_ce", "tversky", "boundary"])
def test_losses_of_masks_are_refused_for_whole_images(loss):
    with pytest.raises(
        SettingsError, match=f"loss={loss} is not for images with one class each, .* by ce or focal"
    ):
        classification_plan().overrule({"loss": loss})


def plan_of(answer, **changed):
    """A plan of that answer."""
    own = {"grade": {"loss": "emd"}, "labels": {"loss": "bce"}}
    own["value"] = {"loss": "mse", "classes": (), "target": "age"}
    return classification_plan(answer=answer, **{**own[answer], **changed})


@pytest.mark.parametrize(
    ("answer", "changed", "message"),
    [
        (
            "labels",
            {"loss": "ce"},
            "loss=ce is not for images with any number of classes, .* by bce or",
        ),
        ("grade", {"loss": "bce"}, "images with one grade each, which can be learnt by emd or ce or"),
        ("value", {"loss": "emd"}, "images with a number, which can be learnt by mse or mae or huber"),
        ("labels", {"logit_adjustment": 1.0}, "logit_adjustment has nothing to act on in loss=bce"),
        ("value", {"label_smoothing": 0.1}, "label_smoothing has nothing to act on in loss=mse"),
        ("labels", {"classes": ()}, "classes must be one or more different names"),
        ("grade", {"classes": ("only",)}, "classes must be two or more different names"),
        ("grade", {"target": "age"}, "target names a number, and the answer is a class"),
        ("value", {"target": ""}, "classes must be empty, and target is its name"),
        ("value", {"sampling": "balanced"}, "sampling=balanced is for classes"),
        ("value", {"augmentation": AugmentationPlan(cutmix=0.5)}, "cutmix is for classes"),
        ("labels", {"label_values": (0, 1)}, "answer=labels is not for masks"),
    ],
)
def test_what_does_not_go_with_an_answer_is_refused(answer, changed, message):
    with pytest.raises(SettingsError, match=message):
        plan_of(answer, **changed)


def test_the_network_gives_as_many_numbers_as_the_answer_needs():
    assert plan_of("labels", classes=("only",)).n_outputs == 1
    assert plan_of("grade").n_outputs == 2
    assert plan_of("value").n_outputs == 1


def test_the_answer_is_no_field_to_overrule():
    with pytest.raises(SettingsError, match=r"'answer' is no field to overrule.*Use --task"):
        Settings(overrides={"answer": "value"})


def test_what_an_optimiser_brought_keeps_its_reason_when_plans_are_compared():
    ruled = segmentation_plan()
    plan = ruled.overrule({"optimiser": "sgd"}).compare(ruled)
    assert plan.reasons["learning_rate"].startswith("usual for optimiser=sgd")


def test_nested_fields_and_lists_are_overruled_by_their_path():
    plan = segmentation_plan().overrule({"network.dropout": "0.3", "mirror_axes": [0, 1]})
    assert plan.network.dropout == 0.3
    assert plan.mirror_axes == (0, 1)
    assert plan.overruled == ("network.dropout", "mirror_axes")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("n4", ("n4",)),
        ("fill=0, percentile=1:99", ("fill=0", "percentile=1:99")),
        ('["n4", "median=1"]', ("n4", "median=1")),
        (["n4"], ("n4",)),
        ("[]", ()),
        ("", ()),
    ],
)
def test_steps_are_written_as_on_the_command_line_or_as_a_list(text, steps):
    plan = segmentation_plan(enhance=("zscore",)).overrule({"enhance": text})
    assert plan.enhance == steps
    assert Plan.from_json(plan.to_json()).enhance == steps


def test_fields_that_only_fit_together_are_overruled_together():
    changes = {
        "dims": "2",
        "patch_voxels": "[16, 16, 1]",
        "network.strides": "[[1, 1], [2, 2]]",
        "network.kernels": "[[3, 3], [3, 3]]",
    }
    assert segmentation_plan().overrule(changes).dims == 2


def test_overruling_twice_is_remembered_once_and_nothing_changes_nothing():
    plan = segmentation_plan().overrule({"seed": "1"}).overrule({"seed": "2"})
    assert plan.overruled == ("seed",)
    assert plan.reasons["seed"] == "overruled by the user (was: 1)"
    assert plan.overrule({}) == plan


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("optimizer", "sgd", "'optimizer' is not known here. Did you mean optimiser"),
        ("network.drop", "0.1", "'drop' is not known here. Did you mean dropout"),
        ("net.dropout", "0.1", "'net' is not known here. Did you mean network"),
        ("channels.name", "0.1", "'channels.name' is not a field of the plan"),
        ("schema_version", "7", "'schema_version' is not known here"),
        ("pace", "[]", "'pace' is not known here"),
        ("paces", "[]", "'paces' is not known here"),
        ("batch_size", "many", "batch_size: expected a whole number"),
        ("batch_size", "0", "batch_size makes no sense"),
    ],
)
def test_a_wrong_overrule_says_what_is_wrong(name, value, message):
    with pytest.raises(SettingsError, match=message):
        segmentation_plan().overrule({name: value})


def test_every_decision_has_a_value_and_a_reason():
    plan = segmentation_plan(reasons={"dims": "images have depth"}).overrule({"network.dropout": "0.3"})
    rows = {row["field"]: row for row in plan.decisions()}
    assert rows["dims"] == {"field": "dims", "value": 3, "reason": "images have depth"}
    assert rows["overlap"]["reason"] == "default"
    assert rows["network.dropout"]["value"] == 0.3
    assert not {"schema_version", "reasons", "overruled", "pace", "paces"} & set(rows)


def test_an_override_that_no_plan_can_have_is_refused_before_anything_is_read() -> None:
    for name, value in (
        ("foo", "1"),
        ("batch_size", "0"),
        ("optimiser", "lion"),
        ("network.dropout", "7"),
        ("enhance", "spacing=1"),
    ):
        with pytest.raises(SettingsError):
            Settings(overrides={name: value})
    with pytest.raises(SettingsError, match="Use --folds"):
        Settings(overrides={"folds": "3"})
    # Whether fields fit together is known only with the others.
    Settings(overrides={"dims": "2"})
    Settings(overrides={"patch_voxels": "[5, 5, 5]"})


def test_members_of_an_ensemble_start_from_other_seeds_and_have_their_own_pace():
    plan = segmentation_plan(folds=2, seed=7, paces=(((3, 1.0),), ((2, 0.5), (2, 1.0))))
    first, second = plan.member(0), plan.member(1)
    assert (first.seed, second.seed) == (7, 8)
    assert (first.pace, second.pace) == plan.paces
    assert first.folds == second.folds == 1
    assert plan.is_recorded
    assert not replace(plan, paces=()).is_recorded


@pytest.mark.parametrize(
    ("point", "value", "message"),
    [
        ("f1", 0.8, "boxes.operating_value has nothing to act on at boxes.operating_point=f1"),
        ("sensitivity", 0, "needs a boxes.operating_value above 0"),
        ("sensitivity", 90, "needs a boxes.operating_value above 0 and up to 1"),
    ],
)
def test_a_value_that_does_not_go_with_its_operating_point_is_refused(point, value, message):
    with pytest.raises(SettingsError, match=message):
        detection_plan().overrule({"boxes.operating_point": point, "boxes.operating_value": value})
    assert detection_plan().overrule({"boxes.operating_point": "false_alarms"}).boxes.operating_value == 0


def test_only_decisions_that_mean_something_for_the_answer_are_told_and_all_that_the_user_set():
    def told(plan):
        return {row["field"] for row in plan.decisions()}

    boxes = told(detection_plan())
    assert {"boxes", "longest_side", "overlap"} <= boxes
    assert not {"label_values", "target", "target_mean", "interval_level", "tolerance_mm"} & boxes
    assert "spacing_mm" not in boxes
    assert "longest_side" not in told(detection_plan(spacing_mm=(1.0, 1.0, 1.0)))
    assert {"label_values", "tolerance_mm"} <= told(segmentation_plan())
    assert "boxes" not in told(segmentation_plan())
    assert "tolerance_mm" in told(detection_plan().overrule({"tolerance_mm": "2"}))
