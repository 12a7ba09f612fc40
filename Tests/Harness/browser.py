"""A headless Chromium, driven over its debugging protocol."""

from __future__ import annotations

import base64
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

import websockets.sync.client

from .processes import tree, wait_until


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page of a browser with a profile of its own. A context manager."""

    def __init__(self, width: int = 1280, height: int = 1600) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-browser-", ignore_cleanup_errors=True)
        self._size = f"{width},{height}"
        self._number = 0
        # What the page says by itself: requests, errors, lines of the console.
        self.events: list[dict] = []

    def __enter__(self) -> "Browser":
        profile = pathlib.Path(self._folder.name, "profile")
        self.log = open(pathlib.Path(self._folder.name, "log"), "wb")
        line = [
            chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--remote-debugging-port=0",
            f"--window-size={self._size}", f"--user-data-dir={profile}", "about:blank",
        ]  # fmt: skip
        self.process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        try:
            port = wait_until(lambda: self._port(profile), 60, lambda: f"a debugging port; {self._log_text()}")
            target = wait_until(lambda: self._page(port), 30, "a page")
            self._socket = websockets.sync.client.connect(target, max_size=1 << 26, proxy=None, legacy=True)
            for domain in ("Page", "Runtime", "Network", "Log"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "_socket"):
            self._socket.close()
        if self.process.poll() is None:
            victims = tree(self.process.pid)
            self.process.kill()
            for pid in victims[1:]:
                subprocess.run(["kill", "-9", str(pid)], capture_output=True)
        self.process.wait(20)
        self.log.close()
        self._folder.cleanup()

    def _log_text(self) -> str:
        return pathlib.Path(self._folder.name, "log").read_text("utf-8", "replace")[-3000:]

    def _port(self, profile: pathlib.Path) -> int | None:
        assert self.process.poll() is None, self._log_text()
        path = profile / "DevToolsActivePort"
        lines = path.read_text().split("\n") if path.exists() else []
        return int(lines[0]) if len(lines) > 1 else None

    @staticmethod
    def _page(port: int) -> str | None:
        from . import wire

        reply = wire.request(("127.0.0.1", port), "GET", "/json/list", {"Host": f"127.0.0.1:{port}"})
        pages = [entry for entry in reply.json() if entry["type"] == "page"]
        return pages[0]["webSocketDebuggerUrl"] if pages else None

    def call(self, method: str, timeout: float = 30, **parameters) -> dict:
        """One command, and what it answers; what comes meanwhile is kept in `events`."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        deadline = time.monotonic() + timeout
        while True:
            message = json.loads(self._socket.recv(timeout=max(0.01, deadline - time.monotonic())))
            if "method" in message:
                self.events.append(message)
            elif message["id"] == self._number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def run(self, script: str) -> object:
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, f"{script}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def wait_for(self, script: str, timeout: float = 30) -> object:
        """Waits until the expression is true in the page."""
        return wait_until(lambda: self.run(f"!!({script})"), timeout, lambda: f"{script}; page: {self._text()}", 0.1)

    def _text(self) -> str:
        return str(self.run("document.body ? document.body.innerText.slice(0, 2000) : ''"))

    def type(self, selector: str, text: str) -> None:
        """Focuses an element and types: frameworks see the same events as from a keyboard."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def screenshot(self, path: pathlib.Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def failures(self) -> list[str]:
        """What went wrong in the page so far: exceptions, errors on the console, requests that failed."""
        found = []
        for event in self.events:
            method, parameters = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                found.append(str(parameters["exceptionDetails"]))
            elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                found.append(parameters["entry"]["text"] + " " + parameters["entry"].get("url", ""))
            elif method == "Network.loadingFailed" and not parameters.get("canceled"):
                found.append(parameters["errorText"])
        return found

    def addresses(self) -> set[str]:
        """Every URL the page asked for."""
        return {e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"}
