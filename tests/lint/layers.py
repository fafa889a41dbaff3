#!/usr/bin/python3
"""The include lines against the table of docs/design.md: who may include whom."""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "bpf": {"bpf"},
    "lib": {"lib"},
    "evidence": {"evidence", "lib"},
    "audit": {"audit", "evidence", "lib"},
    "collector": {"collector", "audit", "evidence", "lib", "bpf"},
    "sealer": {"sealer", "evidence", "lib"},
    "shipper": {"shipper", "evidence", "lib"},
    "sink": {"sink", "evidence", "lib"},
    "registrar": {"registrar", "evidence", "lib"},
    "verify": {"verify", "evidence", "lib"},
    "witness": {"witness", "evidence", "lib"},
    "agent": {"agent", "collector", "sealer", "shipper", "evidence", "lib"},
    "drill": {"drill", "verify", "evidence", "lib"},
    "cli": {"cli", "drill", "verify", "audit", "evidence", "lib"},
}
# The collector shares one header with the kernel's side, and takes the skeletons that are made from it.
BPF_FOR_COLLECTOR = re.compile(r"bpf/(events\.h|exec_hash\.h|match\.h|object\.h|\w+\.skel\.h)$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def faults(path, folder):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            if re.match(r"^\s*extern\b", line) and path.suffix == ".c":
                yield f"{path}:{number}: extern in a .c file: include the header"
            continue
        target = match.group(1)
        layer = target.split("/")[0]
        if "/" not in target:
            yield f"{path}:{number}: include from the root: {target}"
        elif layer not in MAY_INCLUDE[folder]:
            yield f"{path}:{number}: {folder}/ may not include {layer}/ ({target})"
        elif folder == "collector" and layer == "bpf" and not BPF_FOR_COLLECTOR.match(target):
            yield f"{path}:{number}: of bpf/ only events.h, exec_hash.h, match.h, object.h and skeletons are for user space ({target})"


def main():
    found = []
    for folder in sorted(MAY_INCLUDE):
        for path in sorted(pathlib.Path(folder).glob("*.[ch]")):
            found += faults(path, folder)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
