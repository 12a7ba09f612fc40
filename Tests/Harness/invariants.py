"""What must hold after every fault (L1 to L6 of the matrix in docs/reliability.md)."""

from __future__ import annotations

import contextlib
import os
import pathlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import ledger
from .gateway import CLIENT_KEY, PROVIDER_KEY, Gateway
from .load import MockProvider
from .openloop import FORBIDDEN, PROMPT_MARKER, Arrival, of_kind
from .processes import alive, children, descriptors, program, status_field, tree, wait_until

RSS_GROWTH = 64 << 20  # of one process, over what it had before the fault
SLACK = 5  # descriptors and threads of one process
SETTLE = 30.0
CANARIES = {"provider key": PROVIDER_KEY, "client key": CLIENT_KEY, "prompt": PROMPT_MARKER}


@dataclass
class Figures:
    """Of the processes of one role together, per process."""

    memory: int = 0  # the largest resident set, bytes
    files: int = 0  # the most descriptors, connections to providers left out
    threads: int = 0


def figures(gateway: Gateway) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    for pid in tree(gateway.pid):
        name = program(pid)
        if name is None or not alive(pid):
            continue
        with contextlib.suppress(OSError):
            one = found.setdefault(name, Figures())
            one.memory = max(one.memory, int((status_field(pid, "VmRSS") or "0 kB").split()[0]) * 1024)
            one.threads = max(one.threads, int(status_field(pid, "Threads") or 0))
            # An upstream keeps connections to its providers on purpose.
            kept = [to for to in descriptors(pid).values() if not (to.startswith("socket:") and name == "sluice-upstream")]
            # An upgrade leaves pages of counters for the one after it: as many again, and no more however many follow.
            kept = [to for to in kept if not to.startswith("/memfd:sluice-metrics")]
            one.files = max(one.files, len(kept))
    return found


@dataclass
class Invariants:
    """Takes the figures of a gateway at rest; `check` compares later ones with them."""

    gateway: Gateway
    before: dict[str, Figures] = field(default_factory=dict)
    supervisor: int = 0
    settled: float = 0.0  # seconds until all was back to rest

    def __post_init__(self) -> None:
        self.gateway.wait_for_tree()
        self.supervisor = self.gateway.pid
        self.before = figures(self.gateway)

    def check(self, arrivals: list[Arrival] | None = None, settle: float = SETTLE) -> dict[str, Figures]:
        """Raises where one of L2 to L6 does not hold; gives the figures at the end."""
        self.definite(arrivals or [])
        began = time.monotonic()
        wait_until(lambda: not self._excess(), settle, lambda: f"back to rest; {self._excess()}", interval=0.2)
        self.settled = time.monotonic() - began
        self.processes()
        self.secrets()
        return figures(self.gateway)

    def definite(self, arrivals: list[Arrival]) -> None:
        """L2: no reply that looks whole is short, none has other bytes, none has no end."""
        bad = of_kind(arrivals, *FORBIDDEN, "open", "hung")
        assert not bad, f"L2: {len(bad)}, such as {bad[:3]}"

    def _excess(self) -> list[str]:
        """L3, L4: what is over the figures before."""
        found = []
        for name, now in figures(self.gateway).items():
            then = self.before.get(name)
            if then is None:
                found.append(f"{name} was not there")
                continue
            if now.memory > then.memory + RSS_GROWTH:
                found.append(f"L3: {name} has {now.memory >> 20} MiB, had {then.memory >> 20}")
            if abs(now.files - then.files) > SLACK:
                found.append(f"L4: {name} has {now.files} descriptors, had {then.files}")
            if abs(now.threads - then.threads) > SLACK:
                found.append(f"L4: {name} has {now.threads} threads, had {then.threads}")
        found += [f"{name} is missing" for name in self.before if name not in figures(self.gateway)]
        return found

    def processes(self) -> None:
        """L5: one supervisor, always the same, with one thread; no zombie among its children; no process of another tree."""
        gateway = self.gateway
        assert gateway.pid == self.supervisor and alive(self.supervisor), "L5: another supervisor"
        assert status_field(self.supervisor, "Threads") == "1", "L5: the supervisor has more than one thread"
        wait_until(lambda: not zombies(self.supervisor), 2, lambda: f"L5: zombies {zombies(self.supervisor)}")
        gateway.children()
        strangers = [pid for pid in gateway._left() if pid not in children(self.supervisor)]
        assert not strangers, f"L5: left by the supervisor: {strangers}"

    def secrets(self) -> None:
        """L6: no key and no prompt in logs, state, metrics or command lines; no core file."""
        gateway = self.gateway
        places = {"log": gateway.log_text().encode(), "standard output": gateway.output_text().encode()}
        for pid in tree(gateway.pid):
            for name in ("cmdline", "environ"):
                with contextlib.suppress(OSError):
                    places[f"{name} of {program(pid)}"] = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
        with contextlib.suppress(OSError, AssertionError):
            places["metrics"] = gateway.request("GET", "/metrics").body
        for path in gateway.folder.rglob("*"):
            if path.is_file() and path.name != "sluice.yaml" and gateway.state in path.parents:
                with contextlib.suppress(OSError):
                    places[str(path.relative_to(gateway.folder))] = written(path)
            assert not path.name.startswith("core"), f"L6: {path}"
        hits = [
            f"{what} in {place}" for place, text in places.items() for what, word in CANARIES.items() if word.encode() in text
        ]
        assert not hits, f"L6: {hits}"


