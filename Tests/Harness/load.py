"""A load client that keeps its own list: for each request how it ended, judged against bytes it can predict.

Its counterpart is `Benchmarks/mock_provider.c`, whose reply to the model `load-N-MS-PAD-TAG` is known in advance.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass

import pytest

from . import wire
from .gateway import ROOT, Gateway, openai_provider, raise_descriptor_limit


# The provider


def compile_c(source: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The program of one C file, in `folder`; skips where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    program = folder / source.stem
    subprocess.run([compiler, "-O2", "-o", program, source], check=True)
    return program


def build_mock(folder: pathlib.Path) -> pathlib.Path:
    return compile_c(ROOT / "Benchmarks" / "mock_provider.c", folder)


@dataclass
class Call:
    """One line of the mock provider's own log: a call it was sent, and what it made of it."""

    id: str
    model: str
    events: int = 0
    end: str = "open"  # done | aborted | open


class MockProvider:
    """The compiled mock provider, running; a context manager. With `log` it writes down every call it gets."""

    def __init__(self, program: pathlib.Path, log: pathlib.Path | None = None) -> None:
        self.program, self.log, self.port = program, log, 0

    def __enter__(self) -> "MockProvider":
        line = [str(self.program)] + (["--log", str(self.log)] if self.log else [])
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    @property
    def entry(self) -> dict:
        """Its provider entry in a configuration; deadlines that a slow machine does not meet by accident."""
        timeouts = {"connect": "30s", "first_token": "120s", "idle": "300s", "total": "600s"}
        return openai_provider(f"http://127.0.0.1:{self.port}/v1", timeouts=timeouts, max_connections=10000)

    def calls(self) -> list[Call]:
        """Its log so far, in the order the calls came."""
        assert self.log is not None, "started without a log"
        found: list[Call] = []
        open_calls: dict[str, Call] = {}
        for line in self.log.read_text().splitlines():
            sign, id, *rest = line.split(" ")
            if sign == "+":
                found.append(Call(id, rest[0]))
                open_calls[id] = found[-1]
            elif id != "none":  # whoever asks the provider directly gives no name, and many do at the same time
                call = open_calls.pop(id)
                call.events, call.end = int(rest[0]), rest[1]
        return found

    def stats(self) -> dict:
        return wire.request(("127.0.0.1", self.port), "GET", "/stats").json()


def _event(model: str, index: int, last: bool, pad: int) -> bytes:
    return (
        'data: {"id":"chatcmpl-load","object":"chat.completion.chunk","created":1700000000,"model":"%s",'
        '"choices":[{"index":0,"delta":{"content":" w%d%s"},"finish_reason":%s}]}\n\n'
        % (model, index, "x" * pad, '"stop"' if last else "null")
    ).encode()


def expected_stream(model: str) -> bytes:
    """The body of the stream of `model`, as a client that did not ask for usage must get it."""
    count, _, pad = (int(part) for part in model.split("-")[1:4])
    return b"".join(_event(model, i, i == count - 1, pad) for i in range(count)) + b"data: [DONE]\n\n"


def expected_unary(model: str) -> bytes:
    pad = int(model.split("-")[3])
    return (
        '{"id":"chatcmpl-load","object":"chat.completion","created":1700000000,"model":"%s","choices":[{"index":0,'
        '"message":{"role":"assistant","content":" w0%s"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,'
        '"completion_tokens":20,"total_tokens":32}}' % (model, "x" * pad)
    ).encode()


# One request and how it ended


@dataclass
class Outcome:
    """One line of the client's list."""

    number: int
    model: str
    stream: bool
    port: int = 0  # the client's own port: names the connection
    began: float = 0.0
    first: float | None = None  # when the first byte of the body came
    ended: float = 0.0
    kind: str = "open"  # complete | json error | sse error | reset | refused | truncated | wrong | hung
    detail: str = ""
    status: int = 0
    code: str | None = None  # of the error, if it ended with one
    record: str | None = None  # x-sluice-record


