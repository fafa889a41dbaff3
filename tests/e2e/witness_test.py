#!/usr/bin/python3
"""A real witness over TLS: every answer of the protocol, peers that misbehave, restarts, and SIGKILLs at random points.

KILLS (default 6) for the last; SEED repeats a run. What it signs is checked with the independent verifier.
"""
import hashlib
import http.client
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "independent")]
import build  # noqa: E402
from basics import base64_text, parse_vkey, unbase64  # noqa: E402
from policies import hold, parse_policy  # noqa: E402
from tests.support import fleet as support  # noqa: E402
from tree import leaf_hash  # noqa: E402

BIN = support.BIN
KILLS = int(os.environ.get("KILLS", "6"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 32))))
ORIGIN = "test.example/log"
PREFIX = "/w"


def signer_in(path):
    """The key of a file, as the log of a fleet that the witness serves."""
    name, _, blob = path.read_text().strip().removeprefix("PRIVATE+KEY+").split("+", 2)
    signer = build.Signer(name)
    signer.private = build.Ed25519PrivateKey.from_private_bytes(unbase64(blob.encode())[1:])
    signer.key = build.Key(name, signer.private.public_key().public_bytes(build.Encoding.Raw, build.PublicFormat.Raw), 1)
    return signer


class Log:
    """A log of leaves "<branch> <number>", those below `fork` of branch 0; proofs are made anew each time."""

    def __init__(self, branch=0, fork=0, origin=ORIGIN, signer=None):
        self.signer = signer or build.Signer(origin)
        self.origin = self.signer.key.name
        self.branch, self.fork = branch, fork

    def leaves(self, size):
        return [leaf_hash(b"%d %d" % (0 if i < self.fork else self.branch, i)) for i in range(size)]

    def text(self, size):
        return b"%s\n%d\n%s\n" % (self.origin.encode(), size, base64_text(build.tree_root(self.leaves(size))))

    def note(self, size, *others):
        return build.make_note(self.text(size), self.signer, *others)

    def request(self, old, size):
        proof = build.consistency_path(old, self.leaves(size)) if old <= size else []
        lines = b"".join(base64_text(h) + b"\n" for h in proof)
        return b"old %d\n%s\n%s" % (old, lines, self.note(size))


