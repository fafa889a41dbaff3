#!/usr/bin/python3
"""Commits every sin against copies of a store and sees `swornlog verify` name it.

usage: [BIN=build/opt] [FLIPS=1000] tamper_test.py [STORE GENESIS]

Without a store one is built by the independent builder, so that nothing here rests on swornlog's own writers. Each tampering
is also shown to the independent verifier, which must find it too.
"""

import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "independent"))

import build  # noqa: E402
import cbor  # noqa: E402
import verify as independent  # noqa: E402
from batches import HEADER  # noqa: E402
from statements import check_genesis  # noqa: E402
from tiles import paths_of  # noqa: E402

SWORNLOG = ROOT / os.environ.get("BIN", "build/opt") / "swornlog"
FLIPS = int(os.environ.get("FLIPS", "1000"))
SEED = int(os.environ.get("SEED", "20261124"))

BATCH, FLEET, SNAPSHOT, INDEX = 1, 2, 3, 4
MAGIC = {"journal": b"swljrnl1", "segment": b"swlsegm1"}


def make_store(folder: Path) -> Path:
    """Three hosts, two segments, two journals, some thirty commits."""
    cast = build.Cast()
    hosts = [build.Host(cast, name) for name in ("alpha", "beta.example", "gamma")]
    sink = build.Sink(cast)
    for host in hosts:
        sink.enrol(host)
    epochs = [host.epoch() for host in hosts]
    epochs[0].add(4, build.posture_fields())
    for journal in range(4):
        for _ in range(8):
            for epoch in epochs:
                epoch.add_events(4)
            head = {9: [len(sink.leaves), build.tree_root(sink.leaves)]}
            sink.commit(*[epoch.seal(build.CODEC_ZSTD, fields=head) for epoch in epochs])
        if journal < 3:
            sink.new_journal()
    sink.write(folder, segments=2)
    anchor = folder.parent / "anchor"
    anchor.write_bytes(cast.genesis)
    return anchor


class Files:
    """A journal or segment taken apart, and put together again with fitting check bytes: what a real attacker does."""

    def __init__(self, path: Path):
        self.path, self.kind = path, path.suffix[1:]
        data = path.read_bytes()
        self.number = int.from_bytes(data[8:16], "big")
        end = len(data) - (16 if self.kind == "segment" else 0)
        self.records, at = [], 16
        while at < end:
            kind, length = struct.unpack_from(">BI", data, at)
            if kind != INDEX:
                self.records.append((kind, data[at + 5 : at + 5 + length]))
            at += 13 + length

    def batches(self, origin: str = "") -> list[int]:
        """Positions of the batch records, of one origin if given."""
        return [
            i
            for i, (kind, payload) in enumerate(self.records)
            if kind == BATCH and (not origin or build._sort_key(payload)[0].decode() == origin)
        ]

    def commit_between(self, one: int, two: int) -> bool:
        return any(kind == FLEET for kind, _ in self.records[one:two])

    def write(self) -> None:
        magic, records = MAGIC[self.kind], list(self.records)
        if self.kind == "journal":
            self.path.write_bytes(build.file_bytes(magic, self.number, records))
            return
        rows, offset = [], 16
        for kind, payload in records:
            if kind == BATCH:
                origin, first = build._sort_key(payload)
                rows.append([origin, first, HEADER.unpack_from(payload)[4], offset, 13 + len(payload)])
            offset += 13 + len(payload)
        data = build.file_bytes(magic, self.number, records + [(INDEX, cbor.encode(rows))])
        self.path.write_bytes(data + offset.to_bytes(8, "big") + magic)


def batch_range(payload: bytes) -> tuple[str, int, int]:
    origin, first = build._sort_key(payload)
    return origin.decode(), first, first + HEADER.unpack_from(payload)[4] - 1


