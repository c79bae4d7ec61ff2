"""The table of learners: a task's name → its learning side."""

from collections.abc import Callable

from scanwright.data.plan import Plan
from scanwright.training.learn.base import Learner
from scanwright.training.learn.detection import DetectionLearner
from scanwright.training.learn.segmentation import SegmentationLearner
from scanwright.training.learn.whole_image import WholeImageLearner

LEARNERS: dict[str, Callable[[Plan], Learner]] = {
    "segmentation": SegmentationLearner,
    "detection": DetectionLearner,
    "classification": WholeImageLearner,
    "ordinal": WholeImageLearner,
    "multilabel": WholeImageLearner,
    "regression": WholeImageLearner,
}
