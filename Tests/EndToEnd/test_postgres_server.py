"""The PostgreSQL server that other tests work with: it keeps what was committed, whatever happens to it."""

from __future__ import annotations

from Harness.postgres import PostgresDatabase


def test_a_killed_server_has_what_was_committed(postgres: PostgresDatabase) -> None:
    postgres.sql("CREATE TABLE t(x BIGINT)")
    postgres.sql("INSERT INTO t SELECT generate_series(1, 1000)")
    server, port = postgres.server, postgres.server.port
    server.kill()
    assert not server.answers()
    server.start()
    assert server.port == port
    assert postgres.sql("SELECT count(*), max(x) FROM t") == [["1000", "1000"]]


def test_a_frozen_server_goes_on(postgres: PostgresDatabase) -> None:
    postgres.server.freeze()
    postgres.server.thaw()
    assert postgres.sql("SELECT 1, NULL, 'a b'") == [["1", "", "a b"]]
