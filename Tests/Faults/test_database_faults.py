"""What PostgreSQL does to those who use it (F27): known keys go on, the administration says 503 in time, and all heals by itself."""

from __future__ import annotations

import contextlib
import pathlib
import time
from collections.abc import Callable, Iterator

import pytest

from Harness import wire
from Harness.administered import Administered, administered
from Harness.database_faults import clients, crowded, locked, throw_out
from Harness.postgres import PostgresServer
from Harness.processes import wait_until
from Harness.visitor import Visitor

# A refusal may take as long as a statement or a connection may: nobody waits longer.
PATIENCE = 12.0
HEALED = 15.0


@contextlib.contextmanager
def killed(running: Administered) -> Iterator[None]:
    running.database.server.kill()
    yield
    running.database.server.start()


@contextlib.contextmanager
def frozen(running: Administered) -> Iterator[None]:
    running.database.server.freeze()
    try:
        yield
    finally:
        running.database.server.thaw()


@contextlib.contextmanager
def full(running: Administered) -> Iterator[None]:
    with crowded(running.database):
        yield


@contextlib.contextmanager
def tables_locked(running: Administered) -> Iterator[None]:
    with locked(running.database, "sluice_control.control", "sluice_control.organizations", "sluice_control.keys"):
        yield


@contextlib.contextmanager
def running_with(server: PostgresServer, folder: pathlib.Path) -> Iterator[Administered]:
    with administered(folder, server, environment={"SWIFT_BACKTRACE": "enable=no"}) as running:
        yield running


def works(running: Administered) -> bool:
    return running.owner.request("POST", "keys", {"name": f"probe-{time.monotonic_ns()}"}).status == 201


def refused(running: Administered, deadline: float = PATIENCE) -> list[float]:
    """Reads and writes while the database is away: each is refused as it should be, and how long that took."""
    took = []
    for method, path, body in (("GET", "keys", None), ("POST", "keys", {"name": "while it is away"}), ("GET", "orgs", None)):
        began = time.monotonic()
        reply = running.owner.request(method, path, body)
        took.append(time.monotonic() - began)
        assert reply.status == 503, f"{method} {path}: {reply.status} {reply.body!r}"
        error = reply.error
        assert error["code"] in ("storage_failed", "busy"), error
        assert "sluice_" not in error["message"] and "ordinary" not in error["message"], f"it tells of the database: {error}"
        assert took[-1] < deadline, f"{method} {path} took {took[-1]:.1f} s"
    return took


@pytest.mark.parametrize("fault", [killed, pytest.param(frozen, marks=pytest.mark.verify), full, pytest.param(tables_locked, marks=pytest.mark.verify)])
def test_a_database_that_is_away(
    fault: Callable, postgres_server: PostgresServer, tmp_path: pathlib.Path
) -> None:
    with running_with(postgres_server, tmp_path) as running:
        gateway = running.gateway
        before = gateway.children("control")
        visitor = Visitor(gateway.key, gateway.address)
        visitor.start()
        with fault(running):
            took = refused(running)
            # What needs no database is answered, and so are clients, new connections and all.
            assert running.owner.request("GET", "/health/ready").status == 200
            assert gateway.chat("simulated:x").status == 200
            wrong = wire.request(gateway.address, "GET", "/v1/models", {"Authorization": "Bearer sk-sl-" + "A" * 43})
            assert wrong.status == 401
            calls = len(visitor.outcomes)
            wait_until(lambda: len(visitor.outcomes) > calls + 5, 20, "clients are served")
        began = time.monotonic()
        wait_until(lambda: works(running), HEALED, "the administration works again", 0.1)
        healed = time.monotonic() - began
        visitor.stopping.set()
        visitor.join(30)
        assert set(visitor.outcomes) == {"200"}, set(visitor.outcomes)
        assert gateway.children("control") == before, "control was started anew"
        assert clients(running.database) <= 12, "it holds ever more connections"
        print(f"{fault.__name__}: refused in {max(took):.2f} s, healed in {healed:.2f} s, {len(visitor.outcomes)} calls")


def test_clients_that_are_thrown_out(postgres_server: PostgresServer, tmp_path: pathlib.Path) -> None:
    """pg_terminate_backend and a restart in order: at the most the requests under way are refused, and nothing has to be waited for."""
    with running_with(postgres_server, tmp_path) as running:
        for number in range(5):
            if number % 2:
                postgres_server.restart()
            else:
                assert throw_out(running.database) > 0
            wait_until(lambda: works(running), 5, "the administration works again", 0.05)
        assert clients(running.database) <= 12


def test_usage_is_counted_when_the_database_is_back(postgres_server: PostgresServer, tmp_path: pathlib.Path) -> None:
    with running_with(postgres_server, tmp_path) as running:
        gateway = running.gateway
        with killed(running):
            for _ in range(20):
                assert gateway.chat("simulated:x").status == 200
        wait_until(lambda: len(running.owner.all("requests")) >= 20, 30, "all requests are in the books", 0.2)
        assert len(running.owner.all("requests")) == 20


def test_a_start_while_the_database_is_away(postgres_server: PostgresServer, tmp_path: pathlib.Path) -> None:
    """Known keys are served from the first moment; the administration comes when the database does."""
    with running_with(postgres_server, tmp_path) as running:
        gateway = running.gateway
        gateway.stop()
        postgres_server.kill()
        try:
            gateway.process = None
            gateway.start(60)
            assert gateway.chat("simulated:x").status == 200
            running.owner.address = gateway.address
            wait_until(lambda: running.owner.request("GET", "orgs").status == 503, 20, "503")
        finally:
            postgres_server.start()
        wait_until(lambda: works(running), 30, "the administration works", 0.1)
