"""What a run knows of a study, in sentences: for checklists and model cards. "" is: not known.

What was learnt from (``learnt_from``, the run's own) and what was judged (``data``) are told apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from scanwright.report.answer import is_number, patients_unknown
from scanwright.report.reasons import source_in_chinese
from scanwright.report.rounding import format_interval, format_number, format_value
from scanwright.report.texts import Words
from scanwright.types import JsonDict

MOST_NUMBERS = 12
_SPLITS = ("train", "val", "test")
_LEFT_OUT = re.compile(r", \d+ without .*")


def escape(text: str) -> str:
    """Text for a cell of a Markdown table: names of files and classes come from strangers."""
    for sign in "\\`*_[]<>#|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def technology(e: JsonDict, words: Words) -> str:
    """The category of technology, and what it learns."""
    family = _plan(e, "network", "family")
    return words("study.technology", family=family, task=_task(e, words), classes=_classes(e, words))


def question(e: JsonDict, words: Words) -> str:
    """What was asked of the model."""
    gaps = {"task": _task(e, words), "classes": _classes(e, words), "source": e["data"]["source"]}
    return words("study.question", **gaps)


def summary(e: JsonDict, words: Words) -> str:
    """Methods and results in two sentences."""
    return _joined((technology(e, words), flow(e, words), _lead(e, words)), words)


def source(e: JsonDict, words: Words) -> str:
    """Where the data learnt from and those judged came from."""
    learnt, data, short = e.get("learnt_from") or {}, e["data"], e["data"]["hash"][:16]
    told = words("study.learnt_unknown")
    if learnt:
        parts = [_place(learnt), _number_of_cases(learnt.get("n_cases"), learnt.get("n_patients"), words)]
        told = words("study.learnt_from", what=_listed(parts, words))
    if not _is_external(e):
        return _joined((told, words("study.same_data", hash=short)), words)
    parts = [_place(data), _count(e, words), words("study.other_hash", hash=short)]
    return _joined((told, words("study.judged_on", what=_listed(parts, words))), words)


def acquisition(e: JsonDict, words: Words) -> str:
    """Modality and spacing of what was learnt from, and how the images judged differ."""
    learnt = e.get("learnt_from") or e["provenance"].get("data") or {}
    span, shape = learnt.get("spacing_mm") or {}, learnt.get("shape") or {}
    ends = ("smallest", "largest")
    parts = [words("study.modality", modality=learnt["modality"])] if learnt.get("modality") else []
    if span:
        sizes = {end: " × ".join(f"{mm:.3g}" for mm in span[end]) for end in ends}
        parts.append(words("study.spacing", **sizes))
    elif shape:
        sizes = {end: " × ".join(str(n) for n in shape[end] if n > 1) for end in ends}
        parts.append(words("study.side", **sizes))
    if parts and _is_external(e):
        parts.append(words("study.judged_images", doubts=doubts(e, words)))
    return _joined(parts, words)


def exclusions(e: JsonDict, words: Words) -> str:
    """Which cases could not be used, and what happens to missing voxels."""
    stages = Counter(one["stage"] for one in e["set_aside"])
    at = [words("study.aside_at", n=n, stage=_or(words, "study.stage", s)) for s, n in stages.most_common()]
    parts = [words("study.none_aside")]
    if at:
        parts = [words("study.aside", n=len(e["set_aside"]), stages=_listed(at, words))]
    left_out = (e.get("learnt_from") or {}).get("n_set_aside")
    if left_out and _is_external(e):
        parts.append(words("study.learnt_aside", n=left_out))
    return _joined((*parts, words("study.no_numbers")), words)


def preparation(e: JsonDict, words: Words) -> str:
    """What happens before the network sees an image."""
    return _joined((exclusions(e, words), preprocessing(e, words)), words)


def preprocessing(e: JsonDict, words: Words) -> str:
    """Grid, intensities and classical steps."""
    spacing, side = _plan(e, "spacing_mm"), _plan(e, "longest_side")
    grid = words("study.own_grid")
    if spacing:
        grid = words("study.resampled", spacing=" × ".join(f"{mm:g}" for mm in spacing))
    elif side:
        grid = words("study.longest_side", side=side)
    methods = sorted({one["method"] for one in _plan(e, "channels") or []})
    steps = [str(step) for step in _plan(e, "enhance") or []]
    before = words("study.before", steps=_listed(steps, words)) if steps else ""
    return _joined((words("study.preprocessing", grid=grid, methods=_listed(methods, words)), before), words)


def reference(e: JsonDict, words: Words) -> str:
    """What was learnt from as right, and what predictions are measured against."""
    kind = words(f"study.{ {'segmentation': 'masks', 'detection': 'boxes'}.get(e['task'], 'labels') }")
    learnt, layout = (e.get("learnt_from") or {}).get("layout"), e["data"]["layout"]
    if learnt and _is_external(e):
        return words("study.reference_other", kind=kind, layout=layout, learnt=learnt)
    return words("study.reference", kind=kind, layout=layout)


def partition(e: JsonDict, words: Words) -> str:
    """How cases were assigned."""
    learnt = e.get("learnt_from") or e["provenance"]
    how = [_how_split(part, words) for part in (learnt.get("how_split") or "").split("; ") if part]
    own = words("study.partition", how=words("study.semicolon").join(how)) if how else ""
    judged = words("study.judged", how=words(f"study.how_chosen.{e['split']}"))
    return _joined((own, judged), words)


def disjoint(e: JsonDict, words: Words) -> str:
    """The level of the partition of the data learnt from, and what is known of others."""
    learnt = e.get("learnt_from") or e["provenance"].get("data") or {}
    patients = str(learnt.get("patients") or "")
    own = words("study.apart.unrecorded")
    if patients:
        named = source_in_chinese(patients) if words.lang == "zh" else patients
        is_unknown = patients.startswith("unknown")
        own = words("study.apart.unknown") if is_unknown else words("study.apart.known", patients=named)
    return _joined((own, words("study.apart.external") if _is_external(e) else ""), words)


def precision(e: JsonDict, words: Words) -> str:
    """How sure so many cases make the leading number."""
    return words("study.precision", count=_count(e, words), lead=_lead(e, words))


def network(e: JsonDict, words: Words) -> str:
    """The network, its input and what it costs."""
    own = {
        name: value for name, value in (_plan(e, "network") or {}).items() if value not in ([], 0, "", 0.0)
    }
    patch = " × ".join(map(str, _plan(e, "patch_voxels") or []))
    parts = _listed((f"{name} {value}" for name, value in own.items()), words)
    return words("study.network", parts=parts, n=len(_plan(e, "channels") or []), patch=patch)


def specification(e: JsonDict, words: Words) -> str:
    """Where the whole model is."""
    return words("study.specification", hash=e["model"]["hash"][:16], network=network(e, words))


def software(e: JsonDict, words: Words) -> str:
    """Versions."""
    versions = e["provenance"].get("versions", {})
    return _listed((f"{name} {version}" for name, version in versions.items()), words)


def initialisation(e: JsonDict, words: Words) -> str:
    """What the weights were before training."""
    start = e["provenance"].get("start")
    if start:
        return words("study.from", name=start["from"])
    return words("study.random", seed=e["provenance"].get("seed"))


def training(e: JsonDict, words: Words) -> str:
    """Optimiser, loss, augmentation, time."""
    changed = {n: v for n, v in (_plan(e, "augmentation") or {}).items() if v not in ([], 0, 0.0)}
    told = _listed((f"{name} {value}" for name, value in changed.items()), words)
    story = e["provenance"]
    return words(
        "study.training",
        optimiser=_plan(e, "optimiser"),
        rate=_plan(e, "learning_rate"),
        schedule=_plan(e, "schedule"),
        loss=_plan(e, "loss"),
        batch=_plan(e, "batch_size"),
        steps=story.get("steps"),
        minutes=f"{story.get('minutes', 0):.3g}",
        augmentation=told or words("study.none"),
    )


def selection(e: JsonDict, words: Words) -> str:
    """How the final model was chosen."""
    story = e["provenance"]
    score = story.get("best_score", story.get("out_of_fold_score"))
    told = f" ({words.metric(e['score'])} {score:.3f})" if is_number(score) else ""
    seen = e["split"] in ("val", "all")
    return words("study.selection" if seen else "study.selection_unseen", score=told)


def ensemble(e: JsonDict, words: Words) -> str:
    """How many networks answer."""
    n = e["model"].get("members", 1)
    return words("study.ensemble", n=n) if n > 1 else words("study.no_ensemble")


def metrics(e: JsonDict, words: Words) -> str:
    """Which numbers are given."""
    names = dict.fromkeys(words.metric(one["name"]) for one in e["numbers"])
    return words("study.metrics", names=_listed(names, words), score=words.metric(e["score"]))


def uncertainty(e: JsonDict, words: Words) -> str:
    """How the interval of each number came about, the most usual way first."""
    told = [one for one in e["numbers"] if is_number(one.get("low"))]
    by_method: dict[str, dict[str, None]] = {}
    counts = Counter(_LEFT_OUT.sub("", one["method"]) for one in told)
    for method, _ in counts.most_common():
        own = [one for one in told if _LEFT_OUT.sub("", one["method"]) == method]
        by_method[method] = dict.fromkeys(_name(one, words) for one in own)
    methods = [
        words("study.interval_of", method=words.interval_method(method), names=_listed(names, words))
        for method, names in by_method.items()
    ]
    level = 100 * told[0].get("level", 0.95) if told else 95
    joined = words("study.semicolon").join(methods)
    return words("study.intervals", level=f"{level:g}", methods=joined) if methods else ""


def analysis(e: JsonDict, words: Words) -> str:
    """All of the analysis."""
    facts = (partition, network, training, selection, metrics, uncertainty)
    return _joined((fact(e, words) for fact in facts), words)


def subgroups(e: JsonDict, words: Words) -> str:
    """The leading number of each group of cases, and which groups differ, where groups were asked for."""
    told = []
    for one in e.get("subgroups") or []:
        groups = [
            f"{group['name']}: {_number(number, words)}"
            for group in one["groups"]
            for number in group["numbers"]
            if number["name"] == e["score"] and not number["group"]
        ]
        groups_told = words("study.semicolon").join(groups)
        told.append(words("study.subgroup", column=words.column(one["column"]), groups=groups_told))
        told += [
            words(
                "study.gap",
                a=gap["a"],
                b=gap["b"],
                name=words.metric(gap["name"]),
                difference=format_number(gap["difference"], gap["low"], gap["high"]),
                p=f"{gap['p_holm']:.2g}",
            )
            for gap in one["gaps"]
            if gap["differs"]
        ]
    return _joined(told, words)


def internal(e: JsonDict, words: Words) -> str:
    """Judged on held-out cases of the same data."""
    if _is_external(e):
        return ""
    return words("study.internal", split=words.split(e["split"]), count=_count(e, words))


def external(e: JsonDict, words: Words) -> str:
    """Judged on data that are not the run's own; of what source they are is not known here."""
    if not _is_external(e):
        return ""
    return words("study.external", count=_count(e, words), source=e["data"]["source"])


