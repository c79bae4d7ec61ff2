"""Rules: facts → choice and reason. Pure, small, and each one tested.

Every rule returns ``Choice(value, reason)``; a task's plan is a list of such choices. The geometry rules
follow nnU-Net (Isensee et al., Nature Methods 2021, supplementary note 2); the compute rules are ours,
because our users have a processor and not a GPU, and minutes and not days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from scanwright.data.plan import AugmentationPlan, ChannelPlan, Plan
from scanwright.data.recipe import read_plan_recipe, scale_after
from scanwright.data.settings import Settings
from scanwright.data.step_kinds import Scale
from scanwright.errors import SettingsError
from scanwright.planning.fingerprint import Fingerprint

T = TypeVar("T")

# Voxels per second through a training step of the U-Net with 16 channels at first, on two cores without bf16
# (measured; benchmarks/training_speed.py; more with it). Only its order of magnitude
# matters: it decides how fine a grid and how large a patch the minutes can pay for. A residual network that
# classifies halves its input at once and passes over it once.
VOXELS_PER_SECOND = 0.25e6
VOXELS_PER_SECOND_CLASSIFIED = 0.5e6
ANISOTROPY = 3.0
WANTED_EPOCHS = 16.0
WANTED_STEPS = 1000.0
WANTED_LOOKS = 12000.0
# Below, fixed wavelets see better than what a network can learn to see (decision note 19).
FEW_IMAGES = 1000
SCATTERED_SIDE = 96
# Of an ensemble by itself: more than five gain little, a fold needs two patients to choose by, and a network
# that has no time to learn spoils the mean (decision note 34).
USUAL_FOLDS = 5
LEAST_PER_FOLD = 2
LEAST_MEMBER_MINUTES = 20.0
# Passes over few whole images, by VOXELS_PER_SECOND_CLASSIFIED, after which another network gains more than
# the same one going on: it learns them by heart (decision note 62).
MEMBER_PASSES = 16.0
_POOLED = "train and val are put together and divided into folds"
# Passes over the training images, by VOXELS_PER_SECOND, up to which images are changed a little, and from
# which on as much as keeps them anatomy: a network that meets a case often learns that case by heart, unless
# it is another one each time; one that meets it seldom has enough to do with what is there
# (docs/decisions/0056).
FEW_PASSES = WANTED_EPOCHS
MANY_PASSES = 48.0
# Voxels across a small piece of a mask: with fewer, resampling makes it another shape, or none.
LEAST_ACROSS = 3.0
SMALLEST_EDGE = 4
MOST_LEVELS = {2: 6, 3: 5}
LEAST_PATCH_VOXELS = {2: 128 * 128, 3: 32 * 32 * 32}
MOST_PATCH_VOXELS = {2: 320 * 320, 3: 96 * 96 * 64}
# A class that the training side does not hold at all counts as this share; its logarithm must be a number.
LEAST_SHARE = 1e-6


# What pictures of 8 bits may hold, by what the steps of the plan made of their values.
PICTURE_RANGES: dict[Scale, tuple[float, float]] = {
    "source": (0.0, 255.0),
    "unit": (0.0, 1.0),
    "deviations": (-8.0, 8.0),
}

# Deviations off the mean, and times as wide or narrow: no network sees anything in values so far off.
MOST_AWAY, MOST_WIDER = 10.0, 20.0

# Why the fields that no fact of the data changes are as they are.
COMMON_REASONS = {
    "enhance": "none: networks learn what they need; enhance in the reference lists what can be asked for",
    "optimiser": "AdamW: needs the least tuning of its learning rate",
    "momentum": "0: only the optimisers muon, momentum and nesterov take one",
    "weight_decay": "holds weights down a little; norms and biases are left free",
    "schedule": "half a cosine: falls late, and ends at almost nothing when the minutes do",
    "warmup": "the first steps are small, until the averages of the optimiser mean something",
    "average_steps": "the kept weights are an average over the last steps, steadier than any single one",
    "patience": "0: the time is used up; the best weights by validation are kept anyway",
    "learning_rate": "AdamW with warm-up and cosine decay: stable for these networks",
    "seed": "as asked for, so that the run can be repeated",
    "init_from": "none: weights are drawn fresh",
    "frozen_share": "0: all layers are new",
    "answer": "one class of several",
    "interval_level": "of the images of each class, how many must have it among their possible answers; "
    "of masks, how many true volumes must lie in their interval",
    "calibration": "a single number, which few validation cases can bear; numbers and boxes are left alone",
    "precision": "half the memory traffic where the processor has bf16, else 32-bit",
}


@dataclass(frozen=True)
class Choice(Generic[T]):
    """A value and why."""

    value: T
    reason: str


def common_reasons(facts: Fingerprint, settings: Settings) -> dict[str, str]:
    """Why the fields that every task decides alike are as they are."""
    return {
        **COMMON_REASONS,
        "dims": "every image is a single plane" if facts.dims == 2 else "images have depth",
        "minutes": "as asked for" if settings.minutes else f"effort {settings.effort}",
    }


def choose_channels(facts: Fingerprint) -> Choice[tuple[ChannelPlan, ...]]:
    """How intensities are normalised, after the steps that the facts were taken after."""
    rows = list(zip(facts.channels, facts.intensity, strict=True))
    after = ", as the steps leave them" if facts.enhance else ""
    if _is_ct(facts):
        channels = tuple(
            ChannelPlan(name, "clip_zscore", i["low"], i["high"], i["mean"], i["deviation"])
            for name, i in rows
        )
        return Choice(
            channels, f"CT: Hounsfield units mean the same everywhere, so all images share one scale{after}"
        )
    if facts.eight_bit:
        low, high = PICTURE_RANGES[scale_after(read_plan_recipe(facts.enhance))]
        channels = tuple(
            # A bias field taken out may bring values above the range of the picture.
            ChannelPlan(
                name, "unit", low, max(high, i["high"] if facts.enhance else high), i["mean"], i["deviation"]
            )
            for name, i in rows
        )
        return Choice(channels, f"8-bit pictures: one scale for all, from the training pictures{after}")
    ratio = max(i["scale_ratio"] for i in facts.intensity)
    reason = (
        f"the intensity scale differs between cases by a factor of {ratio:,.0f}: "
        "every image is normalised by itself"
        if ratio > 10
        else "intensities have no fixed unit: every image is normalised by itself"
    )
    return Choice(tuple(ChannelPlan(name, "zscore") for name in facts.channels), reason)


def check_scale(channels: Sequence[ChannelPlan], facts: Fingerprint) -> None:
    """Raise when the fixed numbers of a plan are of quite other values than its steps make of the images.

    Raises:
        SettingsError: as when steps were written into a plan that had been made without.
    """
    for channel, found in zip(channels, facts.intensity, strict=True):
        away = abs(found["mean"] - channel.mean) / channel.deviation
        wider = found["deviation"] / channel.deviation
        if channel.method != "zscore" and (away > MOST_AWAY or not 1 / MOST_WIDER < wider < MOST_WIDER):
            raise SettingsError(
                f"the numbers of channel '{channel.name}' are not of images such as the plan's steps make",
                expected=f"mean near {found['mean']:.3g}, deviation near {found['deviation']:.3g}",
                received=f"mean {channel.mean:.3g}, deviation {channel.deviation:.3g}",
                do=f"Make the plan with its steps: --set enhance={','.join(facts.enhance)}",
            )


def _is_ct(facts: Fingerprint) -> bool:
    """Whether intensities are Hounsfield units, by the DICOM header or the name of the channel."""
    return facts.modality == "CT" or all(name.upper() == "CT" for name in facts.channels)


def shows_tissues(facts: Fingerprint) -> bool:
    """Whether networks see Hounsfield units, which mean the same tissue everywhere."""
    return _is_ct(facts) and scale_after(read_plan_recipe(facts.enhance)) == "source"


def choose_overhang(facts: Fingerprint) -> Choice[float]:
    """How many of the patches that are drawn anywhere lie at the borders of their image."""
    if shows_tissues(facts):
        return Choice(
            0.5,
            "borders as often as tiles of a prediction have them: in the corners of a CT these hold nothing "
            "but air, which patches drawn evenly hardly ever do",
        )
    return Choice(0.0, "every place as likely: more of the borders was measured of CT alone")


def choose_spacing(facts: Fingerprint, minutes: float) -> Choice[tuple[float, float, float] | None]:
    """The grid to work on: the median spacing, coarser only when the minutes can't pay for it."""
    if facts.spacing_mm is None:
        return Choice(None, "the spacing is unknown: pixels are taken as they are")
    smallest, median, _ = facts.spacing_mm
    target = np.array(median, dtype=float)
    reason = "the median spacing"
    coarse = int(np.argmax(target))
    others = np.delete(target, coarse)
    if facts.dims == 3 and target[coarse] > ANISOTROPY * others.max():
        target[coarse] = max(float(smallest[coarse]), float(others.max()), float(target[coarse]) / 2)
        reason = (
            "the median spacing; finer across the thick slices, so that the thinner ones keep their detail"
        )
    affordable = minutes * 60 * VOXELS_PER_SECOND / (WANTED_EPOCHS * max(1, facts.n_train))
    extent = np.array(facts.median_shape) * median
    axes = [0, 1, 2] if facts.dims == 3 else [0, 1]
    coarser, coarsest, held = 1.0, facts.small_mm / LEAST_ACROSS, ""
    while coarser < 2.5 and np.prod((extent / target)[axes]) > affordable:
        # The finest axes give way first, so that voxels become more nearly cubes.
        finest = [axis for axis in axes if target[axis] < 1.05 * target[axes].min()]
        if 1.05 * target[finest].max() > coarsest:
            across = facts.small_mm / float(np.prod(target[axes]) ** (1 / len(axes)))
            held = (
                f"; {minutes:g} minutes ask for a coarser one still, on which small pieces would be lost: "
                f"they are {across:.2g} voxels wide on this one"
            )
            break
        target[finest] *= 1.05
        coarser *= 1.05 ** (len(finest) / len(axes))
    if coarser > 1.0:
        looks = (
            f"each image is seen about {WANTED_EPOCHS:.0f} times in {minutes:g} minutes on a usual computer"
        )
        reason += "; made coarser" if held else f"; made coarser so that {looks}"
    reason += held
    i, j, k = (float(f"{s:.4g}") for s in target)
    return Choice((i, j, k), reason)


