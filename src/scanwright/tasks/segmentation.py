"""Segmentation: a class for every voxel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module

import numpy as np

from scanwright.core.agreement import limits_of_agreement
from scanwright.core.detection import count_lesions
from scanwright.core.statistics import Key, mean_defined
from scanwright.core.surfaces import is_tubular, surface_distances
from scanwright.data.case import Case, Lazy, Target
from scanwright.data.choices import OPTIMISERS
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import MaskPrediction, Prediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning import rules
from scanwright.planning.facts import check_pair
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.networks import Scene, choose_family, design_network
from scanwright.tasks.base import Example, Record, Summary, check_answer, score_of
from scanwright.tasks.margins import MarginJudge, record_margins, volume_unit
from scanwright.tasks.specks import drop_specks
from scanwright.tasks.voxels import VoxelJudge, draw_near, record_voxels
from scanwright.transforms.preprocess import index_mask, move_labels, preprocess
from scanwright.transforms.steps import (
    Choose,
    History,
    move_voxels,
    restore,
    restore_chosen,
    restore_planes,
)
from scanwright.types import AnyArray, FloatArray, IntArray, JsonDict

BACKGROUND = "background"
# Numbers of a class in a case, of which the mean is reported.
AVERAGED = ("dice", "iou", "surface_dice", "hd95", "assd", "cldice")


class Segmentation:
    """Outlines: from an image to a mask on the same grid, with the values of the user's own masks."""

    name = "segmentation"
    target = "mask"
    answer = "class"
    score = "dice"
    chance = 0.0

    def check(self, dataset: Dataset, settings: Settings) -> None:
        """Nothing: what the masks hold is known when they are read."""

    def plan(self, facts: Fingerprint, settings: Settings) -> Plan:
        minutes = settings.budget_minutes
        values, names = _classes(facts)
        channels = rules.choose_channels(facts)
        spacing = rules.choose_spacing(facts, minutes)
        side = rules.choose_longest_side(facts)
        i, j, k = (int(n) for n in rules.working_shape(facts, spacing.value, side.value))
        family = choose_family(facts, "voxels", settings.family)
        scene = Scene((i, j, k), spacing.value, facts.dims, minutes, absolute=rules.shows_tissues(facts))
        design = design_network(family, scene)
        patch = design.patch_voxels
        batch = rules.choose_batch(patch.value, facts.dims, facts.n_train)
        flips = rules.choose_flips(facts, sided=rules.tell_sides(names))
        augmentation = rules.choose_augmentation(facts, (i, j, k)[: facts.dims], flips.value, minutes)
        tolerance = rules.choose_tolerance(facts)
        least = rules.choose_least_pieces(facts, [str(value) for value in values], side.value)
        overhang = rules.choose_overhang(facts)
        shares = rules.choose_class_shares(facts, [str(value) for value in values])
        brought = OPTIMISERS["muon"]
        return Plan(
            task=self.name,
            dims=facts.dims,
            channels=channels.value,
            classes=names,
            label_values=values,
            spacing_mm=spacing.value,
            longest_side=side.value,
            patch_voxels=patch.value,
            batch_size=batch.value,
            network=design.network.value,
            loss="dice_ce",
            class_shares=shares.value,
            optimiser="muon",
            learning_rate=brought["learning_rate"],
            momentum=brought["momentum"],
            weight_decay=brought["weight_decay"],
            foreground_fraction=0.5,
            overhang=overhang.value,
            augmentation=augmentation.value,
            mirror_axes=flips.value,
            overlap=0.25,
            tolerance_mm=tolerance.value,
            least_pieces=least.value,
            minutes=minutes,
            seed=settings.seed,
            precision="bf16-mixed",
            reasons={
                **rules.common_reasons(facts, settings),
                "optimiser": "Muon: every direction of a kernel learns as fast: fewer steps do as much",
                "momentum": "that of Muon's kernels",
                "learning_rate": "Muon with warm-up and cosine decay: stable for these networks",
                "label_values": "the values in the masks; predictions come back with them",
                "class_weights": "none: Dice counts every class the same already",
                "class_shares": f"voxels of each class, {shares.reason}",
                "logit_adjustment": "0: Dice counts every class the same already",
                "label_smoothing": "none: outlines are trusted",
                "sampling": "uniform: every case as often as the others; patches look for each class in it",
                "overlap": "neighbouring tiles share a quarter: borders are blended at little cost",
                "task": "the cases have masks",
                "channels": channels.reason,
                "classes": "the values in the masks of the training side, with the names that the data gives",
                "spacing_mm": spacing.reason,
                "longest_side": side.reason,
                "patch_voxels": patch.reason,
                "batch_size": batch.reason,
                "network": design.network.reason,
                "loss": "Dice follows the measure, cross-entropy keeps gradients alive where Dice is flat",
                "foreground_fraction": f"labelled voxels are {100 * facts.foreground_share:.2g} % of all: "
                "half of the patches are centred on one",
                "overhang": overhang.reason,
                "augmentation": augmentation.reason,
                "mirror_axes": flips.reason,
                "tolerance_mm": tolerance.reason,
                "least_pieces": least.reason,
            },
        )

    def encode(self, case: Case, plan: Plan) -> Example:
        image, mask = case.image.read(), case.mask.read()
        check_pair(image, mask, case.name)
        array, history = preprocess(image, plan)
        own = index_mask(mask, plan)
        voxels = draw_near(own > 0, plan.seed)
        places = move_voxels(voxels, history, own.shape)
        near = np.column_stack([places, own[tuple(voxels.T)]]).astype(np.float32)
        return Example(array, move_labels(own, plan, history), near=near)

    def truth(self, example: Example, plan: Plan) -> dict[str, Target]:
        affine = np.diag([*plan.spacing_mm, 1.0]) if plan.spacing_mm is not None else None
        mask = Volume(np.asarray(plan.label_values)[np.asarray(example.target)][None], affine)
        return {"mask": Lazy("mask", lambda: mask)}

    def has_thresholds(self, plan: Plan) -> bool:
        return len(plan.classes) == 2

    def choose_thresholds(
        self, outputs: Sequence[FloatArray], targets: Sequence[AnyArray], plan: Plan
    ) -> dict[str, float]:
        """With one class to find: the probability that gives the best Dice over all validation voxels."""
        if not self.has_thresholds(plan) or not outputs:
            return {}
        edges = np.linspace(0.0, 1.0, 101)
        found, true = np.zeros(100), np.zeros(100)
        for probabilities, target in zip(outputs, targets, strict=True):
            # Rounding may take a probability past 1, where no bin is.
            sure = np.clip(probabilities[1], 0.0, 1.0)
            found += np.histogram(sure, edges)[0]
            true += np.histogram(sure[target > 0], edges)[0]
        # From the most to the least sure voxel: what would be found, and how much of it is right.
        found, right = found[::-1].cumsum()[::-1], true[::-1].cumsum()[::-1]
        scores = 2 * right / np.maximum(found + true.sum(), 1)
        usable = (edges[:-1] >= 0.2) & (edges[:-1] <= 0.8)
        best = int(np.argmax(np.where(usable, scores, -1.0)))
        # A half is kept unless another threshold is clearly better: validation cases are few.
        return {plan.classes[1]: float(round(edges[best], 2))} if scores[best] > scores[50] + 0.01 else {}

    def decode(
        self,
        case: str,
        outputs: FloatArray,
        plan: Plan,
        history: History,
        image: Volume,
        thresholds: Mapping[str, float],
    ) -> Prediction:
        check_answer(outputs, case)
        mask = restore_chosen(outputs, history, _choice(plan, thresholds))
        probabilities = Lazy(
            case, lambda: Volume(restore(outputs, history), image.affine_ras, image.modality)
        )
        return MaskPrediction(case, _finish(mask, image, plan), probabilities)

    def measure(self, prediction: Prediction, truth: Case, plan: Plan, *, full: bool = True) -> Record:
        if not isinstance(prediction, MaskPrediction):
            raise DataError("segmentation measures masks", subject=truth.name)
        reference = truth.mask.read()
        check_pair(prediction.mask, reference, truth.name)
        spacing, (voxel, unit) = prediction.mask.spacing_mm, volume_unit(prediction.mask)
        classes = {}
        for value, name in zip(plan.label_values, plan.classes, strict=True):
            if name != BACKGROUND:
                said, true = prediction.mask.array[0] == value, reference.array[0] == value
                classes[name] = _measure_overlap(said, true, voxel)
                classes[name]["unit"] = "mm" if unit == "ml" else "px"
                if full:
                    classes[name] |= _measure_shape(said, true, spacing, plan.tolerance_mm)
                    classes[name] |= record_margins(prediction, name, true)
        voxels = record_voxels(prediction, reference.array[0], plan) if full else {}
        return {"case": truth.name, "patient": truth.patient, "classes": classes, **voxels}

    def summarise(self, records: Sequence[Record], plan: Plan) -> Summary:
        names = [name for name in plan.classes if name != BACKGROUND]
        fields = (
            *(*AVERAGED, "volume", "reference_volume", "common", "in_both"),
            *("lesions", "lesions_found", "lesion_false_alarms"),
        )
        table = {
            (field, name): np.array(
                [record["classes"][name].get(field, math.nan) for record in records], dtype=float
            )
            for field in fields
            for name in names
        }
        # An organ is one piece in every case; only of what may lie in several or in none are pieces counted.
        counted = [name for name in names if (table["lesions", name] != 1).any()]
        without = {name: table["reference_volume", name] == 0 for name in names}
        averaged = [field for field in AVERAGED if field != "cldice" or _is_of_tubes(table, names)]
        voxels, margins = VoxelJudge(records, names), MarginJudge(records, names)
        unit = records[0]["classes"][names[0]]["unit"] if records else "mm"

        def statistic(rows: IntArray) -> dict[Key, float]:
            drawn = {key: column[rows] for key, column in table.items()}
            numbers: dict[Key, float] = {}
            for field in averaged:
                each = [mean_defined(drawn[field, name]) for name in names]
                numbers[field, ""] = mean_defined(each)
                numbers.update({(field, name): value for name, value in zip(names, each, strict=True)})
            for name in names:
                in_both = float(drawn["in_both", name].sum())
                pooled = 2 * float(drawn["common", name].sum()) / in_both if in_both else math.nan
                numbers["dice_pooled", name] = pooled
                bias = drawn["volume", name] - drawn["reference_volume", name]
                numbers["volume_bias", name] = float(bias.mean()) if len(bias) else math.nan
                if without[name].any():
                    found = drawn["volume", name][without[name][rows]] > 0
                    numbers["false_alarms", name] = float(found.mean()) if len(found) else math.nan
            for name in counted:
                n_true = float(drawn["lesions", name].sum())
                n_found = float(drawn["lesions_found", name].sum())
                numbers["lesion_sensitivity", name] = n_found / n_true if n_true else math.nan
                numbers["lesion_false_alarms", name] = mean_defined(drawn["lesion_false_alarms", name])
            return numbers | voxels.statistic(rows) | margins.statistic(rows)

        support = {
            (field, name): np.flatnonzero(~np.isnan(table[field, name]))
            for field in averaged
            for name in names
        }
        for field in averaged:
            support[field, ""] = np.unique(np.concatenate([support[field, name] for name in names]))
        support |= {
            ("false_alarms", name): np.flatnonzero(rows) for name, rows in without.items() if rows.any()
        }
        units = {"hd95": unit, "assd": unit, "volume_bias": "ml" if unit == "mm" else "px"}
        return Summary(statistic, support | margins.support, units, by_chance=voxels.by_chance)

    def tables(self, records: Sequence[Record], plan: Plan) -> JsonDict:
        volumes = {}
        for name in plan.classes:
            if name != BACKGROUND:
                own = [record["classes"][name] for record in records]
                bias, low, high = limits_of_agreement(
                    [one["volume"] for one in own], [one["reference_volume"] for one in own]
                )
                volumes[name] = {"bias": bias, "low": low, "high": high}
        names = [name for name in plan.classes if name != BACKGROUND]
        return {"volumes": volumes, "reliability": VoxelJudge(records, names).reliability()}

    def goodness(self, record: Record, plan: Plan) -> float:
        score = score_of(self, [record], plan)
        return score if math.isfinite(score) else 1.0


