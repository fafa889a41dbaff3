#!/usr/bin/python3
"""A verifier written from docs/format.md alone: section 15, step by step.

    verify.py [--json] [--witness VKEY | --policy FILE] --anchor GENESIS STORE
    verify.py --anchor GENESIS --spool SPOOL
    verify.py --anchor GENESIS --receipt FILE
    verify.py --anchor GENESIS --split-view FILE

Exit status: 0 no fault of the record, 1 faults found, 2 usage or unreadable.
"""

import argparse
import json
import sys
from pathlib import Path

import tiles
from announcements import Announcements
from basics import Key, Origin, Refused, parse_origin, parse_vkey
from coverage import check_coverage
from files import FleetRecord, StoreFile, names_in, numbered, read_file, read_small, shown_name
from findings import Finding, Findings
from fleetlog import ANNOUNCE, COMMIT, SINK, MAX_RECEIPT, STATEMENT, check_in_fleet_log, commit_tree, log_keys_of, parse_fleet_entry, parse_receipt
from forks import check_forks
from generations import Generations, Restored, key_of, parse_restored
from hostlog import HostLog, StandAt, check_epochs
from notes import MAX_NOTE, check_fleet_checkpoint
from policies import MAX_POLICY, Policy, hold, parse_policy
from roll import Roll, Stand
from snapshot import check_snapshots
from splitview import MAX_FILE, convicts, parse_split_view
from spool import check_spool
from statements import KINDS, Genesis, Said, check_genesis, check_other, check_statement, parse_statement
from timeline import check_boots, check_clocks, check_copies, check_silence, read_fleet_times
from tree import Tree, leaf_hash

ROOT_NAMES = {"genesis", "journal", "segment", "fleet", "forks", "lock"}


