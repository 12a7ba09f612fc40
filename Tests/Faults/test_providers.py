"""Providers that hang (F20), break off at every byte (F21) or drip (F23): what the client sees, what is charged."""

from __future__ import annotations

import asyncio
import json
import pathlib
import time
from dataclasses import dataclass

import pytest

from Harness import wire
from Harness.canned import CannedProvider, chunked_reply, length_reply, split_every
from Harness.chaos import ChaosProxy, Script
from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.invariants import Invariants
from Harness.ledger import Books
from Harness.load import AsyncConnection, MockProvider, percentile
from Harness.openloop import OpenLoop, streams
from Harness.processes import wait_until
from Harness.scene import SceneMaker

# Every way in which a byte can be part of something larger: two, three and four bytes of UTF-8, an escape, a usage event.
WORDS = [" plain", " caf\u00e9", " \u65e5\u672c", " \U0001f600!", ' \\"quoted\\"', " end"]
TEXT = "".join(json.loads(f'"{word}"') for word in WORDS)


def events(model: str = "m") -> list[bytes]:
    found = [
        (
            '{"id":"c","object":"chat.completion.chunk","created":1,"model":"%s","choices":[{"index":0,"delta":{"content":"%s"},'
            '"finish_reason":%s}]}' % (model, word, '"stop"' if word == WORDS[-1] else "null")
        ).encode()
        for word in WORDS
    ]
    usage = '{"prompt_tokens":7,"completion_tokens":6,"total_tokens":13}'
    found.append(
        ('{"id":"c","object":"chat.completion.chunk","created":1,"model":"%s","choices":[],"usage":%s}' % (model, usage)).encode()
    )
    return found


def sse(end: bytes, done: bool = True) -> bytes:
    lines = [b"data: " + event + end * 2 for event in events()]
    return b"".join(lines) + (b"data: [DONE]" + end * 2 if done else b"")


UNARY = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 6, "total_tokens": 13},
    },
    ensure_ascii=False,
).encode()
REPLIES = {
    "events": chunked_reply([b"data: " + event + b"\n\n" for event in events()] + [b"data: [DONE]\n\n"]),
    "sevens": chunked_reply(split_every(sse(b"\r\n"), 7)),
    "unary": length_reply(UNARY),
    "pieces": chunked_reply(split_every(UNARY, 11), "application/json"),
    # These end in order, but say too little: no finish reason, half an event. The last says enough without [DONE].
    "nofinish": chunked_reply([sse(b"\n", done=False).replace(b'"stop"', b"null")]),
    "half": chunked_reply([sse(b"\n")[:200]]),
    "nodone": chunked_reply([sse(b"\n", done=False)]),
}


@dataclass
class Answer:
    label: str
    reply: wire.Reply | None
    ended: str | None
    at: float  # when it ended


async def ask(gateway: Gateway, model: str, stream: bool, label: str, room: asyncio.Semaphore) -> Answer:
    async with room:
        connection = await AsyncConnection.open(gateway.address)
        try:
            body = {"model": f"own:{model}", "stream": stream, "messages": [{"role": "user", "content": label}]}
            connection.send(gateway.chat_bytes(body, {"X-Request-Id": label, "Connection": "close"}))
            reply = await asyncio.wait_for(connection.reply(), 30)
            return Answer(label, reply, connection.ended, time.monotonic())
        finally:
            connection.close()


async def ask_all(gateway: Gateway, questions: list[tuple[str, bool, str]], at_once: int = 40) -> list[Answer]:
    room = asyncio.Semaphore(at_once)
    return list(await asyncio.gather(*(ask(gateway, model, stream, label, room) for model, stream, label in questions)))


def content(event: bytes) -> str | None:
    """The text of an event, "" where it has none; None for half an event."""
    try:
        choices = json.loads(event)["choices"]
    except ValueError:
        return None
    return choices[0]["delta"]["content"] if choices else ""


def judge_stream(answer: Answer, what: str) -> str:
    """The class of a stream whose provider broke off: "complete", "sse error" or "json error"; anything else raises."""
    reply = answer.reply
    assert reply is not None, f"{what}: no reply at all"
    if reply.status != 200:
        assert reply.complete and reply.status == 502, f"{what}: {reply}"
        assert reply.error["code"] in ("provider_connection_reset", "provider_invalid_response"), f"{what}: {reply.error}"
        return "json error"
    data = reply.events()
    if reply.complete:
        # A finish reason is an end, too (docs/api.md).
        ended = data and (data[-1] == b"[DONE]" or b'"stop"' in data[-1])
        assert ended, f"{what}: ends cleanly, but is cut: {reply.body[-200:]!r}"
        data = [event for event in data if event != b"[DONE]"]
    else:
        assert b"[DONE]" not in reply.body, f"{what}: {reply.body[-200:]!r}"
        assert json.loads(data[-1])["error"]["code"] in ("provider_connection_reset", "provider_invalid_response"), what
        data = data[:-1]
    reply.body.decode()  # no torn character
    texts = [content(event) for event in data]
    assert None not in texts[:-1], f"{what}: half an event in the middle: {reply.body!r}"
    assert not reply.complete or None not in texts, f"{what}: ends cleanly with half an event"
    text = "".join(one or "" for one in texts)
    assert TEXT.startswith(text), f"{what}: {text!r}"
    if reply.complete:
        assert text == TEXT, f"{what}: ends cleanly with {text!r}"
        return "complete"
    return "sse error"


