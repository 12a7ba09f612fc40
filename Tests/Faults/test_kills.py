"""kill -9 under load, judged by the client's own list; blocked event loops; how soon a role is back."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import time

import pytest

from Harness.gateway import Gateway, base_config
from Harness.load import AsyncConnection, LoadClient, MockProvider, Outcome, dump, server_ports
from Harness.processes import alive, program, wait_until

MATURE = 11.0  # a process that dies within 10 s of READY is restarted later and later: only older ones are killed


class Kill:
    """One kill: when, what was in flight by the client's list, and which connections the victim held."""

    def __init__(self, role: str, at: float, flying: list[Outcome], ports: set[int]) -> None:
        self.role, self.at, self.flying, self.ports = role, at, {one.number for one in flying}, ports
        self.back_after: float | None = None

    def explains(self, outcome: Outcome) -> bool:
        """May this kill be why the request failed? Only an edge's own connections may be reset."""
        if self.role == "edge":
            return outcome.port in self.ports and outcome.ended >= self.at
        return outcome.number in self.flying and outcome.kind in ("json error", "sse error")


async def kill_at_random(gateway: Gateway, client: LoadClient, count: int, seed: int) -> list[Kill]:
    chance, born, kills = random.Random(seed), {}, []
    start = time.monotonic()
    for pid in gateway.children():
        born[pid] = start
    while len(kills) < count:
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        now = time.monotonic()
        for pid in gateway.children():
            born.setdefault(pid, now)
        ripe = [
            (pid, role) for role in ("edge", "upstream") for pid in gateway.children(role) if now - born[pid] > MATURE
        ]
        if not ripe:
            continue
        victim, role = chance.choice(ripe)
        # Stopped for the moment it takes to read which connections it holds; then killed.
        gateway.kill_child(victim, signal.SIGSTOP)
        ports = server_ports(victim, gateway.address[1]) if role == "edge" else set()
        kill = Kill(role, time.monotonic(), list(client.flying.values()), ports)
        os.kill(victim, signal.SIGKILL)
        kills.append(kill)
        while time.monotonic() - kill.at < 10:
            present = [pid for pid in gateway.children(role) if pid != victim]
            if len(present) >= 2:
                kill.back_after = time.monotonic() - kill.at
                break
            await asyncio.sleep(0.02)
        assert kill.back_after is not None, f"{role} was not replaced:\n{gateway.log_text()[-3000:]}"
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
        supervisor = gateway.pid
        client, kills = asyncio.run(run_kills(gateway, count, seed))
        failed = [one for one in client.outcomes if one.kind != "complete"]
        print(
            f"\n{len(client.outcomes)} requests, {client.summary()}, {len(kills)} kills, "
            f"back after {max(kill.back_after for kill in kills):.2f} s at most"
        )
        assert len(kills) == count and len(client.outcomes) > 20 * count, "too little load to judge by"
        for kind in ("truncated", "wrong", "hung", "refused"):
            bad = [one for one in failed if one.kind == kind]
            assert not bad, f"{kind}:\n{dump(bad)}"
        unexplained = [one for one in failed if not any(kill.explains(one) for kill in kills)]
        assert not unexplained, f"failed although no kill concerned them:\n{dump(unexplained)}"
        assert max(kill.back_after for kill in kills) <= 2.0
        assert gateway.pid == supervisor and alive(supervisor)
        # Afterwards all is well.
        for _ in range(20):
            assert gateway.chat("load:load-1-0-0-after").status == 200


def test_ten_kills_under_load(mock: MockProvider) -> None:
    check_kills(mock, 10, seed=1)


@pytest.mark.verify
@pytest.mark.timeout(1200)
def test_a_hundred_kills_under_load(mock: MockProvider) -> None:
    check_kills(mock, 100, seed=int(os.environ.get("SLUICE_SEED") or time.time()))


