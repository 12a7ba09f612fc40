#!/usr/bin/env python3
"""Sluice and nginx side by side in front of the same fast provider: CPU per request, latency, memory.

    make bench                                   the whole table, about 6 minutes after the build
    make bench ARGS="--quick --json out.json"    one short run of each, to see whether all works
    make bench ARGS="--callgrind edge"           instructions per request of one role, by module

Nothing here is a test with a time limit: a machine is noisy. Compare the ratios, which come from runs taken in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests"))

from Harness import wire  # noqa: E402
from Harness.gateway import CLIENT_KEY, Gateway, base_config, openai_provider  # noqa: E402
from Harness.processes import cpu_seconds, pss_bytes, tree, wait_until  # noqa: E402
from callgrind import print_profile  # noqa: E402
from wrapping import wrap  # noqa: E402

PATH = "/v1/chat/completions"
# Ratios to nginx that this step has to reach; the others are shown for what they are.
TARGETS = {"64 connections": 2.4, "100 KB": 2.3, "streams": 1.85, "1 connection p50": 2.1}
IDLE_TARGET_MB = 70


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def body(size: int, stream: bool = False) -> bytes:
    """A chat request of about `size` bytes."""
    value = {
        "model": "bench",
        "temperature": 0.7,
        "max_tokens": 256,
        "messages": [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": ""}],
    }
    if stream:
        value |= {"stream": True, "stream_options": {"include_usage": True}}
    value["messages"][1]["content"] = "lorem ipsum " * max((size - len(json.dumps(value))) // 12, 1)
    return json.dumps(value).encode()


class Mock:
    """The provider behind both: the shared one where it is there, else the project's own."""

    def __init__(self, folder: pathlib.Path, pace: int = 20) -> None:
        """`pace`: milliseconds between two events of a stream."""
        shared = ROOT.parent / "shared" / "tools" / "mock_upstream.c"
        source = shared if shared.exists() else ROOT / "Benchmarks" / "mock_provider.c"
        self.name = source.name
        program = folder / "mock"
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
        self.port = free_port()
        self.process = subprocess.Popen(
            [program, "--port", str(self.port), "--chunks", "50", "--chunk-ms", str(pace)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: answers(self.port, "/health"), 10, "the mock provider answers")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def answers(port: int, path: str) -> bool:
    try:
        return wire.request(("127.0.0.1", port), "GET", path, timeout=2).status == 200
    except (OSError, wire.ProtocolError):
        return False


class Nginx:
    """nginx as a plain proxy: one worker, kept connections to the provider, streams unbuffered."""

    name = "nginx"

    def __init__(self, folder: pathlib.Path, provider: int) -> None:
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        if not pathlib.Path(program).exists():
            sys.exit("bench: nginx is not installed: scripts/install-packages --bench")
        self.port, self.stream_port = free_port(), free_port()
        home = folder / "nginx"
        home.mkdir()
        temp = "".join(
            f"  {kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        common = """
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
"""
        (home / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_buffer_size 256k; client_max_body_size 64m;
  keepalive_requests 1000000000; keepalive_timeout 600s;
{temp}
  upstream provider {{ server 127.0.0.1:{provider}; keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 600s; }}
  server {{ listen 127.0.0.1:{self.port} backlog=4096;{common}    }} }}
  server {{ listen 127.0.0.1:{self.stream_port} backlog=4096;{common}      proxy_buffering off;
    }} }}
}}
""")
        line = [program, "-c", str(home / "nginx.conf"), "-p", str(home)]
        self.process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port, "/v1/models"), 10, "nginx answers")

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


# Limits that are in force and refuse nobody: counted by key, project, organization and address, and said in each reply.
LIMITS = {"per_ip": {"requests_per_minute": 10**12}, "per_key": {"requests_per_minute": 10**12}}


class Sluice:
    """The gateway as it is shipped: two edges, one upstream; authentication and limits on."""

    name = "Sluice"

    def __init__(self, provider: int, programs: pathlib.Path) -> None:
        timeouts = {"connect": "10s", "first_token": "60s", "idle": "60s", "total": "600s"}
        config = base_config(
            None,
            state_directory=None,
            limits=LIMITS,
            workers={"edge": 2, "upstream": 1},
            providers={"mock": openai_provider(f"http://127.0.0.1:{provider}/v1", timeouts=timeouts)},
        )
        self.gateway = Gateway(config, programs=programs).start(60)
        self.port = self.stream_port = self.gateway.address[1]

    @property
    def pid(self) -> int:
        return self.gateway.pid

    def stop(self) -> None:
        try:
            self.gateway.stop()
        finally:
            self.gateway.destroy()