def working_shape(
    facts: Fingerprint, spacing_mm: Sequence[float] | None, longest_side: int | None
) -> np.ndarray:
    """The median image (i, j, k) on the working grid."""
    shape = np.array(facts.median_shape, dtype=float)
    if spacing_mm is not None and facts.spacing_mm is not None:
        shape = shape * facts.spacing_mm[1] / np.array(spacing_mm)
    elif longest_side is not None and shape.max() > longest_side:
        shape = np.where(shape > 1, shape * longest_side / shape.max(), 1)
    if facts.dims == 2:
        shape[2] = 1
    return np.maximum(1, np.round(shape)).astype(int)


def choose_longest_side(facts: Fingerprint) -> Choice[int | None]:
    """Photographs beyond a thousand pixels are made smaller before anything else."""
    if facts.spacing_mm is None and max(facts.median_shape) > 1024:
        return Choice(1024, "the photographs are very large; masks come back at their full size")
    if facts.spacing_mm is not None:
        return Choice(None, "the spacing sets the size")
    return Choice(None, "the photographs are worked on at their own size")


@dataclass(frozen=True)
class Topology:
    """Patch and levels of a network that fit each other."""

    patch_voxels: tuple[int, int, int]
    strides: tuple[tuple[int, ...], ...]
    kernels: tuple[tuple[int, ...], ...]


