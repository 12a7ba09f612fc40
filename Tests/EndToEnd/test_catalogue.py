"""Catalogues of prices from a file and from a URL: what is read waits, is shown, applied, and in force in all workers."""

from __future__ import annotations

import json
import pathlib
import signal

from Harness.administered import MASTER_KEY
from Harness.catalogues import CatalogueServer, model, text
from Harness.gateway import Gateway, base_config, openai_provider
from Harness.operators import ask, call, run
from Harness.postgres import PostgresDatabase
from Harness.processes import wait_until
from Harness.provider import OwnProvider

# What the own provider counts of each chat.
PROMPT, ANSWER = 7, 5
OVER = {"deprecation_date": "2020-01-31"}


def started(folder: pathlib.Path, provider: OwnProvider, catalogue: dict, **changes) -> Gateway:
    """Two of each worker. The provider's name says whose models it has."""
    folder.mkdir(exist_ok=True)
    config = base_config(
        folder / "sluice-state",
        workers={"edge": 2, "upstream": 2},
        providers={"openai": openai_provider(provider.base_url)},
        models={"fast": {"targets": ["openai:chat"]}},
        catalogue=catalogue,
        **changes,
    )
    # Hosts that share a database share its master key.
    gateway = Gateway(config, folder=folder, environment={"SLUICE_MASTER_KEY": MASTER_KEY}).start()
    gateway.wait_for_tree()
    return gateway


def costs(gateway: Gateway, count: int = 6) -> set[int | None]:
    """What chats on connections of their own cost, in millionths of a dollar; None where nobody knows."""
    replies = [gateway.chat("fast") for _ in range(count)]
    assert {reply.status for reply in replies} == {200}, [reply.body for reply in replies]
    records = [reply.header("x-sluice-record") for reply in replies]
    found: dict[str, str | None] = {}

    def are_settled() -> bool:
        # A request is there from its first record on, and its cost from the last one on.
        for entry in call(gateway, "GET", "/api/v1/requests", {"limit": 100})["data"]:
            if entry["settled_by"] is not None:
                found[entry["record"]] = entry["cost_usd"]
        return all(record in found for record in records)

    wait_until(are_settled, 10, "the requests are settled in the database")
    return {None if found[record] is None else round(float(found[record]) * 1e6) for record in records}


def catalogue(gateway: Gateway) -> dict:
    return call(gateway, "GET", "/api/v1/catalogue")


def reload(gateway: Gateway) -> None:
    """The file is looked at again, and the answer about it is there."""
    gateway.send_signal(signal.SIGHUP)


def notices(gateway: Gateway) -> str:
    return json.dumps(call(gateway, "GET", "/api/v1/status")["notices"])


def test_a_file(tmp_path: pathlib.Path, provider: OwnProvider) -> None:
    file = tmp_path / "prices.json"
    file.write_text(text({"chat": model() | OVER, "azure/x": model("azure")}))
    with started(tmp_path, provider, {"file": "prices.json"}) as gateway:
        # Nothing was applied before: it counts from the first request on, and that is said.
        assert costs(gateway) == {PROMPT + 2 * ANSWER}
        assert "2 models of prices.json are in force" in notices(gateway)
        assert "openai:chat has ended on 2020-01-31" in notices(gateway)
        assert [line["notice"] for line in gateway.log() if "has ended on" in line.get("notice", "")] == [
            "the model alias fast: openai:chat has ended on 2020-01-31, as the catalogue says"
        ]
        assert "openai:chat ended on 2020-01-31" in run(gateway, "models", "list").stdout
        assert "openai:chat has ended on 2020-01-31" in run(gateway, "check").stderr

        # Another one waits. A price finer than any floating-point number keeps is what was written.
        file.write_text(text({"chat": model(input_usd="3.00e-06"), "late": model(), "azure/x": model("azure", input_usd="9e-7")}))
        reload(gateway)
        wait_until(lambda: catalogue(gateway)["candidate"]["models"] == 3, 10, "it is read")
        assert {key: catalogue(gateway)["candidate"][key] for key in ("added", "removed", "changed")} == {"added": 1, "removed": 0, "changed": 2}
        assert costs(gateway) == {PROMPT + 2 * ANSWER}
        shown = run(gateway, "catalogue", "diff").stdout
        assert "~ chat (openai:chat)\n" in shown and "1 -> 3 USD per 1M tokens" in shown and "azure/x" not in shown, shown
        assert "~ azure/x\n" in run(gateway, "catalogue", "diff", "--all").stdout
        # Nobody is there to be asked.
        refused = run(gateway, "catalogue", "apply")
        assert (refused.returncode, "--yes" in refused.stderr) == (2, True), refused
        done = ask(gateway, "catalogue", "apply", "--only", "openai:chat", "--yes")
        assert done["in_force"] is True and done["changed"] == 1, done
        assert costs(gateway) == {3 * PROMPT + 2 * ANSWER}
        assert "has ended" not in notices(gateway)
        assert "~ azure/x\n" in run(gateway, "catalogue", "diff", "--all").stdout
        entry = json.loads(run(gateway, "audit", "--json").stdout.splitlines()[0])
        assert (entry["action"], entry["kind"], entry["before"]["models"], entry["after"]["changed"]) == ("update", "catalogue", 2, 1)
        assert entry["after"]["changes"][0]["fields"][0]["new"] == "3"

        # One that is none changes nothing, and says so.
        file.write_text(text({"chat": model()})[:-10])
        reload(gateway)
        wait_until(lambda: "it is not JSON" in notices(gateway), 10, lambda: notices(gateway))
        assert "prices stay as they are" in notices(gateway)
        assert catalogue(gateway)["failure"]["message"].startswith("catalogue: prices.json: it is not JSON")
        # Control knows them again, whatever has become of the file; so do new workers.
        file.unlink()
        gateway.kill_child(gateway.child("control"))
        wait_until(lambda: gateway.ready_count("control") == 2, 20, "control is there again")
        for pid in gateway.children("upstream") + gateway.children("edge"):
            gateway.kill_child(pid)
        wait_until(lambda: gateway.ready_count("upstream") == 4 and gateway.ready_count("edge") == 4, 20, "workers are there again")
        assert costs(gateway) == {3 * PROMPT + 2 * ANSWER}
    with started(tmp_path, provider, {"file": "prices.json"}) as gateway:
        assert costs(gateway, 2) == {3 * PROMPT + 2 * ANSWER}
        wait_until(lambda: "prices.json: it cannot be read" in notices(gateway), 10, lambda: notices(gateway))


