"""After a day's work no key, token or credential is anywhere in clear: databases, files, logs, the memory of edges."""

from __future__ import annotations

import contextlib
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from Harness import database_faults
from Harness.administered import DATABASES, MASTER_KEY, Administered, administered_config
from Harness.administration import Administration, owner_token
from Harness.disclosure import Search
from Harness.gateway import Gateway, openai_provider
from Harness.operators import run
from Harness.postgres import PostgresServer
from Harness.processes import memory_counts
from Harness.provider import OwnProvider

IN_THE_FILE = "sk-in-the-file-Zq83kdm2Wp01xVb7"
BY_THE_API = "sk-by-the-api-Hn59rTe6Ls42uGy8Qa"
CHANGED = "sk-by-the-api-changed-Kx71mBo3Jd"
IN_A_HEADER = "header-secret-Pv64cFw0Ni28sRt5"
IN_A_REFUSAL = "sk-in-a-refused-body-Ym48bXd7Ro26nAe1"
NEVER_USED = "sk-refused-with-Ub37yLz9Eh15oMk2"


@dataclass
class Day:
    running: Administered
    plain: dict[str, str]
    digests: list[str]


@contextlib.contextmanager
def a_day(folder: pathlib.Path, server: PostgresServer | None) -> Iterator[Day]:
    """Keys, tokens and providers come and go by API and command line; some of it is refused."""
    database = server.database() if server else None
    url = database_faults.ordinary(database) if database else None
    config = administered_config(
        folder / "sluice-state",
        url,
        providers={"file": openai_provider("", api_key=IN_THE_FILE)},
        logging={"level": "debug"},
    )
    with OwnProvider() as provider:
        config["providers"]["file"]["base_url"] = provider.base_url
        gateway = Gateway(config, folder=folder, environment={"SLUICE_MASTER_KEY": MASTER_KEY})
        with gateway:
            gateway.wait_for_tree()
            owner = Administration.owner(gateway)
            plain = {"the owner's token": owner_token(gateway), "the key of the file": IN_THE_FILE, "the master key": MASTER_KEY}
            plain["the first key"] = (gateway.state / "static_key").read_text().strip()
            made = owner.make("keys", name="one")
            again = owner.ask("POST", "keys", {"name": "two"}, headers={"Idempotency-Key": "the-same"})
            assert owner.ask("POST", "keys", {"name": "two"}, headers={"Idempotency-Key": "the-same"}) == again
            regenerated = owner.make(f"keys/{made['id']}/regenerate", overlap_seconds=600)
            plain |= {"a key": made["key"], "a key with a repeat": again["key"], "a new secret": regenerated["key"]}
            plain["a token"] = owner.token_of("admin", None)
            done = run(gateway, "keys", "create", "--name", "by the command", "--json")
            assert done.returncode == 0, done.stderr
            plain["a key by the command"] = re.search(r"sk-sl-[\w-]{43}", done.stdout)[0]

            # Nobody answers there: the key is in the upstreams all the same, and in what they say of the failure.
            base = "https://provider.invalid/v1"
            owner.make(
                "providers", name="api", dialect="openai", base_url=base, api_key=BY_THE_API, headers={"x-secret": IN_A_HEADER}
            )
            plain |= {"a provider's key": BY_THE_API, "a provider's changed key": CHANGED, "a provider's header": IN_A_HEADER}
            for key in (plain["a key"], plain["a new secret"], plain["a key with a repeat"]):
                gateway.key = key
                assert gateway.chat("file:chat").status == 200
                assert gateway.chat("file:status-400").status == 400
            assert gateway.chat("api:chat").status >= 500
            owner.change("providers/api", api_key=CHANGED)
            assert gateway.chat("api:chat").status >= 500

            # Refusals, of which none may repeat what it was given.
            plain |= {"a refused key": NEVER_USED, "a key in a refused body": IN_A_REFUSAL}
            refused = {"name": "bad", "dialect": "openai", "base_url": base, "api_key": IN_A_REFUSAL}
            refusals = [
                owner.request("POST", "providers", refused | {"dialect": "none"}),
                owner.request("POST", "providers", refused | {"base_url": f"http://{IN_A_REFUSAL}@x/"}),
                owner.request("POST", "providers", refused | {"name": "file"}),
                # In several reads, and too long.
                owner.request("POST", "providers", refused | {"headers": {"x": "y" * 200_000}}),
                owner.request("POST", "providers", refused | {"headers": {"x": "y" * 1_000_000, IN_A_REFUSAL: "x" * 200_000}}),
                owner.request("POST", "keys", b'{"name": "' + IN_A_REFUSAL.encode() + b'", '),
                owner.request("GET", f"keys/{NEVER_USED}"),
                owner.as_token(NEVER_USED).request("GET", "keys"),
            ]
            assert all(400 <= one.status < 500 for one in refusals), [one.status for one in refusals]
            search = Search(plain)
            for one in refusals:
                assert not search.find(one.body), one.body
            for path in ("keys", "tokens", "providers", "audit-log", "/openapi.json"):
                shown = owner.request("GET", path)
                assert shown.status == 200 and not search.find(shown.body), (path, search.find(shown.body))
            with_digests = [name for name in plain if name.startswith(("a key", "a new", "a token", "the owner", "the first"))]
            yield Day(Administered(gateway, owner, database), plain, with_digests)
    if database:
        database.drop()


