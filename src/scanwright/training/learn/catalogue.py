"""The table of learners: a task's name → its learning side."""

from collections.abc import Callable

from scanwright.data.plan import Plan
from scanwright.training.learn.base import Learner
from scanwright.training.learn.classification import ClassificationLearner
from scanwright.training.learn.segmentation import SegmentationLearner

LEARNERS: dict[str, Callable[[Plan], Learner]] = {
    "segmentation": SegmentationLearner,
    "classification": ClassificationLearner,
}
