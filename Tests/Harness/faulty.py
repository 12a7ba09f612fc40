"""A provider with faults to order: by the model, by the key, or by whatever a test decides for each call.

What a call meets is a word. Those of `provider.py` (chat, stream-N-MS, status-NNN, html-NNN, hang, reset, cut-N, garbage …), and

    wait-WHAT                429, with advice on when to come again: one of `ADVICE`
    busy-WHAT                503 with the same
    again-true, again-false  500 with x-should-retry
    inside                   200 whose body is an error: whole, or the first event of a stream
    inside-N                 a stream with N events of content, then an error event, then [DONE]
    slow-MS                  as chat, but its first token comes after MS milliseconds
    blank-MS                 a stream whose head comes at once, comments each 100 ms, and content after MS milliseconds
    head-N                   reset after N bytes of the reply's head
    flood-MIB                a whole reply of so many MiB, well-formed
    bomb                     a reply in gzip that nobody asked for, small and 64 MiB large
    place-MS                 takes MS milliseconds and one of `places`; 429 where all are taken
"""

from __future__ import annotations

import asyncio
import dataclasses
import email.utils
import json
import socket
import time
import zlib
from collections.abc import Callable

from .provider import OwnProvider, Seen, completion, error_body, stream_events

# How providers say when to come again: the seconds meant, the headers, the body.
_INFO = {
    "error": {
        "code": 429,
        "message": "quota",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.5s"}],
    }
}
ADVICE: dict[str, tuple[float | None, Callable[[], dict[str, str]], dict | None]] = {
    "none": (None, lambda: {}, None),
    "seconds": (1, lambda: {"Retry-After": "1"}, None),
    "decimal": (0.5, lambda: {"Retry-After": "0.5"}, None),
    # Whole seconds: at least one, at most two.
    "date": (1, lambda: {"Retry-After": email.utils.formatdate(time.time() + 2, usegmt=True)}, None),
    "ms": (0.5, lambda: {"Retry-After-Ms": "500"}, None),
    "both": (0.5, lambda: {"Retry-After-Ms": "500", "Retry-After": "1"}, None),
    "absurd": (86400, lambda: {"Retry-After": "99999999999999999999"}, None),
    "negative": (None, lambda: {"Retry-After": "-5"}, None),
    "words": (None, lambda: {"Retry-After": "soon"}, None),
    "hour": (3600, lambda: {"Retry-After": "3600"}, None),
    "info": (0.5, lambda: {}, _INFO),
    "openai": (
        0.5,
        lambda: {"X-RateLimit-Remaining-Requests": "0", "X-RateLimit-Reset-Requests": "500ms"},
        None,
    ),
}


