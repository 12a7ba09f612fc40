"""A TCP proxy with faults to order: what a bad network does between two parties, at an exact byte.

Each connection gets a `Script` for each direction; by default bytes pass as they come. Offsets count the bytes of the
connection in that direction, from 0.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .threaded_server import ThreadedServer


@dataclass
class Script:
    """What happens to the bytes of one direction. Nothing set: they pass."""

    delay: float = 0.0  # seconds that everything comes later
    jitter: float = 0.0  # up to so many seconds more, by chance, each time bytes come; the order stays
    rate: float | None = None  # bytes a second at most; below 1,000 they drip one by one
    stall_at: int | None = None  # after so many bytes nothing passes any more
    stall_for: float | None = None  # but for so many seconds only
    cut_at: int | None = None  # after so many bytes both sides are closed in order
    reset_at: int | None = None  # after so many bytes both sides are reset
    corrupt: dict[int, int] = field(default_factory=dict)  # offset → bits that are flipped

    def next_event(self, passed: int) -> int | None:
        """The offset of the next thing to do at or after `passed`."""
        points = [one for one in (self.stall_at, self.cut_at, self.reset_at) if one is not None and one >= passed]
        return min(points) if points else None


PASS = Script()


@dataclass(eq=False)
class Passage:
    """One connection through the proxy."""

    number: int
    up: Script  # from who connected
    down: Script  # to who connected
    began: float
    passed_up: int = 0
    passed_down: int = 0
    ended: float | None = None
    how: str = "open"  # eof | cut | reset


class ChaosProxy(ThreadedServer):
    """Listens on a port of its own and passes each connection on to `target`; a context manager in a thread of its own.

    `scripts` is asked for the (up, down) of each new connection, by its number from 0; it may be replaced at any time.
    """

    _limit = 65536

    def __init__(
        self, target: tuple[str, int], scripts: Callable[[int], tuple[Script, Script]] | None = None, seed: int = 1
    ) -> None:
        super().__init__()
        self.target = target
        self.scripts = scripts or (lambda number: (PASS, PASS))
        self.random = random.Random(seed)
        self.passages: list[Passage] = []

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def open(self) -> int:
        return sum(one.ended is None for one in list(self.passages))

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        up, down = self.scripts(len(self.passages))
        passage = Passage(len(self.passages), up, down, time.monotonic())
        self.passages.append(passage)
        other: asyncio.StreamWriter | None = None
        try:
            behind, other = await asyncio.open_connection(*self.target, limit=65536)
            for one in (writer, other):
                one.transport.set_write_buffer_limits(65536)
            ways = [
                asyncio.create_task(self._pass(reader, other, passage, True)),
                asyncio.create_task(self._pass(behind, writer, passage, False)),
            ]
            try:
                done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
                passage.how = next((str(way.exception()) for way in done if way.exception()), "eof")
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
            if passage.how == "reset":
                await asyncio.sleep(0.02)  # a reset drops what the peer's kernel has not taken yet
        except OSError:
            passage.how = "reset"  # nobody listens behind
        finally:
            for one in (writer, other):
                if one is not None:
                    end(one, passage.how == "reset")
            passage.ended = time.monotonic()
            self._tasks.discard(task)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passage: Passage, is_up: bool
    ) -> None:
        """Passes one direction. Raises `Ending` when the connection is to end; returns at the end of its bytes."""
        script, passed = passage.up if is_up else passage.down, 0
        stalled = False
        while True:
            if (event := script.next_event(passed)) == passed and not (stalled and event == script.stall_at):
                if event == script.stall_at:
                    await asyncio.sleep(3600 if script.stall_for is None else script.stall_for)
                    stalled = True
                    continue
                raise Ending("reset" if event == script.reset_at else "cut")
            most = 65536 if event is None or event == passed else event - passed
            if script.rate is not None:
                most = min(most, max(1, int(script.rate / 20)) if script.rate >= 1000 else 1)
            try:
                data = await reader.read(most)
            except ConnectionError:
                raise Ending("reset") from None
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            if script.delay or script.jitter:
                await asyncio.sleep(script.delay + self.random.uniform(0, script.jitter))
            if script.corrupt:
                data = bytes(byte ^ script.corrupt.get(passed + index, 0) for index, byte in enumerate(data))
            try:
                writer.write(data)
                await writer.drain()
            except ConnectionError:
                raise Ending("reset") from None
            passed += len(data)
            if is_up:
                passage.passed_up = passed
            else:
                passage.passed_down = passed
            if script.rate is not None:
                await asyncio.sleep(len(data) / script.rate)


class Ending(Exception):
    """How a connection is to end: "cut" or "reset"."""


def end(writer: asyncio.StreamWriter, reset: bool) -> None:
    if reset:
        raw = writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
