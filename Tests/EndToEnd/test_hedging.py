"""A second call beside a slow first one: the client's first token, what it costs, and what the records say of the loser."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import pathlib
import sqlite3
import time

import pytest

from Harness.faulty import FaultyProvider
from Harness.gateway import Gateway, base_config
from Harness.ledger import Books
from Harness.load import AsyncConnection, percentile
from Harness.processes import wait_until
from Harness.routes import explanation, faulty_provider, steps


def config(folder: pathlib.Path, providers: dict, hedge_after: str | None, upstreams: int = 1, **policy) -> dict:
    targets = [f"{name}:m" for name in providers]
    return base_config(
        folder / "sluice-state",
        workers={"edge": 1, "upstream": upstreams},
        providers=providers,
        models={"m": {"targets": targets, "hedge_after": hedge_after} | policy},
        default_provider=next(iter(providers)),
    )


async def first_tokens(gateway: Gateway, count: int, rate: float, **members) -> list[float]:
    """So many streams, begun evenly; seconds until each one's first content. All must end well."""
    found: list[float] = []

    async def one(at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        connection = await AsyncConnection.open(gateway.address)
        began = time.monotonic()
        connection.send(gateway.chat_bytes({"model": "m", "stream": True, "messages": []} | members))
        reply = await asyncio.wait_for(connection.reply(), 30)
        assert reply is not None and reply.status == 200 and reply.complete, reply
        assert reply.events()[-1] == b"[DONE]" and reply.first_body_at is not None
        found.append(reply.first_body_at - began)
        connection.close()

    begin = time.monotonic() + 0.1
    await asyncio.gather(*(one(begin + number / rate) for number in range(count)))
    return found


@pytest.mark.parametrize("upstreams", [1, 4])
@pytest.mark.timeout(300)
def test_slow_first_tokens(tmp_path: pathlib.Path, upstreams: int, request: pytest.FixtureRequest) -> None:
    """One first token in twenty takes 2 s; hedge_after is 500 ms."""
    full = request.config.getoption("--verify")
    count = 2000 if full else 400

    def decide(_seen, number: int) -> str:
        return "slow-2000" if number % 20 == 10 else "chat"

    with FaultyProvider(decide) as provider:
        options = config(tmp_path, {"a": faulty_provider(provider.base_url)}, "500ms", upstreams)
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            times = asyncio.run(first_tokens(gateway, count, 100 if full else 60))
            calls = len(provider.calls)
            share = calls / count - 1
            print(f"\np50 {percentile(times, 0.5):.3f} s, p99 {percentile(times, 0.99):.3f} s, {share:.1%} more calls")
            assert percentile(times, 0.99) < 0.7, sorted(times)[-20:]
            assert 0.02 < share <= 0.07, f"{calls} calls for {count} requests"
            judge_losers(gateway, provider, count, calls)


def judge_losers(gateway: Gateway, provider: FaultyProvider, requests: int, calls: int) -> None:
    """Each call has its row; each hedge's loser says so, and whether it is billed."""
    wait_until(lambda: len(rows(gateway)) >= calls, 20, lambda: f"{calls} rows: {len(rows(gateway))}")
    wait_until(lambda: all(row["status"] is not None for row in rows(gateway)), 10, "all calls have ended")
    books = Books(gateway.state)
    assert len(books.requests) == requests and len(books.attempts) == calls
    assert {seen.header("x-client-request-id") for seen in provider.calls} == set(books.attempts)
    losers = [row for row in books.attempts.values() if row["error"] == "hedge_lost"]
    called = collections.Counter(row["record"] for row in books.attempts.values())
    lost = {row["record"] for row in losers}
    others = [row for row in books.attempts.values() if called[row["record"]] > 1 and row["record"] not in lost]
    assert len(losers) == calls - requests, (len(losers), calls - requests, others)
    # It was sent, no answer came: nobody knows.
    assert {row["billed"] for row in losers} <= {"unknown", "yes"}
    winners = [row for row in books.attempts.values() if row["error"] != "hedge_lost"]
    assert {(row["billed"], row["status"]) for row in winners} == {("yes", 200)}


def rows(gateway: Gateway) -> list[sqlite3.Row]:
    with contextlib.closing(sqlite3.connect(f"file:{gateway.state / 'usage.db'}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        return database.execute("SELECT * FROM attempts_text").fetchall()


def test_the_loser_is_cancelled_and_told(tmp_path: pathlib.Path) -> None:
    with FaultyProvider("hang") as slow, FaultyProvider("chat") as quick:
        providers = {"slow": faulty_provider(slow.base_url), "quick": faulty_provider(quick.base_url)}
        with Gateway(config(tmp_path, providers, "100ms"), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            began = time.monotonic()
            reply = gateway.chat("m", stream=True)
            assert reply.status == 200 and reply.complete and time.monotonic() - began < 1
            assert reply.header("x-sluice-provider") == "quick" and reply.header("x-sluice-attempts") == "2"
            lost = slow.calls[0]
            wait_until(lambda: lost.gone, 3, "the slow call is cancelled")
            found = explanation(gateway, reply.header("x-sluice-record"))
            assert [one["error"] for one in found["attempts"]] == ["hedge_lost", None]
            assert [one["billed"] for one in found["attempts"]] == ["unknown", "yes"]
            assert [one["provider"] for one in found["attempts"]] == ["slow", "quick"]
            said = steps(found)
            assert said.index("called") < said.index("hedged") and "hedge_lost" in said, said


def test_a_whole_reply_is_hedged_too(tmp_path: pathlib.Path) -> None:
    with FaultyProvider("hang") as slow, FaultyProvider("chat") as quick:
        providers = {"slow": faulty_provider(slow.base_url), "quick": faulty_provider(quick.base_url)}
        with Gateway(config(tmp_path, providers, "100ms"), folder=tmp_path) as gateway:
            reply = gateway.chat("m")
            assert reply.status == 200 and reply.header("x-sluice-provider") == "quick"


def test_the_first_call_may_win(tmp_path: pathlib.Path) -> None:
    """It is only slow: its answer comes before the second one's."""
    with FaultyProvider("slow-600") as slow, FaultyProvider("slow-3000") as slower:
        providers = {"slow": faulty_provider(slow.base_url), "slower": faulty_provider(slower.base_url)}
        with Gateway(config(tmp_path, providers, "200ms"), folder=tmp_path) as gateway:
            reply = gateway.chat("m", stream=True)
            assert reply.status == 200 and reply.header("x-sluice-provider") == "slow"
            found = explanation(gateway, reply.header("x-sluice-record"))
            assert [one["error"] for one in found["attempts"]] == [None, "hedge_lost"]


def test_both_fail(tmp_path: pathlib.Path) -> None:
    timeouts = {"connect": "1s", "first_token": "600ms", "idle": "1s", "total": "3s"}
    with FaultyProvider("hang") as never:
        providers = {name: faulty_provider(never.base_url, timeouts=timeouts) for name in "ab"}
        with Gateway(config(tmp_path, providers, "100ms", retries=0), folder=tmp_path) as gateway:
            reply = gateway.chat("m", stream=True)
            assert (reply.status, reply.error["code"]) == (504, "provider_timeout"), reply
            found = explanation(gateway, reply.header("x-sluice-record"))
            assert len(found["attempts"]) == 2 and {one["billed"] for one in found["attempts"]} == {"unknown"}


def test_no_more_than_the_budget(tmp_path: pathlib.Path) -> None:
    """All first tokens are slow: then hedging would double what a provider has to do, and it is left."""
    with FaultyProvider("slow-400") as provider:
        options = config(tmp_path, {"a": faulty_provider(provider.base_url)}, "100ms")
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            asyncio.run(first_tokens(gateway, 200, 60))
            hedges = len(provider.calls) - 200
            print(f"\n{hedges} second calls for 200 requests")
            # A tenth of the last ten seconds' calls, and at least five.
            assert 1 <= hedges <= 25


def test_a_percentile(tmp_path: pathlib.Path) -> None:
    """`hedge_after: p95` learns from the target's own first tokens."""

    def decide(_seen, number: int) -> str:
        return "slow-2000" if number > 100 and number % 25 == 0 else "slow-20"

    with FaultyProvider(decide) as provider:
        options = config(tmp_path, {"a": faulty_provider(provider.base_url)}, "p95")
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            asyncio.run(first_tokens(gateway, 100, 50))
            provider.clear()
            provider._count = 100
            times = asyncio.run(first_tokens(gateway, 200, 40))
            print(f"\np99 {percentile(times, 0.99):.3f} s, {len(provider.calls)} calls for 200")
            assert percentile(times, 0.97) < 1.0, sorted(times)[-10:]
            assert len(provider.calls) <= 225
