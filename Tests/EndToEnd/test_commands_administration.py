"""`sluice orgs`, `projects`, `keys`, `tokens`, `providers`, `models`, `prices`, `audit`, `demo` and `rotate-master-key`, with a gateway
that runs and with one that is stopped."""

from __future__ import annotations

import json
import pathlib
import re
import shlex
import subprocess

import pytest

from Harness.gateway import Gateway, base_config
from Harness.operators import ask, run

KEY = re.compile(r"sk-sl-[A-Za-z0-9_-]{43}")
MASTER = {"SLUICE_MASTER_KEY": "0f" * 32}


def configured(tmp_path: pathlib.Path, **changes) -> Gateway:
    return Gateway(base_config(tmp_path / "state"), folder=tmp_path, **changes)


def rows(gateway: Gateway, *arguments: str) -> list[dict]:
    done = run(gateway, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def done(gateway: Gateway, *arguments: str) -> str:
    result = run(gateway, *arguments)
    assert result.returncode == 0, f"{arguments}: {result.returncode}\n{result.stderr}"
    return result.stdout


def status(gateway: Gateway, key: str) -> int:
    gateway.key = key
    return gateway.chat("simulated:x").status


def entities(gateway: Gateway) -> dict:
    """Organization, project, key and token: made, changed, listed and taken away."""
    organization = ask(gateway, "orgs", "create", "--name", "research")
    assert "research" in done(gateway, "orgs", "list")
    project = ask(gateway, "projects", "create", "--name", "web", "--org", "research", "--cost-monthly", "50")
    assert ask(gateway, "projects", "show", "web", "--org", "research")["id"] == project["id"]
    key = ask(gateway, "keys", "create", "--name", "app", "--project", "web", "--tag", "blue")
    assert KEY.fullmatch(key["key"])
    assert [row["id"] for row in rows(gateway, "keys", "list", "--tag", "blue")] == [key["id"]]
    assert key["key"] not in done(gateway, "keys", "show", "app", "--project", "web")
    token = ask(gateway, "tokens", "create", "--name", "ci", "--role", "member", "--org", "research")
    assert token["token"].startswith("sluice-admin-") and token["organization"] == organization["id"]
    assert token["token"] not in done(gateway, "tokens", "list")
    done(gateway, "tokens", "revoke", "ci")
    kinds = [(row["action"], row["kind"]) for row in rows(gateway, "audit")]
    assert kinds[:2] == [("revoke", "token"), ("create", "token")], kinds
    return key


def test_with_a_gateway_that_runs(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        key = entities(gateway)["key"]
        assert status(gateway, key) == 200
        done(gateway, "keys", "update", "app", "--project", "web", "--disabled", "true")
        assert status(gateway, key) == 401
        done(gateway, "keys", "update", "app", "--project", "web", "--disabled", "false")
        other = ask(gateway, "keys", "regenerate", "app", "--project", "web", "--overlap", "1h")["key"]
        assert status(gateway, key) == status(gateway, other) == 200
        assert run(gateway, "orgs", "delete", "research").returncode == 1
        done(gateway, "projects", "delete", "web")
        done(gateway, "orgs", "delete", "research")
        assert status(gateway, other) == 401


def test_providers_models_and_prices(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        gateway.key = ask(gateway, "keys", "create", "--name", "one")["key"]
        done(gateway, "providers", "create", "--name", "mine", "--dialect", "simulated", "--body", '{"delay": "1ms"}')
        done(gateway, "models", "create", "--name", "a/model", "--target", "mine:x=3", "--target", "mine:y", "--strategy", "weighted")
        assert gateway.chat("a/model").status == 200
        done(gateway, "prices", "create", "--target", "mine:*", "--input", "0.5", "--output", "1")
        done(gateway, "prices", "update", "mine:*", "--output", "2")
        (price,) = [row for row in rows(gateway, "prices", "list") if row["target"] == "mine:*"]
        assert float(price["output"]) == 2 and price["source"] == "api"
        assert "mine:x=3 mine:y" in done(gateway, "models", "list")
        taken = run(gateway, "providers", "create", "--name", "simulated", "--dialect", "simulated")
        assert taken.returncode == 1 and taken.stderr.startswith("sluice: "), taken
        for arguments in (("prices", "mine:*"), ("models", "a/model"), ("providers", "mine")):
            done(gateway, arguments[0], "delete", arguments[1])
        assert [row for row in rows(gateway, "models", "list") if row["source"] == "api"] == []


def test_an_import_is_given_to_a_gateway_that_runs(tmp_path: pathlib.Path) -> None:
    (tmp_path / "litellm.yaml").write_text(
        """
        model_list:
          - model_name: team/fast
            litellm_params: {model: openai/anything, mock_response: hi}
            model_info: {input_cost_per_token: 1e-06, output_cost_per_token: 2e-06}
        router_settings: {model_group_alias: {other: team/fast}}
        """
    )
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        gateway.key = ask(gateway, "keys", "create", "--name", "one")["key"]
        result = run(gateway, "import", "litellm", str(tmp_path / "litellm.yaml"), "--apply", "--json")
        assert result.returncode == 0, result.stderr
        made = json.loads(result.stdout)["made"]
        # The file of the gateway has a provider of this name.
        assert made == ["models/team/fast", "models/other", "prices/simulated:anything"]
        assert "providers/simulated is there already" in result.stderr
        assert gateway.chat("team/fast").status == gateway.chat("other").status == 200
        again = run(gateway, "import", "litellm", str(tmp_path / "litellm.yaml"), "--apply", "--json")
        assert again.returncode == 0 and json.loads(again.stdout)["made"] == []


def test_with_a_gateway_that_is_stopped(tmp_path: pathlib.Path) -> None:
    gateway = configured(tmp_path)
    (tmp_path / "sluice.yaml").write_text(json.dumps(gateway.config))
    key = entities(gateway)["key"]
    refused = run(gateway, "providers", "list")
    assert refused.returncode == 69 and "no gateway is running" in refused.stderr
    assert run(gateway, "orgs", "show", "nobody").returncode == 1
    assert run(gateway, "tokens", "create", "--name", "x", "--role", "king").returncode == 2
    ask_rotation(gateway, keys=2)
    with gateway:
        gateway.wait_for_tree()
        assert status(gateway, key) == 200


def ask_rotation(gateway: Gateway, keys: int, environment: dict[str, str] | None = None) -> dict:
    gateway.environment |= environment or {}
    result = run(gateway, "rotate-master-key", "--json")
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["keys"] >= keys - 1 and answer["dropped"] == 0, answer
    return answer


@pytest.mark.parametrize("is_given", [False, True])
def test_the_master_key_is_changed_under_a_running_gateway(tmp_path: pathlib.Path, is_given: bool) -> None:
    gateway = configured(tmp_path)
    if is_given:
        gateway.environment |= MASTER | {"SLUICE_NEW_MASTER_KEY": "1e" * 32}
    with gateway:
        gateway.wait_for_tree()
        key = ask(gateway, "keys", "create", "--name", "one")["key"]
        answer = ask_rotation(gateway, keys=2)
        assert answer["set_variable"] is is_given
        (change,) = rows(gateway, "audit", "--kind", "master_key")
        assert (change["action"], change["actor"], change["before"], change["after"]) == ("rotate", "uid:0", None, None)
        assert status(gateway, key) == 200
        second = ask(gateway, "keys", "create", "--name", "two")["key"]
        assert status(gateway, second) == 200
    if is_given:
        gateway.environment |= {"SLUICE_MASTER_KEY": "1e" * 32}
        del gateway.environment["SLUICE_NEW_MASTER_KEY"]
    assert len(rows(gateway, "keys", "list")) >= 2
    wrong = dict(gateway.environment) | {"SLUICE_MASTER_KEY": "77" * 32}
    program = [str(gateway.programs / "sluice"), "keys", "list", "--config", str(tmp_path / "sluice.yaml")]
    result = subprocess.run(program, cwd=tmp_path, env=wrong, capture_output=True, text=True, timeout=60)
    assert result.returncode == 78 and result.stderr.count("\n") == 1, result.stderr
    assert "SLUICE_MASTER_KEY is not the master key" in result.stderr


def test_the_demo_can_be_called(tmp_path: pathlib.Path) -> None:
    with configured(tmp_path) as gateway:
        gateway.wait_for_tree()
        first = ask(gateway, "demo")
        second = ask(gateway, "demo")
        assert [first[name] for name in ("organization", "project", "key_id")] == [
            second[name] for name in ("organization", "project", "key_id")
        ]
        for demo in (first, second):
            words = shlex.split(demo["curl"])
            result = subprocess.run([*words, "-sS"], capture_output=True, text=True, timeout=60)
            assert json.loads(result.stdout)["choices"], result
