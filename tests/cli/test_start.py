"""The command as a process: what it leaves behind when it is told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from builders import dicom_series, write_dicom


@pytest.mark.parametrize("deaf", [False, True], ids=["in front", "in the background"])
def test_a_program_that_is_told_to_end_removes_what_it_unpacked(tmp_path: Path, deaf: bool) -> None:
    folder = write_dicom(tmp_path / "export", dicom_series(4))
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as made:
        for path in folder.rglob("*"):
            if path.is_file():
                made.write(path, path.relative_to(folder))
    (tmp_path / "space").mkdir()
    # Waits after the archive was unpacked, as a long reading would.
    code = (
        "import time, scanwright.io.tree as tree\n"
        "from scanwright.cli.start import main\n"
        "import scanwright.inspection.doctor as doctor\n"
        "doctor.examine = lambda *_, **__: time.sleep(60)\n"
        "main()"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path / "space")}
    ignore = (lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if deaf else None
    with subprocess.Popen(
        [sys.executable, "-c", code, "inspect", str(tmp_path / "export.zip"), "--out", str(tmp_path / "out")],
        env=environment,
        stderr=subprocess.PIPE,
        preexec_fn=ignore,
    ) as process:
        deadline = time.monotonic() + 60
        while not any((tmp_path / "space").rglob("*/export/*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"stopped" in said
    assert b"Traceback" not in said
    assert not list((tmp_path / "space").iterdir())
