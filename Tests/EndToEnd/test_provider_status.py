"""`sluice status`: breakers and keys of providers, as upstreams share them."""

from __future__ import annotations

import pathlib
import socket

from Harness.gateway import Gateway, base_config
from Harness.operators import ask, run
from Harness.processes import wait_until


def test_an_open_breaker_is_shown(tmp_path: pathlib.Path) -> None:
    with socket.socket() as taken:
        # Bound and not listening: every connection is refused.
        taken.bind(("127.0.0.1", 0))
        config = base_config(tmp_path / "state")
        config["providers"]["down"] = {
            "dialect": "openai",
            "base_url": f"http://127.0.0.1:{taken.getsockname()[1]}/v1",
            "keys": [{"name": "a", "value": "k1"}],
            "concurrency": 5,
            "breaker": {"failures": 2, "open": "60s", "longest_open": "60s"},
        }
        with Gateway(config, folder=tmp_path) as gateway:
            gateway.wait_for_tree()

            def provider() -> dict:
                return next(one for one in ask(gateway, "status")["providers"] if one["name"] == "down")

            before = provider()
            assert before["breaker"] == {"state": "closed", "seconds_left": None}
            assert [(key["name"], key["state"]) for key in before["keys"]] == [("a", "usable")]
            assert (before["running"], before["waiting"], before["concurrency"]) == (0, 0, 5)
            for _ in range(3):
                assert gateway.chat("down:x").status >= 500
            wait_until(lambda: provider()["breaker"]["state"] == "open", 5, "the breaker is open")
            assert 0 < provider()["breaker"]["seconds_left"] <= 60
            assert "open, probed in" in run(gateway, "status").stdout
