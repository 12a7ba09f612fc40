"""Whoever is killed, nothing is left of it: no zombie, no orphan, no process too many."""

from __future__ import annotations

import os
import pathlib
import random
import signal
import time

import pytest

from Harness.gateway import Gateway, base_config
from Harness.processes import alive, parent, program, start_time, wait_until

# A process that has lived this long after READY is restarted at once when it dies.
MATURE = 10.5


def every_child(pid: int) -> dict[int, str]:
    """The direct children with their state, zombies too."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and parent(int(name)) == pid:
            try:
                found[int(name)] = pathlib.Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
    return found


def assert_no_zombie(gateway: Gateway, patience: float = 2.0) -> None:
    """A zombie between its end and the supervisor's next turn is none."""
    seen = {pid for pid, state in every_child(gateway.pid).items() if state == "Z"}
    wait_until(
        lambda: not {pid for pid in seen if every_child(gateway.pid).get(pid) == "Z"}, patience, f"reaped: {seen}"
    )


def kill_at_random(gateway: Gateway, count: int, mature: float, chance: random.Random) -> dict[int, int]:
    """Kills `count` children, with KILL mostly, and gives their pids with their start times."""
    born: dict[int, float] = {}
    killed: dict[int, int] = {}
    deadline = time.monotonic() + 60 + 3 * count
    while len(killed) < count:
        assert time.monotonic() < deadline, f"{len(killed)} killed\n{gateway.log_text()[-3000:]}"
        now = time.monotonic()
        ripe = [
            pid for pid in gateway.children() if now - born.setdefault(pid, now) >= mature and pid not in killed
        ]
        if not ripe:
            time.sleep(0.02)
            continue
        victim = chance.choice(ripe)
        began = start_time(victim)
        if began is None:
            continue
        killed[victim] = began
        try:
            gateway.kill_child(victim, chance.choice([signal.SIGKILL] * 3 + [signal.SIGSEGV]))
        except (AssertionError, ProcessLookupError):
            # It has ended of itself, as a peer of somebody killed may.
            del killed[victim]
        if chance.random() < 0.3:
            assert_no_zombie(gateway)
    return killed


def kill_and_look(folder: pathlib.Path, edges: int, upstreams: int, count: int, mature: float) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    config = base_config(folder / "state", workers={"edge": edges, "upstream": upstreams}, drain_timeout="1s")
    gateway = Gateway(config, folder=folder, crashes_expected=True)
    try:
        gateway.start()
        gateway.wait_for_tree()
        look(gateway, count, mature, random.Random(seed))
    finally:
        gateway.destroy()


def look(gateway: Gateway, count: int, mature: float, chance: random.Random) -> None:
    roles = sorted(program(pid) or "" for pid in gateway.children())
    killed = kill_at_random(gateway, count, mature, chance)
    wait_until(
        lambda: not [pid for pid, began in killed.items() if start_time(pid) == began], 5, "all killed have gone"
    )
    wait_until(lambda: sorted(program(pid) or "" for pid in gateway.children()) == roles, 40, "each is back, once")
    wait_until(gateway.is_ready, 20, "it serves again")
    assert_no_zombie(gateway)
    strangers = [pid for pid in gateway.tree() if parent(pid) not in (gateway.pid, os.getpid())]
    assert strangers == [], "children of children"
    # The supervisor itself: everybody else leaves, nobody stays as an orphan.
    children = gateway.children()
    os.kill(gateway.pid, signal.SIGKILL)
    assert gateway.wait(10) == -signal.SIGKILL
    wait_until(lambda: not [pid for pid in children if alive(pid)], 15, "all children have left")


def test_nothing_is_left_of_30_killed(tmp_path: pathlib.Path) -> None:
    kill_and_look(tmp_path, edges=4, upstreams=3, count=30, mature=0)


@pytest.mark.verify
@pytest.mark.timeout(600)
def test_nothing_is_left_of_200_killed(tmp_path: pathlib.Path) -> None:
    kill_and_look(tmp_path, edges=16, upstreams=8, count=200, mature=MATURE)
