"""What nobody should send, in every field of every operation: refused by name or given back byte for byte, and never a 5xx."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pytest

from Harness import wire
from Harness.access import ROWS, Target, row_name
from Harness.administered import DATABASES, Administered, Household, administered, household
from Harness.administration import quoted
from Harness.hostile import NAME, NO_TEXT, NO_TEXT_IN_A_PATH, RAW, VALUES, Places, at, encoded
from Harness.processes import wait_until

# Taken and never given, or shown as something else: what is named by its name is shown by its id.
NOT_SHOWN = ("api_key", "keys", "headers", "overlap_seconds", "organization", "project", "key")
SECRETS = ("api_key", "keys", "headers")
# What cannot be there beside it.
INSTEAD_OF = {"keys": "api_key", "route": "targets"}


@dataclass
class World:
    running: Administered
    home: Household
    target: Target
    places: Places
    is_long: bool
    # Which of the values is tried next.
    number: int = 0


@pytest.fixture(scope="module", params=DATABASES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    with administered(tmp_path_factory.mktemp("hostile"), server) as running:
        home = household(running.owner, "home")
        target = Target(running.owner, home, {"quarantine": "0123456789abcdef", "requests": "0" * 32, "audit-log": "1"})
        for collection, kind in (("providers", "provider"), ("models", "model"), ("prices", "price")):
            target.shared[collection] = target.fresh(kind)
        document = running.owner.ask("GET", "/openapi.json")
        yield World(running, home, target, Places(document), request.config.getoption("--verify"))


def operations(world: World) -> Iterator[tuple[str, str, dict]]:
    """(row, path with braces, operation) of the administration."""
    for path, methods in world.places.document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/api/v1/"):
                assert row_name(method, path) in ROWS, f"no row for {method} {path}"
                yield row_name(method, path), path, operation


def send(world: World, row: str, path: str, body: bytes | None, query: dict | None = None, headers: dict | None = None):
    if path.startswith("models"):
        path = "/admin/aliases" + path.removeprefix("models")
    return world.running.owner.request(row.partition(" ")[0], path, body, headers, query)


def chosen(world: World, values: dict) -> list[tuple]:
    """All values with `--verify`; else one for each place, another each time, so that each stands in many places."""
    if world.is_long:
        return list(values.items())
    world.number += 1
    return [list(values.items())[world.number % len(values)]]


def judge(reply: wire.Reply, what: str, fields: Collection[str] = ()) -> list[str]:
    """What is wrong with an answer: a 5xx, no JSON, a refusal that names none of the fields, a header that was not ours to give."""
    found = []
    if reply.status >= 500 or not reply.complete:
        found.append(f"{what}: {reply.status} {reply.body[:300]!r}")
    elif reply.status >= 400:
        error = reply.error
        if fields and reply.status == 422 and str(error["param"] or "").split(".")[0].split("[")[0] not in fields:
            found.append(f"{what}: 422 names {error['param']!r}: {error['message']}")
    elif reply.body:
        reply.body.decode("utf-8")
        reply.json()
    if reply.header("x-injected"):
        found.append(f"{what}: a header of the client's")
    return found


def texts(answer: object) -> set[str]:
    """All texts of an answer, but for the names of its members."""
    if isinstance(answer, dict | list):
        return set().union(*map(texts, answer.values() if isinstance(answer, dict) else answer))
    return {answer} if isinstance(answer, str) else set()


def kept(world: World, row: str, path: str, reply: wire.Reply, place: tuple, value: str) -> str | None:
    """What is wrong with what was kept of an accepted value: it is given back byte for byte, and written down so."""
    owner = world.running.owner
    shown = reply.header("location") or path
    got = owner.ask("GET", f"/admin/aliases{shown.removeprefix('models')}" if shown.startswith("models") else shown)
    change = owner.get("audit-log", limit="1")["data"][0]
    wanted = (*place[:-1], value) if place[-1] == NAME else place
    if place[0] in SECRETS and place[-1] not in (NAME, "name"):
        return "it is shown" if value and any(value in texts(answer) for answer in (got, change)) else None
    if place[0] in NOT_SHOWN or value == "":
        return None
    # What is found by its name, not by an id, has it there.
    after = change["after"] if place != ("name",) or "name" in change["after"] else {"name": change["target"]}
    for where, answer in (("answer", got), ("audit log", after)):
        try:
            found = at(answer, wanted)
        except (KeyError, IndexError, TypeError):
            return f"the {where} has {answer.get(place[0]) if isinstance(answer, dict) else answer!r}"
        if place[-1] != NAME and found != value:
            return f"the {where} has {found!r}"
    return None


def test_every_place_of_every_body(world: World) -> None:
    wrong: list[str] = []
    asked = accepted = 0
    for row, _, operation in operations(world):
        for place in world.places.of(operation):
            for name, value in chosen(world, VALUES):
                what = f"{row} with {name} at {place}"
                body = world.target.filled(ROWS[row].body or {})
                body |= {place[0]: world.places.filled(world.places.body(operation), place, value)[place[0]]}
                if place[0] in INSTEAD_OF:
                    body.pop(INSTEAD_OF[place[0]], None)
                    body |= {INSTEAD_OF[place[0]]: None} if row.startswith("PATCH") else {}
                path = world.target.path(row, ROWS[row])
                reply = send(world, row, path, json.dumps(body, ensure_ascii=False).encode())
                asked += 1
                # A route is also refused for what other aliases are: no member of it is at fault.
                wrong += judge(reply, what, [*body, ""] if place[0] == "route" else body)
                if 200 <= reply.status < 300 and not row.endswith(("orders", "test", "regenerate")) and "limits" not in row:
                    accepted += 1
                    fault = kept(world, row, path, reply, place, value)
                    wrong += [f"{what}: {fault}"] if fault else []
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong[:60])
    assert asked > 400 and accepted > 10, (asked, accepted)
    assert world.running.owner.request("GET", "keys").status == 200
    print(f"{asked} requests, {accepted} accepted")


def test_every_place_as_something_else(world: World) -> None:
    wrong: list[str] = []
    marker = "here, and nowhere else"
    for row, _, operation in operations(world):
        for place in world.places.of(operation):
            for name, raw in chosen(world, RAW):
                if place[-1] == NAME and not raw.startswith(b'"'):
                    continue
                body = world.target.filled(ROWS[row].body or {})
                body |= {place[0]: world.places.filled(world.places.body(operation), place, marker)[place[0]]}
                reply = send(world, row, world.target.path(row, ROWS[row]), encoded(body, marker, raw))
                wrong += judge(reply, f"{row} with {name} at {place}")
                if name in NO_TEXT and reply.status != 400:
                    wrong.append(f"{row} with {name} at {place}: {reply.status}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:60])


def test_every_place_in_paths_and_queries(world: World) -> None:
    wrong: list[str] = []
    for row, path, operation in operations(world):
        parameters = operation.get("parameters", [])
        names = [one["name"] for one in parameters if one["in"] == "query"] + ["unknown"]
        # Bytes that are no text, in every place.
        start = world.target.path(row, ROWS[row])
        bad = [f"{start}?{name}=@" for name in names] + [f"{start}?@=1"]
        if "{" in path:
            bad.append("/".join("@" if one.startswith("{") else one for one in path.removeprefix("/api/v1/").split("/")))
        body = None if ROWS[row].body is None else json.dumps(world.target.filled(ROWS[row].body)).encode()
        for place in bad:
            for no_text, _ in chosen(world, dict.fromkeys(NO_TEXT_IN_A_PATH)):
                target = place.replace("@", no_text)
                reply = send(world, row, target, body)
                wrong += judge(reply, f"{row}: {target}")
                if reply.status not in (400, 404, 422):
                    wrong.append(f"{row}: {target}: {reply.status}")
        for what, value in chosen(world, VALUES):
            segment = quoted(value[:2000]) or "%20"
            if "{" in path:
                bad = "/".join(segment if one.startswith("{") else one for one in path.removeprefix("/api/v1/").split("/"))
                body = None if ROWS[row].body is None else json.dumps(world.target.filled(ROWS[row].body)).encode()
                wrong += judge(send(world, row, bad, body), f"{row} at {what}")
            if row.startswith("GET"):
                for name in names:
                    reply = send(world, row, world.target.path(row, ROWS[row]), None, {name: value[:2000]})
                    wrong += judge(reply, f"{row}?{name}={what}", [name] if name != "unknown" else [])
                    if name == "unknown" and reply.status not in (400, 414):
                        wrong.append(f"{row}?unknown={what}: {reply.status}")
                    if name == "name" and reply.status == 200 and reply.json()["data"]:
                        if {one["name"] for one in reply.json()["data"]} - {value}:
                            wrong.append(f"{row}?name={what} finds {reply.json()['data']}")
    for target in ("keys/%zz", "keys/%", "keys?name=%", "keys?%FF=1", "keys//x"):
        reply = world.running.owner.request("GET", target)
        wrong += judge(reply, target)
        if reply.status not in (400, 404, 422):
            wrong.append(f"{target}: {reply.status}")
    for header in ("If-Match", "Idempotency-Key", "Authorization", "Content-Type", "X-Forwarded-For"):
        # Wrong tokens are slowed, each for itself, when there are more than a few.
        for name, value in list(VALUES.items())[:: 4 if header == "Authorization" and not world.is_long else 1]:
            text = value.encode("utf-8")[:500].translate(None, b"\r\n\0").decode("latin-1")
            reply = send(world, "POST keys", "keys", b'{"name": "with a header"}', None, {header: text})
            wrong += judge(reply, f"{header}: {name}")
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


def doors(world: World) -> Iterator[tuple[str, dict]]:
    for path, methods in world.places.document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/v1/") and method == "post":
                yield path, operation


def ask_as_client(world: World, path: str, body: bytes) -> wire.Reply:
    headers = {"Authorization": f"Bearer {world.running.gateway.key}", "Content-Type": "application/json"}
    return wire.request(world.running.gateway.address, "POST", path, headers, body, 20)


def judge_door(reply: wire.Reply, what: str) -> list[str]:
    """What is wrong with an answer to a client: a 5xx, or neither JSON nor events."""
    if reply.status >= 500 or not reply.complete:
        return [f"{what}: {reply.status} {reply.body[:300]!r}"]
    is_stream = (reply.header("content-type") or "").startswith("text/event-stream")
    for one in [one for one in reply.events() if one != b"[DONE]"] if is_stream else [reply.body]:
        one.decode("utf-8")
        answer = json.loads(one)
        if reply.status >= 400 and not answer["error"]["message"]:
            return [f"{what}: {answer}"]
    return []


def test_every_place_of_what_clients_send(world: World) -> None:
    wrong: list[str] = []
    marker = "here, and nowhere else"
    for path, operation in doors(world):
        schema = world.places.body(operation)
        least = world.places.least(schema) | {"model": "simulated:x"}
        for place in world.places.of(operation):
            for name, value in chosen(world, VALUES):
                body = least | {place[0]: world.places.filled(schema, place, value)[place[0]]}
                reply = ask_as_client(world, path, json.dumps(body, ensure_ascii=False).encode())
                wrong += judge_door(reply, f"{path} with {name} at {place}")
            for name, raw in chosen(world, RAW):
                body = least | {place[0]: world.places.filled(schema, place, marker)[place[0]]}
                reply = ask_as_client(world, path, encoded(body, marker, raw))
                wrong += judge_door(reply, f"{path} with {name} at {place}")
                if name in NO_TEXT[1:] and reply.status != 400:
                    wrong.append(f"{path} with {name} at {place}: {reply.status}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:60])


def test_what_clients_name_is_written_down_as_it_is(world: World) -> None:
    """Models and users of requests, in the usage database."""
    owner = world.running.owner
    wanted = {}
    for value in VALUES.values():
        body = {"model": f"simulated:{value}"[:60], "messages": [{"role": "user", "content": value}], "user": value}
        reply = ask_as_client(world, "/v1/chat/completions", json.dumps(body, ensure_ascii=False).encode())
        if reply.status == 200:
            assert reply.json()["model"] == body["model"].removeprefix("simulated:"), value
            wanted[reply.header("x-sluice-record")] = body["model"]
    assert len(wanted) > 10

    def seen() -> dict[str, str]:
        # The model is known when a request is settled.
        rows = owner.get("requests", limit="400")["data"]
        return {one["record"]: one["model"] for one in rows if one["record"] in wanted and one["settled_by"]}

    wait_until(lambda: len(seen()) == len(wanted), 15, "all requests are written down")
    assert seen() == wanted
    for record, model in wanted.items():
        assert owner.get(f"requests/{record}")["request"]["model"] == model
        if "\0" not in model:
            assert record in [one["record"] for one in owner.get("requests", model=model)["data"]], model
