"""kill -9 under load, judged by the client's own list."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import time

import pytest

from Harness.gateway import Gateway, base_config
from Harness.load import LoadClient, MockProvider, Outcome, dump, server_ports, streams_at_once
from Harness.processes import alive, wait_until

MATURE = 11.0  # a process that dies within 10 s of READY is restarted later and later: only older ones are killed
# An edge that has not yet seen that an upstream is gone still gives it requests.
UNNOTICED = 0.25


class Kill:
    """One kill: when, what was in flight by the client's list, and which connections the victim held."""

    def __init__(self, role: str, at: float, flying: list[Outcome], ports: set[int]) -> None:
        self.role, self.at, self.flying, self.ports = role, at, {one.number for one in flying}, ports
        self.back_after: float | None = None

    def explains(self, outcome: Outcome) -> bool:
        """May this kill be why the request failed? Only an edge's own connections may be reset."""
        if self.role == "edge":
            return outcome.port in self.ports and outcome.ended >= self.at
        was_there = outcome.number in self.flying or 0 <= outcome.began - self.at <= UNNOTICED
        return was_there and outcome.kind in ("json error", "sse error")


async def kill(gateway: Gateway, client: LoadClient, victims: list[tuple[int, str]]) -> list[Kill]:
    """Kills, and waits until each role is READY again."""
    ready = {role: gateway.ready_count(role) for _, role in victims}
    kills = []
    for pid, role in victims:
        # Stopped for the moment it takes to read which connections it holds; then killed.
        gateway.kill_child(pid, signal.SIGSTOP)
        ports = server_ports(pid, gateway.address[1]) if role == "edge" else set()
        kills.append(Kill(role, time.monotonic(), list(client.flying.values()), ports))
        ready[role] += 1
        os.kill(pid, signal.SIGKILL)
    while any(one.back_after is None for one in kills):
        for one in kills:
            waited = time.monotonic() - one.at
            assert waited < 10, f"{one.role} was not replaced:\n{gateway.log_text()[-3000:]}"
            if one.back_after is None and gateway.ready_count(one.role) >= ready[one.role]:
                one.back_after = waited
        await asyncio.sleep(0.02)
    return kills


async def kill_at_random(gateway: Gateway, client: LoadClient, count: int, seed: int) -> list[Kill]:
    chance, born, kills = random.Random(seed), dict.fromkeys(gateway.children(), time.monotonic()), []
    while len(kills) < count:
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        now = time.monotonic()
        for pid in gateway.children():
            born.setdefault(pid, now)
        ripe = [
            (pid, role) for role in ("edge", "upstream") for pid in gateway.children(role) if now - born[pid] > MATURE
        ]
        # Two at once now and then: also both of one role, so that for a moment there is none.
        wanted = min(len(ripe), count - len(kills), chance.choice([1, 1, 2]))
        if wanted:
            kills += await kill(gateway, client, chance.sample(ripe, wanted))
    return kills


async def run_kills(gateway: Gateway, count: int, seed: int) -> tuple[LoadClient, list[Kill]]:
    client = LoadClient(gateway, seed)
    load = asyncio.create_task(client.run(tasks=40))
    try:
        kills = await kill_at_random(gateway, client, count, seed)
        await asyncio.sleep(1.5)
    finally:
        client.stop()
        await asyncio.wait_for(load, 90)
    return client, kills


def check_kills(mock: MockProvider, count: int, seed: int) -> None:
    config = base_config(None, state_directory=None, workers={"edge": 2, "upstream": 2}, providers={"load": mock.entry})
    with Gateway(config) as gateway:
        gateway.wait_for_tree()
        supervisor = gateway.pid
        client, kills = asyncio.run(run_kills(gateway, count, seed))
        failed = [one for one in client.outcomes if one.kind != "complete"]
        back = max(one.back_after for one in kills)
        print(
            f"\nseed {seed}: {len(client.outcomes)} requests, {client.summary()}, {len(kills)} kills "
            f"({sum(one.role == 'edge' for one in kills)} of edges), READY again after {back:.2f} s at most"
        )
        assert len(kills) == count and len(client.outcomes) > 20 * count, "too little load to judge by"
        for kind in ("truncated", "wrong", "hung", "refused"):
            bad = [one for one in failed if one.kind == kind]
            assert not bad, f"{kind}:\n{dump(bad)}"
        unexplained = [one for one in failed if not any(one_kill.explains(one) for one_kill in kills)]
        assert not unexplained, f"failed although no kill concerned them:\n{dump(unexplained)}"
        assert len(failed) <= sum(len(one.flying) for one in kills), "more failed than were in flight"
        assert back <= 2.0
        assert gateway.pid == supervisor and alive(supervisor)
        # Afterwards all is well.
        for _ in range(20):
            assert gateway.chat("load:load-1-0-0-after").status == 200


