"""Evaluations as they stand in evaluation.json, made up."""

import numpy as np

from builders import detection_plan
from scanwright.core import metrics
from scanwright.core.statistics import mean_defined, patient_bootstrap
from scanwright.data.box_plan import BoxPlan
from scanwright.data.boxes import Boxes
from scanwright.data.prediction import BoxPrediction
from scanwright.tasks.box_numbers import box_tables, measure_boxes, summarise_boxes


def segmentation_evaluation(
    n=26, *, patients="the manifest's column", classes=("anterior", "posterior"), seed=0
):
    rng = np.random.default_rng(seed)
    records = []
    for index in range(n):
        numbers = {}
        for shift, name in enumerate(classes):
            dice = float(np.clip(rng.beta(18, 3) - 0.04 * shift, 0, 1))
            numbers[name] = {
                "dice": dice,
                "surface_dice": dice**0.5,
                "hd95": None if index == 3 else 8 * (1 - dice),
                "volume": 3.2 * dice,
                "reference_volume": 3.1,
                "common": 10,
                "in_both": 23,
                "unit": "mm",
            }
        records.append({"case": f"hippocampus_{index:03d}", "patient": f"secret-{index}", "classes": numbers})
    table = {
        (field, name): np.array([np.nan if (v := r["classes"][name][field]) is None else v for r in records])
        for field in ("dice", "surface_dice", "hd95")
        for name in classes
    }

    def statistic(rows):
        numbers = {}
        for field in ("dice", "surface_dice", "hd95"):
            each = {(field, name): mean_defined(table[field, name][rows]) for name in classes}
            numbers[field, ""] = mean_defined(list(each.values()))
            numbers.update(each)
        return numbers

    support = {key: np.flatnonzero(~np.isnan(column)) for key, column in table.items()}
    who = [None if patients == "unknown" else r["patient"] for r in records]
    numbers = patient_bootstrap(statistic, who, support=support, units={"hd95": "mm"}, n_resamples=200)
    return {
        "schema_version": 1,
        "task": "segmentation",
        "created": "2026-10-04T12:00:00+00:00",
        "data": {
            "source": "scans/msd-hippocampus",
            "layout": "nnU-Net raw",
            "patients": patients,
            "hash": "9f3a",
        },
        "model": {"hash": "b17c", "run": "runs/hippocampus"},
        "split": "test",
        "n_patients": n,
        "n_cases": n,
        "classes": ["background", *classes],
        "tolerance_mm": 1.0,
        "unit": "mm",
        "numbers": [number.to_json() for number in numbers.values()],
        "records": records,
        "confusion": None,
        "curves": None,
        "training": training_rows(),
        "flow": {"found": 133, "set_aside": 3, "train": 84, "val": 20, "test": n},
        "set_aside": [
            {"case": "imagesTr/hippocampus_243", "stage": "reading", "reason": "image without mask"},
            {
                "case": "imagesTr/<script>alert(1)</script>",
                "stage": "reading",
                "reason": "the file is truncated",
            },
        ],
        "plan": [
            {
                "field": "spacing_mm",
                "value": [1.0, 1.0, 1.0],
                "reason": "the median spacing of the training cases",
            },
            {
                "field": "normalisation",
                "value": "per case",
                "reason": "intensity scales differ by a factor of 10000",
            },
        ],
        "provenance": {"versions": {"scanwright": "0.1.0", "torch": "2.13.0"}, "seed": 0, "minutes": 15.1},
        "baselines": [
            {
                "name": "dice",
                "group": "",
                "value": 0.31,
                "low": 0.27,
                "high": 0.35,
                "method": "mean shape",
                "n": n,
            }
        ],
    }


