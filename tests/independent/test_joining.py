"""Tokens and requests of docs/vectors, and what changed or cut ones are worth."""
import hashlib
import re
import subprocess
import unittest
from pathlib import Path

from basics import Refused
from joining import parse_grant, parse_request, parse_token

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "vectors"
TOKEN = (FOLDER / "token.txt").read_bytes()
REQUEST = (FOLDER / "join-request.txt").read_bytes()


class Joining(unittest.TestCase):
    def test_the_token_says_what_it_pins(self):
        t = parse_token(TOKEN)
        self.assertEqual((t.fleet, t.policy), ("vectors.example", None))
        self.assertEqual((t.ca, t.genesis), (hashlib.sha256(b"ca").digest(), hashlib.sha256(b"genesis").digest()))
        self.assertEqual(t.secret, hashlib.sha256(b"secret").digest())
        self.assertEqual((t.checkpoint.size, t.checkpoint.root), (7, hashlib.sha256(b"root").digest()))

    def test_the_request_is_signed_by_both_keys(self):
        r = parse_request(REQUEST)
        self.assertEqual((r.fleet, r.host, r.secret), ("vectors.example", "web-1", parse_token(TOKEN).secret))
        said = subprocess.run(["openssl", "req", "-inform", "DER", "-noout", "-verify", "-text"], input=r.certificate, capture_output=True, check=True)
        self.assertIn(b"URI:swornlog://vectors.example/host/web-1\n", said.stdout)
        self.assertIn(b"TLS Web Client Authentication\n", said.stdout)

    def test_cut_and_longer_ones_are_refused(self):
        for parse, whole in ((parse_token, TOKEN), (parse_request, REQUEST)):
            for data in [whole[:n] for n in range(0, len(whole), 7)] + [whole + b"\n"]:
                self.assertRaises(Refused, parse, data)

    def test_a_checkpoint_of_another_key_or_log_is_refused(self):
        self.assertRaises(Refused, parse_token, TOKEN.replace(b"\n7\n", b"\n8\n"))
        self.assertRaises(Refused, parse_request, re.sub(rb"web-1/1\n0\n", b"web-1/2\n0\n", REQUEST))
        self.assertRaises(Refused, parse_request, REQUEST.replace(b"host web-1\n", b"host web-2\n"))

    def test_a_grant_is_five_parts(self):
        grant = b"swornlog-grant/v1\nenrol 2\na\ncertificate 0\nca 1\nbgenesis 0\npolicy 0\n"
        self.assertEqual(parse_grant(grant)["ca"], b"b")
        for data in (grant[:-1], grant + b"x", grant.replace(b"ca 1", b"ca 01"), grant.replace(b"enrol 2", b"enrol 65537")):
            self.assertRaises(Refused, parse_grant, data)


if __name__ == "__main__":
    unittest.main()
