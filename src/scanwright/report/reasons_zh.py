"""What ``reasons`` knows: English forms and their Chinese; ``{}`` is a gap, numbered as in the English.

``tests/report/test_reasons.py`` finds what readers of files can say and is missing here.
"""

from __future__ import annotations

PROBLEMS = {
    # files
    "not used anyway, and {}": "本不参与使用，且{0}",
    "the file does not exist": "文件不存在",
    "there is no such file or folder": "文件或文件夹不存在",
    "the file may not be read": "没有读取该文件的权限",
    "the folder may not be read": "没有读取该文件夹的权限",
    "the file is empty (zero bytes)": "文件为空（0 字节）",
    "the file is cut short": "文件被截断",
    "the file is damaged, cut short or not what its name says": "文件损坏、被截断，或与其名称不符",
    "the file is shorter than its header says": "文件比文件头声明的短",
    "the format is not known": "未知的文件格式",
    "the name is not UTF-8": "名称不是 UTF-8 编码",
    "the image does not fit into memory, or its header is wrong": "图像超出内存，或文件头有误",
    "the picture says that it is implausibly large": "图片声明的尺寸大得不合理",
    "the picture has {} frames": "图片含有 {0} 帧",
    "the TIFF holds no picture": "TIFF 中没有图片",
    "the TIFF holds a stack of {} pages": "TIFF 含有 {0} 页",
    "the image holds complex numbers": "图像含有复数",
    "the image has {} axes; the last (time or channel) has {} entries": (
        "图像有 {0} 个轴，最后一个轴（时间或通道）长 {1}"
    ),
    "the image has no voxels or only one axis": "图像没有体素，或只有一个轴",
    "the dataset declares several channels and the image holds one": "数据集声明了多个通道，而图像只有一个",
    "the channels of the case do not lie on one grid": "该病例的各通道不在同一网格上",
    "the image holds no finite voxel": "图像没有任何有限数值的体素",
    "the image is constant: every voxel has the same value": "图像为常数：所有体素的值都相同",
    "after the plan's steps every voxel has the same value": "经过计划中的步骤后，所有体素的值都相同",
    "this is a picture, and the model learnt from volumes": "这是单幅图片，而模型只学习过图像体",
    "this is a volume, and the model learnt from single pictures": "这是图像体，而模型只学习过单幅图片",
    "another number of channels than the model learnt from": "通道数与模型学习时不同",
    "a volume has four axes (channel, i, j, k)": "图像体应有四个轴（通道、i、j、k）",
    "the affine is not usable": "仿射矩阵不可用",
    "the case has no {}": "该病例没有 {0}",
    "the case has no image": "该病例没有图像",
    "two cases have one name": "两个病例同名",
    "several images have this name but for the suffix": "多幅图像仅后缀不同、名称相同",
    "the folder may not be read, and what lies in it is not looked at": (
        "没有读取该文件夹的权限，其中的内容未检查"
    ),
    "its name is not UTF-8, so that no table or page can hold it": (
        "名称不是 UTF-8 编码，无法写入任何表格或页面"
    ),
    "the archive is encrypted": "压缩包已加密",
    "the archive is empty": "压缩包为空",
    # masks
    "the mask has another shape than the image": "掩膜与图像的尺寸不同",
    "the mask lies elsewhere in the patient than the image (their affines differ)": (
        "掩膜与图像在患者体内的位置不同（仿射矩阵不一致）"
    ),
    "the mask does not look like one": "掩膜看起来不是掩膜",
    "the mask has several channels": "掩膜有多个通道",
    "there is no mask to read": "没有可读取的掩膜",
    "the mask is a colour picture": "掩膜是彩色图片",
    "the masks of the image do not lie on one grid": "同一图像的多个掩膜不在同一网格上",
    "the mask holds several values, and its name tells of one structure": (
        "掩膜含有多个值，而其名称只表示一个结构"
    ),
    "the masks of the image hold implausibly many values": "该图像的掩膜值多得不合理",
    "the mask holds values that are not whole numbers": "掩膜的值不是整数",
    "the mask holds implausibly large labels": "掩膜的标签值大得不合理",
    "the mask does not hold numbers": "掩膜的内容不是数值",
    "the mask has no image": "掩膜没有对应的图像",
    "the mask has no image in {}": "掩膜在 {0} 中没有对应的图像",
    "the image has no mask": "图像没有掩膜",
    "the image has no mask in labelsTr": "图像在 labelsTr 中没有掩膜",
    "no mask is named after it": "没有以它命名的掩膜",
    "{} of {} channels are there": "{1} 个通道中只有 {0} 个",
    "a mask names no structure that others have: {}": "某个掩膜所命名的结构在其他病例中没有：{0}",
    "the name of its mask is like no other: {}": "其掩膜的命名与其他的都不同：{0}",
    "{} masks fit the image, drawn by several readers: choose one": (
        "{0} 个掩膜对应该图像，由多位医生勾画：请选择其一"
    ),
    "{} masks fit the image": "{0} 个掩膜对应该图像",
    "some masks are files of values and others name structures": "有的掩膜是数值文件，有的掩膜以结构命名",
    "dataset.json gives no value to some structures of the mask": (
        "dataset.json 没有给掩膜中的某些结构指定数值"
    ),
    "the DICOM object outlines nothing": "该 DICOM 对象没有勾画任何内容",
    "a mask is made of DICOM objects or of files of voxels": (
        "掩膜只能由 DICOM 对象或由体素文件组成，不能混用"
    ),
    "{} mask files are named after it": "有 {0} 个掩膜文件以它命名",
    "by its name it may be the mask of any of {} volumes": "按名称它可能是 {0} 个图像体中任何一个的掩膜",
    # tables and layouts
    "the {} is empty": "{0} 为空",
    "the {} is not a table": "{0} 不是表格",
    "the {} cannot be read": "无法读取 {0}",
    "the {} is implausibly large": "{0} 大得不合理",
    "the {} has two columns of one name": "{0} 有两列同名",
    "line {} has {} cells": "第 {0} 行有 {1} 个单元格",
    "line {} of the manifest names an unknown split": "清单第 {0} 行的 split 未知",
    "the column {} is empty": "列 {0} 为空",
    "the column {} does not say whether the case has the class": "列 {0} 没有说明该病例是否属于此类别",
    "the column {} does not hold a number": "列 {0} 不是数值",
    "the file of the column {} does not exist": "列 {0} 所写的文件不存在",
    "the manifest has no rows": "清单没有数据行",
    "the manifest has no image column": "清单没有 image 列",
    "no table of labels": "没有标签表",
    "{} images of this name are in the folder": "文件夹中有 {0} 幅同名图像",
    "a whole disk is not searched for a series": "不会为寻找一个序列而搜索整个磁盘",
    "no DICOM file there has this SeriesInstanceUID": "那里没有此 SeriesInstanceUID 的 DICOM 文件",
    "{} volumes of the series are called so": "该序列中有 {0} 个图像体如此命名",
    "only an .npz file and a DICOM export hold several images": "只有 .npz 文件和 DICOM 导出可以含有多幅图像",
    "there is no such picture": "没有这幅图片",
    "the file is not laid out as MedMNIST": "文件的结构不是 MedMNIST",
    "{}_images does not hold pictures": "{0}_images 中不是图片",
    "{} {}_images and {}_labels of shape {}": "{0} 个 {1}_images，而 {2}_labels 的形状为 {3}",
    "{}_labels are not whole numbers": "{0}_labels 不是整数",
    "{}_labels has {} columns of more than 0 and 1": "{0}_labels 有 {1} 列，且不只含 0 和 1",
    "the file holds pickled Python objects, which could run code": "文件含有可执行代码的 pickle 对象",
    "an array is shorter than its header says": "数组比其头部声明的短",
    "the file is not JSON": "文件不是 JSON",
    "the file is no text": "文件不是文本",
    "the file does not describe a dataset": "文件没有描述数据集",
    "the session has no {}": "该次检查没有 {0}",
    "no mask fits {}": "没有与 {0} 相符的掩膜",
    "several {} of one session": "同一次检查有多个 {0}",
    "{} masks fit {}": "有 {0} 个掩膜与 {1} 相符",
    "the table cannot be read": "无法读取表格",
    "the table is not laid out as BIDS says": "表格不符合 BIDS 的规定",
    "the list is implausibly large": "列表大得不合理",
    "the list can't be read": "无法读取列表",
    "the annotation has no image": "标注没有对应的图像",
    "the label file has no image": "标签文件没有对应的图像",
    "two classes have one name": "两个类别同名",
    # boxes
    "the annotations are implausibly large": "标注文件大得不合理",
    "the annotation is implausibly large": "标注文件大得不合理",
    "the annotation is implausibly deep": "标注文件嵌套过深",
    "the labels are implausibly large": "标签文件大得不合理",
    "a list of classes is implausibly large": "类别列表大得不合理",
    "a bbox is not [x, y, width, height]": "bbox 不是 [x, y, 宽, 高]",
    "an annotation is of a category that is not listed": "某个标注的类别不在列表中",
    "the file does not hold annotations as COCO has them": "文件内容不是 COCO 标注",
    "an image has no id or no file_name": "某幅图像缺少 id 或 file_name",
    "a category has no id or no name": "某个类别缺少 id 或名称",
    "two categories have one id": "两个类别的 id 相同",
    "boxes of pictures are drawn on a volume": "把平面图片的框画在了图像体上",
    "the annotation was made for an image of another size": "标注所对应的图像尺寸不同",
    "this is no annotation of Pascal VOC": "这不是 Pascal VOC 标注",
    "the annotation has a document type, which could hold entities": "标注含有可能带实体的文档类型声明",
    "an object has no box (bndbox)": "某个目标没有检测框（bndbox）",
    "a box lacks one of xmin, ymin, xmax, ymax": "某个框缺少 xmin、ymin、xmax、ymax 之一",
    "the annotation is not XML": "标注不是 XML",
    "{} is not a number": "{0} 不是数值",
    "the names of the classes are not 0: a, 1: b, …, or a list": "类别名称既不是“0: a, 1: b, …”，也不是列表",
    "a box is of a class without a name": "某个框的类别没有名称",
    "a line is not a class and a box": "某一行不是“类别加检测框”",
    "a class is not a whole number": "某个类别不是整数",
    "a box is not told in shares of the image": "某个框没有以图像的比例给出",
    "the file is not YAML": "文件不是 YAML",
    "a line does not hold numbers": "某一行不是数值",
    "boxes are (n, 2, 3), with a class for each": "检测框应为 (n, 2, 3)，并各有一个类别",
    "implausibly many boxes": "检测框多得不合理",
    "scores are one number for each box": "每个框应有一个得分",
    "a box has a flag that is not known": "某个框的标志未知",
    "a box has no class, or one with an implausibly long name": "某个框没有类别，或类别名称长得不合理",
    "box {} of {} {}": "第 {0} 个框（共 {1} 个）的坐标不可用",
    "a box in mm ends before it begins": "某个以毫米表示的框终点在起点之前",
    "a box of a volume has no k_lo and k_hi": "图像体的某个框缺少 k_lo 与 k_hi",
    "a centre has no diameter_mm": "某个中心点没有 diameter_mm",
    "a diameter_mm is negative": "某个 diameter_mm 为负数",
    "a diameter_voxels is negative": "某个 diameter_voxels 为负数",
    "a point in a volume has no k": "图像体中的某个点没有 k",
    "a row does not tell where its box is": "某一行没有说明检测框的位置",
    "boxes are told in mm, and nobody knows the spacing of the image": (
        "检测框以毫米表示，而图像的像素间距未知"
    ),
    "the annotations do not tell clearly of this image": "标注没有明确对应这幅图像",
    "the file holds no boxes": "文件中没有检测框",
    "the table has no column that tells a place": "表格没有表示位置的列",
    # DICOM
    "a localizer (scout)": "定位像",
    "a secondary capture (screenshot) beside the volumes of its study": "二次截图，其检查另有图像体",
    "a single slice beside the volumes of its study": "单层图像，其检查另有图像体",
    "no mask file is named after it": "没有以它命名的掩膜文件",
    "no SEG or RTSTRUCT outlines anything in it": "没有 SEG 或 RTSTRUCT 在其中勾画",
    "the image that it outlines is not there, or cannot be used": "它所勾画的图像不在其中，或无法使用",
    "it may outline any of {} volumes of one series or frame of reference": (
        "它可能勾画同一序列或参考系的 {0} 个图像体中的任何一个"
    ),
    "two objects outline a structure of one name in it: two readers, or two versions": (
        "两个对象在其中勾画了同名结构：可能是两位医生，或两个版本"
    ),
    "the file is not DICOM, or damaged: no size of an image is found in it": (
        "文件不是 DICOM 或已损坏：其中没有图像尺寸"
    ),
    "the image has no SeriesInstanceUID": "图像没有 SeriesInstanceUID",
    "{} makes no sense": "{0} 的数值不合理",
    "{} or {} makes no sense": "{0} 或 {1} 的数值不合理",
    "{} is not positive": "{0} 不是正数",
    "{} does not hold {} numbers": "{0} 不是 {1} 个数值",
    "it claims to be the same instance as {}, and holds something else": (
        "它与 {0} 声称是同一实例，内容却不同"
    ),
    "a structure without a name": "某个结构没有名称",
    "it outlines one structure in planes of several directions": "它在多个方向的平面上勾画同一结构",
    "a contour does not lie in one plane": "某个轮廓不在同一平面上",
    "a contour does not hold three numbers for each of its corners": "某个轮廓的角点没有三个坐标",
    "the JPEG in the file is damaged, or not of the size that its header says": (
        "文件中的 JPEG 已损坏，或尺寸与文件头不符"
    ),
    "the file holds no whole-number pixels": "文件中没有整数像素",
    "the image is neither grey nor of three colours": "图像既不是灰度也不是三色",
    "no decoder for the encoding of its pixels": "没有可解码其像素编码的解码器",
    "the file does not hold as many frames as it says": "文件的帧数与声明的不符",
    "the series holds no image": "序列中没有图像",
    "some images are in colour and others are not": "有的图像是彩色，有的不是",
    "the files name several patients": "文件属于多名患者",
    "the images differ in size": "各图像尺寸不同",
    "the images say no place in the patient": "图像未注明其在患者体内的位置",
    "the images say no {}": "图像未给出 {0}",
    "several images without a place in the patient": "多幅图像没有在患者体内的位置",
    "several frames without a place in the patient": "多帧图像没有在患者体内的位置",
    "some images have no place in the patient": "有的图像没有在患者体内的位置",
    "the images have no place in the patient": "图像没有在患者体内的位置",
    "its frames have no place in the patient": "各帧没有在患者体内的位置",
    "the image has no place in the patient, so that nothing can be drawn into it": (
        "图像没有在患者体内的位置，无法在其中勾画"
    ),
    "the images lie in different directions (a localizer?)": "各图像方向不同（可能是定位像）",
    "the images differ in PixelSpacing": "各图像的 PixelSpacing 不同",
    "ImageOrientationPatient does not hold two directions at a right angle": (
        "ImageOrientationPatient 不是两个互相垂直的方向"
    ),
    "several images lie at one place (a time series, echoes, or two series in one)": (
        "多幅图像位于同一位置（时间序列、多回波，或两个序列混在一起）"
    ),
    "slices are missing": "缺少层面",
    "the DICOM images name no study that results could belong to": "DICOM 图像未注明所属检查，结果无从归属",
    "the headers of its images do not allow one ({})": "其图像的文件头不允许写出该对象（{0}）",
    "the result does not lie on the grid of its DICOM images": "结果不在其 DICOM 图像的网格上",
    "the slices are unevenly spaced": "层间距不均匀",
    "some slices are shifted sideways against the others": "部分层面相对其他层面有横向偏移",
    "the slices are shifted against each other, further than a gantry tilts": (
        "层面之间的偏移超出机架倾斜的可能范围"
    ),
    "the structured report is implausibly large": "结构化报告大得不合理",
    "the structured report is nested too deep, or too long": "结构化报告嵌套过深或过长",
    "the folder does not hold one DICOM series": "文件夹中不是一个 DICOM 序列",
    "the series holds several volumes": "序列含有多个图像体",
    "the DICOM object holds no image": "该 DICOM 对象不含图像",
}

