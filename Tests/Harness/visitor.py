"""A client that keeps coming: one request after another, each on a connection of its own."""

from __future__ import annotations

import threading

from . import wire


class Visitor(threading.Thread):
    """Asks the simulated provider until told to stop; `outcomes` holds a status or what went wrong, one a request."""

    def __init__(self, key: str, address: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        headers, body = self.parts(key)
        self._bytes = wire.render("POST", "/v1/chat/completions", headers, body)
        self._address = address
        self.stopping = threading.Event()
        self.outcomes: list[str] = []

    @staticmethod
    def parts(key: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of such a request."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Connection": "close"}
        return headers, b'{"model": "simulated:x", "messages": [{"role": "user", "content": "Hello"}]}'

    def run(self) -> None:
        while not self.stopping.is_set():
            self.outcomes.append(self._visit())
            self.stopping.wait(0.01)

    def _visit(self) -> str:
        try:
            connection = wire.Connection(self._address, 30)
        except OSError as error:
            return f"not connected: {error}"
        try:
            connection.send(self._bytes)
            reply = connection.reply()
            return str(reply.status) if reply.complete else "cut"
        except (OSError, wire.ProtocolError, AssertionError) as error:
            return f"broken: {error}"
        finally:
            connection.close()

    @staticmethod
    def judge(visitors: list["Visitor"]) -> None:
        """Stops them. Nobody was refused, and besides what was under way in one instant (a process was killed in it), one
        request a visitor at most, nothing failed."""
        for visitor in visitors:
            visitor.stopping.set()
        for visitor in visitors:
            visitor.join(30)
        outcomes = [outcome for visitor in visitors for outcome in visitor.outcomes]
        assert not [outcome for outcome in outcomes if outcome.startswith("not connected")]
        failed = [outcome for outcome in outcomes if outcome != "200"]
        assert len(failed) <= len(visitors), sorted(set(failed))