def decode_planes(
    case: str,
    planes: Iterable[FloatArray],
    plan: Plan,
    history: History,
    image: Volume,
    thresholds: Mapping[str, float],
) -> MaskPrediction:
    """As ``Segmentation.decode``, of outputs whose planes along i come part by part; without probabilities.

    Raises:
        DataError: the outputs hold what is no number.
    """

    def checked() -> Iterator[FloatArray]:
        for part in planes:
            check_answer(part, case)
            yield part

    mask = restore_planes(checked(), history, _choice(plan, thresholds))
    return MaskPrediction(case, _finish(mask, image, plan), None)


def _finish(mask: AnyArray, image: Volume, plan: Plan) -> Volume:
    """The mask without specks, on the grid of the image."""
    kept = drop_specks(mask, plan.label_values, plan, image.spacing_mm)
    return Volume(kept[None], image.affine_ras, image.modality)


def _choice(plan: Plan, thresholds: Mapping[str, float]) -> Choose:
    """From probabilities to a mask of the user's own values; part by part, as numpy looks values up by
    indices of 8 bytes."""
    threshold = thresholds.get(plan.classes[1]) if thresholds else None
    values = np.asarray(plan.label_values)
    values = values.astype(np.int16 if np.abs(values).max() < 2**15 else np.int32)
    return lambda probabilities: values[_choose_classes(probabilities, threshold)]