ADVICE = {
    "Copy or export it again.": "请重新复制或导出。",
    "Export it again.": "请重新导出。",
    "Give the plane alone, or a model that learnt from volumes.": (
        "请只提供该平面，或使用学习过图像体的模型。"
    ),
    "Save it in colour if it was; a model for grey pictures learns from grey ones.": (
        "原为彩色的请以彩色保存；灰度图片需要用灰度图片训练的模型。"
    ),
    "Save it in grey, or train with --set enhance=grey, which takes both.": (
        "请以灰度保存，或用 --set enhance=grey 训练，两者均可接受。"
    ),
    "Give the channels that the model learnt from, in their order.": "请按顺序提供模型学习过的各通道。",
    "Export the series again.": "请重新导出该序列。",
    "Export the image again, with its pixels.": "请连同像素重新导出图像。",
    "Export the images again, uncompressed.": "请以未压缩方式重新导出。",
    "Export the image again, or correct its header.": "请重新导出图像，或更正其文件头。",
    "Export it in planes of one direction.": "请以同一方向的平面导出。",
    "Export them as series of their own, or convert the one you need to NIfTI.": (
        "请分别导出为独立序列，或将所需的转换为 NIfTI。"
    ),
    "Find out which of them is right, and remove the other.": "请查明哪一个是对的，并移除另一个。",
    "Name the folder of one series, or the SeriesInstanceUID in a manifest.": (
        "请指定单个序列的文件夹，或在清单中写明 SeriesInstanceUID。"
    ),
    "Give yourself the right to read it.": "请先取得读取权限。",
    "Check its size, or export it again.": "请检查其尺寸，或重新导出。",
    "Cut it into tiles or reduce it.": "请切块或缩小。",
    "Split it into one file per time point or channel.": "请按时间点或通道拆分为单独的文件。",
    "Split it into one file per time point or channel (for channels: {}": (
        "请按时间点或通道拆分为单独的文件。"
    ),
    "Store the magnitude.": "请保存幅值。",
    "Store each frame as a file.": "请把每一帧存为一个文件。",
    "Store each page as a file.": "请把每一页存为一个文件。",
    "Resample the channels onto one of them.": "请将各通道重采样到其中之一的网格。",
    "Resample the mask onto the image's grid, or find the mask that belongs to it.": (
        "请将掩膜重采样到图像网格，或找到正确的掩膜。"
    ),
    "Check that this is the mask and not an image.": "请确认这是掩膜而不是图像。",
    "Check that this is a mask, not an image or a probability map; resample masks with nearest neighbour.": (
        "请确认这是掩膜，而不是图像或概率图；掩膜须用最近邻法重采样。"
    ),
    "Save it as a grey or palette PNG.": "请存为灰度或调色板 PNG。",
    "Say in a dataset.json which value each name has.": "请在 dataset.json 中写明每个名称对应的数值。",
    "Take one of them out of the folder": "请从文件夹中移走其中一个。",
    "Take one of them out of the folder.": "请从文件夹中移走其中一个。",
    "Find the image that was annotated, or annotate this one.{}": "请找到当初标注的图像，或重新标注。",
    "Find the image that was annotated, or annotate this one.": "请找到当初标注的图像，或重新标注。",
    "Keep one, or write a manifest.csv.": "请只保留一个，或编写 manifest.csv。",
    "Correct or remove it.": "请更正或移除。",
    "Give yourself the right to read it": "请先取得读取权限。",
    "Rename it (convmv -f gbk -t utf8 for names from Chinese Windows)": (
        "请改名（来自中文 Windows 的名称可用 convmv -f gbk -t utf8）。"
    ),
    "Remove it.": "请移除。",
    "Rename it, or name a folder above it.": "请改名，或指定其上级文件夹。",
    "Save plain arrays of numbers.": "请保存纯数值数组。",
    'Save it as CSV in UTF-8 (Excel calls it "CSV UTF-8").': "请存为 UTF-8 编码的 CSV。",
    "Save it as tab-separated text in UTF-8, or remove it.": (
        "请存为 UTF-8 编码、以制表符分隔的文本，或移除。"
    ),
    "Choose other values for the steps, or leave them out.": "请更改步骤的数值，或不使用这些步骤。",
    "Give every case a name of its own.": "请为每个病例取不同的名称。",
}

