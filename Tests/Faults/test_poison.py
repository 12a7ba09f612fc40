"""A request that crashes its worker (F35) is sent again by its client: after two deaths it is refused, and only it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess

import pytest

from Harness.administration import Administration
from Harness.gateway import Gateway, base_config, openai_provider
from Harness.load import AsyncConnection
from Harness.processes import wait_until
from Harness.provider import OwnProvider


def crash(gateway: Gateway, role: str) -> int:
    """Sends the poison once; the status, or 0 for a connection that was cut."""
    body = {"model": "own:chat", "messages": [{"role": "user", "content": f"poison for {role}"}]}
    with gateway.connect() as connection:
        connection.send(gateway.chat_bytes(body, {"X-Sluice-Test-Crash": role}))
        try:
            return connection.reply(15).status
        except ConnectionError:
            return 0


def command(gateway: Gateway, *arguments: str) -> dict:
    line = [gateway.programs / "sluice", "quarantine", *arguments, "--config", gateway.folder / "sluice.yaml"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=20, cwd=gateway.folder)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


async def bystanders(gateway: Gateway, stop: asyncio.Event) -> list[int]:
    """Different requests on four connections at a time, at least 300 of them; their statuses."""
    statuses: list[int] = []

    async def one(index: int) -> None:
        number = 0
        while not stop.is_set() or len(statuses) < 300:
            connection = await AsyncConnection.open(gateway.address)
            number += 1
            text = f"harmless {index} {number}"
            body = {"model": "own:chat", "messages": [{"role": "user", "content": text}]}
            connection.send(gateway.chat_bytes(body))
            reply = await connection.reply()
            statuses.append(reply.status if reply and reply.complete else 0)
            connection.close()
            await asyncio.sleep(0.01)

    await asyncio.gather(*(one(index) for index in range(4)))
    return statuses


@pytest.mark.parametrize("role", ["edge", "upstream"])
def test_f35_a_request_that_kills_workers_is_refused(role: str) -> None:
    async def scene(gateway: Gateway) -> list[int]:
        stop = asyncio.Event()
        others = asyncio.create_task(bystanders(gateway, stop))
        for death in range(2):
            seen = gateway.ready_count(role)
            status = await asyncio.to_thread(crash, gateway, role)
            assert status in (0, 502), status
            await asyncio.to_thread(wait_until, lambda s=seen: gateway.ready_count(role) > s, 15, f"death {death}")
        await asyncio.to_thread(
            wait_until, lambda: "request quarantined" in gateway.log_text(), 10, "the request is quarantined"
        )
        pids = sorted(gateway.children())
        # Also without the header that makes it deadly: it is the request that is known.
        for hook in ({"X-Sluice-Test-Crash": role}, {}):
            body = {"model": "own:chat", "messages": [{"role": "user", "content": f"poison for {role}"}]}
            reply = await asyncio.to_thread(gateway.request, "POST", "/v1/chat/completions", body, hook)
            assert reply.status == 503 and reply.error["code"] == "request_quarantined", reply
            assert 0 < int(reply.header("retry-after")) <= 600
        assert sorted(gateway.children()) == pids
        stop.set()
        return await others

    with OwnProvider() as provider:
        config = base_config(
            None,
            state_directory=None,
            workers={"edge": 2, "upstream": 2},
            providers={"own": openai_provider(provider.base_url)},
        )
        with Gateway(config, crashes_expected=True) as gateway:
            gateway.wait_for_tree()
            statuses = asyncio.run(scene(gateway))
            good = sum(status == 200 for status in statuses)
            assert good >= 0.95 * len(statuses), f"{good} of {len(statuses)}"
            # A new edge knows of it, too.
            for pid in gateway.children("edge"):
                before = gateway.ready_count("edge")
                gateway.kill_child(pid)
                wait_until(lambda n=before: gateway.ready_count("edge") > n, 15, "a new edge")
            assert crash(gateway, role) == 503
            listed = command(gateway, "list", "--json")["data"]
            assert len(listed) == 1 and 0 < listed[0]["seconds_left"] <= 600
            command(gateway, "clear", listed[0]["fingerprint"], "--json")
            owner = Administration.owner(gateway)
            wait_until(lambda: owner.get("audit-log", kind="quarantine")["data"], 5, "who let it through is written down")
            (change,) = owner.get("audit-log", kind="quarantine")["data"]
            assert (change["action"], change["target"]) == ("release", listed[0]["fingerprint"])
            assert change["actor"] == f"uid:{os.getuid()}"
            assert command(gateway, "list", "--json")["data"] == []
            body = {"model": "own:chat", "messages": [{"role": "user", "content": f"poison for {role}"}]}
            assert gateway.request("POST", "/v1/chat/completions", body).status == 200
