"""`sluice status`, `reload` and `stop`: what they say, what they end with, and that no broken file gets into a running gateway."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from Harness.gateway import PROGRAMS, Gateway, base_config
from Harness.operators import call, run
from Harness.processes import wait_until


def status(gateway: Gateway) -> dict:
    done = run(gateway, "status", "--json")
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def metric(gateway: Gateway, name: str, role: str) -> float:
    text = gateway.request("GET", "/metrics").body.decode()
    found = re.search(rf'^{name}{{role="{role}"}} (\S+)$', text, re.MULTILINE)
    return float(found.group(1)) if found else -1


class Traffic:
    """Requests one after the other, all of which must be served."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self.served, self.failed = gateway, 0, []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self.over.is_set():
            try:
                reply = self.gateway.chat("old")
                assert reply.status == 200, (reply.status, reply.body)
                self.served += 1
            except Exception as error:
                self.failed.append(repr(error))
            time.sleep(0.002)

    def __enter__(self) -> "Traffic":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join(20)
        assert self.failed == []
        assert self.served > 10


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("operations")
    simulated = {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000}
    config = base_config(
        folder / "state",
        models={"old": {"targets": ["simulated:a"]}},
        providers={"simulated": simulated, "slow": simulated | {"tokens_per_second": 8}},
        default_provider="simulated",
    )
    with Gateway(config, folder=folder) as running:
        running.wait_for_tree()
        wait_until(lambda: run(running, "status").returncode == 0, 10, "ready")
        yield running


@contextlib.contextmanager
def in_its_place(gateway: Gateway, contents: bytes | str | None):
    """Other contents of the configuration file for a while; None takes it away."""
    path = gateway.folder / "sluice.yaml"
    before = path.read_bytes()
    try:
        if contents is None:
            path.unlink()
        else:
            path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        yield path
    finally:
        if path.is_dir():
            path.rmdir()
        path.unlink(missing_ok=True)
        path.write_bytes(before)


def test_status_is_a_table_and_json(gateway: Gateway) -> None:
    said = status(gateway)
    assert said["state"] == "ready" and said["pid"] == gateway.pid and said["configuration_version"] >= 1
    assert said["listeners"] == [gateway.url] and said["quarantined"] == 0 and said["uptime_seconds"] >= 0
    assert sorted(one["role"] for one in said["processes"]) == ["aggregator", "control", "edge", "upstream"]
    for process in said["processes"]:
        assert process["pid"] in gateway.children() and process["state"] == "ready" and process["restarts"] == 0
        assert process["configuration_version"] == said["configuration_version"], process
        assert isinstance(process["missing_hardening"], list) and process["instance"] > 0
    done = run(gateway, "status")
    assert done.returncode == 0 and done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "is ready, up" in done.stdout and gateway.url in done.stdout
    for process in said["processes"]:
        assert re.search(rf"^{process['role']} 0 +{process['pid']} +ready ", done.stdout, re.MULTILINE)


def test_watch_shows_it_again_and_again(gateway: Gateway) -> None:
    line = [str(gateway.programs / "sluice"), "status", "--watch", "0.1", "--json", "--state-directory", "state"]
    with subprocess.Popen(line, cwd=gateway.folder, env=gateway.environment, stdout=subprocess.PIPE) as watching:
        try:
            looks = [json.loads(watching.stdout.readline()) for _ in range(3)]
        finally:
            watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == -signal.SIGINT
    assert [one["state"] for one in looks] == ["ready"] * 3


def test_reload_is_in_force_when_it_returns(gateway: Gateway) -> None:
    before = status(gateway)
    config = gateway.config | {"models": gateway.config["models"] | {"new": {"targets": ["simulated:b"]}}}
    with in_its_place(gateway, json.dumps(config)):
        done = run(gateway, "reload")
        assert (done.returncode, done.stderr) == (0, ""), done
        assert done.stdout.startswith("reload done: ")
        after = status(gateway)
        assert after["configuration_version"] > before["configuration_version"]
        assert {one["configuration_version"] for one in after["processes"]} == {after["configuration_version"]}
        assert [one["pid"] for one in after["processes"]] == [one["pid"] for one in before["processes"]]
        assert "new" in gateway.request("GET", "/v1/models").body.decode()
    said = run(gateway, "reload", "--json")
    assert said.returncode == 0 and json.loads(said.stdout)["state"] == "done"
    assert "new" not in gateway.request("GET", "/v1/models").body.decode()
    last = status(gateway)["operations"][-1]
    assert last["token"] == json.loads(said.stdout)["token"] and last["kind"] == "reload" and last["state"] == "done"
    assert run(gateway, "reload", "--no-wait").returncode == 0
    wait_until(lambda: status(gateway)["operations"][-1]["state"] == "done", 10, "the reload nobody waited for")


