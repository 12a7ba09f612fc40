"""What a recorded reply says, read in plain Python from what is known of the providers and from nothing of Sluice.

The same terms hold for what a client sees, so that the two can be compared: `Reading`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

# OpenAI's words for the reasons that the providers give.
FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "eos": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


@dataclass
class Call:
    """A tool that is to be called. Arguments that are no JSON (cut off by a limit) stay text."""

    id: str
    name: str
    arguments: object


@dataclass
class Choice:
    text: str = ""
    refusal: str = ""
    reasoning: str = ""
    signature: str = ""
    transcript: str = ""  # of what was spoken
    explanation: str = ""  # why the model has declined, which may be told as its refusal
    calls: list[Call] = field(default_factory=list)
    finish: str | None = None


@dataclass
class Usage:
    """In OpenAI's way of counting: `prompt` includes what was read from a cache and written to one."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    written: int = 0
    total: int | None = None
    is_estimated: bool = False
    # Other counts that are right, too.
    or_prompt: int | None = None
    or_cached: int | None = None


@dataclass
class Failure:
    status: int | None
    message: str
    type: str | None = None
    code: str | None = None


@dataclass
class Reading:
    """`failure` is an answer that is an error; `broken` an error after the answer had begun."""

    choices: dict[int, Choice] = field(default_factory=dict)
    usage: Usage | None = None
    failure: Failure | None = None
    broken: Failure | None = None
    vectors: list[list[float] | str] | None = None
    # What is wrong with the order of a stream's events.
    disorder: str = ""

    def choice(self, index: int) -> Choice:
        return self.choices.setdefault(index, Choice())

    @property
    def has_begun(self) -> bool:
        return any(c.text or c.refusal or c.reasoning or c.calls or c.finish for c in self.choices.values())


def parsed(arguments: str | dict | None) -> object:
    if isinstance(arguments, dict):
        return arguments
    if not (arguments or "").strip():
        return {}
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def events(body: bytes) -> list[str]:
    """The data of the server-sent events."""
    found, lines = [], []
    for line in re.split(r"\r\n|\n|\r", body.decode("utf-8").removeprefix("\ufeff")):
        if line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
        elif not line and lines:
            found.append("\n".join(lines))
            lines = []
    return found + (["\n".join(lines)] if lines else [])


def read(body: bytes, status: int, stream: bool, in_anthropics_words: bool, embeddings: bool = False) -> Reading:
    """Reads a provider's reply."""
    if status >= 400:
        return Reading(failure=read_failure(body, status))
    if embeddings:
        return read_embeddings(json.loads(body))
    if in_anthropics_words:
        return read_message_stream(body) if stream else read_message(json.loads(body))
    return read_chunks(body) if stream else read_completion(json.loads(body))


# OpenAI's words


def words(content: object, kind: str) -> str:
    """Of a content that is a list of parts, those of one kind."""
    if isinstance(content, str):
        return content if kind == "text" else ""
    if not isinstance(content, list):
        return ""
    found = ""
    for part in content:
        if part.get("type") != kind:
            continue
        inner = part.get(kind)
        found += words(inner, "text") if isinstance(inner, list) else inner or ""
    return found


def take(choice: Choice, message: dict) -> None:
    """A message or a delta, without its tool calls."""
    choice.text += words(message.get("content"), "text")
    choice.refusal += message.get("refusal") or ""
    thoughts = message.get("reasoning_content") or message.get("reasoning") or words(message.get("content"), "thinking")
    if not thoughts:
        details = message.get("reasoning_details") or []
        thoughts = "".join(one.get("text") or "" for one in details if one.get("type") == "reasoning.text")
    choice.reasoning += thoughts
    choice.transcript += (message.get("audio") or {}).get("transcript") or ""


def read_completion(value: dict) -> Reading:
    found = Reading()
    if value.get("error"):
        found.failure = failure_of(value, None)
        return found
    for one in value["choices"]:
        choice, message = found.choice(one.get("index", 0)), one.get("message") or {}
        take(choice, message)
        for call in message.get("tool_calls") or []:
            function = call["function"]
            choice.calls.append(Call(call.get("id") or "", function["name"], parsed(function.get("arguments"))))
        if old := message.get("function_call"):
            choice.calls.append(Call("", old["name"], parsed(old.get("arguments"))))
        choice.finish = FINISH.get(one.get("finish_reason"), one.get("finish_reason"))
    found.usage = openai_usage(value.get("usage"))
    return found


