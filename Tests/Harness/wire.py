"""HTTP/1.1 as bytes: a strict parser of replies that says how each one ended, and a plain socket client over it.

The tests judge endings ("complete", "cut short", "reset"), which ordinary HTTP clients smooth over.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import dataclass, field


class ProtocolError(Exception):
    """The peer sent something that is not an HTTP/1.1 reply."""


@dataclass
class Reply:
    """One reply. `complete` is true only when its own framing says that it is whole."""

    status: int = 0
    reason: str = ""
    version: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    framing: str = ""  # none | length | chunked | close
    complete: bool = False
    chunks: int = 0
    first_body_at: float | None = None

    def header(self, name: str) -> str | None:
        values = [v for k, v in self.headers if k.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body)

    @property
    def error(self) -> dict:
        """The `error` object of an OpenAI-shaped error reply; asserts the shape."""
        assert (self.header("content-type") or "").startswith("application/json"), self
        error = self.json()["error"]
        assert set(error) >= {"message", "type", "param", "code"}, error
        assert isinstance(error["message"], str) and error["message"], error
        return error

    def events(self) -> list[bytes]:
        """The data of each SSE event, in order."""
        return sse_data(self.body)


def sse_data(body: bytes) -> list[bytes]:
    found = []
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = [line[5:].lstrip(b" ") for line in block.split(b"\n") if line.startswith(b"data:")]
        if lines:
            found.append(b"\n".join(lines))
    return found


class ReplyParser:
    """Bytes in, replies out. Knows no I/O.

    `feed` returns the replies that became complete; `current` is the one under way; `eof` ends it.
    """

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.current: Reply | None = None
        self._body = bytearray()
        self._left = 0  # bytes of the body or of the chunk still to come
        self._state = "head"  # head | length | size | chunk | chunkend | trailer | close
        self.head_requests: list[bool] = []  # for each awaited reply: does it answer HEAD?

    def feed(self, data: bytes) -> list[Reply]:
        self.buffer += data
        done = []
        while True:
            before = (self._state, len(self.buffer))
            reply = self._step()
            if reply is not None:
                done.append(reply)
            elif (self._state, len(self.buffer)) == before:
                return done

    def eof(self) -> Reply | None:
        """The peer closed. Gives the reply that was under way, `complete` only if closing was its framing."""
        reply, self.current = self.current, None
        if reply is not None:
            reply.body = bytes(self._body)
            reply.complete = self._state == "close"
        elif self.buffer:
            reply = Reply(body=bytes(self.buffer))
        self._state = "head"
        self.buffer.clear()
        return reply

    def snapshot(self) -> bytes:
        """The body bytes of the reply under way."""
        return bytes(self._body)

    def _finish(self) -> Reply:
        reply = self.current
        assert reply is not None
        reply.body = bytes(self._body)
        reply.complete = True
        self.current, self._state = None, "head"
        self._body = bytearray()
        return reply

    def _take(self, count: int) -> bytes:
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def _line(self) -> bytes | None:
        end = self.buffer.find(b"\r\n")
        if end < 0:
            return None
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 2]
        return line

    def _body_bytes(self) -> None:
        taken = self._take(min(self._left, len(self.buffer)))
        if taken:
            assert self.current is not None
            if self.current.first_body_at is None:
                self.current.first_body_at = time.monotonic()
            self._body += taken
            self._left -= len(taken)

    def _step(self) -> Reply | None:
        if self._state == "head":
            return self._head()
        if self._state == "length":
            self._body_bytes()
            return self._finish() if self._left == 0 else None
        if self._state == "close":
            self._left = len(self.buffer)
            self._body_bytes()
            return None
        if self._state == "size":
            line = self._line()
            if line is None:
                return None
            size = line.split(b";")[0].strip()
            if not size or any(c not in b"0123456789abcdefABCDEF" for c in size):
                raise ProtocolError(f"bad chunk size {line!r}")
            self._left = int(size, 16)
            self._state = "chunk" if self._left else "trailer"
            if self._left and self.current is not None:
                self.current.chunks += 1
            return None
        if self._state == "chunk":
            self._body_bytes()
            if self._left == 0:
                self._state = "chunkend"
            return None
        if self._state == "chunkend":
            if len(self.buffer) < 2:
                return None
            if self._take(2) != b"\r\n":
                raise ProtocolError("chunk does not end in CRLF")
            self._state = "size"
            return None
        line = self._line()  # trailer
        return self._finish() if line == b"" else None

    def _head(self) -> Reply | None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self._take(end + 4)[:-4].decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        status, _, reason = rest.partition(" ")
        if not version.startswith("HTTP/1.") or not status.isdigit() or len(status) != 3:
            raise ProtocolError(f"bad status line {lines[0]!r}")
        reply = Reply(status=int(status), reason=reason, version=version)
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise ProtocolError(f"bad header line {line!r}")
            reply.headers.append((name, value.strip()))
        self.current, self._body = reply, bytearray()
        answers_head = self.head_requests.pop(0) if self.head_requests and reply.status >= 200 else False
        length, encoding = reply.header("content-length"), reply.header("transfer-encoding")
        if length is not None and encoding is not None:
            raise ProtocolError("both content-length and transfer-encoding")
        if reply.status < 200 or reply.status in (204, 304) or answers_head:
            reply.framing = "none"
            return self._finish()
        if encoding is not None:
            if encoding.lower() != "chunked":
                raise ProtocolError(f"transfer-encoding {encoding!r}")
            reply.framing, self._state = "chunked", "size"
        elif length is not None:
            if not length.isdigit():
                raise ProtocolError(f"content-length {length!r}")
            reply.framing, self._state, self._left = "length", "length", int(length)
        else:
            reply.framing, self._state = "close", "close"
        return None


def render(
    method: str, target: str, headers: list[tuple[str, str]] | dict | None = None, body: bytes | None = None
) -> bytes:
    """A request as bytes; adds Host and Content-Length where they are not given."""
    items = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
    names = {name.lower() for name, _ in items}
    if "host" not in names:
        items.insert(0, ("Host", "gateway.test"))
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        items.append(("Content-Length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in items]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


class Connection:
    """A blocking client connection with a deadline on every wait."""

    def __init__(
        self,
        address: tuple[str, int],
        timeout: float = 15.0,
        receive_buffer: int | None = None,
        source: str | None = None,
    ) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if source is not None:
            self.socket.bind((source, 0))
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.parser = ReplyParser()
        self.ready: list[Reply] = []
        self.ended: str | None = None  # None while open, else eof | reset
        self.tail: Reply | None = None  # the reply that was under way when the peer closed

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Closes so that the peer gets a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def pump(self, timeout: float) -> bool:
        """Reads once. False when nothing came in time; `ended` says when the peer closed."""
        self.socket.settimeout(max(timeout, 0.001))
        try:
            data = self.socket.recv(262144)
        except TimeoutError:
            return False
        except ConnectionError:
            self.ended, data = "reset", b""
        else:
            if not data:
                self.ended = "eof"
        if data:
            self.ready += self.parser.feed(data)
        if self.ended:
            self.tail = self.parser.eof()
        return True

    def reply(self, timeout: float | None = None) -> Reply:
        """The next final reply; where the peer closes first, what there was of it, `complete` telling."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while True:
            while self.ready:
                found = self.ready.pop(0)
                if found.status >= 200:
                    return found
            if self.ended:
                found, self.tail = self.tail, None
                if found is None:
                    raise ConnectionError(f"closed without a reply ({self.ended})")
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no whole reply in {timeout or self.timeout} s; have {self.parser.snapshot()!r}")
            self.pump(left)

    def wait_for_body(self, count: int, timeout: float = 15.0) -> bytes:
        """Waits until `count` body bytes of the reply under way are here; gives what there is."""
        deadline = time.monotonic() + timeout
        while len(self.parser.snapshot()) < count and not self.ended and not self.ready:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"only {len(self.parser.snapshot())} of {count} body bytes in {timeout} s")
            self.pump(left)
        return self.parser.snapshot()

    def closed_within(self, timeout: float) -> bool:
        """True when the peer closes (or resets) in time; replies that come meanwhile are kept."""
        deadline = time.monotonic() + timeout
        while not self.ended and (left := deadline - time.monotonic()) > 0:
            self.pump(left)
        return self.ended is not None


def request(
    address: tuple[str, int],
    method: str,
    target: str,
    headers: list[tuple[str, str]] | dict | None = None,
    body: bytes | None = None,
    timeout: float = 15.0,
    source: str | None = None,
) -> Reply:
    """One request on a connection of its own, from the address `source`."""
    with Connection(address, timeout, source=source) as connection:
        connection.parser.head_requests.append(method == "HEAD")
        connection.send(render(method, target, headers, body))
        return connection.reply()