DETAILS = {
    "{} images (a film?)": "{0} 幅（可能是动态影像）",
    "{} (a film?)": "{0} 帧（可能是动态影像）",
    "{} images": " {0} 幅图像",
    "{} slices {} mm apart, and a gap of {} mm": " {0} 层，层距 {1} mm，其间有 {2} mm 的空缺",
    "steps of {} to {} mm": "层距 {0} 至 {1} mm",
    "by {} mm": "偏移 {0} mm",
    "{} mm per slice": "每层 {0} mm",
    "a place {} mm away": "距离 {0} mm",
    "{} and {}": " {0} 与 {1}",
    "shape {} and another affine": "形状 {0}，且仿射矩阵不同",
    "the grid of {}, shape {}": " {0} 的网格（形状 {1}）",
    "shape {}": "形状 {0}",
    "at most {} different values": "最多 {0} 个不同的值",
    "at most {} MiB": "不超过 {0} MiB",
    "at most {} pixels": "不超过 {0} 像素",
    "at most {} levels": "不超过 {0} 层",
    "at most {}": "不超过 {0}",
    "at most {} bytes": "不超过 {0} 字节",
    "{} samples": " {0} 个采样",
    "{}, {} bits": " {0}，{1} 位",
    "{} × {} pixels": " {0} × {1} 像素",
    "numbers from 0 to 1": " 0 到 1 之间的数",
    "one of {}": "以下之一：{0}",
    "one series": "一个序列",
    "{} series": " {0} 个序列",
    "{} series and {} unreadable files": " {0} 个序列和 {1} 个无法读取的文件",
    "three axes (i, j, k)": "三个轴（i、j、k）",
    "one plane": "一个平面",
    "one": "一个",
    "number {}": "第 {0} 个",
    "a SEG or an RTSTRUCT": " SEG 或 RTSTRUCT",
    "train, val or test": " train、val 或 test",
    "{} channels on a fourth axis": "第四个轴上的 {0} 个通道",
    "{} voxels": " {0} 个体素",
    "one whole number for each label": "每个标签一个整数",
    "one grey value for each label (or a palette)": "每个标签一个灰度值（或调色板）",
}

