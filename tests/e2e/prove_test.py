#!/usr/bin/python3
"""Proof files: from a store of real events, and from stores made for the purpose, checked by `swornlog verify`, by the verifier that was
written from docs/format.md (tests/independent/proof.py), and in part by Go's module library."""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(ROOT / "tests" / "independent")]
import build  # noqa: E402
import proof  # noqa: E402
import test_proof  # noqa: E402
from basics import Refused, base64_text  # noqa: E402
from checks import check, finish  # noqa: E402
from golang import build_checker, run_checker  # noqa: E402
from tests.support import witness  # noqa: E402
from tests.support.fleet import ENV, HOST, Fleet, wait_until  # noqa: E402

SWORNLOG = pathlib.Path(os.environ.get("BIN", "build/opt")).resolve() / "swornlog"
FORGERIES = int(os.environ.get("FORGERIES", "60"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 32))))


def swornlog(*arguments):
    return subprocess.run([SWORNLOG, *map(str, arguments)], capture_output=True, timeout=120, check=False, env=ENV)


def prove(store, host, index, *more):
    done = swornlog("prove", store, host, index, *more)
    return done.stdout if done.returncode == 0 else None


def verify(path, anchor, *more):
    done = swornlog("verify", "--json", "--anchor", anchor, *more, path)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def holds(data, anchor, witnesses=()):
    try:
        return proof.check_proof(data, anchor, witnesses)
    except Refused:
        return None


# A real store


class Witnessed(Fleet):
    """Its sink has one witness, a real one."""

    def __init__(self):
        super().__init__(seal_interval_ms=100)
        self.witness = witness.Witness(self, "first")
        self.witness.start()
        self.policy = witness.write_policy(self.dir / "policy", self, [self.witness], 1)
        self.write_sink_config()

    def write_sink_config(self, **more):
        if hasattr(self, "policy"):
            more = {"policy": self.policy, "publish_interval_ms": 100} | more
        super().write_sink_config(**more)

    def remove(self):
        self.witness.stop()
        super().remove()


def run_fleet(fleet):
    fleet.start_sink()
    fleet.enroll()
    fleet.start_agent()
    (fleet.dir / "noise").mkdir()
    for number in range(40):
        subprocess.run(["/bin/sh", "-c", f"echo x >{fleet.dir}/noise/{number}"], check=True)
    wait_until("the events to be receipted", lambda: b"/noise/39" in swornlog("show", "--kind", "open", fleet.store).stdout)


def while_it_runs(fleet, work):
    """The published checkpoint that a real witness cosigned goes into the proof once it covers the commit."""
    path = work / "witnessed.swornlog-proof"

    def proven():
        path.write_bytes(prove(fleet.store, HOST, 0))
        return verify(path, fleet.anchor, "--policy", fleet.policy)

    wait_until("a cosigned checkpoint", lambda: proven()[0] == 0)
    status, outcome = proven()
    check("a proof from a living store is witnessed by a real witness", status == 0 and outcome["witnessed"] and "first.example/w at 2" in str(outcome["steps"]), outcome)


