"""The log: one line for each request, no secret in any, nobody forges one, and a reader who stops costs lines only."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections import Counter

import pytest

from Harness import operators, wire
from Harness.gateway import CLIENT_KEY, PROVIDER_KEY, Gateway, base_config, once, openai_provider
from Harness.processes import wait_until
from Harness.provider import OwnProvider

RECORD = re.compile(rb"\brecord(?:=|\":\")([0-9a-f]{32})\b")


@pytest.fixture(scope="module")
def own():
    with OwnProvider() as provider:
        yield provider


def config(own: OwnProvider, **logging) -> dict:
    return base_config(
        None,
        state_directory=None,
        logging=logging,
        providers={name: openai_provider(own.base_url, breaker=False) for name in ("own", "spare")},
        models=once("own", "spare"),
    )


@pytest.fixture(scope="module")
def gateway(own: OwnProvider, tmp_path_factory: pytest.TempPathFactory):
    with Gateway(config(own, level="debug"), folder=tmp_path_factory.mktemp("gateway")) as running:
        running.wait_for_tree()
        yield running


def lines(gateway: Gateway, message: str = "request") -> list[dict]:
    return [line for line in gateway.log() if line["message"] == message]


def line(gateway: Gateway, reply) -> dict:
    """The one line of a reply's request."""
    record = reply.header("x-sluice-record")
    wait_until(lambda: any(one["record"] == record for one in lines(gateway)), 5, f"the line of {record}")
    found = [one for one in lines(gateway) if one["record"] == record]
    assert len(found) == 1, found
    return found[0]


def test_each_request_has_exactly_one_line(gateway: Gateway) -> None:
    replies = [
        (gateway.chat("own:chat", headers={"x-request-id": "mine"}), 200, "complete"),
        (gateway.chat("own:stream-5-0", stream=True), 200, "complete"),
        (gateway.chat("spare:status-429"), 429, "complete"),
        (gateway.chat("own:reset"), 502, "error"),
        (gateway.request("POST", "/v1/chat/completions", {}, gateway.authorization()), 400, "error"),
        (gateway.chat("own:chat", headers={"Authorization": "Bearer sk-wrong"}), 401, "error"),
        (gateway.request("GET", "/v1/models", headers=gateway.authorization()), 200, "complete"),
        (gateway.request("GET", "/nowhere"), 404, "error"),
        (gateway.request("GET", "/health"), 200, "complete"),
    ]
    for reply, status, outcome in replies:
        found = line(gateway, reply)
        assert (found["status"], found["outcome"]) == (status, outcome) == (reply.status, outcome), found
        assert found["role"] == "edge" and found["client"] == "127.0.0.1" and found["level"] == "info"
    with gateway.connect() as connection:  # no request at all
        connection.send(b"GET / HTTP/9.x\r\n\r\n")
        reply = connection.reply()
    assert line(gateway, reply)["status"] == reply.status == 400
    counts = Counter(one["record"] for one in lines(gateway))
    assert set(counts.values()) == {1}

    served = line(gateway, replies[0][0])
    assert (served["request_id"], served["model"], served["provider"]) == ("mine", "own:chat", "own")
    assert (served["attempts"], served["tokens_in"], served["tokens_out"]) == (1, 7, 5)
    assert served["bytes_out"] == len(replies[0][0].body) and served["bytes_in"] > 0
    assert served["duration_ms"] >= served["ttft_ms"] > 0
    assert line(gateway, replies[1][0])["stream"] is True


def test_the_line_names_the_record_that_operators_see(gateway: Gateway) -> None:
    reply = gateway.chat("own:chat")
    record = line(gateway, reply)["record"]
    assert record == reply.header("x-sluice-record")
    wait_until(lambda: operators.run(gateway, "explain", record).returncode == 0, 5, "the record")
    shown = json.dumps(operators.ask(gateway, "explain", record))
    assert record in shown and '"own:chat"' in shown


