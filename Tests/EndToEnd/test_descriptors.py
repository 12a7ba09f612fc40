"""Each process holds exactly the descriptors its role works with."""

from __future__ import annotations

import pathlib
import re

import pytest

from Harness.gateway import Gateway
from Harness.processes import descriptors, program, socket_table, status_field
from Harness.provider import OwnProvider

# What each role may hold, and how many of it at the most: one edge, one upstream, one stream under way.
ALLOWED = {
    "supervisor": {
        "standard": 3, "eventpoll": 1, "signalfd": 1, "eventfd": 1, "null": 2, "control socket": 5, "pidfd": 4,
        # Snapshots, and a page of counters for each process.
        "tcp-listen": 1, "memfd": 11, "instance": 1, "program": 8, "log": 1,
        "folder": 1,
    },
    "control": {
        # Jobs for the administration's threads, and their outcomes, have a counter each.
        "standard": 3, "eventpoll": 1, "eventfd": 3, "control socket": 1, "link": 3, "control.db": 4, "identity": 4,
        "usage.db": 4, "folder": 3, "operators": 2, "memfd": 1, "instance": 1,
        # The page of /docs, where the programs have it beside them.
        "share": 8,
    },
    "aggregator": {
        "standard": 3, "eventpoll": 1, "eventfd": 1, "control socket": 1, "link": 3, "usage.db": 8, "limits": 2,
        "providers": 1, "journal": 9,
        # The pages of all processes.
        "memfd": 6,
    },
    "upstream": {
        # libcurl wakes itself by a pair of its own.
        "standard": 3, "eventpoll": 1, "eventfd": 4, "control socket": 1, "link": 4, "journal": 5, "memfd": 2, "tcp": 4,
        "providers": 1,
    },
    "edge": {
        "standard": 3, "eventpoll": 1, "eventfd": 4, "timerfd": 1, "control socket": 1, "link": 4, "journal": 5,
        "identity": 4, "limits": 2, "tcp-listen": 1, "tcp": 6, "memfd": 2,
    },
}  # fmt: skip


def kind(number: int, link: str, state: pathlib.Path, table: dict) -> str:
    """What a descriptor is, in the words of the list above; what it cannot name it gives as it is."""
    if number <= 2:
        return "standard"
    if link.startswith("socket:["):
        found, name = table.get(link[8:-1], ("unknown socket", ""))
        if found == "unix":
            return "operators" if name else "control socket" if number == 3 else "link"
        return found
    if link.startswith("anon_inode:"):
        return link.removeprefix("anon_inode:").strip("[]")
    if link.startswith("/memfd:"):
        return "memfd"
    if link == "/dev/null":
        return "null"
    # Where the supervisor's log went at the start: what `logging.file` replaces can be had back.
    if link.startswith("pipe:["):
        return "log"
    path = pathlib.Path(link.removesuffix(" (deleted)"))
    if not path.is_relative_to(state):
        if "share/sluice" in link:
            return "share"
        return "program" if path.name.startswith("sluice") else link
    name = str(path.relative_to(state))
    for folder in ("journal", "identity", "limits", "providers"):
        if name == folder or name.startswith(folder + "/"):
            return folder
    if re.fullmatch(r"usage(/usage\.db(-wal|-shm)?)?", name):
        return "usage.db"
    if re.fullmatch(r"control\.db(-wal|-shm)?", name):
        return "control.db"
    return "folder" if name in (".", "run") else name


def held(pid: int, state: pathlib.Path) -> dict[str, int]:
    table, found = socket_table(), {}
    for number, link in descriptors(pid).items():
        word = kind(number, link, state, table)
        # The supervisor's lines to its children have whatever number is free.
        if word == "link" and program(pid) == "sluice-supervisor":
            word = "control socket"
        found[word] = found.get(word, 0) + 1
    return found


@pytest.fixture
def busy(gateway: Gateway, provider: OwnProvider):
    for _ in range(3):
        assert gateway.chat("own:chat").status == 200
    with gateway.connect() as connection:
        connection.send(gateway.chat_bytes({"model": "own:stream-400-50", "stream": True}))
        connection.wait_for_body(200)
        yield gateway


def test_each_process_holds_what_its_role_works_with(busy: Gateway) -> None:
    processes = {"supervisor": busy.pid} | {role: busy.child(role) for role in ALLOWED if role != "supervisor"}
    problems = []
    for role, pid in processes.items():
        found = held(pid, busy.state.resolve())
        for word, count in found.items():
            if count > ALLOWED[role].get(word, 0):
                problems.append(f"{role} holds {count} of {word!r}, {ALLOWED[role].get(word, 0)} allowed")
    assert not problems, "\n".join(problems)


def test_limits_of_each_process(busy: Gateway) -> None:
    for pid in [busy.pid, *busy.children()]:
        limits = {}
        for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]:
            name, values = line[:26].strip(), line[26:].split()
            limits[name] = values[:2]
        assert limits["Max core file size"] == ["0", "0"], program(pid)
        if program(pid) in ("sluice-control", "sluice-aggregator"):
            assert int(limits["Max open files"][1]) <= 8192
        assert status_field(pid, "NoNewPrivs") == "1", program(pid)


def test_no_secret_stands_in_arguments_or_environment(busy: Gateway) -> None:
    canaries = [b"canary", busy.key.encode()]
    for pid in [busy.pid, *busy.children()]:
        for name in ("cmdline", "environ"):
            data = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
            assert not any(canary in data for canary in canaries), (program(pid), name)
