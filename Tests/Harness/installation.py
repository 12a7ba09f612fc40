"""Programs in folders beside each other, as an upgrade finds them."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from Harness.gateway import NAMES, PROGRAMS


class Installation:
    """Folders of programs beside each other, and the link by which the gateway is started."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.link = folder / "current"

    def add(self, name: str, build: str | None = None) -> pathlib.Path:
        """A copy of the programs; with `build` they say that they are of that one."""
        into = self.folder / name
        into.mkdir()
        for program in NAMES:
            os.link(PROGRAMS / program, into / program)
        if build is not None:
            (into / "build-id").write_text(build + "\n")
        return into

    def use(self, name: str) -> None:
        new = self.folder / "new-link"
        new.symlink_to(name)
        new.rename(self.link)


@contextlib.contextmanager
def installed() -> Iterator[Installation]:
    """An installation that is in use, of the build `build-1`."""
    # On the file system of the programs, for they are linked.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-upgrade-", dir=PROGRAMS.parent))
    try:
        one = Installation(folder)
        one.add("1", "build-1")
        one.use("1")
        yield one
    finally:
        shutil.rmtree(folder, ignore_errors=True)
