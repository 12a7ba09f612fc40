"""The corpora at the front doors: every JSON text of JSONTestSuite as a request, every byte sequence of utf8tests in a stream."""

from __future__ import annotations

import collections
import json
import random
from collections.abc import Iterable, Iterator

import pytest

from Harness import wire
from Harness.canned import CannedProvider, chunked_reply, split_every
from Harness.corpora import Sample, Text, anthropic_stream, json_texts, openai_stream, text_of, utf8_samples
from Harness.gateway import Gateway, base_config, openai_provider
from Harness.provider import Seen
from Harness.script import ScriptedProvider
from Harness.shared import shared

TEXTS, SAMPLES = json_texts(), utf8_samples()
MESSAGES = b'"messages":[{"role":"user","content":"x"}]'


class Indifferent(ScriptedProvider):
    """Answers everything that gets here, in the dialect it was asked in, and keeps the last body."""

    last = b""

    def _reply(self, seen: Seen) -> bytes:
        self.last = seen.body
        self.log.clear()
        if seen.target.endswith("/messages"):
            usage = {"input_tokens": 1, "output_tokens": 1}
            body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "usage": usage}
            body |= {"content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn", "stop_sequence": None}
        else:
            message = {"role": "assistant", "content": "ok"}
            body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
            body |= {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
            body |= {"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
        raw = json.dumps(body).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(raw), raw)


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory):
    """A gateway before a provider whose dialect is passed and one whose dialect is translated."""
    shared("corpora")
    folder = tmp_path_factory.mktemp("corpora")
    with Indifferent() as provider:
        providers = {
            "passed": openai_provider(provider.base_url),
            "translated": openai_provider(provider.base_url, dialect="anthropic"),
        }
        with Gateway(base_config(folder / "sluice-state", providers=providers), folder=folder) as gateway:
            yield gateway, provider


class Client:
    """Keeps its connection, as far as the gateway does."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.connection: wire.Connection | None = None

    def send(self, target: str, body: bytes, pieces: Iterable[bytes] | None = None) -> wire.Reply:
        headers = self.gateway.authorization() | {"Content-Type": "application/json"}
        if self.connection is None:
            self.connection = self.gateway.connect(30)
        if pieces is None:
            self.connection.send(wire.render("POST", target, headers, body))
        else:
            length = {"Content-Length": str(len(body))}
            self.connection.send(wire.render("POST", target, headers | length, b""))
            for piece in pieces:
                self.connection.send(piece)
        reply = self.connection.reply()
        if self.connection.ended or (reply.header("connection") or "").lower() == "close":
            self.close()
        return reply

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None


@pytest.fixture
def client(bodies: tuple[Gateway, Indifferent]) -> Iterator[Client]:
    """Its gateway must end the test with the processes that it began it with."""
    gateway = bodies[0]
    before = gateway.children()
    made = Client(gateway)
    yield made
    made.close()
    assert gateway.children() == before, "a worker died"


def cuts(body: bytes, how: str) -> Iterator[list[bytes] | None]:
    """The pieces to send a body in, each time in another way."""
    if how == "whole":
        yield None
    elif how == "bytes":
        yield split_every(body, 1 if len(body) < 3000 else 4096)
    else:
        for at in range(1, len(body)) if len(body) < 3000 else (1, len(body) // 2):
            yield [body[:at], body[at:]]


LONG = pytest.param("everywhere", marks=pytest.mark.verify)
HOW = pytest.mark.parametrize("how", ["whole", "bytes", LONG])


@HOW
@pytest.mark.timeout(900)
@pytest.mark.parametrize("target", ["/v1/chat/completions", "/v1/messages", "/v1/embeddings"])
def test_json_as_the_body(client: Client, target: str, how: str) -> None:
    """No text of the suite names a model: each is refused, and as a client's fault."""
    for text in TEXTS:
        for pieces in cuts(text.body, how):
            reply = client.send(target, text.body, pieces)
            assert reply.status == 400, (text.name, reply)
            assert reply.json()["error"]["message"]


@HOW
@pytest.mark.timeout(900)
@pytest.mark.parametrize("model", ["translated", "passed"])
def test_json_as_a_schema(client: Client, bodies: tuple[Gateway, Indifferent], model: str, how: str) -> None:
    """Inside a request that is otherwise good: translated, every text is read; passed, structure and UTF-8 are checked."""
    counts: collections.Counter = collections.Counter()
    for text in TEXTS:
        body = b'{"model":"%b:m",%b,"tools":[{"type":"function","function":{"name":"f","parameters":{"x":%b}}}]}' % (
            model.encode(),
            MESSAGES,
            text.body,
        )
        for pieces in cuts(body, how):
            reply = client.send("/v1/chat/completions", body, pieces)
            assert reply.status in (200, 400), (text.name, reply)
            counts[text.expected, reply.status] += 1
            judge(text, reply, model == "translated", bodies[1].last)
    print(f"{model}, {how}: {dict(counts)}")


