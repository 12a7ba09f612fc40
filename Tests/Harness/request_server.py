"""Reads the requests of each connection one after the other, and lets a subclass answer them."""

from __future__ import annotations

import asyncio
import time

from .chaos import end
from .provider import Seen
from .threaded_server import ThreadedServer


class RequestServer(ThreadedServer):
    """A context manager, in a thread of its own; every request is in `log`."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Seen] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        """Writes the reply; whether the connection stays."""
        raise NotImplementedError

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._answer(await self._read(reader), writer):
                continue
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            end(writer, False)

    async def _read(self, reader: asyncio.StreamReader) -> Seen:
        lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = [(line.partition(":")[0], line.partition(":")[2].strip()) for line in lines[1:]]
        seen = Seen(method, target, headers, b"", 0, time.monotonic())
        seen.body = await reader.readexactly(int(seen.header("content-length") or 0))
        self.log.append(seen)
        return seen
