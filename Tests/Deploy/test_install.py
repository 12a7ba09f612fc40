"""deploy/install.sh: into a folder, and (`make verify`, as root) into a Debian of its own where the gateway then runs."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import stat
import subprocess

import pytest

from Harness import wire
from Harness.debian import install
from Harness.gateway import NAMES
from Harness.processes import alive, tree, wait_until


def tree_of(folder: pathlib.Path) -> dict[str, tuple]:
    """Every file below: mode and target or size. No times: the same installation twice is the same."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        what = os.readlink(path) if path.is_symlink() else info.st_size if path.is_file() else None
        found[str(path.relative_to(folder))] = (stat.S_IMODE(info.st_mode), what)
    return found


def test_a_folder_gets_everything_and_again_nothing_changes(tmp_path, programs) -> None:
    said = install("--destdir", tmp_path, "--from", programs)
    assert "install: programs: /usr/local/lib/sluice/" in said
    library = tmp_path / "usr/local/lib/sluice"
    build = library / os.readlink(library / "current")
    for name in NAMES:
        assert os.access(build / name, os.X_OK)
    assert list(build.glob("libswiftCore.so")) and not list(library.glob(".*"))
    assert os.readlink(tmp_path / "usr/local/bin/sluice") == "../lib/sluice/current/sluice"
    # Through the link, and with the libraries beside it.
    version = subprocess.run([tmp_path / "usr/local/bin/sluice", "--version"], capture_output=True, timeout=20)
    assert version.returncode == 0 and version.stdout.decode().split()[-1] in build.name
    configuration = tmp_path / "etc/sluice/sluice.yaml"
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o640
    assert {path.name for path in (tmp_path / "etc/systemd/system").iterdir()} >= {"sluice.service", "sluice.socket"}

    configuration.write_text("# mine\n")
    before = tree_of(tmp_path)
    said = install("--destdir", tmp_path, "--from", programs)
    assert "is there already" in said and "stays as it is" in said
    assert tree_of(tmp_path) == before and configuration.read_text() == "# mine\n"

    install("uninstall", "--destdir", tmp_path)
    assert [name for name in tree_of(tmp_path) if not (tmp_path / name).is_dir()] == ["etc/sluice/sluice.yaml"]
    install("uninstall", "--purge", "--destdir", tmp_path)
    assert not (tmp_path / "etc/sluice").exists()


def test_a_new_build_takes_the_link_and_old_ones_go(tmp_path) -> None:
    """One that runs stays however old it is. Any program stands in for the six."""
    library = tmp_path / "usr/local/lib/sluice"
    builds: list[str] = []
    holder = None
    try:
        for number in range(4):
            changed = tmp_path / f"programs-{number}"
            changed.mkdir()
            for name in NAMES:
                shutil.copy("/bin/sleep", changed / name)
            with open(changed / "sluice-edge", "ab") as file:
                file.write(b"x" * (number + 1))
            install("--destdir", tmp_path, "--from", changed, "--prefix", "/usr/local", "--keep", "1", "--no-systemd")
            shutil.rmtree(changed)
            builds.append(os.readlink(library / "current"))
            if number == 0:
                holder = subprocess.Popen([library / builds[0] / "sluice-control", "60"])
        assert len(set(builds)) == 4
        assert {path.name for path in library.iterdir()} == {"current", builds[0], builds[2], builds[3]}
    finally:
        if holder:
            holder.kill()
            holder.wait(5)


def test_a_bundle_is_what_another_machine_needs(tmp_path, programs) -> None:
    install("bundle", tmp_path / "bundle", "--from", programs)
    names = {path.name for path in (tmp_path / "bundle").iterdir()}
    assert set(NAMES) <= names
    # Swagger UI is in it where it was fetched.
    names -= {"share"}
    assert all(name in NAMES or (name.startswith("lib") and ".so" in name) for name in names), names
    # What Debian has as a package is not in it.
    assert not names & {"libc.so.6", "libcurl.so.4", "libcrypto.so.3", "libstdc++.so.6", "libsqlite3.so.0", "libpq.so.5"}
    assert "is there and not empty" in install("bundle", tmp_path / "bundle", "--from", programs, expected=1)
    install("--destdir", tmp_path / "root", "--from", tmp_path / "bundle", "--no-systemd")
    assert not (tmp_path / "root/etc/systemd").exists()