def judge(
    outcome: Outcome, reply: wire.Reply | None, ended: str | None, errors: tuple[int, ...] = (502, 503, 504)
) -> None:
    """Sets `kind`. "truncated" (clean but short) and "wrong" (other bytes) must never occur. `errors` are the statuses that
    may come with a JSON error."""
    if reply is None or reply.status == 0:
        outcome.kind, outcome.detail = "reset", f"no reply, {ended}"
        return
    outcome.status, outcome.record = reply.status, reply.header("x-sluice-record")
    expected = expected_stream(outcome.model) if outcome.stream else expected_unary(outcome.model)
    outcome.detail = (
        f"status {reply.status}, {len(reply.body)} of {len(expected)} bytes, complete {reply.complete}, {ended}"
    )
    if reply.complete and reply.status == 200:
        outcome.kind = (
            "complete" if reply.body == expected else "truncated" if expected.startswith(reply.body) else "wrong"
        )
    elif reply.complete:
        try:
            outcome.code = reply.error["code"]
            outcome.kind = "json error" if reply.status in errors and outcome.code else "wrong"
            outcome.detail += " " + str(outcome.code)
        except (AssertionError, ValueError, KeyError) as error:
            outcome.kind, outcome.detail = "wrong", f"{outcome.detail}: {error}: {reply.body[:200]!r}"
    elif outcome.stream and (at := reply.body.find(b'data: {"error"')) >= 0:
        whole = reply.body[:at]
        last = wire.sse_data(reply.body[at:])
        good = expected.startswith(whole.rstrip(b"\n")) and len(last) == 1 and b"[DONE]" not in reply.body
        outcome.kind = "sse error" if good else "wrong"
        if good:
            outcome.code = str(json.loads(last[0])["error"]["code"])
            outcome.detail += " " + outcome.code
        else:
            outcome.detail += f": {reply.body[-300:]!r}"
    elif expected.startswith(reply.body):
        outcome.kind = "reset"
    else:
        outcome.kind, outcome.detail = "wrong", f"{outcome.detail}: {reply.body[-300:]!r}"


class LoadClient:
    """Sends mixed requests from many tasks until told to stop; `outcomes` is its list, `flying` what is under way."""

    def __init__(self, gateway: Gateway, seed: int, provider: str = "load") -> None:
        self.gateway, self.provider = gateway, provider
        self.random = random.Random(seed)
        self.outcomes: list[Outcome] = []
        self.flying: dict[int, Outcome] = {}
        self.refused = 0
        self._numbers = iter(range(1 << 60))
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self, tasks: int, request_deadline: float = 60.0) -> None:
        await asyncio.gather(*(self._user(index, request_deadline) for index in range(tasks)))

    async def _user(self, index: int, deadline: float) -> None:
        """One user: keeps its connection for some requests, then takes a new one."""
        connection: AsyncConnection | None = None
        while not self._stopping.is_set():
            number = next(self._numbers)
            stream = self.random.random() < 0.6
            chunks, delay = self.random.randint(1, 40), self.random.choice([0, 1, 5, 20])
            pad = self.random.choice([0, 0, 10, 1000])
            outcome = Outcome(number, f"load-{chunks}-{delay}-{pad}-{number}", stream)
            outcome.began = time.monotonic()
            self.flying[number] = outcome
            try:
                if connection is None or connection.ended or self.random.random() < 0.3:
                    if connection is not None:
                        connection.close()
                    connection = await AsyncConnection.open(self.gateway.address)
                outcome.port = connection.port
                await asyncio.wait_for(self._one(connection, outcome), deadline)
            except ConnectionRefusedError:
                outcome.kind, self.refused = "refused", self.refused + 1
                connection = None
            except TimeoutError:
                outcome.kind, outcome.detail = "hung", f"no end in {deadline} s"
                if connection is not None:
                    connection.close()
                connection = None
            except OSError as error:
                outcome.kind, outcome.detail = "reset", repr(error)
                connection = None
            except wire.ProtocolError as error:
                outcome.kind, outcome.detail = "wrong", str(error)
                connection = None
            outcome.ended = time.monotonic()
            del self.flying[number]
            self.outcomes.append(outcome)
        if connection is not None:
            connection.close()

    async def _one(self, connection: "AsyncConnection", outcome: Outcome) -> None:
        body = {"model": f"{self.provider}:{outcome.model}", "messages": [], "stream": outcome.stream}
        connection.send(self.gateway.chat_bytes(body))
        reply = await connection.reply()
        outcome.first = reply.first_body_at if reply else None
        judge(outcome, reply, connection.ended)

    def summary(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for outcome in self.outcomes:
            counts[outcome.kind] = counts.get(outcome.kind, 0) + 1
        return counts


class AsyncConnection(asyncio.Protocol):
    """A connection over an event loop that never smooths over how it ended. Reading can be held back."""

    def __init__(self) -> None:
        self.parser = wire.ReplyParser()
        self.ended: str | None = None
        self.ready: list[wire.Reply] = []
        self.tail: wire.Reply | None = None
        self.port = 0
        self.received = 0
        self.failed: wire.ProtocolError | None = None
        self.hold_after: int | None = None  # stop reading after so many bytes
        self._waiter: asyncio.Future | None = None
        self.transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, address: tuple[str, int], receive_buffer: int | None = None) -> "AsyncConnection":
        loop = asyncio.get_running_loop()
        raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        raw.setblocking(False)
        try:
            if receive_buffer is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            await loop.sock_connect(raw, address)
        except BaseException:
            raw.close()
            raise
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _, protocol = await loop.create_connection(cls, sock=raw)
        protocol.port = raw.getsockname()[1]
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        try:
            self.ready += self.parser.feed(data)
        except wire.ProtocolError as error:
            self.failed = error
        if self.hold_after is not None and self.received >= self.hold_after and self.transport is not None:
            self.transport.pause_reading()
        if self.ready or self.failed or self.hold_after is not None:
            self._wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = "eof" if error is None else "reset"
        self.tail = self.parser.eof()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def send(self, data: bytes) -> None:
        if self.ended or self.transport is None:
            raise ConnectionResetError("closed by the peer")
        self.transport.write(data)

    async def reply(self) -> wire.Reply | None:
        """The next final reply, what there was of it when the peer closed, or None when there was nothing."""
        while True:
            if self.failed is not None:
                raise self.failed
            while self.ready:
                found = self.ready.pop(0)
                if found.status >= 200:
                    return found
            if self.ended:
                found, self.tail = self.tail, None
                return found
            await self._wait()

    async def until_held(self) -> None:
        """Waits until reading has stopped at `hold_after`, or the peer closed."""
        while self.hold_after is not None and self.received < self.hold_after and not self.ended:
            await self._wait()

    def go_on(self) -> None:
        """Reads again after `hold_after`."""
        self.hold_after = None
        if self.transport is not None:
            self.transport.resume_reading()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


