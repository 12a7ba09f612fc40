"""What `sluice explain`, `events` and `top` tell of requests while they run: the same as the administration's API, and complete."""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from Harness.faulty import FaultyProvider
from Harness.gateway import Gateway, base_config
from Harness.operators import ask, call, run
from Harness.processes import wait_until
from Harness.routes import explanation, faulty_provider, steps

# Dollars for a million tokens, in and out.
PRICES = {"first": (1, 2), "second": (3, 4)}


@pytest.fixture(scope="module")
def providers() -> Iterator[tuple[FaultyProvider, FaultyProvider]]:
    with FaultyProvider() as first, FaultyProvider() as second:
        yield first, second


@pytest.fixture(scope="module")
def gateway(
    providers: tuple[FaultyProvider, FaultyProvider], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    first, second = providers
    config = base_config(
        None,
        state_directory=None,
        workers={"edge": 1, "upstream": 1},
        providers={
            "first": faulty_provider(first.base_url, breaker=False),
            "second": faulty_provider(second.base_url, breaker=False),
        },
        pricing={f"{name}:*": {"input": prices[0], "output": prices[1]} for name, prices in PRICES.items()},
        models={
            "over": {"targets": ["first:status-529", "second:chat"]},
            "hedge": {"targets": ["first:slow-700", "second:chat"], "hedge_after": "100ms"},
        },
        default_provider="second",
    )
    with Gateway(config, folder=tmp_path_factory.mktemp("gateway")) as running:
        running.wait_for_tree()
        yield running


@pytest.fixture(scope="module")
def key(gateway: Gateway) -> dict:
    return ask(gateway, "keys", "create", "--name", "ci", "--requests-per-minute", "500", "--tokens-monthly", "1000000")


def bearer(key: dict) -> dict[str, str]:
    return {"Authorization": f"Bearer {key['key']}"}


# What people are shown of a text that stands for something.
WORDS = {
    "known by": {
        "key": "its key, looked up in the table of keys",
        "static_key": "the static key of the configuration",
    },
    "settings": {"cached": "(cached)", "read": "models were read"},
    "said": {"passed": "passed", "refused": "REFUSED", "warned": "warned"},
    "verdict": {"admitted": "admitted", "refused": "refused", "unlimited": "nothing limits it"},
    "why": {"allow_list": "may not use it"},
    "what": {
        "called": "call ",
        "failed": "failed with",
        "hedged": "beside a slow one",
        "hedge_lost": "the other was faster",
        "waited": "before the next attempt",
    },
}


def duration(microseconds: int) -> str:
    if microseconds < 1000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        return f"{microseconds // 1000}.{microseconds // 100 % 10} ms"
    return f"{microseconds // 1_000_000}.{microseconds // 10_000 % 100:02} s"


def facts(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Everything an explanation says, as a person is shown it."""
    name = path[-1] if path else ""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from facts(inner, (*path, member))
    elif isinstance(value, list):
        for inner in value:
            yield from facts(inner, path)
    elif value is None or name in ("kept", "more_targets", "more_left_out", "more_checked"):
        return
    elif name == "by":
        yield path, WORDS["known by"][str(value)]
    elif name in WORDS:
        yield path, WORDS[name][str(value)]
    elif name == "stream":
        yield path, "as a stream" if value else ""
    elif name.endswith("_us"):
        # A call that ended before its first content, or was never connected, says nothing of it.
        yield path, duration(value) if value else ""
    elif path[-2:-1] == ("price_usd_per_million_tokens",) and name not in ("input", "output"):
        return
    else:
        yield path, str(value)


def explained(gateway: Gateway, record: str | None) -> dict:
    """What is told of a request, after all three ways to ask have said the same."""
    found = explanation(gateway, record)
    assert record is not None
    assert ask(gateway, "explain", record) == found
    over_http = gateway.request("GET", f"/api/v1/requests/{record}", headers=owner(gateway))
    assert over_http.status == 200 and json.loads(over_http.body) == found
    text = run(gateway, "explain", record)
    assert (text.returncode, text.stderr) == (0, "")
    for path, shown in facts(found):
        assert shown in text.stdout, f"{'.'.join(path)}: {shown!r} is not in\n{text.stdout}"
    return found


def owner(gateway: Gateway) -> dict[str, str]:
    token = (gateway.state / "control" / "owner_token").read_text().strip()
    return {"Authorization": f"Bearer {token}"}


def stages(found: dict) -> list[int]:
    """The times that were reached; each stage is over before the next."""
    reached = [time for time in found["stages"].values() if time is not None]
    assert reached == sorted(reached), found["stages"]
    return reached


# MARK: Explain


def test_a_cached_key(gateway: Gateway, key: dict) -> None:
    records = [gateway.chat("second:chat", headers=bearer(key)).header("x-sluice-record") for _ in range(2)]
    first, second = (explained(gateway, record) for record in records)
    assert first["caller"] == {"by": "key", "prefix": key["key"][: len(first["caller"]["prefix"])], "settings": "read"}
    assert second["caller"] == first["caller"] | {"settings": "cached"} and len(first["caller"]["prefix"]) > 8
    assert len(stages(second)) == 7 and second["routing"] is None
    # One that went well says that its limits had nothing to say, and that their figures are not kept.
    assert second["limits"] == {
        "verdict": "admitted", "kept": False, "wanted": None, "checked": [], "more_checked": 0,
    }  # fmt: skip
    assert "not kept" in run(gateway, "explain", str(records[1])).stdout
    (attempt,) = second["attempts"]
    assert attempt["price_usd_per_million_tokens"]["output"] == "4.00" and second["request"]["status"] == 200


def test_a_refused_limit(gateway: Gateway) -> None:
    made = ask(gateway, "keys", "create", "--name", "tight", "--requests-per-minute", "1", "--concurrency", "5")
    assert gateway.chat("over", headers=bearer(made)).status == 200
    refused = gateway.chat("over", headers=bearer(made) | {"x-request-id": "refused-1"})
    assert refused.status == 429
    said = json.loads(refused.body)["error"]["limit"]
    found = explained(gateway, refused.header("x-sluice-record"))
    assert found["limits"]["verdict"] == "refused" and found["limits"]["kept"]
    by, other = found["limits"]["checked"]
    # The client was told the same.
    assert {name: by[name] for name in said} == said
    assert (by["scope"], by["name"], by["said"], by["of"]) == ("key", "requests_per_minute", "refused", made["id"])
    assert (other["name"], other["said"], other["limit"], other["held"]) == ("concurrency", "passed", 5, 0)
    # Where it would have gone, and for how much.
    targets = found["routing"]["targets"]
    assert [target["provider"] for target in targets] == ["first", "second"]
    assert targets[1]["price_usd_per_million_tokens"] == {"input": "3.00", "output": "4.00"}
    assert found["attempts"] == [] and found["stages"]["dispatched_us"] is None
    assert found["stages"]["admitted_us"] is not None and len(stages(found)) == 6
    listed = run(gateway, "requests", "--error", "rate_limit_exceeded", "--label", "refused-1", "--json")
    assert [json.loads(line)["record"] for line in listed.stdout.splitlines()] == [found["request"]["record"]]


def test_a_failed_over_one(gateway: Gateway, key: dict) -> None:
    reply = gateway.chat("over", headers=bearer(key))
    assert reply.status == 200 and reply.header("x-sluice-attempts") == "2"
    found = explained(gateway, reply.header("x-sluice-record"))
    assert steps(found) == ["called", "failed", "called"] and len(stages(found)) == 7
    assert [attempt["status"] for attempt in found["attempts"]] == [529, 200]
    # What was chosen for a reason keeps how each limit stood, with this request in the figures.
    window, month = found["limits"]["checked"]
    assert (window["said"], window["limit"]) == ("passed", 500) and 1 <= window["used"] <= 500
    assert window["remaining"] == 500 - window["used"] and found["limits"]["verdict"] == "admitted"
    # Until the beginning of next month.
    assert month["held"] == found["limits"]["wanted"]["tokens"] > 0 and 0 < month["reset_seconds"] <= 31 * 86400
    # What the tokens would have cost at each.
    tokens = found["request"]["tokens"]
    for target in found["routing"]["targets"]:
        rates = PRICES[target["provider"]]
        cost = (Decimal(tokens["input"]) * rates[0] + Decimal(tokens["output"]) * rates[1]) / 1_000_000
        assert Decimal(target["cost_usd"]) == cost
    assert found["routing"]["targets"][1]["cost_usd"] == found["request"]["cost_usd"]


def test_a_hedged_one(gateway: Gateway, key: dict) -> None:
    reply = gateway.chat("hedge", stream=True, headers=bearer(key))
    assert reply.status == 200 and reply.complete
    found = explained(gateway, reply.header("x-sluice-record"))
    assert steps(found) == ["called", "hedged", "hedge_lost"]
    assert [attempt["provider"] for attempt in found["attempts"]] == ["first", "second"]
    assert found["request"]["provider"] == "second" and len(found["limits"]["checked"]) == 2


def test_a_disconnected_one(gateway: Gateway, key: dict) -> None:
    connection = gateway.connect()
    body = {"model": "second:stream-2000-5", "stream": True, "messages": [{"role": "user", "content": "x"}]}
    connection.send(gateway.chat_bytes(body, bearer(key) | {"X-Request-Id": "gone-1"}))
    connection.wait_for_body(2000)
    connection.close()

    def rows() -> list[dict]:
        return call(gateway, "GET", "/api/v1/requests", {"label": "gone-1", "outcome": "disconnected"})["data"]

    wait_until(rows, 10, "the request is settled")
    found = explained(gateway, rows()[0]["record"])
    assert found["request"]["outcome"] == "disconnected" and found["request"]["stream"] is True
    # Not all went well, so the limits are kept.
    assert found["limits"]["kept"] and len(found["limits"]["checked"]) == 2
    (attempt,) = found["attempts"]
    assert attempt["first_content_us"] > 0 and attempt["error"] and len(stages(found)) == 7


# MARK: Events


class Follower:
    """`sluice events --follow`."""

    def __init__(self, gateway: Gateway, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [str(gateway.programs / "sluice"), "events", *arguments, "--config", str(gateway.folder / "sluice.yaml")],
            cwd=gateway.folder, env=gateway.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        self.text = b""
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def events(self) -> list[dict]:
        assert self.process.stdout is not None
        while not self.process.stdout.closed and (piece := self.process.stdout.read()):
            self.text += piece
        return [json.loads(line) for line in self.text.split(b"\n")[:-1]]

    def of(self, label: str) -> list[dict]:
        return [event for event in self.events() if event["label"] == label]

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(number)
        rest, stderr = self.process.communicate(timeout=10)
        self.text += rest
        return self.process.returncode, stderr.decode()


def follows(gateway: Gateway, follower: Follower, headers: dict[str, str]) -> None:
    """Until it is told of what comes."""
    numbers = iter(range(1000))

    def is_told() -> bool:
        gateway.chat("second:chat", headers=headers | {"x-request-id": f"ping-{next(numbers)}"})
        return any(event["label"].startswith("ping-") for event in follower.events())

    wait_until(is_told, 10, "the follower is told of a request")


def test_events_are_followed(gateway: Gateway, key: dict) -> None:
    follower = Follower(gateway, "--follow")
    try:
        follows(gateway, follower, bearer(key))
        connection = gateway.connect()
        body = {"model": "second:stream-60-20", "stream": True, "messages": [{"role": "user", "content": "x"}]}
        connection.send(gateway.chat_bytes(body, bearer(key) | {"X-Request-Id": "slow"}))
        # While it runs.
        wait_until(lambda: follower.of("slow"), 5, "a start")
        (start,) = follower.of("slow")
        assert (start["event"], start["at"], start["status"], start["key_name"]) == ("start", start["time"], None, "ci")
        assert gateway.chat("second:status-400", headers={"x-request-id": "bad"}).status == 400
        assert connection.reply(10).complete
        wait_until(lambda: len(follower.of("slow")) == 2 and len(follower.of("bad")) == 2, 5, "the ends")
        stop = follower.of("slow")[1]
        assert (stop["event"], stop["status"], stop["outcome"]) == ("stop", 200, "complete")
        assert stop["total_us"] > 1_000_000 and stop["tokens"]["output"] > 0 and stop["cost_usd"] is not None
        # The same as the list has.
        (row,) = call(gateway, "GET", "/api/v1/requests", {"label": "slow"})["data"]
        assert {name: stop[name] for name in row} == row
        wrong = follower.of("bad")
        assert [event["event"] for event in wrong] == ["start", "exception"] and wrong[1]["status"] == 400

        # Control is killed; it says so, and what happens meanwhile is told once.
        running = gateway.child("control")
        gateway.kill_child(running)
        gateway.chat("second:chat", headers=bearer(key) | {"x-request-id": "meanwhile"})
        wait_until(lambda: len(follower.of("meanwhile")) == 2, 15, "it goes on")
        code, said = follower.end()
        assert code == 0 and said.splitlines() == [
            "sluice: control does not answer; trying again", "sluice: control answers again",
        ]  # fmt: skip
        ended = [event["record"] for event in follower.events() if event["event"] != "start"]
        assert len(ended) == len(set(ended)) and follower.text.endswith(b"\n")
    finally:
        if follower.process.poll() is None:
            follower.process.kill()
    # Without --follow it is what was, and it ends.
    past = run(gateway, "events", "--since", "10m")
    assert past.returncode == 0
    words = [(event["event"], event["label"]) for event in map(json.loads, past.stdout.splitlines())]
    assert words.count(("exception", "bad")) == words.count(("start", "slow")) == 1


# MARK: Top


def test_top_once(gateway: Gateway, key: dict) -> None:
    gateway.chat("second:chat", headers=bearer(key))
    # Records of what has just ended come within a second; until then it runs.
    wait_until(lambda: (told := ask(gateway, "top"))["ended"] > 0 and told["running"] == 0, 10, "all that ran is told")
    shown = ask(gateway, "top", "--last", "600")
    assert shown["seconds"] == 600 and shown["requests"] >= 1
    assert {entry["name"] for entry in shown["models"]} and "ci" in {entry["name"] for entry in shown["keys"]}
    text = run(gateway, "top", "--once", "--last", "600")
    assert text.returncode == 0 and "\x1b" not in text.stdout and "newest request" in text.stdout
    assert "USD/h" in text.stdout and "SLOWEST" in text.stdout and "sluice" in text.stdout
    assert run(gateway, "top", "0.01").returncode == 2 and run(gateway, "top", "--last", "0").returncode == 2


def screen(gateway: Gateway, leave: Callable[[subprocess.Popen, int], None]) -> tuple[int, bytes]:
    """What `sluice top` draws on a terminal until it is made to leave; asserts that the terminal is what it was."""
    leader, follower = pty.openpty()
    fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    before = termios.tcgetattr(follower)
    process = subprocess.Popen(
        [str(gateway.programs / "sluice"), "top", "0.2", "--config", str(gateway.folder / "sluice.yaml")],
        cwd=gateway.folder, env=gateway.environment | {"TERM": "xterm"}, stdin=follower, stdout=follower,
        stderr=follower, start_new_session=True,
    )  # fmt: skip
    drawn = b""

    def read() -> None:
        nonlocal drawn
        while select.select([leader], [], [], 0.05)[0]:
            drawn += os.read(leader, 65536)

    try:
        deadline = time.monotonic() + 10
        while drawn.count(b"\x1b[H") < 2:
            assert time.monotonic() < deadline and process.poll() is None, drawn
            read()
        assert termios.tcgetattr(follower) != before
        fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", 5, 20, 0, 0))
        process.send_signal(signal.SIGWINCH)
        leave(process, leader)
        while process.poll() is None:
            assert time.monotonic() < deadline, drawn
            read()
        read()
        assert termios.tcgetattr(follower) == before
    finally:
        if process.poll() is None:
            process.kill()
        os.close(leader)
        os.close(follower)
    return process.returncode, drawn


@pytest.mark.parametrize("how", ["q", "interrupt", "hangup"])
def test_top_leaves_the_terminal_as_it_was(gateway: Gateway, how: str) -> None:
    def leave(process: subprocess.Popen, leader: int) -> None:
        if how == "q":
            os.write(leader, b"q")
        else:
            process.send_signal({"interrupt": signal.SIGINT, "hangup": signal.SIGHUP}[how])

    code, drawn = screen(gateway, leave)
    assert code == 0
    assert drawn.startswith(b"\x1b[?1049h\x1b[?25l") and drawn.endswith(b"\x1b[?25h\x1b[?1049l")


def test_without_a_gateway(tmp_path: pathlib.Path, gateway: Gateway) -> None:
    for command in (["events", "--follow"], ["top"]):
        done = subprocess.run(
            [str(gateway.programs / "sluice"), *command, "--state-directory", str(tmp_path)],
            env=gateway.environment, cwd=tmp_path, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        assert done.returncode == 69 and "no gateway is running" in done.stderr, done