def test_the_limits_operators_see_are_those_in_force(gateway: Gateway) -> None:
    limits = gateway.config["limits"] | {"global": {"requests_per_minute": 4321}}
    with in_its_place(gateway, json.dumps(gateway.config | {"limits": limits})):
        assert run(gateway, "reload").returncode == 0
        wait_until(lambda: "4321" in run(gateway, "limits", "show", "--global").stdout, 5, "the new limit")
    assert run(gateway, "reload").returncode == 0
    wait_until(lambda: "4321" not in run(gateway, "limits", "show", "--global").stdout, 5, "the old limit")


def test_another_static_key_counts_at_once(gateway: Gateway) -> None:
    with in_its_place(gateway, json.dumps(gateway.config | {"auth": {"static_key": "another-static-key-0"}})):
        assert run(gateway, "reload").returncode == 0
        assert gateway.chat("old").status == 401
        assert gateway.chat("old", headers={"Authorization": "Bearer another-static-key-0"}).status == 200
    assert run(gateway, "reload").returncode == 0
    assert gateway.chat("old").status == 200
    assert not (gateway.state / "static_key").exists() and not (gateway.state / "first_key").exists()


def broken(gateway: Gateway, taken: int, files: pathlib.Path) -> dict[str, tuple[bytes | str | None, list[str]]]:
    """Kinds of files that cannot be used, and how each line of the refusal begins behind the file's name."""

    def with_(**changes) -> str:
        return json.dumps(gateway.config | changes)

    tls = {"certificate": str(files / "text.pem"), "key": str(files / "absent.pem")}
    remote = {"dialect": "openai", "api_key": "sk-remote-key-0"}
    return {
        "syntax": ("listen: [\nmodels: {", ["!not valid YAML"]),
        "unknown key": ("drain_timout: 5s\nauth: {static_key: abcdefghijklmnop}\n", [":1:1: drain_timout: unknown key"]),
        "unknown provider": ("models: {a: {targets: ['none:b']}}\n", [":1:24: models.a.targets[0]: "]),
        "bad value": ("http:\n  max_body: huge\n", [":2:13: http.max_body: expected a size"]),
        "duplicate key": ("http: {}\nhttp: {}\n", [":2:1: "]),
        "missing file": (None, [": the file cannot be read: No such file"]),
        "too large": (b"# \n" * (2 << 20), [": the file cannot be read: it is larger than"]),
        "not text": (b"http: {}\n\xff\xfe\n", [":2:1: the file is not UTF-8"]),
        "TLS files": (
            with_(listen=[{"address": "127.0.0.1:0", "tls": tls}]),
            [".listen[0].tls.certificate: expected a PEM file of certificates", ".listen[0].tls.key: expected a readable"],
        ),
        "port taken": (
            with_(listen=[{"address": "127.0.0.1:0"}, {"address": f"127.0.0.1:{taken}"}]), ["!in use"]
        ),
        "bad URL": (
            with_(providers={"p": remote | {"base_url": "htp//x"}}, models={}, default_provider=None),
            [".providers.p.base_url: expected"],
        ),
        "state directory": (with_(state_directory="elsewhere"), [".state_directory: another folder"]),
        "table size": (
            with_(limits=gateway.config["limits"] | {"table_slots": 4096}), [".limits.table_slots: another size"]
        ),
        "variable": (with_(auth={"static_key": "${NOT_SET_ANYWHERE}"}), [".auth.static_key: the environment variable"]),
        "several": ("a: 1\nhttp: {max_body: 1}\nworkers: {edge: 0}\n", [":1:1: a: ", ":2:18: http", ":3:17: workers"]),
    }


def test_broken_files_change_nothing(gateway: Gateway) -> None:
    # Where control may read: the configuration's own folder.
    (gateway.folder / "text.pem").write_text("no certificate")
    version = status(gateway)["configuration_version"]
    pids = gateway.children()
    with socket.create_server(("127.0.0.1", 0)) as other, Traffic(gateway):
        for kind, (contents, expected) in broken(gateway, other.getsockname()[1], gateway.folder).items():
            with in_its_place(gateway, contents) as path:
                # Without the file it cannot be told from it which gateway is meant.
                done = run(gateway, "reload", "--state-directory", str(gateway.state))
            assert done.returncode == 1, (kind, done)
            *lines, last = done.stderr.splitlines()
            assert last == "sluice: reload failed: nothing has changed", (kind, done.stderr)
            assert len(lines) == len(expected), (kind, lines)
            for line, beginning in zip(lines, expected):
                if beginning.startswith("!"):
                    assert beginning[1:] in line, (kind, line)
                elif beginning.startswith("."):
                    assert re.match(rf"{re.escape(str(path))}:\d+:\d+: {re.escape(beginning[1:])}", line), (kind, line)
                else:
                    assert line.startswith(f"{path}{beginning}"), (kind, line)
            # What the commands say is what status says, whole.
            operation = status(gateway)["operations"][-1]
            assert operation["state"] == "failed" and operation["message"].splitlines() == lines, kind
            assert gateway.chat("old").status == 200
    after = status(gateway)
    assert after["configuration_version"] == version and after["state"] == "ready"
    assert gateway.children() == pids
    assert run(gateway, "reload").returncode == 0


