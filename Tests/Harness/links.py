"""The links between the gateway's processes, seen and touched from outside.

A link is a nameless pair of sockets: nobody can connect to one. Test builds may be traced, so pidfd_getfd(2) gives a copy of a
process's end, through which a test speaks in its name.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import struct
from dataclasses import dataclass

from .gateway import Gateway
from .processes import descriptors, program

_PIDFD_GETFD = 438
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_UDIAG_SHOW_PEER, _UNIX_DIAG_PEER = 4, 2
_NLMSG_DONE, _NLM_F_DUMP = 3, 0x301
_libc = ctypes.CDLL(None, use_errno=True)


def unix_peers() -> dict[int, tuple[int, int]]:
    """inode → (peer's inode, type) of every connected Unix socket of this host."""
    found: dict[int, tuple[int, int]] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as query:
        request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, _UDIAG_SHOW_PEER, 0, 0)
        query.sendto(struct.pack("=IHHII", 16 + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_DUMP, 1, 0) + request, (0, 0))
        while True:
            data = query.recv(1 << 18)
            at = 0
            while at < len(data):
                length, kind = struct.unpack_from("=IH", data, at)
                if kind != _SOCK_DIAG_BY_FAMILY:
                    assert kind == _NLMSG_DONE, f"sock_diag: {kind}"
                    return found
                _, socket_type, _, _, inode = struct.unpack_from("=BBBBI", data, at + 16)
                attribute = at + 16 + 16
                while attribute < at + length:
                    size, name = struct.unpack_from("=HH", data, attribute)
                    if name == _UNIX_DIAG_PEER:
                        found[inode] = (struct.unpack_from("=I", data, attribute + 4)[0], socket_type)
                    attribute += (size + 3) & ~3
                at += (length + 3) & ~3


@dataclass(frozen=True)
class End:
    """One process's end of a link."""

    pid: int
    descriptor: int
    inode: int
    peer: int  # pid of the process at the other end

    @property
    def name(self) -> str:
        return f"{program(self.pid)} to {program(self.peer)}"

    def open(self) -> socket.socket:
        """A copy of the process's own descriptor: what is sent here comes from it."""
        pidfd = os.pidfd_open(self.pid)
        try:
            number = _libc.syscall(_PIDFD_GETFD, pidfd, self.descriptor, 0)
            if number < 0:
                raise OSError(ctypes.get_errno(), "pidfd_getfd")
        finally:
            os.close(pidfd)
        if os.fstat(number).st_ino != self.inode:
            os.close(number)
            raise OSError(errno.EBADF, f"{self.name}: closed, and its number is another's")
        return socket.socket(fileno=number)


def ends(gateway: Gateway, kind: int = socket.SOCK_STREAM) -> list[End]:
    """Both ends of every link (SOCK_STREAM), or of every control socket (SOCK_SEQPACKET)."""
    owners: dict[int, tuple[int, int]] = {}
    for pid in [gateway.pid, *gateway.children()]:
        for number, target in descriptors(pid).items():
            if match := re.fullmatch(r"socket:\[(\d+)\]", target):
                owners[int(match[1])] = (pid, number)
    found = []
    for inode, (peer, its_type) in unix_peers().items():
        if its_type == kind and inode in owners and peer in owners:
            pid, number = owners[inode]
            found.append(End(pid, number, inode, owners[peer][0]))
    return sorted(found, key=lambda one: (one.pid, one.descriptor))


def between(gateway: Gateway, role: str, other: str) -> list[End]:
    """The ends that processes of one role hold of links to those of another."""
    return [
        one
        for one in ends(gateway)
        if program(one.pid) == f"sluice-{role}" and program(one.peer) == f"sluice-{other}"
    ]


def frame(kind: int, payload: bytes = b"", *, stream: int = 0, flags: int = 0, reserved: int = 0, length=None) -> bytes:
    """A frame as docs/ipc.md says, `length` telling something else than the payload has."""
    return struct.pack(">IBBHQ", len(payload) if length is None else length, kind, flags, reserved, stream) + payload
