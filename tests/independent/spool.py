"""Section 14: a host's spool folder, and the key slots."""

import re
from dataclasses import dataclass
from pathlib import Path

import cbor
from basics import H, MAX_EPOCH, Origin, Refused, decimal, parse_epoch, parse_origin, unbase64, unbase64_hash
from batches import MAX_BATCH, Batch, parse_batch
from entries import EPOCH, Entry, body_faults, parse_body
from files import names_in, read_small, shown_name
from findings import Findings
from fleetlog import MAX_RECEIPT, check_in_fleet_log, is_hash, is_uint, log_keys_of, parse_receipt
from hostlog import HostLog
from notes import MAX_NOTE, Checkpoint, check_fleet_checkpoint
from roll import Stand
from statements import Genesis, Said, check_enrolment
from tree import Frontier

MAX_BASE = 16384
SLOT_MAGIC = b"swlslot1"
SLOT = 4096
PLAIN_NAMES = {"base", "receipt", "witnessed", "enrol", "genesis"}
ASIDE = (".tmp", ".damaged", ".abandoned")
_BATCH_NAME = re.compile(r"([0-9]{10})-([0-9]{20})\.batch", re.ASCII)
_TWO_HISTORIES = re.compile(r"inconsistent-(?:[0-9]|1[0-5])-(?:held|shown)", re.ASCII)


@dataclass(frozen=True)
class Base:
    origin: Origin
    frontier: Frontier


def parse_base(data: bytes) -> Base:
    lines = data.split(b"\n")
    if len(lines) < 4 or lines[0] != b"swornlog-base/v1" or lines[-1]:
        raise Refused("base: malformed")
    if not lines[1].startswith(b"origin ") or not lines[2].startswith(b"size "):
        raise Refused("base: malformed")
    origin = parse_origin(lines[1].removeprefix(b"origin "))
    size = decimal(lines[2].removeprefix(b"size "))
    return Base(origin, Frontier(size, [unbase64_hash(line) for line in lines[3:-1]]))


@dataclass(frozen=True)
class Slot:
    generation: int
    epoch: int
    size: int
    frontier: list[bytes]
    secret: bytes
    account: list[int]
    posture: bytes | None


def parse_slot(data: bytes) -> Slot | None:
    """None for a slot of zeros."""
    if len(data) != SLOT:
        raise Refused("slot: size")
    if not any(data):
        return None
    length = int.from_bytes(data[8:12], "big")
    end = 12 + length
    if data[:8] != SLOT_MAGIC or end + 32 > SLOT:
        raise Refused("slot: header")
    if H(data[:end]) != data[end : end + 32] or any(data[end + 32 :]):
        raise Refused("slot: hash or padding")
    item = cbor.decode(data[12:end])
    if type(item) is not list or len(item) != 7 or not all(is_uint(number) for number in item[:3]):
        raise Refused("slot: payload")
    if type(item[3]) is not list or not all(is_hash(h) for h in item[3]) or not is_hash(item[4]):
        raise Refused("slot: hashes")
    account = item[5]
    if type(account) is not list or len(account) != 5 or not all(is_uint(number) for number in account):
        raise Refused("slot: account")
    if len(item[3]) != item[2].bit_count() or not (item[6] is None or is_hash(item[6])):
        raise Refused("slot: frontier or posture")
    return Slot(*item)


def parse_slots(data: bytes) -> list[Slot | None]:
    if len(data) != 2 * SLOT:
        raise Refused("slots: size")
    slots = [parse_slot(data[:SLOT]), parse_slot(data[SLOT:])]
    for place, slot in enumerate(slots):
        if slot and slot.generation % 2 != place:
            raise Refused("slot: generation in the wrong place")
    return slots


def parse_epoch_file(data: bytes) -> Entry:
    """The file `epoch` beside the slots: the newest epoch's first entry."""
    lines = data.split(b"\n")
    if len(lines) != 4 or lines[0] != b"swornlog-epoch/v1" or lines[3]:
        raise Refused("epoch: malformed")
    epoch = parse_epoch(lines[1])
    entry = parse_body(unbase64(lines[2]), 0)
    if entry.kind != EPOCH or any(body_faults(entry)) or entry.fields[0] != epoch:
        raise Refused("epoch: the entry does not begin this epoch")
    return entry


