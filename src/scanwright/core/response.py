"""Response to treatment from measurements: RECIST 1.1, iRECIST, volumes, and the imaging part of RANO.

Eisenhauer et al., Eur J Cancer 2009;45:228 (RECIST 1.1, whose sections are cited); Seymour et al., Lancet
Oncol 2017;18:e143 (iRECIST); Wen et al., J Clin Oncol 2010;28:1963 (RANO). All functions are pure; each
verdict bears the rule that decided it, which ``report.response_texts`` puts into words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Answer: TypeAlias = Literal["CR", "PR", "SD", "PD", "NE", "NON-CR/NON-PD", "NONE"]
State: TypeAlias = Literal["present", "absent", "progressed", "unknown"]

NORMAL_NODE_MM = 10.0
LEAST_GROWTH_MM = 5.0
CONFIRMED_FROM_DAYS = 28
_ROUNDING = 1e-9  # 30 % of 100 are 30, whatever the last binary digit says


@dataclass(frozen=True)
class Visit:
    """What was seen at one date; the first visit of a series is the baseline.

    Attributes:
        targets: target → mm (longest diameter, of nodes the short axis; mm² for RANO, mm³ for volumes); 0 is
            gone, ``None`` was not or could not be measured.
        non_targets: non-target → state; a node below 10 mm is "absent".
        new: lesions that were not there at baseline.
        new_mm: of new lesions that were measured, their sum (iRECIST).
        day: since baseline, where known.
    """

    targets: Mapping[str, float | None] = field(default_factory=dict)
    non_targets: Mapping[str, State] = field(default_factory=dict)
    new: tuple[str, ...] = ()
    new_mm: float | None = None
    day: float | None = None


@dataclass(frozen=True)
class Verdict:
    """An answer, and why.

    Attributes:
        answer: CR, PR, SD, PD, NE, NON-CR/NON-PD or NONE (no such lesions).
        rule: names the rule that decided.
        facts: what fills the gaps of its words.
    """

    answer: str
    rule: str
    facts: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Assessment:
    """One visit after baseline.

    Attributes:
        target, non_target, overall: verdicts.
        total: sum over the targets that were measured.
        nadir: the smallest complete sum before, baseline included.
    """

    target: Verdict
    non_target: Verdict
    overall: Verdict
    total: float
    nadir: float


@dataclass(frozen=True)
class Criteria:
    """Thresholds of a set of rules.

    Attributes:
        shrunk: part of the baseline's sum that a partial response has lost.
        grown: part of the nadir by which progression is more.
        least: and at least so much in the unit of the sum.
    """

    name: str
    shrunk: float
    grown: float
    least: float


RECIST = Criteria("recist", 0.3, 0.2, LEAST_GROWTH_MM)
# What a ball does whose diameter shrinks by 30 % or grows by 20 %.
VOLUME = Criteria("volume", 1 - 0.7**3, 1.2**3 - 1, 0.0)
RANO = Criteria("rano", 0.5, 0.25, 0.0)


def assess(
    visits: Sequence[Visit], nodes: frozenset[str] = frozenset(), criteria: Criteria = RECIST
) -> list[Assessment]:
    """Time-point responses of all visits after baseline (RECIST 1.1, 4.3 and 4.4.1).

    Args:
        visits: by date, baseline first; all targets are named there.
        nodes: which targets are lymph nodes.
        criteria: thresholds.

    Raises:
        ValueError: no baseline, or a target that was not measured then.
    """
    if not visits or any(size is None for size in visits[0].targets.values()):
        raise ValueError("every target is measured at baseline")
    baseline = _total(visits[0], visits[0].targets)
    nadir, found, was_gone = baseline, list[Assessment](), False
    for visit in visits[1:]:
        target = assess_targets(visit, visits[0], nadir, nodes, criteria, was_gone=was_gone)
        non_target = assess_non_targets(visit, visits[0])
        overall = assess_overall(target, non_target, visit.new)
        total = _total(visit, visits[0].targets)
        found.append(Assessment(target, non_target, overall, total, nadir))
        if all(visit.targets.get(name) is not None for name in visits[0].targets):
            nadir = min(nadir, total)
        was_gone = was_gone or overall.answer == "CR"
    return found


def assess_targets(
    visit: Visit,
    baseline: Visit,
    nadir: float,
    nodes: frozenset[str] = frozenset(),
    criteria: Criteria = RECIST,
    *,
    was_gone: bool = False,
) -> Verdict:
    """Target lesions (RECIST 1.1, 4.3.1, 4.3.2 and 4.4.2).

    Args:
        visit, baseline: what was measured.
        nadir: smallest sum before.
        nodes: which targets are lymph nodes.
        criteria: thresholds.
        was_gone: a complete response came before.
    """
    if not baseline.targets:
        return Verdict("NONE", "target.none")
    sizes = {name: visit.targets.get(name) for name in baseline.targets}
    first, total = _total(baseline, baseline.targets), _total(visit, baseline.targets)
    missing = [name for name, size in sizes.items() if size is None]
    facts: dict[str, float | str] = {"sum": total, "baseline": first, "nadir": nadir, "missing": len(missing)}
    facts |= {"from_baseline": _change(total, first), "from_nadir": _change(total, nadir)}
    grew = total - nadir >= criteria.grown * nadir - _ROUNDING and total > nadir
    grew = grew and total - nadir >= criteria.least - _ROUNDING
    if missing:
        # More can only be added to what was measured: enough growth without it is enough with it.
        if grew:
            return Verdict("PD", "target.pd_incomplete", facts)
        # What was measured is no sum of them all, and its change is none of theirs.
        known = {name: value for name, value in facts.items() if name in ("baseline", "nadir", "missing")}
        return Verdict("NE", "target.ne", known)
    gone = all(
        size == 0 or (name in nodes and size < NORMAL_NODE_MM)
        for name, size in sizes.items()
        if size is not None
    )
    if gone:
        has_nodes = any(size for size in sizes.values())
        return Verdict("CR", "target.cr_nodes" if has_nodes else "target.cr", facts)
    if grew:
        return Verdict("PD", "target.pd", facts)
    if was_gone:
        return Verdict("PD", "target.pd_after_cr", facts)
    if first - total >= criteria.shrunk * first - _ROUNDING:
        return Verdict("PR", "target.pr", facts)
    if total - nadir >= criteria.grown * nadir - _ROUNDING and total > nadir:
        return Verdict("SD", "target.sd_below_5mm", facts)
    return Verdict("SD", "target.sd", facts)


def assess_non_targets(visit: Visit, baseline: Visit) -> Verdict:
    """Non-target lesions (RECIST 1.1, 4.3.3 and 4.3.4); progression must be unequivocal, as a reader says."""
    if not baseline.non_targets:
        return Verdict("NONE", "non_target.none")
    states = [visit.non_targets.get(name, "unknown") for name in baseline.non_targets]
    facts = {state: float(states.count(state)) for state in ("present", "absent", "progressed", "unknown")}
    if "progressed" in states:
        return Verdict("PD", "non_target.pd", facts)
    if "unknown" in states:
        return Verdict("NE", "non_target.ne", facts)
    if "present" in states:
        return Verdict("NON-CR/NON-PD", "non_target.neither", facts)
    return Verdict("CR", "non_target.cr", facts)


def assess_overall(target: Verdict, non_target: Verdict, new: Sequence[str] = ()) -> Verdict:
    """The tables of RECIST 1.1, 4.4.1: with targets (table 1), and without (table 2)."""
    facts: dict[str, float | str] = {
        "target": target.answer,
        "non_target": non_target.answer,
        "new": len(new),
    }
    if new:
        return Verdict("PD", "overall.new", facts)
    for part, rule in ((target, "overall.target_pd"), (non_target, "overall.non_target_pd")):
        if part.answer == "PD":
            return Verdict("PD", rule, facts)
    if target.answer == "NONE":
        answer = "NE" if non_target.answer == "NONE" else non_target.answer
        return Verdict(
            answer, "overall.no_disease" if non_target.answer == "NONE" else "overall.table_2", facts
        )
    if target.answer == "CR" and non_target.answer not in ("CR", "NONE"):
        return Verdict("PR", "overall.cr_but_non_target", facts)
    return Verdict(target.answer, "overall.table_1", facts)


def assess_immune(visits: Sequence[Visit], nodes: frozenset[str] = frozenset()) -> list[Verdict]:
    """iRECIST: progression is unconfirmed (iUPD) until it goes on at the next assessment (iCPD), or resets.

    Confirmed by: the target sum 5 mm or more beyond that of iUPD; non-targets that progress further; new
    lesions that grew by 5 mm or more together, or another one; a category that had not progressed before.
    """
    plain = assess(visits, nodes)
    answers: list[Verdict] = []
    pending: int | None = None
    for n, one in enumerate(plain):
        visit = visits[n + 1]
        facts: dict[str, float | str] = {"recist": one.overall.answer, "sum": one.total}
        parts = _progressed_parts(one, visit)
        if pending is None:
            if parts:
                pending = n
                answers.append(Verdict("iUPD", "immune.unconfirmed", facts))
            else:
                answers.append(Verdict(_immune(one.overall.answer), "immune.as_recist", facts))
            continue
        before, then = plain[pending], visits[pending + 1]
        days = None if visit.day is None or then.day is None else visit.day - then.day
        went_on = _went_on(one, before, visit, then, parts)
        if not parts:
            if one.overall.answer == "NE":
                answers.append(Verdict("NE", "immune.not_evaluable", facts))
                continue
            pending = None
            answers.append(Verdict(_immune(one.overall.answer), "immune.reset", facts))
        elif went_on and days is not None and days < CONFIRMED_FROM_DAYS:
            answers.append(Verdict("iUPD", "immune.too_early", facts | {"days": days}))
        elif went_on:
            answers.append(Verdict("iCPD", f"immune.confirmed_{went_on}", facts))
        else:
            # What is the same as at the last assessment is looked at again at the next one.
            answers.append(Verdict("iUPD", "immune.still_unconfirmed", facts))
            pending = n
        if answers[-1].answer == "iCPD":
            answers += [Verdict("iCPD", "immune.was_confirmed")] * (len(plain) - n - 1)
            break
    return answers


def _progressed_parts(one: Assessment, visit: Visit) -> frozenset[str]:
    parts = {"target": one.target.answer == "PD", "non_target": one.non_target.answer == "PD"}
    return frozenset(name for name, holds in {**parts, "new": bool(visit.new)}.items() if holds)


def _went_on(one: Assessment, before: Assessment, visit: Visit, then: Visit, parts: frozenset[str]) -> str:
    """Which category progressed further than at the visit of iUPD; "" for none."""
    earlier = _progressed_parts(before, then)
    if "target" in parts and (
        "target" not in earlier or one.total - before.total >= LEAST_GROWTH_MM - _ROUNDING
    ):
        return "target"
    if "non_target" in parts:
        # "progressed" is told against the visit before: said again, it went on.
        return "non_target"
    if "new" in parts and (
        "new" not in earlier
        or len(visit.new) > len(then.new)
        or (visit.new_mm or 0.0) - (then.new_mm or 0.0) >= LEAST_GROWTH_MM - _ROUNDING
    ):
        return "new"
    return ""


def _immune(answer: str) -> str:
    return answer if answer in ("NE", "NONE") else f"i{answer}"


@dataclass(frozen=True)
class Context:
    """What RANO asks beside the pictures; ``None`` where nobody said.

    Attributes:
        steroids: "none", "stable", "less" or "more" than before.
        clinical: "better", "stable" or "worse".
        flair: T2 / FLAIR lesions "better", "stable" or "worse".
    """

    steroids: Literal["none", "stable", "less", "more"] | None = None
    clinical: Literal["better", "stable", "worse"] | None = None
    flair: Literal["better", "stable", "worse"] | None = None


def assess_rano(visits: Sequence[Visit], contexts: Sequence[Context] = ()) -> list[Verdict]:
    """RANO for high-grade glioma, by sums of products of both diameters (mm²).

    Args:
        visits: by date, baseline first.
        contexts: for each visit after baseline.

    Returns:
        Verdicts whose fact "missing" names what nobody said: without it CR and PR are of pictures alone.
        That CR and PR need confirmation after four weeks is the reader's to see.
    """
    answers = []
    for n, one in enumerate(assess(visits, criteria=RANO)):
        context = contexts[n] if n < len(contexts) else Context()
        missing = [name for name, value in vars(context).items() if value is None]
        facts: dict[str, float | str] = dict(one.target.facts) | {"missing": ", ".join(missing)}
        answer, rule = one.overall.answer, f"rano.{one.overall.answer.lower()}"
        if answer == "PD":
            rule = {"overall.new": "rano.new", "overall.non_target_pd": "rano.non_target"}.get(
                one.overall.rule, "rano.pd"
            )
        elif context.clinical == "worse":
            answer, rule = "PD", "rano.clinical"
        elif context.flair == "worse" and context.steroids != "less":
            answer, rule = "PD", "rano.flair"
        elif answer == "CR" and context.steroids in ("stable", "less", "more"):
            answer, rule = (
                ("SD", "rano.steroids") if context.steroids == "more" else ("PR", "rano.cr_on_steroids")
            )
        elif answer == "PR" and context.steroids == "more":
            answer, rule = "SD", "rano.steroids"
        answers.append(Verdict(answer, rule if answer != "NON-CR/NON-PD" else "rano.sd", facts))
    return answers


def _total(visit: Visit, names: Mapping[str, float | None]) -> float:
    return float(sum(visit.targets.get(name) or 0.0 for name in names))


def _change(now: float, then: float) -> float:
    """In percent; nothing to compare with is told as NaN."""
    return 100 * (now - then) / then if then else float("nan")
