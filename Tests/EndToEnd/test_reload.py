"""HUP, TTIN, TTOU and USR1: what changes in a running gateway, and what does not: its processes, and what they work on."""

from __future__ import annotations

import contextlib
import json
import pathlib
import signal
import socket
import threading
import time

import pytest

from Harness import wire
from Harness.gateway import Gateway, base_config, openai_provider
from Harness.processes import descriptors, wait_until
from Harness.provider import OwnProvider, stream_body
from Harness.service import NotifySocket


def config(**changes) -> dict:
    return base_config(None, state_directory=None, **changes)


SIMULATED = {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000}
# With two of them a name without one is nobody's.
TWO = {"simulated": SIMULATED, "other": SIMULATED}


def alias(name: str, target: str = "simulated:a") -> dict:
    return {name: {"targets": [target]}}


def said(gateway: Gateway, message: str) -> list[dict]:
    return [line for line in gateway.log() if line["role"] == "supervisor" and line.get("message") == message]


def reload(gateway: Gateway, changes: dict | str, works: bool = True) -> dict:
    """Writes the file anew (`changes` replace whole keys), sends HUP, and gives the supervisor's line about the end."""
    words = ("configuration in force", "reload failed, nothing has changed")
    before = [len(said(gateway, word)) for word in words]
    if isinstance(changes, dict):
        gateway.config |= changes
        text = json.dumps({key: value for key, value in gateway.config.items() if value is not None}, indent=1)
    else:
        text = changes
    (gateway.folder / "sluice.yaml").write_text(text)
    gateway.send_signal(signal.SIGHUP)

    def over() -> dict | None:
        for word, count in zip(words, before):
            if len(found := said(gateway, word)) > count:
                return found[-1]
        return None

    wait_until(over, 15, lambda: f"the end of the reload:\n{gateway.log_text()[-3000:]}")
    line = over()
    assert (line["message"] == words[0]) == works, line
    return line


def refused(address: tuple[str, int]) -> bool:
    try:
        with contextlib.closing(socket.create_connection(address, 2)):
            return False
    except ConnectionRefusedError:
        return True


def test_hup_puts_the_file_in_force_without_a_new_process() -> None:
    with Gateway(config(providers=TWO, models=alias("one"))) as gateway:
        gateway.wait_for_tree()
        before = gateway.children()
        assert gateway.chat("one").status == 200 and gateway.chat("two").status == 404
        reload(gateway, {"models": alias("two"), "logging": {"level": "debug"}})
        assert gateway.chat("two").status == 200 and gateway.chat("one").status == 404
        assert gateway.children() == before
        # A name nobody can use, a file that is none, no file: nothing changes, and the old goes on.
        for bad in ({"nonsense": 1}, "a: [", {"models": alias("x", "nobody:y")}):
            line = reload(gateway, bad, works=False)
            assert line["reasons"], line
            if isinstance(bad, dict):
                for key in bad:
                    gateway.config.pop(key)
            assert gateway.chat("two").status == 200
        assert gateway.children() == before
        reload(gateway, {"models": alias("three")})
        assert gateway.chat("three").status == 200
        assert gateway.children() == before


