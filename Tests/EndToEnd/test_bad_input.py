"""Bad requests get OpenAI-shaped errors with the documented status and code: never a crash, a hang or a provider call."""

from __future__ import annotations

import json
import time

import pytest

from Harness import wire
from Harness.gateway import Gateway
from Harness.processes import wait_until
from Harness.provider import OwnProvider

CHAT = "/v1/chat/completions"


def post(gateway: Gateway, body: bytes, headers: dict | None = None, target: str = CHAT) -> wire.Reply:
    return gateway.request("POST", target, body, headers)


@pytest.fixture(autouse=True)
def same_processes(gateway: Gateway, impatient: Gateway, undecided: Gateway):
    """Whatever a test sends, no process is replaced."""
    before = [(one, one.children()) for one in (gateway, impatient, undecided)]
    yield
    for one, children in before:
        assert one.children() == children, f"a process died:\n{one.log_text()[-4000:]}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"}",
        b"nul",
        b'{"model"',
        b'{"model":}',
        b'{"model":"chat"',
        b'{"model":"chat",}',
        b'{"model":"chat"} x',
        b'{"model":"chat"}{"model":"chat"}',
        b"\xef\xbb\xbf" + b'{"model":"chat"}',
        b'{"model":"ch\xffat"}',
        b'{"model":"chat","x":"\xc3"}',
        b'{"model":"chat" "a":1}',
        b"{'model':'chat'}",
        b'{"model":"chat","stream":tru}',
        b'{"model":"chat\x01"}',
        b'{"model":"\\ud800"}',
        b"\x00",
        b"\xff" * 100,
        b'{"model":"chat","a":' + b"[" * 100_000,
        '{"model":"chat"}'.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_malformed_json(gateway: Gateway, provider: OwnProvider, body: bytes) -> None:
    reply = post(gateway, body)
    assert reply.status == 400, reply
    assert reply.error["code"] in ("invalid_json", "invalid_type", "missing_model")
    assert reply.error["type"] == "invalid_request_error"
    assert not provider.log


@pytest.mark.parametrize("body", [b"[]", b"1", b'"model"', b"null", b"true", b'[{"model":"chat"}]'])
def test_not_an_object(gateway: Gateway, provider: OwnProvider, body: bytes) -> None:
    assert post(gateway, body).status == 400
    assert not provider.log


@pytest.mark.parametrize("body", [b"{}", b'{"messages":[]}', b'{"model":null}', b'{"model":""}', b'{"x":{"model":"chat"}}'])
def test_missing_model(gateway: Gateway, provider: OwnProvider, body: bytes) -> None:
    reply = post(gateway, body)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "missing_model", "model")
    assert not provider.log


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"chat","model":"tools"}',
        b'{"model":"chat","messages":[],"model":"chat"}',
        b'{"model":"chat","stream":false,"stream":true}',
        b'{"model":"chat","stream":true,"stream_options":{},"stream_options":{}}',
    ],
)
def test_duplicate_members(gateway: Gateway, provider: OwnProvider, body: bytes) -> None:
    reply = post(gateway, body)
    assert (reply.status, reply.error["code"]) == (400, "duplicate_member")
    assert not provider.log


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"mod\\u0065l":"chat"}', "model"),
        (b'{"model":"chat","\\u006dodel":"tools"}', "model"),
        (b'{"model":"chat","str\\u0065am":true}', "stream"),
        # Some servers match keys without regard to case, and Go's folds the long s too.
        (b'{"Model":"chat"}', "model"),
        (b'{"model":"chat","MODEL":"tools"}', "model"),
        (b'{"model":"chat","\\u004dodel":"tools"}', "model"),
        (b'{"model":"chat","Stream":true}', "stream"),
        ('{"model":"chat","\u017ftream":true}'.encode(), "stream"),
    ],
)
def test_members_spelled_in_another_way(gateway: Gateway, provider: OwnProvider, body: bytes, param: str) -> None:
    reply = post(gateway, body)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "escaped_member", param)
    assert f'exactly as "{param}"' in reply.error["message"]
    assert not provider.log


