"""Providers that cannot be reached (F19), fail with every kind of answer (F22), or with all of them (F33); a herd of
clients (F32). The overload of 60 s is EndToEnd/test_overload."""

from __future__ import annotations

import asyncio
import collections
import json
import pathlib
import time

import pytest

from Harness import wire
from Harness.faulty import ADVICE, BlackHole, FaultyProvider, closed_port
from Harness.gateway import Gateway, base_config, openai_provider
from Harness.invariants import Invariants
from Harness.ledger import Books
from Harness.load import AsyncConnection, MockProvider, need_files, percentile
from Harness.openloop import Planned, summary
from Harness.processes import wait_until
from Harness.scene import SceneMaker

TIMEOUTS = {"connect": "500ms", "first_token": "2s", "idle": "2s", "total": "10s"}


async def burst(gateway: Gateway, model: str, count: int, users: int, **members) -> list[tuple[float, wire.Reply]]:
    """So many requests by so many users: seconds each took, and its reply."""
    found: list[tuple[float, wire.Reply]] = []
    left = count

    async def user() -> None:
        nonlocal left
        connection = await AsyncConnection.open(gateway.address)
        while left > 0:
            left -= 1
            began = time.monotonic()
            connection.send(gateway.chat_bytes({"model": model, "messages": []} | members))
            reply = await asyncio.wait_for(connection.reply(), 60)
            assert reply is not None, connection.ended
            found.append((time.monotonic() - began, reply))
            if connection.ended:
                connection = await AsyncConnection.open(gateway.address)
        connection.close()

    await asyncio.gather(*(user() for _ in range(users)))
    return found


def calls_of(gateway: Gateway, requests: int) -> dict[str, int]:
    """Calls by provider, once so many requests are in the books."""
    wait_until(lambda: len(Books(gateway.state).requests) >= requests, 30, "the books are written", 0.2)
    return collections.Counter(row["provider"] for row in Books(gateway.state).attempts.values())


# F19


@pytest.mark.parametrize("upstreams", [1, pytest.param(4, marks=pytest.mark.verify)])
@pytest.mark.parametrize("how", ["refused", "blackhole"])
def test_f19_a_provider_that_cannot_be_reached(tmp_path: pathlib.Path, full: bool, how: str, upstreams: int) -> None:
    """The second target answers within the connect timeout and a little; soon nobody tries the first one."""
    count = 4000 if full else 600
    with BlackHole() as hole, FaultyProvider("chat") as good:
        url = hole.base_url if how == "blackhole" else f"http://127.0.0.1:{closed_port()}/v1"
        config = base_config(
            tmp_path / "sluice-state",
            workers={"edge": 1, "upstream": upstreams},
            providers={
                "down": openai_provider(url, timeouts=TIMEOUTS),
                "good": openai_provider(good.base_url, timeouts=TIMEOUTS),
            },
            models={"m": {"targets": ["down:m", "good:chat"]}},
            default_provider="good",
        )
        with Gateway(config, folder=tmp_path) as gateway:
            invariants = Invariants(gateway)
            found = asyncio.run(burst(gateway, "m", count, 8))
            assert {reply.status for _, reply in found} == {200}
            times = [seconds for seconds, _ in found]
            calls = calls_of(gateway, count)
            print(
                f"\n{how}, {upstreams} upstreams: slowest {max(times):.2f} s, median {percentile(times, 0.5) * 1e3:.1f} ms, "
                f"{calls['down']} calls to the one that is down, {sum(calls.values()) / count:.3f} calls a request"
            )
            assert max(times) < 0.5 + 0.5
            # Five in a row open it; whoever was on the way then, and the probes, come on top.
            assert 5 <= calls["down"] <= 5 + 8 + 20
            assert sum(calls.values()) <= 1.2 * count
            invariants.check()


# F22


