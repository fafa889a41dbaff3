#!/usr/bin/python3
"""Everything on a host is stolen at time T, keys and spool included. What was sealed before T can't be altered, reordered or left out: not in
the spool, not on the way to the sink, not where the sink has it already. The tail that was not shipped can be destroyed, and shows as a
broken epoch (and as missing data where its head was announced: tests/e2e/recovery_test.py).
"""
import concurrent.futures
import pathlib
import shutil
import ssl
import subprocess
import sys
from http.client import HTTPSConnection

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "independent")]
import build  # noqa: E402
from basics import Key  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402
from entries import parse_body, salts  # noqa: E402
from spool import parse_slots  # noqa: E402
from tests.support import fleet as support  # noqa: E402
from tests.support.checks import check, finish  # noqa: E402
from tests.support.collector import Collector  # noqa: E402
from tests.support.operator import StolenSigner  # noqa: E402
from tree import Frontier, leaf_hash  # noqa: E402

NEXT_KEY, FIRST_KEY = 4, 4


class SlotSigner(StolenSigner):
    """The seal key that is still there: the next batch's."""

    def __init__(self, name, secret):
        self.private = Ed25519PrivateKey.from_private_bytes(secret)
        self.key = Key(name, self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), 1)


class Loot:
    """State and spool as they were at T."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.state, self.spool = fleet.dir / "loot-state", fleet.dir / "loot-spool"
        shutil.copytree(fleet.dir / "state", self.state)
        shutil.copytree(fleet.spool, self.spool)
        self.names = sorted(p.name for p in self.spool.glob("*.batch"))
        self.batches = [(self.spool / name).read_bytes() for name in self.names]
        self.identity = StolenSigner(self.state / "identity.key")
        self.slots = [slot for slot in parse_slots((self.state / "keys").read_bytes()) if slot]
        origin = build.take_apart(self.batches[0])[0]
        self.seals = [SlotSigner(f"{origin}/seal", slot.secret) for slot in self.slots]

    def used_keys(self):
        """The public keys that sealed what lies in the spool: each named by the batch before, the first by the epoch entry."""
        named = parse_body(build.take_apart(self.batches[0])[1][0], 0).fields[FIRST_KEY]
        keys = []
        for batch in self.batches:
            keys.append(named)
            named = build.next_seal_of(build.take_apart(batch)[1])
        return keys

    def forge(self, number, change):
        """Batch `number` with other entries, hashed and signed anew with all the keys that there are."""
        origin, bodies, seed, _ = build.take_apart(self.batches[number])
        tree = Frontier()
        for batch in self.batches[:number]:
            _, before, salt, _ = build.take_apart(batch)
            for s, body in zip(salts(salt, len(before)), before):
                tree.add(leaf_hash(s + body))
        first = tree.size
        bodies = change(bodies)
        for s, body in zip(salts(seed, len(bodies)), bodies):
            tree.add(leaf_hash(s + body))
        text = build.checkpoint_text(str(origin), tree.size, tree.root())
        return build.make_batch(origin, first, bodies, seed, build.make_note(text, self.seals[-1], self.identity), build.CODEC_ZSTD)


def altered(bodies):
    return [bodies[0][:-1] + bytes([bodies[0][-1] ^ 1]), *bodies[1:]]


def reordered(bodies):
    return [bodies[1], bodies[0], *bodies[2:]]


def post(fleet, batch):
    context = ssl.create_default_context(cafile=str(fleet.dir / "fleet" / "ca.crt"))
    context.load_cert_chain(fleet.dir / "granted" / "host.crt", fleet.dir / "request" / "host.key")
    link = HTTPSConnection("localhost", fleet.port, context=context, timeout=20)
    link.request("POST", f"/v1/hosts/{support.HOST}/append", batch, {"Swornlog-Fleet-Size": "0", "Content-Type": "application/octet-stream"})
    answer = link.getresponse()
    body = answer.read().decode(errors="replace")
    link.close()
    return answer.status, body.split("\n")[1]


def verify(fleet, path):
    done = subprocess.run([support.BIN / "swornlog", "verify", "--anchor", fleet.anchor, path], capture_output=True, text=True, env=support.ENV, timeout=60)
    return done.returncode, done.stdout + done.stderr


def burst(collector, fleet, rounds):
    for n in range(rounds):
        before = fleet.status()["batches"]
        for i in range(3):
            collector.opened(f"/srv/{n}/{i}".encode())
        support.wait_until("a batch", lambda: fleet.status()["batches"] > before)


def seize():
    """A host with batches that have receipts and batches that have not, at time T: its programs are killed, the sink is away."""
    fleet = support.Fleet(seal_interval_ms=20, heartbeat_s=60)
    fleet.start_sink()
    fleet.enroll()
    fleet.start("sealer")
    support.wait_until("the sealer", fleet.status)
    fleet.start("shipper")
    collector = Collector(fleet)
    burst(collector, fleet, 2)
    support.wait_until("receipts", lambda: fleet.status()["waiting_batches"] == 0 and fleet.status()["receipts"] > 0)
    fleet.end("sink")
    burst(collector, fleet, 3)
    for name in ("sealer", "shipper"):
        fleet.process[name].kill()
        fleet.process.pop(name).wait()
    return fleet


def nothing_sealed_can_be_changed(fleet, loot):
    check("no key that sealed something is among the loot", not {seal.key.public for seal in loot.seals} & set(loot.used_keys()))
    check("the loot is whole: it has a key for the next batch", len(loot.seals) >= 1 and len(loot.batches) >= 5, loot.names)
    size = int((loot.spool / "receipt").read_text().split("\n")[2].split()[1])
    firsts = [int(name.split("-")[1].split(".")[0]) for name in loot.names]
    unshipped = next(i for i, first in enumerate(firsts) if first >= size)
    check("some was shipped and some was not", 1 < unshipped < len(firsts) - 1, (size, firsts))
    fleet.start_sink()
    for what, change in (("altered", altered), ("reordered", reordered), ("cut", lambda bodies: bodies[1:])):
        for where, number in (("that the sink has", unshipped - 1), ("that it has not", unshipped)):
            answer = post(fleet, loot.forge(number, change))
            good = answer[0] == 422 if number == unshipped else answer[0] in (409, 422)
            check(f"a batch {where} is refused when {what}", good, answer)
        name = loot.names[unshipped]
        (loot.spool / name).write_bytes(loot.forge(unshipped, change))
        status, text = verify(fleet, loot.spool)
        check(f"and found in the spool when {what}", status == 1 and name in text, text[-1000:])
        (loot.spool / name).write_bytes(loot.batches[unshipped])
    check("two batches in each other's place are refused", post(fleet, loot.batches[unshipped + 1] + loot.batches[unshipped])[0] == 400)
    check("and so is one that leaves out the one before", post(fleet, loot.batches[unshipped + 1])[0] == 409)
    check("what was sealed is taken as it was", post(fleet, loot.batches[unshipped])[0] == 200)
    fleet.end("sink")
    status, text = verify(fleet, fleet.store)
    check("and the sink has what the host had sealed", status == 0 or "forked" in text and "altered" not in text, text[-1000:])


def a_destroyed_tail_breaks_the_epoch():
    fleet = seize()
    try:
        loot = Loot(fleet)
        for name in loot.names:
            (fleet.spool / name).unlink()
        fleet.start_sink()
        fleet.start("sealer")
        support.wait_until("the sealer", fleet.status)
        fleet.start("shipper")
        told = support.wait_until("the new epoch", lambda: (found := verify(fleet, fleet.store)[1]) and "the log began anew" in found and found, 30)
        check("the destroyed tail shows as a broken epoch, and how much of it is known", "truncated" in told or "loss" in told, told)
    finally:
        fleet.remove()


def what_was_sealed_stays():
    fleet = seize()
    try:
        nothing_sealed_can_be_changed(fleet, Loot(fleet))
    finally:
        fleet.remove()


if __name__ == "__main__":
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(what_was_sealed_stays), pool.submit(a_destroyed_tail_breaks_the_epoch)]
    for run in runs:
        check("a scenario was played to its end", not run.exception(), run.exception())
    sys.exit(finish())
