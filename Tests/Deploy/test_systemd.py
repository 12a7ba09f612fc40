"""The units under a real systemd, in a Debian of their own (`make verify`, as root)."""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import time

import pytest

from Harness import wire
from Harness.booted import BootedDebian
from Harness.gateway import ROOT
from Harness.processes import wait_until
from Harness.visitor import Visitor

pytestmark = [pytest.mark.verify, pytest.mark.timeout(1800)]
UNIT, SOCKET = "sluice.service", "sluice.socket"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def machine(booted: BootedDebian):
    """Units as installed, the socket on a free port; stopped at the end."""
    booted.port = free_port()
    booted.drop_in(SOCKET, "port", "ListenStream=", f"ListenStream=127.0.0.1:{booted.port}")
    booted.bend_to_this_machine(UNIT)
    path = booted.root / "etc/sluice/sluice.yaml"
    original = path.read_text()
    # No `listen`: the sockets that are passed.
    text = original.replace("listen:\n", "").replace("  - address: 127.0.0.1:8080", "#")
    path.write_text(text + "limits: {per_ip: {requests_per_minute: null}, per_key: {requests_per_minute: null}}\n")
    yield booted
    booted.run("systemctl", "stop", SOCKET, UNIT)
    path.write_text(original)
    (booted.root / "etc/systemd/system" / f"{UNIT}.d" / "test.conf").unlink(missing_ok=True)
    booted.run("systemctl", "daemon-reload")
    booted.run("systemctl", "reset-failed")


def key(machine: BootedDebian) -> str:
    return (machine.root / "var/lib/sluice/state/static_key").read_text().strip()


def chat(machine: BootedDebian) -> int:
    return wire.request(("127.0.0.1", machine.port), "POST", "/v1/chat/completions", *Visitor.parts(key(machine))).status


def journal(machine: BootedDebian) -> str:
    return machine.run("journalctl", "--no-pager", "--output=cat", "--unit", UNIT)


def main_pid(machine: BootedDebian) -> int:
    """Of the gateway, as this machine numbers it."""
    inside = machine.show(UNIT, "MainPID")
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                text = pathlib.Path(f"/proc/{name}/status").read_text()
            except OSError:
                continue
            if "\nNSpid:" in text and text.split("\nNSpid:")[1].split("\n")[0].split()[1:] == [inside]:
                return int(name)
    raise AssertionError(f"no process {inside}")


def test_the_service_starts_serves_and_stops(machine: BootedDebian) -> None:
    machine.run("systemctl", "start", SOCKET, UNIT)
    assert machine.show(UNIT, "ActiveState") == "active" and machine.show(UNIT, "StatusText").startswith("ready")
    assert chat(machine) == 200
    machine.run("sluice-health")
    # Under the unit's restrictions each role still gets its user, and nothing of the hardening is missing.
    roles = ("control", "aggregator", "upstream", "edge")
    said = machine.run("ps", "-e", "-o", "user:20=,args=").splitlines()
    owners = {line.split()[1]: line.split()[0] for line in said if line.split()[1:2] and "sluice-" in line.split()[1]}
    assert owners == {"sluice-supervisor": "root"} | {f"sluice-{role}": f"sluice-{role}" for role in roles}
    # Programs with the hooks of tests can be debugged on purpose.
    missing = [line for line in journal(machine).splitlines() if '"missing":[' in line]
    assert not [line for line in missing if '"missing":["not_dumpable"]' not in line]
    began = time.monotonic()
    machine.run("systemctl", "stop", SOCKET, UNIT)
    assert time.monotonic() - began < 15
    assert machine.show(UNIT, "Result") == "success" and machine.show(UNIT, "ExecMainStatus") == "0"