class Witness:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="swornlog-witness-"))
        self.process, self.port, self.connection = None, 0, None
        for name in ("fleet", "stranger"):
            self.run("swornlog", "fleet", "init", self.dir / name, "--fleet", f"{name}.example", "--sink-name", "localhost,127.0.0.1")
            self.run("swornlog", "enroll", "request", self.dir / f"{name}-host", "--fleet", f"{name}.example", "--host", "web-1")
            self.run("swornlog", "enroll", "approve", self.dir / name, self.dir / f"{name}-host" / "request", "--out", self.dir / f"{name}-granted")
        self.vkey = self.keygen().strip()
        self.fleet_log = signer_in(self.dir / "fleet" / "fleet-log.key")
        self.logs = [Log(), Log(origin="other.example/log"), Log(signer=self.fleet_log)]
        lines = [f"log {log.signer.key.vkey}" for log in self.logs] + [f"witness w {self.vkey}", "quorum w"]
        self.policy = "".join(f"{line}\n" for line in lines).encode()
        (self.dir / "policy").write_bytes(self.policy)
        self.configure()

    def run(self, program, *args, status=0):
        result = subprocess.run([BIN / program, *map(str, args)], capture_output=True, text=True, env=support.ENV, timeout=60)
        assert result.returncode == status, f"{program} {args}: status {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout + result.stderr

    def keygen(self, status=0):
        return self.run("swornlog-witness", "keygen", "--name", "audit.example/w", "--key", self.dir / "witness.key", "--store", self.dir / "store", status=status)

    def configure(self, **more):
        lines = {
            "listen": f"127.0.0.1:{self.port}",
            "prefix": PREFIX,
            "certificate": self.dir / "fleet" / "sink.crt",
            "key": self.dir / "fleet" / "sink.key",
            "ca": self.dir / "fleet" / "ca.crt",
            "witness_key": self.dir / "witness.key",
            "policy": self.dir / "policy",
            "store": self.dir / "store",
            "timeout_ms": 600,
        } | more
        (self.dir / "witness.yaml").write_text("".join(f"{k}: {v}\n" for k, v in lines.items()))

    def log(self):
        path = self.dir / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self):
        seen = len(self.log())
        with open(self.dir / "log", "ab") as out:
            self.process = subprocess.Popen([BIN / "swornlog-witness", "--config", self.dir / "witness.yaml"], stdout=out, stderr=out, env=support.ENV)
        found = support.wait_until("the witness to listen", lambda: re.search(r"listening on \S*:(\d+)", self.log()[seen:]) or self.process.poll() is not None)
        assert found is not True, self.log()[seen:]
        self.port = int(found.group(1))
        self.configure()

    def starts_with_status(self):
        """Of one that can't start: its status and its words."""
        result = subprocess.run([BIN / "swornlog-witness", "--config", self.dir / "witness.yaml"], capture_output=True, text=True, env=support.ENV, timeout=30)
        return result.returncode, result.stderr

    def end(self, how=signal.SIGTERM):
        self.drop()
        self.process.send_signal(how)
        return self.process.wait(20)

    def tls(self, name="fleet", certificate=True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.dir / "fleet" / "ca.crt")
        if certificate:
            context.load_cert_chain(self.dir / f"{name}-granted" / "host.crt", self.dir / f"{name}-host" / "host.key")
        return context

    def dial(self):
        return self.tls().wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=20), server_hostname="localhost")

    def drop(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def ask(self, method, path, body=None):
        """Status, content type and body, over one kept connection."""
        if not self.connection:
            self.connection = http.client.HTTPSConnection("localhost", self.port, context=self.tls(), timeout=20)
        try:
            self.connection.request(method, PREFIX + path, body)
            answer = self.connection.getresponse()
            result = answer.status, answer.getheader("Content-Type"), answer.read()
        except (OSError, http.client.HTTPException):
            self.drop()
            raise
        if answer.will_close:
            self.drop()
        return result

    def add(self, body):
        return self.ask("POST", "/add-checkpoint", body)

    def show(self, origin=ORIGIN):
        return self.ask("GET", f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint")

    def remove(self):
        self.drop()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def same(got, want, what=""):
    assert got == want, f"{what}: {got!r}, not {want!r}"


def a_new_witness_has_a_key_that_only_it_can_read_and_an_empty_state():
    same((w.dir / "witness.key").stat().st_mode & 0o777, 0o600)
    same(parse_vkey(w.vkey).name, "audit.example/w")
    before = (w.dir / "witness.key").read_bytes()
    assert "exists" in w.keygen(status=1)
    same((w.dir / "witness.key").read_bytes(), before)


def checkpoints_that_go_on_are_cosigned_and_shown():
    same(w.show()[0], 404)
    old = 0
    for size in (1, 1, 2, 9, 64):
        log = w.logs[0]
        status, _, line = w.add(log.request(old, size))
        same(status, 200, size)
        held = hold(parse_policy(w.policy), log.note(size) + line)
        assert held.quorum and abs(held.times[b"w"] - time.time()) < 30, held
        same(w.show(), (200, "text/plain; charset=utf-8", log.note(size) + line))
        old = size


def each_refusal_has_its_status():
    log = w.logs[0]
    fork = Log(branch=1, fork=5)
    stranger = Log(origin="stranger.example/log")
    forged = log.request(64, 65).replace(b"\n65\n", b"\n66\n")
    same(w.add(log.request(0, 70)), (409, "text/x.tlog.size", b"64\n"))
    same(w.add(log.request(64, 63))[0], 400, "old above new")
    same(w.add(stranger.request(0, 5))[0], 404)
    same(w.add(forged)[0], 403)
    same(w.add(fork.request(64, 64))[0], 422, "another root")
    same(w.add(fork.request(64, 70))[0], 422, "another history")
    for body in (b"x", b"old 64\n", b"old 64\n\n", b"\x00" * 1000, log.note(65), b"old 064\n\n" + log.note(64), b"old 64\n" + b"AAAA\n" * 64 + b"\n" + log.note(65)):
        same(w.add(body)[0], 400, body[:20])
    same(w.add(b"x" * 19245)[0], 413)
    same(w.ask("GET", "/add-checkpoint")[0], 405)
    same(w.ask("DELETE", f"/{'0' * 64}/checkpoint")[0], 405)
    same(w.ask("GET", "/other")[0], 404)
    same(w.ask("GET", f"/{'0' * 64}/checkpoint")[0], 404)
    same(w.show()[2].split(b"\n")[1], b"64")
    assert "ATTACK" in w.log(), w.log()


def the_two_checkpoints_of_a_fork_are_kept_and_convict_the_log():
    one, other = Log(signer=w.fleet_log), Log(signer=w.fleet_log, branch=1, fork=3)
    same(w.add(one.request(0, 7))[0], 200)
    same(w.add(other.request(7, 7))[0], 422)
    pairs = sorted((w.dir / "store").glob("inconsistent-*-held"))
    held, shown = pairs[-1], pairs[-1].with_name(pairs[-1].name.replace("held", "shown"))
    same((held.read_bytes(), shown.read_bytes()), (one.note(7), other.note(7)))
    said = w.run("swornlog", "verify", "--anchor", w.dir / "fleet" / "genesis", held, shown, "--evidence", w.dir / "evidence", status=1)
    assert "split-view" in said, said
    w.run("swornlog", "verify", "--anchor", w.dir / "fleet" / "genesis", w.dir / "evidence")


def garbage_huge_bodies_and_slow_peers_are_sent_away():
    cases = {
        b"nonsense\r\n\r\n": b" 400 ",
        b"POST /w/add-checkpoint HTTP/1.1\r\nContent-Length: 999999999999999\r\n\r\n": b" 413 ",
        b"POST /w/add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n": b" 400 ",
        b"POST /w/add-checkpoint HTTP/1.1\r\n\r\n": b" 400 ",
        b"A" * 9000: b" 400 ",
        b"": b"",
        b"POST /w/add-ch": b"",
        b"POST /w/add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\nold ": b"",
    }
    peers = {}
    for words in cases:
        peers[words] = w.dial()
        peers[words].sendall(words)
    raw = socket.create_connection(("127.0.0.1", w.port), timeout=20)
    raw.sendall(b"no TLS at all\r\n\r\n" * 100)
    same(w.show()[0], 200, "others are served meanwhile")
    for words, peer in peers.items():
        said = b""
        try:
            while chunk := peer.recv(4096):
                said += chunk
        except (ssl.SSLEOFError, ConnectionResetError):
            pass
        assert (cases[words] in said) if cases[words] else said == b"", (words[:60], said)
        peer.close()
    raw.close()


def only_certificates_of_its_authority_are_heard():
    def refused(context):
        try:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", w.port), timeout=20), server_hostname="localhost") as s:
                s.sendall(b"GET /w/x HTTP/1.1\r\n\r\n")
                return s.recv(100) == b""
        except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
            return True

    old = w.tls()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert refused(w.tls(certificate=False)) and refused(w.tls("stranger")) and refused(old)
    same(w.show()[0], 200)


def a_second_process_and_a_lost_state_are_refused():
    before = w.show()
    status, words = w.starts_with_status()
    assert status == 1 and "another witness works in it" in words, words
    same(w.end(), 0)
    state = w.dir / "store" / "state"
    kept = state.read_bytes()
    for content, reason in ((None, "must not go on with its key"), (kept[:-1], "it is damaged")):
        state.unlink(missing_ok=True)
        if content is not None:
            state.write_bytes(content)
        status, words = w.starts_with_status()
        assert status == 1 and reason in words, words
    state.write_bytes(kept)
    w.start()
    same(w.show(), before, "the same after a restart, cosignature included")
    assert f"log {ORIGIN} was cosigned up to size 64" in w.log() and "log other.example/log has not been seen yet" in w.log()


def what_the_operator_gets_wrong_is_said():
    good = (w.dir / "witness.yaml").read_text()
    (w.dir / "bad").write_bytes(b"log nonsense\n")
    cases = [
        ({"policy": w.dir / "bad"}, 1, "line 1: 'nonsense' is no verifier key"),
        ({"policy": w.dir / "nowhere"}, 1, "can't be read"),
        ({"prefix": "/w/"}, 2, "must not end with a slash"),
        ({"timeout_ms": 1}, 2, "timeout_ms"),
        ({"witness_key": w.dir / "fleet" / "fleet-log.key"}, 1, "it is no private key for this purpose"),
        ({"key": w.dir / "nowhere"}, 1, "nowhere"),
    ]
    for more, want, reason in cases:
        w.configure(**more)
        status, words = w.starts_with_status()
        assert status == want and reason in words, (more, status, words)
    (w.dir / "witness.yaml").write_text(good)


class Histories(threading.Thread):
    """Two histories of one log, each trying to be the one that is cosigned, whatever the witness says."""

    def __init__(self, logs):
        super().__init__(daemon=True)
        self.logs = logs
        self.ending = threading.Event()
        self.signed = []  # (size, root) in the order of the answers
        self.refused = 0

    def run(self):
        rng = random.Random(SEED)
        while not self.ending.is_set():
            try:
                self.turn(rng)
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)  # it was killed

    def turn(self, rng):
        status, _, shown = w.show()
        held = int(shown.split(b"\n")[1]) if status == 200 else 0
        log = rng.choice(self.logs)
        size = held + rng.randrange(0, 4)
        if size == 0:
            return
        status, _, _ = w.add(log.request(held, size))
        if status == 200:
            self.signed.append((size, build.tree_root(log.leaves(size))))
        self.refused += status == 422


def no_kill_makes_it_sign_two_histories():
    rng = random.Random(SEED)
    histories = Histories([Log(), Log(branch=1)])
    w.end()
    shutil.rmtree(w.dir / "store")
    (w.dir / "witness.key").unlink()
    w.vkey = w.keygen().strip()
    w.start()
    histories.start()
    for _ in range(KILLS):
        time.sleep(rng.uniform(0.02, 0.3))
        w.process.kill()
        w.process.wait()
        w.start()
        signed = max((size for size, _ in list(histories.signed)), default=0)
        held = int(shown_anew().split(b"\n")[1]) if signed else 0
        assert held >= signed, (SEED, held, signed)
    support.wait_until("both histories to have had an answer", lambda: histories.signed and histories.refused)
    histories.ending.set()
    histories.join()
    roots = dict(histories.signed)
    same(len(set(histories.signed)), len(roots), f"one root for each size (SEED={SEED})")
    sizes = [size for size, _ in histories.signed]
    same(sizes, sorted(sizes), f"never smaller than before (SEED={SEED})")
    assert any(all(build.tree_root(log.leaves(size)) == root for size, root in histories.signed) for log in histories.logs)
    print(f"# {KILLS} kills, {len(sizes)} cosignatures up to size {sizes[-1]}, {histories.refused} refused")


def shown_anew():
    """What a stranger is shown, over a connection of its own."""
    connection = http.client.HTTPSConnection("localhost", w.port, context=w.tls(), timeout=20)
    connection.request("GET", f"{PREFIX}/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint")
    body = connection.getresponse().read()
    connection.close()
    return body


def it_ends_in_order():
    same(w.end(), 0)
    reports = [line for line in w.log().splitlines() if "runtime error" in line or "AddressSanitizer" in line]
    same(reports, [])


w = Witness()
try:
    w.start()
    status = support.run([
        a_new_witness_has_a_key_that_only_it_can_read_and_an_empty_state,
        checkpoints_that_go_on_are_cosigned_and_shown,
        each_refusal_has_its_status,
        the_two_checkpoints_of_a_fork_are_kept_and_convict_the_log,
        garbage_huge_bodies_and_slow_peers_are_sent_away,
        only_certificates_of_its_authority_are_heard,
        a_second_process_and_a_lost_state_are_refused,
        what_the_operator_gets_wrong_is_said,
        no_kill_makes_it_sign_two_histories,
        it_ends_in_order,
    ])
finally:
    w.remove()
sys.exit(status)
