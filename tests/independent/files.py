"""Section 13: the store's files, read into batches and fleet records. Nothing here judges their content."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import cbor
from basics import H, Refused, parse_origin
from batches import MAX_BATCH, Batch, parse_batch
from findings import Findings
from fleetlog import is_hash, is_uint
from notes import Checkpoint

MAX_PAYLOAD = 67108864
MAGIC = {"journal": b"swljrnl1", "segment": b"swlsegm1"}
HEADER, RECORD_HEAD, CHECK, FOOTER = 16, 5, 8, 16
BATCH, FLEET, SNAPSHOT, INDEX = 1, 2, 3, 4
_NUMBERED = re.compile(r"([0-9]{20})\.(journal|segment)", re.ASCII)


class Record(NamedTuple):
    type: int
    offset: int
    payload: bytes


@dataclass(frozen=True)
class BatchRef:
    """Where a batch is, and what its header and note say."""

    path: Path
    offset: int
    length: int
    place: str
    batch: Batch | None = field(repr=False, compare=False)
    digest: bytes = b""

    def load(self) -> Batch:
        with open_regular(self.path) as file:
            file.seek(self.offset + RECORD_HEAD)
            return parse_batch(file.read(self.length))


@dataclass(frozen=True)
class FleetRecord:
    place: str
    index: int
    entry: bytes
    heads: list[Checkpoint]
    note: bytes | None


@dataclass
class Group:
    """A commit group of a journal, or the whole of a segment."""

    place: str
    batches: list[BatchRef] = field(default_factory=list)
    fleet: list[FleetRecord] = field(default_factory=list)


@dataclass
class StoreFile:
    kind: str
    number: int
    path: Path
    groups: list[Group] = field(default_factory=list)
    snapshot: bytes | None = None
    whole: bool = True

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.path.name}"

    def content(self) -> tuple[list[bytes], list[FleetRecord]]:
        """What a journal and its segment have in common."""
        batches = sorted(ref.digest for group in self.groups for ref in group.batches)
        fleet = [(f.index, f.entry, f.heads, f.note) for group in self.groups for f in group.fleet]
        return batches, fleet


def open_regular(path: Path) -> BinaryIO:
    """Never follow a link, never wait on a pipe."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Refused("not a regular file")
    return os.fdopen(fd, "rb")


def read_small(path: Path, most: int) -> bytes:
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Refused("longer than it may be")
    return data