def test_a_dry_run_touches_nothing(tmp_path, programs) -> None:
    said = install("--destdir", tmp_path / "root", "--from", programs, "--dry-run")
    root = tmp_path / "root"
    assert f"would: ln -sfn ../lib/sluice/current/sluice {root}/usr/local/bin/sluice" in said
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--help"], 0, "usage: deploy/install.sh"),
        (["--frm", "x"], 2, "install: unknown argument --frm"),
        (["--from"], 2, "install: --from needs a value"),
        (["--prefix", "usr"], 2, "install: --prefix must be absolute"),
        (["--keep", "-1"], 2, "install: --keep must be a number"),
        (["bundle"], 2, "install: bundle needs a folder"),
        (["--destdir", "/tmp/none", "--from", "/tmp"], 1, "install: /tmp/sluice is not there: build first"),
    ],
)
def test_wrong_use_is_said(arguments, code, message) -> None:
    assert message in install(*arguments, expected=code)


# As root, in a Debian of its own.


@pytest.mark.verify
@pytest.mark.timeout(1800)
def test_on_a_bare_debian_the_recipe_gives_a_gateway_that_serves(debian: pathlib.Path) -> None:
    said = install("--from", "/src/programs", root=debian)
    assert "install: packages: installing ca-certificates libcurl4" in said
    passwd = (debian / "etc/passwd").read_text()
    for name in ("sluice", "sluice-edge", "sluice-upstream", "sluice-aggregator", "sluice-control"):
        assert f"\n{name}:x:" in passwd
    again = install("--from", "/src/programs", root=debian)
    assert "all 8 are installed" in again and "is there already" in again

    configuration = debian / "etc/sluice/sluice.yaml"
    assert (stat.S_IMODE(configuration.stat().st_mode), configuration.stat().st_uid) == (0o640, 0)
    configuration.write_text(configuration.read_text().replace("127.0.0.1:8080", "127.0.0.1:0"))
    # As in the unit's ExecStart.
    line = ["chroot", debian, "/usr/local/lib/sluice/current/sluice", "serve", "--config", "/etc/sluice/sluice.yaml"]
    gateway = subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    try:
        listeners = debian / "var/lib/sluice/state/run/listeners"
        wait_until(lambda: gateway.poll() is not None or listeners.exists(), 30, "the listeners")
        assert gateway.poll() is None, gateway.stderr.read().decode()
        host, _, port = listeners.read_text().strip().rpartition(":")
        address = (host, int(port))
        wait_until(lambda: is_ready(address), 30, "ready")
        health = subprocess.run(["chroot", debian, "sluice-health"], capture_output=True, timeout=20)
        assert health.returncode == 0, health.stderr
        key = next((debian / "var/lib/sluice/state").glob("*_key")).read_text().strip()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        body = b'{"model": "simulated", "messages": [{"role": "user", "content": "Hello"}]}'
        reply = wire.request(address, "POST", "/v1/chat/completions", headers, body)
        assert reply.status == 200, reply.body
        # The programs of a gateway that runs are not taken away.
        assert "a gateway runs from" in install("uninstall", expected=1, root=debian)
        processes = tree(gateway.pid)
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(30) == 0
        assert not [pid for pid in processes if alive(pid)]
        health = subprocess.run(["chroot", debian, "sluice-health"], capture_output=True, timeout=20)
        assert health.returncode == 1
    finally:
        if gateway.poll() is None:
            for pid in tree(gateway.pid):
                os.kill(pid, signal.SIGKILL)
        gateway.wait(10)
        gateway.stderr.close()

    install("uninstall", "--purge", root=debian)
    assert "sluice" not in (debian / "etc/passwd").read_text() + (debian / "etc/group").read_text()
    left = [path for part in ("etc", "usr/local", "var/lib") for path in (debian / part).rglob("*sluice*")]
    assert not left


def is_ready(address: tuple[str, int]) -> bool:
    try:
        return wire.request(address, "GET", "/health/ready", timeout=5).status == 200
    except (OSError, wire.ProtocolError):
        return False
