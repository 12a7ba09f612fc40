"""What replies say of where they come from and what they cost: `telemetry.extension` headers, body and off."""

from __future__ import annotations

import asyncio
import json
import pathlib
import signal
from decimal import Decimal

import anthropic
import httpx
import openai
import pytest

from Harness import wire
from Harness.certificates import Authority
from Harness.faulty import FaultyProvider
from Harness.gateway import CLIENT_KEY, Gateway, base_config
from Harness.http2 import HTTP2Connection
from Harness.ledger import Books
from Harness.load import AsyncConnection
from Harness.processes import wait_until
from Harness.provider import completion, stream_body
from Harness.routes import explanation, faulty_provider

MODES = ["headers", "body", "off"]
NAMES = ["x-sluice-provider", "x-sluice-model", "x-sluice-attempts", "x-sluice-latency-ms", "x-sluice-cache"]
COST = "x-sluice-cost-usd"
MEMBERS = {"provider", "model", "latency_ms", "cost_usd", "cache", "attempts"}
MESSAGES = [{"role": "user", "content": "Say hello."}]
UNARY = 7 * 1000 + 5 * 2000  # nano-USD of what the provider says of a whole reply


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def provider():
    with FaultyProvider(lambda seen, _: "status-500" if seen.header("authorization") == "Bearer sk-bad" else None) as own:
        yield own


def config(folder: pathlib.Path, provider: FaultyProvider, authority: Authority, mode: str | None) -> dict:
    names = ("own", "bad", "unpriced")
    providers = {name: faulty_provider(provider.base_url, breaker=False) for name in names}
    providers["bad"] |= {"api_key": "sk-bad"}
    return base_config(
        folder / "sluice-state",
        listen=[
            {"address": "127.0.0.1:0"},
            {"address": "127.0.0.1:0", "tls": authority.write(folder, "127.0.0.1")},
        ],
        providers=providers | {"simulated": {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000}},
        pricing={f"{name}:*": {"input": 1, "output": 2} for name in ("own", "bad", "simulated")},
        models={
            "failing-over": {"targets": ["bad:chat", "own:chat"], "retries": 1, "retry_delay": "1ms"},
            "broken": {"targets": ["bad:chat"], "retries": 0},
        },
        default_provider="own",
        http={"cors": {"origins": ["https://app.example"]}},
        telemetry=None if mode is None else {"extension": mode},
    )


