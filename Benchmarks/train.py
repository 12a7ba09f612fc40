#!/usr/bin/env python3
"""Writes the profile that release builds are laid out by (docs/decisions/0023-profile.md): which code runs, how often.

    make profile                     about 10 minutes: builds the workers with counters in them, loads them, keeps the counts

The load is that of `make bench`: other kinds of work would only count together with their share of real requests, which nobody
knows. The counts say nothing of the machine; the same sources give nearly the same profile.
"""

from __future__ import annotations

import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

from bench import ROOT, Bench, Mock, Sluice
from Harness.gateway import NAMES
from wrapping import wrap

SCRATCH = ROOT / ".build-profile"
PROFILE = ROOT / "Benchmarks" / "release.profdata"
# Those on the way of a request; control and supervisor share modules with them.
ROLES = ("edge", "upstream", "aggregator")


def toolchain() -> tuple[pathlib.Path, pathlib.Path]:
    """llvm-profdata and the library that writes counts, both of the compiler's own version."""
    target = json.loads(subprocess.check_output(["swiftc", "-print-target-info"]))
    resources = pathlib.Path(target["paths"]["runtimeResourcePath"])
    merger = resources.parents[1] / "bin" / "llvm-profdata"
    library = resources / "clang" / "lib" / "linux" / f"libclang_rt.profile-{platform.machine()}.a"
    for path in (merger, library):
        if not path.exists():
            sys.exit(f"train: {path} is missing: install a whole Swift toolchain, not only its compiler")
    return merger, library


def build(library: pathlib.Path) -> pathlib.Path:
    """Builds the programs as scripts/build-release does, but with counters in the place of a profile; their folder."""
    line = ["swift", "build", "-c", "release", "--scratch-path", str(SCRATCH), "-Xswiftc", "-enforce-exclusivity=unchecked"]
    # The driver of Swift 6.3 does not hand these on to the frontend, nor does it link the library for them.
    line += ["-Xswiftc", "-Xfrontend", "-Xswiftc", "-ir-profile-generate"]
    # The names of local functions have that of their object file before them, without its folder.
    line += ["-Xswiftc", "-Xllvm", "-Xswiftc", "-static-func-strip-dirname-prefix=99"]
    line += ["-Xlinker", "-u__llvm_profile_runtime", "-Xlinker", str(library)]
    # Under valgrind a worker has descriptors that are not its own: only builds with the test hooks let it.
    environment = os.environ | {"SLUICE_TEST_HOOKS": "1"}
    for product in NAMES:
        print(f"building {product} with counters", flush=True)
        subprocess.run([*line, "--product", product], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return SCRATCH / "release"


def load(folder: pathlib.Path, programs: pathlib.Path, counts: pathlib.Path) -> None:
    """The kinds of requests that `make bench` has; the counts are written when the programs end."""
    # A worker's sandbox would forbid it to write the file. Under valgrind, which does not know the calls, there is none.
    wrapped = folder / "programs"
    line = f"LLVM_PROFILE_FILE={counts}/%p.profraw exec valgrind --tool=none --quiet --vgdb=no --log-file=/dev/null"
    wrap(programs, wrapped, dict.fromkeys(ROLES, line))
    bench, mock = Bench(folder, quick=True), Mock(folder)
    try:
        sluice = Sluice(mock.port, wrapped)
        try:
            for what, connections, name, seconds in (
                ("64 connections", 64, "small", 15),
                ("1 connection", 1, "small", 5),
                ("100 KB", 8, "large", 5),
            ):
                found = bench.wrk(sluice, connections, name, seconds)
                print(f"{what}: {found['rate'] * seconds:.0f} requests", flush=True)
            bench.streams(sluice, 60)
        finally:
            sluice.stop()
    finally:
        mock.stop()


def main() -> None:
    if shutil.which("valgrind") is None or shutil.which("wrk") is None:
        sys.exit("train: valgrind or wrk is not installed: scripts/install-packages --bench")
    merger, library = toolchain()
    programs = build(library)
    with tempfile.TemporaryDirectory(prefix="sluice-train-") as folder:
        # Workers that root has started are users of their own.
        pathlib.Path(folder).chmod(0o755)
        counts = pathlib.Path(folder) / "counts"
        counts.mkdir()
        counts.chmod(0o777)
        load(pathlib.Path(folder), programs, counts)
        files = sorted(counts.glob("*.profraw"))
        # Two edges, an upstream, the aggregator.
        if len(files) != 4:
            sys.exit(f"train: {len(files)} programs wrote their counts, not 4: {[file.name for file in files]}")
        # Functions that never ran are left out: they are compiled as without a profile, not for size.
        subprocess.run([merger, "merge", "--sparse", "-o", PROFILE, *files], check=True)
    print(f"wrote {PROFILE.relative_to(ROOT)}, {PROFILE.stat().st_size >> 10} KiB: look at `make bench`, then commit it")


if __name__ == "__main__":
    main()
