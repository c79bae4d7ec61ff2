"""Deciding: another family takes all that depends on it along, and single fields stand above that."""

import dataclasses
import json

import pytest

from builders import classification_plan
from facts_of import facts_of
from scanwright.data.case import Case
from scanwright.data.plan import NetworkPlan, Plan
from scanwright.data.settings import Settings
from scanwright.errors import SettingsError
from scanwright.tasks.catalogue import TASKS
from scanwright.tasks.decision import decide

VOLUMES = facts_of((160, 160, 80), (1, 1, 1), classes={"0": 20, "1": 20})
PICTURES = facts_of((230, 150, 1), None, dims=2, n_train=3000, eight_bit=True)
SEGMENT, CLASSIFY = TASKS["segmentation"], TASKS["classification"]


def settings(**overrides):
    named = {name.replace("__", "."): value for name, value in overrides.items()}
    return Settings(minutes=30, overrides=named)


def edited(plan, **network):
    """The plan as it would be after its network was edited in plan.json."""
    return Plan.from_json(json.loads(json.dumps({**plan.to_json(), "network": network})))


def test_without_a_wish_the_rules_decide():
    plan = decide(SEGMENT, VOLUMES, settings())
    assert (plan.network.family, plan.overruled) == ("unet", ())
    assert plan.reasons["network"].startswith("U-Nets are hard to beat")
    assert decide(CLASSIFY, PICTURES, settings()).network.family == "resnet"


@pytest.mark.parametrize("family", ["residual_unet", "segresnet", "swin_unetr"])
def test_a_family_that_is_asked_for_decides_the_whole_network(family):
    for text in (family, f'"{family}"'):
        plan = decide(SEGMENT, VOLUMES, settings(network__family=text))
        assert plan.network.family == family
        assert len(plan.network.blocks) == len(plan.network.widths)
        assert plan.overruled == ("network.family",)
        assert plan.reasons["network.family"] == 'asked for (by the rules: "unet")'
        assert plan.reasons["network"].startswith("asked for: ")


def test_asking_for_what_the_rules_say_overrules_nothing():
    plan = decide(SEGMENT, VOLUMES, settings(network__family="unet"))
    assert plan.overruled == ()
    assert plan.network == decide(SEGMENT, VOLUMES, settings()).network


def test_single_fields_stand_above_the_family():
    plan = decide(CLASSIFY, PICTURES, settings(network__family="densenet", network__dropout="0.4"))
    assert (plan.network.family, plan.network.dropout) == ("densenet", 0.4)
    assert set(plan.overruled) == {"network.family", "network.dropout"}
    with pytest.raises(SettingsError, match=r"network\.growth must have one positive number"):
        decide(CLASSIFY, PICTURES, settings(network__family="densenet", network__growth="[4]"))


def test_the_size_follows_the_family():
    by_rules = decide(CLASSIFY, PICTURES, settings())
    plan = decide(CLASSIFY, PICTURES, settings(network__family="vit"))
    assert by_rules.patch_voxels != plan.patch_voxels
    assert not any(n % 16 for n in plan.patch_voxels[:2])
    assert "rounded up to whole patches" in plan.reasons["patch_voxels"]
    few = with_cases(facts_of((600, 400, 1), None, dims=2, n_train=200))
    assert decide(CLASSIFY, few, settings()).patch_voxels == (96, 64, 1)
    assert max(decide(CLASSIFY, few, settings(network__family="resnet")).patch_voxels) > 96


def test_a_family_that_answers_something_else_is_refused():
    with pytest.raises(SettingsError, match="an answer for each voxel is needed"):
        decide(SEGMENT, VOLUMES, settings(network__family="vit"))


def test_a_given_plan_is_used_as_it_is():
    given = dataclasses.replace(decide(SEGMENT, VOLUMES, settings()), batch_size=3)
    plan = decide(SEGMENT, VOLUMES, Settings(), given)
    assert plan.batch_size == 3
    assert plan.overruled == ("batch_size",)
    assert decide(SEGMENT, VOLUMES, Settings(minutes=7), given).minutes == 7


def test_a_given_plan_of_another_family_is_compared_with_that_familys_rule():
    given = decide(SEGMENT, VOLUMES, settings(network__family="segresnet"))
    plan = decide(SEGMENT, VOLUMES, Settings(), given)
    assert plan == given


def test_another_family_for_a_given_plan_keeps_what_the_user_changed():
    given = dataclasses.replace(decide(CLASSIFY, PICTURES, settings()), label_smoothing=0.2)
    plan = decide(CLASSIFY, PICTURES, settings(network__family="vit"), given)
    ruled = decide(CLASSIFY, PICTURES, settings(network__family="vit"))
    assert (plan.network, plan.patch_voxels, plan.label_smoothing) == (ruled.network, ruled.patch_voxels, 0.2)
    assert set(plan.overruled) == {"network.family", "label_smoothing"}


def test_a_plan_whose_network_is_only_a_family_is_completed():
    before = decide(SEGMENT, VOLUMES, settings())
    given = edited(before, family="swin_unetr", dropout=0.1)
    plan = decide(SEGMENT, VOLUMES, Settings(), given)
    ruled = decide(SEGMENT, VOLUMES, settings(network__family="swin_unetr"))
    assert plan.network == dataclasses.replace(ruled.network, dropout=0.1)
    assert set(plan.overruled) == {"network.family", "network.dropout"}
    assert decide(SEGMENT, VOLUMES, Settings(), edited(before, family="unet")) == before


def test_a_family_edited_into_a_network_of_another_is_refused_with_advice():
    before = decide(SEGMENT, VOLUMES, settings())
    with pytest.raises(SettingsError, match="leave of network nothing but its family"):
        edited(before, **{**before.to_json()["network"], "family": "segresnet"})


