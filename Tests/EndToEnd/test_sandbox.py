"""What a worker can do once it has started: files, sockets, other programs."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import subprocess

import pytest

from Harness.gateway import PROGRAMS, Gateway
from Harness.postgres import PostgresDatabase
from Harness.processes import status_field

DRIVER = PROGRAMS / "sandbox-driver"
REFUSED = [
    "execve", "fork", "ptrace", "process_vm_readv", "mount", "unshare", "setns", "setuid", "setresuid", "bpf",
    "perf_event_open", "keyctl", "io_uring", "init_module", "reboot", "kexec", "packet", "alg",
]  # fmt: skip
# What each role has of networking.
NETWORK = {
    "edge": {"listen", "accept4"},
    "upstream": {"connect", "bind", "inet", "inet6", "unix"},
    "aggregator": set(),
    "control": {"connect", "bind", "listen", "accept4", "inet", "inet6", "unix"},
    "aggregator+server": {"connect", "bind", "inet", "inet6", "unix"},
}
SOCKETS = {"connect", "bind", "listen", "accept4", "inet", "inet6", "unix"}
# Folders of the state directory: what each role may do there.
FILES = {
    "edge": {"identity": "rw", "limits": "rw", "journal": "rwm"},
    "upstream": {"providers": "rw", "journal": "rwm"},
    "aggregator": {"usage": "rwm", "limits": "rwm", "providers": "rwm", "journal": "rwm"},
    "control": {name: "rwm" for name in (".", "run", "identity", "limits", "providers", "usage", "journal")},
}


def probe(gateway: Gateway, *what: str) -> dict[str, int]:
    """The errno of each probe in the edge's own process."""
    reply = gateway.request("GET", "/health", headers={"x-sluice-test-probe": ",".join(what)})
    assert reply.status == 200
    return json.loads(reply.body)


def drive(role: str, state: pathlib.Path, *what: str, readable: pathlib.Path | None = None) -> dict[str, int]:
    done = subprocess.run(
        [str(DRIVER), role, str(state), str(readable or state / "nothing"), *what],
        capture_output=True, text=True, timeout=20, env={},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines, (done.returncode, done.stdout, done.stderr)
    assert lines[0] == "missing ", lines[0]
    return {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines[1:]}


@pytest.fixture
def state(tmp_path: pathlib.Path) -> pathlib.Path:
    for name in ("run", "identity", "limits", "providers", "usage", "journal"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    (tmp_path / "file").write_text("x")
    return tmp_path


def test_an_edge_starts_no_program_and_connects_to_nothing(gateway: Gateway) -> None:
    found = probe(gateway, *REFUSED, *SOCKETS)
    allowed = NETWORK["edge"]
    assert {name for name, code in found.items() if code != errno.EPERM} == allowed
    assert found["listen"] == found["accept4"] == errno.EBADF
    assert probe(gateway, "clone3", "thread", "memfd", "socketpair") == {
        "clone3": errno.ENOSYS, "thread": 0, "memfd": 0, "socketpair": 0,
    }  # fmt: skip
    assert gateway.request("GET", "/health").status == 200, "it serves on"


def test_an_edge_opens_nothing_but_its_files(gateway: Gateway) -> None:
    state = gateway.state
    closed = [
        f"open:{state}/control.db", f"open:{state}/instance", f"open:{state}/usage/usage.db",
        f"open:{state}/run/listeners", f"open:{gateway.folder}/sluice.yaml", "open:/etc/passwd", "open:/etc/shadow",
        f"open:/proc/{gateway.pid}/environ", f"make:{state}/planted", f"make:{state}/identity/planted",
        "make:/tmp/planted", "open:/", "write:/proc/sys/vm/swappiness",
    ]  # fmt: skip
    assert probe(gateway, *closed) == {name: errno.EACCES for name in closed}
    open_to_it = [
        f"open:{state}/identity/identity.mdb", f"write:{state}/limits/limits.table", f"make:{state}/journal/new",
    ]  # fmt: skip
    assert probe(gateway, *open_to_it) == {name: 0 for name in open_to_it}


def test_an_edge_signals_nobody(gateway: Gateway) -> None:
    own = gateway.child("edge")
    found = probe(gateway, f"kill:{own}", f"kill:{gateway.pid}", f"kill:{gateway.child('upstream')}")
    assert list(found.values()) == [0, errno.EPERM, errno.EPERM]


def test_every_worker_is_in_its_sandbox(gateway: Gateway) -> None:
    gateway.wait_for_tree()
    for pid in gateway.children():
        assert (status_field(pid, "Seccomp"), status_field(pid, "NoNewPrivs")) == ("2", "1"), pid
        for task in os.listdir(f"/proc/{pid}/task"):
            text = pathlib.Path(f"/proc/{pid}/task/{task}/status").read_text()
            assert "Seccomp:\t2" in text, (pid, task)


@pytest.mark.parametrize("role", NETWORK)
def test_system_calls_of_each_role(role: str, state: pathlib.Path) -> None:
    found = drive(role, state, *REFUSED, *sorted(SOCKETS), "clone3", "x32", "thread", "memfd", "socketpair")
    for name in REFUSED:
        assert found.pop(name) == errno.EPERM, name
    for name in SOCKETS:
        assert (found.pop(name) != errno.EPERM) == (name in NETWORK[role]), name
    machine = os.uname().machine
    assert found.pop("x32") == (errno.EPERM if machine == "x86_64" else errno.EINVAL)
    assert found == {"clone3": errno.ENOSYS, "thread": 0, "memfd": 0, "socketpair": 0}


@pytest.mark.parametrize("role", FILES)
def test_files_of_each_role(role: str, state: pathlib.Path) -> None:
    expected = {}
    for folder in (".", "run", "identity", "limits", "providers", "usage", "journal"):
        rights = FILES[role].get(folder, "")
        for what, right, name in (("open", "r", "file"), ("write", "w", "file"), ("make", "m", "new")):
            expected[f"{what}:{state}/{folder}/{name}"] = 0 if right in rights else errno.EACCES
    assert drive(role, state, *expected) == expected


def test_system_files_of_each_role(state: pathlib.Path) -> None:
    secret = state.parent / f"{state.name}-elsewhere"
    secret.write_text("x")
    for role in FILES:
        own = ["open:/proc/self/status", "open:/dev/null"]
        found = drive(role, state, *own, "open:/etc/hosts", f"open:{secret}", "open:/proc/1/environ")
        system = 0 if role in ("upstream", "control") else errno.EACCES
        assert list(found.values()) == [0, 0, system, errno.EACCES, errno.EACCES], role
    certificates = state.parent / f"{state.name}-certificates"
    certificates.mkdir()
    (certificates / "ca.pem").write_text("x")
    named = [f"open:{certificates}/ca.pem", f"write:{certificates}/ca.pem"]
    assert list(drive("upstream", state, *named, readable=certificates).values()) == [0, errno.EACCES]


@pytest.mark.parametrize("role", ["aggregator+server", "control", "aggregator", "edge"])
def test_who_reaches_a_database_server(role: str, state: pathlib.Path, postgres: PostgresDatabase) -> None:
    """libpq works in the sandbox of those that may have a server, by an address, a name and a socket; no other reaches one."""
    server = postgres.server
    by_name = postgres.url.replace("127.0.0.1", "localhost")
    for url in (postgres.url, by_name, server.socket_url(postgres.name)):
        found = drive(role, state, f"postgres:{url}", readable=server.folder)
        assert found == {"postgres": 0 if role in ("aggregator+server", "control") else errno.EPERM}, url
