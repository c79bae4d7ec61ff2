"""Beginning: the plan and the weights of a training, where settings name some or a memory."""

from __future__ import annotations

from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.settings import Settings
from scanwright.networks.memory import PROGRAM, under_cap
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.memory import check_floor
from scanwright.tasks.base import Task
from scanwright.tasks.decision import decide, find_facts
from scanwright.training.transfer import match, open_origin
from scanwright.types import Progress


def plan_beginning(
    task: Task, dataset: Dataset, settings: Settings, progress: Progress
) -> tuple[Fingerprint, Plan]:
    """Facts, and the plan that starts from the weights and keeps to the memory that the settings name.

    Raises:
        ModelError: the weights can't be read, or none fits.
        SettingsError: the memory is too small; test images are among those that the weights were learnt from.
        DataError: see ``find_facts``.
    """
    check_floor(settings.memory_bytes, PROGRAM)
    # Weights that are not there are said before every case is read.
    origin, weights = open_origin(settings.init_from) if settings.init_from else (None, {})
    facts = find_facts(task, dataset, settings, progress)
    plan = under_cap(decide(task, facts, settings, origin=origin), facts, settings, given=False)
    if origin is not None:
        match(weights, origin, plan)
    return facts, plan
