"""PostgreSQL killed, frozen, locked and cut off under load: requests never notice, and each is in the books exactly once (F27, F28)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import pathlib
import random
import time
from collections.abc import Callable, Iterator

import pytest

from Harness.gateway import NO_LIMITS, Gateway, base_config, openai_provider
from Harness.invariants import Invariants
from Harness.ledger import Books, LedgerClient, judge, provider_calls
from Harness.postgres import PostgresDatabase, PostgresServer, programs
from Harness.processes import wait_until
from Harness.provider import OwnProvider

pytestmark = pytest.mark.skipif(programs() is None, reason="no PostgreSQL server is installed")
USERS = 8
SILENCE = 12.0  # longer than a process may be silent before the supervisor ends it (10 s)
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'sluice%'"


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """One that only these tests hurt."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def database(own_server: PostgresServer) -> Iterator[PostgresDatabase]:
    database = own_server.database()
    yield database
    database.drop()


def metric(gateway: Gateway, name: str) -> int:
    text = gateway.request("GET", "/metrics").body.decode()
    return sum(int(float(line.rpartition(" ")[2])) for line in text.splitlines() if line.startswith(name))


class Scene:
    """A gateway whose usage goes to a server, under load from `LedgerClient`."""

    def __init__(self, folder: pathlib.Path, database: PostgresDatabase, provider: OwnProvider) -> None:
        self.database, self.server, self.provider = database, database.server, provider
        self.folder = folder
        self.gateway = self.make()
        self.client = LedgerClient(random.randrange(1 << 30))

    def make(self) -> Gateway:
        config = base_config(
            self.folder / "state",
            workers={"edge": 1, "upstream": 1},
            providers={"own": openai_provider(self.provider.base_url)},
            pricing={"own:*": {"input": 1, "output": 2}},
            database={"control": "sqlite", "usage": self.database.url},
            limits=NO_LIMITS,
        )
        return Gateway(config, folder=self.folder)

    def run(self, fault: Callable[[], None], before: int = 20, after: int = 40, rests: bool = True) -> None:
        """Load with the fault inside it; then everything must be in the books."""
        with self.gateway as gateway:
            gateway.wait_for_tree()
            self.aggregator = gateway.child("aggregator")
            invariants = Invariants(gateway)
            self._load(fault, before, after)
            assert gateway.child("aggregator") == self.aggregator, gateway.log_text()
            wait_until(lambda: metric(gateway, "sluice_journal_lag_bytes") == 0, 30, "journals are read", interval=0.1)
            wait_until(lambda: metric(gateway, "sluice_usage_database_up") == 1, 10, "the database is up", interval=0.1)
            failed = [entry for entry in self.client.entries if entry.kind == "failed"]
            assert not failed, failed[:3]
            if rests:
                invariants.check()
            gateway.stop()
            assert not [path for path in (gateway.state / "journal").glob("*.journal")]
        judge(self.client.entries, provider_calls(self.provider), Books.of_server(self.database), 0)

    def _load(self, fault: Callable[[], None], before: int, after: int) -> None:
        """The fault is the main thread's: a server that it starts ends with the thread that started it."""
        self.client.gateway = self.gateway
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            load = threads.submit(lambda: asyncio.run(self.client.run(USERS)))
            try:
                self._finished(before, load)
                fault()
                self._finished(self.client.finished + after, load)
            finally:
                self.client.stop()
                load.result(60)

    def _finished(self, count: int, load: concurrent.futures.Future) -> None:
        wait_until(lambda: self.client.finished >= count or load.done(), 60, f"{count} requests", 0.01)

    def serves_on(self, count: int = 20) -> None:
        """Requests end while whatever is wrong goes on."""
        goal = self.client.finished + count
        wait_until(lambda: self.client.finished >= goal, 30, f"{count} further requests")


@pytest.fixture
def scene(tmp_path: pathlib.Path, database: PostgresDatabase) -> Iterator[Scene]:
    with OwnProvider() as provider:
        yield Scene(tmp_path, database, provider)


def test_f27_a_killed_server_loses_and_doubles_nothing(scene: Scene, full: bool) -> None:
    def fault() -> None:
        for _ in range(20 if full else 3):
            scene.server.kill()
            scene.serves_on()
            scene.server.start()
            time.sleep(random.uniform(0, 0.6))

    scene.run(fault)


def test_f28_a_commit_of_unknown_outcome_is_made_once(scene: Scene, full: bool) -> None:
    """Connections are cut all the time: in any moment of a transaction, its commit included."""

    def fault() -> None:
        until = time.monotonic() + (60 if full else 2)
        while time.monotonic() < until:
            scene.server.sql(CUT)
            time.sleep(random.uniform(0, 0.3))

    scene.run(fault)


@pytest.mark.verify
def test_f27_a_silent_server_keeps_nobody_waiting(scene: Scene) -> None:
    def fault() -> None:
        scene.server.freeze()
        began = time.monotonic()
        wait_until(lambda: metric(scene.gateway, "sluice_usage_database_up") == 0, 10, "the silence is seen", interval=0.2)
        # The aggregator answers, and so do its heartbeats.
        while time.monotonic() < began + SILENCE:
            asked = time.monotonic()
            assert metric(scene.gateway, "sluice_journal_lag_bytes") > 0
            assert time.monotonic() - asked < 2
            time.sleep(0.5)
        scene.serves_on()
        scene.server.thaw()

    scene.run(fault)


def test_f27_a_locked_table_is_waited_for(scene: Scene) -> None:
    def fault() -> None:
        scene.server.sql(
            "BEGIN; LOCK TABLE sluice_usage.requests IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT",
            scene.database.name,
        )

    scene.run(fault)


def test_f27_the_gateway_starts_and_serves_without_its_server(scene: Scene) -> None:
    """Started again while the server is away: requests are served, and go to the books when it comes."""
    with scene.make() as before:
        before.wait_for_tree()
    scene.server.stop()

    def fault() -> None:
        assert metric(scene.gateway, "sluice_usage_database_up") == 0
        scene.serves_on()
        scene.server.start()

    # What it holds at rest was looked at while it had no connections.
    scene.run(fault, rests=False)
