"""The vectors of docs/vectors, read with the independent verifier's own functions."""
import hashlib
import unittest
from pathlib import Path

from batches import parse_batch
from entries import salts
from fleetlog import check_in_fleet_log, parse_receipt
from statements import check_enrolment, check_genesis
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

    def test_the_record_carries_its_check_bytes(self):
        record = unhex("record.hex")
        number_and_offset = (1).to_bytes(8, "big") + (16).to_bytes(8, "big")
        check = hashlib.sha256(b"swljrnl1" + number_and_offset + record[:-8]).digest()[:8]
        self.assertEqual(record[-8:], check)


if __name__ == "__main__":
    unittest.main()