class Verification:
    def __init__(self, store: Path, genesis: Genesis, witnesses: list[Key], policy: Policy | None = None):
        self.store = store
        self.genesis = genesis
        self.witnesses = witnesses
        self.policy = policy
        self.findings = Findings()
        self.remarks: list[dict[str, str]] = []
        self.files: list[StoreFile] = []
        self.tree = Tree()
        self.fleet_size = 0
        self.fleet_whole = True
        self.time_us = 0  # of the newest fleet entry
        self.entries: list[bytes] = []
        self.roll = Roll(genesis)
        self.enrolments: dict[str, tuple[int, Said]] = {}  # the first of each host
        self.committed: dict[Origin, list[tuple[int, int]]] = {}  # sizes and indices of commits, ascending
        self.logs: dict[Origin, HostLog] = {}
        self.announcements = Announcements(genesis.fleet)
        self.generations = Generations()

    def run(self) -> None:
        self.check_genesis_file()
        self.read_files()
        for file in self.files:
            for group in file.groups:
                for record in group.fleet:
                    self.take_fleet_record(record)
        if not self.entries:
            self.findings.add("missing", "fleet log", "entry 0, the genesis statement, is gone")
        self.check_host_logs()
        check_coverage(self.files, self.enrolled_index, self.findings)
        check_snapshots(self.files, self.enrolments, self.findings)
        for host in sorted({origin.host for origin in self.logs}):
            epochs = {o.epoch: log for o, log in self.logs.items() if o.host == host}
            check_epochs(epochs, lambda host, epoch: self.roll.closed.get((host, epoch)))
            check_boots(epochs[epoch] for epoch in sorted(epochs))
        self.check_fleet_heads()
        self.check_tokens_and_rotations()
        self.check_times()
        self.announcements.check(self.logs, self.findings, self.remarks)
        witnessed = tiles.check_fleet_folder(self.store / "fleet", self, self.findings)
        check_forks(self.store / "forks", self.genesis.fleet, self.findings)
        if self.policy:
            witnessed = self.holds()
        if not witnessed:
            self.findings.add("unwitnessed", "fleet/checkpoint", "no known witness has cosigned, or too few have")

    def holds(self) -> bool:
        """The published checkpoint, under the policy."""
        held = False
        with self.findings.guard("fleet/checkpoint"):
            held = hold(self.policy, read_small(self.store / "fleet/checkpoint", MAX_NOTE), self.genesis.log).quorum
        return held

    # Steps 1 and 2

    def check_genesis_file(self) -> None:
        with self.findings.guard("genesis"):
            if "genesis" not in names_in(self.store):
                raise Refused("the store has no genesis statement", "missing")
            if read_small(self.store / "genesis", MAX_NOTE) != self.genesis.data:
                raise Refused("not the genesis statement that was handed over")

    def read_files(self) -> None:
        for name in names_in(self.store):
            if name not in ROOT_NAMES:
                self.findings.add("altered", shown_name(name), "unknown name")
        if "lock" in names_in(self.store):
            with self.findings.guard("lock"):
                read_small(self.store / "lock", 0)
        segments = numbered(self.store, "segment", self.findings)
        journals = numbered(self.store, "journal", self.findings)
        self.check_numbers(segments, journals)
        last = max(journals, default=0)
        for number in sorted(segments):
            self.files.append(read_file("segment", number, segments[number], self.findings, False))
        for number in sorted(journals):
            if number in segments:
                self.check_leftover(number, journals[number])
            else:
                is_last = number == last
                self.files.append(read_file("journal", number, journals[number], self.findings, is_last))

    def check_numbers(self, segments: dict[int, Path], journals: dict[int, Path]) -> None:
        expected = 1
        for number in sorted(set(segments) | set(journals)):
            if number != expected:
                self.findings.add("missing", "journal, segment", f"numbers {expected} to {number - 1} are gone")
            expected = number + 1
        first_journal = min(set(journals) - set(segments), default=expected)
        if any(number > first_journal for number in segments):
            self.findings.add("altered", "segment", "a segment's number is above a journal's")

    def check_leftover(self, number: int, path: Path) -> None:
        """The crash window of the rewrite: the journal is still there whole, and is passed over."""
        aside = Findings()
        journal = read_file("journal", number, path, aside, False)
        segment = next(f for f in self.files if f.kind == "segment" and f.number == number)
        if not journal.whole or not segment.whole or journal.content() != segment.content():
            self.findings.add("altered", journal.name, "the number is also a segment's, and they differ")

    # Steps 3 and 4

    def take_fleet_record(self, record: FleetRecord) -> None:
        place = f"fleet log entry {record.index} ({record.place})"
        if record.index != self.fleet_size:
            verdict = "missing" if record.index > self.fleet_size else "altered"
            self.findings.add(verdict, place, f"expected entry {self.fleet_size}")
            self.fleet_whole = False
        self.fleet_size = record.index + 1
        self.entries.append(record.entry)
        self.tree.add(leaf_hash(record.entry))
        with self.findings.guard(place):
            self.check_entry(record, place)
        if record.note is not None:
            with self.findings.guard(place):
                self.check_fleet_note(record.note)

    def check_fleet_note(self, note: bytes) -> None:
        log = self.roll.log_key(self.fleet_size)
        former = log.former if self.time_us <= log.overlap_end else None
        checkpoint = check_fleet_checkpoint(note, log.key, alone=True, former=former)
        if checkpoint.origin != key_of(self.genesis.log, self.generations.newest).name:
            raise Refused("the note bears the name of another generation", "wrongly-sealed")
        if checkpoint.size != self.fleet_size:
            raise Refused("the note's size is not the entry's index + 1")
        if self.fleet_whole and checkpoint.root != self.tree.root():
            raise Refused("the note's root is not the fleet tree's")

    def check_entry(self, record: FleetRecord, place: str) -> None:
        entry = parse_fleet_entry(record.entry)
        self.time_us = entry[1]
        if record.index == 0 and (entry[0] != STATEMENT or entry[2] != self.genesis.data):
            raise Refused("entry 0 is not the genesis statement")
        if entry[0] == STATEMENT and record.index > 0:
            self.check_statement(record.index, entry[1], entry[2], place)
        self.announcements.time_us = max(self.announcements.time_us, entry[1])
        if entry[0] == ANNOUNCE:
            identities = {host: stands[-1].identity for host, stands in self.roll.stands.items()}
            self.announcements.take(record.index, entry[2], identities)
        if entry[0] == SINK and entry[2] == 2:
            self.take_restored(record.index, entry[3], place)
        if entry[0] == COMMIT:
            self.saw_commit(record)
            self.check_commit(entry, record)
            self.announcements.saw_commit(record.index, record.heads)
        elif record.heads:
            raise Refused("an entry that is no commit has heads")

    def take_restored(self, index: int, detail: bytes, place: str) -> None:
        restored = parse_restored(detail, self.genesis.log)
        if restored.former != self.generations.newest or restored.size != index:
            self.findings.add("altered", place, "the entry that the sink was restored does not fit its place")
        elif self.fleet_whole and self.tree.root(index) != restored.root:
            self.findings.add("altered", place, "the entry that the sink was restored names another log")
        self.generations.rows.append(restored)
        self.remarks.append({"place": place, "reason": f"restored: generation {restored.generation} begins"})

    def check_statement(self, index: int, time_us: int, note: bytes, place: str) -> None:
        kind = parse_statement(note).kind
        if kind == "genesis":
            raise Refused("a second genesis statement", "forked")
        if kind not in KINDS:
            check_other(note, self.genesis)
            self.remarks.append({"place": place, "reason": f"a statement of the unknown kind {kind}"})
            return
        said = check_statement(note, self.genesis)
        self.roll.take(said, index, time_us)
        if kind == "enrol":
            self.enrolments[said.host] = (index, said)

    def saw_commit(self, record: FleetRecord) -> None:
        for head in record.heads:
            origin = parse_origin(head.origin.encode())
            before = self.committed.get(origin, [(0, 0)])[-1][0]
            self.committed.setdefault(origin, []).append((head.size, record.index))
            stand = self.roll.stand(origin.host, record.index)
            if stand and stand.revokes(origin.epoch, head.size):
                first = before
                if stand.revoked and not stand.retired and origin.epoch > stand.closed_epoch and origin.epoch == stand.revoked.epoch:
                    first = max(before, stand.revoked.size)
                place = f"{origin} entries {first}-{head.size - 1} (fleet log entry {record.index})"
                self.findings.add("revoked", place, "committed after the host was revoked, retired or enrolled anew", origin)
            self.roll.commit(origin.host, origin.epoch, head.size, head.root)

    def stand_at(self, origin: Origin, size: int) -> Stand | None:
        """What the host was for the commit that takes its log up to that size."""
        for reached, index in self.committed.get(origin, []):
            if reached >= size:
                return self.roll.stand(origin.host, index)
        return self.roll.stand(origin.host, self.fleet_size)

    def check_tokens_and_rotations(self) -> None:
        for host, stands in self.roll.stands.items():
            logs = {origin.epoch: log for origin, log in self.logs.items() if origin.host == host}
            for stand in stands:
                if stand.kind == "rotate":
                    self.check_rotation(host, stand, logs)
                if stand.kind in ("enrol", "re-enrol") and stand.token is not None:
                    self.check_token(stand, logs)

    def check_rotation(self, host: str, stand: Stand, logs: dict[int, HostLog]) -> None:
        log = logs.get(stand.announced.epoch)
        announced = log.announced.get(stand.announced.size) if log else None
        if announced != (stand.identity.vkey.encode(), stand.certificate):
            place = f"fleet log entry {stand.index}"
            self.findings.add("malformed", place, f"host {host}: the old identity key did not announce this rotation")

    def check_token(self, stand: Stand, logs: dict[int, HostLog]) -> None:
        later = [epoch for epoch in sorted(logs) if epoch > stand.closed_epoch]
        first = next((logs[epoch] for epoch in later if self.began_under(logs[epoch], stand)), None)
        if first and first.epoch_fields is not None and first.epoch_fields.get(7) != stand.token:
            first.report("malformed", f"{first.origin} entry 0", "the epoch entry does not show the token of the enrolment")

    def began_under(self, log: HostLog, stand: Stand) -> bool:
        commits = self.committed.get(log.origin, [])
        found = self.roll.stand(log.origin.host, commits[0][1]) if commits else None
        return found is not None and found.enrolled == stand.enrolled

    @staticmethod
    def check_commit(entry: list, record: FleetRecord) -> None:
        origins = [head.origin for head in record.heads]
        if any(a >= b for a, b in zip(origins, origins[1:])):
            raise Refused("the commit's origins are not ascending")
        if len(record.heads) != entry[3]:
            raise Refused("the commit has another number of heads")
        if commit_tree(record.heads).root() != entry[2]:
            raise Refused("the heads do not make the commit's root")

    # Steps 5 to 8

    def enrolled_index(self, host: str) -> int | None:
        return self.enrolments[host][0] if host in self.enrolments else None

    def check_host_logs(self) -> None:
        refs = [ref for file in self.files for group in file.groups for ref in group.batches]
        refs.sort(key=lambda ref: (str(ref.batch.origin), ref.batch.first))
        for ref in refs:
            log = self.log_of(ref.batch.origin)
            with self.findings.guard(ref.place, ref.batch.origin):
                log.take(ref.load(), ref.place)

    def log_of(self, origin: Origin) -> HostLog:
        if origin in self.logs:
            return self.logs[origin]
        stand_at: StandAt = lambda size: self.stand_at(origin, size)
        if origin.fleet != self.genesis.fleet:
            self.findings.add("unenrolled", str(origin), "the log is of another fleet", origin)
            stand_at = lambda _size: None
        elif origin.host not in self.enrolments:
            self.findings.add("unenrolled", str(origin), "no enrolment of the host", origin)
        self.logs[origin] = HostLog(origin, self.findings, stand_at, [log.key for log in self.roll.logs])
        return self.logs[origin]

    def check_fleet_heads(self) -> None:
        beyond: dict[Restored, tuple[int, int]] = {}
        for origin, log in self.logs.items():
            for place, size, root, generation in log.fleet_heads:
                row = self.generations.lost(generation, size)
                if row is not None:
                    beyond[row] = max(beyond.get(row, (0, 0)), (size, generation))
                elif size > self.fleet_size or generation > self.generations.newest:
                    reason = f"the host saw a fleet log of {size} entries, there are {self.fleet_size}"
                    self.findings.add("truncated", place, reason, origin)
                elif self.fleet_whole and self.tree.root(size) != root:
                    reason = f"the host saw another fleet log at size {size}"
                    self.findings.add("split-view", place, reason, origin)
        for row, (size, generation) in beyond.items():
            name = key_of(self.genesis.log, generation).name
            self.findings.add("rolled-back", name, f"entries {row.size}-{size - 1} were lost when the sink was restored")

    # Steps 11 and 12

    def check_times(self) -> None:
        times = read_fleet_times(self.files, self.findings)
        gone = {host for host, stands in self.roll.stands.items() if stands[-1].retired or stands[-1].revoked is not None}
        check_silence(times, self.logs, gone, self.findings)
        check_clocks(times, self.logs)
        check_copies(self.logs)

    # The outcome

    def rows(self) -> list[dict]:
        rows = [self.row(origin) for origin in sorted(self.logs)]
        with_logs = {origin.host for origin in self.logs}
        for host in sorted(set(self.enrolments) - with_logs):
            rows.append({"host": host, "epoch": 0, "entries": 0, "batches": 0, "findings": []})
        return rows

    def row(self, origin: Origin) -> dict:
        log = self.logs[origin]
        findings = [finding.plain() for finding in self.findings.of(origin)]
        return {
            "host": origin.host,
            "epoch": origin.epoch,
            "entries": log.size,
            "batches": log.batches,
            "findings": findings,
        }

    def outcome(self) -> dict:
        return {
            "fleet": self.genesis.fleet,
            "hosts": self.rows(),
            "fleet_size": self.fleet_size,
            "findings": [finding.plain() for finding in self.findings.all],
            "remarks": self.remarks,
            "fault": self.findings.fault or bool(self.policy and self.findings.has("unwitnessed")),
        }


