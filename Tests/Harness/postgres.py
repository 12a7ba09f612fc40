"""A real PostgreSQL server for tests, in a folder of its own: it can be killed, frozen and started again.

    python3 Tests/Harness/postgres.py                  starts one, prints its URL, and runs until its input ends
    python3 Tests/Harness/postgres.py -- COMMAND …     runs the command with the URL in SLUICE_TEST_POSTGRES

The server runs as the user `postgres` where the tests are root, as it refuses to run as root. It does not fsync: what it has
committed outlives its processes, but not the machine.
"""

from __future__ import annotations

import ctypes
import glob
import itertools
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

USER = "sluice"
# Not a secret, but recognisable where it must not be seen.
PASSWORD = "tests-only-%40-pass word"
PASSWORD_IN_URL = "tests-only-%2540-pass%20word"
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    # Little, for tests; what is measured says how much.
    "shared_buffers": os.environ.get("SLUICE_TEST_POSTGRES_BUFFERS", "32MB"),
    "listen_addresses": "127.0.0.1",
    "jit": "off",
    "log_min_messages": "warning",
    "log_statement": "none",
}
PR_SET_PDEATHSIG = 1


def programs() -> pathlib.Path | None:
    """The folder of the newest server that is installed; None where there is none."""
    folders = [pathlib.Path(path) for path in glob.glob("/usr/lib/postgresql/*/bin") if os.access(f"{path}/initdb", os.X_OK)]
    if folders:
        return max(folders, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
    found = shutil.which("initdb")
    return pathlib.Path(found).resolve().parent if found else None


def account() -> tuple[int, int] | None:
    """Whom the server runs as: nobody else than we are, unless we are root."""
    if os.getuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _dies_with_us() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


class PostgresServer:
    """One cluster with one server. Everything is bounded in time; `close` ends the server and removes the folder."""

    def __init__(self, **settings: str) -> None:
        folder = programs()
        if folder is None:
            raise RuntimeError("no PostgreSQL server is installed: run scripts/install-packages")
        self.programs = folder
        self.settings = SETTINGS | settings
        self.account = account()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-pg-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.numbers = itertools.count(1)
        self.port = 0
        self.has_answered = False
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Where it is

    def url(self, database: str = "postgres", **parameters: str) -> str:
        tail = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{USER}:{PASSWORD_IN_URL}@127.0.0.1:{self.port}/{database}" + (f"?{tail}" if tail else "")

    def socket_url(self, database: str = "postgres") -> str:
        """By the socket in the file system, where no password is asked for."""
        return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}"

    # Its life

    def start(self, timeout: float = 60) -> None:
        """Starts the server, at the port it had before where it had one, and waits until it answers."""
        assert self.process is None
        deadline = time.monotonic() + timeout
        while True:
            self.port = self.port or free_port()
            line = [self.programs / "postgres", "-D", self.data, "-p", str(self.port), "-k", self.folder]
            for name, value in self.settings.items():
                line += ["-c", f"{name}={value}"]
            with open(self.log, "ab") as log:
                self.process = self._run(subprocess.Popen, line, stdout=log, stderr=log, start_new_session=True)
            while self.process.poll() is None:
                if self.answers():
                    self.has_answered = True
                    return
                if time.monotonic() > deadline:
                    self.kill()
                    raise RuntimeError(f"PostgreSQL does not answer within {timeout} s:\n{self.log_text()}")
                time.sleep(0.02)
            self.process = None
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{self.log_text()}")
            # Somebody else took the port, or the processes of the server before are still going.
            time.sleep(0.1)
            if not self.has_answered:
                self.port = 0

    def stop(self, mode: signal.Signals = signal.SIGINT, timeout: float = 30) -> None:
        """Ends the server in an orderly way (SIGINT: connections are cut; SIGTERM: it waits for them)."""
        if self.process is None:
            return
        self.process.send_signal(mode)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """SIGKILL to the server and all of its processes, at once."""
        if self.process is None:
            return
        for pid in self.pids():
            _signal(pid, signal.SIGKILL)
        self.process.wait(30)
        self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP to all of its processes: connections stay, and nobody answers."""
        # Twice: one may have started another meanwhile.
        for _ in range(2):
            for pid in self.pids():
                _signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self.pids():
            _signal(pid, signal.SIGCONT)

    def pids(self) -> list[int]:
        """The server first, then its children."""
        if self.process is None:
            return []
        pid = self.process.pid
        try:
            text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        except OSError:
            return [pid]
        return [pid, *(int(child) for child in text.split())]

    def close(self) -> None:
        self.thaw()
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def answers(self) -> bool:
        done = self._run(
            subprocess.run,
            [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "2"],
            stdin=subprocess.DEVNULL,
            timeout=10,
        )
        return done.returncode == 0

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    # What is in it

    def sql(self, text: str, database: str = "postgres", timeout: float = 60) -> list[list[str]]:
        """Runs statements as the superuser; the rows as lists of texts, NULL as an empty one."""
        line = [self.programs / "psql", "-XAtq", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", self.folder]
        done = self._run(
            subprocess.run,
            [*line, "-p", str(self.port), "-U", USER, "-d", database, "-c", text],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    def database(self) -> PostgresDatabase:
        """A fresh, empty database."""
        name = f"sluice_{next(self.numbers)}_{secrets.token_hex(4)}"
        self.sql(f"CREATE DATABASE {name}")
        return PostgresDatabase(self, name)

    # Inside

    def _initialise(self) -> None:
        self.data.mkdir(mode=0o700)
        password = self.folder / "password"
        password.write_text(PASSWORD + "\n")
        self.log.touch()
        for path in [self.folder, self.data, password, self.log]:
            if self.account:
                os.chown(path, *self.account)
        line = [self.programs / "initdb", "-D", self.data, "-U", USER, "--pwfile", password, "-N", "-E", "UTF8"]
        line += ["--locale=C", "--auth-host=scram-sha-256", "--auth-local=trust"]
        done = self._run(
            subprocess.run, line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120
        )
        password.unlink()
        if done.returncode != 0:
            raise RuntimeError(f"initdb: {done.stdout.decode(errors='replace')}")

    def _run(self, how, line: list[object], **options: object):  # noqa: ANN001, ANN202: subprocess.run or Popen
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
        if self.account:
            options |= {"user": self.account[0], "group": self.account[1], "extra_groups": []}
        if how is subprocess.Popen:
            options["preexec_fn"] = _dies_with_us
        return how([str(part) for part in line], env=environment, cwd=self.folder, **options)


class PostgresDatabase:
    """One database of a server."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server = server
        self.name = name

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def sql(self, text: str) -> list[list[str]]:
        return self.server.sql(text, self.name)

    def drop(self) -> None:
        """Removes the database, and cuts off whoever uses it. Starts the server where a test has killed it."""
        self.server.thaw()
        if self.server.process is None or self.server.process.poll() is not None:
            self.server.kill()
            self.server.start()
        self.server.sql(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def main() -> int:
    arguments = sys.argv[1:]
    with PostgresServer() as server:
        if arguments[:1] == ["--"]:
            return subprocess.run(arguments[1:], env=os.environ | {"SLUICE_TEST_POSTGRES": server.url()}).returncode
        print(server.url(), flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
