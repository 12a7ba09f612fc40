"""A provider that keeps account of what it takes money for, and gives it out as OpenAI and Anthropic do.

It answers `/v1/chat/completions` and `/v1/messages`, whole or as a stream, with numbers that no two calls have alike, and writes a `Bill` for
each call that it charges. Of the model `NAME` a call is billed as `DATED.get(NAME, NAME)`. The model `flaky-…` fails every other time, which costs
nothing.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import time
from dataclasses import dataclass

from .provider import Seen
from .request_server import RequestServer

DATED = {"gpt-4o": "gpt-4o-2024-08-06", "claude-sonnet-4-5": "claude-sonnet-4-5-20250929"}
DAY = 86_400


@dataclass(frozen=True)
class Bill:
    """`numbers` as the provider's own account of usage has them, by the names of its JSON."""

    day: int
    model: str
    call: str
    numbers: dict[str, int]


class BillingProvider(RequestServer):
    """A context manager, in a thread of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.bills: list[Bill] = []

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        body = json.loads(seen.body)
        number = len(self.log)
        if body["model"].startswith("flaky") and number % 2:
            writer.write(reply(json.dumps({"error": {"message": "broken", "type": "server_error"}}).encode(), status=500))
            await writer.drain()
            return True
        make = anthropic if seen.target.endswith("/messages") else openai
        numbers, answer = make(body, number)
        name = DATED.get(body["model"], body["model"])
        self.bills.append(Bill(int(time.time()) // DAY, name, seen.header("x-client-request-id") or "", numbers))
        writer.write(answer)
        await writer.drain()
        return True


def reply(body: bytes, kind: str = "application/json", status: int = 200) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def openai(body: dict, number: int) -> tuple[dict[str, int], bytes]:
    numbers = {
        "input_tokens": 1000 + 11 * number,
        "output_tokens": 200 + 7 * number,
        "input_cached_tokens": 128 * (number % 3),
        "input_audio_tokens": 5 * (number % 2),
        "output_audio_tokens": 3 * (number % 2),
        "num_model_requests": 1,
    }
    usage = {
        "prompt_tokens": numbers["input_tokens"],
        "completion_tokens": numbers["output_tokens"],
        "total_tokens": numbers["input_tokens"] + numbers["output_tokens"],
        "prompt_tokens_details": {
            "cached_tokens": numbers["input_cached_tokens"],
            "audio_tokens": numbers["input_audio_tokens"],
        },
        "completion_tokens_details": {
            "reasoning_tokens": 40 + number,
            "audio_tokens": numbers["output_audio_tokens"],
        },
    }
    head = {"id": f"chatcmpl-{number}", "created": 1700000000, "model": DATED.get(body["model"], body["model"])}
    if not body.get("stream"):
        message = {"role": "assistant", "content": "Hi"}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        return numbers, reply(json.dumps(head | {"object": "chat.completion", "choices": choices, "usage": usage}).encode())
    head |= {"object": "chat.completion.chunk"}
    events = [head | {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]} for text in ("H", "i")]
    events.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    events.append(head | {"choices": [], "usage": usage})
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    return numbers, reply(text.encode(), "text/event-stream")


def anthropic(body: dict, number: int) -> tuple[dict[str, int], bytes]:
    numbers = {
        "uncached_input_tokens": 300 + 13 * number,
        "cache_read_input_tokens": 64 * (number % 4),
        "cache_creation.ephemeral_5m_input_tokens": 9 * (number % 3),
        "cache_creation.ephemeral_1h_input_tokens": 17 * (number % 2),
        "output_tokens": 50 + 3 * number,
        "server_tool_use.web_search_requests": 0,
    }
    short, long = numbers["cache_creation.ephemeral_5m_input_tokens"], numbers["cache_creation.ephemeral_1h_input_tokens"]
    usage = {
        "input_tokens": numbers["uncached_input_tokens"],
        "cache_read_input_tokens": numbers["cache_read_input_tokens"],
        "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        "output_tokens": numbers["output_tokens"],
    }
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": body["model"]}
    message |= {"stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    if not body.get("stream"):
        return numbers, reply(json.dumps(message | {"content": [{"type": "text", "text": "Hi"}]}).encode())
    begun = message | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    events = [
        ("message_start", {"message": begun}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
        ("content_block_stop", {"index": 0}),
        (
            "message_delta",
            {
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": numbers["output_tokens"]},
            },
        ),
        ("message_stop", {}),
    ]
    text = "".join(f"event: {name}\ndata: {json.dumps({'type': name} | rest)}\n\n" for name, rest in events)
    return numbers, reply(text.encode(), "text/event-stream")


# What the provider gives out.


def grouped(bills: list[Bill]) -> dict[int, dict[str, dict[str, int]]]:
    """Sums by day and model."""
    days: dict[int, dict[str, dict[str, int]]] = {}
    for bill in bills:
        sums = days.setdefault(bill.day, {}).setdefault(bill.model, dict.fromkeys(bill.numbers, 0))
        for name, value in bill.numbers.items():
            sums[name] += value
    return dict(sorted(days.items()))


def stamp(day: int) -> str:
    return time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(day * DAY))


def openai_json(bills: list[Bill]) -> str:
    """A page for each day, one a line."""
    pages = []
    for day, models in grouped(bills).items():
        kind = {"object": "organization.usage.completions.result", "project_id": None, "batch": None}
        results = [kind | numbers | {"model": model} for model, numbers in models.items()]
        bucket = {"object": "bucket", "start_time": day * DAY, "end_time": (day + 1) * DAY, "results": results}
        pages.append({"object": "page", "data": [bucket], "has_more": False, "next_page": None})
    return "\n".join(json.dumps(page) for page in pages)


def openai_csv(bills: list[Bill]) -> str:
    lines = []
    for day, models in grouped(bills).items():
        times = {"start_time": day * DAY, "end_time": (day + 1) * DAY, "start_time_iso": stamp(day), "end_time_iso": stamp(day + 1)}
        lines += [times | {"project_id": "Web, shop", "model": model} | numbers for model, numbers in models.items()]
    return table(lines)


def anthropic_json(bills: list[Bill]) -> str:
    buckets = []
    for day, models in grouped(bills).items():
        results = []
        for model, numbers in models.items():
            result: dict = {"model": model, "api_key_id": None, "service_tier": "standard"}
            for name, value in numbers.items():
                outer, _, inner = name.rpartition(".")
                (result.setdefault(outer, {}) if outer else result)[inner] = value
            results.append(result)
        buckets.append({"starting_at": stamp(day), "ending_at": stamp(day + 1), "results": results})
    return json.dumps({"data": buckets, "has_more": False, "next_page": None}, indent=2)


CONSOLE = {
    "usage_input_tokens_no_cache": "uncached_input_tokens",
    "usage_input_tokens_cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "usage_input_tokens_cache_write_1h": "cache_creation.ephemeral_1h_input_tokens",
    "usage_input_tokens_cache_read": "cache_read_input_tokens",
    "usage_output_tokens": "output_tokens",
    "web_search_count": "server_tool_use.web_search_requests",
}


def anthropic_csv(bills: list[Bill]) -> str:
    lines = []
    for day, models in grouped(bills).items():
        for model, numbers in models.items():
            line = {"usage_date_utc": stamp(day)[:10], "model_version": model, "api_key": "ci", "context_window": "≤ 200k"}
            lines.append(line | {column: numbers[name] for column, name in CONSOLE.items()})
    return table(lines)


def table(lines: list[dict]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


def numbers_of(text: str, bills: list[Bill]) -> list[re.Match]:
    """The numbers of tokens in an export, by what they are worth: each sum of the account that is not 0 stands in it."""
    counts = {"num_model_requests", "server_tool_use.web_search_requests"}
    worth = {
        str(value)
        for models in grouped(bills).values()
        for numbers in models.values()
        for name, value in numbers.items()
        if name not in counts and value > 9
    }
    return [found for found in re.finditer(r"(?<![\w.-])\d+(?![\w.-])", text) if found[0] in worth]
