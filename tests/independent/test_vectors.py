"""The vectors of docs/vectors, read with the independent verifier's own functions."""
import hashlib
import tempfile
import unittest
from pathlib import Path

from announcements import check_signed, parse_announcement
from basics import Refused
from batches import parse_batch
from drill import check_drill
from entries import salts
from files import read_file
from findings import Findings
from fleetlog import check_in_fleet_log, parse_fleet_entry, parse_receipt
from notes import parse_checkpoint, parse_note
from proof import check_proof
from splitview import SplitView, convicts, parse_split_view
from statements import KINDS, check_enrolment, check_genesis, check_statement
from tree import Frontier, leaf_hash

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "vectors"


def text(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def unhex(name: str) -> bytes:
    return bytes.fromhex(text(name).decode().replace("\n", ""))


VALUES = dict(line.split(" ", 1) for line in text("values.txt").decode().splitlines())


class Vectors(unittest.TestCase):
    def setUp(self):
        self.genesis = check_genesis(text("genesis.txt"))

    def test_statements_are_signed_as_the_genesis_demands(self):
        enrolment = check_enrolment(text("enrol.txt"), self.genesis)
        self.assertEqual(enrolment.host, "web-1")

    def test_a_statement_of_each_kind_is_read(self):
        genesis = check_genesis(text("statement-genesis.txt"))
        for kind in KINDS:
            with self.subTest(kind):
                self.assertEqual(check_statement(text(f"statement-{kind}.txt"), genesis).kind, kind)

    def test_batches_hash_to_the_roots_that_are_named(self):
        tree = Frontier()
        for i in range(3):
            batch = parse_batch(unhex(f"batch{i}.hex"))
            for leaf in batch.leaves(batch.bodies()):
                tree.add(leaf)
            self.assertEqual(tree.root().hex(), VALUES[f"batch{i}-root"])
            self.assertEqual(tree.root(), batch.checkpoint().root)

    def test_one_entry_from_body_to_leaf(self):
        batch = parse_batch(unhex("batch0.hex"))
        body, salt = batch.bodies()[1], salts(batch.seed, 2)[1]
        self.assertEqual(body.hex(), VALUES["entry1-body"])
        self.assertEqual(salt.hex(), VALUES["entry1-salt"])
        self.assertEqual(leaf_hash(salt + body).hex(), VALUES["entry1-leaf"])

    def test_the_receipt_proves_its_head(self):
        head = check_in_fleet_log(parse_receipt(text("receipt.txt")), self.genesis.log)
        self.assertEqual(head.root.hex(), VALUES["fleet-root"])

    def test_the_announcement_is_of_the_first_batch(self):
        entry = parse_fleet_entry(bytes.fromhex(VALUES["announce-entry"]))
        self.assertEqual(entry[:2], [6, 1795507280000000])
        self.assertEqual(entry[2], parse_batch(unhex("batch0.hex")).note_bytes)
        origin, head = parse_announcement(entry[2])
        check_signed(entry[2], origin, check_enrolment(text("enrol.txt"), self.genesis).identity)
        self.assertEqual(head.root.hex(), VALUES["batch0-root"])

    def test_the_proof_files_prove_their_entries(self):
        for name, index, links in (("proof-direct.txt", 1, 0), ("proof-linked.txt", 6, 2)):
            checked = check_proof(text(name), text("genesis.txt"))
            self.assertEqual((checked.entry.index, len(checked.proof.links)), (index, links))
            self.assertEqual(checked.process.index, 0)
        with self.assertRaisesRegex(Refused, "revoked"):
            check_proof(text("proof-revoked.txt"), text("genesis.txt"))

    def test_the_record_carries_its_check_bytes(self):
        record = unhex("record.hex")
        number_and_offset = (1).to_bytes(8, "big") + (16).to_bytes(8, "big")
        check = hashlib.sha256(b"swljrnl1" + number_and_offset + record[:-8]).digest()[:8]
        self.assertEqual(record[-8:], check)

    def test_packed_batches_hold_the_entries_of_the_plain_one(self):
        plain = parse_batch(unhex("batch1.hex"))
        for codec, name in ((1, "batch1-deflate.hex"), (2, "batch1-zstd.hex")):
            batch = parse_batch(unhex(name))
            self.assertEqual(batch.codec, codec)
            self.assertEqual(batch.bodies(), plain.bodies())
            self.assertEqual(batch.note_bytes, plain.note_bytes)

    def test_the_witnessed_receipt_proves_its_head_too(self):
        receipt = parse_receipt(text("receipt-witnessed.txt"))
        head = check_in_fleet_log(receipt, self.genesis.log)
        then = parse_checkpoint(parse_note(receipt.witnessed).text)
        self.assertEqual((then.size, head.size, len(parse_note(receipt.witnessed).lines)), (2, 3, 3))

    def test_the_conflict_is_a_head_and_its_receipt(self):
        note, receipt = parse_batch(unhex("batch2.hex")).note_bytes, text("receipt.txt")
        head = b"swornlog-conflict/v1\nreason fork\nepoch 1\nsize 13\n"
        parts = b"note %d\n%breceipt %d\n%b" % (len(note), note, len(receipt), receipt)
        self.assertEqual(text("conflict.txt"), head + parts)

    def test_the_journal_and_its_segment_hold_the_same(self):
        contents = []
        for kind in ("journal", "segment"):
            findings = Findings()
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"{1:020}.{kind}"
                path.write_bytes(unhex(f"{kind}.hex"))
                file = read_file(kind, 1, path, findings, is_last=False)
            self.assertTrue(file.whole, findings)
            contents.append(file.content())
        batches, fleet = contents[0]
        self.assertEqual(contents[0], contents[1])
        self.assertEqual((len(batches), len(fleet)), (3, 3))

    def test_the_result_of_a_drill_is_signed_by_a_person_and_not_good(self):
        drill = check_drill(text("drill.txt"), self.genesis)
        self.assertEqual([sin.outcome for sin in drill.sins], ["caught", "missed"])
        self.assertFalse(drill.good)
        with self.assertRaises(Refused):
            check_drill(text("drill.txt").replace(b"missed", b"caught"), self.genesis)


class SplitViewVector(unittest.TestCase):
    data = text("split-view.txt")

    def test_it_convicts_the_log(self):
        first, second = convicts(parse_split_view(self.data))
        self.assertEqual((first.size, second.size), (3, 5))

    def test_nothing_in_it_can_be_changed_or_left_out(self):
        for at in range(len(self.data)):
            line = self.data[: at + 1].rsplit(b"\n", 1)[-1]
            if line.startswith((b"from ", b"fro", b"root")):
                continue
            with self.assertRaises(Refused):
                convicts(parse_split_view(self.data[:at]))
            flipped = self.data[:at] + bytes([self.data[at] ^ 4]) + self.data[at + 1 :]
            with self.assertRaises(Refused):
                convicts(parse_split_view(flipped))

    def test_an_honest_pair_convicts_nobody(self):
        view = parse_split_view(self.data)
        for notes in ([view.notes[0]] * 2, [view.notes[1]] * 2, view.notes[::-1]):
            with self.assertRaises(Refused):
                convicts(SplitView(view.logs, notes, view.root, view.proof))
            with self.assertRaises(Refused):
                convicts(SplitView(view.logs, notes, None, []))


if __name__ == "__main__":
    unittest.main()
