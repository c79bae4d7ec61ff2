"""A recipe done on an image: one step after the other, each recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanwright.core.intensity import replace_non_finite
from scanwright.data.recipe import Recipe, read_plan_recipe, scale_after
from scanwright.data.step_kinds import Scale
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.channels import with_array
from scanwright.transforms.enhancement.functions import function_of
from scanwright.types import JsonDict


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


def follow(recipe: Recipe, image: Volume, references: Mapping[str, Volume]) -> Enhanced:
    """Do the steps, one after the other; the image given is not changed.

    Args:
        recipe: the steps.
        image: any.
        references: file → image, of the files that the steps name.

    Raises:
        DataError: a step does not fit the image; the step is named.
    """
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
            outcome = function_of(step.kind.name)(image, **values)
        except RuntimeError as error:  # what SimpleITK raises
            raise DataError(
                f"the step {step.written} does not work on this image",
                received=f"shape {image.shape}, {image.n_channels} channels, {image.array.dtype}",
            ) from error
        image = outcome.image
        done.append(
            {
                "step": step.kind.name,
                "parameters": dict(step.values),
                "realised": outcome.realised,
                "invertible": bool(step.kind.undo),
                "undo": step.kind.undo,
            }
        )
    return Enhanced(image, scale_after(recipe), tuple(done), replaced)


def enhance(image: Volume, steps: Sequence[str]) -> Volume:
    """An image after the steps of a plan, on the same grid; itself where there are none.

    Raises:
        DataError: a step does not fit the image; the step is named.
    """
    return follow(read_plan_recipe(steps), image, {}).image if steps else image
