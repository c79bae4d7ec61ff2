"""Words of the doctor's page, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.findings": "What is wrong with the data",
    "findings.asked": "Is anything wrong with the images of {source}, before a model learns from them?",
    "findings.read": "{n} cases were read ({layout}).",
    "findings.patients": "They are of {n} patients.",
    "findings.patients_unknown": "Which patient each comes from is not known.",
    "findings.counts": "errors: {error} · warnings: {warning} · notes: {note}",
    "findings.none": "Nothing was found.",
    "findings.sure": (
        "Each finding is a suspicion with its evidence, found by rules that can err both ways. What they "
        "do not look for stays unseen."
    ),
    "findings.next.look": "Look at the errors first: they spoil results. Warnings may.",
    "findings.next.apply": (
        "Correct the data, or run inspect with --apply for a cleaned manifest. The scans themselves are "
        "never changed."
    ),
    "findings.do": "What to do:",
    "findings.and_like_it": "(and {n} more like it)",
    "findings.more": "and {n} more",
    "findings.more_findings": "And {n} more of this kind; findings.json has them all.",
    "findings.notes": "What else was noticed",
    "severity.error": "Error",
    "severity.warning": "Warning",
    "severity.note": "Note",
}

ZH = {
    "title.findings": "数据有什么问题",
    "findings.asked": "在模型学习之前，{source} 的图像是否有问题？",
    "findings.read": "读取了 {n} 个病例（{layout}）。",
    "findings.patients": "它们来自 {n} 名患者。",
    "findings.patients_unknown": "无法得知各病例来自哪位患者。",
    "findings.counts": "错误 {error} · 警告 {warning} · 提示 {note}",
    "findings.none": "没有发现问题。",
    "findings.sure": (
        "每一项都是附有依据的怀疑，由规则得出，可能误报也可能漏报。规则没有检查的问题不会被发现。"
    ),
    "findings.next.look": "请先看“错误”：它们会破坏结果；“警告”可能会。",
    "findings.next.apply": "请修正数据，或使用 inspect --apply 生成清理后的清单。原始图像不会被改动。",
    "findings.do": "怎么办：",
    "findings.and_like_it": "（另有 {n} 处类似）",
    "findings.more": "及其他 {n} 例",
    "findings.more_findings": "此类还有 {n} 项，全部见 findings.json。",
    "findings.notes": "其他发现",
    "severity.error": "错误",
    "severity.warning": "警告",
    "severity.note": "提示",
}