@pytest.mark.parametrize("stream", [False, True])
def test_f22_every_kind_of_answer(tmp_path: pathlib.Path, stream: bool) -> None:
    """The provider's only answer: a definite error for the client, memory as before."""
    words = {
        **{f"wait-{advice}": (429,) for advice in ADVICE},
        **{f"busy-{advice}": (503,) for advice in ADVICE},
        "status-500": (500,),
        "status-529": (529,),
        "html-502": (502,),
        "html-503": (503,),
        "html-200": (502,),
        "notjson": (502,),
        # A provider that speaks OpenAI's grammar says it in its own words; retries have seen that it is an error.
        "inside": (200,),
        "garbage": (502,),
        "bomb": (502,),
    }
    with FaultyProvider() as faulty:
        config = base_config(
            tmp_path / "sluice-state",
            # One each: a key that is cooled for an hour by one answer would never see the next.
            providers={
                f"p{number}": openai_provider(faulty.base_url, timeouts=TIMEOUTS, breaker=False)
                for number, _ in enumerate(words)
            },
            models={word: {"targets": [f"p{number}:{word}"], "retries": 0} for number, word in enumerate(words)},
            default_provider="p0",
        )
        with Gateway(config, folder=tmp_path) as gateway:
            gateway.chat("status-500")
            invariants = Invariants(gateway)
            for word, statuses in words.items():
                reply = gateway.chat(word, stream=stream)
                assert reply.status in statuses and reply.complete, (word, reply)
                # A provider's own error passes as it is.
                value = json.loads(reply.events()[0]) if reply.status == 200 and stream else reply.json()
                assert value["error"]["message"] and "<html" not in reply.body.decode(), (word, reply)
                # What the provider says of it is the client's to know.
                if word.partition("-")[2] in ("seconds", "hour", "date", "absurd"):
                    assert reply.header("retry-after"), (word, reply.headers)
            invariants.check()


def test_f22_a_reply_without_end(tmp_path: pathlib.Path, full: bool) -> None:
    """1 GB (32 MB in the short form) to a client that reads: nobody holds more than a little of it."""
    mebibytes = 1024 if full else 32
    with FaultyProvider() as faulty:
        config = base_config(
            tmp_path / "sluice-state",
            providers={"own": openai_provider(faulty.base_url)},
            models={"*": {"targets": ["own:*"], "retries": 0}},
        )
        with Gateway(config, folder=tmp_path) as gateway:
            gateway.chat("chat")
            invariants = Invariants(gateway)
            total = 0
            with gateway.connect(60) as connection:
                connection.send(gateway.chat_bytes({"model": f"flood-{mebibytes}", "messages": []}))
                while total < mebibytes << 20:
                    data = connection.socket.recv(1 << 20)
                    assert data, f"ended after {total} bytes"
                    total += len(data)
                most = invariants._excess()
                assert not most, most
            invariants.check()


# F32


@pytest.mark.timeout(300)
def test_f32_a_herd(scene: SceneMaker, mock: MockProvider) -> None:
    """5,000 (500) connections within 100 ms: none is lost, and it is over soon."""
    with scene() as one:
        count = 5000 if one.full else 500
        need_files(2 * count + 200)
        plan = [Planned(0.5 + 0.1 * number / count, "load-1-0-0", False, fresh=True) for number in range(count)]
        after = [Planned(8 + number * 0.01, "load-1-0-0", False) for number in range(200)]
        one.start(plan, after)
        found = one.wait()
        herd, later = found[:count], found[count:]
        print(f"\n{summary(herd)}; the last one after {max(x.latency for x in herd):.2f} s")
        # What is too much may be refused, but is told so.
        one.assert_none("reset", "refused", "hung")
        assert sum(x.kind == "complete" for x in herd) >= 0.9 * count
        assert {x.kind for x in later} == {"complete"} and percentile([x.latency for x in later], 0.99) < 0.5


# F33


@pytest.mark.parametrize("upstreams", [1, 4])
@pytest.mark.parametrize("breaker", [False, True], ids=["no breaker", "breaker"])
@pytest.mark.timeout(300)
def test_f33_a_provider_that_always_fails(
    tmp_path: pathlib.Path, full: bool, upstreams: int, breaker: bool
) -> None:
    """Retries are a fifth of the calls at most, however many clients ask: the gateway is no part of the storm."""
    count = 5000 if full else 500
    with FaultyProvider("status-500") as provider:
        entry = openai_provider(provider.base_url, timeouts=TIMEOUTS)
        if not breaker:
            entry["breaker"] = False
        config = base_config(
            tmp_path / "sluice-state",
            workers={"edge": 1, "upstream": upstreams},
            providers={"own": entry},
            models={"m": {"targets": ["own:m"], "retries": 8, "retry_delay": "5ms"}},
        )
        with Gateway(config, folder=tmp_path) as gateway:
            invariants = Invariants(gateway)
            began = time.monotonic()
            found = asyncio.run(burst(gateway, "m", count, 20))
            took = time.monotonic() - began
            assert {reply.status for _, reply in found} <= {500, 503}
            calls = len(provider.calls)
            print(f"\n{upstreams} upstreams, breaker {breaker}: {calls} calls for {count} requests in {took:.1f} s")
            # At least ten retries in ten seconds are always allowed.
            assert calls <= 1.2 * count + 10 * (1 + took / 10)
            if breaker:
                assert calls <= 0.2 * count
            else:
                assert calls >= count
            assert json.loads(provider.calls[0].body)["model"] == "m"
            invariants.check()
