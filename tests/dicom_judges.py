"""Programs that others wrote, as judges of the DICOM that we write: dciodvfy, and the archive Orthanc."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WAIT_S = 20.0


def complaints(path: Path) -> list[str]:
    """What dciodvfy calls an error in a file."""
    if not shutil.which("dciodvfy"):
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False, timeout=60)
    lines = (said.stdout + said.stderr).splitlines()
    assert any(not line.startswith(("Error", "Warning")) for line in lines if line), "it names no IOD"
    return [line for line in lines if line.startswith("Error")]


class Archive:
    """An Orthanc on this machine."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"

    def call(self, path: str, body: bytes | None = None) -> bytes:
        """Answer to GET, or to POST of a body."""
        # No proxy that the environment may name: it is this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self._address + path, data=body, timeout=WAIT_S) as answer:
            return bytes(answer.read())

    def keep(self, path: Path) -> bytes:
        """Store a file and fetch it again."""
        told = json.loads(self.call("/instances", path.read_bytes()))
        assert told["Status"] in ("Success", "AlreadyStored")
        return self.call(f"/instances/{told['ID']}/file")


@contextmanager
def running_archive(folder: Path) -> Iterator[Archive]:
    """An Orthanc of its own, on a free port, with an empty store; skips where it is not installed."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    if not program:
        pytest.skip("Orthanc is not installed (Debian: orthanc)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    wanted = {
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [],
    }
    (folder / "orthanc.json").write_text(json.dumps(wanted))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([program, folder / "orthanc.json"], stdout=log, stderr=log)
    try:
        yield _ready(Archive(port), process, folder)
    finally:
        process.terminate()
        process.wait(timeout=WAIT_S)


def _ready(archive: Archive, process: subprocess.Popen[bytes], folder: Path) -> Archive:
    end = time.monotonic() + WAIT_S
    while process.poll() is None and time.monotonic() < end:
        try:
            archive.call("/system")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return archive
    raise AssertionError((folder / "orthanc.log").read_text(errors="replace")[-2000:])
