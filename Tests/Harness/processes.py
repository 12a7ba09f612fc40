"""What /proc says about the gateway's processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable


def wait_until(
    condition: Callable[[], object], timeout: float, what: str | Callable[[], str], interval: float = 0.02
) -> object:
    """Polls until `condition` is truthy and gives its value; an AssertionError names `what` at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(interval)


def _stat(pid: int) -> list[str] | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def parent(pid: int) -> int | None:
    stat = _stat(pid)
    return int(stat[1]) if stat else None


def alive(pid: int) -> bool:
    """True for a running process; false for a zombie."""
    stat = _stat(pid)
    return stat is not None and stat[0] not in "ZX"


def children(pid: int) -> list[int]:
    """The living direct children, by pid."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and parent(int(name)) == pid and alive(int(name)):
            found.append(int(name))
    return sorted(found)


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (above := parent(int(name))) is not None:
            parents.setdefault(above, []).append(int(name))
    found, queue = [], [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        queue += parents.get(one, [])
    return found


def program(pid: int) -> str | None:
    """The base name of the program a process runs."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).removesuffix(" (deleted)")
    except OSError:
        return None


def start_time(pid: int) -> int | None:
    """Ticks since boot at which the process began: tells a process from a later one of the same pid."""
    stat = _stat(pid)
    return int(stat[19]) if stat else None


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of the processes so far, their waited-for children not counted."""
    ticks = 0
    for pid in pids:
        if stat := _stat(pid):
            ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_bytes(pids: list[int]) -> int:
    """The proportional set size of the processes together."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
        except OSError:
            continue
    return total


def status_field(pid: int, name: str) -> str | None:
    with open(f"/proc/{pid}/status", encoding="latin-1") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key == name:
                return value.strip()
    return None


def descriptors(pid: int) -> dict[int, str]:
    """Open file descriptors and what they point at."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
    return found


def socket_table() -> dict[str, tuple[str, str]]:
    """inode → (kind, state) of this host's sockets: tcp-listen, tcp, unix."""
    found = {}
    for name in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{name}", encoding="ascii") as file:
                for line in list(file)[1:]:
                    cells = line.split()
                    found[cells[9]] = ("tcp-listen" if cells[3] == "0A" else "tcp", cells[1])
        except OSError:
            continue
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as file:
        for line in list(file)[1:]:
            cells = line.split()
            found[cells[6]] = ("unix", cells[7] if len(cells) > 7 else "")
    return found


def memory_contains(pid: int, needle: bytes) -> int:
    """How often the bytes stand in the readable memory of a process."""
    return memory_counts(pid, [needle])[needle]


def memory_counts(pid: int, needles: Iterable[bytes]) -> dict[bytes, int]:
    """The same for several at once, none of them empty."""
    hits = dict.fromkeys(needles, 0)
    longest = max(len(needle) for needle in hits)
    with (
        open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps,
        open(f"/proc/{pid}/mem", "rb") as memory,
    ):
        for line in maps:
            cells = line.split()
            if "r" not in cells[1] or (len(cells) > 5 and cells[5] in ("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(part, 16) for part in cells[0].split("-"))
            tail = b""
            while start < end:
                size = min(end - start, 4 << 20)
                try:
                    memory.seek(start)
                    block = memory.read(size)
                except (OSError, ValueError):
                    break
                for needle in hits:
                    # Of what was searched already only so much that nothing is counted twice.
                    before = tail[max(0, len(tail) - len(needle) + 1) :]
                    hits[needle] += (before + block).count(needle)
                tail = (tail + block)[-longest:]
                start += size
    return hits
