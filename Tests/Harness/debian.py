"""deploy/install.sh, here or in the root of another Debian."""

from __future__ import annotations

import os
import pathlib
import subprocess

from .gateway import ROOT

INSTALL = ROOT / "deploy" / "install.sh"
MIRROR = os.environ.get("SLUICE_DEBIAN_MIRROR", "http://deb.debian.org/debian")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def install(*arguments: object, expected: int = 0, root: pathlib.Path | None = None) -> str:
    """Runs the script, in a root of its own if one is given; gives all it said."""
    line = ["chroot", root, "/src/deploy/install.sh"] if root else [INSTALL]
    done = subprocess.run(
        [str(part) for part in [*line, *arguments]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        env=ENVIRONMENT,
    )
    assert done.returncode == expected, done.stdout
    return done.stdout
