"""Unmodified SDKs with only their base_url changed, each before a provider of its own dialect and of the other one.

The scripted providers refuse what such a provider would refuse, so that a talk that comes to its end was valid all along.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass

import anthropic
import openai
import pydantic
import pytest

from Harness.anthropic_script import AnthropicScript
from Harness.gateway import Gateway, base_config, openai_provider
from Harness.openai_script import OpenAIScript
from Harness.script import THOUGHT, USAGE, Invalid, signature_of

ASK = [{"role": "user", "content": "What is the weather?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENAI_TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "The weather", "parameters": SCHEMA}}
]
ANTHROPIC_TOOLS = [{"name": "get_weather", "description": "The weather", "input_schema": SCHEMA}]
PIXEL = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0\x1f\x15\xc4\x89\0\0\0\nIDATx\x9cc\0\1\0\0\5\0\1\r\n-\xb4\0\0\0\0IEND\xaeB`\x82"
).decode()
# What the SDK's streams add to a message.
NOT_SENT_BACK = {"parsed": True, "tool_calls": {"__all__": {"index": True, "function": {"parsed_arguments"}}}}
WIDE = {"openai": OpenAIScript, "anthropic": AnthropicScript}
EITHER = pytest.mark.parametrize("kind", list(WIDE))


class Book(pydantic.BaseModel):
    title: str
    pages: int
    tags: list[str]


@dataclass
class Scene:
    gateway: Gateway
    scripts: dict[str, OpenAIScript | AnthropicScript]

    def assert_valid(self) -> None:
        problems = [one for script in self.scripts.values() for one in script.problems]
        assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("sdks")
    with OpenAIScript() as own, AnthropicScript() as other:
        providers = {
            "openai": openai_provider(own.base_url),
            "anthropic": openai_provider(other.base_url, dialect="anthropic"),
            "quirky": openai_provider(own.base_url, dialect="groq"),
        }
        with Gateway(base_config(folder / "sluice-state", providers=providers), folder=folder) as gateway:
            yield Scene(gateway, {"openai": own, "anthropic": other})


@pytest.fixture
def scene(running: Scene):
    for script in running.scripts.values():
        script.clear()
    yield running
    running.assert_valid()


@pytest.fixture
def client(scene: Scene):
    with openai.OpenAI(
        base_url=f"{scene.gateway.url}/v1", api_key=scene.gateway.key, max_retries=0, timeout=20
    ) as made:
        yield made


@pytest.fixture
def claude(scene: Scene):
    with anthropic.Anthropic(base_url=scene.gateway.url, api_key=scene.gateway.key, max_retries=0, timeout=20) as made:
        yield made


def weather(city: str) -> str:
    return f"rain in {city}"


# The `openai` package


@EITHER
def test_openai_chat(client: openai.OpenAI, kind: str) -> None:
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hællo 🦀"}]
    reply = client.chat.completions.create(model=f"{kind}:hello", messages=messages)
    assert reply.choices[0].message.content == "You said: Hællo 🦀 (system: Be short.)"
    assert reply.choices[0].finish_reason == "stop"
    assert_usage(reply.usage)


def assert_usage(usage: object) -> None:
    assert (usage.prompt_tokens, usage.completion_tokens) == (USAGE["prompt"], USAGE["completion"])
    assert usage.total_tokens == USAGE["prompt"] + USAGE["completion"]
    assert usage.prompt_tokens_details.cached_tokens == USAGE["cached"]


@EITHER
def test_openai_stream(client: openai.OpenAI, kind: str) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(model=f"{kind}:hello", messages=ASK, **options))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == "You said: What is the weather? (system: )"
    assert len({chunk.id for chunk in chunks}) == len({chunk.created for chunk in chunks}) == 1
    assert [c.delta.role for chunk in chunks for c in chunk.choices if c.delta.role] == ["assistant"]
    assert [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason] == ["stop"]
    assert chunks[-1].choices == []
    assert_usage(chunks[-1].usage)
    unasked = list(client.chat.completions.create(model=f"{kind}:hello", messages=ASK, stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in unasked)


@EITHER
def test_openai_limit(client: openai.OpenAI, kind: str) -> None:
    reply = client.chat.completions.create(model=f"{kind}:long", messages=ASK, max_completion_tokens=5)
    assert reply.choices[0].finish_reason == "length"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "calls"), [("weather", 1), ("parallel", 2), ("steps", 3), ("nothing", 1)])
@pytest.mark.parametrize("kind", [*WIDE, "quirky"])
def test_openai_tool_loop(client: openai.OpenAI, kind: str, model: str, calls: int, stream: bool) -> None:
    """To the end, as an agent goes on: what the model says goes back as it came."""
    messages: list = list(ASK)
    made = 0
    for _ in range(6):
        asked = {"model": f"{kind}:{model}", "messages": messages, "tools": OPENAI_TOOLS}
        if stream:
            with client.chat.completions.stream(**asked) as events:
                reply = events.get_final_completion()
        else:
            reply = client.chat.completions.create(**asked)
        message = reply.choices[0].message
        if not message.tool_calls:
            break
        assert reply.choices[0].finish_reason == "tool_calls"
        messages.append(message.model_dump(exclude_none=True, exclude=NOT_SENT_BACK))
        for call in message.tool_calls:
            made += 1
            given = json.loads(call.function.arguments)
            result = weather(given.get("city", "nowhere"))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    assert made == calls
    cities = ("Oslo", "Rome", "Lima")[:calls] if model != "nothing" else ("nowhere",)
    assert message.content == "The tools say: " + "; ".join(map(weather, cities))
    assert reply.choices[0].finish_reason == "stop"


# Anthropic's newer models know schemas; with older ones the schema is that of a tool which has to be called.
@pytest.mark.parametrize("model", ["openai:structured", "anthropic:structured", "anthropic:claude-opus-4-8-structured"])
def test_openai_parse(client: openai.OpenAI, model: str) -> None:
    reply = client.chat.completions.parse(model=model, messages=ASK, response_format=Book)
    assert reply.choices[0].finish_reason == "stop"
    assert reply.choices[0].message.parsed == Book(title="Åse", pages=7, tags=["Åse"])


@EITHER
def test_openai_thinking(client: openai.OpenAI, kind: str) -> None:
    """Thoughts are told, and go back to the provider that has them sealed."""
    asked = {"model": f"{kind}:think", "tools": OPENAI_TOOLS, "extra_body": {"reasoning_effort": "low"}}
    reply = client.chat.completions.create(messages=ASK, **asked)
    message = reply.choices[0].message
    assert message.model_extra["reasoning_content"] == THOUGHT
    back = message.model_dump(exclude_none=True)
    if kind == "anthropic":
        block = {"type": "thinking", "thinking": THOUGHT, "signature": signature_of(THOUGHT)}
        assert message.model_extra["thinking_blocks"] == [block]
    else:
        back.pop("reasoning_content")  # no member of OpenAI's requests
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rain"}
    final = client.chat.completions.create(messages=[*ASK, back, result], **asked)
    assert final.choices[0].message.content == "The tools say: rain"


@EITHER
def test_openai_streamed_thinking(client: openai.OpenAI, kind: str) -> None:
    thought, blocks = "", []
    chunks = client.chat.completions.create(
        model=f"{kind}:think", messages=ASK, stream=True, extra_body={"reasoning_effort": "low"}
    )
    for chunk in chunks:
        for choice in chunk.choices:
            thought += (choice.delta.model_extra or {}).get("reasoning_content") or ""
            blocks += (choice.delta.model_extra or {}).get("thinking_blocks") or []
    assert thought == THOUGHT
    if kind == "anthropic":
        assert [block["signature"] for block in blocks] == [signature_of(THOUGHT)]
        assert blocks[0]["thinking"] == THOUGHT


@EITHER
def test_openai_images(client: openai.OpenAI, kind: str) -> None:
    urls = [f"data:image/png;base64,{PIXEL}", "https://example.com/cat.png"]
    content = [
        {"type": "text", "text": "What is it?"},
        *({"type": "image_url", "image_url": {"url": one}} for one in urls),
    ]
    reply = client.chat.completions.create(model=f"{kind}:picture", messages=[{"role": "user", "content": content}])
    assert reply.choices[0].message.content == "I see " + ", ".join(urls)


@pytest.mark.parametrize("kind", [*WIDE, "quirky"])
def test_openai_completions(client: openai.OpenAI, kind: str) -> None:
    """The old endpoint; where a provider has none it is a chat."""
    reply = client.completions.create(model=f"{kind}:hello", prompt="one", max_tokens=50)
    expected = "After one" if kind == "openai" else "You said: one (system: )"
    assert (reply.object, reply.choices[0].text, reply.choices[0].finish_reason) == (
        "text_completion",
        expected,
        "stop",
    )
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0
    chunks = list(client.completions.create(model=f"{kind}:hello", prompt="one", max_tokens=50, stream=True))
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == expected


def test_openai_other_endpoints(client: openai.OpenAI) -> None:
    assert client.embeddings.create(model="openai:any", input=["a", "b"]).data[1].embedding == [0.25, -0.5, 1.0]
    assert client.moderations.create(model="openai:any", input="x").results[0].flagged is False
    assert client.images.generate(model="openai:any", prompt="a cat").data[0].b64_json == "aGk="
    assert "openai:any" not in {one.id for one in client.models.list()}


def test_openai_what_a_provider_has_not(client: openai.OpenAI) -> None:
    calls = (
        lambda: client.embeddings.create(model="anthropic:any", input="x"),
        lambda: client.moderations.create(model="anthropic:any", input="x"),
        lambda: client.images.generate(model="anthropic:any", prompt="x"),
    )
    for call in calls:
        with pytest.raises(openai.APIStatusError) as caught:
            call()
        assert caught.value.status_code in (400, 404), caught.value
        assert "anthropic" in str(caught.value)


@EITHER
def test_openai_async(scene: Scene, kind: str) -> None:
    async def body() -> None:
        options = {"api_key": scene.gateway.key, "max_retries": 0, "timeout": 20}
        async with openai.AsyncOpenAI(base_url=f"{scene.gateway.url}/v1", **options) as client:
            one = await client.chat.completions.create(model=f"{kind}:hello", messages=ASK)
            text = ""
            async for chunk in await client.chat.completions.create(model=f"{kind}:hello", messages=ASK, stream=True):
                text += "".join(choice.delta.content or "" for choice in chunk.choices)
            assert text == one.choices[0].message.content

    asyncio.run(asyncio.wait_for(body(), 60))


# The `anthropic` package


@EITHER
def test_anthropic_messages(claude: anthropic.Anthropic, kind: str) -> None:
    reply = claude.messages.create(model=f"{kind}:hello", max_tokens=50, system="Be short.", messages=ASK)
    assert [block.type for block in reply.content] == ["text"]
    assert reply.content[0].text == "You said: What is the weather? (system: Be short.)"
    assert (reply.type, reply.role, reply.stop_reason) == ("message", "assistant", "end_turn")
    assert reply.id.startswith("msg_")
    assert_message_usage(reply.usage)


def assert_message_usage(usage: object) -> None:
    assert usage.input_tokens == USAGE["prompt"] - USAGE["cached"]
    assert (usage.cache_read_input_tokens, usage.output_tokens) == (USAGE["cached"], USAGE["completion"])


@EITHER
def test_anthropic_stream(claude: anthropic.Anthropic, kind: str) -> None:
    with claude.messages.stream(model=f"{kind}:hello", max_tokens=50, messages=ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == final.content[0].text == "You said: What is the weather? (system: )"
    assert final.stop_reason == "end_turn"
    assert_message_usage(final.usage)


@EITHER
def test_anthropic_limit(claude: anthropic.Anthropic, kind: str) -> None:
    assert claude.messages.create(model=f"{kind}:long", max_tokens=5, messages=ASK).stop_reason == "max_tokens"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "calls"), [("weather", 1), ("parallel", 2), ("steps", 3), ("nothing", 1)])
@pytest.mark.parametrize("kind", [*WIDE, "quirky"])
def test_anthropic_tool_loop(claude: anthropic.Anthropic, kind: str, model: str, calls: int, stream: bool) -> None:
    messages: list = list(ASK)
    made = 0
    for _ in range(6):
        reply = ask(claude, stream, model=f"{kind}:{model}", max_tokens=500, messages=messages, tools=ANTHROPIC_TOOLS)
        uses = [block for block in reply.content if block.type == "tool_use"]
        if not uses:
            break
        assert reply.stop_reason == "tool_use"
        made += len(uses)
        results = [
            {"type": "tool_result", "tool_use_id": one.id, "content": weather(one.input.get("city", "nowhere"))}
            for one in uses
        ]
        messages += [{"role": "assistant", "content": reply.content}, {"role": "user", "content": results}]
    assert made == calls
    cities = ("Oslo", "Rome", "Lima")[:calls] if model != "nothing" else ("nowhere",)
    assert reply.content[-1].text == "The tools say: " + "; ".join(map(weather, cities))
    assert reply.stop_reason == "end_turn"


def ask(claude: anthropic.Anthropic, stream: bool, **asked):
    if not stream:
        return claude.messages.create(**asked)
    with claude.messages.stream(**asked) as events:
        return events.get_final_message()


@pytest.mark.parametrize("stream", [False, True])
@EITHER
def test_anthropic_thinking(claude: anthropic.Anthropic, kind: str, stream: bool) -> None:
    asked = {
        "model": f"{kind}:think",
        "max_tokens": 3000,
        "tools": ANTHROPIC_TOOLS,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }
    reply = ask(claude, stream, messages=ASK, **asked)
    assert [block.type for block in reply.content] == ["thinking", "tool_use"]
    assert reply.content[0].thinking == THOUGHT
    if kind == "anthropic":
        assert reply.content[0].signature == signature_of(THOUGHT)
    result = [{"type": "tool_result", "tool_use_id": reply.content[1].id, "content": "rain"}]
    back = [*ASK, {"role": "assistant", "content": reply.content}, {"role": "user", "content": result}]
    final = ask(claude, stream, messages=back, **asked)
    assert final.content[-1].text == "The tools say: rain"


@EITHER
def test_anthropic_images(claude: anthropic.Anthropic, kind: str) -> None:
    sources = [
        {"type": "base64", "media_type": "image/png", "data": PIXEL},
        {"type": "url", "url": "https://example.com/cat.png"},
    ]
    content = [*({"type": "image", "source": one} for one in sources), {"type": "text", "text": "What is it?"}]
    reply = claude.messages.create(
        model=f"{kind}:picture", max_tokens=50, messages=[{"role": "user", "content": content}]
    )
    assert reply.content[0].text == f"I see data:image/png;base64,{PIXEL}, https://example.com/cat.png"


@EITHER
def test_anthropic_image_in_a_result(claude: anthropic.Anthropic, kind: str) -> None:
    """OpenAI's results hold text only: there the image comes behind them."""
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    inner = [{"type": "text", "text": "see"}, {"type": "image", "source": source}]
    use = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": inner}
    messages = [*ASK, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    reply = claude.messages.create(model=f"{kind}:picture", max_tokens=50, messages=messages, tools=ANTHROPIC_TOOLS)
    assert reply.content[0].text == f"I see data:image/png;base64,{PIXEL}"


@EITHER
def test_anthropic_structured(claude: anthropic.Anthropic, kind: str) -> None:
    schema = Book.model_json_schema() | {"additionalProperties": False}
    config = {"format": {"type": "json_schema", "schema": schema}}
    reply = claude.messages.create(
        model=f"{kind}:structured", max_tokens=50, messages=ASK, extra_body={"output_config": config}
    )
    assert Book.model_validate_json(reply.content[0].text) == Book(title="Åse", pages=7, tags=["Åse"])


def test_anthropic_count_tokens(claude: anthropic.Anthropic) -> None:
    asked = {"messages": ASK, "system": "Be short.", "tools": ANTHROPIC_TOOLS}
    assert claude.messages.count_tokens(model="anthropic:any", **asked).input_tokens == 123
    # A provider that counts none: the gateway estimates, and more text is more tokens.
    few = claude.messages.count_tokens(model="openai:any", messages=ASK).input_tokens
    many = claude.messages.count_tokens(model="openai:any", messages=[{"role": "user", "content": "word " * 400}])
    assert 0 < few < 50 and 10 * few < many.input_tokens < 2000
    assert many.model_extra == {"estimated": True}


@EITHER
def test_anthropic_async(scene: Scene, kind: str) -> None:
    async def body() -> None:
        options = {"api_key": scene.gateway.key, "max_retries": 0, "timeout": 20}
        async with anthropic.AsyncAnthropic(base_url=scene.gateway.url, **options) as client:
            one = await client.messages.create(model=f"{kind}:hello", max_tokens=50, messages=ASK)
            async with client.messages.stream(model=f"{kind}:hello", max_tokens=50, messages=ASK) as stream:
                text = "".join([piece async for piece in stream.text_stream])
            assert text == one.content[0].text

    asyncio.run(asyncio.wait_for(body(), 60))


def test_anthropic_errors(claude: anthropic.Anthropic, scene: Scene) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        claude.messages.create(model="nobody-has-this:x/y", max_tokens=5, messages=ASK)
    assert caught.value.body["type"] == "error" and caught.value.body["error"]["type"] == "not_found_error"
    with anthropic.Anthropic(base_url=scene.gateway.url, api_key="sk-wrong", max_retries=0) as wrong:
        with pytest.raises(anthropic.AuthenticationError) as caught:
            wrong.messages.create(model="openai:hello", max_tokens=5, messages=ASK)
        assert caught.value.body["error"]["type"] == "authentication_error"
    with pytest.raises(anthropic.BadRequestError) as caught:
        claude.messages.create(model="openai:hello", max_tokens=5, messages=ASK, extra_body={"top_k": "many"})
    assert caught.value.body["error"]["type"] == "invalid_request_error"


def test_the_scripted_providers_refuse() -> None:
    """Else nothing here would tell anything."""
    use = {"type": "tool_use", "id": "t", "name": "get_weather", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": "x"}
    thought = {"type": "thinking", "thinking": "a", "signature": "broken"}
    text = {"type": "text", "text": "x"}
    base = {"model": "hello", "max_tokens": 9}
    for messages, more in (
        ([{"role": "user", "content": "x", "name": "y"}], {}),
        ([{"role": "user", "content": [{"type": "text", "text": "x", "further": 1}]}], {}),
        ([{"role": "user", "content": []}], {}),
        ([*ASK, {"role": "assistant", "content": [use]}], {}),
        ([*ASK, {"role": "assistant", "content": [use]}, {"role": "user", "content": [text, result]}], {}),
        ([*ASK, {"role": "user", "content": [result]}], {}),
        ([*ASK, {"role": "assistant", "content": [thought]}], {}),
        (ASK, {"seed": 5}),
        (ASK, {"temperature": 1.5}),
        (ASK, {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
    ):
        with pytest.raises((Invalid, pydantic.ValidationError)):
            AnthropicScript.read(base | {"messages": messages} | more)
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    for messages, more in (
        ([{"role": "user", "content": "x", "cache_control": {"type": "ephemeral"}}], {}),
        ([*ASK, {"role": "assistant", "tool_calls": [call]}], {}),
        ([*ASK, {"role": "tool", "tool_call_id": "c", "content": "x"}], {}),
        (ASK, {"thinking": {"type": "enabled"}}),
        (ASK, {"tool_choice": "auto"}),
    ):
        with pytest.raises((Invalid, pydantic.ValidationError)):
            OpenAIScript.read({"model": "hello", "messages": messages} | more)
    assert AnthropicScript.read(base | {"messages": ASK}).last == OpenAIScript.read(base | {"messages": ASK}).last
