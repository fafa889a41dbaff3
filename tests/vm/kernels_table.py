#!/usr/bin/python3
"""kernels_table.py [--write] DOCUMENT SEEN MISSES: the tables of docs/kernels.md, from what the virtual machines have seen.

SEEN is the folder that compare_actions.py and compare_logins.py fill. Prints the tables; with --write puts them into
DOCUMENT, without it fails where DOCUMENT says something else. Columns of cells that were not run stay as they are.
"""

import argparse
import json
import sys
from pathlib import Path

TIERS = {"bpf_lsm": "LSM", "bpf_fentry": "fentry", "bpf_tracepoint": "tracepoint", "audit": "audit", "proc": "/proc"}
KINDS, LOGINS, MISSES = "kinds", "logins", "misses"


def markers(name):
    return f"<!-- {name}: made by `make docs-kernels` -->\n", f"<!-- end of {name} -->\n"


def section(text, name):
    begin, end = markers(name)
    if begin not in text or end not in text:
        raise SystemExit(f"the document has no section {name}")
    start = text.index(begin) + len(begin)
    return start, text.index(end, start)


def read_table(text):
    """{(row, column): cell}, and the columns in their order."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    if len(lines) < 3:
        return {}, []
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    columns = rows[0][1:]
    return {(row[0], column): cell for row in rows[2:] for column, cell in zip(columns, row[1:])}, columns


def write_table(corner, cells, rows, columns):
    lines = [[corner, *columns], ["---"] * (1 + len(columns))]
    lines += [[row, *(cells.get((row, column), "") for column in columns)] for row in rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def tiers(seen):
    names = [name for sensor, name in TIERS.items() if sensor in seen["sensors"]]
    text = " + ".join(names) or "-"
    return text + " \\*" if names and seen["missed"] else text


def order(cell):
    kernel, _, arguments = cell.partition(":")
    number = [999] if kernel == "newest" else [int(part) for part in kernel.split(".")]
    return bool(arguments), number, arguments


def kinds_table(old, seen):
    cells, columns = read_table(old)
    columns = sorted({*columns, *(s["cell"] for s in seen)}, key=order)
    for one in seen:
        cells = {key: value for key, value in cells.items() if key[1] != one["cell"]}
        cells.update({(kind, one["cell"]): tiers(s) for kind, s in one["kinds"].items()})
    rows = sorted({row for row, _ in cells})
    return write_table("kind", cells, rows, columns)


def logins_table(old, seen):
    """A row for each step, a column for each set of kernels that report the same of all of them."""
    if not seen:
        return old
    cells = {}
    for one in seen:
        for step, types in one["steps"].items():
            cells.setdefault(step, {}).setdefault(" ".join(types) or "nothing", []).append(one["cell"])
    lines = []
    for step, by_types in cells.items():
        words = [types if len(by_types) == 1 else f"{types} ({', '.join(sorted(on, key=order))})" for types, on in by_types.items()]
        lines.append(f"| {step} | {'; '.join(words)} |\n")
    return "| step | what audit reports |\n| --- | --- |\n" + "".join(lines)


def misses_list(path):
    lines = []
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            cell, kind, call, way, why = line.split(maxsplit=4)
            lines.append(f"| `{cell}` | {kind} | `{call}` | `{way}` | {why} |\n")
    return "| kernel | kind | action | way | why |\n| --- | --- | --- | --- | --- |\n" + "".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("document", type=Path)
    parser.add_argument("seen", type=Path)
    parser.add_argument("misses", type=Path)
    options = parser.parse_args()
    seen = [json.loads(path.read_text()) for path in sorted(options.seen.glob("*.json"))]
    actions, logins = [s for s in seen if "kinds" in s], [s for s in seen if "steps" in s]
    text, stale = options.document.read_text(), []
    for name, make in ((KINDS, lambda old: kinds_table(old, actions)), (LOGINS, lambda old: logins_table(old, logins)),
                       (MISSES, lambda _: misses_list(options.misses))):
        start, end = section(text, name)
        new = make(text[start:end])
        print(new)
        if new != text[start:end]:
            stale.append(name)
        text = text[:start] + new + text[end:]
    if options.write:
        options.document.write_text(text)
        return 0
    for name in stale:
        print(f"not ok - the table of {name} in {options.document} is not what was seen: make docs-kernels")
    if not stale:
        print("ok - the tables of the document are what was seen")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
