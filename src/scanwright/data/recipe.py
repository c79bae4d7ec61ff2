"""Recipe: classical steps in their order, as the user writes them, checked before anything is read."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from scanwright.data.step_kinds import BY_NAME, KINDS, Kind, Parameter, Scale, Values
from scanwright.errors import SettingsError


@dataclass(frozen=True)
class Step:
    """A step with its values.

    Attributes:
        kind: what it does.
        values: name → number, or the name of a file.
    """

    kind: Kind
    values: Values = field(default_factory=dict)

    @property
    def written(self) -> str:
        """As a user would write it."""
        texts = [value if isinstance(value, str) else f"{value:.10g}" for value in self.values.values()]
        return f"{self.kind.name}={':'.join(texts)}" if texts else self.kind.name

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it reads."""
        names = [one.name for one in self.kind.parameters if one.is_file]
        return tuple(str(self.values[name]) for name in names)


Recipe: TypeAlias = tuple[Step, ...]


def read_recipe(steps: str | Sequence[str]) -> Recipe:
    """Steps from text, "median=1,n4,percentile=1:99", or from a list of such.

    A file name with a comma in it needs the list.

    Raises:
        SettingsError: none, an unknown one, or wrong values.
    """
    texts = steps.split(",") if isinstance(steps, str) else list(steps)
    texts = [text.strip() for text in texts]
    if not texts or not all(texts):
        raise SettingsError(
            "a step is missing" if any(texts) else "no steps are given",
            expected="steps with commas between them, such as median=1,n4,percentile=1:99",
            received=repr(",".join(texts)),
        )
    return tuple(_read_step(text) for text in texts)


def read_plan_recipe(steps: Sequence[str]) -> Recipe:
    """The steps of a plan; there may be none.

    A model goes by its plan alone and answers on the grid that an image came on: what needs a file or moves
    the grid has no place there.

    Raises:
        SettingsError: an unknown step, wrong values, or one that a plan can't hold.
    """
    recipe = read_recipe(steps) if steps else ()
    for step in recipe:
        if step.kind.not_in_plans:
            raise SettingsError(
                f"a plan can't hold the step {step.kind.name}",
                received=f"enhance={step.written}",
                do=f"Leave it out: {step.kind.not_in_plans}.",
            )
    return recipe


def scale_after(recipe: Recipe) -> Scale:
    """What the values of an image are after the steps."""
    scale: Scale = "source"
    for step in recipe:
        scale = step.kind.scale or scale
    return scale


def _read_step(text: str) -> Step:
    name, sign, rest = (part.strip() for part in text.partition("="))
    if name not in BY_NAME:
        near = difflib.get_close_matches(name.lower(), BY_NAME, n=1, cutoff=0.5)
        raise SettingsError(
            f"unknown step '{name}'" + (f", did you mean {near[0]}?" if near else ""),
            expected=f"one of {', '.join(kind.name for kind in KINDS)}",
        )
    kind = BY_NAME[name]
    if not kind.parameters:
        if sign:
            raise SettingsError(f"the step {name} takes no value", expected=kind.usage, received=text)
        return Step(kind)
    if kind.parameters[0].is_file:
        parts = [rest] if rest else []
    else:
        parts = [part.strip() for part in rest.split(":")] if rest else []
    if not parts and not sign and kind.parameters[0].optional:
        return Step(kind)
    if kind.one_for_all and len(parts) == 1:
        parts = parts * len(kind.parameters)
    if len(parts) != len(kind.parameters):
        raise SettingsError(
            f"the step {name} has another number of values", expected=kind.usage, received=text
        )
    values = {
        one.name: _read_value(one, part, name) for one, part in zip(kind.parameters, parts, strict=True)
    }
    wrong = kind.check(values)
    if wrong:
        raise SettingsError(f"the step {name} makes no sense: {wrong}", expected=kind.usage, received=text)
    return Step(kind, values)


def _read_value(parameter: Parameter, text: str, step: str) -> float | str:
    if parameter.is_file:
        return text
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not parameter.allows(value):
        raise SettingsError(
            f"the step {step} has a wrong value", expected=parameter.expected, received=repr(text)
        )
    return value
