#!/usr/bin/python3
"""Keys, notes, CBOR, trees, batches, receipts, statements, spool: each on its own."""

import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import build
import cbor
from basics import (
    H,
    TYPE_COSIGNATURE,
    Key,
    Origin,
    Refused,
    check_public_key,
    decimal,
    is_label,
    parse_origin,
    parse_vkey,
    unbase64,
)
from batches import MAX_RAW, parse_batch, parse_prefix
from entries import body_faults, parse_body, salts
from fleetlog import check_receipt, parse_fleet_entry, parse_receipt
from notes import Checkpoint, parse_checkpoint, parse_note, verify_note
from spool import check_spool, parse_base, parse_epoch_file, parse_slots
from statements import check_enrolment, check_genesis, check_other
from tiles import parse_tile_path
from tree import EMPTY_ROOT, Frontier, Tree, leaf_hash, tile_name, verify_consistency, verify_inclusion


class Case(unittest.TestCase):
    def refuses(self, function, *args, **kwargs) -> Refused:
        with self.assertRaises(Refused) as caught:
            function(*args, **kwargs)
        return caught.exception


class Basics(Case):
    def test_decimals_have_one_form(self):
        self.assertEqual(decimal(b"0"), 0)
        self.assertEqual(decimal(b"9223372036854775807"), 2**63 - 1)
        for wrong in (b"", b"00", b"01", b"+1", b"-1", b" 1", b"1\n", b"9223372036854775808", "٣".encode()):
            self.refuses(decimal, wrong)

    def test_base64_has_one_form(self):
        self.assertEqual(unbase64(b"AAE="), b"\0\1")
        for wrong in (b"AAE", b"AAF=", b"AA E=", b"AAE=\n", b"AA-_", b"AAE=="):
            self.refuses(unbase64, wrong)

    def test_labels_and_origins(self):
        for good in ("a", "0", "a.b", "a" * 63, "a-1"):
            self.assertTrue(is_label(good), good)
        for wrong in ("", "-a", "a-", "A", "a_b", "a" * 64, "a\n", ".", "ä"):
            self.assertFalse(is_label(wrong), wrong)
        self.assertEqual(parse_origin(b"f/host/h/4294967295"), Origin("f", "h", 4294967295))
        for wrong in (b"f/host/h/0", b"f/host/h/4294967296", b"f/host/h/01", b"f/hosts/h/1", b"f/host/h", b"\xff"):
            self.refuses(parse_origin, wrong)

    def test_vkeys_carry_their_own_check(self):
        key = build.Signer("f/log").key
        self.assertEqual(parse_vkey(key.vkey), key)
        self.refuses(parse_vkey, key.vkey.replace("f/log", "g/log"))
        self.refuses(parse_vkey, key.vkey[:-4])
        self.refuses(parse_vkey, Key("f/log", key.public, 2).vkey)

    def test_public_keys_of_small_order_are_refused(self):
        for public in (bytes(32), b"\x01" + bytes(31), b"\x01" + bytes(30) + b"\x80", b"\xee" + b"\xff" * 31):
            self.refuses(check_public_key, public)

    def test_rfc_8032_signature(self):
        public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        signature = bytes.fromhex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        )
        key = Key("x", public)
        self.assertTrue(key.verifies(b"\x72", signature))
        self.assertFalse(key.verifies(b"\x73", signature))
        order = 2**252 + 27742317777372353535851937790883648493
        s = int.from_bytes(signature[32:], "little") + order
        self.assertFalse(key.verifies(b"\x72", signature[:32] + s.to_bytes(32, "little")))