@pytest.fixture(scope="module", params=MODES)
def gateway(request, provider: FaultyProvider, authority: Authority, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp(f"extension-{request.param}")
    # What nothing is said of is `headers`.
    mode = None if request.param == "headers" else request.param
    with Gateway(config(folder, provider, authority, mode), folder=folder) as running:
        running.wait_for_tree()
        running.mode = request.param
        yield running


def cost_of(gateway: Gateway, record: str | None) -> int | None:
    """Nano-USD, as the record of the request has it."""
    assert record is not None

    def row() -> dict | None:
        found = Books(gateway.state).requests.get(record)
        return found if found is not None and found["rank"] == 3 else None

    wait_until(lambda: row() is not None, 15, f"{record} is settled")
    return row()["cost"]


def nano(text: str | int | float | Decimal) -> int:
    value = Decimal(str(text)) * 10**9
    assert value == int(value)
    return int(value)


def parsed(body: bytes) -> dict:
    return json.loads(body, parse_float=Decimal)


def check_headers(gateway: Gateway, reply, cost: int | None, **expected: str) -> None:
    header = reply.header if hasattr(reply, "header") else reply.headers.get
    if gateway.mode == "off":
        assert [name for name in [*NAMES, COST, "x-sluice-tier"] if header(name) is not None] == []
    else:
        assert [name for name in NAMES if header(name) is None] == []
        assert header("x-sluice-cache") == expected.get("cache", "none")
        assert header("x-sluice-provider") == expected.get("provider", "own")
        assert header("x-sluice-attempts") == expected.get("attempts", "1")
        assert 0 < float(header("x-sluice-latency-ms")) < 60_000
        told = header(COST)
        assert (told is None) == (cost is None), (told, cost)
        if told is not None:
            assert nano(told) == cost
    assert header("x-sluice-record") and header("x-request-id")


def check_member(gateway: Gateway, member: dict | None, cost: int | None, **expected) -> None:
    if gateway.mode != "body":
        assert member is None
        return
    assert member is not None and set(member) == MEMBERS, member
    assert member["provider"] == expected.get("provider", "own") and member["attempts"] == expected.get("attempts", 1)
    assert member["cache"] == expected.get("cache", "none")
    assert 0 < member["latency_ms"] < 60_000
    assert (None if member["cost_usd"] is None else nano(member["cost_usd"])) == cost


# Whole replies


@pytest.mark.parametrize(("model", "cost"), [("own:chat", UNARY), ("unpriced:chat", None)])
def test_a_whole_reply(gateway: Gateway, model: str, cost: int | None) -> None:
    reply = gateway.chat(model)
    assert reply.status == 200
    name = model.partition(":")[0]
    check_headers(gateway, reply, cost, provider=name)
    value = parsed(reply.body)
    check_member(gateway, value.pop("x_sluice", None), cost, provider=name)
    original = completion("chat", value["choices"][0]["message"]["content"])
    if gateway.mode == "body":
        assert reply.body.startswith(original.rstrip()[:-1].rstrip()) and value == json.loads(original)
    else:
        assert reply.body == original
    assert int(reply.header("content-length")) == len(reply.body)
    assert cost_of(gateway, reply.header("x-sluice-record")) == cost


def test_large_replies(gateway: Gateway) -> None:
    # 200 KB are whole in the gateway before they go on, and cost what the head says; 2 MB are not.
    for size, told in [(200_000, True), (2_000_000, False)]:
        reply = gateway.chat(f"own:huge-{size}")
        cost = cost_of(gateway, reply.header("x-sluice-record"))
        assert cost is not None
        check_headers(gateway, reply, cost if told else None)
        value = parsed(reply.body)
        check_member(gateway, value.pop("x_sluice", None), cost)
        assert len(value["choices"][0]["message"]["content"]) >= size - 1000


def test_the_answer_of_a_shared_call(gateway: Gateway) -> None:
    body = {"model": "own:slow-400", "temperature": 0, "messages": MESSAGES, "seed": 1}

    async def one() -> wire.Reply:
        connection = await AsyncConnection.open(gateway.address)
        connection.send(gateway.chat_bytes(body))
        reply = await asyncio.wait_for(connection.reply(), 60)
        connection.close()
        assert reply is not None
        return reply

    async def all_of_them() -> list[wire.Reply]:
        return list(await asyncio.gather(*(one() for _ in range(5))))

    replies = asyncio.run(all_of_them())
    costs = {reply.header("x-sluice-record"): cost_of(gateway, reply.header("x-sluice-record")) for reply in replies}
    assert sorted(costs.values()) == [0, 0, 0, 0, UNARY]
    for reply in replies:
        cost = costs[reply.header("x-sluice-record")]
        cache = "none" if cost else "shared"
        check_headers(gateway, reply, cost, cache=cache)
        check_member(gateway, parsed(reply.body).get("x_sluice"), cost, cache=cache)


def test_after_a_failover(gateway: Gateway) -> None:
    reply = gateway.chat("failing-over")
    assert reply.status == 200
    cost = cost_of(gateway, reply.header("x-sluice-record"))
    assert cost == UNARY
    check_headers(gateway, reply, cost, attempts="2")
    check_member(gateway, parsed(reply.body).get("x_sluice"), cost, attempts=2)


def test_errors(gateway: Gateway) -> None:
    refused = gateway.chat("own:status-400")
    assert refused.status == 400 and "x_sluice" not in refused.json()
    check_headers(gateway, refused, 0)
    assert cost_of(gateway, refused.header("x-sluice-record")) == 0
    broken = gateway.chat("broken")
    assert broken.status >= 500 and "x_sluice" not in broken.json()
    check_headers(gateway, broken, 0, provider="bad")
    # Where nobody was called nothing is said.
    early = gateway.request("POST", "/v1/chat/completions", b"{")
    assert early.status == 400 and [name for name in [*NAMES, COST] if early.header(name)] == []


def test_embeddings_and_anthropics_door(gateway: Gateway) -> None:
    embedded = gateway.request("POST", "/v1/embeddings", {"model": "simulated:e", "input": "Hello"})
    cost = cost_of(gateway, embedded.header("x-sluice-record"))
    assert embedded.status == 200 and cost is not None
    check_headers(gateway, embedded, cost, provider="simulated")
    check_member(gateway, parsed(embedded.body).get("x_sluice"), cost, provider="simulated")
    body = {"model": "own:chat", "max_tokens": 10, "messages": MESSAGES}
    message = gateway.request("POST", "/v1/messages", body)
    assert message.status == 200, message.body
    check_headers(gateway, message, UNARY)
    check_member(gateway, parsed(message.body).get("x_sluice"), UNARY)


def test_browsers_may_read_them(gateway: Gateway) -> None:
    exposed = gateway.chat("own:chat", headers={"Origin": "https://app.example"}).header("access-control-expose-headers")
    assert exposed is not None and {*NAMES, COST} <= set(exposed.split(", "))


# Streams


@pytest.mark.parametrize("usage", [False, True])
@pytest.mark.parametrize(("model", "priced"), [("own:stream-3-1", True), ("unpriced:stream-3-1", False)])
def test_a_stream(gateway: Gateway, usage: bool, model: str, priced: bool) -> None:
    members = {"stream_options": {"include_usage": True}} if usage else {}
    reply = gateway.chat(model, stream=True, **members)
    assert reply.status == 200 and reply.complete
    name = model.partition(":")[0]
    # In the head nobody knows what a stream will have cost.
    check_headers(gateway, reply, None, provider=name)
    cost = cost_of(gateway, reply.header("x-sluice-record"))
    assert cost == (7 * 1000 + 3 * 2000 if priced else None)
    original = wire.sse_data(stream_body("stream-3-1", 3, usage=usage))
    events = reply.events()
    if gateway.mode != "body":
        assert reply.body == stream_body("stream-3-1", 3, usage=usage)
        return
    assert len(events) == len(original) and events[-1] == b"[DONE]" and events[:-2] == original[:-2]
    last = parsed(events[-2])
    check_member(gateway, last.pop("x_sluice"), cost, provider=name)
    assert last == json.loads(original[-2])


def test_streams_at_the_other_doors(gateway: Gateway) -> None:
    legacy = gateway.request(
        "POST", "/v1/completions", {"model": "simulated:c", "prompt": "Hello", "stream": True, "max_tokens": 5}
    )
    assert legacy.status == 200 and legacy.events()[-1] == b"[DONE]", legacy.body
    cost = cost_of(gateway, legacy.header("x-sluice-record"))
    members = [parsed(event).get("x_sluice") for event in legacy.events()[:-1]]
    assert members[:-1] == [None] * (len(members) - 1)
    check_member(gateway, members[-1], cost, provider="simulated")
    body = {"model": "own:stream-3-1", "max_tokens": 10, "messages": MESSAGES, "stream": True}
    message = gateway.request("POST", "/v1/messages", body)
    events = [parsed(event) for event in message.events()]
    cost = cost_of(gateway, message.header("x-sluice-record"))
    assert message.complete and events[-1]["type"] == "message_stop" and cost
    check_member(gateway, events[-1].get("x_sluice"), cost)
    assert all("x_sluice" not in event for event in events[:-1])


def test_a_stream_that_breaks_says_nothing(gateway: Gateway) -> None:
    reply = gateway.chat("own:cut-600", stream=True)
    assert b"x_sluice" not in reply.body and b"[DONE]" not in reply.body and b'"error"' in reply.body


# Clients


def test_openais_client(gateway: Gateway) -> None:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0, timeout=20) as client:
        reply = client.chat.completions.create(model="own:chat", messages=MESSAGES)
        check_member(gateway, (reply.model_extra or {}).get("x_sluice"), UNARY)
        chunks = list(client.chat.completions.create(model="own:stream-4-1", messages=MESSAGES, stream=True))
        # Who takes the first choice of each chunk, as many do, finds one.
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == " w0 w1 w2 w3"
        check_member(gateway, (chunks[-1].model_extra or {}).get("x_sluice"), 15_000)
        with client.chat.completions.stream(
            model="own:stream-4-1", messages=MESSAGES, stream_options={"include_usage": True}
        ) as stream:
            for _ in stream:
                pass
            whole = stream.get_final_completion()
        assert whole.usage is not None and whole.usage.completion_tokens == 4
        assert whole.choices[0].message.content == " w0 w1 w2 w3"
        embedded = client.embeddings.create(model="simulated:e", input="Hello")
        assert ((embedded.model_extra or {}).get("x_sluice") is not None) == (gateway.mode == "body")


