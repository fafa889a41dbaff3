#!/usr/bin/python3
"""Whole stores: what is sound is accepted, and every damage is found."""

import contextlib
import io
import json
import os
import random
import shutil
import tempfile
import unittest
from pathlib import Path

import build
import cbor
import verify
from basics import H, TYPE_COSIGNATURE
from entries import LOSS, POSTURE
from notes import checkpoint_text
from statements import check_genesis
from tree import leaf_hash


class StoreCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.store = self.root / "store"

    def outcome(self, cast, witnesses=()):
        return verify.verify_store(self.store, check_genesis(cast.genesis), list(witnesses))

    def sentences(self, cast):
        return [f"{finding['verdict']}: {finding['reason']}" for finding in self.outcome(cast)["findings"]]

    def verdicts(self, cast):
        return {finding["verdict"] for finding in self.outcome(cast)["findings"]}


class SoundStores(StoreCase):
    def test_a_sound_store_has_no_fault(self):
        for segments in range(5):
            sink, _, _ = build.small_sink()
            sink.write(self.store, segments)
            outcome = self.outcome(sink.cast)
            self.assertFalse(outcome["fault"], outcome["findings"])
            verdicts = sorted(finding["verdict"] for finding in outcome["findings"])
            self.assertEqual(verdicts, ["epoch", "loss", "unwitnessed"])
            rows = [(row["host"], row["epoch"], row["entries"], row["batches"]) for row in outcome["hosts"]]
            self.assertEqual(rows, [("alpha", 1, 21, 4), ("beta.example", 1, 46, 2), ("beta.example", 2, 2, 1)])
            shutil.rmtree(self.store)

    def test_the_crash_window_of_the_rewrite(self):
        sink, _, _ = build.small_sink()
        sink.write(self.store, 1)
        leftover = self.store / "journal" / f"{1:020d}.journal"
        data = build.journal_bytes(sink.journals[0])
        leftover.write_bytes(data)
        self.assertFalse(self.outcome(sink.cast)["fault"])
        leftover.write_bytes(data[:-1])
        self.assertTrue(self.outcome(sink.cast)["fault"])

    def test_tiles_of_a_larger_fleet_log(self):
        sink = build.Sink(build.Cast())
        for number in range(70):
            sink.group([], [[5, number, 0, b"%d" % i] for i in range(10)])
        sink.write(self.store)
        outcome = self.outcome(sink.cast)
        self.assertFalse(outcome["fault"], outcome["findings"])
        self.assertEqual(outcome["fleet_size"], 701)
        self.assertTrue((self.store / "fleet/tile/1/000.p/2").exists())
        stale = self.store / "fleet/tile/0/002.p/4"
        stale.write_bytes(b"".join(sink.leaves[512:516]))
        self.assertFalse(self.outcome(sink.cast)["fault"])
        (self.store / "fleet/tile/1/000.p/2").unlink()
        self.assertIn("missing", self.verdicts(sink.cast))

    def test_a_known_witness(self):
        sink, _, _ = build.small_sink()
        sink.write(self.store)
        witness = build.Signer("w.example", TYPE_COSIGNATURE)
        (self.store / "fleet/checkpoint").write_bytes(sink.make_checkpoint(witness))
        outcome = self.outcome(sink.cast, [witness.key])
        self.assertNotIn("unwitnessed", [finding["verdict"] for finding in outcome["findings"]])
        self.assertFalse(outcome["fault"])

    def test_the_command_line(self):
        sink, _, _ = build.small_sink()
        sink.write(self.store)
        anchor = self.root / "anchor"
        anchor.write_bytes(sink.cast.genesis)
        command = ["--anchor", str(anchor)]
        self.assertEqual(self.run_main(*command, str(self.store))[0], 0)
        status, text = self.run_main(*command, "--json", str(self.store))
        self.assertEqual((status, json.loads(text)["fault"]), (0, False))
        (self.store / "genesis").write_bytes(b"")
        self.assertEqual(self.run_main(*command, str(self.store))[0], 1)
        self.assertEqual(self.run_main(*command, str(self.root / "nothing"))[0], 2)
        anchor.write_bytes(b"")
        self.assertEqual(self.run_main(*command, str(self.store))[0], 2)

    def run_main(self, *argv):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            status = verify.main(list(argv))
        return status, out.getvalue()

    def test_receipts_on_the_command_line(self):
        sink, hosts, _ = build.small_sink()
        anchor, receipt = self.root / "anchor", self.root / "receipt"
        anchor.write_bytes(sink.cast.genesis)
        receipt.write_bytes(sink.receipt(hosts[0]))
        command = ["--anchor", str(anchor), "--receipt", str(receipt)]
        self.assertEqual(self.run_main(*command)[0], 0)
        receipt.write_bytes(sink.receipt(hosts[0])[:-1])
        self.assertEqual(self.run_main(*command)[0], 1)