class Cbor(Case):
    def test_round_trip(self):
        value = [
            0,
            23,
            24,
            255,
            256,
            65535,
            65536,
            2**32 - 1,
            2**32,
            2**64 - 1,
            -1,
            -25,
            -(2**64),
            b"",
            b"x" * 300,
        ]
        value += [True, False, None, [], {}, {0: [], 24: {1: b"a"}}]
        self.assertEqual(cbor.decode(cbor.encode(value)), value)

    def test_every_other_form_is_refused(self):
        wrong = {
            "not shortest": ("1817", "190001", "1a0000ffff", "1b00000000ffffffff", "3800", "580100", "980100"),
            "indefinite": ("9fff", "bfff", "5fff", "ff"),
            "text, tags, floats, undefined, simple": ("6161", "c101", "f90000", "f7", "f820", "e0", "f0"),
            "map keys": ("a20000" "0000", "a201000000", "a14100f6", "a12000", "a1f6f6", "a18000"),
            "cut or continued": ("", "81", "4261", "0000", "1b00", "9bffffffffffffffff", "bbffffffffffffffff"),
            "reserved": ("1c", "1d", "1e", "1f"),
        }
        for name, items in wrong.items():
            for item in items:
                with self.subTest(name, item=item):
                    self.refuses(cbor.decode, bytes.fromhex(item))

    def test_eight_levels_and_no_more(self):
        cbor.decode(b"\x81" * 7 + b"\x80")
        cbor.decode(b"\x81" * 8 + b"\x00")
        self.refuses(cbor.decode, b"\x81" * 8 + b"\x80")
        self.refuses(cbor.decode, b"\x81" * 100000)


class Trees(Case):
    # The well-known inputs and roots of the certificate transparency test suites.
    DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    ROOT_8 = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"

    def test_known_root(self):
        leaves = [leaf_hash(bytes.fromhex(item)) for item in self.DATA]
        self.assertEqual(Tree(leaves).root().hex(), self.ROOT_8)
        self.assertEqual(Tree().root(), EMPTY_ROOT)

    def test_frontier_and_tree_agree(self):
        leaves = [leaf_hash(b"%d" % i) for i in range(70)]
        tree, frontier = Tree(leaves), Frontier()
        for size, leaf in enumerate(leaves):
            self.assertEqual(tree.root(size), frontier.root())
            self.assertEqual(tree.frontier(size), frontier.hashes)
            frontier.add(leaf)

    def test_every_proof_of_small_trees(self):
        leaves = [leaf_hash(b"%d" % i) for i in range(17)]
        for size in range(1, 18):
            root = build.tree_root(leaves[:size])
            for index in range(size):
                path = build.inclusion_path(index, leaves[:size])
                verify_inclusion(index, size, leaves[index], path, root)
                self.refuses(verify_inclusion, index, size, leaves[index], path + [root], root)
                self.refuses(verify_inclusion, size, size, leaves[index], path, root)
                if path:
                    self.refuses(verify_inclusion, index, size, leaves[index], path[:-1], root)
            self._consistencies(leaves[:size], root)

    def _consistencies(self, leaves, root):
        for old in range(len(leaves) + 1):
            path = build.consistency_path(old, leaves)
            old_root = build.tree_root(leaves[:old])
            verify_consistency(old, len(leaves), old_root, root, path)
            self.refuses(verify_consistency, old, len(leaves), old_root, root, path + [root])
            if path:
                self.refuses(verify_consistency, old, len(leaves), old_root, root, path[1:])
                self.refuses(verify_consistency, old, len(leaves), H(b"other"), root, path)

    def test_tile_names(self):
        self.assertEqual(tile_name(1234067), "x001/x234/067")
        self.assertEqual(parse_tile_path("tile/0/x001/x234/067.p/8"), (0, 1234067, 8))
        self.assertEqual(parse_tile_path("tile/entries/000"), ("entries", 0, 256))
        for wrong in (
            "tile/00/000",
            "tile/0/x000/001",
            "tile/0/0",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000/",
        ):
            self.refuses(parse_tile_path, wrong)