WRK_SCRIPT = """
local file = io.open(os.getenv("BENCH_BODY"), "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %s"
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%%d,"seconds":%%f,"p50":%%f,"p99":%%f,"errors":%%d}\\n', summary.requests, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Bench:
    def __init__(self, folder: pathlib.Path, quick: bool) -> None:
        self.folder, self.seconds = folder, 2 if quick else 8
        self.rounds = 1 if quick else 2
        (folder / "post.lua").write_text(WRK_SCRIPT % CLIENT_KEY)
        subprocess.run(["cc", "-O2", "-o", folder / "stream_load", ROOT / "Benchmarks" / "stream_load.c"], check=True)
        for name, size in (("small", 1024), ("large", 100 * 1024)):
            (folder / f"{name}.json").write_bytes(body(size))

    def wrk(self, target, connections: int, name: str, seconds: float | None = None) -> dict:
        """One run of wrk: requests/s, p50 and p99 in µs, CPU µs a request of the target's whole process tree."""
        line = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds or self.seconds}s",
            "--timeout",
            "10s",
            "-s",
            str(self.folder / "post.lua"),
            f"http://127.0.0.1:{target.port}{PATH}",
        ]
        environment = os.environ | {"BENCH_BODY": str(self.folder / f"{name}.json")}
        before = cpu_seconds(tree(target.pid))
        done = subprocess.run(line, env=environment, capture_output=True, text=True)
        used = cpu_seconds(tree(target.pid)) - before
        found = [part for part in done.stdout.splitlines() if part.startswith("RESULT ")]
        if not found:
            sys.exit(f"bench: wrk failed:\n{done.stdout}{done.stderr}")
        result = json.loads(found[0][7:])
        if result["errors"]:
            print(
                f"warning: {result['errors']} errors of {result['requests']} requests against {target.name}",
                file=sys.stderr,
            )
        return {
            "cpu": used * 1e6 / max(result["requests"], 1),
            "rate": result["requests"] / result["seconds"],
            "p50": result["p50"],
            "p99": result["p99"],
            "errors": result["errors"],
        }

    def streams(self, target, count: int = 500) -> dict:
        """`count` paced streams at once, each some times in a row: CPU µs an event, and Pss in the middle."""
        request = wire.render(
            "POST",
            PATH,
            {"Content-Type": "application/json", "Authorization": f"Bearer {CLIENT_KEY}"},
            body(1024, stream=True),
        )
        before = cpu_seconds(tree(target.pid))
        line = [str(self.folder / "stream_load"), str(target.stream_port), str(count), str(self.rounds), "1000"]
        load = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        load.stdin.write(request)
        load.stdin.close()
        time.sleep(1.2)
        loaded = pss_bytes(tree(target.pid))
        result = json.loads(load.stdout.read())
        load.wait()
        used = cpu_seconds(tree(target.pid)) - before
        if result["complete"] != result["streams"]:
            print(
                f"warning: {result['complete']} of {result['streams']} streams complete against {target.name}",
                file=sys.stderr,
            )
        return {
            "cpu": used * 1e6 / max(result["events"], 1),
            "first_p50": result["first_p50"],
            "first_p99": result["first_p99"],
            "loaded": loaded / 1e6,
            "errors": result["streams"] - result["complete"],
        }


def measure(folder: pathlib.Path, options: argparse.Namespace) -> dict:
    bench, mock = Bench(folder, options.quick), Mock(folder)
    runs: dict[str, dict[str, list[dict]]] = {}
    idle = {}
    targets = []
    try:
        targets = [Nginx(folder, mock.port), Sluice(mock.port, options.programs)]
        wait = 5 if options.quick else 60
        print(f"provider {mock.name}; idle memory after {wait} s", flush=True)
        time.sleep(wait)
        for target in targets:
            idle[target.name] = pss_bytes(tree(target.pid)) / 1e6
            bench.wrk(target, 64, "small", 1)  # warm
        for number in range(1 if options.quick else 3):
            for target in targets:
                print(f"run {number + 1}: {target.name}", flush=True)
                found = runs.setdefault(target.name, {})
                for name, act in (
                    ("64 connections", lambda: bench.wrk(target, 64, "small")),
                    ("1 connection", lambda: bench.wrk(target, 1, "small")),
                    ("100 KB", lambda: bench.wrk(target, 16, "large")),
                    ("streams", lambda: bench.streams(target)),
                ):
                    found.setdefault(name, []).append(act())
    finally:
        for target in targets:
            target.stop()
        mock.stop()
    median = {
        target: {
            name: {key: statistics.median(one[key] for one in found) for key in found[0]}
            for name, found in kinds.items()
        }
        for target, kinds in runs.items()
    }
    return {"provider": mock.name, "quick": options.quick, "idle_mb": idle, "median": median, "runs": runs}


