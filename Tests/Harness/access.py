"""Who may do what, written down a second time: a row for each operation, and what becomes of it for each role.

The oracle of the access matrix. An operation of `/openapi.json` that has no row here fails the test.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from .administered import Household
from .administration import ROLES, Administration

# The least role that may do it.
LEAST = {
    "readOrganization": "viewer", "changeOrganization": "owner", "createOrganization": "owner",
    "readProjects": "viewer", "changeProjects": "admin",
    "readKeys": "viewer", "changeKeys": "member",
    "readLimits": "viewer", "changeLimits": "admin",
    "readUsage": "viewer",
    "readTokens": "admin", "changeTokens": "owner",
    "readAudit": "admin",
    "readConfiguration": "viewer", "changeConfiguration": "admin",
    "readGateway": "viewer", "orderGateway": "owner",
}  # fmt: skip

DONE = (200, 201, 202, 204)
NOBODY = "0" * 32
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Row:
    """`scope`: "organization" (what the path, query or body names is an organization's), "gateway" (nobody's), "listing" (everybody
    gets a list of what is theirs) or "public". `fresh`: what is made anew for each attempt, since an attempt uses it up."""

    action: str
    scope: str = "organization"
    body: dict | None = None
    query: dict = field(default_factory=dict)
    fresh: str | None = None
    # What a success may say; with 404 where what is nobody's need not exist.
    done: tuple[int, ...] = DONE


PROVIDER = {"dialect": "openai", "base_url": "https://provider.example/v1", "api_key": "sk-for-the-matrix-0123456789"}
ALIAS = {"targets": ["simulated:x"]}
PRICE = {"input": 1, "output": 2}
ABSENT_IS_FINE = (*DONE, 404)

ROWS: dict[str, Row] = {
    "GET orgs": Row("readOrganization", "listing"),
    "POST orgs": Row("createOrganization", "gateway", {"name": "@new"}),
    "GET orgs/{}": Row("readOrganization"),
    "PATCH orgs/{}": Row("changeOrganization", body={"name": "@new"}),
    "DELETE orgs/{}": Row("changeOrganization", fresh="organization"),
    "GET projects": Row("readProjects", "listing"),
    "POST projects": Row("changeProjects", body={"name": "@new", "organization": "@organization"}),
    "GET projects/{}": Row("readProjects"),
    "PATCH projects/{}": Row("changeProjects", body={"weight": 2}),
    "DELETE projects/{}": Row("changeProjects", fresh="project"),
    "GET projects/{}/keys": Row("readKeys"),
    "POST projects/{}/keys": Row("changeKeys", body={"name": "@new"}),
    "GET keys": Row("readKeys", "listing"),
    "POST keys": Row("changeKeys", body={"name": "@new", "project": "@project"}),
    "GET keys/{}": Row("readKeys"),
    "PATCH keys/{}": Row("changeKeys", body={"concurrency": 7}),
    "DELETE keys/{}": Row("changeKeys", fresh="key"),
    "POST keys/{}/regenerate": Row("changeKeys", body={"overlap_seconds": 0}, fresh="key"),
    "GET tokens": Row("readTokens", "listing"),
    "POST tokens": Row("changeTokens", body={"name": "@new", "role": "viewer", "organization": "@organization"}),
    "GET tokens/{}": Row("readTokens"),
    "PATCH tokens/{}": Row("changeTokens", body={"name": "@new"}),
    "DELETE tokens/{}": Row("changeTokens", fresh="token"),
    "GET providers": Row("readConfiguration", "gateway"),
    "POST providers": Row("changeConfiguration", "gateway", PROVIDER | {"name": "@new"}),
    "GET providers/{}": Row("readConfiguration", "gateway"),
    "PUT providers/{}": Row("changeConfiguration", "gateway", PROVIDER),
    "PATCH providers/{}": Row("changeConfiguration", "gateway", {"headers": {"x-matrix": "1"}}),
    "DELETE providers/{}": Row("changeConfiguration", "gateway", fresh="provider"),
    "POST providers/{}/test": Row("changeConfiguration", "gateway", {}, done=(200, 202, 422, 424, 502, 504)),
    "GET models": Row("readConfiguration", "gateway"),
    "POST models": Row("changeConfiguration", "gateway", ALIAS | {"name": "@new"}),
    "GET models/{}": Row("readConfiguration", "gateway"),
    "PATCH models/{}": Row("changeConfiguration", "gateway", {"retries": 1}),
    "DELETE models/{}": Row("changeConfiguration", "gateway", fresh="model"),
    "GET prices": Row("readConfiguration", "gateway"),
    "POST prices": Row("changeConfiguration", "gateway", PRICE | {"target": "@new-target"}),
    "GET prices/{}": Row("readConfiguration", "gateway"),
    "PATCH prices/{}": Row("changeConfiguration", "gateway", {"input": 3}),
    "DELETE prices/{}": Row("changeConfiguration", "gateway", fresh="price"),
    "GET catalogue": Row("readConfiguration", "gateway"),
    # Where nothing waits to be applied, there is nothing to compare or to apply.
    "GET catalogue/diff": Row("readConfiguration", "gateway", done=(*DONE, 409)),
    "GET catalogue/models": Row("readConfiguration", "gateway"),
    "POST catalogue/apply": Row("changeConfiguration", "gateway", {}, done=(*DONE, 409)),
    # As the command line names them.
    "GET limits": Row("readLimits", query={"key": "@key"}),
    "PATCH limits": Row("changeLimits", body={"key": "@key", "concurrency": 9}),
    "DELETE limits": Row("changeLimits", query={"key": "@key"}),
    "GET limits/{}": Row("readLimits"),
    "PATCH limits/{}": Row("changeLimits", body={"concurrency": 9}),
    "PUT limits/{}": Row("changeLimits", body={"concurrency": 9}),
    "DELETE limits/{}": Row("changeLimits"),
    "GET audit-log": Row("readAudit", "listing"),
    "GET audit-log/{}": Row("readAudit"),
    "GET usage": Row("readUsage", "listing"),
    "GET usage/daily": Row("readUsage", "listing"),
    "GET usage/hourly": Row("readUsage", "listing"),
    "GET usage/summary": Row("readUsage", "listing"),
    "GET usage/forecast": Row("readUsage", "listing"),
    "GET usage/calls": Row("readUsage", "gateway"),
    "GET requests": Row("readUsage", "listing"),
    "GET requests/{}": Row("readUsage"),
    "GET activity": Row("readUsage", "listing"),
    "GET events": Row("readUsage", "listing"),
    "GET quarantine": Row("readGateway", "gateway"),
    "DELETE quarantine/{}": Row("orderGateway", "gateway", done=ABSENT_IS_FINE),
    "GET status": Row("readGateway", "gateway"),
    "GET jobs": Row("readGateway", "gateway"),
    "POST orders": Row("orderGateway", "gateway", {"kind": "reopen_logs"}),
    "GET orders": Row("readGateway", "gateway", done=ABSENT_IS_FINE),
}


def row_name(method: str, path: str) -> str:
    """`GET keys/{}` of `get`, `/api/v1/keys/{key}`."""
    return f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path.removeprefix('/api/v1/'))}"


@dataclass(frozen=True)
class Asker:
    """`home`: the organization of the token, None for all of them; `role` None where the token is no good."""

    name: str
    token: str | None
    role: str | None
    home: str | None = None

    def verdict(self, row: Row, organization: str) -> str:
        """"unauthorized", "hidden", "forbidden" or "allowed", where it is about something of the organization."""
        if self.role is None:
            return "unauthorized"
        if row.scope == "gateway" and self.home is not None:
            return "forbidden"
        if row.scope == "organization" and self.home not in (None, organization):
            return "hidden"
        return "allowed" if ROLES.index(self.role) >= ROLES.index(LEAST[row.action]) else "forbidden"


class Target:
    """What the requests of a row are about: `home`'s things, or things that do not exist."""

    def __init__(self, owner: Administration, home: Household, shared: dict[str, str], exists: bool = True) -> None:
        self.owner, self.home, self.shared, self.exists = owner, home, shared, exists

    def fresh(self, kind: str) -> str:
        """Something of its own for one attempt; its id or name."""
        name = f"fresh-{next(_numbers)}"
        if kind == "organization":
            return self.owner.make("orgs", name=name)["id"]
        if kind == "project":
            return self.owner.make("projects", name=name, organization=self.home.organization)["id"]
        if kind == "key":
            return self.owner.make(f"projects/{self.home.project}/keys", name=name)["id"]
        if kind == "token":
            return self.owner.make("tokens", name=name, role="viewer", organization=self.home.organization)["id"]
        if kind == "provider":
            return self.owner.make("providers", name=name, **PROVIDER)["name"]
        if kind == "model":
            return self.owner.make("/admin/aliases", name=name, **ALIAS)["name"]
        assert kind == "price", kind
        return self.owner.make("prices", target=f"simulated:{name}", **PRICE)["target"]

    def segment(self, collection: str) -> str:
        """What stands in the braces behind `collection`."""
        kinds = {"orgs": "org", "projects": "proj", "keys": "key", "tokens": "tok", "limits": "key"}
        if not self.exists:
            return f"{kinds[collection]}_{NOBODY}" if collection in kinds else self.shared.get(f"absent {collection}", NOBODY)
        own = {
            "orgs": self.home.organization, "projects": self.home.project, "keys": self.home.key, "limits": self.home.key,
            "tokens": self.home.token,
        }  # fmt: skip
        return own.get(collection) or self.shared[collection]

    def filled(self, value: object) -> object:
        """A body or query with its placeholders filled in."""
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if not isinstance(value, str) or not value.startswith("@"):
            return value
        if value == "@new":
            return f"new-{next(_numbers)}"
        if value == "@new-target":
            return f"simulated:new-{next(_numbers)}"
        kind = value[1:]
        if self.exists:
            return {"organization": self.home.organization, "project": self.home.project, "key": self.home.key}[kind]
        return {"organization": "org", "project": "proj", "key": "key"}[kind] + f"_{NOBODY}"

    def path(self, name: str, row: Row) -> str:
        path = name.partition(" ")[2]
        if "{}" not in path:
            return path
        collection = path.split("/")[0]
        segment = self.fresh(row.fresh) if row.fresh and self.exists else self.segment(collection)
        return path.replace("{}", segment.replace("/", "%2F"), 1)