class Notes(Case):
    def setUp(self):
        self.a, self.b = build.Signer("f/a"), build.Signer("f/b")

    def signers(self, data, *signers):
        return verify_note(parse_note(data), [signer.key for signer in signers])

    def test_known_lines_are_verified_and_unknown_ones_passed_over(self):
        data = build.make_note(b"text\n\nmore\n", self.b, self.a)
        self.assertEqual(self.signers(data, self.a), [self.a.key])
        self.assertEqual(self.signers(data, self.a, self.b), [self.b.key, self.a.key])
        self.refuses(self.signers, data, build.Signer("f/c"))
        self.refuses(self.signers, data.replace(b"text", b"tent"), self.a)

    def test_a_second_line_of_a_key_is_passed_over(self):
        data = build.make_note(b"text\n", self.a)
        line = self.a.line(b"other\n")
        self.assertEqual(self.signers(data + line, self.a), [self.a.key])
        self.refuses(self.signers, b"text\n\n" + line + self.a.line(b"text\n"), self.a)

    def test_malformed_notes_are_refused(self):
        good = build.make_note(b"text\n", self.a)
        line = self.a.line(b"text\n")
        wrong = [b"", b"\n", b"text\n", b"text\n\n", good[:-1], good + b"\n", good + b"x\n", b"te\x01xt\n\n" + line]
        wrong += [b"te\xffxt\n\n" + line, b"te\rxt\n\n" + line, b"text\n\n" + line * 101, b"x" * 16384 + b"\n\n" + line]
        wrong += [b"text\n\n" + line.replace(b"f/a", name) for name in (b"", b"f+a", b"f a", "f\u2003a".encode())]
        wrong += [b"text\n\n" + "\u2014 f/a AAAAAA==\n".encode(), good.replace("\u2014".encode(), b"-")]
        for data in wrong:
            with self.subTest(data=data[:80]):
                self.refuses(parse_note, data)

    def test_checkpoints_are_three_lines(self):
        root = build.base64_text(EMPTY_ROOT)
        self.assertEqual(parse_checkpoint(b"o\n0\n" + root + b"\n"), Checkpoint("o", 0, EMPTY_ROOT))
        for wrong in (
            b"o\n0\n" + root,
            b"o\n00\n%s\n" % root,
            b"o\n0\n%s\nx\n" % root,
            b"\n0\n%s\n" % root,
            b"o\n0\nAA==\n",
        ):
            self.refuses(parse_checkpoint, wrong)

    def test_cosignatures(self):
        witness = build.Signer("w.example", TYPE_COSIGNATURE)
        data = build.make_note(b"o\n0\n%s\n" % build.base64_text(EMPTY_ROOT), self.a, witness)
        self.assertEqual(self.signers(data, witness), [witness.key])
        later = data.replace(b"o\n0", b"o\n1")
        self.refuses(self.signers, later, witness)


class Entries(Case):
    def faults(self, kind, fields, process=None, sensors=1, index=9):
        return list(body_faults(parse_body(cbor.encode([kind, 0, sensors, process, fields]), index)))

    def test_known_kinds_are_held_to_their_fields(self):
        self.assertEqual(self.faults(16, {0: 1}, 3, 2), [])
        self.assertEqual(self.faults(5, {}), [])
        self.assertEqual(self.faults(4, build.posture_fields()), [])
        self.assertEqual(self.faults(64, {0: 1, 1: 2, 2: 3, 3: [[1, b"x"]]}), [])
        self.assertTrue(self.faults(16, {}))
        self.assertTrue(self.faults(16, {0: -1}))
        self.assertTrue(self.faults(16, {0: True}))
        self.assertTrue(self.faults(16, {0: 1, 7: [0, 0, 0]}))
        self.assertTrue(self.faults(33, {2: 1}))
        self.assertTrue(self.faults(64, {0: 1, 1: 2, 2: 3, 3: [[1, 2]]}))
        self.assertTrue(self.faults(6, {0: 1, 2: 4}))

    def test_unknown_kinds_and_fields_are_carried(self):
        self.assertEqual(self.faults(1000, {5: [b"x", {0: -5}]}, 0, 2**40), [])
        self.assertEqual(self.faults(1, {0: b"key", 1: b"sealed"}), [])
        self.assertEqual(self.faults(16, {0: 1, 99: b"new"}), [])

    def test_references_name_earlier_entries(self):
        self.assertTrue(self.faults(32, {}, 9))
        self.assertTrue(self.faults(17, {0: 1, 3: 9}))
        self.assertTrue(self.faults(17, {0: 1, 21: 10}))
        self.assertEqual(self.faults(17, {0: 1, 3: 8, 21: 0}, 8), [])

    def test_the_logs_own_entries_have_no_process(self):
        self.assertTrue(self.faults(5, {}, 3))
        self.assertTrue(self.faults(5, {}, None, 2))

    def test_bodies_are_arrays_of_five(self):
        for wrong in ([], [16, 0, 1, None], [16, 0, 1, None, {}, 0], [-1, 0, 1, None, {}], [16, 0, 1, None, []], {}):
            self.refuses(parse_body, cbor.encode(wrong), 9)
        self.refuses(parse_body, b"", 0)

    def test_salts_are_the_aes_counter_stream(self):
        seed = bytes.fromhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        three = salts(seed, 3)
        self.assertEqual(three[0].hex(), "f29000b62a499fd0a9f39a6add2e7780")
        self.assertEqual(len(set(three)), 3)


