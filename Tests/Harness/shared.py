"""The recordings and tools that lie beside a development checkout. A test that needs them skips where they are absent."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from .gateway import ROOT

SHARED = pathlib.Path(os.environ.get("SLUICE_SHARED") or ROOT.parent / "shared")
SPLITS = ("whole", "event", "random", "1", "7", "64")


def shared(path: str) -> pathlib.Path:
    """A file or folder of the shared folder; skips the test when it is not there."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"../shared/{path} is not here")
    return found


class ReplayProvider:
    """A running `tools/replay_provider.py`; a context manager."""

    def __init__(self, split: str, log: pathlib.Path | None = None) -> None:
        self.split, self.log = split, log
        self.port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> "ReplayProvider":
        tool, folder = shared("tools/replay_provider.py"), shared("exchanges")
        line = [sys.executable, str(tool), "--exchanges", str(folder), "--port", "0", "--split", self.split]
        if self.log is not None:
            line += ["--log", str(self.log)]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        assert first.startswith("replay provider on "), first
        self.port = int(first.rpartition(":")[2])
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
