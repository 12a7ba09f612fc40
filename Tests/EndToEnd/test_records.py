"""Every request whose body came whole has one record, settled before its last byte; nothing else has one."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3

import pytest

from Harness import wire
from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.processes import wait_until
from Harness.provider import OwnProvider

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def own():
    with OwnProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def gateway(own: OwnProvider, tmp_path_factory: pytest.TempPathFactory):
    providers = {name: openai_provider(own.base_url, breaker=False) for name in ("own", "spare")}
    config = base_config(None, state_directory=None, providers=providers, models=once(*providers))
    with Gateway(config, folder=tmp_path_factory.mktemp("gateway")) as running:
        running.wait_for_tree()
        yield running


def rows(gateway: Gateway, where: str = "", *values: object) -> list[sqlite3.Row]:
    query = (
        "SELECT t.*, r.label, r.tags, lower(hex(r.trace_id)) AS trace, r.body_bytes, lower(hex(p.project)) AS project"
        " FROM requests_text t JOIN requests r ON lower(hex(r.record)) = t.record"
        " LEFT JOIN principals p ON p.id = r.principal " + where
    )
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{gateway.state / 'usage.db'}?mode=ro", uri=True)
        ) as database:
            database.row_factory = sqlite3.Row
            return database.execute(query, values).fetchall()
    except sqlite3.OperationalError:  # the database is being made
        return []


def row(gateway: Gateway, reply) -> sqlite3.Row:
    """The settled row of a reply, by the record it names."""
    record = reply.header("x-sluice-record")
    found: list[sqlite3.Row] = []

    def is_settled() -> bool:
        found[:] = rows(gateway, "WHERE t.record = ?", record)
        return bool(found) and found[0]["rank"] == 3

    wait_until(is_settled, 5, f"the record {record} is settled")
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("model", "stream", "expected"),
    [
        ("own:chat", False, (200, "complete", "provider", 7, 5, None)),
        ("own:stream-5-0", True, (200, "complete", "provider", 7, 5, None)),
        ("spare:status-429", False, (429, "complete", "none", 0, 0, None)),
        ("own:reset", False, (502, "error", "none", 0, 0, "provider_connection_reset")),
    ],
)
def test_what_is_recorded(model: str, stream: bool, expected: tuple, gateway: Gateway) -> None:
    reply = gateway.chat(model, stream=stream)
    found = row(gateway, reply)
    names = ("status", "outcome", "usage_source", "input", "output", "error")
    assert tuple(found[name] for name in names) == expected, dict(found)
    assert (found["model"], found["provider"], found["model_sent"]) == (model, *model.split(":"))
    assert found["total"] >= found["first_byte"] > 0 and found["body_bytes"] > 0
    assert found["project"] == "0" * 31 + "1"


def test_what_the_client_says_of_it(gateway: Gateway) -> None:
    headers = {
        "X-Request-Id": "mine",
        "Traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
        "X-Sluice-Tags": "team=search; tier=1",
    }
    replies = [gateway.chat("own:chat", headers=headers) for _ in range(3)]
    assert {reply.header("x-request-id") for reply in replies} == {"mine"}
    found = [row(gateway, reply) for reply in replies]
    # A label identifies nothing: who repeats it pays each time.
    assert len({entry["record"] for entry in found}) == 3
    assert {(entry["label"], entry["tags"], entry["trace"]) for entry in found} == {
        ("mine", "team=search; tier=1", TRACE)
    }
    assert all(entry["input"] == 7 for entry in found)


def test_refusals(gateway: Gateway) -> None:
    """Of what the body says: recorded. Before the body is read: not."""
    refused = gateway.request("POST", "/v1/chat/completions", b'{"model":')
    assert refused.status == 400
    found = row(gateway, refused)
    assert (found["status"], found["outcome"], found["error"], found["provider"]) == (400, "error", "invalid_json", "")
    assert found["cost"] == 0

    early = [
        wire.request(gateway.address, "POST", "/v1/chat/completions", body=b"{}"),
        gateway.request("POST", "/v1/nothing", b"{}"),
        gateway.request("GET", "/v1/chat/completions"),
        gateway.request("GET", "/v1/models"),
        gateway.chat("own:chat", headers={"X-Sluice-Tags": "t" * 1025}),
    ]
    assert [reply.status for reply in early] == [401, 404, 405, 200, 400]
    assert early[-1].error["code"] == "invalid_tags"
    row(gateway, gateway.chat("own:chat"))  # what was before it is in the database by now
    for reply in early:
        assert not rows(gateway, "WHERE t.record = ?", reply.header("x-sluice-record"))


def test_a_lost_upstream(own: OwnProvider, gateway: Gateway) -> None:
    """The edge lives on and settles what it was passing on, by an estimate."""
    connection = gateway.connect()
    body = {"model": "own:stream-2000-5", "stream": True, "messages": [{"role": "user", "content": "x" * 4000}]}
    connection.send(gateway.chat_bytes(body, {"X-Request-Id": "lost"}))
    connection.wait_for_body(3000)
    os.kill(gateway.child("upstream"), signal.SIGKILL)
    wait_until(
        lambda: [entry for entry in rows(gateway, "WHERE r.label = 'lost'") if entry["rank"] == 3], 10, "it is settled"
    )
    (found,) = rows(gateway, "WHERE r.label = 'lost'")
    assert (found["status"], found["outcome"], found["error"]) == (200, "error", "upstream_lost"), dict(found)
    assert found["usage_source"] == "estimated" and found["output"] > 0 and 300 <= found["input"] <= 3000
    connection.close()
    gateway.wait_for_tree()
