"""Replies in OpenAI's words, made up in the peculiar shapes that providers have."""

from __future__ import annotations

import json

USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


def whole(*choices: dict, usage: dict | None = USAGE, **members: object) -> bytes:
    numbered = [{"index": at, "finish_reason": "stop"} | one for at, one in enumerate(choices)]
    body = {"id": "c1", "object": "chat.completion", "created": 5, "model": "m", "choices": numbered}
    return json.dumps(body | ({"usage": usage} if usage else {}) | members).encode()


def said(finish: str | None = "stop", **message: object) -> dict:
    return {"message": {"role": "assistant"} | message, "finish_reason": finish}


def chunk(delta: dict | None, finish: str | None = None, index: int = 0, **members: object) -> dict:
    choices = [] if delta is None else [{"index": index, "delta": delta, "finish_reason": finish}]
    return {"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m", "choices": choices} | members


def stream(*chunks: dict, end: str = "\n", space: str = " ", done: bool = True, before: str = "") -> bytes:
    lines = "".join(f"data:{space}{json.dumps(one, ensure_ascii=False)}{end}{end}" for one in chunks)
    return (before + lines + (f"data:{space}[DONE]{end}{end}" if done else "")).encode()


def function(index: int | None, name: str = "", arguments: str = "", id: str = "") -> dict:
    call: dict = {"function": {}} | ({"index": index} if index is not None else {})
    if id:
        call |= {"id": id, "type": "function"}
    if name:
        call["function"]["name"] = name
    call["function"]["arguments"] = arguments
    return {"tool_calls": [call]}


FILTERED = {"index": 0, "finish_reason": "content_filter", "content_filter_results": {"hate": {"filtered": True}}}
PIECES = [chunk({"role": "assistant", "content": "Grüße"}), chunk({"content": " 🦀"}), chunk({}, "stop", usage=USAGE)]
CALLS = [
    chunk({"role": "assistant", "content": None}),
    chunk(function(0, "f", id="call_a")),
    chunk(function(1, "g", id="call_b")),
    chunk(function(0, arguments='{"x":')),
    chunk(function(1, arguments='{"y"')),
    chunk(function(0, arguments='"ü"}')),
    chunk(function(1, arguments=":[2]}")),
    chunk({}, "tool_calls"),
    chunk(None, usage=USAGE),
]
SPREAD = (
    'data: {"id":"c1","object":"chat.completion.chunk","created":5,\n'
    'data: "model":"m","choices":[{"index":0,"delta":\n'
    'data: {"role":"assistant","content":"over lines"},"finish_reason":"stop"}]}\n\n'
)