def test_f1_six_kills_under_load(mock: MockProvider) -> None:
    check_kills(mock, 6, seed=1)


@pytest.mark.verify
@pytest.mark.timeout(1500)
def test_f1_a_hundred_kills_under_load(mock: MockProvider) -> None:
    check_kills(mock, 100, seed=int(os.environ.get("SLUICE_SEED") or time.time()))


@pytest.mark.parametrize("role", ["edge", "upstream"])
def test_f1_a_killed_role_serves_again_within_two_seconds(mock: MockProvider, role: str) -> None:
    config = base_config(None, state_directory=None, providers={"load": mock.entry})
    with Gateway(config) as gateway:
        gateway.wait_for_tree()
        assert gateway.chat("load:load-1-0-0-a").status == 200
        edge, victim = gateway.child("edge"), gateway.child(role)
        gateway.kill_child(victim)
        began = time.monotonic()
        wait_until(lambda: not alive(victim), 5, "the victim's end", interval=0.001)
        if role == "upstream":
            assert gateway.child("edge") == edge
            # A request given to it in its last moment would fail, and rightly so.
            wait_until(lambda: b'"message":"link closed"' in gateway.log_text().encode(), 5, "seen", interval=0.001)
        # The only one of its role: whoever comes now waits for the new one and is served.
        assert gateway.chat("load:load-1-0-0-b", timeout=5).status == 200
        assert time.monotonic() - began <= 2.0
        wait_until(gateway.is_ready, 2.0 - (time.monotonic() - began), "ready within 2 s of the kill")
        assert gateway.child(role) != victim


@pytest.mark.parametrize("role", ["aggregator", "control"])
def test_f3_traffic_does_not_notice_the_end_of_aggregator_or_control(mock: MockProvider, role: str) -> None:
    config = base_config(None, state_directory=None, providers={"load": mock.entry})

    async def streams_and_a_kill(gateway: Gateway) -> list[Outcome]:
        streams = asyncio.create_task(streams_at_once(gateway, 30, "load-20-50-20"))
        await asyncio.sleep(0.3)
        assert not streams.done()
        gateway.kill_child(victim)
        return await streams

    with Gateway(config) as gateway:
        gateway.wait_for_tree()
        victim = gateway.child(role)
        outcomes = asyncio.run(streams_and_a_kill(gateway))
        assert all(one.kind == "complete" for one in outcomes), dump(outcomes)
        for index in range(50):
            assert gateway.chat(f"load:load-1-0-0-{index}", timeout=5).status == 200
        wait_until(lambda: gateway.ready_count(role) == 2, 5, f"a new {role}")
        # A worker that starts now gets its snapshot all the same.
        edge = gateway.child("edge")
        gateway.kill_child(edge)
        assert gateway.chat("load:load-1-0-0-x", timeout=5).status == 200


def test_an_edge_starts_while_control_is_dead(mock: MockProvider) -> None:
    config = base_config(None, state_directory=None, providers={"load": mock.entry})
    with Gateway(config) as gateway:
        gateway.wait_for_tree()
        gateway.kill_child(gateway.child("control"))
        gateway.kill_child(gateway.child("edge"))
        assert gateway.chat("load:load-1-0-0-x", timeout=5).status == 200


def test_f2_a_stream_hit_by_an_upstream_kill_says_so(mock: MockProvider) -> None:
    config = base_config(None, state_directory=None, providers={"load": mock.entry})
    with Gateway(config) as gateway, gateway.connect() as connection:
        connection.send(gateway.chat_bytes({"model": "load:load-1000-20-0-x", "stream": True}))
        connection.wait_for_body(500)
        gateway.kill_child(gateway.child("upstream"))
        began = time.monotonic()
        reply = connection.reply(10)
        assert time.monotonic() - began <= 1.0
        assert not reply.complete and b"[DONE]" not in reply.body
        assert b'"code":"upstream_lost"' in reply.body.rpartition(b"data: ")[2].replace(b" ", b"")


def test_f2_a_unary_request_hit_by_an_upstream_kill_gets_json(mock: MockProvider) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts and never answers
        entry = mock.entry | {"base_url": f"http://127.0.0.1:{silent.getsockname()[1]}/v1"}
        config = base_config(None, state_directory=None, providers={"load": entry})
        with Gateway(config) as gateway, gateway.connect() as connection:
            connection.send(gateway.chat_bytes({"model": "load:x"}))
            taken, _ = silent.accept()
            gateway.kill_child(gateway.child("upstream"))
            reply = connection.reply(5)
            assert (reply.status, reply.error["code"]) == (502, "upstream_lost")
            taken.close()
