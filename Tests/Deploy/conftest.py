"""Fixtures: programs that copy quickly, and a Debian of its own to install them in."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

from Harness.booted import BootedDebian
from Harness.debian import ENVIRONMENT, MIRROR, install
from Harness.gateway import NAMES, PROGRAMS, ROOT


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The six programs without their debug symbols: copies are quick."""
    folder = tmp_path_factory.mktemp("programs")
    for name in NAMES:
        subprocess.run(["strip", "-o", folder / name, PROGRAMS / name], check=True, timeout=60)
    return folder


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory, programs: pathlib.Path):
    """A minimal Debian 12 with the deploy folder and a bundle in /src."""
    if os.geteuid() != 0:
        pytest.skip("debootstrap needs root")
    if shutil.which("debootstrap") is None:
        pytest.skip("debootstrap is not installed")
    root = tmp_path_factory.mktemp("debian") / "root"
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", "bookworm", root, MIRROR], capture_output=True, text=True, timeout=900
    )
    if done.returncode != 0:
        if "mount" in done.stdout or "mknod" in done.stdout or "chroot" in done.stdout:
            pytest.skip(f"debootstrap cannot run here: {done.stdout.strip().splitlines()[-1]}")
        raise AssertionError(done.stdout + done.stderr)
    shutil.copytree(ROOT / "deploy", root / "src" / "deploy")
    install("bundle", root / "src" / "programs", "--from", programs)
    mounted = subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("proc cannot be mounted here")
    try:
        yield root
    finally:
        subprocess.run(["umount", root / "proc"], check=True, timeout=20)
        # Some hundred megabytes; nothing of this machine is mounted in it any more.
        shutil.rmtree(root)


@pytest.fixture(scope="session")
def booted(debian: pathlib.Path):
    """That Debian with systemd as its first process, and Sluice installed by it."""
    line = ["chroot", debian, "apt-get", "-qq", "install", "-y", "--no-install-recommends", "systemd", "procps"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=600, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    with BootedDebian(debian) as machine:
        machine.run("/src/deploy/install.sh", "--from", "/src/programs")
        yield machine