def test_other_members_may_look_alike(gateway: Gateway, provider: OwnProvider) -> None:
    body = b'{"model":"own:chat","models":[],"Models":1,"streams":1,"x":{"Model":"a","Stream":1}}'
    assert post(gateway, body).status == 200
    assert provider.log[0].body == body.replace(b"own:chat", b"chat")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":1}', "model"),
        (b'{"model":["chat"]}', "model"),
        (b'{"model":{}}', "model"),
        (b'{"model":"chat","stream":"true"}', "stream"),
        (b'{"model":"chat","stream":1}', "stream"),
        (b'{"model":"chat","stream":[]}', "stream"),
        (b'{"model":"chat","stream":true,"stream_options":1}', "stream_options"),
        (b'{"model":"chat","stream":true,"stream_options":"x"}', "stream_options"),
    ],
)
def test_wrong_types(gateway: Gateway, provider: OwnProvider, body: bytes, param: str) -> None:
    reply = post(gateway, body)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "invalid_type", param)
    assert not provider.log


def test_an_escaped_model_value_is_the_same_model(gateway: Gateway, provider: OwnProvider) -> None:
    # Values may be escaped; what is authorised must be what is sent.
    reply = post(gateway, b'{"model":"own:ch\\u0061t"}')
    assert reply.status == 200
    assert provider.log[0].model == "chat"


@pytest.mark.parametrize("model", ["nobody:x", "unknown-provider:chat", ":", ":chat", "own:", "chat", "OWN:chat", "Renamed"])
def test_unknown_models(undecided: Gateway, provider: OwnProvider, model: str) -> None:
    for stream in (False, True):
        reply = undecided.chat(model, stream=stream)
        assert (reply.status, reply.error["code"], reply.error["param"]) == (404, "model_not_found", "model")
        assert f"'{model}'" in reply.error["message"]
    assert not provider.log


@pytest.mark.parametrize(
    ("model", "code"), [("", "missing_model"), ("a" * 5000, "missing_model"), ("x\u0000y", "invalid_type")]
)
def test_names_that_no_model_can_have(gateway: Gateway, provider: OwnProvider, model: str, code: str) -> None:
    reply = gateway.chat(model)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, "model")
    assert not provider.log


@pytest.mark.parametrize("model", ["chat", "llama3:8b", "nobody:x", ":", ":chat"])
def test_the_default_provider_gets_what_nobody_claims(gateway: Gateway, provider: OwnProvider, model: str) -> None:
    # `P:model` names a provider only where there is a provider P: servers have names such as `llama3:8b`.
    assert gateway.chat(model).status == 200
    assert [seen.model for seen in provider.log] == [model]


def test_bad_keys_get_identical_replies(gateway: Gateway, provider: OwnProvider) -> None:
    good = gateway.key
    tried = [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {good}x",
        f"Bearer {good[:-1]}",
        f"Bearer x{good}",
        f"bearer{good}",
        f"Basic {good}",
        good,
        f"Bearer {good[:-1]}\u00e9",
        f"Bearer {good} {good}",
        f"Bearer {good.upper()}",
    ]
    seen = set()
    for value in tried:
        headers = {"Content-Type": "application/json"} | ({} if value is None else {"Authorization": value})
        reply = wire.request(gateway.address, "POST", CHAT, headers, b'{"model":"own:chat"}')
        assert reply.status == 401, value
        assert reply.error["code"] == "invalid_api_key"
        changing = {"x-request-id", "x-sluice-record", "date"}
        seen.add((reply.body, tuple(sorted((k.lower(), v) for k, v in reply.headers if k.lower() not in changing))))
    assert len(seen) == 1, "replies to bad keys differ"
    assert not provider.log


@pytest.mark.parametrize("header", ["Authorization", "x-api-key", "api-key", "X-API-KEY"])
def test_where_the_key_may_stand(gateway: Gateway, header: str) -> None:
    value = f"Bearer {gateway.key}" if header == "Authorization" else gateway.key
    reply = wire.request(gateway.address, "POST", CHAT, {header: value}, b'{"model":"own:chat"}')
    assert reply.status == 200


