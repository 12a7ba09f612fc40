"""Starting, refusing to start, stopping: exit codes, messages, and what is left behind."""

from __future__ import annotations

import json
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

from Harness import wire
from Harness.gateway import (
    CLIENT_KEY,
    NAMES,
    PROGRAMS,
    PROVIDER_KEY,
    Gateway,
    base_config,
    openai_provider,
    run_until_exit,
)
from Harness.processes import alive, wait_until
from Harness.provider import OwnProvider, stream_body


def config(**changes) -> dict:
    return base_config(None, state_directory=None, **changes)


def assert_refused(code: int, text: str, *expected: str) -> None:
    assert 70 <= code <= 79, (code, text)
    for word in expected:
        assert word in text, f"{word!r} is not in:\n{text}"
    assert "Fatal error" not in text and "Program crashed" not in text


def test_ready_is_said_once_with_all_roles_running() -> None:
    with Gateway(config(workers={"edge": 2, "upstream": 2})) as gateway:
        wait_until(lambda: [line for line in gateway.log() if line.get("message") == "ready"], 5, "the line `ready`")
        counts = {role: len(gateway.children(role)) for role in ("edge", "upstream", "aggregator", "control")}
        assert counts == {"edge": 2, "upstream": 2, "aggregator": 1, "control": 1}
        assert len(gateway.children()) == 6
        assert len([line for line in gateway.log() if line.get("message") == "ready"]) == 1
        assert os.readlink(f"/proc/{gateway.pid}/exe").endswith("/sluice-supervisor")


