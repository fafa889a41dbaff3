#!/usr/bin/python3
"""What `swornlog export` writes, checked by the published rules of C2SP (tests/independent/c2sp_tiles.py), by section 18
(tests/independent/export.py), and by Go's module library (tests/golang/check.go)."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "independent")]
import build  # noqa: E402
import c2sp_tiles  # noqa: E402
import export  # noqa: E402
import proof  # noqa: E402
from checks import check, finish  # noqa: E402
from golang import build_checker, run_checker  # noqa: E402
from tree import leaf_hash  # noqa: E402

SWORNLOG = pathlib.Path(os.environ.get("BIN", "build/opt")).resolve() / "swornlog"
SECRET = b"/srv/secret/ledger"


def swornlog(*arguments):
    return subprocess.run([SWORNLOG, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def large_sink():
    """A host log of more than two tiles in two epochs, a fleet log of more than one, in journals and segments."""
    cast, hosts = build.small_fleet()
    sink = build.Sink(cast)
    for host in hosts:
        sink.enrol(host)
    epochs = [host.epoch() for host in hosts]
    for number in range(280):
        epochs[0].add(32, {0: SECRET + b"/%d" % number})
        epochs[0].add_events(1)
        batches = [epochs[0].seal(identity=number % 10 == 0 or None)]
        if number % 100 == 50:
            epochs[1].add_events(2)
            batches.append(epochs[1].seal())
            sink.new_journal()
        sink.commit(*batches)
    size, root = epochs[1].heads[-1]
    again = hosts[1].epoch(2, 1, extra={2: [1, size, root], 3: [1, size, root]})
    sink.commit(again.seal())
    return sink


def logs_of(folder):
    return [folder / "fleet", *sorted((folder / "host").glob("*/*"))]


def vkeys(folder):
    lines = (folder / "policy").read_text().splitlines()
    return [line.split()[1] for line in lines if line.startswith("log ")]


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def check_by_rules(folder, bundles=True):
    for log in logs_of(folder):
        with_bundles = bundles or log.name == "fleet"
        faults = c2sp_tiles.Directory(log, with_bundles).check(vkeys(log))
        check(f"{log.relative_to(folder)} keeps the rules of C2SP", not faults, faults)


def check_bytes(folder, store):
    """What is there is what was stored: the fleet log byte for byte the sink's own files, but for older partial tiles."""
    for name in files(folder / "fleet"):
        if name != "policy":
            same = (folder / "fleet" / name).read_bytes() == (store / "fleet" / name).read_bytes()
            check(f"fleet/{name} is the store's", same)
    log = folder / "host" / "alpha" / "1"
    size, _ = c2sp_tiles.parse_checkpoint((log / "checkpoint").read_bytes())
    names = {f"tile/{kind}/{n:03d}" for kind in ("0", "entries") for n in range(size // 256)}
    names |= {f"tile/{kind}/{size // 256:03d}.p/{size % 256}" for kind in ("0", "entries")}
    names |= {f"tile/1/000.p/{size // 256}", "checkpoint", "policy", "seals"}
    check("a host log has just the files that its size calls for", set(files(log)) == names, set(files(log)) ^ names)


def check_by_go(checker, folder, store):
    for log in logs_of(folder):
        done = run_checker(checker, "tiles", log, *vkeys(log))
        check(f"Go verifies {log.relative_to(folder)}", done.returncode == 0, done.stderr)
    done = run_checker(checker, "tiles", store / "fleet", *vkeys(folder / "fleet"))
    check("Go verifies the tiles of the store itself", done.returncode == 0, done.stderr)
    done = run_checker(checker, "tiles", folder / "fleet", *vkeys(folder / "host" / "alpha" / "1"))
    check("Go refuses another key", done.returncode == 1 and "note" in done.stderr, done.stderr)


def check_receipt_by_go(checker, sink):
    """The proofs of a receipt: inclusion in the fleet log, consistency from older heads."""
    for held in (1, 2, 77, 256, len(sink.leaves) - 1):
        receipt = sink.receipt(sink.enrolled["alpha"][0], held).split(b"\n\n", 3)
        entry, index, *path = receipt[1].decode().split("\n")
        old, *proof = receipt[2].decode().split("\n")
        root = build.base64_text(build.tree_root(sink.leaves[:held])).decode()
        record = ["record", index.split()[1], entry.split()[1], *path]
        tree = ["tree", old.split()[1], root, *proof]
        text = f"{' '.join(record)}\n{' '.join(tree)}\n\n".encode() + receipt[3]
        done = run_checker(checker, "proof", sink.cast.log.key.vkey, stdin=text)
        check(f"Go verifies a receipt's proofs from size {held}", done.returncode == 0, done.stderr)
        wrong = text.replace(proof[-1].encode(), build.base64_text(leaf_hash(b"")))
        done = run_checker(checker, "proof", sink.cast.log.key.vkey, stdin=wrong)
        check(f"and not with another hash in it ({held})", done.returncode == 1, done.stdout)


def verified(work, sink, folder, *more):
    """What `swornlog verify` says of an export, as its status and its document."""
    (work / "anchor").write_bytes(sink.cast.genesis)
    done = swornlog("verify", "--json", "--anchor", work / "anchor", *more, folder)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def check_verified(work, sink):
    out = work / "out"
    status, outcome = verified(work, sink, out)
    good = status == 0 and outcome["verdict"] == "verified" and outcome["content"]
    check("swornlog verifies the export, content and all", good and len(outcome["logs"]) == 3, outcome)
    log = out / "host" / "alpha" / "1"
    for name, word in (("tile/entries/001", "altered"), ("tile/1/000.p/%d" % len(list((log / "tile" / "0").glob("0*[0-9]"))), "altered")):
        path = log / name
        data = path.read_bytes()
        path.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:] if len(data) > 50 else data[:-1] + bytes([data[-1] ^ 1]))
        status, outcome = verified(work, sink, out)
        check(f"and finds {name} changed", status == 1 and word in {f["verdict"] for f in outcome["findings"]}, outcome.get("findings"))
        path.write_bytes(data)
    (log / "tile" / "0" / "099").write_bytes(b"")
    status, outcome = verified(work, sink, out)
    check("and a tile that no log of this size has", status == 1, outcome)
    (log / "tile" / "0" / "099").unlink()


