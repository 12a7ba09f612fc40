"""Limits that hold over all edges at once: exact counts, budgets by the provider's own log, answers, restarts."""

from __future__ import annotations

import asyncio
import json
import pathlib
import time
from collections import Counter

import openai
import pytest

from Harness import wire
from Harness.gateway import CLIENT_KEY, NO_LIMITS, Gateway, base_config, openai_provider
from Harness.load import AsyncConnection
from Harness.operators import ask, call, run
from Harness.processes import wait_until
from Harness.provider import OwnProvider

EDGES = 8
CLIENTS = 64
LIMIT = 100
CHAT = {"model": "simulated:anything", "messages": [{"role": "user", "content": "Hi."}], "max_tokens": 1}


def configured(folder: pathlib.Path, limits: dict | None = None, **changes) -> Gateway:
    return Gateway(base_config(folder / "state", limits=NO_LIMITS | (limits or {}), **changes), folder=folder)


def make_key(gateway: Gateway, name: str, **limits) -> str:
    return call(gateway, "POST", "/api/v1/keys", {"name": name} | limits)["key"]


def send(gateway: Gateway, key: str | None, body: dict = CHAT, **headers) -> wire.Reply:
    """One chat on a connection of its own."""
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    return wire.request(gateway.address, "POST", "/v1/chat/completions", sent, json.dumps(body).encode(), 20)


def edge_of(reply: wire.Reply) -> int:
    """The instance of the edge that minted the record's id: 24 bits behind host and time."""
    return int(reply.header("x-sluice-record"), 16) >> 32 & 0xFFFFFF


class Burst:
    """Many clients, each with a connection of its own that it keeps, sending at once."""

    def __init__(self, gateway: Gateway, clients: int = CLIENTS) -> None:
        self.gateway, self.clients = gateway, clients
        self.connections: list[AsyncConnection] = []

    async def __aenter__(self) -> "Burst":
        for _ in range(self.clients):
            self.connections.append(await AsyncConnection.open(self.gateway.address))
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self.connections:
            connection.close()

    async def run(self, keys: list[str], each: int, body: dict = CHAT) -> list[wire.Reply]:
        """`each` requests one after the other over each connection; the keys take turns over the connections."""
        replies: list[wire.Reply] = []

        async def one(connection: AsyncConnection, key: str) -> None:
            raw = json.dumps(body).encode()
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            for _ in range(each):
                connection.send(wire.render("POST", "/v1/chat/completions", headers, raw))
                reply = await connection.reply()
                assert reply is not None and reply.complete, connection.ended
                replies.append(reply)

        users = [one(connection, keys[place % len(keys)]) for place, connection in enumerate(self.connections)]
        await asyncio.wait_for(asyncio.gather(*users), 60)
        return replies


# Exactness


@pytest.mark.timeout(240)
def test_exactly_as_many_requests_pass_as_the_limit_says(tmp_path: pathlib.Path) -> None:
    """50 rounds: 64 clients over 8 edges, a fresh key with 100 requests a minute each time."""
    with configured(tmp_path, workers={"edge": EDGES, "upstream": 1}) as gateway:
        gateway.wait_for_tree()
        keys = [make_key(gateway, f"round {number}", requests_per_minute=LIMIT) for number in range(50)]
        admitted: Counter[int] = Counter()

        async def rounds() -> None:
            for number, key in enumerate(keys):
                async with Burst(gateway) as burst:
                    replies = await burst.run([key], 3)
                statuses = Counter(reply.status for reply in replies)
                assert statuses == {200: LIMIT, 429: 3 * CLIENTS - LIMIT}, f"round {number}: {statuses}"
                admitted.update(edge_of(reply) for reply in replies if reply.status == 200)

        asyncio.run(rounds())
        print(f"admitted by edge: {sorted(admitted.values())}")
        assert len(admitted) == EDGES, f"only edges {sorted(admitted)} admitted any"


def test_two_limits_that_bind_at_once(tmp_path: pathlib.Path) -> None:
    """Two keys of a project with 60 each, the project with 100: never over, at most one under."""
    with configured(tmp_path, workers={"edge": EDGES, "upstream": 1}) as gateway:
        gateway.wait_for_tree()

        async def once(number: int) -> None:
            project = f"p{number}"
            call(gateway, "POST", "/api/v1/projects", {"name": project})
            ask(gateway, "limits", "set", "--project", project, "--requests-per-minute", "100")
            keys = [make_key(gateway, f"k{at}", project=project, requests_per_minute=60) for at in range(2)]
            async with Burst(gateway) as burst:
                replies = await burst.run(keys, 3)
            passed = sum(reply.status == 200 for reply in replies)
            assert 99 <= passed <= 100, f"round {number}: {passed}"
            assert {reply.status for reply in replies} == {200, 429}

        for number in range(10):
            asyncio.run(once(number))


