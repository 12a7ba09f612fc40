"""Processes that hang (F6): blocked from within (a hook of test builds), or stopped from outside.

Each scenario waits for ten missed heartbeats, so they run side by side, each with a gateway of its own.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import signal
import time
from collections.abc import Callable

import pytest

from Harness.gateway import Gateway, base_config
from Harness.load import MockProvider, Outcome, dump, server_ports, stream_once
from Harness.openloop import Mix, latency, wait_for
from Harness.processes import alive, wait_until
from Harness.scene import SceneMaker

# The tenth heartbeat goes unanswered 10 to 11 s after the hang begins; 2 s later ABRT has become KILL, and a start follows.
# Without a backtrace ABRT itself ends a process that is blocked; one that is stopped waits for KILL.
EARLIEST, LATEST = 8.0, 14.5
STREAM = "load-280-50-0"


# Without it ABRT starts a program for the backtrace, which KILL, 2 s later, can leave behind.
QUIET = {"SWIFT_BACKTRACE": "enable=no"}


def config(mock: MockProvider) -> dict:
    return base_config(None, state_directory=None, workers={"edge": 2, "upstream": 2}, providers={"load": mock.entry})


class Hang:
    """What became of one process that was made to hang while streams ran."""

    def __init__(self, after: float, victim: int, connections: set[int], outcomes: list[Outcome]) -> None:
        self.after, self.victim, self.connections, self.outcomes = after, victim, connections, outcomes


async def replaced(gateway: Gateway, role: str, hang: Callable[[], None]) -> Hang:
    """Makes one process of a role hang, and waits until there is a READY one in its place."""
    await asyncio.to_thread(gateway.wait_for_tree)
    ready, before = gateway.ready_count(role), set(gateway.children(role))
    streams = [asyncio.create_task(stream_once(gateway, f"{STREAM}-{index}", index)) for index in range(8)]
    await asyncio.sleep(0.5)
    assert not any(stream.done() for stream in streams)
    connections = {pid: server_ports(pid, gateway.address[1]) for pid in before} if role == "edge" else {}
    hang()
    began = time.monotonic()
    while gateway.ready_count(role) == ready:
        assert time.monotonic() - began < 25, f"{role} was not replaced:\n{gateway.log_text()[-3000:]}"
        await asyncio.sleep(0.05)
    after = time.monotonic() - began
    gone = before - set(gateway.children(role))
    assert len(gone) == 1, gone
    outcomes = await asyncio.wait_for(asyncio.gather(*streams), 15)
    victim = gone.pop()
    return Hang(after, victim, connections.get(victim, set()), list(outcomes))


def judge(gateway: Gateway, role: str, hang: Hang) -> None:
    lost = [one for one in hang.outcomes if one.kind != "complete"]
    print(f"\n{role} replaced after {hang.after:.1f} s, {len(lost)} of {len(hang.outcomes)} streams lost")
    assert EARLIEST <= hang.after <= LATEST
    # Those of the other process are whole, and those of the lost one end as when it is killed.
    if role == "edge":
        assert {one.port for one in lost} == hang.connections & {one.port for one in hang.outcomes}
        assert all(one.kind == "reset" for one in lost), dump(lost)
    else:
        assert 0 < len(lost) < len(hang.outcomes), dump(hang.outcomes)
        assert all(one.kind == "sse error" and "upstream_lost" in one.detail for one in lost), dump(lost)
    assert not alive(hang.victim)
    for index in range(20):
        assert gateway.chat(f"load:load-1-0-0-{index}").status == 200


def blocked(mock: MockProvider, role: str) -> None:
    with Gateway(config(mock), crashes_expected=True, environment=QUIET) as gateway, gateway.connect() as blocker:
        request = gateway.chat_bytes({"model": "load:load-1-0-0-b"}, {f"x-sluice-test-block-{role}": "15"})
        judge(gateway, role, asyncio.run(replaced(gateway, role, lambda: blocker.send(request))))


def stopped(mock: MockProvider, role: str) -> None:
    with Gateway(config(mock), crashes_expected=True, environment=QUIET) as gateway:
        victim = gateway.children(role)[0]
        hang = asyncio.run(replaced(gateway, role, lambda: gateway.kill_child(victim, signal.SIGSTOP)))
        assert hang.victim == victim
        judge(gateway, role, hang)


def stopped_behind(mock: MockProvider, role: str) -> None:
    """Aggregator or control: replaced like the others, and no stream is lost meanwhile."""
    with Gateway(config(mock), crashes_expected=True, environment=QUIET) as gateway:
        victim = gateway.child(role)
        hang = asyncio.run(replaced(gateway, role, lambda: gateway.kill_child(victim, signal.SIGSTOP)))
        print(f"\n{role} replaced after {hang.after:.1f} s")
        assert EARLIEST <= hang.after <= LATEST and hang.victim == victim and not alive(victim)
        assert all(one.kind == "complete" for one in hang.outcomes), dump(hang.outcomes)


def short(mock: MockProvider) -> None:
    """Blocked for less than ten seconds: nobody is killed, and what waited is served."""
    with Gateway(base_config(None, state_directory=None, providers={"load": mock.entry})) as gateway:
        gateway.wait_for_tree()
        before = gateway.children()
        for role in ("edge", "upstream"):
            began = time.monotonic()
            reply = gateway.chat("load:load-1-0-0-b", headers={f"x-sluice-test-block-{role}": "4"})
            assert reply.status == 200 and 4 <= time.monotonic() - began < 6
        assert gateway.children() == before


def supervisor_stopped(mock: MockProvider) -> None:
    """Who watches did not look: when it looks again it holds that against nobody."""
    with Gateway(config(mock)) as gateway:
        gateway.wait_for_tree()
        before = gateway.children()
        gateway.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        while time.monotonic() - began < 13:
            assert gateway.chat("load:load-1-0-0-s").status == 200
            time.sleep(0.2)
        gateway.send_signal(signal.SIGCONT)
        began = time.monotonic()
        while time.monotonic() - began < 3:
            assert gateway.chat("load:load-1-0-0-s").status == 200
            assert gateway.children() == before
            time.sleep(0.1)


SCENARIOS = {
    "an edge blocked for 15 s": (blocked, "edge"),
    "an upstream blocked for 15 s": (blocked, "upstream"),
    "an edge stopped": (stopped, "edge"),
    "an upstream stopped": (stopped, "upstream"),
    "the aggregator stopped": (stopped_behind, "aggregator"),
    "control stopped": (stopped_behind, "control"),
    "both blocked for 4 s": (short,),
    "the supervisor stopped": (supervisor_stopped,),
}


@pytest.fixture(scope="module")
def scenarios(mock: MockProvider):
    with concurrent.futures.ThreadPoolExecutor(len(SCENARIOS)) as pool:
        yield {name: pool.submit(run, mock, *role) for name, (run, *role) in SCENARIOS.items()}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", SCENARIOS)
def test_f6_a_process_that_hangs(scenarios: dict[str, concurrent.futures.Future], name: str) -> None:
    scenarios[name].result(100)


@pytest.mark.verify
@pytest.mark.timeout(200)
@pytest.mark.parametrize("role", ["edge", "upstream", "aggregator", "control"])
def test_f6_others_do_not_notice(scene: SceneMaker, role: str) -> None:
    """Stopped for 30 s under load: replaced in time, and what does not pass through it is as fast as before."""
    with scene() as one:
        gateway, before = one.gateway, 8.0
        one.start(one.load(before + 30, mix=Mix(fresh=0.5)))
        wait_for(one.client, before)
        ready, victim = gateway.ready_count(role), gateway.children(role)[0]
        gateway.kill_child(victim, signal.SIGSTOP)
        stopped_at = time.monotonic()
        ports = server_ports(victim, gateway.address[1]) if role == "edge" else set()
        wait_until(lambda: gateway.ready_count(role) > ready, 25, f"{role} is replaced")
        after = time.monotonic() - stopped_at
        arrivals = one.wait()
        lost = one.failed()
        print(f"{role} replaced after {after:.1f} s, {len(lost)} requests lost with it")
        assert EARLIEST <= after <= LATEST
        if role in ("aggregator", "control"):
            assert not lost, dump(lost)
        if role == "edge":
            assert all(x.port in ports for x in lost), dump([x for x in lost if x.port not in ports])
        else:
            assert all(x.code == "upstream_lost" for x in lost), dump(lost)
        its_own = {x.number for x in lost} | {x.number for x in arrivals if x.port in ports}
        usual = [x for x in arrivals if x.ended < stopped_at]
        others = [x for x in arrivals if stopped_at <= x.began <= stopped_at + after and x.number not in its_own]
        p99, p99_usual = latency(others), latency(usual)
        print(f"p99 {p99_usual * 1e3:.1f} ms before, {p99 * 1e3:.1f} ms meanwhile, {len(others)} requests of others")
        assert p99 <= 2 * max(p99_usual, 0.05)
        one.kills_concern = len(its_own) + len(lost)
