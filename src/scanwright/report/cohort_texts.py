"""Words of the page of several patients that ``follow`` writes, English and Chinese; a part of ``texts``."""

EN = {
    "title.cohort": "Patients followed through time",
    "cohort.asked": "How do {n} patients of {source} do over time?",
    "cohort.headline": "{n} of {total} responded (CR or PR, RECIST 1.1)",
    "cohort.survival": "{n} of {total} progressed; median time to progression {median} days.",
    "cohort.survival_open": "{n} of {total} progressed; the median time to progression is not reached.",
    "cohort.readers": "The tables hold several readers: each reading counts by itself.",
    "cohort.sure": (
        "Best responses are not confirmed by a second study. Patients without progression count until "
        "their last study."
    ),
    "cohort.next": (
        "Open each patient's page and look at the lesions; change what you see otherwise in reader.toml."
    ),
    "cohort.waterfall": "Best change of the sum of targets",
    "cohort.spider": "Sum of targets over time",
    "cohort.km": "Time to progression (Kaplan–Meier)",
    "cohort.best_change": "best change (%)",
    "cohort.change": "change from baseline (%)",
    "cohort.share": "without progression",
    "cohort.lines": "Lines at +20 % and −30 %.",
    "cohort.patients": "Patients",
    "cohort.patient": "Patient",
    "cohort.dates": "Studies",
    "cohort.targets": "Targets",
    "cohort.best": "Best",
    "cohort.last": "Last",
    "cohort.progressed": "Progressed (day)",
    "cohort.warning": "Progression likely from",
}

ZH = {
    "title.cohort": "患者随访",
    "cohort.asked": "{source} 的 {n} 位患者随时间如何变化？",
    "cohort.headline": "{total} 位中 {n} 位缓解（CR 或 PR，RECIST 1.1）",
    "cohort.survival": "{total} 位中 {n} 位进展；中位进展时间 {median} 天。",
    "cohort.survival_open": "{total} 位中 {n} 位进展；未达到中位进展时间。",
    "cohort.readers": "表格中有多位阅片者：每次阅片单独计数。",
    "cohort.sure": "最佳疗效未经第二次检查确认。未进展的患者计至其末次检查。",
    "cohort.next": "打开各患者的页面查看病灶；如有不同意见，修改 reader.toml。",
    "cohort.waterfall": "靶病灶总和的最佳变化",
    "cohort.spider": "靶病灶总和随时间的变化",
    "cohort.km": "进展时间（Kaplan–Meier）",
    "cohort.best_change": "最佳变化 (%)",
    "cohort.change": "较基线变化 (%)",
    "cohort.share": "未进展比例",
    "cohort.lines": "虚线为 +20% 和 −30%。",
    "cohort.patients": "患者",
    "cohort.patient": "患者",
    "cohort.dates": "检查",
    "cohort.targets": "靶病灶",
    "cohort.best": "最佳",
    "cohort.last": "末次",
    "cohort.progressed": "进展（天）",
    "cohort.warning": "可能进展自",
}