def names_in(folder: Path) -> list[str]:
    """All names but those of unfinished files."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.endswith(".tmp"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Refused(f"cannot be listed: {error.strerror}") from None


def numbered(folder: Path, kind: str, findings: Findings) -> dict[int, Path]:
    found = {}
    with findings.guard(kind):
        for name in names_in(folder / kind):
            match = _NUMBERED.fullmatch(name)
            if match and match[2] == kind and 0 < int(match[1]) < 2**63:
                found[int(match[1])] = folder / kind / name
            else:
                findings.add("altered", f"{kind}/{shown_name(name)}", "unknown name")
    return found


def shown_name(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("ascii", "backslashreplace")


def parse_fleet_record(payload: bytes, place: str) -> FleetRecord:
    item = cbor.decode(payload)
    if type(item) is not list or len(item) != 4:
        raise Refused("fleet record: not an array of four")
    index, entry, heads, note = item
    if not is_uint(index) or type(entry) is not bytes or type(heads) is not list:
        raise Refused("fleet record: index, entry or heads")
    if not (note is None or type(note) is bytes):
        raise Refused("fleet record: note")
    return FleetRecord(place, index, entry, [_head(head) for head in heads], note)


def _head(item) -> Checkpoint:
    if type(item) is not list or len(item) != 3 or type(item[0]) is not bytes:
        raise Refused("fleet record: a head")
    if not is_uint(item[1]) or not is_hash(item[2]):
        raise Refused("fleet record: a head")
    return Checkpoint(str(parse_origin(item[0])), item[1], item[2])


class _Reader:
    """One journal or segment. `problem` is called with the verdict, an offset and a reason."""

    def __init__(self, file: StoreFile, findings: Findings, is_last: bool):
        self.out = file
        self.findings = findings
        self.tail_verdict = "torn" if is_last else "altered"
        self.magic = MAGIC[file.kind]
        self.group = Group(file.name)
        self.index: Record | None = None
        self.tail_broken = False

    def problem(self, verdict: str, offset: int, reason: str) -> None:
        self.out.whole = False
        self.findings.add(verdict, self.place(offset), reason)

    def place(self, offset: int) -> str:
        return f"{self.out.name} offset {offset}"

    def read(self) -> None:
        with open_regular(self.out.path) as handle:
            size = os.fstat(handle.fileno()).st_size
            if not self._header(handle):
                return
            if self.out.kind == "journal":
                self._journal(handle, size)
            else:
                self._segment(handle, size)

    def _header(self, handle: BinaryIO) -> bool:
        wanted = self.magic + self.out.number.to_bytes(8, "big")
        header = handle.read(HEADER)
        if header == wanted:
            return True
        cut = len(header) < HEADER and wanted.startswith(header)
        self.problem(self.tail_verdict if cut else "altered", 0, "the file's header")
        return False

    def _record_at(self, handle: BinaryIO, offset: int, end: int) -> tuple[Record | None, int, bool]:
        """The record, the offset after it (0: its length can't be), and whether its check bytes fit."""
        handle.seek(offset)
        head = handle.read(RECORD_HEAD)
        length = int.from_bytes(head[1:], "big")
        after = offset + RECORD_HEAD + length + CHECK
        if len(head) < RECORD_HEAD or length > MAX_PAYLOAD or after > end:
            return None, 0, False
        payload, check = handle.read(length), handle.read(CHECK)
        number = self.out.number.to_bytes(8, "big")
        wanted = H(self.magic + number + offset.to_bytes(8, "big") + head + payload)[:CHECK]
        return Record(head[0], offset, payload), after, check == wanted

    def _records(self, handle: BinaryIO, end: int) -> Iterator[Record]:
        offset = HEADER
        while offset < end:
            record, after, good = self._record_at(handle, offset, end)
            if not good and not self._goes_on(handle, after, end):
                self.tail_broken = True
                self.problem(self.tail_verdict, offset, "a record is not whole, nor is anything after it")
                return
            if not good:
                self.problem("altered", offset, "the record's check bytes do not fit")
            yield record
            offset = after

    def _goes_on(self, handle: BinaryIO, after: int, end: int) -> bool:
        return after > 0 and self._record_at(handle, after, end)[2]

    def _journal(self, handle: BinaryIO, size: int) -> None:
        expected_snapshot = True
        for record in self._records(handle, size):
            if (record.type == SNAPSHOT) != expected_snapshot:
                self.problem("altered", record.offset, "a snapshot is the first record, and no other is")
            expected_snapshot = False
            if record.type == SNAPSHOT:
                self.out.snapshot = self.out.snapshot or record.payload
            elif record.type == BATCH:
                self._batch(record, self.group)
            elif record.type == FLEET:
                self._fleet(record)
            else:
                self.problem("altered", record.offset, "a record of a type that a journal does not have")
        if self.tail_broken:
            return
        if expected_snapshot:
            self.problem(self.tail_verdict, HEADER, "the journal has no snapshot")
        if self.group.batches or self.group.fleet:
            self.problem(self.tail_verdict, self._group_offset(), "an unfinished commit group")

    def _group_offset(self) -> int:
        if self.group.batches:
            return self.group.batches[0].offset
        return int(self.group.place.rsplit(" ", 1)[1])

    def _batch(self, record: Record, group: Group) -> None:
        if group.fleet:
            self.problem("altered", record.offset, "a batch after the fleet records of its group")
        place = self.place(record.offset)
        try:
            if len(record.payload) > MAX_BATCH:
                raise Refused("batch: too long")
            batch = parse_batch(record.payload)
        except Refused as refused:
            self.problem(refused.verdict, record.offset, refused.reason)
            return
        light = Batch(batch.codec, batch.count, batch.first, 0, b"", batch.origin, b"", batch.note_bytes)
        digest = H(record.payload)
        group.batches.append(BatchRef(self.out.path, record.offset, len(record.payload), place, light, digest))

    def _fleet(self, record: Record) -> None:
        place = self.place(record.offset)
        if not self.group.fleet:
            self.group.place = place
        try:
            fleet = parse_fleet_record(record.payload, place)
        except Refused as refused:
            self.problem("altered", record.offset, refused.reason)
            return
        self.group.fleet.append(fleet)
        if fleet.note is not None and self.out.kind == "journal":
            self.out.groups.append(self.group)
            self.group = Group(self.out.name)

    def _segment(self, handle: BinaryIO, size: int) -> None:
        end = size - FOOTER
        handle.seek(max(end, 0))
        footer = handle.read(FOOTER)
        self.out.groups.append(self.group)
        for record in self._records(handle, max(end, HEADER)):
            if self.index:
                self.problem("altered", record.offset, "a record after the index")
            elif record.type == BATCH:
                self._batch(record, self.group)
            elif record.type == FLEET:
                self._fleet(record)
            elif record.type == INDEX:
                self.index = record
            else:
                self.problem("altered", record.offset, "a record of a type that a segment does not have")
        self._segment_order()
        self._segment_index(footer)

    def _segment_order(self) -> None:
        keys = [(str(ref.batch.origin), ref.batch.first) for ref in self.group.batches]
        if any(a >= b for a, b in zip(keys, keys[1:])):
            self.problem("altered", HEADER, "the batches are not in order")
        if not self.group.fleet or self.group.fleet[-1].note is None:
            self.problem("altered", HEADER, "the segment's last group has no note")

    def _segment_index(self, footer: bytes) -> None:
        if self.index is None:
            self.problem("altered", HEADER, "the segment has no index")
            return
        if footer != self.index.offset.to_bytes(8, "big") + self.magic:
            self.problem("altered", self.index.offset, "the segment's footer")
        wanted = [
            [str(b.origin).encode(), b.first, b.count, ref.offset, RECORD_HEAD + ref.length + CHECK]
            for ref in self.group.batches
            for b in [ref.batch]
        ]
        if self.index.payload != cbor.encode(wanted):
            self.problem("altered", self.index.offset, "the index does not list the batches that are there")


def read_file(kind: str, number: int, path: Path, findings: Findings, is_last: bool) -> StoreFile:
    file = StoreFile(kind, number, path)
    try:
        _Reader(file, findings, is_last).read()
    except (Refused, OSError) as error:
        file.whole = False
        findings.add("altered", file.name, str(error))
    return file
