"""Decide: the plan by a task's rules, or a given one, and what the user overrules."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from scanwright.data.dataset import Dataset
from scanwright.data.plan import NetworkPlan, Plan
from scanwright.data.settings import Settings
from scanwright.errors import SettingsError
from scanwright.planning.fingerprint import Fingerprint, take_fingerprint
from scanwright.planning.origin import Origin, check_named, check_unseen, start_from
from scanwright.planning.rules import choose_folds, working_shape
from scanwright.tasks.base import Task
from scanwright.types import Progress

FAMILY = "network.family"
MOST_VOXELS = 10**9
# Of what the user sets, what a task's rules must know: the order of classes.
RULED = ("classes",)


def find_facts(task: Task, dataset: Dataset, settings: Settings, progress: Progress) -> Fingerprint:
    """The facts that the task decides by.

    Raises:
        DataError: see ``take_fingerprint``.
        SettingsError: see ``Task.check``; nothing was read then.
    """
    task.check(dataset, settings)
    return take_fingerprint(
        dataset,
        settings.seed,
        progress,
        target=task.target,
        value=settings.target,
        enhance=settings.enhance,
    )


def decide(
    task: Task,
    facts: Fingerprint,
    settings: Settings,
    given: Plan | None = None,
    origin: Origin | None = None,
) -> Plan:
    """The plan to train by.

    Another family of networks, asked for by ``--set network.family`` or by a given plan that says nothing
    else of its network, decides all that depends on it; single fields that the user sets stand above that.

    Args:
        task: what is learnt.
        facts: of the data.
        settings: what the user wants.
        given: a plan to use as it is, but for what the settings ask for.
        origin: of the weights that training starts from; its network is taken over, see ``start_from``.

    Raises:
        SettingsError: a name is unknown, the values do not fit each other or the task, or test images are
            among those that the weights were learnt from.
    """
    plan = _decide(task, facts, settings, given, origin)
    if plan.folds > 1 and plan.folds > facts.n_groups:
        raise SettingsError(
            "there are more folds than patients (or unrelated cases) that are not for testing",
            subject=facts.dataset.source,
            expected=f"--folds {facts.n_groups} or less",
            received=f"folds={plan.folds}",
        )
    n_voxels = math.prod(working_shape(facts, plan.spacing_mm, plan.longest_side).tolist())
    if plan.is_tiled and n_voxels > MOST_VOXELS:
        raise SettingsError(
            "the grid is too fine to work on",
            expected=f"at most {MOST_VOXELS:.1g} voxels of a case of median size",
            received=f"{n_voxels:.1g} with spacing_mm={list(plan.spacing_mm or ())}",
        )
    return plan


def _decide(
    task: Task, facts: Fingerprint, settings: Settings, given: Plan | None, origin: Origin | None
) -> Plan:
    rest: dict[str, Any] = {name: text for name, text in settings.overrides.items() if name != FAMILY}
    if origin is not None:
        check_unseen(origin, facts)
    if given is None:
        plan = _rule(task, facts, settings, settings.family)
        if origin is not None:
            plan = start_from(plan, origin, facts, settings.family)
        return _overrule(plan, rest)
    if given.answer != task.answer:
        raise SettingsError(
            "the plan's answer is not that of its task",
            expected=f"answer={task.answer} for {task.name}",
            received=f"answer={given.answer}",
        )
    given = check_named(given, origin)
    if settings.minutes is not None and settings.minutes != given.minutes:
        rest = {"minutes": settings.minutes, **rest}
    if settings.folds is not None and settings.folds != given.folds:  # no other number can repeat its rounds
        reasons = {**given.reasons, "folds": choose_folds(facts, settings).reason}
        given = replace(given, folds=settings.folds, pace=(), paces=(), reasons=reasons)
    if settings.family or not given.is_recorded:  # a recorded plan is repeated
        given = _adapt(task, facts, given, settings.family or given.network.family, origin)
    return _overrule(given, rest)


def _overrule(plan: Plan, overrides: Mapping[str, Any]) -> Plan:
    """The plan with what the user set, of which each must mean something for it."""
    for name in overrides:
        if not plan.goes_by(name.partition(".")[0]):
            raise SettingsError(
                f"'{name}' changes nothing in {plan.task}", subject="--set", do="Leave it out."
            )
    return plan.overrule(overrides)


def _rule(task: Task, facts: Fingerprint, settings: Settings, family: str | None) -> Plan:
    """The plan by the rules; with another family than they would choose, it says so."""
    asked = {name: settings.overrides[name] for name in RULED if name in settings.overrides}
    plan = _plan(task, facts, replace(settings, overrides=asked))
    if family in (None, plan.network.family):
        return plan
    reason = f'asked for (by the rules: "{plan.network.family}")'
    plan = _plan(task, facts, replace(settings, overrides={**asked, FAMILY: family}))
    return replace(plan, reasons={**plan.reasons, FAMILY: reason}, overruled=(FAMILY,))


def _plan(task: Task, facts: Fingerprint, settings: Settings) -> Plan:
    """The task's plan; of an ensemble, for the minutes that each of its networks gets."""
    plan, minutes = task.plan(facts, settings), settings.budget_minutes
    folds = choose_folds(facts, settings, plan)
    if folds.value == 1:
        return replace(plan, reasons={**plan.reasons, "folds": folds.reason})
    plan = task.plan(facts, replace(settings, minutes=minutes / folds.value))
    asked = "as asked for" if settings.minutes else f"effort {settings.effort}"
    said = {"folds": folds.reason, "minutes": f"{asked}: {minutes / folds.value:.3g} for each network"}
    return replace(plan, minutes=minutes, folds=folds.value, reasons={**plan.reasons, **said})


