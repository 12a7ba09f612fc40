"""A provider that refuses, hangs, breaks off or talks nonsense: what the client sees, exactly."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable

import pytest

from Harness import wire
from Harness.gateway import Gateway
from Harness.processes import wait_until
from Harness.provider import OwnProvider, completion, stream_body, stream_events


def outcome(gateway: Gateway, model: str, *, stream: bool, timeout: float = 15) -> tuple[wire.Reply, wire.Connection]:
    connection = gateway.connect(timeout)
    connection.send(gateway.chat_bytes({"model": model, "stream": stream, "messages": []}))
    return connection.reply(timeout), connection


def assert_json_error(reply: wire.Reply, status: int, *codes: str) -> None:
    assert reply.complete
    assert reply.status == status, reply
    assert reply.error["code"] in codes, reply.error


def assert_broken_stream(reply: wire.Reply, connection: wire.Connection, sent: bytes, code: str) -> None:
    """Of what the provider sent at least every whole event passed; then came one SSE error event; then the end, without
    the last chunk and without [DONE]."""
    assert reply.status == 200 and reply.framing == "chunked"
    assert not reply.complete, "the reply ends cleanly although it was cut"
    assert b"[DONE]" not in reply.body
    assert reply.body.count(b'data: {"error"') == 1, reply.body[-500:]
    passed, _, rest = reply.body.partition(b'data: {"error"')
    assert rest.endswith(b"\n\n") and rest.count(b"\n\n") == 1, rest
    error = json.loads(b'{"error"' + rest)["error"]
    assert error["code"] == code and error["message"], error
    assert passed.endswith(b"\n\n"), "the error event sticks to a torn one"
    assert passed.startswith(sent[: sent.rindex(b"\n\n") + 2]), "a whole event was lost"
    assert sent.startswith(passed) or sent.startswith(passed.rstrip(b"\n")), "something else came through"
    assert connection.closed_within(5)
    connection.close()


@pytest.mark.parametrize("stream", [False, True])
def test_refused(gateway: Gateway, stream: bool) -> None:
    reply, _ = outcome(gateway, "unreachable", stream=stream)
    assert_json_error(reply, 502, "provider_unreachable")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["reset", "close"])
def test_reset_before_headers(gateway: Gateway, model: str, stream: bool) -> None:
    reply, connection = outcome(gateway, f"own:{model}", stream=stream)
    assert_json_error(reply, 502, "provider_connection_reset")
    # The client's connection stays good.
    connection.send(gateway.chat_bytes({"model": "own:chat"}))
    assert connection.reply().status == 200


# The providers of `impatient`: first token and idle 1 s, total 4 s.


@pytest.mark.parametrize("model", ["hang", "head-stall"])
def test_a_stream_without_content(impatient: Gateway, model: str) -> None:
    began = time.monotonic()
    reply, _ = outcome(impatient, f"own:{model}", stream=True)
    assert_json_error(reply, 504, "provider_timeout")
    assert 0.9 < time.monotonic() - began < 3


@pytest.mark.parametrize("model", ["hang", "head-stall"])
def test_a_unary_reply_that_never_comes(impatient: Gateway, model: str) -> None:
    began = time.monotonic()
    reply, _ = outcome(impatient, f"own:{model}", stream=False)
    assert_json_error(reply, 504, "provider_timeout")
    assert 3.8 < time.monotonic() - began < 7


@pytest.mark.parametrize("model", ["late-2500", "latebody-2500"])
def test_a_unary_reply_may_take_its_time(impatient: Gateway, model: str) -> None:
    # Models that think answer after minutes: neither the first token's deadline nor silence before the reply counts.
    reply, _ = outcome(impatient, f"own:{model}", stream=False)
    assert reply.status == 200 and reply.complete
    assert reply.body == completion(model, "Late.")


@pytest.mark.parametrize("model", ["late-2500", "latebody-2500"])
def test_a_stream_may_not(impatient: Gateway, model: str) -> None:
    reply, _ = outcome(impatient, f"own:{model}", stream=True)
    assert_json_error(reply, 504, "provider_timeout")


def test_a_unary_reply_that_stops(impatient: Gateway) -> None:
    began = time.monotonic()
    reply, _ = outcome(impatient, "own:halt-500", stream=False)
    assert_json_error(reply, 504, "provider_timeout")
    assert 0.9 < time.monotonic() - began < 3


@pytest.mark.parametrize("stream", [False, True])
def test_no_http_at_all(gateway: Gateway, stream: bool) -> None:
    reply, _ = outcome(gateway, "own:garbage", stream=stream)
    assert_json_error(reply, 502, "provider_invalid_response")


@pytest.mark.parametrize("stream", [False, True])
def test_no_json(gateway: Gateway, stream: bool) -> None:
    reply, _ = outcome(gateway, "own:notjson", stream=stream)
    assert_json_error(reply, 502, "provider_invalid_response")


@pytest.mark.parametrize("kind", ["cut", "end"])
@pytest.mark.parametrize("count", [250, 400, 777, 1000, 1500])
def test_cut_in_mid_stream(gateway: Gateway, kind: str, count: int) -> None:
    reply, connection = outcome(gateway, f"own:{kind}-{count}", stream=True)
    sent = stream_body(f"{kind}-{count}", 10)[:count]
    assert len(sent) == count and b"\n\n" in sent
    assert_broken_stream(reply, connection, sent, "provider_connection_reset")


@pytest.mark.parametrize("kind", ["cut", "end"])
def test_cut_before_the_first_event(gateway: Gateway, kind: str) -> None:
    for count in (0, 1, 20):
        reply, _ = outcome(gateway, f"own:{kind}-{count}", stream=True)
        assert_json_error(reply, 502, "provider_connection_reset")


@pytest.mark.parametrize("count", [400, 1000])
def test_stall_in_mid_stream(impatient: Gateway, count: int) -> None:
    began = time.monotonic()
    reply, connection = outcome(impatient, f"own:stall-{count}", stream=True)
    assert 0.8 < time.monotonic() - began < 4
    sent = stream_body(f"stall-{count}", 10)[:count]
    assert_broken_stream(reply, connection, sent, "provider_timeout")


def test_the_total_deadline(impatient: Gateway) -> None:
    began = time.monotonic()
    reply, connection = outcome(impatient, "own:stream-300-100", stream=True)  # never idle, but 30 s long
    assert 3 < time.monotonic() - began < 8
    events = reply.body.count(b"\n\n") - 1
    assert events > 10
    sent = b"".join(stream_events("stream-300-100", 300, 0, False)[:events])
    assert_broken_stream(reply, connection, sent, "provider_timeout")


def test_a_slow_unary_reply_is_bounded_by_the_total(impatient: Gateway) -> None:
    reply, _ = outcome(impatient, "own:drip-1000-50", stream=False)  # 50 s of dripping
    assert_json_error(reply, 504, "provider_timeout")


def test_a_slow_unary_reply_within_the_deadline(impatient: Gateway) -> None:
    reply, _ = outcome(impatient, "own:drip-450-2", stream=False)
    assert reply.status == 200 and reply.complete and len(reply.body) == 450


def test_a_unary_reply_cut_before_anything_went_out(gateway: Gateway) -> None:
    reply, _ = outcome(gateway, "own:short-500", stream=False)
    assert_json_error(reply, 502, "provider_connection_reset", "provider_invalid_response")


def test_a_unary_reply_cut_after_it_began(gateway: Gateway) -> None:
    # 256 KiB are there, so the head has gone out; then the provider resets.
    reply, connection = outcome(gateway, "own:short-600000", stream=False)
    assert reply.status == 200
    assert not reply.complete, "a cut reply must not end cleanly"
    assert 262_144 <= len(reply.body) <= 600_000
    assert connection.closed_within(5)
    connection.close()


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("stream", [False, True])
def test_the_providers_401_is_the_gateways_fault(
    gateway: Gateway, spare: Callable[[str], str], status: int, stream: bool
) -> None:
    reply, _ = outcome(gateway, spare(f"status-{status}"), stream=stream)
    assert_json_error(reply, 502, "provider_authentication")
    assert "provider says" not in reply.body.decode(), "the provider's words on our key are not the client's business"


def call(provider: OwnProvider, model: str):
    return wait_until(lambda: provider.requests(model), 5, f"the provider is called for {model}")[0]


@pytest.mark.parametrize("model", ["hang", "head-stall", "stream-1000-50", "drip-2000-50"])
@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_client_that_leaves_cancels_the_call(
    gateway: Gateway, provider: OwnProvider, model: str, ending: str
) -> None:
    with gateway.connect() as connection:
        connection.send(gateway.chat_bytes({"model": f"own:{model}", "stream": "drip" not in model}))
        seen = call(provider, model)
        if model.startswith("stream"):
            connection.wait_for_body(100)
        if ending == "reset":
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        left = time.monotonic()
        connection.close()
    wait_until(lambda: seen.gone, 3, "the provider's connection is closed")
    assert seen.gone - left <= 1.0, f"cancelled only after {seen.gone - left:.2f} s"


def test_many_clients_that_leave(gateway: Gateway, provider: OwnProvider) -> None:
    connections = [gateway.connect() for _ in range(40)]
    for connection in connections:
        connection.send(gateway.chat_bytes({"model": "own:stream-1000-50", "stream": True}))
    wait_until(lambda: len(provider.requests("stream-1000-50")) == 40, 10, "40 calls")
    for connection in connections:
        connection.close()
    left = time.monotonic()
    wait_until(lambda: all(seen.gone for seen in provider.requests("stream-1000-50")), 5, "40 calls cancelled")
    assert max(seen.gone for seen in provider.requests("stream-1000-50")) - left <= 1.0
    assert gateway.chat("own:chat").status == 200


def test_a_client_that_does_not_read_holds_the_provider_back(gateway: Gateway, provider: OwnProvider) -> None:
    total = 40_000_000
    with gateway.connect(receive_buffer=4096) as connection:
        connection.send(gateway.chat_bytes({"model": f"own:stream-{total // 10_000}-0-9800", "stream": True}))
        seen = call(provider, f"stream-{total // 10_000}-0-9800")
        connection.wait_for_body(1000)
        # Another request is served meanwhile, on the same link.
        for _ in range(20):
            assert gateway.chat("own:chat", timeout=5).status == 200
        assert seen.finished is None, "40 MB went somewhere although nobody reads"