class Story:
    """A small store in the making; a damage bends one part of it."""

    def __init__(self):
        self.cast = build.Cast()
        self.sink = build.Sink(self.cast)
        self.host = build.Host(self.cast, "alpha")
        self.other = build.Host(self.cast, "beta")

    def begin(self, **extra):
        self.sink.enrol(self.host)
        epoch = self.host.epoch(extra=extra.get("extra", {}))
        epoch.add(POSTURE, build.posture_fields())
        epoch.add_events()
        return epoch

    def sealed(self, **wrong):
        """A sound batch, one that `wrong` describes, and another sound one."""
        epoch = self.begin()
        batches = [epoch.seal()]
        epoch.add_events()
        batches.append(epoch.seal(**wrong))
        epoch.add_events()
        batches.append(epoch.seal())
        self.sink.commit(*batches)

    def with_entry(self, kind, fields, process=None, sensors=1):
        epoch = self.begin()
        epoch.add(kind, fields, process, sensors)
        self.sink.commit(epoch.seal())

    def second_epoch(self, number=2, cause=1, **extra):
        epoch = self.begin()
        self.sink.commit(epoch.seal())
        fields = {int(key[1:]): value for key, value in extra.items()}
        self.sink.commit(self.host.epoch(number, cause, extra=fields).seal())

    def committed(self, change_heads=None, batches=2, **entry):
        """One commit; its heads, its root and its count of heads may be bent, all else fits them."""
        epoch, other = self.begin(), self.other.epoch()
        self.sink.enrol(self.other)
        sealed = [epoch.seal(), other.seal()][:batches]
        heads = [[str(e.origin).encode(), *e.heads[-1]] for e in (epoch, other)[:batches]]
        heads = change_heads(heads) if change_heads else heads
        leaves = [leaf_hash(checkpoint_text(origin.decode(), size, root)) for origin, size, root in heads]
        item = [1, 3, entry.get("root", build.tree_root(leaves)), entry.get("count", len(heads))]
        self.sink.group(sealed, [item], heads)
        return heads

    def renote(self, origin=None, size=None, root=None, *more):
        """The note of the last fleet record, for another checkpoint or with more signers."""
        sink = self.sink
        size = len(sink.leaves) if size is None else size
        text = checkpoint_text(origin or "test/log", size, root or build.tree_root(sink.leaves))
        self.regroup(lambda item: item.__setitem__(3, build.make_note(text, self.cast.log, *more)))

    def regroup(self, change):
        """Let `change` bend the fleet record of the last commit; its entry is left as it is."""
        kind, payload = self.sink.journals[-1].records[-1]
        item = cbor.decode(payload)
        change(item)
        self.sink.journals[-1].records[-1] = (kind, cbor.encode(item))


def stolen_batch(story):
    story.sealed()
    records = story.sink.journals[-1].records
    records.remove([record for record in records if record[0] == 1][1])


def changed_body(story):
    """An entry replaced, with a fitting frame around it: only the hashes can tell."""
    story.sealed()
    records = story.sink.journals[-1].records
    at = [number for number, record in enumerate(records) if record[0] == 1][1]
    origin, bodies, seed, note = build.take_apart(records[at][1])
    bodies[2] = cbor.encode([32, 5, 8, None, {0: b"/innocent"}])
    first = build.HEADER.unpack_from(records[at][1])[5]
    records[at] = (1, build.make_batch(origin, first, bodies, seed, note, 1))


