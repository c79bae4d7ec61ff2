"""The loop: from a plan and examples to weights, round by round, in the time given.

A round is a number of steps, a validation and a checkpoint. Every random number of a step comes from the seed
and the step's number alone, so that going on after a kill, and replaying a recorded plan, give the same
weights.
"""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import nn

from scanwright.data.case import Case, Lazy, Target
from scanwright.data.plan import Plan
from scanwright.data.volume import Volume
from scanwright.errors import ScanwrightError
from scanwright.inference.predict import Runtime, predict_array, predict_batch
from scanwright.inference.runtimes.torch_runtime import TorchRuntime, choose_device, has_bf16
from scanwright.tasks.base import Example, Task, score_of
from scanwright.tasks.settled import Sample, Settled, draw_sample, is_asked, settle
from scanwright.training.batch_norm import weigh_batch
from scanwright.training.checkpoint import (
    Checkpoint,
    Position,
    Tensors,
    flatten_optimiser,
    load_checkpoint,
    plan_key,
    restore_optimiser,
    save_checkpoint,
)
from scanwright.training.freezing import Frozen, choose_frozen
from scanwright.training.learn.base import Batch, Learner
from scanwright.training.learn.catalogue import LEARNERS
from scanwright.training.optimisers import build_optimiser
from scanwright.training.pace import FIRST_STEPS, Clock, Record, Round
from scanwright.training.sampling import choose_cases, group_examples
from scanwright.training.schedule import SAME_SCORE, learning_rate
from scanwright.training.team import Team
from scanwright.types import AnyArray, FloatArray, JsonDict, Progress

LARGEST_GRADIENT = 12.0
# The loss that is logged is the mean over the last steps of a round, and over no more than these.
RECENT_STEPS = 200


@dataclass(frozen=True, eq=False)
class Fitted:
    """What training gave.

    Attributes:
        weights: the kept weights by name.
        position: where training ended, with its log and its pace.
        ended: why, in words.
        device, precision, processes: as they really were.
        stopped: whether the user ended it before its time.
    """

    weights: dict[str, AnyArray]
    position: Position
    ended: str
    device: str
    precision: str
    processes: int = 1
    stopped: bool = False


@dataclass
class Trainer:
    """Everything that a round touches."""

    task: Task
    plan: Plan
    learner: Learner
    fabric: Fabric
    networks: dict[str, nn.Module]
    optimisers: dict[str, torch.optim.Optimizer]
    average: Tensors
    best: Tensors
    runtime: TorchRuntime
    train: list[Example]
    groups: list[list[int]]
    val: dict[str, Example]
    team: Team
    frozen: Frozen = field(default_factory=Frozen)
    position: Position = field(default_factory=Position)


def fit(
    task: Task,
    plan: Plan,
    examples: Mapping[str, Mapping[str, Example]],
    folder: Path,
    *,
    device: str,
    resume: bool,
    progress: Progress,
    started: float | None = None,
    team: Team | None = None,
    weights: Tensors | None = None,
    learner: Learner | None = None,
) -> Fitted:
    """Train by the plan.

    Args:
        task: what is learnt.
        plan: the decisions; one that holds a pace is replayed.
        examples: "train" and "val" → case name → example.
        folder: where checkpoints go.
        device: "auto", "cpu" or "cuda".
        resume: go on from the checkpoint in ``folder``, if there is one.
        progress: told after every step.
        started: ``time.monotonic()`` at which the minutes began to count; ``None`` for now.
        team: the processes that train together; ``None`` for this one alone.
        weights: to start from, by their names; of the layers that are not named, fresh ones.
        learner: what a step makes small; by default the task's own.

    Raises:
        ModelError: the checkpoint to resume from is damaged or belongs to another plan.
        OutputError: a checkpoint can't be written; the one before is still there.
        ScanwrightError: the loss stopped being a number before the end of the first round.
    """
    team = team or Team()
    learner = learner or LEARNERS[plan.task](plan)
    trainer = _set_up(task, plan, learner, examples, weights or {}, device, team)
    key = plan_key(plan.to_json())
    if resume and (checkpoint := load_checkpoint(folder, key)):
        _take_up(trainer, checkpoint)
    position = trainer.position
    before_s, start = position.elapsed_s, time.monotonic() if started is None else started
    pace: Clock | Record = (
        Record(plan.pace, len(position.pace))
        if plan.pace
        else Clock.of_minutes(plan.minutes, time.monotonic() - start + before_s)
    )
    ended, stopped = "the planned training was completed", False
    with _interruption() as interrupted:
        while position.progress < 1.0 and not pace.exhausted:
            planned = team.agree(pace.plan_round(position.progress, time.monotonic() - start + before_s))
            steps_start = time.monotonic()
            loss, steps, step_s = team.agree(
                _run_round(trainer, planned, pace, interrupted, progress, before_s - start)
            )
            steps_s = time.monotonic() - steps_start
            if interrupted.is_set():
                progress("Stopping", 0.0, 1.0, "judging and keeping the best so far")
            if not math.isfinite(loss):
                ended = _give_up(position)
                break
            if steps:
                _end_round(trainer, planned, steps, loss, time.monotonic() - start + before_s)
            position.elapsed_s = time.monotonic() - start + before_s
            if team.leads:
                _save(trainer, folder, key)
            pace.learn(steps, step_s, time.monotonic() - steps_start - steps_s)
            position.elapsed_s = time.monotonic() - start + before_s
            if team.agree(interrupted.is_set()):
                progress("Stopping", 1.0, 1.0)
                ended, stopped = "stopped by the user; the best weights so far are kept", True
                break
            if (
                plan.patience
                and not plan.pace
                and len(position.log) - 1 - position.improved_round >= plan.patience
            ):
                ended = f"no better validation score in {plan.patience} rounds"
                break
    if position.log:  # the last validation came after the last step
        progress("Training", position.progress, 1.0, _note(trainer, position.log[-1]["loss"]))
    best = _arrays(trainer.best)
    precision = "bf16-mixed" if trainer.runtime.bf16 else "32-true"
    return Fitted(best, position, ended, str(trainer.runtime.device), precision, team.size, stopped)