class Suite:
    def __init__(self, store: Path, anchor: Path, scratch: Path):
        self.store, self.anchor, self.scratch = store, anchor, scratch
        self.passed = self.failed = 0
        self.genesis = check_genesis(anchor.read_bytes())

    def verify(self, store: Path) -> tuple[int, dict]:
        done = subprocess.run(
            [SWORNLOG, "verify", "--json", "--anchor", self.anchor, store], capture_output=True, timeout=120, check=False
        )
        if done.returncode not in (0, 1):
            return done.returncode, {"findings": [], "error": done.stderr.decode(errors="replace")}
        return done.returncode, json.loads(done.stdout)

    def report(self, name: str, problem: str) -> None:
        if problem:
            self.failed += 1
            print(f"FAILED {name}: {problem}")
        else:
            self.passed += 1
            print(f"ok     {name}")

    def copy(self) -> Path:
        target = self.scratch / "copy"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.store, target)
        return target

    def check(self, name: str, tamper, verdicts: set[str], file: str = "", log: str = "", index: int | None = None, alone: bool = False):  # fmt: skip
        """`tamper` changes a copy; a fault with one of the verdicts must name the file, the log and the index. The independent verifier
        must see a fault too, unless only this one looks for it (`alone`)."""
        store = self.copy()
        tamper(store)
        code, outcome = self.verify(store)
        faults = [f for f in outcome["findings"] if f["fault"]]
        fitting = [
            f
            for f in faults
            if f["verdict"] in verdicts
            and file in f.get("file", "")
            and log in f.get("log", "")
            and (index is None or f.get("first", -1) <= index <= f.get("last", -1))
        ]
        problem = ""
        if code != 1:
            problem = f"exit {code}: {outcome.get('error', outcome.get('verdict'))}"
        elif not fitting:
            problem = "no finding names it: " + "; ".join(json.dumps(f) for f in faults[:5])
        elif not alone and not independent.verify_store(store, self.genesis)["fault"]:
            problem = "the independent verifier finds nothing"
        self.report(name, problem)

    # --- the sins

    def control(self) -> None:
        code, outcome = self.verify(self.store)
        self.report("the store as it is verifies", "" if code == 0 else json.dumps(outcome)[:600])

    def flips(self) -> None:
        rng = random.Random(SEED)
        store = self.copy()
        files = sorted(p for p in store.rglob("*") if p.is_file() and p.stat().st_size)
        weights = [p.stat().st_size for p in files]
        unseen = []
        for i in range(FLIPS):
            # Each file gets its turn; after that by size.
            path = files[i] if i < len(files) else rng.choices(files, weights)[0]
            data = bytearray(path.read_bytes())
            at, before = rng.randrange(len(data)), bytes(data)
            data[at] ^= rng.randrange(1, 256)
            path.write_bytes(data)
            code, outcome = self.verify(store)
            named = any(f["fault"] and (f.get("file") or f.get("log")) for f in outcome["findings"])
            if code != 1 or not named:
                unseen.append(f"{path.relative_to(store)} at {at}: exit {code}")
            path.write_bytes(before)
        self.report(f"{FLIPS} changed bytes, one at a time, are all found", "; ".join(unseen[:20]))

    def first_file(self, store: Path, kind: str) -> Path:
        return sorted((store / kind).iterdir())[0]

    def each_kind(self):
        return [kind for kind in ("segment", "journal") if any((self.store / kind).iterdir())]

    def delete_batch(self) -> None:
        for kind in self.each_kind():
            files = Files(self.first_file(self.store, kind))
            middle = files.batches()[len(files.batches()) // 2]
            origin, first, _ = batch_range(files.records[middle][1])

            def tamper(store: Path, kind=kind, middle=middle) -> None:
                f = Files(self.first_file(store, kind))
                del f.records[middle]
                f.write()

            self.check(f"a batch deleted from a {kind}", tamper, {"missing"}, files.path.name, origin, first)

    def delete_last_batch_and_its_commit(self) -> None:
        def tamper(store: Path) -> None:
            f = Files(sorted((store / "journal").iterdir())[-1])
            while f.records.pop()[0] != BATCH:
                pass
            f.write()

        self.check("the last batch and its commit cut off", tamper, {"truncated"})

    def cut_tail(self) -> None:
        last = sorted((self.store / "journal").iterdir())[-1]

        def tamper(store: Path) -> None:
            path = store / "journal" / last.name
            path.write_bytes(path.read_bytes()[:-1000])

        self.check("the tail cut off in the middle of a record", tamper, {"torn"}, last.name)

    def cut_group(self) -> None:
        def tamper(store: Path) -> None:
            f = Files(sorted((store / "journal").iterdir())[-1])
            f.records.pop()
            while f.records[-1][0] != FLEET:
                f.records.pop()
            f.write()

        self.check("whole commits cut off the end", tamper, {"truncated"}, "fleet/checkpoint")

    def swap_batches(self) -> None:
        for kind in self.each_kind():
            files = Files(self.first_file(self.store, kind))
            origin = batch_range(files.records[files.batches()[0]][1])[0]
            # In a journal, of two commit groups.
            one = files.batches(origin)[2]
            apart = [i for i in files.batches(origin) if i > one and (kind == "segment" or files.commit_between(one, i))]
            two = apart[0]

            def tamper(store: Path, kind=kind, one=one, two=two) -> None:
                f = Files(self.first_file(store, kind))
                f.records[one], f.records[two] = f.records[two], f.records[one]
                f.write()

            self.check(f"two batches swapped in a {kind}", tamper, {"missing", "altered"}, files.path.name, origin)

    def replay_batch(self) -> None:
        for kind in self.each_kind():
            files = Files(self.first_file(self.store, kind))
            origin = batch_range(files.records[files.batches()[0]][1])[0]
            old, new = files.batches(origin)[1], files.batches(origin)[4]
            index = batch_range(files.records[new][1])[1]

            def tamper(store: Path, kind=kind, old=old, new=new) -> None:
                f = Files(self.first_file(store, kind))
                f.records[new] = f.records[old]
                f.write()

            self.check(f"a batch replaced by an older one in a {kind}", tamper, {"missing"}, files.path.name, origin, index)

    def alter_entry(self) -> None:
        """An entry changed inside, packed again, all framing made to fit."""
        files = Files(self.first_file(self.store, "journal"))
        at = files.batches()[3]
        origin, first, last = batch_range(files.records[at][1])

        def tamper(store: Path) -> None:
            f = Files(self.first_file(store, "journal"))
            o, bodies, seed, note = build.take_apart(f.records[at][1])
            bodies[0] = bodies[0][:-1] + bytes([bodies[0][-1] ^ 1])
            f.records[at] = (BATCH, build.make_batch(o, first, bodies, seed, note, build.CODEC_ZSTD))
            f.write()

        self.check("an entry altered inside its batch", tamper, {"altered"}, files.path.name, origin, first)

    def foreign_fleet_log(self) -> None:
        """The sink's own operator rewrites the log with its key, but can't make the hosts' seals agree."""

        def tamper(store: Path) -> None:
            stranger = build.Signer(build.Cast().log.key.name, salt="x")
            for path in sorted((store / "journal").iterdir()):
                f = Files(path)
                for i, (kind, payload) in enumerate(f.records):
                    if kind != FLEET:
                        continue
                    index, entry, heads, note = cbor.decode(payload)
                    text = build.parse_note(note).text
                    f.records[i] = (FLEET, cbor.encode([index, entry, heads, build.make_note(text, stranger)]))
                f.write()

        if self.genesis.fleet == "test":
            self.check("checkpoints signed by another key", tamper, {"wrongly-sealed"}, "journal/")

    def remove_files(self) -> None:
        for kind in self.each_kind():
            files = sorted((self.store / kind).iterdir())
            if kind == "segment" or len(files) > 1:
                self.check(f"the first {kind} removed", lambda s, p=files[0]: (s / kind / p.name).unlink(), {"missing"})
        last = sorted((self.store / "journal").iterdir())[-1]
        self.check("the last journal removed", lambda s: (s / "journal" / last.name).unlink(), {"truncated"}, "fleet/")

    def renumber(self) -> None:
        """A file removed, and those behind it given its number with fitting check bytes."""

        def tamper(store: Path) -> None:
            files = sorted((store / "journal").iterdir())
            files[0].unlink()
            for path in files[1:]:
                f = Files(path)
                f.number -= 1
                f.path = path.with_name(f"{f.number:020d}.journal")
                path.unlink()
                f.write()

        if len(list((self.store / "journal").iterdir())) > 1:
            self.check("a journal removed and the others renumbered", tamper, {"missing"}, "journal/")

    def roll_back_checkpoint(self) -> None:
        def tamper(store: Path) -> None:
            f = Files(self.first_file(store, "journal"))
            notes = [cbor.decode(p)[3] for kind, p in f.records if kind == FLEET]
            (store / "fleet" / "checkpoint").write_bytes(next(note for note in notes if note))

        self.check("fleet/checkpoint rolled back", tamper, {"truncated"}, "fleet/checkpoint", alone=True)

    def other_genesis(self) -> None:
        def tamper(store: Path) -> None:
            path = store / "genesis"
            path.write_bytes(path.read_bytes()[:-1] + b"\n\n")

        self.check("another genesis statement", tamper, {"altered"}, "genesis")

    def strange_files(self) -> None:
        for name in ("journal/x", "segment/1.segment", "fleet/tile/0/999", "extra"):
            self.check(f"a strange file {name}", lambda s, n=name: (s / n).write_bytes(b"x"), {"altered", "truncated"}, name)

    def tiles(self) -> None:
        size = int((self.store / "fleet" / "checkpoint").read_bytes().split(b"\n")[1])
        for path in list(paths_of(size))[:6]:
            path = Path("fleet") / path
            self.check(f"{path} removed", lambda s, p=path: (s / p).unlink(), {"missing"}, str(path))

    def run(self) -> int:
        for sin in (
            self.control, self.delete_batch, self.delete_last_batch_and_its_commit, self.cut_tail, self.cut_group,
            self.swap_batches, self.replay_batch, self.alter_entry, self.foreign_fleet_log, self.remove_files,
            self.renumber, self.roll_back_checkpoint, self.other_genesis, self.strange_files, self.tiles, self.flips,
        ):  # fmt: skip
            sin()
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="swornlog-tamper-") as name:
        scratch = Path(name)
        if len(sys.argv) == 3:
            store, anchor = Path(sys.argv[1]), Path(sys.argv[2])
        else:
            store = scratch / "store"
            anchor = make_store(store)
        return Suite(store, anchor, scratch).run()


if __name__ == "__main__":
    sys.exit(main())
