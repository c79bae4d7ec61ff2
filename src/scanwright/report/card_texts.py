"""Words of model cards; a part of ``texts``."""

EN = {
    "card": "Model card",
    "card.model": "The model",
    "card.use": "Intended use",
    "card.data": "Data",
    "card.training": "Training",
    "card.results": "Results",
    "card.limits": "Limits",
    "card.ethics": "Ethics and approval",
    "card.todo": "To do:",
    "card.use.todo": "for whom, by whom and where in care it is meant, and what it must not be used for.",
    "card.ethics.todo": "approval, consent, and what is known of groups that fare worse.",
}

ZH = {
    "card": "模型卡",
    "card.model": "模型",
    "card.use": "预期用途",
    "card.data": "数据",
    "card.training": "训练",
    "card.results": "结果",
    "card.limits": "局限",
    "card.ethics": "伦理与审批",
    "card.todo": "待填写：",
    "card.use.todo": "适用于哪些患者、由谁使用、用于诊疗的哪个环节，以及不得用于什么。",
    "card.ethics.todo": "伦理审批、知情同意，以及已知哪些人群的结果较差。",
}
