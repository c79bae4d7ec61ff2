"""Words of the page of ``measure``, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.measure": "Lesions measured",
    "measure.image": "image",
    "measure.asked": "How large are the lesions that {mask} outlines on {image}?",
    "measure.how.labels": "Each label of the mask is one lesion.",
    "measure.how.pieces": "Each connected piece of a label is one lesion.",
    "measure.none": "The mask holds no lesion.",
    "measure.count": "{n} lesions, together {volume} ml.",
    "measure.count_px": "{n} lesions.",
    "measure.largest": "Longest diameter {long} × {short} {unit} (lesion {lesion})",
    "measure.more": (
        "The mask holds more pieces than {n}: the largest {n} are measured. Is it a mask of lesions?"
    ),
    "measure.sure": (
        "Lengths are exact for this mask, by the outline half-way between voxels inside and outside. "
        "How well "
        "the mask fits the lesion is another question: two readers differ by more than a voxel."
    ),
    "measure.voxel": "One voxel is {spacing} mm: no length is known better than that.",
    "measure.next.look": (
        "Look at each picture: does the outline fit, and does the line lie where you would draw it?"
    ),
    "measure.next.recist": (
        "RECIST 1.1 measures the longest diameter in the axial plane, and of lymph nodes the short "
        "axis. Which "
        "lesions are targets is a reader's choice."
    ),
    "measure.table": "Lesions",
    "measure.lesion": "Lesion",
    "measure.label": "Label",
    "measure.organ": "Organ",
    "measure.volume": "Volume (ml)",
    "measure.area": "Area (px²)",
    "measure.diameters": "Longest × perpendicular ({unit})",
    "measure.feret": "In space, longest / shortest (mm)",
    "measure.sphericity": "Sphericity",
    "measure.mean": "Mean ± SD{unit}",
    "measure.peak": "SUV max / peak",
    "measure.tlg": "TLG (ml)",
    "measure.slice": "Slice",
    "measure.notes": "Notes",
    "measure.table.note": (
        "The largest first. Everything else, with features by IBSI, is in measurements.csv and .json."
    ),
    "measure.pictures.note": (
        "The slice with the longest diameter. Yellow: longest diameter; orange: the longest line at "
        "right angles; "
        "blue: outline. {shown} of {total} lesions are shown."
    ),
    "measure.alt": "Lesion {lesion} with its diameters",
    "measure.defined": "What the numbers are",
    "measure.define.volume": (
        "Volume: voxels times their size; the volume of the surface mesh is in the table of numbers."
    ),
    "measure.define.long": "Longest diameter: the largest distance of two points of one piece in one slice.",
    "measure.define.short": "Perpendicular: the longest line at right angles to it in the same slice.",
    "measure.define.sphericity": (
        "Sphericity: 1 for a ball, less the more surface a lesion has for its volume."
    ),
    "measure.define.ibsi": (
        "Features by IBSI bear the tags of its tables; bins: 25 HU, 0.25 SUV, else 32 bins."
    ),
    "measure.note.border": "touches the edge of the image: some of it may lie beyond",
    "measure.note.one_voxel": "one voxel: its size is the voxel's",
    "measure.note.one_slice": "in one slice only: volume and shape in space rest on the slice's thickness",
    "measure.note.thick": (
        "slices thicker than 5 mm: RECIST 1.1 asks for a longest diameter of twice the thickness"
    ),
    "measure.note.not_axial": "measured in the {plane} slices as they were taken, not in axial ones",
    "measure.note.tilted": "the slices are tilted by over 10°: diameters are those in the tilted slices",
    "measure.note.no_spacing": "spacing unknown: lengths are in pixels, and no mm or ml are claimed",
    "measure.plane.axial": "axial",
    "measure.plane.coronal": "coronal",
    "measure.plane.sagittal": "sagittal",
    "measure.plane.picture": "picture",
}

ZH = {
    "title.measure": "病灶测量",
    "measure.image": "图像",
    "measure.asked": "{mask} 在 {image} 上勾画的病灶有多大？",
    "measure.how.labels": "掩膜的每个标签为一个病灶。",
    "measure.how.pieces": "同一标签中每个相连的部分为一个病灶。",
    "measure.none": "掩膜中没有病灶。",
    "measure.count": "{n} 个病灶，共 {volume} ml。",
    "measure.count_px": "{n} 个病灶。",
    "measure.largest": "最长径 {long} × {short} {unit}（病灶 {lesion}）",
    "measure.more": "掩膜中的部分多于 {n} 个：只测量最大的 {n} 个。这是病灶掩膜吗？",
    "measure.sure": (
        "长度对此掩膜是精确的，轮廓取内外体素的正中。掩膜与病灶是否吻合是另一个问题：两位阅片者之间的"
        "差异超过一个体素。"
    ),
    "measure.voxel": "一个体素为 {spacing} mm：任何长度都不会比这更准确。",
    "measure.next.look": "逐幅查看图像：轮廓是否吻合，线是否位于您会画的位置？",
    "measure.next.recist": "RECIST 1.1 测量轴位上的最长径，淋巴结测量短径。哪些病灶作为靶病灶由阅片者决定。",
    "measure.table": "病灶",
    "measure.lesion": "病灶",
    "measure.label": "标签",
    "measure.organ": "器官",
    "measure.volume": "体积 (ml)",
    "measure.area": "面积 (px²)",
    "measure.diameters": "最长径 × 垂直径 ({unit})",
    "measure.feret": "三维最长 / 最短径 (mm)",
    "measure.sphericity": "球形度",
    "measure.mean": "均值 ± 标准差{unit}",
    "measure.peak": "SUV max / peak",
    "measure.tlg": "TLG (ml)",
    "measure.slice": "层面",
    "measure.notes": "说明",
    "measure.table.note": "按大小排列。其余数值及 IBSI 特征见 measurements.csv 和 .json。",
    "measure.pictures.note": (
        "最长径所在的层面。黄色：最长径；橙色：与之垂直的最长线；蓝色：轮廓。共 {total} 个病灶，显示 "
        "{shown} 个。"
    ),
    "measure.alt": "病灶 {lesion} 及其径线",
    "measure.defined": "数值的含义",
    "measure.define.volume": "体积：体素数乘以体素大小；表面网格的体积见数值表。",
    "measure.define.long": "最长径：同一层面上同一部分中两点之间的最大距离。",
    "measure.define.short": "垂直径：同一层面上与最长径垂直的最长线。",
    "measure.define.sphericity": "球形度：球为 1；表面积相对体积越大，数值越小。",
    "measure.define.ibsi": "IBSI 特征使用其表格中的标签；分箱：25 HU、0.25 SUV，其余为 32 箱。",
    "measure.note.border": "触及图像边缘：可能有一部分在图像之外",
    "measure.note.one_voxel": "只有一个体素：其大小即体素大小",
    "measure.note.one_slice": "只在一个层面上：体积和三维形状取决于层厚",
    "measure.note.thick": "层厚超过 5 mm：RECIST 1.1 要求最长径达到层厚的两倍",
    "measure.note.not_axial": "在采集的 {plane} 层面上测量，而非轴位",
    "measure.note.tilted": "层面倾斜超过 10°：径线在倾斜层面上测得",
    "measure.note.no_spacing": "体素间距未知：长度以像素计，不给出 mm 或 ml",
    "measure.plane.axial": "轴位",
    "measure.plane.coronal": "冠状位",
    "measure.plane.sagittal": "矢状位",
    "measure.plane.picture": "图片",
}
