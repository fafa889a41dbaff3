#!/usr/bin/python3
"""Section 15, steps 11 and 12: each rule with a story that breaks it, and a twin that does not."""

import unittest

import build
import verify
from basics import Key
from statements import check_genesis
from test_verify import StoreCase

SECOND = 1_000_000
T0 = 1795521600 * SECOND


class Times:
    """A store in the making whose clocks are told."""

    def __init__(self):
        self.cast = build.Cast()
        self.sink = build.Sink(self.cast)
        self.hosts = [build.Host(self.cast, name) for name in ("alpha", "beta")]
        for host in self.hosts:
            self.sink.enrol(host)
        self.epoch = self.hosts[0].epoch()

    def batch(self, wall=None, boot=None, boot_id=0, epoch=None, **fields):
        """Clocks in seconds; the boot clock is the wall clock's unless it is told."""
        wall = self.second() if wall is None else wall
        boot = wall if boot is None else boot
        epoch = epoch or self.epoch
        epoch.add_events(1)
        changed = {2: bytes([boot_id]) * 16, 3: [1000 + boot * SECOND, T0 + wall * SECOND, 3, 0]}
        changed.update((int(key[1:]), value) for key, value in fields.items())
        return epoch.seal(fields=changed)

    def second(self):
        return (self.sink.time - T0) // SECOND

    def commit(self, *args, **kwargs):
        self.sink.commit(self.batch(*args, **kwargs))

    def wait(self, seconds):
        self.sink.time += seconds * SECOND

    def sink_says(self, what, detail=b""):
        self.sink.group([], [[5, self.sink.time, what, detail]])


def gap(seconds, goodbye=False, restart=False):
    def tell(t):
        t.commit()
        if goodbye:
            t.epoch.add(7, {0: 0})
            t.sink.commit(t.epoch.seal(fields={3: [1000 + SECOND, T0 + SECOND, 3, 0]}))
        t.wait(seconds)
        if restart:
            t.sink_says(0)
        t.commit()

    return tell


def not_heard_again(seconds):
    def tell(t):
        t.commit()
        t.wait(seconds)
        t.sink_says(3, b"alpha")

    return tell


def retired(t):
    t.commit()
    lines = ["host alpha", "reason scrapped"]
    people = [t.cast.admins[0], t.cast.auditors[0]]
    t.sink.group([], [[2, t.sink.time, build.make_statement("retire", t.cast.fleet, lines, people, "2026-11-24T13:00:00Z")]])
    t.wait(4000)
    t.sink_says(1)


def late(t):
    t.commit(0, boot_id=1)
    t.sink.commit(*[t.batch(second - 400, boot=second, boot_id=2) for second in range(3)])
    t.commit(boot_id=3)


def two_commits(first, second):
    def tell(t):
        t.commit(**first)
        t.commit(**second)

    return tell


def sink_clock(seconds):
    def tell(t):
        t.commit()
        t.wait(seconds)
        t.sink_says(1)

    return tell


def fleet_heads(swap):
    def tell(t):
        heads = []
        for _ in range(2):
            heads.append([len(t.sink.leaves), build.tree_root(t.sink.leaves)])
            t.commit()
        for head in reversed(heads) if swap else heads:
            t.commit(f9=head)

    return tell


def boots(*ids):
    def tell(t):
        for boot_id in ids:
            t.commit(boot_id=boot_id)

    return tell


def same_key(signer, name):
    copy = build.Signer(name)
    copy.private = signer.private
    copy.key = Key(name, signer.key.public, signer.key.type)
    return copy


def shared_key(shared):
    def tell(t):
        t.commit()
        other = t.hosts[1].epoch()
        copied = t.epoch.seal_signer
        other.add_events(1)
        wrong = {"next_signer": build.Signer(other.origin.seal_name, salt="copy")}
        if shared:
            wrong["next_signer"] = same_key(copied, other.origin.seal_name)
        t.sink.commit(other.seal(**wrong))
        t.commit()
        other.add_events(1)
        t.sink.commit(other.seal())

    return tell


STORIES = {
    "a commit every half minute": (gap(29), None),
    "a gap": (gap(31), "silent"),
    "a gap after a goodbye": (gap(4000, goodbye=True), None),
    "a gap of the sink's own": (gap(4000, restart=True), None),
    "not heard at the end": (not_heard_again(31), "silent"),
    "heard near the end": (not_heard_again(29), None),
    "retired, and not heard again": (retired, None),
    "batches in a row that come late": (late, "late"),
    "a clock ahead": (two_commits({}, {"wall": 70, "boot_id": 1}), "clock"),
    "a clock a little ahead": (two_commits({}, {"wall": 60, "boot_id": 1}), None),
    "a clock set forward": (two_commits({"wall": 1}, {"wall": 12, "boot": 2}), "clock"),
    "a clock set back": (two_commits({"wall": 1}, {"wall": 0, "boot": 9}), "clock"),
    "a clock that drifts": (two_commits({"wall": 1}, {"wall": 3, "boot": 2}), None),
    "the sink's clock set back": (sink_clock(-3), "clock"),
    "the sink's clock as it should be": (sink_clock(3), None),
    "a boot clock that goes back": (two_commits({"wall": 5, "boot": 9}, {"wall": 5, "boot": 8}), "rolled-back"),
    "an older fleet head": (fleet_heads(True), "rolled-back"),
    "newer fleet heads": (fleet_heads(False), None),
    "a boot id that comes back": (boots(1, 2, 1), "cloned"),
    "one boot after another": (boots(1, 1, 2, 2, 3), None),
    "a seal key of two hosts": (shared_key(True), "cloned"),
    "a seal key for each host": (shared_key(False), None),
}
FAULTS = ("rolled-back", "cloned")


class Stories(StoreCase):
    def test_each_rule(self):
        for number, (name, (tell, expected)) in enumerate(STORIES.items()):
            for segments in (0, 1):
                with self.subTest(name, segments=segments):
                    times = Times()
                    tell(times)
                    self.store = self.root / f"{number}-{segments}"
                    times.sink.write(self.store, segments)
                    outcome = verify.verify_store(self.store, check_genesis(times.cast.genesis))
                    found = sorted(f["verdict"] for f in outcome["findings"] if f["verdict"] != "unwitnessed")
                    self.assertEqual(found, [expected] if expected else [], outcome["findings"])
                    self.assertEqual(outcome["fault"], expected in FAULTS)


if __name__ == "__main__":
    unittest.main()