def reordered_record(story):
    """A batch after the fleet record of its own group."""
    story.sink.enrol(story.host)
    batch = story.host.epoch().seal()
    story.sink.group([], [[5, 1, 0, b""]], note=False)
    story.sink.commit(batch)


def two_commits_in_a_group(story):
    story.committed()
    heads = [[b"test/host/alpha/1", 9, H(b"x")]]
    leaf = leaf_hash(checkpoint_text("test/host/alpha/1", 9, H(b"x")))
    story.regroup(lambda item: item.__setitem__(3, None))
    story.sink.group([], [[1, 4, build.tree_root([leaf]), 1]], heads)


def head_committed_twice(story):
    heads = story.committed()
    leaves = [leaf_hash(checkpoint_text(origin.decode(), size, root)) for origin, size, root in heads]
    story.sink.group([], [[1, 4, build.tree_root(leaves), 2]], heads)


def other_root(heads):
    return [[*heads[0][:2], H(b"x")]] + heads[1:]


def heads_of_no_commit(story):
    heads = story.committed()
    story.sink.group([], [[5, 1, 0, b""]])
    story.regroup(lambda item: item.__setitem__(2, heads))


def unsorted_snapshot(story):
    story.committed()
    story.sink.new_journal()
    kind, payload = story.sink.journals[-1].records[0]
    item = cbor.decode(payload)
    item[3].reverse()
    story.sink.journals[-1].records[0] = (kind, cbor.encode(item))


def snapshot_of_another_checkpoint(story):
    story.sealed()
    story.sink.note = b"another"
    story.sink.new_journal()


def early_goodbye(story):
    epoch = story.begin()
    epoch.add(7, {0: 0})
    epoch.add(5, {})
    story.sink.commit(epoch.seal())


def reused_seal(story):
    epoch = story.begin()
    first = epoch.seal_signer
    batches = [epoch.seal(next_signer=first), epoch.seal()]
    story.sink.commit(*batches)


def batch_not_covered(story):
    epoch = story.begin()
    covered, more = epoch.seal(), epoch.seal()
    story.sink.commit(covered)
    records = story.sink.journals[-1].records
    records.insert(len(records) - 1, (1, more))


def enrolled_late(story):
    epoch = story.host.epoch()
    story.sink.enrolled[story.host.name] = (story.host, {})
    story.sink.commit(epoch.seal())
    story.sink.enrol(story.host)


def never_enrolled(story):
    story.sink.commit(story.host.epoch().seal())


def enrolled_twice(story):
    story.sink.enrol(story.host)
    story.sink.enrol(build.Host(story.cast, "alpha", salt="again"))


def one_key_for_two_hosts(story):
    story.sink.enrol(story.host)
    story.other.identity.private = story.host.identity.private
    key = story.host.identity.key
    story.other.identity.key = type(key)(story.other.identity.key.name, key.public)
    story.sink.enrol(story.other)


def seals_know_a_longer_fleet_log(story):
    story.sealed(fields={9: [1000, H(b"x")]})


def seals_know_another_fleet_log(story):
    story.sealed(fields={9: [1, H(b"x")]})


def second_genesis(story):
    story.sink.group([], [[2, 5, story.cast.genesis]])


def other_genesis(story):
    story.sink = build.Sink(build.Cast("other"))
    story.sink.cast = story.cast


def older_epoch_after_newer(story):
    story.sink.enrol(story.host)
    story.sink.commit(story.host.epoch(2, 1).seal())
    story.sink.commit(story.host.epoch(1, 0).seal())


def wrong_snapshot(story):
    story.sealed()
    story.sink.new_journal()
    kind, payload = story.sink.journals[-1].records[0]
    item = cbor.decode(payload)
    item[3][0][4] += 1
    story.sink.journals[-1].records[0] = (kind, cbor.encode(item))


