"""Keys and breakers of a provider: kept by all upstreams together, exactly."""

from __future__ import annotations

import asyncio
import collections
import pathlib
import signal
import time

import pytest

from Harness import wire
from Harness.faulty import FaultyProvider
from Harness.gateway import Gateway, base_config
from Harness.load import AsyncConnection
from Harness.processes import wait_until
from Harness.provider import completion
from Harness.routes import explanation, faulty_provider, pool, steps

UPSTREAMS = 4


def upstream_of(found: dict) -> int:
    """The instance of the upstream that made the last call."""
    return found["attempts"][-1]["upstream"]


def pooled(provider: FaultyProvider, keys: list[dict], **changes) -> dict:
    entry = faulty_provider(provider.base_url, **changes)
    del entry["api_key"]
    return entry | {"keys": keys}


def config(folder: pathlib.Path, provider: FaultyProvider, keys: list[dict], upstreams: int = UPSTREAMS, **changes) -> dict:
    return base_config(
        folder / "sluice-state",
        workers={"edge": 1, "upstream": upstreams},
        providers={"own": pooled(provider, keys)} | changes.pop("providers", {}),
        **changes,
    )


def failing(folder: pathlib.Path, provider: FaultyProvider, breaker: dict | bool, upstreams: int = UPSTREAMS) -> dict:
    """Model `m` of a provider with that breaker, asked once."""
    return config(
        folder,
        provider,
        pool("only"),
        upstreams,
        providers={"own": pooled(provider, pool("only"), breaker=breaker)},
        models={"m": {"targets": ["own:m"], "retries": 0}},
    )


async def burst(gateway: Gateway, model: str, count: int, users: int = 16, **members) -> list[wire.Reply]:
    """`count` requests, by so many users at once."""
    found: list[wire.Reply] = []
    left = count

    async def user() -> None:
        nonlocal left
        connection = await AsyncConnection.open(gateway.address)
        while left > 0:
            left -= 1
            connection.send(gateway.chat_bytes({"model": model, "messages": []} | members))
            reply = await asyncio.wait_for(connection.reply(), 30)
            assert reply is not None
            found.append(reply)
        connection.close()

    await asyncio.gather(*(user() for _ in range(users)))
    return found


@pytest.mark.parametrize("upstreams", [1, UPSTREAMS])
def test_exactly_forty_a_minute(tmp_path: pathlib.Path, upstreams: int) -> None:
    with FaultyProvider("chat") as provider:
        options = config(tmp_path, provider, pool("only", requests_per_minute=40), upstreams)
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            replies = asyncio.run(burst(gateway, "own:m", 120))
            assert provider.by_key() == {"sk-only": 40}
            statuses = collections.Counter(reply.status for reply in replies)
            assert statuses[200] == 40 and set(statuses) <= {200, 429, 503}, statuses
            refused = [reply for reply in replies if reply.status != 200]
            assert all(1 <= int(reply.header("retry-after") or 0) <= 61 for reply in refused), refused[0].headers
            assert {reply.header("x-sluice-attempts") for reply in refused} <= {"0", None}
            found = explanation(gateway, refused[0].header("x-sluice-record"))
            assert found["attempts"] == [] and "keys_limited" in steps(found), found


