"""Started as root, each role runs as a user of its own and can open its own files only."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import stat

import pytest

from Harness import users
from Harness.gateway import Gateway, base_config, run_until_exit
from Harness.operators import ask, run
from Harness.processes import program, wait_until
from Harness.users import EVERYBODY, ROLES, USERS, UserGateway, attempt, identity, open_folder, role_users

pytestmark = pytest.mark.skipif(not users.can_run(), reason="needs root and mount namespaces")

RW = os.O_RDWR
RO = os.O_RDONLY
# The groups of a process of each role, its own first.
GROUPS = {
    "control": [USERS["control"], USERS["edge"], USERS["aggregator"], USERS["upstream"]],
    "aggregator": [USERS["aggregator"], USERS["upstream"]],
    "upstream": [USERS["upstream"]],
    "edge": [USERS["edge"], USERS["upstream"]],
}


def config(folder: pathlib.Path, **changes) -> dict:
    return base_config(folder / "state", **changes)


def key_names(gateway: Gateway) -> set[str]:
    done = run(gateway, "keys", "list", "--json")
    assert done.returncode == 0, done.stderr
    return {json.loads(line)["name"] for line in done.stdout.splitlines()}


def owner(path: pathlib.Path) -> tuple[int, int, int]:
    info = path.lstat()
    return info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)


def test_each_role_has_its_own_user_and_only_its_own_files() -> None:
    with open_folder() as folder, UserGateway(config(folder), folder, role_users()) as gateway:
        gateway.wait_for_tree()
        assert gateway.chat("simulated:x").status == 200
        for role in ROLES:
            number = USERS[role]
            assert identity(gateway.child(role)) == ({number}, {number}, set(GROUPS[role][1:])), role
        state = gateway.state
        assert owner(state) == (USERS["control"], USERS["control"], 0o711)
        journal = next(path for path in (state / "journal").iterdir())
        allowed = {
            ("control.db", RW): {"control"},
            ("instance", RW): {"control"},
            ("run/listeners", RO): {"control"},
            ("identity/identity.mdb", RO): {"control", "edge"},
            ("identity/identity.mdb", RW): {"control"},
            ("identity/identity.mdb-lock", RW): {"control", "edge"},
            ("limits/limits.table", RW): {"control", "aggregator", "edge"},
            # Edges are in the upstreams' group for their journals; their sandbox keeps them out.
            ("providers/providers.table", RW): {"control", "aggregator", "upstream", "edge"},
            ("usage/usage.db", RO): {"control", "aggregator"},
            ("usage/usage.db", RW): {"aggregator"},
            (f"journal/{journal.name}", RO): {"control", "aggregator", "upstream", "edge"},
        }
        for (name, flags), roles in allowed.items():
            can = {role for role in ROLES if attempt(USERS[role], GROUPS[role], state / name, flags) == 0}
            assert can == roles, (name, flags)
            assert attempt(EVERYBODY, [EVERYBODY], state / name, flags) == errno.EACCES, name
        # Nobody but who made a journal can change it.
        assert sum(attempt(USERS[role], GROUPS[role], journal, RW) == 0 for role in ROLES) == 1
        # The edge does not even get there: neither user nor sandbox let it.
        reply = gateway.request("GET", "/health", headers={"x-sluice-test-probe": f"open:{state}/control.db,setresuid"})
        assert reply.body == b'{"open:%s/control.db":13,"setresuid":1}' % str(state).encode()
        lines = [line for line in gateway.log() if "missing" in line and line["role"] == "supervisor"]
        assert not any("own_user" in line["missing"] for line in lines), lines


def test_it_works_over_restarts_reads_and_commands() -> None:
    with open_folder() as folder:
        settings = config(folder, auth={})
        with UserGateway(settings, folder, role_users()) as gateway:
            gateway.wait_for_tree()
            gateway.key = (gateway.state / "static_key").read_text().strip()
            assert gateway.chat("simulated:x").status == 200
            wait_until(lambda: ask(gateway, "usage", "today")["total"]["requests"] == 1, 10, "the request is counted")
            ask(gateway, "keys", "create", "--name", "online")
            for role in ROLES:
                victim = gateway.child(role)
                gateway.kill_child(victim)
                wait_until(
                    lambda role=role, victim=victim: gateway.children(role) not in ([], [victim]), 10, f"{role} is back"
                )
                number = USERS[role]
                back = gateway.child(role)
                wait_until(lambda back=back, number=number: identity(back)[0] == {number}, 5, f"{role} is {number}")
            wait_until(gateway.is_ready, 20, "ready")
            wait_until(lambda: gateway.chat("simulated:x").status == 200, 20, "it serves")
            gateway.crashes_expected = True
        # Offline commands of root's leave nothing of root's behind.
        ask(gateway, "keys", "create", "--name", "offline")
        assert key_names(gateway) >= {"online", "offline"}
        assert ask(gateway, "usage", "today")["total"]["requests"] >= 1
        strangers = [path for path in gateway.state.rglob("*") if path.lstat().st_uid == 0 and not path.is_symlink()]
        assert strangers == []
        with UserGateway(settings, folder, role_users()) as gateway:
            gateway.wait_for_tree()
            assert key_names(gateway) >= {"online", "offline"}


def test_a_state_folder_without_users_is_taken_over_and_one_user_serves_all() -> None:
    with open_folder() as folder:
        settings = config(folder, auth={})
        with Gateway(settings, folder=folder) as gateway:
            gateway.wait_for_tree()
            ask(gateway, "keys", "create", "--name", "before")
        # As older versions had it.
        state = gateway.state
        for name in ("limits/limits.table", "identity/identity.mdb"):
            (state / name).rename(state / pathlib.Path(name).name)
        (state / "usage.db").unlink()
        for path in (state / "usage").iterdir():
            path.rename(state / path.name)
        with UserGateway(settings, folder, role_users()) as gateway:
            gateway.wait_for_tree()
            assert "before" in key_names(gateway)
            assert owner(state / "usage" / "usage.db")[0] == USERS["aggregator"]
            assert (state / "usage.db").is_symlink()
        one = {"everything": EVERYBODY}
        with UserGateway(settings | {"user": "everything"}, folder, one) as gateway:
            gateway.wait_for_tree()
            assert owner(state) == (EVERYBODY, EVERYBODY, 0o700)
            for pid in gateway.children():
                assert identity(pid) == ({EVERYBODY}, {EVERYBODY}, set()), program(pid)
            assert "before" in key_names(gateway)
        assert run(gateway, "keys", "list").returncode == 0


def test_what_cannot_be_is_refused() -> None:
    with open_folder() as folder:
        code, text = run_until_exit(config(folder, user="no-such-user-here"), folder=folder)
        assert code == 78 and "user: this machine has no user no-such-user-here" in text
        foreign = folder / "state"
        foreign.mkdir(exist_ok=True)
        (foreign / "letters").write_text("dear")
        gateway = UserGateway(config(folder), folder, role_users())
        try:
            gateway.spawn()
            assert gateway.wait(20) == 77
            assert "holds other things already" in gateway.log_text()
            assert owner(foreign)[0] == 0 and owner(foreign / "letters")[0] == 0
        finally:
            gateway.destroy()
        same = {f"sluice-{role}": EVERYBODY for role in ROLES}
        gateway = UserGateway(config(folder), folder, same)
        try:
            gateway.spawn()
            assert gateway.wait(20) == 78
            assert "must differ" in gateway.log_text()
        finally:
            gateway.destroy()