def test_anthropics_client(gateway: Gateway) -> None:
    with anthropic.Anthropic(base_url=gateway.url, api_key=gateway.key, max_retries=0, timeout=20) as client:
        reply = client.messages.create(model="own:chat", max_tokens=10, messages=MESSAGES)
        check_member(gateway, (reply.model_extra or {}).get("x_sluice"), UNARY)
        events = list(client.messages.create(model="own:stream-3-1", max_tokens=10, messages=MESSAGES, stream=True))
        assert events[-1].type == "message_stop"
        check_member(gateway, (events[-1].model_extra or {}).get("x_sluice"), 13_000)
        with client.messages.stream(model="own:stream-3-1", max_tokens=10, messages=MESSAGES) as stream:
            assert "".join(stream.text_stream) == " w0 w1 w2"
            assert stream.get_final_message().usage.output_tokens == 3


# HTTP/2


def test_over_http2(gateway: Gateway, authority: Authority) -> None:
    address = gateway.addresses[1]
    with HTTP2Connection(address, authority.context("h2")) as connection:
        whole = connection.reply(connection.chat(CLIENT_KEY, "own:chat"))
        assert whole.status == 200 and whole.ended
        check_headers(gateway, whole, UNARY)
        check_member(gateway, parsed(whole.body).get("x_sluice"), UNARY)
        assert int(whole.headers["content-length"]) == len(whole.body)
        streamed = connection.reply(connection.chat(CLIENT_KEY, "own:stream-3-1", stream=True))
        assert streamed.ended
        check_headers(gateway, streamed, None)
        events = wire.sse_data(streamed.body)
        assert events[-1] == b"[DONE]"
        check_member(gateway, parsed(events[-2]).get("x_sluice"), 13_000)
        large = connection.reply(connection.chat(CLIENT_KEY, "own:huge-2000000"))
        assert large.ended and (parsed(large.body).get("x_sluice") is not None) == (gateway.mode == "body")
    with httpx.Client(verify=authority.context(), http2=True, timeout=30) as client:
        reply = client.post(
            f"https://127.0.0.1:{address[1]}/v1/chat/completions",
            json={"model": "own:chat", "messages": MESSAGES},
            headers={"Authorization": f"Bearer {CLIENT_KEY}"},
        )
        assert reply.http_version == "HTTP/2" and reply.status_code == 200
        check_headers(gateway, reply, UNARY)


