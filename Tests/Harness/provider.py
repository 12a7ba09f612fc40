"""A small OpenAI-compatible provider with manners to order. Standard library only; runs in a thread of the test.

The behaviour is chosen by the model that the caller asks for:

    chat                     a chat.completion, Content-Length framed; a stream of 3 events when "stream" is true
    stream-N-MS[-PAD]        N content events MS apart, each with PAD extra bytes (also without "stream"); one event is one
                             token, and max_tokens or max_completion_tokens make it fewer
    tools                    calls the first tool offered
    embed                    an embedding (whatever the path)
    status-NNN               that status with an OpenAI-shaped error body, Retry-After: 7 on 429 and 503
    html-NNN                 that status with an HTML body
    hang                     reads the request and never answers
    head-stall               sends the head of a stream and nothing more
    reset                    resets before any header
    close                    closes before any header
    cut-N                    a stream of 10 events; after N body bytes the connection is reset
    end-N                    the same, but the connection is closed in order, without the last chunk
    stall-N                  the same, but the connection stays open and silent
    late-MS                  a chat.completion after MS milliseconds
    latebody-MS              the same, but its head comes at once
    halt-N                   a unary reply that declares N + 1,000,000 bytes, sends N and stays silent
    short-N                  a unary reply that declares N + 1,000,000 bytes, sends N and resets
    garbage                  bytes that are no HTTP
    notjson                  200 application/json whose body is no JSON
    huge-N                   a unary reply with N bytes of content
    drip-N-MS                a unary reply of N bytes, one byte each MS milliseconds
    latin1                   200 with a content-type and other headers that must not pass

Every request is logged whole (`log`): method, target, headers, body bytes, and how its connection went on. `extra["tokens"]`
of a stream-… is what such a provider would bill of output: the content events it has made.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import struct
import time
from dataclasses import dataclass, field

from .threaded_server import ThreadedServer

BASE = "/v1"


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    arrived: float
    gone: float | None = None  # when the caller hung up before the reply was whole
    finished: float | None = None
    extra: dict = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        values = [v for k, v in self.headers if k.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def model(self) -> str:
        try:
            return str(json.loads(self.body)["model"])
        except (ValueError, KeyError, TypeError):
            return ""


def completion(model: str, text: str, tool_calls: list | None = None) -> bytes:
    message: dict = {"role": "assistant", "content": None if tool_calls else text}
    if tool_calls:
        message["tool_calls"] = tool_calls
    value = {
        "id": "chatcmpl-own-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if tool_calls else "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    }
    # Spaces and an escape that a re-encoding would lose: byte-exactness is visible.
    return json.dumps(value, indent=1).encode().replace(b"assistant", b"\\u0061ssistant")


def stream_events(model: str, count: int, pad: int, usage: bool) -> list[bytes]:
    """The SSE events of a stream, without [DONE]; the last one is the usage event where asked for."""
    found = []
    for index in range(count):
        text = f" w{index}" + "x" * pad
        found.append(
            b'data: {"id":"chatcmpl-own-2","object":"chat.completion.chunk","created":1700000000,"model":%s,'
            b'"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":%s}]}\n\n'
            % (json.dumps(model).encode(), text.encode(), b'"stop"' if index == count - 1 else b"null")
        )
    if usage:
        found.append(
            b'data: {"id":"chatcmpl-own-2","object":"chat.completion.chunk","created":1700000000,"model":%s,'
            b'"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":%d,"total_tokens":%d}}\n\n'
            % (json.dumps(model).encode(), count, count + 7)
        )
    return found


def stream_body(model: str, count: int, pad: int = 0, usage: bool = False) -> bytes:
    """What a client gets as the body of `stream-…`: `usage` when the client itself asked for it."""
    return b"".join(stream_events(model, count, pad, usage)) + b"data: [DONE]\n\n"


def error_body(status: int) -> bytes:
    return json.dumps(
        {"error": {"message": f"provider says {status}", "type": "t", "param": None, "code": "c"}}
    ).encode()


class WatchedReader(asyncio.StreamReader):
    """A reader that also tells, while nobody reads, that the peer has hung up."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.gone = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.gone.set()

    def set_exception(self, exc: BaseException) -> None:
        super().set_exception(exc)
        self.gone.set()


