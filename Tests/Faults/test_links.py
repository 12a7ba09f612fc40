"""The links between processes: bytes that are no frames (F17), a peer that does not read (F18), buffers that are full (F34)."""

from __future__ import annotations

import pathlib
import random
import signal
import socket
import struct
import threading
import time

import pytest

from Harness import links
from Harness.gateway import Gateway
from Harness.links import End, between, frame
from Harness.load import MockProvider, dump
from Harness.openloop import Mix, OpenLoop, latency, steady, streams, wait_for
from Harness.processes import program, wait_until
from Harness.scene import Scene, SceneMaker

CHUNK, REQUEST, BODY, CREDIT, CANCEL, END, RECORDS = 35, 32, 33, 38, 37, 36, 48
HELLO, HEARTBEAT = 1, 5
# What one process may say to another, by who says it and who hears it.
WAYS = [
    ("edge", "upstream"),
    ("upstream", "edge"),
    ("edge", "aggregator"),
    ("aggregator", "edge"),
    ("upstream", "aggregator"),
    ("edge", "control"),
    ("control", "edge"),
]
# Each of these costs the link it comes over, whichever way it goes.
CORRUPT = {
    "an unknown type": frame(255),
    "type 0": frame(0),
    "no length": frame(HELLO, length=0),
    "the largest length": frame(CHUNK, length=0xFFFFFFFF),
    "a length beyond its bound": frame(CREDIT, b"\0\0\0\1", length=1 << 20),
    "one byte more than it has": frame(CREDIT, b"\0\0\0\1", length=5) + b"\0" * 40,
    "one byte less than it has": frame(CREDIT, b"\0\0\0\1", length=3) + b"\xff" * 40,
    "reserved bits": frame(CREDIT, b"\0\0\0\1", reserved=7),
    "flags of nobody": frame(CREDIT, b"\0\0\0\1", flags=0xFF),
    "a second HELLO": frame(HELLO, b"\0" * 40),
    "a frame of control sockets": frame(HEARTBEAT, b"\0" * 8),
    "zeros": b"\0" * 400,
    "ones": b"\xff" * 400,
    "text": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 4,
}


def say(end: End, data: bytes) -> None:
    """Sends bytes in the name of a process; what does not fit is left out."""
    with end.open() as line:
        try:
            line.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass


def hang_up(end: End) -> None:
    with end.open() as line:
        try:
            line.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def broken(gateway: Gateway, end: End, name: str) -> None:
    """Waits until the process that hears has closed the link, and until there is a new one in its place."""
    pair = (end.pid, end.peer)

    def renewed() -> bool:
        now = [one for one in links.ends(gateway) if (one.pid, one.peer) == pair]
        return bool(now) and all(one.inode != end.inode for one in now)

    def what() -> str:
        lines = [line for line in gateway.log_text().splitlines() if '"message":"request"' not in line]
        return "\n".join([f"after {name}: a new link, {end.name}", *lines[-12:]])

    wait_until(renewed, 6, what, interval=0.05)


def linked(gateway: Gateway, role: str, other: str) -> End:
    """The end of a link that is there, or comes at the next heartbeat."""
    return wait_until(lambda: between(gateway, role, other), 6, f"a link from {role} to {other}")[0]


def settled(one: Scene, pids: list[int]) -> None:
    assert one.gateway.children() == pids, f"a process ended:\n{one.gateway.log_text()[-3000:]}"


