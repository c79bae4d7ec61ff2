"""Package: one file that holds a model with all that it needs to run without torch. Reading it runs no code.

It is a zip in which nothing is compressed but the text of graphs: what is declared is what is there. Every
file is named in ``package.json`` with its size and hash, and there is no other.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from scanwright.errors import ModelError, ScanwrightError
from scanwright.inference.golden import check_golden
from scanwright.inference.graphs import FILES, Footprint, Graphs, check_graphs
from scanwright.inference.memory import GRAPHS, check_running
from scanwright.inference.model import Model, content_hash, describe, load_model, read_described
from scanwright.inference.runtimes import open_graphs
from scanwright.io.files import write_whole
from scanwright.types import FloatArray, PathLikeStr

SCHEMA_VERSION = 2
SUFFIX = ".scanwright"
CONTENTS, GOLDEN, CARD, LICENCE = "package.json", "golden.safetensors", "model-card.md", "LICENCE.txt"
MOST_BYTES = 4 << 30
MOST_DESCRIBED = 64 << 20
MOST_FILES = 256
TEXT = ".xml"
"""Graphs as text are twenty times as large as what they say, and are compressed: so many bytes at most."""
MOST_TEXT = 64 << 20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
EXTERNAL = b"location"
"""How a graph of ONNX says that its weights are in another file. Ours are never, and hold no such word."""


def write_package(
    path: PathLikeStr, model: Model, golden: Mapping[str, FloatArray], texts: Mapping[str, str]
) -> None:
    """Write a package.

    Args:
        path: the file.
        model: with graphs.
        golden: see ``inference/golden.py``.
        texts: ``CARD`` and ``LICENCE``, as far as there are any.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
        ModelError: the model has no graphs.
    """
    if model.graphs is None:
        raise ModelError("only a model with graphs can be put into a package")
    files = {name: text.encode() for name, text in texts.items()}
    files[GOLDEN] = save_tensors({name: np.ascontiguousarray(value) for name, value in golden.items()})
    for n, member in enumerate(model.graphs.members):
        files |= {member_file(n, name): content for name, content in member.items()}
    content = {
        "schema_version": SCHEMA_VERSION,
        **describe(model),
        "graphs": model.graphs.to_json(),
        "files": {
            name: {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
            for name, raw in sorted(files.items())
        },
    }
    described = json.dumps({**content, "sha256": content_hash(content)}, ensure_ascii=False, indent=1)

    def write(part: Path) -> None:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for name, raw in ((CONTENTS, described.encode()), *sorted(files.items())):
                # The same model makes the same file: no time of day is in it.
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                kind = zipfile.ZIP_DEFLATED if name.endswith(TEXT) else zipfile.ZIP_STORED
                archive.writestr(entry, raw, compress_type=kind)

    write_whole(path, write)


def member_file(n: int, name: str) -> str:
    """Where the file of a network lies: "00-graph.onnx"."""
    return f"{n:02d}-{name}"


def read_package(path: PathLikeStr, *, check: bool = True, memory: int | None = None) -> Model:
    """Read a package, verify its hashes, and let it answer its golden cases.

    Args:
        path: the file.
        check: whether the golden cases are answered; without, no runtime is needed.
        memory: bytes that it may take.

    Raises:
        SettingsError: its network does not run in the memory.
        ModelError: it is no package, damaged, changed, newer than this program, or answers otherwise here.
        MissingExtraError: the runtime is not installed.
    """
    subject = str(path)
    files = _read_files(Path(path))
    content = _read_content(files.pop(CONTENTS, b""), subject)
    _check_files(content, files, subject)
    try:
        check_graphs(content["graphs"], subject)
        graphs = _read_graphs(content["graphs"], files, subject)
        model = replace(read_described(content, subject), graphs=graphs)
        golden = load_tensors(files[GOLDEN])
    except (KeyError, TypeError, ValueError, AttributeError, SafetensorError) as error:
        raise _damaged(subject) from error
    check_running(memory, graphs.footprint, GRAPHS)
    if check:
        check_golden(open_graphs(graphs, "cpu"), model.plan, golden, graphs.precision, subject)
    return model


def load(path: PathLikeStr, *, memory: int | None = None) -> Model:
    """A run, a model folder or a package, whichever it is.

    Raises:
        ModelError, SettingsError, MissingExtraError: see ``load_model`` and :func:`read_package`.
    """
    if not Path(path).exists():
        raise ModelError(
            "there is no such file or folder",
            subject=str(path),
            expected="a run, a model folder or a package",
        )
    return read_package(path, memory=memory) if Path(path).is_file() else load_model(path)


def _read_files(path: Path) -> dict[str, bytes]:
    """Every file of the archive; nothing is unpacked on the disk.

    Raises:
        ModelError: it is no package, or one that hides something.
    """
    subject = str(path)
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            odd = next((name for name in names if NAME.fullmatch(name) is None), None)
            if odd is not None or len(set(names)) < len(names) or len(names) > MOST_FILES:
                raise ModelError(
                    "the package holds a file that does not belong there",
                    subject=subject,
                    expected="plain names, each once",
                    received=repr(odd)[:80] if odd is not None else f"{len(names)} files",
                    do="Do not use it. Ask for it again where it was made.",
                )
            packed = [e for e in entries if e.compress_type == zipfile.ZIP_DEFLATED]
            stored = [e for e in entries if e.compress_type == zipfile.ZIP_STORED]
            plain = len(packed) + len(stored) == len(entries) and not any(e.flag_bits & 1 for e in entries)
            text = all(e.filename.endswith(TEXT) for e in packed)
            if (
                not (plain and text)
                or sum(e.file_size for e in stored) > min(size, MOST_BYTES)
                or sum(e.file_size for e in packed) > MOST_TEXT
            ):
                raise ModelError(
                    "the package declares more than it holds, or is compressed",
                    subject=subject,
                    expected=f"files as they are, {MOST_BYTES >> 30} GiB in all at most",
                    do="Do not use it. Ask for it again where it was made.",
                )
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelError(
            "this is no package, or a damaged one",
            subject=subject,
            expected=f"a file that scanwright export has written ({SUFFIX})",
        ) from error


def _read_content(raw: bytes, subject: str) -> dict[str, Any]:
    if not 0 < len(raw) <= MOST_DESCRIBED:
        raise _damaged(subject)
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _damaged(subject) from error
    if not isinstance(content, dict):
        raise _damaged(subject)
    version = content.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise ModelError(
            "the package was written by another version of scanwright",
            subject=subject,
            expected=f"schema_version {SCHEMA_VERSION} or less",
            received=f"{version}",
            do="Install a newer scanwright.",
        )
    stated = content.pop("sha256", "")
    if content_hash(content) != stated:
        raise _damaged(subject)
    return content


def _check_files(content: Mapping[str, Any], files: Mapping[str, bytes], subject: str) -> None:
    """Raise when a file is missing, too many, or not as it was.

    Raises:
        ModelError: naming the file.
    """
    named = content.get("files")
    if not isinstance(named, dict) or set(named) != set(files):
        raise _damaged(subject)
    for name, raw in files.items():
        row = named[name]
        if not isinstance(row, dict) or row.get("sha256") != hashlib.sha256(raw).hexdigest():
            raise ModelError(
                f"'{name}' in the package has been changed or damaged (its hash differs)",
                subject=subject,
                do="Do not use it. Ask for it again where it was made.",
            )


def _read_graphs(plain: Mapping[str, Any], files: Mapping[str, bytes], subject: str) -> Graphs:
    members = [
        {name: files[member_file(n, name)] for name in FILES[plain["target"]]}
        for n in range(plain["members"])
    ]
    if not members:
        raise _damaged(subject)
    if any(EXTERNAL in member.get("graph.onnx", b"") for member in members):
        raise ModelError(
            "the package's graph asks for files outside the package",
            subject=subject,
            do="Do not use it. Ask for it again where it was made.",
        )
    return Graphs(plain["target"], plain["precision"], tuple(members), Footprint(**plain["footprint"]))


def _damaged(subject: str) -> ScanwrightError:
    return ModelError(
        "the package has been changed or damaged since it was written",
        subject=subject,
        do="Do not use it. Ask for it again where it was made.",
    )
