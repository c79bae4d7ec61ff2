"""The contract that every task in the catalogue keeps. No torch here: outputs are made from the truth."""

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from builders import ball_mask, cohort, memory_case, noise
from scanwright.core.statistics import patient_bootstrap
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case
from scanwright.data.plan import Plan
from scanwright.data.prediction import (
    BoxPrediction,
    ClassPrediction,
    LabelsPrediction,
    MaskPrediction,
    ValuePrediction,
)
from scanwright.data.settings import Settings
from scanwright.errors import DataError
from scanwright.evaluation.comparison import LARGER_IS_BETTER, compare_records
from scanwright.planning.fingerprint import take_fingerprint
from scanwright.tasks.base import score_of
from scanwright.tasks.catalogue import TASKS
from scanwright.transforms.preprocess import preprocess
from scanwright.types import silent

SHAPE = (18, 14, 9)
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = np.array([[0.1, 0.02, -2.9], [-0.9, 0.1, 0.1], [0.05, 1.1, 0.2]])
OBLIQUE[:3, 3] = (40, -70, 300)


@dataclass(frozen=True)
class World:
    """Cases that a task can learn from, all of one kind."""

    cases: list[Case]
    target: str

    def plan(self, task, **settings) -> Plan:
        facts = take_fingerprint(cohort(self.cases), target=self.target)
        return task.plan(facts, Settings(minutes=5, **settings))


def answers(n: int) -> dict[str, object]:
    """What there is to say of the n-th case as a whole; each class is held by more than half of the cases."""
    labels = ("cyst",) * (n not in (1, 5)) + ("nodule",) * (n not in (0, 3))
    return {"label": f"grade {1 + n % 2}", "labels": labels, "values": {"size": 20.0 + 3 * n}}