def test_the_scheme_is_case_insensitive(gateway: Gateway) -> None:
    headers = {"authorization": f"bEaReR {gateway.key}"}
    assert wire.request(gateway.address, "GET", "/v1/models", headers).status == 200


def test_a_bad_key_is_refused_before_the_body(gateway: Gateway) -> None:
    with gateway.connect() as connection:
        connection.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n"
            b"Authorization: Bearer nonsense\r\n\r\n"
        )
        assert connection.reply(5).status == 401


def test_continue_comes_after_authentication(gateway: Gateway, provider: OwnProvider) -> None:
    body = b'{"model":"own:chat"}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n" % len(
        body
    )
    with gateway.connect() as connection:
        connection.send(head + b"Authorization: Bearer " + gateway.key.encode() + b"\r\n\r\n")
        wait_until(lambda: connection.pump(0.1) and connection.ready, 5, "100 Continue")
        assert connection.ready[0].status == 100
        connection.send(body)
        assert connection.reply().status == 200
    with gateway.connect() as connection:
        connection.send(head + b"Authorization: Bearer wrong\r\n\r\n")
        connection.parser.head_requests.clear()
        reply = connection.reply(5)
        assert reply.status == 401
        assert all(one.status != 100 for one in connection.ready)


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/v1",
        "/v1/chat",
        "/v1/chat/completions/x",
        "//v1/models",
        "/V1/MODELS",
        "/v1/../v1/models",
        "/%76%31/models",
        "/v1/models%00",
        "/v1/completion",
    ],
)
def test_unknown_paths(gateway: Gateway, target: str) -> None:
    for method in ("GET", "POST"):
        reply = gateway.request(method, target, b"{}" if method == "POST" else None)
        assert (reply.status, reply.error["code"]) == (404, "unknown_url")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", CHAT),
        ("PUT", CHAT),
        ("DELETE", CHAT),
        ("PATCH", "/v1/embeddings"),
        ("GET", "/v1/embeddings"),
        ("POST", "/v1/models"),
        ("POST", "/health"),
        ("DELETE", "/v1/models"),
        ("BREW", CHAT),
    ],
)
def test_wrong_methods(gateway: Gateway, method: str, target: str) -> None:
    reply = gateway.request(method, target)
    assert (reply.status, reply.error["code"]) == (405, "method_not_allowed")
    assert reply.header("allow")


@pytest.mark.parametrize("target", ["/", "/health", "/health/live", "/health/ready"])
def test_open_paths_need_no_key(gateway: Gateway, target: str) -> None:
    reply = wire.request(gateway.address, "GET", target)
    assert reply.status == 200
    assert reply.complete


def test_head_has_no_body(gateway: Gateway) -> None:
    with gateway.connect() as connection:
        connection.parser.head_requests += [True, False]
        connection.send(wire.render("HEAD", "/health/live") + wire.render("GET", "/health/live"))
        head = connection.reply()
        assert head.body == b"" and head.status in (200, 405)
        assert connection.reply().status == 200


def test_a_query_string_is_no_part_of_the_path(gateway: Gateway, provider: OwnProvider) -> None:
    assert gateway.request("POST", CHAT + "?api-version=1", {"model": "own:chat"}).status == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "x"])
def test_encoded_bodies_are_refused(gateway: Gateway, provider: OwnProvider, encoding: str) -> None:
    reply = post(gateway, b'{"model":"own:chat"}', {"Content-Encoding": encoding})
    assert reply.status in (400, 415)
    assert reply.error["code"] == "unsupported_encoding"
    assert not provider.log


def test_identity_encoding_is_fine(gateway: Gateway) -> None:
    assert post(gateway, b'{"model":"own:chat"}', {"Content-Encoding": "identity"}).status == 200


# Limits: `impatient` has a line of 2 KB, headers of 8 KB, a body of 64 KB, 1 s for the header, CORS for one origin.