class _Spool:
    def __init__(self, folder: Path, genesis: Genesis):
        self.folder = folder
        self.genesis = genesis
        self.findings = Findings()
        self.enrolment: Said | None = None
        self.base: Base | None = None
        self.logs: dict[Origin, HostLog] = {}
        self.batches: list[Batch] = []

    def run(self) -> None:
        names = names_in(self.folder)
        with self.findings.guard("genesis"):
            if read_small(self.folder / "genesis", MAX_NOTE) != self.genesis.data:
                raise Refused("not the genesis statement that was handed over")
        with self.findings.guard("enrol"):
            self.enrolment = check_enrolment(read_small(self.folder / "enrol", MAX_NOTE), self.genesis)
        with self.findings.guard("base"):
            self.base = parse_base(read_small(self.folder / "base", MAX_BASE))
            self._check_base(self.base.origin)
        for name in names:
            if _TWO_HISTORIES.fullmatch(name):
                self._show_history(name)
            elif not (name in PLAIN_NAMES or name.endswith(ASIDE) or _BATCH_NAME.fullmatch(name)):
                self.findings.add("altered", shown_name(name), "unknown name")
        if self.base:
            for name in filter(_BATCH_NAME.fullmatch, names):
                with self.findings.guard(name):
                    self._take(name)
        if "receipt" in names:
            with self.findings.guard("receipt"):
                self._check_receipt(read_small(self.folder / "receipt", MAX_RECEIPT))
        if "witnessed" in names:
            with self.findings.guard("witnessed"):
                check_fleet_checkpoint(read_small(self.folder / "witnessed", MAX_NOTE), self.genesis.log, alone=False)

    def _show_history(self, name: str) -> None:
        with self.findings.guard(name):
            head = check_fleet_checkpoint(read_small(self.folder / name, MAX_NOTE), self.genesis.log, alone=False)
            self.findings.add("split-view", name, f"one of two histories of the fleet log: size {head.size}")

    def _check_base(self, origin: Origin) -> None:
        if origin.fleet != self.genesis.fleet or (self.enrolment and origin.host != self.enrolment.host):
            raise Refused("base: of another host")

    def _take(self, name: str) -> None:
        match = _BATCH_NAME.fullmatch(name)
        epoch, first = int(match[1]), int(match[2])
        if not 1 <= epoch <= MAX_EPOCH:
            raise Refused("unknown name")
        base = self.base
        if epoch < base.origin.epoch or (epoch == base.origin.epoch and first < base.frontier.size):
            return  # a leftover
        batch = parse_batch(read_small(self.folder / name, MAX_BATCH))
        if batch.origin != base.origin._replace(epoch=epoch) or batch.first != first:
            raise Refused("the batch is not the one that its name says")
        self.batches.append(batch)
        self._log_of(batch.origin).take(batch, name)

    def _stand(self) -> Stand | None:
        said = self.enrolment
        return said and Stand(0, said.kind, said.time, said.identity, said.certificate, 0, said.token)

    def _log_of(self, origin: Origin) -> HostLog:
        if origin not in self.logs:
            stand = self._stand()
            log = HostLog(origin, self.findings, lambda _size: stand, [self.genesis.log])
            if origin == self.base.origin:
                log.start_at(Frontier(self.base.frontier.size, self.base.frontier.hashes))
            self.logs[origin] = log
        return self.logs[origin]

    def _check_receipt(self, data: bytes) -> None:
        """Steps 1 to 4 and 6 of section 10; the fleet head that was held before is not in the spool."""
        receipt = parse_receipt(data)
        check_in_fleet_log(receipt, *log_keys_of(receipt, self.genesis))
        head = next((b for b in self.batches if b.origin == receipt.origin and b.end == receipt.size), None)
        if head is None:
            raise Refused("the receipted batch is not in the spool", "missing")
        if head.checkpoint() != Checkpoint(str(receipt.origin), receipt.size, receipt.root):
            raise Refused("the receipt's head is not the host's", "forked")
        if self.base and (head.origin, head.first) != (self.base.origin, self.base.frontier.size):
            raise Refused(f"base is not at the newest receipted batch, which begins at {head.first}")


def check_spool(folder: Path, genesis: Genesis) -> Findings:
    spool = _Spool(folder, genesis)
    spool.run()
    return spool.findings