@pytest.mark.timeout(300)
def test_f17_corrupt_frames_cost_a_link_and_nothing_else(scene: SceneMaker) -> None:
    """Every kind of damage on every kind of link: it is closed, said and renewed; no process ends, the others serve on."""
    with scene() as one:
        gateway = one.gateway
        pids = gateway.children()
        # In short runs each damage goes one way, in long ones every way.
        cases = [
            (name, way)
            for index, name in enumerate(CORRUPT)
            for number, way in enumerate(WAYS)
            if one.full or (index + number) % len(WAYS) == 0
        ]
        one.start(steady(30, 2 + len(cases) * (1.2 if one.full else 0.5), mix=Mix(events=(2, 10), gap_ms=(0, 5))))
        for name, (role, other) in cases:
            end = linked(gateway, role, other)
            seen = gateway.log_text().count("broke the protocol")
            say(end, CORRUPT[name])
            if one.full:
                broken(gateway, end, name)
                continue
            wait_until(
                lambda s=seen: gateway.log_text().count("broke the protocol") > s, 6, f"{name}, {role} to {other}: said"
            )
            settled(one, pids)
        half = linked(gateway, "upstream", "edge")
        say(half, frame(CHUNK, length=1000) + b"x" * 10)
        hang_up(half)
        broken(gateway, half, "a frame that is cut off")
        settled(one, pids)
        # Byte by byte is no damage: a CANCEL for a stream that nobody knows is dropped.
        whole = linked(gateway, "edge", "upstream")
        one.client.stop()
        one.wait()
        for byte in frame(CANCEL, stream=1):
            say(whole, bytes([byte]))
            time.sleep(0.005)
        assert gateway.chat("load:load-1-0-0").status == 200
        one.others += 1
        assert whole in between(gateway, "edge", "upstream")
        # Those whose link broke under them were told so.
        one.assert_none("reset", "refused", "wrong", "truncated", "hung")
        assert all(x.code == "upstream_lost" for x in one.failed()), dump(one.failed())
        assert len(one.failed()) < len(one.arrivals or []) / 4
        one.kills_concern = len(one.failed())


def noise(chance: random.Random) -> bytes:
    """Frames that are almost right: a true type with a wrong payload, a true payload cut or lengthened, bits flipped."""
    kind = chance.choice([HELLO, REQUEST, BODY, 34, CHUNK, END, CANCEL, CREDIT, 39, 40, RECORDS, chance.randrange(256)])
    payload = bytearray(chance.randbytes(chance.choice([0, 1, 4, 8, 16, 60, 300])))
    if chance.random() < 0.5:
        payload[:4] = struct.pack(">I", chance.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, len(payload)]))
    length = len(payload) + chance.choice([0, 0, 0, 0, 1, -1, 1000])
    data = bytearray(
        frame(
            kind,
            bytes(payload),
            stream=chance.choice([0, 1, 2, chance.randrange(200), 2**63, 2**64 - 1]),
            # A flag that means nothing ends the link at once: seldom, so that the rest is looked at, too.
            flags=chance.choice([0] * 20 + [1, chance.randrange(256)]),
            length=max(0, length),
        )
    )
    if chance.random() < 0.2:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def fuzz(one: Scene, seconds: float, seed: int) -> int:
    """Noise on links taken at random; how many frames were sent."""
    chance, gateway, sent = random.Random(seed), one.gateway, 0
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        role, other = chance.choice(WAYS)
        found = between(gateway, role, other)
        if not found:
            time.sleep(0.05)
            continue
        count = chance.randint(1, 40)
        try:
            say(chance.choice(found), b"".join(noise(chance) for _ in range(count)))
        except OSError:
            continue  # closed under us
        sent += count
    return sent


def part(gateway: Gateway) -> None:
    """
    Ends the links that heard noise as a process ends that dies amid a frame, and waits for new ones. On the old ones the noise
    may have left half a frame, which takes the next request for its rest, or a CANCEL for a request that is still to come.
    """
    parted = []
    for role, other in {tuple(sorted(way)) for way in WAYS}:
        for end in between(gateway, role, other):
            try:
                hang_up(end)
            except OSError:
                continue  # closed under us
            parted.append(end)
    for end in parted:
        broken(gateway, end, "the noise")


