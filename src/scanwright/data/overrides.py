"""Overrides: fields of the plan that the user names, judged before anything is read."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from scanwright.data.plan import ChannelPlan, MisfitError, NetworkPlan, Plan
from scanwright.errors import SettingsError

# Decided before anything else: not for ``--set``.
_OPTIONS_OF_THEIR_OWN = {"task": "--task", "answer": "--task", "folds": "--folds", "init_from": "--init-from"}
# Any plan will do to judge a field by itself.
_ANY_PLAN = Plan(
    task="segmentation",
    dims=3,
    channels=(ChannelPlan("image"),),
    classes=("background", "target"),
    label_values=(0, 1),
    patch_voxels=(16, 16, 16),
    batch_size=2,
    network=NetworkPlan("unet", (8, 16), ((1, 1, 1), (2, 2, 2)), ((3, 3, 3),) * 2),
    class_shares=(0.5, 0.5),
)


def overruled_steps(overrides: Mapping[str, Any]) -> tuple[str, ...]:
    """The steps of ``enhance`` that a plan has once it is overruled so; none where that is not asked for.

    Raises:
        SettingsError: they make no sense.
    """
    asked = {name: value for name, value in overrides.items() if name == "enhance"}
    return _ANY_PLAN.overrule(asked).enhance


def check_overrides(overrides: Mapping[str, Any]) -> None:
    """Refuse names and values that no plan can have, before anything is read.

    Whether fields fit each other is judged when the plan is made.

    Raises:
        SettingsError: a name is unknown, or a value makes no sense.
    """
    for name, text in overrides.items():
        if name in _OPTIONS_OF_THEIR_OWN:
            option = _OPTIONS_OF_THEIR_OWN[name]
            raise SettingsError(f"'{name}' is no field to overrule", subject="--set", do=f"Use {option}.")
        with contextlib.suppress(MisfitError):
            _ANY_PLAN.overrule({name: text})
