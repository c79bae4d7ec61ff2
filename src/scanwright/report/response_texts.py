"""The rules of response in words, in English and in Chinese; the keys are those of ``core.response``."""

import re

EN = {
    "target.none": "There are no target lesions.",
    "target.ne": "Targets that were not measured: {missing:g}; not evaluable (RECIST 1.1, 4.4.2).",
    "target.pd_incomplete": (
        "Targets not measured: {missing:g}; without them the sum of {sum:.4g} is already 20 % and 5 "
        "mm over the nadir of "
        "{nadir:.4g}: "
        "progression whatever they measure (RECIST 1.1, 4.4.2)."
    ),
    "target.cr": "All targets are gone (RECIST 1.1, 4.3.1).",
    "target.cr_nodes": "All targets are gone, and every node is below 10 mm (RECIST 1.1, 4.3.1 and 4.3.2).",
    "target.pd": (
        "The sum is {sum:.4g}, 20 % and 5 mm or more over the nadir of {nadir:.4g} (RECIST 1.1, 4.3.1)."
    ),
    "target.pd_after_cr": "After a complete response a target is there again (RECIST 1.1, 4.4.3).",
    "target.pr": (
        "The sum is {sum:.4g}, {from_baseline:+.0f} % from the baseline of {baseline:.4g} (RECIST "
        "1.1, 4.3.1)."
    ),
    "target.sd_below_5mm": (
        "The sum of {sum:.4g} is 20 % over the nadir of {nadir:.4g}, but by less than 5 mm (RECIST "
        "1.1, 4.3.1)."
    ),
    "target.sd": "Neither enough shrinkage nor enough growth (RECIST 1.1, 4.3.1).",
    "non_target.none": "There are no non-target lesions.",
    "non_target.pd": "Non-targets progressed unequivocally (RECIST 1.1, 4.3.3 and 4.3.4).",
    "non_target.ne": "Non-targets were not all evaluated: {unknown:g} (RECIST 1.1, 4.4.2).",
    "non_target.neither": "Non-targets that are still there: {present:g} (RECIST 1.1, 4.3.3).",
    "non_target.cr": "All non-targets are gone (RECIST 1.1, 4.3.3).",
    "overall.new": "New lesions: {new:g} (RECIST 1.1, 4.3.5).",
    "overall.target_pd": "The targets progressed (RECIST 1.1, table 1).",
    "overall.non_target_pd": "The non-targets progressed (RECIST 1.1, tables 1 and 2).",
    "overall.no_disease": "There was no disease to follow (RECIST 1.1, 4.4.1).",
    "overall.table_1": "Targets {target}, non-targets {non_target}, nothing new (RECIST 1.1, table 1).",
    "overall.table_2": "No targets; non-targets {non_target}, nothing new (RECIST 1.1, table 2).",
    "overall.cr_but_non_target": (
        "Targets CR, but non-targets {non_target}: at most PR (RECIST 1.1, table 1)."
    ),
    "immune.as_recist": "As RECIST 1.1: {recist} (iRECIST).",
    "immune.unconfirmed": (
        "First progression: unconfirmed until the next assessment in 4 to 8 weeks (iRECIST)."
    ),
    "immune.not_evaluable": "Not evaluable: progression stays unconfirmed (iRECIST).",
    "immune.reset": "The progression did not hold: {recist}, and the bar is reset (iRECIST).",
    "immune.too_early": "It went on, but after {days:g} days: confirmed from 4 weeks on (iRECIST).",
    "immune.confirmed_target": (
        "Confirmed: the target sum rose by 5 mm or more, or newly progressed (iRECIST)."
    ),
    "immune.confirmed_non_target": "Confirmed: non-targets progressed further (iRECIST).",
    "immune.confirmed_new": "Confirmed: another new lesion, or new ones grew by 5 mm or more (iRECIST).",
    "immune.still_unconfirmed": "Still progression, but not further: unconfirmed (iRECIST).",
    "immune.was_confirmed": "Progression was confirmed before (iRECIST).",
    "rano.cr": "Pictures: nothing enhances any more. Not told: {missing} (RANO).",
    "rano.pr": (
        "Pictures: the products fell by half or more ({from_baseline:+.0f} %). Not told: {missing} (RANO)."
    ),
    "rano.sd": "Pictures: neither response nor progression. Not told: {missing} (RANO).",
    "rano.pd": (
        "Pictures: the products ({sum:.4g}) are a quarter or more over the nadir of {nadir:.4g} (RANO)."
    ),
    "rano.ne": "Not all lesions were measured (RANO).",
    "rano.new": "A new lesion (RANO).",
    "rano.non_target": "Lesions that are not measured progressed unequivocally (RANO).",
    "rano.clinical": "The patient is clinically worse (RANO).",
    "rano.flair": "T2 / FLAIR lesions are clearly larger on the same or more steroids (RANO).",
    "rano.steroids": "More steroids than before: no response can be claimed (RANO).",
    "rano.cr_on_steroids": "Nothing enhances, but on steroids: at most a partial response (RANO).",
}