def test_listeners_come_and_go_and_streams_stay(provider: OwnProvider) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    providers = {"own": openai_provider(provider.base_url)}
    first, second = {"address": "127.0.0.1:0"}, {"address": f"127.0.0.1:{port}"}
    with Gateway(config(providers=providers, listen=[first], workers={"edge": 2, "upstream": 1})) as gateway:
        gateway.wait_for_tree()
        old, edges = gateway.address, gateway.children("edge")
        reload(gateway, {"listen": [first, second]})
        assert gateway.addresses == [old, ("127.0.0.1", port)]
        for _ in range(20):
            assert wire.request(("127.0.0.1", port), "GET", "/health/ready").status == 200
        held = {edge: len(descriptors(edge)) for edge in edges}
        stream = wire.Connection(old, 30)
        stream.send(gateway.chat_bytes({"model": "own:stream-40-50", "stream": True}))
        stream.wait_for_body(300)
        reload(gateway, {"listen": [second]})
        assert gateway.addresses == [("127.0.0.1", port)]
        assert refused(old)
        # What came through the listener that is gone goes on.
        reply = stream.reply(30)
        assert reply.complete and reply.body == stream_body("stream-40-50", 40)
        stream.close()
        for _ in range(3):
            reload(gateway, {"listen": [second, first]})
            reload(gateway, {"listen": [second]})
        assert gateway.children("edge") == edges
        wait_until(
            lambda: all(len(descriptors(edge)) <= held[edge] for edge in edges), 10, "listeners that are gone are closed"
        )


def test_what_cannot_be_opened_changes_nothing() -> None:
    with socket.socket() as taken, Gateway(config(providers=TWO)) as gateway:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        gateway.wait_for_tree()
        before, address = gateway.children(), gateway.address
        number = taken.getsockname()[1]
        others = [{"address": "127.0.0.1:0"}, {"address": f"127.0.0.1:{number}"}]
        line = reload(gateway, {"listen": others, "models": alias("new")}, works=False)
        assert f"cannot listen on 127.0.0.1:{number}" in line["reasons"][0]
        assert gateway.addresses == [address]
        assert gateway.chat("new").status == 404 and gateway.chat("simulated:x").status == 200
        assert gateway.children() == before


class Asking:
    """Requests one after the other, from several threads, until it is left; a context manager."""

    def __init__(self, gateway: Gateway, threads: int = 4) -> None:
        self.gateway, self.statuses, self._over = gateway, [], threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                self.statuses.append(self.gateway.chat("simulated:x", timeout=20).status)
            except Exception as error:  # whatever it is, it is what the test is about
                self.statuses.append(repr(error))

    def __enter__(self) -> "Asking":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)


def count(gateway: Gateway, role: str, wanted: int) -> None:
    wait_until(lambda: len(gateway.children(role)) == wanted, 20, f"{wanted} of {role}")


def test_numbers_of_processes_change_and_no_request_is_lost() -> None:
    slow = {"simulated": SIMULATED | {"delay": "30ms"}}
    with Gateway(config(workers={"edge": 1, "upstream": 1}, providers=slow)) as gateway:
        gateway.wait_for_tree()
        stayed = gateway.children("edge") + gateway.children("upstream")
        with Asking(gateway) as asking:
            for edges, upstreams in ((3, 3), (1, 1), (2, 3), (1, 1)):
                workers = {"edge": edges, "upstream": upstreams}
                reload(gateway, {"workers": workers, "logging": {"level": "debug"}})
                count(gateway, "edge", edges)
                count(gateway, "upstream", upstreams)
                wait_until(lambda: gateway.ready_count("edge") >= edges, 10, "edges are ready")
        assert set(asking.statuses) == {200}, {one: asking.statuses.count(one) for one in set(asking.statuses)}
        assert len(asking.statuses) > 50
        assert said(gateway, "child started"), "the supervisor's level has changed too"
        assert gateway.children("edge") + gateway.children("upstream") == stayed


def test_ttin_and_ttou() -> None:
    with Gateway(config(workers={"edge": 1, "upstream": 1})) as gateway:
        gateway.wait_for_tree()
        for wanted in (2, 3):
            gateway.send_signal(signal.SIGTTIN)
            count(gateway, "edge", wanted)
        # One edge, and two more that the limit table has places for.
        gateway.send_signal(signal.SIGTTIN)
        wait_until(lambda: said(gateway, "order refused"), 5, "a line about it")
        # A reload that says nothing else about the number leaves it.
        reload(gateway, {"models": alias("one")})
        count(gateway, "edge", 3)
        for wanted in (2, 1):
            gateway.send_signal(signal.SIGTTOU)
            count(gateway, "edge", wanted)
        gateway.send_signal(signal.SIGTTOU)
        wait_until(lambda: len(said(gateway, "order refused")) == 2, 5, "a line about it")
        assert gateway.chat("one").status == 200
        assert len(gateway.children("edge")) == 1


