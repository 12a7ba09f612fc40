"""LangChain and LlamaIndex, unmodified, with only their base_url changed, before a provider of either dialect."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from Harness.anthropic_script import AnthropicScript
from Harness.gateway import ROOT, Gateway, base_config, openai_provider
from Harness.openai_script import OpenAIScript
from Harness.script import THOUGHT, USAGE, ScriptedProvider

KINDS = ("openai", "anthropic")
LLAMAINDEX = ROOT / ".venv-llamaindex" / "bin" / "python"


class Book(BaseModel):
    """A book."""

    title: str
    pages: int
    tags: list[str]


@tool
def get_weather(city: str) -> str:
    """The weather of a city"""
    return f"rain in {city}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("frameworks")
    with OpenAIScript() as own, AnthropicScript() as other:
        providers = {
            "openai": openai_provider(own.base_url),
            "anthropic": openai_provider(other.base_url, dialect="anthropic"),
        }
        with Gateway(base_config(folder / "sluice-state", providers=providers), folder=folder) as gateway:
            yield gateway, [own, other]


@pytest.fixture
def gateway(running: tuple[Gateway, list[ScriptedProvider]]):
    gateway, scripts = running
    for script in scripts:
        script.clear()
    yield gateway
    problems = [one for script in scripts for one in script.problems]
    assert not problems, "\n".join(problems)


def chat(gateway: Gateway, package: str, model: str, **options):
    """The package's model; `ChatOpenAI` is made of OpenAI's package, `ChatAnthropic` of Anthropic's."""
    shared = {"model": model, "api_key": gateway.key, "max_retries": 0, "timeout": 20} | options
    if package == "openai":
        return ChatOpenAI(base_url=f"{gateway.url}/v1", **shared)
    return ChatAnthropic(base_url=gateway.url, **({"max_tokens": 3000} | shared))


@pytest.mark.parametrize("package", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_langchain_invoke_and_stream(gateway: Gateway, package: str, kind: str) -> None:
    model = chat(gateway, package, f"{kind}:hello")
    talk = [SystemMessage("Be short."), HumanMessage("Hællo 🦀")]
    reply = model.invoke(talk)
    assert reply.text == "You said: Hællo 🦀 (system: Be short.)"
    assert reply.usage_metadata["input_tokens"] == USAGE["prompt"]
    assert reply.usage_metadata["output_tokens"] == USAGE["completion"]
    assert reply.usage_metadata["input_token_details"]["cache_read"] == USAGE["cached"]
    pieces = list(model.stream(talk))
    assert "".join(piece.text for piece in pieces) == reply.text
    assert len(pieces) > 3


@pytest.mark.parametrize("package", KINDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "calls"), [("parallel", 2), ("steps", 3)])
def test_langchain_tool_loop(gateway: Gateway, package: str, kind: str, name: str, calls: int) -> None:
    model = chat(gateway, package, f"{kind}:{name}").bind_tools([get_weather])
    talk: list = [HumanMessage("What is the weather?")]
    made = 0
    for turn in range(6):
        # Every other turn as a stream, put together by the framework.
        reply = model.invoke(talk) if turn % 2 else sum_of(model.stream(talk))
        talk.append(reply)
        if not reply.tool_calls:
            break
        for call in reply.tool_calls:
            made += 1
            talk.append(ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"]))
    assert made == calls
    assert reply.text == "The tools say: " + "; ".join(f"rain in {one}" for one in ("Oslo", "Rome", "Lima")[:calls])


def sum_of(pieces):
    total = None
    for piece in pieces:
        total = piece if total is None else total + piece
    return total


@pytest.mark.parametrize("kind", KINDS)
def test_langchain_structured_output(gateway: Gateway, kind: str) -> None:
    model = chat(gateway, "openai", f"{kind}:structured").with_structured_output(Book, method="json_schema")
    assert model.invoke("A book, please.") == Book(title="Åse", pages=7, tags=["Åse"])


@pytest.mark.parametrize("kind", KINDS)
def test_langchain_thinking(gateway: Gateway, kind: str) -> None:
    """The thoughts go back with their seal in the next turn, which the provider checks."""
    thinking = {"type": "enabled", "budget_tokens": 1024}
    model = chat(gateway, "anthropic", f"{kind}:think", thinking=thinking).bind_tools([get_weather])
    talk: list = [HumanMessage("What is the weather?")]
    reply = model.invoke(talk)
    assert [block["thinking"] for block in reply.content if block["type"] == "thinking"] == [THOUGHT]
    call = reply.tool_calls[0]
    final = model.invoke([*talk, reply, ToolMessage("rain", tool_call_id=call["id"])])
    assert final.text == "The tools say: rain"


def test_llamaindex(gateway: Gateway) -> None:
    """`OpenAILike` in an environment of its own: a chat, a stream, a tool loop, a structured answer."""
    assert LLAMAINDEX.exists(), "run scripts/python-environment (make test does)"
    program = pathlib.Path(__file__).with_name("llamaindex_client.py")
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [LLAMAINDEX, program, f"{gateway.url}/v1", gateway.key, *KINDS],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    expected = {
        "chat": "You said: Hællo 🦀 (system: Be short.)",
        "stream": "You said: Hællo 🦀 (system: Be short.)",
        "calls": ["Oslo", "Rome"],
        "final": "The tools say: rain in Oslo; rain in Rome",
        "structured": {"title": "Åse", "pages": 7, "tags": ["Åse"]},
    }
    assert json.loads(done.stdout) == dict.fromkeys(KINDS, expected)
