"""The models of the limit table: every order of steps there is, and that they find what is wrong with a wrong table.

What is modelled, and what has to hold, is said in `Tests/Models/limit_table.pml` and `limit_insert.pml`.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import pytest

from Harness.gateway import ROOT

MODELS = ROOT / "Tests" / "Models"
# The second slot is the tight one: what is committed in the first has to be undone.
TIGHT = {"BUDGET_0": 4, "BUDGET_1": 3}
# The budget of the first is: it refuses before anything is changed.
LOOSE = {"BUDGET_0": 3, "BUDGET_1": 4}

# Fault → the limits under which it shows soonest.
FAULTS = {
    "NO_VALIDATION": LOOSE,
    "NO_UNDO": TIGHT,
    "NO_TAG": TIGHT,
    "NO_COMPARE": TIGHT,
    "WINDOW_BACK": TIGHT,
    "UNDO_CURRENT": TIGHT,
    "LATE_ENTRY": TIGHT,
    "NO_RECOVERY": TIGHT,
    "ONE_SLOT": TIGHT,
    "NO_SEQUENCE": TIGHT,
    "EARLY_PLACE": TIGHT,
    "BLIND_RECOVERY": TIGHT,
}
# Those that `make test` looks for; the others are in `make verify`.
QUICK = ("NO_UNDO", "NO_COMPARE", "NO_RECOVERY")


# Faults of entering a key.
INSERT_FAULTS = ("NO_PENDING", "NO_DISPUTE", "LOOK_FIRST")


def check(
    folder: pathlib.Path, settings: dict[str, int | str], *, model: str = "limit_table.pml", memory: int = 3000
) -> tuple[int, int, str]:
    """(errors, states, what was said) of a model with these settings."""
    if shutil.which("spin") is None or shutil.which("gcc") is None:
        pytest.skip("no spin: `apt-get install spin`")
    shutil.copy(MODELS / model, folder)
    given = [f"-D{name}" if value == "" else f"-D{name}={value}" for name, value in settings.items()]
    made = subprocess.run(["spin", "-a", *given, model], cwd=folder, capture_output=True, text=True, timeout=60)
    assert made.returncode == 0 and (folder / "pan.c").exists(), made.stdout + made.stderr
    flags = ["-O1", "-w", "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={memory}"]
    subprocess.run(["gcc", *flags, "-o", "pan", "pan.c"], cwd=folder, check=True, timeout=120)
    # Searched to the end, or to the first error.
    done = subprocess.run([folder / "pan", "-m100000", "-w22"], cwd=folder, capture_output=True, text=True, timeout=1700)
    counts = re.search(r"errors: (\d+)", done.stdout), re.search(r"(\d+) states, stored", done.stdout)
    assert counts[0] and counts[1], done.stdout + done.stderr
    return int(counts[0][1]), int(counts[1][1]), done.stdout


def holds(
    folder: pathlib.Path, settings: dict[str, int | str], *, model: str = "limit_table.pml", memory: int = 3000
) -> None:
    errors, states, said = check(folder, settings, model=model, memory=memory)
    print(f"{settings}: {states} states")
    assert errors == 0, said
    assert "max search depth too small" not in said and "out of memory" not in said, said
    assert states > 50_000


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(LOOSE | {"TICKS": 0}, id="a death"),
        pytest.param(TIGHT | {"DEATHS": 0}, id="a window that ends"),
    ],
)
def test_the_model_holds(settings: dict[str, int], tmp_path: pathlib.Path) -> None:
    holds(tmp_path, settings)


@pytest.mark.verify
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(LOOSE, id="a death and a window that ends"),
        pytest.param(TIGHT, id="a death and an undo"),
        pytest.param(TIGHT | {"TICKS": 0, "REQUESTS_0": 2}, id="two requests"),
        pytest.param(TIGHT | {"TICKS": 0, "AGGREGATOR_DEATHS": 1}, id="a recovery that dies"),
        pytest.param(LOOSE | {"TICKS": 2, "DEATHS": 0, "REQUESTS_0": 2}, id="two windows"),
    ],
)
def test_the_model_holds_at_length(settings: dict[str, int], tmp_path: pathlib.Path) -> None:
    holds(tmp_path, settings, memory=6000)


@pytest.mark.parametrize(
    "fault",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.verify) for name in FAULTS],
)
def test_the_model_finds_a_fault(fault: str, tmp_path: pathlib.Path) -> None:
    errors, _, said = check(tmp_path, FAULTS[fault] | {fault: ""})
    assert errors > 0, said
    assert "assertion violated" in said, said


def test_entering_a_key_holds(tmp_path: pathlib.Path) -> None:
    holds(tmp_path, {}, model="limit_insert.pml")


@pytest.mark.verify
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "settings", [pytest.param({"TRIES": 2, "DEATHS": 1}, id="a death"), pytest.param({"SLOTS": 3}, id="three slots")]
)
def test_entering_a_key_holds_at_length(settings: dict[str, int], tmp_path: pathlib.Path) -> None:
    holds(tmp_path, settings, model="limit_insert.pml", memory=6000)


@pytest.mark.parametrize("fault", INSERT_FAULTS)
def test_entering_a_key_finds_a_fault(fault: str, tmp_path: pathlib.Path) -> None:
    errors, _, said = check(tmp_path, {"TRIES": 2, fault: ""}, model="limit_insert.pml")
    assert errors > 0 and "assertion violated" in said, said
