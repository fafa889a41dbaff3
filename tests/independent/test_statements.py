#!/usr/bin/python3
"""Section 11: statements from genesis on, in stores that are built here."""

import tempfile
import unittest
from pathlib import Path

import build
import verify
from basics import Refused, base64_text
from entries import KEY
from fleetlog import check_in_fleet_log, log_keys_of, parse_receipt
from statements import check_genesis

ROOT_OF_NOTHING = "0 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
TOKEN = "ab" * 32


class World:
    """A fleet with one host that has appended once."""

    def __init__(self):
        self.cast = build.Cast(full=True)
        self.sink = build.Sink(self.cast)
        self.host = build.Host(self.cast, "alpha")
        self.second = 0
        self.sink.enrol(self.host)
        self.epoch = self.host.epoch()
        self.append()

    def append(self, **how) -> None:
        self.epoch.add_events()
        self.sink.commit(self.epoch.seal(**how))

    def head(self) -> str:
        size, root = self.epoch.heads[-1]
        return f"{self.epoch.origin.epoch} {size} {base64_text(root).decode()}"

    def state(self, kind: str, *lines: str, by=None) -> None:
        self.second += 1
        signers = by or [self.cast.admins[0], self.cast.auditors[0]]
        note = build.make_statement(kind, "test", list(lines), signers, f"2026-11-24T12:00:{self.second:02d}Z")
        self.stated = note
        self.sink.group([], [[2, self.sink.time, note]])

    def next_identity(self) -> build.Signer:
        return build.Signer("test/host/alpha", salt="2")

    def identity_lines(self, signer: build.Signer, name: str = "alpha") -> list[str]:
        return [f"host {name}", f"identity {signer.key.vkey}", f"certificate {self.host.certificate.hex()}"]

    def found(self) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder) / "store"
            self.sink.write(store)
            outcome = verify.verify_store(store, check_genesis(self.cast.genesis))
        return [finding["verdict"] for finding in outcome["findings"] if finding["verdict"] != "unwitnessed"]


