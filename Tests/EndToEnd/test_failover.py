"""Providers that fail, each in its way: what the client gets, how many calls it takes, what is billed."""

from __future__ import annotations

import asyncio
import json
import pathlib
import time

import pytest

from Harness import outcomes
from Harness.canned import CannedProvider, chunked_reply
from Harness.faulty import ADVICE, FaultyProvider
from Harness.gateway import Gateway, base_config, openai_provider
from Harness.ledger import Books
from Harness.load import AsyncConnection, percentile
from Harness.operators import run
from Harness.processes import wait_until
from Harness.provider import stream_events
from Harness.routes import QUICK, explanation, faulty_provider, steps


@pytest.fixture(scope="module")
def faulty():
    with FaultyProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def good():
    with FaultyProvider("chat") as provider:
        yield provider


@pytest.fixture(autouse=True)
def fresh(faulty: FaultyProvider, good: FaultyProvider):
    faulty.clear()
    good.clear()
    faulty.decide = None


# The table


@pytest.mark.parametrize("upstreams", [1, pytest.param(4, marks=pytest.mark.verify)])
def test_the_outcome_table(tmp_path: pathlib.Path, upstreams: int, request: pytest.FixtureRequest) -> None:
    """docs/failover.md says what is true; `--write-docs` makes it say so."""
    found = outcomes.run(tmp_path, upstreams)
    text = outcomes.table(found)
    if request.config.getoption("--write-docs"):
        outcomes.write(text)
    for (fault, kind, setup), outcome in found.items():
        where = f"{fault}, {kind}, {setup}: {outcome}"
        assert len(outcome.billed) <= 9, where
        assert outcome.attempts == str(len(outcome.billed)), where
        # What the client is told went well is billed at least once, and whatever was answered with an error never.
        assert outcome.got != "200" or outcome.billed[-1] == "yes", where
        # A healthy second target saves all that may be saved: what the request itself is to blame for may not.
        is_own_fault = fault in ("s400", "s404", "s413", "s422")
        after_content = outcome.got.startswith("content")
        # Before its first byte a whole reply may take all the time there is.
        is_out_of_time = (fault, kind) == ("hang", "whole")
        is_passing = after_content or fault == "inside3" or is_out_of_time
        if setup == "two targets" and not is_own_fault and not is_passing:
            assert outcome.got == "200", where
        if is_own_fault or is_passing:
            assert len(outcome.billed) == 1, where
    assert outcomes.written() == text, "docs/failover.md is out of date: run this test with --write-docs"


# Every byte of a reply


TEXT = [stream_events("m", 4, 0, True)[index] for index in range(5)] + [b"data: [DONE]\n\n"]


