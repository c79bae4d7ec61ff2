"""Words of the pages of ``follow``, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.follow": "Lesions followed through time",
    "follow.asked": "How do the lesions of {patient} change over time? Studies: {n} ({span}).",
    "follow.span": "{first} to {last}",
    "follow.no_dates": "dates not known",
    "follow.none": "none",
    "follow.headline.response": "{answer}: {meaning}",
    "follow.headline.lesions": "Lesions: {n}; nothing to compare yet",
    "follow.answer.CR": "complete response",
    "follow.answer.PR": "partial response",
    "follow.answer.SD": "stable disease",
    "follow.answer.PD": "progressive disease",
    "follow.answer.NE": "not evaluable",
    "follow.answer.NON-CR/NON-PD": "neither complete response nor progression",
    "follow.found.roles": (
        "By RECIST 1.1 at the last date. Targets: {targets}, non-targets: {others}, new lesions: {new}."
    ),
    "follow.found.sum": (
        "Sum of targets {sum} mm: {change} from the baseline of {baseline} mm; smallest before {nadir} mm."
    ),
    "follow.found.sum_unknown": "Sum of targets: not known, as {n} could not be measured.",
    "follow.found.sum_least": (
        "Sum of targets at least {sum} mm, {n} not measured: {change} or more from the baseline of "
        "{baseline} mm; smallest before {nadir} mm."
    ),
    "follow.found.progressed": "First progression: {date}.",
    "follow.found.best": "Best overall response: {answer}.",
    "follow.found.best_open": "Best overall response: {answer}, not confirmed.",
    "follow.found.overruled": "A reader chose otherwise than the program: {n}; listed below.",
    "follow.found.one_date": "There is one date only: change, growth and response need a second.",
    "follow.found.nothing": "No lesion was outlined at any date.",
    "follow.sure.first": (
        "By volume since the first date on which each was seen, truly larger with 95 % or more: "
        "{grew}; truly "
        "smaller: {shrank}; within what measuring alone can do: {open}."
    ),
    "follow.sure.smallest": (
        "Since the smallest volume of each, truly larger: {grew}; truly smaller: {shrank}; within what "
        "measuring alone can do: {open}."
    ),
    "follow.sure.failed": (
        "Not laid onto the first date: {dates}. Lesions there are not matched by place; a reader can do so "
        "in "
        "reader.toml."
    ),
    "follow.sure.error.voxels": (
        "The error of a volume is taken from voxel size and slice spacing. Give the one of your own "
        "readers or "
        "model with --test-retest."
    ),
    "follow.sure.error.given": (
        "A volume measured twice differs with a standard deviation of {percent:g} %, as given."
    ),
    "follow.sure.error.tables": "Of the tables only diameters are known: an error of 7 % of each is assumed.",
    "follow.next.likely": (
        "As it goes now, the targets progress by RECIST about {date} (possible from {possible} on): is the "
        "next "
        "study before that?"
    ),
    "follow.next.already": (
        "By the trend of their volumes the targets have progressed by RECIST already at the last date "
        "({date})."
    ),
    "follow.next.possible": (
        "Progression of the targets is unlikely within {days} days; possible (1 in 10) from {date} on."
    ),
    "follow.next.quiet": "As it goes now, the targets do not progress within {days} days.",
    "follow.next.look": (
        "Look at each lesion below: is it the same one at every date, and does the outline fit?"
    ),
    "follow.next.reader": (
        "Change what you see otherwise in reader.toml (targets, organs, nodes, which is which) and run again "
        "with --reader."
    ),
    "follow.note.one_date": "There is one date only: nothing can be compared.",
    "follow.note.patient_unknown": (
        "Which patient each study is of is not known: all are taken for one. Say so in the column patient."
    ),
    "follow.note.two_sexes": (
        "The headers name two sexes: is a study of another patient among them? Nothing here holds if so."
    ),
    "follow.note.modality": (
        "The modality changed. RECIST 1.1 (3.2) asks for the same method at all dates: sums and "
        "verdicts below "
        "take sizes of different modalities as they are, and whether that holds is for a reader to "
        "say. Whether "
        "a change is real, and growth, are told within the modality of each lesion's first date alone."
    ),
    "follow.note.empty": (
        "The mask of {dates} is empty. If nobody has outlined that date yet, what follows does not "
        "hold: an empty "
        "mask is read as no lesion."
    ),
    "follow.note.left": (
        "Studies that could not be used and do not count here: {n} ({names}). Why: at the end."
    ),
    "follow.studies": "Studies",
    "follow.study": "Study",
    "follow.date": "Date",
    "follow.modality": "Modality",
    "follow.voxel": "Pixel × slice (mm)",
    "follow.laid": "Laid onto the first",
    "follow.laid.first": "the first",
    "follow.laid.ok": "yes",
    "follow.laid.failed": "failed",
    "follow.laid.table": "table",
    "follow.study.thick": (
        "slices over 5 mm: measurable is a diameter of twice the slice thickness (RECIST 1.1, 3.1)"
    ),
    "follow.study.failed": "could not be laid onto the first date: another region or patient?",
    "follow.failed.little_in_common": "the images have little of the body in common",
    "follow.failed.few_places": "too little structure to check the result by",
    "follow.failed.places": "too few places fit where they were laid",
    "follow.failed.both_ways": "there and back disagree",
    "follow.failed.mirrored": "one of the images is mirrored",
    "follow.failed.folded": "the map is folded",
    "follow.study.modality": "another modality than at the first date",
    "follow.study.many": "more pieces than 200: the largest are followed",
    "follow.study.empty": "nothing is outlined",
    "follow.study.no_date": "no full date",
    "follow.timeline": "The same place at every date",
    "follow.timeline.note": (
        "Axial slices through the place of each lesion, laid onto the first date; patient's right on the "
        "left. "
        "Blue: outline of that date. The slider moves all dates together, up and down."
    ),
    "follow.slider": "Slice",
    "follow.window": "Window: {window}",
    "follow.no_place": "not laid onto the first date",
    "follow.alt": "Lesion {lesion} on {date}",
    "follow.sizes": "Sizes",
    "follow.sizes.note": (
        "Longest diameter × perpendicular; volume below. Of split lesions the sum (RECIST 1.1, 4.3.2)."
    ),
    "follow.chart": "Diameters",
    "follow.chart.note": "Longest diameter, of lymph nodes the short axis; 0 is gone.",
    "follow.days": "days since the first study",
    "follow.long_mm": "mm",
    "follow.volume_ml": "ml",
    "follow.measured": "measured",
    "follow.forecast": "law, with 90 % band",
    "follow.role": "Role",
    "follow.role.target": "target",
    "follow.role.non-target": "non-target",
    "follow.role.new": "new",
    "follow.role.ignored": "not counted",
    "follow.why.largest": "among the largest that can be measured again",
    "follow.why.five": "five targets are chosen already",
    "follow.why.organ": "two targets of its organ are chosen already",
    "follow.why.border": "touches the edge of the image",
    "follow.why.small": "diameter under 10 mm, or under twice the slice thickness",
    "follow.why.small_node": "node with a short axis of 10 to 15 mm, or under twice the slice thickness",
    "follow.why.normal_node": "node with a short axis under 10 mm",
    "follow.why.unknown_at_first": "not known at the first date",
    "follow.why.new_lesion": "was not there at the first date",
    "follow.why.small_new": "new, but under 5 mm or a slice at all dates",
    "follow.why.reader": "a reader's choice",
    "follow.why.table": "from the table",
    "follow.node": "lymph node",
    "follow.status.seen": "there",
    "follow.status.absent": "not there",
    "follow.status.merged": "merged",
    "follow.status.unknown": "not known",
    "follow.status.progressed": "progressed",
    "follow.events": "What happened",
    "follow.event.appeared": "appeared",
    "follow.event.vanished": "vanished",
    "follow.event.split": "split",
    "follow.event.merged": "merged into {into}",
    "follow.changes": "Is the change real?",
    "follow.changes.note": (
        "Volumes. The error is what measuring the same lesion twice stays within in 95 %. Probabilities "
        "weigh the change against that error and against how lesions grow. Of lesions that merged, "
        "the volumes "
        "before are added."
    ),
    "follow.at": "At",
    "follow.since": "Since",
    "follow.factor": "a factor of {factor}",
    "follow.since.last": "{date} (before)",
    "follow.since.first": "{date} (first)",
    "follow.since.smallest": "{date} (smallest)",
    "follow.volume_change": "Volume",
    "follow.error": "Error of measuring",
    "follow.grew": "Truly larger",
    "follow.shrank": "Truly smaller",
    "follow.by_20": "Diameter truly 20 % larger",
    "follow.growth": "Growth and forecast",
    "follow.growth.note": (
        "Volumes with 90 % errors, and what five laws of growth expect together; nine in ten true volumes "
        "are in the band if nothing changes."
    ),
    "follow.growth.rate": "Now {middle} a month ({low} to {high}).",
    "follow.growth.doubling": "Doubles in {middle} days ({low} to {high}).",
    "follow.growth.no_doubling": "No doubling time: it does not grow, or takes ten years to double.",
    "follow.growth.no_law": "No law of growth stands out.",
    "follow.growth.law": "Likeliest law: {law} ({percent} %).",
    "follow.growth.warning": "Its diameter is likelier than not 20 % over its smallest from {date} on.",
    "follow.growth.already": (
        "At the last date ({date}) its diameter is likelier than not 20 % over its smallest."
    ),
    "follow.growth.quiet": "Its diameter is not expected 20 % over its smallest within {days} days.",
    "follow.law.exponential": "exponential",
    "follow.law.linear": "linear in diameter",
    "follow.law.logistic": "logistic",
    "follow.law.gompertz": "Gompertz",
    "follow.law.regrowth": "shrinking, then growing again",
    "follow.verdicts": "Response, with the rule that decided",
    "follow.rules.recist": "RECIST 1.1",
    "follow.rules.irecist": "iRECIST",
    "follow.rules.volume": "Volumes of targets",
    "follow.rules.rano": "RANO, its imaging part",
    "follow.unit.recist": "Sum (mm)",
    "follow.unit.irecist": "Sum (mm)",
    "follow.unit.volume": "Sum (ml)",
    "follow.unit.rano": "Sum (mm²)",
    "follow.answer": "Response",
    "follow.why": "Why",
    "follow.volume.cr": "All targets are gone.",
    "follow.volume.pr": (
        "{sum} ml, {change} from baseline: as a ball that lost 30 % of its diameter (−66 %) or more."
    ),
    "follow.volume.sd": (
        "{sum} ml, {change} from baseline, {nadir} from the smallest: neither −66 % nor +73 %."
    ),
    "follow.volume.pd": (
        "{sum} ml, {nadir} from the smallest: as a ball that gained 20 % of its diameter (+73 %) or more."
    ),
    "follow.volume.ne": "Not all targets were measured.",
    "follow.volume.none": "There are no targets.",
    "follow.overruled.title": "What a reader chose otherwise",
    "follow.overruled": "{lesion} {what}: {chosen} instead of {proposed}",
    "follow.choice.role": "role",
    "follow.choice.node": "lymph node",
    "follow.choice.organ": "organ",
    "follow.choice.seen": "numbers in the mask",
    "follow.choice.progressed": "progressed unequivocally",
    "follow.choice.steroids": "steroids",
    "follow.choice.clinical": "clinical state",
    "follow.choice.flair": "T2 / FLAIR",
    "follow.context.none": "none",
    "follow.context.stable": "stable",
    "follow.context.less": "less",
    "follow.context.more": "more",
    "follow.context.better": "better",
    "follow.context.worse": "worse",
    "follow.yes": "yes",
    "follow.no": "no",
    "follow.limits": "Limits",
    "follow.limit.targets": (
        "Targets are proposed by size alone: whether a lesion can be measured again and stands for the "
        "disease "
        "is a reader's judgement."
    ),
    "follow.limit.non_targets": (
        "That non-targets progress unequivocally only a reader can say; so is whether a new lesion is one."
    ),
    "follow.limit.forecast": (
        "Forecasts hold while treatment and course stay as they were; they are no prognosis."
    ),
    "follow.limit.population": (
        "With two dates much of a forecast comes from how lesions grow in general (doubling or halving in 70 "
        "days is one standard deviation)."
    ),
    "follow.limit.rano": (
        "RANO also asks for steroids, clinical state and T2 / FLAIR: what nobody said is named in each "
        "verdict."
    ),
    "follow.limit.organ": (
        "Organs are not known for all lesions, so that at most two targets an organ could not be kept."
    ),
    "follow.limit.mask": "All sizes are those of the outlines: a wrong outline makes a wrong change.",
    "follow.limit.tables": (
        "No images were seen: measurements and lesions are as in the tables; a volume is that of the ball "
        "of its diameter."
    ),
}

ZH = {
    "title.follow": "病灶随访",
    "follow.asked": "{patient} 的病灶在 {n} 次检查（{span}）之间如何变化？",
    "follow.span": "{first} 至 {last}",
    "follow.no_dates": "日期未知",
    "follow.none": "无",
    "follow.headline.response": "{answer}：{meaning}",
    "follow.headline.lesions": "{n} 个病灶，尚无可比较的检查",
    "follow.answer.CR": "完全缓解",
    "follow.answer.PR": "部分缓解",
    "follow.answer.SD": "疾病稳定",
    "follow.answer.PD": "疾病进展",
    "follow.answer.NE": "无法评价",
    "follow.answer.NON-CR/NON-PD": "非完全缓解 / 非进展",
    "follow.found.roles": (
        "末次检查，按 RECIST 1.1。靶病灶 {targets} 个，非靶病灶 {others} 个，新病灶 {new} 个。"
    ),
    "follow.found.sum": "靶病灶总和 {sum} mm：较基线 {baseline} mm 变化 {change}；此前最小值 {nadir} mm。",
    "follow.found.sum_unknown": "靶病灶总和：未知，{n} 个未能测量。",
    "follow.found.sum_least": (
        "靶病灶总和至少 {sum} mm（{n} 个未测量）：较基线 {baseline} mm 变化 {change} 或更多；"
        "此前最小值 {nadir} mm。"
    ),
    "follow.found.progressed": "首次进展：{date}。",
    "follow.found.best": "最佳总体疗效：{answer}。",
    "follow.found.best_open": "最佳总体疗效：{answer}，未经确认。",
    "follow.found.overruled": "阅片者有 {n} 处选择与程序不同，列于下文。",
    "follow.found.one_date": "只有一次检查：变化、生长和疗效需要第二次检查。",
    "follow.found.nothing": "各次检查均未勾画病灶。",
    "follow.sure.first": (
        "以体积计，自各病灶首次出现以来，95% 以上把握确实增大：{grew}；确实缩小：{shrank}；"
        "仍在测量误差之内：{open}。"
    ),
    "follow.sure.smallest": (
        "自各病灶最小体积以来，确实增大：{grew}；确实缩小：{shrank}；仍在测量误差之内：{open}。"
    ),
    "follow.sure.failed": (
        "未能与首次检查配准：{dates}。这些日期的病灶不按位置对应；可由阅片者在 reader.toml 中指定。"
    ),
    "follow.sure.error.voxels": (
        "体积误差由体素大小和层间距估计。您的阅片者或模型的重复测量误差可用 --test-retest 给出。"
    ),
    "follow.sure.error.given": "按给定值，同一体积两次测量的标准差为 {percent:g}%。",
    "follow.sure.error.tables": "表格中只有径线：假定每条径线的误差为 7%。",
    "follow.next.likely": (
        "按目前趋势，靶病灶约在 {date} 达到 RECIST 进展（最早可能自 {possible} 起）：下次检查是否在此之前？"
    ),
    "follow.next.already": "按体积趋势，靶病灶在末次检查（{date}）时已达到 RECIST 进展。",
    "follow.next.possible": "{days} 天内靶病灶不太可能进展；自 {date} 起有可能（十分之一）。",
    "follow.next.quiet": "按目前趋势，{days} 天内靶病灶不会进展。",
    "follow.next.look": "逐一查看下面的病灶：各日期是否为同一病灶，轮廓是否吻合？",
    "follow.next.reader": (
        "如有不同意见，请修改 reader.toml（靶病灶、器官、淋巴结、对应关系），并用 --reader 重新运行。"
    ),
    "follow.note.one_date": "只有一次检查：无法比较。",
    "follow.note.patient_unknown": "各检查属于哪位患者未知：全部视为同一患者。请在 patient 列中注明。",
    "follow.note.two_sexes": "文件头中有两种性别：其中是否混入其他患者的检查？若是，则以下内容均不成立。",
    "follow.note.modality": (
        "检查方式有变化。RECIST 1.1（3.2）要求各次检查使用同一方法：下文的总和与结论直接采用不同方式的大小，"
        "是否成立由阅片者判断。变化是否真实以及生长只在各病灶首次出现时的方式内给出。"
    ),
    "follow.note.empty": "{dates} 的掩膜为空。若该次尚未勾画，则以下内容不成立：空掩膜被视为没有病灶。",
    "follow.note.left": "有 {n} 次检查无法使用，未计入（{names}）。原因见文末。",
    "follow.studies": "检查",
    "follow.study": "检查",
    "follow.date": "日期",
    "follow.modality": "方式",
    "follow.voxel": "像素 × 层 (mm)",
    "follow.laid": "与首次配准",
    "follow.laid.first": "首次",
    "follow.laid.ok": "是",
    "follow.laid.failed": "失败",
    "follow.laid.table": "表格",
    "follow.study.thick": "层厚超过 5 mm：径线须达到层厚的两倍才可测量（RECIST 1.1，3.1）",
    "follow.study.failed": "无法与首次检查配准：是否为其他部位或其他患者？",
    "follow.failed.little_in_common": "两幅图像共有的身体部分很少",
    "follow.failed.few_places": "结构太少，无法检查结果",
    "follow.failed.places": "吻合的位置太少",
    "follow.failed.both_ways": "正反方向的结果不一致",
    "follow.failed.mirrored": "其中一幅图像左右颠倒",
    "follow.failed.folded": "映射发生折叠",
    "follow.study.modality": "与首次检查的方式不同",
    "follow.study.many": "超过 200 个部分：只随访最大的",
    "follow.study.empty": "没有勾画",
    "follow.study.no_date": "日期不完整",
    "follow.timeline": "各日期的同一位置",
    "follow.timeline.note": (
        "经各病灶位置的轴位层面，已与首次检查配准；患者右侧在左。蓝色：当次轮廓。滑块同时移动所有日期的层面。"
    ),
    "follow.slider": "层面",
    "follow.window": "窗：{window}",
    "follow.no_place": "未与首次检查配准",
    "follow.alt": "{date} 的病灶 {lesion}",
    "follow.sizes": "大小",
    "follow.sizes.note": "最长径 × 垂直径；下方为体积。分裂的病灶取总和（RECIST 1.1，4.3.2）。",
    "follow.chart": "径线",
    "follow.chart.note": "最长径，淋巴结为短径；0 为消失。",
    "follow.days": "首次检查后的天数",
    "follow.long_mm": "mm",
    "follow.volume_ml": "ml",
    "follow.measured": "测量值",
    "follow.forecast": "生长规律及 90% 区间",
    "follow.role": "角色",
    "follow.role.target": "靶病灶",
    "follow.role.non-target": "非靶病灶",
    "follow.role.new": "新病灶",
    "follow.role.ignored": "不计入",
    "follow.why.largest": "可重复测量的最大病灶之一",
    "follow.why.five": "已选五个靶病灶",
    "follow.why.organ": "该器官已选两个靶病灶",
    "follow.why.border": "触及图像边缘",
    "follow.why.small": "径线不足 10 mm，或不足层厚的两倍",
    "follow.why.small_node": "淋巴结短径 10 至 15 mm，或不足层厚的两倍",
    "follow.why.normal_node": "淋巴结短径小于 10 mm",
    "follow.why.unknown_at_first": "首次检查时情况不明",
    "follow.why.new_lesion": "首次检查时不存在",
    "follow.why.small_new": "新出现，但各次均不足 5 mm 或一层",
    "follow.why.reader": "阅片者的选择",
    "follow.why.table": "来自表格",
    "follow.node": "淋巴结",
    "follow.status.seen": "存在",
    "follow.status.absent": "未见",
    "follow.status.merged": "融合",
    "follow.status.unknown": "不明",
    "follow.status.progressed": "进展",
    "follow.events": "经过",
    "follow.event.appeared": "出现",
    "follow.event.vanished": "消失",
    "follow.event.split": "分裂",
    "follow.event.merged": "并入 {into}",
    "follow.changes": "变化是否真实？",
    "follow.changes.note": (
        "以体积计。误差为同一病灶测量两次在 95% 情况下的范围。概率由变化、该误差及病灶一般的生长得出。"
        "融合的病灶，此前的体积相加。"
    ),
    "follow.at": "检查日期",
    "follow.since": "相对于",
    "follow.factor": "{factor} 倍",
    "follow.since.last": "{date}（前次）",
    "follow.since.first": "{date}（首次）",
    "follow.since.smallest": "{date}（最小）",
    "follow.volume_change": "体积",
    "follow.error": "测量误差",
    "follow.grew": "确实增大",
    "follow.shrank": "确实缩小",
    "follow.by_20": "直径确实增大 20%",
    "follow.growth": "生长与预测",
    "follow.growth.note": (
        "体积及其 90% 误差，以及五种生长规律的共同预期；若情况不变，十分之九的真实体积在区间之内。"
    ),
    "follow.growth.rate": "目前每月 {middle}（{low} 至 {high}）。",
    "follow.growth.doubling": "倍增时间 {middle} 天（{low} 至 {high}）。",
    "follow.growth.no_doubling": "无倍增时间：没有增长，或倍增需要十年以上。",
    "follow.growth.no_law": "没有突出的生长规律。",
    "follow.growth.law": "最可能的规律：{law}（{percent}%）。",
    "follow.growth.warning": "自 {date} 起，其直径多半超过最小值 20%。",
    "follow.growth.already": "在末次检查（{date}）时，其直径已很可能超过最小值 20%。",
    "follow.growth.quiet": "{days} 天内预计其直径不会超过最小值 20%。",
    "follow.law.exponential": "指数",
    "follow.law.linear": "直径线性",
    "follow.law.logistic": "逻辑斯蒂",
    "follow.law.gompertz": "Gompertz",
    "follow.law.regrowth": "先缩小后再生长",
    "follow.verdicts": "疗效及决定性规则",
    "follow.rules.recist": "RECIST 1.1",
    "follow.rules.irecist": "iRECIST",
    "follow.rules.volume": "靶病灶体积",
    "follow.rules.rano": "RANO（影像部分）",
    "follow.unit.recist": "总和 (mm)",
    "follow.unit.irecist": "总和 (mm)",
    "follow.unit.volume": "总和 (ml)",
    "follow.unit.rano": "总和 (mm²)",
    "follow.answer": "疗效",
    "follow.why": "原因",
    "follow.volume.cr": "所有靶病灶消失。",
    "follow.volume.pr": "{sum} ml，较基线 {change}：相当于球体直径减少 30%（−66%）或以上。",
    "follow.volume.sd": "{sum} ml，较基线 {change}，较最小值 {nadir}：未达 −66% 或 +73%。",
    "follow.volume.pd": "{sum} ml，较最小值 {nadir}：相当于球体直径增加 20%（+73%）或以上。",
    "follow.volume.ne": "靶病灶未全部测量。",
    "follow.volume.none": "没有靶病灶。",
    "follow.overruled.title": "阅片者的不同选择",
    "follow.overruled": "{lesion} {what}：{chosen}，代替 {proposed}",
    "follow.choice.role": "角色",
    "follow.choice.node": "淋巴结",
    "follow.choice.organ": "器官",
    "follow.choice.seen": "掩膜中的编号",
    "follow.choice.progressed": "明确进展",
    "follow.choice.steroids": "激素",
    "follow.choice.clinical": "临床状况",
    "follow.choice.flair": "T2 / FLAIR",
    "follow.context.none": "无",
    "follow.context.stable": "稳定",
    "follow.context.less": "减少",
    "follow.context.more": "增加",
    "follow.context.better": "好转",
    "follow.context.worse": "恶化",
    "follow.yes": "是",
    "follow.no": "否",
    "follow.limits": "局限",
    "follow.limit.targets": "靶病灶仅按大小提出：能否重复测量、是否代表疾病由阅片者判断。",
    "follow.limit.non_targets": "非靶病灶是否明确进展、新病灶是否成立，只有阅片者能判断。",
    "follow.limit.forecast": "预测以治疗和病程不变为前提，不是预后。",
    "follow.limit.population": (
        "只有两次检查时，预测在很大程度上来自病灶一般的生长（70 天倍增或减半为一个标准差）。"
    ),
    "follow.limit.rano": "RANO 还需要激素、临床状态和 T2 / FLAIR：未告知者在各结论中列出。",
    "follow.limit.organ": "并非所有病灶的器官已知，因此无法遵守每个器官至多两个靶病灶。",
    "follow.limit.mask": "所有大小均为轮廓的大小：轮廓错误则变化错误。",
    "follow.limit.tables": "未见图像：测量和病灶以表格为准；体积为该直径的球体体积。",
}