def test_the_request_line(impatient: Gateway) -> None:
    reply = impatient.request("GET", "/" + "a" * 3000)
    assert (reply.status, reply.error["code"]) == (414, "uri_too_long")
    assert impatient.request("GET", "/" + "a" * 1500).status == 404


def test_the_default_request_line(gateway: Gateway) -> None:
    assert gateway.request("GET", "/" + "a" * 9000).status == 414
    assert gateway.request("GET", "/" + "a" * 7000).status == 404
    for length in (200_000, 2_000_000):
        reply = gateway.request("GET", "/" + "a" * length)
        assert (reply.status, reply.error["code"]) == (414, "uri_too_long")


def test_the_headers(impatient: Gateway) -> None:
    for headers in (
        {"X-Long": "a" * 9000},
        {f"X-{i}": "a" * 100 for i in range(90)},
        {f"X-{i}": "" for i in range(120)},
    ):
        reply = impatient.request("GET", "/v1/models", headers=headers)
        assert (reply.status, reply.error["code"]) == (431, "headers_too_large")
    assert impatient.request("GET", "/v1/models", headers={"X-Long": "a" * 6000}).status == 200


def test_the_default_headers(gateway: Gateway) -> None:
    assert gateway.request("GET", "/v1/models", headers={"X-Long": "a" * 70_000}).status == 431
    assert gateway.request("GET", "/v1/models", headers={f"X-{i}": "a" for i in range(150)}).status == 431
    assert gateway.request("GET", "/v1/models", headers={f"X-{i}": "a" * 500 for i in range(90)}).status == 200


def test_the_body_with_a_length(impatient: Gateway, provider: OwnProvider) -> None:
    with impatient.connect() as connection:
        connection.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\nAuthorization: Bearer "
            + impatient.key.encode()
            + b"\r\n\r\n"
        )
        reply = connection.reply(5)  # from the header alone
        assert (reply.status, reply.error["code"]) == (413, "request_too_large")
        assert connection.closed_within(5)
    assert not provider.log


@pytest.mark.parametrize("pause", [0, 0.01])
def test_the_reply_to_a_body_that_is_too_large_can_be_read(impatient: Gateway, pause: float) -> None:
    # The client sends on for a while: closing at once would reset the connection and take the reply with it.
    piece = b"x" * 65536
    with impatient.connect() as connection:
        connection.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nAuthorization: Bearer %b\r\n\r\n"
            % (400 * len(piece), impatient.key.encode())
        )
        for _ in range(400):
            connection.send(piece)
            time.sleep(pause)
        reply = connection.reply(5)
        assert (reply.status, reply.error["code"]) == (413, "request_too_large")
        assert connection.closed_within(5) and connection.ended == "eof"


def test_the_body_in_chunks(impatient: Gateway, provider: OwnProvider) -> None:
    with impatient.connect() as connection:
        connection.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer "
            + impatient.key.encode()
            + b"\r\n\r\n"
        )
        piece = b"1000\r\n" + b" " * 4096 + b"\r\n"
        for _ in range(17):
            connection.send(piece)
        reply = connection.reply(5)
        assert (reply.status, reply.error["code"]) == (413, "request_too_large")
    assert not provider.log


def test_a_body_at_the_limit(impatient: Gateway) -> None:
    body = b'{"model":"chat"}'
    body += b" " * (65536 - len(body))
    assert impatient.request("POST", CHAT, body).status == 200
    assert impatient.request("POST", CHAT, body + b" ").status == 413