def choose_topology(
    shape: Sequence[int], spacing_mm: Sequence[float] | None, dims: int, minutes: float
) -> Choice[Topology]:
    """Patch, strides and kernels: halve an axis while it is long enough and no finer than the others.

    Args:
        shape: the median image (i, j, k) on the working grid.
        spacing_mm: of the working grid; ``None`` counts as cubes.
        dims: axes of the network.
        minutes: of training; a patch is small enough for about a thousand steps.
    """
    spacing = np.array(spacing_mm if spacing_mm is not None else (1.0, 1.0, 1.0))[:dims].copy()
    patch = np.array(shape[:dims], dtype=float)
    affordable = minutes * 60 * VOXELS_PER_SECOND / WANTED_STEPS / 2
    most = min(MOST_PATCH_VOXELS[dims], max(LEAST_PATCH_VOXELS[dims], affordable))
    if patch.prod() > most:
        patch = _shrink_to(patch, spacing, most)
    size = patch.copy()
    strides: list[tuple[int, ...]] = [(1,) * dims]
    kernels: list[tuple[int, ...]] = []
    while True:
        kernels.append(tuple(3 if s < 2 * spacing.min() else 1 for s in spacing))
        halve = [
            bool(n >= 2 * SMALLEST_EDGE and s < 2 * spacing.min()) for n, s in zip(size, spacing, strict=True)
        ]
        if len(strides) >= MOST_LEVELS[dims] or not any(halve):
            break
        strides.append(tuple(2 if h else 1 for h in halve))
        size = np.where(halve, size / 2, size)
        spacing = np.where(halve, spacing * 2, spacing)
    factor = np.prod(np.array(strides), axis=0)
    rounded = np.maximum(1, np.ceil(np.round(patch) / factor - 0.25)).astype(int) * factor
    whole = bool(np.all(rounded >= np.array(shape[:dims])))
    i, j, k = (int(n) for n in (*rounded, 1)[:3])
    reason = "the whole median image" if whole else "as much of the image as memory and time allow"
    return Choice(
        Topology((i, j, k), tuple(strides), tuple(kernels)), f"{reason}, rounded to what halving needs"
    )


