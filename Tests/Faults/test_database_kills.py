"""Control and PostgreSQL are killed again and again while keys are made and used: nothing that was acknowledged is lost."""

from __future__ import annotations

import pathlib
import random
import time

import pytest

from Harness.administered import administered
from Harness.administrators import Administrator, judge, stop
from Harness.gateway import Gateway
from Harness.postgres import PostgresServer
from Harness.processes import wait_until
from Harness.visitor import Visitor

ADMINISTRATORS = 3
QUIET = {"SWIFT_BACKTRACE": "enable=no"}


def kill_control(gateway: Gateway) -> None:
    if found := gateway.children("control"):
        gateway.kill_child(found[0])


def kill_database(server: PostgresServer, pause: float) -> None:
    server.kill()
    time.sleep(pause)
    server.start()


def under_kills(
    folder: pathlib.Path, server: PostgresServer | None, rounds: int, seed: int, with_control: bool = True
) -> None:
    randomness = random.Random(seed)
    # The judge comes with every key that was revoked, more of them than strangers may try in a minute.
    with administered(folder, server, environment=QUIET, auth={"wrong_keys_per_minute": None}) as running:
        gateway, owner = running.gateway, running.owner
        gateway.crashes_expected = True
        visitors = [Visitor(gateway.key, gateway.address) for _ in range(2)]
        workers = [Administrator(owner, seed * 100 + number) for number in range(ADMINISTRATORS)]
        for one in [*visitors, *workers]:
            one.start()
        for number in range(rounds):
            done = sum(len(one.made) for one in workers)
            # Work goes on between two kills, so that each meets some.
            wait_until(
                lambda done=done: sum(len(one.made) for one in workers) >= done + 3 or any(one.wrong for one in workers),
                60,
                f"work after kill {number}",
            )
            time.sleep(randomness.uniform(0, 0.2))
            if with_control and (server is None or number % 2 == 0):
                kill_control(gateway)
            if server is not None and (number % 3 != 0 or not with_control):
                kill_database(server, randomness.uniform(0, 0.5))
        wait_until(
            lambda: owner.request("GET", "orgs").status == 200,
            # A control that does not last is started again after 30 s at the latest.
            45,
            lambda: "\n".join(
                [
                    f"the administration answers {owner.request('GET', 'orgs').body!r}",
                    *(line for line in gateway.log_text().splitlines() if '"request"' not in line),
                ]
            ),
        )
        made = stop(workers)
        for visitor in visitors:
            visitor.stopping.set()
        for visitor in visitors:
            visitor.join(30)
        outcomes = [outcome for visitor in visitors for outcome in visitor.outcomes]
        assert len(outcomes) > 20 and set(outcomes) == {"200"}, {one: outcomes.count(one) for one in set(outcomes)}
        print(f"{judge(owner, gateway, made, [name for one in workers for name in one.asked])}; {len(outcomes)} calls; ")
        print(f"asked again {sum(one.again for one in workers)} of {sum(one.tries for one in workers)}", end="; ")
        print(f"slowest answer {max(one.slowest for one in workers):.1f} s")
        assert len(made) >= rounds


def test_short(postgres_server: PostgresServer, tmp_path: pathlib.Path) -> None:
    under_kills(tmp_path, postgres_server, rounds=3, seed=1)


def test_short_on_files(tmp_path: pathlib.Path) -> None:
    under_kills(tmp_path, None, rounds=2, seed=2)


@pytest.mark.verify
@pytest.mark.timeout(900)
def test_twenty_times(postgres_server: PostgresServer, tmp_path: pathlib.Path) -> None:
    under_kills(tmp_path, postgres_server, rounds=20, seed=3)


@pytest.mark.verify
@pytest.mark.timeout(600)
def test_twenty_times_on_files(tmp_path: pathlib.Path) -> None:
    under_kills(tmp_path, None, rounds=20, seed=4)


@pytest.mark.verify
@pytest.mark.timeout(900)
def test_outcomes_that_nobody_knows(postgres_server: PostgresServer, tmp_path: pathlib.Path) -> None:
    """PostgreSQL is killed 200 times, many times between a commit and its answer (F28): asked again, it is done once."""
    under_kills(tmp_path, postgres_server, rounds=200, seed=5, with_control=False)
