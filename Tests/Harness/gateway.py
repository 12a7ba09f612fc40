"""Starts the real programs, waits until they are ready, and stops them; nothing in here knows their insides."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import signal
import subprocess
import tempfile
import threading
import time

from . import wire
from .processes import alive, children, parent, program, start_time, tree, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("SLUICE_BIN") or ROOT / ".build-test" / "debug")
NAMES = ("sluice", "sluice-supervisor", "sluice-edge", "sluice-upstream", "sluice-aggregator", "sluice-control")
CLIENT_KEY = "sk-client-0123456789abcdef"
# What most tests have nothing to do with.
NO_LIMITS = {"per_ip": {"requests_per_minute": None}, "per_key": {"requests_per_minute": None}}
PROVIDER_KEY = "sk-provider-fedcba9876543210-canary"

# Variables that would make providers or change the programs' behaviour: a test begins without them.
_KEPT_ENVIRONMENT = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SWIFT_BACKTRACE",
    "ASAN_OPTIONS",
    "TSAN_OPTIONS",
    "SLUICE_SECCOMP",
)


def raise_descriptor_limit() -> int:
    """Raises the soft limit of open files to the hard one and gives it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def base_config(state: pathlib.Path, **changes) -> dict:
    """A small configuration: one edge, one upstream, a static key, the simulated provider. `changes` replace whole keys."""
    config = {
        "listen": [{"address": "127.0.0.1:0"}],
        "state_directory": str(state),
        "workers": {"edge": 1, "upstream": 1},
        "drain_timeout": "10s",
        "auth": {"static_key": CLIENT_KEY},
        "providers": {"simulated": {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000}},
        "limits": NO_LIMITS,
    }
    config.update(changes)
    return {key: value for key, value in config.items() if value is not None}


def openai_provider(base_url: str, **changes) -> dict:
    """A provider entry for an OpenAI-compatible server, with short deadlines."""
    entry = {
        "dialect": "openai",
        "base_url": base_url,
        "api_key": PROVIDER_KEY,
        "timeouts": {"connect": "2s", "first_token": "20s", "idle": "20s", "total": "120s"},
    }
    entry.update(changes)
    return entry


def once(*providers: str) -> dict:
    """Aliases for `models`: what is asked of these providers by name is asked once, whatever comes of it."""
    return {f"{name}:*": {"targets": [f"{name}:*"], "retries": 0} for name in providers}


