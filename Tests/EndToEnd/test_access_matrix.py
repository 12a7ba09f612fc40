"""Every operation of the API, asked by everybody: each role at home and abroad, tokens for all, and none that is good.

What the answers must be is in Harness/access.py, a second time. What is not one's own is not there: byte for byte.
"""

from __future__ import annotations

import pathlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from Harness import wire
from Harness.access import NOBODY, ROWS, Asker, Row, Target, row_name
from Harness.administered import DATABASES, Administered, Household, administered, household
from Harness.administration import ROLES, Administration
from Harness.postgres import PostgresServer
from Harness.processes import wait_until

# Of an answer, what is another each time.
VOLATILE = {"date", "x-request-id", "x-sluice-record", "content-length"}


@dataclass
class World:
    running: Administered
    home: Household
    abroad: Household
    shared: dict[str, str]
    askers: list[Asker]

    @property
    def owner(self) -> Administration:
        return self.running.owner


@pytest.fixture(scope="module", params=DATABASES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    server: PostgresServer | None = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
    with administered(tmp_path_factory.mktemp("matrix"), server) as running:
        owner = running.owner
        home, abroad = household(owner, "home"), household(owner, "abroad")
        gateway = running.gateway
        records = {}
        for one in (home, abroad):
            gateway.key = one.plain_key
            reply = gateway.chat("simulated:x")
            assert reply.status == 200, reply
            records[one.organization] = reply.header("x-sluice-record")
        wait_until(lambda: owner.request("GET", f"requests/{records[home.organization]}").status == 200, 20, "a record")
        target = Target(owner, home, {})
        shared = {
            "requests": records[home.organization],
            "providers": target.fresh("provider"),
            "models": target.fresh("model"),
            "prices": target.fresh("price"),
            "quarantine": "0123456789abcdef",
            "absent quarantine": "fedcba9876543210",
        }
        shared["audit-log"] = str(owner.get("audit-log", limit="1")["data"][0].get("number", "1"))
        revoked = owner.make("tokens", name="revoked", role="owner", organization=None)
        owner.remove(f"tokens/{revoked['id']}")
        expired = owner.make("tokens", name="expired", role="owner", organization=None, expires=soon())
        time.sleep(2)
        askers = [Asker(f"{role} at home", home.tokens[role], role, home.organization) for role in ROLES]
        askers += [Asker(f"{role} abroad", abroad.tokens[role], role, abroad.organization) for role in ROLES]
        askers += [Asker(f"{role} of all", owner.token_of(role, None, f"all-{role}"), role) for role in ROLES]
        askers += [
            Asker("nobody", None, None),
            Asker("an unknown token", "sluice-admin-" + "A" * 43, None),
            Asker("no token at all", "nonsense", None),
            Asker("a revoked token", revoked["token"], None),
            Asker("an expired token", expired["token"], None),
            Asker("a client's key", home.plain_key, None),
        ]
        yield World(running, home, abroad, shared, askers)


def soon() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1.5))


def ask(world: World, asker: Asker, name: str, row: Row, target: Target) -> wire.Reply:
    method = name.partition(" ")[0]
    body = None if row.body is None else target.filled(row.body)
    query = {key: str(value) for key, value in target.filled(row.query).items()}
    return world.owner.as_token(asker.token).request(method, path_of(name, row, target), body, query=query)


def path_of(name: str, row: Row, target: Target) -> str:
    path = target.path(name, row)
    # What clients ask at /api/v1/models is theirs.
    return "/admin/aliases" + path.removeprefix("models") if path.split("/")[0] == "models" else path


def signature(reply: wire.Reply) -> tuple:
    headers = sorted((name.lower(), value) for name, value in reply.headers if name.lower() not in VOLATILE)
    return reply.status, reply.body, tuple(headers)


def unnamed(reply: wire.Reply, world: World) -> tuple:
    """What an answer says, but for the id of a record, which it may repeat."""
    status, body, headers = signature(reply)
    for record in (world.shared["requests"], NOBODY):
        body = body.replace(record.encode(), b"ID")
    return status, body, headers


def operations(world: World) -> dict[str, dict]:
    document = world.owner.ask("GET", "/openapi.json")
    found = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "put", "post", "patch", "delete") and is_administration(path, operation):
                found[row_name(method, path)] = operation
    return found


def is_administration(path: str, operation: dict) -> bool:
    """Front doors are served at /api/v1, too, to clients' keys."""
    return path.startswith("/api/v1/") and "clients" not in operation.get("tags", []) and "inference" not in operation.get("tags", [])


def test_every_operation_has_a_row(world: World) -> None:
    missing = set(operations(world)) - set(ROWS)
    assert not missing, f"who may do these? Harness/access.py: {sorted(missing)}"