def _shrink_to(patch: np.ndarray, spacing: np.ndarray, most: float) -> np.ndarray:
    """Shorten the axes that span most millimetres until the patch holds at most ``most`` voxels."""
    patch = patch.copy()
    while patch.prod() > most:
        patch[int(np.argmax(patch * spacing))] *= 0.97
    return patch


def choose_widths(n_levels: int, minutes: float, dims: int) -> Choice[tuple[int, ...]]:
    """Channels of each level: double from level to level, wider when there is time to train them."""
    # Twice the channels cost up to four times as much, and within an hour many steps beat a wide network
    # (docs/decisions/0057).
    base = 16 if minutes <= 60 else 24 if minutes <= 180 else 32
    most = 256 if dims == 3 else 384
    widths = [min(most, base * 2**level) for level in range(n_levels)]
    reason = f"{base} at first, doubled at each level: what {minutes:g} minutes on a processor can train"
    if dims == 3 and minutes <= 60:
        # In 3-D the finest level costs as much as all others, and halving it costs hardly any accuracy.
        widths[0] = base // 2
        reason = (
            f"{base // 2} at the finest level, the dearest in 3-D, then {base * 2}, doubled at each level: "
            f"what {minutes:g} minutes on a processor can train"
        )
    return Choice(tuple(widths), reason)


