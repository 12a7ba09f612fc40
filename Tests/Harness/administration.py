"""The administration API over HTTP, as a program of an organization uses it: with a token, and with nothing else."""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import dataclass

from . import wire
from .gateway import Gateway
from .processes import wait_until

ROOT = "/api/v1/"
ROLES = ("viewer", "member", "admin", "owner")


def owner_token(gateway: Gateway, deadline: float = 20) -> str:
    """The token that the first start makes; without a terminal it is in a file that only the owner may read."""
    path = gateway.state / "control" / "owner_token"
    wait_until(path.exists, deadline, f"{path} is there")
    assert path.stat().st_mode & 0o777 == 0o600, oct(path.stat().st_mode)
    return path.read_text().strip()


def quoted(text: str) -> str:
    """One segment of a path, or one value of a query."""
    return urllib.parse.quote(text, safe="")


@dataclass
class Refused(Exception):
    """A request that should have been carried out was not."""

    request: str
    status: int
    body: bytes

    def __str__(self) -> str:
        return f"{self.request}: {self.status} {self.body[:2000]!r}"


class Administration:
    """One administrator: an address and a token (None: no token at all)."""

    strangers = 0

    def __init__(self, address: tuple[str, int], token: str | None, timeout: float = 20) -> None:
        self.address, self.token, self.timeout = address, token, timeout
        self.good: str | None = token

    @classmethod
    def owner(cls, gateway: Gateway) -> "Administration":
        return cls(gateway.address, owner_token(gateway))

    def as_token(self, token: str | None) -> "Administration":
        other = Administration(self.address, token, self.timeout)
        other.good = None
        return other

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> wire.Reply:
        """One request on a connection of its own. `path` without `/api/v1/`, or whole; bytes are sent as they are."""
        target = path if path.startswith("/") else ROOT + path
        if query:
            target += "?" + "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query.items())
        sent = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        # Of an address from which wrong tokens come the next ones are answered ever later.
        source = None
        if self.token != self.good and self.address[0].startswith("127."):
            self.__class__.strangers += 1
            source = f"127.9.{self.strangers // 250 % 250}.{self.strangers % 250 + 1}"
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if raw is not None:
            sent["Content-Type"] = "application/json"
        return wire.request(self.address, method, target, sent | (headers or {}), raw, self.timeout, source)

    def ask(self, method: str, path: str, body: object = None, **options) -> dict:
        """What a request that must succeed answers; an empty object where it answers nothing."""
        reply = self.request(method, path, body, **options)
        if not 200 <= reply.status < 300:
            raise Refused(f"{method} {path}", reply.status, reply.body)
        return json.loads(reply.body) if reply.body else {}

    def get(self, path: str, **query: str) -> dict:
        return self.ask("GET", path, query=query)

    def make(self, path: str, **members) -> dict:
        return self.ask("POST", path, members)

    def change(self, path: str, **members) -> dict:
        return self.ask("PATCH", path, members)

    def remove(self, path: str) -> dict:
        return self.ask("DELETE", path)

    def all(self, path: str, **query: str) -> list[dict]:
        """Every page of a list."""
        found: list[dict] = []
        after: dict[str, str] = {}
        for _ in range(10_000):
            page = self.get(path, **(query | after))
            found += page["data"]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}
        raise AssertionError(f"{path} has no end")

    def token_of(self, role: str, organization: str | None, name: str | None = None, **members) -> str:
        """The text of a new token."""
        made = self.make("tokens", name=name or f"a {role}", role=role, organization=organization, **members)
        return made["token"]
