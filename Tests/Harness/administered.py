"""A gateway that is administered by its API, on either database, and what a small landlord has in it: two organizations."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from .administration import ROLES, Administration
from .database_faults import ordinary
from .gateway import NO_LIMITS, Gateway, base_config
from .postgres import PostgresDatabase, PostgresServer

DATABASES = ("sqlite", "postgresql")
MASTER_KEY = "8f1d5b0c" * 8


@dataclass
class Administered:
    gateway: Gateway
    owner: Administration
    database: PostgresDatabase | None = None


def administered_config(state: pathlib.Path, database: str | None = None, **changes) -> dict:
    """Keys of the database alone are good; one edge, one upstream, the simulated provider."""
    options = {"auth": None, "database": database, "limits": NO_LIMITS}
    return base_config(state, **(options | changes))


@contextlib.contextmanager
def administered(
    folder: pathlib.Path, server: PostgresServer | None = None, environment: dict[str, str] | None = None, **changes
) -> Iterator[Administered]:
    """Runs a gateway on SQLite, or on a fresh database of the server."""
    database = server.database() if server else None
    url = ordinary(database) if database else None
    try:
        config = administered_config(folder / "sluice-state", url, **changes)
        with Gateway(config, folder=folder, environment=environment) as gateway:
            gateway.wait_for_tree()
            owner = Administration.owner(gateway)
            # The key that the first start makes.
            gateway.key = owner.make("keys", name="for the test")["key"]
            yield Administered(gateway, owner, database)
    finally:
        if database:
            database.drop()


@dataclass
class Household:
    """One organization with everything in it, and a token for each role."""

    organization: str
    project: str
    key: str
    token: str  # the id of a token of its own that nobody uses
    plain_key: str
    tokens: dict[str, str] = field(default_factory=dict)  # role → the token


def household(owner: Administration, name: str) -> Household:
    organization = owner.make("orgs", name=name)["id"]
    project = owner.make("projects", name=f"{name}-project", organization=organization)["id"]
    key = owner.make(f"projects/{project}/keys", name=f"{name}-key")
    spare = owner.make("tokens", name=f"{name}-spare", role="viewer", organization=organization)
    tokens = {role: owner.token_of(role, organization, f"{name}-{role}") for role in ROLES}
    return Household(organization, project, key["id"], spare["id"], key["key"], tokens)
