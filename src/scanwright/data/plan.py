"""Plan: every decision that makes a model, each with its reason. Editable by hand as ``plan.json``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from scanwright.core.calibration import METHODS
from scanwright.data.box_plan import BoxPlan
from scanwright.data.choices import (
    ANSWERS,
    BROUGHT,
    INVERSE,
    MASK_LOSSES,
    OPTIMISERS,
    SAMPLINGS,
    SCHEDULES,
    inverse_weights,
    learning_misfits,
)
from scanwright.data.families import FAMILIES, network_misfits
from scanwright.data.fields import build, check_keys, one_of, ruled, within
from scanwright.data.recipe import read_plan_recipe
from scanwright.errors import ModelError, SettingsError

SCHEMA_VERSION = 1
MOST_FOLDS = 20
# Of the record: not for ``--set``.
_NOT_DECIDED = ("schema_version", "reasons", "overruled", "pace", "paces")
# What only some answers go by; "masks" are one, too.
_ONLY_FOR = {
    **dict.fromkeys(("label_values", "tolerance_mm", "least_pieces", "overhang"), ("masks",)),
    **dict.fromkeys(("spacing_mm", "longest_side", "foreground_fraction", "overlap"), ("masks", "boxes")),
    "boxes": ("boxes",),
    "classes": ("masks", "class", "grade", "labels", "boxes"),
    "interval_level": ("masks", "value", "class", "grade", "labels"),
    **dict.fromkeys(("target", "target_mean", "target_deviation"), ("value",)),
}


def _is_loss(value: Any) -> str:
    of = {"masks": MASK_LOSSES} | {answer.about: answer.losses for answer in ANSWERS.values()}
    if any(value in losses for losses in of.values()):
        return ""
    return "; ".join(f"for {what} {', '.join(losses)}" for what, losses in of.items())


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
    method: str = field(metadata=ruled(one_of("zscore", "clip_zscore", "unit")), default="zscore")
    low: float = field(metadata=ruled(within(-1e30, 1e30)), default=0.0)
    high: float = field(metadata=ruled(within(-1e30, 1e30)), default=0.0)
    mean: float = field(metadata=ruled(within(-1e30, 1e30)), default=0.0)
    deviation: float = field(metadata=ruled(within(1e-30, 1e30)), default=1.0)


@dataclass(frozen=True)
class NetworkPlan:
    """Every width and stride of the network; it is built from this alone.

    A level's numbers are ``widths[n]``, ``strides[n]`` and so on. With nothing but a family, the network is
    open: the family's rule decides the rest when the data are known.

    Attributes:
        family: row of the networks table.
        widths: channels of each level.
        strides: step of each level along each axis; the first is the stem's (vit: its patches).
        kernels: kernel length of each level along each axis (cnn, and all that answer for voxels).
        blocks: of each level: residual blocks, dense layers (densenet), convolutions (cnn), attention blocks
            (vit, swin_unetr).
        growth: channels that each dense layer adds (densenet).
        inner: channels inside a block: the bottleneck (densenet), the hidden layer (vit, swin_unetr); of the
            pyramid at each level, 0 where it does not reach (fpn).
        heads: of attention, of each level (vit, swin_unetr).
        window: along each axis, in places of a level, within which attention looks (swin_unetr).
        deep_supervision: how many coarser outputs are also trained (all that answer for voxels).
        dropout: share of features dropped before the last layer; in families that answer for voxels, after
            each convolution of a U-Net, and after the first of a segresnet.
        pool_grid: parts along each axis over which the last features are averaged; 1 forgets where they
            were (all that answer for an image).
        shortcut: channels of a way from the voxels to the answer without norms, 0 for none (all for voxels).
    """

    family: str = field(metadata=ruled(one_of(*FAMILIES)))
    widths: tuple[int, ...] = field(metadata=ruled(within(1, 4096)), default=())
    strides: tuple[tuple[int, ...], ...] = ()
    kernels: tuple[tuple[int, ...], ...] = ()
    blocks: tuple[int, ...] = field(metadata=ruled(within(0, 64)), default=())
    growth: tuple[int, ...] = field(metadata=ruled(within(0, 1024)), default=())
    inner: tuple[int, ...] = field(metadata=ruled(within(0, 16384)), default=())
    heads: tuple[int, ...] = field(metadata=ruled(within(0, 256)), default=())
    window: tuple[int, ...] = field(metadata=ruled(within(1, 1024)), default=())
    deep_supervision: int = field(metadata=ruled(within(0, 4)), default=0)
    dropout: float = field(metadata=ruled(within(0, 0.9)), default=0.0)
    pool_grid: int = field(metadata=ruled(within(1, 16)), default=1)
    shortcut: int = field(metadata=ruled(within(0, 256)), default=0)

    @property
    def is_open(self) -> bool:
        """Whether nothing but the family is said."""
        return not self.widths and not self.strides


@dataclass(frozen=True)
class AugmentationPlan:
    """Ranges from which each training example is changed; 0 leaves out.

    Attributes:
        flip_axes: axes (0 = i, 1 = j, 2 = k) that may be mirrored.
        rotate_degrees: largest rotation about the centre; in-plane only when voxels are far from cubes.
        shear_degrees: largest lean of one axis against another, in the same planes.
        scale: largest relative change of size.
        shift: largest shift, as a share of the patch.
        elastic: largest displacement of the control points of a smooth bending, as a share of the distance
            between them; 0.4 is the most that surely folds nothing.
        brightness, contrast, gamma, noise: standard deviations on normalised intensities.
        bias_field: standard deviation of the logarithm of a smooth change of brightness, as in MR.
        blur: chance of a slight blur.
        low_resolution: chance of a grid up to twice as coarse.
        mixup, cutmix: chance that pairs of examples are mixed, or that a box of one comes from another
            (answers for the whole image).
        mosaic: chance that four images, or parts of them, stand side by side in one (boxes).
        copy_paste: chance that an object of another image is added (boxes).
    """

    flip_axes: tuple[int, ...] = field(metadata=ruled(within(0, 2)), default=())
    rotate_degrees: float = field(metadata=ruled(within(0, 180)), default=0.0)
    shear_degrees: float = field(metadata=ruled(within(0, 60)), default=0.0)
    scale: float = field(metadata=ruled(within(0, 0.9)), default=0.0)
    shift: float = field(metadata=ruled(within(0, 0.5)), default=0.0)
    elastic: float = field(metadata=ruled(within(0, 0.4)), default=0.0)
    brightness: float = field(metadata=ruled(within(0, 5)), default=0.0)
    contrast: float = field(metadata=ruled(within(0, 5)), default=0.0)
    gamma: float = field(metadata=ruled(within(0, 2)), default=0.0)
    noise: float = field(metadata=ruled(within(0, 5)), default=0.0)
    bias_field: float = field(metadata=ruled(within(0, 1)), default=0.0)
    blur: float = field(metadata=ruled(within(0, 1)), default=0.0)
    low_resolution: float = field(metadata=ruled(within(0, 1)), default=0.0)
    mixup: float = field(metadata=ruled(within(0, 1)), default=0.0)
    cutmix: float = field(metadata=ruled(within(0, 1)), default=0.0)
    mosaic: float = field(metadata=ruled(within(0, 1)), default=0.0)
    copy_paste: float = field(metadata=ruled(within(0, 1)), default=0.0)


@dataclass(frozen=True)
class Plan:
    """Every decision that makes a model.

    Attributes:
        task: row of the tasks table.
        dims: 2 or 3, the axes that the network sees.
        channels: one entry for each image channel.
        answer: what the outputs of the network stand for: "class" (one of the classes, of each voxel or of
            the image), "grade" (the same, and the classes are in order, the lowest first), "labels" (any
            number of the classes), "boxes" (any number of objects, each with a class and a box) or "value" (a
            number; there are no classes).
        classes: names; for masks the background comes first.
        label_values: for masks: the value that stands for each class in the user's data.
        target: name of the number that is learnt.
        target_mean, target_deviation: of that number on the training side; the network's output is in
            deviations off the mean.
        interval_level: share of the cases whose true number the interval around a prediction should hold; of
            classes, share of the cases of each class whose set of possible answers should hold it.
        calibration: how probabilities are made to say how often they are right, on validation cases:
            "temperature" (one number; of several classes at once, one for each), "isotonic" (steps, for whole
            images) or "none". Numbers and boxes have none.
        enhance: classical steps done on each image before everything else, as ``enhance --steps`` has them.
        spacing_mm: the grid that images are resampled to; ``None`` leaves the grid.
        longest_side: photographs larger than this many pixels are made smaller; ``None`` leaves them.
        patch_voxels: (i, j, k) that the network sees at once; a classified image is fitted into it.
        batch_size: patches in a step.
        network: see NetworkPlan.
        loss: what is made small; see ``data/choices.py`` for those of masks and of whole images.
        class_weights: weight of each class in the loss; empty for equal weights.
        class_shares: of the training side, how often each class occurs (images, or voxels); empty where
            nobody counted.
        logit_adjustment: how far training makes up for unequal ``class_shares``: 0 not at all, 1 wholly
            (Menon et al. 2021); what is then predicted is each class as if all were as frequent.
        optimiser: row of the optimisers table.
        learning_rate: at the top of the schedule.
        momentum: of the optimisers "muon", "momentum" and "nesterov"; 0 for the others.
        weight_decay: of the optimiser.
        schedule: how the learning rate goes with the progress; row of the schedules table.
        warmup: share of the training in which the learning rate rises.
        label_smoothing: share of each label that is spread over all classes.
        sampling: "uniform" (every case as often) or "balanced" (every class as often).
        foreground_fraction: share of the patches that are centred on a labelled voxel.
        overhang: how far beyond the image, in its lengths, a patch of any place is drawn before it is moved
            back: 0 makes every place as likely, 0.5 gives borders to as many patches as to tiles.
        augmentation: see AugmentationPlan.
        average_steps: steps over which the weights of the kept model are averaged; 0 keeps the last ones.
        patience: early stopping after this many rounds without a better validation score; 0 never does.
        mirror_axes: axes along which predictions are also made mirrored, and averaged.
        overlap: of neighbouring tiles in prediction.
        tolerance_mm: of surface Dice; pixels where the spacing is unknown.
        least_pieces: of masks: size of each class's pieces, in mm³ (mm² of planes; voxels where the spacing
            is unknown), below which they are left out; empty leaves none out.
        boxes: see BoxPlan; only where the answer is boxes.
        precision: "bf16-mixed" or "32-true".
        minutes: upper bound of the training time.
        seed: start of all random numbers.
        folds: networks of an ensemble: each leaves out another part of the cases, by which it chooses, and
            the mean of their probabilities is the answer. 1: one network.
        init_from: SHA-256 of the weights that training starts from; "" for fresh ones.
        frozen_share: share of the training in which only those layers learn that these weights do not fill.
        pace: empty in a fresh plan. Of a finished one: the rounds as they were, each (steps, progress at
            its end); training such a plan again repeats them exactly, whatever the clock says.
        paces: of an ensemble, the pace of each of its networks, in place of ``pace``.
        reasons: why, for each field.
        overruled: the fields that the user set.
    """

    task: str
    dims: int = field(metadata=ruled(within(2, 3)))
    channels: tuple[ChannelPlan, ...]
    classes: tuple[str, ...]
    patch_voxels: tuple[int, int, int] = field(metadata=ruled(within(1, 4096)))
    batch_size: int = field(metadata=ruled(within(1, 4096)))
    network: NetworkPlan
    answer: str = field(metadata=ruled(one_of(*ANSWERS)), default="class")
    label_values: tuple[int, ...] = ()
    target: str = ""
    target_mean: float = field(metadata=ruled(within(-1e30, 1e30)), default=0.0)
    target_deviation: float = field(metadata=ruled(within(1e-30, 1e30)), default=1.0)
    interval_level: float = field(metadata=ruled(within(0.5, 0.999)), default=0.9)
    calibration: str = field(metadata=ruled(one_of(*METHODS)), default="temperature")
    enhance: tuple[str, ...] = ()
    spacing_mm: tuple[float, float, float] | None = None
    longest_side: int | None = None
    loss: str = field(metadata=ruled(_is_loss), default="ce")
    class_weights: tuple[float, ...] = field(metadata=ruled(within(0, 1e6)), default=())
    class_shares: tuple[float, ...] = field(metadata=ruled(within(1e-9, 1)), default=())
    logit_adjustment: float = field(metadata=ruled(within(0, 10)), default=0.0)
    optimiser: str = field(metadata=ruled(one_of(*OPTIMISERS)), default="adamw")
    learning_rate: float = field(metadata=ruled(within(1e-8, 10)), default=1e-3)
    momentum: float = field(metadata=ruled(within(0, 0.999)), default=0.0)
    weight_decay: float = field(metadata=ruled(within(0, 10)), default=1e-2)
    schedule: str = field(metadata=ruled(one_of(*SCHEDULES)), default="cosine")
    warmup: float = field(metadata=ruled(within(0, 0.9)), default=0.05)
    label_smoothing: float = field(metadata=ruled(within(0, 0.9)), default=0.0)
    sampling: str = field(metadata=ruled(one_of(*SAMPLINGS)), default="uniform")
    foreground_fraction: float = field(metadata=ruled(within(0, 1)), default=0.0)
    overhang: float = field(metadata=ruled(within(0, 0.5)), default=0.0)
    augmentation: AugmentationPlan = field(default_factory=AugmentationPlan)
    average_steps: int = field(metadata=ruled(within(0, 1_000_000)), default=100)
    patience: int = field(metadata=ruled(within(0, 10_000)), default=0)
    mirror_axes: tuple[int, ...] = field(metadata=ruled(within(0, 2)), default=())
    overlap: float = field(metadata=ruled(within(0, 0.95)), default=0.5)
    tolerance_mm: float = field(metadata=ruled(within(0, 1000)), default=1.0)
    least_pieces: tuple[float, ...] = field(metadata=ruled(within(0, 1e9)), default=())
    boxes: BoxPlan = field(default_factory=BoxPlan)
    precision: str = field(metadata=ruled(one_of("bf16-mixed", "32-true")), default="32-true")
    minutes: float = field(metadata=ruled(within(1e-3, 1e5)), default=30.0)
    seed: int = field(metadata=ruled(within(0, 2**62)), default=0)
    folds: int = field(metadata=ruled(within(1, MOST_FOLDS)), default=1)
    init_from: str = ""
    frozen_share: float = field(metadata=ruled(within(0, 0.9)), default=0.0)
    pace: tuple[tuple[int, float], ...] = ()
    paces: tuple[tuple[tuple[int, float], ...], ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    overruled: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_fields(self)
        for channel in self.channels:
            _check_fields(channel, "channels.")
        for name in ("network", "augmentation", "boxes"):
            _check_fields(getattr(self, name), f"{name}.")
        read_plan_recipe(self.enhance)
        problems = [*self._misfits(), *learning_misfits(self), *network_misfits(self)]
        if problems:
            raise MisfitError(f"the plan does not fit together: {'; '.join(problems)}")

    @property
    def n_outputs(self) -> int:
        """Numbers that the network gives for an image, for each voxel, or (of boxes: how sure it is of each
        class, and how far each side is) for each place that it looks from."""
        if self.answer == "boxes":
            return len(self.classes) + 2 * self.dims
        return len(self.classes) if self.answer != "value" else 1

    def _misfits(self) -> Iterator[str]:
        """What no field can know alone."""
        n_classes = len(self.classes)
        if self.spacing_mm is not None and not all(0 < s < 1e4 for s in self.spacing_mm):
            yield "spacing_mm must be positive"
        if self.longest_side is not None and self.longest_side < 8:
            yield "longest_side must be 8 or more"
        if not self.channels:
            yield "channels must not be empty"
        if self.label_values and not (n_classes == len(self.label_values) == len(set(self.label_values))):
            yield "label_values must have one value for each of the classes, all different"
        for name in ("class_weights", "class_shares", "least_pieces"):
            if getattr(self, name) and len(getattr(self, name)) != n_classes:
                yield f"{name} must have one number for each of the classes"
        if self.label_values and self.calibration == "isotonic":
            yield "calibration=isotonic is for whole images, and label_values are for masks"
        if self.dims == 2 and self.patch_voxels[2] != 1:
            yield "patch_voxels must end in 1 when dims is 2"
        for name, axes in (("mirror_axes", self.mirror_axes), ("flip_axes", self.augmentation.flip_axes)):
            if len(set(axes)) != len(axes) or any(axis >= self.dims for axis in axes):
                yield f"{name} must be different axes below {self.dims}"
        if self.frozen_share and not self.init_from:
            yield "frozen_share needs weights to start from (--init-from)"
        rounds = [one for pace in (self.pace, *self.paces) for one in pace]
        if any(steps < 1 or not 0 <= progress <= 1 for steps, progress in rounds):
            yield "pace must hold (steps, progress) with steps of 1 or more and progress from 0 to 1"
        if (self.pace and self.folds > 1) or len(self.paces) > (self.folds if self.folds > 1 else 0):
            yield "pace is of one network, paces are of an ensemble, not more than it has folds"

    @property
    def is_tiled(self) -> bool:
        """Whether images are covered with patches, and not fitted into one."""
        return bool(self.label_values) or self.answer == "boxes"

    @property
    def is_recorded(self) -> bool:
        """Whether it holds the rounds of a finished training, which are then repeated."""
        return bool(self.pace or self.paces)

    def _tells(self, name: str) -> bool:
        """Whether a field means something for this answer; what the user set always does."""
        other = "spacing_mm" if self.spacing_mm is None else "longest_side"
        return name in self.overruled or (self.goes_by(name) and name != other)

    def goes_by(self, name: str) -> bool:
        """Whether a field means something for an answer like this one's."""
        about = "masks" if self.label_values else self.answer
        return about in _ONLY_FOR.get(name, (about,))

    def member(self, number: int) -> Plan:
        """The plan by which one network of the ensemble is trained: it starts from a seed of its own."""
        pace = self.paces[number] if self.paces else ()
        return replace(self, folds=1, seed=self.seed + number, pace=pace, paces=())

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
        plan: Plan = build(cls, rest, source)
        return plan

    def overrule(self, overrides: Mapping[str, Any]) -> Plan:
        """A plan in which the named fields have the user's values; nested ones as "network.dropout".

        A name that is usually trained with values of its own (``data/choices.py``) brings them, where the
        user does not set these too. ``class_weights`` may be "inverse" to the shares of the classes.

        Raises:
            SettingsError: a name is unknown, or the values make no sense.
        """
        before, plain = self.to_json(), self.to_json()
        for name, text in overrides.items():
            *path, last = name.split(".")
            target: Any = plain
            for key in path:
                check_keys([key], list(target), "--set")
                target = target[key]
                if not isinstance(target, dict):
                    raise SettingsError(f"'{name}' is not a field of the plan", subject="--set")
            check_keys([last], [key for key in target if key not in _NOT_DECIDED], "--set")
            target[last] = parse(text)
            was = _dig(before, [*path, last])
            same = target[last] == was
            _note(plain, name, "as the user wants; the rules too" if same else "overruled by the user", was)
        for chooser, rows in BROUGHT.items():
            chosen = str(plain[chooser])
            if chosen != before[chooser]:
                for name, value in rows.get(chosen, {}).items():
                    if name not in overrides and value != before[name]:
                        plain[name] = value
                        _note(plain, name, f"usual for {chooser}={chosen}, which the user set", before[name])
        if plain["class_weights"] == INVERSE:
            if not self.class_shares:
                raise MisfitError("class_weights=inverse needs class_shares, how often each class occurs")
            plain["class_weights"] = inverse_weights(self.class_shares)
            _note(plain, "class_weights", "inverse to class_shares, as the user asked", self.class_weights)
        # Made once all are in place: two fields may only fit together when both have changed.
        return Plan.from_json(plain, "--set")

    def compare(self, ruled: Plan) -> Plan:
        """The same plan, in which every field that differs from ``ruled`` is named as overruled.

        Args:
            ruled: what the rules say of the data that the plan is to be used on.
        """
        own, theirs = self.to_json(), ruled.to_json()
        reasons, overruled = dict(self.reasons), list(self.overruled)
        for name, value in own.items():
            if name in _NOT_DECIDED or value == theirs[name]:
                continue
            nested = isinstance(value, dict)
            pairs = (
                [(f"{name}.{key}", value[key], theirs[name][key]) for key in value]
                if nested
                else [(name, value, theirs[name])]
            )
            for field_name, mine, rule in pairs:
                if mine != rule and field_name not in overruled:
                    reasons[field_name] = f"as the given plan says (by the rules: {json.dumps(rule)[:80]})"
                    overruled.append(field_name)
        return replace(self, reasons=reasons, overruled=tuple(overruled))

    def decisions(self) -> list[dict[str, Any]]:
        """Each field that means something for the answer, with its value and its reason, in the order of the
        fields."""
        plain = self.to_json()
        rows = [
            {"field": name, "value": value, "reason": self.reasons.get(name, "default")}
            for name, value in plain.items()
            if name not in _NOT_DECIDED and self._tells(name)
        ]
        nested = [name for name in self.reasons if "." in name]
        rows += [
            {"field": name, "value": _dig(plain, name.split(".")), "reason": self.reasons[name]}
            for name in nested
        ]
        return rows


def _note(plain: dict[str, Any], name: str, why: str, was: Any) -> None:
    """Say in a plan's plain values that a field was overruled."""
    plain["reasons"] = {**plain["reasons"], name: f"{why} (was: {json.dumps(was)[:80]})"}
    plain["overruled"] = list(dict.fromkeys([*plain["overruled"], name]))


def _dig(plain: Any, path: list[str]) -> Any:
    for key in path:
        plain = plain[key]
    return plain


class MisfitError(SettingsError):
    """Fields that are sensible alone and not together."""


def parse(text: Any) -> Any:
    """JSON where it is JSON, else a word as it stands; what is no text (from Python) as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _check_fields(
    part: ChannelPlan | NetworkPlan | AugmentationPlan | BoxPlan | Plan, prefix: str = ""
) -> None:
    for f in fields(part):
        value, name = getattr(part, f.name), f"{prefix}{f.name}"
        wanted = f.metadata["rule"](value) if "rule" in f.metadata else ""
        if wanted:
            raise SettingsError(
                f"the plan's {name} makes no sense", expected=wanted, received=f"{name}={value}"
            )


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