def test_the_supervisors_process_id_is_written_down() -> None:
    with Gateway(config()) as gateway:
        path = gateway.state / "run" / "supervisor.pid"
        assert path.read_text() == f"{gateway.pid}\n"
    assert not path.exists()


def lines(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_log_is_a_file_that_can_be_moved_away(tmp_path: pathlib.Path) -> None:
    path, moved, other = tmp_path / "sluice.log", tmp_path / "sluice.log.1", tmp_path / "other.log"
    logging = {"level": "debug", "file": str(path)}
    with Gateway(config(logging=logging)) as gateway:
        wait_until(lambda: any(line["message"] == "ready" for line in lines(path)), 20, "the tree is ready")
        assert path.stat().st_mode & 0o777 == 0o640
        before = gateway.children()
        for target in (path, other):
            old = path if target is other else moved
            if target is path:
                path.rename(moved)
                gateway.send_signal(signal.SIGUSR1)
                wait_until(lambda: any(x["message"] == "logs reopened" for x in lines(path)), 10, "logs reopened")
            else:
                changed = json.dumps(gateway.config | {"logging": logging | {"file": str(other)}})
                (gateway.folder / "sluice.yaml").write_text(changed)
                gateway.send_signal(signal.SIGHUP)
                wait_until(lambda: lines(other), 10, "the other file")

            # Each process writes into the new file only, whatever it has to say.
            def roles() -> bool:
                assert gateway.chat("simulated:x").status == 200
                return {"edge", "supervisor"} <= {line["role"] for line in lines(target)}

            wait_until(roles, 10, lambda: f"lines of all: {lines(target)}")
            size = old.stat().st_size
            assert gateway.chat("simulated:x").status == 200
            assert old.stat().st_size == size
        # Where it cannot be opened everything goes on as before.
        changed = json.dumps(gateway.config | {"logging": logging | {"file": str(tmp_path / "none" / "x.log")}})
        (gateway.folder / "sluice.yaml").write_text(changed)
        gateway.send_signal(signal.SIGHUP)
        wait_until(lambda: any(x["message"].startswith("reload failed") for x in lines(other)), 10, "it is refused")
        assert gateway.children() == before
    assert gateway.log_text() == "" or "gateway is up" in gateway.log_text()


def test_the_service_manager_hears_of_it(tmp_path: pathlib.Path) -> None:
    manager = NotifySocket(tmp_path, is_abstract=False)
    with Gateway(config(), environment={"NOTIFY_SOCKET": manager.path}) as gateway:
        version = manager_version(manager)
        for works in (True, False):
            seen, asked = len(manager.messages), time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            reload(gateway, {"drain_timeout": "7s"} if works else {"nonsense": 1}, works)
            began = manager.wait_for("RELOADING=1", after=seen)
            said = dict(line.split("=", 1) for line in manager.messages[began].split("\n"))
            assert asked <= int(said["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            manager.wait_for("READY=1", after=began)
        manager.wait_for(f"STATUS=ready: 1 edge, 1 upstream; configuration {version + 1}")
    manager.wait_for("STOPPING=1")
    manager.close()


def manager_version(manager: NotifySocket) -> int:
    """The version in the first line about a tree that is ready."""

    def find() -> str | None:
        lines = [line for message in manager.messages for line in message.split("\n")]
        return next((line for line in lines if line.startswith("STATUS=ready: 1 edge, 1 upstream; ")), None)

    line = wait_until(find, 20, lambda: f"a line about the tree: {manager.messages}")
    return int(str(line).rpartition(" ")[2])
