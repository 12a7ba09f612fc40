"""An open-loop client: requests leave at their instant, whatever became of those before, and each ends in exactly one class.

`open_loop.c` sends them and keeps the raw bytes of every reply with its times; here the plan is made beforehand and each
reply is parsed and judged afterwards, so that judging costs the run nothing. Latencies count from the instant a request was
due, not from when it could be sent: a gateway that stalls is seen to stall (no coordinated omission).
"""

from __future__ import annotations

import atexit
import functools
import json
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

from . import wire
from .gateway import Gateway
from .load import Outcome, compile_c, dump, judge, percentile

SOURCE = pathlib.Path(__file__).with_name("open_loop.c")
FRESH, CLOSE = 1, 2
PROMPT_MARKER = "prompt-marker-5ce1e7-canary"  # stands in every prompt and may stand nowhere else
# How the raw reply ended.
KINDS = {1: "whole", 2: "eof", 3: "reset", 4: "refused", 5: "timeout", 6: "failed", 7: "malformed", 8: "left"}
# The classes of `Arrival.kind`. "truncated" (ends cleanly, but short) and "wrong" (other bytes) are never allowed.
CLASSES = ("complete", "json error", "sse error", "reset", "refused", "truncated", "wrong", "hung", "disconnected")
FORBIDDEN = ("truncated", "wrong")
_PLANNED = struct.Struct("<IIQIII")
_RESULT = struct.Struct("<IIBBiQQQQQI")