@pytest.mark.parametrize("role", ["edge", "upstream"])
def test_a_killed_role_serves_again_within_two_seconds(mock: MockProvider, role: str) -> None:
    config = base_config(None, state_directory=None, providers={"load": mock.entry})
    with Gateway(config) as gateway:
        assert gateway.chat("load:load-1-0-0-a").status == 200
        victim = gateway.child(role)
        gateway.kill_child(victim)
        began = time.monotonic()
        # The only one of its role: whoever comes now waits for the new one and is served.
        assert gateway.chat("load:load-1-0-0-b", timeout=5).status == 200
        assert time.monotonic() - began <= 2.0
        wait_until(gateway.is_ready, 2.0 - (time.monotonic() - began), "ready within 2 s of the kill")
        assert gateway.child(role) != victim


@pytest.mark.parametrize("role", ["aggregator", "control"])
def test_serving_goes_on_without_aggregator_or_control(mock: MockProvider, role: str) -> None:
    config = base_config(None, state_directory=None, providers={"load": mock.entry})
    with Gateway(config) as gateway:
        victim = gateway.child(role)
        gateway.kill_child(victim)
        for index in range(50):
            assert gateway.chat(f"load:load-1-0-0-{index}", timeout=5).status == 200
        wait_until(lambda: [pid for pid in gateway.children(role) if pid != victim], 5, f"a new {role}")
        # A worker that starts now gets its snapshot all the same.
        edge = gateway.child("edge")
        gateway.kill_child(edge)
        assert gateway.chat("load:load-1-0-0-x", timeout=5).status == 200


def test_an_edge_starts_while_control_is_dead(mock: MockProvider) -> None:
    config = base_config(None, state_directory=None, providers={"load": mock.entry})
    with Gateway(config) as gateway:
        gateway.kill_child(gateway.child("control"))
        gateway.kill_child(gateway.child("edge"))
        assert gateway.chat("load:load-1-0-0-x", timeout=5).status == 200


def test_a_stream_hit_by_an_upstream_kill_says_so(mock: MockProvider) -> None:
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


def test_a_unary_request_hit_by_an_upstream_kill_gets_json(mock: MockProvider) -> None:
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


def test_a_stopped_edge_is_replaced(mock: MockProvider) -> None:
    config = base_config(None, state_directory=None, workers={"edge": 2, "upstream": 1}, providers={"load": mock.entry})
    with Gateway(config, crashes_expected=True) as gateway:
        victim = gateway.children("edge")[0]
        gateway.kill_child(victim, signal.SIGSTOP)
        began = time.monotonic()
        wait_until(
            lambda: victim not in gateway.children("edge") and len(gateway.children("edge")) == 2, 25, "replaced"
        )
        assert 8 <= time.monotonic() - began <= 20


async def blocked_roles(gateway: Gateway) -> dict[str, float]:
    """Blocks one edge and one upstream for 15 s each; tells after how long each was replaced, under light load."""
    before = {role: set(gateway.children(role)) for role in ("edge", "upstream")}
    blockers = []
    for role in before:
        connection = await AsyncConnection.open(gateway.address)
        connection.send(gateway.chat_bytes({"model": "load:load-1-0-0-b"}, {f"x-sluice-test-block-{role}": "15"}))
        blockers.append(connection)
        await asyncio.sleep(0.1)
    began, replaced = time.monotonic(), {}
    while time.monotonic() - began < 25 and len(replaced) < 2:
        for role, pids in before.items():
            now = set(gateway.children(role))
            if role not in replaced and len(now - pids) == 1 and len(now) == 2:
                replaced[role] = time.monotonic() - began
        await asyncio.sleep(0.05)
    for connection in blockers:
        connection.close()
    return replaced


@pytest.mark.timeout(120)
def test_a_blocked_event_loop_is_replaced(mock: MockProvider) -> None:
    config = base_config(None, state_directory=None, workers={"edge": 2, "upstream": 2}, providers={"load": mock.entry})
    with Gateway(config, crashes_expected=True) as gateway:
        replaced = asyncio.run(blocked_roles(gateway))
        assert set(replaced) == {"edge", "upstream"}, f"{replaced}\n{gateway.log_text()[-3000:]}"
        assert all(8 <= after <= 14.5 for after in replaced.values()), replaced
        assert {program(pid) for pid in gateway.children()} >= {"sluice-edge", "sluice-upstream"}
        for index in range(20):
            assert gateway.chat(f"load:load-1-0-0-{index}").status == 200
