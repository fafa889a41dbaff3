"""Policies, requests to witnesses and their vectors, read with the independent verifier's own functions."""
import unittest
from pathlib import Path

import build
from basics import TYPE_COSIGNATURE, Refused, parse_vkey
from notes import parse_note, verify_note
from policies import hold, parse_policy, parse_request
from tree import EMPTY_ROOT, Tree, leaf_hash, verify_consistency

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "vectors"
CHECKPOINT = b"test/log\n0\n%s\n" % build.base64_text(EMPTY_ROOT)


def text(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


class Vectors(unittest.TestCase):
    def test_the_request_proves_that_the_log_goes_on(self):
        leaves = [leaf_hash(b"entry %d" % i) for i in range(5)]
        request = parse_request(text("add-checkpoint.txt"))
        held = hold(parse_policy(text("policy.txt")), request.note)
        self.assertEqual((request.old, held.checkpoint.size, held.quorum), (3, 5, False))
        self.assertEqual(held.checkpoint.root, Tree(leaves).root())
        verify_consistency(3, 5, Tree(leaves[:3]).root(), held.checkpoint.root, request.proof)

    def test_the_answer_stands_behind_the_checkpoint(self):
        note = parse_request(text("add-checkpoint.txt")).note
        self.assertTrue(text("cosigned.txt").startswith(note + text("cosignature.txt")))
        witness = parse_policy(text("policy.txt")).witnesses[b"first"]
        self.assertEqual(verify_note(parse_note(note + text("cosignature.txt")), [witness]), [witness])

    def test_two_of_three_are_the_quorum(self):
        held = hold(parse_policy(text("policy.txt")), text("cosigned.txt"))
        self.assertTrue(held.quorum)
        self.assertEqual(held.times, {b"first": 1795507300, b"third": 1795507301})


class Policies(unittest.TestCase):
    def setUp(self):
        self.log = build.Signer("test/log")
        self.w = [build.Signer(f"w.example/{i}", TYPE_COSIGNATURE) for i in range(4)]

    def policy(self, rest: str, witnesses: int = 4) -> bytes:
        lines = [f"log {self.log.key.vkey}"]
        lines += [f"witness w{i} {self.w[i].key.vkey}" for i in range(witnesses)]
        return "".join(f"{line}\n" for line in [*lines, *rest.splitlines()]).encode()

    def quorum(self, rest: str, *signers: int) -> bool:
        note = build.make_note(CHECKPOINT, self.log, *(self.w[i] for i in signers))
        held = hold(parse_policy(self.policy(rest)), note)
        self.assertEqual(sorted(held.times), [b"w%d" % i for i in sorted(signers)])
        return held.quorum

    def test_groups_are_counted(self):
        rest = "group a 2 w0 w1 w2\ngroup b all a w3\nquorum b\n"
        self.assertTrue(self.quorum(rest, 0, 2, 3))
        self.assertFalse(self.quorum(rest, 0, 1, 2))
        self.assertFalse(self.quorum(rest, 0, 3))
        self.assertTrue(self.quorum("group a any w0 w1\nquorum a\n", 1))
        self.assertTrue(self.quorum("quorum none\n"))
        self.assertFalse(self.quorum("quorum w1\n", 0))

    def test_a_bad_line_or_no_log_s_line_rejects(self):
        policy = parse_policy(self.policy("quorum w0\n"))
        other = build.make_note(CHECKPOINT, self.w[0])
        with self.assertRaises(Refused):
            hold(policy, other)
        good = build.make_note(CHECKPOINT, self.log, self.w[0])
        with self.assertRaises(Refused):
            hold(policy, good.replace(b"test/log\n0", b"test/log\n1"))
        with self.assertRaises(Refused):
            hold(policy, good, build.Signer("test/log", salt="another").key)
        self.assertTrue(hold(parse_policy(b"quorum none\n"), good, self.log.key).quorum)

    def test_what_breaks_a_rule_is_refused(self):
        vkey = parse_vkey(self.w[0].key.vkey).vkey
        for wrong in (
            "",
            "quorum",
            "quorum none x",
            "quorum none\nquorum none",
            "quorum g\ngroup g any w0",
            "group g all w0 w0\nquorum g",
            "group g all w0\ngroup h all w0\nquorum h",
            "group g 0 w0\nquorum g",
            "group g 3 w0 w1\nquorum g",
            "group g all\nquorum g",
            "group none all w0\nquorum none",
            "group w0 all w1\nquorum none",
            "Quorum none",
            f"witness again {vkey}\nquorum none",
            f"log {vkey}\nquorum none",
            f"witness again {self.log.key.vkey}\nquorum none",
            "# \x7f\nquorum none",
        ):
            with self.subTest(wrong), self.assertRaises(Refused):
                parse_policy(self.policy(wrong))
        with self.assertRaises(Refused):
            parse_policy(b"quorum none")
        parse_policy(" \t\n#\n quorum\t none \n".encode())

    def test_requests_have_one_form(self):
        root = build.base64_text(EMPTY_ROOT)
        self.assertEqual(parse_request(b"old 7\n%s\n\nx\n" % root), (7, [EMPTY_ROOT], b"x\n"))
        for wrong in (b"", b"old 7\n", b"old 07\n\nx\n", b"old 7\nAAAA\n\nx\n", b"old 7\n" + (root + b"\n") * 64 + b"\nx\n"):
            with self.subTest(wrong), self.assertRaises(Refused):
                parse_request(wrong)


if __name__ == "__main__":
    unittest.main()