def classification_evaluation(n=120, *, classes=("benign", "malignant", "normal"), seed=1):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(classes), n)
    logits = rng.normal(size=(n, len(classes))) + 1.8 * np.eye(len(classes))[truth]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    said = scores.argmax(axis=1)

    def statistic(rows):
        confusion = metrics.confusion_matrix(truth[rows], said[rows], len(classes))
        each = [metrics.auroc(scores[rows, c], truth[rows] == c) for c in range(len(classes))]
        numbers = {("auroc", ""): mean_defined(each), ("accuracy", ""): metrics.accuracy(confusion)}
        numbers["balanced_accuracy", ""] = metrics.balanced_accuracy(confusion)
        for name, value, recall in zip(classes, each, metrics.recall(confusion), strict=True):
            numbers["auroc", name], numbers["recall", name] = value, float(recall)
        return numbers

    numbers = patient_bootstrap(statistic, [None] * n, n_resamples=200)
    curves = {"roc": {}, "pr": {}}
    for c, name in enumerate(classes):
        x, y, _ = metrics.roc_curve(scores[:, c], truth == c)
        curves["roc"][name] = {"x": x.tolist(), "y": y.tolist()}
        x, y, _ = metrics.precision_recall_curve(scores[:, c], truth == c)
        curves["pr"][name] = {"x": x.tolist(), "y": y.tolist()}
    return {
        "schema_version": 1,
        "task": "classification",
        "created": "2026-10-04T12:00:00+00:00",
        "data": {"source": "busi", "layout": "folder per class", "patients": "unknown", "hash": "77aa"},
        "model": {"hash": "12ab", "run": "runs/busi"},
        "split": "val",
        "n_patients": n,
        "n_cases": n,
        "classes": list(classes),
        "tolerance_mm": None,
        "unit": "px",
        "numbers": [number.to_json() for number in numbers.values()],
        "records": [
            {
                "case": f"{classes[t]}/image ({i})",
                "patient": None,
                "truth": classes[t],
                "predicted": classes[p],
                "probabilities": dict(zip(classes, map(float, row), strict=True)),
            }
            for i, (t, p, row) in enumerate(zip(truth, said, scores, strict=True))
        ],
        "confusion": {
            "classes": list(classes),
            "matrix": metrics.confusion_matrix(truth, said, len(classes)).tolist(),
        },
        "curves": curves,
        "training": training_rows(),
        "flow": {"found": 780, "set_aside": 0, "train": 500, "val": n, "test": 160},
        "set_aside": [],
        "plan": [],
        "provenance": {},
        "baselines": [],
    }


def training_rows(n=40):
    minutes = np.linspace(0.1, 15, n)
    return [
        {
            "minutes": float(m),
            "step": index * 10,
            "progress": index / n,
            "loss": float(0.2 + np.exp(-m / 3)),
            "score": float(0.87 - 0.8 * np.exp(-m / 2)) if index % 5 == 0 else None,
            "learning_rate": 1e-3,
        }
        for index, m in enumerate(minutes)
    ]


def detection_evaluation(n=12, *, hit="iou", dims=2, seed=0):
    """Pictures with red and white cells, most of them found; or volumes with nodules of these names."""
    rng = np.random.default_rng(seed)
    plan = detection_plan(dims, boxes=BoxPlan(hit=hit))
    records = []
    for index in range(n):
        n_true = int(rng.integers(2, 9))
        lo = rng.uniform(0, 100, (n_true, 3)) * (1, 1, dims - 2)
        sides = np.where(np.arange(3) < dims, rng.choice([5, 8, 40], (n_true, 1)), 1)
        true = Boxes(np.stack([lo, lo + sides], axis=1), tuple(rng.choice(plan.classes, n_true)))
        found = true.box_ijk[rng.random(n_true) < 0.8]
        names = tuple(np.array(true.classes)[: len(found)])
        boxes = Boxes(found, names, rng.uniform(0.3, 1, len(found)))
        prediction = BoxPrediction(f"smear {index}", boxes, {"red": 0.4})
        records.append(measure_boxes(prediction, true, f"secret-{index}", plan, np.eye(4)))
    numbers = patient_bootstrap(
        summarise_boxes(records, plan).statistic, [r["patient"] for r in records], n_resamples=50
    )
    return segmentation_evaluation(6) | {
        "task": "detection",
        "classes": list(plan.classes),
        "n_cases": n,
        "n_patients": n,
        "numbers": [number.to_json() for number in numbers.values()],
        "records": records,
        "baselines": [],
        **box_tables(records, plan),
    }