def _adapt(task: Task, facts: Fingerprint, given: Plan, family: str, origin: Origin | None) -> Plan:
    """The given plan with that family; what was edited by hand, or made for other data, is said to be so."""
    order = {"classes": json.dumps(given.classes)}
    settings = Settings(minutes=given.minutes, seed=given.seed, folds=given.folds, overrides=order)
    try:
        ruled = _rule(task, facts, settings, family)
    except SettingsError:
        if given.network.is_open or given.network.family != family:
            raise
        # A plan need not be one that the rules would make.
        ruled = _rule(task, facts, settings, None)
    if given.network.is_open or given.network.family != family:
        given = _with_network(given, _rule(task, facts, settings, given.network.family), ruled)
    if origin is not None:
        ruled = start_from(ruled, origin, facts)
    plan = given.compare(ruled)
    if FAMILY in ruled.overruled and FAMILY not in plan.overruled:
        reasons = {**plan.reasons, FAMILY: ruled.reasons[FAMILY]}
        plan = replace(plan, reasons=reasons, overruled=(*plan.overruled, FAMILY))
    return plan


def _with_network(given: Plan, before: Plan, after: Plan) -> Plan:
    """The given plan with the network of another, and with all else that follows from the family.

    Args:
        given: the user's.
        before: by the rules, with the family that the given plan has.
        after: by the rules, with the family that it is to have.
    """
    follow: dict[str, Any] = {
        f.name: getattr(after, f.name)
        for f in fields(Plan)
        if f.name != "reasons" and getattr(given, f.name) == getattr(before, f.name)
    }
    network = after.network
    if given.network.is_open:  # the few fields that it gives all the same stand
        blank = NetworkPlan(given.network.family)
        said = {f.name: getattr(given.network, f.name) for f in fields(NetworkPlan)}
        network = replace(network, **{n: value for n, value in said.items() if value != getattr(blank, n)})
    kept = {name: reason for name, reason in given.reasons.items() if not name.startswith("network")}
    new = {name: after.reasons[name] for name in ("network", "patch_voxels")}
    overruled = tuple(name for name in given.overruled if not name.startswith("network"))
    return replace(given, **{**follow, "network": network, "reasons": kept | new, "overruled": overruled})
