"""A scripted provider in Anthropic's words. What it gets must be valid by the types of the `anthropic` package and by
the rules that Anthropic has beside them: results directly behind their calls, thoughts with the seal they came with."""

from __future__ import annotations

import functools
import json

import anthropic.types
from anthropic.types import TextBlockParam, ToolParam, message_create_params
from pydantic import TypeAdapter

from .provider import Seen
from .script import USAGE, Invalid, Say, ScriptedProvider, Talk, decide, exhaust, signature_of, strict, words

BLOCKS = {
    "text": "TextBlockParam",
    "image": "ImageBlockParam",
    "document": "DocumentBlockParam",
    "tool_use": "ToolUseBlockParam",
    "tool_result": "ToolResultBlockParam",
    "thinking": "ThinkingBlockParam",
    "redacted_thinking": "RedactedThinkingBlockParam",
}


@functools.cache
def adapters() -> tuple[dict[str, TypeAdapter], TypeAdapter, TypeAdapter, set[str]]:
    """For the blocks of messages by their type, the system's text, a tool; and the members of a request."""
    strict(anthropic.types, message_create_params)
    params = message_create_params.MessageCreateParamsNonStreaming
    known = {name for kind in params.__mro__ for name in getattr(kind, "__annotations__", {})}
    known |= set(message_create_params.MessageCreateParamsBase.__annotations__)
    # The package names them no longer; the models that take them are still there.
    known |= {"temperature", "top_p", "top_k"}
    return (
        {kind: TypeAdapter(getattr(anthropic.types, name)) for kind, name in BLOCKS.items()},
        TypeAdapter(str | list[TextBlockParam]),
        TypeAdapter(ToolParam),
        known | {"stream"},
    )