def real_store(checker, work):
    fleet = Witnessed()
    try:
        run_fleet(fleet)
        while_it_runs(fleet, work)
        fleet.stop()
        lines = swornlog("show", "--json", "--all", fleet.store).stdout.splitlines()
        entries = [json.loads(line) for line in lines]
        ours = [e for e in entries if "/noise/" in str(e["fields"].get("path"))]
        check("a real store shows what was done", len(ours) >= 40 and all("actor" in e for e in ours), len(ours))
        picked = [*ours[:2], *ours[-2:], entries[0], entries[len(entries) // 2], entries[-1]]
        for entry in picked:
            one_real_entry(checker, work, fleet, entry)
    finally:
        fleet.remove()


def one_real_entry(checker, work, fleet, entry):
    name = f"entry {entry['index']} ({entry['kind']}) of a real store"
    data = prove(fleet.store, HOST, entry["index"])
    check(f"{name} is proven", data is not None)
    if data is None:
        return
    path = work / "real.swornlog-proof"
    path.write_bytes(data)
    status, outcome = verify(path, fleet.anchor)
    check(f"{name} verifies, and is the one that was shown", status == 0 and shown(outcome["entry"]) == shown(entry), outcome)
    checked = holds(data, fleet.anchor.read_bytes())
    check(f"{name} verifies by section 17", checked is not None and checked.entry.index == entry["index"])
    if checked:
        by_go(checker, checked, name)


def shown(entry):
    """Without what is read out of the actor's other entries."""
    return {key: value for key, value in entry.items() if key != "actor"} | {"by": entry.get("actor", {}).get("index")}


def by_go(checker, checked, name):
    """Inclusion of the commit and the statement in the fleet log, of the entries in the host's, and the growth between."""
    p = checked.proof
    leaves = [p.commit, *p.statements]
    text = [["record", leaf.index, base64_text(leaf.data).decode(), *map(b64, leaf.path)] for leaf in leaves]
    done = run_checker(checker, "proof", checked.genesis.log.vkey, stdin=lines(text) + p.note)
    check(f"Go verifies the fleet log's part of {name}", done.returncode == 0, done.stderr)
    text = [["record", leaf.index, base64_text(leaf.data).decode(), *map(b64, leaf.path)] for leaf in (p.entry, p.seal, p.process) if leaf]
    if not p.links:
        done = run_checker(checker, "proof", checked.stand.identity.vkey, stdin=lines(text) + p.checkpoint)
        check(f"Go verifies the host's part of {name}", done.returncode == 0, done.stderr)


def b64(data):
    return base64_text(data).decode()


def lines(rows):
    return "".join(" ".join(map(str, row)) + "\n" for row in rows).encode() + b"\n"


# Stores made for the purpose


def made_store(work):
    sink, hosts, _ = build.small_sink()
    w1, w2 = (build.Signer(f"witness.example/{n}", build.TYPE_COSIGNATURE) for n in (1, 2))
    sink.note = sink.make_checkpoint(w1)
    sink.write(work / "store", segments=1)
    (work / "genesis").write_bytes(sink.cast.genesis)
    log = sink.cast.log.key.vkey
    (work / "one").write_text(f"log {log}\nwitness w1 {w1.key.vkey}\nquorum w1\n")
    (work / "both").write_text(f"log {log}\nwitness w1 {w1.key.vkey}\nwitness w2 {w2.key.vkey}\ngroup g all w1 w2\nquorum g\n")
    return sink, w1, w2


def every_entry(work, sink):
    good, sizes = 0, {"alpha": 21, "beta.example": 46}
    for host, size in sizes.items():
        for index in range(size):
            data = prove(work / "store", host, index, "--epoch", 1)
            checked = data and holds(data, sink.cast.genesis)
            good += bool(checked and checked.entry.index == index)
    check("every entry of a store can be proven", good == sum(sizes.values()), good)


def witnessed(work, sink, w1, w2):
    path = work / "w.swornlog-proof"
    path.write_bytes(prove(work / "store", "alpha", 4))
    _, outcome = verify(path, work / "genesis")
    check("without a policy no witness is believed", outcome["verified"] and not outcome["witnessed"], outcome)
    status, outcome = verify(path, work / "genesis", "--policy", work / "one")
    check("with one the cosignature counts", status == 0 and outcome["witnessed"] and "witness.example/1" in str(outcome["steps"]), outcome)
    status, outcome = verify(path, work / "genesis", "--policy", work / "both")
    check("a quorum that is not met is no proof", status == 1 and not outcome["verified"], outcome)
    checked = holds(path.read_bytes(), sink.cast.genesis, [w1.key, w2.key])
    check("the other verifier sees the same witness", checked and [k.name for k in checked.cosigners] == [w1.key.name])
    data = path.read_bytes()
    at = data.rindex(b"witness.example/1 ") + 40
    path.write_bytes(data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :])
    status, outcome = verify(path, work / "genesis", "--policy", work / "one")
    check("a false cosignature is no proof", status == 1 and not outcome["verified"], outcome)


def forged(work, sink):
    """Random changes: both verifiers refuse all that changes what is proven, and agree about the rest."""
    rng = random.Random(SEED)
    path = work / "forged.swornlog-proof"
    originals = [prove(work / "store", "alpha", 4), prove(work / "store", "alpha", 20), prove(work / "store", "beta.example", 30, "--epoch", 1)]
    differ, accepted = [], 0
    for number in range(FORGERIES):
        data = change(rng, originals, rng.choice(originals))
        path.write_bytes(data)
        status, outcome = verify(path, work / "genesis")
        theirs = holds(data, sink.cast.genesis)
        accepted += status == 0
        if (status == 0) != (theirs is not None):
            differ.append((number, status, outcome.get("steps")))
        if status == 0 and unsigned_parts(data) not in {unsigned_parts(o) for o in originals}:
            differ.append((number, "accepted"))
    check(f"both verifiers agree about {FORGERIES} random forgeries (SEED={SEED})", not differ, differ)
    check("and refuse nearly all of them", accepted <= FORGERIES // 10, accepted)


def forged_with_keys(work):
    """By the host, the sink, or the administrator with all their keys (tests/independent/test_proof.py)."""
    path, anchor, accepted, made = work / "keys.swornlog-proof", work / "keys.genesis", [], 0
    for what, genesis, data in test_proof.forgeries(worlds=8):
        path.write_bytes(data)
        anchor.write_bytes(genesis)
        made += 1
        if verify(path, anchor)[0] != 1:
            accepted.append(what)
    check(f"none of {made} forgeries with all keys of one party is taken", made >= 72 and not accepted, accepted)
    world = test_proof.World(2)
    anchor.write_bytes(world.cast.genesis)
    refused_ones = []
    for index in range(len(world.leaves)):
        path.write_bytes(test_proof.proof_bytes(world.story().proof(index)))
        if verify(path, anchor)[0] != 0:
            refused_ones.append(index)
    check("and the honest ones of such a world are", not refused_ones, refused_ones)


def change(rng, originals, data):
    rows = data.splitlines(keepends=True)
    other = rng.choice(originals).splitlines(keepends=True)
    at = rng.randrange(len(rows))
    kind = rng.randrange(4)
    if kind == 0:
        rows[at] = rng.choice(other)
    elif kind == 1:
        del rows[at]
    elif kind == 2:
        rows.insert(at, rng.choice(rows))
    else:
        byte = rng.randrange(len(data))
        return data[:byte] + bytes([data[byte] ^ 1 << rng.randrange(8)]) + data[byte + 1 :]
    return b"".join(rows)


def unsigned_parts(data):
    """What is not verified: lines by one-time keys that nothing names, and lines behind the fleet log's own."""
    rows = data[: data.index(b"\n", data.rindex("\u2014 test/log ".encode()))].splitlines()
    return tuple(row for row in rows if b"/seal " not in row)


def damaged(work, sink):
    store = work / "store"
    journal = sorted((store / "journal").iterdir())[-1]
    whole = journal.read_bytes()
    at = whole.rindex(b"swlbatc1") + 150
    journal.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    done = swornlog("prove", store, "alpha", 20)
    check("what is damaged is not proven", done.returncode in (1, 3) and b"verify" in done.stderr and not done.stdout, done)
    journal.write_bytes(whole)


def refused(work):
    store = work / "store"
    for what, arguments, status, word in (
        ("a host that is not there", (store, "gamma", 1), 3, b"gamma"),
        ("an index beyond the log", (store, "alpha", 21), 3, b"has 21"),
        ("an index that is none", (store, "alpha", "x"), 2, b"index"),
        ("several without a folder", (store, "alpha", 1, 2), 2, b"--out"),
        ("what is no store", (work, "alpha", 1), 3, b"store"),
    ):
        done = swornlog("prove", *arguments)
        check(f"{what} is refused", done.returncode == status and word in done.stderr, done)
    done = swornlog("prove", store, "alpha", 1, 2, 3, "--out", work / "many")
    check("several go into a folder", done.returncode == 0 and len(list((work / "many").iterdir())) == 3, done)
    done = swornlog("verify", "--anchor", work / "genesis", work / "one")
    check("a file that is no proof is refused", done.returncode == 3 and b"proof file" in done.stderr, done)
    text = swornlog("verify", "--anchor", work / "genesis", work / "many" / "alpha.1.2.swornlog-proof").stdout
    check("the account says what is proven and what not", b"proven  entry" in text and b"not proven\n" in text and b"\033" not in text, text)


def main():
    checker = build_checker()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        sink, w1, w2 = made_store(work)
        every_entry(work, sink)
        witnessed(work, sink, w1, w2)
        forged(work, sink)
        forged_with_keys(work)
        damaged(work, sink)
        refused(work)
        real_store(checker, work)
    finish()


if __name__ == "__main__":
    main()
