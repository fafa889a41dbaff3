"""Announced heads: reached, on their way, gone, contradicted, not the host's."""

import unittest

import build
from test_verify import StoreCase

MINUTE = 60_000_000


class Announcements(StoreCase):
    def setUp(self):
        super().setUp()
        cast, self.hosts = build.small_fleet()
        self.sink = build.Sink(cast)
        self.sink.enrol(self.hosts[0])
        self.epoch = self.hosts[0].epoch()
        self.epoch.add_events()
        self.sink.commit(self.epoch.seal(identity=True))
        self.epoch.add_events()
        self.batch = self.epoch.seal(identity=True)
        self.note = build.take_apart(self.batch)[3]

    def announce(self, note: bytes) -> None:
        self.sink.group([], [[6, self.sink.time, note]])

    def later(self, us: int) -> None:
        self.sink.group([], [[5, self.sink.time + us, 3, b"other"]])

    def found(self) -> list[str]:
        self.sink.write(self.store)
        outcome = self.outcome(self.sink.cast)
        self.remarks = outcome["remarks"]
        return sorted(f["verdict"] for f in outcome["findings"] if f["verdict"] not in ("unwitnessed", "silent"))

    def test_a_head_that_its_data_reaches(self):
        self.announce(self.note)
        self.sink.commit(self.batch)
        self.later(3 * MINUTE)
        self.assertEqual(self.found(), [])

    def test_a_head_that_no_data_reaches(self):
        self.announce(self.note)
        self.later(3 * MINUTE)
        self.assertEqual(self.found(), ["missing"])

    def test_a_head_on_its_way(self):
        self.announce(self.note)
        self.later(MINUTE // 2)
        self.assertEqual(self.found(), [])
        self.assertEqual(len(self.remarks), 1)

    def test_a_new_epoch_ends_the_waiting(self):
        self.announce(self.note)
        self.sink.commit(self.hosts[0].epoch(2, 1).seal())
        self.assertEqual(self.found(), ["epoch", "missing"])

    def test_another_history(self):
        origin, bodies, _, _ = build.take_apart(self.batch)
        first = self.sink.heads[origin].size
        text = f"{origin}\n{first + len(bodies)}\n".encode() + build.base64_text(bytes(32)) + b"\n"
        self.announce(build.make_note(text, self.epoch.seal_signer, self.hosts[0].identity))
        self.sink.commit(self.batch)
        self.assertEqual(self.found(), ["forked"])

    def test_what_is_not_the_hosts(self):
        stranger = self.hosts[1].epoch()
        stranger.add_events()
        self.announce(build.take_apart(stranger.seal(identity=True))[3])
        forged = bytearray(self.note)
        forged[-10] ^= 1
        self.announce(bytes(forged))
        self.announce(b"no note")
        self.assertEqual(self.found(), ["malformed", "unenrolled", "wrongly-sealed"])


if __name__ == "__main__":
    unittest.main()
