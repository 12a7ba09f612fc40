"""Raw HTTP/1.1 requests, valid and invalid, whole, split and one byte a write: same outcome, no crash, never out of step."""

from __future__ import annotations

import pathlib
import random
import re
import time

import pytest

from Harness import wire
from Harness.gateway import CLIENT_KEY, Gateway, base_config
from Harness.shared import SHARED, shared

FOLDER = SHARED / "corpora" / "http-requests" / "tests" / "requests"
MARK = b"GET /health/live HTTP/1.1\r\nHost: mark\r\nX-Request-Id: the-mark\r\n\r\n"

# In the `invalid` folder by another server's policy or settings: good HTTP, or good enough to be answered.
POLICY = {
    "007",
    "008",
    "009",  # limits on headers as that server was set up
    "010",
    "011",
    "012",
    "017",  # the same
    "019",  # contradicting X-Forwarded-* headers
    "040",
    "chunked_07",  # underscores in header names
    "041",  # two content types
    "013",
    "obs_fold_01",  # folded headers: refusing and unfolding are both right
    "rfc9110_trailer_forbidden_cl_01",
    "rfc9110_trailer_forbidden_host_01",
    "rfc9110_trailer_forbidden_te_01",  # ignorable
    "rfc9112_target_asterisk_non_options_01",
    "rfc9112_target_authority_non_connect_01",
    "rfc9112_target_relative_01",
    "016",  # odd targets: an unknown path
    "003b",  # a method that is no token, or an unknown one
    "003c",  # a method that is a token and unknown
    "chunked_09",  # space after a chunk size
    "022",  # -0, on a request that has no body
}
# Beyond that server's limit on one header (8 KB), within this one's on all of them: good HTTP.
WITHIN_LIMITS = {"limit_header_default_01"}
# In the `valid` folder for a server that speaks the PROXY protocol, or tolerates what smuggles requests.
REFUSABLE = {"pp_01", "pp_02", "pp_04", "pp_05", "028"}


def raw(path: pathlib.Path) -> bytes:
    """The corpus writes \\r\\n, \\t, \\0 and \\xNN as text and breaks lines for the eye."""
    text = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"")
    table = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0"}

    def unescape(match: re.Match) -> bytes:
        return table.get(match[1]) or bytes([int(match[1][1:], 16)])

    return re.sub(rb"\\(x[0-9A-Fa-f]{2}|[rnt0])", unescape, text)


def cases(kind: str) -> list[str]:
    return sorted(path.stem for path in (FOLDER / kind).glob("*.http")) or ["absent"]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory):
    """A gateway with a short header deadline, so that incomplete requests end soon."""
    shared("corpora/http-requests")
    folder = tmp_path_factory.mktemp("strict")
    config = base_config(folder / "sluice-state", http={"header_timeout": "1s", "idle_timeout": "2s"})
    with Gateway(config, folder=folder) as running:
        yield running


def exchange(gateway: Gateway, data: bytes, pieces: list[int], wait: float) -> tuple[list[wire.Reply], bool, bool]:
    """Sends `data` cut at `pieces`, then the mark. (replies before the mark's, mark answered?, closed?)"""
    replies: list[wire.Reply] = []
    with gateway.connect(timeout=20) as connection:
        try:
            last = 0
            for at in [*pieces, len(data)]:
                if at > last:
                    connection.send(data[last:at])
                last = at
            connection.send(MARK)
        except OSError:
            pass  # closed already: what was answered counts
        deadline = time.monotonic() + wait
        while not connection.ended and time.monotonic() < deadline:
            connection.pump(0.5)
            if any(reply.header("x-request-id") == "the-mark" for reply in connection.ready):
                break
        replies = [reply for reply in connection.ready if reply.status >= 200]
        ended = connection.ended is not None
    marked = bool(replies) and replies[-1].header("x-request-id") == "the-mark"
    return (replies[:-1] if marked else replies), marked, ended


def cuts(data: bytes, seed: str, many: bool) -> list[list[int]]:
    """Ways to cut: whole, at single places, and one byte a write."""
    places = list(range(1, len(data)))
    if not many or len(data) > 2000:
        places = random.Random(seed).sample(places, min(6 if not many else 200, len(places)))
    single = list(range(1, len(data))) if len(data) < 4000 else list(range(1, len(data), 97))
    return [[], *([at] for at in sorted(places)), single]


def judge_valid(gateway: Gateway, name: str, pieces: list[int]) -> int:
    replies, marked, ended = exchange(gateway, raw(FOLDER / "valid" / f"{name}.http"), pieces, 10)
    assert replies, "no answer"
    assert all(reply.complete for reply in replies)
    assert marked or ended, "neither in step nor closed"
    if name in REFUSABLE:
        assert replies[0].status < 500
    return replies[0].status


