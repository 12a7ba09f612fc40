"""The unmodified `openai` package, synchronous and asynchronous, against the simulated and the own provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import httpx
import openai
import pytest

from Harness.gateway import Gateway
from Harness.provider import OwnProvider

MESSAGES = [{"role": "user", "content": "Say hello."}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
# Model names: the own provider behaves by the name, the simulated one takes any.
CHAT = ["own:chat", "simulated:any"]


@pytest.fixture
def client(gateway: Gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0, timeout=20) as made:
        yield made


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def async_client(gateway: Gateway) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0, timeout=20)


@pytest.mark.parametrize("model", CHAT)
def test_unary(client: openai.OpenAI, model: str) -> None:
    reply = client.chat.completions.create(model=model, messages=MESSAGES)
    assert reply.object == "chat.completion"
    assert reply.choices[0].message.role == "assistant"
    assert reply.choices[0].message.content
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0


def test_the_simulated_provider_is_deterministic(client: openai.OpenAI) -> None:
    texts = [
        client.chat.completions.create(model="simulated:any", messages=MESSAGES).choices[0].message.content
        for _ in range(2)
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("model", CHAT)
def test_stream(client: openai.OpenAI, model: str) -> None:
    chunks = list(client.chat.completions.create(model=model, messages=MESSAGES, stream=True))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text.strip()
    assert chunks[0].object == "chat.completion.chunk"
    assert [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason] == ["stop"]
    assert all(chunk.choices for chunk in chunks), "a usage chunk that the client did not ask for came through"


@pytest.mark.parametrize("model", CHAT)
def test_stream_with_usage(client: openai.OpenAI, model: str) -> None:
    chunks = list(
        client.chat.completions.create(
            model=model, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == chunks[-1].usage.prompt_tokens + chunks[-1].usage.completion_tokens > 0
    assert sum(not chunk.choices for chunk in chunks) == 1


def test_simulated_stream_says_what_the_unary_reply_says(client: openai.OpenAI) -> None:
    unary = client.chat.completions.create(model="simulated:any", messages=MESSAGES)
    chunks = client.chat.completions.create(
        model="simulated:any", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    text, usage = "", None
    for chunk in chunks:
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        usage = chunk.usage or usage
    assert text == unary.choices[0].message.content
    assert usage is not None and unary.usage is not None
    assert usage.completion_tokens == unary.usage.completion_tokens


@pytest.mark.parametrize("model", ["own:tools", "simulated:any"])
def test_tools_unary(client: openai.OpenAI, model: str) -> None:
    reply = client.chat.completions.create(model=model, messages=MESSAGES, tools=TOOLS)
    assert reply.choices[0].finish_reason == "tool_calls"
    calls = reply.choices[0].message.tool_calls
    assert calls and calls[0].function.name == "get_weather"
    assert isinstance(json.loads(calls[0].function.arguments), dict)


@pytest.mark.parametrize("model", ["own:tools", "simulated:any"])
def test_tools_stream(client: openai.OpenAI, model: str) -> None:
    name, arguments, reasons = "", "", []
    for chunk in client.chat.completions.create(model=model, messages=MESSAGES, tools=TOOLS, stream=True):
        for choice in chunk.choices:
            reasons += [choice.finish_reason] if choice.finish_reason else []
            for call in choice.delta.tool_calls or []:
                name += call.function.name or ""
                arguments += call.function.arguments or ""
    assert name == "get_weather"
    assert isinstance(json.loads(arguments), dict)
    assert reasons == ["tool_calls"]


@pytest.mark.parametrize("model", ["own:embed", "simulated:any"])
def test_embeddings(client: openai.OpenAI, model: str) -> None:
    reply = client.embeddings.create(model=model, input=["one", "two"], encoding_format="float")
    assert [item.index for item in reply.data] == [0, 1]
    assert all(item.embedding and all(isinstance(x, float) for x in item.embedding) for item in reply.data)
    assert reply.usage.total_tokens > 0


def test_simulated_embeddings_in_the_sdks_own_encoding(client: openai.OpenAI) -> None:
    # Without an encoding the SDK asks for base64 and decodes it, or takes floats where it gets them.
    reply = client.embeddings.create(model="simulated:any", input="one")
    again = client.embeddings.create(model="simulated:any", input="one", encoding_format="float")
    assert len(reply.data[0].embedding) == len(again.data[0].embedding) > 0
    assert reply.data[0].embedding == pytest.approx(again.data[0].embedding, abs=1e-6)


def test_models(client: openai.OpenAI) -> None:
    names = {model.id for model in client.models.list()}
    assert {"renamed", "fast"} <= names


def test_a_large_prompt(client: openai.OpenAI, provider: OwnProvider) -> None:
    text = "Räksmörgås \u2028 \U0001f980 " * 60_000  # about 1.5 MB of UTF-8
    reply = client.chat.completions.create(model="own:chat", messages=[{"role": "user", "content": text}])
    assert reply.choices[0].message.content
    assert json.loads(provider.requests("chat")[0].body)["messages"][0]["content"] == text


def test_async_unary_stream_and_embeddings(gateway: Gateway) -> None:
    async def body() -> None:
        async with async_client(gateway) as client:
            for model in CHAT:
                reply = await client.chat.completions.create(model=model, messages=MESSAGES)
                assert reply.choices[0].message.content
                text = ""
                async for chunk in await client.chat.completions.create(model=model, messages=MESSAGES, stream=True):
                    text += "".join(choice.delta.content or "" for choice in chunk.choices)
                assert text
            embedded = await client.embeddings.create(model="own:embed", input="x", encoding_format="float")
            assert embedded.data[0].embedding

    run(body())


def test_async_fifty_at_once(gateway: Gateway) -> None:
    async def one(client: openai.AsyncOpenAI, index: int) -> str:
        text = ""
        chunks = await client.chat.completions.create(
            model=f"own:stream-{5 + index % 7}-5", messages=MESSAGES, stream=True
        )
        async for chunk in chunks:
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
        return text

    async def body() -> None:
        async with async_client(gateway) as client:
            texts = await asyncio.gather(*(one(client, index) for index in range(50)))
        for index, text in enumerate(texts):
            assert text == "".join(f" w{i}" for i in range(5 + index % 7))

    run(body())


def test_closing_a_stream_early_leaves_the_client_usable(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="own:stream-500-20", messages=MESSAGES, stream=True)
    next(iter(stream))
    stream.close()
    assert client.chat.completions.create(model="own:chat", messages=MESSAGES).choices


@pytest.mark.parametrize(
    ("model", "expected", "code"),
    [
        ("own:", openai.NotFoundError, "model_not_found"),
        ("own:status-400", openai.BadRequestError, "c"),
        ("own:status-404", openai.NotFoundError, "c"),
        ("own:status-409", openai.ConflictError, "c"),
        ("own:status-422", openai.UnprocessableEntityError, "c"),
        ("spare:status-429", openai.RateLimitError, "c"),
        ("own:status-500", openai.InternalServerError, "c"),
        ("spare:status-401", openai.InternalServerError, "provider_authentication"),
        ("spare:status-403", openai.InternalServerError, "provider_authentication"),
        ("own:reset", openai.InternalServerError, "provider_connection_reset"),
        ("own:close", openai.InternalServerError, "provider_connection_reset"),
        ("unreachable", openai.InternalServerError, "provider_unreachable"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_error_classes(
    client: openai.OpenAI, spare: Callable[[str], str], model: str, expected: type, code: str, stream: bool
) -> None:
    if model.startswith("spare:"):
        model = spare(model.removeprefix("spare:"))
    with pytest.raises(expected) as caught:
        client.chat.completions.create(model=model, messages=MESSAGES, stream=stream)
    assert caught.value.code == code
    assert caught.value.response.headers["x-sluice-record"]


def test_a_wrong_key(gateway: Gateway) -> None:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="sk-wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            client.chat.completions.create(model="own:chat", messages=MESSAGES)
        assert caught.value.code == "invalid_api_key"
        with pytest.raises(openai.AuthenticationError):
            client.models.list()


def test_a_stream_that_breaks_raises(client: openai.OpenAI) -> None:
    texts = []
    with pytest.raises((openai.APIError, httpx.RemoteProtocolError)):
        for chunk in client.chat.completions.create(model="own:cut-700", messages=MESSAGES, stream=True):
            texts += [choice.delta.content for choice in chunk.choices]
    assert texts, "what came before the break was lost"


def test_bad_request_from_the_gateway(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="own:chat", messages=MESSAGES, extra_body={"stream": "yes"})
    assert caught.value.code == "invalid_type"
    assert caught.value.param == "stream"