# By name: the dialect, whether it is a stream, the provider's bytes.
QUIRKS: dict[str, tuple[str, bool, bytes]] = {
    "plain": ("groq", False, whole(said(content="Hi"))),
    "no-message": ("azure", False, json.dumps(json.loads(whole()) | {"choices": [FILTERED]}).encode()),
    "no-content": ("groq", False, whole(said("tool_calls", tool_calls=[CALL]))),
    "empty-content": ("mistral", False, whole(said("tool_calls", content="", tool_calls=[CALL]))),
    "no-type": (
        "mistral",
        False,
        whole(said("tool_calls", content="", tool_calls=[{k: v for k, v in CALL.items() if k != "type"}])),
    ),
    "no-id": (
        "mistral",
        False,
        whole(said("tool_calls", content="", tool_calls=[{k: v for k, v in CALL.items() if k != "id"}])),
    ),
    "arguments-as-object": (
        "ollama",
        False,
        whole(said("tool_calls", content="", tool_calls=[CALL | {"function": {"name": "f", "arguments": {"a": 1}}}])),
    ),
    "no-arguments": (
        "deepseek",
        False,
        whole(said("tool_calls", content=None, tool_calls=[CALL | {"function": {"name": "f", "arguments": ""}}])),
    ),
    "no-calls": ("vllm", False, whole(said(content="Hi", tool_calls=[]))),
    "null-calls": ("mistral", False, whole(said(content="Hi", tool_calls=None))),
    "stop-with-calls": ("xai", False, whole(said("stop", content=None, tool_calls=[CALL]))),
    "eos": ("together", False, whole(said("eos", content="Hi"))),
    "parts": (
        "mistral",
        False,
        whole(
            said(
                content=[
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                    {"type": "text", "text": "Hi"},
                ]
            )
        ),
    ),
    "reasoning": ("cerebras", False, whole(said(content="Hi", reasoning="Hm."))),
    "reasoning-content": ("deepseek", False, whole(said(content="Hi", reasoning_content="Hm."))),
    "refusal": ("azure", False, whole(said(content=None, refusal="No."))),
    "length": ("huggingface", False, whole(said("length", content="Hi th"))),
    "two-choices": ("vllm", False, whole(said(content="Hi"), said(content="Ho"))),
    "no-usage": ("llamacpp", False, whole(said(content="Hi"), usage=None)),
    "cached": ("deepseek", False, whole(said(content="Hi"), usage=USAGE | {"prompt_cache_hit_tokens": 5})),
    "reasoning-tokens": (
        "groq",
        False,
        whole(said(content="Hi"), usage=USAGE | {"completion_tokens_details": {"reasoning_tokens": 3}}),
    ),
    "legacy-call": (
        "openai",
        False,
        whole(said("function_call", content=None, function_call={"name": "f", "arguments": "{}"})),
    ),
    "further-members": (
        "perplexity",
        False,
        whole(said(content="Hi", annotations=[]), citations=["https://a"], search_results=[]),
    ),
    "error-in-200": ("openrouter", False, b'{"error":{"code":503,"message":"overloaded","metadata":{}}}'),
    "pieces": ("groq", True, stream(*PIECES)),
    "crlf": ("perplexity", True, stream(*PIECES, end="\r\n", done=False)),
    "cr": ("vllm", True, stream(*PIECES, end="\r")),
    "no-space": ("together", True, stream(*PIECES, space="")),
    "mark-and-comments": ("openrouter", True, stream(*PIECES, before="\ufeff: PROCESSING\n\n: PROCESSING\n\n")),
    "over-lines": ("vllm", True, SPREAD.encode() + stream()),
    "no-end-of-line": ("xai", True, stream(*PIECES).rstrip(b"\n")),
    "calls-at-once": ("vllm", True, stream(*CALLS)),
    "call-in-one": (
        "groq",
        True,
        stream(
            chunk({"role": "assistant"} | function(0, "f", '{"a":1}', "call_1")),
            chunk({}, "tool_calls", x_groq={"usage": USAGE}),
        ),
    ),
    "call-at-the-end": (
        "mistral",
        True,
        stream(
            chunk({"role": "assistant", "content": ""}),
            chunk({"content": ""} | function(0, "f", '{"a":1}', "aBcDeFgHi"), "tool_calls", usage=USAGE),
        ),
    ),
    "call-without-arguments": (
        "deepseek",
        True,
        stream(
            chunk({"role": "assistant", "content": "Well"}),
            chunk(function(0, "f", "", "call_1")),
            chunk({}, "tool_calls", usage=USAGE),
        ),
    ),
    "empty-first": (
        "azure",
        True,
        stream(
            {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": []},
            *PIECES,
            {
                "id": "",
                "object": "",
                "created": 0,
                "model": "",
                "choices": [{"index": 0, "delta": {}, "finish_reason": None, "content_filter_results": {}}],
            },
        ),
    ),
    "roles-and-ends": (
        "openrouter",
        True,
        stream(
            chunk({"role": "assistant", "content": "a"}),
            chunk({"role": "assistant", "content": "b"}),
            chunk({"role": "assistant", "content": ""}, "stop"),
            chunk({"role": "assistant", "content": ""}, "stop", usage=USAGE),
        ),
    ),
    "thoughts-first": (
        "deepseek",
        True,
        stream(
            chunk({"role": "assistant", "content": None, "reasoning_content": "Hm"}),
            chunk({"content": None, "reasoning_content": "."}),
            chunk({"content": "Hi", "reasoning_content": None}),
            chunk({}, "stop", usage=USAGE),
        ),
    ),
    "thoughts-between": (
        "groq",
        True,
        stream(
            chunk({"role": "assistant", "reasoning": "A"}),
            chunk({"content": "b"}),
            chunk({"reasoning": "C"}),
            chunk({"content": "d"}),
            chunk({}, "stop", usage=USAGE),
        ),
    ),
    "parts-in-deltas": (
        "mistral",
        True,
        stream(
            chunk(
                {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]}
            ),
            chunk({"content": [{"type": "text", "text": "Hi"}]}),
            chunk({"content": "!"}, "stop", usage=USAGE),
        ),
    ),
    "refused": (
        "azure",
        True,
        stream(
            chunk({"role": "assistant", "content": None, "refusal": ""}),
            chunk({"refusal": "No"}),
            chunk({"refusal": "."}),
            chunk({}, "stop"),
            chunk(None, usage=USAGE),
        ),
    ),
    "interleaved": (
        "vllm",
        True,
        stream(
            chunk({"role": "assistant", "content": "a"}),
            chunk({"role": "assistant", "content": "x"}, index=1),
            chunk({"content": "b"}),
            chunk({"content": "y"}, index=1),
            chunk({}, "stop", 1),
            chunk({}, "length"),
            chunk(None, usage=USAGE),
        ),
    ),
    "usage-everywhere": (
        "perplexity",
        True,
        stream(*(one | {"usage": USAGE} for one in PIECES), end="\r\n", done=False),
    ),
    "error-in-a-choice-chunk": (
        "openrouter",
        True,
        stream(PIECES[0], chunk({"content": ""}, "error") | {"error": {"code": 502, "message": "it broke"}}),
    ),
    "error-event": (
        "groq",
        True,
        stream(PIECES[0], done=False) + b'event: error\ndata: {"error":{"message":"it broke","status_code":400}}\n\n',
    ),
    "error-first": ("openrouter", True, stream({"error": {"code": 429, "message": "slow down"}}, done=False)),
}
