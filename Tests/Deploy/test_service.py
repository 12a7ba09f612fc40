"""systemd's side of the gateway: sockets that are passed, READY and the like, and a supervisor that is killed."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import time

import pytest

from Harness import wire
from Harness.gateway import base_config
from Harness.processes import alive, children, wait_until

from Harness.service import ManagedGateway, NotifySocket, listening_socket
from Harness.visitor import Visitor


def config(state: pathlib.Path, *addresses: str) -> dict:
    return base_config(state, listen=[{"address": address} for address in addresses] or None)


@pytest.fixture
def passed():
    sockets = [listening_socket(), listening_socket()]
    yield sockets
    for one in sockets:
        one.close()


def ready_at(listener: socket.socket) -> int:
    return wire.request(listener.getsockname(), "GET", "/health/ready", timeout=10).status


def names(sockets: list[socket.socket]) -> list[tuple[str, int]]:
    return [one.getsockname() for one in sockets]


def test_passed_sockets_are_used_when_the_file_says_nothing(tmp_path, passed) -> None:
    with ManagedGateway(config(tmp_path / "s"), sockets=passed) as gateway:
        assert gateway.addresses == names(passed)
        assert [ready_at(one) for one in passed] == [200, 200]
        assert gateway.chat("simulated:x").status == 200
        assert "fd:" not in gateway.log_text()


def test_the_file_chooses_among_passed_sockets(tmp_path, passed) -> None:
    gateway = ManagedGateway(config(tmp_path / "s", "fd:4", "127.0.0.1:0"), sockets=passed, names="web:admin")
    with gateway:
        assert gateway.addresses[0] == passed[1].getsockname()
        assert len(gateway.addresses) == 2
        assert ready_at(passed[1]) == 200
        assert "passed the socket fd:3 (web), but `listen` does not name it" in gateway.log_text()
        assert "fd:4" not in gateway.log_text()


@pytest.mark.parametrize(
    ("address", "options", "reason"),
    [
        ("fd:3", {"listen_pid": "1"}, "fd:3: the sockets were passed to process 1 (LISTEN_PID), and this is process "),
        ("fd:3", {"listen_pid": ""}, "fd:3: LISTEN_FDS is in the environment but LISTEN_PID is not"),
        ("fd:5", {}, "fd:5: the service manager passed 2 sockets, fd:3 to fd:4"),
        ("fd:9", {"count": 0}, "fd:9: the service manager passed no socket"),
        ("fd:900", {"count": 1000}, "fd:900: this process has no such descriptor"),
    ],
)
def test_a_socket_that_is_not_ours_is_refused(tmp_path, passed, address, options, reason) -> None:
    refused(ManagedGateway(config(tmp_path / "s", address), sockets=passed, **options), reason)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: listening_socket(socket.SOCK_DGRAM), "fd:3: it is no stream socket (ListenStream= makes one)"),
        (socket.socket, "fd:3: the socket does not listen (Accept= must be no)"),
    ],
)
def test_a_socket_of_the_wrong_kind_is_refused(tmp_path, made, reason) -> None:
    with made() as wrong:
        refused(ManagedGateway(config(tmp_path / "s"), sockets=[wrong]), reason)


def refused(gateway: ManagedGateway, reason: str) -> None:
    try:
        gateway.spawn()
        assert gateway.wait(20) == 70, gateway.log_text()
        assert f"sluice: cannot listen on {reason}" in gateway.log_text()
    finally:
        gateway.destroy()


def test_sockets_for_another_process_do_not_stand_in_for_listen(tmp_path, passed) -> None:
    """Such as the variables of a service in whose shell a gateway is started by hand."""
    gateway = ManagedGateway(config(tmp_path / "s"), sockets=passed, listen_pid="1")
    try:
        gateway.spawn()
        # The default port may be taken on this machine: then it says so.
        wait_until(
            lambda: "127.0.0.1:8080" in gateway.log_text(), 20, lambda: f"the default address:\n{gateway.log_text()}"
        )
    finally:
        gateway.destroy()


def test_a_reload_is_told_and_so_is_its_end(tmp_path) -> None:
    """systemd's notify-reload: RELOADING with the time, in the clock that systemd compares, and READY whatever came of it."""
    notify = NotifySocket(tmp_path, is_abstract=False)
    settings = config(tmp_path / "s", "127.0.0.1:0")
    with ManagedGateway(settings, environment={"NOTIFY_SOCKET": notify.path}) as gateway:
        seen = notify.wait_for("READY=1") + 1
        for text in (json.dumps(settings | {"drain_timeout": "9s"}), "nonsense: 1\n"):
            (gateway.folder / "sluice.yaml").write_text(text)
            before = time.monotonic_ns() // 1000
            gateway.send_signal(signal.SIGHUP)
            reloading = notify.wait_for("RELOADING=1", after=seen)
            (sent,) = [line for line in notify.messages[reloading].split("\n") if line.startswith("MONOTONIC_USEC=")]
            assert before <= int(sent.partition("=")[2]) <= time.monotonic_ns() // 1000
            seen = notify.wait_for("READY=1", after=reloading) + 1
            assert gateway.chat("simulated:x").status == 200
    notify.close()