def imbalance(e: JsonDict, words: Words) -> str:
    """Cases of each class that were learnt from, and what was done about rare ones."""
    counts = (e.get("learnt_from") or {}).get("classes") or {}
    if not counts:
        return ""
    named = _listed((f"{name} {n}" for name, n in counts.items()), words)
    own = [str(value) for value in (_plan(e, "class_weights"), _plan(e, "sampling")) if value]
    weights = words("study.weights", value=own[0], sampling=own[1]) if len(own) == 2 else ""
    return _joined((words("study.classes", counts=named), weights), words)


def output(e: JsonDict, words: Words) -> str:
    """What the model answers."""
    kinds = {"segmentation": "masks", "detection": "boxes", "regression": "number"}
    told = words(f"study.output.{kinds.get(e['task'], 'classes')}", classes=_classes(e, words))
    rules = (e.get("detection") or {}).get("thresholds") or e.get("thresholds") or {}
    named = _listed((f"{name} {value:.3g}" for name, value in rules.items()), words)
    return _joined(
        (told, words("study.thresholds", thresholds=named) if named else "", _least_pieces(e, words)), words
    )


def _least_pieces(e: JsonDict, words: Words) -> str:
    sizes = zip(e["classes"], (_plan(e, "least_pieces") or ())[1:], strict=False)  # the first: background
    named = _listed((f"{name} {size:g}" for name, size in sizes if size), words)
    flat = _plan(e, "dims") == 2
    counted = words("study.pixels" if flat else "study.voxels")
    unit = counted if not _plan(e, "spacing_mm") else "mm²" if flat else "mm³"
    return words("study.least_pieces", sizes=named, unit=unit) if named else ""


