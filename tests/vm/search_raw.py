#!/usr/bin/env python3
"""search_raw.py IMAGE: searches a raw disk image for byte strings, whatever file system is on it.

Standard input has one expectation a line: `absent HEX NAME` or `present HEX NAME`. Prints what was found for each;
ends with 1 when one of them is not as expected, with 2 when the expectations make no sense. A string that a file
system has split over two places is not found: keep them short (16 to 64 bytes) and aligned.
"""

import mmap
import sys

SHORTEST_BYTES = 8  # A shorter one is in any image by chance.


def expectations(lines):
    for line in lines:
        wanted, pattern, name = line.split(maxsplit=2)
        pattern = bytes.fromhex(pattern)
        if wanted not in ("absent", "present") or len(pattern) < SHORTEST_BYTES:
            raise ValueError(f"no expectation: {line.strip()}")
        yield wanted, pattern, name.strip()


def offsets(image, pattern):
    at = image.find(pattern)
    while at >= 0:
        yield at
        at = image.find(pattern, at + 1)


def main():
    failed = 0
    try:
        wanted_all = list(expectations(sys.stdin))
        if not wanted_all:
            raise ValueError("nothing to search for")
    except ValueError as err:
        print(f"search_raw: {err}", file=sys.stderr)
        return 2
    with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        for wanted, pattern, name in wanted_all:
            found = list(offsets(image, pattern))
            good = bool(found) == (wanted == "present")
            failed += not good
            where = f"{len(found)} times, first at byte {found[0]}" if found else "nowhere"
            print(f"{'ok' if good else 'not ok'} - {name}: {where}; wanted {wanted}")
    return 1 if failed else 0


sys.exit(main())
