"""The books, kept twice: what the clients and the provider saw, against what the gateway wrote down.

`LedgerClient` sends requests and keeps its own list; `Books` reads the usage database; `judge` compares the two and the provider's
log, and raises on the first thing that does not agree.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import pathlib
import random
import sqlite3
import time
from dataclasses import dataclass

from . import wire
from .gateway import Gateway
from .load import AsyncConnection
from .postgres import PostgresDatabase
from .provider import OwnProvider

PROMPT_TOKENS = 7  # what the provider says of every prompt
UNARY_TOKENS = 5
RANKS = {"open": 0, "recovery": 1, "upstream": 2, "edge": 3}


@dataclass
class Entry:
    """One request in the client's list."""

    label: str
    tokens: int  # of output, if it comes whole
    began: float = 0.0
    kind: str = "open"  # complete | failed | disconnected
    record: str | None = None
    dropped: bool = False  # the gateway was told to forget its SETTLE (test builds)


class LedgerClient:
    """Many users at once, each with a request after the other; some hang up on purpose."""

    def __init__(self, seed: int, drop_every: int = 0) -> None:
        self.random = random.Random(seed)
        self.prefix = f"c{seed}"
        self.drop_every = drop_every
        self.entries: list[Entry] = []
        self.flying: dict[str, Entry] = {}
        self.gateway: Gateway | None = None
        self.finished = 0
        self._stopping = False
        self._count = 0

    def stop(self) -> None:
        self._stopping = True

    async def run(self, users: int) -> None:
        await asyncio.gather(*(self._user() for _ in range(users)))

    async def _user(self) -> None:
        connection: AsyncConnection | None = None
        while not self._stopping:
            self._count += 1
            number = self._count
            stream = self.random.random() < 0.6
            tokens = self.random.randint(1, 30) if stream else UNARY_TOKENS
            model = f"stream-{tokens}-{self.random.choice([0, 1, 5])}" if stream else "chat"
            entry = Entry(f"{self.prefix}-{number}", tokens, time.monotonic())
            entry.dropped = self.drop_every > 0 and number % self.drop_every == 0
            # A client that leaves may do so before anything is recorded: what is dropped on purpose must be missed by somebody.
            leaves = self.random.random() < 0.15 and not entry.dropped
            self.flying[entry.label] = entry
            try:
                if connection is None or connection.ended or self.random.random() < 0.2:
                    if connection is not None:
                        connection.close()
                    connection = await AsyncConnection.open(self._address())
                await asyncio.wait_for(self._one(connection, entry, model, stream, leaves), 60)
            except (OSError, AssertionError, wire.ProtocolError):
                entry.kind = "failed"
                await asyncio.sleep(0.02)
            if leaves or entry.kind == "failed":
                if connection is not None:
                    connection.close()
                connection = None
            del self.flying[entry.label]
            self.entries.append(entry)
            self.finished += 1
        if connection is not None:
            connection.close()

    def _address(self) -> tuple[str, int]:
        if self.gateway is None:
            raise ConnectionRefusedError("no gateway runs")
        return self.gateway.address

    async def _one(self, connection: AsyncConnection, entry: Entry, model: str, stream: bool, leaves: bool) -> None:
        gateway = self.gateway
        if gateway is None:
            raise ConnectionRefusedError("no gateway runs")
        # All bodies differ: nothing may be taken for a repetition of another.
        text = "".join(self.random.choices("abcdefgh ", k=self.random.randint(5, 400))) + entry.label
        body = {"model": f"own:{model}", "messages": [{"role": "user", "content": text}], "stream": stream}
        headers = {"X-Request-Id": entry.label}
        if entry.dropped:
            headers["X-Sluice-Test-Drop-Settle"] = "1"
        connection.send(gateway.chat_bytes(body, headers))
        if leaves:
            entry.kind = "disconnected"
            connection.hold_after = self.random.choice([1, 300, 1500])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(connection.until_held(), self.random.choice([0, 0.005, 0.05]))
            current = connection.parser.current
            entry.record = current.header("x-sluice-record") if current is not None else None
            return
        reply = await connection.reply()
        if reply is None:
            entry.kind = "failed"
            return
        entry.record = reply.header("x-sluice-record")
        whole = reply.complete and reply.status == 200 and (not stream or b"[DONE]" in reply.body)
        entry.kind = "complete" if whole else "failed"


