"""A TCP server on a port of its own whose event loop runs in a thread of the test."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import Self


class ThreadedServer:
    """A context manager. A subclass answers in `_connection` and keeps each one's task in `_tasks` while it runs."""

    _limit = 1 << 20  # bytes a connection's reader may hold

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.host = host
        self.tls = tls
        self.port = 0
        self._tasks: set[asyncio.Task] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(self._reader(), self._connection, loop=self._loop)

    def _reader(self) -> asyncio.StreamReader:
        return asyncio.StreamReader(limit=self._limit, loop=self._loop)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        server = await self._loop.create_server(self._protocol, self.host, 0, backlog=1024, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