def read_chunks(body: bytes) -> Reading:
    found = Reading()
    pieces: dict[tuple[int, object], Call] = {}
    for text in events(body):
        if text.strip() == "[DONE]":
            break
        chunk = json.loads(text)
        if chunk.get("error"):
            failure = failure_of(chunk, None)
            found.broken, found.failure = (failure, None) if found.has_begun else (None, failure)
            break
        found.usage = openai_usage(chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")) or found.usage
        for one in chunk.get("choices") or []:
            index, delta = one.get("index", 0), one.get("delta") or {}
            if not delta and not one.get("finish_reason"):
                continue
            choice = found.choice(index)
            take(choice, delta)
            named = [(call.get("index", 0), call) for call in delta.get("tool_calls") or []]
            if delta.get("function_call"):
                named.append(("function", {"function": delta["function_call"]}))
            for number, piece in named:
                call = pieces.get((index, number))
                if call is None:
                    call = pieces[index, number] = Call("", "", "")
                    choice.calls.append(call)
                function = piece.get("function") or {}
                call.id = call.id or piece.get("id") or ""
                call.name += function.get("name") or ""
                given = function.get("arguments")
                call.arguments += json.dumps(given) if isinstance(given, dict) else given or ""
            if one.get("finish_reason"):
                choice.finish = FINISH.get(one["finish_reason"], one["finish_reason"])
    for call in pieces.values():
        call.arguments = parsed(call.arguments)
    return found


def openai_usage(value: dict | None) -> Usage | None:
    if not value:
        return None
    details = value.get("prompt_tokens_details") or {}
    prompt, completion = value.get("prompt_tokens") or 0, value.get("completion_tokens") or 0
    cached = details.get("cached_tokens") or value.get("prompt_cache_hit_tokens") or value.get("cached_tokens")
    found = Usage(prompt, completion, cached or 0, details.get("cache_write_tokens") or 0, value.get("total_tokens"))
    audio = details.get("audio_tokens") or 0
    if found.total is not None and found.total == prompt + completion + audio:
        # Mistral counts sound beside the prompt, all others in it.
        found.or_prompt = prompt + audio
    found.or_cached = value.get("num_cached_tokens")
    return found


def read_embeddings(value: dict) -> Reading:
    found = Reading(vectors=[one["embedding"] for one in value["data"]])
    found.usage = openai_usage(value.get("usage"))
    return found


# Anthropic's words


def read_message(value: dict) -> Reading:
    found = Reading()
    if value.get("type") == "error":
        found.failure = failure_of(value, None)
        return found
    choice = found.choice(0)
    for block in value["content"]:
        if block["type"] == "text":
            choice.text += block["text"]
        elif block["type"] == "thinking":
            choice.reasoning += block["thinking"]
            choice.signature += block.get("signature") or ""
        elif block["type"] == "tool_use":
            choice.calls.append(Call(block["id"], block["name"], block["input"]))
    choice.finish = value["stop_reason"]
    choice.explanation = explanation_of(value)
    found.usage = anthropic_usage(value.get("usage") or {})
    return found


def read_message_stream(body: bytes) -> Reading:
    found, usage, open_calls = Reading(), {}, {}
    for text in events(body):
        event = json.loads(text)
        kind = event.get("type")
        if kind == "error":
            failure = failure_of(event, None)
            found.broken, found.failure = (failure, None) if found.has_begun else (None, failure)
            break
        if kind == "message_start":
            usage |= event["message"].get("usage") or {}
        elif kind == "content_block_start":
            block = event["content_block"]
            if block["type"] == "tool_use":
                open_calls[event["index"]] = call = Call(block["id"], block["name"], "")
                if block.get("input"):
                    call.arguments = json.dumps(block["input"])
                found.choice(0).calls.append(call)
            elif block["type"] in ("text", "thinking"):
                take_delta(found.choice(0), {f"{block['type']}_delta": block.get(block["type"])})
        elif kind == "content_block_delta":
            delta = event["delta"]
            if delta["type"] == "input_json_delta":
                if event["index"] in open_calls:
                    open_calls[event["index"]].arguments += delta["partial_json"]
            else:
                take_delta(found.choice(0), {delta["type"]: next((v for k, v in delta.items() if k != "type"), "")})
        elif kind == "message_delta":
            usage |= {k: v for k, v in (event.get("usage") or {}).items() if v is not None}
            found.choice(0).finish = event["delta"].get("stop_reason") or found.choice(0).finish
            found.choice(0).explanation += explanation_of(event["delta"])
    for call in open_calls.values():
        call.arguments = parsed(call.arguments)
    found.usage = anthropic_usage(usage)
    return found


def explanation_of(value: dict) -> str:
    return (value.get("stop_details") or {}).get("explanation") or ""


def take_delta(choice: Choice, delta: dict) -> None:
    choice.text += delta.get("text_delta") or ""
    choice.reasoning += delta.get("thinking_delta") or ""
    choice.signature += delta.get("signature_delta") or ""


def anthropic_usage(value: dict) -> Usage | None:
    if "output_tokens" not in value and "input_tokens" not in value:
        return None
    cached, written = value.get("cache_read_input_tokens") or 0, value.get("cache_creation_input_tokens") or 0
    prompt, completion = (value.get("input_tokens") or 0) + cached + written, value.get("output_tokens") or 0
    return Usage(prompt, completion, cached, written, prompt + completion, bool(value.get("estimated")))


# Errors


def read_failure(body: bytes, status: int) -> Failure:
    try:
        return failure_of(json.loads(body), status)
    except ValueError:
        return Failure(status, body.decode("utf-8", "replace"))


def failure_of(value: dict, status: int | None) -> Failure:
    """The message and what else the shapes of the providers' errors say."""
    inner = value.get("error")
    if isinstance(inner, dict):
        code = inner.get("code")
        number = code if isinstance(code, int) else inner.get("status_code")
        if status is None:
            status = number if isinstance(number, int) and 400 <= number <= 599 else None
            if inner.get("type") == "overloaded_error":
                status = 529
        return Failure(status, inner.get("message") or "", inner.get("type"), code if isinstance(code, str) else None)
    if isinstance(inner, str):
        return Failure(status, inner, None, value.get("code"))
    detail = value.get("detail")
    if isinstance(detail, list):
        return Failure(status, detail[0].get("msg") or "")
    message = detail if isinstance(detail, str) else value.get("message") or value.get("Message") or ""
    return Failure(status, message, value.get("type"), value.get("code"))