@functools.cache
def program() -> pathlib.Path:
    """The client, compiled once for all tests of a session."""
    folder = tempfile.mkdtemp(prefix="sluice-open-loop-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return compile_c(SOURCE, pathlib.Path(folder))


@dataclass
class Planned:
    """One request of the plan."""

    at: float  # seconds after the start
    model: str  # load-N-MS-PAD, without its tag
    stream: bool
    fresh: bool = False  # on a connection of its own, closed afterwards
    leave_after: int = 0  # reset the connection after so many bytes of the reply


@dataclass
class Arrival(Outcome):
    """A request and how it ended; times are those of `time.monotonic`. `began` is when it was due."""

    label: str = ""  # x-request-id
    tokens: int = 0  # of output, if it comes whole
    connected: float = 0.0
    sent: float = 0.0
    reused: bool = False  # its connection had carried another request before

    @property
    def latency(self) -> float:
        return self.ended - self.began

    @property
    def first_byte(self) -> float | None:
        return None if self.first is None else self.first - self.began


@dataclass
class Mix:
    """What a load is made of. The shares are of requests; the rest is unary."""

    streams: float = 0.4
    fresh: float = 0.3
    leaving: float = 0.0
    events: tuple[int, int] = (2, 20)
    gap_ms: tuple[int, ...] = (0, 5, 20)
    pad: tuple[int, ...] = (0, 0, 100)


def steady(rate: float, seconds: float, *, seed: int = 1, mix: Mix | None = None, begin: float = 0.0) -> list[Planned]:
    """`rate` requests a second with exponential gaps between them, as many independent users make them."""
    mix, chance, at, found = mix or Mix(), random.Random(seed), begin, []
    while (at := at + chance.expovariate(rate)) < begin + seconds:
        stream = chance.random() < mix.streams
        events = chance.randint(*mix.events) if stream else 1
        one = Planned(at, f"load-{events}-{chance.choice(mix.gap_ms)}-{chance.choice(mix.pad)}", stream)
        one.fresh = chance.random() < mix.fresh
        one.leave_after = chance.choice([1, 400, 2000]) if chance.random() < mix.leaving else 0
        found.append(one)
    return found


def streams(count: int, model: str, *, begin: float = 0.0, within: float = 1.0) -> list[Planned]:
    """`count` streams, each on a connection of its own, begun evenly over `within` seconds."""
    return [Planned(begin + within * index / count, model, True, fresh=True) for index in range(count)]


@dataclass
class OpenLoop:
    """One run. `start`, do what is to be done meanwhile, `wait` for the arrivals; or `run` all at once."""

    folder: pathlib.Path  # for its files
    timeout: float = 60.0  # of each request, from the instant it is due
    provider: str = "load"
    prefix: str = "ol"  # of the labels: another one for each run on the same state
    errors: tuple[int, ...] = (502, 503, 504)  # statuses that may come with a JSON error
    arrivals: list[Arrival] = field(default_factory=list)
    zero: float = 0.0  # the instant of `at` = 0

    def start(self, gateway: Gateway, plan: list[Planned], address: tuple[str, int] | None = None) -> "OpenLoop":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._plan = sorted(plan, key=lambda one: one.at)
        requests, self._results = self.folder / f"{self.prefix}.plan", self.folder / f"{self.prefix}.results"
        with open(requests, "wb") as file:
            for number, one in enumerate(self._plan):
                text = self._request(gateway, number, one)
                flags = FRESH | CLOSE if one.fresh else 0
                head = (number, flags, int(one.at * 1e6), int(self.timeout * 1000), one.leave_after, len(text))
                file.write(_PLANNED.pack(*head) + text)
        host, port = address or gateway.address
        line = [str(program()), host, str(port), str(requests), str(self._results)]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        self.zero = int(self.process.stdout.readline()) / 1e6
        return self

    def _label(self, number: int) -> str:
        return f"{self.prefix}-{number}"

    def _request(self, gateway: Gateway, number: int, one: Planned) -> bytes:
        body = {
            "model": f"{self.provider}:{one.model}-{self._label(number)}",
            "messages": [{"role": "user", "content": f"{PROMPT_MARKER} {self._label(number)}"}],
            "stream": one.stream,
        }
        return gateway.chat_bytes(json.dumps(body).encode(), {"X-Request-Id": self._label(number)})

    def stop(self) -> None:
        """What is not yet due is left out."""
        self.process.send_signal(signal.SIGTERM)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait(self, timeout: float = 120.0) -> list[Arrival]:
        """Waits for the last request and judges them all."""
        try:
            code = self.process.wait(timeout)
        finally:
            self.close()
        assert code == 0, f"the client itself failed: {code}"
        self.arrivals = self._read()
        return self.arrivals

    def run(self, gateway: Gateway, plan: list[Planned], timeout: float = 120.0) -> list[Arrival]:
        return self.start(gateway, plan).wait(timeout)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.process.stdout.close()

    def _read(self) -> list[Arrival]:
        data, at, found = self._results.read_bytes(), 0, []
        while at < len(data):
            number, port, kind, reused, error, *times, length = _RESULT.unpack_from(data, at)
            at += _RESULT.size
            found.append(self._judged(number, port, KINDS[kind], bool(reused), error, times, data[at : at + length]))
            at += length
        numbers = [one.number for one in found]
        assert len(set(numbers)) == len(numbers), "a request ended twice"
        return sorted(found, key=lambda one: one.number)

    def _judged(self, number, port, kind, reused, error, times, raw: bytes) -> Arrival:
        planned = self._plan[number]
        scheduled, connected, sent, first, ended = (value / 1e6 for value in times)
        label = self._label(number)
        tokens = int(planned.model.split("-")[1]) if planned.stream else 20
        one = Arrival(number, f"{planned.model}-{label}", planned.stream, port, scheduled, first or None, ended)
        one.label, one.tokens, one.connected, one.sent, one.reused = label, tokens, connected, sent, reused
        reply = None
        try:
            reply = parse(raw, kind)
        except wire.ProtocolError as problem:
            one.kind, one.detail = "wrong", f"{problem}: {raw[:300]!r}"
            return one
        if kind in ("refused", "timeout", "left"):
            one.kind = {"refused": "refused", "timeout": "hung", "left": "disconnected"}[kind]
            one.detail = f"{kind}, {len(raw)} bytes of a reply"
            if reply is not None:
                one.status, one.record = reply.status, reply.header("x-sluice-record")
            return one
        # The client in C and the parser here have each their own framing: where they differ something is wrong.
        if kind == "malformed" or (kind == "whole") != (reply is not None and reply.complete):
            one.kind, one.detail = "wrong", f"{kind}, but parsed as {reply and reply.complete}: {raw[:300]!r}"
            return one
        judge(one, reply, f"{kind} {error}", self.errors)
        return one

    # What came of it

    def summary(self) -> dict[str, int]:
        return summary(self.arrivals)


def parse(raw: bytes, kind: str) -> wire.Reply | None:
    """The final reply in the raw bytes, `complete` if its framing says so; None where there is none."""
    parser = wire.ReplyParser()
    found = [reply for reply in parser.feed(raw) if reply.status >= 200]
    if len(found) > 1 or (found and parser.buffer):
        raise wire.ProtocolError("bytes after the reply")
    if found:
        return found[0]
    tail = parser.eof()
    if tail is not None and tail.complete and kind not in ("whole", "eof"):
        tail.complete = False
    return tail


def summary(arrivals: list[Arrival]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in arrivals:
        counts[one.kind] = counts.get(one.kind, 0) + 1
    return counts


def of_kind(arrivals: list[Arrival], *kinds: str) -> list[Arrival]:
    return [one for one in arrivals if one.kind in kinds]


def assert_definite(arrivals: list[Arrival], *allowed: str) -> None:
    """L2: every request has one definite end, of the kinds that are allowed."""
    bad = [one for one in arrivals if one.kind not in allowed]
    assert not bad, f"{summary(arrivals)}; not allowed here:\n{dump(bad)}"


def latency(arrivals: list[Arrival], share: float = 0.99) -> float:
    """The percentile of the times to the first byte, from when each was due, over those that were answered."""
    return percentile([one.first_byte for one in arrivals if one.first_byte is not None], share)


def in_flight(arrivals: list[Arrival], at: float) -> list[Arrival]:
    """Those that were under way at an instant."""
    return [one for one in arrivals if one.began <= at <= one.ended]


def wait_for(client: OpenLoop, at: float) -> None:
    """Sleeps until `at` seconds of the plan have gone by."""
    time.sleep(max(0.0, client.zero + at - time.monotonic()))