def _choose_classes(probabilities: AnyArray, threshold: float | None) -> AnyArray:
    """Indices (i, j, k), uint8, of the most probable classes, or of the second from a threshold on."""
    if threshold is not None:
        return np.asarray(probabilities[1] >= threshold, dtype=np.uint8)
    best = probabilities[0].copy()
    index = np.zeros(best.shape, dtype=np.uint8)
    # Five times as fast as argmax, which goes from class to class at every voxel.
    for nth, own in enumerate(probabilities[1:], start=1):
        np.maximum(index, (own > best).view(np.uint8) * np.uint8(nth), out=index)
        np.maximum(best, own, out=best)
    return index


def _is_of_tubes(table: Mapping[Key, FloatArray], names: Sequence[str]) -> bool:
    """Whether most references of some class are tubes: of other shapes centre lines say nothing."""
    tubes = (~np.isnan(table["cldice", name]) for name in names)
    true = (table["reference_volume", name] > 0 for name in names)
    return any(own.sum() * 2 > there.sum() for own, there in zip(tubes, true, strict=True))


def _measure_overlap(prediction: AnyArray, reference: AnyArray, voxel: float) -> Record:
    """Overlap and volumes of one class in one case; ``voxel`` is the volume of one.

    Where the reference holds none of it, overlap and distance are undefined (nan) and left out of the means;
    how often something is found there all the same is a number of its own ("false_alarms").
    """
    common = int(np.count_nonzero(prediction & reference))
    predicted, true = int(np.count_nonzero(prediction)), int(np.count_nonzero(reference))
    return {
        "dice": 2 * common / (predicted + true) if true else math.nan,
        "iou": common / (predicted + true - common) if true else math.nan,
        "volume": predicted * voxel,
        "reference_volume": true * voxel,
        "common": common,
        "in_both": predicted + true,
        "outlined_voxels": predicted,
    }


