"""Clients that leave (F24), dawdle (F25) or come in numbers that the machine has no descriptors for (F13)."""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import time

import pytest

from Harness.gateway import Gateway, base_config, raise_descriptor_limit
from Harness.load import MockProvider, expected_stream, percentile
from Harness.openloop import Arrival, Mix, OpenLoop, of_kind, steady
from Harness.processes import cpu_seconds, descriptors, pss_bytes, wait_until
from Harness.scene import Scene, SceneMaker


@pytest.mark.verify
def test_f24_clients_that_leave_are_charged_once(scene: SceneMaker, full: bool) -> None:
    """A third of all clients reset at their first bytes or in the middle: calls are cancelled, each has one row."""
    with scene() as one:
        done = one.mock.stats()
        mix = Mix(streams=0.8, leaving=0.4, events=(20, 200), gap_ms=(5, 20), pad=(100,))
        one.start(one.load(10 if full else 3, mix=mix))
        arrivals = one.wait()
        left = of_kind(arrivals, "disconnected")
        assert len(left) > len(arrivals) / 5
        one.assert_none("json error", "sse error", "reset", "refused", "hung")
        wait_until(lambda: all(call.end != "open" for call in one.mock.calls()), 2, "every call has ended")
        aborted = one.mock.stats()["aborted"] - done["aborted"]
        print(f"{len(left)} of {len(arrivals)} left, {aborted} calls cancelled")
        assert aborted > len(left) / 4


@pytest.mark.parametrize("stream", [True, False])
def test_f24_a_client_that_has_said_all_still_gets_its_reply(mock: MockProvider, stream: bool) -> None:
    """Half-closed after the request: as HTTP has it, the reply still comes."""
    with Gateway(base_config(None, state_directory=None, providers={"load": mock.entry})) as gateway:
        with gateway.connect() as connection:
            model = "load-20-20-0-half"
            connection.send(gateway.chat_bytes({"model": f"load:{model}", "stream": stream, "messages": []}))
            connection.socket.shutdown(socket.SHUT_WR)
            reply = connection.reply(10)
            assert reply.complete and reply.status == 200
            assert not stream or reply.body == expected_stream(model)


# F25


HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %b\r\nContent-Type: application/json\r\n"


class Slow(asyncio.Protocol):
    """A client that sends its bytes one by one, or reads nothing."""

    def __init__(self, first: bytes, drip: bytes, reads: bool) -> None:
        self.first, self.drip, self.reads = first, drip, reads
        self.began = time.monotonic()
        self.ended: float | None = None
        self.received = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.first:
            transport.write(self.first)
        if not self.reads:
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = time.monotonic()

    def go_on(self, index: int) -> None:
        if self.transport is not None and self.ended is None and index < len(self.drip):
            self.transport.write(self.drip[index : index + 1])


async def crowd(address: tuple[str, int], count: int, make, seconds: float) -> list[Slow]:
    """`count` slow clients for `seconds`, each sending a byte a second."""
    loop, found = asyncio.get_running_loop(), []
    for number in range(count):
        raw = socket.socket()
        raw.setblocking(False)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await loop.sock_connect(raw, address)
        _, one = await loop.create_connection(make, sock=raw)
        found.append(one)
        if number % 50 == 49:
            await asyncio.sleep(0.02)
    end, index = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for one in found:
            one.go_on(index)
        index += 1
        await asyncio.sleep(min(1.0, max(0.0, end - time.monotonic())))
    return found


def leave(found: list[Slow]) -> None:
    for one in found:
        if one.transport is not None:
            one.transport.abort()


def beside(one: Scene, make, count: int, seconds: float, per_connection: int) -> list[Slow]:
    """A crowd beside good traffic; the good traffic must not notice, and each of the crowd costs little."""
    gateway = one.gateway
    usual = OpenLoop(one.client.folder, prefix="usual").run(gateway, one.load(2, seed=5))
    wait_until(lambda: not of_kind(usual, "open"), 1, "the usual")
    memory = pss_bytes(gateway.tree())

    async def run() -> tuple[list[Slow], int, list[Arrival]]:
        waiting = asyncio.create_task(crowd(gateway.address, count, make, seconds))
        await asyncio.sleep(seconds / 2)
        held = await asyncio.to_thread(pss_bytes, gateway.tree())
        await asyncio.to_thread(one.start, one.load(max(2.0, seconds / 2), seed=6))
        found = await waiting
        arrivals = await asyncio.to_thread(one.wait)
        leave(found)
        await asyncio.sleep(0.1)
        return found, held, arrivals

    found, held, arrivals = asyncio.run(run())
    one.arrivals = usual + arrivals
    one.assert_none("json error", "sse error", "reset", "refused", "hung")
    p99, p99_usual = (percentile([x.latency for x in some], 0.99) for some in (arrivals, usual))
    each = max(0, held - memory) / count
    print(f"{count} slow clients, {each / 1024:.1f} KB each; p99 {p99_usual * 1e3:.0f} ms before, {p99 * 1e3:.0f} beside them")
    assert p99 <= 2 * max(p99_usual, 0.4)
    # What the programs touch for the first time counts too, as long as there are few.
    assert held - memory <= count * per_connection + (12 << 20)
    return found