def test_standard_error_is_one_json_object_a_line() -> None:
    with Gateway(config()) as gateway:
        gateway.chat("simulated:x")
    for line in gateway.log_text().splitlines():
        json.loads(line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_the_tree(number: int) -> None:
    gateway = Gateway(config())
    with gateway:
        assert gateway.chat("simulated:x").status == 200
        began = time.monotonic()
        gateway.stop(number)
        assert time.monotonic() - began < 8
    assert gateway.process.returncode == 0


def test_term_waits_for_a_running_stream(provider: OwnProvider) -> None:
    with Gateway(config(providers={"own": openai_provider(provider.base_url)}, drain_timeout="20s")) as gateway:
        connection = gateway.connect(30)
        connection.send(gateway.chat_bytes({"model": "own:stream-40-50", "stream": True}))
        connection.wait_for_body(300)
        idle = gateway.connect()
        idle.send(wire.render("GET", "/health/ready"))
        assert idle.reply().status == 200
        gateway.send_signal(signal.SIGTERM)
        # Readiness goes while the stream goes on; a new connection is refused, closed or told so.
        wait_until(lambda: not gateway.is_ready(), 2, "not ready while draining")
        reply = connection.reply(30)
        assert reply.complete and reply.body == stream_body("stream-40-50", 40)
        ended = time.monotonic()
        assert gateway.wait(15) == 0
        assert time.monotonic() - ended < 12
        connection.close()
        idle.close()


def test_term_ends_what_outlasts_the_drain(provider: OwnProvider) -> None:
    with Gateway(config(providers={"own": openai_provider(provider.base_url)}, drain_timeout="1s")) as gateway:
        connection = gateway.connect(30)
        connection.send(gateway.chat_bytes({"model": "own:stream-2000-50", "stream": True}))
        connection.wait_for_body(300)
        began = time.monotonic()
        gateway.send_signal(signal.SIGTERM)
        reply = connection.reply(20)
        assert 0.8 < time.monotonic() - began < 6
        assert not reply.complete and b"[DONE]" not in reply.body
        assert b'data: {"error"' in reply.body
        assert gateway.wait(15) == 0
        connection.close()


def test_int_does_not_wait(provider: OwnProvider) -> None:
    with Gateway(config(providers={"own": openai_provider(provider.base_url)}, drain_timeout="60s")) as gateway:
        connection = gateway.connect(30)
        connection.send(gateway.chat_bytes({"model": "own:stream-2000-50", "stream": True}))
        connection.wait_for_body(300)
        began = time.monotonic()
        gateway.send_signal(signal.SIGINT)
        reply = connection.reply(15)
        assert not reply.complete and b"[DONE]" not in reply.body
        assert gateway.wait(15) == 0
        assert time.monotonic() - began < 10
        connection.close()


def test_a_second_signal_is_no_harm() -> None:
    with Gateway(config()) as gateway:
        gateway.children()
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            try:
                gateway.send_signal(number)
            except ProcessLookupError:
                break
        assert gateway.wait(15) == 0
        gateway.assert_no_orphan()


def test_workers_leave_when_the_supervisor_is_killed() -> None:
    gateway = Gateway(config())
    try:
        left = gateway.start().children()
        assert len(left) == 4
        os.kill(gateway.pid, signal.SIGKILL)
        gateway.process.wait(5)
        wait_until(
            lambda: not [pid for pid in left if alive(pid)], 15, "the workers leave when their supervisor is gone"
        )
    finally:
        gateway.destroy()


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, text = run_until_exit(config(listen=[{"address": f"127.0.0.1:{port}"}]))
    assert_refused(code, text, f"127.0.0.1:{port}")


def test_a_file_that_is_not_there() -> None:
    gateway = Gateway(None)
    try:
        done = subprocess.run(
            [str(PROGRAMS / "sluice"), "serve", "--config", str(gateway.folder / "no.yaml")],
            capture_output=True,
            text=True,
            timeout=20,
            cwd=gateway.folder,
            env=gateway.environment,
        )
    finally:
        gateway.destroy()
    assert done.returncode == 78
    assert done.stderr == f"{gateway.folder}/no.yaml: the file cannot be read: No such file or directory\n"
    assert not done.stdout


BAD = """\
listen:
  - address: 127.0.0.1:99999
workers: {edge: many, upstream: 1}
drain_timeout: soon
http:
  max_body: 12 parrots
  max_hedaers: 64KB
auth:
  static_key: 17
providers:
  own: {dialect: openai}
  odd: {dialect: klingon, base_url: "http://127.0.0.1:1/v1"}
models:
  a: {targets: ["nobody:x"]}
limits:
  per_key: {requests_per_minute: ten}
cache: {enabled: true}
"""


def test_a_bad_file_names_every_problem_with_its_line() -> None:
    code, text = run_until_exit(BAD)
    # What is wrong in each line, by line number; cache is "not available yet".
    lines = {int(number) for number in re.findall(r"sluice\.yaml:(\d+):\d+", text)}
    assert lines >= {2, 3, 4, 6, 7, 9, 11, 12, 14, 16, 17}, (lines, text)
    assert_refused(code, text, "max_hedaers", "klingon", "nobody", "not available yet")


@pytest.mark.parametrize(
    "text",
    [
        "listen: [",
        "a: b: c",
        "- 1\n- 2",
        "\x00",
        "listen: *nobody",
        "providers: {own: {dialect: openai, dialect: openai}}",
    ],
)
def test_a_file_that_is_no_yaml(text: str) -> None:
    code, said = run_until_exit(text)
    assert_refused(code, said, "sluice.yaml")


def test_settings_of_unbuilt_features_that_ask_for_nothing() -> None:
    with Gateway(
        config(
            redis=None,
            alerts=[],
            cache={"enabled": False},
            audit=None,
            redaction={"enabled": False},
            user=None,
        )
    ) as gateway:
        assert gateway.chat("simulated:x").status == 200


def test_variables_in_the_file(provider: OwnProvider) -> None:
    entry = openai_provider("${PROVIDER_URL}", api_key="${PROVIDER_KEY:-none}")
    environment = {"PROVIDER_URL": provider.base_url, "PROVIDER_KEY": "sk-from-environment"}
    with Gateway(config(providers={"own": entry}), environment=environment) as gateway:
        assert gateway.chat("own:chat").status == 200
        assert provider.log[-1].header("authorization") == "Bearer sk-from-environment"
    code, text = run_until_exit(config(providers={"own": entry}), environment={})
    assert_refused(code, text, "PROVIDER_URL")


@pytest.fixture
def copy_of_the_programs(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in NAMES:
        shutil.copy2(PROGRAMS / name, folder / name)
    return folder


@pytest.mark.parametrize("missing", [name for name in NAMES if name != "sluice"])
def test_a_missing_sibling(copy_of_the_programs: pathlib.Path, missing: str) -> None:
    (copy_of_the_programs / missing).unlink()
    code, text = run_until_exit(config(), programs=copy_of_the_programs)
    assert_refused(code, text, missing)


def test_a_sibling_that_cannot_run(copy_of_the_programs: pathlib.Path) -> None:
    (copy_of_the_programs / "sluice-edge").write_bytes(b"#!/bin/sh\nexit 75\n")
    code, text = run_until_exit(config(), programs=copy_of_the_programs)
    assert_refused(code, text, "edge")


def test_programs_may_be_moved(copy_of_the_programs: pathlib.Path) -> None:
    with Gateway(config(), programs=copy_of_the_programs) as gateway:
        assert gateway.chat("simulated:x").status == 200


def no_file(environment: dict[str, str] | None = None) -> Gateway:
    """A gateway without a file, as a newcomer starts it. It takes the default port, so such tests do not run at once."""
    return Gateway(None, environment=environment)


def default_port_is_free() -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 8080))
        except OSError:
            return False
    return True