class Batches(Case):
    def setUp(self):
        self.host = build.Host(build.Cast(), "alpha")

    def batch(self, codec=1):
        epoch = self.host.epoch()
        epoch.add_events(200)
        return epoch.seal(codec)

    def test_every_codec_carries_the_same_entries(self):
        bodies = [parse_batch(self.batch(codec)).bodies() for codec in (0, 1, 2)]
        self.assertEqual(bodies[0], bodies[1])
        self.assertEqual(bodies[0], bodies[2])

    def test_batches_follow_each_other(self):
        first, rest = parse_prefix(self.batch(0) + self.batch(1))
        self.assertEqual(first.codec, 0)
        self.assertEqual(parse_batch(rest).codec, 1)
        self.refuses(parse_batch, self.batch() + b"x")

    def change(self, at, *new, codec=1):
        data = bytearray(self.batch(codec))
        data[at : at + len(new)] = bytes(new)
        return bytes(data)

    def test_headers_outside_the_limits_are_refused(self):
        for at, new in ((0, b"x"), (8, b"\3"), (9, b"\0"), (9, b"\x90"), (10, b"\1"), (11, b"\1"), (12, b"\0\0\0\0")):
            self.refuses(parse_batch, self.change(at, *new))
        for at in (12, 24, 28, 32):
            self.refuses(parse_batch, self.change(at, 255, 255, 255, 255))
        for cut in range(0, 68):
            self.refuses(parse_batch, self.batch()[:cut])

    def repacked(self, packed, codec, raw_length, count=1):
        header = build.HEADER.pack(b"swlbatc1", codec, 10, b"\0\0", count, 0, raw_length, len(packed), 0, bytes(32))
        return parse_batch(header + b"f/host/h/1" + packed)

    def test_unpacking_is_exact(self):
        raw = b"\0\2ab"
        for codec in (0, 1, 2):
            packed = build.pack(codec, raw)
            self.assertEqual(self.repacked(packed, codec, 4).bodies(), [b"ab"])
            for length in (3, 5):
                if codec:
                    self.refuses(self.repacked(packed, codec, length).bodies)
            self.refuses(self.repacked(packed, codec, 4, 2).bodies)
            if codec:
                self.refuses(self.repacked(packed + b"x", codec, 4).bodies)
                self.refuses(self.repacked(packed + packed, codec, 4).bodies)
                self.refuses(self.repacked(packed[:-1], codec, 4).bodies)
                self.refuses(self.repacked(b"", codec, 4).bodies)

    def test_a_bomb_is_not_unpacked(self):
        for codec in (1, 2):
            packed = build.pack(codec, bytes(MAX_RAW * 4))
            self.refuses(self.repacked(packed, codec, MAX_RAW).bodies)

    def test_entries_fill_the_raw_length(self):
        for raw in (b"\0\0", b"\0\3ab", b"\0\1ab", b"\0\1a\0", b"\xff\xf0" + bytes(0xFFF0)):
            self.refuses(self.repacked(raw, 0, len(raw)).bodies)


