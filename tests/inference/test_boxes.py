"""From answers of places to boxes, tile by tile."""

import numpy as np
import pytest

from scanwright.core.suppression import suppress
from scanwright.data.box_plan import BoxPlan
from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
from scanwright.inference.boxes import LEAST_SCORE, MOST_PER_IMAGE, find_boxes, mirror_sides, read_places
from scanwright.inference.predict import predict_array


def plan_of(dims: int, patch: tuple[int, int, int], **fields) -> Plan:
    one = (2,) * dims
    network = NetworkPlan("fpn", (4, 8), (one, one), blocks=(0, 1), inner=(8, 8))
    return Plan(
        task="detection",
        answer="boxes",
        dims=dims,
        channels=(ChannelPlan("image"),),
        classes=("cell", "clot"),
        patch_voxels=patch,
        batch_size=2,
        network=network,
        loss="focal",
        boxes=BoxPlan((6.0, 6.0, 6.0)),
        **fields,
    )


def bright_balls(patches: np.ndarray, plan: Plan) -> np.ndarray:
    """A network that knows, of every place inside a painted box, how far the part that it sees reaches."""
    dims, step = plan.dims, 2
    n_classes = len(plan.classes)
    answers = []
    for patch in patches[:, 0]:
        grid = tuple(n // step for n in patch.shape[:dims])
        out = np.zeros((n_classes + 2 * dims, *grid), dtype=np.float32)
        for number in np.unique(patch[patch > 0]):
            where = np.argwhere(patch == number)[:, :dims]
            lo, hi = where.min(0), where.max(0) + 1
            for place in np.ndindex(*grid):
                middle = (np.array(place) + 0.5) * step
                if ((middle > lo) & (middle < hi)).all():
                    out[(0, *place)] = 0.9
                    out[(slice(n_classes, None), *place)] = [*(middle - lo), *(hi - middle)]
        answers.append(out[..., None] if dims == 2 else out)
    return np.stack(answers)


def painted(shape: tuple[int, ...], boxes: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> np.ndarray:
    image = np.zeros((1, *shape), dtype=np.float32)
    for number, (lo, hi) in enumerate(boxes, start=1):
        image[(0, *(slice(a, b) for a, b in zip(lo, hi, strict=True)))] = number
    return image


def kept(rows: np.ndarray) -> set[tuple[float, ...]]:
    boxes = rows[:, 2:].reshape(-1, 2, 3)
    return {tuple(boxes[n].ravel()) for n in suppress(boxes, rows[:, 1], 0.5)}


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize(
    ("dims", "shape", "patch", "boxes"),
    [
        (
            2,
            (50, 40, 1),
            (20, 20, 1),
            [((2, 3, 0), (8, 9, 1)), ((16, 16, 0), (24, 22, 1)), ((40, 30, 0), (50, 40, 1))],
        ),
        (2, (13, 9, 1), (20, 20, 1), [((2, 3, 0), (8, 8, 1))]),
        (3, (30, 20, 18), (16, 16, 16), [((2, 3, 4), (8, 9, 10)), ((12, 8, 6), (18, 14, 12))]),
    ],
)
def test_objects_are_found_where_they_are_across_tiles(dims, shape, patch, boxes, mirror):
    plan = plan_of(dims, patch, mirror_axes=(0,) if mirror else (), overlap=0.5)
    rows = predict_array(lambda some: bright_balls(some, plan), painted(shape, boxes), plan)
    assert kept(rows) == {(*map(float, lo), *map(float, hi)) for lo, hi in boxes}
    assert set(rows[:, 0]) == {0.0}


def test_each_place_counts_in_one_tile_only():
    plan = plan_of(2, (20, 20, 1), overlap=0.5)
    boxes = [((16, 16, 0), (24, 22, 1))]
    rows = find_boxes(lambda some: bright_balls(some, plan), painted((50, 40, 1), boxes), plan, 3)
    middles = (rows[:, 2:5] + rows[:, 5:]) / 2
    assert len(rows) == 4 * 3  # places of 2 pixels in 8 × 6, each once
    np.testing.assert_allclose(middles[:, :2], np.tile([20, 19], (12, 1)))


def test_unlikely_boxes_are_left_out_and_answers_that_are_no_number_are_not():
    plan = plan_of(2, (8, 8, 1))
    outputs = np.zeros((6, 4, 4, 1), dtype=np.float32)
    outputs[0, 1, 1] = LEAST_SCORE / 2
    assert len(read_places(outputs, plan)) == 0
    outputs[1, 2, 2] = np.nan
    assert np.isnan(read_places(outputs, plan)[:, 1]).all()
    assert len(read_places(outputs, plan)) == 1


def test_mirrored_answers_change_lower_and_upper_sides():
    plan = plan_of(3, (8, 8, 8))
    answers = np.arange(8, dtype=np.float32).reshape(1, 8, 1, 1, 1)
    assert mirror_sides(answers, [1], plan).ravel().tolist() == [0, 1, 2, 6, 4, 5, 3, 7]
    assert mirror_sides(answers, [], plan).ravel().tolist() == list(range(8))


def test_of_an_image_full_of_findings_the_surest_are_kept_and_what_is_no_number_is_too():
    plan = plan_of(2, (64, 64, 1), overlap=0.0)
    rng = np.random.default_rng(0)
    said = []

    def answer(patches):
        out = np.ones((len(patches), 6, 32, 32, 1), dtype=np.float32)
        out[:, :2] = rng.uniform(0.1, 1, (len(patches), 2, 32, 32, 1))
        out[0, 0, 0, 0] = np.nan if not said else 1.0
        said.extend(out[:, :2].ravel())
        return out

    rows = find_boxes(answer, np.zeros((1, 1024, 1024, 1), np.float32), plan, 16)
    assert len(said) > 2 * MOST_PER_IMAGE
    assert len(rows) == MOST_PER_IMAGE
    assert np.isnan(rows[:, 1]).sum() == 1
    assert np.nanmin(rows[:, 1]) == pytest.approx(
        np.sort(said)[::-1][np.isnan(said).sum() + MOST_PER_IMAGE - 2]
    )