# Operators


def test_the_record_says_the_same(gateway: Gateway) -> None:
    reply = gateway.chat("own:chat")
    record = reply.header("x-sluice-record")
    explained = explanation(gateway, record)["request"]
    assert nano(explained["cost_usd"]) == UNARY
    if gateway.mode != "off":
        # To the letter, where it is text.
        assert reply.header(COST) == str(explained["cost_usd"]) or not isinstance(explained["cost_usd"], str)
        assert reply.header("x-sluice-provider") == explained["provider"]


def test_a_reload_changes_it(provider: FaultyProvider, authority: Authority, tmp_path: pathlib.Path) -> None:
    with Gateway(config(tmp_path, provider, authority, "headers"), folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        for mode in ["body", "off", "headers"]:
            gateway.config["telemetry"] = {"extension": mode}
            (gateway.folder / "sluice.yaml").write_text(json.dumps(gateway.config))
            gateway.send_signal(signal.SIGHUP)
            count = MODES.index(mode) or len(MODES)
            wait_until(
                lambda: sum(
                    line["role"] == "supervisor" and line.get("message") == "configuration in force"
                    for line in gateway.log()
                )
                >= count,
                15,
                lambda: f"{mode} is in force: {gateway.log_text()[-2000:]}",
            )
            gateway.mode = mode
            reply = gateway.chat("own:chat")
            check_headers(gateway, reply, UNARY)
            check_member(gateway, parsed(reply.body).get("x_sluice"), UNARY)