def account(**change):
    """The account of the second batch in Story.sealed, which holds 10 events by then, changed."""
    order = ("emitted", "stored", "filtered", "lost", "exactness")
    values = dict(zip(order, (12, 10, 2, 0, 0))) | change
    return lambda story: story.sealed(fields={5: [values[name] for name in order]})


def set_head(at, value):
    def bend(story):
        story.sealed()
        story.regroup(lambda item: item[2][0].__setitem__(at, value))

    return bend


DAMAGES = {
    "a stolen batch": (stolen_batch, "missing: entries 8-13 are gone"),
    "a changed body": (changed_body, "altered: the note's root is not the entries'"),
    "a root that is not the entries'": (
        lambda s: s.sealed(root=H(b"x")),
        "altered: the note's root is not the entries'",
    ),
    "a foreign seal key": (
        lambda s: s.sealed(signer=build.Signer("test/host/alpha/1/seal", salt="x")),
        "wrongly-sealed: another seal key has signed",
    ),
    "a foreign identity key": (
        lambda s: s.sealed(identity=True, identity_signer=build.Signer("test/host/alpha", salt="x")),
        "wrongly-sealed: another identity key has signed",
    ),
    "no identity in the first batch": (
        lambda s: s.sink.commit(s.begin().seal(identity=False)),
        "wrongly-sealed: the first batch of an epoch lacks the",
    ),
    "a seal key used twice": (reused_seal, "wrongly-sealed: the seal key has signed before"),
    "a next seal key of small order": (
        lambda s: s.sealed(fields={4: bytes(32)}),
        "wrongly-sealed: the public key has small order",
    ),
    "a seal with another first": (
        lambda s: s.sealed(fields={0: 0}),
        "malformed: first or count of the seal is not the",
    ),
    "a seal with another count": (
        lambda s: s.sealed(fields={1: 1}),
        "malformed: first or count of the seal is not the",
    ),
    "a seal without a boot id": (lambda s: s.sealed(fields={2: None}), "malformed: kind 2: field 2 is absent"),
    "a seal with another posture": (
        lambda s: s.sealed(fields={7: H(b"x")}),
        "malformed: the posture hash is not the newest",
    ),
    "a seal without the posture": (
        lambda s: s.sealed(fields={7: None}),
        "malformed: the posture hash is not the newest",
    ),
    "a sum that does not add up": (account(emitted=13), "malformed: account: emitted is not stored +"),
    "events counted that are not there": (
        account(emitted=13, stored=11),
        "malformed: account: stored is 11, the epoch holds",
    ),
    "lost without a loss entry": (account(emitted=13, lost=1), "malformed: account: lost is 1, the loss entries"),
    "exactness without a loss entry": (account(exactness=3), "malformed: account: exactness is not the largest"),
    "a number that shrinks": (account(emitted=11, filtered=1), "malformed: account: a number has become smaller"),
    "a seal in the middle": (
        lambda s: s.with_entry(2, s.host.epoch().seal_fields(s.host.identity)),
        "malformed: the last entry of a batch is its seal,",
    ),
    "an epoch entry in the middle": (
        lambda s: s.with_entry(3, s.host.epoch()._epoch_fields(0)),
        "malformed: the first entry of an epoch is its",
    ),
    "a goodbye in the middle": (early_goodbye, "malformed: a goodbye is the last entry but the seal"),
    "a reference forward": (lambda s: s.with_entry(32, {}, 1000, 8), "malformed: process names no earlier entry"),
    "a field of another form": (
        lambda s: s.with_entry(32, {0: 5}, None, 8),
        "malformed: kind 32: field 0 has another form",
    ),
    "an epoch entry of another epoch": (
        lambda s: s.sink.commit(s.begin(extra={0: 9}).seal()),
        "malformed: the epoch entry is of another epoch",
    ),
    "epoch 1 with a cause": (
        lambda s: s.sink.commit(s.begin(extra={1: 2}).seal()),
        "malformed: epoch 1 has a cause other than 0",
    ),
    "another fleet log's key": (lambda s: s.sink.commit(s.begin(extra={5: b"x"}).seal()), "malformed: malformed vkey"),
    "another certificate": (
        lambda s: s.sink.commit(s.begin(extra={6: bytes(32)}).seal()),
        "malformed: the certificate is not the enrolment's",
    ),
    "a predecessor cut short": (
        lambda s: s.second_epoch(f2=[1, 1000, H(b"x")]),
        "truncated: epoch 1 had 1000 entries, the store has",
    ),
    "a predecessor with another root": (
        lambda s: s.second_epoch(f2=[1, 8, H(b"x")]),
        "forked: epoch 1 had another root at size 8",
    ),
    "a receipted head that is not there": (
        lambda s: s.second_epoch(f3=[1, 9, H(b"x")]),
        "truncated: epoch 1 had 9 entries, the store has 8",
    ),
    "a predecessor that comes later": (
        lambda s: s.second_epoch(f2=[2, 1, H(b"x")]),
        "malformed: names epoch 2 as an earlier one",
    ),
    "an older epoch after a newer one": (older_epoch_after_newer, "altered: test/host/alpha/1 comes after a newer"),
    "a batch that no commit covers": (batch_not_covered, "unreceipted: test/host/alpha/1: no commit covers the"),
    "a head of another size": (set_head(1, 3), "missing: there is no batch for the head"),
    "a head with another root": (set_head(2, H(b"x")), "altered: the heads do not make the commit's root"),
    "a head of another host": (set_head(0, b"test/host/nobody/1"), "unenrolled: the host is not enrolled before the"),
    "an enrolment after the commit": (enrolled_late, "unenrolled: the host is not enrolled before the"),
    "no enrolment": (never_enrolled, "unenrolled: no enrolment of the host"),
    "a host enrolled twice": (enrolled_twice, "malformed: the host is enrolled already"),
    "an identity key enrolled twice": (one_key_for_two_hosts, "cloned: the identity key was named before"),
    "an enrolment that nobody signed": (
        lambda s: s.sink.enrol(s.host, s.cast.enrol(s.host, [build.Signer("test/admin/eve")])),
        "wrongly-sealed: note: no known key has signed",
    ),
    "an enrolment with one signature": (
        lambda s: s.sink.enrol(s.host, s.cast.enrol(s.host, s.cast.admins)),
        "wrongly-sealed: enrol: too few signatures",
    ),
    "a second genesis statement": (second_genesis, "forked: a second genesis statement"),
    "another genesis statement": (other_genesis, "altered: entry 0 is not the genesis statement"),
    "a fleet entry of an unknown type": (
        lambda s: s.sink.group([], [[7, 0]]),
        "malformed: fleet entry: unknown type 7",
    ),
    "a fleet entry that is not CBOR": (
        lambda s: s.sink.group([], [[5, 0, 0, 0]]),
        "malformed: fleet entry: fields of type 5 do not fit",
    ),
    "a fleet log that skips": (
        lambda s: (s.sealed(), s.regroup(lambda item: item.__setitem__(0, 50))),
        "missing: expected entry 2",
    ),
    "a fleet note that is gone": (
        lambda s: (s.sealed(), s.regroup(lambda item: item.__setitem__(3, None))),
        "torn: an unfinished commit group",
    ),
    "a seal that knows a longer fleet log": (
        seals_know_a_longer_fleet_log,
        "truncated: the host saw a fleet log of 1000",
    ),
    "a seal that knows another fleet log": (
        seals_know_another_fleet_log,
        "split-view: the host saw another fleet log at size 1",
    ),
    "a snapshot that is ahead": (wrong_snapshot, "altered: snapshot: the hosts' epochs and sizes"),
    "a snapshot out of order": (unsorted_snapshot, "altered: snapshot: the hosts are not sorted"),
    "a snapshot with another checkpoint": (
        snapshot_of_another_checkpoint,
        "altered: snapshot: fleet size or checkpoint is",
    ),
    "a batch after its group's fleet record": (reordered_record, "altered: a batch after the fleet records of its"),
    "two commits in a group": (two_commits_in_a_group, "altered: more than one commit in a group"),
    "a head that is committed twice": (head_committed_twice, "altered: an earlier commit's head has size 8"),
    "a commit of another root": (
        lambda s: s.committed(root=H(b"x")),
        "altered: the heads do not make the commit's root",
    ),
    "a commit of another number": (lambda s: s.committed(count=3), "altered: the commit has another number of heads"),
    "a commit out of order": (
        lambda s: s.committed(lambda heads: heads[::-1]),
        "altered: the commit's origins are not ascending",
    ),
    "a commit of a head with another root": (
        lambda s: s.committed(other_root),
        "altered: the head's root is not the batch's",
    ),
    "a commit of a head without its batch": (
        lambda s: s.committed(lambda heads: heads + [[b"test/host/beta/2", 5, H(b"x")]]),
        "missing: there is no batch for the head",
    ),
    "an entry that is no commit and has heads": (heads_of_no_commit, "altered: an entry that is no commit has heads"),
    "a fleet note of another size": (
        lambda s: (s.committed(), s.renote(size=1)),
        "altered: the note's size is not the entry's",
    ),
    "a fleet note of another root": (
        lambda s: (s.committed(), s.renote(root=H(b"x"))),
        "altered: the note's root is not the fleet tree's",
    ),
    "a fleet note of another log": (
        lambda s: (s.committed(), s.renote("test/lag")),
        "altered: the checkpoint is of another log",
    ),
    "a fleet note with a second line": (
        lambda s: (s.committed(), s.renote(None, None, None, s.cast.admins[0])),
        "wrongly-sealed: the fleet log key's line is not the",
    ),
    "a batch note of another size": (lambda s: s.sealed(size=3), "altered: batch: the note has another size"),
    "a batch note of another origin": (
        lambda s: s.sealed(origin="test/host/alpha/2"),
        "altered: batch: the note has another origin",
    ),
}