def _measure_shape(
    prediction: AnyArray,
    reference: AnyArray,
    spacing_mm: tuple[float, float, float] | None,
    tolerance_mm: float,
) -> Record:
    """Surfaces, pieces and centre lines of one class in one case, which take longest."""
    distances = surface_distances(prediction, reference, spacing_mm)
    lesions, found, false_alarms = count_lesions(prediction, reference)
    return {
        "surface_dice": distances.dice(tolerance_mm) if reference.any() else math.nan,
        "hd95": distances.hausdorff(95.0),
        "assd": distances.mean(),
        "lesions": lesions,
        "lesions_found": found,
        "lesion_false_alarms": false_alarms,
        **({"cldice": _cl_dice(prediction, reference)} if is_tubular(reference, spacing_mm) else {}),
    }


def _cl_dice(prediction: AnyArray, reference: AnyArray) -> float:
    """See ``core.centrelines``, which few need, and which alone needs scikit-image: not imported above."""
    value: float = import_module("scanwright.core.centrelines").cl_dice(prediction, reference)
    return value


def _classes(facts: Fingerprint) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Values of the masks and their names, background (0) first.

    Raises:
        DataError: no mask of the training side holds anything but background.
    """
    values = sorted({0, *(int(value) for value in facts.classes)}, key=lambda value: (value != 0, value))
    if len(values) < 2:
        raise DataError(
            "every mask of the training side is empty",
            subject=facts.dataset.source,
            do="Check that the masks belong to these images.",
        )
    names = [
        BACKGROUND if value == 0 else facts.dataset.class_names.get(str(value), f"label {value}")
        for value in values
    ]
    return tuple(values), tuple(names)