def test_a_passed_socket_stays_over_a_reload(tmp_path, passed) -> None:
    settings = config(tmp_path / "s")
    with ManagedGateway(settings, sockets=passed) as gateway:
        (gateway.folder / "sluice.yaml").write_text(json.dumps(settings | {"listen": [{"address": "fd:3"}]}))
        gateway.send_signal(signal.SIGHUP)
        wait_until(lambda: gateway.addresses == [passed[0].getsockname()], 20, "one address is left")
        assert ready_at(passed[0]) == 200


@pytest.mark.parametrize("is_abstract", [False, True], ids=["path", "abstract"])
def test_what_the_service_manager_is_told(tmp_path, is_abstract: bool) -> None:
    notify = NotifySocket(tmp_path, is_abstract=is_abstract)
    gateway = ManagedGateway(
        config(tmp_path / "s", "127.0.0.1:0"),
        environment={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "400000"},
    )
    with gateway:
        ready = notify.wait_for("READY=1")
        assert gateway.is_ready(), "READY=1 came before requests were taken"
        assert not any("STOPPING=1" in message for message in notify.messages)
        # A sign of life at half the time that is granted, from before READY on.
        assert "WATCHDOG=1" in notify.messages[:ready], notify.messages
        seen = len(notify.messages)
        began = time.monotonic()
        for _ in range(3):
            seen = notify.wait_for("WATCHDOG=1", 2, after=seen) + 1
        assert time.monotonic() - began < 1.5
        gateway.stop()
    notify.wait_for("STOPPING=1", after=ready)
    assert sum("READY=1" in message for message in notify.messages) == 1
    notify.close()


def test_a_watchdog_for_another_process_is_not_fed(tmp_path) -> None:
    notify = NotifySocket(tmp_path, is_abstract=False)
    environment = {"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}
    with ManagedGateway(config(tmp_path / "s", "127.0.0.1:0"), environment=environment):
        notify.wait_for("READY=1")
    assert not any("WATCHDOG" in message for message in notify.messages)
    notify.close()


def test_a_manager_that_is_gone_is_no_trouble(tmp_path) -> None:
    environment = {"NOTIFY_SOCKET": f"{tmp_path}/nobody", "WATCHDOG_USEC": "100000"}
    with ManagedGateway(config(tmp_path / "s", "127.0.0.1:0"), environment=environment) as gateway:
        assert gateway.chat("simulated:x").status == 200


def test_a_killed_supervisor_costs_no_connection_where_the_socket_is_passed(tmp_path, passed) -> None:
    """F4: kill -9 on the supervisor; the manager starts it again on the socket it kept."""
    first = ManagedGateway(config(tmp_path / "s"), sockets=passed[:1])
    second = ManagedGateway(config(tmp_path / "s"), sockets=passed[:1])
    try:
        first.start()
        visitors = [Visitor(first.key, passed[0].getsockname()) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        wait_until(lambda: all(len(visitor.outcomes) > 10 for visitor in visitors), 20, "ten requests each")
        workers = children(first.pid)
        os.kill(first.pid, signal.SIGKILL)
        first.wait(5)
        wait_until(lambda: not any(alive(pid) for pid in workers), 20, "the workers have followed")
        before = [len(visitor.outcomes) for visitor in visitors]
        second.start()
        wait_until(
            lambda: all(len(visitor.outcomes) > count + 10 for visitor, count in zip(visitors, before, strict=True)),
            20,
            "ten more requests each",
        )
        Visitor.judge(visitors)
        second.stop()
    finally:
        first.destroy()
        second.destroy()
