"""A gateway started as root on a machine that has the gateway's users: in a mount namespace with users of its own."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from .gateway import Gateway

ROLES = ("control", "aggregator", "upstream", "edge")
# Numbers that no machine gives to anybody.
USERS = {role: 64_101 + index for index, role in enumerate(ROLES)}
EVERYBODY = 64_110


def can_run() -> bool:
    """Whether this process may do what the tests need: be root, and mount."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


class UserGateway(Gateway):
    """`sluice serve` where /etc/passwd has the users that `users` names, besides the machine's."""

    def __init__(self, config: dict, folder: pathlib.Path, users: dict[str, int], **options) -> None:
        super().__init__(config, folder=folder, **options)
        self.users = users

    def command(self) -> list[str]:
        for name, line in (
            ("passwd", "{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"),
            ("group", "{name}:x:{number}:\n"),
        ):
            own = "".join(line.format(name=name, number=number) for name, number in self.users.items())
            (self.folder / name).write_text(pathlib.Path("/etc", name).read_text() + own)
        script = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/group && shift 2 && exec "$@"'
        names = [str(self.folder / "passwd"), str(self.folder / "group")]
        return ["unshare", "-m", "sh", "-c", script, "sh", *names, *super().command()]


def role_users() -> dict[str, int]:
    return {f"sluice-{role}": number for role, number in USERS.items()}


@contextlib.contextmanager
def open_folder():
    """A folder that every user may look into, unlike pytest's."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-users-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def identity(pid: int) -> tuple[set[int], set[int], set[int]]:
    """The users, groups and further groups of a process."""
    fields = {}
    with open(f"/proc/{pid}/status", encoding="latin-1") as file:
        for line in file:
            key, _, value = line.partition(":")
            fields[key] = value
    users, groups, further = ({int(word) for word in fields[key].split()} for key in ("Uid", "Gid", "Groups"))
    return users, groups, further


def attempt(user: int, groups: list[int], path: pathlib.Path, flags: int) -> int:
    """The errno with which a process of that user, outside of any sandbox, opens `path`; 0 when it can."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 0
        try:
            os.setgroups(groups[1:])
            os.setresgid(groups[0], groups[0], groups[0])
            os.setresuid(user, user, user)
            os.close(os.open(path, flags))
        except OSError as error:
            code = error.errno or 255
        finally:
            os.write(write, bytes([code]))
            os._exit(0)
    os.close(write)
    try:
        return os.read(read, 1)[0]
    finally:
        os.close(read)
        os.waitpid(child, 0)
