"""A recipe: steps as the user writes them, checked before anything is read, and done one after the other."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from scanwright.core.intensity import replace_non_finite
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.transforms.enhancement.base import Kind, Parameter, Scale, Values
from scanwright.transforms.enhancement.catalogue import BY_NAME, KINDS
from scanwright.transforms.enhancement.planes import with_array
from scanwright.types import JsonDict


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


@dataclass(frozen=True, eq=False)
class Enhanced:
    """What the steps made of an image.

    Attributes:
        image: the new one.
        scale: what its values are.
        done: what each step did, plain values.
        n_replaced: voxels without a usable value that counted as the smallest usable one.
    """

    image: Volume
    scale: Scale
    done: tuple[JsonDict, ...]
    n_replaced: int


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


def follow(recipe: Recipe, image: Volume, references: Mapping[str, Volume]) -> Enhanced:
    """Do the steps, one after the other; the image given is not changed.

    Args:
        recipe: the steps.
        image: any.
        references: file → image, of the files that the steps name.

    Raises:
        DataError: a step does not fit the image; the step is named.
    """
    scale: Scale = "source"
    done: list[JsonDict] = []
    replaced = 0
    for step in recipe:
        if not step.kind.fills:
            array, n = replace_non_finite(image.array)
            if n and n == image.array.size:
                raise DataError("no voxel has a usable value")
            image, replaced = with_array(image, array), replaced + n
        values = {
            name: references[value] if isinstance(value, str) else value
            for name, value in step.values.items()
        }
        try:
            outcome = step.kind.apply(image, **values)
        except RuntimeError as error:  # what SimpleITK raises
            raise DataError(
                f"the step {step.written} does not work on this image",
                received=f"shape {image.shape}, {image.n_channels} channels, {image.array.dtype}",
            ) from error
        image, scale = outcome.image, outcome.scale or scale
        done.append(
            {
                "step": step.kind.name,
                "parameters": dict(step.values),
                "realised": outcome.realised,
                "invertible": bool(step.kind.undo),
                "undo": step.kind.undo,
            }
        )
    return Enhanced(image, scale, tuple(done), replaced)