@pytest.mark.timeout(400)
def test_f17_noise_on_the_links(scene: SceneMaker) -> None:
    """Almost true frames, thousands of them: no process ends, nobody gets other bytes than were meant."""
    seed = 17
    with scene() as one:
        gateway = one.gateway
        pids = gateway.children()
        seconds = 60 if one.full else 2
        one.start(steady(50, seconds, mix=Mix(events=(2, 10), gap_ms=(0, 5))))
        sent = fuzz(one, seconds, seed)
        part(gateway)
        arrivals = one.wait()
        print(f"{sent} frames of noise, seed {seed}")
        settled(one, pids)
        assert sent > (5000 if one.full else 100)
        # Whoever speaks in a process's name can say what it may say: requests on that link may end, but each has its end.
        one.assert_none("reset", "refused", "truncated", "hung")
        for index in range(20):
            assert gateway.chat(f"load:load-1-0-0-after{index}").status == 200
        one.others += 20 + sent
        one.kills_concern = len(arrivals)


def test_f18_a_stopped_aggregator_holds_nobody_up(scene: SceneMaker) -> None:
    """SIGSTOP for less than ten seconds: records wait in the journals, requests wait for nothing, nothing grows."""
    with scene() as one:
        gateway, stopped = one.gateway, 9.0 if one.full else 3.0
        before = one.rate
        one.start(one.load(2 + stopped + 1))
        wait_for(one.client, 2)
        victim = gateway.child("aggregator")
        gateway.kill_child(victim, signal.SIGSTOP)
        began = time.monotonic()
        wait_for(one.client, 2 + stopped)
        gateway.kill_child(victim, signal.SIGCONT)
        arrivals = one.wait()
        assert not one.failed(), dump(one.failed())
        during = [x for x in arrivals if began <= x.began < began + stopped]
        usual = [x for x in arrivals if x.began < began]
        p99, p99_before = latency(during), latency(usual)
        print(f"{before:.0f} a second; p99 {p99_before * 1e3:.1f} ms before, {p99 * 1e3:.1f} ms while it was stopped")
        assert p99 <= 2 * max(p99_before, 0.05)
        assert gateway.child("aggregator") == victim


def test_f34_small_socket_buffers_lose_nothing(scene: SceneMaker) -> None:
    """4 KB of buffer on every link while large bodies and replies pass: every byte comes, in order."""
    with scene() as one:
        gateway = one.gateway
        for end in links.ends(gateway):
            if program(end.pid) in ("sluice-edge", "sluice-upstream") and end.pid != end.peer:
                with end.open() as line:
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        mix = Mix(streams=0.7, events=(5, 40), gap_ms=(0,), pad=(0, 3000, 50000))
        arrivals = one.client.run(gateway, steady(one.rate / 4, 8 if one.full else 3, mix=mix) + streams(50, "load-60-20-9000"))
        one.arrivals = arrivals
        one.assert_none("json error", "sse error", "reset", "refused", "truncated", "wrong", "hung")
        print(f"{sum(int(x.model.split('-')[3]) * x.tokens for x in arrivals) >> 20} MiB in {len(arrivals)} replies")


@pytest.mark.verify
def test_f34_large_bodies_through_small_buffers(scene: SceneMaker, mock: MockProvider, tmp_path: pathlib.Path) -> None:
    """Bodies up to a megabyte towards the provider, half of them beside the area of the link."""
    with scene() as one:
        gateway = one.gateway
        for end in between(gateway, "edge", "upstream") + between(gateway, "upstream", "edge"):
            with end.open() as line:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        replies: list[int] = []

        def post(size: int, number: int) -> None:
            body = {"content": "y" * size, "role": "user"}
            reply = gateway.chat(f"load:load-1-0-0-b{number}", messages=[body], timeout=60)
            replies.append(reply.status)

        workers = [threading.Thread(target=post, args=(size, size)) for size in (1000, 20000, 31000, 33000, 200000, 1000000)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(90)
        assert replies == [200] * len(workers)
        one.others += len(workers)
        one.arrivals = OpenLoop(tmp_path / "client").run(gateway, steady(50, 1))
        one.assert_none("json error", "sse error", "reset", "refused", "hung")
