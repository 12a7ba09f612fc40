"""Reloads that must change nothing (F9), and workers that die while one runs (F8), under an open-loop load."""

from __future__ import annotations

import copy
import json
import signal
import socket
import time
from collections.abc import Callable

import pytest

from Harness.gateway import Gateway
from Harness.load import dump
from Harness.openloop import latency, streams, wait_for
from Harness.processes import wait_until
from Harness.scene import SceneMaker

FAILED = "reload failed, nothing has changed"


def write(gateway: Gateway, config: dict | str) -> None:
    """Puts a file in the place of the one that is there, in one step."""
    new = gateway.folder / "sluice.yaml.new"
    new.write_text(config if isinstance(config, str) else json.dumps(config, indent=1))
    new.replace(gateway.folder / "sluice.yaml")


def messages(gateway: Gateway, text: str) -> list[dict]:
    return [line for line in gateway.log() if line.get("message") == text]


def in_force(gateway: Gateway) -> list[int]:
    return [line["version"] for line in messages(gateway, "configuration in force")]


def changed(**members) -> Callable[[dict], dict]:
    return lambda good: good | members


def also_listening(address: str) -> Callable[[dict], dict]:
    return lambda good: good | {"listen": [*good["listen"], {"address": address}]}


def bad_files(taken: int) -> dict[str, tuple[Callable[[dict], dict | str], str]]:
    """What is wrong: (the file made of a good one, what the log must name)."""
    missing = {"certificate": "/nonexistent/cert.pem", "key": "/nonexistent/key.pem"}
    return {
        "no YAML": (lambda good: "listen: [\n  - address: {\n", "sluice.yaml:"),
        "an unknown member": (changed(no_such_member=1), "no_such_member"),
        "a target of an unknown provider": (changed(models={"x": {"targets": ["nobody:y"]}}), "nobody"),
        "a wrong duration": (changed(drain_timeout="soon"), "drain_timeout"),
        "a port that is taken": (also_listening(f"127.0.0.1:{taken}"), str(taken)),
        "an address of nobody": (also_listening("192.0.2.1:8080"), "192.0.2.1"),
        "another state folder": (changed(state_directory="/nonexistent/elsewhere"), "state_directory"),
        "a certificate that is not there": (
            changed(listen=[{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": missing}]),
            "listen[1].tls.certificate: expected a readable PEM file (No such file or directory)",
        ),
    }


def said(gateway: Gateway, failures: int, name: str) -> dict:
    def told() -> bool:
        return len(messages(gateway, FAILED)) > failures

    wait_until(told, 12, lambda: f"{name}: said; the log ends\n{gateway.log_text()[-2500:]}")
    return messages(gateway, FAILED)[-1]


@pytest.mark.verify
@pytest.mark.timeout(120)
def test_f9_a_bad_file_changes_nothing(scene: SceneMaker) -> None:
    """Each kind of fault: the old configuration serves on, the log names the place, no request fails."""
    with scene() as one, socket.create_server(("127.0.0.1", 0)) as other:
        gateway, good = one.gateway, copy.deepcopy(one.gateway.config)
        assert isinstance(good, dict)
        pids, addresses = gateway.children(), gateway.addresses
        cases = bad_files(other.getsockname()[1])
        one.start(one.load(4 if not one.full else 12), streams(30, "load-70-50-20", within=0.5))
        wait_for(one.client, 0.5)
        for name, (make, expected) in cases.items():
            failures, before = len(messages(gateway, FAILED)), len(gateway.log_text())
            write(gateway, make(copy.deepcopy(good)))
            gateway.send_signal(signal.SIGHUP)
            line = said(gateway, failures, name)
            print(f"{name}: {str(line.get('reason', line))[:200]}")
            assert expected in gateway.log_text()[before:], (name, line)
            assert gateway.addresses == addresses
        (gateway.folder / "sluice.yaml").unlink()
        failures = len(messages(gateway, FAILED))
        gateway.send_signal(signal.SIGHUP)
        said(gateway, failures, "no file")
        assert not in_force(gateway)
        arrivals = one.wait()
        assert not one.failed(), dump(one.failed())
        assert gateway.children() == pids
        print(f"{len(cases) + 1} bad files, p99 {latency(arrivals) * 1e3:.0f} ms")
        # A good one is still taken afterwards.
        write(gateway, good | {"models": {"after": {"targets": ["load:load-1-0-0"]}}})
        gateway.send_signal(signal.SIGHUP)
        wait_until(lambda: in_force(gateway), 10, "a good file after bad ones")
        assert gateway.chat("after").status == 200
        one.others += 1


@pytest.mark.verify
@pytest.mark.timeout(200)
@pytest.mark.parametrize("role", ["edge", "upstream", "aggregator", "control"])
def test_f8_a_worker_dies_while_a_reload_runs(scene: SceneMaker, role: str) -> None:
    """Killed right after HUP: the reload ends one way or the other, and what comes up has what is in force."""
    with scene(settle=60) as one:
        gateway, base = one.gateway, copy.deepcopy(one.gateway.config)
        assert isinstance(base, dict)
        one.start(one.load(8))
        wait_for(one.client, 0.5)
        ready = gateway.ready_count(role)
        write(gateway, base | {"models": {"alias": {"targets": ["load:load-1-0-0"]}}})
        gateway.send_signal(signal.SIGHUP)
        time.sleep(0.01)
        gateway.kill_child(gateway.children(role)[0])
        wait_until(lambda: gateway.ready_count(role) > ready, 15, f"a new {role}")
        # Control's death takes a reload back; whoever asks again gets it.
        gateway.send_signal(signal.SIGHUP)
        wait_until(lambda: in_force(gateway), 20, lambda: f"in force:\n{gateway.log_text()[-2500:]}")
        wait_until(lambda: gateway.chat("alias").status == 200, 10, "the alias is known")
        assert all(gateway.chat("alias").status == 200 for _ in range(10))
        one.wait()
        one.assert_none("refused", "hung")
        one.others += 300
        one.kills_concern = 100
