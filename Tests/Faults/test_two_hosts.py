"""Two gateways on one PostgreSQL, each on a host of its own: what is changed over one is in force on the other."""

from __future__ import annotations

import contextlib
import pathlib
import statistics
import time
from collections.abc import Iterator

import pytest

from Harness.administered import MASTER_KEY, administered_config
from Harness.administration import Administration, owner_token
from Harness.certificates import Authority
from Harness.database_faults import ordinary
from Harness.gateway import Gateway
from Harness.namespaces import PUBLIC, Host, HostedGateway, can_run
from Harness.postgres import PostgresServer
from Harness.processes import wait_until
from Harness.provider import OwnProvider

pytestmark = pytest.mark.skipif(not can_run(), reason="not root, or network namespaces cannot be made here")

ENVIRONMENT = {"SLUICE_MASTER_KEY": MASTER_KEY}


@contextlib.contextmanager
def two_hosts(folder: pathlib.Path, trusts: pathlib.Path | None = None) -> Iterator[tuple[Gateway, Gateway, Host]]:
    """The test itself sits on the third host, where PostgreSQL is; PUBLIC is an address of it."""
    with Host(PUBLIC) as middle, Host() as left, Host() as right, contextlib.ExitStack() as stack:
        ends = {}
        for name, host, network in (("left", left, "10.77.1"), ("right", right, "10.77.2")):
            middle.connect(host, f"veth-{name}", f"{network}.1", f"{network}.2")
            host.ip("route", "add", f"{PUBLIC}/32", "via", f"{network}.1")
            ends[name] = (host, f"{network}.1", f"{network}.2")
        stack.enter_context(middle.inside())
        server = stack.enter_context(PostgresServer(listen_addresses="*"))
        with open(server.data / "pg_hba.conf", "a") as file:
            file.write("host all all 10.77.0.0/16 scram-sha-256\n")
        server.sql("SELECT pg_reload_conf()")
        database = server.database()
        url = ordinary(database)
        gateways = []
        for name, (host, database_address, own) in ends.items():
            state = folder / name
            state.mkdir()
            config = administered_config(
                state / "sluice-state",
                url.replace("127.0.0.1", database_address),
                listen=[{"address": f"{own}:0"}],
                workers={"edge": 2, "upstream": 2},
                # They ask with keys that are not good yet, or not any more.
                auth={"wrong_keys_per_minute": None},
            )
            gateway = stack.enter_context(HostedGateway(host, config, state, trusts, environment=ENVIRONMENT))
            gateway.wait_for_tree()
            gateways.append(gateway)
        yield gateways[0], gateways[1], middle


def status(gateway: Gateway, key: str) -> int:
    gateway.key = key
    return gateway.chat("simulated:x").status


def owner_of(*gateways: Gateway) -> str:
    """The first of them has made the token."""
    for gateway in gateways:
        if (gateway.state / "control" / "owner_token").exists():
            return owner_token(gateway)
    return owner_token(gateways[0])


def revocations(folder: pathlib.Path, rounds: int) -> None:
    with two_hosts(folder) as (left, right, _):
        token = owner_of(left, right)
        over = [Administration(one.address, token) for one in (left, right)]
        made, refused = [], []
        for number in range(rounds):
            here, there = (left, right) if number % 2 == 0 else (right, left)
            api = over[number % 2]
            key = api.make("keys", name=f"key {number}")
            assert status(here, key["key"]) == 200
            began = time.monotonic()
            wait_until(lambda key=key, there=there: status(there, key["key"]) == 200, 5, "the key is good there", 0.005)
            made.append(time.monotonic() - began)
            api.remove(f"keys/{key['id']}")
            began = time.monotonic()
            assert status(here, key["key"]) == 401
            wait_until(lambda key=key, there=there: status(there, key["key"]) == 401, 5, "the key is refused there", 0.005)
            refused.append(time.monotonic() - began)
        for what, times in (("good", made), ("refused", refused)):
            print(f"{what} on the other host after: median {statistics.median(times) * 1000:.0f} ms, max {max(times) * 1000:.0f} ms")
        assert max(refused) <= 1.0, refused
        assert max(made) <= 1.5, made


def test_a_revocation_over_one_host_is_in_force_on_the_other(tmp_path: pathlib.Path) -> None:
    revocations(tmp_path, 6)


@pytest.mark.verify
def test_a_hundred_revocations(tmp_path: pathlib.Path) -> None:
    revocations(tmp_path, 100)


def test_a_provider_that_is_added_over_one_host_serves_on_the_other(tmp_path: pathlib.Path) -> None:
    # What the API adds is https, at an address that is nobody's private one.
    authority = Authority()
    trusts = authority.trust(tmp_path / "authorities.pem")
    trusts.chmod(0o644)
    with two_hosts(tmp_path, trusts) as (left, right, _), OwnProvider(PUBLIC, authority.serves(PUBLIC)) as provider:
        token = owner_of(left, right)
        api = Administration(left.address, token)
        key = api.make("keys", name="a")["key"]
        began = time.monotonic()
        api.make(
            "providers",
            name="added",
            dialect="openai",
            base_url=provider.base_url,
            api_key="sk-of-the-added-0123456789",
        )
        took = {}
        for name, gateway in (("here", left), ("there", right)):
            gateway.key = key
            wait_until(lambda gateway=gateway: gateway.chat("added:chat").status == 200, 10, f"it serves {name}", 0.02)
            took[name] = time.monotonic() - began
        assert provider.log[-1].header("authorization") == "Bearer sk-of-the-added-0123456789"
        print(f"a provider serves here after {took['here'] * 1000:.0f} ms, there after {took['there'] * 1000:.0f} ms")
        assert took["here"] <= 2 and took["there"] <= 5


def test_another_master_key_is_refused(tmp_path: pathlib.Path) -> None:
    """Both hosts need the same: one that has another says so and does not touch the database."""
    with two_hosts(tmp_path) as (left, right, _):
        token = owner_of(left, right)
        right.stop()
        right.process = None
        right.environment["SLUICE_MASTER_KEY"] = "0" * 64
        right.spawn()
        code = right.wait(30)
        assert 70 <= code <= 79, code
        assert "master key" in right.log_text().lower()
        right._seen.clear()
        reply = Administration(left.address, token).request("GET", "orgs")
        assert reply.status == 200, reply.body
        # With the right one it comes up again.
        right.process = None
        right.environment["SLUICE_MASTER_KEY"] = MASTER_KEY
        right.start(60)
