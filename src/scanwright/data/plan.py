"""Plan: every decision that makes a model, each with its reason. Editable by hand as ``plan.json``."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from scanwright.data.fields import check_keys
from scanwright.errors import ModelError, SettingsError

SCHEMA_VERSION = 1


def _within(low: float, high: float) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        numbers = value if isinstance(value, tuple) else (value,)
        fits = all(math.isfinite(number) and low <= number <= high for number in numbers)
        return "" if fits else f"between {low:g} and {high:g}"

    return check


def _one_of(*names: str) -> Callable[[Any], str]:
    return lambda value: "" if value in names else " or ".join(names)


def _choice(rule: Callable[[Any], str], **kwargs: Any) -> Any:
    """A field with a rule: what is wrong with a value, "" when nothing is."""
    return field(metadata={"rule": rule}, **kwargs)


@dataclass(frozen=True)
class ChannelPlan:
    """How the intensities of one channel are brought to one scale.

    Attributes:
        name: of the channel.
        method: "zscore" (each image by its own mean and deviation), "clip_zscore" (clipped to ``low`` …
            ``high``, then by the ``mean`` and ``deviation`` of the training data) or "unit" (0 … 255 to
            0 … 1, then like zscore with fixed numbers).
        low, high, mean, deviation: used by "clip_zscore" and "unit".
    """

    name: str
    method: str = _choice(_one_of("zscore", "clip_zscore", "unit"), default="zscore")
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    deviation: float = _choice(_within(1e-12, 1e12), default=1.0)


@dataclass(frozen=True)
class NetworkPlan:
    """Every width and stride of the network; it is built from this alone.

    Attributes:
        family: row of the networks table.
        widths: channels of each level.
        strides: step of each level along each axis; the first is the stem's.
        kernels: kernel length of each level along each axis.
        blocks: residual blocks of each level (resnet).
        deep_supervision: how many coarser outputs are also trained (unet).
        dropout: share of features dropped before the last layer.
    """

    family: str = _choice(_one_of("unet", "resnet"))
    widths: tuple[int, ...] = _choice(_within(1, 4096))
    strides: tuple[tuple[int, ...], ...]
    kernels: tuple[tuple[int, ...], ...] = ()
    blocks: tuple[int, ...] = ()
    deep_supervision: int = _choice(_within(0, 4), default=0)
    dropout: float = _choice(_within(0, 0.9), default=0.0)


@dataclass(frozen=True)
class AugmentationPlan:
    """Ranges from which each training example is changed; 0 leaves out.

    Attributes:
        flip_axes: axes (0 = i, 1 = j, 2 = k) that may be mirrored.
        rotate_degrees: largest rotation about the centre; in-plane only when voxels are far from cubes.
        scale: largest relative change of size.
        shift: largest shift, as a share of the patch.
        brightness, contrast, gamma, noise: standard deviations on normalised intensities.
        blur: chance of a slight blur.
        mixup: chance that two examples are mixed (classification).
    """

    flip_axes: tuple[int, ...] = _choice(_within(0, 2), default=())
    rotate_degrees: float = _choice(_within(0, 180), default=0.0)
    scale: float = _choice(_within(0, 0.9), default=0.0)
    shift: float = _choice(_within(0, 0.5), default=0.0)
    brightness: float = _choice(_within(0, 5), default=0.0)
    contrast: float = _choice(_within(0, 5), default=0.0)
    gamma: float = _choice(_within(0, 2), default=0.0)
    noise: float = _choice(_within(0, 5), default=0.0)
    blur: float = _choice(_within(0, 1), default=0.0)
    mixup: float = _choice(_within(0, 1), default=0.0)


@dataclass(frozen=True)
class Plan:
    """Every decision that makes a model.

    Attributes:
        task: row of the tasks table.
        dims: 2 or 3, the axes that the network sees.
        channels: one entry for each image channel.
        classes: names; for masks the background comes first.
        label_values: for masks: the value that stands for each class in the user's data.
        spacing_mm: the grid that images are resampled to; ``None`` leaves the grid.
        longest_side: photographs larger than this many pixels are made smaller; ``None`` leaves them.
        patch_voxels: (i, j, k) that the network sees at once; a classified image is fitted into it.
        batch_size: patches in a step.
        network: see NetworkPlan.
        loss: "dice_ce" or "ce".
        class_weights: weight of each class in the cross-entropy; empty for equal weights.
        optimiser: "adamw" or "sgd".
        learning_rate: at the top of the schedule.
        weight_decay: of the optimiser.
        warmup: share of the training in which the learning rate rises.
        label_smoothing: of the cross-entropy.
        foreground_fraction: share of the patches that are centred on a labelled voxel.
        augmentation: see AugmentationPlan.
        average_steps: steps over which the weights of the kept model are averaged; 0 keeps the last ones.
        patience: early stopping after this many rounds without a better validation score; 0 never stops early.
        mirror_axes: axes along which predictions are also made mirrored, and averaged.
        overlap: of neighbouring tiles in prediction.
        tolerance_mm: of surface Dice; pixels where the spacing is unknown.
        precision: "bf16-mixed" or "32-true".
        minutes: upper bound of the training time.
        seed: start of all random numbers.
        pace: empty in a fresh plan. Of a finished one: the rounds as they were, each (steps, progress at
            its end); training such a plan again repeats them exactly, whatever the clock says.
        reasons: why, for each field.
        overruled: the fields that the user set.
    """

    task: str
    dims: int = _choice(_within(2, 3))
    channels: tuple[ChannelPlan, ...]
    classes: tuple[str, ...]
    patch_voxels: tuple[int, int, int] = _choice(_within(1, 4096))
    batch_size: int = _choice(_within(1, 4096))
    network: NetworkPlan
    label_values: tuple[int, ...] = ()
    spacing_mm: tuple[float, float, float] | None = None
    longest_side: int | None = None
    loss: str = _choice(_one_of("dice_ce", "ce"), default="ce")
    class_weights: tuple[float, ...] = _choice(_within(0, 1e6), default=())
    optimiser: str = _choice(_one_of("adamw", "sgd"), default="adamw")
    learning_rate: float = _choice(_within(1e-8, 10), default=1e-3)
    weight_decay: float = _choice(_within(0, 10), default=1e-2)
    warmup: float = _choice(_within(0, 0.9), default=0.05)
    label_smoothing: float = _choice(_within(0, 0.9), default=0.0)
    foreground_fraction: float = _choice(_within(0, 1), default=0.0)
    augmentation: AugmentationPlan = field(default_factory=AugmentationPlan)
    average_steps: int = _choice(_within(0, 1_000_000), default=100)
    patience: int = _choice(_within(0, 10_000), default=0)
    mirror_axes: tuple[int, ...] = _choice(_within(0, 2), default=())
    overlap: float = _choice(_within(0, 0.95), default=0.5)
    tolerance_mm: float = _choice(_within(0, 1000), default=1.0)
    precision: str = _choice(_one_of("bf16-mixed", "32-true"), default="32-true")
    minutes: float = _choice(_within(1e-3, 1e5), default=30.0)
    seed: int = _choice(_within(0, 2**62), default=0)
    pace: tuple[tuple[int, float], ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    overruled: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part in (self, *self.channels, self.network, self.augmentation):
            for f in fields(part):
                wanted = f.metadata["rule"](getattr(part, f.name)) if "rule" in f.metadata else ""
                if wanted:
                    raise SettingsError(
                        f"the plan's {f.name} makes no sense",
                        expected=wanted,
                        received=f"{f.name}={getattr(part, f.name)}",
                    )
        self._check_whole()

    def _check_whole(self) -> None:
        """What no field can know alone."""
        problems = []
        if self.spacing_mm is not None and not all(0 < s < 1e4 for s in self.spacing_mm):
            problems.append("spacing_mm must be positive")
        if self.longest_side is not None and self.longest_side < 8:
            problems.append("longest_side must be 8 or more")
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes):
            problems.append("classes must be two or more different names")
        if not self.channels:
            problems.append("channels must not be empty")
        if self.label_values and len(self.label_values) != len(self.classes):
            problems.append("label_values must have one value for each of the classes")
        if self.class_weights and len(self.class_weights) != len(self.classes):
            problems.append("class_weights must have one weight for each of the classes")
        network = self.network
        if not network.widths or len(network.strides) != len(network.widths):
            problems.append("network.strides must have one entry for each of network.widths")
        if any(len(s) != self.dims or min(s) < 1 for s in (*network.strides, *network.kernels)):
            problems.append(f"network.strides and network.kernels must have {self.dims} positive numbers a level")
        if self.dims == 2 and self.patch_voxels[2] != 1:
            problems.append("patch_voxels must end in 1 when dims is 2")
        if any(steps < 1 or not 0 <= progress <= 1 for steps, progress in self.pace):
            problems.append("pace must hold (steps, progress) with steps of 1 or more and progress from 0 to 1")
        if problems:
            raise SettingsError("the plan does not fit together", received="; ".join(problems))

    def to_json(self) -> dict[str, Any]:
        """Plain values, the schema version first."""
        return {"schema_version": SCHEMA_VERSION, **_plain(self)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], source: str = "plan.json") -> Plan:
        """The inverse of :meth:`to_json`.

        Raises:
            ModelError: the plan was written by a newer version.
            SettingsError: a field is unknown, missing, of the wrong kind or out of range.
        """
        if not isinstance(plain, Mapping):
            raise SettingsError("a plan is an object of named fields", subject=source)
        version = plain.get("schema_version")
        if not isinstance(version, int) or version > SCHEMA_VERSION:
            raise ModelError(
                "the plan was written by another version of scanwright",
                subject=source,
                expected=f"schema_version {SCHEMA_VERSION} or less",
                received=f"{version}",
                do="Install a newer scanwright, or make the plan again.",
            )
        rest = {name: value for name, value in plain.items() if name != "schema_version"}
        plan: Plan = _build(cls, rest, source)
        return plan

    def overrule(self, overrides: Mapping[str, str]) -> Plan:
        """A plan in which the named fields have the user's values; nested ones as "network.dropout".

        Raises:
            SettingsError: a name is unknown or a value makes no sense.
        """
        plan = self
        for name, text in overrides.items():
            try:
                value = json.loads(text)
            except json.JSONDecodeError:
                value = text
            plain = plan.to_json()
            place = name.split(".")
            target: Any = plain
            for key in place[:-1]:
                check_keys([key], list(target), "--set")
                target = target[key]
                if not isinstance(target, dict):
                    raise SettingsError(f"'{name}' is not a field of the plan", subject="--set")
            check_keys([place[-1]], [key for key in target if key != "schema_version"], "--set")
            target[place[-1]] = value
            plain["reasons"] = {**plain["reasons"], name: f"overruled by the user (was: {_short(plan, place)})"}
            plain["overruled"] = [*plain["overruled"], name]
            plan = Plan.from_json(plain, "--set")
        return plan

    def decisions(self) -> list[dict[str, Any]]:
        """Each field with its value and its reason, in the order of the fields."""
        plain = self.to_json()
        skipped = {"schema_version", "reasons", "overruled", "pace"}
        rows = [
            {"field": name, "value": value, "reason": self.reasons.get(name, "default")}
            for name, value in plain.items()
            if name not in skipped
        ]
        nested = [name for name in self.reasons if "." in name]
        rows += [{"field": name, "value": _dig(plain, name.split(".")), "reason": self.reasons[name]} for name in nested]
        return rows


def _dig(plain: Any, path: list[str]) -> Any:
    for key in path:
        plain = plain[key]
    return plain


def _short(plan: Plan, path: list[str]) -> str:
    return json.dumps(_dig(plan.to_json(), path))[:80]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def _build(kind: Any, plain: Any, source: str) -> Any:
    """Make ``kind`` (a dataclass of this module) from plain values, checking names and kinds."""
    if not isinstance(plain, Mapping):
        raise SettingsError("expected named fields", subject=source, received=repr(plain)[:60])
    hints = typing.get_type_hints(kind)
    check_keys(plain, list(hints), source)
    missing = [
        f.name
        for f in fields(kind)
        if f.name not in plain and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise SettingsError(f"the fields {', '.join(missing)} are missing", subject=source)
    return kind(**{name: _convert(hints[name], value, f"{source}: {name}") for name, value in plain.items()})


def _convert(hint: Any, value: Any, source: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _convert(arguments[0], value, source)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise SettingsError("expected a list", subject=source, received=repr(value)[:60])
        if arguments[-1] is Ellipsis:
            return tuple(_convert(arguments[0], item, source) for item in value)
        if len(value) != len(arguments):
            raise SettingsError(f"expected {len(arguments)} values", subject=source, received=repr(value)[:60])
        return tuple(_convert(a, item, source) for a, item in zip(arguments, value, strict=True))
    if origin is not None:  # Mapping[str, str]
        if not isinstance(value, Mapping):
            raise SettingsError("expected named values", subject=source, received=repr(value)[:60])
        return {str(key): str(item) for key, item in value.items()}
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, source)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise SettingsError(f"expected {hint.__name__}", subject=source, received=repr(value)[:60])
    return value