def test_every_operation_for_everybody(world: World) -> None:
    wrong = []
    asked = 0
    refusals: dict[tuple, str] = {}
    for name in operations(world):
        row = ROWS[name]
        for asker in world.askers:
            verdict = asker.verdict(row, world.home.organization)
            target = Target(world.owner, world.home, world.shared)
            organization = target
            if row.fresh == "organization" and asker.home == world.home.organization:
                continue  # a new organization is nobody's home
            reply = ask(world, asker, name, row, organization)
            asked += 1
            if verdict == "allowed" and reply.status not in row.done:
                wrong.append(f"{name} for {asker.name}: {reply.status} instead of {row.done}: {reply.body[:300]!r}")
            elif verdict == "forbidden" and reply.status != 403:
                wrong.append(f"{name} for {asker.name}: {reply.status} instead of 403: {reply.body[:300]!r}")
            elif verdict == "unauthorized":
                refusals.setdefault(signature(reply), f"{name} for {asker.name}")
                if reply.status != 401 or "Bearer" not in (reply.header("www-authenticate") or ""):
                    wrong.append(f"{name} for {asker.name}: {reply.status} instead of 401")
            elif verdict == "hidden":
                nothing = Target(world.owner, world.home, world.shared, exists=False)
                absent = ask(world, asker, name, row, nothing)
                if reply.status != 404 or unnamed(reply, world) != unnamed(absent, world):
                    wrong.append(f"{name} for {asker.name}: {reply.status} {reply.body!r}, absent: {absent.status} {absent.body!r}")
    assert len(refusals) <= 1, f"refusals can be told apart: {refusals}"
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong)
    assert asked > 400
    print(f"{asked} requests")


def test_lists_hold_what_is_ones_own(world: World) -> None:
    """Nothing of another organization, and all of one's own; filters for what is another's find what those for nothing find."""
    own = {
        "orgs": (world.home.organization, world.abroad.organization),
        "projects": (world.home.project, world.abroad.project),
        "keys": (world.home.key, world.abroad.key),
        "tokens": (world.home.token, world.abroad.token),
        "audit-log": (world.home.key, world.abroad.key),
    }
    nobody = {"org": f"org_{'0' * 32}", "organization": f"org_{'0' * 32}", "project": f"proj_{'0' * 32}", "key": f"key_{'0' * 32}"}
    theirs = {
        "org": world.abroad.organization,
        "organization": world.abroad.organization,
        "project": world.abroad.project,
        "key": world.abroad.key,
    }
    found = operations(world)
    admin = world.owner.as_token(world.home.tokens["admin"])
    for path, (mine, other) in own.items():
        texts = [str(one) for one in admin.all(path)]
        assert any(mine in text for text in texts), f"{path} does not show {mine}"
        assert not any(other in text for text in texts), f"{path} shows {other}"
        assert not any("abroad" in text for text in texts), f"{path} shows names of the other organization"
        everything = [str(one) for one in world.owner.all(path)]
        assert any(other in text for text in everything), f"{path} does not show all to the owner"
    for name, operation in found.items():
        if ROWS[name].scope != "listing":
            continue
        for parameter in operation.get("parameters", []):
            filtered = parameter.get("name")
            if filtered in nobody:
                path = name.partition(" ")[2]
                foreign = admin.request("GET", path, query={filtered: theirs[filtered]})
                absent = admin.request("GET", path, query={filtered: nobody[filtered]})
                assert signature(foreign) == signature(absent), f"{name}?{filtered}: {foreign.body!r}, {absent.body!r}"


def test_nobody_gives_more_than_he_has(world: World) -> None:
    """Not by a new token, not by changing one, not by moving what is one's own to another organization."""
    for role in ROLES:
        for wanted in ROLES:
            for organization in (world.home.organization, world.abroad.organization, None):
                asker = world.owner.as_token(world.home.tokens[role])
                body = {"name": "more", "role": wanted, "organization": organization}
                reply = asker.request("POST", "tokens", body)
                fine = role == "owner" and organization == world.home.organization
                assert (reply.status == 201) == fine, f"{role} makes {wanted} of {organization}: {reply.status} {reply.body!r}"
    owner = world.owner.as_token(world.home.tokens["owner"])
    for path, body in (
        (f"projects/{world.home.project}", {"organization": world.abroad.organization}),
        (f"keys/{world.home.key}", {"project": world.abroad.project}),
        (f"tokens/{world.home.token}", {"organization": world.abroad.organization}),
        (f"tokens/{world.home.token}", {"organization": None}),
        ("keys", {"name": "x", "project": world.abroad.project}),
        (f"projects/{world.abroad.project}/keys", {"name": "x"}),
    ):
        reply = owner.request("POST" if path.endswith("keys") else "PATCH", path, body)
        assert reply.status in (400, 403, 404, 422), f"{path} {body}: {reply.status} {reply.body!r}"


def test_the_other_names_are_the_same(world: World) -> None:
    """`/admin/keys`, `/admin/providers` and `/admin/aliases` say what `/api/v1` says."""
    for short, long in (("/admin/keys", "keys"), ("/admin/providers", "providers"), ("/admin/aliases", "models")):
        for asker in world.askers:
            one, other = (world.owner.as_token(asker.token).request("GET", path) for path in (short, long))
            if long == "models" and asker.role is None and asker.token and not asker.token.startswith("sluice-admin-"):
                continue  # a client's key asks for clients' models there
            if long == "models" and asker.token is None:
                continue
            assert signature(one) == signature(other), f"{short} for {asker.name}: {one.status} {one.body!r}, {other.body!r}"
