"""What each process holds: keys, descriptors, threads, environment. Read from /proc while the tree works."""

from __future__ import annotations

import os
import pathlib

import pytest

from Harness.gateway import CLIENT_KEY, PROVIDER_KEY, Gateway
from Harness.processes import descriptors, memory_contains, program, socket_table, status_field
from Harness.provider import OwnProvider

ROLES = ("edge", "upstream", "aggregator", "control")


@pytest.fixture
def busy(gateway: Gateway, provider: OwnProvider):
    """The gateway after some work, with a stream under way."""
    for _ in range(5):
        assert gateway.chat("own:chat").status == 200
    with gateway.connect() as connection:
        connection.send(gateway.chat_bytes({"model": "own:stream-400-50", "stream": True}))
        connection.wait_for_body(200)
        yield gateway


def test_the_provider_key_is_where_it_belongs(busy: Gateway) -> None:
    key = PROVIDER_KEY.encode()
    assert memory_contains(busy.child("upstream"), key) > 0, "the scan finds what is there"
    assert memory_contains(busy.child("edge"), key) == 0
    assert memory_contains(busy.child("aggregator"), key) == 0
    assert memory_contains(busy.pid, key) == 0


def test_the_client_key_is_not_kept_by_the_others(busy: Gateway) -> None:
    key = CLIENT_KEY.encode()
    for role in ("upstream", "aggregator"):
        assert memory_contains(busy.child(role), key) == 0, role
    assert memory_contains(busy.pid, key) == 0


def test_no_secret_in_arguments_environment_or_log(busy: Gateway) -> None:
    secrets = (PROVIDER_KEY.encode(), CLIENT_KEY.encode())
    for pid in [busy.pid, *busy.children()]:
        for name in ("cmdline", "environ"):
            data = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
            assert not any(secret in data for secret in secrets), (program(pid), name)
    assert not any(secret.decode() in busy.log_text() + busy.output_text() for secret in secrets)
    for path in busy.state.rglob("*"):
        if path.is_file():
            assert not any(secret in path.read_bytes() for secret in secrets), path


def test_the_environment_of_the_children(busy: Gateway) -> None:
    allowed = {"SWIFT_BACKTRACE", "ASAN_OPTIONS", "TSAN_OPTIONS"}
    for pid in busy.children():
        names = {line.split("=")[0] for line in pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0") if line}
        assert names <= allowed and "SWIFT_BACKTRACE" in names, (program(pid), names)
    names = {line.split("=")[0] for line in pathlib.Path(f"/proc/{busy.pid}/environ").read_text().split("\0") if line}
    assert names <= allowed | {
        "NOTIFY_SOCKET",
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
        "WATCHDOG_USEC",
        "WATCHDOG_PID",
    }


def test_the_supervisor_has_one_thread(busy: Gateway) -> None:
    assert status_field(busy.pid, "Threads") == "1"


def test_an_edge_has_one_event_loop(busy: Gateway) -> None:
    # The main thread, the loop's, and the one that syncs the journal.
    assert int(status_field(busy.child("edge"), "Threads") or 99) <= 3


def test_the_workers_cannot_gain_privileges_or_be_dumped(busy: Gateway) -> None:
    for pid in busy.children():
        assert status_field(pid, "NoNewPrivs") == "1", program(pid)
    for pid in [busy.pid, *busy.children()]:
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4] == "0", (program(pid), core)
        # A process that is not dumpable belongs to root in /proc.
        if os.getuid() != 0:
            assert os.stat(f"/proc/{pid}/mem").st_uid == 0


def listening(pid: int) -> int:
    table = socket_table()
    inodes = [link[8:-1] for link in descriptors(pid).values() if link.startswith("socket:[")]
    return sum(table.get(inode, ("", ""))[0] == "tcp-listen" for inode in inodes)


def kinds(pid: int) -> dict[str, int]:
    table, found = socket_table(), {}
    for link in descriptors(pid).values():
        if link.startswith("socket:["):
            kind = table.get(link[8:-1], ("other", ""))[0]
        elif link.startswith("anon_inode:"):
            kind = link.removeprefix("anon_inode:").strip("[]")
        elif link.startswith("/memfd:"):
            kind = "memfd"
        elif link.startswith("pipe:"):
            kind = "pipe"
        else:
            kind = "file"
        found[kind] = found.get(kind, 0) + 1
    return found


def test_only_supervisor_and_edge_hold_the_listener(busy: Gateway) -> None:
    assert listening(busy.pid) == 1
    assert listening(busy.child("edge")) == 1
    for role in ("upstream", "aggregator", "control"):
        assert listening(busy.child(role)) == 0, role


def test_descriptors_of_each_role(busy: Gateway) -> None:
    seen = {role: kinds(busy.child(role)) for role in ROLES} | {"supervisor": kinds(busy.pid)}
    assert seen["edge"].get("tcp", 0) >= 1 and seen["upstream"].get("tcp", 0) >= 1
    for role in ("supervisor", "aggregator", "control"):
        assert seen[role].get("tcp", 0) == 0, (role, seen[role])
    # Control socket and the brokered links: one upstream, one aggregator, control.
    assert seen["edge"].get("unix", 0) <= 5, seen["edge"]
    assert seen["upstream"].get("unix", 0) <= 5, seen["upstream"]
    for role, found in seen.items():
        assert sum(found.values()) < 60, (role, found)
        assert not any(name.startswith("sluice-") for name in found)


def test_no_socket_but_the_operators_has_a_name(busy: Gateway) -> None:
    table = socket_table()
    for pid in [busy.pid, *busy.children()]:
        for link in descriptors(pid).values():
            if link.startswith("socket:["):
                kind, name = table.get(link[8:-1], ("", ""))
                if kind == "unix" and name:
                    holder = f"{program(pid)} holds the named socket {name}"
                    assert program(pid) == "sluice-control" and name.endswith("/control.sock"), holder


def test_descriptors_do_not_leak(gateway: Gateway, provider: OwnProvider) -> None:
    for _ in range(3):
        assert gateway.chat("own:chat").status == 200
    before = {pid: len(descriptors(pid)) for pid in gateway.children()}
    for index in range(60):
        assert gateway.chat("own:stream-3-0" if index % 2 else "own:status-500", stream=bool(index % 2)).status in (
            200,
            500,
        )
    after = {pid: len(descriptors(pid)) for pid in gateway.children()}
    for pid, count in after.items():
        assert count <= before[pid] + 5, (program(pid), before[pid], count)


def test_the_supervisor_never_maps_a_snapshot(busy: Gateway) -> None:
    maps = pathlib.Path(f"/proc/{busy.pid}/maps").read_text()
    # Its own page of counters is all that it maps.
    assert "memfd:" not in maps.replace("/memfd:sluice-metrics-supervisor", "")


def test_only_edge_and_upstream_share_memory(busy: Gateway) -> None:
    name = "memfd:sluice-bodies"
    maps = {role: pathlib.Path(f"/proc/{busy.child(role)}/maps").read_text().splitlines() for role in ROLES}
    rights = {role: [line.split()[1] for line in lines if name in line] for role, lines in maps.items()}
    assert rights == {"edge": ["rw-s"], "upstream": ["r--s"], "aggregator": [], "control": []}
    assert not any(name in link for link in descriptors(busy.pid).values())