class Receipts(Case):
    def setUp(self):
        self.sink, self.hosts, _ = build.small_sink()
        self.log = self.sink.cast.log.key

    def held(self, size):
        return Checkpoint("test/log", size, build.tree_root(self.sink.leaves[:size])) if size else None

    def own(self, host):
        committed, position = self.sink.commits[host.name]
        return parse_checkpoint(committed.heads[position].text)

    def test_receipts_prove_heads_from_every_fleet_head(self):
        for host in self.hosts:
            for held in range(len(self.sink.leaves) + 1):
                receipt = parse_receipt(self.sink.receipt(host, held))
                check_receipt(receipt, self.log, self.own(host), self.held(held))

    def test_a_receipt_for_another_head_or_fleet_head_is_refused(self):
        receipt = parse_receipt(self.sink.receipt(self.hosts[0], 3))
        own = self.own(self.hosts[0])
        self.refuses(check_receipt, receipt, self.log, own, self.held(4))
        self.refuses(check_receipt, receipt, self.log, own, None)
        self.refuses(check_receipt, receipt, self.log, own, Checkpoint("test/log", 3, H(b"x")))
        self.refuses(check_receipt, receipt, self.log, own._replace(root=H(b"x")), self.held(3))
        ahead = self.refuses(check_receipt, receipt, self.log, own, Checkpoint("test/log", 1000, H(b"x")))
        self.assertEqual(ahead.verdict, "truncated")

    def test_a_receipt_whose_entry_is_no_commit_is_refused(self):
        index = len(self.sink.leaves) - 4
        sink_entry = cbor.decode(self.sink.entries[index])
        self.assertEqual(sink_entry[0], 5)
        receipt = parse_receipt(self.sink.receipt(self.hosts[0]))
        path = build.inclusion_path(index, self.sink.leaves)
        bent = replace(receipt, entry=self.sink.entries[index], index=index, fleet_path=path)
        refused = self.refuses(check_receipt, bent, self.log, self.own(self.hosts[0]), None)
        self.assertIn("not this commit", refused.reason)
        bent = replace(receipt, heads=receipt.heads + 1)
        self.assertIn(
            "not this commit", self.refuses(check_receipt, bent, self.log, self.own(self.hosts[0]), None).reason
        )

    def test_every_changed_byte_of_a_receipt_is_found(self):
        data = self.sink.receipt(self.hosts[0], 3)
        own, held = self.own(self.hosts[0]), self.held(3)
        for at in range(len(data)):
            changed = bytearray(data)
            changed[at] ^= 1
            with self.subTest(at=at):
                self.refuses(lambda: check_receipt(parse_receipt(bytes(changed)), self.log, own, held))

    def with_witnessed(self, size, **other):
        witness = build.Signer("witness.test/w1", build.TYPE_COSIGNATURE)
        note = self.sink.make_checkpoint(witness, size=size)
        return self.sink.receipt(self.hosts[0], 3, **({"witnessed": note, "witnessed_size": size} | other))

    def test_a_witnessed_checkpoint_is_proven_to_be_of_the_same_history(self):
        own, held = self.own(self.hosts[0]), self.held(3)
        for size in range(1, len(self.sink.leaves) + 1):
            check_receipt(parse_receipt(self.with_witnessed(size)), self.log, own, held)
        none = parse_receipt(self.with_witnessed(0, witnessed=b""))
        self.assertEqual(none.witnessed, b"")
        check_receipt(none, self.log, own, held)
        self.assertIsNone(parse_receipt(self.sink.receipt(self.hosts[0], 3)).witnessed)

    def test_a_witnessed_checkpoint_that_does_not_fit_is_refused(self):
        own, held = self.own(self.hosts[0]), self.held(3)
        good = parse_receipt(self.with_witnessed(4))
        for bent in (
            replace(good, witnessed_proof=good.witnessed_proof[1:]),
            replace(good, witnessed=good.witnessed.replace(b"test/log\n4", b"test/log\n5")),
            replace(good, witnessed=build.make_note(parse_note(good.witnessed).text, build.Signer("test/lag"))),
        ):
            self.refuses(check_receipt, bent, self.log, own, held)
        forked = build.checkpoint_text("test/log", 4, H(b"another history"))
        bent = replace(good, witnessed=build.make_note(forked, self.sink.cast.log))
        self.refuses(check_receipt, bent, self.log, own, held)
        data = self.sink.receipt(self.hosts[0], 3)
        for part in (b"witnessed 0\n", b"witnessed 16385\n\n", b"witnessed 00\n\n", b"witnessed 9999\n\n"):
            self.refuses(parse_receipt, data.replace(b"\n\ntest/log\n", b"\n\n" + part + b"test/log\n"))

    def test_every_changed_byte_of_a_witnessed_part_but_the_witness_line_is_found(self):
        data = self.with_witnessed(4)
        own, held = self.own(self.hosts[0]), self.held(3)
        line = build.DASH.encode() + b"witness.test/w1 "
        begin = data.index(line)
        end = data.index(b"\n", begin)
        for at in range(data.index(b"witnessed "), len(data)):
            if begin <= at < end:
                continue
            changed = bytearray(data)
            changed[at] ^= 1
            with self.subTest(at=at):
                self.refuses(lambda: check_receipt(parse_receipt(bytes(changed)), self.log, own, held))

    def test_fleet_entries_have_their_form(self):
        for item in ([1, 0, H(b""), 1], [2, 0, b""], [3, 0], [4, 0, b"x", None], [5, 0, 0, b""]):
            parse_fleet_entry(cbor.encode(item))
        for item in ([1, 0, H(b"")], [1, 0, H(b""), 0], [1, 0, b"", 1], [2, 0], [5, 0, 0], [6, 0], [1], [], {}, 5):
            self.refuses(parse_fleet_entry, cbor.encode(item))


