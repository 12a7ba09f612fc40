"""USR2: other programs take over from those that run, or nothing has happened."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import signal
import struct
import threading
import time

import pytest

from Harness import wire
from Harness.gateway import NAMES, Gateway, base_config
from Harness.installation import Installation, installed
from Harness.openloop import of_kind, streams, wait_for
from Harness.operators import call
from Harness.processes import alive, start_time, status_field, wait_until

DONE = '"message":"upgrade done"'
FAILED = '"message":"upgrade failed'
TOOK_OVER = "the new programs serve"


@pytest.fixture
def installation():
    with installed() as one:
        yield one


def replace(folder: pathlib.Path, program: str, script: str) -> None:
    """Puts a script in the place of a program, which is kept as `real`."""
    (folder / program).rename(folder / f"{program}.real")
    path = folder / program
    path.write_text(f'#!/bin/sh\nreal="{folder}/{program}.real"\n{script}\n')
    path.chmod(0o755)


def start(installation: Installation, folder: pathlib.Path, **changes) -> Gateway:
    config = base_config(folder / "sluice-state", **({"workers": {"edge": 2, "upstream": 1}} | changes))
    return Gateway(
        config,
        folder=folder,
        programs=installation.link,
        environment={"SWIFT_BACKTRACE": "enable=no"},
        crashes_expected=True,
    )


def said(gateway: Gateway, text: str, count: int = 1) -> None:
    wait_until(lambda: gateway.log_text().count(text) >= count, 60, lambda: f"{text}:\n{gateway.log_text()[-4000:]}")


def running(gateway: Gateway) -> set[tuple[int, int | None]]:
    return {(pid, start_time(pid)) for pid in gateway.children()}


def folder_of(pid: int) -> str:
    return os.path.dirname(os.readlink(f"/proc/{pid}/exe"))


def serves(gateway: Gateway) -> None:
    assert gateway.chat("simulated:x").status == 200


# The new programs take over


def test_f10_nothing_is_lost_under_load(scene, installation: Installation) -> None:
    with scene(programs=installation.link, drain_timeout="90s") as one:
        gateway, seconds = one.gateway, 75 if one.full else 9
        count, model = (1000, "load-60-1000-0") if one.full else (20, "load-12-500-0")
        before = gateway.children()
        client = one.start(one.load(seconds), streams(count, model, begin=0.2, within=1.0))
        wait_for(client, 2.0)
        installation.add("2", "build-2")
        installation.use("2")
        gateway.send_signal(signal.SIGUSR2)
        said(gateway, TOOK_OVER)
        one.wait(150)
        said(gateway, DONE)
        assert not one.failed(), one.assert_none("json error", "sse error", "reset", "refused", "truncated", "wrong", "hung")
        assert len(of_kind(one.arrivals, "complete")) == len(one.arrivals)
        assert not any(alive(pid) for pid in before)
        assert gateway.process.poll() is None
        wait_until(lambda: len(gateway.children()) == len(before), 10, "as many processes as before")
        for pid in [gateway.pid, *gateway.children()]:
            assert folder_of(pid) == str(installation.folder / "2")
        assert status_field(gateway.pid, "Threads") == "1"


def test_one_upgrade_after_the_other(installation: Installation, tmp_path: pathlib.Path) -> None:
    with start(installation, tmp_path) as gateway:
        gateway.wait_for_tree()
        for number in (2, 3):
            installation.add(str(number), f"build-{number}")
            installation.use(str(number))
            gateway.send_signal(signal.SIGUSR2)
            said(gateway, DONE, number - 1)
            serves(gateway)
            assert folder_of(gateway.pid) == str(installation.folder / str(number))
        # Whoever dies comes back, as its own build; the heartbeats have gone on.
        victim = gateway.children("upstream")[0]
        ready = gateway.ready_count("upstream")
        gateway.kill_child(victim)
        wait_until(lambda: gateway.ready_count("upstream") > ready, 20, "the upstream is back")
        serves(gateway)


def test_the_supervisor_that_was_replaced_can_be_killed(installation: Installation, tmp_path: pathlib.Path) -> None:
    gateway = start(installation, tmp_path).start()
    try:
        gateway.wait_for_tree()
        installation.add("2", "build-2")
        installation.use("2")
        gateway.send_signal(signal.SIGUSR2)
        said(gateway, DONE)
        workers = gateway.children()
        assert len(workers) == 5
        os.kill(gateway.pid, signal.SIGKILL)
        gateway.process.wait(5)
        wait_until(lambda: not any(alive(pid) for pid in workers), 20, "the workers have drained and ended")
    finally:
        gateway.destroy()


def chat(gateway: Gateway, key: str, model: str = "simulated:x", stream: bool = False) -> int:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi."}], "max_tokens": 1, "stream": stream}
    sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return wire.request(gateway.address, "POST", "/v1/chat/completions", sent, json.dumps(body).encode(), 30).status


def test_limits_count_exactly(mock, installation: Installation, tmp_path: pathlib.Path) -> None:
    providers = {"load": mock.entry, "simulated": {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000}}
    with start(installation, tmp_path, providers=providers) as gateway:
        gateway.wait_for_tree()
        hourly = call(gateway, "POST", "/api/v1/keys", {"name": "hourly", "requests_per_hour": 300})["key"]
        few = call(gateway, "POST", "/api/v1/keys", {"name": "few", "concurrency": 3})["key"]
        stop = threading.Event()

        def ask_on() -> list[int]:
            found = []
            while not stop.is_set():
                found.append(chat(gateway, hourly))
                time.sleep(0.03)
            return found

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            asking = [pool.submit(ask_on) for _ in range(3)]
            try:
                # Two streams that last until long after the new generation serves.
                old = [pool.submit(chat, gateway, few, f"load:load-14-500-0-old{n}", True) for n in range(2)]
                wait_until(lambda: len([one for one in mock.calls() if "-old" in one.model]) == 2, 10, "the streams run")
                installation.add("2", "build-2")
                installation.use("2")
                gateway.send_signal(signal.SIGUSR2)
                said(gateway, TOOK_OVER)
                assert not any(one.done() for one in old)
                third = pool.submit(chat, gateway, few, "load:load-4-500-0-new1", True)
                wait_until(lambda: any("-new1" in one.model for one in mock.calls()), 10, "the third stream runs")
                assert chat(gateway, few, "load:load-1-0-0-n2") == 429
                assert [one.result() for one in (*old, third)] == [200, 200, 200]
                said(gateway, DONE)
                assert chat(gateway, few, "load:load-1-0-0-n3") == 200
                time.sleep(0.5)
            finally:
                stop.set()
            statuses = [status for one in asking for status in one.result()]
        assert set(statuses) <= {200, 429}
        rest = [chat(gateway, hourly) for _ in range(max(0, 301 - statuses.count(200)))]
        assert (statuses + rest).count(200) == 300


# Nothing has happened


ANSWER = struct.pack(">I4sHI7sI8I", 4, b"SLPF", 9, 7, b"build-2", 8, *range(8))
ASKED = 'if [ "$1" = --preflight ]; then exec "$real" --preflight; fi'


@pytest.mark.parametrize(
    ("program", "script", "reason"),
    [
        ("sluice-edge", f"{ASKED}\nkill -SEGV $$", "the new sluice-edge ended (signal 11)"),
        ("sluice-control", f"{ASKED}\nexit 78", "the new sluice-control ended (exit 78)"),
        ("sluice-aggregator", f"{ASKED}\nexec sleep 100", "the new processes were not ready within 2 s"),
        ("sluice-upstream", "echo wrong libraries >&2; exit 127", "wrong libraries"),
        (
            "sluice-supervisor",
            "printf '" + "".join(f"\\{byte:03o}" for byte in ANSWER) + "' >&3",
            "restart needed: the new sluice-supervisor speaks protocol 9",
        ),
    ],
    ids=["crashing", "refusing", "never-ready", "not-loadable", "incompatible"],
)
def test_f10_the_old_ones_stay(
    installation: Installation, tmp_path: pathlib.Path, program: str, script: str, reason: str
) -> None:
    (installation.folder / "1" / "standby-limit-ms").write_text("2000\n")
    with start(installation, tmp_path) as gateway:
        gateway.wait_for_tree()
        before = running(gateway)
        replace(installation.add("2", "build-2"), program, script)
        installation.use("2")
        gateway.send_signal(signal.SIGUSR2)
        said(gateway, FAILED)
        line = next(line for line in gateway.log() if str(line.get("message", "")).startswith("upgrade failed"))
        assert reason in line["reason"]
        assert running(gateway) == before
        serves(gateway)
        # It can be tried again.
        installation.add("3", "build-3")
        installation.use("3")
        gateway.send_signal(signal.SIGUSR2)
        said(gateway, DONE)
        serves(gateway)


def test_a_worker_comes_back_as_its_own_build(installation: Installation, tmp_path: pathlib.Path) -> None:
    """Other programs are installed over the old ones, and nobody has asked for an upgrade yet."""
    with start(installation, tmp_path) as gateway:
        gateway.wait_for_tree()
        old = installation.folder / "1"
        for program in NAMES[2:]:
            new = old / "new"
            new.write_text("#!/bin/sh\nexit 70\n")
            new.chmod(0o755)
            new.rename(old / program)
        for role in ("upstream", "edge"):
            ready = gateway.ready_count(role)
            gateway.kill_child(gateway.children(role)[0])
            wait_until(lambda: gateway.ready_count(role) > ready, 20, f"the {role} is back")
        serves(gateway)


def test_a_second_one_is_refused_and_a_stop_ends_both(installation: Installation, tmp_path: pathlib.Path) -> None:
    gateway = start(installation, tmp_path, drain_timeout="1s")
    with gateway:
        gateway.wait_for_tree()
        replace(installation.add("2", "build-2"), "sluice-aggregator", f"{ASKED}\nexec sleep 100")
        installation.use("2")
        gateway.send_signal(signal.SIGUSR2)
        wait_until(lambda: len(gateway.children()) == 10, 20, "both generations are there")
        gateway.send_signal(signal.SIGUSR2)
        said(gateway, "an upgrade is under way")
    assert gateway.process.returncode == 0
