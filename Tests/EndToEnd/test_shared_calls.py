"""Identical deterministic requests at the same time: one provider call, and everybody gets all of it."""

from __future__ import annotations

import asyncio
import json
import pathlib
import time

import pytest

from Harness import wire
from Harness.faulty import FaultyProvider
from Harness.gateway import Gateway, base_config
from Harness.ledger import Books
from Harness.load import AsyncConnection
from Harness.operators import ask
from Harness.processes import wait_until
from Harness.provider import stream_body
from Harness.routes import explanation, faulty_provider, steps

CLIENTS = 50


def config(folder: pathlib.Path, provider: FaultyProvider, upstreams: int = 1, **changes) -> dict:
    options = {
        "workers": {"edge": 2, "upstream": upstreams},
        "providers": {"own": faulty_provider(provider.base_url)},
        "pricing": {"own:*": {"input": 1000, "output": 2000}},
    }
    return base_config(folder / "sluice-state", **(options | changes))


def body(model: str, **members) -> dict:
    return {"model": f"own:{model}", "temperature": 0, "messages": [{"role": "user", "content": "Same?"}]} | members


async def together(
    gateway: Gateway, bodies: list[dict], headers: list[dict] | None = None, gap: float = 0.0
) -> list[wire.Reply]:
    """All at once, each on a connection of its own."""

    async def one(number: int) -> wire.Reply:
        await asyncio.sleep(gap * number)
        connection = await AsyncConnection.open(gateway.address)
        connection.send(gateway.chat_bytes(bodies[number], (headers or [{}] * len(bodies))[number]))
        reply = await asyncio.wait_for(connection.reply(), 60)
        connection.close()
        assert reply is not None
        return reply

    return list(await asyncio.gather(*(one(number) for number in range(len(bodies)))))


def settled(gateway: Gateway, count: int) -> Books:
    wait_until(
        lambda: sum(row["rank"] == 3 for row in Books(gateway.state).requests.values()) >= count, 10, "all are settled"
    )
    return Books(gateway.state)