def written(path: pathlib.Path) -> bytes:
    """What a file holds, its holes left out: the limit table is large, and hardly any of it was ever written."""
    found, at = [], 0
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        with contextlib.suppress(OSError):  # ENXIO: nothing but a hole is left
            while at < size:
                file.seek(start := os.lseek(file.fileno(), at, os.SEEK_DATA))
                at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
                file.seek(start)
                found.append(file.read(at - start))
    return b"".join(found)


def zombies(parent_pid: int) -> list[int]:
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            cells = path.read_text(encoding="latin-1").rpartition(")")[2].split()
            if cells[0] == "Z" and int(cells[1]) == parent_pid:
                found.append(int(path.parent.name))
    return found


@contextlib.contextmanager
def unchanged(gateway: Gateway, settle: float = SETTLE) -> Iterator[list[Arrival]]:
    """Checks L2 to L6 after its block; the block puts its arrivals into the list."""
    arrivals: list[Arrival] = []
    invariants = Invariants(gateway)
    yield arrivals
    invariants.check(arrivals, settle)


def books_agree(
    arrivals: list[Arrival], calls: list[str], state: pathlib.Path, *, in_flight_at_kills: int = 0, others: int = 0
) -> ledger.Verdict:
    """L1, after an orderly stop: the rows against what clients got and against the provider's own log of calls. `others` are
    requests that were sent beside the arrivals."""
    kinds = {"complete": "complete", "disconnected": "disconnected"}
    entries = []
    for one in arrivals:
        entry = ledger.Entry(one.label, one.tokens, one.began, kinds.get(one.kind, "failed"), one.record)
        entries.append(entry)
    entries += [ledger.Entry(f"other-{number}", 0, kind="failed") for number in range(others)]
    return ledger.judge(entries, calls, ledger.Books(state), in_flight_at_kills, prompt_tokens=12)


def mock_calls(mock: MockProvider, since: int = 0) -> list[str]:
    """The ids in the mock provider's own log, from the `since`-th on."""
    return [call.id for call in mock.calls()[since:]]


def journal_is_read(gateway: Gateway, timeout: float = 20.0) -> None:
    """Waits until every record so far is in the usage database."""

    def lag() -> str:
        text = gateway.request("GET", "/metrics").body.decode()
        return next((line for line in text.splitlines() if line.startswith("sluice_journal_lag_bytes")), "")

    time.sleep(0.1)
    wait_until(lambda: lag().endswith(" 0"), timeout, lambda: f"the journal is read: {lag()}", interval=0.1)
