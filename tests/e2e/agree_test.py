#!/usr/bin/python3
"""A store that the real programs wrote, and 200 damaged copies of it: swornlog verify and the independent verifier agree on each.

DAMAGES (default 200), SEED. Needs root, for the collector loads BPF programs.
"""
import base64
import contextlib
import io
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests" / "independent"))
import verify as independent  # noqa: E402
from tests.support import fleet as support  # noqa: E402

DAMAGES = int(os.environ.get("DAMAGES", "200"))
SEED = int(os.environ.get("SEED", "20261124"))


def fill(fleet, rng):
    """Long arguments that don't pack, until the sink has made a segment; then a little more, for a journal."""
    def segments():
        return list((fleet.store / "segment").glob("*.segment"))

    def act():
        noise = base64.b64encode(rng.randbytes(22_000)).decode()
        subprocess.run(["/bin/true", noise], check=True)
        time.sleep(0.01)

    support.wait_until("a segment", lambda: act() or segments(), 60)
    for _ in range(5):
        act()
        time.sleep(0.1)


def theirs(store, anchor):
    """What the independent verifier says: fault or not, and (entries, batches) of each host and epoch."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        independent.main(["--json", "--anchor", str(anchor), str(store)])
    report = json.loads(out.getvalue())
    return report["fault"], {h["host"]: (h["entries"], h["batches"]) for h in report["hosts"] if h["epoch"]}


def ours(fleet, store, anchor):
    result = subprocess.run([support.BIN / "swornlog", "verify", "--json", "--anchor", anchor, store], capture_output=True, text=True, env=support.ENV, check=False)
    assert result.returncode in (0, 1), f"status {result.returncode}: {result.stderr}"
    report = json.loads(result.stdout)
    assert report["verified"] == (result.returncode == 0)
    return not report["verified"], {h["host"]: (h["entries"], h["batches"]) for h in report["hosts"]}


def files_of(store):
    return sorted(p for p in store.rglob("*") if p.is_file() and p.stat().st_size)


def damage(store, rng):
    """One of the ways in which a file can come to harm. Returns its description."""
    path = rng.choice(files_of(store))
    data = bytearray(path.read_bytes())
    name = path.relative_to(store)
    match rng.choice(("flip", "flip", "flip", "cut", "grow", "remove", "zero", "swap", "copy")):
        case "flip":
            at = rng.randrange(len(data))
            data[at] ^= 1 << rng.randrange(8)
            what = f"bit of byte {at} of {name}"
        case "cut":
            at = rng.randrange(len(data))
            del data[at:]
            what = f"{name} cut at {at}"
        case "grow":
            data += rng.randbytes(rng.randrange(1, 40))
            what = f"bytes after the end of {name}"
        case "remove":
            path.unlink()
            return f"{name} removed"
        case "zero":
            at = rng.randrange(len(data))
            data[at : at + 64] = bytes(len(data[at : at + 64]))
            what = f"zeros at {at} of {name}"
        case "swap":
            at = rng.randrange(len(data))
            data[at : at + 64] = reversed(data[at : at + 64])
            what = f"bytes turned round at {at} of {name}"
        case "copy":
            other = rng.choice(files_of(store))
            data = bytearray(other.read_bytes())
            what = f"{name} replaced with {other.relative_to(store)}"
    path.write_bytes(data)
    return what


class Made:
    """The store is made once, by real processes."""

    def __init__(self):
        self.rng = random.Random(SEED)
        self.fleet = support.Fleet(seal_interval_ms=100)
        self.fleet.write_sink_config(journal_max_mib=1)
        self.fleet.start_sink()
        self.fleet.enroll()
        self.fleet.start_agent()
        fill(self.fleet, self.rng)
        support.wait_until("all receipts", lambda: (s := self.fleet.status()) and s["waiting_batches"] == 0)
        self.fleet.stop()

    def copy(self):
        target = self.fleet.dir / "copy"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.fleet.store, target)
        return target


def main():
    made = Made()

    def both_find_no_fault_and_count_the_same_in_a_real_store():
        a, b = ours(made.fleet, made.fleet.store, made.fleet.anchor), theirs(made.fleet.store, made.fleet.anchor)
        assert a == b and not a[0], f"swornlog {a}, independent {b}"

    def both_give_one_verdict_on_each_damaged_store():
        unequal = []
        harmless = []
        for _ in range(DAMAGES):
            store = made.copy()
            what = damage(store, made.rng)
            a, b = ours(made.fleet, store, made.fleet.anchor)[0], theirs(store, made.fleet.anchor)[0]
            if not a and not b:
                harmless.append(what)
            if a != b:
                unequal.append(f"{what}: swornlog {'faults' if a else 'clean'}, independent {'faults' if b else 'clean'}")
        assert not unequal, f"SEED={SEED}: {len(unequal)} of {DAMAGES}: {unequal[:5]}"
        print(f"# {DAMAGES} damages, of them harmless to both: {harmless}")

    status = support.run([both_find_no_fault_and_count_the_same_in_a_real_store, both_give_one_verdict_on_each_damaged_store])
    if status == 0:
        made.fleet.remove()
    return status


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skip: needs root to load BPF programs\n0 passed, 0 failed")
        sys.exit(0)
    sys.exit(main())