def test_addresses_are_limited_and_cannot_be_made_up(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path, {"per_ip": {"requests_per_minute": 10}}) as gateway:
        gateway.wait_for_tree()
        replies = [send(gateway, CLIENT_KEY, X_Forwarded_For=f"198.51.100.{at}") for at in range(15)]
        assert [reply.status for reply in replies] == [200] * 10 + [429] * 5
        assert replies[-1].error["limit"]["scope"] == "ip"


def test_a_trusted_proxy_says_who_asks(tmp_path: pathlib.Path) -> None:
    limits = {"per_ip": {"requests_per_minute": 5}}
    with configured(tmp_path, limits, http={"trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"]}) as gateway:
        gateway.wait_for_tree()

        def statuses(*forwarded: str) -> list[int]:
            return [send(gateway, CLIENT_KEY, X_Forwarded_For=value).status for value in forwarded]

        assert statuses(*["198.51.100.1"] * 6) == [200] * 5 + [429]
        # What a client writes itself stands to the left of what the proxies add.
        assert statuses(*[f"192.0.2.{at}, 198.51.100.2, 10.1.1.1" for at in range(6)]) == [200] * 5 + [429]
        # An IPv6 network of /64 is one caller.
        assert statuses(*[f"2001:db8:1:2::{at}" for at in range(1, 7)]) == [200] * 5 + [429]
        assert statuses("2001:db8:1:3::1") == [200]


def test_as_many_at_once_as_the_limit_says(tmp_path: pathlib.Path) -> None:
    with OwnProvider() as provider:
        providers = {"own": openai_provider(provider.base_url)}
        with configured(tmp_path, workers={"edge": 4, "upstream": 1}, providers=providers) as gateway:
            gateway.wait_for_tree()
            key = make_key(gateway, "a", concurrency=5)
            body = CHAT | {"model": "own:late-700"}

            async def at_once() -> list[wire.Reply]:
                async with Burst(gateway, 20) as burst:
                    return await burst.run([key], 1, body)

            for _ in range(2):
                replies = asyncio.run(at_once())
                assert Counter(reply.status for reply in replies) == {200: 5, 429: 15}
            refused = next(reply for reply in replies if reply.status == 429)
            assert refused.error["code"] == "concurrency_exceeded"


# Answers