def test_a_url(tmp_path: pathlib.Path, provider: OwnProvider) -> None:
    with CatalogueServer(text({"chat": model()})) as server:
        # Often enough for a test, and each time what is new is asked for by its entity tag.
        with started(tmp_path, provider, {"url": server.url, "refresh": "1s"}) as gateway:
            wait_until(lambda: catalogue(gateway)["candidate"] is not None, 10, "it is fetched")
            assert catalogue(gateway)["in_force"] is None and costs(gateway, 2) == {None}
            assert ask(gateway, "catalogue", "apply", "--yes")["in_force"] is True
            assert costs(gateway) == {PROMPT + 2 * ANSWER}
            wait_until(lambda: server.log[-1][1] == 304, 10, lambda: f"{server.log}")

            def fails(words: str) -> None:
                # HUP looks at once, whatever the pause after a failure.
                reload(gateway)
                wait_until(lambda: words in notices(gateway), 10, lambda: f"{words}: {notices(gateway)}")

            server.status = 503
            fails("its server answers 503")
            server.status, server.location = 302, "http://127.0.0.1:1/elsewhere"
            fails("sends on to no URL that starts with https://")
            server.location = server.url.replace("http://", "https://")
            fails("an address that is not of the public Internet")
            server.status, server.location, server.body = 200, "", "no catalogue"
            fails("it is not a JSON object")
            assert costs(gateway, 2) == {PROMPT + 2 * ANSWER}
            server.body = text({"chat": model(output_usd="4e-06")})
            reload(gateway)
            wait_until(lambda: (catalogue(gateway)["candidate"] or {})["changed"] == 1, 10, "the next one is read")
            assert catalogue(gateway)["failure"] is None and "catalogue" not in notices(gateway)
            assert [line for line in gateway.log() if line.get("message", "").startswith("a catalogue waits to be applied")]


def test_what_one_host_applies_is_in_force_on_all(tmp_path: pathlib.Path, provider: OwnProvider, postgres: PostgresDatabase) -> None:
    """The database is shared, and so is what waits in it; each host has its own usage."""
    with CatalogueServer(text({"chat": model()})) as server:
        settings = {"catalogue": {"url": server.url}, "database": {"control": postgres.url}}
        with started(tmp_path / "a", provider, **settings) as one, started(tmp_path / "b", provider, **settings) as other:
            wait_until(lambda: catalogue(other)["candidate"] is not None, 10, "it is fetched")
            assert ask(other, "catalogue", "apply", "--yes")["in_force"] is True
            wait_until(lambda: costs(one, 1) == {PROMPT + 2 * ANSWER}, 10, "it is in force on the other host")
            assert costs(one) == costs(other) == {PROMPT + 2 * ANSWER}
            # Of two hosts only one had to fetch, unless both asked at the same time.
            assert 1 <= len(server.log) <= 2