def judge(text: Text, reply: wire.Reply, is_translated: bool, arrived: bytes) -> None:
    if text.expected == "y":
        assert reply.status == 200, (text.name, reply)
    if text.expected == "n" and (is_translated or not text.is_utf8 or not text.is_balanced):
        assert reply.status == 400, (text.name, reply)
    if reply.status == 400:
        assert reply.json()["error"]["type"] == "invalid_request_error", (text.name, reply)
    elif is_translated:
        if text.expected == "y":
            given = json.loads(arrived)["tools"][0]["input_schema"]
            assert given["x"] == json.loads(text.body), text.name
    else:
        assert b'"x":' + text.body + b"}" in arrived, text.name


@pytest.mark.timeout(900)
@HOW
def test_json_in_anthropics_words(client: Client, bodies: tuple[Gateway, Indifferent], how: str) -> None:
    """The other way round: Anthropic's front door before a provider in OpenAI's words."""
    for text in TEXTS:
        body = b'{"model":"passed:m","max_tokens":5,%b,"tools":[{"name":"f","input_schema":{"x":%b}}]}' % (
            MESSAGES,
            text.body,
        )
        for pieces in cuts(body, how):
            reply = client.send("/v1/messages", body, pieces)
            assert reply.status in (200, 400), (text.name, reply)
            if text.expected != "i":
                assert reply.status == (200 if text.expected == "y" else 400), (text.name, reply)


# Streams

# The provider's dialect, the front door, whether bytes pass unchanged.
WAYS = {
    "openai-chat": ("openai", "/v1/chat/completions", True),
    "groq-chat": ("groq", "/v1/chat/completions", False),
    "anthropic-chat": ("anthropic", "/v1/chat/completions", False),
    "openai-messages": ("openai", "/v1/messages", False),
    "anthropic-messages": ("anthropic", "/v1/messages", True),
}


def streams() -> dict[str, bytes]:
    """The replies of the provider: each sample whole, byte by byte, and split at every place around it."""
    found = {}
    for dialect, make in (("openai", openai_stream), ("anthropic", anthropic_stream)):
        for sample in SAMPLES:
            body, at = make(sample.in_json)
            name = f"{dialect}/{sample.name}"
            found[f"{name}/whole"] = chunked_reply([body])
            found[f"{name}/bytes"] = chunked_reply(split_every(body, 1))
            for place in range(at, at + len(sample.in_json) + 1):
                found[f"{name}/{place - at}"] = chunked_reply([body[:place], body[place:]])
    return found


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory):
    shared("corpora")
    folder = tmp_path_factory.mktemp("corpora-streams")
    with CannedProvider(streams()) as provider:
        providers = {
            dialect: openai_provider(provider.base_url, dialect=dialect) for dialect in ("openai", "groq", "anthropic")
        }
        with Gateway(base_config(folder / "sluice-state", providers=providers), folder=folder) as gateway:
            yield gateway, provider


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", list(WAYS))
def test_utf8_in_a_stream(streaming: tuple[Gateway, CannedProvider], way: str, request: pytest.FixtureRequest) -> None:
    gateway, provider = streaming
    dialect, target, is_exact = WAYS[way]
    source = "anthropic" if dialect == "anthropic" else "openai"
    before = gateway.children()
    client = Client(gateway)
    names = [name for name in provider.replies if name.startswith(source + "/")]
    if not request.config.getoption("--verify"):
        # All samples whole and byte by byte; of the places, one of each sample, other ones each time.
        chosen = {f"{source}/{one.name}/{random.randrange(len(one.in_json) + 1)}" for one in SAMPLES}
        names = [name for name in names if name.endswith(("/whole", "/bytes")) or name in chosen]
    samples = {sample.name: sample for sample in SAMPLES}
    outcomes: collections.Counter = collections.Counter()
    by_sample: dict[str, set[str]] = collections.defaultdict(set)
    for name in names:
        sample = samples[name.split("/")[1]]
        body = b'{"model":"%b:%b",%b,"max_tokens":5,"stream":true}' % (dialect.encode(), name.encode(), MESSAGES)
        outcome = judged(sample, client.send(target, body), is_exact)
        outcomes["valid" if sample.is_valid else "invalid", outcome] += 1
        by_sample[sample.name].add(outcome)
    client.close()
    print(f"{way}: {dict(outcomes)}")
    assert gateway.children() == before, "a worker died"
    assert not (mixed := {name: found for name, found in by_sample.items() if len(found) > 1}), mixed


def judged(sample: Sample, reply: wire.Reply, is_exact: bool) -> str:
    """What became of it; asserts that this is one of the outcomes that may be."""
    if reply.status != 200:
        assert not sample.is_valid and reply.status == 502, (sample, reply)
        return f"status {reply.status}"
    if is_exact:
        # The bytes are the provider's.
        assert b"<" in reply.body and sample.in_json in reply.body, (sample, reply.body)
        return "passed"
    text, failed = text_of(reply.body)
    if failed:
        assert not sample.is_valid, (sample, reply.body)
        assert text in ("", "<"), (sample, text)
        return "error"
    assert reply.complete, (sample, reply)
    if sample.is_valid:
        assert text == f"<{sample.raw.decode()}>", (sample, text)
        return "unchanged"
    allowed = {f"<{sample.replaced.decode()}>": "replaced", f"<{sample.skipped.decode()}>": "left out"}
    assert text in allowed, (sample, text)
    return allowed[text]
