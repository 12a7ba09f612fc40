"""The tools of the fault tests, tested: what judges the gateway must not be wrong itself."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import pathlib
import socket
import struct
import threading
import time
import urllib.parse

import pytest

from Harness import openloop, wire
from Harness.canned import CannedProvider, length_reply
from Harness.chaos import ChaosProxy, Script
from Harness.disclosure import Search
from Harness.gateway import Gateway, base_config
from Harness.load import MockProvider, expected_stream, expected_unary
from Harness.openloop import Arrival, Mix, OpenLoop, Planned, latency, steady


class Answering:
    """A server that answers each connection's first request with given bytes and ends it in a given way."""

    def __init__(self, answers: list[tuple[list[bytes], str]]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.answers = answers
        self.kept: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self) -> "Answering":
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()
        for one in self.kept:
            one.close()

    def _run(self) -> None:
        for parts, ending in self.answers:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.recv(65536)
            for part in parts:
                one.sendall(part)
                time.sleep(0.001)
            if ending == "keep":
                self.kept.append(one)
                continue
            if ending == "reset":
                time.sleep(0.02)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()


def chunked(body: bytes, last: bool = True) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%b\r\n" % (len(body), body) + (b"0\r\n\r\n" if last else b"")


def unary(body: bytes, status: int = 200, length: int | None = None) -> bytes:
    head = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body) if length is None else length) + body


def client_for(folder: pathlib.Path, **options) -> OpenLoop:
    return OpenLoop(folder, **options)


def arrivals_of(folder: pathlib.Path, answers: list[tuple[list[bytes], str]], plan: list[Planned], **options):
    gateway = Gateway(None)  # never started: it renders the requests
    with Answering(answers) as server:
        return client_for(folder, **options).start(gateway, plan, server.address).wait(30)