def judge_unary(answer: Answer, what: str) -> str:
    reply = answer.reply
    assert reply is not None and reply.complete, f"{what}: {reply}"
    if reply.status == 200:
        assert reply.body == UNARY, what
        return "complete"
    assert reply.status == 502, f"{what}: {reply}"
    assert reply.error["code"] in ("provider_connection_reset", "provider_invalid_response"), f"{what}: {reply.error}"
    return "json error"


@pytest.fixture(scope="module")
def canned():
    with CannedProvider(REPLIES) as provider:
        yield provider


@pytest.fixture(scope="module")
def cut(canned: CannedProvider, tmp_path_factory: pytest.TempPathFactory):
    """A gateway before the canned provider, with deadlines of a second."""
    timeouts = {"connect": "2s", "first_token": "1s", "idle": "1s", "total": "3s"}
    folder = tmp_path_factory.mktemp("cut")
    config = base_config(
        folder / "sluice-state",
        providers={"own": openai_provider(canned.base_url, timeouts=timeouts, breaker=False)},
        models=once("own"),
        pricing={"own:*": {"input": 1, "output": 2}},
    )
    with Gateway(config, folder=folder) as running:
        running.wait_for_tree()
        asyncio.run(ask_all(running, [("events", True, f"warm-{index}") for index in range(20)]))
        invariants = Invariants(running)
        yield running
        invariants.check()


def rows_of(gateway: Gateway, answers: list[Answer]) -> dict[str, dict]:
    """The one row of each, once all are settled."""

    def found() -> dict[str, list[dict]] | None:
        rows = Books(gateway.state).by_label()
        mine = {answer.label: rows.get(answer.label, []) for answer in answers}
        return mine if all(one and all(row["rank"] > 0 for row in one) for one in mine.values()) else None

    rows = wait_until(found, 20, "every request has its settled row", interval=0.2)
    double = [label for label, one in rows.items() if len(one) != 1]
    assert not double, f"billed more than once: {double}"
    return {label: one[0] for label, one in rows.items()}


def calls_of(canned: CannedProvider, answers: list[Answer]) -> list[str]:
    labels = {answer.label for answer in answers}
    mine = [seen for seen in list(canned.log) if json.loads(seen.body)["messages"][0]["content"] in labels]
    return [seen.header("x-client-request-id") or "" for seen in mine]


def check_books(gateway: Gateway, canned: CannedProvider, answers: list[Answer], classes: dict[str, str]) -> dict[str, dict]:
    """L1 for these: one row each, as its client saw it; the provider's calls are exactly the attempts."""
    rows = rows_of(gateway, answers)
    for answer in answers:
        row = rows[answer.label]
        assert (row["outcome"] == "complete") == (classes[answer.label] == "complete"), (answer.label, classes[answer.label], row)
    records = {row["record"] for row in rows.values()}
    attempts = {id for id, row in Books(gateway.state).attempts.items() if row["record"] in records}
    calls = calls_of(canned, answers)
    assert len(set(calls)) == len(calls)
    assert set(calls) == attempts, f"{len(set(calls) ^ attempts)} calls and attempts that do not match"
    return rows


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["events", "sevens", "unary", "pieces"])
def test_f21_broken_off_at_every_byte(cut: Gateway, canned: CannedProvider, full: bool, name: str) -> None:
    """After every byte of head, chunk framing, UTF-8 and SSE lines: closed in order, and reset."""
    whole = len(REPLIES[name])
    stream = name in ("events", "sevens")
    step = 1 if full else 17
    questions = [
        (f"{name}-at-{at}-{how}", stream, f"{name}-{at}-{how}")
        for how in ("fin", "rst")
        for at in [*range(0, whole, step), *range(whole - 8, whole)]
    ]
    questions = list(dict.fromkeys(questions))
    answers = asyncio.run(ask_all(cut, questions))
    judge = judge_stream if stream else judge_unary
    classes = {answer.label: judge(answer, answer.label) for answer in answers}
    counts = {kind: sum(found == kind for found in classes.values()) for kind in ("complete", "sse error", "json error")}
    print(f"\n{name}: {len(answers)} endings, {counts}")
    # Whole is only what is whole: without its last chunk at most a stream of which [DONE] is here.
    for answer in answers:
        if classes[answer.label] == "complete":
            assert int(answer.label.split("-")[1]) >= whole - 7, answer.label
    assert counts["json error"] and (not stream or counts["sse error"])
    rows = check_books(cut, canned, answers, classes)
    if stream:
        # What came is charged, once, and never more than all of it.
        late = [answer.label for answer in answers if classes[answer.label] == "sse error"]
        assert all(rows[label]["output"] is not None and 0 < rows[label]["output"] <= 60 for label in late)