def verify_store(store: Path, genesis: Genesis, witnesses: list[Key] = (), policy: Policy | None = None) -> dict:
    verification = Verification(Path(store), genesis, list(witnesses), policy)
    verification.run()
    return verification.outcome()


def print_findings(findings: list[Finding] | list[dict]) -> None:
    for finding in findings:
        plain = finding if isinstance(finding, dict) else finding.plain()
        print(f"{plain['verdict']}: {plain['place']}: {plain['reason']}")


def print_table(outcome: dict) -> None:
    print(f"fleet {outcome['fleet']}, {outcome['fleet_size']} fleet entries")
    print(f"{'host':<32} {'epoch':>10} {'entries':>12} {'batches':>9} {'findings':>9}")
    for row in outcome["hosts"]:
        counts = f"{row['entries']:>12} {row['batches']:>9} {len(row['findings']):>9}"
        print(f"{row['host']:<32} {row['epoch']:>10} {counts}")
    print_findings(outcome["findings"])
    for remark in outcome["remarks"]:
        print(f"remark: {remark['place']}: {remark['reason']}")
    print("FAULTS FOUND" if outcome["fault"] else "no fault of the record")


def run_receipt(path: Path, genesis: Genesis) -> int:
    """Steps 1 to 4 of section 10: neither the host's own head nor the fleet head it held is at hand."""
    data = read_small(path, MAX_RECEIPT)
    try:
        receipt = parse_receipt(data)
        head = check_in_fleet_log(receipt, *log_keys_of(receipt, genesis))
    except Refused as refused:
        print(f"{refused.verdict}: {refused.reason}")
        return 1
    print(f"{receipt.origin} size {receipt.size} is in the fleet log of size {head.size}")
    return 0


