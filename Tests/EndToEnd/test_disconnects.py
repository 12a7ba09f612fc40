"""A client that goes away at any stage of a request leaves exactly one row, with tokens by the documented policy."""

from __future__ import annotations

import sqlite3
import time

import pytest

from Harness.gateway import Gateway, base_config, openai_provider
from Harness.ledger import Books
from Harness.processes import wait_until
from Harness.provider import OwnProvider

STAGES = {
    # stage: (model, stream, what the client waits for before it leaves, the outcome, tokens are estimated)
    "before the provider answers": ("hang", False, "call", "disconnected", False),
    "before the first event": ("head-stall", True, "call", "disconnected", False),
    "after the first bytes of a stream": ("stream-2000-20", True, "body:400", "disconnected", True),
    "in the middle of a stream": ("stream-2000-5", True, "body:20000", "disconnected", True),
    "in the middle of a unary reply": ("halt-400000", False, "body:1000", "disconnected", True),
    "after the whole reply": ("chat", False, "reply", "complete", False),
    "after a whole stream": ("stream-5-0", True, "reply", "complete", False),
}


@pytest.fixture(scope="module")
def provider():
    with OwnProvider() as own:
        yield own


@pytest.fixture(scope="module")
def gateway(provider: OwnProvider, tmp_path_factory: pytest.TempPathFactory):
    config = base_config(
        None,
        state_directory=None,
        providers={"own": openai_provider(provider.base_url)},
        pricing={"own:*": {"input": 1, "output": 2}},
    )
    with Gateway(config, folder=tmp_path_factory.mktemp("gateway")) as running:
        running.wait_for_tree()
        yield running


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("stage", STAGES)
def test_f24_one_row_whenever_the_client_leaves(stage: str, reset: bool, provider: OwnProvider, gateway: Gateway) -> None:
    model, stream, wait, outcome, estimated = STAGES[stage]
    label = f"{stage.replace(' ', '-')}-{'reset' if reset else 'close'}"
    provider.clear()
    connection = gateway.connect()
    body = {"model": f"own:{model}", "stream": stream, "messages": [{"role": "user", "content": "x" * 4000}]}
    connection.send(gateway.chat_bytes(body, {"X-Request-Id": label}))
    if wait == "call":
        wait_until(lambda: provider.requests(model), 10, "the provider is called")
    elif wait == "reply":
        assert connection.reply(10).complete
    else:
        connection.wait_for_body(int(wait.partition(":")[2]))
    left = time.monotonic()
    (connection.reset if reset else connection.close)()
    if outcome == "disconnected":
        wait_until(lambda: provider.requests(model)[0].gone is not None, 5, "the call is cancelled")
        assert provider.requests(model)[0].gone - left <= 1.0
    wait_until(lambda: rows(gateway, label) and rows(gateway, label)[0]["rank"] > 0, 10, "the row is settled")
    (row,) = rows(gateway, label)
    attempt = Books(gateway.state).attempts[f"{row['record']}-1"]
    assert (row["outcome"], row["rank"]) == (outcome, 3), row
    if outcome == "complete":
        assert (row["status"], row["usage_source"], row["input"]) == (200, "provider", 7), row
        assert attempt["billed"] == "yes" and row["cost"] == 7 * 1000 + row["output"] * 2000, row
    elif estimated:
        assert row["usage_source"] == "estimated" and row["output"] > 0, row
        # 4,000 bytes of text are some 1,000 tokens.
        assert 300 <= row["input"] <= 3000, row
        assert attempt["billed"] == "yes" and row["cost"] == row["input"] * 1000 + row["output"] * 2000, row
    else:
        # Sent, and nothing came: whether the provider takes money for it is not known.
        assert attempt["billed"] == "unknown", attempt


def rows(gateway: Gateway, label: str) -> list[dict]:
    try:
        return Books(gateway.state).by_label().get(label, [])
    except sqlite3.OperationalError:  # the database is being made
        return []