@pytest.mark.parametrize("upstreams", [1, 4])
def test_fifty_identical_streams(tmp_path: pathlib.Path, upstreams: int) -> None:
    with FaultyProvider() as provider:
        with Gateway(config(tmp_path, provider, upstreams), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            one = body("stream-30-20", stream=True)
            replies = asyncio.run(together(gateway, [one] * CLIENTS, gap=0.004))
            assert len(provider.calls) == 1, f"{len(provider.calls)} calls"
            expected = stream_body("stream-30-20", 30)
            for reply in replies:
                assert reply.status == 200 and reply.complete
                assert reply.body == expected, reply.body[:300]
                assert reply.header("x-sluice-provider") == "own"
            # Each has a record of its own, and one of them pays.
            records = {reply.header("x-sluice-record") for reply in replies}
            assert len(records) == CLIENTS
            books = settled(gateway, CLIENTS)
            assert len(books.attempts) == 1
            costs = sorted(books.requests[record]["cost"] for record in records)
            assert costs[:-1] == [0] * (CLIENTS - 1) and costs[-1] > 0, costs
            leader = next(iter(books.attempts))[:32]
            follower = next(record for record in records if record != leader)
            found = explanation(gateway, follower)
            assert found["attempts"] == [] and steps(found) == ["shared"], found
            row = books.requests[follower]
            assert (row["input"], row["output"], row["usage_source"]) == (7, 30, "provider"), row


def test_each_pays_where_that_is_wished(tmp_path: pathlib.Path) -> None:
    with FaultyProvider() as provider:
        with Gateway(config(tmp_path, provider, cache={"metering": "each"}), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            replies = asyncio.run(together(gateway, [body("stream-10-20", stream=True)] * 10))
            assert len(provider.calls) == 1
            books = settled(gateway, 10)
            costs = {books.requests[reply.header("x-sluice-record") or ""]["cost"] for reply in replies}
            # 7 tokens of input at 1 and 10 of output at 2 thousandths of a dollar.
            assert costs == {27_000_000}, costs


def test_whole_replies_and_embeddings(tmp_path: pathlib.Path) -> None:
    with FaultyProvider("slow-300") as provider:
        with Gateway(config(tmp_path, provider), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            replies = asyncio.run(together(gateway, [body("m")] * 20))
            assert len(provider.calls) == 1 and len({reply.body for reply in replies}) == 1
            assert {reply.status for reply in replies} == {200}


@pytest.mark.parametrize(
    "members",
    [
        {"temperature": 0.1},
        {"temperature": None},
        {"n": 2},
        {"messages": [{"role": "user", "content": "Another"}]},
        {"seed": 5},
        {"stream": False},
    ],
)
def test_what_differs_is_not_shared(tmp_path: pathlib.Path, members: dict) -> None:
    with FaultyProvider() as provider:
        with Gateway(config(tmp_path, provider), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            one = body("stream-10-30", stream=True)
            other = {name: value for name, value in (one | members).items() if value is not None}
            asyncio.run(together(gateway, [one, other]))
            assert len(provider.calls) == 2
            # Two of the other kind are two, too, unless they are deterministic themselves.
            if members.keys() & {"temperature", "n"}:
                asyncio.run(together(gateway, [other, other]))
                assert len(provider.calls) == 4


def test_projects_do_not_share(tmp_path: pathlib.Path) -> None:
    with FaultyProvider() as provider:
        with Gateway(config(tmp_path, provider), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            ask(gateway, "projects", "create", "--name", "other")
            key = ask(gateway, "keys", "create", "--name", "k", "--project", "other")["key"]
            headers = [{}, {"Authorization": f"Bearer {key}"}]
            asyncio.run(together(gateway, [body("stream-10-30", stream=True)] * 2, headers))
            assert len(provider.calls) == 2


def test_switched_off(tmp_path: pathlib.Path) -> None:
    with FaultyProvider() as provider:
        with Gateway(config(tmp_path, provider, cache={"single_flight": False}), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            asyncio.run(together(gateway, [body("stream-10-20", stream=True)] * 5))
            assert len(provider.calls) == 5


def test_who_comes_later_gets_it_from_the_start(tmp_path: pathlib.Path) -> None:
    with FaultyProvider() as provider:
        with Gateway(config(tmp_path, provider), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            replies = asyncio.run(together(gateway, [body("stream-40-40", stream=True)] * 8, gap=0.15))
            assert len(provider.calls) == 1
            assert {reply.body for reply in replies} == {stream_body("stream-40-40", 40)}


def test_the_first_one_leaves(tmp_path: pathlib.Path) -> None:
    """Its call goes on while others listen, and ends with the last of them."""
    with FaultyProvider() as provider:
        with Gateway(config(tmp_path, provider), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            one = body("stream-60-50", stream=True)
            first, second = gateway.connect(), gateway.connect()
            first.send(gateway.chat_bytes(one))
            first.wait_for_body(200)
            second.send(gateway.chat_bytes(one))
            second.wait_for_body(200)
            first.close()
            time.sleep(0.3)
            assert provider.calls[0].gone is None and len(provider.calls) == 1
            assert second.reply(30).body == stream_body("stream-60-50", 60)
            second.close()
            # Nobody listens any more: it is cancelled.
            two = body("stream-1000-50", stream=True)
            with gateway.connect() as third, gateway.connect() as fourth:
                for connection in (third, fourth):
                    connection.send(gateway.chat_bytes(two))
                    connection.wait_for_body(200)
            wait_until(lambda: provider.calls[-1].gone, 3, "the call is cancelled")
            assert len(provider.calls) == 2


def test_a_slow_reader_holds_nobody_up(tmp_path: pathlib.Path) -> None:
    with FaultyProvider() as provider:
        with Gateway(config(tmp_path, provider), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            one = body("stream-300-1-3000", stream=True)
            with gateway.connect(receive_buffer=4096) as slow:
                slow.send(gateway.chat_bytes(one))
                slow.wait_for_body(1000)
                began = time.monotonic()
                replies = asyncio.run(together(gateway, [one] * 5))
                assert time.monotonic() - began < 15
                assert {reply.body for reply in replies} == {stream_body("stream-300-1-3000", 300, 3000)}
                assert slow.reply(60).body == stream_body("stream-300-1-3000", 300, 3000)
            assert len(provider.calls) == 1


def test_a_failure_is_everybodys(tmp_path: pathlib.Path) -> None:
    """One call after the other inside the one flight; then all get the same error."""
    with FaultyProvider(lambda *_: "hang") as provider:
        timeouts = {"connect": "1s", "first_token": "700ms", "idle": "1s", "total": "3s"}
        options = config(
            tmp_path,
            provider,
            providers={"own": faulty_provider(provider.base_url, timeouts=timeouts)},
            models={"m": {"targets": ["own:x"], "retries": 1, "retry_delay": "10ms"}},
        )
        with Gateway(options, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            one = body("x", stream=True) | {"model": "m"}
            replies = asyncio.run(together(gateway, [one] * 10))
            assert {(reply.status, reply.error["code"]) for reply in replies} == {(504, "provider_timeout")}
            assert len(provider.calls) == 2
            books = settled(gateway, 10)
            assert len(books.attempts) == 2


def test_a_stream_cut_short_is_cut_for_all(tmp_path: pathlib.Path) -> None:
    with FaultyProvider(lambda *_: "stall-900") as provider:
        with Gateway(config(tmp_path, provider), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            replies = asyncio.run(together(gateway, [body("m", stream=True)] * 10))
            assert len(provider.calls) == 1
            for reply in replies:
                assert not reply.complete and b"[DONE]" not in reply.body
                assert json.loads(reply.events()[-1])["error"]["code"] == "provider_timeout"
