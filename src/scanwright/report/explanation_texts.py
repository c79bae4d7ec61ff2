"""Words of the page of ``explain``, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.explain": "What the answers hang on",
    "explain.asked": "Which parts of the images of {source} do the model's answers hang on?",
    "explain.asked.n": "Images: {n}. Methods: {methods}.",
    "explain.stopped": "Stopped after {done} of {total} images: the others were not looked at.",
    "explain.learnt": (
        "Images that the model was trained or chosen with: {n} of {total}. On them its answers are surer "
        "than on new ones."
    ),
    "explain.about.image": "What is explained: the log-odds of one class, by default of the predicted one.",
    "explain.about.region": (
        "What is explained: the log-odds of one class, summed over the voxels that the model outlined as it, "
        "in the tile that holds most of them."
    ),
    "explain.about.box": "What is explained: the score of the surest finding, at the place it was seen from.",
    "explain.about.value": "What is explained: the number that the model gives; a map shows what raises it.",
    "explain.headline": "{stood} of {total} maps stood their trials.",
    "explain.aside": "{n} images were set aside; failures.csv says why.",
    "explain.pointing": "{title}: its peak lies on what is known to be there in {number} of images, n = {n}",
    "explain.no_truth": "Where the finding really is, nobody said: whether the maps point at it is open.",
    "explain.elsewhere": (
        "Of the maps that stood, {away} of {total} have their peak elsewhere than on what is known to be "
        "there. The model may go by something else, such as a marker, a device or a border: look before you "
        "trust it."
    ),
    "explain.sure.stood": (
        "A map that stood shows where the answer hangs on the image, better than the same map at another "
        "place would, and it needs what the model has learnt. It does not say that the answer is right."
    ),
    "explain.sure.chance": "{n} failed: hiding what they mark changes the answer no more than chance does.",
    "explain.sure.weights": "{n} failed: networks that have learnt nothing give nearly the same map.",
    "explain.sure.empty": "{n} failed: they are empty.",
    "explain.next.look": "Look at the pictures: does the glow lie where a clinician would look?",
    "explain.next.failed": "Do not go by what lies in the folder failed.",
    "explain.next.truth": "With masks or boxes of the images, --truth plays the pointing game.",
    "explain.next.none": (
        "No map stood: nothing can be said of what the answers hang on. Where the model is sure of what is "
        'absent ("normal"), that is to be expected: explain the other class with --class.'
    ),
    "explain.pictures.note": (
        "The same plane, plain and under each map that stood: the brighter the glow, the more the answer "
        "hangs on it. Maps that failed are not shown. {shown} of {total} images are shown."
    ),
    "explain.alt": "Maps of {case}",
    "explain.caption": "{name}, {answer}",
    "explain.legend.truth": "known to be there",
    "explain.legend.predicted": "outlined or found by the model",
    "explain.methods": "Methods",
    "explain.methods.note": (
        "Deletion: mean answer while the most relevant voxels are blurred first, low is good. Insertion: "
        "while they come back first, high is good. Beside them the same by chance: the map at {orders} other "
        "places. A map fails where chance is as good (p above {most_chance}), or where its ranks correlate "
        "by {limit} or more with maps of networks with fresh weights. {method}"
    ),
    "explain.method": "Method",
    "explain.stood": "Stood",
    "explain.deletion": "Deletion (chance)",
    "explain.insertion": "Insertion (chance)",
    "explain.correlation": "Correlation with fresh weights",
    "explain.pointing.head": "Pointing game",
    "explain.beside": "{own} ({chance})",
    "explain.interval": "In brackets the {level} % interval ({method}).",
    "explain.failed": "Maps that failed",
    "explain.failed.note": "They lie in the folder failed, for those who want to know why.",
    "explain.why": "Why it failed",
    "explain.why.empty": "it is empty",
    "explain.why.chance": "hiding what it marks changes the answer no more than chance does (p = {p})",
    "explain.why.weights": "networks with fresh weights give nearly the same map (correlation {correlation})",
    "explain.cases": "All images",
    "explain.cases.note": "✓ stood, ✗ failed; on, off: whether the peak lies on what is known to be there.",
    "explain.explained": "Explained",
    "explain.answer": "Answer",
    "explain.mark.stood": "✓",
    "explain.mark.failed": "✗",
    "explain.some": "{shown} of {total} rows shown; all of them are in explanation.json.",
    "explain.on": "on",
    "explain.off": "off",
}

ZH = {
    "title.explain": "模型的回答取决于图像的哪些部分",
    "explain.asked": "模型对 {source} 中图像的回答取决于图像的哪些部分？",
    "explain.asked.n": "图像数：{n}。方法：{methods}。",
    "explain.stopped": "在 {total} 幅图像中完成 {done} 幅后被停止：其余未作解释。",
    "explain.learnt": "{total} 幅图像中有 {n} 幅曾用于训练或选择模型：对它们的回答比对新图像更有把握。",
    "explain.about.image": "解释的对象：某一类别的对数几率，默认为预测的类别。",
    "explain.about.region": (
        "解释的对象：某一类别的对数几率，在模型勾画为该类别的体素上求和（取包含最多此类体素的图块）。"
    ),
    "explain.about.box": "解释的对象：最确定的一个检出在其被识别位置上的得分。",
    "explain.about.value": "解释的对象：模型给出的数值；图中显示使其升高的部分。",
    "explain.headline": "{total} 幅解释图中有 {stood} 幅通过检验。",
    "explain.aside": "{n} 幅图像被搁置，原因见 failures.csv。",
    "explain.pointing": "{title}：最高点落在已知目标上的图像比例为 {number}，n = {n}",
    "explain.no_truth": "未提供目标的真实位置：解释图是否指向它尚不可知。",
    "explain.elsewhere": (
        "通过检验的 {total} 幅解释图中，有 {away} 幅的最高点不在已知目标上。"
        "模型依据的可能是别的东西，如标记、器械或边缘：信任之前请先查看图像。"
    ),
    "explain.sure.stood": (
        "通过检验的解释图表明回答取决于图像的何处：它优于放在别处的同一幅图，并且离不开模型所学到的内容。"
        "它并不说明回答是正确的。"
    ),
    "explain.sure.chance": "{n} 幅未通过：遮去其标出的部分，回答的变化与随机相当。",
    "explain.sure.weights": "{n} 幅未通过：未经学习的网络也给出几乎相同的图。",
    "explain.sure.empty": "{n} 幅未通过：图为空。",
    "explain.next.look": "查看图像：亮处是否是临床医生会看的地方？",
    "explain.next.failed": "不要依据 failed 文件夹中的内容。",
    "explain.next.truth": "若有这些图像的掩膜或方框，可用 --truth 进行指向检验。",
    "explain.next.none": (
        "没有一幅解释图通过检验：无法说明回答取决于什么。若模型确定的是“没有病变”（正常），这在意料之中："
        "可用 --class 解释另一个类别。"
    ),
    "explain.pictures.note": (
        "同一平面：原图，以及叠加每幅通过检验的解释图；越亮，回答越取决于该处。未通过的图不显示。"
        "共 {total} 幅图像，显示 {shown} 幅。"
    ),
    "explain.alt": "{case} 的解释图",
    "explain.caption": "{name}，{answer}",
    "explain.legend.truth": "已知目标所在",
    "explain.legend.predicted": "模型勾画或检出",
    "explain.methods": "方法",
    "explain.methods.note": (
        "删除：先模糊最相关的体素时回答的平均值，越低越好。插入：先恢复这些体素时的平均值，越高越好。"
        "括号中为随机结果：同一幅图放在另外 {orders} 个位置。若随机结果同样好（p 大于 {most_chance}），"
        "或其秩与未经学习的网络的图相关达到 {limit}，则未通过。{method}"
    ),
    "explain.method": "方法",
    "explain.stood": "通过",
    "explain.deletion": "删除（随机）",
    "explain.insertion": "插入（随机）",
    "explain.correlation": "与未学习网络的相关",
    "explain.pointing.head": "指向检验",
    "explain.beside": "{own}（{chance}）",
    "explain.interval": "括号内为 {level}% 区间（{method}）。",
    "explain.failed": "未通过检验的解释图",
    "explain.failed.note": "这些图在 failed 文件夹中，供想了解原因的人查看。",
    "explain.why": "未通过的原因",
    "explain.why.empty": "图为空",
    "explain.why.chance": "遮去其标出的部分，回答的变化与随机相当（p = {p}）",
    "explain.why.weights": "未经学习的网络也给出几乎相同的图（相关 {correlation}）",
    "explain.cases": "全部图像",
    "explain.cases.note": "✓ 通过，✗ 未通过；在、不在：最高点是否落在已知目标上。",
    "explain.explained": "解释的对象",
    "explain.answer": "回答",
    "explain.mark.stood": "✓",
    "explain.mark.failed": "✗",
    "explain.some": "共 {total} 行，显示 {shown} 行；全部内容见 explanation.json。",
    "explain.on": "在",
    "explain.off": "不在",
}