def doubts(e: JsonDict, words: Words) -> str:
    """How the judged images differ from those learnt from."""
    found = []
    for doubt in e["doubts"]:
        kind = _or(words, "study.kind", doubt["kind"])
        key = "study.doubt" if doubt["expected"] else "study.doubt_plain"
        gaps = {"kind": kind, "n": doubt["n"]}
        if doubt["expected"]:
            gaps |= {"received": doubt["received"], "expected": doubt["expected"]}
        found.append(words(key, **gaps))
    return words("study.semicolon").join(found) if found else words("study.no_doubts")


def flow(e: JsonDict, words: Words) -> str:
    """Numbers of cases, of the data learnt from and of those judged."""
    judged = words("study.flow.judged", count=_count(e, words))
    keys = ("found", "set_aside", *_SPLITS)
    parts = [words(f"study.flow.{key}", n=n) for key in keys for n in [e["flow"].get(key)] if n]
    own = (e.get("learnt_from") or {}).get("splits") or {}
    if not _is_external(e) or not own:
        return words("study.lead", number=_listed([*parts, judged], words))
    learnt = [words(f"study.flow.{key}", n=own[key]) for key in _SPLITS if own.get(key)]
    return words("study.flow.learnt", parts=_listed(learnt, words), rest=_listed([*parts, judged], words))