def test_reload_waits_and_says_what_is_wrong(machine: BootedDebian) -> None:
    machine.run("systemctl", "start", SOCKET, UNIT)
    path = machine.root / "etc/sluice/sluice.yaml"
    right = path.read_text()
    path.write_text(right + "models: {alias: {targets: [\"simulated:x\"]}}\n")
    machine.run("systemctl", "reload", UNIT)
    # It is in force when the command returns.
    headers, _ = Visitor.parts(key(machine))
    models = wire.request(("127.0.0.1", machine.port), "GET", "/v1/models", headers)
    assert b'"alias"' in models.body
    path.write_text(right + "nonsense: 1\n")
    machine.run("systemctl", "reload", UNIT, expected=1)
    assert "nonsense: unknown key" in journal(machine)
    assert chat(machine) == 200 and machine.show(UNIT, "ActiveState") == "active"


def test_a_connection_starts_the_service_and_waits_for_it(machine: BootedDebian) -> None:
    # Once before, so that there is a key.
    machine.run("systemctl", "start", SOCKET, UNIT)
    machine.run("systemctl", "stop", UNIT)
    assert machine.show(UNIT, "ActiveState") == "inactive" and machine.show(SOCKET, "ActiveState") == "active"
    assert chat(machine) == 200
    assert machine.show(UNIT, "ActiveState") == "active"


def test_a_killed_supervisor_is_started_again_and_nobody_is_refused(machine: BootedDebian) -> None:
    machine.run("systemctl", "start", SOCKET, UNIT)
    visitors = [Visitor(key(machine), ("127.0.0.1", machine.port)) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    wait_until(lambda: all(len(visitor.outcomes) > 10 for visitor in visitors), 20, "ten requests each")
    os.kill(main_pid(machine), signal.SIGKILL)
    wait_until(lambda: machine.show(UNIT, "NRestarts") == "1", 20, "it was started again")
    wait_until(lambda: machine.show(UNIT, "ActiveState") == "active", 30, "it is up")
    before = [len(visitor.outcomes) for visitor in visitors]
    wait_until(
        lambda: all(len(visitor.outcomes) > count + 10 for visitor, count in zip(visitors, before, strict=True)),
        30,
        "ten more each",
    )
    Visitor.judge(visitors)


def test_a_supervisor_that_hangs_is_replaced(machine: BootedDebian) -> None:
    machine.drop_in(UNIT, "test", "WatchdogSec=2s")
    machine.run("systemctl", "start", SOCKET, UNIT)
    # A healthy one is left alone for longer than that.
    time.sleep(4)
    assert machine.show(UNIT, "NRestarts") == "0"
    os.kill(main_pid(machine), signal.SIGSTOP)
    wait_until(lambda: machine.show(UNIT, "NRestarts") == "1", 20, "it was started again")
    assert chat(machine) == 200


def test_a_wrong_configuration_is_not_tried_again(machine: BootedDebian) -> None:
    path = machine.root / "etc/sluice/sluice.yaml"
    path.write_text(path.read_text() + "nonsense: 1\n")
    machine.run("systemctl", "start", UNIT, expected=1)
    assert machine.show(UNIT, "ExecMainStatus") == "78" and machine.show(UNIT, "ActiveState") == "failed"
    assert "nonsense: unknown key" in journal(machine)


def test_it_runs_as_one_user_too(machine: BootedDebian) -> None:
    text = (ROOT / "deploy/systemd/single-user.conf").read_text()
    machine.drop_in(UNIT, "test", *[line for line in text.splitlines() if line and line[0] not in "#["])
    machine.run("rm", "-rf", "/var/lib/sluice/state")
    machine.run("systemctl", "start", SOCKET, UNIT)
    assert chat(machine) == 200
    users = machine.run("ps", "-C", "sluice-supervis,sluice-edge,sluice-control", "-o", "user:20=").split()
    assert set(users) == {"sluice"} and len(users) >= 3
    machine.run("systemctl", "stop", SOCKET, UNIT)
    # The next one is root's again.
    machine.run("rm", "-rf", "/var/lib/sluice/state")
