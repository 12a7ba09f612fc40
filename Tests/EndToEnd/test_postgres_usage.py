"""Usage in PostgreSQL: what the provider's log says is what `usage`, `requests` and `explain` say, over a restart too."""

from __future__ import annotations

import pathlib
from decimal import Decimal

from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.ledger import Books
from Harness.operators import ask
from Harness.postgres import PASSWORD, PASSWORD_IN_URL, PostgresDatabase
from Harness.processes import wait_until
from Harness.provider import OwnProvider


def test_usage_in_a_server_agrees_with_the_provider(tmp_path: pathlib.Path, postgres: PostgresDatabase) -> None:
    with OwnProvider() as provider:
        config = base_config(
            tmp_path / "state",
            providers={"own": openai_provider(provider.base_url)},
            models=once("own"),
            pricing={"own:*": {"input": 1, "output": 2}},
            database={"control": "sqlite", "usage": postgres.url},
        )
        with Gateway(config, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            replies = [gateway.chat("chat", headers={"x-request-id": f"u-{number}"}) for number in range(5)]
            replies.append(gateway.chat("stream-12-1", stream=True, headers={"x-request-id": "u-5"}))
            assert [reply.status for reply in replies] == [200] * 6
            assert gateway.chat("own:status-500", headers={"x-request-id": "failed"}).status == 500
            wait_until(lambda: ask(gateway, "usage", "today")["total"]["requests"] == 7, 15, "seven requests", interval=0.1)

            total = ask(gateway, "usage", "today")["total"]
            assert (total["requests"], total["errors"], total["open"]) == (7, 1, 0)
            tokens = total["tokens"]
            assert (tokens["input"], tokens["output"]) == (6 * 7, 5 * 5 + 12)
            assert Decimal(total["cost_usd"]) == (Decimal(tokens["input"]) + 2 * Decimal(tokens["output"])) / 1_000_000
            models = {entry["model"]: entry["requests"] for entry in ask(gateway, "usage", "today", "--by", "model")["data"]}
            assert models["chat"] == 5 and models["stream-12-1"] == 1

            record = replies[0].header("x-sluice-record")
            explained = ask(gateway, "explain", record)
            assert explained["request"]["label"] == "u-0"
            (attempt,) = explained["attempts"]
            assert (attempt["billed"], attempt["status"]) == ("yes", 200)
            assert attempt["price_usd_per_million_tokens"]["output"] == "2.00"

        # Every call of the provider's log, and no other.
        calls = sorted(seen.header("x-client-request-id") for seen in provider.log if seen.method == "POST")
        books = Books.of_server(postgres)
        assert sorted(books.attempts) == calls
        assert not (tmp_path / "state" / "usage.db").exists()
        # No file of it and no password where none belongs.
        secrets = (PASSWORD.encode(), PASSWORD_IN_URL.encode())
        assert not any(secret in gateway.log_text().encode() for secret in secrets)

        with Gateway(config, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            assert gateway.chat("chat").status == 200
            wait_until(lambda: ask(gateway, "usage", "today")["total"]["requests"] == 8, 15, "eight requests", interval=0.1)