# The rewrite to a segment puts the records in order.
UNSEEN_IN_SEGMENTS = "a batch after its group's fleet record"


def edit(path, change):
    def bend(store):
        target = store / path
        target.write_bytes(change(target.read_bytes()))

    return bend


def numbered(kind, number):
    return f"{kind}/{number:020d}.{kind}"


def write(path, data=b"x"):
    def bend(store):
        (store / path).parent.mkdir(parents=True, exist_ok=True)
        (store / path).write_bytes(data)

    return bend


def flip(at):
    def change(data):
        changed = bytearray(data)
        changed[at] ^= 0x10
        return bytes(changed)

    return change


def drop_last_group(store):
    """The last journal loses its last commit, whole, and its tiles are still there."""
    path = store / numbered("journal", 3)
    records = build.split_records(path.read_bytes())[:1]
    path.write_bytes(build.file_bytes(b"swljrnl1", 3, records))


def swap_batches(store):
    path = store / numbered("segment", 1)
    records = build.split_records(path.read_bytes()[:-16])
    records[0], records[1] = records[1], records[0]
    path.write_bytes(build.file_bytes(b"swlsegm1", 1, records) + path.read_bytes()[-16:])


def refile(number, to):
    return lambda store: (store / numbered("journal", number)).rename(store / numbered("journal", to))


