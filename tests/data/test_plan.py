"""A plan is plain, complete, editable, and refuses nonsense."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import classification_plan, segmentation_plan
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
    "missing part": ({"network": {"family": "unet"}}, "fields widths, strides are missing"),
    "zero dims": ({"dims": 0}, "dims makes no sense. Expected between 2 and 3"),
    "no such loss": ({"loss": "hinge"}, "loss makes no sense. Expected dice_ce or ce"),
    "no such network": ({"network.family": "vgg"}, "family makes no sense. Expected unet or resnet"),
    "infinite rate": ({"learning_rate": float("inf")}, "learning_rate makes no sense"),
    "not a number": ({"overlap": float("nan")}, "overlap makes no sense"),
    "channel method": ({"channels": [{"name": "a", "method": "magic"}]}, "method makes no sense"),
    "channel mean": ({"channels": [{"name": "a", "mean": float("nan")}]}, "mean makes no sense"),
    "no channels": ({"channels": []}, "channels must not be empty"),
    "backward spacing": ({"spacing_mm": [1, -1, 1]}, "spacing_mm must be positive"),
    "tiny photographs": ({"longest_side": 3}, "longest_side must be 8 or more"),
    "one class": ({"classes": ["only"], "label_values": [0]}, "two or more different names"),
    "twin classes": ({"classes": ["a", "a"]}, "two or more different names"),
    "label values too few": ({"label_values": [0]}, "label_values must have one value for each"),
    "label values alike": ({"label_values": [2, 2]}, "label_values must have one value for each"),
    "label values gone": ({"label_values": []}, "label_values must say which value"),
    "weights too many": ({"class_weights": [1, 1, 1]}, "class_weights must have one weight"),
    "no levels": ({"network.widths": []}, "strides must have one entry"),
    "strides too few": ({"network.strides": [[1, 1, 1]]}, "strides must have one entry"),
    "flat strides": ({"network.strides": [[1, 1], [2, 2]]}, "must have 3 positive numbers a level"),
    "zero strides": ({"network.strides": [[1, 1, 1], [0, 2, 2]]}, "must have 3 positive numbers a level"),
    "kernels too few": ({"network.kernels": [[3, 3, 3]]}, "kernels must have one entry of odd numbers"),
    "even kernels": ({"network.kernels": [[3, 3, 3], [2, 2, 2]]}, "kernels must have one entry of odd"),
    "patch not halved": ({"patch_voxels": [8, 9, 8]}, r"patch_voxels must be multiples of \[2, 2, 2\]"),
    "patch used up": ({"patch_voxels": [2, 2, 2]}, "must leave more than one voxel"),
    "volume in 2-D": (
        {"dims": 2, "network.strides": [[1, 1], [2, 2]], "network.kernels": [[3, 3], [3, 3]]},
        "patch_voxels must end in 1 when dims is 2",
    ),
    "mirrored twice": ({"mirror_axes": [0, 0]}, "mirror_axes must be different axes below 3"),
    "turned back in time": ({"pace": [[10, 1.5]]}, "pace must hold"),
    "no steps": ({"pace": [[0, 0.5]]}, "pace must hold"),
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


def test_a_classifier_needs_blocks_for_each_level():
    plan = classification_plan()
    for blocks in ((), (1,), (1, 0)):
        with pytest.raises(SettingsError, match=r"network\.blocks must have one positive number"):
            dataclasses.replace(plan, network=dataclasses.replace(plan.network, blocks=blocks))


def test_a_flat_plan_is_not_mirrored_in_depth():
    with pytest.raises(SettingsError, match="flip_axes must be different axes below 2"):
        classification_plan(augmentation=AugmentationPlan(flip_axes=(2,)))


def test_the_user_overrules_a_field_and_the_plan_remembers():
    plan = segmentation_plan(reasons={"optimiser": "as usual"}).overrule({"optimiser": "sgd"})
    assert plan.optimiser == "sgd"
    assert plan.overruled == ("optimiser",)
    assert plan.reasons["optimiser"] == 'overruled by the user (was: "adamw")'


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
    assert not {"schema_version", "reasons", "overruled", "pace"} & set(rows)


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
    # Whether fields fit together is known only with the others.
    Settings(overrides={"dims": "2"})
    Settings(overrides={"patch_voxels": "[5, 5, 5]"})