def boxes_around(mask: np.ndarray) -> Boxes:
    """What is drawn in a mask, and its lower half as an object of another class."""
    where = np.argwhere(mask)
    lo, hi = where.min(0), where.max(0) + 1
    return Boxes(np.array([[lo, hi], [lo, [*hi[:1], (lo[1] + hi[1]) // 2, hi[2]]]]), ("cyst", "nodule"))


def volumes(values=(0, 2, 4), label=None) -> World:
    """Oddly oriented, anisotropic volumes; two balls with the given values."""
    cases = []
    for n in range(6):
        mask = ball_mask(SHAPE, label=values[1]) if len(values) > 1 else np.zeros(SHAPE, np.uint8)
        if len(values) > 2:
            mask[:9][mask[:9] > 0] = values[2]
        image = (noise((1, *SHAPE), seed=n) + 100.0 * mask[None]).astype(np.float32)
        boxes = boxes_around(ball_mask(SHAPE))
        cases.append(memory_case(f"c{n}", image, mask=mask, boxes=boxes, **answers(n), affine=OBLIQUE))
    return World(cases, label or "mask")


def photographs(target="mask") -> World:
    """Colour photographs with a disc, no spacing."""
    cases = []
    for n in range(6):
        mask = ball_mask((40, 30, 1), label=255)
        mask[:, :, 0] = ball_mask((40, 30, 3), label=255)[:, :, 1]
        image = noise((3, 40, 30, 1), seed=n)
        boxes = boxes_around(mask)
        cases.append(memory_case(f"p{n}", image, mask=mask, boxes=boxes, **answers(n), affine=None))
    return World(cases, target)


WORLDS: dict[str, Callable[[str], World]] = {
    "volumes": lambda target: volumes(label=target),
    "photographs": photographs,
}
every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())


def perfect_outputs(task, case: Case, plan: Plan):
    """What a network that knows the truth would say, and the way back."""
    target = np.asarray(task.encode(case, plan).target)
    if plan.answer == "boxes":
        _, history = preprocess(case.image.read(), plan)
        return np.column_stack([target[:, 0], np.ones(len(target)), target[:, 2:]]), history
    if target.dtype == np.uint8:
        target = np.moveaxis(np.eye(plan.n_outputs, dtype=np.float32)[target], -1, 0)
    _, history = preprocess(case.image.read(), plan)
    return (target if plan.is_tiled else target.reshape(plan.n_outputs, 1, 1, 1)), history


def wrong_outputs(task, outputs):
    """The answers of one class for another; of a single one, the opposite; of boxes, none."""
    if task.answer == "boxes":
        return outputs[:0]
    return np.roll(outputs, 1, axis=0) if len(outputs) > 1 else -outputs


def truth_itself(case: Case, plan: Plan):
    """The truth of a case as a prediction, of the kind that the plan's answer is."""
    if plan.label_values:
        return MaskPrediction(case.name, case.mask.read())
    if plan.answer == "boxes":
        return BoxPrediction(case.name, replace(case.boxes.read(), scores=np.ones(2)), {})
    if plan.answer == "value":
        return ValuePrediction(case.name, case.values[plan.target])
    if plan.answer == "labels":
        return LabelsPrediction(case.name, {c: float(c in case.labels) for c in plan.classes}, case.labels)
    return ClassPrediction(case.name, {name: float(name == case.label) for name in plan.classes})


def decode(task, case: Case, plan: Plan, outputs, history, thresholds=None):
    return task.decode(case.name, outputs, plan, history, case.image.read(), thresholds or {})


def judge(task, cases, plan, predictions):
    return [task.measure(p, case, plan) for p, case in zip(predictions, cases, strict=True)]


def perfect(task, cases, plan):
    return [decode(task, case, plan, *perfect_outputs(task, case, plan)) for case in cases]


@every_task
@every_world
class TestEveryTaskInEveryWorld:
    def test_its_plan_is_whole_and_comes_back_from_json(self, task, world):
        plan = world(task.target).plan(task)
        assert plan.task == task.name
        assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan

    def test_its_decisions_have_reasons(self, task, world):
        plan = world(task.target).plan(task)
        wanted = {"task", "dims", "channels", "classes", "patch_voxels", "batch_size", "network"}
        assert wanted <= {name for name, reason in plan.reasons.items() if reason}
        assert set(plan.reasons) <= set(plan.to_json())

    def test_settings_reach_the_plan(self, task, world):
        plan = world(task.target).plan(task, seed=17)
        assert (plan.seed, plan.minutes) == (17, 5)

    def test_an_example_fits_the_plan(self, task, world):
        made = world(task.target)
        plan = made.plan(task)
        example = task.encode(made.cases[0], plan)
        assert example.image.dtype == np.float32
        assert example.image.shape[0] == len(plan.channels)
        if plan.answer == "boxes":
            assert example.target.shape == (2, 8)
            assert example.target.dtype == np.float32
            assert example.target[:, 0].tolist() == [0, 1]
            assert (example.target[:, 5:] <= example.image.shape[1:]).all()
        elif example.target.dtype == np.uint8:
            assert example.target.max() < len(plan.classes)
            assert example.target.shape == (example.image.shape[1:] if plan.is_tiled else ())
        else:
            assert example.target.dtype == np.float32
            assert example.target.shape == (plan.n_outputs,)
        assert plan.is_tiled or example.image.shape[1:] == plan.patch_voxels
        assert len(example.places(1)) == 0

    def test_an_example_tells_the_truth_of_its_case(self, task, world):
        made = world(task.target)
        plan, case = made.plan(task), made.cases[1]
        told = task.truth(task.encode(case, plan), plan)
        assert set(told) == {task.target}
        if task.target == "mask":
            assert set(np.unique(told["mask"].read().array)) == set(np.unique(case.mask.read().array))
        elif task.target == "boxes":
            boxes = told["boxes"].read()
            assert boxes.classes == case.boxes.read().classes
            np.testing.assert_allclose(boxes.box_ijk.reshape(2, 6), task.encode(case, plan).target[:, 2:])
        elif task.target == "values":
            assert told["values"][plan.target] == pytest.approx(case.values[plan.target])
        else:
            assert told[task.target] == case.targets[task.target]

    def test_a_prediction_lies_on_the_source_grid(self, task, world):
        made = world(task.target)
        plan, case = made.plan(task), made.cases[0]
        image = case.image.read()
        (prediction,) = perfect(task, [case], plan)
        assert prediction.case == case.name
        if isinstance(prediction, MaskPrediction):
            for volume in (prediction.mask, prediction.probabilities.read()):
                assert volume.shape == image.shape
                assert (volume.affine_ras is None) == (image.affine_ras is None)
                assert volume.same_grid(image, tolerance=1e-9)
            assert prediction.mask.n_channels == 1
            assert set(np.unique(prediction.mask.array)) <= set(plan.label_values)
        elif isinstance(prediction, BoxPrediction):
            np.testing.assert_allclose(prediction.boxes.box_ijk, case.boxes.read().box_ijk, atol=1e-3)
            assert prediction.boxes.classes == case.boxes.read().classes
            assert prediction.decided.all()
        elif isinstance(prediction, ValuePrediction):
            assert prediction.predicted == pytest.approx(case.values[plan.target])
        else:
            assert tuple(prediction.probabilities) == plan.classes
            if isinstance(prediction, ClassPrediction):
                assert sum(prediction.probabilities.values()) == pytest.approx(1)

    def test_a_perfect_prediction_scores_best_and_a_wrong_one_less(self, task, world):
        made = world(task.target)
        plan = made.plan(task)
        records = judge(task, made.cases, plan, perfect(task, made.cases, plan))
        best = score_of(task, records, plan)
        assert best > 0.8
        wrong = []
        for case in made.cases:
            outputs, history = perfect_outputs(task, case, plan)
            wrong.append(decode(task, case, plan, wrong_outputs(task, outputs), history))
        assert score_of(task, judge(task, made.cases, plan, wrong), plan) < best

    def test_the_truth_itself_scores_one(self, task, world):
        made = world(task.target)
        plan = made.plan(task)
        predictions = [truth_itself(case, plan) for case in made.cases]
        assert score_of(task, judge(task, made.cases, plan, predictions), plan) == pytest.approx(1)

    def test_cases_are_ranked_by_how_well_they_went(self, task, world):
        made = world(task.target)
        plan, case = made.plan(task), made.cases[1]
        outputs, history = perfect_outputs(task, case, plan)
        good, bad = (
            task.goodness(task.measure(decode(task, case, plan, said, history), case, plan), plan)
            for said in (outputs, wrong_outputs(task, outputs))
        )
        assert math.isfinite(good)
        assert good > bad

    def test_the_score_alone_is_that_of_the_full_measurement(self, task, world):
        made = world(task.target)
        plan, scores = made.plan(task), []
        said = []
        for n, case in enumerate(made.cases):
            outputs, history = perfect_outputs(task, case, plan)
            said.append(decode(task, case, plan, wrong_outputs(task, outputs) if n % 2 else outputs, history))
        for full in (True, False):
            records = [task.measure(p, c, plan, full=full) for p, c in zip(said, made.cases, strict=True)]
            scores.append(score_of(task, records, plan))
        assert scores[0] == scores[1]

    def test_what_a_report_draws_is_plain(self, task, world):
        made = world(task.target)
        plan = made.plan(task)
        tables = task.tables(judge(task, made.cases, plan, perfect(task, made.cases, plan)), plan)
        assert set(tables) <= {
            *("confusion", "curves", "reliability", "risk", "decision", "agreement", "baselines"),
            *("detection", "volumes"),
        }
        assert json.dumps(tables)

    def test_records_are_plain(self, task, world):
        made = world(task.target)
        plan = made.plan(task)
        (record,) = judge(task, made.cases[:1], plan, perfect(task, made.cases[:1], plan))
        assert json.loads(json.dumps(record)) == record
        assert record["case"] == made.cases[0].name
        assert "patient" in record

    def test_records_are_summarised_and_resampled(self, task, world):
        made = world(task.target)
        plan = made.plan(task)
        records = judge(task, made.cases, plan, perfect(task, made.cases, plan))
        summary = task.summarise(records, plan)
        value = summary.statistic(np.arange(len(records)))
        again = summary.statistic(np.repeat(np.arange(len(records)), 3))
        assert value.keys() == again.keys()
        assert (task.score, "") in value
        for key in value:
            assert value[key] == pytest.approx(again[key], nan_ok=True)
        assert set(summary.support) <= set(value)
        assert {name for name, _ in value} >= set(summary.units)
        numbers = patient_bootstrap(
            summary.statistic,
            [case.name for case in made.cases],
            support=summary.support,
            units=summary.units,
            n_resamples=20,
        )
        assert numbers.keys() == value.keys()

    def test_no_records_give_no_numbers_and_no_crash(self, task, world):
        made = world(task.target)
        summary = task.summarise([], made.plan(task))
        value = summary.statistic(np.empty(0, dtype=np.int64))
        assert math.isnan(value[task.score, ""])

    def test_one_record_is_enough_for_a_summary(self, task, world):
        made = world(task.target)
        plan = made.plan(task)
        records = judge(task, made.cases[:1], plan, perfect(task, made.cases[:1], plan))
        numbers = task.summarise(records, plan).statistic(np.arange(1))
        assert (task.score, "") in numbers

    def test_a_prediction_of_another_kind_is_refused(self, task, world):
        made = world(task.target)
        plan, case = made.plan(task), made.cases[0]
        foreign = (
            ClassPrediction(case.name, {"a": 1.0})
            if plan.is_tiled
            else MaskPrediction(case.name, case.image.read())
        )
        with pytest.raises(DataError, match=case.name):
            task.measure(foreign, case, plan)

    def test_an_answer_that_is_no_number_is_refused_by_name(self, task, world):
        made = world(task.target)
        plan, case = made.plan(task), made.cases[0]
        outputs, history = perfect_outputs(task, case, plan)
        outputs[0].flat[0] = np.nan
        with pytest.raises(DataError, match=f"{case.name}: the model's answer"):
            decode(task, case, plan, outputs, history)

    def test_thresholds_name_classes_of_the_plan(self, task, world):
        made = world(task.target)
        plan = made.plan(task)
        outputs = [perfect_outputs(task, case, plan)[0] for case in made.cases]
        targets = [task.encode(case, plan).target for case in made.cases]
        thresholds = task.choose_thresholds(outputs, targets, plan)
        assert set(thresholds) <= {*plan.classes, plan.target}
        assert task.has_thresholds(plan) or not thresholds
        assert task.choose_thresholds([], [], plan) == {}
        case = made.cases[0]
        prediction = decode(task, case, plan, *perfect_outputs(task, case, plan), thresholds)
        assert task.measure(prediction, case, plan)


@every_task
def test_a_case_without_the_target_is_refused_by_name(task):
    made = volumes(label=task.target)
    plan = made.plan(task)
    bare = dataclasses.replace(made.cases[0], targets={})
    with pytest.raises(DataError, match=f"c0: the case has no {task.target}"):
        task.encode(bare, plan)


@every_task
def test_a_case_with_other_channels_is_refused(task):
    made = volumes(label=task.target)
    plan = made.plan(task)
    colour = memory_case(
        "c",
        noise((3, *SHAPE)),
        mask=ball_mask(SHAPE, label=2),
        boxes=boxes_around(ball_mask(SHAPE)),
        **answers(0),
        affine=OBLIQUE,
    )
    with pytest.raises(DataError, match="another number of channels"):
        task.encode(colour, plan)


@every_task
@every_world
def test_two_models_of_every_task_can_be_compared(task, world):
    made = world(task.target)
    plan = made.plan(task)
    good = judge(task, made.cases, plan, perfect(task, made.cases, plan))
    assert task.score in LARGER_IS_BETTER
    many = [{**record, "case": f"{n}", "patient": f"{n}"} for n, record in enumerate(good * 4)]
    content = compare_records(task, plan, (many, many), n_resamples=50, progress=silent)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert {number["verdict"] for number in content["numbers"]} <= {"no_difference_shown", "too_few"}
    assert [one["difference"] for one in content["cases"]] == [0] * len(many)
