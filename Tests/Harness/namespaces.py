"""Hosts of a small network of the test's own: network namespaces without any way out, and what runs in them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import subprocess
from collections.abc import Iterator

from .gateway import Gateway
from .processes import wait_until

CLONE_NEWNET = 0x40000000
# An address that a provider made by the API may have, as it is nobody's private one. Nothing of it leaves the namespace.
PUBLIC = "11.77.0.1"


def can_run() -> bool:
    """Whether this process may make namespaces and connect them."""
    if os.geteuid() != 0:
        return False
    script = "ip link add name veth-try type veth peer name veth-yrt && ip link set lo up"
    try:
        return subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class Host:
    """A network namespace with a loopback interface; it goes when it is closed."""

    def __init__(self, *addresses: str) -> None:
        """`addresses` are the host's own, reachable from itself."""
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        own = os.stat("/proc/self/ns/net").st_ino
        self.pid = self._holder.pid
        wait_until(lambda: os.stat(f"/proc/{self.pid}/ns/net").st_ino != own, 10, "a namespace")
        self.ip("link", "set", "lo", "up")
        for address in addresses:
            self.ip("address", "add", f"{address}/32", "dev", "lo")

    def ip(self, *arguments: str) -> None:
        line = ["nsenter", "--net", "--target", str(self.pid), "ip", *arguments]
        done = subprocess.run(line, capture_output=True, text=True)
        assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"

    def connect(self, other: "Host", name: str, own: str, others: str) -> None:
        """A cable: `own` at this end, `others` at the other, one network of two addresses."""
        self.ip("link", "add", name, "type", "veth", "peer", "name", name, "netns", str(other.pid))
        for host, address in ((self, own), (other, others)):
            host.ip("address", "add", f"{address}/30", "dev", name)
            host.ip("link", "set", name, "up")

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait(10)

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """The calling thread makes its sockets, and starts its processes, on this host meanwhile."""
        with open("/proc/thread-self/ns/net") as before:
            _enter(f"/proc/{self.pid}/ns/net")
            try:
                yield
            finally:
                _enter(before.fileno())


def _enter(namespace: str | int) -> None:
    descriptor = os.open(namespace, os.O_RDONLY) if isinstance(namespace, str) else namespace
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        if isinstance(namespace, str):
            os.close(descriptor)


class HostedGateway(Gateway):
    """A gateway on one of the hosts."""

    # Where libcurl on Debian finds whom it trusts.
    _AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"

    def __init__(
        self, host: Host, config: dict, folder: pathlib.Path, trusts: pathlib.Path | None = None, **options
    ) -> None:
        """`trusts`: a file of the only certificate authorities that the system trusts, as its programs see it."""
        super().__init__(config, folder=folder, **options)
        self.host = host
        self._trusts = trusts

    def command(self) -> list[str]:
        if self._trusts is None:
            return super().command()
        # Under the same pid, and nobody else sees the other file.
        script = f'mount --bind "$0" {self._AUTHORITIES} && exec "$@"'
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(self._trusts), *super().command()]

    def spawn(self) -> "HostedGateway":
        with self.host.inside():
            super().spawn()
        return self
