"""What an operator does with a running or stopped gateway: the command line, and the socket behind it."""

from __future__ import annotations

import json
import socket
import struct
import subprocess

from .gateway import Gateway


def run(gateway: Gateway, *arguments: str) -> subprocess.CompletedProcess:
    """`sluice ARGUMENTS --config FILE` as an operator runs it."""
    return subprocess.run(
        [str(gateway.programs / "sluice"), *arguments, "--config", str(gateway.folder / "sluice.yaml")],
        cwd=gateway.folder,
        env=gateway.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def ask(gateway: Gateway, *arguments: str) -> dict:
    """The JSON that a command answers with."""
    done = run(gateway, *arguments, "--json")
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stderr}"
    assert done.stderr == ""
    return json.loads(done.stdout)


def call(gateway: Gateway, method: str, path: str, body: dict | None = None) -> dict:
    """One request over the operators' socket; asserts success."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(gateway.state / "run" / "control.sock"))
        request = {"method": method, "path": path} | ({} if body is None else {"body": body})
        text = json.dumps(request).encode()
        client.sendall(struct.pack(">I", len(text)) + text)
        (length,) = struct.unpack(">I", client.recv(4, socket.MSG_WAITALL))
        reply = json.loads(client.recv(length, socket.MSG_WAITALL))
    assert 200 <= reply["status"] < 300, f"{method} {path}: {reply}"
    return reply["body"]
