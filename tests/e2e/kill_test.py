#!/usr/bin/python3
"""Random SIGKILLs of each process under load: every receipted entry is in the store, nothing twice, and verify finds no fault.

KILLS (default 20) per process. Needs root, for the collector loads BPF programs.
"""
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import fleet as support  # noqa: E402

KILLS = int(os.environ.get("KILLS", "20"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 32))))
PROCESSES = ("collector", "sealer", "shipper", "sink")


class Load(threading.Thread):
    """Creates, renames and unlinks files, and runs programs, until told to end."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder = folder
        self.ending = threading.Event()
        self.done = 0

    def run(self):
        self.folder.mkdir(exist_ok=True)
        while not self.ending.is_set():
            name = self.folder / f"f{self.done}"
            name.write_text("x")
            name.rename(name.with_suffix(".r"))
            name.with_suffix(".r").unlink()
            if self.done % 20 == 0:
                subprocess.run(["/bin/true"], check=False)
            self.done += 1
            time.sleep(0.002)


def receipted(fleet):
    """Epoch and size of the newest receipt that the sealer holds, or None."""
    try:
        lines = (fleet.spool / "receipt").read_text(errors="replace").splitlines()
        return int(lines[1].rsplit("/", 1)[1]), int(lines[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def kill_at_random(fleet, seen):
    order = [name for name in PROCESSES for _ in range(KILLS)]
    random.Random(SEED).shuffle(order)
    rng = random.Random(SEED + 1)
    for name in order:
        time.sleep(rng.uniform(0.01, 0.12))
        fleet.kill(name)
        if (got := receipted(fleet)) is not None:
            seen.append(got)


def nothing_receipted_is_lost_whoever_is_killed():
    fleet = support.Fleet(seal_interval_ms=50, keep_receipted_mib=0)
    load = Load(fleet.dir / "load")
    seen = []
    try:
        fleet.start_sink()
        fleet.enroll()
        fleet.start_agent()
        load.start()
        kill_at_random(fleet, seen)
        support.wait_until("a receipt after the last kill", lambda: (s := fleet.status()) and s["waiting_batches"] == 0 and s["receipts"] > 0, 60)
        load.ending.set()
        load.join()
        seen.append(receipted(fleet))
        fleet.stop()
        report = fleet.verify()
        host = report["hosts"][0]
        assert host["epochs"] == 1 and {epoch for epoch, _ in seen} == {1}, "a kill broke the epoch"
        assert host["entries"] >= max(size for _, size in seen), f"receipted {max(seen)}, stored {host['entries']}"
        assert not fleet.sanitizer_reports(), fleet.sanitizer_reports()[:3]
        assert len(seen) > KILLS, "hardly any receipts were seen"
        assert report["verified"], report["findings"]
    except BaseException:
        print(f"SEED={SEED}; logs in {fleet.dir}", file=sys.stderr)
        raise
    fleet.remove()


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skip: needs root to load BPF programs\n0 passed, 0 failed")
        sys.exit(0)
    sys.exit(support.run([nothing_receipted_is_lost_whoever_is_killed]))