def check_structure(work, store, sink):
    out = work / "structure"
    done = swornlog("export", "--structure", store, out)
    check("an export without content is made", done.returncode == 0, done.stderr)
    check_by_rules(out, bundles=False)
    check("it holds no entries of hosts", not [n for n in files(out / "host") if "/entries/" in n])
    held = [n for n in files(out) if SECRET in (out / n).read_bytes()]
    check("and nothing of what they say", not held, held)
    faults = export.check_export(out, sink.cast.genesis)
    check("its structure verifies by section 18", not faults, faults)
    status, outcome = verified(work, sink, out)
    check("and by swornlog", status == 0 and outcome["verdict"] == "structure verified, content not re-hashed", outcome)
    for name, change in forgeries().items():
        copy = work / "forged"
        shutil.copytree(out, copy)
        change(copy / "host" / "alpha" / "1")
        status, outcome = verified(work, sink, copy)
        both = bool(export.check_export(copy, sink.cast.genesis)), status == 1
        check(f"a forged one does not: {name}", both == (True, True), (both, outcome))
        shutil.rmtree(copy)


def forgeries():
    def flip(path, at):
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(data)

    def drop_batch(log):
        blocks = (log / "seals").read_bytes().split(b"batch ")
        (log / "seals").write_bytes(b"batch ".join(blocks[:5] + blocks[6:]))

    def cut(log):
        blocks = (log / "seals").read_bytes().split(b"batch ")
        (log / "seals").write_bytes(b"batch ".join(blocks[:-1]))

    return {
        "a leaf": lambda log: flip(log / "tile/0/001", 100),
        "a seal": lambda log: flip(log / "seals", 2000),
        "a batch is left out": drop_batch,
        "the end is left out": cut,
        "the checkpoint": lambda log: flip(log / "checkpoint", 40),
    }


