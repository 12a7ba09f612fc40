"""Tokens of the administration, the master key, and what each of them is told when it is wrong."""

from __future__ import annotations

import pathlib
import signal
import threading
import time

import pytest

from Harness.administered import MASTER_KEY, administered, administered_config
from Harness.administration import Administration, owner_token
from Harness.gateway import Gateway, run_until_exit
from Harness.operators import run
from Harness.processes import wait_until


def again(gateway: Gateway) -> None:
    gateway.process = None
    gateway.start()
    gateway.wait_for_tree()


def test_the_first_token_is_made_once(tmp_path: pathlib.Path) -> None:
    with administered(tmp_path) as running:
        gateway = running.gateway
        token = running.owner.token
        path = gateway.state / "control" / "owner_token"
        assert token not in gateway.log_text() + gateway.output_text()
        path.unlink()
        gateway.stop()
        again(gateway)
        assert not path.exists(), "a second one was made"
        owner = Administration(gateway.address, token)
        assert owner.request("GET", "orgs").status == 200, "the first one goes on being good"
        tokens = owner.all("tokens")
        assert len(tokens) == 1 and tokens[0]["role"] == "owner"


def test_a_revoked_token_is_refused_at_once(tmp_path: pathlib.Path) -> None:
    with administered(tmp_path, workers={"edge": 2, "upstream": 1}) as running:
        owner = running.owner
        for _ in range(20):
            made = owner.make("tokens", name="short-lived", role="admin", organization=None)
            other = owner.as_token(made["token"])
            assert other.request("GET", "keys").status == 200
            owner.remove(f"tokens/{made['id']}")
            for _ in range(4):
                assert other.request("GET", "keys").status == 401
        # The last owner of all would lock everybody out.
        mine = next(one for one in owner.all("tokens") if one["role"] == "owner")
        reply = owner.request("DELETE", f"tokens/{mine['id']}")
        assert reply.status in (200, 204, 409)


def test_a_key_under_two_secrets_and_a_disabled_one(tmp_path: pathlib.Path) -> None:
    with administered(tmp_path) as running:
        owner, gateway = running.owner, running.gateway

        def status(key: str) -> int:
            gateway.key = key
            return gateway.chat("simulated:x").status

        made = owner.make("keys", name="one")
        new = owner.make(f"keys/{made['id']}/regenerate", overlap_seconds=2)
        began = time.monotonic()
        assert status(made["key"]) == status(new["key"]) == 200
        wait_until(lambda: status(made["key"]) == 401, 6, "the old secret is refused")
        assert 1.0 < time.monotonic() - began < 4.5
        assert status(new["key"]) == 200
        newest = owner.make(f"keys/{made['id']}/regenerate", overlap_seconds=0)
        assert (status(new["key"]), status(newest["key"])) == (401, 200)

        refused = {}
        owner.change(f"keys/{made['id']}", disabled=True)
        refused["disabled"] = gateway_reply(gateway, newest["key"])
        owner.change(f"keys/{made['id']}", disabled=False)
        assert status(newest["key"]) == 200
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1.5))
        expiring = owner.make("keys", name="expiring", expires=soon)
        wait_until(lambda: status(expiring["key"]) == 401, 6, "it has expired")
        refused["expired"] = gateway_reply(gateway, expiring["key"])
        owner.remove(f"keys/{made['id']}")
        refused["revoked"] = gateway_reply(gateway, newest["key"])
        refused["unknown"] = gateway_reply(gateway, "sk-sl-" + "A" * 43)
        refused["a token"] = gateway_reply(gateway, owner.token)
        assert len(set(refused.values())) == 1, refused


def gateway_reply(gateway: Gateway, key: str) -> tuple:
    gateway.key = key
    reply = gateway.chat("simulated:x")
    headers = sorted((k.lower(), v) for k, v in reply.headers if k.lower() not in ("date", "x-request-id", "x-sluice-record"))
    assert reply.status == 401
    return reply.status, reply.body, tuple(headers)