def test_what_is_no_file_is_not_waited_for(gateway: Gateway) -> None:
    path = gateway.folder / "sluice.yaml"
    with in_its_place(gateway, None):
        os.mkfifo(path)
        done = run(gateway, "reload", "--state-directory", str(gateway.state))
        assert done.returncode == 1 and "it is not a file" in done.stderr, done
        path.unlink()
        path.mkdir()
        done = run(gateway, "reload", "--state-directory", str(gateway.state))
        assert done.returncode == 1 and "Is a directory" in done.stderr, done
    assert run(gateway, "reload").returncode == 0


def test_a_long_refusal_is_said_in_full(gateway: Gateway) -> None:
    with in_its_place(gateway, "".join(f"wrong_{number}: 1\n" for number in range(30))) as path:
        done = run(gateway, "reload", "--state-directory", str(gateway.state))
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 31
    assert all(line.startswith(f"{path}:{number + 1}:1: wrong_{number}: ") for number, line in enumerate(lines[:30]))


def test_old_configurations_go_with_their_requests(gateway: Gateway) -> None:
    body = {"model": "slow:any", "messages": [{"role": "user", "content": "x"}], "stream": True, "max_tokens": 20}
    with gateway.connect(timeout=30) as connection:
        connection.send(gateway.chat_bytes(body))
        for _ in range(4):
            assert run(gateway, "reload").returncode == 0
        wait_until(lambda: metric(gateway, "sluice_snapshots", "edge") >= 1, 5, "counted")
        reply = connection.reply()
        assert reply.status == 200
    for role in ("edge", "upstream"):
        wait_until(lambda: 1 <= metric(gateway, "sluice_snapshots", role) <= 2, 12, f"at most two at an {role}")


def test_orders_are_checked(gateway: Gateway) -> None:
    with pytest.raises(AssertionError, match="422"):
        call(gateway, "POST", "/api/v1/orders", {"kind": "reboot"})
    said = call(gateway, "POST", "/api/v1/orders", {"kind": "reopen_logs"})
    assert re.fullmatch("[0-9a-f]{16}", said["token"])


def test_control_that_was_killed_knows_what_is_in_force(gateway: Gateway) -> None:
    with in_its_place(gateway, json.dumps(gateway.config | {"http": {"idle_timeout": "74s"}})):
        assert run(gateway, "reload").returncode == 0
    version = status(gateway)["configuration_version"]
    control = gateway.child("control")
    gateway.kill_child(control)
    wait_until(lambda: gateway.children("control") not in ([], [control]), 10, "another control")
    wait_until(lambda: run(gateway, "status").returncode == 0, 15, "ready again")
    assert status(gateway)["configuration_version"] == version
    assert run(gateway, "reload").returncode == 0


def test_without_control_signals_do(tmp_path: pathlib.Path) -> None:
    with Gateway(base_config(tmp_path / "state"), folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        wait_until(lambda: (gateway.state / "run" / "supervisor.pid").exists(), 5, "its process id")
        (gateway.state / "run" / "control.sock").unlink()
        assert run(gateway, "status").returncode == 69
        done = run(gateway, "reload", "--timeout", "1s")
        assert done.returncode == 75 and f"process {gateway.pid}" in done.stderr, done
        wait_until(lambda: '"message":"configuration in force"' in gateway.log_text(), 5, "reloaded all the same")
        done = run(gateway, "stop", "--wait", "--timeout", "20s")
        assert done.returncode == 0 and done.stdout == "stopped\n", done
        assert gateway.wait(5) == 0


def test_stop_waits_for_the_end(tmp_path: pathlib.Path) -> None:
    with Gateway(base_config(tmp_path / "state"), folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        assert run(gateway, "stop", "--timeout", "1s").returncode == 2
        done = run(gateway, "stop", "--now", "--wait")
        assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")
        assert gateway.wait(5) == 0
        for command in ("status", "reload", "upgrade", "stop"):
            done = run(gateway, command)
            assert done.returncode == 69 and "no gateway is running" in done.stderr, (command, done)


def test_commands_do_not_make_a_state_folder(tmp_path: pathlib.Path) -> None:
    for command in ("status", "reload", "upgrade", "stop"):
        done = subprocess.run(
            [str(PROGRAMS / "sluice"), command], cwd=tmp_path, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 69 and "no gateway is running" in done.stderr, done
    assert list(tmp_path.iterdir()) == []