NOTES = {
    "{} volumes are not of the series that was asked for": "{0} 个图像体不属于所选序列",
    "{} DICOM files are copies of others (the same instance) and count once": (
        "{0} 个 DICOM 文件是其他文件的副本（同一实例），只计一次"
    ),
    "{} DICOM objects that are no images ({}) are not used": "未使用 {0} 个非图像的 DICOM 对象（{1}）",
    "{} DICOM series are in no row of the manifest": "{0} 个 DICOM 序列不在清单的任何一行中",
    "{} pictures beside the DICOM series are not used": "未使用 DICOM 序列旁的 {0} 幅图片",
    "{}: slices that stand there twice and count once: {}": "{0}：{1} 层重复出现，只计一次",
    "{}: RescaleSlope is 0, and is taken for 1: the values may not be what they stand for": (
        "{0}：RescaleSlope 为 0，按 1 处理；数值可能不是其本来的含义"
    ),
    "{}: rows of boxes whose case does not exist: {}, of {}": "{0}：有 {1} 行检测框所属的病例不存在：{2}",
    "{}: its image is not there; it is taken for the only one in its space": (
        "{0}：所引用的图像不在其中，已对应到同一参考系中唯一的图像"
    ),
    "masks that refer to another series than that of their row: {}": "掩膜引用的序列与清单该行不同：{0}",
    "warning: masks are matched by file name alone; check {}": "警告：掩膜仅按文件名对应，请核对 {0}",
    "taken for masks of series, by their names: {}": "按名称视为序列的掩膜：{0}",
    "taken to measure the only image in their space: {}": "测量已对应到同一参考系中唯一的图像：{0}",
    "the image that was measured is not there, or not clear: {}": "所测量的图像不在其中，或不明确：{0}",
    "{} numbers stand twice for one thing, with other values, and are not used": (
        "{0} 个测量值对同一对象给出不同数值，未使用"
    ),
    "dataset.json: channel_names (or modality) is no list of names; it is not used": (
        "dataset.json：channel_names（或 modality）不是名称列表，未使用"
    ),
    "dataset.json: the region {} joins the labels {}; the labels are learnt one by one": (
        "dataset.json：区域 {0} 合并了标签 {1}；各标签将分别学习"
    ),
    "dataset.json: the label {} gives no whole number; it names nothing": (
        "dataset.json：标签 {0} 没有给出整数，不起作用"
    ),
    "dataset.json: the value {} has two names; it is called {}": (
        "dataset.json：数值 {0} 有两个名称，采用 {1}"
    ),
    "{} images outside the class folders are not used": "未使用类别文件夹以外的 {0} 幅图像",
    "{} images have masks beside them: --task segmentation learns from these": (
        "{0} 幅图像旁有掩膜：用 --task segmentation 可从中学习"
    ),
    "{} empty cells of label: columns, beside filled ones, count as 0": "label: 列中的 {0} 个空单元格按 0 计",
    "{} uncertain cells (-1) count as 0; the fact {} names the classes": (
        "{0} 个不确定的单元格（-1）按 0 计；类别记在 {1} 中"
    ),
    "classes that look like others joined by {} count as classes of their own; {} joins names: {}": (
        "下列类别像是其他类别用 {0} 连接而成，按单独的类别计；名称之间请用 {1} 连接：{2}"
    ),
    "{} cases have none of the classes, by the column {}": "按 {1} 列，{0} 个病例不属于任何类别",
    "nothing names the classes (data.yaml, classes.txt): they are called by their numbers": (
        "没有文件给出类别名称（data.yaml、classes.txt）：以编号称呼"
    ),
    "{} images have no label file, so no object: {}": "{0} 幅图像没有标签文件，视为没有目标：{1}",
    "{} images in folders without label files are not used": "未使用没有标签文件的文件夹中的 {0} 幅图像",
    "{} images have no annotation and are not used: {}": "{0} 幅图像没有标注，未使用：{1}",
    "{} images are in no annotation file and are not used": "{0} 幅图像不在任何标注文件中，未使用",
    "{} images are in no row and are not used": "{0} 幅图像不在表格的任何一行中，未使用",
    "{} rows name images that are not here": "{0} 行所写的图像不在此处",
    "{} outlines (segmentation) are not used, their boxes are": (
        "未使用 {0} 个轮廓（segmentation），只用其检测框"
    ),
    "{}: arrays that are not used: {}": "{0}：未使用的数组：{1}",
    "columns of the manifest that are not used yet: {}": "清单中暂未使用的列：{0}",
    "classes are the columns that hold 0, 1 or -1: {}": "以只含 0、1、-1 的列为类别：{0}",
    "dataset.json: labels is no table of names and values; it is not used": (
        "dataset.json：labels 不是名称与数值的表，未使用"
    ),
    "several masks of one image are put together ({} images, lesions of one kind)": (
        "同一图像的多个掩膜已合并（{0} 幅图像，视为同类病灶）"
    ),
    "several masks of one image are put together ({} images, one class each: {})": (
        "同一图像的多个掩膜已合并（{0} 幅图像，各为一类：{1}）"
    ),
    "labels that give shares (FRACTIONAL), cut at a half: {}": (
        "以比例（FRACTIONAL）给出、按一半截断的标注：{0}"
    ),
    "labels that overlap in themselves: where structures do, the smaller one is shown: {}": (
        "自身有重叠的标注（重叠处显示较小的结构）：{0}"
    ),
    "labels that may overlap in themselves: where structures do, the smaller one is shown: {}": (
        "自身可能有重叠的标注（重叠处显示较小的结构）：{0}"
    ),
    "labels that were drawn on another grid than their image's: each voxel takes the nearest label: {}": (
        "在另一网格上勾画的标注（每个体素取最近的标签）：{0}"
    ),
    "the image is {}; not used: {}": "图像为 {0}；未使用：{1}",
    "not used, because the files hold time series: {}": "未使用（文件为时间序列）：{0}",
    "not used, as other series of their study have labels: {}": "未使用（同一检查的其他序列已有标注）：{0}",
    "not used, as SEG or RTSTRUCT are there: {}": "未使用（已有 SEG 或 RTSTRUCT）：{0}",
    "not used beside the splits: {}": "未使用（在划分文件夹之外）：{0}",
    "not used beside {}: {}": "已用 {0}，未使用：{1}",
    "not used: {}": "未使用：{0}",
}

SOURCES = {
    "PatientID in the DICOM header": "DICOM 文件头的 PatientID",
    "unknown": "未知",
    'column "patient" of the manifest': "清单的 patient 列",
    "PatientID in the DICOM header (empty for {} cases)": "DICOM 文件头的 PatientID（{0} 例为空）",
    'column "patient" of the manifest (empty for {} cases)': "清单的 patient 列（{0} 例为空）",
    'column "patient" of {} (empty for {} cases)': "{0} 的 patient 列（{1} 例为空）",
    "BIDS sub- (unknown for {} cases)": "BIDS sub-（{0} 例未知）",
    "BIDS sub-": "BIDS sub-",
    "BIDS sub- ({} is {})": "BIDS sub-（{0} 为 {1}）",
    "file-name pattern {} ({} patients; {} are {})": "文件名规律 {0}（{1} 名患者；例如 {2} 同属 {3}）",
    "patient pattern {} (does not fit {} of {} cases)": "患者名规律 {0}（{2} 例中有 {1} 例不符合）",
    "patient pattern {}": "患者名规律 {0}",
    'column "patient" of {}': "{0} 的 patient 列",
}
