"""What happens to a PostgreSQL database in production: clients are thrown out, tables are locked, every connection is taken."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

from .postgres import USER, PostgresDatabase, PostgresServer
from .processes import wait_until


def _line(server: PostgresServer, program: str, database: str) -> list[str]:
    where = ["-h", str(server.folder), "-p", str(server.port), "-U", USER, "-d", database]
    return [str(server.programs / program), *where]


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}


def dump(database: PostgresDatabase) -> bytes:
    """All of a database, as pg_dump writes it."""
    line = _line(database.server, "pg_dump", database.name)
    return subprocess.run(line, check=True, capture_output=True, env=_environment(), timeout=120).stdout


def files(server: PostgresServer) -> bytes:
    """What the server's own files hold: tables, indexes, the write-ahead log."""
    # What is still in its memory is written first.
    server.sql("CHECKPOINT")
    return b"\0".join(path.read_bytes() for path in sorted(server.data.rglob("*")) if path.is_file())


def clients(database: PostgresDatabase) -> int:
    """How many connections the database has, ours not counted."""
    text = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
    return int(database.server.sql(f"{text}'{database.name}'")[0][0])


def throw_out(database: PostgresDatabase) -> int:
    """pg_terminate_backend for every client of the database; how many there were."""
    text = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
    return int(database.server.sql(f"{text}'{database.name}'")[0][0])


def _session(server: PostgresServer, database: str, text: str) -> subprocess.Popen:
    line = [*_line(server, "psql", database), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(line, stdin=quiet, stdout=quiet, stderr=quiet, env=_environment())


def _end(sessions: list[subprocess.Popen]) -> None:
    for session in sessions:
        session.kill()
    for session in sessions:
        session.wait(20)


@contextlib.contextmanager
def locked(database: PostgresDatabase, *tables: str) -> Iterator[None]:
    """Nobody else so much as reads the tables meanwhile."""
    text = f"BEGIN; LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)"
    session = _session(database.server, database.name, text)
    held = (
        "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND locktype = 'relation' "
        f"AND relation = '{tables[-1]}'::regclass"
    )
    try:
        wait_until(lambda: database.sql(held)[0][0] != "0", 20, f"{tables} are locked")
        yield
    finally:
        _end([session])
        # Who sleeps does not notice that its client is gone.
        database.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE 'BEGIN; LOCK TABLE%' AND pid <> pg_backend_pid()"
        )


def ordinary(database: PostgresDatabase) -> str:
    """A URL for the database whose user owns it and is nothing else, as in production. The tests' own user passes every limit."""
    name = database.name
    server = database.server
    server.sql(f"CREATE ROLE {name} LOGIN PASSWORD 'ordinary-{name}'")
    server.sql(f"ALTER DATABASE {name} OWNER TO {name}")
    return f"postgresql://{name}:ordinary-{name}@127.0.0.1:{server.port}/{name}"


@contextlib.contextmanager
def crowded(database: PostgresDatabase) -> Iterator[None]:
    """An `ordinary` user gets no further connection (the answer is that of max_connections), and those there were are gone."""
    server = database.server
    server.sql(f"ALTER ROLE {database.name} CONNECTION LIMIT 0")
    throw_out(database)
    try:
        yield
    finally:
        server.sql(f"ALTER ROLE {database.name} CONNECTION LIMIT -1")