def numbers(e: JsonDict, words: Words) -> str:
    """The first numbers with their intervals."""
    # Of one class, the mean over the classes is the same again.
    shown = [one for one in e["numbers"] if len(e["classes"]) > 1 or not _has_mean(one, e)]
    told = [
        f"{_name(one, words)} {one.get('group') or ''}".strip() + f" {_number(one, words)}" for one in shown
    ]
    rest = [words("study.more", n=len(told) - MOST_NUMBERS)] if len(told) > MOST_NUMBERS else []
    return words("study.semicolon").join(told[:MOST_NUMBERS] + rest)


def performance(e: JsonDict, words: Words) -> str:
    """The first numbers, then the leading one of each subgroup."""
    return words("study.semicolon").join(filter(None, (numbers(e, words), subgroups(e, words))))


def failures(e: JsonDict, words: Words) -> str:
    """Where to look at what went wrong."""
    return words("study.failures")


def limits(e: JsonDict, words: Words) -> str:
    """What the run knows against its own results."""
    said = [words(f"study.limit.{'external' if _is_external(e) else 'internal'}")]
    if patients_unknown(e):
        said.append(words("study.limit.patients"))
    return _joined(said, words)


def protocol(e: JsonDict, words: Words) -> str:
    """Where every decision is recorded."""
    return words("study.protocol")


def availability(e: JsonDict, words: Words) -> str:
    """Of the software."""
    return words("study.availability", version=e["provenance"].get("versions", {}).get("scanwright", ""))


def _number(one: Mapping[str, Any], words: Words) -> str:
    if not is_number(one.get("value")):
        return words("study.undefined")
    low, high = one.get("low"), one.get("high")
    interval = format_interval(low, high, one["value"]) if is_number(low) else words("study.no_interval")
    return f"{format_value(one['value'], low, high)} ({interval}), n = {one['n']}"


def _name(one: Mapping[str, Any], words: Words) -> str:
    return words.metric(one["name"])


def _has_mean(one: Mapping[str, Any], e: JsonDict) -> bool:
    return bool(one.get("group")) and any(
        other["name"] == one["name"] and not other.get("group") for other in e["numbers"]
    )


def _lead(e: JsonDict, words: Words) -> str:
    first = [one for one in e["numbers"] if one["name"] == e["score"]][:1] or e["numbers"][:1]
    told = [f"{_name(one, words)} {_number(one, words)}" for one in first]
    return words("study.lead", number=told[0]) if told else ""


def _count(e: JsonDict, words: Words) -> str:
    return _number_of_cases(e["n_cases"], e.get("n_patients"), words)


def _number_of_cases(n: int | None, n_patients: int | None, words: Words) -> str:
    if not n:
        return ""
    key = "study.cases_patients" if n_patients else "study.cases"
    return words(key, **{"n": n} | ({"n_patients": n_patients} if n_patients else {}))


def _classes(e: JsonDict, words: Words) -> str:
    return _listed(e["classes"], words) or str(_plan(e, "target") or words("study.number"))


def _task(e: JsonDict, words: Words) -> str:
    return _or(words, "study.task", e["task"])


def _place(data: Mapping[str, Any]) -> str:
    """Name of a data set, and its layout behind it."""
    name, layout = data.get("source"), data.get("layout")
    return f"{name} ({layout})" if name and layout else str(name or layout or "")


def _how_split(part: str, words: Words) -> str:
    """A part of how the run's own data were divided, which ``data.splits`` writes in English."""
    if found := re.fullmatch(r"(\w+) drawn \((\d+) of (\d+) patients or unrelated cases\)", part):
        return words("study.how.drawn", split=found[1], n=found[2], total=found[3])
    if found := re.fullmatch(r"(\w+) as given by the data", part):
        return words("study.how.given", split=found[1])
    if found := re.fullmatch(
        r"train and val together in (\d+) folds \((\d+) patients or unrelated cases\)", part
    ):
        return words("study.how.folds", n=found[1], total=found[2])
    return part


def _or(words: Words, prefix: str, name: str) -> str:
    """Our word for a name, or the name where we have none."""
    return words(f"{prefix}.{name}") if words.has(f"{prefix}.{name}") else name


def _listed(parts: Iterable[str], words: Words) -> str:
    return words("comma").join(filter(None, parts))


def _joined(sentences: Iterable[str], words: Words) -> str:
    return ("" if words.lang == "zh" else " ").join(filter(None, sentences))


def _is_external(e: JsonDict) -> bool:
    return bool(e["split"] == "external")


def _plan(e: JsonDict, field: str, part: str = "") -> Any:
    value = next((one["value"] for one in e["plan"] if one["field"] == field), None)
    return value.get(part) if part and isinstance(value, Mapping) else value