needs_default_port = pytest.mark.skipif(not default_port_is_free(), reason="port 8080 is taken on this machine")


@needs_default_port
def test_without_a_file_the_simulated_provider_answers() -> None:
    with no_file() as gateway:
        assert gateway.address == ("127.0.0.1", 8080)
        texts = wait_until(lambda: gateway.log_text() + gateway.output_text(), 5, "something is said")
        keys = [gateway.state / "static_key"]
        assert stat.S_IMODE(keys[0].stat().st_mode) == 0o600
        assert stat.S_IMODE(gateway.state.stat().st_mode) == 0o700
        gateway.key = keys[0].read_text().strip()
        assert len(gateway.key) >= 32
        assert gateway.chat("anything").status == 200
        assert wire.request(gateway.address, "GET", "/v1/models").status == 401
        texts = gateway.log_text() + gateway.output_text()
        assert gateway.key not in texts, "the key is printed although this is no terminal"
        assert keys[0].name in texts, "nothing says where the key is"
        # The key survives a restart.
        gateway.stop()
        again = Gateway(None, folder=gateway.folder)
        with again:
            again.key = gateway.key
            assert again.chat("anything").status == 200


@needs_default_port
def test_on_a_terminal_the_key_is_printed() -> None:
    gateway = no_file()
    main, side = pty.openpty()
    said = bytearray()
    try:
        gateway.process = subprocess.Popen(
            gateway.command(),
            cwd=gateway.folder,
            env=gateway.environment,
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
        )
        os.close(side)

        def listen() -> None:
            while True:
                try:
                    data = os.read(main, 65536)
                except OSError:
                    return
                if not data:
                    return
                said.extend(data)

        reader = threading.Thread(target=listen, daemon=True)
        reader.start()
        wait_until(gateway.is_ready, 30, "ready")
        wait_until(lambda: b"curl" in said, 5, f"the banner on the terminal: {bytes(said)!r}")
        found = re.search(rb"Key +(sk-sl-[A-Za-z0-9_-]{43})", bytes(said))
        assert found, bytes(said)
        gateway.key = found[1].decode()
        assert gateway.chat("anything").status == 200
        # Shown once: from now on it is written nowhere.
        wait_until(lambda: not (gateway.state / "first_key").exists(), 5, "the key's file is gone")
        for path in gateway.state.rglob("*"):
            assert not path.is_file() or found[1] not in path.read_bytes(), path
        assert b"curl" in said and b"http://127.0.0.1:8080" in said
        gateway.children()
        gateway.send_signal(signal.SIGINT)
        assert gateway.process.wait(15) == 0
    finally:
        if gateway.process is not None and gateway.process.poll() is None:
            gateway.process.kill()
        gateway.process = None
        gateway.destroy()
        os.close(main)


@needs_default_port
def test_providers_from_the_environment(provider: OwnProvider) -> None:
    environment = {"LITELLM_BASE_URL": provider.base_url, "LITELLM_API_KEY": "sk-litellm"}
    with no_file(environment) as gateway:
        path = next(path for path in gateway.state.rglob("*") if path.is_file() and "key" in path.name)
        gateway.key = path.read_text().strip()
        assert gateway.chat("chat").status == 200
        assert provider.log[-1].header("authorization") == "Bearer sk-litellm"


NO_PROVIDERS = "listen: [{address: 127.0.0.1:0}]\nauth: {static_key: " + CLIENT_KEY + "}\n"