def check_damage(work, store):
    copy = work / "damaged"
    shutil.copytree(store, copy)
    journal = sorted((copy / "journal").iterdir())[0]
    data = bytearray(journal.read_bytes())
    at = data.index(b"swlbatc1", len(data) // 2)
    data[at + 200] ^= 1
    journal.write_bytes(data)
    done = swornlog("export", copy, work / "rest")
    check("a damaged store is exported up to the fault, and status 1 says so", done.returncode == 1 and "verify" in done.stderr, done)
    check_by_rules(work / "rest")


def check_refusals(work, store):
    done = swornlog("export", store, work)
    check("a folder that is not empty is refused", done.returncode == 3 and "empty" in done.stderr, done)
    done = swornlog("export", store, work / "one", "--host", "alpha", "--epoch", "1")
    check("one host's epoch can be chosen", sorted(p.name for p in (work / "one" / "host").iterdir()) == ["alpha"], done)
    done = swornlog("export", store, work / "none", "--host", "gamma")
    check("a host that is not there is told", done.returncode == 1 and "gamma" in done.stderr, done)
    done = swornlog("export", store, work / "log", "--fleet")
    check("the fleet log alone can be chosen", done.returncode == 0 and not (work / "log" / "host").exists(), done)
    done = swornlog("export", work, work / "x")
    check("what is no store is refused", done.returncode == 3 and "store" in done.stderr, done)


class CastWithNextKey(build.Cast):
    def genesis_lines(self):
        self.next_log = build.Signer(f"{self.fleet}/log", salt="next")
        key = build.H(b"\1" + self.next_log.key.public)
        return [*super().genesis_lines(), f"next-log-key {key.hex()}"]


def ruled_sink():
    """A fleet that stated a policy, and then replaced its log's key."""
    cast = CastWithNextKey()
    host = build.Host(cast, "alpha")
    sink = build.Sink(cast)
    sink.enrol(host)
    witness = build.Signer("witness.example/1", build.TYPE_COSIGNATURE)
    policy = [f"witness one {witness.key.vkey}", "quorum one"]
    state(sink, "policy", [f"policy {line}" for line in policy])
    epoch = host.epoch()
    epoch.add_events(3)
    sink.commit(epoch.seal())
    old, cast.log = cast.log, cast.next_log
    state(sink, "log-key", [f"log {cast.log.key.vkey}", f"next {'0' * 64}", "overlap 60"])
    epoch.add_events(3)
    sink.commit(epoch.seal(identity=True))
    sink.note = sink.make_checkpoint(witness)
    return sink, old, witness


def state(sink, kind, lines):
    signers = [sink.cast.admins[0], sink.cast.auditors[0]]
    sink.group([], [[2, sink.time, build.make_statement(kind, sink.cast.fleet, lines, signers)]])


def check_policies(checker, work):
    sink, old, witness = ruled_sink()
    store, out = work / "ruled", work / "ruled-out"
    sink.write(store)
    done = swornlog("export", store, out)
    check("a fleet's own policy goes with its log", done.returncode == 0 and not done.stderr, done)
    text = (out / "fleet" / "policy").read_text()
    check("with the key in force, and its witnesses", text == f"log {sink.cast.log.key.vkey}\nwitness one {witness.key.vkey}\nquorum one\n", text)
    check_by_rules(out)
    check_by_go(checker, out, store)
    done = run_checker(checker, "tiles", out / "fleet", old.key.vkey)
    check("the key that was replaced is refused by Go", done.returncode == 1, done.stderr)
    status, outcome = verified(work, sink, out, "--policy", out / "fleet" / "policy")
    check("swornlog verifies it, witnessed", status == 0 and outcome["witnessed"], outcome)
    faults = export.check_export(out, sink.cast.genesis)
    check("and section 18 does, under the key in force", not faults, faults)
    (work / "genesis").write_bytes(sink.cast.genesis)
    check_proofs_after_key_change(work, store, text)
    for name, policy, status, word in (
        ("a policy that is not met is told", f"witness two {build.Signer('w/2', build.TYPE_COSIGNATURE).key.vkey}\nquorum two\n", 0, "lacks"),
        ("a policy for another log is refused", f"log {old.key.vkey}\nquorum none\n", 3, "not among them"),
        ("what is no policy is refused", "quorum\n", 3, "line 1"),
    ):
        (work / "policy").write_text(policy)
        done = swornlog("export", store, work / f"policy-{word[:4]}", "--fleet", "--policy", work / "policy")
        check(name, done.returncode == status and word in done.stderr, done)


def check_proofs_after_key_change(work, store, policy):
    """Entry 1 was committed under the old key; the checkpoint is the new one's, and the proof holds the statement that says so."""
    (work / "fleet-policy").write_text(policy)
    for index in (1, 6):
        path = work / f"{index}.swornlog-proof"
        done = swornlog("prove", store, "alpha", index, "--out", path)
        check(f"entry {index} is proven after a change of the log's key", done.returncode == 0, done)
        done = swornlog("verify", "--anchor", work / "genesis", "--policy", work / "fleet-policy", path)
        checked = proof.check_proof(path.read_bytes(), (work / "genesis").read_bytes())
        check(f"and by section 17 ({index})", checked.entry.index == index)
        check(f"and verifies ({index})", done.returncode == 0 and "proven, and witnessed" in done.stdout, done)


def check_generation(checker, work):
    """After a restore the log's key signs under another name; the export's policy names that one."""
    sink, _, _ = build.small_sink()
    later = build.Signer(sink.cast.log.key.name)
    later.key = build.Key(f"{later.key.name}/2", later.key.public)
    sink.note = build.make_note(build.checkpoint_text(later.key.name, len(sink.leaves), build.tree_root(sink.leaves)), later)
    store, out = work / "generation", work / "generation-out"
    sink.write(store)
    done = swornlog("export", store, out)
    check("a later generation of the fleet log is exported", done.returncode == 0 and vkeys(out / "fleet") == [later.key.vkey], done)
    done = run_checker(checker, "tiles", out / "fleet", later.key.vkey)
    check("Go verifies it under its own name", done.returncode == 0, done.stderr)
    status, outcome = verified(work, sink, out, "--policy", out / "fleet" / "policy")
    check("and swornlog does", status == 0, outcome)
    path = work / "generation.swornlog-proof"
    done = swornlog("prove", store, "alpha", 4, "--out", path)
    check("its entries are proven", done.returncode == 0 and proof.check_proof(path.read_bytes(), sink.cast.genesis).entry.index == 4, done)
    done = swornlog("verify", "--anchor", work / "anchor", "--policy", out / "fleet" / "policy", path)
    check("and verify under that policy", done.returncode == 0, done)


def main():
    checker = build_checker()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        sink = large_sink()
        sink.write(work / "store", segments=2)
        done = swornlog("export", work / "store", work / "out")
        check("a store is exported", done.returncode == 0 and "host/alpha/1" in done.stdout, done)
        check_by_rules(work / "out")
        check_bytes(work / "out", work / "store")
        faults = export.check_export(work / "out", sink.cast.genesis)
        check("its structure verifies by section 18", not faults, faults)
        check_by_go(checker, work / "out", work / "store")
        check_verified(work, sink)
        check_receipt_by_go(checker, sink)
        check_structure(work, work / "store", sink)
        check_damage(work, work / "store")
        check_refusals(work, work / "store")
        check_policies(checker, work)
        check_generation(checker, work)
    finish()


if __name__ == "__main__":
    main()