def test_a_client_that_leaves_has_one_line_too(gateway: Gateway) -> None:
    before = len(lines(gateway))
    with gateway.connect() as connection:
        connection.send(gateway.chat_bytes({"model": "own:stream-50-50", "stream": True, "messages": []}))
        connection.wait_for_body(1)
    wait_until(lambda: len(lines(gateway)) > before, 10, "its line")
    found = lines(gateway)[-1]
    assert (found["outcome"], found["stream"]) == ("disconnected", True), found


CANARIES = ("canary-prompt", "canary-wrong-key", "canary-basic", "canary-query", "canary-x-api-key", "canary-tag-value")


def test_no_secret_and_no_prompt_is_ever_logged(own: OwnProvider, tmp_path) -> None:
    with Gateway(config(own, level="debug"), folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        prompt = [{"role": "user", "content": "canary-prompt"}]
        for model in ("own:chat", "own:reset", "own:status-500", "own:stream-3-0"):
            gateway.request(
                "POST", "/v1/chat/completions?key=canary-query", {"model": model, "messages": prompt, "stream": True},
                gateway.authorization() | {"x-sluice-tags": "canary-tag-value"},
            )
        for header in (
            {"Authorization": "Bearer canary-wrong-key"},
            {"Authorization": "Basic canary-basic"},
            {"x-api-key": "canary-x-api-key"},
        ):
            assert gateway.chat("own:chat", headers=header).status == 401
        gateway.request("GET", "/canary-query?token=canary-query")
        with gateway.connect() as connection:
            connection.send(b"GET /canary-query HTTP/1.1\r\nHost: a\r\nAuthorization canary-basic\r\n\r\n")
            connection.reply()
        gateway.kill_child(gateway.child("upstream"))
        gateway.crashes_expected = True
        gateway.chat("own:chat", messages=prompt)
    output = gateway.log_text() + gateway.output_text()
    assert len(lines(gateway)) >= 9
    for canary in (*CANARIES, CLIENT_KEY, PROVIDER_KEY):
        assert output.count(canary) == 0, f"{canary}: {[one for one in output.splitlines() if canary in one]}"


HOSTILE = [
    b"\x1b[31mred",
    b'"} {"message":"request"',
    b"a\\",
    b"a level=error message=forged",
    b"\xe2\x80\xae\xc2\x9b\xff\xfe",
    b"x" * 5000,
]


@pytest.mark.parametrize("form", ["json", "text"])
def test_nobody_forges_a_line(form: str, own: OwnProvider, tmp_path) -> None:
    sent = []
    with Gateway(config(own, format=form), folder=tmp_path) as gateway:
        wait_until(lambda: gateway.request("GET", "/health/ready").status == 200, 20, "ready")
        key = f"Authorization: Bearer {CLIENT_KEY}\r\n".encode()
        for text in HOSTILE:
            body = json.dumps({"model": f"own:chat{text.decode('latin-1')[:200]}\n", "messages": []}).encode()
            head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nUser-Agent: " + text + b"\r\n" + key
            head += b"x-request-id: " + text + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
            with gateway.connect() as connection:
                connection.send(head + body)
                sent.append(connection.reply().header("x-sluice-record"))
            with gateway.connect() as connection:
                connection.send(b"GET /" + text + b"?" + text + b" HTTP/1.1\r\nHost: a\r\n" + key + b"\r\n")
                sent.append(connection.reply().header("x-sluice-record"))
        wait_until(lambda: all(record in gateway.log_text() for record in sent), 5, "all lines")
    raw = list(gateway._stderr)
    found = [match[1].decode() for one in raw if (match := RECORD.search(one)) and b"endpoint" in one]
    assert Counter(found) & Counter(sent) == Counter(sent)
    for one in raw:
        one.decode("utf-8")
        assert one.endswith(b"\n") and len(one) <= 4096
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]", one), one
        if form == "json":
            json.loads(one)
        else:
            assert re.match(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info |warning|error) +\w+/\d+ ", one), one
            assert b"forged" not in re.sub(rb'"(?:[^"\\]|\\.)*"', b"", one)


