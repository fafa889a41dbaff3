#!/usr/bin/python3
"""The same checks against public data: a real tile log, real cosignatures, edge cases of Ed25519.

The data lies beside the checkout (../shared/data, or where SWORNLOG_TEST_DATA says) and is no part of the project.
"""

import json
import os
import unittest
from pathlib import Path

from basics import Key, Refused, parse_vkey
from notes import check_fleet_checkpoint, parse_checkpoint, parse_note, verify_note
from tiles import parse_bundle
from tree import Tree, leaf_hash, tile_bytes

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SWORNLOG_TEST_DATA", CHECKOUT.parent / "shared" / "data"))
LOG = parse_vkey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
WITNESS = parse_vkey("witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN")
MIRROR = parse_vkey("mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O")
ROME = "witness/{}/000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706"


def folder(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        raise unittest.SkipTest(f"skipped: the public data {name} is not beside the checkout ({DATA})")
    return path


class TesseraLog(unittest.TestCase):
    def test_every_size_of_a_real_log(self):
        log = folder("tessera-log")
        bundle = parse_bundle((log / "tile/entries/000.p/15").read_bytes())
        for size in range(16):
            with self.subTest(size=size):
                checkpoint = check_fleet_checkpoint((log / f"checkpoint.{size}").read_bytes(), LOG, alone=True)
                tree = Tree(leaf_hash(entry) for entry in bundle[:size])
                self.assertEqual((checkpoint.size, checkpoint.root), (size, tree.root()))

    def test_tiles_and_bundles_of_a_real_log(self):
        log = folder("tessera-log")
        for size in range(1, 16):
            entries = parse_bundle((log / f"tile/entries/000.p/{size}").read_bytes())
            self.assertEqual(len(entries), size)
            tree = Tree(leaf_hash(entry) for entry in entries)
            self.assertEqual((log / f"tile/0/000.p/{size}").read_bytes(), tile_bytes(tree, 0, 0, size))

    def test_another_text_does_not_verify(self):
        data = (folder("tessera-log") / "checkpoint.7").read_bytes()
        with self.assertRaises(Refused):
            check_fleet_checkpoint(data.replace(b"\n7\n", b"\n8\n"), LOG, alone=True)


class Cosignatures(unittest.TestCase):
    def check(self, path: Path, key: Key):
        data = path.read_bytes()
        note = parse_note(data)
        self.assertEqual(verify_note(note, [key]), [key])
        with self.assertRaises(Refused):
            verify_note(parse_note(data.replace(b"\n300\n", b"\n301\n")), [key])
        return parse_checkpoint(note.text)

    def test_a_real_cosignature(self):
        base = folder("cosignature")
        self.check(base / ROME.format("") / "checkpoint", WITNESS)

    def test_a_real_mirror_and_its_tiles(self):
        mirror = folder("cosignature") / ROME.format("mirror")
        checkpoint = self.check(mirror / "checkpoint", MIRROR)
        hashes = (mirror / "tile/0/000").read_bytes() + (mirror / "tile/0/001.p/44").read_bytes()
        tree = Tree(hashes[at : at + 32] for at in range(0, len(hashes), 32))
        self.assertEqual((tree.size, tree.root()), (checkpoint.size, checkpoint.root))
        self.assertEqual((mirror / "tile/1/000.p/1").read_bytes(), tile_bytes(tree, 1, 0, 1))


class Ed25519(unittest.TestCase):
    # Without the cofactor, canonical, no key of small order: what section 2 asks for.
    REFUSED = {"low_order_residue", "low_order_A", "non_canonical_A", "non_canonical_R"}

    def test_edge_cases_of_verification(self):
        for vector in json.loads(folder("ed25519vectors.json").read_text()):
            key = Key("x", bytes.fromhex(vector["key"]))
            valid = key.verifies(vector["msg"].encode(), bytes.fromhex(vector["sig"]))
            with self.subTest(number=vector["number"], flags=vector["flags"]):
                self.assertEqual(valid, not self.REFUSED & set(vector["flags"] or ()))


if __name__ == "__main__":
    unittest.main()
