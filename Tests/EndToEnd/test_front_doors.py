"""Every front door with a provider of its own words: what passes, what is told of errors, and what is counted."""

from __future__ import annotations

import json

import pytest

from Harness.canned import CannedProvider
from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.operators import run
from Harness.processes import wait_until
from Harness.wire import request

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 5},
}
COMPLETION = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1,
    "model": "old",
    "choices": [{"index": 0, "text": "Hi", "finish_reason": "stop", "logprobs": None}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
}
MODERATION = {"id": "modr-1", "model": "mod", "results": [{"flagged": False, "categories": {}, "category_scores": {}}]}
IMAGES = {
    "created": 1,
    "data": [{"b64_json": "AA=="}],
    "usage": {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12},
}
EVENTS = [
    ("message_start", {"message": MESSAGE | {"content": [], "stop_reason": None}}),
    ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
    ("content_block_stop", {"index": 0}),
    ("message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 5}}),
    ("message_stop", {}),
]
STREAM = b"".join(
    f"event: {name}\ndata: {json.dumps({'type': name} | members)}\n\n".encode() for name, members in EVENTS
)
VERSION = {"anthropic-version": "2023-06-01", "anthropic-beta": "one,two"}


def raw(body: bytes | dict, kind: str = "application/json", status: int = 200) -> bytes:
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


REPLIES = {
    "message": raw(MESSAGE),
    "messages": raw(STREAM, "text/event-stream"),
    "count": raw({"input_tokens": 7}),
    "old": raw(COMPLETION),
    "mod": raw(MODERATION),
    "image": raw(IMAGES),
    "broken": raw(STREAM[: STREAM.index(b"event: message_delta") + 9], "text/event-stream"),
    "late": raw({"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}}, status=429),
}


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("doors")
    with CannedProvider(REPLIES) as provider:
        config = base_config(
            folder / "state",
            providers={
                "family": openai_provider(provider.base_url),
                "claude": openai_provider(provider.base_url, dialect="anthropic"),
<<<<<<< HEAD
                # Its key rests after the one answer it gives.
                "tired": openai_provider(provider.base_url, dialect="anthropic"),
=======
                # Its key rests after its 429.
                "busy": openai_provider(provider.base_url, dialect="anthropic"),
>>>>>>> main
            },
            default_provider="family",
            models=once("claude", "tired") | {"mine": {"targets": ["claude:message"]}},
        )
        with Gateway(config, folder=folder) as gateway:
            yield gateway, provider


def message(model: str, **members) -> dict:
    return {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]} | members


def test_what_is_of_the_providers_own_words_passes(doors) -> None:
    gateway, provider = doors
    calls = [
        ("/v1/messages?beta=true", message("mine"), MESSAGE, "/v1/messages"),
        ("/anthropic/v1/messages", message("claude:message"), MESSAGE, "/v1/messages"),
        ("/v1/messages/count_tokens", message("claude:count"), {"input_tokens": 7}, "/v1/messages/count_tokens"),
        ("/v1/completions", {"model": "old", "prompt": "hi"}, COMPLETION, "/v1/completions"),
        ("/v1/moderations", {"model": "mod", "input": "hi"}, MODERATION, "/v1/moderations"),
        ("/v1/images/generations", {"model": "image", "prompt": "hi"}, IMAGES, "/v1/images/generations"),
    ]
    for path, body, expected, target in calls:
        reply = gateway.request("POST", path, body, VERSION)
        assert (reply.status, reply.json()) == (200, expected), path
        seen = provider.log[-1]
        assert seen.target == target
        assert json.loads(seen.body) == body | {"model": body["model"].replace("mine", "message").split(":")[-1]}
        is_messages = "/messages" in path
        assert (seen.header("anthropic-version") == "2023-06-01") == is_messages
        assert (seen.header("anthropic-beta") == "one,two") == is_messages
        assert (reply.header("request-id") == reply.header("x-sluice-record")) == is_messages
    stream = gateway.request("POST", "/v1/messages", message("claude:messages", stream=True))
    assert stream.complete and stream.body == STREAM


def test_errors_are_in_the_clients_words(doors) -> None:
    gateway, _ = doors
    for path, status, kind in [
        ("/v1/messages", 400, "invalid_request_error"),
        ("/v1/messages/nothing", 404, "not_found_error"),
        ("/v1/messages/batches", 404, "not_found_error"),
    ]:
        reply = gateway.request("POST", path, {})
        assert (reply.status, reply.json()["type"], reply.json()["error"]["type"]) == (status, "error", kind)
        assert reply.json()["request_id"] == reply.header("request-id")
    nobody = request(gateway.address, "POST", "/v1/messages", body=b"{}")
    assert nobody.json()["error"]["type"] == "authentication_error"
<<<<<<< HEAD
    refused = gateway.request("POST", "/v1/messages", message("tired:late"))
=======
    refused = gateway.request("POST", "/v1/messages", message("busy:late"))
>>>>>>> main
    assert (refused.status, refused.json()["error"]["type"]) == (429, "rate_limit_error")
    broken = gateway.request("POST", "/v1/messages", message("claude:broken", stream=True))
    assert not broken.complete and b"event: error\ndata: " in broken.body and b"message_stop" not in broken.body
    later = gateway.request("POST", "/v1/responses", {})
    assert (later.status, later.error["code"]) == (404, "not_available_yet")
    assert "/v1/chat/completions" in later.error["message"]


def test_models_in_either_shape(doors) -> None:
    gateway, _ = doors
    assert gateway.request("GET", "/v1/models").json()["data"][0]["object"] == "model"
    listed = gateway.request("GET", "/v1/models", headers=VERSION).json()
    assert (listed["has_more"], listed["first_id"], listed["data"][0]["type"]) == (False, "mine", "model")
    assert gateway.request("GET", "/v1/models/mine", headers=VERSION).json()["display_name"] == "mine"


def test_records_know_their_doors(doors) -> None:
    gateway, _ = doors
    bodies = {
        "messages": ("/v1/messages", message("claude:message")),
        "count_tokens": ("/v1/messages/count_tokens", message("claude:count")),
        "completions": ("/v1/completions", {"model": "old", "prompt": "hi"}),
        "moderations": ("/v1/moderations", {"model": "mod", "input": "hi"}),
        "image_generations": ("/v1/images/generations", {"model": "image", "prompt": "hi"}),
    }
    for name, (path, body) in bodies.items():
        assert gateway.request("POST", path, body, {"x-request-id": f"door-{name}"}).status == 200

    def rows() -> dict:
        done = run(gateway, "requests", "--json", "--limit", "50")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return {row["label"][5:]: row for row in found if (row["label"] or "").startswith("door-")}

    wait_until(lambda: len(rows()) == len(bodies), 10, "the requests are in the usage database")
    found = rows()
    assert {name: row["endpoint"] for name, row in found.items()} == {name: name for name in bodies}
    assert found["messages"]["tokens"]["input"] == 7 and found["messages"]["tokens"]["output"] == 5
    assert not any(found["count_tokens"]["tokens"].values())

    def labels() -> bool:
        page = request(gateway.address, "GET", "/metrics").body.decode()
        return all(f'endpoint="{name}"' in page for name in bodies)

    wait_until(labels, 10, "the metrics name every door")
