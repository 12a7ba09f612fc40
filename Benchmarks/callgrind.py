"""Reads two profiles of callgrind and prints what one more request costs, by module and by function."""

from __future__ import annotations

import pathlib
import re
from collections import Counter


def read(path: pathlib.Path) -> Counter[tuple[str, str]]:
    """Instructions of each function itself, its callees not counted: (object, function) → count."""
    names: dict[str, dict[str, str]] = {"ob": {}, "fn": {}}
    found: Counter[tuple[str, str]] = Counter()
    current = {"ob": "?", "fn": "?"}
    skip = False
    for line in path.open(encoding="utf-8", errors="replace"):
        line = line.rstrip("\n")
        kind, equals, rest = line.partition("=")
        if equals and kind in ("ob", "fn"):
            current[kind] = resolve(names[kind], rest)
        elif equals and kind in ("cob", "cfn"):
            resolve(names[kind[1:]], rest)
        elif equals and kind == "calls":
            skip = True  # the next line is what the callee cost
        elif line and (line[0].isdigit() or line[0] in "+-*"):
            if not skip:
                cells = line.split()
                if len(cells) >= 2:
                    found[current["ob"], current["fn"]] += int(cells[1])
            skip = False
    return found


def resolve(table: dict[str, str], text: str) -> str:
    """`(12) name` says what 12 stands for; `(12)` alone uses it."""
    match = re.match(r"(\(\d+\))(?: (.*))?$", text)
    if not match:
        return text
    if match[2] is not None:
        table[match[1]] = match[2]
    return table.get(match[1], match[1])


def module(program: str, where: str, function: str) -> str:
    """The module of a function: the Swift module its name begins with, or the library it lies in."""
    library = pathlib.Path(where).name
    if not library.startswith("real-") and library != program:
        return re.sub(r"\.so.*|-[\d.]+\.so", "", library)
    if match := re.match(r"\$s(\d+)", function):
        name = function[match.end() : match.end() + int(match[1])]
        return name if re.fullmatch(r"\w+", name) else "other Swift"
    if function.startswith("$s"):  # the standard library's generics, compiled into the program
        return "Swift standard library, specialised"
    if function.startswith("c_nio_"):
        return "CNIOLLHTTP"
    if "simdjson" in function:
        return "CSimdJSON"
    return "C and thunks in the program"


def print_profile(few: pathlib.Path, many: pathlib.Path, count: int, program: str, what: str) -> None:
    costs = read(many)
    costs.subtract(read(few))
    total = sum(costs.values())
    modules: Counter[str] = Counter()
    for (where, function), cost in costs.items():
        modules[module(program, where, function)] += cost
    print(
        f"\n{program}: {total / count:,.0f} instructions a {what}\n\n| module | instructions | share |\n|---|---:|---:|"
    )
    for name, cost in modules.most_common():
        if abs(cost) * 200 > total:
            print(f"| {name} | {cost / count:,.0f} | {cost * 100 / total:.1f} % |")
    print("\n| function | instructions |\n|---|---:|")
    for (where, function), cost in costs.most_common(40):
        print(f"| {function[:140]} ({pathlib.Path(where).name}) | {cost / count:,.0f} |")
