#!/usr/bin/python3
"""Verifies and follows a store and a spool while sink and agent write them."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import BIN, ENV, Fleet, run, wait_until  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "25"))


class Noise:
    """Changes files as fast as it may, until it is stopped."""

    def __init__(self, folder):
        self.folder, self.stop, self.count = folder, False, 0
        self.thread = threading.Thread(target=self.make)

    def make(self):
        while not self.stop:
            path = self.folder / f"noise-{self.count}"
            path.write_text("x")
            path.unlink()
            self.count += 1
            time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stop = True
        self.thread.join()


class Follower:
    def __init__(self, path, *args):
        self.process = subprocess.Popen([BIN / "swornlog", "follow", "--json", *args, path], stdout=subprocess.PIPE, text=True, env=ENV)
        self.lines = []
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append((time.time(), json.loads(line)))

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.thread.join()


fleet = Fleet(seal_interval_ms=100, collector_user="root", sealer_user="root", shipper_user="root", group="root")


def a_live_store_and_spool_verify_at_every_moment():
    with Noise(fleet.dir):
        for _ in range(ROUNDS):
            for path in (fleet.store, fleet.spool):
                fleet.verify(path)
            time.sleep(0.03)


def new_events_appear_within_a_second_of_their_making():
    for path in (fleet.store, fleet.spool):
        follower = Follower(path, "--path-prefix", str(fleet.dir / "seen"))
        time.sleep(0.7)
        begun = time.time()
        for number in range(5):
            (fleet.dir / f"seen-{number}").write_text("x")
            time.sleep(0.1)
        wait_until("five files to be seen", lambda f=follower: len({e["fields"].get("path") for _, e in f.lines}) >= 5)
        took = follower.lines[0][0] - begun
        follower.end()
        assert took < 2, f"{path.name}: the first took {took:.2f} s"
        first = follower.lines[0][1]
        assert first["host"] == "web-1" and "pid" in first["actor"], first


def the_stats_line_counts_what_happens():
    follower = Follower(fleet.store, "--stats", "--for", "3")
    with Noise(fleet.dir) as noise:
        follower.process.wait(20)
        made = noise.count
    follower.end()
    events = sum(line["events"] for _, line in follower.lines)
    assert len(follower.lines) >= 2 and events > made / 4, (made, [line for _, line in follower.lines])
    assert sum(line["commits"] for _, line in follower.lines) > 0


def show_finds_the_same_events_again():
    out = fleet.command("show", "--json", "--kind", "open", "--path-prefix", fleet.dir / "seen", fleet.store)
    names = {json.loads(line)["fields"]["path"].rsplit("-", 1)[1] for line in out.splitlines()}
    assert names == {"0", "1", "2", "3", "4"}, names
    assert len(fleet.command("show", "--limit", "3", fleet.spool).splitlines()) == 3


def status_tells_of_every_program():
    out = json.loads(fleet.command("status", "--json", "--run", fleet.dir / "run", "--sink", fleet.control))
    assert [out[p]["state"] for p in ("collector", "sealer", "shipper", "sink")] == ["ok"] * 4, out
    assert "sealer" in fleet.command("status", "--run", fleet.dir / "run")


def a_stopped_store_is_clean_and_a_rolled_back_one_is_not():
    fleet.stop()
    report = fleet.verify()
    assert report["verified"] and report["same_machine"] and "no witness" in report["verdict"], report["verdict"]
    copy = fleet.dir / "copy"
    shutil.copytree(fleet.store, copy)
    last = sorted((copy / "journal").iterdir())[-1]
    last.write_bytes(last.read_bytes()[: last.stat().st_size // 2])
    broken = fleet.verify(copy, status=1)
    assert {"truncated"} & {f["verdict"] for f in broken["findings"]}, broken["findings"]


def main():
    fleet.start_sink()
    fleet.enroll()
    fleet.start_agent()
    try:
        status = run([
            a_live_store_and_spool_verify_at_every_moment,
            new_events_appear_within_a_second_of_their_making,
            the_stats_line_counts_what_happens,
            show_finds_the_same_events_again,
            status_tells_of_every_program,
            a_stopped_store_is_clean_and_a_rolled_back_one_is_not,
        ])  # fmt: skip
    finally:
        reports = fleet.sanitizer_reports()
        fleet.remove()
    assert not reports, reports
    return status


if __name__ == "__main__":
    sys.exit(main())