def test_a_recorded_plan_is_repeated_whatever_the_rules_say():
    given = dataclasses.replace(decide(SEGMENT, VOLUMES, settings()), pace=((4, 1.0),), batch_size=5)
    assert decide(SEGMENT, VOLUMES, Settings(), given) == given


def test_a_plan_that_no_rule_would_make_is_compared_with_the_rules():
    few = facts_of((20, 20, 1), None, dims=2, n_train=30)
    network = NetworkPlan("scattering", (8,), ((4, 4),), blocks=(1,))
    given = classification_plan(classes=("0", "1"), patch_voxels=(20, 20, 1), network=network)
    plan = decide(CLASSIFY, few, Settings(), given)
    assert plan.network == network
    assert "network.widths" in plan.overruled


def with_cases(facts):
    """The facts with as many cases as their splits tell of, so that folds can be drawn."""
    cases = tuple(Case(name, {}) for name in facts.splits.of)
    return dataclasses.replace(facts, dataset=dataclasses.replace(facts.dataset, cases=cases))


def test_an_ensemble_is_planned_for_the_minutes_of_one_network_and_keeps_those_of_all():
    facts = with_cases(VOLUMES)
    together = decide(SEGMENT, facts, Settings(minutes=120, folds=4))
    alone = decide(SEGMENT, facts, Settings(minutes=30))
    assert (together.minutes, together.folds) == (120, 4)
    assert together.network == alone.network
    assert together.patch_voxels == alone.patch_voxels
    assert together.reasons["minutes"] == "as asked for: 30 for each network"
    assert together.overruled == ()


def test_a_given_plan_keeps_its_folds_unless_others_are_asked_for():
    facts = with_cases(VOLUMES)
    thorough = decide(SEGMENT, facts, Settings(effort="thorough"))
    assert thorough.folds == 5
    kept = decide(SEGMENT, facts, Settings(), thorough)
    assert (kept.folds, kept.overruled) == (5, ())
    assert kept.reasons["folds"] == thorough.reasons["folds"]
    assert decide(SEGMENT, facts, Settings(folds=2), thorough).folds == 2


def test_recorded_rounds_are_repeated_only_with_their_own_number_of_networks():
    facts = with_cases(VOLUMES)
    plan = decide(SEGMENT, facts, Settings(minutes=30, folds=2))
    recorded = dataclasses.replace(plan, paces=(((3, 1.0),), ((4, 1.0),)))
    assert decide(SEGMENT, facts, Settings(folds=2), recorded).paces == recorded.paces
    assert decide(SEGMENT, facts, Settings(folds=1), recorded).paces == ()


@pytest.mark.parametrize(
    ("minutes", "n", "wanted"),
    [
        (1, 150, {"folds": 1}),
        (2.5, 150, {"folds": 3}),
        (4, 150, {"folds": 5}),
        (200, 150, {"folds": 5}),
        (4, 900, {"folds": 1}),
        (15, 6, {"folds": 3}),
        (15, 150, {"folds": 1, "asked": 1}),
    ],
)
def test_minutes_that_few_pictures_cannot_use_go_to_more_networks(minutes, n, wanted):
    facts = with_cases(facts_of((200, 200, 1), None, dims=2, n_train=n, eight_bit=True))
    plan = decide(CLASSIFY, facts, Settings(minutes=minutes, folds=wanted.get("asked")))
    assert plan.network.family == "scattering"
    assert (plan.folds, plan.minutes) == (wanted["folds"], minutes)
    if plan.folds > 1:
        assert "by heart" in plan.reasons["folds"]
        assert f"{plan.folds} times as long" in plan.reasons["folds"]
        assert f"{minutes / plan.folds:.3g} for each network" in plan.reasons["minutes"]


def test_other_networks_and_tasks_get_all_the_minutes_however_few_the_pictures_are():
    facts = with_cases(facts_of((200, 200, 1), None, dims=2, n_train=50, eight_bit=True))
    assert decide(CLASSIFY, facts, settings(network__family="resnet")).folds == 1
    assert decide(SEGMENT, facts, settings()).folds == 1


def test_more_folds_than_patients_are_refused_also_in_a_given_plan():
    facts = with_cases(facts_of(n_train=12))
    given = dataclasses.replace(decide(SEGMENT, facts, Settings()), folds=13)
    with pytest.raises(SettingsError, match="--folds 12 or less"):
        decide(SEGMENT, facts, Settings(), given)
    assert decide(SEGMENT, facts, Settings(folds=12), given).folds == 12


@pytest.mark.parametrize(
    ("task", "facts", "name", "value"),
    [
        (CLASSIFY, PICTURES, "overhang", "0.5"),
        (CLASSIFY, PICTURES, "label_values", "[0, 1]"),
        (SEGMENT, VOLUMES, "boxes.suppression", "soft"),
    ],
)
def test_a_field_that_would_change_nothing_is_refused(task, facts, name, value):
    with pytest.raises(SettingsError, match=f"'{name}' changes nothing in {task.name}"):
        decide(task, facts, Settings(overrides={name: value}))


def test_what_each_answer_goes_by_may_be_set():
    assert decide(CLASSIFY, PICTURES, settings(interval_level="0.98")).interval_level == 0.98
    assert decide(SEGMENT, VOLUMES, settings(overhang="0.25", interval_level="0.8")).overhang == 0.25


def test_a_grid_that_no_computer_could_hold_is_refused():
    with pytest.raises(SettingsError, match=r"too fine.*1e\+09 voxels.*0\.0001"):
        decide(SEGMENT, VOLUMES, settings(spacing_mm="[0.0001, 0.0001, 0.0001]"))