def test_prompts_and_replies_where_they_are_wanted(own: OwnProvider, tmp_path) -> None:
    with Gateway(config(own, prompts=True, responses=True), folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        reply = gateway.chat("own:chat", messages=[{"role": "user", "content": "canary-prompt\n"}])
        record = line(gateway, reply)["record"]
        wait_until(lambda: bool(lines(gateway, "content")), 5, "the content")
    (content,) = lines(gateway, "content")
    assert content["record"] == record
    assert json.loads(content["prompt"])["messages"][0]["content"] == "canary-prompt\n"
    assert content["response"].encode() == reply.body
    assert "logging.prompts" in gateway.log_text()


def test_without_access_lines(own: OwnProvider, tmp_path) -> None:
    with Gateway(config(own, access=False), folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        assert gateway.chat("own:chat").status == 200
    assert lines(gateway) == [] and gateway.log()


def test_a_rotated_file_loses_no_line(own: OwnProvider, tmp_path) -> None:
    """logging.file is opened anew on USR1: what came before stays in the renamed file, what comes after is in the new one."""
    path, renamed, records = tmp_path / "gateway.log", tmp_path / "gateway.log.1", []

    def in_file(file, record: str) -> bool:
        return file.exists() and record in file.read_text()

    with Gateway(config(own, file=str(path)), folder=tmp_path) as gateway:
        records.append(gateway.chat("own:chat").header("x-sluice-record"))
        wait_until(lambda: in_file(path, records[0]), 5, "the first line")
        path.rename(renamed)
        gateway.send_signal(signal.SIGUSR1)
        wait_until(path.exists, 5, "the new file")
        for _ in range(20):
            records.append(gateway.chat("own:chat").header("x-sluice-record"))
    text = renamed.read_text() + path.read_text()
    assert in_file(path, records[-1]) and not in_file(path, records[0])
    assert [text.count(f'"message":"request","record":"{record}"') for record in records] == [1] * len(records)


class MoodyReader(Gateway):
    """A gateway whose output is read while `reading` is set, and until `leaving` is."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.reading = threading.Event()
        self.reading.set()
        self.leaving = False

    def _collect(self, pipe, lines: list[bytes]) -> None:
        while self.reading.wait() and (line := pipe.readline()):
            lines.append(line)
            if self.leaving:
                return pipe.close()

    def dropped(self) -> int:
        """Lines that the edges have dropped."""
        text = self.request("GET", "/metrics").body.decode()
        found = re.search(r'sluice_log_lines_dropped_total\{role="edge"\} (\d+)', text)
        return int(found[1]) if found else 0


def test_a_reader_who_leaves_ends_nothing(own: OwnProvider, tmp_path) -> None:
    with MoodyReader(config(own), folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        gateway.leaving = True
        for _ in range(5):
            assert gateway.chat("own:chat").status == 200
        wait_until(lambda: gateway.dropped() > 0, 5, "lines are counted as dropped")
        assert gateway.chat("own:chat").status == 200


def test_a_reader_who_stops_costs_lines_and_no_time(own: OwnProvider, tmp_path) -> None:
    """F36: the edge goes on as if nothing were; what was lost is counted, and said once somebody reads again."""
    with MoodyReader(config(own), folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        gateway.reading.clear()
        head = wire.render("GET", "/health", {}, b"")
        sent = 0
        with gateway.connect() as connection:
            for _ in range(40):
                started = time.monotonic()
                connection.send(head * 50)
                for _ in range(50):
                    assert connection.reply().status == 200
                sent += 50
                assert time.monotonic() - started < 5
        assert gateway.chat("own:chat").status == 200
        sent += 1

        wait_until(lambda: gateway.dropped() > 500, 5, "lines are counted as dropped")
        gateway.reading.set()

        def accounted_for() -> int:
            """Lines that came, and those that were said to be lost. Each second says its own, where there is room."""
            said = sum(one["lines"] for one in lines(gateway, "log lines lost") if one["role"] == "edge")
            seen = [one for one in lines(gateway) if one["endpoint"] in ("health", "chat_completions")]
            return len(seen) + said

        wait_until(lambda: accounted_for() >= sent, 10, "none is missing from the sum")
        assert any(one["lines"] > 100 for one in lines(gateway, "log lines lost"))
        # Nothing is left of the jam: the next line comes.
        assert line(gateway, gateway.chat("own:chat"))["status"] == 200