def test_what_replies_say_of_limits(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        key = make_key(gateway, "a", requests_per_minute=2, tokens_per_minute=100000)
        first, second, third = (send(gateway, key) for _ in range(3))
        assert (first.status, second.status, third.status) == (200, 200, 429)
        assert [reply.header("x-ratelimit-limit-requests") for reply in (first, second, third)] == ["2"] * 3
        assert [reply.header("x-ratelimit-remaining-requests") for reply in (first, second, third)] == ["1", "0", "0"]
        for reply in (first, second, third):
            assert reply.header("x-ratelimit-limit-tokens") == "100000"
            assert 0 < int(reply.header("x-ratelimit-remaining-tokens")) < 100000
            assert reply.header("x-ratelimit-reset-requests").endswith("s")
            assert reply.header("x-ratelimit-reset-tokens").endswith("s")
        assert 1 <= int(third.header("retry-after")) <= 120
        error = third.error
        assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
        limit = error["limit"]
        assert (limit["scope"], limit["name"], limit["limit"]) == ("key", "requests_per_minute", 2)
        assert (limit["used"], limit["remaining"]) == (2, 0)
        assert 0 < limit["reset_seconds"] <= 120


def test_an_unmodified_sdk_backs_off(tmp_path: pathlib.Path) -> None:
    """One at a time is allowed; four SDK calls at once all come through by the SDK's own retries."""
    with OwnProvider() as provider:
        with configured(tmp_path, providers={"own": openai_provider(provider.base_url)}) as gateway:
            gateway.wait_for_tree()
            key = make_key(gateway, "a", concurrency=1)

            async def calls() -> list:
                async with openai.AsyncOpenAI(api_key=key, base_url=f"{gateway.url}/v1", max_retries=8) as client:
                    message = [{"role": "user", "content": "Hi."}]
                    tasks = [client.chat.completions.create(model="own:late-100", messages=message) for _ in range(4)]
                    return await asyncio.gather(*tasks)

            assert len(asyncio.run(calls())) == 4
            assert len(provider.requests()) == 4
            # A budget that is used up is not tried again.
            poor = make_key(gateway, "b")
            ask(gateway, "limits", "set", "b", "--tokens-total", "1")
            began = time.monotonic()
            with openai.OpenAI(api_key=poor, base_url=f"{gateway.url}/v1", max_retries=5) as client:
                with pytest.raises(openai.RateLimitError) as caught:
                    client.chat.completions.create(model="own:chat", messages=[{"role": "user", "content": "Hi."}])
            assert caught.value.code == "insufficient_quota"
            assert time.monotonic() - began < 2, "the SDK tried again"
            assert len(provider.requests()) == 4


def test_other_routes_are_counted_too(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        key = make_key(gateway, "a", requests_per_minute=3)
        headers = {"Authorization": f"Bearer {key}"}
        statuses = [wire.request(gateway.address, "GET", "/v1/models", headers).status for _ in range(5)]
        assert statuses == [200] * 3 + [429] * 2
        body = {"model": "simulated:e", "input": "x"}
        sent = headers | {"Content-Type": "application/json"}
        reply = wire.request(gateway.address, "POST", "/v1/embeddings", sent, json.dumps(body).encode())
        assert reply.status == 429


# Who has no key, or a wrong one


def test_callers_without_a_key_have_a_small_quota(tmp_path: pathlib.Path) -> None:
    auth = {
        "keys": "optional",
        "static_key": CLIENT_KEY,
        "anonymous": {"requests_per_minute": 4, "models": ["free"]},
    }
    models = {"free": {"targets": ["simulated:a"]}, "dear": {"targets": ["simulated:b"]}}
    with configured(tmp_path, auth=auth, models=models, workers={"edge": 4, "upstream": 1}) as gateway:
        gateway.wait_for_tree()
        assert send(gateway, None, CHAT | {"model": "dear"}).status == 403
        statuses = Counter(send(gateway, None, CHAT | {"model": "free"}).status for _ in range(10))
        assert statuses[429] >= 6 and statuses[200] >= 3, statuses
        assert statuses[200] <= 4
        assert send(gateway, CLIENT_KEY, CHAT | {"model": "dear"}).status == 200


def test_wrong_keys_are_limited_and_right_ones_are_not(tmp_path: pathlib.Path) -> None:
    auth = {"static_key": CLIENT_KEY, "wrong_keys_per_minute": 10}
    with configured(tmp_path, auth=auth, workers={"edge": 4, "upstream": 1}) as gateway:
        gateway.wait_for_tree()
        replies = [send(gateway, f"sk-wrong-{at}") for at in range(20)]
        assert [reply.status for reply in replies] == [401] * 10 + [429] * 10
        assert replies[-1].error["code"] == "too_many_wrong_keys"
        assert 1 <= int(replies[-1].header("retry-after")) <= 120
        assert [send(gateway, CLIENT_KEY).status for _ in range(5)] == [200] * 5
        assert send(gateway, None).status in (401, 429)


# Budgets

# $10 and $150 a million: 50 tokens of output cost $0.0075, less than 1 % of $1.00.
PRICING = {"own:*": {"input": 10, "output": 150}}
TOKENS = 50


def spent(provider: OwnProvider) -> float:
    """Dollars, by the provider's own log."""
    calls = provider.requests()
    return sum(7 * 10e-6 + call.extra.get("tokens", 0) * 150e-6 for call in calls)


async def spend(gateway: Gateway, key: str, provider: OwnProvider, until: float, users: int, body: dict) -> Counter:
    """Users that send streams and come again when they are refused, until `until` dollars are spent or nobody gets on."""
    statuses: Counter[int] = Counter()
    last_success = time.monotonic()

    async def user() -> None:
        nonlocal last_success
        connection = await AsyncConnection.open(gateway.address)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        raw = wire.render("POST", "/v1/chat/completions", headers, json.dumps(body).encode())
        try:
            while spent(provider) < until and time.monotonic() - last_success < 3:
                connection.send(raw)
                reply = await connection.reply()
                assert reply is not None and reply.complete, connection.ended
                statuses[reply.status] += 1
                if reply.status == 200:
                    last_success = time.monotonic()
                else:
                    assert reply.status == 429 and reply.error["code"] == "insufficient_quota", reply.body
                    await asyncio.sleep(0.25)
        finally:
            connection.close()

    await asyncio.wait_for(asyncio.gather(*(user() for _ in range(users))), 120)
    return statuses


def held_and_used(gateway: Gateway, *who: str) -> tuple[float, float]:
    """Dollars held and used of the monthly budget."""
    rows = ask(gateway, "limits", "show", *who)["limits"]
    row = next(row for row in rows if row["name"] == "cost_monthly")
    return float(row["held"]), float(row["used"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["strict", "estimate"])
def test_a_budget_of_one_dollar(tmp_path: pathlib.Path, mode: str) -> None:
    """200 streams at once, none with max_tokens. Strict: never overspent, by the provider's own log."""
    with OwnProvider() as provider:
        config = {
            "workers": {"edge": 4, "upstream": 2},
            "providers": {"own": openai_provider(provider.base_url)},
            "pricing": PRICING,
        }
        with configured(tmp_path, {"budget_mode": mode}, **config) as gateway:
            gateway.wait_for_tree()
            key = make_key(gateway, "a")
            ask(gateway, "limits", "set", "a", "--cost-monthly", "1.00")
            body = {"model": f"own:stream-{TOKENS}-2", "messages": [{"role": "user", "content": "Hi."}], "stream": True}
            if mode == "estimate":
                # Learns what such replies take.
                for _ in range(5):
                    assert send(gateway, CLIENT_KEY, body).status == 200
                provider.clear()
            statuses = asyncio.run(spend(gateway, key, provider, 1.0, 200, body))
            total = spent(provider)
            print(f"{mode}: ${total:.4f} spent, {dict(statuses)}")
            assert total >= 0.90, "what is left cannot be used"
            if mode == "strict":
                assert total <= 1.0 + 1e-9, f"overspent: ${total}"
            else:
                assert total <= 1.02, f"overspent by more than 2 %: ${total}"
            wait_until(lambda: held_and_used(gateway, "a")[0] == 0, 1, "all holds are back")
            assert held_and_used(gateway, "a")[1] == pytest.approx(total, abs=1e-6)


def test_output_is_cut_to_what_is_affordable(tmp_path: pathlib.Path) -> None:
    with OwnProvider() as provider:
        providers = {"own": openai_provider(provider.base_url)}
        with configured(tmp_path, providers=providers, pricing=PRICING) as gateway:
            gateway.wait_for_tree()
            key = make_key(gateway, "a")
            ask(gateway, "limits", "set", "a", "--cost-total", "0.05")
            body = {"model": "own:stream-1000-0", "messages": [{"role": "user", "content": "Hi."}], "stream": True}
            reply = send(gateway, key, body | {"max_tokens": 900})
            assert reply.status == 200
            cut = int(reply.header("x-sluice-max-tokens"))
            (call_,) = provider.requests()
            assert json.loads(call_.body)["max_tokens"] == cut < 900
            assert 64 <= call_.extra["tokens"] == cut
            assert spent(provider) <= 0.05


def test_who_breaks_off_pays_for_what_came_or_for_what_was_held(tmp_path: pathlib.Path) -> None:
    with OwnProvider() as provider:
        providers = {"own": openai_provider(provider.base_url)}
        with configured(tmp_path, providers=providers, pricing=PRICING) as gateway:
            gateway.wait_for_tree()
            for name, model, stream in [("a", "own:stream-1000-20", True), ("b", "own:late-3000", False)]:
                key = make_key(gateway, name)
                ask(gateway, "limits", "set", name, "--cost-monthly", "5")
                headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
                body = json.dumps(CHAT | {"model": model, "stream": stream, "max_tokens": 4000}).encode()
                with gateway.connect() as connection:
                    connection.send(wire.render("POST", "/v1/chat/completions", headers, body))
                    if stream:
                        connection.wait_for_body(1500)
                    else:
                        wait_until(lambda: provider.requests("late-3000"), 5, "the provider has it")
                wait_until(lambda: held_and_used(gateway, name)[0] == 0, 5, "the hold is back")
                used_ = held_and_used(gateway, name)[1]
                if stream:
                    assert 0 < used_ < 0.05, used_
                else:
                    assert used_ >= 4000 * 150e-6, used_


@pytest.mark.parametrize("policy", ["allow", "refuse"])
def test_unknown_prices(tmp_path: pathlib.Path, policy: str) -> None:
    with OwnProvider() as provider:
        providers = {"own": openai_provider(provider.base_url)}
        pricing = {"own:free": {"input": 0, "output": 0}}
        with configured(tmp_path, {"unknown_price": policy}, providers=providers, pricing=pricing) as gateway:
            gateway.wait_for_tree()
            key = make_key(gateway, "a")
            ask(gateway, "limits", "set", "a", "--cost-monthly", "1")
            reply = send(gateway, key, CHAT | {"model": "own:chat"})
            assert reply.status == (200 if policy == "allow" else 400)
            if policy == "refuse":
                assert reply.error["code"] == "unknown_price"
            assert send(gateway, key, CHAT | {"model": "own:free"}).status == 200
            assert send(gateway, CLIENT_KEY, CHAT | {"model": "own:chat"}).status == 200, "it has no budget"


def test_a_soft_limit_warns(tmp_path: pathlib.Path) -> None:
    with OwnProvider() as provider:
        providers = {"own": openai_provider(provider.base_url)}
        with configured(tmp_path, {"soft_percent": 50}, providers=providers, pricing=PRICING) as gateway:
            gateway.wait_for_tree()
            key = make_key(gateway, "a")
            ask(gateway, "limits", "set", "a", "--tokens-monthly", "1000")
            body = {"model": "own:stream-300-0", "messages": [], "stream": True, "max_tokens": 300}
            warnings = [send(gateway, key, body).header("x-sluice-limit-warning") for _ in range(3)]
            assert warnings[0] is None and warnings[2] is not None, warnings
            assert warnings[2].startswith("key tokens_monthly ")
            lines = [line for line in gateway.log() if "soft limit" in line.get("message", "")]
            assert len(lines) == 1, gateway.log_text()


# What is kept


def used(gateway: Gateway, name: str, *who: str) -> float:
    rows = ask(gateway, "limits", "show", *who)["limits"]
    return float(next(row for row in rows if row["name"] == name)["used"])


def test_figures_survive_restarts(tmp_path: pathlib.Path) -> None:
    """An orderly stop, kill -9 of everything, and a host that has started anew: the table is gone."""
    with OwnProvider() as provider:
        config = {"providers": {"own": openai_provider(provider.base_url)}, "pricing": PRICING}
        gateway = configured(tmp_path, **config)
        with gateway:
            gateway.wait_for_tree()
            key = make_key(gateway, "a")
            ask(gateway, "limits", "set", "a", "--cost-monthly", "5", "--requests-per-day", "1000")
            body = {"model": "own:stream-10-0", "messages": [], "stream": True}
            assert [send(gateway, key, body).status for _ in range(10)] == [200] * 10
            before = used(gateway, "cost_monthly", "a")
            assert before == pytest.approx(spent(provider), abs=1e-9) and before > 0
            assert used(gateway, "requests_per_day", "a") == 10
        # Also of a gateway that is stopped.
        assert used(gateway, "cost_monthly", "a") == before
        killed = configured(tmp_path, **config).start()
        try:
            killed.wait_for_tree()
            assert (used(killed, "cost_monthly", "a"), used(killed, "requests_per_day", "a")) == (before, 10)
        finally:
            # SIGKILL to every process.
            killed.destroy()
        (tmp_path / "state" / "limits" / "limits.table").unlink()
        with configured(tmp_path, **config) as gateway:
            gateway.wait_for_tree()
            assert used(gateway, "cost_monthly", "a") == pytest.approx(before, abs=1e-9)
            assert used(gateway, "requests_per_day", "a") == 10
            assert send(gateway, key, body).status == 200


def test_the_command_line_says_how_limits_stand(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        key = make_key(gateway, "a", requests_per_minute=5)
        assert send(gateway, key).status == 200
        shown = ask(gateway, "limits", "show", "a")
        row = next(row for row in shown["limits"] if row["name"] == "requests_per_minute")
        assert (row["limit"], row["used"], row["remaining"]) == (5, 1, 4)
        table = run(gateway, "limits", "show", "a")
        assert table.returncode == 0 and "requests_per_minute" in table.stdout
        ask(gateway, "limits", "set", "a", "--requests-per-minute", "1")
        assert send(gateway, key).status == 429
        ask(gateway, "limits", "set", "a", "--requests-per-minute", "unlimited")
        assert send(gateway, key).status == 200
        for arguments, code in [
            (("limits", "show", "nobody"), 1),
            (("limits", "set", "a", "--cost-monthly", "1e3"), 2),
            (("limits", "set", "a"), 2),
            (("limits", "set", "a", "--concurrency", "-1"), 2),
        ]:
            done = run(gateway, *arguments)
            assert (done.returncode, done.stdout) == (code, ""), f"{arguments}: {done}"
            assert done.stderr