class Books:
    """What `usage.db` says, read once."""

    def __init__(self, state: pathlib.Path) -> None:
        with contextlib.closing(sqlite3.connect(f"file:{state / 'usage.db'}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            database.execute("BEGIN")  # all of one moment, while the aggregator writes on
            self.requests = {row["record"]: dict(row) for row in database.execute("SELECT * FROM requests_text")}
            for record, label in database.execute("SELECT lower(hex(record)), label FROM requests"):
                self.requests[record]["label"] = label
            self.attempts = {
                f"{row['record']}-{row['number']}": dict(row) for row in database.execute("SELECT * FROM attempts_text")
            }

    @classmethod
    def of_server(cls, database: PostgresDatabase) -> Books:
        """The same of a PostgreSQL database."""

        def rows(table: str) -> list[dict]:
            text = f"SET search_path = sluice_usage; SELECT row_to_json(q) FROM ({table}) q"
            return [json.loads(line[0]) for line in database.sql(text)]

        books = cls.__new__(cls)
        books.requests = {
            row["record"]: row
            for row in rows(
                "SELECT t.*, encode(r.label, 'escape') AS label FROM requests_text t"
                " JOIN requests r ON r.record = decode(t.record, 'hex')"
            )
        }
        books.attempts = {f"{row['record']}-{row['number']}": row for row in rows("SELECT * FROM attempts_text")}
        return books

    def by_label(self) -> dict[str, list[dict]]:
        found: dict[str, list[dict]] = {}
        for row in self.requests.values():
            if row["label"]:
                found.setdefault(row["label"], []).append(row)
        return found


@dataclass
class Verdict:
    requests: int
    complete: int
    orphans: int
    calls: int
    rows_without_call: int


def provider_calls(provider: OwnProvider) -> list[str]:
    """The call ids in the provider's own log, in the order they came."""
    return [seen.header("x-client-request-id") or "" for seen in list(provider.log) if seen.method == "POST"]


def judge(
    entries: list[Entry], calls: list[str], books: Books, in_flight_at_kills: int, prompt_tokens: int = PROMPT_TOKENS
) -> Verdict:
    """Raises AssertionError where the books differ from what was seen. `prompt_tokens` is what the provider says of every
    prompt."""
    by_label = books.by_label()
    unsettled = [row for row in books.requests.values() if row["rank"] == RANKS["open"]]
    assert not unsettled, f"{len(unsettled)} requests are not settled, such as {unsettled[:2]}"
    for entry in entries:
        rows = by_label.get(entry.label, [])
        assert len(rows) <= 1, f"{entry}: {len(rows)} rows: {rows}"
        if entry.kind == "complete":
            assert entry.record is not None, entry
            row = books.requests.get(entry.record)
            assert row is not None, f"no row for a request whose last byte came: {entry}"
            assert row["rank"] == RANKS["edge"], f"settled by somebody else than its edge: {entry} {row}"
            assert (row["status"], row["outcome"], row["usage_source"]) == (200, "complete", "provider"), (entry, row)
            assert (row["input"], row["output"]) == (prompt_tokens, entry.tokens), (entry, row)
        elif entry.record is not None:
            assert entry.record in books.requests, f"no row for a request that was answered: {entry}"
    assert len(books.requests) <= len(entries), "more rows than requests were sent"
    # The provider's log against the attempts.
    assert len(set(calls)) == len(calls), f"calls with one id: {sorted(calls)}"
    missing = [call for call in calls if call not in books.attempts]
    assert not missing, f"{len(missing)} calls of the provider's log have no row, such as {missing[:3]}"
    seen = set(calls)
    # A call of which not one byte was sent is known not to be billed; every other row without a call is "unknown".
    extra = [row for call, row in books.attempts.items() if call not in seen and row["billed"] != "no"]
    billed = [row for row in extra if row["billed"] != "unknown"]
    assert not billed, f"billed, but never in the provider's log: {billed[:3]}"
    assert len(extra) <= in_flight_at_kills, f"{len(extra)} rows without a call, {in_flight_at_kills} were in flight"
    return Verdict(
        requests=len(books.requests),
        complete=sum(entry.kind == "complete" for entry in entries),
        orphans=sum(0 < row["rank"] < RANKS["edge"] for row in books.requests.values()),
        calls=len(calls),
        rows_without_call=len(extra),
    )
