"""The limit table under deaths: each instruction of a decision, and a hot loop with kills; and that faults are found.

`limit-driver` is the program that is killed and that judges what is left; `limit_stepper.c` steps through it.
"""

from __future__ import annotations

import os
import pathlib
import random
import shlex
import shutil
import subprocess
import tempfile
import time

import pytest

from Harness.gateway import PROGRAMS

DRIVER = PROGRAMS / "limit-driver"
# The driver's small table up to the cells that it uses; its slots are in the second page.
WATCHED = 65536
SLOTS = slice(4096, 4096 + 256 * 8)
SEED = int(os.environ.get("SLUICE_SEED") or time.time())


class Stepped:
    """Each state of the table that a decision leaves when it is killed after one instruction or another."""

    def __init__(self, stepper: pathlib.Path, folder: pathlib.Path) -> None:
        self.stepper, self.folder, self.table = stepper, folder, folder / "limits.table"
        self.instructions = 0

    def fresh_table(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.table.unlink(missing_ok=True)
        _run([DRIVER, "make", self.folder])

    def watch(
        self, step: list[object], copies: pathlib.Path, *, table: pathlib.Path, pause: int = -1, run: str = "true",
        fault: str = "",
    ) -> list[pathlib.Path]:
        """Steps a driver through; the copies of its table, named by instruction."""
        copies.mkdir()
        line = [self.stepper, "watch", table, WATCHED, copies, pause, run, DRIVER, *step]
        self.instructions = int(_run(line, fault).split()[0])
        return sorted(copies.iterdir())

    def decision(self, name: str, *, pause: int = -1, fault: str = "") -> list[pathlib.Path]:
        self.fresh_table()
        rival = shlex.join([str(DRIVER), "compete", str(self.folder), name])
        copies = self.folder / f"{name}-{pause}"
        step = ["step", self.folder, name]
        return self.watch(step, copies, table=self.table, pause=pause, run=rival, fault=fault)

    def swaps(self, copies: list[pathlib.Path]) -> list[int]:
        """After which instructions a slot was changed."""
        found, before = [], None
        for copy in copies:
            now = copy.read_bytes()[SLOTS]
            if before is not None and now != before:
                found.append(int(copy.name))
            before = now
        return found


def _run(line: list[object], fault: str = "") -> str:
    environment = dict(os.environ)
    environment.pop("SLUICE_TEST_LIMIT_FAULT", None)
    if fault:
        environment["SLUICE_TEST_LIMIT_FAULT"] = fault
    done = subprocess.run([str(part) for part in line], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{line[1]}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def judge(name: str, copies: list[pathlib.Path], known: str, fault: str = "") -> None:
    """Recovers a copy of each copy, and looks at what is in it then."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=copies[0].parent.parent))
    for start in range(0, len(copies), 200):
        part = [folder / copy.name for copy in copies[start : start + 200]]
        for copy in part:
            # Most of it is a hole.
            _run(["cp", "--sparse=always", copies[0].parent / copy.name, copy])
        try:
            _run([DRIVER, "judge", name, known, *part], fault)
        finally:
            for copy in part:
                copy.unlink()
    folder.rmdir()


@pytest.fixture(scope="module")
def stepper(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    program = tmp_path_factory.mktemp("stepper") / "limit_stepper"
    source = pathlib.Path(__file__).with_name("limit_stepper.c")
    subprocess.run([compiler, "-O2", "-Wall", "-Werror", "-o", program, source], check=True)
    return program


@pytest.fixture(scope="module")
def known(stepper: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Stepped, list[pathlib.Path]]:
    stepped = Stepped(stepper, tmp_path_factory.mktemp("known"))
    return stepped, stepped.decision("known")


def check_decision(name: str, stepped: Stepped, copies: list[pathlib.Path]) -> None:
    print(f"{name}: {stepped.instructions} instructions leave {len(copies)} different tables")
    # Two slots are committed and settled; each hold is written down and closed.
    assert len(copies) > 20 and len(stepped.swaps(copies)) >= 4
    judge(name, copies, "nothing")
    judge(name, copies, "call")
    judge(name, copies[-1:], "alive")


def test_a_death_at_any_instruction_of_a_decision(known: tuple[Stepped, list[pathlib.Path]]) -> None:
    check_decision("known", *known)


@pytest.mark.verify
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["new", "extended"])
def test_a_death_at_any_instruction_of_another_decision(
    name: str, stepper: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    stepped = Stepped(stepper, tmp_path)
    check_decision(name, stepped, stepped.decision(name))


def between_slots(stepped: Stepped, copies: list[pathlib.Path]) -> int:
    """An instruction half-way between the two commits: which one they are at differs a little from run to run."""
    first, second = stepped.swaps(copies)[:2]
    return (first + second) // 2


def race(stepped: Stepped, swap: int, fault: str = "") -> list[pathlib.Path]:
    """Another process takes all the room after the first slot is committed; the decision has to be undone."""
    return stepped.decision("raced", pause=swap, fault=fault)


def test_a_death_at_any_instruction_of_an_undo(known: tuple[Stepped, list[pathlib.Path]], tmp_path: pathlib.Path) -> None:
    stepped = Stepped(known[0].stepper, tmp_path)
    copies = race(stepped, between_slots(*known))
    assert len(stepped.swaps(copies)) == 1, "what was committed was not undone by one exchange"
    judge("raced", copies, "nothing")
    judge("raced", copies, "call")
    judge("raced", copies[-1:], "alive")


def check_recoveries(known: tuple[Stepped, list[pathlib.Path]], copies: list[pathlib.Path], folder: pathlib.Path) -> None:
    for copy in copies:
        table = folder / "table"
        _run(["cp", "--sparse=always", copy, table])
        _run(["cp", "--sparse=always", copy, folder / "table.before"])
        states = known[0].watch(["recover", table, "known"], folder / copy.name, table=table)
        assert len(states) > 1
        judge("known", states, "recovery")


def test_a_death_at_any_instruction_of_a_recovery(
    known: tuple[Stepped, list[pathlib.Path]], tmp_path: pathlib.Path
) -> None:
    swaps = known[0].swaps(known[1])
    # One of two slots is settled.
    check_recoveries(known, [copy for copy in known[1] if int(copy.name) == swaps[2]], tmp_path)


@pytest.mark.verify
@pytest.mark.timeout(1800)
def test_a_death_at_any_instruction_of_any_recovery(
    known: tuple[Stepped, list[pathlib.Path]], tmp_path: pathlib.Path
) -> None:
    check_recoveries(known, known[1], tmp_path)


def check_kills(known: tuple[Stepped, list[pathlib.Path]], folder: pathlib.Path, numbers: list[int]) -> None:
    """The same with processes that are really killed. Nothing else is left of them than what was watched."""
    stepped = Stepped(known[0].stepper, folder)
    for number in numbers:
        stepped.fresh_table()
        said = _run([stepped.stepper, "kill", number, DRIVER, "step", folder, "known"])
        assert int(said) == min(number, known[0].instructions) or number > int(said) > 0
        _run([DRIVER, "judge", "known", "call" if number % 2 else "nothing", stepped.table])


def test_processes_that_are_killed_in_a_decision(
    known: tuple[Stepped, list[pathlib.Path]], tmp_path: pathlib.Path
) -> None:
    chosen = random.Random(SEED)
    print(f"seed {SEED}")
    check_kills(known, tmp_path, [chosen.randrange(known[0].instructions) for _ in range(3)])


@pytest.mark.verify
@pytest.mark.timeout(1800)
def test_processes_that_are_killed_all_through_a_decision(
    known: tuple[Stepped, list[pathlib.Path]], tmp_path: pathlib.Path
) -> None:
    count = known[0].instructions
    # What is left is what was watched: so some of them are enough.
    stride = 7 if count < 20_000 else 1009
    check_kills(known, tmp_path, list(range(SEED % stride, count, stride)))


@pytest.mark.parametrize("fault", ["sequence", "slot"])
def test_a_fault_of_the_recovery_is_found(fault: str, known: tuple[Stepped, list[pathlib.Path]]) -> None:
    with pytest.raises(AssertionError, match="WRONG"):
        judge("known", known[1], "call", fault)


@pytest.mark.verify
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", ["compare", "undo", "entry"])
def test_a_fault_of_the_decision_is_found(
    fault: str, known: tuple[Stepped, list[pathlib.Path]], tmp_path: pathlib.Path
) -> None:
    stepped = Stepped(known[0].stepper, tmp_path)
    copies = race(stepped, between_slots(*known), fault)
    with pytest.raises(AssertionError, match="WRONG"):
        judge("raced", copies, "nothing")
        judge("raced", copies[-1:], "alive")


# The hot loop


def hot(folder: pathlib.Path, mode: str, workers: int, seconds: int, seed: int, fault: str = "") -> None:
    try:
        print(_run([DRIVER, "hot", folder, mode, workers, seconds, seed], fault), f"seed {seed}")
    finally:
        for path in folder.glob("book-*"):
            path.unlink()


def test_kills_in_a_hot_loop_lose_and_leak_nothing(tmp_path: pathlib.Path) -> None:
    hot(tmp_path, "kill", 6, 5, SEED)


def test_stopped_processes_block_nobody(tmp_path: pathlib.Path) -> None:
    hot(tmp_path, "stop", 6, 3, SEED)


def test_the_hot_loop_finds_a_swap_that_does_not_compare(tmp_path: pathlib.Path) -> None:
    with pytest.raises(AssertionError, match="WRONG"):
        hot(tmp_path, "kill", 6, 3, SEED, "compare")


@pytest.mark.verify
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode, workers", [("kill", 8), ("kill", 4), ("stop", 8)])
def test_minutes_of_the_hot_loop(mode: str, workers: int, tmp_path: pathlib.Path) -> None:
    hot(tmp_path, mode, workers, 120, SEED)