def test_the_master_key_is_changed_under_traffic(tmp_path: pathlib.Path) -> None:
    with administered(tmp_path) as running:
        gateway, owner = running.gateway, running.owner
        provider = {"dialect": "openai", "base_url": "https://provider.example/v1", "api_key": "sk-kept-through-0123456789"}
        owner.make("providers", name="kept", **provider)
        keys = [owner.make("keys", name=f"key {number}")["key"] for number in range(20)]
        statuses: list[int] = []
        stopping = threading.Event()
        body = {"model": "simulated:x", "messages": [{"role": "user", "content": "Say hello."}]}

        def traffic() -> None:
            while not stopping.is_set():
                statuses.append(gateway.request("POST", "/v1/chat/completions", body).status)
                reply = owner.request("GET", "keys", query={"limit": "1"})
                statuses.append(reply.status)

        thread = threading.Thread(target=traffic)
        thread.start()
        before = (gateway.state / "control" / "master_key").read_bytes()
        try:
            for _ in range(3):
                done = run(gateway, "rotate-master-key")
                assert done.returncode == 0, done.stderr
        finally:
            stopping.set()
            thread.join()
        after = (gateway.state / "control" / "master_key").read_bytes()
        assert before != after
        assert set(statuses) == {200}, {one: statuses.count(one) for one in set(statuses)}
        assert owner.make("keys", name="after")["key"]
        gateway.stop()
        again(gateway)
        for key in keys:
            gateway.key = key
            assert gateway.chat("simulated:x").status == 200
        reborn = Administration(gateway.address, owner.token)
        assert reborn.get("providers/kept")["name"] == "kept"
        new = reborn.make(f"keys/{reborn.all('keys')[0]['id']}/regenerate", overlap_seconds=0)
        gateway.key = new["key"]
        assert gateway.chat("simulated:x").status == 200
        gateway.stop()
        # The one from before opens nothing any more.
        (gateway.state / "control" / "master_key").write_bytes(before)
        code, log = refused_start(gateway)
        assert 70 <= code <= 79 and "master key" in log.lower(), (code, log[-2000:])
        (gateway.state / "control" / "master_key").write_bytes(after)
        again(gateway)


def refused_start(gateway: Gateway) -> tuple[int, str]:
    gateway.process = None
    gateway._stderr.clear()
    gateway.spawn()
    code = gateway.wait(30)
    return code, gateway.log_text()


@pytest.mark.parametrize("key", ["x", "0" * 63, "zz" * 32, "00" * 33])
def test_a_master_key_that_is_none(key: str, tmp_path: pathlib.Path) -> None:
    config = administered_config(tmp_path / "sluice-state")
    code, log = run_until_exit(config, folder=tmp_path, environment={"SLUICE_MASTER_KEY": key})
    assert 64 <= code <= 79, (code, log)
    assert "SLUICE_MASTER_KEY" in log
    assert len(key) < 10 or key not in log


def test_an_empty_master_key_is_as_good_as_none(tmp_path: pathlib.Path) -> None:
    with administered(tmp_path, environment={"SLUICE_MASTER_KEY": ""}) as running:
        assert (running.gateway.state / "control" / "master_key").stat().st_mode & 0o777 == 0o600


def test_another_master_key_than_before(tmp_path: pathlib.Path) -> None:
    with administered(tmp_path, environment={"SLUICE_MASTER_KEY": MASTER_KEY}) as running:
        gateway = running.gateway
        key = gateway.key
        assert not (gateway.state / "control" / "master_key").exists()
        gateway.stop()
        for wrong in ("1" * 64, None):
            if wrong is None:
                del gateway.environment["SLUICE_MASTER_KEY"]
            else:
                gateway.environment["SLUICE_MASTER_KEY"] = wrong
            code, log = refused_start(gateway)
            assert 70 <= code <= 79, (wrong, code, log[-2000:])
            assert "master key" in log.lower() or "SLUICE_MASTER_KEY" in log
        gateway.environment["SLUICE_MASTER_KEY"] = MASTER_KEY
        again(gateway)
        gateway.key = key
        assert gateway.chat("simulated:x").status == 200
        for pid in gateway.children():
            words = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
            role = pathlib.Path(f"/proc/{pid}/exe").resolve().name
            # Control gets its environment by a sealed file in memory; nobody reads it in /proc there.
            assert MASTER_KEY.encode() not in words, f"{role} has the master key"
        gateway.stop(signal.SIGTERM)
        again(gateway)
        assert owner_token(gateway)
