"""Counters never fall back while the gateway runs: whoever is killed, at a reload, and at an upgrade."""

from __future__ import annotations

import collections
import json
import pathlib
import signal
import threading
import time

import pytest

from Harness.gateway import NO_LIMITS, Gateway, base_config
from Harness.installation import Installation, installed
from Harness.processes import wait_until
from Harness.scraper import Scraper

CHATS = 'sluice_requests_total{endpoint="chat_completions",model="simulated:m",provider="simulated",status="200"}'


@pytest.fixture
def installation():
    with installed() as one:
        yield one


class Load:
    """Requests one after the other, and what became of them."""

    def __init__(self, gateway: Gateway, threads: int = 3) -> None:
        self.gateway = gateway
        self.kinds: collections.Counter[str] = collections.Counter()
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                reply = self.gateway.chat("simulated:m")
                self.kinds["good" if reply.status == 200 and reply.complete else "other"] += 1
            except OSError:
                self.kinds["broken"] += 1
            time.sleep(0.005)

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join(20)


def kill(gateway: Gateway, *roles: str) -> None:
    """Kills one process of each role, and waits until others are READY in their places."""
    before = {role: gateway.ready_count(role) for role in roles}
    for role in roles:
        gateway.kill_child(gateway.children(role)[0])
    for role in roles:
        wait_until(lambda role=role: gateway.ready_count(role) > before[role], 20, f"another {role} is ready", 0.05)


def said(gateway: Gateway, text: str, count: int = 1) -> None:
    wait_until(lambda: gateway.log_text().count(text) >= count, 60, lambda: f"{text}:\n{gateway.log_text()[-3000:]}", 0.1)


def reload(gateway: Gateway, prices: dict) -> None:
    """With other prices."""
    path = pathlib.Path(gateway.folder) / "sluice.yaml"
    path.with_suffix(".new").write_text(json.dumps(gateway.config | {"pricing": prices}))
    path.with_suffix(".new").rename(path)
    gateway.send_signal(signal.SIGHUP)


def test_no_counter_ever_falls_back(installation: Installation, tmp_path: pathlib.Path) -> None:
    config = base_config(
        tmp_path / "sluice-state", workers={"edge": 2, "upstream": 1}, drain_timeout="5s",
        providers={"simulated": {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000}},
        logging={"access": False}, limits=NO_LIMITS | {"table_slots": 1024},
    )  # fmt: skip
    quiet = {"SWIFT_BACKTRACE": "enable=no"}
    gateway = Gateway(
        config, folder=tmp_path, programs=installation.link, environment=quiet, crashes_expected=True
    )
    with gateway:
        gateway.wait_for_tree()
        with Scraper(gateway) as scraper, Load(gateway) as load:
            wait_until(lambda: scraper.scrapes > 5 and load.kinds["good"] > 50, 20, "requests are counted", 0.05)
            for role in ["edge", "upstream", "aggregator", "control"]:
                kill(gateway, role)
            kill(gateway, "edge", "aggregator")
            reload(gateway, {"simulated:*": {"input": 3, "output": 4}})
            said(gateway, "configuration in force")
            installation.add("2", "build-2")
            installation.use("2")
            gateway.send_signal(signal.SIGUSR2)
            said(gateway, '"message":"upgrade done"')
            # The supervisor is another program now, which has taken over the pages.
            kill(gateway, "edge", "aggregator")
            scrapes = scraper.scrapes
            wait_until(lambda: scraper.scrapes > scrapes + 3, 20, "the new aggregator answers", 0.05)
        values = Scraper(gateway).scrape()
        assert not scraper.problems, "\n".join(scraper.problems[:20])
        assert scraper.scrapes > 20, (scraper.scrapes, scraper.failures)
        # All that was answered was counted, by whomever; what broke may have been.
        good, broken = load.kinds["good"], load.kinds["broken"] + load.kinds["other"]
        assert good <= values[CHATS] <= good + broken, (values[CHATS], load.kinds)
        restarts = {role: values[f'sluice_process_restarts_total{{role="{role}"}}'] for role in ["edge", "aggregator"]}
        assert restarts == {"edge": 3, "aggregator": 3}
        assert values['sluice_configuration_reloads_total{result="in_force"}'] == 1
        # Each process says so once a second.
        def slots() -> list[str]:
            return [name for name in Scraper(gateway).scrape() if name.startswith("sluice_process_resident_memory_bytes")]

        wait_until(lambda: len(slots()) == 6, 20, lambda: f"six processes tell their size: {slots()}")
        values = Scraper(gateway).scrape()
        assert values['sluice_links{role="aggregator",peer="edge"}'] == 2