def choose_batch(patch_voxels: Sequence[int], dims: int, n_train: int) -> Choice[int]:
    """Enough patches for a steady gradient, few enough for many steps."""
    voxels = float(np.prod(patch_voxels))
    wanted = {2: 4 * 192 * 192, 3: 2 * 32 * 32 * 32}[dims]
    size = int(np.clip(round(wanted / voxels), 2, 16))
    return Choice(min(size, max(2, n_train)), "steady gradients, yet many steps in the time given")


def choose_flips(facts: Fingerprint, *, sided: bool) -> Choice[tuple[int, ...]]:
    """Which axes may be mirrored without making a patient who does not exist."""
    if sided:
        return Choice((), "left and right mean something here: no mirroring")
    if facts.dims == 3 and _is_ct(facts):
        return Choice((), "organs have sides, and CT shows the trunk more often than not: no mirroring")
    if facts.dims == 2:
        return Choice((0,), "mirrored left to right only: what is up stays up")
    return Choice((0,), "mirrored left to right: bodies are nearly symmetric")


def choose_augmentation(
    facts: Fingerprint, shape: Sequence[int], flip_axes: tuple[int, ...], minutes: float
) -> Choice[AugmentationPlan]:
    """How far outlined images are changed, by how often the minutes pass over each.

    Args:
        facts: the fingerprint.
        shape: voxels of the usual image along each axis, as the network gets it.
        flip_axes: the axes that may be mirrored.
        minutes: of training.
    """
    passes = 60 * minutes * VOXELS_PER_SECOND / (facts.n_train * float(np.prod(shape)))
    share = float(np.clip(np.log(passes / FEW_PASSES) / np.log(MANY_PASSES / FEW_PASSES), 0, 1))

    def grow(few: float, many: float) -> float:
        return round(few + share * (many - few), 3)

    return Choice(
        AugmentationPlan(
            flip_axes=flip_axes,
            rotate_degrees=grow(15, 30) if facts.dims == 3 else 30.0,
            scale=grow(0.15, 0.25),
            elastic=grow(0.0, 0.25),
            brightness=grow(0.1, 0.15),
            contrast=grow(0.1, 0.15),
            gamma=grow(0.2, 0.3),
            noise=0.1,
            blur=0.1,
            low_resolution=grow(0.0, 0.2),
        ),
        "anatomy may turn, grow and bend, and must not change class; a case that is met often changes more, "
        f"or it would be learned by heart: about {passes:.0f} passes over {facts.n_train} cases on a usual "
        "computer",
    )


def tell_sides(names: Sequence[str]) -> bool:
    """Whether class names tell left from right, which mirroring would swap."""
    words = {word for name in names for word in name.lower().replace("_", " ").replace("-", " ").split()}
    return bool(words & {"left", "right", "l", "r", "lt", "rt"})


