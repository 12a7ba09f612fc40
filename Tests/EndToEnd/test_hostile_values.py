"""What nobody should send, in every field of every operation: refused by name or given back byte for byte, and never a 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from Harness import wire
from Harness.access import ROWS, Target, row_name
from Harness.administered import DATABASES, Administered, Household, administered, household
from Harness.administration import quoted

VALUES = {
    "SQL": "x'); DROP TABLE keys; --",
    "quotes": "\"'`´’",
    "or": "' OR '1'='1",
    "dollars": "$1 ${HOME} $(id) {{7*7}}",
    "backslashes": "\\' \\x00 \\u0000 \\",
    "percent": "%",
    "underscore": "_",
    "NUL": "a\0b",
    "controls": "a\x01\x1b[31m\x7f",
    "line ends": "a\r\nX-Injected: 1\r\n\r\n",
    "right to left": "\u202eabc\u2066",
    "combining": "e\u0301\u0323",
    "composed": "\u00e9",
    "joined": "👩‍👩‍👧‍👦",
    "byte order": "\ufeffx",
    "not a character": "\uffff\U0010ffff",
    "path": "../../../../etc/passwd",
    "blank": "   ",
    "empty": "",
    "long": "ü" * 5000,
    "null": "null",
    "number": "1e999",
}
# Texts that are no Unicode: a half of a pair, and bytes.
RAW = {
    "half a pair": b'"a\\ud800b"',
    "invalid UTF-8": b'"a\xff\xfeb"',
    "overlong": b'"a\xc0\xafb"',
    "a surrogate in UTF-8": b'"a\xed\xa0\x80b"',
    "a deep list": b"[" * 500 + b"]" * 500,
    "a large number": b"9" * 400,
    "a small number": b"-0.000000001e-999",
    "a number too many": b"18446744073709551616",
    "negative": b"-1",
    "true": b"true",
    "null": b"null",
    "object": b'{"a":1,"a":2}',
}


@dataclass
class World:
    running: Administered
    home: Household
    target: Target
    document: dict
    is_long: bool
    # One value of so many is tried in each place.
    step: int = 7


@pytest.fixture(scope="module", params=DATABASES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    with administered(tmp_path_factory.mktemp("hostile"), server) as running:
        home = household(running.owner, "home")
        target = Target(running.owner, home, {"quarantine": "0123456789abcdef", "requests": "0" * 32, "audit-log": "1"})
        for collection, kind in (("providers", "provider"), ("models", "model"), ("prices", "price")):
            target.shared[collection] = target.fresh(kind)
        yield World(running, home, target, running.owner.ask("GET", "/openapi.json"), request.config.getoption("--verify"))


def resolved(document: dict, schema: dict) -> dict:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def operations(world: World) -> Iterator[tuple[str, str, dict]]:
    """(row, path with braces, operation) of the administration."""
    for path, methods in world.document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/api/v1/") and row_name(method, path) in ROWS:
                yield row_name(method, path), path, operation


def fields(world: World, operation: dict) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return list(resolved(world.document, content["schema"]).get("properties", {})) if content else []


def send(world: World, row: str, path: str, body: bytes | None, query: dict | None = None, headers: dict | None = None):
    if path.startswith("models"):
        path = "/admin/aliases" + path.removeprefix("models")
    return world.running.owner.request(row.partition(" ")[0], path, body, headers, query)


def chosen(world: World, values: dict, number: int) -> Iterator[tuple]:
    """All values with `--verify`; else a few for each place, so that each stands in many places."""
    for index, pair in enumerate(values.items()):
        if world.is_long or (index + number) % world.step == 0:
            yield pair


def judge(reply: wire.Reply, what: str, field: str | None) -> list[str]:
    """What is wrong with an answer: a 5xx, a refusal without a name, a header that was not ours to give."""
    found = []
    if reply.status >= 500 or not reply.complete:
        found.append(f"{what}: {reply.status} {reply.body[:300]!r}")
    elif reply.status >= 400:
        error = reply.error
        if field and reply.status == 422 and not str(error["param"] or "").split(".")[0].split("[")[0] == field:
            found.append(f"{what}: 422 names {error['param']!r}: {error['message']}")
    if reply.header("x-injected"):
        found.append(f"{what}: a header of the client's")
    return found


def contains(answer: object, value: object) -> bool:
    if isinstance(answer, dict):
        return any(contains(one, value) for pair in answer.items() for one in pair)
    if isinstance(answer, list):
        return any(contains(one, value) for one in answer)
    return type(answer) is type(value) and answer == value


def test_every_field_of_every_body(world: World) -> None:
    wrong: list[str] = []
    asked = kept = 0
    for row, _, operation in operations(world):
        for field in fields(world, operation):
            for name, value in chosen(world, VALUES, asked):
                body = world.target.filled(ROWS[row].body or {}) | {field: value}
                path = world.target.path(row, ROWS[row])
                reply = send(world, row, path, json.dumps(body, ensure_ascii=False).encode())
                asked += 1
                wrong += judge(reply, f"{row} with {field} = {name}", field)
                if 200 <= reply.status < 300 and reply.body:
                    answer = reply.json()
                    # What is named by its name is shown by its id.
                    secret = field in ("api_key", "keys", "headers", "overlap_seconds", "organization", "project") or value == ""
                    if not secret and field in answer and not contains(answer, value):
                        wrong.append(f"{row} with {field} = {name}: kept as {answer[field]!r}")
                    kept += 1
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong[:60])
    assert asked > 500 and kept > 10
    assert world.running.owner.request("GET", "keys").status == 200
    print(f"{asked} requests, {kept} kept")


def test_every_field_as_something_else(world: World) -> None:
    wrong: list[str] = []
    asked = 0
    for row, _, operation in operations(world):
        for field in fields(world, operation):
            asked += 1
            for name, raw in chosen(world, RAW, asked):
                body = world.target.filled(ROWS[row].body or {})
                body.pop(field, None)
                text = json.dumps(body).encode()[:-1] + (b", " if body else b"") + json.dumps(field).encode() + b": " + raw + b"}"
                reply = send(world, row, world.target.path(row, ROWS[row]), text)
                wrong += judge(reply, f"{row} with {field} = {name}", None)
                if name in ("half a pair", "invalid UTF-8", "overlong", "a surrogate in UTF-8") and reply.status != 400:
                    wrong.append(f"{row} with {field} = {name}: {reply.status}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:60])


def test_every_place_in_paths_and_queries(world: World) -> None:
    wrong: list[str] = []
    for number, (row, path, operation) in enumerate(operations(world)):
        parameters = operation.get("parameters", [])
        names = [one["name"] for one in parameters if one["in"] == "query"] + ["unknown"]
        for what, value in chosen(world, VALUES, number):
            segment = quoted(value[:2000]) or "%20"
            if "{" in path:
                bad = "/".join(segment if one.startswith("{") else one for one in path.removeprefix("/api/v1/").split("/"))
                body = None if ROWS[row].body is None else json.dumps(world.target.filled(ROWS[row].body)).encode()
                wrong += judge(send(world, row, bad, body), f"{row} at {what}", None)
            if row.startswith("GET"):
                for name in names:
                    reply = send(world, row, world.target.path(row, ROWS[row]), None, {name: value[:2000]})
                    wrong += judge(reply, f"{row}?{name}={what}", name if name != "unknown" else None)
                    if name == "unknown" and reply.status not in (400, 414):
                        wrong.append(f"{row}?unknown={what}: {reply.status}")
                    if name == "name" and reply.status == 200 and reply.json()["data"]:
                        if {one["name"] for one in reply.json()["data"]} - {value}:
                            wrong.append(f"{row}?name={what} finds {reply.json()['data']}")
    # Bytes that are no text, in every place.
    for target in ("keys/%FF%FE", "keys/%C0%AF", "keys/%00", "keys?name=%FF", "keys?%FF=1", "keys/%zz", "keys/%", "keys?name=%", "keys//x"):
        reply = world.running.owner.request("GET", target)
        wrong += judge(reply, target, None)
        if reply.status not in (400, 404, 422):
            wrong.append(f"{target}: {reply.status}")
    for header in ("If-Match", "Idempotency-Key", "Authorization", "Content-Type", "X-Forwarded-For"):
        # Wrong tokens are slowed, each for itself, when there are more than a few.
        for name, value in list(VALUES.items())[:: 4 if header == "Authorization" and not world.is_long else 1]:
            text = value.encode("utf-8")[:500].translate(None, b"\r\n\0").decode("latin-1")
            reply = send(world, "POST keys", "keys", b'{"name": "with a header"}', None, {header: text})
            wrong += judge(reply, f"{header}: {name}", None)
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:60])


def test_wildcards_match_themselves_only(world: World) -> None:
    owner = world.running.owner
    project = owner.make("projects", name="for wildcards", organization=world.home.organization)["id"]
    for name in ("100%", "a_b", "100x", "axb", "\u00e9t\u00e9", "e\u0301te\u0301", "back\\slash"):
        made = owner.make(f"projects/{project}/keys", name=name)
        assert made["name"].encode() == name.encode()
    for wanted, found in (
        ("100%", ["100%"]), ("%", []), ("_", []), ("a_b", ["a_b"]), ("%%", []), ("\u00e9t\u00e9", ["\u00e9t\u00e9"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]), ("back\\slash", ["back\\slash"]), ("*", []), ("100", []),
    ):  # fmt: skip
        names = [one["name"] for one in owner.all("keys", name=wanted) if project in one.values()]
        assert [one.encode() for one in names] == [one.encode() for one in found], wanted


def test_bodies_that_are_none(world: World) -> None:
    owner = world.running.owner
    for body in (b"", b"null", b"[]", b'"x"', b"{", b'{"name":"a","name":"b"}', b"\xff", b"{}" * 2, b" " * 10, b"\xef\xbb\xbf{}"):
        reply = owner.request("POST", "keys", body)
        assert reply.status in (400, 422) and reply.error["message"], (body, reply.status)
    for size in (1 << 20, (1 << 20) + 1, 3 << 20):
        reply = owner.request("POST", "keys", b'{"name": "' + b"x" * size + b'"}')
        assert reply.status in (413, 422), (size, reply.status)
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
        reply = owner.request("POST", "keys", b'{"name": "typed"}', headers={"Content-Type": kind})
        assert reply.status in (201, 400, 415), (kind, reply.status)