def judge_invalid(gateway: Gateway, name: str, pieces: list[int]) -> int:
    replies, marked, ended = exchange(gateway, raw(FOLDER / "invalid" / f"{name}.http"), pieces, 10)
    if name in WITHIN_LIMITS:
        assert [reply.status for reply in replies] == [200] and ended  # HTTP/1.0: one request a connection
        return 200
    assert all(400 <= reply.status < 500 for reply in replies), [reply.status for reply in replies]
    if name not in POLICY:
        assert not marked, "a bad request was taken and the next one answered"
        assert ended, "left open"
    else:
        assert marked or ended
    return replies[0].status if replies else 0


def check(gateway: Gateway, judge, name: str, data: bytes, many: bool) -> None:
    if name == "absent":
        shared("corpora/http-requests")
    before = gateway.children()
    outcomes: dict[int, list[int]] = {}
    for pieces in cuts(data, name, many):
        outcomes.setdefault(judge(gateway, name, pieces), []).append(len(pieces))
    assert len(outcomes) == 1, f"the answer depends on how the bytes were cut: {outcomes}"
    assert gateway.children() == before, gateway.log_text()[-4000:]


def data_of(kind: str, name: str) -> bytes:
    return b"" if name == "absent" else raw(FOLDER / kind / f"{name}.http")


@pytest.mark.parametrize("name", cases("valid"))
def test_valid(strict: Gateway, name: str) -> None:
    check(strict, judge_valid, name, data_of("valid", name), many=False)


@pytest.mark.parametrize("name", cases("invalid"))
def test_invalid(strict: Gateway, name: str) -> None:
    check(strict, judge_invalid, name, data_of("invalid", name), many=False)


@pytest.mark.verify
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", cases("valid"))
def test_valid_at_every_split(strict: Gateway, name: str) -> None:
    check(strict, judge_valid, name, data_of("valid", name), many=True)


@pytest.mark.verify
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", cases("invalid"))
def test_invalid_at_every_split(strict: Gateway, name: str) -> None:
    check(strict, judge_invalid, name, data_of("invalid", name), many=True)


# The project's own cases: they stand without the corpus.

AUTHORIZED = b"Authorization: Bearer " + CLIENT_KEY.encode() + b"\r\n"
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + AUTHORIZED
SMUGGLED = b"GET /v1/models HTTP/1.1\r\nHost: smuggled\r\n" + AUTHORIZED + b"\r\n"

REFUSED = {
    "length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n{}  ",
    "length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "length in hexadecimal": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "length with an underscore": POST + b"Content-Length: 1_0\r\n\r\n{}",
    "length beyond 64 bits": POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "chunk size with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "chunk size in decimal words": POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "chunk size beyond 64 bits": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "bare line feed after a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n",
    "no colon": b"GET /health/live HTTP/1.1\r\nHost\r\n\r\n",
    "space before the colon": POST + b"Content-Length : 2\r\n\r\n{}",
    "NUL in a header": b"GET /health/live HTTP/1.1\r\nX: a\0b\r\n\r\n",
    "control byte in the target": b"GET /health/li\x01ve HTTP/1.1\r\nHost: x\r\n\r\n",
    "unknown version": b"GET /health/live HTTP/3.7\r\nHost: x\r\n\r\n",
    "no version": b"GET /health/live\r\nHost: x\r\n\r\n",
    "unknown coding last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x11" * 500,
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "noise": bytes(range(256)) * 8,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(gateway: Gateway, name: str) -> None:
    data = REFUSED[name] + SMUGGLED
    before = gateway.children()
    outcomes = set()
    for pieces in cuts(data, name, many=False):
        replies, marked, ended = exchange(gateway, data, pieces, 14)
        assert not marked and ended, "a bad request was taken and the next one answered"
        assert len(replies) <= 1
        assert all(400 <= reply.status < 500 for reply in replies), [reply.status for reply in replies]
        outcomes.add(replies[0].status if replies else 0)
    # A reset may swallow the answer on the way; where there is one it is always the same.
    assert len(outcomes - {0}) <= 1, outcomes
    assert gateway.children() == before, gateway.log_text()[-4000:]


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 100_000])
@pytest.mark.parametrize("target", [b"/nothing", b"/v1/models", b"/v1/chat/completions"])
def test_an_unread_body_never_becomes_a_request(gateway: Gateway, target: bytes, body: bytes) -> None:
    # Refused from the head alone (no key): the body that follows is drained or the connection ends.
    data = b"POST " + target + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (len(body) + len(SMUGGLED))
    replies, marked, ended = exchange(gateway, data + body + SMUGGLED, [], 10)
    assert len(replies) <= 1 and all(reply.status in (401, 404, 405) for reply in replies)
    assert marked or ended


def test_every_split_of_a_good_request(gateway: Gateway) -> None:
    body = b'{"model":"simulated:x","messages":[{"role":"user","content":"a"}]}'
    data = POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    answers = set()
    with gateway.connect() as connection:
        for at in range(0, len(data)):
            connection.send(data[:at])
            connection.send(data[at:])
            reply = connection.reply()
            assert reply.status == 200
            answers.add(reply.json()["choices"][0]["message"]["content"])
    assert len(answers) == 1
