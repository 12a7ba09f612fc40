"""What a service manager does for a gateway: passes sockets, listens to what it is told."""

from __future__ import annotations

import fcntl
import pathlib
import socket
import threading

from .gateway import Gateway
from .processes import wait_until


class ManagedGateway(Gateway):
    """A gateway that gets `sockets` as descriptors 3, 4 … and the variables systemd would set.

    `listen_pid`: "$$" is the gateway's own pid; anything else is somebody's.
    """

    def __init__(
        self,
        config: dict | None,
        *,
        sockets: list[socket.socket] | None = None,
        listen_pid: str = "$$",
        names: str | None = None,
        count: int | None = None,
        **options,
    ) -> None:
        super().__init__(config, **options)
        # Above the numbers they will have, so that no copy overwrites another.
        self._copies = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD_CLOEXEC, 100) for one in sockets or []]
        self.inherited = tuple(self._copies)
        self._listen_pid = listen_pid
        if sockets is not None:
            self.environment["LISTEN_FDS"] = str(len(sockets) if count is None else count)
            if names is not None:
                self.environment["LISTEN_FDNAMES"] = names

    def command(self) -> list[str]:
        moves = " ".join(f"{3 + index}<&{copy} {copy}<&-" for index, copy in enumerate(self._copies))
        export = f"export LISTEN_PID={self._listen_pid};" if "LISTEN_FDS" in self.environment else ""
        return ["bash", "-c", f'{export} exec "$@" {moves}', "bash", *super().command()]

    def spawn(self) -> "ManagedGateway":
        super().spawn()
        for copy in self._copies:
            socket.close(copy)
        return self


class NotifySocket:
    """Collects what is sent to NOTIFY_SOCKET, one text a datagram, in order."""

    def __init__(self, folder: pathlib.Path, *, is_abstract: bool) -> None:
        self.path = f"@{folder}/notify" if is_abstract else f"{folder}/notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + self.path[1:] if is_abstract else self.path)
        self.messages: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while message := self._socket.recv(4096):
            self.messages.append(message.decode())

    def wait_for(self, line: str, timeout: float = 20, after: int = 0) -> int:
        """Waits for a message that has `line` among its lines; gives its index."""

        def find() -> int | None:
            for index, message in enumerate(self.messages[after:], after):
                if line in message.split("\n"):
                    return index + 1
            return None

        found = wait_until(find, timeout, lambda: f"{line!r} among {self.messages}")
        assert isinstance(found, int)
        return found - 1

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RD)
        self._reader.join(5)
        self._socket.close()


def listening_socket(kind: int = socket.SOCK_STREAM) -> socket.socket:
    """On a free port of loopback, as a socket unit makes it."""
    made = socket.socket(socket.AF_INET, kind)
    made.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        made.listen(4096)
    return made