class OwnProvider(ThreadedServer):
    """The server; start and stop it as a context manager."""

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        super().__init__(host, tls)
        self.log: list[Seen] = []
        self.connections = 0
        self.open = 0

    @property
    def base_url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}{BASE}"

    def clear(self) -> None:
        self.log.clear()

    def requests(self, model: str | None = None) -> list[Seen]:
        return [seen for seen in list(self.log) if model is None or seen.model == model]

    def _reader(self) -> WatchedReader:
        return WatchedReader(limit=self._limit, loop=self._loop)

    async def _connection(self, reader: WatchedReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        number = self.connections
        try:
            while (seen := await self._read(reader, writer, number)) is not None:
                self.log.append(seen)
                answer = asyncio.create_task(self._answer(seen, writer))
                gone = asyncio.create_task(reader.gone.wait())
                await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
                gone.cancel()
                if not answer.done() or answer.exception() is not None:
                    seen.gone = time.monotonic()
                    answer.cancel()
                    await asyncio.gather(answer, return_exceptions=True)
                    break
                if not answer.result():
                    break
                seen.finished = time.monotonic()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _read(self, reader, writer, number: int) -> Seen | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        lines = head[:-4].decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = [(line.partition(":")[0], line.partition(":")[2].strip()) for line in lines[1:]]
        seen = Seen(method, target, headers, b"", number, time.monotonic())
        if (seen.header("expect") or "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in (seen.header("transfer-encoding") or ""):
            body = bytearray()
            while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readuntil(b"\r\n")
            seen.body = bytes(body)
        else:
            seen.body = await reader.readexactly(int(seen.header("content-length") or 0))
        return seen

    # Answers. Each gives True when the connection can serve another request.

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if seen.method == "GET":
            return await self._unary(writer, 200, b'{"object":"list","data":[{"id":"chat","object":"model"}]}')
        try:
            request = json.loads(seen.body)
        except ValueError:
            return await self._unary(writer, 400, error_body(400))
        model = seen.model
        name, *numbers = re.split(r"-(?=\d)|(?<=\d)-", model)
        values = [int(number) for number in numbers if number.isdigit()]
        wants_stream = request.get("stream") is True
        if seen.target.endswith("/embeddings"):
            return await self._embedding(writer, request)
        if name in ("cut", "end", "stall", "short", "halt", "huge"):
            return await self._broken(writer, name, model, values[0])
        if name == "status":
            extra = {"Retry-After": "7"} if values[0] in (429, 503) else {}
            return await self._unary(writer, values[0], error_body(values[0]), extra=extra)
        if name == "html":
            return await self._unary(writer, values[0], b"<html><h1>Bad gateway</h1></html>", "text/html")
        if name == "hang":
            await asyncio.sleep(3600)
        if name == "head-stall":
            writer.write(self._head(200, "text/event-stream", None))
            await asyncio.sleep(3600)
        if name == "reset":
            return self._reset(writer)
        if name == "close":
            return False
        if name == "garbage":
            writer.write(b"\x16\x03\x01 this is not HTTP at all\r\n\r\n")
            await writer.drain()
            return False
        if name in ("late", "latebody"):
            return await self._late(writer, name, model, values[0], wants_stream)
        if name == "notjson":
            return await self._unary(writer, 200, b"<<< not JSON >>>")
        if name == "drip":
            return await self._drip(writer, *values)
        if name == "latin1":
            extra = {"Set-Cookie": "a=b", "Server": "own", "X-Request-Id": "provider-id-1", "Retry-After": "3"}
            return await self._unary(writer, 200, completion(model, "h"), "application/json; charset=utf-8", extra)
        if name == "tools" and request.get("tools"):
            return await self._tools(writer, model, request, wants_stream)
        usage = bool((request.get("stream_options") or {}).get("include_usage"))
        if name == "stream":
            count, delay, pad = values[0], values[1], values[2] if len(values) > 2 else 0
            for member in ("max_tokens", "max_completion_tokens"):
                count = min(count, request.get(member) or count)
            return await self._stream(writer, stream_events(model, count, pad, usage), delay / 1000, seen)
        if wants_stream:
            return await self._stream(writer, stream_events(model, 3, 0, usage), 0)
        return await self._unary(writer, 200, completion(model, "Hello from the provider."))

    @staticmethod
    def _head(status: int, kind: str, length: int | None, extra: dict | None = None) -> bytes:
        lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {kind}", "X-Request-Id: req-own-1"]
        lines.append("Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}")
        names = {name.lower() for name in extra or {}}
        lines = [line for line in lines if line.split(":")[0].lower() not in names]
        lines += [f"{name}: {value}" for name, value in (extra or {}).items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    async def _unary(
        self, writer, status: int, body: bytes, kind="application/json", extra: dict | None = None
    ) -> bool:
        writer.write(self._head(status, kind, len(body), extra) + body)
        await writer.drain()
        return True

    async def _stream(self, writer, events: list[bytes], delay: float, seen: Seen | None = None) -> bool:
        writer.write(self._head(200, "text/event-stream", None))
        for index, event in enumerate(events + [b"data: [DONE]\n\n"]):
            if seen is not None and b'"content"' in event:
                seen.extra["tokens"] = seen.extra.get("tokens", 0) + 1
            if index and delay and index < len(events):
                await writer.drain()
                await asyncio.sleep(delay)
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _broken(self, writer, name: str, model: str, count: int) -> bool:
        if name == "huge":
            return await self._unary(writer, 200, completion(model, "x" * count))
        if name in ("short", "halt"):
            writer.write(self._head(200, "application/json", count + 1_000_000) + b"{" + b" " * (count - 1))
        else:
            body = stream_body(model, 10)[:count]
            writer.write(self._head(200, "text/event-stream", None))
            if body:
                writer.write(b"%x\r\n%b\r\n" % (len(body), body))
        await writer.drain()
        if name in ("stall", "halt"):
            await asyncio.sleep(3600)
        if name == "end":
            return False
        await asyncio.sleep(0.2)  # a reset drops what the peer's kernel has not taken yet
        return self._reset(writer)

    async def _late(self, writer, name: str, model: str, milliseconds: int, wants_stream: bool) -> bool:
        body = stream_body(model, 3) if wants_stream else completion(model, "Late.")
        head = self._head(200, "text/event-stream" if wants_stream else "application/json", len(body))
        if name == "latebody":
            writer.write(head)
            await writer.drain()
        await asyncio.sleep(milliseconds / 1000)
        writer.write(body if name == "latebody" else head + body)
        await writer.drain()
        return True

    async def _drip(self, writer, count: int, milliseconds: int) -> bool:
        body = completion("drip", "x" * max(count - 400, 1))
        body += b" " * (count - len(body))
        writer.write(self._head(200, "application/json", len(body)))
        for index in range(len(body)):
            writer.write(body[index : index + 1])
            await writer.drain()
            await asyncio.sleep(milliseconds / 1000)
        return True

    async def _tools(self, writer, model: str, request: dict, wants_stream: bool) -> bool:
        function = request["tools"][0]["function"]["name"]
        call = {"id": "call_1", "type": "function", "function": {"name": function, "arguments": '{"city":"Oslo"}'}}
        if not wants_stream:
            return await self._unary(writer, 200, completion(model, "", [call]))
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model}
        deltas = [({"role": "assistant", "tool_calls": [{"index": 0} | call]}, None), ({}, "tool_calls")]
        events = [
            b"data: "
            + json.dumps(chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": why}]}).encode()
            + b"\n\n"
            for delta, why in deltas
        ]
        return await self._stream(writer, events, 0)

    async def _embedding(self, writer, request: dict) -> bool:
        texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
        value = {
            "object": "list",
            "data": [{"object": "embedding", "index": i, "embedding": [0.25, -0.5, i]} for i in range(len(texts))],
            "model": request["model"],
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        }
        return await self._unary(writer, 200, json.dumps(value, indent=2).encode())

    @staticmethod
    def _reset(writer: asyncio.StreamWriter) -> bool:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False