@needs_default_port
def test_with_an_empty_file_the_simulated_provider_answers() -> None:
    with Gateway("") as gateway:
        gateway.key = next(gateway.state.rglob("*key*")).read_text().strip()
        assert gateway.chat("anything").status == 200
        notices = [line["notice"] for line in gateway.log() if line.get("message") == "configuration notice"]
        assert [notice for notice in notices if "there are no providers" in notice and "simulated" in notice], notices


def test_a_file_without_providers_takes_those_of_the_environment(provider: OwnProvider) -> None:
    environment = {"LITELLM_BASE_URL": provider.base_url, "LITELLM_API_KEY": "sk-litellm"}
    text = NO_PROVIDERS + 'models: {fast: {targets: ["litellm:chat"]}}\n'
    with Gateway(text, environment=environment) as gateway:
        for model in ("fast", "chat", "litellm:chat"):
            assert gateway.chat(model).status == 200
            assert provider.log[-1].header("authorization") == "Bearer sk-litellm"
        assert {seen.model for seen in provider.log} == {"chat"}
        notices = [line["notice"] for line in gateway.log() if line.get("message") == "configuration notice"]
        assert [notice for notice in notices if "those of the environment are used: litellm" in notice], notices
        # A control that is started again has the same.
        old = gateway.children("control")
        os.kill(old[0], signal.SIGKILL)
        wait_until(lambda: gateway.children("control") not in ([], old), 10, "another control")
        assert gateway.chat("fast").status == 200


def sluice(*arguments: str, cwd: pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(PROGRAMS / "sluice"), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=cwd,
        env={"PATH": os.environ["PATH"]},
    )


def test_check_prints_the_effective_configuration_with_secrets_masked(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sluice.yaml"
    path.write_text(
        json.dumps(base_config(tmp_path / "state", providers={"own": openai_provider("http://127.0.0.1:1/v1")}))
    )
    done = sluice("check", "--config", str(path), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "http://127.0.0.1:1/v1" in done.stdout
    assert CLIENT_KEY not in done.stdout + done.stderr and PROVIDER_KEY not in done.stdout + done.stderr
    machine = sluice("check", "--config", str(path), "--json", cwd=tmp_path)
    assert machine.returncode == 0
    json.loads(machine.stdout)
    assert CLIENT_KEY not in machine.stdout and PROVIDER_KEY not in machine.stdout
    assert not (tmp_path / "state").exists(), "a check changes nothing"


def test_check_of_a_bad_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sluice.yaml"
    path.write_text(BAD)
    done = sluice("check", "--config", str(path), cwd=tmp_path)
    assert done.returncode != 0
    lines = {int(number) for number in re.findall(r"sluice\.yaml:(\d+):\d+", done.stdout + done.stderr)}
    assert lines >= {2, 3, 4, 6, 7, 9, 11, 12, 14, 16, 17}


def test_help_and_version(tmp_path: pathlib.Path) -> None:
    assert "serve" in sluice("--help", cwd=tmp_path).stdout
    assert re.search(r"\d+\.\d+\.\d+", sluice("--version", cwd=tmp_path).stdout)
    assert sluice("nonsense", cwd=tmp_path).returncode != 0


@pytest.mark.parametrize("role", ["supervisor", "edge", "upstream", "aggregator", "control"])
def test_a_role_started_by_hand_says_so(role: str, tmp_path: pathlib.Path) -> None:
    done = subprocess.run(
        [str(PROGRAMS / f"sluice-{role}")],
        capture_output=True,
        text=True,
        timeout=20,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
    )
    assert 70 <= done.returncode <= 79, (done.returncode, done.stderr)
    assert done.stderr.strip() and "Fatal error" not in done.stderr


def test_two_gateways_do_not_share_a_state_folder() -> None:
    with Gateway(config()) as first:
        settings = config()
        settings["state_directory"] = str(first.state)
        code, text = run_until_exit(settings)
        assert_refused(code, text)
        assert first.chat("simulated:x").status == 200


def test_a_restart_reuses_the_state_folder_and_never_a_record(tmp_path: pathlib.Path) -> None:
    records = []
    for _ in range(3):
        with Gateway(config(), folder=tmp_path) as gateway:
            records += [gateway.chat("simulated:x").header("x-sluice-record") for _ in range(3)]
    assert len(set(records)) == 9
