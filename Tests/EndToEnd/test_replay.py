"""Recorded exchanges of real providers reach the client byte for byte, however the provider's bytes were cut."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.recordings import Recording, recordings
from Harness.shared import SPLITS, ReplayProvider, shared

SHORT = ("whole", "event", "7")
PROVIDERS = ("openai", "vllm", "ollama", "groq", "deepseek", "openrouter")
EXCHANGES = [one for one in recordings(("chat.completions", "embeddings")) if one.provider in PROVIDERS]
# After a refusal the key rests: who refuses is a provider of its own.
REFUSALS = {one.id: f"refusing-{number}" for number, one in enumerate(one for one in EXCHANGES if one.is_refusal)}


@pytest.fixture(scope="module", params=[s if s in SHORT else pytest.param(s, marks=pytest.mark.verify) for s in SPLITS])
def replay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A gateway in front of the replaying provider at one split, and the provider's log. Each is asked once."""
    shared("exchanges")
    folder = tmp_path_factory.mktemp("replay")
    log = folder / "provider.log"
    with ReplayProvider(request.param, log) as provider:
        names = ["replay", *REFUSALS.values()]
        providers = {name: openai_provider(provider.base_url, breaker=False) for name in names}
        config = base_config(folder / "sluice-state", providers=providers, models=once(*names))
        with Gateway(config, folder=folder) as gateway:
            yield gateway, log


def logged(log: pathlib.Path, name: str) -> list[dict]:
    return [line for line in map(json.loads, log.read_text().splitlines()) if line["id"] == name]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("exchange", EXCHANGES or [None], ids=lambda exchange: exchange.id if exchange else "absent")
def test_recorded(replay: tuple[Gateway, pathlib.Path], exchange: Recording) -> None:
    gateway, log = replay
    request = exchange.own()
    model = f"{REFUSALS.get(exchange.id, 'replay')}:{exchange.id}"
    body = json.dumps(request | {"model": model}, ensure_ascii=False).encode()
    target = "/v1/embeddings" if exchange.api == "embeddings" else "/v1/chat/completions"
    reply = gateway.request("POST", target, body, timeout=120)
    calls = logged(log, exchange.id)
    assert len(calls) == 1, f"asked {len(calls)} times"
    sent = calls[0]["body"]
    if exchange.status in (401, 403):
        assert (reply.status, reply.error["code"]) == (502, "provider_authentication")
        return
    assert reply.status == exchange.status
    assert reply.complete
    assert reply.body == exchange.body, difference(reply.body, exchange.body)
    assert reply.header("content-type") == exchange.headers.get("content-type")
    expected = request | {"model": exchange.id}
    if exchange.stream and not (request.get("stream_options") or {}).get("include_usage"):
        expected |= {"stream_options": (request.get("stream_options") or {}) | {"include_usage": True}}
    assert sent == expected


def difference(got: bytes, expected: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
    return f"{len(got)} bytes for {len(expected)}, differ at {at}: {got[at : at + 80]!r} for {expected[at : at + 80]!r}"


FAULTS = [exchange for exchange in EXCHANGES if exchange.stream and exchange.status == 200][::3]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("exchange", FAULTS or [None], ids=lambda exchange: exchange.id if exchange else "absent")
def test_recorded_but_cut(replay: tuple[Gateway, pathlib.Path], exchange: Recording) -> None:
    gateway, _ = replay
    for count in sorted({1, len(exchange.body) // 3, len(exchange.body) // 2, len(exchange.body) - 20}):
        request = exchange.own() | {"model": f"replay:fault-cut-{exchange.id}-{count}"}
        with gateway.connect(60) as connection:
            connection.send(gateway.chat_bytes(request))
            reply = connection.reply()
        if reply.status != 200:
            assert reply.complete and reply.status == 502
            assert reply.error["code"] == "provider_connection_reset"
            # Only where no event with content was whole.
            assert not re.search(rb'"content":\s*"[^"]+"', exchange.body[:count].rpartition(b"\n\n")[0])
            continue
        assert not reply.complete, "a cut reply ends cleanly"
        assert b"[DONE]" not in reply.body
        assert b'data: {"error"' in reply.body
        passed = reply.body[: reply.body.rindex(b'data: {"error"')]
        assert exchange.body.startswith(passed.rstrip(b"\n"))
        assert passed.startswith(exchange.body[:count].rpartition(b"\n\n")[0])
