"""A provider whose replies are given as raw bytes, and which can break off after any of them.

The model `NAME-at-N-END` gets the first N bytes of the reply NAME, then END: `rst` (reset), `fin` (closed in order) or
`stall` (silence). The model `NAME` gets all of it, and the connection stays.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time

from .chaos import end
from .provider import Seen
from .request_server import RequestServer

_MODEL = re.compile(r"(?P<name>.+?)(?:-at-(?P<at>\d+)-(?P<end>rst|fin|stall))?(?:-t\d+)?\Z")


class CannedProvider(RequestServer):
    """A context manager, in a thread of its own; every request is in `log`."""

    def __init__(self, replies: dict[str, bytes]) -> None:
        super().__init__()
        self.replies = replies

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        found = _MODEL.match(json.loads(seen.body)["model"])
        assert found is not None
        reply, how = self.replies[found["name"]], found["end"]
        writer.write(reply[: int(found["at"])] if how else reply)
        await writer.drain()
        if how == "stall":
            await asyncio.sleep(3600)
        if how == "rst":
            # A reset drops what the peer's kernel has not taken yet.
            raw = writer.get_extra_info("socket")
            while writer.transport.get_write_buffer_size() or unsent(raw):
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)
            end(writer, True)
        seen.finished = time.monotonic()
        return how is None


def unsent(raw: socket.socket) -> int:
    """Bytes that the peer's kernel has not acknowledged (SIOCOUTQ)."""
    import fcntl
    import struct
    import termios

    return struct.unpack("i", fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0]


def chunked_reply(pieces: list[bytes], kind: str = "text/event-stream", last: bool = True) -> bytes:
    """A reply whose chunks are exactly `pieces`."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % kind.encode()
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
    return head + body + (b"0\r\n\r\n" if last else b"")


def length_reply(body: bytes, status: int = 200, kind: str = "application/json", extra: dict | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (extra or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def split_every(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]