@pytest.mark.parametrize("upstreams", [1, pytest.param(4, marks=pytest.mark.verify)])
@pytest.mark.parametrize("ending", ["rst", "fin"])
@pytest.mark.timeout(400)
def test_reset_at_every_byte(
    tmp_path: pathlib.Path, good: FaultyProvider, ending: str, upstreams: int, request: pytest.FixtureRequest
) -> None:
    """A recorded stream that breaks off after N bytes, a healthy second target: whole, or content and an error, never both,
    never a mixture of two replies."""
    reply = chunked_reply(TEXT)
    first = reply.index(b'"content"')
    step = 1 if request.config.getoption("--verify") else 29
    with CannedProvider({"s": reply}) as canned:
        places = range(0, len(reply), step)
        config = base_config(
            tmp_path / "sluice-state",
            workers={"edge": 1, "upstream": upstreams},
            providers={
                "canned": openai_provider(canned.base_url, timeouts=QUICK, breaker=False),
                "good": faulty_provider(good.base_url),
            },
            models={"any-*": {"targets": ["canned:s-at-*", "good:stream-3-0"]}},
            default_provider="good",
        )
        with Gateway(config, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            whole, cut = 0, 0
            for at in places:
                got = gateway.chat(f"any-{at}-{ending}", stream=True)
                assert got.status == 200, (at, got)
                events = got.events()
                if got.complete and events[-1] == b"[DONE]":
                    whole += 1
                    if got.header("x-sluice-provider") == "good":
                        assert [b"canned" in event for event in events].count(True) == 0
                        assert len(events) == 4, (at, got.body)
                        assert at <= reply.index(b'"finish_reason"', first), at
                else:
                    cut += 1
                    assert got.header("x-sluice-provider") == "canned", (at, got)
                    assert not got.complete and b"[DONE]" not in got.body, (at, got.body)
                    assert events[-1].startswith(b'{"error"'), (at, got.body)
                    assert at > first, (at, got.body)
            assert whole > 0 and cut > 0
            assert len(canned.log) == len(places)


# When to come again


@pytest.mark.parametrize("advice", sorted(ADVICE))
def test_advice_is_obeyed(tmp_path: pathlib.Path, faulty: FaultyProvider, advice: str) -> None:
    """One target that says 429 once: the second call comes when it may, or never."""
    meant = ADVICE[advice][0]
    faulty.decide = lambda seen, number: f"wait-{advice}" if number == 0 else "chat"
    config = base_config(
        tmp_path / "sluice-state",
        providers={"a": faulty_provider(faulty.base_url)},
        models={"m": {"targets": ["a:m"], "retry_delay": "40ms"}},
    )
    with Gateway(config, folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        reply = gateway.chat("m")
        calls = faulty.calls
        if meant is not None and meant > 60:
            assert reply.status == 429 and len(calls) == 1, reply
            wait = int(reply.header("retry-after") or 0)
            assert wait >= min(meant, 86400) - 5, reply.headers
            return
        assert reply.status == 200 and len(calls) == 2, (reply, len(calls))
        assert reply.header("x-sluice-attempts") == "2"
        gap = calls[1].arrived - (calls[0].finished or calls[0].arrived)
        # A little less than meant is what two clocks may differ by.
        assert gap >= (meant or 0) - 0.02, gap
        assert gap < (meant or 0) + 3, gap


@pytest.mark.parametrize(("word", "calls"), [("again-true", 3), ("again-false", 1), ("status-500", 3)])
def test_the_provider_says_whether(tmp_path: pathlib.Path, faulty: FaultyProvider, word: str, calls: int) -> None:
    faulty.decide = word
    config = base_config(
        tmp_path / "sluice-state",
        providers={"a": faulty_provider(faulty.base_url)},
        models={"m": {"targets": ["a:m"], "retry_delay": "20ms"}},
    )
    with Gateway(config, folder=tmp_path) as gateway:
        reply = gateway.chat("m")
        assert reply.status in (500, 502) and len(faulty.calls) == calls, reply
        assert reply.header("x-sluice-attempts") == str(calls)


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_no_more_attempts_than_allowed(tmp_path: pathlib.Path, faulty: FaultyProvider, retries: int) -> None:
    faulty.decide = "status-503"
    config = base_config(
        tmp_path / "sluice-state",
        providers={name: faulty_provider(faulty.base_url, breaker=False) for name in "abcdef"},
        models={
            "same": {"targets": ["a:m"], "retries": retries, "retry_delay": "10ms"},
            "others": {"targets": [f"{name}:m" for name in "abcdef"], "retries": retries},
        },
        default_provider="a",
    )
    with Gateway(config, folder=tmp_path) as gateway:
        for model in ("same", "others"):
            faulty.clear()
            # The provider's advice of 7 s is for the same place only.
            if model == "same":
                faulty.decide = "status-500"
            reply = gateway.chat(model)
            assert reply.status >= 500 and len(faulty.calls) == 1 + retries, (model, reply)
            found = explanation(gateway, reply.header("x-sluice-record"))
            assert len(found["attempts"]) == 1 + retries
            assert {one["billed"] for one in found["attempts"]} == {"no"}
            assert steps(found).count("failed") == 1 + retries if retries else True
            faulty.decide = "status-503"


# A provider that is down


@pytest.mark.parametrize("fault", ["status-500", "reset", "refused"])
@pytest.mark.timeout(600)
def test_a_provider_that_is_down(
    tmp_path: pathlib.Path, faulty: FaultyProvider, good: FaultyProvider, fault: str, request: pytest.FixtureRequest
) -> None:
    """No client sees it, and the calls are few: the breaker opens."""
    full = request.config.getoption("--verify")
    count = 10_000 if full else 1_000
    faulty.decide = fault
    url = "http://127.0.0.1:1/v1" if fault == "refused" else faulty.base_url
    config = base_config(
        tmp_path / "sluice-state",
        workers={"edge": 1, "upstream": 4 if fault == "reset" else 1},
        providers={"down": faulty_provider(url), "good": faulty_provider(good.base_url)},
        models={"m": {"targets": ["down:m", "good:chat"]}},
        default_provider="good",
    )
    with Gateway(config, folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        statuses = asyncio.run(many(gateway, "m", count, 16))
        assert statuses == {200: count}, statuses
        wait_until(lambda: len(Books(gateway.state).requests) >= count, 30, "the books are written")
        calls = len(Books(gateway.state).attempts)
        print(f"\n{fault}: {calls} calls for {count} requests, {len(faulty.calls)} seen by the one that is down")
        assert count < calls <= 1.2 * count


async def many(gateway: Gateway, model: str, count: int, users: int) -> dict[int, int]:
    """`count` requests from users of a connection each: how many ended with each status."""
    left, statuses = count, {}

    async def user() -> None:
        nonlocal left
        connection = await AsyncConnection.open(gateway.address)
        while left > 0:
            left -= 1
            connection.send(gateway.chat_bytes({"model": model, "messages": []}))
            reply = await asyncio.wait_for(connection.reply(), 60)
            status = 0 if reply is None or not reply.complete else reply.status
            statuses[status] = statuses.get(status, 0) + 1
            if connection.ended:
                connection = await AsyncConnection.open(gateway.address)
        connection.close()

    await asyncio.gather(*(user() for _ in range(users)))
    return statuses


def test_failover_is_quick(tmp_path: pathlib.Path, faulty: FaultyProvider, good: FaultyProvider) -> None:
    """What a second target costs the client is the first one's answer and less than 5 ms."""
    faulty.decide = "status-500"
    config = base_config(
        tmp_path / "sluice-state",
        providers={
            "down": faulty_provider(faulty.base_url, breaker=False),
            "good": faulty_provider(good.base_url),
        },
        models={"two": {"targets": ["down:m", "good:chat"]}, "one": {"targets": ["good:chat"]}},
        default_provider="good",
    )
    with Gateway(config, folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        gaps = []
        for _ in range(60):
            faulty.clear()
            good.clear()
            assert gateway.chat("two").status == 200
            (failed,), (came,) = faulty.calls, good.calls
            gaps.append(came.arrived - (failed.finished or failed.arrived))
        print(f"\nfrom the failure to the next call: median {percentile(gaps, 0.5) * 1e3:.2f} ms")
        # Seen from Python, with programs that are not optimised: the machine's own noise is in it.
        assert percentile(gaps, 0.5) < 0.005


def test_the_record_tells_it(tmp_path: pathlib.Path, faulty: FaultyProvider, good: FaultyProvider) -> None:
    faulty.decide = "status-529"
    config = base_config(
        tmp_path / "sluice-state",
        providers={"a": faulty_provider(faulty.base_url), "b": faulty_provider(good.base_url)},
        models={"m": {"targets": ["a:first", "b:chat"]}},
        default_provider="b",
    )
    with Gateway(config, folder=tmp_path) as gateway:
        reply = gateway.chat("m", headers={"x-sluice-tags": "x"})
        assert reply.status == 200
        assert (reply.header("x-sluice-provider"), reply.header("x-sluice-model")) == ("b", "chat")
        assert reply.header("x-sluice-attempts") == "2"
        found = explanation(gateway, reply.header("x-sluice-record"))
        assert [one["provider"] for one in found["attempts"]] == ["a", "b"]
        assert [one["billed"] for one in found["attempts"]] == ["no", "yes"]
        assert [one["status"] for one in found["attempts"]] == [529, 200]
        routing = found["routing"]
        assert routing["alias"] == "m" and routing["strategy"] == "ordered"
        assert [(one["provider"], one["model"]) for one in routing["targets"]] == [("a", "first"), ("b", "chat")]
        assert steps(found) == ["called", "failed", "called"]
        assert [one.get("status") for one in routing["steps"]] == [None, 529, None]
        assert [one["provider"] for one in routing["steps"]] == ["a", "a", "b"]
        # For people in words.
        text = run(gateway, "explain", reply.header("x-sluice-record")).stdout
        assert "a, first: failed with 529" in text and "target 2      b, chat" in text, text
        # One target that answers at once keeps none.
        plain = gateway.chat("b:chat")
        assert explanation(gateway, plain.header("x-sluice-record"))["routing"] is None


def test_after_content_nothing_is_repeated(tmp_path: pathlib.Path, faulty: FaultyProvider, good: FaultyProvider) -> None:
    config = base_config(
        tmp_path / "sluice-state",
        providers={"a": faulty_provider(faulty.base_url), "b": faulty_provider(good.base_url)},
        models={"*": {"targets": ["a:*", "b:chat"]}},
        default_provider="b",
    )
    with Gateway(config, folder=tmp_path) as gateway:
        for word in ("cut-600", "end-600", "stall-600", "inside-3"):
            reply = gateway.chat(word, stream=True)
            assert reply.status == 200, (word, reply)
            if word == "inside-3":
                # The provider's own word passes as it is, whatever it says behind it.
                assert json.loads(reply.events()[3])["error"]["message"] == "overloaded inside", reply.body
                continue
            assert not reply.complete and reply.events()[-1].startswith(b'{"error"'), (word, reply)
        assert not good.calls and len(faulty.calls) == 4


def test_a_large_body_goes_to_both(tmp_path: pathlib.Path, faulty: FaultyProvider, good: FaultyProvider) -> None:
    """The upstream keeps the body until there is content."""
    faulty.decide = "status-500"
    config = base_config(
        tmp_path / "sluice-state",
        providers={"a": faulty_provider(faulty.base_url), "b": faulty_provider(good.base_url)},
        models={"m": {"targets": ["a:first", "b:second"]}},
        default_provider="b",
    )
    with Gateway(config, folder=tmp_path) as gateway:
        text = "words " * 300_000
        reply = gateway.chat("m", messages=[{"role": "user", "content": text}])
        assert reply.status == 200
        bodies = [json.loads(seen.body) for seen in (faulty.calls[0], good.calls[0])]
        assert [body["model"] for body in bodies] == ["first", "second"]
        assert all(body["messages"][0]["content"] == text for body in bodies)


def test_slow_drip(tmp_path: pathlib.Path, faulty: FaultyProvider, good: FaultyProvider) -> None:
    """A whole reply that comes byte by byte is bounded by the total, and by what is left for another target."""
    config = base_config(
        tmp_path / "sluice-state",
        providers={"a": faulty_provider(faulty.base_url), "b": faulty_provider(good.base_url)},
        models={"drip": {"targets": ["a:drip-1000-50", "b:chat"]}},
        default_provider="b",
    )
    with Gateway(config, folder=tmp_path) as gateway:
        began = time.monotonic()
        reply = gateway.chat("drip", timeout=20)
        assert time.monotonic() - began < 8
        assert reply.complete and reply.status in (200, 504), reply


def test_error_texts_are_the_providers(tmp_path: pathlib.Path, faulty: FaultyProvider) -> None:
    """When all failed the client gets the last provider's own error."""
    faulty.decide = "status-500"
    config = base_config(
        tmp_path / "sluice-state",
        providers={"a": faulty_provider(faulty.base_url)},
        models={"m": {"targets": ["a:m"], "retries": 1, "retry_delay": "10ms"}},
    )
    with Gateway(config, folder=tmp_path) as gateway:
        reply = gateway.chat("m")
        assert reply.status == 500 and "provider says 500" in reply.error["message"], reply
        assert reply.header("x-sluice-attempts") == "2"

