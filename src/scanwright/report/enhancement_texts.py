"""Words of the page of ``enhance``, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.enhance": "Before and after",
    "enhance.asked": "What do these steps make of the images of {source}?",
    "enhance.written": "{n} images were written.",
    "enhance.aside": "{n} were set aside; failures.csv says why.",
    "enhance.headline": "{name} {before} → {after}",
    "enhance.nothing": "Without a reference there is no number; the pictures show what changed.",
    "enhance.change": "{name}: change {number}, n = {n}",
    "enhance.sure": (
        "A higher PSNR or SSIM means nearer to the reference, over the whole image. It does not mean that a "
        "lesion is seen better, or that a model learns better."
    ),
    "enhance.sure.none": (
        "That an image looks better does not mean that it shows more: noise can be taken for structure, and "
        "structure for noise."
    ),
    "enhance.next.look": "Look at the pictures: is anything gone that mattered, or there that was not?",
    "enhance.next.train": (
        "Train on the images before and after, on the same split, and compare: only that tells whether the "
        "steps help."
    ),
    "enhance.next.reference": "With clean images of the same names, --reference gives PSNR and SSIM.",
    "enhance.steps": "Steps",
    "enhance.steps.note": "In this order. steps.json has the numbers that each image gave.",
    "enhance.step": "Step",
    "enhance.does": "What it does",
    "enhance.undone": "Can be undone",
    "enhance.yes": "yes, by its record",
    "enhance.no": "no",
    "enhance.pictures.note": (
        "The same place before and after; W and L say the window. {shown} of {total} images are shown."
    ),
    "enhance.before": "before",
    "enhance.after": "after",
    "enhance.change.head": "change",
    "enhance.alt": "Image {case}, {when}",
    "enhance.numbers": "Compared with the reference",
    "enhance.numbers.note": "Means over the cases that have a value before and after. {method}",
    "enhance.interval": "In brackets the {level} % interval ({method}).",
    "enhance.why.grid": (
        "{n} images have another grid or number of channels than their reference: no number."
    ),
    "enhance.why.scale": (
        "The steps change the units of the values ({n} images): PSNR and SSIM against the reference would "
        "mean nothing. Leave out zscore, percentile and window to measure the others."
    ),
    "enhance.why.missing": "{n} images have no reference of their name.",
    "enhance.cases": "All cases",
    "metric.psnr": "PSNR",
    "metric.ssim": "SSIM",
    "about.psnr": "how small the differences are beside the range of values; each 6 dB halves them",
    "about.ssim": "how alike means, contrasts and structures of small windows are; 1 is the same",
}

ZH = {
    "title.enhance": "处理前后对比",
    "enhance.asked": "这些步骤对 {source} 的图像做了什么？",
    "enhance.written": "写出了 {n} 幅图像。",
    "enhance.aside": "{n} 幅被搁置，原因见 failures.csv。",
    "enhance.headline": "{name} {before} → {after}",
    "enhance.nothing": "没有参考图像就没有数值；变化见下方图像。",
    "enhance.change": "{name}：变化 {number}，n = {n}",
    "enhance.sure": (
        "PSNR 或 SSIM 更高，表示整幅图像更接近参考图像；并不表示病灶看得更清楚，也不表示模型学得更好。"
    ),
    "enhance.sure.none": "图像看起来更好，不等于显示了更多信息：噪声可能被当作结构，结构也可能被当作噪声。",
    "enhance.next.look": "查看图像：是否丢失了重要的内容，或多出了原来没有的内容？",
    "enhance.next.train": (
        "用处理前和处理后的图像、按相同的划分分别训练并比较：只有这样才知道这些步骤是否有用。"
    ),
    "enhance.next.reference": "若有同名的干净图像，可用 --reference 得到 PSNR 和 SSIM。",
    "enhance.steps": "步骤",
    "enhance.steps.note": "按此顺序进行。每幅图像得出的数值见 steps.json。",
    "enhance.step": "步骤",
    "enhance.does": "作用",
    "enhance.undone": "能否还原",
    "enhance.yes": "能，依据记录",
    "enhance.no": "不能",
    "enhance.pictures.note": "同一位置处理前后；W 和 L 为窗宽和窗位。共 {total} 幅图像，显示 {shown} 幅。",
    "enhance.before": "处理前",
    "enhance.after": "处理后",
    "enhance.change.head": "变化",
    "enhance.alt": "图像 {case}，{when}",
    "enhance.numbers": "与参考图像比较",
    "enhance.numbers.note": "处理前后都有数值的病例的平均。{method}",
    "enhance.interval": "括号内为 {level}% 区间（{method}）。",
    "enhance.why.grid": "{n} 幅图像与其参考图像的网格或通道数不同：没有数值。",
    "enhance.why.scale": (
        "这些步骤改变了数值的单位（{n} 幅图像），与参考图像的 PSNR 和 SSIM 没有意义。"
        "去掉 zscore、percentile 和 window 可测量其余步骤。"
    ),
    "enhance.why.missing": "{n} 幅图像没有同名的参考图像。",
    "enhance.cases": "全部病例",
    "metric.psnr": "PSNR",
    "metric.ssim": "SSIM",
    "about.psnr": "差异相对于数值范围有多小；每增加 6 dB，差异减半",
    "about.ssim": "小窗口内均值、对比度和结构的相似程度；1 为完全相同",
}