def choose_folds(facts: Fingerprint, settings: Settings, plan: Plan | None = None) -> Choice[int]:
    """How many networks answer together.

    Args:
        facts: of the data.
        settings: what the user wants.
        plan: for a single network that gets all of the minutes.
    """
    if settings.folds is not None:
        return Choice(settings.folds, "as asked for" if settings.folds == 1 else f"as asked for; {_POOLED}")
    minutes = settings.budget_minutes
    by_minutes, why = 1, "effort thorough"
    if settings.effort == "thorough":
        by_minutes = int(minutes // LEAST_MEMBER_MINUTES)
    if plan is not None and plan.network.family == "scattering":
        seen = max(1, facts.n_train) * float(np.prod(plan.patch_voxels))
        passes = 60 * minutes * VOXELS_PER_SECOND_CLASSIFIED / seen
        if passes // MEMBER_PASSES > by_minutes:
            by_minutes = int(passes // MEMBER_PASSES)
            why = f"one network would learn so few images by heart in {passes:.0f} passes over them"
    elif settings.effort != "thorough":
        return Choice(1, "one network: several are asked for by --folds, or by --effort thorough")
    if by_minutes < 2:
        return Choice(1, "one network: too few minutes for several")
    n = min(USUAL_FOLDS, facts.n_groups // LEAST_PER_FOLD, by_minutes)
    if n < 2:
        return Choice(1, "one network: too few patients for several")
    return Choice(
        n,
        f"{why}: the mean of {n} networks, each without another part of the patients; {_POOLED}; "
        f"prediction takes {n} times as long",
    )


def choose_class_shares(facts: Fingerprint, classes: Sequence[str]) -> Choice[tuple[float, ...]]:
    """How often each class occurs, in the order of ``classes`` (keys of ``facts.classes``)."""
    if not facts.class_shares:
        return Choice((), "not counted")
    shares = [max(LEAST_SHARE, float(f"{facts.class_shares.get(name, 0.0):.4g}")) for name in classes]
    return Choice(tuple(shares), "as counted on the training side")


def choose_least_pieces(
    facts: Fingerprint, classes: Sequence[str], longest_side: int | None
) -> Choice[tuple[float, ...]]:
    """The size of a piece of each class, in the order of ``classes`` (keys of ``facts.classes``), from which
    a mask holds it: what is smaller than all that was learnt from is no finding."""
    if facts.spacing_mm is None and longest_side is not None:
        return Choice((), "none: photographs are made smaller, and pixels mean different sizes")
    sizes = tuple(float(f"{facts.least_pieces.get(name, 0.0):.4g}") for name in classes)
    if not any(sizes):
        return Choice((), "none: no class comes in so many pieces that it is known how small they are")
    return Choice(sizes, "specks are left out: smaller than 99 of 100 pieces learnt from, ten voxels at most")


def choose_tolerance(facts: Fingerprint) -> Choice[float]:
    """Tolerance of the surface Dice: about one voxel, the error that no reader would mind."""
    if facts.spacing_mm is None:
        return Choice(2.0, "2 pixels: the spacing is unknown")
    spacing = facts.spacing_mm[1][: facts.dims]
    return Choice(float(f"{max(1.0, float(spacing.min())):.2g}"), "one voxel, and not less than 1 mm")


def are_few(facts: Fingerprint) -> bool:
    """Whether images are planes with something to see in them, and too few to learn to see from."""
    return facts.dims == 2 and facts.n_train <= FEW_IMAGES and min(facts.median_shape[:2]) >= 64


def choose_input_size(
    facts: Fingerprint, minutes: float, *, scattered: bool = False
) -> Choice[tuple[int, int, int]]:
    """The size that whole images are fitted into: as large as they are, as small as the minutes ask for.

    Args:
        facts: of the data.
        minutes: of training.
        scattered: whether wavelets are to see them, of which few are enough for whatever few images teach.
    """
    shape = np.array(facts.median_shape, dtype=float)
    if facts.spacing_mm is not None and facts.dims == 3:
        shape = shape * facts.spacing_mm[1] / facts.spacing_mm[1].min()
    # Few images must be seen oftener until a network has learnt anything from them.
    looks = WANTED_EPOCHS * max(1, facts.n_train) + WANTED_LOOKS
    affordable = minutes * 60 * VOXELS_PER_SECOND_CLASSIFIED / looks
    most = min({2: 224 * 224, 3: 96 * 96 * 96}[facts.dims], affordable)
    axes = [0, 1, 2] if facts.dims == 3 else [0, 1]
    factor = min(
        1.0, SCATTERED_SIDE / shape.max() if scattered else (most / shape[axes].prod()) ** (1 / len(axes))
    )
    size = [int(max(min(24, shape[axis]), round(shape[axis] * factor))) for axis in axes]
    if max(size) > 32:
        size = [-(-n // 8) * 8 for n in size]
    i, j, k = (*size, 1)[:3]
    reason = f"what {minutes:g} minutes can train on this many images"
    if factor == 1.0:
        reason = "the images' own size"
    elif scattered:
        reason = f"{SCATTERED_SIDE} pixels show what so few images can teach"
    return Choice((i, j, k), reason)
