"""What starting from earlier weights means for the plan, and when it is refused."""

from dataclasses import replace

import pytest

from builders import cohort, labelled_pictures, segmentation_plan
from facts_of import facts_of
from scanwright.data.plan import NetworkPlan
from scanwright.data.settings import Settings
from scanwright.errors import SettingsError
from scanwright.planning.facts import HASH_LENGTH
from scanwright.planning.fingerprint import take_fingerprint
from scanwright.planning.origin import FROZEN_SHARE, Origin, check_unseen, origin_of_model, start_from
from scanwright.tasks.catalogue import TASKS
from scanwright.tasks.decision import decide

VOLUMES = facts_of((160, 160, 80), (1, 1, 1), classes={"0": 20, "1": 20})
SEGMENT = TASKS["segmentation"]
BEFORE = segmentation_plan(patch_voxels=(32, 32, 32))
ORIGIN = Origin("earlier", "abc", BEFORE)


def decided(origin=ORIGIN, given=None, **overrides):
    named = {name.replace("__", "."): value for name, value in overrides.items()}
    return decide(SEGMENT, VOLUMES, Settings(minutes=30, overrides=named), given, origin)


def test_the_network_of_the_run_is_taken_over_with_the_reason():
    ruled, plan = decide(SEGMENT, VOLUMES, Settings(minutes=30)), decided()
    assert (plan.network, plan.patch_voxels) == (BEFORE.network, BEFORE.patch_voxels)
    assert plan.init_from == "abc"
    assert plan.reasons["network"].startswith("as in the run it starts from, so that its weights fit")
    assert str(list(ruled.network.widths)) in plan.reasons["network"]
    assert (plan.spacing_mm, plan.channels, plan.overruled) == (ruled.spacing_mm, ruled.channels, ())


def test_the_batch_is_by_the_rule_for_the_patch_taken_over():
    assert decided().batch_size == 2
    small = replace(ORIGIN, plan=replace(BEFORE, patch_voxels=(16, 16, 16)))
    assert decided(small).batch_size == 16


def test_another_family_that_is_asked_for_is_not_overruled_by_the_origin():
    plan = decided(network__family="segresnet")
    assert plan.network.family == "segresnet"
    assert decided(network__family="unet").network == BEFORE.network
    assert decided(network__dropout="0.3").network == replace(BEFORE.network, dropout=0.3)


@pytest.mark.parametrize("before", [None, replace(BEFORE, task="classification")], ids=["file", "other task"])
def test_a_file_and_a_run_of_another_task_say_nothing_of_the_network(before):
    plan = decided(replace(ORIGIN, plan=before))
    assert plan.network == decide(SEGMENT, VOLUMES, Settings(minutes=30)).network
    assert plan.init_from == "abc"


def test_only_where_there_are_new_layers_the_others_are_held_at_first():
    other = replace(ORIGIN, plan=replace(BEFORE, classes=("background", "stone")))
    assert decided(other).frozen_share == FROZEN_SHARE
    same = replace(ORIGIN, plan=replace(BEFORE, classes=decided().classes))
    assert decided(same).frozen_share == 0
    assert "every layer is taken over" in decided(same).reasons["frozen_share"]


def test_a_given_plan_is_used_with_its_own_weights_and_no_others():
    plan = decided()
    assert decided(given=plan).overruled == ()
    assert decided(given=plan) == plan
    with pytest.raises(SettingsError, match=r"--init-from with weights of SHA-256 abc"):
        decided(None, given=plan)
    changed = decided(replace(ORIGIN, sha256="def"), given=plan)
    assert changed.init_from == "def"
    assert 'was: "abc"' in changed.reasons["init_from"]


def test_a_recorded_plan_is_repeated_from_the_same_weights_only():
    recorded = replace(decided(), pace=((3, 1.0),))
    assert decided(given=recorded) == recorded
    for origin in (None, replace(ORIGIN, sha256="def")):
        with pytest.raises(SettingsError, match="starts from other weights"):
            decided(origin, given=recorded)
    with pytest.raises(SettingsError, match=r"Expected no --init-from"):
        decided(given=replace(recorded, init_from="", frozen_share=0.0))


def test_holding_needs_weights_to_start_from():
    with pytest.raises(SettingsError, match=r"frozen_share needs weights to start from"):
        decided(None, frozen_share="0.2")
    with pytest.raises(SettingsError, match=r"Use --init-from"):
        Settings(overrides={"init_from": "x"})


def test_the_patch_fits_the_network_that_is_taken_over():
    deep = NetworkPlan("unet", (4, 8, 8), ((1,) * 3, (4,) * 3, (4,) * 3), ((3,) * 3,) * 3)
    before = replace(BEFORE, network=deep, patch_voxels=(48, 48, 48))
    plan = start_from(decide(SEGMENT, VOLUMES, Settings(minutes=30)), replace(ORIGIN, plan=before), VOLUMES)
    assert plan.patch_voxels == (48, 48, 48)


def facts_and_shorts():
    facts = take_fingerprint(cohort(labelled_pictures(8)))
    return facts, {
        split: [f.sha256[:HASH_LENGTH] for f in facts.cases if facts.splits.of[f.name] == split]
        for split in ("train", "val", "test")
    }


def test_test_images_that_were_learnt_from_are_refused_and_named():
    facts, shorts = facts_and_shorts()
    with pytest.raises(SettingsError, match=r"1 of the \d test cases, such as \w+, are images") as error:
        check_unseen(Origin("earlier", "abc", seen=frozenset(shorts["test"][:1] + shorts["train"])), facts)
    assert error.value.subject == "earlier"


def test_validation_images_that_were_learnt_from_are_counted():
    facts, shorts = facts_and_shorts()
    seen = frozenset(shorts["train"] + shorts["val"])
    assert check_unseen(Origin("earlier", "abc", seen=seen), facts) == len(shorts["val"])
    assert check_unseen(Origin("earlier", "abc"), facts) == 0


def test_what_an_origin_started_from_has_been_seen_too():
    images = {"origin": ["a"], "train": ["b"], "val": ["c"], "test": ["d"]}
    origin = origin_of_model("earlier", "abc", BEFORE, {"images": images, "data": {"sha256": "e"}})
    assert origin.seen == {"a", "b", "c"}
    assert origin.data_sha256 == "e"
    assert origin_of_model("earlier", "abc", BEFORE, {}).seen == frozenset()