def run_split_view(path: Path, genesis: Genesis) -> int:
    """0: the fleet's own log is convicted."""
    view = parse_split_view(read_small(path, MAX_FILE))
    if any(log != genesis.log for log in view.logs):
        print("a key in the file is not the fleet log's")
        return 1
    try:
        first, second = convicts(view)
    except Refused as refused:
        print(f"{refused.verdict}: {refused.reason}")
        return 1
    print(f"{genesis.log.name} signed two histories: sizes {first.size} and {second.size}")
    return 0


def run_spool(path: Path, genesis: Genesis) -> int:
    findings = check_spool(path, genesis)
    print_findings(findings.all)
    return 1 if findings.fault else 0


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="verify a store, a spool or a receipt against a genesis statement")
    parser.add_argument("--anchor", required=True, type=Path, metavar="GENESIS")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--witness", action="append", default=[], metavar="VKEY")
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--spool", action="store_true")
    parser.add_argument("--receipt", action="store_true")
    parser.add_argument("--split-view", action="store_true")
    parser.add_argument("path", type=Path)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    args = arguments(argv)
    try:
        genesis = check_genesis(read_small(args.anchor, MAX_NOTE))
        witnesses = [parse_vkey(text) for text in args.witness]
        if args.receipt:
            return run_receipt(args.path, genesis)
        if args.split_view:
            return run_split_view(args.path, genesis)
        if not args.path.is_dir():
            raise Refused(f"{args.path} is not a folder")
        names_in(args.path)
        if args.spool:
            return run_spool(args.path, genesis)
        policy = parse_policy(read_small(args.policy, MAX_POLICY)) if args.policy else None
        outcome = verify_store(args.path, genesis, witnesses, policy)
    except Refused as refused:
        print(f"verify.py: {refused.reason}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(outcome, indent=2))
    else:
        print_table(outcome)
    return 1 if outcome["fault"] else 0


if __name__ == "__main__":
    sys.exit(main())
