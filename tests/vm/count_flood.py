#!/usr/bin/python3
"""count_flood.py DID STORED EVENTS: whether what was done is what is stored and what was declared lost.

DID and STORED have `did KIND COUNT` and `stored KIND COUNT` lines, EVENTS the losses and seals of the store.
"""

import json
import sys
from collections import Counter
from pathlib import Path

TEN = 10


def counts(path):
    total = Counter()
    for line in Path(path).read_text().splitlines():
        _, kind, count = line.split()
        total[kind] += int(count)
    return total


def check(words, right, why=""):
    print(("ok - " if right else "not ok - ") + words + (f": {why}" if why else ""))
    return not right


def main(did_path, stored_path, events_path):
    did, stored = counts(did_path), counts(stored_path)
    exact, unkinded, skipped, account = Counter(), 0, 0, None
    for line in Path(events_path).read_text().splitlines():
        event = json.loads(line)
        fields = event["fields"]
        if event["kind"] == "seal":
            account = fields["account"]
        elif event["kind"] == "loss" and fields["exactness"] == "exact":
            exact[fields.get("kind")] += fields["count"]
        elif event["kind"] == "loss" and fields["reason"] == "kernel_skipped":
            skipped += fields["count"]
    unkinded = exact.pop(None, 0)
    failed = False
    missing = 0
    for kind, count in did.items():
        gap = count - stored[kind] - exact[kind]
        missing += gap
        print(f"    {kind}: {count} done, {stored[kind]} stored, {exact[kind]} declared lost, {gap} neither")
    # Losses behind the rings have no kind.
    missing -= unkinded
    failed |= check(f"what is neither stored nor declared lost is within what the kernel skipped ({skipped})", 0 <= missing <= skipped,
                    f"{missing} missing, {unkinded} lost of any kind")
    emitted, in_store, filtered, lost, _ = account
    failed |= check("emitted is stored and filtered and lost", emitted == in_store + filtered + lost, str(account))
    if "rmdir" in did and did["rmdir"] >= 100000:
        failed |= check(f"it was at least {TEN} times what could be held", stored["rmdir"] * TEN <= did["rmdir"] , f"{stored['rmdir']} of {did['rmdir']} stored")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