# Damages to a written store: journal 1 is a segment there, 2 and 3 are journals.
FILE_DAMAGES = {
    "no genesis": (lambda store: (store / "genesis").unlink(), "missing"),
    "another genesis": (edit("genesis", flip(30)), "altered"),
    "an unknown name": (write("note.txt"), "altered"),
    "an unknown name among the journals": (write("journal/1.journal"), "altered"),
    "a link for a journal": (lambda store: os.symlink("/dev/zero", store / numbered("journal", 4)), "altered"),
    "a pipe for a journal": (lambda store: os.mkfifo(store / numbered("journal", 4)), "altered"),
    "a folder for a journal": (lambda store: (store / numbered("journal", 4)).mkdir(), "altered"),
    "a lock that holds something": (write("lock"), "altered"),
    "a journal gone": (lambda store: (store / numbered("journal", 2)).unlink(), "missing"),
    "a segment gone": (lambda store: (store / numbered("segment", 1)).unlink(), "missing"),
    "the last journal gone": (lambda store: (store / numbered("journal", 3)).unlink(), "truncated"),
    "a journal under another number": (refile(3, 4), "altered"),
    "a commit gone from the end": (drop_last_group, "truncated"),
    "a torn tail": (edit(numbered("journal", 3), lambda data: data + data[16:60]), "torn"),
    "a header alone, cut": (write(numbered("journal", 4), b"swljrn"), "torn"),
    "a cut in the middle": (edit(numbered("journal", 2), lambda data: data[:-20]), "altered"),
    "a flip in the first record": (edit(numbered("journal", 3), flip(40)), "altered"),
    "a flip in a header": (edit(numbered("journal", 3), flip(15)), "altered"),
    "a segment's batches swapped": (swap_batches, "altered"),
    "a segment's index flipped": (edit(numbered("segment", 1), flip(-40)), "altered"),
    "a segment's footer flipped": (edit(numbered("segment", 1), flip(-10)), "altered"),
    "a segment cut": (edit(numbered("segment", 1), lambda data: data[:-1]), "altered"),
    "a segment emptied": (write(numbered("segment", 1), b""), "altered"),
    "no fleet checkpoint": (lambda store: (store / "fleet/checkpoint").unlink(), "missing"),
    "no fleet folder": (lambda store: shutil.rmtree(store / "fleet"), "missing"),
    "a fleet checkpoint flipped": (edit("fleet/checkpoint", flip(12)), "wrongly-sealed"),
    "a tile gone": (lambda store: shutil.rmtree(store / "fleet/tile/0"), "missing"),
    "a tile flipped": (edit("fleet/tile/0/000.p/9", flip(5)), "altered"),
    "a bundle flipped": (edit("fleet/tile/entries/000.p/9", flip(5)), "altered"),
    "a stale tile that is wrong": (write("fleet/tile/0/000.p/1"), "altered"),
    "a tile of the future": (write("fleet/tile/0/001"), "altered"),
    "something else in the fleet folder": (write("fleet/tile/readme"), "altered"),
    "a refused fork": (write("forks/alpha.1.9.1"), "forked"),
    "something else among the forks": (write("forks/alpha.1.9.16"), "altered"),
}