class AnthropicScript(ScriptedProvider):
    def answer(self, seen: Seen, body: dict) -> tuple[dict, dict | list[bytes]]:
        if not seen.header("x-api-key") or seen.header("authorization"):
            raise Invalid("the key is not in x-api-key alone")
        if not seen.header("anthropic-version"):
            raise Invalid("no anthropic-version")
        path = seen.target.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            if "max_tokens" in body or "stream" in body:
                raise Invalid("count_tokens takes no max_tokens and no stream")
            self.read(body | {"max_tokens": 1})
            return {}, {"input_tokens": 123}
        if path != "/v1/messages":
            raise Invalid(f"no such path: {seen.target}")
        talk = self.read(body)
        say = decide(talk)
        if not talk.wants_thoughts:
            say.thought = ""
        elif not say.thought and talk.model == "think":
            raise Invalid("no thought to think")
        head = {"id": "msg_scripted", "type": "message", "role": "assistant", "model": talk.model}
        return {"request-id": "req_scripted"}, stream(say, head) if talk.stream else unary(say, head)

    def refusal(self, message: str) -> dict:
        return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}

    @staticmethod
    def read(body: dict) -> Talk:
        blocks, system, tool, known = adapters()
        if further := set(body) - known:
            raise Invalid(f"unknown members: {sorted(further)}")
        if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
            raise Invalid("max_tokens")
        for message in body["messages"]:
            # The type of a message takes the blocks of replies, too, with whatever they hold.
            if set(message) != {"role", "content"} or message["role"] not in ("user", "assistant"):
                raise Invalid(f"message: {message}")
            for block in message["content"] if isinstance(message["content"], list) else []:
                exhaust(blocks[block["type"]].validate_python(block))
        exhaust(system.validate_python(body.get("system", "")))
        talk = Talk(body["model"], body.get("stream") is True)
        talk.system = words(body.get("system", ""))
        for one in body.get("tools") or []:
            exhaust(tool.validate_python(one))
            talk.tools.append(one["name"])
            if (body.get("tool_choice") or {}).get("name") == one["name"]:
                talk.forced = one["name"], one["input_schema"]
        if body.get("tool_choice") and not talk.tools:
            raise Invalid("tool_choice without tools")
        thinking = body.get("thinking") or {"type": "disabled"}
        talk.wants_thoughts = thinking["type"] != "disabled"
        if thinking["type"] == "enabled" and not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
            raise Invalid(f"a budget of {thinking['budget_tokens']} with max_tokens {body['max_tokens']}")
        if talk.wants_thoughts and body.get("temperature", 1) != 1:
            raise Invalid("a temperature beside thinking")
        if talk.wants_thoughts and (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
            raise Invalid("a forced tool beside thinking")
        if not 0 <= body.get("temperature", 1) <= 1:
            raise Invalid("temperature")
        talk.schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
        check(body["messages"], talk)
        return talk


def check(messages: list[dict], talk: Talk) -> None:
    """The order of the turns, which the types do not hold."""
    waiting: list[str] = []
    role = ""
    for message in messages:
        if message["role"] == role == "assistant":
            raise Invalid("two turns of the assistant in a row")
        role = message["role"]
        blocks = message["content"]
        blocks = [{"type": "text", "text": blocks}] if isinstance(blocks, str) else blocks
        if not blocks:
            raise Invalid("an empty turn")
        others = False
        for block in blocks:
            kind = block["type"]
            if kind == "text" and not block["text"].strip():
                raise Invalid("an empty text")
            if kind == "thinking" and block["signature"] != signature_of(block["thinking"]):
                raise Invalid(f"a broken seal: {block}")
            if kind == "tool_result":
                if others or block["tool_use_id"] not in waiting:
                    raise Invalid(f"a result in no place: {block}")
                waiting.remove(block["tool_use_id"])
                talk.results.append(words(block.get("content", "")))
                inner = block.get("content")
                talk.images += (
                    [image(one) for one in inner if one["type"] == "image"] if isinstance(inner, list) else []
                )
            else:
                others = True
                if waiting:
                    raise Invalid(f"calls without results: {waiting}")
            if kind == "tool_use":
                if not isinstance(block["input"], dict):
                    raise Invalid(f"input: {block}")
            if kind == "image":
                talk.images.append(image(block))
            if kind == "text" and role == "user":
                talk.last = block["text"]
        if waiting:
            raise Invalid(f"calls without results: {waiting}")
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if role == "assistant" and talk.wants_thoughts and waiting and blocks[0]["type"] != "thinking":
            raise Invalid("a call without the thoughts that led to it")
    if waiting:
        raise Invalid(f"calls without results: {waiting}")


def image(block: dict) -> str:
    source = block["source"]
    return source["url"] if source["type"] == "url" else f"data:{source['media_type']};base64,{source['data']}"


def usage() -> dict:
    return {
        "input_tokens": USAGE["prompt"] - USAGE["cached"],
        "cache_read_input_tokens": USAGE["cached"],
        "cache_creation_input_tokens": 0,
        "output_tokens": USAGE["completion"],
    }


def blocks_of(say: Say) -> list[dict]:
    found: list[dict] = []
    if say.thought:
        found.append({"type": "thinking", "thinking": say.thought, "signature": signature_of(say.thought)})
    if say.text:
        found.append({"type": "text", "text": say.text})
    for at, (name, given) in enumerate(say.calls):
        found.append({"type": "tool_use", "id": f"toolu_{at}", "name": name, "input": given})
    return found


def reason(say: Say) -> str:
    return "max_tokens" if say.is_cut else "tool_use" if say.calls else "end_turn"


def unary(say: Say, head: dict) -> dict:
    return head | {"content": blocks_of(say), "stop_reason": reason(say), "stop_sequence": None, "usage": usage()}


def event(kind: str, **members: object) -> bytes:
    value = json.dumps({"type": kind} | members, ensure_ascii=False)
    # Anthropic pads its JSON with spaces.
    return f"event: {kind}\ndata: {value[:-1]}   }}\n\n".encode()


def stream(say: Say, head: dict) -> list[bytes]:
    message = head | {
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage() | {"output_tokens": 1},
    }
    events = [event("message_start", message=message), event("ping")]
    for index, block in enumerate(blocks_of(say)):
        empty, deltas = opened(block, say)
        events.append(event("content_block_start", index=index, content_block=empty))
        events += [event("content_block_delta", index=index, delta=one) for one in deltas]
        events.append(event("content_block_stop", index=index))
    delta = {"stop_reason": reason(say), "stop_sequence": None}
    events.append(event("message_delta", delta=delta, usage={"output_tokens": USAGE["completion"]}))
    return events + [event("message_stop")]


def opened(block: dict, say: Say) -> tuple[dict, list[dict]]:
    """A block as it begins, and its deltas."""
    if block["type"] == "text":
        return block | {"text": ""}, [{"type": "text_delta", "text": one} for one in say.pieces]
    if block["type"] == "thinking":
        halves = block["thinking"][:9], block["thinking"][9:]
        deltas: list[dict] = [{"type": "thinking_delta", "thinking": one} for one in halves]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return block | {"thinking": "", "signature": ""}, deltas
    given = json.dumps(block["input"]) if block["input"] else ""
    deltas = [{"type": "input_json_delta", "partial_json": one} for one in ("", given[:4], given[4:])] if given else []
    return block | {"input": {}}, deltas