class Statements(unittest.TestCase):
    def setUp(self):
        self.world = World()

    def finds(self, *verdicts: str) -> None:
        self.assertEqual(sorted(set(self.world.found())), sorted(verdicts))

    def rotate(self, announce: bool = True) -> build.Signer:
        w, new = self.world, self.world.next_identity()
        index = w.epoch.next_index
        if announce:
            w.epoch.add(KEY, {0: new.key.vkey.encode(), 1: w.host.certificate})
        w.append(identity=True, beside=[new])
        w.state("rotate", *w.identity_lines(new), f"announced 1 {index}")
        return new

    def test_a_rotation_is_followed(self):
        new = self.rotate()
        self.world.append(identity=True, beside=[new])
        self.world.append(identity=True, identity_signer=new)
        self.finds()

    def test_the_old_key_alone_is_not_enough(self):
        self.rotate()
        self.world.append(identity=True)
        self.finds("wrongly-sealed")

    def test_a_rotation_without_an_announcement_is_found(self):
        self.rotate(announce=False)
        self.finds("malformed")

    def test_the_new_key_is_not_taken_before_its_statement(self):
        self.world.append(identity=True, identity_signer=self.world.next_identity())
        self.finds("wrongly-sealed")

    def test_what_follows_on_a_revocation_is_revoked(self):
        w = self.world
        w.state("revoke", *w.identity_lines(w.host.identity)[:2], f"at {w.head()}", "reason stolen")
        self.finds()
        w.append()
        self.finds("revoked")

    def test_what_has_a_receipt_is_not_disowned(self):
        w, before = self.world, self.world.head()
        w.append()
        w.state("revoke", *w.identity_lines(w.host.identity)[:2], f"at {before}", "reason stolen")
        self.finds("malformed")

    def test_one_person_revokes_nothing(self):
        w = self.world
        for person in (w.cast.admins[0], w.cast.auditors[0]):
            w.state("revoke", *w.identity_lines(w.host.identity)[:2], f"at {w.head()}", "reason stolen", by=[person])
        w.append()
        self.finds("wrongly-sealed")

    def test_a_retired_host_is_heard_no_more(self):
        self.world.state("retire", "host alpha", "reason scrapped")
        self.world.append()
        self.finds("revoked")

    def re_enrol(self, follows: str, *more: str, by=None) -> None:
        w, new = self.world, self.world.next_identity()
        w.state("re-enrol", *w.identity_lines(new), f"follows {follows}", *more, by=by)
        w.host.identity = new
        w.epoch = w.host.epoch(2, 4)

    def test_a_new_enrolment_begins_a_new_epoch_that_people_can_close(self):
        self.re_enrol(self.world.head())
        self.world.append()
        self.finds("epoch")
        self.world.state("close", "host alpha", "epoch 2", "reason reinstalled")
        self.finds()

    def test_a_new_enrolment_links_the_old_log(self):
        self.re_enrol(ROOT_OF_NOTHING)
        self.finds("malformed")

    def test_the_closed_log_does_not_go_on(self):
        w, old = self.world, self.world.epoch
        self.re_enrol(w.head())
        w.epoch = old
        w.append()
        self.finds("revoked")

    def token(self, count: int, hosts: str, until: str = "2026-11-25T00:00:00Z") -> None:
        w = self.world
        w.state("token", f"token {TOKEN}", f"count {count}", f"until {until}", f"hosts {hosts}", by=[w.cast.admins[0]])

    def enrol_under_token(self, name: str, shown: bool = True) -> None:
        w, host = self.world, build.Host(self.world.cast, name)
        lines = w.identity_lines(host.identity, name)[:2] + [f"certificate {host.certificate.hex()}", f"token {TOKEN}"]
        w.state("enrol", *lines, by=[w.cast.registrar])
        w.sink.enrolled[name] = (host, {})
        epoch = host.epoch(extra={7: bytes.fromhex(TOKEN)} if shown else {})
        epoch.add_events()
        w.sink.commit(epoch.seal())

    def test_a_token_enrols_hosts_of_its_pattern_up_to_its_count(self):
        self.token(1, "web*")
        self.enrol_under_token("web1")
        self.finds()
        self.enrol_under_token("web2")
        self.finds("malformed", "unenrolled")

    def test_a_token_is_for_its_hosts(self):
        self.token(5, "db*")
        self.enrol_under_token("web1")
        self.finds("malformed", "unenrolled")

    def test_a_token_ends(self):
        self.token(5, "*", "2026-11-24T12:00:00Z")
        self.enrol_under_token("web1")
        self.finds("malformed", "unenrolled")

    def test_the_first_entry_shows_the_token(self):
        self.token(5, "*")
        self.enrol_under_token("web1", shown=False)
        self.finds("malformed")

    def test_a_groups_token_takes_no_name_over(self):
        self.token(5, "al*")
        self.re_enrol(self.world.head(), f"token {TOKEN}", by=[self.world.cast.registrar])
        self.finds("malformed")

    def log_key(self, signer: build.Signer, overlap: int = 60) -> None:
        w = self.world
        w.sink.log_signers = [signer, w.cast.log]
        w.state("log-key", f"log {signer.key.vkey}", f"next {w.cast.log_key_hash(w.cast.log)}", f"overlap {overlap}")

    def test_the_log_goes_on_under_the_key_that_was_prepared(self):
        w = self.world
        self.log_key(w.cast.next_log)
        w.append()
        w.sink.log_signers = [w.cast.next_log]
        w.append()
        self.finds()

    def test_the_old_key_is_not_enough_after_its_time(self):
        self.log_key(self.world.cast.next_log)
        self.world.sink.log_signers = [self.world.cast.log]
        self.world.append()
        self.assertIn("wrongly-sealed", self.world.found())

    def test_the_old_key_goes_when_the_overlap_ends(self):
        self.log_key(self.world.cast.next_log, overlap=0)
        self.world.append()
        self.assertIn("wrongly-sealed", self.world.found())

    def receipt(self, *statements: bytes) -> bytes:
        """A receipt as this world's sink would give it, with these statements in it."""
        receipt = self.world.sink.receipt(self.world.host)
        start = receipt.rindex(b"test/log\n%d\n" % len(self.world.sink.leaves))
        parts = b"".join(b"log-key %d\n%b" % (len(note), note) for note in statements)
        return receipt[:start] + parts + receipt[start:]

    def test_a_receipt_proves_who_signs_the_log(self):
        w = self.world
        self.log_key(w.cast.next_log)
        w.append()
        statement, genesis = w.stated, check_genesis(w.cast.genesis)
        receipt = parse_receipt(self.receipt(statement))
        log, former = log_keys_of(receipt, genesis)
        self.assertEqual((log, former), (w.cast.next_log.key, w.cast.log.key))
        check_in_fleet_log(receipt, log, former)
        with self.assertRaises(Refused):
            check_in_fleet_log(parse_receipt(self.receipt()), genesis.log)
        with self.assertRaises(Refused):
            log_keys_of(parse_receipt(self.receipt(statement, statement)), genesis)

    def test_another_key_than_the_prepared_one_is_refused(self):
        self.log_key(build.Signer("test/log", salt="3"))
        self.assertIn("malformed", self.world.found())


if __name__ == "__main__":
    unittest.main()