def counts(full: bool) -> int:
    raise_descriptor_limit()
    return 2000 if full else 200


def test_f25_slow_headers_end_at_their_deadline(scene: SceneMaker, full: bool) -> None:
    """A header that comes byte by byte does not buy time: 408 or a closed connection after `header_timeout`."""
    deadline = 10 if full else 1
    with scene(http={"header_timeout": f"{deadline}s", "idle_timeout": "60s"}) as one:
        head = HEAD % one.gateway.key.encode()
        found = beside(one, lambda: Slow(head, b"X-A: " + b"b" * 100, True), counts(full), deadline + 2.5, 20 << 10)
        assert all(x.ended is not None for x in found), "a slow header was waited for"
        lasted = [x.ended - x.began for x in found if x.ended is not None]
        print(f"ended after {min(lasted):.1f} to {max(lasted):.1f} s")
        assert max(lasted) <= deadline + 1.5 and min(lasted) >= deadline - 0.5
        assert all(not x.received or x.received.startswith(b"HTTP/1.1 408 ") for x in found), found[0].received


@pytest.mark.verify
def test_f25_idle_connections_cost_little_and_end(scene: SceneMaker, full: bool) -> None:
    with scene(http={"header_timeout": "2s", "idle_timeout": "3s"}) as one:
        found = beside(one, lambda: Slow(b"", b"", True), counts(full), 6, 20 << 10)
        assert all(x.ended is not None for x in found), "an idle connection stays for ever"


@pytest.mark.verify
def test_f25_slow_bodies_hold_up_nobody(scene: SceneMaker, full: bool) -> None:
    """A body byte by byte: what has come is all it costs."""
    with scene() as one:
        head = HEAD % one.gateway.key.encode() + b"Content-Length: 100000\r\n\r\n{"
        found = beside(one, lambda: Slow(head, b" " * 100, True), counts(full), 6, 24 << 10)
        one.others += len(found)


@pytest.mark.verify
def test_f25_clients_that_do_not_read(scene: SceneMaker, full: bool) -> None:
    """Streams whose clients take nothing: see also test_many_streams for the bound of their memory."""
    with scene() as one:
        gateway = one.gateway
        body = {"model": "load:load-400-0-900", "stream": True, "messages": []}
        request = gateway.chat_bytes(body)
        found = beside(one, lambda: Slow(request, b"", False), counts(full), 6, 128 << 10)
        one.others += len(found)


# F13


def connections(address: tuple[str, int], count: int) -> list[socket.socket]:
    found = []
    for _ in range(count):
        one = socket.socket()
        one.setblocking(False)
        try:
            one.connect(address)
        except BlockingIOError:
            pass
        found.append(one)
    return found


@pytest.mark.parametrize("when", ["running", pytest.param("before the start", marks=pytest.mark.verify)])
def test_f13_without_descriptors_accepting_pauses(scene: SceneMaker, when: str, full: bool) -> None:
    """256 descriptors for an edge and a thousand connections: it does not spin, those it has go on, it recovers at once."""
    with scene() as one:
        gateway = one.gateway
        if when == "running":
            for pid in gateway.children("edge"):
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (256, 256))
        else:
            resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (256, 256))
            for pid in gateway.children("edge"):
                ready = gateway.ready_count("edge")
                gateway.kill_child(pid)
                wait_until(lambda n=ready: gateway.ready_count("edge") > n, 10, "a new edge")
            one.invariants = type(one.invariants)(gateway)
        with gateway.connect() as early:
            early.send(gateway.chat_bytes({"model": "load:load-1-0-0-e"}))
            assert early.reply().status == 200
            flood = connections(gateway.address, 1000)
            time.sleep(1.0)
            edges = gateway.children("edge")
            for pid in edges:
                assert len(descriptors(pid)) <= 256
            before, began = [cpu_seconds([pid]) for pid in edges], time.monotonic()
            time.sleep(6.0 if full else 1.5)
            used = [(cpu_seconds([pid]) - was) / (time.monotonic() - began) for pid, was in zip(edges, before, strict=True)]
            print(f"\nedges at their limit ({when}): {[f'{share:.0%}' for share in used]} of a core each")
            assert max(used) < 0.2, "spinning"
            # Who is connected is served.
            early.send(gateway.chat_bytes({"model": "load:load-1-0-0-e"}))
            assert early.reply(5).status == 200
        for one_socket in flood:
            one_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one_socket.close()
        freed = time.monotonic()
        assert gateway.chat("load:load-1-0-0", timeout=10).status == 200
        print(f"served again {time.monotonic() - freed:.2f} s after the flood left")
        assert time.monotonic() - freed <= 1.0
        assert gateway.children("edge") == edges
        one.others += 3
        one.start(steady(50, 1))
        one.wait()
        one.assert_none("json error", "sse error", "reset", "refused", "hung")
