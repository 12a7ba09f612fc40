"""What all the Python tests share: the marks that choose them, and a hint when the programs are missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from Harness.gateway import PROGRAMS
from Harness.postgres import PostgresDatabase, PostgresServer, programs

# The SDKs would send what they find there along with what a test gives them.
for name in [name for name in os.environ if name.startswith(("OPENAI_", "ANTHROPIC_"))]:
    del os.environ[name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--verify", action="store_true", help="also run the long tests, marked `verify`")
    parser.addoption("--write-docs", action="store_true", help="write the tables that are made from tests into docs/")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--verify"):
        return
    long, short = [], []
    for item in items:
        (long if item.get_closest_marker("verify") else short).append(item)
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = short


def pytest_report_header() -> str:
    state = "found" if (PROGRAMS / "sluice").exists() else "MISSING: run make test, or set SLUICE_BIN"
    return f"programs: {PROGRAMS.name} ({state}), python {sys.version.split()[0]}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL server, for all tests of a run."""
    if programs() is None:
        pytest.skip("no PostgreSQL server is installed: run scripts/install-packages")
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Iterator[PostgresDatabase]:
    """A fresh database for one test, which may also kill the server."""
    database = postgres_server.database()
    yield database
    database.drop()
