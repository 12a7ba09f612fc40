"""Providers, aliases and prices by API: in force in all workers at once, kept over restarts, and not for other hosts."""

from __future__ import annotations

import json
import pathlib
import socket
import struct
import threading
import time

import pytest

from Harness.gateway import Gateway, base_config
from Harness.processes import wait_until
from Harness.provider import OwnProvider

# Only programs with test hooks can be told that a provider by API may be on this machine.
NEAR = {"SLUICE_PROVIDERS": "loopback"}
KEY = "sk-by-api-0123456789abcdef"


def operator(gateway: Gateway, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
    """One request over the operators' socket: status and body."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(gateway.state / "run" / "control.sock"))
        text = json.dumps({"method": method, "path": f"/api/v1/{path}", "body": body or {}}).encode()
        client.sendall(struct.pack(">I", len(text)) + text)
        (length,) = struct.unpack(">I", client.recv(4, socket.MSG_WAITALL))
        reply = json.loads(client.recv(length, socket.MSG_WAITALL))
    return reply["status"], reply.get("body") or {}


def started(folder: pathlib.Path, environment: dict | None = None, **changes) -> Gateway:
    config = base_config(folder / "sluice-state", workers={"edge": 2, "upstream": 2}, **changes)
    gateway = Gateway(config, folder=folder, environment=NEAR if environment is None else environment).start()
    gateway.wait_for_tree()
    return gateway


def served(gateway: Gateway, model: str, count: int = 12) -> list[int]:
    """What requests on connections of their own are answered, so that every edge has some of them."""
    return [gateway.chat(model).status for _ in range(count)]


def wait_for_control(gateway: Gateway) -> None:
    def answers() -> bool:
        try:
            return operator(gateway, "GET", "status")[0] == 200
        except OSError:
            return False

    wait_until(answers, 20, "control answers")


def test_a_provider_is_in_force_with_its_answer(tmp_path: pathlib.Path, provider: OwnProvider) -> None:
    with started(tmp_path) as gateway:
        assert set(served(gateway, "added:chat", 4)) == {404}
        before = gateway.children()
        with gateway.connect() as stream:
            # Twenty events, 100 ms apart, while everything below goes on.
            chat = {"model": "simulated:slow", "stream": True, "messages": [{"role": "user", "content": "x"}]}
            stream.send(gateway.chat_bytes(chat))
            began = time.monotonic()
            status, made = operator(
                gateway, "POST", "providers", {"name": "added", "dialect": "openai", "base_url": provider.base_url, "api_key": KEY}
            )
            took = time.monotonic() - began
            assert (status, made["in_force"], made["source"]) == (201, True, "api"), made
            assert made["api_key"] == "sk-…cdef" and took < 1
            assert set(served(gateway, "added:chat")) == {200}
            assert provider.log[-1].header("authorization") == f"Bearer {KEY}"

            assert operator(gateway, "POST", "models", {"name": "mine", "targets": ["added:chat"]})[0] == 201
            assert set(served(gateway, "mine")) == {200}
            assert operator(gateway, "POST", "prices", {"target": "added:chat", "input": 1, "output": "2.5"})[0] == 201
            assert operator(gateway, "PATCH", "models/mine", {"targets": ["simulated:x"]})[0] == 200
            provider.clear()
            assert set(served(gateway, "mine")) == {200} and not provider.log

            # A new key goes out with the next request.
            status, changed = operator(gateway, "PATCH", "providers/added", {"api_key": KEY.upper()})
            assert status == 200 and changed["version"] == 2 and changed["in_force"] is True
            assert set(served(gateway, "added:chat", 4)) == {200}
            assert provider.log[-1].header("authorization") == f"Bearer {KEY.upper()}"

            assert operator(gateway, "DELETE", "providers/added")[1]["error"]["code"] == "in_use"
            assert operator(gateway, "DELETE", "prices/added%3Achat")[0] == 204
            assert operator(gateway, "DELETE", "providers/added")[0] == 204
            assert set(served(gateway, "added:chat")) == {404}
            reply = stream.reply()
            assert reply.status == 200 and reply.body.rstrip().endswith(b"data: [DONE]"), reply.body[-200:]
        assert gateway.children() == before
        assert KEY not in gateway.log_text() + gateway.output_text()


def test_it_is_there_after_every_restart(tmp_path: pathlib.Path, provider: OwnProvider) -> None:
    with started(tmp_path) as gateway:
        entry = {"name": "added", "dialect": "openai", "base_url": provider.base_url, "api_key": KEY}
        assert operator(gateway, "POST", "providers", entry)[0] == 201
        gateway.kill_child(gateway.child("control"))
        wait_until(lambda: gateway.ready_count("control") == 2, 20, "control is there again")
        wait_for_control(gateway)
        for pid in gateway.children("upstream") + gateway.children("edge"):
            gateway.kill_child(pid)
        wait_until(lambda: gateway.ready_count("upstream") == 4 and gateway.ready_count("edge") == 4, 20, "workers are there again")
        assert set(served(gateway, "added:chat", 4)) == {200}
        assert operator(gateway, "PATCH", "providers/added", {"concurrency": 3})[1]["in_force"] is True
    for path in (tmp_path / "sluice-state").rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
    with started(tmp_path) as gateway:
        assert set(served(gateway, "added:chat", 4)) == {200}
        assert operator(gateway, "GET", "providers/added")[1]["concurrency"] == 3
        # HUP puts file and API together as well.
        status, shown = operator(gateway, "POST", "orders", {"kind": "reload"})
        assert status == 202, shown
        wait_until(lambda: "configuration 2" in json.dumps(operator(gateway, "GET", "status")[1]), 20, "it is reloaded")
        assert set(served(gateway, "added:chat", 4)) == {200}


def test_the_file_wins(tmp_path: pathlib.Path) -> None:
    with started(tmp_path) as gateway:
        status, refused = operator(gateway, "POST", "providers", {"name": "simulated", "dialect": "simulated"})
        assert (status, refused["error"]["code"]) == (409, "defined_in_file")
        assert f"{tmp_path}/sluice.yaml:" in refused["error"]["message"], refused
        assert operator(gateway, "POST", "models", {"name": "late", "targets": ["simulated:a"]})[0] == 201
        gateway.config["models"] = {"late": {"targets": ["simulated:b"]}}
        (tmp_path / "sluice.yaml").write_text(json.dumps(gateway.config, indent=1))
        assert operator(gateway, "POST", "orders", {"kind": "reload"})[0] == 202

        def notices() -> str:
            return json.dumps(operator(gateway, "GET", "status")[1]["notices"])

        wait_until(lambda: "the model alias late, made by API, is not in force" in notices(), 20, notices)
        assert operator(gateway, "GET", "models/late")[1]["source"] == "file"


def test_credentials_stay_where_they_were_given_for(tmp_path: pathlib.Path, provider: OwnProvider) -> None:
    with started(tmp_path) as gateway, OwnProvider() as other:
        entry = {"name": "added", "dialect": "openai", "base_url": provider.base_url, "api_key": KEY}
        assert operator(gateway, "POST", "providers", entry)[0] == 201
        status, refused = operator(gateway, "PATCH", "providers/added", {"base_url": other.base_url})
        assert (status, refused["error"]["code"], refused["error"]["param"]) == (422, "credentials_needed", "api_key")
        assert set(served(gateway, "added:chat", 4)) == {200} and not other.log
        assert operator(gateway, "PATCH", "providers/added", {"base_url": other.base_url, "api_key": "sk-other-0123456789"})[0] == 200
        assert set(served(gateway, "added:chat", 4)) == {200}
        assert {seen.header("authorization") for seen in other.log} == {"Bearer sk-other-0123456789"}


def test_private_addresses_are_refused(tmp_path: pathlib.Path, provider: OwnProvider) -> None:
    with started(tmp_path, environment={}) as gateway:
        for url in (provider.base_url, "https://10.0.0.1/v1", "https://169.254.169.254/v1", "https://2130706433/v1", "https://[::1]/v1"):
            status, refused = operator(
                gateway, "POST", "providers", {"name": "inside", "dialect": "openai", "base_url": url, "api_key": KEY}
            )
            assert (status, refused["error"]["param"]) == (422, "base_url"), (url, refused)
        # A name is looked at when it is connected to.
        name = {"name": "inside", "dialect": "openai", "base_url": "https://ip6-localhost/v1", "api_key": KEY}
        status, made = operator(gateway, "POST", "providers", name)
        assert status == 201, made
        assert gateway.chat("inside:chat").status in (502, 503, 504)
        tested = operator(gateway, "POST", "providers/inside/test")[1]
        assert tested["ok"] is False and tested["status"] is None, tested
        assert not provider.log


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "perplexity"])
def test_a_connection_is_tested(tmp_path: pathlib.Path, provider: OwnProvider, dialect: str) -> None:
    with started(tmp_path) as gateway:
        entry = {"name": "added", "dialect": dialect, "base_url": provider.base_url, "api_key": KEY, "headers": {"X-Team": "blue-team"}}
        assert operator(gateway, "POST", "providers", entry)[0] == 201
        status, tested = operator(gateway, "POST", "providers/added/test")
        assert status == 200 and set(tested) == {"ok", "status", "latency_ms", "models", "message"}
        seen = provider.log[-1]
        assert seen.header("x-team") == "blue-team"
        assert KEY in (seen.header("authorization") or seen.header("x-api-key"))
        assert seen.target == ("/v1/chat/completions" if dialect == "perplexity" else "/v1/models")
        assert KEY not in json.dumps(tested) and isinstance(tested["status"], int)
    assert operator_gone(tmp_path)


def operator_gone(folder: pathlib.Path) -> bool:
    return not (folder / "sluice-state" / "run" / "control.sock").exists()


def test_many_changes_at_once_come_into_force(tmp_path: pathlib.Path) -> None:
    with started(tmp_path) as gateway:
        replies: list[tuple[int, dict]] = []

        def make(number: int) -> None:
            replies.append(operator(gateway, "POST", "models", {"name": f"m{number}", "targets": ["simulated:a"]}))

        threads = [threading.Thread(target=make, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [status for status, _ in replies] == [201] * 12
        wait_until(lambda: all(gateway.chat(f"m{number}").status == 200 for number in range(12)), 5, "all are in force")