class Damages(StoreCase):
    def test_every_damage_in_the_making(self):
        for number, (name, (bend, expected)) in enumerate(DAMAGES.items()):
            with self.subTest(name):
                story = Story()
                bend(story)
                self.store = self.root / str(number)
                story.sink.write(self.store)
                found = self.sentences(story.cast)
                self.assertTrue(any(sentence.startswith(expected) for sentence in found), found)

    def test_every_damage_is_still_a_fault_in_a_segment(self):
        for number, (name, (bend, _)) in enumerate(DAMAGES.items()):
            with self.subTest(name):
                story = Story()
                bend(story)
                self.store = self.root / str(number)
                story.sink.write(self.store, segments=1)
                self.assertEqual(self.outcome(story.cast)["fault"], name != UNSEEN_IN_SEGMENTS)

    def test_the_same_stories_without_a_damage_are_sound(self):
        for tell in (Story.sealed, Story.second_epoch, account()):
            story = Story()
            tell(story)
            story.sink.write(self.store)
            outcome = self.outcome(story.cast)
            self.assertFalse(outcome["fault"], outcome["findings"])
            shutil.rmtree(self.store)

    def test_every_damage_to_a_file(self):
        for number, (name, (bend, verdict)) in enumerate(FILE_DAMAGES.items()):
            with self.subTest(name):
                sink, _, _ = build.small_sink()
                self.store = self.root / str(number)
                sink.write(self.store, 1)
                bend(self.store)
                self.assertIn(verdict, self.verdicts(sink.cast))

    def test_a_segment_is_in_order_and_its_index_fits(self):
        for change, reason in (({"reverse": True}, "not in order"), ({"shift": 1}, "the index does not list")):
            sink, _, _ = build.small_sink()
            sink.write(self.store, 1)
            (self.store / numbered("segment", 1)).write_bytes(build.segment_bytes(sink.journals[0], **change))
            self.assertIn(reason, " ".join(self.sentences(sink.cast)))

    def test_losses_are_declared_and_no_fault(self):
        story = Story()
        epoch = story.begin()
        epoch.add(LOSS, {0: 1, 2: 3})
        epoch.add(LOSS, {0: 1, 1: 5, 2: 0})
        story.sink.commit(epoch.seal())
        story.sink.write(self.store)
        outcome = self.outcome(story.cast)
        self.assertFalse(outcome["fault"], outcome["findings"])
        self.assertEqual([finding["verdict"] for finding in outcome["hosts"][0]["findings"]], ["loss", "loss"])

    def test_batches_declared_as_never_shipped(self):
        story = Story()
        story.second_epoch(f2=[1, 12, H(b"x")], f8=[[1, 8, 4]])
        story.sink.write(self.store)
        outcome = self.outcome(story.cast)
        self.assertFalse(outcome["fault"], outcome["findings"])
        self.assertIn("loss", [finding["verdict"] for finding in outcome["findings"]])

    def test_unknown_statements_are_reported(self):
        story = Story()
        note = build.make_statement("grant", "test", [], [story.cast.admins[0]])
        story.sink.group([], [[2, 5, note]])
        story.sink.write(self.store)
        outcome = self.outcome(story.cast)
        self.assertFalse(outcome["fault"], outcome["findings"])
        self.assertEqual(len(outcome["remarks"]), 1)


