"""Copies of the programs in which some roles are started by a script: under valgrind, or with an environment of their own."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

from Harness.gateway import NAMES


def wrap(source: pathlib.Path, target: pathlib.Path, roles: dict[str, str]) -> None:
    """
    Copies the programs to a new folder, as the supervisor starts those beside its own. `roles` has for some of them the shell
    text that the program and its arguments follow.
    """
    target.mkdir()
    for name in NAMES:
        shutil.copy2(source / name, target / name)
    for role, line in roles.items():
        wrapper, real = target / f"sluice-{role}", target / f"real-{role}"
        wrapper.rename(real)
        # valgrind 3.19 cannot read the debug information of this compiler; function names are in the symbol table.
        subprocess.run(["strip", "--strip-debug", real], check=True)
        wrapper.write_text(f'#!/bin/sh\n{line} {real} "$@"\n')
        wrapper.chmod(0o755)
