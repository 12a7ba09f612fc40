"""What a provider gives out as its account, beside what Sluice knows: the same to the token, and each token that is not is found."""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from Harness.billing import (
    DAY,
    DATED,
    BillingProvider,
    anthropic_csv,
    anthropic_json,
    numbers_of,
    openai_csv,
    openai_json,
    stamp,
)
from Harness.gateway import Gateway, base_config, openai_provider
from Harness.operators import ask, run
from Harness.processes import wait_until

MESSAGES = [{"role": "user", "content": "Hi"}]
CLAUDE = {"max_tokens": 50, "messages": MESSAGES}


def reconcile(gateway: Gateway, file: pathlib.Path | str, *arguments: str, code: int, stdin: str | None = None) -> dict:
    """The comparison in JSON; asserts the exit status."""
    done = subprocess.run(
        [str(gateway.programs / "sluice"), "reconcile", str(file), *arguments, "--json", "--config", "sluice.yaml"],
        cwd=gateway.folder, env=gateway.environment, input=stdin, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == code, f"{file} {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def empty_page(day: int) -> str:
    bucket = {"object": "bucket", "start_time": day * DAY, "end_time": (day + 1) * DAY, "results": []}
    return json.dumps({"object": "page", "data": [bucket], "has_more": False, "next_page": None})


@contextlib.contextmanager
def refusing(gateway: Gateway, part: str) -> Iterator[None]:
    """Within it, requests to the control socket for paths that begin with `part` are refused, and others pass."""
    path = gateway.state / "run" / "control.sock"
    aside = path.with_suffix(".real")

    class Between(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = self.rfile.read(4)
            text = self.rfile.read(int.from_bytes(head, "big"))
            if json.loads(text)["path"].startswith(f"/api/v1/{part}"):
                answer = json.dumps({"status": 403, "body": {"error": {"message": "no", "type": "permission_error"}}}).encode()
                self.wfile.write(len(answer).to_bytes(4, "big") + answer)
                return
            with socket.socket(socket.AF_UNIX) as real:
                real.connect(str(aside))
                real.sendall(head + text)
                with real.makefile("rb") as answers:
                    head = answers.read(4)
                    self.wfile.write(head + answers.read(int.from_bytes(head, "big")))

    path.rename(aside)
    server = socketserver.ThreadingUnixStreamServer(str(path), Between)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        path.unlink()
        aside.rename(path)


def differing(answer: dict) -> list[dict]:
    return [row for row in answer["rows"] if not row["is_within"]]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("product", ["sqlite", "postgres"])
def test_exports_agree_to_the_token(tmp_path: pathlib.Path, product: str, request: pytest.FixtureRequest) -> None:
    database = {}
    if product == "postgres":
        database = {"database": {"control": "sqlite", "usage": request.getfixturevalue("postgres").url}}
    with BillingProvider() as gpt, BillingProvider() as claude:
        config = base_config(
            tmp_path / "state",
            providers={
                "gpt": openai_provider(gpt.base_url),
                "claude": openai_provider(claude.base_url, dialect="anthropic"),
            },
            # What fails is asked once more, and costs once.
            models={
                "flaky": {"targets": ["gpt:flaky-mini"], "retries": 3},
                "small": {"targets": ["gpt:gpt-4o-mini"]},
            },
            # Days of the project's own clocks begin in the middle of an hour of UTC: exports know nothing of that.
            schedule={"timezone": "Asia/Kolkata"},
            **database,
        )
        with Gateway(config, folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            replies = []
            for stream in (False, True):
                replies += [gateway.chat(name, stream=stream, messages=MESSAGES) for name in ("small", "gpt:gpt-4o", "flaky")]
                replies += [gateway.chat("claude:claude-haiku-4-5-20251001", stream=stream, messages=MESSAGES)]
                for _ in range(2):
                    body = CLAUDE | {"model": "claude:claude-sonnet-4-5", "stream": stream}
                    head = gateway.authorization() | {"anthropic-version": "2023-06-01", "content-type": "application/json"}
                    replies.append(gateway.request("POST", "/v1/messages", json.dumps(body).encode(), head))
            assert [reply.status for reply in replies] == [200] * len(replies)
            assert len(gpt.log) > len(gpt.bills) == 6 and len(claude.bills) == 6

            def settled() -> bool:
                return ask(gateway, "usage", "today")["total"]["requests"] == len(replies)

            wait_until(settled, 15, "all requests in the usage database", interval=0.1)

            exports = {
                "gpt.json": (gpt, openai_json), "gpt.csv": (gpt, openai_csv),
                "claude.json": (claude, anthropic_json), "claude.csv": (claude, anthropic_csv),
            }  # fmt: skip
            for name, (provider, give) in exports.items():
                text = give(provider.bills)
                file = tmp_path / name
                file.write_text(text)
                clean = reconcile(gateway, file, code=0)
                assert clean["is_within"] and differing(clean) == [] and clean["sluice_only"] == clean["export_only"] == []
                assert clean["providers"] == ["gpt" if provider is gpt else "claude"]
                assert len({row["class"] for row in clean["rows"] if row["export"]}) == 5
                sent = {match["sent"]: match["export"] for match in clean["models"]}
                assert sent == {bare: dated for bare, dated in DATED.items() if bare.startswith(name[:3].replace("cla", "claude"))}
                assert reconcile(gateway, file, "--counts", code=0)["is_within"]
                assert reconcile(gateway, "-", code=0, stdin=text)["rows"] == clean["rows"]

                numbers = numbers_of(text, provider.bills)
                assert len(numbers) >= 10
                for found in numbers:
                    file.write_text(text[: found.start()] + str(int(found[0]) + 1) + text[found.end() :])
                    wrong = differing(reconcile(gateway, file, code=1))
                    assert [row["difference"] for row in wrong] == [-1], f"{name}: {found}"
                    assert wrong[0]["export"] == int(found[0]) + 1
                assert reconcile(gateway, file, "--tolerance", "1", code=0)["is_within"]
                # A call of the provider's that Sluice would not know.
                file.write_text(give([*provider.bills, provider.bills[0]]))
                assert differing(reconcile(gateway, file, code=1))
                file.write_text(text)

            # A table for people, and other ways to be wrong.
            text = run(gateway, "reconcile", str(tmp_path / "gpt.json"))
            assert text.returncode == 0 and "gpt-4o is gpt-4o-2024-08-06 in the export" in text.stdout, text
            assert "No number of" in text.stdout and "is not over" in text.stdout
            other = run(gateway, "reconcile", str(tmp_path / "gpt.json"), "--provider", "claude")
            assert other.returncode == 1 and "is in Sluice only" in other.stdout
            yesterday = stamp(int(time.time()) // DAY - 1)[:10]
            (tmp_path / "broken.json").write_text(openai_json(gpt.bills)[:-20])
            for arguments, code in [
                (("broken.json",), 2), (("missing.json",), 2), (("gpt.json", "--tolerance", "much"), 2),
                (("gpt.json", "--format", "anthropic-csv"), 2), (("gpt.json", "--model", "x"), 2),
                (("gpt.json", "--from", "2026-02-30"), 2), (("gpt.json", "--to", yesterday), 2),
            ]:  # fmt: skip
                done = run(gateway, "reconcile", *arguments)
                assert (done.returncode, done.stdout) == (code, "") and done.stderr, f"{arguments}: {done}"
            # Days that the file does not have, a provider that there is not, and names that nobody has.
            for arguments, words in [
                (("--from", yesterday, "--to", yesterday), "nothing of that was asked for"),
                (("--provider", "gtp"), "there is no provider gtp: there are claude, gpt"),
                (("--provider", "gpt", "--provider", "gtp"), "there is no provider gtp"),
            ]:
                done = run(gateway, "reconcile", str(tmp_path / "gpt.json"), *arguments)
                assert (done.returncode, done.stdout) == (2, "") and words in done.stderr, f"{arguments}: {done}"
            stray = reconcile(gateway, tmp_path / "gpt.json", "--model", "never=gpt-4o-2024-08-06", "--model", "small=none", code=0)
            for name in ("nothing was sent as never", "nothing was sent as small", "the export has nothing of none"):
                assert any(note.startswith(name) for note in stray["notes"]), stray["notes"]
            # An export of the same day without any usage.
            (tmp_path / "empty.json").write_text(empty_page(gpt.bills[0].day))
            nothing = reconcile(gateway, tmp_path / "empty.json", code=1)
            assert len(nothing["sluice_only"]) == 3 and nothing["export_only"] == []
            # 1 is for numbers that differ: a refusal is 2, whatever was asked.
            with refusing(gateway, "providers"):
                assert run(gateway, "reconcile", str(tmp_path / "gpt.json")).returncode == 2
            with refusing(gateway, "usage"):
                assert run(gateway, "reconcile", str(tmp_path / "gpt.json"), "--provider", "gpt").returncode == 2
            assert reconcile(gateway, tmp_path / "gpt.json", code=0)["is_within"]

            renamed = openai_json(gpt.bills).replace("gpt-4o-mini", "house-model")
            (tmp_path / "renamed.json").write_text(renamed)
            assert set(reconcile(gateway, tmp_path / "renamed.json", code=1)["export_only"]) == {"house-model"}
            assert reconcile(gateway, tmp_path / "renamed.json", "--model", "gpt-4o-mini=house-model", code=0)["is_within"]
            gateway.stop()

        # Stopped: the same, but which provider it is nobody can be asked.
        assert run(gateway, "reconcile", str(tmp_path / "gpt.csv")).returncode == 2
        assert reconcile(gateway, tmp_path / "gpt.csv", "--provider", "gpt", code=0)["is_within"]
        notes = reconcile(gateway, tmp_path / "gpt.csv", "--provider", "gtp", code=1)["notes"]
        assert any(note.startswith("Sluice knows nothing of the provider gtp") for note in notes), notes