class FaultyProvider(OwnProvider):
    """A context manager, in a thread of its own. `log` has every request; `decide` says what it meets, given the request and
    how many came before it; None is what its model says."""

    def __init__(self, decide: Callable[[Seen, int], str | None] | str | None = None, places: int = 20) -> None:
        super().__init__()
        self.decide = decide
        # Keys that are refused: the status.
        self.refused: dict[str, int] = {}
        self.places = places
        self.taken = 0
        self.most_taken = 0
        self.over = 0
        self._count = 0

    def clear(self) -> None:
        super().clear()
        self._count = 0

    @property
    def calls(self) -> list[Seen]:
        """The calls of models, without what asks for lists."""
        return [seen for seen in list(self.log) if seen.method == "POST"]

    @staticmethod
    def key(seen: Seen) -> str:
        return (seen.header("authorization") or "").removeprefix("Bearer ")

    def by_key(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for seen in self.calls:
            found[self.key(seen)] = found.get(self.key(seen), 0) + 1
        return found

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if seen.method != "POST":
            return await super()._answer(seen, writer)
        number, self._count = self._count, self._count + 1
        seen.extra["key"] = self.key(seen)
        if status := self.refused.get(self.key(seen)):
            return await self._unary(writer, status, error_body(status))
        word = self.decide(seen, number) if callable(self.decide) else self.decide
        word = seen.model if word is None else word
        seen.extra["met"] = word
        name, _, rest = word.partition("-")
        request = json.loads(seen.body)
        is_stream = request.get("stream") is True
        usage = bool((request.get("stream_options") or {}).get("include_usage"))
        if name in ("wait", "busy") and rest in ADVICE:
            _, headers, body = ADVICE[rest]
            status = 429 if name == "wait" else 503
            text = error_body(status) if body is None else json.dumps(body).encode()
            return await self._unary(writer, status, text, extra=headers())
        if name == "again":
            return await self._unary(writer, 500, error_body(500), extra={"X-Should-Retry": rest})
        if name == "inside":
            return await self._inside(writer, is_stream, int(rest or 0), usage)
        if name == "slow":
            await asyncio.sleep(int(rest) / 1000)
            return await self._usual(seen, writer, is_stream, usage)
        if name == "blank":
            return await self._blank(seen, writer, int(rest) / 1000, usage)
        if name == "head":
            writer.write(self._head(200, "application/json", 1000)[: int(rest)])
            await writer.drain()
            await asyncio.sleep(0.05)
            return self._reset(writer)
        if name == "flood":
            return await self._flood(writer, int(rest))
        if name == "bomb":
            text = zlib.compress(b" " * (64 << 20), 9, wbits=31)
            return await self._unary(writer, 200, text, extra={"Content-Encoding": "gzip"})
        if name == "place":
            return await self._place(seen, writer, is_stream, usage, int(rest) / 1000)
        body = json.dumps(request | {"model": word}).encode()
        return await super()._answer(dataclasses.replace(seen, body=body), writer)

    async def _usual(self, seen: Seen, writer, is_stream: bool, usage: bool) -> bool:
        if is_stream:
            return await self._stream(writer, stream_events(seen.model, 3, 0, usage), 0, seen)
        return await self._unary(writer, 200, completion(seen.model, "Hello from the provider."))

    async def _inside(self, writer, is_stream: bool, count: int, usage: bool) -> bool:
        error = {"error": {"message": "overloaded inside", "type": "server_error", "code": 503}}
        if not is_stream:
            return await self._unary(writer, 200, json.dumps(error).encode())
        events = stream_events("inside", count + 1, 0, False)[:count]
        return await self._stream(writer, [*events, b"data: " + json.dumps(error).encode() + b"\n\n"], 0)

    async def _blank(self, seen: Seen, writer, seconds: float, usage: bool) -> bool:
        writer.write(self._head(200, "text/event-stream", None))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            writer.write(b"d\r\n: keep alive\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.1)
        for event in [*stream_events(seen.model, 3, 0, usage), b"data: [DONE]\n\n"]:
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _flood(self, writer, mebibytes: int) -> bool:
        head, _, tail = completion("flood", "@").partition(b"@")
        writer.write(self._head(200, "application/json", len(head) + (mebibytes << 20) + len(tail)) + head)
        for _ in range(mebibytes):
            writer.write(b"x" * (1 << 20))
            await writer.drain()
        writer.write(tail)
        await writer.drain()
        return True

    async def _place(self, seen: Seen, writer, is_stream: bool, usage: bool, seconds: float) -> bool:
        if self.taken >= self.places:
            self.over += 1
            return await self._unary(writer, 429, error_body(429))
        self.taken += 1
        self.most_taken = max(self.most_taken, self.taken)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.taken -= 1
        return await self._usual(seen, writer, is_stream, usage)


class BlackHole:
    """An address where connections are never answered, not even refused: a listener whose queue is full."""

    def __enter__(self) -> "BlackHole":
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        self._fill = []
        # The queue takes one more than it says; what does not fit hangs in its connect.
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", self.port))
            self._fill.append(one)
        return self

    def __exit__(self, *_: object) -> None:
        for one in [*self._fill, self._listener]:
            one.close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
