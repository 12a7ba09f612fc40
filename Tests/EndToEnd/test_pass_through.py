"""Bytes: what the provider gets is what the client sent but for what is documented, and the reply likewise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest

from Harness.gateway import CLIENT_KEY, PROVIDER_KEY, Gateway
from Harness.provider import OwnProvider, completion, error_body, stream_body, stream_events

# Formatting that a re-encoding would change: odd spaces, escapes, number forms, member order, non-ASCII bytes.
ODD = (
    b'{ "temperature" : 1.0e0,\n\t"model":"%s" , "messages":[{"role":"user","content":"\\u00e5 \xc3\xa5 \\/ \\ud83e\\udd80"}],'
    b'"seed":12345678901234567890, "stop":[ ], "x_unknown":{"model":"inner","stream":true,"a":1,"a":2}%s }\r\n'
)


def send(gateway: Gateway, body: bytes, headers: dict | None = None):
    with gateway.connect() as connection:
        connection.send(gateway.chat_bytes(body, headers))
        return connection.reply()


def test_a_body_passes_byte_for_byte(gateway: Gateway, provider: OwnProvider) -> None:
    body = ODD % (b"chat", b"")
    assert send(gateway, body).status == 200
    assert [seen.body for seen in provider.log] == [body]


@pytest.mark.parametrize(("asked", "sent"), [(b"renamed", b"chat"), (b"own:chat", b"chat")])
def test_only_the_model_is_renamed(gateway: Gateway, provider: OwnProvider, asked: bytes, sent: bytes) -> None:
    assert send(gateway, ODD % (asked, b"")).status == 200
    assert [seen.body for seen in provider.log] == [ODD % (sent, b"")]


def test_the_last_member_may_be_the_model(gateway: Gateway, provider: OwnProvider) -> None:
    assert send(gateway, b'{"messages":[],"model":"renamed"}').status == 200
    assert provider.log[0].body == b'{"messages":[],"model":"chat"}'


def test_usage_is_asked_for_when_the_client_does_not(gateway: Gateway, provider: OwnProvider) -> None:
    body = ODD % (b"stream-4-0", b', "stream" : true')
    reply = send(gateway, body)
    assert reply.body == stream_body("stream-4-0", 4), "the usage chunk was not taken out again, or more than it was"
    got = provider.log[0].body
    assert json.loads(got)["stream_options"] == {"include_usage": True}
    # Nothing else changed: without the one insertion the bytes are the client's.
    rest = re.sub(rb',?\s*"stream_options"\s*:\s*\{\s*"include_usage"\s*:\s*true\s*\}\s*,?', b"", got, count=1)
    assert rest.replace(b",", b"") == body.replace(b",", b"")


def test_usage_stays_when_the_client_asks(gateway: Gateway, provider: OwnProvider) -> None:
    body = ODD % (b"stream-4-0", b', "stream":true, "stream_options": {"include_usage" : true, "x": 1}')
    assert send(gateway, body).body == stream_body("stream-4-0", 4, usage=True)
    assert provider.log[0].body == body


@pytest.mark.parametrize("options", [b"null", b"{}", b'{"include_usage":false}', b'{"include_obfuscation":false}'])
def test_usage_is_asked_for_within_other_options(gateway: Gateway, provider: OwnProvider, options: bytes) -> None:
    reply = send(gateway, b'{"model":"stream-4-0","stream":true,"stream_options":%s}' % options)
    assert reply.body == stream_body("stream-4-0", 4)
    sent = json.loads(provider.log[0].body)["stream_options"]
    assert sent == (json.loads(options) or {}) | {"include_usage": True}


def test_unary_bodies_get_no_stream_options(gateway: Gateway, provider: OwnProvider) -> None:
    for stream in (b"", b', "stream":false', b', "stream":null'):
        provider.clear()
        body = ODD % (b"chat", stream)
        assert send(gateway, body).status == 200
        assert provider.log[0].body == body


def test_a_reply_passes_byte_for_byte(gateway: Gateway, provider: OwnProvider) -> None:
    reply = gateway.chat("own:chat")
    assert reply.body == completion("chat", "Hello from the provider.")
    assert reply.header("content-type") == "application/json"


@pytest.mark.parametrize("pad", [0, 1_000, 70_000])
def test_a_stream_passes_byte_for_byte(gateway: Gateway, pad: int) -> None:
    reply = gateway.chat(f"own:stream-20-0-{pad}", stream=True, timeout=60)
    assert reply.complete and reply.framing == "chunked"
    assert reply.header("content-type") == "text/event-stream"
    assert reply.body == stream_body(f"stream-20-0-{pad}", 20, pad)


@pytest.mark.parametrize("size", [100_000, 300_000, 5_000_000])
def test_a_large_unary_reply(gateway: Gateway, size: int) -> None:
    reply = gateway.chat(f"own:huge-{size}", timeout=60)
    assert reply.complete
    assert reply.body == completion(f"huge-{size}", "x" * size)


@pytest.mark.parametrize("size", [32_600, 32_768, 40_000, 65_535, 65_536, 65_537, 131_072, 1_000_000, 20_000_000])
def test_a_large_request(gateway: Gateway, provider: OwnProvider, size: int) -> None:
    body = b'{"model":"chat","messages":[{"role":"user","content":"' + b"y" * size + b'"}]}'
    assert send(gateway, body).status == 200
    assert provider.log[0].body == body


def test_a_large_request_is_edited(gateway: Gateway, provider: OwnProvider) -> None:
    body = ODD % (b"renamed", b',"user":"' + b"z" * 300_000 + b'"')
    assert send(gateway, body).status == 200
    assert provider.log[0].body == body.replace(b'"renamed"', b'"chat"')


def test_more_large_requests_at_once_than_memory_is_shared(gateway: Gateway, provider: OwnProvider) -> None:
    # The streams last, and so do their bodies: what finds no room any more goes another way.
    size, count = 6_000_000, 24
    bodies = {
        bytes([97 + index]): b'{"model":"stream-20-100","stream":true,"stream_options":{"include_usage":true},"user":"'
        + bytes([97 + index]) * (size + index)
        + b'"}'
        for index in range(count)
    }
    connections = [gateway.connect(120) for _ in range(count)]
    try:
        for connection, body in zip(connections, bodies.values(), strict=True):
            connection.send(gateway.chat_bytes(body))
        for connection in connections:
            assert connection.reply().body == stream_body("stream-20-100", 20, usage=True)
    finally:
        for connection in connections:
            connection.close()
    assert len(provider.log) == count
    for seen in provider.log:
        assert seen.body == bodies[seen.body[-3:-2]]


def chunked(body: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def test_a_chunked_request(gateway: Gateway, provider: OwnProvider) -> None:
    body = ODD % (b"chat", b"")
    with gateway.connect() as connection:
        connection.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/json\r\nAuthorization: Bearer " + gateway.key.encode() + b"\r\n\r\n"
        )
        for piece in chunked(body, 17):
            connection.send(piece)
        assert connection.reply().status == 200
    assert provider.log[0].body == body


def test_a_slow_stream_is_not_held_back(gateway: Gateway) -> None:
    with gateway.connect() as connection:
        connection.send(gateway.chat_bytes({"model": "own:stream-200-50", "stream": True}))
        first = stream_events("stream-200-50", 1, 0, False)[0]
        body = connection.wait_for_body(len(first) // 2, timeout=5)
        assert body, "10 s of stream: the first event must not wait for the end"
        assert not connection.ready


@pytest.mark.parametrize("target", ["/v1/chat/completions", "/chat/completions", "/api/v1/chat/completions"])
def test_the_three_paths(gateway: Gateway, provider: OwnProvider, target: str) -> None:
    assert gateway.request("POST", target, {"model": "own:chat", "messages": []}).status == 200
    assert provider.log[0].target == "/v1/chat/completions"


def test_headers_to_the_provider(gateway: Gateway, provider: OwnProvider) -> None:
    secret = "client-header-canary"
    headers = {
        "Cookie": secret,
        "X-Anything": secret,
        "Accept-Encoding": "gzip, br",
        "User-Agent": secret,
        "X-Forwarded-For": secret,
        "OpenAI-Organization": secret,
        "X-Request-Id": secret,
        "Connection": "X-Anything",
    }
    assert gateway.chat("own:chat", headers=headers).status == 200
    seen = provider.log[0]
    names = [name.lower() for name, _ in seen.headers]
    assert len(names) == len(set(names)), f"a header is sent twice: {seen.headers}"
    allowed = {
        "host",
        "content-type",
        "content-length",
        "accept",
        "authorization",
        "accept-encoding",
        "user-agent",
        "x-client-request-id",
        "x-configured",
        "connection",
    }
    assert set(names) <= allowed, set(names) - allowed
    assert seen.header("authorization") == f"Bearer {PROVIDER_KEY}"
    assert seen.header("accept-encoding") == "identity"
    assert seen.header("content-type") == "application/json"
    assert seen.header("x-configured") == "yes"
    assert re.fullmatch(r"sluice/\d+\.\d+\.\d+\S*", seen.header("user-agent") or "")
    assert secret not in str(seen.headers) and CLIENT_KEY not in str(seen.headers)


def test_the_call_is_named_by_the_record(gateway: Gateway, provider: OwnProvider) -> None:
    reply = gateway.chat("own:chat")
    record = reply.header("x-sluice-record") or ""
    assert re.fullmatch(r"[0-9a-f]{32}", record)
    name = provider.log[0].header("x-client-request-id") or ""
    assert re.fullmatch(record + r"-\d+", name), (record, name)


def test_headers_to_the_client(gateway: Gateway) -> None:
    reply = gateway.chat("own:latin1")
    assert reply.header("content-type") == "application/json; charset=utf-8"
    assert reply.header("retry-after") == "3"
    assert reply.header("x-sluice-provider-request-id") == "provider-id-1"
    assert reply.header("set-cookie") is None
    assert reply.header("server") != "own"
    assert reply.header("x-request-id") == reply.header("x-sluice-record")


def test_the_clients_request_id_is_echoed(gateway: Gateway) -> None:
    for model in ("own:chat", "own:status-400", "own:html-500", "own:"):
        reply = gateway.chat(model, headers={"X-Request-Id": "mine-1"})
        assert reply.header("x-request-id") == "mine-1"
        assert re.fullmatch(r"[0-9a-f]{32}", reply.header("x-sluice-record") or "")


def test_records_differ(gateway: Gateway) -> None:
    records = [gateway.chat("own:chat").header("x-sluice-record") for _ in range(20)]
    assert len(set(records)) == 20
    assert records == sorted(records), "records are ordered by time"


@pytest.mark.parametrize("status", [400, 404, 409, 422, 429, 500, 502, 503])
@pytest.mark.parametrize("kind", ["status", "html"])
def test_error_replies_of_the_provider_pass(
    gateway: Gateway, spare: Callable[[str], str], kind: str, status: int
) -> None:
    for stream in (False, True):
        reply = gateway.chat(spare(f"{kind}-{status}"), stream=stream)
        assert reply.status == status
        if kind == "html":
            # No SDK can read that: the status stays, the body becomes an error in OpenAI's shape.
            assert reply.error["code"] == "provider_invalid_response"
            assert str(status) in reply.error["message"]
            assert b"html" not in reply.body
        else:
            assert reply.body == error_body(status)
            assert reply.header("retry-after") == ("7" if status in (429, 503) else None)


def test_keep_alive_and_connection_reuse(gateway: Gateway, provider: OwnProvider) -> None:
    before = provider.connections
    with gateway.connect() as connection:
        for _ in range(30):
            connection.send(gateway.chat_bytes({"model": "own:chat", "messages": []}))
            assert connection.reply().status == 200
    assert provider.connections - before <= 2, "the provider's connections are not kept alive"


def test_pipelined_requests_are_answered_in_order(gateway: Gateway, provider: OwnProvider) -> None:
    with gateway.connect() as connection:
        models = [f"own:stream-{count}-0" for count in (5, 1, 3)]
        connection.send(b"".join(gateway.chat_bytes({"model": model, "stream": True}) for model in models))
        for count in (5, 1, 3):
            assert connection.reply().body == stream_body(f"stream-{count}-0", count)