class Statements(Case):
    def setUp(self):
        self.cast = build.Cast(need=(2, 1))
        self.genesis = check_genesis(self.cast.genesis)
        self.host = build.Host(self.cast, "alpha")

    def test_the_genesis_statement_yields_the_fleet(self):
        self.assertEqual(self.genesis.fleet, "test")
        self.assertEqual(self.genesis.log, self.cast.log.key)
        self.assertEqual(self.genesis.need("enrol"), (2, 1))

    def genesis_of(self, change, signers=None):
        lines = change(self.cast.genesis_lines())
        return build.make_statement("genesis", "test", lines, signers or self.cast.people)

    def test_other_genesis_statements_are_refused(self):
        changes = [
            lambda lines: lines[:-1],
            lambda lines: lines[1:],
            lambda lines: lines[:1] + lines[3:],
            lambda lines: lines[:3] + lines[5:],
            lambda lines: lines[:1] + lines[3:5] + lines[1:3] + lines[5:],
            lambda lines: lines[:2] + lines[1:],
            lambda lines: lines + [""],
            lambda lines: lines[:-1] + ["need enrol 0 0"],
            lambda lines: lines[:-1] + ["need enrol 3 0"],
            lambda lines: lines[:-1] + ["need enrol 1 01"],
            lambda lines: [lines[0].replace("test/log", "test/lag")] + lines[1:],
            lambda lines: lines[:1] + [f"admin {build.Signer('test/boss/ada').key.vkey}"] + lines[1:],
            lambda lines: lines[:1] + [f"admin {Key('test/admin/log', self.cast.log.key.public).vkey}"] + lines[1:],
        ]
        for number, change in enumerate(changes):
            with self.subTest(number=number):
                self.refuses(check_genesis, self.genesis_of(change))
        self.refuses(check_genesis, self.genesis_of(lambda lines: lines, self.cast.people[:-1]))

    def test_enrolments_need_their_signatures(self):
        admins, auditors = self.cast.admins, self.cast.auditors
        enrolment = check_enrolment(self.cast.enrol(self.host, admins + auditors[:1]), self.genesis)
        self.assertEqual(enrolment.identity, self.host.identity.key)
        for signers in (admins, admins[:1] + auditors, admins[:1] * 2 + auditors, [build.Signer("test/admin/eve")]):
            self.refuses(check_enrolment, self.cast.enrol(self.host, signers), self.genesis)

    def test_long_texts_are_refused(self):
        note = build.make_statement("grant", "test", ["x" * 8192], self.cast.people)
        self.assertIn("too long", self.refuses(check_other, note, self.genesis).reason)

    def test_times_are_real(self):
        good = self.cast.enrol(self.host, self.cast.people)
        for time in (b"2026-02-30T00:00:00Z", b"2026-1-01T00:00:00Z", b"2026-11-24T24:00:00Z", b"2026-11-24 12:00:00Z"):
            text = parse_note(good).text.replace(build.TIME.encode(), time)
            self.refuses(check_enrolment, build.make_note(text, *self.cast.people), self.genesis)

    def test_unknown_kinds_are_carried(self):
        note = build.make_statement("grant", "test", ["host alpha"], [self.cast.admins[0]])
        self.assertEqual(check_other(note, self.genesis).kind, "grant")
        note = build.make_statement("retire", "test", ["host alpha"], [build.Signer("test/admin/eve")])
        self.refuses(check_other, note, self.genesis)


