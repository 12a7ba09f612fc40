"""The gateway as the first process of a container: orphans, TERM, a root that cannot be written, no terminal."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time

import pytest

from Harness.gateway import ROOT, Gateway, base_config
from Harness.processes import parent, program, tree, wait_until

UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"]


class ContainerGateway(Gateway):
    """A gateway that is pid 1 of a pid namespace; `prelude` is shell run before it, in its mount namespace."""

    prelude = ""

    def command(self) -> list[str]:
        return [*UNSHARE, "bash", "-c", f'{self.prelude} exec "$@"', "bash", *super().command()]

    @property
    def first(self) -> int:
        """The pid, here, of the namespace's pid 1."""
        found = [pid for pid in tree(self.pid) if program(pid) == "sluice-supervisor"]
        assert len(found) == 1, found
        return found[0]

    def inside(self, command: str) -> subprocess.CompletedProcess:
        """Runs shell in the namespaces."""
        line = ["nsenter", f"--target={self.first}", "--pid", "--mount", "sh", "-c", command]
        return subprocess.run(line, capture_output=True, text=True, timeout=20)

    def zombies(self) -> list[int]:
        """Ended children of pid 1 that nobody has taken."""
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit() and parent(int(name)) == self.first:
                with open(f"/proc/{name}/stat", encoding="latin-1") as file:
                    if file.read().rpartition(")")[2].split()[0] == "Z":
                        found.append(int(name))
        return found

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            os.kill(self.first, number)
        assert self.wait(30) == 0, self.log_text()


@pytest.fixture(autouse=True)
def needs_namespaces(request: pytest.FixtureRequest) -> None:
    if "health" in request.node.name:
        return
    if subprocess.run([*UNSHARE, "true"], capture_output=True).returncode != 0:
        pytest.skip("no namespaces without root")


def test_pid_1_takes_orphans_and_ends_on_term(tmp_path) -> None:
    gateway = ContainerGateway(base_config(tmp_path / "s"))
    with gateway:
        assert gateway.inside("cat /proc/1/comm").stdout.startswith("sluice-supervis")
        # Ten processes whose parent ends before them; the last one says that all have begun.
        made = gateway.inside("for i in 0 1 2 3 4 5 6 7 8 9; do (sleep 2 >/dev/null 2>&1 &) ; done")
        assert made.returncode == 0, made.stderr
        wait_until(lambda: adopted(gateway) >= 10, 5, "the orphans are children of pid 1")
        wait_until(lambda: adopted(gateway) == 0, 10, "the orphans have ended")
        wait_until(lambda: not gateway.zombies(), 5, lambda: f"no zombie; left: {gateway.zombies()}")
        # Its own children are still told from strangers: one that is killed comes back.
        (edge,) = [pid for pid in tree(gateway.first) if program(pid) == "sluice-edge"]
        os.kill(edge, signal.SIGKILL)
        wait_until(lambda: gateway.ready_count("edge") == 2, 10, "another edge")
        assert gateway.chat("simulated:x").status == 200
        assert not gateway.zombies()
        began = time.monotonic()
        gateway.stop()
        assert time.monotonic() - began < 10


def adopted(gateway: ContainerGateway) -> int:
    return len([pid for pid in tree(gateway.first) if program(pid) == "sleep"])


def test_a_root_that_cannot_be_written_is_enough(tmp_path) -> None:
    """As with readOnlyRootFilesystem: only the state folder's volume is writable."""
    volume = tmp_path / "volume"
    volume.mkdir()
    gateway = ContainerGateway(base_config(volume / "state"), folder=tmp_path)
    gateway.prelude = f"mount --bind {volume} {volume} && mount -o remount,bind,ro / && ! touch /tmp/x 2>/dev/null &&"
    with gateway:
        assert gateway.inside(f"touch {tmp_path}/x").returncode != 0
        assert gateway.chat("simulated:x").status == 200
        health = gateway.inside(f"{ROOT}/deploy/sluice-health {volume}/state")
        assert health.returncode == 0, health.stderr
        gateway.stop()


def test_the_health_check_speaks_tls(tmp_path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    files = {"certificate": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    made += ["-subj", "/CN=localhost", "-out", files["certificate"], "-keyout", files["key"]]
    subprocess.run(made, check=True, capture_output=True, timeout=20)
    gateway = Gateway(base_config(tmp_path / "s", listen=[{"address": "127.0.0.1:0", "tls": files}]))
    try:
        gateway.spawn()
        wait_until(lambda: b'"message":"ready"' in gateway.log_text().encode(), 20, gateway.log_text)
        done = subprocess.run([ROOT / "deploy/sluice-health", tmp_path / "s"], capture_output=True, timeout=20)
        assert done.returncode == 0, (done.stderr, gateway.log_text())
        gateway.stop()
    finally:
        gateway.destroy()


@pytest.mark.parametrize("lines", ["", "127.0.0.1:1\n"])
def test_the_health_check_says_no(tmp_path: pathlib.Path, lines: str) -> None:
    (tmp_path / "run").mkdir()
    if lines:
        (tmp_path / "run" / "listeners").write_text(lines)
    done = subprocess.run([ROOT / "deploy/sluice-health", tmp_path], capture_output=True, timeout=20)
    assert done.returncode == 1 and done.stderr