ROWS = [
    # title, kind, figure, format, target's name
    ("64 connections: CPU µs a request", "64 connections", "cpu", "{:.1f}", "64 connections"),
    ("64 connections: requests/s", "64 connections", "rate", "{:.0f}", None),
    ("64 connections: p50 µs", "64 connections", "p50", "{:.0f}", None),
    ("64 connections: p99 µs", "64 connections", "p99", "{:.0f}", None),
    ("1 connection: CPU µs a request", "1 connection", "cpu", "{:.1f}", None),
    ("1 connection: requests/s", "1 connection", "rate", "{:.0f}", None),
    ("1 connection: p50 µs", "1 connection", "p50", "{:.0f}", "1 connection p50"),
    ("1 connection: p99 µs", "1 connection", "p99", "{:.0f}", None),
    ("100 KB requests: CPU µs a request", "100 KB", "cpu", "{:.1f}", "100 KB"),
    ("100 KB requests: requests/s", "100 KB", "rate", "{:.0f}", None),
    ("100 KB requests: p99 µs", "100 KB", "p99", "{:.0f}", None),
    ("500 streams: CPU µs an event", "streams", "cpu", "{:.2f}", "streams"),
    ("500 streams: first event p50 µs", "streams", "first_p50", "{:.0f}", None),
    ("500 streams: first event p99 µs", "streams", "first_p99", "{:.0f}", None),
    ("memory under 500 streams, MB (Pss)", "streams", "loaded", "{:.1f}", None),
]


def print_table(figures: dict) -> None:
    nginx, sluice = figures["median"]["nginx"], figures["median"]["Sluice"]
    print(f"\n| {'median of ' + str(len(figures['runs']['nginx']['streams'])):38} | nginx | Sluice | ratio | target |")
    print(f"|{'-' * 40}|------:|-------:|------:|-------:|")
    for title, kind, key, form, name in ROWS:
        a, b = nginx[kind][key], sluice[kind][key]
        target = TARGETS.get(name) if name else None
        mark = "" if target is None else f"≤ {target}{'' if a and b / a <= target else ' MISSED'}"
        print(f"| {title:38} | {form.format(a)} | {form.format(b)} | {b / a if a else 0:.2f} | {mark} |")
    a, b = figures["idle_mb"]["nginx"], figures["idle_mb"]["Sluice"]
    mark = f"≤ {IDLE_TARGET_MB} MB{'' if b <= IDLE_TARGET_MB else ' MISSED'}"
    print(f"| {'idle memory, MB (Pss)':38} | {a:.1f} | {b:.1f} | {b / a:.2f} | {mark} |")


def callgrind(folder: pathlib.Path, options: argparse.Namespace) -> None:
    """Runs one role under callgrind twice, with few and with many requests: the difference is the cost of a request."""
    role = options.callgrind
    if shutil.which("valgrind") is None:
        sys.exit("bench: valgrind is not installed: scripts/install-packages --bench")
    # A stream is 53 events, each of which comes by itself: paced, but not as slowly as the measured ones.
    some, more = (10, options.requests // 20) if options.stream else (200, options.requests)
    outputs, counts = [], (some, some + more)
    mock = Mock(folder, pace=4)
    try:
        for number, count in enumerate(counts):
            programs, output = folder / f"programs-{number}", folder / f"callgrind.{number}"
            log = folder / f"valgrind.{number}.log"
            line = f"valgrind --tool=callgrind --quiet --vgdb=no --callgrind-out-file={output} --log-file={log}"
            wrap(options.programs, programs, {role: f"exec {line}"})
            sluice = Sluice.__new__(Sluice)
            config = base_config(
                None,
                state_directory=None,
                limits=LIMITS,
                providers={"mock": openai_provider(f"http://127.0.0.1:{mock.port}/v1")},
            )
            sluice.gateway = Gateway(config, programs=programs, crashes_expected=True)
            try:
                sluice.gateway.start(120)
                run_requests(sluice.gateway, count, options.stream)
                sluice.gateway.stop()
            finally:
                sluice.gateway.destroy()
            if not output.exists():
                sys.exit(f"bench: no profile was written:\n{log.read_text()}")
            outputs.append(output)
    finally:
        mock.stop()
    what = "stream of 53 events" if options.stream else "request"
    print_profile(outputs[0], outputs[1], counts[1] - counts[0], f"sluice-{role}", what)


def run_requests(gateway: Gateway, count: int, stream: bool) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {CLIENT_KEY}"}
    request = wire.render("POST", PATH, headers, body(1024, stream))
    with gateway.connect(120) as connection:
        for _ in range(count):
            connection.send(request)
            reply = connection.reply()
            assert reply.status == 200 and reply.complete, reply


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Sluice beside nginx; see the head of this file.")
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write all figures there")
    parser.add_argument(
        "--programs", type=pathlib.Path, help="the built programs (default: build them)"
    )
    parser.add_argument("--callgrind", choices=["edge", "upstream"], help="count instructions of that role instead")
    parser.add_argument("--requests", type=int, default=2000, help="how many requests --callgrind counts")
    parser.add_argument("--stream", action="store_true", help="--callgrind counts streams, a twentieth as many")
    options = parser.parse_args()
    if options.programs is None:
        # Roles check their descriptors, and valgrind has some of its own: only builds with the test hooks let it.
        scratch, hooks = (".build-verify", {"SLUICE_TEST_HOOKS": "1"}) if options.callgrind else (".build-release", {})
        subprocess.run(["scripts/build-release", scratch], cwd=ROOT, env=os.environ | hooks, check=True)
        options.programs = ROOT / scratch / "release"
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        if options.callgrind:
            return callgrind(pathlib.Path(folder), options)
        figures = measure(pathlib.Path(folder), options)
    print_table(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