class Spools(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.spool = Path(folder.name)
        self.cast = build.Cast()
        self.genesis = check_genesis(self.cast.genesis)
        self.host = build.Host(self.cast, "alpha")
        self.sink = build.Sink(self.cast)
        self.sink.enrol(self.host)
        self.fill()

    def fill(self):
        epoch = self.host.epoch()
        bases = [Frontier()]
        batches = []
        for _ in range(4):
            epoch.add_events()
            batches.append((epoch.tree.size, epoch.seal()))
            bases.append(Frontier(epoch.tree.size, epoch.tree.hashes))
        self.sink.commit(*[data for _, data in batches[:2]])
        for first, data in batches[1:]:
            (self.spool / f"{1:010d}-{first:020d}.batch").write_bytes(data)
        (self.spool / "base").write_bytes(build.base_text(epoch.origin, bases[1]))
        (self.spool / "genesis").write_bytes(self.cast.genesis)
        (self.spool / "enrol").write_bytes(self.cast.enrol(self.host))
        (self.spool / "receipt").write_bytes(self.sink.receipt(self.host))
        for name in ("junk.tmp", "0.batch.damaged", "1.batch.abandoned"):
            (self.spool / name).write_bytes(b"torn")

    def verdicts(self):
        return {finding.verdict for finding in check_spool(self.spool, self.genesis).all}

    def batches(self):
        return sorted(self.spool.glob("*.batch"))

    def test_a_whole_spool_is_accepted(self):
        self.assertEqual(self.verdicts(), set())

    def test_a_changed_byte_is_found(self):
        path = self.batches()[1]
        data = bytearray(path.read_bytes())
        data[-30] ^= 1
        path.write_bytes(data)
        self.assertIn("wrongly-sealed", self.verdicts())

    def test_a_gap_is_found(self):
        self.batches()[1].unlink()
        self.assertIn("missing", self.verdicts())

    def test_a_base_with_another_frontier_is_found(self):
        base = parse_base((self.spool / "base").read_bytes())
        hashes = [H(h) for h in base.frontier.hashes]
        (self.spool / "base").write_bytes(build.base_text(base.origin, Frontier(base.frontier.size, hashes)))
        self.assertIn("altered", self.verdicts())

    def test_a_witnessed_checkpoint_and_two_histories_of_the_fleet_log_are_told(self):
        (self.spool / "witnessed").write_bytes(self.sink.make_checkpoint(build.Signer("w", build.TYPE_COSIGNATURE)))
        self.assertEqual(self.verdicts(), set())
        for name in ("inconsistent-0-held", "inconsistent-15-shown"):
            (self.spool / name).write_bytes(self.sink.make_checkpoint())
        self.assertEqual(self.verdicts(), {"split-view"})
        (self.spool / "inconsistent-16-shown").write_bytes(self.sink.make_checkpoint())
        (self.spool / "witnessed").write_bytes(build.make_note(b"test/log\n1\n", self.sink.cast.log))
        self.assertEqual(self.verdicts(), {"split-view", "altered"})

    def test_a_receipt_of_another_batch_is_found(self):
        self.batches()[0].unlink()
        self.assertIn("missing", self.verdicts())

    def test_the_epoch_file(self):
        body = self.host.epoch(3, 1).pending[0]
        good = b"swornlog-epoch/v1\n3\n" + build.base64_text(body) + b"\n"
        self.assertEqual(parse_epoch_file(good).fields[0], 3)
        for wrong in (good[:-1], good.replace(b"\n3\n", b"\n4\n"), good + b"\n", good.replace(b"v1", b"v2")):
            self.refuses(parse_epoch_file, wrong)

    def test_key_slots(self):
        slot = [6, 1, 3, [H(b"a"), H(b"b")], bytes(32), [1, 1, 0, 0, 0], None]
        data = build.slot_bytes(slot) + bytes(4096)
        self.assertEqual(parse_slots(data)[0].generation, 6)
        self.assertIsNone(parse_slots(data)[1])
        self.refuses(parse_slots, bytes(4096) + build.slot_bytes(slot))
        self.refuses(parse_slots, data[:100] + b"\1" + data[101:])
        self.refuses(parse_slots, build.slot_bytes(slot)[:-1] + b"\1" + bytes(4096))


if __name__ == "__main__":
    unittest.main()
