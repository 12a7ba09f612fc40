"""What test_frameworks.py does with LlamaIndex; runs in .venv-llamaindex. Arguments: base URL, key, providers."""

from __future__ import annotations

import json
import sys

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel


class Book(BaseModel):
    """A book."""

    title: str
    pages: int
    tags: list[str]


def get_weather(city: str) -> str:
    """The weather of a city"""
    return f"rain in {city}"


def talk_to(url: str, key: str, kind: str) -> dict:
    def model(name: str) -> OpenAILike:
        return OpenAILike(
            model=f"{kind}:{name}",
            api_base=url,
            api_key=key,
            is_chat_model=True,
            is_function_calling_model=True,
            should_use_structured_outputs=True,
            max_retries=0,
            timeout=20,
        )

    talk = [ChatMessage(role="system", content="Be short."), ChatMessage(role="user", content="Hællo 🦀")]
    found: dict = {"chat": model("hello").chat(talk).message.content}
    found["stream"] = "".join(piece.delta or "" for piece in model("hello").stream_chat(talk))

    tool = FunctionTool.from_defaults(get_weather)
    agent, talk, found["calls"] = model("parallel"), [ChatMessage(role="user", content="The weather?")], []
    for _ in range(4):
        reply = agent.chat_with_tools([tool], chat_history=talk, allow_parallel_tool_calls=True)
        talk.append(reply.message)
        calls = agent.get_tool_calls_from_response(reply, error_on_no_tool_call=False)
        if not calls:
            found["final"] = reply.message.content
            break
        for call in calls:
            found["calls"].append(call.tool_kwargs["city"])
            result = str(tool(**call.tool_kwargs))
            talk.append(
                ChatMessage(role=MessageRole.TOOL, content=result, additional_kwargs={"tool_call_id": call.tool_id})
            )
    found["structured"] = model("structured").as_structured_llm(Book).chat(talk[:1]).raw.model_dump()
    return found


print(json.dumps({kind: talk_to(sys.argv[1], sys.argv[2], kind) for kind in sys.argv[3:]}))