STREAM, UNARY = "load-5-0-0", "load-1-0-0"
S, U = expected_stream(f"{STREAM}-ol-0"), expected_unary(f"{UNARY}-ol-0")
SSE_ERROR = b'data: {"error":{"message":"m","type":"t","param":null,"code":"upstream_lost"}}\n\n'
ENDINGS = {
    "a whole stream": (True, [chunked(S)], "keep", "complete"),
    "a whole unary reply": (False, [unary(U)], "keep", "complete"),
    "byte by byte": (False, [unary(U)[i : i + 1] for i in range(len(unary(U)))], "keep", "complete"),
    "one that is closed": (False, [unary(U)], "close", "complete"),
    "after a 100": (False, [b"HTTP/1.1 100 Continue\r\n\r\n" + unary(U)], "keep", "complete"),
    "ends cleanly, but short": (True, [chunked(S[:-20])], "keep", "truncated"),
    "a unary reply that ends cleanly, but short": (False, [unary(U[:-4])], "keep", "truncated"),
    "another byte": (True, [chunked(S.replace(b"w3", b"w4"))], "keep", "wrong"),
    "too much": (False, [unary(U) + b"x"], "keep", "wrong"),
    "no HTTP": (False, [b"\x16\x03\x01 this is something else\r\n\r\n"], "close", "wrong"),
    "an SSE error": (True, [chunked(S[:200].rpartition(b"\n\n")[0] + b"\n\n" + SSE_ERROR, last=False)], "close", "sse error"),
    "an SSE error that ends cleanly": (True, [chunked(S[:0] + SSE_ERROR)], "close", "wrong"),
    "cut in the middle": (True, [chunked(S, last=False)[:300]], "close", "reset"),
    "reset in the middle": (True, [chunked(S, last=False)[:300]], "reset", "reset"),
    "no last chunk": (True, [chunked(S, last=False)], "close", "reset"),
    "short of its length": (False, [unary(U, length=len(U) + 1)], "close", "reset"),
    "closed without a byte": (False, [], "close", "reset"),
    "a JSON error": (
        False,
        [unary(b'{"error":{"message":"m","type":"t","param":null,"code":"provider_timeout"}}', 504)],
        "keep",
        "json error",
    ),
    "an error that is no JSON": (False, [unary(b"<html>", 502)], "keep", "wrong"),
    "silence": (True, [chunked(S, last=False)[:300]], "keep", "hung"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_each_ending_has_its_class(name: str, tmp_path: pathlib.Path) -> None:
    stream, parts, ending, expected = ENDINGS[name]
    plan = [Planned(0, STREAM if stream else UNARY, stream)]
    (one,) = arrivals_of(tmp_path, [(parts, ending)], plan, timeout=0.5 if expected == "hung" else 10)
    assert one.kind == expected, one
    if expected == "json error":
        assert (one.status, one.code) == (504, "provider_timeout")
    if expected == "sse error":
        assert (one.status, one.code) == (200, "upstream_lost")


def test_a_refused_connection(tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    (one,) = client_for(tmp_path).start(Gateway(None), [Planned(0, UNARY, False)], address).wait(10)
    assert one.kind == "refused"


def test_a_client_that_leaves(tmp_path: pathlib.Path) -> None:
    plan = [Planned(0, STREAM, True, leave_after=100)]
    (one,) = arrivals_of(tmp_path, [([chunked(S, last=False)], "keep")], plan)
    assert one.kind == "disconnected" and one.status == 200


def test_latency_counts_from_the_instant_a_request_was_due(tmp_path: pathlib.Path) -> None:
    """A server that sleeps through one second of arrivals: a client that waits for replies would see one slow one."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:

        def serve() -> None:
            for number in range(100):
                one, _ = listener.accept()
                if number == 0:
                    time.sleep(1.0)
                one.recv(65536)
                one.sendall(unary(expected_unary(f"{UNARY}-ol-{number}")))
                one.close()

        threading.Thread(target=serve, daemon=True).start()
        plan = [Planned(index / 100, UNARY, False, fresh=True) for index in range(100)]
        arrivals = client_for(tmp_path).start(Gateway(None), plan, listener.getsockname()).wait(20)
    assert openloop.summary(arrivals) == {"complete": 100}
    # Due between 0 and 1 s, answered after 1 s: their delays are spread evenly over that second.
    assert 0.4 < latency(arrivals, 0.5) < 0.7 and latency(arrivals, 0.99) > 0.9
    late = [one.sent - one.began for one in arrivals]
    assert max(late) < 0.2, "the client itself held requests back"


def test_arrivals_keep_their_schedule(mock: MockProvider, tmp_path: pathlib.Path) -> None:
    """500 requests a second beside 200 streams, straight at the provider: none is sent late, all are byte-exact."""
    plan = steady(500, 2, mix=Mix(streams=0.3)) + openloop.streams(200, "load-20-100-10", within=0.5)
    client = client_for(tmp_path, provider="load")
    gateway = Gateway(base_config(None, state_directory=None))
    # The provider knows no `load:`, so the requests name its models as they are.
    client._request = lambda gateway, number, one: straight(gateway, client, number, one)  # type: ignore[method-assign]
    arrivals = client.start(gateway, plan, ("127.0.0.1", mock.port)).wait(30)
    assert openloop.summary(arrivals) == {"complete": len(plan)}
    late = sorted(one.sent - one.began for one in arrivals)
    print(f"\n{len(arrivals)} requests, sent late by {late[len(late) // 2] * 1e3:.2f} ms, p99 {late[-len(late) // 100] * 1e3:.2f}")
    assert late[-len(late) // 100] < 0.05


def straight(gateway: Gateway, client: OpenLoop, number: int, one: Planned) -> bytes:
    body = {"model": f"{one.model}-{client._label(number)}", "messages": [], "stream": one.stream}
    return gateway.chat_bytes(body)


def test_a_plan_is_the_same_for_the_same_seed() -> None:
    assert steady(100, 3, seed=4) == steady(100, 3, seed=4) != steady(100, 3, seed=5)
    assert 250 < len(steady(100, 3, seed=4)) < 350


def test_who_was_in_flight() -> None:
    one = Arrival(1, "m", True, began=1.0, ended=2.0)
    assert openloop.in_flight([one], 1.5) == [one] and openloop.in_flight([one], 2.5) == []


# The proxy with faults


class Echo:
    """Sends back what it gets, and then a given reply."""

    def __init__(self, reply: bytes) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.reply = reply
        self.got: list[bytes] = []
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self) -> "Echo":
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def _run(self) -> None:
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            with one:
                self.got.append(one.recv(65536))
                with contextlib.suppress(OSError):
                    one.sendall(self.reply)
                    one.shutdown(socket.SHUT_WR)
                    one.recv(1)


def through(proxy: ChaosProxy, sent: bytes = b"hello", timeout: float = 5) -> tuple[bytes, str, float]:
    """(what came, how it ended, seconds) of one connection through the proxy."""
    began, found = time.monotonic(), b""
    with socket.create_connection(proxy.address) as one:
        one.settimeout(timeout)
        one.sendall(sent)
        while True:
            try:
                data = one.recv(65536)
            except ConnectionResetError:
                return found, "reset", time.monotonic() - began
            except TimeoutError:
                return found, "silent", time.monotonic() - began
            if not data:
                return found, "eof", time.monotonic() - began
            found += data


REPLY = bytes(range(256)) * 4
FAULTS = {
    # the script of what comes back: (what comes, how it ends, at least, at most seconds)
    "nothing": (Script(), REPLY, "eof", 0, 1),
    "a delay": (Script(delay=0.3), REPLY, "eof", 0.3, 1),
    "a cut": (Script(cut_at=100), REPLY[:100], "eof", 0, 1),
    "a cut at once": (Script(cut_at=0), b"", "eof", 0, 1),
    "a reset": (Script(reset_at=300), REPLY[:300], "reset", 0, 1),
    "a stall": (Script(stall_at=77), REPLY[:77], "silent", 0.5, 1),
    "a stall that passes": (Script(stall_at=77, stall_for=0.3), REPLY, "eof", 0.3, 1.2),
    "flipped bits": (Script(corrupt={5: 0xFF, 1000: 1}), REPLY[:5] + b"\xfa" + REPLY[6:1000] + b"\xe9" + REPLY[1001:], "eof", 0, 1),
    "a slow line": (Script(rate=2048), REPLY, "eof", 0.4, 1.5),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_proxy_does_what_its_script_says(name: str) -> None:
    script, expected, ending, least, most = FAULTS[name]
    with Echo(REPLY) as server, ChaosProxy(server.address, lambda number: (Script(), script)) as proxy:
        found, how, seconds = through(proxy, timeout=0.6 if ending == "silent" else 5)
        assert (found, how) == (expected, ending)
        assert least <= seconds <= most + 1
        # Cut at once, the connection may be over before the server has heard a byte.
        assert server.got == [b"hello"] or (script.cut_at == 0 and not b"".join(server.got))


def test_the_proxy_breaks_the_way_to_the_server_too() -> None:
    scripts = [(Script(cut_at=3), Script()), (Script(corrupt={0: 1}), Script()), (Script(), Script())]
    with Echo(REPLY) as server, ChaosProxy(server.address, lambda number: scripts[number]) as proxy:
        assert through(proxy)[1] == "eof"
        assert through(proxy)[0] == REPLY and through(proxy)[0] == REPLY
        assert server.got == [b"hel", b"iello", b"hello"]
        assert [one.number for one in proxy.passages] == [0, 1, 2]


def test_the_canned_provider_breaks_off_where_it_is_told() -> None:
    reply = length_reply(b"x" * 100)
    with CannedProvider({"x": reply}) as provider:
        for model, expected, ended in [("x", reply, None), ("x-at-20-fin", reply[:20], "eof"), ("x-at-90-rst", reply[:90], "reset")]:
            with wire.Connection(("127.0.0.1", provider.port), 5) as connection:
                connection.send(wire.render("POST", "/v1/chat/completions", {}, b'{"model":"%b"}' % model.encode()))
                raw = b""
                while len(raw) < len(expected):
                    raw += connection.socket.recv(4096)
                assert raw == expected
                if ended is not None:
                    assert connection.closed_within(5) and connection.ended == ended


def test_a_secret_is_found_however_it_is_written() -> None:
    secret = "sk-Zq83/kdm?2Wp01x~Vb7"
    search = Search({"it": secret}, hashed=["it"])
    digest = hashlib.sha256(secret.encode()).digest()
    for before in (b"", b"a", b"ab", b"abc"):
        for text in (secret.encode(), digest):
            whole = before + text + b"tail"
            for written in (
                whole, whole.hex().encode(), whole.hex().upper().encode(), base64.b64encode(whole), base64.urlsafe_b64encode(whole),
            ):  # fmt: skip
                assert search.find(b"..." + written + b"..."), (before, written)
    for written in (json.dumps({"a": secret}), urllib.parse.quote(secret), secret[::-1]):
        assert search.find(written.encode())
    assert search.find(secret.encode("utf-16-le"))
    assert search.find(b"sk-Zq83/kdm?2Wp01x~Vb8" + bytes(range(256)) * 100) == []
    assert search.find(digest, digests_too=False) == []