def test_the_pool_is_used_by_weight_and_to_its_end(tmp_path: pathlib.Path) -> None:
    """Two limited keys and one without a limit: the limited ones give what they may, the rest goes to the other."""
    keys = [
        pool("a", requests_per_minute=30, weight=3)[0],
        pool("b", requests_per_minute=10, weight=3)[0],
        pool("c", weight=1)[0],
    ]
    with FaultyProvider("chat") as provider:
        with Gateway(config(tmp_path, provider, keys), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            replies = asyncio.run(burst(gateway, "own:m", 200))
            assert {reply.status for reply in replies} == {200}
            assert provider.by_key() == {"sk-a": 30, "sk-b": 10, "sk-c": 160}


def test_weights_of_keys(tmp_path: pathlib.Path) -> None:
    keys = [pool("a", weight=3)[0], pool("b", weight=1)[0]]
    with FaultyProvider("chat") as provider:
        with Gateway(config(tmp_path, provider, keys), folder=tmp_path) as gateway:
            asyncio.run(burst(gateway, "own:m", 400))
            found = provider.by_key()
            assert 255 <= found["sk-a"] <= 345, found


def test_tokens_a_minute(tmp_path: pathlib.Path) -> None:
    """A key's tokens are counted, too, over all upstreams: what it has used in a minute is never more than it may."""
    with FaultyProvider("chat") as provider:
        options = config(tmp_path, provider, pool("only", tokens_per_minute=600))
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            began = time.monotonic()
            replies = asyncio.run(burst(gateway, "own:m", 150, max_tokens=5))
            seconds = time.monotonic() - began
            good = sum(reply.status == 200 for reply in replies)
            # The provider says twelve tokens of each.
            print(f"\n{good} calls of 12 tokens each with 600 a minute")
            # The window slides: where a minute ends meanwhile, a sixtieth comes back each second.
            assert 12 * good <= 600 + 10 * seconds and 1 <= good < 150
            assert {reply.status for reply in replies} <= {200, 429, 503}


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_key_is_out_until_a_reload(tmp_path: pathlib.Path, status: int) -> None:
    with FaultyProvider("chat") as provider:
        provider.refused = {"sk-bad": status}
        options = config(tmp_path, provider, pool("bad", "good"))
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            replies = asyncio.run(burst(gateway, "own:m", 200, users=8))
            # No client sees it.
            assert {reply.status for reply in replies} == {200}
            found = provider.by_key()
            assert found["sk-good"] == 200
            # Whoever had begun with it may have ended with it; afterwards nobody, in no upstream.
            assert 1 <= found["sk-bad"] <= 8, found
            provider.refused = {}
            # Without a reload it stays out, but for a probe after a minute.
            asyncio.run(burst(gateway, "own:m", 40))
            assert provider.by_key()["sk-bad"] == found["sk-bad"]
            reloaded(gateway)
            asyncio.run(burst(gateway, "own:m", 60))
            assert provider.by_key()["sk-bad"] > found["sk-bad"]


def reloaded(gateway: Gateway) -> None:
    """HUP, and waits until all have the new snapshot."""
    before = gateway.log_text().count("configuration in force")
    gateway.send_signal(signal.SIGHUP)
    wait_until(lambda: gateway.log_text().count("configuration in force") > before, 10, lambda: gateway.log_text()[-2000:])


def test_all_keys_refused(tmp_path: pathlib.Path) -> None:
    with FaultyProvider("chat") as provider:
        provider.refused = {"sk-a": 401, "sk-b": 403}
        with Gateway(config(tmp_path, provider, pool("a", "b")), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            for _ in range(5):
                reply = gateway.chat("own:m")
                assert (reply.status, reply.error["code"]) == (502, "provider_authentication"), reply
                assert "sk-" not in reply.body.decode()
            assert len(provider.calls) == 2


def test_a_403_is_for_its_model(tmp_path: pathlib.Path) -> None:
    """The key may use others."""
    with FaultyProvider(lambda seen, _: "status-403" if seen.model == "closed" else "chat") as provider:
        with Gateway(config(tmp_path, provider, pool("only")), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            assert gateway.chat("own:closed").status == 502
            assert gateway.chat("own:open").status == 200
            assert gateway.chat("own:closed").status == 502
            assert len([seen for seen in provider.calls if seen.model == "closed"]) == 1


@pytest.mark.parametrize("advice", ["seconds", "ms", "openai"])
def test_a_429_cools_the_key_in_all_upstreams(tmp_path: pathlib.Path, advice: str) -> None:
    """The cooled key is not used before it may, by nobody; the other serves meanwhile."""
    state = {"cooled": None}

    def decide(seen, _number: int) -> str:
        if FaultyProvider.key(seen) == "sk-hot" and state["cooled"] is None:
            state["cooled"] = time.monotonic()
            return f"wait-{advice}"
        return "chat"

    with FaultyProvider(decide) as provider:
        with Gateway(config(tmp_path, provider, pool("hot", "other")), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            began = time.monotonic()
            known = None
            while time.monotonic() < began + 2.5:
                replies = asyncio.run(burst(gateway, "own:m", 24, users=4))
                assert {reply.status for reply in replies} == {200}
                # Requests of the burst that met the 429 may have been on their way by then.
                if known is None and state["cooled"] is not None:
                    known = time.monotonic() - state["cooled"]
            cooled = state["cooled"]
            meant = {"seconds": 1.0}.get(advice, 0.5)
            assert cooled is not None and known < meant
            later = [seen.arrived - cooled for seen in provider.calls if FaultyProvider.key(seen) == "sk-hot"][1:]
            later = [after for after in later if after > known]
            assert later and min(later) >= meant - 0.03, later[:5]
            assert min(later) < meant + 1, "it is used again"


def test_headers_cool_before_the_429(tmp_path: pathlib.Path) -> None:
    """x-ratelimit-remaining-requests: 0 of a good answer: the key rests until its reset, and gets no 429."""
    class Limiting(FaultyProvider):
        """Ten requests in each of its windows of 1.5 s; tells what is left, and refuses what is above."""

        window, used, refusals = 0.0, 0, 0

        async def _answer(self, seen, writer) -> bool:
            if seen.method != "POST":
                return await super()._answer(seen, writer)
            now = time.monotonic()
            if now >= self.window + 1.5:
                self.window, self.used = now, 0
            self.used += 1
            left = int(1000 * (self.window + 1.5 - now)) + 1
            headers = {
                "x-ratelimit-remaining-requests": str(max(0, 10 - self.used)),
                "x-ratelimit-reset-requests": f"{left}ms",
            }
            if self.used > 10:
                self.refusals += 1
                return await self._unary(writer, 429, b"{}", extra=headers)
            return await self._unary(writer, 200, completion(seen.model, "x"), extra=headers)

    with Limiting() as provider:
        options = config(tmp_path, provider, pool("only"), 1)
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            # One after the other: nobody is on the way when the last one is told.
            statuses = collections.Counter(gateway.chat("own:m").status for _ in range(25))
            print(f"\n{statuses}, {provider.refusals} refused by the provider")
            assert provider.refusals == 0 and statuses[200] >= 10


# Breakers


def test_a_breaker_opened_by_one_is_open_in_all(tmp_path: pathlib.Path) -> None:
    """Within 100 ms of the failure that opened it no upstream calls any more."""
    with FaultyProvider("status-500") as provider:
        breaker = {"failures": 5, "open": "30s", "longest_open": "60s"}
        options = failing(tmp_path, provider, breaker)
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            # One request at a time: one upstream after the other, and one of them sees the fifth failure.
            while len(provider.calls) < 5:
                assert gateway.chat("m").status == 500
            opened = time.monotonic()
            replies = asyncio.run(burst(gateway, "m", 80, users=16))
            assert time.monotonic() - opened < 5
            late = [seen for seen in provider.calls if seen.arrived > opened + 0.1]
            assert not late, f"{len(late)} calls after it was open"
            assert len(provider.calls) <= 5 + UPSTREAMS
            unavailable = [reply for reply in replies if reply.status == 503]
            assert len(unavailable) >= 80 - UPSTREAMS
            assert unavailable[0].error["code"] == "provider_unavailable"
            assert 1 <= int(unavailable[0].header("retry-after") or 0) <= 31
            records = [explanation(gateway, reply.header("x-sluice-record")) for reply in unavailable[:3]]
            assert all("breaker_open" in steps(found) for found in records), records[0]


def test_half_open(tmp_path: pathlib.Path) -> None:
    """One probe at a time while it is open; a success closes it for all."""
    with FaultyProvider("status-500") as provider:
        breaker = {"failures": 3, "open": "1s", "longest_open": "1s"}
        options = failing(tmp_path, provider, breaker)
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            while len(provider.calls) < 3:
                gateway.chat("m")
            provider.clear()
            began = time.monotonic()
            while time.monotonic() < began + 3.5:
                asyncio.run(burst(gateway, "m", 30, users=10))
            # A probe a second: not one from each upstream.
            times = [seen.arrived - began for seen in provider.calls]
            assert len(times) >= 2 and all(b - a > 0.9 for a, b in zip(times, times[1:])), times
            provider.decide = "chat"
            wait_until(lambda: gateway.chat("m").status == 200, 5, "a probe goes well")
            replies = asyncio.run(burst(gateway, "m", 100))
            assert {reply.status for reply in replies} == {200}


def test_a_killed_prober_blocks_nobody(tmp_path: pathlib.Path) -> None:
    """An upstream dies with its probe; others go on probing."""
    with FaultyProvider("status-500") as provider:
        breaker = {"failures": 3, "open": "1s", "longest_open": "1s"}
        options = failing(tmp_path, provider, breaker, 2)
        with Gateway(options, folder=tmp_path, crashes_expected=True) as gateway:
            gateway.wait_for_tree()
            while len(provider.calls) < 3:
                gateway.chat("m")
            provider.clear()
            provider.decide = "hang"
            with gateway.connect() as connection:
                deadline = time.monotonic() + 10
                while not provider.calls and time.monotonic() < deadline:
                    connection.close()
                    connection = gateway.connect()
                    connection.send(gateway.chat_bytes({"model": "m", "messages": []}))
                    time.sleep(0.2)
                assert provider.calls, "a probe went out"
                provider.decide = "chat"
                for pid in gateway.children("upstream"):
                    gateway.kill_child(pid)
            wait_until(lambda: len(gateway.children("upstream")) == 2, 10, "they are replaced")
            wait_until(lambda: gateway.chat("m").status == 200, 45, "the next probe goes well", 0.5)


def test_breakers_off(tmp_path: pathlib.Path) -> None:
    with FaultyProvider("status-500") as provider:
        options = failing(tmp_path, provider, False)
        with Gateway(options, folder=tmp_path) as gateway:
            replies = asyncio.run(burst(gateway, "m", 60))
            assert {reply.status for reply in replies} == {500} and len(provider.calls) == 60