async def stream_once(gateway: Gateway, model: str, number: int = 0, provider: str = "load") -> Outcome:
    """One stream on a connection of its own, judged."""
    outcome = Outcome(number, model, True, began=time.monotonic())
    connection = await AsyncConnection.open(gateway.address)
    outcome.port = connection.port
    try:
        connection.send(gateway.chat_bytes({"model": f"{provider}:{model}", "stream": True, "messages": []}))
        reply = await connection.reply()
        outcome.first = reply.first_body_at if reply else None
        judge(outcome, reply, connection.ended)
    finally:
        connection.close()
    outcome.ended = time.monotonic()
    return outcome


async def streams_at_once(gateway: Gateway, count: int, model: str) -> list[Outcome]:
    """`count` streams at once, each on a connection of its own, judged; `model` without its tag."""
    tasks = []
    for number in range(count):
        tasks.append(asyncio.create_task(stream_once(gateway, f"{model}-{number}", number)))
        if number % 20 == 19:
            await asyncio.sleep(0.01)  # a backlog's worth at a time
    return list(await asyncio.gather(*tasks))


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def need_files(count: int) -> None:
    """Skips where the machine does not allow so many open files in one process."""
    if raise_descriptor_limit() < count:
        pytest.skip(f"fewer than {count} open files are allowed here")


def server_ports(pid: int, listen_port: int) -> set[int]:
    """The client ports of the connections that a process has accepted on the listener."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            link = os.readlink(f"/proc/{pid}/fd/{name}")
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
    found = set()
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in list(file)[1:]:
            cells = line.split()
            if int(cells[1].rpartition(":")[2], 16) == listen_port and cells[9] in inodes and cells[3] != "0A":
                found.add(int(cells[2].rpartition(":")[2], 16))
    return found


def dump(outcomes: list[Outcome]) -> str:
    return "\n".join(json.dumps(outcome.__dict__) for outcome in outcomes[:20])