ZH = {
    "target.none": "没有靶病灶。",
    "target.ne": "{missing:g} 个靶病灶未测量：无法评价（RECIST 1.1，4.4.2）。",
    "target.pd_incomplete": (
        "不计 {missing:g} 个未测量的靶病灶，总和 {sum:.4g} 已比最低值 {nadir:.4g} 高 20% 且 5 mm：无"
        "论其大小均为进展"
        "（RECIST 1.1，4.4.2）。"
    ),
    "target.cr": "所有靶病灶消失（RECIST 1.1，4.3.1）。",
    "target.cr_nodes": "所有靶病灶消失，且所有淋巴结小于 10 mm（RECIST 1.1，4.3.1 和 4.3.2）。",
    "target.pd": "总和为 {sum:.4g}，比最低值 {nadir:.4g} 高 20% 且 5 mm 或以上（RECIST 1.1，4.3.1）。",
    "target.pd_after_cr": "完全缓解之后靶病灶再次出现（RECIST 1.1，4.4.3）。",
    "target.pr": "总和为 {sum:.4g}，较基线 {baseline:.4g} 变化 {from_baseline:+.0f}%（RECIST 1.1，4.3.1）。",
    "target.sd_below_5mm": ("总和 {sum:.4g} 比最低值 {nadir:.4g} 高 20%，但不足 5 mm（RECIST 1.1，4.3.1）。"),
    "target.sd": "缩小和增大均未达到标准（RECIST 1.1，4.3.1）。",
    "non_target.none": "没有非靶病灶。",
    "non_target.pd": "非靶病灶明确进展（RECIST 1.1，4.3.3 和 4.3.4）。",
    "non_target.ne": "非靶病灶未全部评价：{unknown:g} 个（RECIST 1.1，4.4.2）。",
    "non_target.neither": "{present:g} 个非靶病灶仍存在（RECIST 1.1，4.3.3）。",
    "non_target.cr": "所有非靶病灶消失（RECIST 1.1，4.3.3）。",
    "overall.new": "新病灶：{new:g} 个（RECIST 1.1，4.3.5）。",
    "overall.target_pd": "靶病灶进展（RECIST 1.1，表 1）。",
    "overall.non_target_pd": "非靶病灶进展（RECIST 1.1，表 1 和表 2）。",
    "overall.no_disease": "没有可随访的病灶（RECIST 1.1，4.4.1）。",
    "overall.table_1": "靶病灶 {target}，非靶病灶 {non_target}，无新病灶（RECIST 1.1，表 1）。",
    "overall.table_2": "无靶病灶；非靶病灶 {non_target}，无新病灶（RECIST 1.1，表 2）。",
    "overall.cr_but_non_target": "靶病灶 CR，但非靶病灶 {non_target}：至多 PR（RECIST 1.1，表 1）。",
    "immune.as_recist": "同 RECIST 1.1：{recist}（iRECIST）。",
    "immune.unconfirmed": "首次进展：在 4 至 8 周后的下次评价之前为未确认（iRECIST）。",
    "immune.not_evaluable": "无法评价：进展仍未确认（iRECIST）。",
    "immune.reset": "进展未持续：{recist}，重新开始判断（iRECIST）。",
    "immune.too_early": "进展持续，但仅隔 {days:g} 天：4 周之后才能确认（iRECIST）。",
    "immune.confirmed_target": "已确认：靶病灶总和再增加 5 mm 或以上，或新近进展（iRECIST）。",
    "immune.confirmed_non_target": "已确认：非靶病灶进一步进展（iRECIST）。",
    "immune.confirmed_new": "已确认：又有新病灶，或新病灶增大 5 mm 或以上（iRECIST）。",
    "immune.still_unconfirmed": "仍为进展，但未进一步加重：未确认（iRECIST）。",
    "immune.was_confirmed": "此前已确认进展（iRECIST）。",
    "rano.cr": "影像：不再有强化。未告知：{missing}（RANO）。",
    "rano.pr": "影像：乘积减少一半或以上（{from_baseline:+.0f}%）。未告知：{missing}（RANO）。",
    "rano.sd": "影像：既非缓解也非进展。未告知：{missing}（RANO）。",
    "rano.pd": "影像：乘积（{sum:.4g}）比最低值 {nadir:.4g} 高四分之一或以上（RANO）。",
    "rano.ne": "病灶未全部测量（RANO）。",
    "rano.new": "出现新病灶（RANO）。",
    "rano.non_target": "不可测量病灶明确进展（RANO）。",
    "rano.clinical": "临床状况恶化（RANO）。",
    "rano.flair": "激素用量不变或增加时，T2 / FLAIR 病灶明显增大（RANO）。",
    "rano.steroids": "激素用量增加：不能判为缓解（RANO）。",
    "rano.cr_on_steroids": "无强化，但仍用激素：至多部分缓解（RANO）。",
}


def in_words(rule: str, facts: dict[str, object], lang: str = "en") -> str:
    """The rule that decided, with its numbers."""
    nothing = "无" if lang == "zh" else "none"
    facts = {name: nothing if value == "NONE" else value for name, value in facts.items()}
    # A minus, not a hyphen: as everywhere on the page.
    return re.sub(r"(?<![\w)])-(?=\d)", "−", (ZH if lang == "zh" else EN)[rule].format(**facts))
