"""Replies in Anthropic's words, made up in the shapes that its API has."""

from __future__ import annotations

import json

USAGE = {"input_tokens": 9, "output_tokens": 4}
TEXT = {"type": "text", "text": "Hi 🦀"}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, {"ü": None}]}}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "aGlkZGVu"}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}


def whole(*content: dict, stop: str = "end_turn", usage: dict = USAGE, **members: object) -> bytes:
    body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": list(content)}
    return json.dumps(body | {"stop_reason": stop, "stop_sequence": None, "usage": usage} | members).encode()


def event(kind: str, **members: object) -> str:
    value = json.dumps({"type": kind} | members, ensure_ascii=False)
    # Anthropic pads its JSON.
    return f"event: {kind}\ndata: {value[:-1]}      }}\n\n"


def start(usage: dict = USAGE) -> str:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    message |= {"stop_reason": None, "stop_sequence": None, "usage": usage | {"output_tokens": 1}}
    return event("message_start", message=message)


def block(index: int, opened: dict, *deltas: dict) -> str:
    found = event("content_block_start", index=index, content_block=opened)
    found += "".join(event("content_block_delta", index=index, delta=one) for one in deltas)
    return found + event("content_block_stop", index=index)


def text(index: int, *pieces: str) -> str:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": one} for one in pieces))


def tool(index: int, id: str, *pieces: str, type: str = "tool_use") -> str:
    deltas = [{"type": "input_json_delta", "partial_json": one} for one in pieces]
    return block(index, {"type": type, "id": id, "name": "f", "input": {}}, *deltas)


def thought(index: int, *pieces: str) -> str:
    deltas: list[dict] = [{"type": "thinking_delta", "thinking": one} for one in pieces]
    deltas.append({"type": "signature_delta", "signature": "c2ln"})
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas)


def end(stop: str = "end_turn", usage: dict | None = None, sequence: str | None = None) -> str:
    delta = {"stop_reason": stop, "stop_sequence": sequence}
    return event("message_delta", delta=delta, usage=usage or {"output_tokens": 4}) + event("message_stop")


PING = event("ping")
CACHED = {
    "input_tokens": 2,
    "cache_read_input_tokens": 1590,
    "cache_creation_input_tokens": 30,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "output_tokens": 4,
}
BROKEN = event("error", error={"type": "overloaded_error", "message": "Overloaded"})

# As in openai_quirks.
QUIRKS: dict[str, tuple[str, bool, bytes]] = {
    f"claude-{name}": ("anthropic", not isinstance(body, bytes), body if isinstance(body, bytes) else body.encode())
    for name, body in {
        "text": whole(TEXT),
        "nothing": whole(),
        "texts": whole(TEXT, TEXT),
        "tools": whole(TEXT, TOOL, TOOL | {"id": "toolu_2", "input": {}}, stop="tool_use"),
        "thoughts": whole(THOUGHT, REDACTED, TEXT),
        "own-tools": whole(SEARCH, FOUND, TEXT),
        "cut": whole(TEXT, stop="max_tokens"),
        "window": whole(TEXT, stop="model_context_window_exceeded"),
        "sequence": whole(TEXT, stop="stop_sequence", stop_sequence="END"),
        "pause": whole(SEARCH, FOUND, TEXT, stop="pause_turn"),
        "refusal": whole(stop="refusal", stop_details={"type": "refusal", "explanation": "No."}),
        "cached": whole(TEXT, usage=CACHED),
        "cited": whole(TEXT | {"citations": [{"type": "char_location", "cited_text": "x", "document_index": 0}]}),
        "further": whole(TEXT, container={"id": "c"}, context_management={"applied_edits": []}),
        "pieces": start() + PING + text(0, "Grü", "ße", " 🦀") + PING + end(),
        "silent": start() + end(),
        "called": start() + text(0, "Well") + tool(1, "toolu_1", "", '{"a"', ": [1]}") + end("tool_use"),
        "called-without-input": start() + tool(0, "toolu_1") + end("tool_use"),
        "called-with-empty-input": start() + tool(0, "toolu_1", "") + end("tool_use"),
        "called-twice": start()
        + tool(0, "toolu_1", "", '{"x": 1}')
        + text(1, "and")
        + tool(2, "toolu_2", "", '{"y":', ' "ü"}')
        + end("tool_use"),
        "called-and-cut": start() + tool(0, "toolu_1", "", '{"a": "unfin') + end("max_tokens"),
        "thinking": start() + thought(0, "Hm", ".") + text(1, "Hi") + end(),
        "thinking-redacted": start() + block(0, REDACTED) + text(1, "Hi") + end(),
        "searching": start()
        + tool(0, "srvtoolu_1", "", '{"query": "x"}', type="server_tool_use")
        + block(1, FOUND)
        + text(2, "Found.")
        + tool(3, "toolu_1", "", "{}")
        + end("tool_use"),
        "text-at-once": start() + block(0, TEXT, {"type": "text_delta", "text": "!"}) + end(),
        "usage-grows": start() + text(0, "Hi") + end(usage={"input_tokens": 61, "output_tokens": 2}),
        "usage-cached": start(CACHED) + text(0, "Hi") + end(),
        "usage-null": start(CACHED) + text(0, "Hi") + end(usage={"input_tokens": None, "output_tokens": 4}),
        "cited-pieces": start()
        + block(
            0,
            {"type": "text", "text": "", "citations": []},
            {"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "x", "document_index": 0}},
            {"type": "text_delta", "text": "Cited."},
        )
        + end(),
        "unknown-events": start() + event("brand_new", thing=1) + text(0, "Hi") + end(),
        "crlf": (start() + text(0, "Hi") + end()).replace("\n", "\r\n"),
        "started-twice": start() + start() + text(0, "Hi") + end(),
        "breaks": start() + text(0, "Hal") + BROKEN,
        "breaks-at-once": BROKEN,
        "breaks-before-content": start() + PING + BROKEN,
    }.items()
}