def _give_up(position: Position) -> str:
    """Why training ends when the loss is no number any more; the weights of earlier rounds are still good.

    Raises:
        ScanwrightError: there was no earlier round.
    """
    problem, advice = "the loss stopped being a number", "train with a smaller --set learning_rate=…"
    if not position.log:
        raise ScanwrightError(problem, do=f"{advice.capitalize()}.")
    return f"{problem}; the best weights so far are kept ({advice})"


def _set_up(
    task: Task,
    plan: Plan,
    learner: Learner,
    examples: Mapping[str, Mapping[str, Example]],
    start: Tensors,
    device: str,
    team: Team,
) -> Trainer:
    torch.manual_seed(plan.seed)
    place = choose_device(device)
    precision = "bf16-mixed" if plan.precision == "bf16-mixed" and has_bf16(place) else "32-true"
    for name in ("lightning.fabric", "lightning.fabric.utilities.rank_zero", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # Fabric advises on clusters and on the graphics card we were told not to use.
        warnings.simplefilter("ignore")
        fabric = Fabric(
            accelerator=place.type, precision=precision, **team.strategy(partly=plan.frozen_share > 0)
        )
        fabric.launch()
        built = learner.networks(plan)
        built["network"].load_state_dict(start, strict=False)
        networks, optimisers = {}, {}
        for group, network in built.items():
            networks[group], optimisers[group] = fabric.setup(network, build_optimiser(plan, network))
    average = {name: value.detach().clone() for name, value in built["network"].state_dict().items()}
    train = list(examples["train"].values())
    return Trainer(
        task=task,
        plan=plan,
        learner=learner,
        fabric=fabric,
        networks=networks,
        optimisers=optimisers,
        average=average,
        best={name: value.clone() for name, value in average.items()},
        runtime=TorchRuntime(plan, _arrays(average), device),
        train=train,
        groups=group_examples(train, plan),
        val=dict(examples["val"]),
        team=team,
        frozen=choose_frozen(built["network"], start, plan.frozen_share),
    )


def _run_round(
    trainer: Trainer,
    planned: Round,
    pace: Clock | Record,
    interrupted: threading.Event,
    progress: Progress,
    clock_offset_s: float,
) -> tuple[float, int, float]:
    """The steps of a round; it ends early when the user or the clock says so.

    Gives the mean loss (NaN when it was mostly no number), the steps taken, and the seconds that a step
    usually takes.
    """
    plan, position = trainer.plan, trainer.position
    scores = _scores(position)
    losses: list[float] = []
    seconds: list[float] = []
    start = time.monotonic()
    for network in trainer.networks.values():
        network.train()
    for done in range(planned.steps):
        step_start = time.monotonic()
        seed = (plan.seed, position.step, trainer.team.rank)[: 2 if trainer.team.leads else 3]
        torch.manual_seed(hash(seed) % 2**63)
        chosen = trainer.team.share(choose_cases(trainer.groups, plan.batch_size, position.step, plan.seed))
        rng = np.random.default_rng(seed)
        batch = trainer.learner.draw(trainer.train, chosen, rng, trainer.fabric.device)
        trainer.frozen.follow(planned.progress(done))
        losses.append(_step(trainer, batch, learning_rate(plan, planned.progress(done), scores)))
        position.step += 1
        now = time.monotonic()
        seconds.append(now - step_start)
        progress("Training", planned.progress(done + 1), 1.0, _note(trainer, losses[-1]))
        if trainer.team.agree(interrupted.is_set() or pace.is_over(now - start, now + clock_offset_s)):
            break
    # A step whose loss overflowed was left out; when most were, there is nothing left to learn from.
    finite = [loss for loss in losses[-RECENT_STEPS:] if math.isfinite(loss)]
    mean = float(np.mean(finite)) if 2 * len(finite) > len(losses[-RECENT_STEPS:]) else math.nan
    # The first steps of all also allocate and choose kernels. The mean is honest when there are many.
    step_s = float(np.median(seconds)) if len(seconds) <= 2 * FIRST_STEPS else float(np.mean(seconds))
    return mean, len(losses), step_s


def _note(trainer: Trainer, loss: float) -> str:
    best = trainer.position.best_score
    return f"loss {loss:.3f}" + ("" if best is None else f", best validation {trainer.task.score} {best:.3f}")


def _step(trainer: Trainer, batch: Batch, rate: float) -> float:
    for network in trainer.networks.values():
        weigh_batch(network, trainer.position.step)
    losses = trainer.learner.step(batch, trainer.networks)
    for group, loss in losses.items():
        optimiser = trainer.optimisers[group]
        for parameters in optimiser.param_groups:
            parameters["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        trainer.fabric.backward(loss)
        norm = trainer.fabric.clip_gradients(
            trainer.networks[group], optimiser, max_norm=LARGEST_GRADIENT, error_if_nonfinite=False
        )
        # One batch that overflows must not spoil the weights of all before it.
        if norm is None or bool(torch.isfinite(norm)):
            optimiser.step()
    _follow(trainer)
    return float(sum(loss.detach().item() for loss in losses.values()))


@torch.no_grad()
def _follow(trainer: Trainer) -> None:
    """Move the averaged weights towards the present ones."""
    steps = trainer.plan.average_steps
    weight = 1.0 if steps == 0 else max(1.0 / steps, 1.0 / (1.0 + 0.2 * trainer.position.step))
    present = trainer.networks["network"].state_dict()
    for name, value in trainer.average.items():
        if value.is_floating_point():
            value.lerp_(present[name].to(value), weight)
        else:
            value.copy_(present[name])


def _end_round(trainer: Trainer, planned: Round, steps: int, loss: float, elapsed_s: float) -> None:
    """Validate, keep the best weights, note the round."""
    position, plan = trainer.position, trainer.plan
    position.progress = planned.end if steps == planned.steps else planned.progress(steps)
    position.pace.append((steps, position.progress))
    score = _validate(trainer)
    rate = learning_rate(plan, position.progress, _scores(position))
    best = position.best_score
    if best is None or (score is not None and score > best + SAME_SCORE):
        position.improved_round = len(position.log)
    # Of equal scores, and where there is none, the later weights are kept, as they are better averaged.
    if best is None or (score is not None and score > best - SAME_SCORE):
        position.best_score = score if best is None or score is None else max(score, best)
        position.best_round = len(position.log)
        trainer.best = {name: value.clone() for name, value in trainer.average.items()}
    position.log.append(
        {
            "round": len(position.log),
            "step": position.step,
            "progress": position.progress,
            "minutes": elapsed_s / 60,
            "loss": loss,
            "score": score,
            "learning_rate": rate,
        }
    )


def _scores(position: Position) -> list[float]:
    """Of the rounds so far, of those that have one."""
    return [row["score"] for row in position.log if row["score"] is not None]


def _validate(trainer: Trainer) -> float | None:
    """The task's score of the averaged weights on the validation cases, on the working grid; ``None`` where
    they give none, as an AUROC of cases of one class."""
    trainer.runtime.load(_arrays(trainer.average))
    plan = replace(trainer.plan, overlap=0.25)
    records = []
    own = trainer.team.share(list(trainer.val.items()))
    examples = [example for _, example in own]
    predicted = predict_examples(trainer.task, plan, trainer.runtime, examples, mirror=False)
    for (name, example), outputs in zip(own, predicted, strict=True):
        records.append(measure_example(trainer.task, plan, name, example, outputs, full=False))
    score = score_of(trainer.task, trainer.team.gather(records), plan)
    return score if math.isfinite(score) else None


def predict_examples(
    task: Task, plan: Plan, runtime: Runtime, examples: Sequence[Example], *, mirror: bool
) -> Iterator[FloatArray]:
    """Outputs for examples, in order; whole images many at a time."""
    if plan.is_tiled:
        for example in examples:
            yield predict_array(runtime, np.asarray(example.image), plan, mirror=mirror)
    elif examples:
        axes = plan.mirror_axes if mirror else ()
        yield from predict_batch(runtime, np.stack([example.image for example in examples]), axes)


def measure_example(
    task: Task,
    plan: Plan,
    name: str,
    example: Example,
    outputs: FloatArray,
    thresholds: Mapping[str, float] | None = None,
    *,
    full: bool = True,
) -> JsonDict:
    """The task's numbers of one example on the working grid, of the most probable class without
    thresholds; ``full`` as for ``Task.measure``."""
    truth = example_case(name, example, plan, task.truth(example, plan))
    prediction = task.decode(name, outputs, plan, (), truth.image.read(), thresholds or {})
    return task.measure(prediction, truth, plan, full=full)


def example_case(name: str, example: Example, plan: Plan, targets: Mapping[str, Target]) -> Case:
    """An example as a case on the working grid, so that it can be measured like any other."""
    affine = np.diag([*plan.spacing_mm, 1.0]) if plan.spacing_mm is not None else None
    image = Volume(np.asarray(example.image), affine)
    return Case(name, {"image": Lazy(name, lambda: image)}, targets)


def settle_on(task: Task, plan: Plan, run: Runtime, val: Mapping[str, Example]) -> tuple[Settled, JsonDict]:
    """What the validation cases settle with a network, and what is reached by it."""
    examples, kept, samples = list(val.values()), list[FloatArray](), list[Sample | None]()
    if is_asked(task, plan):
        outputs = predict_examples(task, plan, run, examples, mirror=True)
        for example, output in zip(examples, outputs, strict=True):
            samples.append(draw_sample(output, example, plan))
            if task.has_thresholds(plan):
                kept.append(output)
    settled = settle(task, plan, kept, [example.target for example in examples], samples)
    return settled, measure_reached(task, plan, examples, kept, settled.thresholds)


def measure_reached(
    task: Task,
    plan: Plan,
    examples: Sequence[Example],
    outputs: Sequence[FloatArray],
    thresholds: Mapping[str, float],
) -> JsonDict:
    """What thresholds of boxes reach on the very cases that they are chosen on: how many, and of each class
    objects, findings and hits; nothing of other answers."""
    if plan.answer != "boxes":
        return {}
    records = [
        measure_example(task, plan, str(n), example, answer, thresholds)
        for n, (example, answer) in enumerate(zip(examples, outputs, strict=True))
    ]
    rules = task.tables(records, plan)["detection"]
    kept = ("operating_point", "operating_value", "true", "found", "hits")
    return {"cases": len(records), **{name: rules[name] for name in kept}}


def _save(trainer: Trainer, folder: Path, key: str) -> None:
    tensors: dict[str, Tensors] = {"average": trainer.average, "best": trainer.best}
    for group, network in trainer.networks.items():
        tensors[f"network-{group}"] = dict(network.state_dict())
        tensors[f"optimiser-{group}"] = flatten_optimiser(trainer.optimisers[group])
    save_checkpoint(Checkpoint(trainer.position, tensors), folder, key)


def _take_up(trainer: Trainer, checkpoint: Checkpoint) -> None:
    device = trainer.fabric.device
    trainer.position = checkpoint.position
    for group, network in trainer.networks.items():
        network.load_state_dict(checkpoint.tensors[f"network-{group}"])
        restore_optimiser(trainer.optimisers[group], dict(checkpoint.tensors[f"optimiser-{group}"]))
    trainer.average = {name: value.to(device) for name, value in checkpoint.tensors["average"].items()}
    trainer.best = {name: value.to(device) for name, value in checkpoint.tensors["best"].items()}


def _arrays(tensors: Tensors) -> dict[str, AnyArray]:
    return {name: value.detach().cpu().numpy() for name, value in tensors.items()}


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Ctrl-C asks the loop to end after its step; a second one ends at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