class Gateway:
    """One running `sluice serve`. Use as a context manager: leaving it stops the tree and checks that nothing is left.

    `config` is a dict (written as JSON, which is YAML too), the text of a file, or None for no file at all.
    """

    def __init__(
        self,
        config: dict | str | None,
        *,
        programs: pathlib.Path | None = None,
        environment: dict[str, str] | None = None,
        folder: pathlib.Path | None = None,
        stop_deadline: float = 30.0,
        crashes_expected: bool = False,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="sluice-test-") if folder is None else None
        self.folder = pathlib.Path(self._temporary.name if self._temporary else folder)
        self.programs = pathlib.Path(programs or PROGRAMS)
        self.config = config
        self.state = self.folder / "sluice-state"
        if isinstance(config, dict):
            config.setdefault("state_directory", str(self.state))
            self.state = pathlib.Path(config["state_directory"])
        self.environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        self.environment |= environment or {}
        self.stop_deadline = stop_deadline
        self.crashes_expected = crashes_expected
        # Descriptors the gateway is started with, beside the standard ones.
        self.inherited: tuple[int, ...] = ()
        self.process: subprocess.Popen | None = None
        self.key = CLIENT_KEY
        self._stderr: list[bytes] = []
        self._stdout: list[bytes] = []
        self._readers: list[threading.Thread] = []
        self._seen: dict[int, int] = {}  # every child ever seen: pid → start time

    # Running

    def command(self) -> list[str]:
        line = [str(self.programs / "sluice"), "serve"]
        if self.config is not None:
            path = self.folder / "sluice.yaml"
            path.write_text(self.config if isinstance(self.config, str) else json.dumps(self.config, indent=1))
            line += ["--config", str(path)]
        return line

    def spawn(self) -> "Gateway":
        """Starts the programs and does not wait."""
        if not (self.programs / "sluice").exists():
            raise FileNotFoundError(f"{self.programs}/sluice: build first (make test), or set SLUICE_BIN")
        raise_descriptor_limit()
        self.process = subprocess.Popen(
            self.command(),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=self.inherited,
        )
        for pipe, lines in ((self.process.stderr, self._stderr), (self.process.stdout, self._stdout)):
            reader = threading.Thread(target=self._collect, args=(pipe, lines), daemon=True)
            reader.start()
            self._readers.append(reader)
        return self

    def start(self, deadline: float = 30.0) -> "Gateway":
        """Starts the programs and waits until /health/ready answers 200."""
        self.spawn()
        wait_until(self._ready_or_dead, deadline, lambda: f"ready; standard error so far:\n{self.log_text()}")
        assert self.process is not None and self.process.poll() is None, (
            f"ended with {self.process.returncode} before it was ready:\n{self.log_text()}"
        )
        self.children()
        return self

    def _ready_or_dead(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            return True
        return self.is_ready()

    def is_ready(self) -> bool:
        try:
            return wire.request(self.address, "GET", "/health/ready", timeout=5).status == 200
        except (OSError, AssertionError, wire.ProtocolError):
            return False

    @staticmethod
    def _collect(pipe, lines: list[bytes]) -> None:
        for line in pipe:
            lines.append(line)

    def __enter__(self) -> "Gateway":
        try:
            return self.start() if self.process is None else self
        except BaseException:
            self.destroy()
            raise

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.stop()
        finally:
            self.destroy()

    # What it says

    @property
    def addresses(self) -> list[tuple[str, int]]:
        path = self.state / "run" / "listeners"
        try:
            lines = path.read_text().split()
        except FileNotFoundError:
            raise AssertionError(f"{path} is not there yet") from None
        assert lines, f"{path} is empty"
        return [(line.rpartition(":")[0], int(line.rpartition(":")[2])) for line in lines]

    @property
    def address(self) -> tuple[str, int]:
        return self.addresses[0]

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://{host}:{port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def log_text(self) -> str:
        return b"".join(self._stderr).decode("utf-8", "replace")

    def output_text(self) -> str:
        return b"".join(self._stdout).decode("utf-8", "replace")

    def log(self) -> list[dict]:
        """The JSON lines on standard error; other lines are left out."""
        found = []
        for line in list(self._stderr):
            if line.startswith(b"{"):
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found

    # Its processes

    def children(self, role: str | None = None) -> list[int]:
        """The pids of the direct children, of one role ("edge", "upstream" …) or all."""
        found = children(self.pid)
        for pid in found:
            if (began := start_time(pid)) is not None:
                self._seen[pid] = began
        return [pid for pid in found if role is None or program(pid) == f"sluice-{role}"]

    def child(self, role: str) -> int:
        found = self.children(role)
        assert len(found) == 1, f"{role}: {found}"
        return found[0]

    def ready_count(self, role: str) -> int:
        """How many processes of a role have been READY since the start, by the supervisor's log."""
        found = [line for line in list(self._stderr) if b'"message":"child ready"' in line]
        return sum(f'"child":"{role}"'.encode() in line for line in found)

    def wait_for_tree(self) -> None:
        """Waits until every process is READY; `start` waits for the first edge only."""
        wait_until(lambda: b'"message":"ready"' in b"".join(self._stderr), 20, "the whole tree is ready")

    def tree(self) -> list[int]:
        self.children()
        return tree(self.pid)

    def kill_child(self, pid: int, number: int = signal.SIGKILL) -> None:
        """Signals one child, after making sure that it is one."""
        assert parent(pid) == self.pid, f"{pid} is no child of the supervisor"
        os.kill(pid, number)

    # Requests

    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def request(self, method: str, target: str, body=None, headers: dict | None = None, timeout: float = 15.0):
        """One request with the client's key; a dict or list becomes a JSON body."""
        sent = self.authorization() | (headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent = {"Content-Type": "application/json"} | sent
        return wire.request(self.address, method, target, sent, body, timeout)

    def chat(self, model: str, *, timeout: float = 15.0, headers: dict | None = None, **members):
        body = {"model": model, "messages": [{"role": "user", "content": "Say hello."}]} | members
        return self.request("POST", "/v1/chat/completions", body, headers, timeout)

    def connect(self, timeout: float = 15.0, receive_buffer: int | None = None) -> wire.Connection:
        return wire.Connection(self.address, timeout, receive_buffer)

    def chat_bytes(self, body: dict | bytes, headers: dict | None = None) -> bytes:
        """A chat request as the bytes of one HTTP request."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = self.authorization() | {"Content-Type": "application/json"} | (headers or {})
        return wire.render("POST", "/v1/chat/completions", sent, raw)

    # Ending

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        """The exit code; standard output and error are complete afterwards."""
        assert self.process is not None
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s:\n{self.log_text()[-4000:]}") from None
        for reader in self._readers:
            reader.join(5)
        return code

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stops the tree; asserts exit code 0, nothing left running, and no crash report in the log."""
        assert self.process is not None
        if self.process.poll() is None:
            self.children()
            self.send_signal(number)
        code = self.wait(self.stop_deadline)
        assert code == 0, f"exit code {code}:\n{self.log_text()[-4000:]}"
        self.assert_no_orphan()
        if not self.crashes_expected:
            for word in ("Fatal error", "AddressSanitizer", "ThreadSanitizer", "Program crashed"):
                assert word not in self.log_text(), self.log_text()[-6000:]

    def assert_no_orphan(self) -> None:
        wait_until(lambda: not self._left(), 5, lambda: f"all children gone; left: {self._left()}")

    def _left(self) -> list[int]:
        return [pid for pid, began in self._seen.items() if alive(pid) and start_time(pid) == began]

    def destroy(self) -> None:
        """Ends what is still there, without judging it."""
        if self.process is not None and self.process.poll() is None:
            victims = self.tree()
            for pid in victims:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.process.wait(10)
        for pid in self._left():
            os.kill(pid, signal.SIGKILL)
        for reader in self._readers:
            reader.join(2)
        # A pipe whose reader still waits cannot be closed: swift-backtrace, which test builds start at a crash, may hold it for ever.
        if self.process is not None and not any(reader.is_alive() for reader in self._readers):
            for pipe in (self.process.stderr, self.process.stdout):
                pipe.close()
        if self._temporary is not None:
            self._temporary.cleanup()


def run_until_exit(config: dict | str | None, timeout: float = 20.0, **options) -> tuple[int, str]:
    """Starts a gateway that is expected to refuse to start: (exit code, standard error)."""
    gateway = Gateway(config, **options)
    try:
        gateway.spawn()
        began = time.monotonic()
        while gateway.process.poll() is None and time.monotonic() - began < timeout:
            gateway.children()
            time.sleep(0.02)
        code = gateway.wait(0.1)
        gateway.assert_no_orphan()
        return code, gateway.log_text()
    finally:
        gateway.destroy()
