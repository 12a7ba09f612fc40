"""What was used, as `sluice usage`, `requests` and `explain` tell it: the same online and offline, and after kills."""

from __future__ import annotations

import json
import pathlib
from decimal import Decimal

from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.ledger import Books
from Harness.operators import ask, run
from Harness.processes import wait_until
from Harness.provider import OwnProvider


def listed(gateway: Gateway, *arguments: str) -> list[dict]:
    done = run(gateway, "requests", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def settled(gateway: Gateway, count: int) -> bool:
    if not (gateway.state / "usage.db").exists():
        return False
    total = ask(gateway, "usage", "today")["total"]
    # One that has begun is there, too.
    return total["requests"] - total["open"] >= count


def test_usage_is_told_online_and_offline(tmp_path: pathlib.Path) -> None:
    with OwnProvider() as provider:
        config = base_config(
            tmp_path / "state",
            providers={"own": openai_provider(provider.base_url)},
            models=once("own"),
            pricing={"own:*": {"input": 1, "output": 2}},
        )
        with Gateway(config, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            made = ask(gateway, "keys", "create", "--name", "ci")
            replies = [
                gateway.chat("chat", headers={"Authorization": f"Bearer {made['key']}", "x-request-id": f"u-{number}"})
                for number in range(3)
            ]
            assert [reply.status for reply in replies] == [200] * 3
            gateway.chat("own:status-500", headers={"x-request-id": "failed"})
            wait_until(lambda: settled(gateway, 4), 10, "four requests in the usage database")

            by_key = ask(gateway, "usage", "today", "--by", "key")
            total = by_key["total"]
            assert (total["requests"], total["errors"], total["open"], total["recovered"]) == (4, 1, 0, 0)
            mine = next(entry for entry in by_key["data"] if entry["key"] == made["id"])
            assert (mine["name"], mine["requests"], mine["errors"]) == ("ci", 3, 0)
            tokens = mine["tokens"]
            assert tokens["input"] > 0 and tokens["output"] > 0
            # A dollar and two for a million tokens.
            assert Decimal(mine["cost_usd"]) == (Decimal(tokens["input"]) + 2 * Decimal(tokens["output"])) / 1_000_000
            assert {entry["provider"] for entry in ask(gateway, "usage", "today", "--by", "provider")["data"]} == {"own"}

            rows = listed(gateway)
            assert [row["label"] for row in rows] == ["failed", "u-2", "u-1", "u-0"]
            assert [row["label"] for row in listed(gateway, "--key", "ci", "--limit", "2")] == ["u-2", "u-1"]
            assert [row["label"] for row in listed(gateway, "--status", "5xx")] == ["failed"]
            record = replies[0].header("x-sluice-record")
            explained = ask(gateway, "explain", record)
            assert (explained["request"]["key_name"], explained["request"]["label"]) == ("ci", "u-0")
            (attempt,) = explained["attempts"]
            assert attempt["client_request_id"] in {seen.header("x-client-request-id") for seen in provider.log}
            assert (attempt["billed"], attempt["status"]) == ("yes", 200)
            assert attempt["price_usd_per_million_tokens"]["output"] == "2.00"
            text = run(gateway, "explain", record)
            assert text.returncode == 0 and made["id"] in text.stdout and "Provider call 1" in text.stdout
            assert run(gateway, "usage", "today", "--by", "model").returncode == 0
            for arguments, code in [
                (("explain", "0" * 32), 1),
                (("explain", "nonsense"), 1),
                (("requests", "--key", "nobody"), 1),
                (("requests", "--since", "sometime"), 2),
                (("usage", "sometime"), 2),
                (("usage", "--by", "colour"), 2),
            ]:
                done = run(gateway, *arguments)
                assert (done.returncode, done.stdout) == (code, ""), f"{arguments}: {done}"

            # The aggregator dies; what comes meanwhile is made up for.
            gateway.kill_child(gateway.child("aggregator"))
            gateway.chat("chat", headers={"x-request-id": "while-away"})
            wait_until(lambda: settled(gateway, 5), 15, "the request that came while the aggregator was away")
            gateway.stop()

        # Stopped: the same from the files; nothing is left in journals.
        assert list((gateway.state / "journal").iterdir()) == []
        total = ask(gateway, "usage", "today")["total"]
        assert (total["requests"], total["errors"], total["open"]) == (5, 1, 0)
        assert [row["label"] for row in listed(gateway, "--limit", "1")] == ["while-away"]
        assert ask(gateway, "explain", record) == explained
        assert len(Books(gateway.state).attempts) == len([seen for seen in provider.log if seen.method == "POST"])
