"""Budgets while edges are killed: holds of the dead come back, and the counters agree with the books afterwards."""

from __future__ import annotations

import asyncio
import pathlib
import random
import time

import pytest

from Harness.gateway import Gateway, base_config, openai_provider
from Harness.ledger import Books, LedgerClient, provider_calls
from Harness.operators import ask, call
from Harness.processes import wait_until
from Harness.provider import OwnProvider

RECOVERY = 2.0  # seconds a hold may outlive its owner


class Standing:
    """What `sluice limits show` says of a key, asked over its socket."""

    def __init__(self, gateway: Gateway, name: str) -> None:
        self.rows = {row["name"]: row for row in call(gateway, "GET", "/api/v1/limits", {"key": name})["limits"]}

    def used(self, limit: str) -> float:
        return float(self.rows[limit]["used"])

    @property
    def held(self) -> list[float]:
        return [float(row["held"]) for row in self.rows.values()]


def configured(folder: pathlib.Path, provider: OwnProvider, **changes) -> Gateway:
    config = base_config(
        folder / "sluice-state",
        workers={"edge": 4, "upstream": 2},
        providers={"own": openai_provider(provider.base_url)},
        pricing={"own:*": {"input": 1, "output": 2}},
        **changes,
    )
    return Gateway(config, folder=folder)


async def burst_with_kills(gateway: Gateway, client: LedgerClient, seconds: float, randomness: random.Random) -> float:
    """Load with an edge killed now and then, the last one at the load's end. Until when all holds have to be back."""
    load = asyncio.create_task(client.run(24))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.sleep(randomness.uniform(0.2, 1.5))
        if edges := gateway.children("edge"):
            gateway.kill_child(randomness.choice(edges))
    client.stop()
    if edges := gateway.children("edge"):
        gateway.kill_child(randomness.choice(edges))
    killed = time.monotonic()
    await asyncio.wait_for(load, 60)
    # Requests of edges that live may end after those of the dead have.
    return max(killed + RECOVERY, time.monotonic() + 0.5)


def kill_edges(folder: pathlib.Path, seconds: float, seed: int) -> None:
    randomness = random.Random(seed)
    with OwnProvider() as provider:
        gateway = configured(folder, provider)
        with gateway:
            gateway.wait_for_tree()
            gateway.key = call(gateway, "POST", "/api/v1/keys", {"name": "a"})["key"]
            limits = ("--cost-monthly", "100000", "--tokens-monthly", "100000000000", "--concurrency", "100000")
            ask(gateway, "limits", "set", "a", *limits)
            end = time.monotonic() + seconds
            number, late = 0, -RECOVERY
            while time.monotonic() < end:
                number += 1
                client = LedgerClient(seed * 1000 + number)
                client.gateway = gateway
                deadline = asyncio.run(burst_with_kills(gateway, client, min(8, seconds), randomness))
                assert client.finished > 50
                wait_until(lambda: not any(Standing(gateway, "a").held), 10, "no hold is left")
                late = max(late, time.monotonic() - deadline)
                assert late < 0, f"holds outlived their owner by {RECOVERY + late:.1f} s"
            standing = Standing(gateway, "a")
            gateway.stop()
        books = Books(folder / "sluice-state")
        compare(books, provider, standing)
        print(f"{number} bursts, {len(books.requests)} requests, holds were back {-late:.2f} s before they had to")


def compare(books: Books, provider: OwnProvider, standing: Standing) -> None:
    """The counters against the books and the provider's log. What nobody can know is counted as it was held."""
    calls = provider_calls(provider)
    assert set(calls) <= set(books.attempts), "calls without a row"
    unknown = {row["record"] for row in books.attempts.values() if row["billed"] == "unknown"}
    # Of clients that hung up before anything came: a strict budget pays for what they did not see, too.
    unknown |= {
        row["record"]
        for row in books.requests.values()
        if row["usage_source"] == "estimated" and (row["first_byte"] is None or row["model_sent"] == "chat")
    }
    known = [row for record, row in books.requests.items() if record not in unknown]
    tokens = sum((row["input"] or 0) + (row["output"] or 0) for row in known)
    cost = sum(row["cost"] or 0 for row in known) / 1e9
    assert standing.used("tokens_monthly") >= tokens
    assert standing.used("cost_monthly") >= cost - 1e-9
    if not unknown:
        assert standing.used("tokens_monthly") == tokens
        assert standing.used("cost_monthly") == pytest.approx(cost, abs=1e-9)
    # The most that one request of this load can hold: its bytes, and the output nobody bounded.
    assert standing.used("tokens_monthly") <= tokens + len(unknown) * 100_000
    # What the provider has billed is counted: its prompts, and the tokens of streams that were not cut.
    billed = sum(seen.extra.get("tokens", 0) for seen in provider.requests() if seen.finished is not None)
    assert standing.used("tokens_monthly") >= billed


@pytest.mark.timeout(240)
def test_holds_of_killed_edges_come_back(tmp_path: pathlib.Path) -> None:
    kill_edges(tmp_path, 60, seed=21)


@pytest.mark.verify
@pytest.mark.timeout(1200)
def test_ten_minutes_of_killed_edges(tmp_path: pathlib.Path) -> None:
    kill_edges(tmp_path, 600, seed=22)


def test_a_hold_waits_for_the_aggregator(tmp_path: pathlib.Path) -> None:
    """Edge and aggregator die together: the next aggregator frees the hold."""
    with OwnProvider() as provider:
        gateway = configured(tmp_path, provider)
        with gateway:
            gateway.wait_for_tree()
            gateway.key = call(gateway, "POST", "/api/v1/keys", {"name": "a"})["key"]
            ask(gateway, "limits", "set", "a", "--concurrency", "10", "--cost-monthly", "1000")
            connection = gateway.connect()
            body = {"model": "own:stream-100-100", "messages": [], "stream": True}
            connection.send(gateway.chat_bytes(body))
            wait_until(lambda: any(Standing(gateway, "a").held), 5, "the stream is held")
            for pid in [*gateway.children("edge"), gateway.child("aggregator")]:
                gateway.kill_child(pid)
            wait_until(lambda: not any(Standing(gateway, "a").held), 5, "the hold is back")
            connection.close()
            assert Standing(gateway, "a").used("cost_monthly") > 0, "what the stream has cost until then"
            assert gateway.chat("own:chat").status == 200