@pytest.mark.parametrize(("name", "expected"), [("nofinish", "sse error"), ("half", "sse error"), ("nodone", "complete")])
def test_f21_a_stream_that_ends_in_order_without_an_end(
    cut: Gateway, canned: CannedProvider, name: str, expected: str
) -> None:
    answers = asyncio.run(ask_all(cut, [(name, True, f"{name}-{index}") for index in range(5)]))
    for answer in answers:
        assert judge_stream(answer, name) == expected, answer
    check_books(cut, canned, answers, {answer.label: expected for answer in answers})


HEAD = REPLIES["events"].index(b"\r\n\r\n") + 4
MIDDLE = HEAD + 500
HANGS = {
    # what hangs: (model, stream, seconds until the deadline)
    "before headers": ("events-at-0-stall", True, 1.0),
    "after the head": (f"events-at-{HEAD}-stall", True, 1.0),
    "between events": (f"events-at-{MIDDLE}-stall", True, 1.0),
    "before a unary reply": ("unary-at-0-stall", False, 3.0),
    "in a unary reply": (f"unary-at-{len(REPLIES['unary']) - 20}-stall", False, 1.0),
}


def test_f20_a_provider_that_hangs_meets_its_deadline(cut: Gateway, canned: CannedProvider) -> None:
    """The deadline ends the call within 10 % (and what the machine needs), the slot is free, one row says so."""
    questions = [
        (model, stream, f"hang-{number}-{index}")
        for index in range(8)
        for number, (model, stream, _) in enumerate(HANGS.values())
    ]
    answers = asyncio.run(ask_all(cut, questions, at_once=len(questions)))
    arrivals = {json.loads(seen.body)["messages"][0]["content"]: seen.arrived for seen in list(canned.log)}
    for number, (where, (_, _, seconds)) in enumerate(HANGS.items()):
        mine = [answer for answer in answers if answer.label.startswith(f"hang-{number}-")]
        judge_hang(where, seconds, mine, arrivals)
    rows = check_books(cut, canned, answers, {answer.label: "timeout" for answer in answers})
    assert all(row["error"] == "provider_timeout" for row in rows.values())
    wait_until(lambda: b"sluice_requests_in_flight 0" in cut.request("GET", "/metrics").body, 5, "all slots are free")


def judge_hang(where: str, seconds: float, answers: list[Answer], arrivals: dict[str, float]) -> None:
    times = sorted(answer.at - arrivals[answer.label] for answer in answers)
    print(f"\n{where}: {times[0]:.2f} to {times[-1]:.2f} s, due at {seconds} s")
    for answer in answers:
        reply = answer.reply
        assert reply is not None
        if reply.status == 200:
            assert not reply.complete and json.loads(reply.events()[-1])["error"]["code"] == "provider_timeout"
        else:
            assert reply.complete and (reply.status, reply.error["code"]) == (504, "provider_timeout"), reply
    assert times[0] >= 0.9 * seconds
    # What a busy machine adds is not the gateway's.
    assert percentile(times, 0.5) <= 1.1 * seconds + 0.25 and times[-1] <= 1.1 * seconds + 0.8


@pytest.mark.verify
@pytest.mark.timeout(300)
def test_f23_dripping_providers_hold_nothing_but_their_own(
    scene: SceneMaker, mock: MockProvider, tmp_path: pathlib.Path
) -> None:
    """Streams of a provider that gives some bytes a second: no memory to speak of, and others do not wait for them."""
    with ChaosProxy(("127.0.0.1", mock.port), lambda number: (Script(), Script(rate=40))) as slow:
        entry = mock.entry | {"base_url": f"http://127.0.0.1:{slow.port}/v1"}
        with scene(providers={"load": mock.entry, "slow": entry}) as one:
            count = 1000 if one.full else 100
            usual = OpenLoop(tmp_path / "client", prefix="usual").run(one.gateway, one.load(3, seed=5))
            # 400 bytes an event: not even one of them is whole before its client leaves.
            dripping = OpenLoop(tmp_path / "client", provider="slow", prefix="drip", timeout=8 if one.full else 4)
            dripping.start(one.gateway, streams(count, "load-50-0-300", within=1))
            one.start(one.load(6 if one.full else 3, seed=6))
            beside = one.wait()
            slow_ones = dripping.wait()
            assert all(x.kind == "hung" for x in slow_ones), slow_ones[0]
            one.assert_none("json error", "sse error", "reset", "refused")
            p99 = percentile([x.latency for x in beside], 0.99)
            p99_usual = percentile([x.latency for x in usual], 0.99)
            print(f"{count} dripping; others' p99 {p99_usual * 1e3:.0f} ms without, {p99 * 1e3:.0f} ms beside them")
            assert p99 <= 2 * max(p99_usual, 0.4)
            wait_until(lambda: slow.open == 0, 3, "the dripping calls are cancelled with their clients")
            for x in slow_ones:
                x.kind = "disconnected"
            one.arrivals = usual + beside + slow_ones
