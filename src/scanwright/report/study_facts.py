"""What a run knows of a study, in sentences: for checklists and model cards. "" is: not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from scanwright.report.answer import is_number
from scanwright.report.rounding import format_interval, format_value
from scanwright.types import JsonDict

MOST_NUMBERS = 12


def escape(text: str) -> str:
    """Text for a cell of a Markdown table: names of files and classes come from strangers."""
    for sign in "\\`*_[]<>#|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def technology(e: JsonDict) -> str:
    """The category of technology, and what it learns."""
    return f"Deep learning ({_plan(e, 'network', 'family')} network) for {e['task']} of {_classes(e)}."


def question(e: JsonDict) -> str:
    """What was asked of the model."""
    return f"How well a model does {e['task']} of {_classes(e)} in images of {e['data']['source']}."


def summary(e: JsonDict) -> str:
    """Methods and results in two sentences."""
    return f"{technology(e)} {flow(e)} {_lead(e)}"


def source(e: JsonDict) -> str:
    """Where the data came from, and their hash."""
    return f"{e['data']['source']} ({e['data']['layout']}), SHA-256 of all cases {e['data']['hash'][:16]}…."


def acquisition(e: JsonDict) -> str:
    """Modality and spacing of what was learnt from."""
    learnt = e["provenance"].get("data") or {}
    span = learnt.get("spacing_mm") or {}
    parts = [f"Modality {learnt['modality']}." if learnt.get("modality") else ""]
    if span:
        ends = " to ".join(" × ".join(f"{mm:.3g}" for mm in span[end]) for end in ("smallest", "largest"))
        parts.append(f"Voxels of {ends} mm.")
    return " ".join(filter(None, parts))


def exclusions(e: JsonDict) -> str:
    """Which cases could not be used, and what happens to missing voxels."""
    reasons = Counter(one["stage"] for one in e["set_aside"])
    aside = ", ".join(f"{n} at {stage}" for stage, n in reasons.most_common())
    said = f"{len(e['set_aside'])} cases could not be used ({aside}): failures.csv tells why."
    return f"{said if aside else 'No case was set aside.'} Voxels that are no numbers get the smallest value."


def preparation(e: JsonDict) -> str:
    """What happens before the network sees an image."""
    return f"{exclusions(e)} {preprocessing(e)}"


def preprocessing(e: JsonDict) -> str:
    """Grid, intensities and classical steps."""
    spacing, side = _plan(e, "spacing_mm"), _plan(e, "longest_side")
    grid = (
        f"resampled to {' × '.join(f'{mm:g}' for mm in spacing)} mm"
        if spacing
        else f"longest side {side} pixels"
        if side
        else "on their own grid"
    )
    methods = ", ".join(sorted({one["method"] for one in _plan(e, "channels") or []}))
    steps = _plan(e, "enhance") or []
    before = f" Before that: {', '.join(map(str, steps))}." if steps else ""
    return f"Images {grid}; intensities: {methods}.{before}"


def reference(e: JsonDict) -> str:
    """What the predictions are measured against."""
    kind = {"segmentation": "masks", "detection": "boxes"}.get(e["task"], "labels")
    return f"The {kind} that came with the data ({e['data']['layout']})."


def partition(e: JsonDict) -> str:
    """How cases were assigned."""
    return f"{e['provenance'].get('how_split', '')} Judged: {e['how_chosen']}.".strip()


def disjoint(e: JsonDict) -> str:
    """The level of the partition."""
    if e["data"]["patients"] == "unknown":
        return "Cases: who the patients are is not known; near-duplicate images were kept together."
    return f"Patients ({e['data']['patients']}); near-duplicate images were kept together too."


def precision(e: JsonDict) -> str:
    """How sure so many cases make the leading number."""
    return f"{_count(e)} were judged, which gives: {_lead(e)}"


def network(e: JsonDict) -> str:
    """The network, its input and what it costs."""
    own = {
        name: value for name, value in (_plan(e, "network") or {}).items() if value not in ([], 0, "", 0.0)
    }
    patch = " × ".join(map(str, _plan(e, "patch_voxels") or []))
    said = ", ".join(f"{name} {value}" for name, value in own.items())
    return f"{said}; input {len(_plan(e, 'channels') or [])} × {patch} voxels. All of it stands in plan.json."


def specification(e: JsonDict) -> str:
    """Where the whole model is."""
    return f"model/ holds plan and weights (SHA-256 {e['model']['hash'][:16]}…); {network(e)}"


def software(e: JsonDict) -> str:
    """Versions."""
    return ", ".join(f"{name} {version}" for name, version in e["provenance"].get("versions", {}).items())


def initialisation(e: JsonDict) -> str:
    """What the weights were before training."""
    start = e["provenance"].get("start")
    if start:
        return f"From {start['from']}: {start['summary']}."
    return f"Random weights, seed {e['provenance'].get('seed')}."


def training(e: JsonDict) -> str:
    """Optimiser, loss, augmentation, time."""
    changed = {n: v for n, v in (_plan(e, "augmentation") or {}).items() if v not in ([], 0, 0.0)}
    told = ", ".join(f"{name} {value}" for name, value in changed.items())
    story = e["provenance"]
    return (
        f"{_plan(e, 'optimiser')}, learning rate {_plan(e, 'learning_rate')}, {_plan(e, 'schedule')}, "
        f"loss {_plan(e, 'loss')}, batch {_plan(e, 'batch_size')}, {story.get('steps')} steps in "
        f"{story.get('minutes', 0):.3g} minutes ({story.get('ended', '')}); augmentation: {told or 'none'}."
    )


def selection(e: JsonDict) -> str:
    """How the final model was chosen."""
    story = e["provenance"]
    score = story.get("best_score", story.get("out_of_fold_score"))
    told = f" ({e['score']} {score:.3f})" if is_number(score) else ""
    unseen = "" if e["split"] in ("val", "all") else "; the cases judged here were used for nothing else"
    return f"The weights of the round with the best score on validation cases{told}{unseen}."


def ensemble(e: JsonDict) -> str:
    """How many networks answer."""
    n = e["model"].get("members", 1)
    return f"The mean of {n} networks, one a fold." if n > 1 else "None: one network."


def metrics(e: JsonDict) -> str:
    """Which numbers are given."""
    return f"{', '.join(dict.fromkeys(one['name'] for one in e['numbers']))}; selected by {e['score']}."


def uncertainty(e: JsonDict) -> str:
    """How intervals came about."""
    methods = Counter(one["method"] for one in e["numbers"] if is_number(one.get("low")))
    return f"95 % intervals: {methods.most_common(1)[0][0]}." if methods else ""


def analysis(e: JsonDict) -> str:
    """All of the analysis."""
    return " ".join((partition(e), network(e), training(e), selection(e), metrics(e), uncertainty(e)))


def subgroups(e: JsonDict) -> str:
    """Numbers by group of cases, where they were asked for."""
    named = ", ".join(one["column"] for one in e.get("subgroups") or [])
    return (
        f"Groups by {named}, their differences corrected for many looks: see evaluation.json."
        if named
        else ""
    )


def internal(e: JsonDict) -> str:
    """Judged on held-out cases of the same data."""
    return "" if _is_external(e) else f"Yes, {e['split']} cases ({_count(e)}): {e['how_chosen']}."


def external(e: JsonDict) -> str:
    """Judged on another source."""
    return f"Yes, {_count(e)} of {e['data']['source']}." if _is_external(e) else ""


def imbalance(e: JsonDict) -> str:
    """What was done about rare classes."""
    keys = ("class_weights", "sampling", "logit_adjustment", "class_shares")
    reasons = {one["field"]: one["reason"] for one in e["plan"]}
    return "; ".join(f"{key}: {reasons[key]}" for key in keys if reasons.get(key))


def output(e: JsonDict) -> str:
    """What the model answers."""
    kind = {
        "segmentation": "a mask on the grid of the image, and probabilities of each voxel",
        "detection": "boxes with scores",
        "regression": "a number with an interval",
    }.get(e["task"], "a probability of each class")
    rules = (e.get("detection") or {}).get("thresholds") or {}
    told = ", ".join(f"{name} {value:g}" for name, value in rules.items())
    return f"{kind[0].upper()}{kind[1:]} ({_classes(e)}).{f' Thresholds: {told}.' if told else ''}"


def doubts(e: JsonDict) -> str:
    """How the judged images differ from those learnt from."""
    found = [
        f"{d['kind']}: {d['received']} instead of {d['expected']} ({d['n']} cases)"
        if d["expected"]
        else f"{d['kind'].replace('.', ': ')} ({d['n']} cases)"
        for d in e["doubts"]
    ]
    return "; ".join(found) if found else "No difference of modality, spacing or class names was found."


def flow(e: JsonDict) -> str:
    """Numbers of cases."""
    parts = ((name, e["flow"].get(key)) for name, key in _FLOW)
    said = ", ".join(f"{n} {name}" for name, n in parts if n)
    return f"{said}; {_count(e)} judged."


_FLOW = (
    *(("cases found", "found"), ("set aside", "set_aside")),
    *(("for training", "train"), ("for validation", "val"), ("for testing", "test")),
)


def numbers(e: JsonDict) -> str:
    """The first numbers with their intervals."""
    # Of one class, the mean over the classes is the same again.
    shown = [one for one in e["numbers"] if len(e["classes"]) > 1 or not _has_mean(one, e)]
    told = [f"{one['name']} {one.get('group') or ''}".strip() + f" {_number(one)}" for one in shown]
    rest = f"; {len(told) - MOST_NUMBERS} more in evaluation.json" if len(told) > MOST_NUMBERS else ""
    return "; ".join(told[:MOST_NUMBERS]) + rest


def failures(e: JsonDict) -> str:
    """Where to look at what went wrong."""
    return "The report shows the worst cases with pictures; evaluation.json lists every case."


def limits(e: JsonDict) -> str:
    """What the run knows against its own results."""
    said = [] if _is_external(e) else ["Judged on the source that it learnt from: nothing is said of others."]
    if e["data"]["patients"] == "unknown":
        said.append("Patients are unknown: the same patient may stand on both sides.")
    if e["doubts"]:
        said.append(doubts(e))
    return " ".join(said)


def protocol(e: JsonDict) -> str:
    """Where every decision is recorded."""
    return "plan.json (every decision with its reason), settings.toml, splits.json, provenance.json."


def availability(e: JsonDict) -> str:
    """Of the software."""
    version = e["provenance"].get("versions", {}).get("scanwright", "")
    return f"scanwright {version}, Apache-2.0; the run repeats from its plan.json and seed."


def _number(one: Mapping[str, Any]) -> str:
    if not is_number(one.get("value")):
        return "undefined"
    low, high = one.get("low"), one.get("high")
    interval = format_interval(low, high, one["value"]) if is_number(low) else "no interval"
    return f"{format_value(one['value'], low, high)} ({interval}), n = {one['n']}"


def _has_mean(one: Mapping[str, Any], e: JsonDict) -> bool:
    return bool(one.get("group")) and any(
        other["name"] == one["name"] and not other.get("group") for other in e["numbers"]
    )


def _lead(e: JsonDict) -> str:
    first = [one for one in e["numbers"] if one["name"] == e["score"]][:1] or e["numbers"][:1]
    return f"{first[0]['name']} {_number(first[0])}." if first else ""


def _count(e: JsonDict) -> str:
    patients = f" of {e['n_patients']} patients" if e.get("n_patients") else ""
    return f"{e['n_cases']} cases{patients}"


def _classes(e: JsonDict) -> str:
    return ", ".join(e["classes"]) or str(_plan(e, "target") or "a number")


def _is_external(e: JsonDict) -> bool:
    return bool(e["split"] == "external")


def _plan(e: JsonDict, field: str, part: str = "") -> Any:
    value = next((one["value"] for one in e["plan"] if one["field"] == field), None)
    return value.get(part) if part and isinstance(value, Mapping) else value
