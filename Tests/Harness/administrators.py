"""Administrators at work while things break: what they were told is done is written down, and judged afterwards."""

from __future__ import annotations

import itertools
import random
import threading
import time
from dataclasses import dataclass, field

from . import wire
from .administration import Administration
from .gateway import Gateway

# Nothing is known then: the same is asked again, under the same Idempotency-Key.
UNCERTAIN = (429, 500, 502, 503, 504)


@dataclass
class Made:
    """A key that was acknowledged, and what was acknowledged of it since."""

    id: str
    name: str
    key: str
    concurrency: int | None = None
    revoked: bool = False
    asked: dict[str, object] = field(default_factory=dict)


class Administrator(threading.Thread):
    """Makes, changes and revokes keys until told to stop; asks again until it is told what became of a change."""

    _numbers = itertools.count(1)

    def __init__(self, api: Administration, seed: int, patience: float = 60) -> None:
        super().__init__(daemon=True)
        self.api = Administration(api.address, api.token, timeout=20)
        self.random = random.Random(seed)
        self.patience = patience
        self.stopping = threading.Event()
        self.made: list[Made] = []
        self.tries = self.again = 0
        self.slowest = 0.0
        self.wrong: list[str] = []
        self.asked: list[str] = []  # the names of all keys that were asked for

    def run(self) -> None:
        while not self.stopping.is_set() and not self.wrong:
            choice = self.random.random()
            alive = [one for one in self.made if not one.revoked]
            if choice < 0.6 or not alive:
                self._make()
            elif choice < 0.85:
                one = self.random.choice(alive)
                concurrency = self.random.randrange(1, 1000)
                if self._until_told("PATCH", f"keys/{one.id}", {"concurrency": concurrency}) is not None:
                    one.concurrency = concurrency
            else:
                one = self.random.choice(alive)
                if self._until_told("DELETE", f"keys/{one.id}", None) is not None:
                    one.revoked = True
            self.stopping.wait(self.random.uniform(0, 0.02))

    def _make(self) -> None:
        name = f"made-{next(self._numbers)}"
        self.asked.append(name)
        answer = self._until_told("POST", "keys", {"name": name}, {"Idempotency-Key": f"{name}-{id(self)}"})
        if answer is not None:
            self.made.append(Made(answer["id"], name, answer["key"]))

    def _until_told(self, method: str, path: str, body: dict | None, headers: dict | None = None) -> dict | None:
        began = time.monotonic()
        deadline = began + self.patience
        while time.monotonic() < deadline:
            self.tries += 1
            sent = time.monotonic()
            try:
                reply = self.api.request(method, path, body, headers=headers)
            except (OSError, wire.ProtocolError, AssertionError):
                self.again += 1
                time.sleep(0.05)
                continue
            self.slowest = max(self.slowest, time.monotonic() - sent)
            if 200 <= reply.status < 300 and reply.complete:
                return reply.json() if reply.body else {}
            running = reply.status == 409 and reply.error["code"] == "idempotency_running"
            if reply.status not in UNCERTAIN and not running or reply.status == 500:
                self.wrong.append(f"{method} {path}: {reply.status} {reply.body[:300]!r}")
                return None
            self.again += 1
            time.sleep(0.05)
        self.wrong.append(f"{method} {path}: no answer in {self.patience} s")
        return None


def stop(administrators: list[Administrator]) -> list[Made]:
    """Ends their work; nothing may have gone wrong. What was acknowledged."""
    for one in administrators:
        one.stopping.set()
    for one in administrators:
        one.join(one.patience + 25)
        assert not one.is_alive()
    assert not [wrong for one in administrators for wrong in one.wrong], [one.wrong for one in administrators]
    return [made for one in administrators for made in one.made]


def judge(api: Administration, gateway: Gateway, made: list[Made], asked: list[str]) -> str:
    """Everything that was acknowledged is there, once and as it was left, and the keys do what they should."""
    listed: dict[str, list[dict]] = {}
    for entry in api.all("keys"):
        listed.setdefault(entry["name"], []).append(entry)
    twice = [name for name in asked if len(listed.get(name, [])) > 1]
    assert not twice, f"made twice: {twice}"
    wrong = []
    for one in made:
        entry = listed.get(one.name, [None])[0]
        if entry is None:
            wrong.append(f"{one.name} is lost")
        elif entry["id"] != one.id:
            wrong.append(f"{one.name} has another id")
        elif (entry["revoked"] is not None) != one.revoked:
            wrong.append(f"{one.name}: revoked {entry['revoked']}, acknowledged {one.revoked}")
        elif not one.revoked and entry["concurrency"] != one.concurrency:
            wrong.append(f"{one.name}: concurrency {entry['concurrency']}, acknowledged {one.concurrency}")
    assert not wrong, wrong
    for one in made:
        gateway.key = one.key
        status = gateway.chat("simulated:x").status
        assert status == (401 if one.revoked else 200), f"{one.name}: {status}, revoked {one.revoked}"
    return f"{len(made)} keys, {sum(one.revoked for one in made)} revoked"
