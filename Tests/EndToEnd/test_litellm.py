"""LiteLLM's own proxy as an upstream: its answers, its errors with their advice, and what happens when it goes away."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest

from Harness import wire
from Harness.faulty import FaultyProvider, closed_port
from Harness.gateway import ROOT, Gateway, base_config, openai_provider
from Harness.processes import wait_until
from Harness.routes import explanation, steps

PROGRAM = ROOT / ".venv-litellm" / "bin" / "litellm"
KEY = "sk-master-0123456789"
WORDS = ("chat", "stream-20-5", "status-400", "status-404", "wait-seconds", "status-500", "status-503")

pytestmark = [pytest.mark.verify, pytest.mark.timeout(400)]


class Proxy:
    """`litellm --config …` before a provider, as a context manager."""

    def __init__(self, folder: pathlib.Path, base_url: str) -> None:
        self.folder, self.port = folder, closed_port()
        models = [
            {"model_name": word, "litellm_params": {"model": f"openai/{word}", "api_base": base_url, "api_key": "sk-x"}}
            for word in WORDS
        ]
        config = {
            "model_list": models,
            "general_settings": {"master_key": KEY},
            # Its own retries and cooldowns would hide what is asked of it.
            "litellm_settings": {"num_retries": 0},
            "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        }
        (folder / "litellm.yaml").write_text(json.dumps(config))

    def __enter__(self) -> "Proxy":
        line = [str(PROGRAM), "--config", "litellm.yaml", "--host", "127.0.0.1", "--port", str(self.port)]
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.folder),
            # No network: prices from the package.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        self.log = open(self.folder / "litellm.log", "wb")
        self.process = subprocess.Popen(line, cwd=self.folder, env=environment, stdout=self.log, stderr=self.log)
        wait_until(self._is_ready, 180, lambda: (self.folder / "litellm.log").read_text()[-3000:], 0.5)
        return self

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, (self.folder / "litellm.log").read_text()[-3000:]
        try:
            return wire.request(("127.0.0.1", self.port), "GET", "/health/liveliness", timeout=5).status == 200
        except (OSError, wire.ProtocolError, AssertionError):
            return False

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.log.close()


def test_litellm_as_an_upstream(tmp_path: pathlib.Path) -> None:
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is not there: scripts/python-environment --verify")
    with FaultyProvider() as behind, FaultyProvider("chat") as other, Proxy(tmp_path, behind.base_url) as proxy:
        timeouts = {"connect": "2s", "first_token": "30s", "idle": "30s", "total": "60s"}
        litellm = openai_provider(f"http://127.0.0.1:{proxy.port}/v1", dialect="litellm", api_key=KEY, timeouts=timeouts)
        config = base_config(
            tmp_path / "sluice-state",
            providers={
                "litellm": litellm | {"breaker": False},
                "other": openai_provider(other.base_url, timeouts=timeouts),
            },
            models={
                "alone-*": {"targets": ["litellm:*"], "retries": 1, "retry_delay": "20ms"},
                "both-*": {"targets": ["litellm:*", "other:chat"]},
            },
            default_provider="other",
            pricing={"litellm:*": {"input": 1, "output": 2}},
        )
        with Gateway(config, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            answers(gateway)
            failures(gateway, behind)
            proxy.stop()
            reply = gateway.chat("both-chat", timeout=60)
            assert reply.status == 200 and reply.header("x-sluice-provider") == "other"
            found = explanation(gateway, reply.header("x-sluice-record"))
            # The first one is called where its key does not rest any more.
            assert [one["billed"] for one in found["attempts"]] in (["yes"], ["no", "yes"])


def answers(gateway: Gateway) -> None:
    reply = gateway.chat("alone-chat", timeout=60)
    assert reply.status == 200, reply
    assert reply.json()["choices"][0]["message"]["content"] == "Hello from the provider."
    assert reply.header("x-sluice-provider") == "litellm" and reply.header("x-sluice-attempts") == "1"
    found = explanation(gateway, reply.header("x-sluice-record"))
    assert (found["request"]["tokens"]["input"], found["request"]["tokens"]["output"]) == (7, 5)
    stream = gateway.chat("alone-stream-20-5", stream=True, timeout=60)
    assert stream.status == 200 and stream.complete and stream.events()[-1] == b"[DONE]"
    chunks = [json.loads(event)["choices"] for event in stream.events()[:-1]]
    text = "".join(one[0]["delta"].get("content") or "" for one in chunks if one)
    assert text == "".join(f" w{number}" for number in range(20))


def failures(gateway: Gateway, behind: FaultyProvider) -> None:
    for word, status, calls in (("status-400", 400, 1), ("status-404", 404, 1), ("status-500", 500, 2)):
        behind.clear()
        reply = gateway.chat(f"alone-{word}", timeout=60)
        assert reply.status == status and reply.error["message"], (word, reply)
        assert len(behind.calls) == calls, (word, len(behind.calls))
    for word in ("status-500", "status-503"):
        reply = gateway.chat(f"both-{word}", timeout=60)
        assert reply.status == 200 and reply.header("x-sluice-provider") == "other", (word, reply)
        assert "failed" in steps(explanation(gateway, reply.header("x-sluice-record")))
    # Last, because its key rests afterwards.
    reply = gateway.chat("both-wait-seconds", timeout=60)
    assert reply.status == 200 and reply.header("x-sluice-provider") == "other", reply
