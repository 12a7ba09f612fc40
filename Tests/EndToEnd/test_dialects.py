"""What is peculiar to providers and front doors, end to end: paths, headers, errors of all shapes, silence, estimates."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from Harness import wire
from Harness.canned import CannedProvider, chunked_reply, length_reply
from Harness.corpora import anthropic_stream, openai_stream
from Harness.gateway import PROVIDER_KEY, Gateway, base_config, once, openai_provider
from Harness.provider import OwnProvider, Seen
from Harness.wire import Reply

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
ASK = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 50}
DOORS = pytest.mark.parametrize("door", [CHAT, MESSAGES])


def data(value: dict) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def delta(choice: dict | None, **members: object) -> bytes:
    choices = [] if choice is None else [{"index": 0, "finish_reason": None} | choice]
    return data(
        {"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m", "choices": choices} | members
    )


def unary(usage: dict | None, **message: object) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "ok"} | message, "finish_reason": "stop"}
    body: dict = {"id": "c1", "object": "chat.completion", "created": 5, "model": "m", "choices": [choice]}
    return length_reply(json.dumps(body | ({"usage": usage} if usage else {})).encode())


def anthropic_error(status: int, kind: str, extra: dict | None = None) -> bytes:
    error = {"type": "error", "error": {"type": kind, "message": f"provider says {status}"}, "request_id": "req_1"}
    return length_reply(json.dumps(error).encode(), status, extra=extra)


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "ok"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
BROKEN = openai_stream(b'"half"')[0].split(
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},'
)[0]
TWICE = [
    b": OPENROUTER PROCESSING\n\n",
    delta({"delta": {"role": "assistant", "content": "a"}}),
    delta({"delta": {"role": "assistant", "content": "b"}}),
    delta({"delta": {"role": "assistant", "content": ""}, "finish_reason": "stop", "native_finish_reason": "stop"}),
    delta({"delta": {"role": "assistant", "content": ""}, "finish_reason": "stop"}, usage=USAGE),
    b"data: [DONE]\n\n",
]
REPLIES = {
    "ok": unary(USAGE),
    "message": length_reply(json.dumps(MESSAGE).encode()),
    "unmetered": unary(None),
    "unmetered-stream": chunked_reply(
        [
            openai_stream(b'"some words"')[0].replace(
                b',"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}', b""
            )
        ]
    ),
    "twice": chunked_reply(TWICE),
    "error-in-200": length_reply(b'{"error":{"code":429,"message":"slow down","metadata":{"raw":"x"}},"user_id":"u"}'),
    "odd-error-in-200": length_reply(b'{"error":{"code":7,"message":"no idea"}}'),
    "error-first": chunked_reply([data({"error": {"code": 402, "message": "no money"}})]),
    "error-later": chunked_reply(
        [BROKEN, data({"id": "c", "error": {"code": 502, "message": "it broke"}, "choices": []})]
    ),
    "error-event": chunked_reply(
        [BROKEN, b"event: error\n" + data({"error": {"message": "it broke", "status_code": 400}})]
    ),
    "claude-breaks": chunked_reply(
        [
            anthropic_stream(b'"half"')[0].split(b"event: content_block_stop")[0],
            b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"it broke"}}\n\n',
        ]
    ),
    "torn": chunked_reply([BROKEN, b'data: {"id":"c","choi']),
    "claude-torn": chunked_reply(
        [
            anthropic_stream(b'"half"')[0].split(b"event: content_block_stop")[0],
            b'event: content_block_delta\ndata: {"type":"content_bl',
        ]
    ),
    "s401": length_reply(b'{"detail":"Invalid API Key"}', 401),
    "s403": anthropic_error(403, "permission_error"),
    "s429": anthropic_error(429, "rate_limit_error", {"retry-after": "7"}),
    "s529": anthropic_error(529, "overloaded_error"),
    "s413": anthropic_error(413, "request_too_large"),
    "too-long": length_reply(
        b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 5"}}', 400
    ),
    "m422": length_reply(
        b'{"detail":[{"type":"extra_forbidden","loc":["body","store"],"msg":"Extra inputs","input":1}]}', 422
    ),
    "x400": length_reply(b'{"code":"invalid-argument","error":"Incorrect thing"}', 400),
    "o429": length_reply(
        b'{"error":{"message":"quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}',
        429,
        extra={"retry-after": "9"},
    ),
    "failed": length_reply(
        b'{"error":{"message":"bad call","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"{x"}}',
        400,
    ),
    "html": length_reply(b"<html>teapot</html>", 503, "text/html"),
    "nonsense": length_reply(b'{"answer":42}'),
}
# After these the provider's key is no good for a while: whoever asks for one gets a provider of his own.
SPOILING = ("s401", "s403", "s429", "o429", "error-in-200", "error-first")
FAMILIES = ("openai", "groq", "mistral", "openrouter", "anthropic")
SPARES = [f"{dialect}-{number}" for dialect in FAMILIES for number in range(12)]
DIALECTS = ("openai", "groq", "mistral", "openrouter", "xai", "ollama", "anthropic", "deepseek")

# Numbers of `SPARES`, by dialect.
unused: dict[str, Iterator[int]] = {}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("dialects")
    with CannedProvider(REPLIES) as provider:
        bare = f"http://127.0.0.1:{provider.port}"
        providers = {
            one: openai_provider(provider.base_url, dialect=one.partition("-")[0], breaker=False)
            for one in (*DIALECTS, *SPARES)
        }
        providers |= {
            "lenient": openai_provider(provider.base_url, dialect="anthropic", drop_unsupported=True),
            "azure": openai_provider(bare, dialect="azure", api_version="2024-10-21"),
            "azure-v1": openai_provider(bare, dialect="azure"),
        }
        models = once(*DIALECTS, *SPARES) | {"renamed": {"targets": ["groq:ok"]}}
        config = base_config(folder / "sluice-state", providers=providers, models=models)
        unused.update({dialect: iter(range(12)) for dialect in FAMILIES})
        with Gateway(config, folder=folder) as gateway:
            yield gateway, provider


@pytest.fixture
def gateway(running: tuple[Gateway, CannedProvider]) -> Gateway:
    running[1].log.clear()
    return running[0]


@pytest.fixture
def log(running: tuple[Gateway, CannedProvider]) -> list[Seen]:
    return running[1].log


def ask(gateway: Gateway, door: str, model: str, *, headers: dict | None = None, **members: object) -> Reply:
    dialect, _, reply = model.partition(":")
    if reply in SPOILING:
        model = f"{dialect}-{next(unused[dialect])}:{reply}"
    return gateway.request("POST", door, ASK | {"model": model} | members, headers)


def error_of(reply: Reply, door: str) -> dict:
    """The error in the words of the front door."""
    value = reply.json()
    if door == MESSAGES:
        assert value["type"] == "error", value
        assert set(value["error"]) >= {"type", "message"}, value
        return value["error"]
    return reply.error


# Where calls go, and with which headers


def test_azure_deployments(gateway: Gateway, log: list[Seen]) -> None:
    assert ask(gateway, CHAT, "azure:ok").status == 200
    assert log[-1].target == "/openai/deployments/ok/chat/completions?api-version=2024-10-21"
    assert log[-1].header("api-key") == PROVIDER_KEY and log[-1].header("authorization") is None
    assert ask(gateway, MESSAGES, "azure-v1:ok").status == 200
    assert log[-1].target == "/openai/v1/chat/completions"
    assert log[-1].header("api-key") == PROVIDER_KEY


def test_anthropic_headers(gateway: Gateway, log: list[Seen]) -> None:
    assert ask(gateway, MESSAGES, "anthropic:message").status == 200
    seen = log[-1]
    assert (seen.target, seen.header("x-api-key")) == ("/v1/messages", PROVIDER_KEY)
    assert seen.header("anthropic-version") == "2023-06-01"
    assert seen.header("authorization") is None and seen.header("anthropic-beta") is None
    given = {"anthropic-version": "2024-01-01", "anthropic-beta": "one-2025,two-2026"}
    assert ask(gateway, MESSAGES + "?beta=true", "anthropic:message", headers=given).status == 200
    seen = log[-1]
    assert seen.header("anthropic-version") == "2024-01-01"
    assert seen.header("anthropic-beta") == "one-2025,two-2026"
    # They are no headers of others.
    assert ask(gateway, MESSAGES, "groq:ok", headers=given).status == 200
    assert log[-1].header("anthropic-version") is None and log[-1].header("anthropic-beta") is None
    assert log[-1].header("authorization") == f"Bearer {PROVIDER_KEY}"


def test_either_key_header_at_either_door(gateway: Gateway) -> None:
    body = json.dumps(ASK | {"model": "groq:ok"}).encode()
    for door in (CHAT, MESSAGES):
        for header in ({"x-api-key": gateway.key}, {"Authorization": f"Bearer {gateway.key}"}):
            reply = wire.request(gateway.address, "POST", door, {"Content-Type": "application/json"} | header, body)
            assert reply.status == 200, reply
        reply = wire.request(gateway.address, "POST", door, {"x-api-key": "wrong"}, body)
        assert reply.status == 401
        error_of(reply, door)


def test_not_available_yet(gateway: Gateway) -> None:
    reply = gateway.request("POST", "/v1/responses", {"model": "groq:ok", "input": "x"})
    assert (reply.status, reply.error["code"]) == (404, "not_available_yet")
    assert "/v1/chat/completions" in reply.error["message"]


def test_one_model(gateway: Gateway) -> None:
    reply = gateway.request("GET", "/v1/models/renamed")
    assert reply.status == 200 and reply.json()["id"] == "renamed" and reply.json()["object"] == "model"
    assert gateway.request("GET", "/v1/models/nobody").status == 404


# Errors


@DOORS
@pytest.mark.parametrize(
    ("model", "status", "word"),
    [
        ("anthropic:s529", {CHAT: 503, MESSAGES: 529}, "provider says 529"),
        ("anthropic:s413", {CHAT: 413, MESSAGES: 413}, "provider says 413"),
        ("anthropic:s429", {CHAT: 429, MESSAGES: 429}, "provider says 429"),
        ("anthropic:too-long", {CHAT: 400, MESSAGES: 400}, "prompt is too long"),
        ("mistral:m422", {CHAT: 422, MESSAGES: 422}, "Extra inputs"),
        ("xai:x400", {CHAT: 400, MESSAGES: 400}, "Incorrect thing"),
        ("openai:o429", {CHAT: 429, MESSAGES: 429}, "quota"),
        ("groq:error-in-200", {CHAT: 429, MESSAGES: 429}, "slow down"),
        ("openrouter:odd-error-in-200", {CHAT: 502, MESSAGES: 502}, "no idea"),
        ("groq:failed", {CHAT: 400, MESSAGES: 400}, "bad call"),
    ],
)
def test_errors(gateway: Gateway, door: str, model: str, status: dict, word: str) -> None:
    reply = ask(gateway, door, model)
    assert reply.status == status[door], reply
    assert word in error_of(reply, door)["message"]
    if door == MESSAGES and not model.startswith("anthropic:"):
        assert reply.json()["request_id"] == reply.header("request-id")


@DOORS
def test_errors_keep_what_helps(gateway: Gateway, door: str) -> None:
    assert ask(gateway, door, "anthropic:s429").header("retry-after") == "7"
    assert ask(gateway, door, "openai:o429").header("retry-after") == "9"
    if door == CHAT:
        assert error_of(ask(gateway, door, "anthropic:too-long"), door)["code"] == "context_length_exceeded"
        assert error_of(ask(gateway, door, "groq:failed"), door)["failed_generation"] == "{x"


@DOORS
@pytest.mark.parametrize("model", ["mistral:s401", "anthropic:s403", "anthropic:s401", "openai:s401"])
def test_the_providers_401_is_not_the_clients(gateway: Gateway, door: str, model: str) -> None:
    reply = ask(gateway, door, model)
    assert reply.status == 502
    error = error_of(reply, door)
    assert PROVIDER_KEY not in reply.body.decode()
    if door == CHAT:
        assert error["code"] == "provider_authentication"
    else:
        assert error["type"] == "api_error"


@DOORS
@pytest.mark.parametrize("dialect", ["groq", "anthropic"])
def test_what_is_no_reply(gateway: Gateway, door: str, dialect: str) -> None:
    reply = ask(gateway, door, f"{dialect}:html")
    assert reply.status == 503, reply
    assert error_of(reply, door)["message"]
    if (dialect, door) == ("anthropic", MESSAGES):
        return  # Its bytes pass.
    reply = ask(gateway, door, f"{dialect}:nonsense")
    assert reply.status == 502, reply
    assert error_of(reply, door)["message"]


@DOORS
@pytest.mark.parametrize("model", ["groq:error-later", "groq:error-event", "anthropic:claude-breaks"])
def test_an_error_in_the_middle_of_a_stream(gateway: Gateway, door: str, model: str) -> None:
    reply = ask(gateway, door, model, stream=True)
    assert reply.status == 200
    last = json.loads(reply.events()[-1])
    assert "it broke" in last["error"]["message"], last
    assert b"[DONE]" not in reply.body and b"message_stop" not in reply.body
    assert b"half" in reply.body
    if door == MESSAGES:
        assert last["type"] == "error"
        assert b"event: error\n" in reply.body
    if not (door == MESSAGES and model.startswith("anthropic")):
        assert not reply.complete, "a broken reply ends as if it were whole"


@DOORS
@pytest.mark.parametrize("model", ["openai:torn", "groq:torn", "anthropic:claude-torn"])
def test_half_an_event_does_not_hide_the_error(gateway: Gateway, door: str, model: str) -> None:
    """The SDKs read every event as JSON, and would fail at the half before they come to the error."""
    usage = {"stream_options": {"include_usage": True}} if door == CHAT else {}
    reply = ask(gateway, door, model, stream=True, **usage)
    assert reply.status == 200 and not reply.complete
    events = [json.loads(one) for one in reply.events()]
    assert events[-1]["error"]["code"] in ("provider_connection_reset", "provider_invalid_response")
    assert b"half" in reply.body


@DOORS
def test_an_error_before_the_first_content(gateway: Gateway, door: str) -> None:
    reply = ask(gateway, door, "openrouter:error-first", stream=True)
    assert reply.status == 402, reply
    assert error_of(reply, door)["message"] == "no money"


# Streams


def test_a_quirky_stream_in_openais_grammar(gateway: Gateway) -> None:
    reply = ask(gateway, CHAT, "openrouter:twice", stream=True, stream_options={"include_usage": True})
    assert reply.complete and reply.body.endswith(b"data: [DONE]\n\n") and reply.body.count(b"[DONE]") == 1
    chunks = [json.loads(one) for one in reply.events()[:-1]]
    assert {(one["id"], one["created"], one["model"]) for one in chunks} == {("c1", 5, "m")}
    choices = [choice for one in chunks for choice in one["choices"]]
    assert [choice["delta"]["role"] for choice in choices if "role" in choice["delta"]] == ["assistant"]
    assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == ["stop"]
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["total_tokens"] == 5
    reply = ask(gateway, CHAT, "openrouter:twice", stream=True)
    chunks = [json.loads(one) for one in reply.events()[:-1]]
    assert all(one["choices"] and not one.get("usage") for one in chunks)


@DOORS
def test_estimated_usage_says_so(gateway: Gateway, door: str) -> None:
    reply = ask(gateway, door, "groq:unmetered")
    assert reply.json()["usage"]["estimated"] is True, reply.body
    assert "estimated" not in ask(gateway, door, "groq:ok").json()["usage"]
    options = {"stream_options": {"include_usage": True}} if door == CHAT else {}
    reply = ask(gateway, door, "groq:unmetered-stream", stream=True, **options)
    usages = [json.loads(one).get("usage") for one in reply.events() if one != b"[DONE]"]
    assert [one.get("estimated") for one in usages if one][-1] is True, usages


# Requests


@pytest.mark.parametrize(
    ("member", "value"),
    [("seed", 5), ("n", 2), ("logprobs", True), ("presence_penalty", 1.5), ("logit_bias", {"5": 1})],
)
def test_what_a_provider_cannot_do(gateway: Gateway, log: list[Seen], member: str, value: object) -> None:
    reply = ask(gateway, CHAT, "anthropic:message", **{member: value})
    assert (reply.status, reply.error["code"]) == (400, "unsupported_parameter"), reply
    assert reply.error["param"] == member
    assert "anthropic" in reply.error["message"] and "drop_unsupported" in reply.error["message"]
    assert not log
    assert ask(gateway, CHAT, "lenient:message", **{member: value}).status == 200
    assert member not in json.loads(log[-1].body)


def test_values_that_ask_for_nothing(gateway: Gateway) -> None:
    nothing = {
        "n": 1,
        "presence_penalty": 0,
        "logprobs": False,
        "stop": None,
        "tools": [],
        "seed": None,
        "logit_bias": {},
    }
    assert ask(gateway, CHAT, "anthropic:message", **nothing).status == 200


def test_top_k_at_anthropics_door(gateway: Gateway, log: list[Seen]) -> None:
    reply = ask(gateway, MESSAGES, "openai:ok", top_k=5)
    assert reply.status == 400 and "top_k" in error_of(reply, MESSAGES)["message"]
    assert ask(gateway, MESSAGES, "anthropic:message", top_k=5).status == 200
    assert json.loads(log[-1].body)["top_k"] == 5


def test_exact_bytes_at_anthropics_door(gateway: Gateway, log: list[Seen]) -> None:
    body = b'{ "model" : "anthropic:message",\n"messages":[{"role":"user","content":"\\u0061 \xc3\xa9"}], "max_tokens":9, "new_thing":{"a":[1.50]} }'
    reply = gateway.request("POST", MESSAGES, body)
    assert reply.status == 200
    assert log[-1].body == body.replace(b"anthropic:message", b"message")
    assert reply.json() == MESSAGE


def test_defaults_that_anthropic_wants(gateway: Gateway, log: list[Seen]) -> None:
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}, {"role": "user", "content": "c"}]
    assert gateway.request("POST", CHAT, {"model": "anthropic:message", "messages": messages}).status == 200
    sent = json.loads(log[-1].body)
    assert sent["max_tokens"] >= 1024
    assert json.dumps(sent["system"]).count('"a"') == 1
    assert all(one["role"] != "system" for one in sent["messages"])


def test_mistral_gets_its_own_names(gateway: Gateway, log: list[Seen]) -> None:
    members = {"max_completion_tokens": 9, "store": True, "max_tokens": None}
    assert ask(gateway, CHAT, "mistral:ok", **members).status == 200
    sent = json.loads(log[-1].body)
    assert sent["max_tokens"] == 9
    assert "max_completion_tokens" not in sent and "store" not in sent


# Silence


@pytest.mark.verify
@pytest.mark.timeout(90)
@DOORS
def test_a_comment_after_fifteen_seconds_of_silence(door: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The status goes out with it, and the answer behind it is whole."""
    folder = tmp_path_factory.mktemp("silence")
    with OwnProvider() as provider:
        entry = openai_provider(provider.base_url, dialect="groq", timeouts={"first_token": "60s", "idle": "60s"})
        with Gateway(base_config(folder / "sluice-state", providers={"slow": entry}), folder=folder) as gateway:
            with gateway.connect(60) as connection:
                body = json.dumps(ASK | {"model": "slow:late-18000", "stream": True}).encode()
                connection.send(
                    b"POST %b HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %b\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n" % (door.encode(), gateway.key.encode(), len(body)) + body
                )
                assert connection.wait_for_body(1, timeout=16.5).startswith(b":")
                reply = connection.reply(30)
    assert reply.status == 200 and reply.complete
    assert b" w0" in reply.body
    assert reply.body.rstrip().endswith(b"[DONE]" if door == CHAT else b'{"type":"message_stop"}')
