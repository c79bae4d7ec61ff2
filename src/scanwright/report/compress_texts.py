"""Words of the page of ``compress``, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.compress": "Smaller and faster, and what it costs",
    "compress.asked": "How small and how fast can the model of {run} become before it gets worse?",
    "compress.by_drop": "Allowed: {name} worse by at most {max_drop}.",
    "compress.by_speed": (
        "Wanted: {speedup} × as fast end to end, with the least loss; {name} may be worse by {max_drop} "
        "without being called so."
    ),
    "compress.n": "{n_cases} validation cases of {n_patients} patients, the same for all models.",
    "compress.n_unknown": (
        "{n_cases} validation cases, the same for all models; which patient each comes from is not known, so "
        "the intervals may be too narrow."
    ),
    "compress.found": "Use {name}.",
    "compress.found.size": (
        "{size}, {ratio} times smaller; {network} × as fast in the network, {whole} × end to end."
    ),
    "compress.found.score": "{name} {b} against {a}: difference {difference} {interval}.",
    "compress.keep": "Keep the original: no smaller model was shown to be as good.",
    "compress.keep.few": (
        "There are {n} patients to judge by; below {fewest} nothing is claimed, whatever the numbers say."
    ),
    "compress.unreached": "No candidate is {speedup} × as fast end to end; the fastest is {best} ×.",
    "compress.price": "It reaches the speed, but loses more than is allowed.",
    "compress.price.unsure": (
        "It reaches the speed; whether it loses more than is allowed, n is too small to say."
    ),
    "compress.disturbed": (
        "The machine was busy: beside one candidate the original took {times} times as long as beside "
        "another. How many times as fast each is was timed by turns and holds better than the seconds, which "
        "are not sure."
    ),
    "compress.stopped": "The search was stopped by the user; what was tried is here.",
    "compress.sure.val": (
        "These validation cases also chose the weights of all models, and which one is recommended: on new "
        "patients expect somewhat less. Test cases were not touched."
    ),
    "compress.sure.bound": (
        "A model is allowed when even the worst end of the {level} % interval of its loss is within what is "
        "allowed."
    ),
    "compress.sure.golden": "Each package is checked against answers of its own graph when it is opened.",
    "compress.next.test": "Judge the chosen model on test cases: compare RUN model.scanwright DATA.",
    "compress.next.more": "With more validation patients, intervals are narrower and more may be allowed.",
    "compress.next.machine": "Speed depends on the processor: time it on the machine that will run it.",
    "compress.plot": "Accuracy against speed and size",
    "compress.plot.note": (
        "Each dot is a model with the interval of its difference from the original; the dashed line is what "
        "is allowed. Filled: worth having, as it is not shown to lose too much and no other is better in "
        "accuracy, network speed and size at once; or asked for by its speed."
    ),
    "compress.axis.loss": "{name}, difference from the original",
    "compress.axis.speed": "times as fast, network only",
    "compress.axis.bytes": "size of the package, kB",
    "compress.table": "Every model that was tried",
    "compress.table.note": (
        "In brackets {level} % intervals over patients. Difference: candidate − original on the same cases. "
        "% wide: of the channels of each level. "
        "Latency: median of one image on a processor; each was timed by turns with the original in the same "
        "process, and is the original's median over all candidates divided by how many times as fast it was. "
        "Network: one patch. End to end: reading, preparing, all patches, answering. Memory: peak of a "
        "process of its own that answers one image."
    ),
    "compress.head.model": "model",
    "compress.head.verdict": "verdict",
    "compress.head.score": "{name}",
    "compress.head.difference": "difference",
    "compress.head.size": "size",
    "compress.head.network": "network",
    "compress.head.whole": "end to end",
    "compress.head.memory": "memory",
    "compress.head.weights": "weights",
    "compress.head.work": "multiply-adds",
    "compress.verdict.allowed": "allowed",
    "compress.verdict.unsure": "n too small to say",
    "compress.verdict.worse": "not allowed",
    "compress.verdict.original": "the original",
    "compress.original": "original, fp32",
    "compress.as_it_is": "same network, {precision}",
    "compress.pruned": "{share} % wide, pruned, {precision}",
    "compress.distilled": "{share} % wide, distilled, {precision}",
    "compress.checks": "What was checked",
    "compress.checks.note": (
        "Loss: how much worse than the original, negative where it is better, with its interval. Calibration "
        "is Brier's score, which pairs; the expected calibration error does not."
    ),
    "compress.check.score": "main number: {name}",
    "compress.check.calibration": "calibration: {name}",
    "compress.check.subgroup": "{group}: {name}",
    "compress.head.check": "check",
    "compress.head.loss": "loss",
    "compress.head.allowed": "allowed",
    "compress.times": "{times} ×",
}

ZH = {
    "title.compress": "更小、更快，以及代价",
    "compress.asked": "{run} 的模型在变差之前，能变得多小、多快？",
    "compress.by_drop": "允许：{name}最多变差 {max_drop}。",
    "compress.by_speed": "目标：端到端快 {speedup} 倍且损失最小；{name}变差不超过 {max_drop} 不算变差。",
    "compress.n": "{n_patients} 名患者的 {n_cases} 个验证病例，所有模型相同。",
    "compress.n_unknown": "{n_cases} 个验证病例，所有模型相同；不知各来自哪位患者，因此区间可能过窄。",
    "compress.found": "使用：{name}。",
    "compress.found.size": "{size}，缩小为 1/{ratio}；网络速度 {network} 倍，端到端 {whole} 倍。",
    "compress.found.score": "{name} {b}，原模型 {a}：差值 {difference} {interval}。",
    "compress.keep": "保留原模型：没有更小的模型被证明同样好。",
    "compress.keep.few": "可供评估的患者为 {n} 名；少于 {fewest} 名时，无论数值如何都不下结论。",
    "compress.unreached": "没有候选模型端到端快 {speedup} 倍；最快的为 {best} 倍。",
    "compress.price": "达到了速度目标，但损失超过允许范围。",
    "compress.price.unsure": "达到了速度目标；损失是否超过允许范围，n 太小，无法判断。",
    "compress.disturbed": (
        "测量时机器繁忙：原模型与某一候选交替测量时的耗时是与另一候选时的 {times} 倍。"
        "加速倍数由交替测量得出，较为可靠；以秒计的时间不可靠。"
    ),
    "compress.stopped": "搜索被用户停止；此处为已尝试的部分。",
    "compress.sure.val": (
        "这些验证病例也用于选择所有模型的权重以及推荐哪一个：在新患者上预计会略差。未使用测试病例。"
    ),
    "compress.sure.bound": "当损失的 {level}% 区间的最差一端仍在允许范围内时，模型才算被允许。",
    "compress.sure.golden": "每个模型包在打开时，都会与其自身计算图的参考答案核对。",
    "compress.next.test": "在测试病例上评估所选模型：compare RUN model.scanwright DATA。",
    "compress.next.more": "验证患者越多，区间越窄，可能允许得更多。",
    "compress.next.machine": "速度取决于处理器：请在实际运行的机器上测量。",
    "compress.plot": "准确度与速度、大小",
    "compress.plot.note": (
        "每个点为一个模型，附其与原模型差值的区间；虚线为允许的界限。"
        "实心：值得保留，因为未显示损失过多，且没有其他模型在准确度、网络速度和大小上同时更好；"
        "或因达到所要求的速度。"
    ),
    "compress.axis.loss": "{name}，与原模型的差值",
    "compress.axis.speed": "速度倍数（仅网络）",
    "compress.axis.bytes": "模型包大小（kB）",
    "compress.table": "尝试过的所有模型",
    "compress.table.note": (
        "括号内为按患者的 {level}% 区间。差值：候选 − 原模型，相同病例。通道百分比针对每一层。"
        "延迟：处理器上一幅图像的中位数；各模型均与原模型在同一进程中交替测量，"
        "所示为原模型在所有候选中的中位数除以加速倍数。网络：一个图块。端到端：读取、准备、全部图块、给出答案。"
        "内存：单独进程回答一幅图像时的峰值。"
    ),
    "compress.head.model": "模型",
    "compress.head.verdict": "结论",
    "compress.head.score": "{name}",
    "compress.head.difference": "差值",
    "compress.head.size": "大小",
    "compress.head.network": "网络",
    "compress.head.whole": "端到端",
    "compress.head.memory": "内存",
    "compress.head.weights": "权重",
    "compress.head.work": "乘加次数",
    "compress.verdict.allowed": "允许",
    "compress.verdict.unsure": "n 太小，无法判断",
    "compress.verdict.worse": "不允许",
    "compress.verdict.original": "原模型",
    "compress.original": "原模型，fp32",
    "compress.as_it_is": "原网络，{precision}",
    "compress.pruned": "{share}% 通道，剪枝，{precision}",
    "compress.distilled": "{share}% 通道，蒸馏，{precision}",
    "compress.checks": "检查了什么",
    "compress.checks.note": (
        "损失：比原模型差多少，更好时为负，附其区间。校准用可配对的 Brier 分数；期望校准误差不能配对。"
    ),
    "compress.check.score": "主要指标：{name}",
    "compress.check.calibration": "校准：{name}",
    "compress.check.subgroup": "{group}：{name}",
    "compress.head.check": "检查项",
    "compress.head.loss": "损失",
    "compress.head.allowed": "允许值",
    "compress.times": "{times} 倍",
}
