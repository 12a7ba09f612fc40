"""Reads /metrics again and again, and holds it to what Prometheus takes for granted: counters only grow."""

from __future__ import annotations

import re
import threading
import time

from Harness import wire
from Harness.gateway import Gateway

LINE = re.compile(r'^([a-z_]+)(\{.*\})? (-?[0-9.e+-]+)$')


class Scraper:
    """A thread of its own. `problems` are counters that fell back or vanished."""

    def __init__(self, gateway: Gateway, pause: float = 0.05) -> None:
        self.gateway = gateway
        self.pause = pause
        self.problems: list[str] = []
        self.scrapes = 0
        self.failures = 0
        self.last: dict[str, float] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def scrape(self) -> dict[str, float]:
        """All series now, by name and labels; counters and gauges."""
        reply = wire.request(self.gateway.address, "GET", "/metrics", timeout=10)
        if reply.status != 200:
            raise OSError(f"status {reply.status}")
        kinds, counters, all_series = {}, {}, {}
        for line in reply.body.decode().splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                kinds[name] = kind
            elif not line.startswith("#"):
                match = LINE.match(line)
                assert match, line
                series, value = f"{match[1]}{match[2] or ''}", float(match[3])
                all_series[series] = value
                if kinds.get(re.sub(r"_(bucket|sum|count)$", "", match[1]), kinds.get(match[1])) != "gauge":
                    counters[series] = value
        self.scrapes += 1
        for series, before in self.last.items():
            now = counters.get(series)
            if now is None or now < before:
                self.problems.append(f"scrape {self.scrapes}: {series} fell from {before} to {now}")
        self.last = counters
        return all_series

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                self.scrape()
            except (OSError, wire.ProtocolError):
                # An edge that is being killed, or an aggregator that is not back yet.
                self.failures += 1
            time.sleep(self.pause)

    def __enter__(self) -> Scraper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
