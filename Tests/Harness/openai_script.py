"""A scripted provider in OpenAI's words. What it gets must be valid by the types of the `openai` package."""

from __future__ import annotations

import functools
import json

import openai.types
import openai.types.chat
import openai.types.shared_params
from openai.types.chat import ChatCompletionMessageParam, completion_create_params
from pydantic import TypeAdapter

from .provider import Seen
from .script import USAGE, Invalid, Say, ScriptedProvider, Talk, decide, exhaust, strict, words

VECTOR = [0.25, -0.5, 1.0]


@functools.cache
def adapters() -> tuple[TypeAdapter, set[str]]:
    strict(openai.types.chat, openai.types.shared_params, completion_create_params)
    params = completion_create_params.CompletionCreateParamsNonStreaming
    return TypeAdapter(list[ChatCompletionMessageParam]), set(params.__annotations__) | {"stream"}


class OpenAIScript(ScriptedProvider):
    def answer(self, seen: Seen, body: dict) -> tuple[dict, dict | list[bytes]]:
        if not (seen.header("authorization") or "").startswith("Bearer "):
            raise Invalid("no bearer key")
        if seen.header("x-api-key") or seen.header("anthropic-version"):
            raise Invalid("a header of another dialect")
        match seen.target:
            case "/v1/chat/completions":
                return {}, self.chat(body)
            case "/v1/completions":
                return {}, self.completion(body)
            case "/v1/embeddings":
                return {}, self.embedding(body)
            case "/v1/moderations":
                return {}, moderation(body)
            case "/v1/images/generations":
                image = {"b64_json": "aGk=", "revised_prompt": body["prompt"]}
                usage = {"input_tokens": 5, "output_tokens": 20, "total_tokens": 25}
                return {}, {"created": 1, "data": [image], "usage": usage}
        raise Invalid(f"no such path: {seen.target}")

    def refusal(self, message: str) -> dict:
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": "scripted"}}

    def chat(self, body: dict) -> dict | list[bytes]:
        talk = self.read(body)
        say = decide(talk)
        name = {"id": "chatcmpl-scripted", "created": 1700000000, "model": talk.model}
        return stream(say, name, body) if talk.stream else unary(say, name)

    @staticmethod
    def read(body: dict) -> Talk:
        messages, known = adapters()
        if further := set(body) - known:
            raise Invalid(f"unknown members: {sorted(further)}")
        if "max_tokens" in body and "max_completion_tokens" in body:
            raise Invalid("two limits")
        if "stream_options" in body and not body.get("stream"):
            raise Invalid("stream_options without stream")
        exhaust(messages.validate_python(body["messages"]))
        talk = Talk(body["model"], body.get("stream") is True)
        waiting: list[str] = []
        for message in body["messages"]:
            role = message["role"]
            if waiting and role != "tool":
                raise Invalid(f"calls without results: {waiting}")
            text = words(message.get("content"))
            if role in ("system", "developer"):
                talk.system += text
            elif role == "user":
                talk.last = text
                talk.images += [one["image_url"]["url"] for one in parts(message) if one["type"] == "image_url"]
            elif role == "assistant":
                waiting = [call["id"] for call in message.get("tool_calls") or []]
                for call in message.get("tool_calls") or []:
                    json.loads(call["function"]["arguments"])
            elif role == "tool":
                if message["tool_call_id"] not in waiting:
                    raise Invalid(f"a result of no call: {message['tool_call_id']}")
                waiting.remove(message["tool_call_id"])
                talk.results.append(text)
        if waiting:
            raise Invalid(f"calls without results: {waiting}")
        for tool in body.get("tools") or []:
            if tool["type"] != "function" or not isinstance(tool["function"].get("parameters", {}), dict):
                raise Invalid(f"tool: {tool}")
            talk.tools.append(tool["function"]["name"])
        if "tool_choice" in body and not talk.tools:
            raise Invalid("tool_choice without tools")
        form = body.get("response_format") or {}
        if form.get("type") == "json_schema":
            talk.schema = form["json_schema"]["schema"]
        return talk

    def completion(self, body: dict) -> dict | list[bytes]:
        text = f"After {body['prompt']}"
        head = {"id": "cmpl-scripted", "object": "text_completion", "created": 1, "model": body["model"]}
        usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": "stop"}
        if not body.get("stream"):
            return head | {"choices": [choice], "usage": usage}
        chunks = [head | {"choices": [choice | {"text": text[:5], "finish_reason": None}]}]
        chunks += [head | {"choices": [choice | {"text": text[5:]}]}]
        if (body.get("stream_options") or {}).get("include_usage"):
            chunks.append(head | {"choices": [], "usage": usage})
        return [event(one) for one in chunks] + [b"data: [DONE]\n\n"]

    def embedding(self, body: dict) -> dict:
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = [{"object": "embedding", "index": at, "embedding": VECTOR} for at in range(len(texts))]
        return {
            "object": "list",
            "data": data,
            "model": body["model"],
            "usage": {"prompt_tokens": 4, "total_tokens": 4},
        }


def parts(message: dict) -> list[dict]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def usage() -> dict:
    prompt, completion = USAGE["prompt"], USAGE["completion"]
    found = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return found | {"prompt_tokens_details": {"cached_tokens": USAGE["cached"]}}


def finish(say: Say) -> str:
    return "length" if say.is_cut else "tool_calls" if say.calls else "stop"


def calls_of(say: Say) -> list[dict]:
    return [
        {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for at, (name, given) in enumerate(say.calls)
    ]


def unary(say: Say, name: dict) -> dict:
    message: dict = {"role": "assistant", "content": say.text or None, "refusal": None}
    if say.calls:
        message["tool_calls"] = calls_of(say)
    if say.thought:
        message["reasoning_content"] = say.thought
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish(say)}
    return name | {"object": "chat.completion", "choices": [choice], "usage": usage()}


def event(value: dict) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def stream(say: Say, name: dict, body: dict) -> list[bytes]:
    deltas: list[dict] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in (say.thought[:9], say.thought[9:]) if piece]
    deltas += [{"content": piece} for piece in say.pieces]
    for at, call in enumerate(calls_of(say)):
        given = call["function"]["arguments"]
        head = call | {"index": at, "function": call["function"] | {"arguments": ""}}
        deltas.append({"tool_calls": [head]})
        deltas += [
            {"tool_calls": [{"index": at, "function": {"arguments": one}}]} for one in (given[:4], given[4:]) if one
        ]
    choices = [{"index": 0, "delta": one, "finish_reason": None} for one in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": finish(say)})
    chunk = name | {"object": "chat.completion.chunk"}
    events = [event(chunk | {"choices": [one]}) for one in choices]
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append(event(chunk | {"choices": [], "usage": usage()}))
    return events + [b"data: [DONE]\n\n"]


def moderation(body: dict) -> dict:
    result = {"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.01}}
    count = len(body["input"]) if isinstance(body["input"], list) else 1
    return {"id": "modr-1", "model": body.get("model") or "m", "results": [result] * count}