class Hostile(StoreCase):
    """Bytes changed at random: never a crash, never silence."""

    ROUNDS = int(os.environ.get("SWORNLOG_FLIPS", "150"))

    def setUp(self):
        super().setUp()
        self.sink, _, _ = build.small_sink()
        self.sink.write(self.store, 1)
        self.random = random.Random(20261124)
        self.paths = sorted(path for path in self.store.rglob("*") if path.is_file() and path.name != "lock")

    def test_no_changed_byte_goes_unseen(self):
        for _ in range(self.ROUNDS):
            path = self.random.choice(self.paths)
            data = path.read_bytes()
            at = self.random.randrange(len(data))
            changed = bytearray(data)
            changed[at] ^= 1 << self.random.randrange(8)
            path.write_bytes(changed)
            with self.subTest(path=path.name, at=at):
                self.assertTrue(self.outcome(self.sink.cast)["fault"])
            path.write_bytes(data)

    def test_no_cut_goes_unseen(self):
        for _ in range(self.ROUNDS // 3):
            path = self.random.choice(self.paths)
            data = path.read_bytes()
            at = self.random.randrange(len(data))
            path.write_bytes(data[:at])
            with self.subTest(path=path.name, at=at):
                self.assertTrue(self.outcome(self.sink.cast)["fault"])
            path.write_bytes(data)

    def test_changes_under_fitting_check_bytes(self):
        path = self.store / numbered("journal", 2)
        data = path.read_bytes()
        for _ in range(self.ROUNDS):
            records = build.split_records(data)
            at = self.random.randrange(len(records))
            kind, payload = records[at]
            changed = bytearray(payload)
            where = self.random.randrange(len(payload))
            changed[where] ^= 1 << self.random.randrange(8)
            records[at] = (kind, bytes(changed))
            path.write_bytes(build.file_bytes(b"swljrnl1", 2, records))
            with self.subTest(record=at, kind=kind, where=where):
                fault = self.outcome(self.sink.cast)["fault"]
                self.assertTrue(fault or kind == 3 or same_entries(payload, bytes(changed)))


def same_entries(batch, changed):
    """Packed bytes may be spelt differently: no signature covers their spelling."""
    return build.take_apart(batch) == build.take_apart(changed)


if __name__ == "__main__":
    unittest.main()
