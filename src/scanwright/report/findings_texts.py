"""Words of the doctor's page, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.findings": "What is wrong with the data",
    "findings.asked": "Is anything wrong with the images of {source}, before a model learns from them?",
    "findings.read": "Cases read: {n} ({layout}).",
    "findings.patients": "Patients: {n}.",
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
    "groups.sources": "Who says what belongs together",
    "groups.source": "Source",
    "groups.how": "How it is known",
    "groups.cases": "Cases it knows of",
    "groups.n_groups": "Groups",
    "groups.torn_groups": "Groups that patients or studies take apart",
    "groups.use": "Use",
    "groups.source.patients": "Patients",
    "groups.source.studies": "Studies",
    "groups.source.file_names": "File names",
    "groups.source.pictures": "Pictures",
    "groups.how.pictures": "copies found in the pixels",
    "groups.used": "split by it",
    "groups.not_used": "only compared",
    "groups.why": (
        "A patient that somebody named counts most, then the study; copies of one picture always stay "
        "together. What file names suggest is only compared where a patient is named."
    ),
    "groups.example": "Not agreed upon ({source}): {cases}.",
    "groups.splits": "What a split gives away",
    "groups.by.picture": "By picture",
    "groups.by.given": "As given",
    "groups.by.group": "By group",
    "groups.left_out": "Left out",
    "groups.torn": "Groups on two sides",
    "groups.seen": "Test cases with a relative on another side",
    "groups.probe": "Nearest neighbour right",
    "groups.probe_note": (
        "Nearest neighbour right: each of {n} cases is named after the most alike one it may learn from; "
        "balanced accuracy in five folds, by picture and by group, mean of five draws. The difference is "
        "what relatives give away."
    ),
    "severity.error": "Error",
    "severity.warning": "Warning",
    "severity.note": "Note",
}

ZH = {
    "title.findings": "数据有什么问题",
    "findings.asked": "在模型学习之前，{source} 的图像是否有问题？",
    "findings.read": "读取的病例数：{n}（{layout}）。",
    "findings.patients": "患者数：{n}。",
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
    "groups.sources": "由什么判断哪些病例相关",
    "groups.source": "来源",
    "groups.how": "依据",
    "groups.cases": "涉及病例",
    "groups.n_groups": "组数",
    "groups.torn_groups": "与患者或检查不一致的组",
    "groups.use": "用途",
    "groups.source.patients": "患者",
    "groups.source.studies": "检查",
    "groups.source.file_names": "文件名",
    "groups.source.pictures": "图像",
    "groups.how.pictures": "从像素中找到的副本",
    "groups.used": "用于划分",
    "groups.not_used": "仅作比较",
    "groups.why": (
        "以写明的患者为准，其次是检查；同一图像的副本始终放在一起。已写明患者时，文件名的提示仅作比较。"
    ),
    "groups.example": "不一致之处（{source}）：{cases}。",
    "groups.splits": "划分泄露了什么",
    "groups.by.picture": "按图像",
    "groups.by.given": "按给定划分",
    "groups.by.group": "按组",
    "groups.left_out": "未用",
    "groups.torn": "跨两侧的组",
    "groups.seen": "另一侧有相关病例的测试病例",
    "groups.probe": "最近邻正确率",
    "groups.probe_note": (
        "最近邻正确率：{n} 个病例各取可学习病例中最相似者的类别；五折平衡准确率，分别按图像和按组划分，"
        "取五次抽取的平均值。两者之差即相关病例所泄露的信息。"
    ),
    "severity.error": "错误",
    "severity.warning": "警告",
    "severity.note": "提示",
}

LAYOUTS_ZH = {
    "DICOM with labels": "带标注的 DICOM",
    "images without labels": "无标注的图像",
    "folder per class": "每类一个文件夹",
    "masks beside images": "掩膜与图像并列",
    "images + masks": "图像与掩膜",
    "table of labels": "标签表",
}
"""Layouts whose names are words; the others are proper names."""
