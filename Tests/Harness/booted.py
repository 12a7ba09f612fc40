"""systemd as the first process of a Debian in a folder: namespaces of its own for everything but the network."""

from __future__ import annotations

import os
import pathlib
import resource
import signal
import subprocess
import tempfile

import pytest

from .debian import ENVIRONMENT
from .processes import children, program, wait_until

# Runs in new namespaces, as pid 1: makes a machine of the folder $1 and becomes systemd. The control group is that of $$.
BOOT = r"""
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
cd "$root"
mkdir -p old
pivot_root . old
umount -l /old
exec env container=test /lib/systemd/systemd --log-target=console --show-status=no --unit=basic.target
"""
NAMESPACES = ["--pid", "--fork", "--mount", "--uts", "--ipc", "--cgroup", "--kill-child=KILL"]


class BootedDebian:
    """Use as a context manager; skips the test where the kernel does not let us do this."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self._group: pathlib.Path | None = None
        self._process: subprocess.Popen | None = None
        self._log = tempfile.TemporaryFile()

    def __enter__(self) -> "BootedDebian":
        self._group = self._make_group()
        enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
        line = ["bash", "-c", enter, self._group, "unshare", *NAMESPACES, "bash", "-c", BOOT, "bash", self.root]
        self._process = subprocess.Popen(
            [str(part) for part in line],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        try:
            wait_until(self._is_up, 30, "systemd is up")
        except AssertionError:
            text = self.log_text()
            self.__exit__()
            pytest.skip(f"systemd cannot run in namespaces here: {text[-400:]}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            # unshare takes pid 1 with it, and that one all others.
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
            wait_until(lambda: "populated 0" in (self._group / "cgroup.events").read_text(), 20, "all have ended")
        if self._group is not None:
            for folder, _, _ in sorted(os.walk(self._group), reverse=True):
                os.rmdir(folder)
        self._log.close()

    @staticmethod
    def _make_group() -> pathlib.Path:
        """A control group of our own, below the one this process is in."""
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            mounts = [line.split()[4] for line in file if " - cgroup2 " in line]
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            own = [line.rstrip("\n").partition("::")[2] for line in file if line.startswith("0::")]
        if not mounts or not own:
            pytest.skip("no control groups (version 2) here")
        group = pathlib.Path(mounts[0] + own[0]) / f"sluice-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError as error:
            pytest.skip(f"no control group can be made here: {error}")
        return group

    @property
    def first(self) -> int:
        """The pid, here, of systemd."""
        found = [pid for pid in children(self._process.pid) if program(pid) == "systemd"]
        assert len(found) == 1, found
        return found[0]

    def _is_up(self) -> bool:
        assert self._process.poll() is None, "ended"
        if [program(pid) for pid in children(self._process.pid)] != ["systemd"]:
            return False
        return self.run("systemctl", "is-system-running", expected=None).strip() in ("running", "degraded")

    def log_text(self) -> str:
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def run(self, *arguments: object, expected: int | None = 0) -> str:
        """Runs a program in the machine; gives what it said."""
        line = ["nsenter", f"--target={self.first}", "--pid", "--mount", "--uts", "--ipc", "--cgroup"]
        done = subprocess.run(
            [*line, f"--root=/proc/{self.first}/root", "--wd=/", *[str(part) for part in arguments]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            env=ENVIRONMENT,
        )
        assert expected is None or done.returncode == expected, done.stdout
        return done.stdout

    def show(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "--property", name, unit).strip()

    def drop_in(self, unit: str, name: str, *settings: str) -> None:
        """Settings of [Service] or, for a socket, [Socket]."""
        folder = self.root / "etc/systemd/system" / f"{unit}.d"
        folder.mkdir(parents=True, exist_ok=True)
        section = "Socket" if unit.endswith(".socket") else "Service"
        (folder / f"{name}.conf").write_text("\n".join([f"[{section}]", *settings, ""]))
        self.run("systemctl", "daemon-reload")

    def bend_to_this_machine(self, unit: str) -> list[str]:
        """Takes out what this kernel does not allow, and no more; gives what."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        settings = [f"LimitNOFILE={limit}"]
        for name in ("PrivateDevices", "ProtectKernelTunables", "ProtectProc", "ProtectClock", "PrivateTmp"):
            value = "invisible" if name == "ProtectProc" else "yes"
            said = self.run("systemd-run", "--quiet", "--wait", f"--property={name}={value}", "true", expected=None)
            if said or self.run("systemctl", "--failed", "--no-legend", "--plain"):
                settings.append(f"{name}={'default' if name == 'ProtectProc' else 'no'}")
                self.run("systemctl", "reset-failed")
        self.drop_in(unit, "machine", *settings)
        return settings