@pytest.fixture(scope="module")
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    with a_day(tmp_path_factory.mktemp("day"), server) as one:
        yield one


@pytest.mark.parametrize(
    "day", [pytest.param(name, marks=[] if name == "sqlite" else pytest.mark.verify) for name in DATABASES], indirect=True
)
def test_nothing_is_written_down(day: Day) -> None:
    gateway = day.running.gateway
    search = Search(day.plain, hashed=day.digests)
    # The two files that say so, and the file that the key was read from.
    for name in ("static_key", "control/owner_token"):
        path = gateway.state / name
        assert search.find(path.read_bytes()), f"{name}: the search finds nothing"
        path.unlink()
    # The identity table is what edges look keys up in: by their SHA-256, in nothing else.
    found = search.find_in(gateway.state)
    keys = [one for one in found if one.startswith("identity/") and "SHA-256" in one]
    assert keys, "where are the keys?"
    assert [one for one in found if one not in keys] == []
    said = (gateway.log_text() + gateway.output_text()).encode()
    assert len(said) > 1000 and search.find(said) == []
    if day.running.database is not None:
        dump = database_faults.dump(day.running.database)
        assert b"key_secrets" in dump and search.find(dump) == []
        assert search.find(bytes_of_dump(dump)) == []
        assert search.find(database_faults.files(day.running.database.server)) == []


def bytes_of_dump(dump: bytes) -> bytes:
    r"""The values of columns of bytes, which a dump writes as \x and hexadecimal."""
    return b"\0".join(bytes.fromhex(one.decode()) for one in re.findall(rb"\\\\x((?:[0-9a-f]{2})+)", dump))


@pytest.mark.parametrize("day", ["sqlite"], indirect=True)
def test_edges_have_no_key_of_a_provider_in_memory(day: Day) -> None:
    """An upstream has, so that the search can find something. Which database there is makes no difference to memory."""
    gateway = day.running.gateway
    in_the_file = IN_THE_FILE.encode()
    by_the_api = [secret.encode() for secret in (CHANGED, IN_A_HEADER)]
    # What passed an edge and came to nothing, or to an end.
    passed = [secret.encode() for secret in (BY_THE_API, IN_A_REFUSAL)]
    secrets = [in_the_file, *by_the_api]
    master = [MASTER_KEY.encode(), bytes.fromhex(MASTER_KEY)]

    def nowhere(role: str, needles: list[bytes]) -> None:
        for pid in gateway.children(role):
            counts = memory_counts(pid, needles)
            assert not any(counts.values()), f"{[one for one in counts if counts[one]]} in {role}"

    upstreams = [memory_counts(pid, secrets + master) for pid in gateway.children("upstream")]
    for secret in secrets:
        assert any(counts[secret] for counts in upstreams), f"{secret} is not even in an upstream: the search finds nothing"
    for secret in master:
        assert not any(counts[secret] for counts in upstreams), "the master key is in an upstream"
    nowhere("aggregator", secrets + master)
    counts = memory_counts(gateway.pid, secrets)
    assert not any(counts.values()), f"{[one for one in counts if counts[one]]} in the supervisor"
    # What is given by the API passes an edge on its way in, which overwrites it.
    nowhere("edge", secrets + passed + master)


@pytest.mark.verify
@pytest.mark.parametrize("day", ["sqlite"], indirect=True)
def test_a_core_of_an_edge(day: Day, tmp_path: pathlib.Path) -> None:
    """The same by gcore, as somebody with the rights to it would take one."""
    if shutil.which("gcore") is None:
        pytest.skip("no gcore: apt-get install gdb")
    gateway = day.running.gateway

    def core(pid: int) -> bytes:
        done = subprocess.run(["gcore", "-a", "-o", tmp_path / "core", str(pid)], capture_output=True, text=True, timeout=120)
        path = tmp_path / f"core.{pid}"
        if not path.exists():
            pytest.skip(f"gcore may not: {done.stderr[-300:]}")
        data = path.read_bytes()
        path.unlink()
        return data

    assert any(CHANGED.encode() in core(pid) for pid in gateway.children("upstream")), "the search finds nothing"
    secrets = {"a": CHANGED, "b": IN_THE_FILE, "c": IN_A_HEADER, "d": BY_THE_API, "e": IN_A_REFUSAL}
    for pid in gateway.children("edge"):
        assert Search(secrets).find(core(pid)) == []