def test_a_slow_header(impatient: Gateway) -> None:
    for start in (b"", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\nX-A"):
        with impatient.connect() as connection:
            began = time.monotonic()
            connection.send(start)
            if start:
                reply = connection.reply(5)
                assert (reply.status, reply.error["code"]) == (408, "request_timeout")
                assert time.monotonic() - began > 0.7
            assert connection.closed_within(8)


def test_a_dripped_header_does_not_buy_time(impatient: Gateway) -> None:
    with impatient.connect() as connection:
        began = time.monotonic()
        connection.send(b"GET / HTTP/1.1\r\nX-A: ")
        while not connection.ended and not connection.ready and time.monotonic() - began < 6:
            try:
                connection.send(b"a")
            except OSError:
                break
            connection.pump(0.1)
        assert time.monotonic() - began < 4, "a byte now and then keeps a header open for ever"


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n64\r\n"])
@pytest.mark.parametrize("begun", [b"", b"{"])
def test_a_body_that_never_comes(impatient: Gateway, provider: OwnProvider, framing: bytes, begun: bytes) -> None:
    # `header_timeout` bounds the silence between two pieces of a body, too.
    with impatient.connect() as connection:
        began = time.monotonic()
        connection.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + impatient.key.encode()
            + b"\r\n"
            + framing
            + begun
        )
        reply = connection.reply(6)
        assert (reply.status, reply.error["code"]) == (408, "request_timeout")
        assert 0.9 < time.monotonic() - began < 4
        assert connection.closed_within(5)
    assert not provider.log


def test_a_slow_body_that_goes_on(impatient: Gateway) -> None:
    body = b'{"model":"chat"}'
    with impatient.connect() as connection:
        connection.send(wire.render("POST", CHAT, {"Authorization": f"Bearer {impatient.key}"}, body)[: -len(body)])
        for byte in body[:-10]:
            time.sleep(0.4)
            connection.send(bytes([byte]))
        connection.send(body[-10:])
        assert connection.reply().status == 200


def test_an_unread_body_that_never_comes(impatient: Gateway) -> None:
    # Refused from the head; the connection waits for the rest no longer than for any other body.
    with impatient.connect() as connection:
        connection.send(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        assert connection.reply(2).status == 404
        assert connection.closed_within(4)


def test_an_idle_connection_is_closed(impatient: Gateway) -> None:
    with impatient.connect() as connection:
        connection.send(wire.render("GET", "/health/live"))
        assert connection.reply().status == 200
        assert connection.closed_within(8)


def test_cors(impatient: Gateway, gateway: Gateway) -> None:
    ask = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    reply = wire.request(impatient.address, "OPTIONS", CHAT, ask)
    assert reply.status in (200, 204)
    assert reply.header("access-control-allow-origin") == "https://app.example"
    assert "POST" in (reply.header("access-control-allow-methods") or "")
    allowed = (reply.header("access-control-allow-headers") or "").lower()
    assert "authorization" in allowed and "content-type" in allowed
    real = impatient.request("GET", "/v1/models", headers={"Origin": "https://app.example"})
    assert real.header("access-control-allow-origin") == "https://app.example"
    assert "origin" in (real.header("vary") or "").lower()
    for other in ("https://evil.example", "https://app.example.evil.example", "null"):
        reply = wire.request(impatient.address, "OPTIONS", CHAT, ask | {"Origin": other})
        assert reply.header("access-control-allow-origin") is None
    # Without configuration no origin is allowed.
    assert wire.request(gateway.address, "OPTIONS", CHAT, ask).header("access-control-allow-origin") is None


def test_cors_on_errors(impatient: Gateway) -> None:
    headers = {"Origin": "https://app.example", "Authorization": "Bearer wrong"}
    reply = wire.request(impatient.address, "POST", CHAT, headers, b"{}")
    assert reply.status == 401
    assert reply.header("access-control-allow-origin") == "https://app.example"


@pytest.mark.parametrize("value", ["a\u0001b", "a\u007fb", "x" * 5000])
def test_a_strange_request_id_is_not_reflected(gateway: Gateway, value: str) -> None:
    reply = gateway.request("GET", "/v1/models", headers={"X-Request-Id": value})
    assert reply.status in (200, 400, 431)
    assert value not in (reply.header("x-request-id") or "")


def test_members_by_the_hundred_thousand(gateway: Gateway, provider: OwnProvider) -> None:
    body = json.dumps({"model": "own:chat"} | {f"m{i}": i for i in range(100_000)}).encode()
    began = time.monotonic()
    assert post(gateway, body).status == 200
    assert time.monotonic() - began < 10
    assert provider.log[0].body == body.replace(b"own:chat", b"chat")
