"""Client keys: made, listed, changed and revoked over the operators' socket and offline; good and refused in every edge."""

from __future__ import annotations

import json
import pathlib
import re
import signal
import socket
import stat
import struct

import pytest

from Harness import wire
from Harness.gateway import CLIENT_KEY, Gateway, base_config
from Harness.operators import ask, run
from Harness.processes import wait_until

KEY = re.compile(rb"sk-sl-[A-Za-z0-9_-]{43}")
EDGES = 8


def listed(gateway: Gateway) -> list[dict]:
    done = run(gateway, "keys", "list", "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def configured(tmp_path: pathlib.Path, **changes) -> Gateway:
    return Gateway(base_config(tmp_path / "state", **changes), folder=tmp_path)


def chat_bytes(key: str) -> bytes:
    body = json.dumps({"model": "anything", "messages": [{"role": "user", "content": "Say hello."}]}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return wire.render("POST", "/v1/chat/completions", headers, body)


def status(gateway: Gateway, key: str) -> int:
    with gateway.connect() as connection:
        connection.send(chat_bytes(key))
        return connection.reply().status


def edge_of(reply) -> int:
    """The instance of the edge that minted the record's id: 24 bits behind host and time."""
    return int(reply.header("x-sluice-record"), 16) >> 32 & 0xFFFFFF


def plaintext(gateway: Gateway, keys: list[str], leave_out: tuple[str, ...] = ()) -> list[str]:
    """Where any of `keys` is written down: files of the state folder, what the programs said."""
    found = []
    for path in gateway.state.rglob("*"):
        if path.is_file() and path.name not in leave_out:
            data = path.read_bytes()
            found += [str(path) for key in keys if key.encode() in data]
    texts = gateway.log_text() + gateway.output_text()
    return found + ["the log" for key in keys if key in texts]


def test_a_key_is_made_used_changed_and_revoked(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        path = gateway.state / "run" / "control.sock"
        assert stat.S_ISSOCK(path.stat().st_mode) and stat.S_IMODE(path.stat().st_mode) == 0o600
        project = ask(gateway, "projects", "create", "--name", "web", "--time-zone", "Europe/Berlin")
        made = ask(
            gateway,
            *("keys", "create", "--name", "ci", "--project", "web", "--requests-per-minute", "60", "--monthly-cost"),
            *("12.50", "--tokens-per-minute", "1000", "--concurrency", "3", "--monthly-tokens", "5000000"),
        )
        key = made["key"]
        assert KEY.fullmatch(key.encode())
        assert made["id"].startswith("key_") and made["project_id"] == project["id"]
        assert (made["requests_per_minute"], made["cost_monthly"]) == (60, "12.50")
        assert status(gateway, key) == 200
        assert status(gateway, CLIENT_KEY) == 200, "the static key goes on working"
        assert status(gateway, key[:-1] + ("A" if key[-1] != "A" else "B")) == 401

        assert [entry["name"] for entry in listed(gateway)] == ["ci"]
        table = run(gateway, "keys", "list")
        assert table.returncode == 0 and made["id"] in table.stdout
        assert key not in table.stdout + json.dumps(listed(gateway)), "a list shows a key"

        changed = ask(gateway, "keys", "update", "ci", "--project", "web", "--concurrency", "none", "--name", "cd")
        assert (changed["concurrency"], changed["name"], changed["requests_per_minute"]) == (None, "cd", 60)
        assert status(gateway, key) == 200

        for arguments, code in [
            (("keys", "create", "--name", "cd", "--project", "web"), 1),
            (("keys", "create", "--name", "x", "--project", "none"), 1),
            (("keys", "create", "--name", "x", "--monthly-cost", "1e3"), 2),
            (("keys", "create", "--name", "x", "--concurrency", "-1"), 2),
            (("keys", "create"), 2),
            (("keys", "revoke", "nobody"), 1),
            (("keys", "update", "cd", "--project", "web"), 2),
        ]:
            done = run(gateway, *arguments)
            assert (done.returncode, done.stdout) == (code, ""), f"{arguments}: {done}"
            assert done.stderr

        ask(gateway, "keys", "revoke", made["id"])
        refused = []
        for wrong in (key, "sk-sl-" + "A" * 43, "nonsense"):
            with gateway.connect() as connection:
                connection.send(chat_bytes(wrong))
                refused.append(connection.reply())
        assert [reply.status for reply in refused] == [401] * 3
        assert len({reply.body for reply in refused}) == 1, "a revoked key is told from an unknown one"
        assert plaintext(gateway, [key]) == []


def test_a_revocation_is_in_force_in_every_edge_at_once(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path, workers={"edge": EDGES, "upstream": 1}) as gateway:
        gateway.wait_for_tree()
        key = ask(gateway, "keys", "create", "--name", "a")["key"]
        connections: dict[int, wire.Connection] = {}
        try:
            for _ in range(2_000):
                connection = gateway.connect()
                connection.send(chat_bytes(key))
                reply = connection.reply()
                assert reply.status == 200
                if connections.setdefault(edge_of(reply), connection) is not connection:
                    connection.close()
                if len(connections) == EDGES:
                    break
            assert len(connections) == EDGES, f"only edges {sorted(connections)} were reached"
            ask(gateway, "keys", "revoke", "a")
            # The very next request over connections that were good a moment ago.
            for edge, connection in connections.items():
                connection.send(chat_bytes(key))
                assert connection.reply().status == 401, f"edge {edge}"
        finally:
            for connection in connections.values():
                connection.close()
        assert status(gateway, key) == 401
        # A new one is good in each of them as soon as it is made.
        other = ask(gateway, "keys", "create", "--name", "b")["key"]
        assert [status(gateway, other) for _ in range(20)] == [200] * 20


def test_keys_are_made_while_the_gateway_is_stopped(tmp_path: pathlib.Path) -> None:
    gateway = configured(tmp_path, auth={})
    gateway.command()  # writes the configuration
    before = ask(gateway, "keys", "create", "--name", "before", "--expires", "30d")
    assert before["expires"] is not None
    with gateway:
        gateway.wait_for_tree()
        assert status(gateway, before["key"]) == 200
        assert not (gateway.state / "static_key").exists(), "there was a key already: no first one is made"
        while_up = ask(gateway, "keys", "create", "--name", "while up")
    ask(gateway, "keys", "revoke", "before")
    after = ask(gateway, "keys", "create", "--name", "after")
    again = configured(tmp_path, auth={})
    with again:
        again.wait_for_tree()
        assert status(again, before["key"]) == 401
        assert status(again, while_up["key"]) == 200
        assert status(again, after["key"]) == 200
        assert plaintext(again, [before["key"], while_up["key"], after["key"]]) == []


def test_lists_of_models_and_weights(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        project = ask(gateway, "projects", "create", "--name", "web", "--weight", "3", "--models", "openai:*,fast")
        assert (project["weight"], project["models"]) == (3, ["openai:*", "fast"])
        made = ask(gateway, "keys", "create", "--name", "a", "--project", "web", "--models", "simulated:*")
        assert made["models"] == ["simulated:*"]
        assert [key["models"] for key in listed(gateway)] == [["simulated:*"]]
        table = run(gateway, "keys", "list").stdout.splitlines()
        column = table[0].index("MODELS")
        assert table[1][column:].startswith("simulated:*")
        changed = ask(gateway, "keys", "update", "a", "--project", "web", "--models", "all")
        assert changed["models"] is None
        # The project's list leaves nothing of what is asked for; then the key's does.
        assert status(gateway, made["key"]) == 403
        ask(gateway, "projects", "update", "web", "--models", "all")
        assert status(gateway, made["key"]) == 200
        ask(gateway, "keys", "update", "a", "--project", "web", "--models", "other:*")
        assert status(gateway, made["key"]) == 403
        for command in (
            ("projects", "update", "web", "--weight", "0"),
            ("projects", "update", "web", "--weight", "1001"),
        ):
            done = run(gateway, *command)
            assert (done.returncode, "1 to 1000" in done.stderr) == (1, True), done
        for command in (
            ("keys", "update", "a", "--project", "web", "--models", "none"),
            ("keys", "update", "a", "--project", "web", "--models", "a,,b"),
            ("keys", "update", "a", "--project", "web", "--models", "a*b*"),
            ("keys", "update", "a", "--project", "web", "--models", ",".join(["x"] * 65)),
            ("projects", "update", "web"),
        ):
            assert run(gateway, *command).returncode == 2, command
    # The same while it is stopped, on its files.
    ask(gateway, "projects", "update", "web", "--weight", "7", "--models", "all")
    found = {one["name"]: one for one in ask(gateway, "projects", "list")["data"]}
    assert (found["web"]["weight"], found["web"]["models"]) == (7, None)
    assert found["default"]["weight"] == 1


def test_an_expired_key_is_refused(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        key = ask(gateway, "keys", "create", "--name", "old", "--expires", "2001-01-01")["key"]
        assert status(gateway, key) == 401
        ask(gateway, "keys", "update", "old", "--expires", "none")
        assert status(gateway, key) == 200


def test_the_first_key_is_one_of_the_database(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path, auth={}) as gateway:
        gateway.wait_for_tree()
        path = gateway.state / "static_key"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        key = path.read_text().strip()
        assert KEY.fullmatch(key.encode())
        assert status(gateway, key) == 200
        (entry,) = listed(gateway)
        assert (entry["name"], entry["project"], entry["prefix"]) == ("first", "default", key[:14])
        assert plaintext(gateway, [key], leave_out=("static_key",)) == []
        ask(gateway, "keys", "revoke", "first")
        assert status(gateway, key) == 401


def test_keys_outlive_control(tmp_path: pathlib.Path) -> None:
    """Control is killed: known keys go on, the command line waits for the next one, which finds all keys."""
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        key = ask(gateway, "keys", "create", "--name", "a")["key"]
        for number in range(3):
            gateway.kill_child(gateway.child("control"))
            assert status(gateway, key) == 200
            made = ask(gateway, "keys", "create", "--name", f"b{number}")
            assert status(gateway, made["key"]) == 200
        ask(gateway, "keys", "revoke", "a")
        assert status(gateway, key) == 401
        assert len(listed(gateway)) == 4


def test_a_control_that_hangs_is_told_from_a_stopped_gateway(tmp_path: pathlib.Path) -> None:
    """Without an answer nothing is done behind the running gateway's back."""
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        (gateway.state / "run" / "control.sock").unlink()
        done = run(gateway, "keys", "create", "--name", "a")
        assert done.returncode == 69
        assert "does not answer" in done.stderr
        assert done.stdout == ""


def test_the_socket_withstands_nonsense(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        folder = gateway.state / "run"

        def connect() -> socket.socket:
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(10)
            client.connect(str(folder / "control.sock"))
            return client

        for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, b"\x00\x10\x00\x01", b"\x00\x00\x00\x02[]", b"\x00"):
            with connect() as client:
                client.sendall(nonsense)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
        with connect() as client:
            text = b'{"method":"GET","path":"/api/v1/projects"}'
            client.sendall(struct.pack(">I", len(text)) + text)
            (length,) = struct.unpack(">I", client.recv(4, socket.MSG_WAITALL))
            assert json.loads(client.recv(length, socket.MSG_WAITALL))["status"] == 200


@pytest.mark.parametrize("name", ["control.db", "identity/identity.mdb"])
def test_a_damaged_file_is_named_and_left_alone(tmp_path: pathlib.Path, name: str) -> None:
    gateway = configured(tmp_path, auth={})
    gateway.command()
    ask(gateway, "keys", "create", "--name", "a")
    path = gateway.state / name
    good = path.read_bytes()
    for bad, offset in [
        (good[:3] + b"\xff" * 40 + good[43:], None),
        (good[:1000], 1000),
        (good[:4096] + b"\xff" * 64 + good[4160:], None),
    ]:
        path.write_bytes(bad)
        start = configured(tmp_path, auth={}).spawn()
        assert start.process is not None
        assert 70 <= start.wait(30) <= 79
        lines = [line for line in start.log_text().splitlines() if str(path) in line]
        assert len(lines) == 1, start.log_text()
        if offset is not None:
            assert f"{path} at byte {offset}: " in lines[0]
        assert path.read_bytes() == bad
        done = run(gateway, "keys", "list")
        assert 70 <= done.returncode <= 79 and str(path) in done.stderr
        start.destroy()
    path.write_bytes(good)
    assert [entry["name"] for entry in listed(gateway)] == ["a"]


def test_a_gateway_is_stopped_by_interrupt_with_an_operator_connected(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(gateway.state / "run" / "control.sock"))
        gateway.stop(signal.SIGINT)
        client.close()
        wait_until(lambda: not (gateway.state / "run" / "control.sock").exists(), 5, "the socket is gone")
