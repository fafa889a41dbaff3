"""Section 15, step 5: one epoch of one host's log, batch after batch."""

from collections.abc import Callable
from dataclasses import dataclass

from basics import H, Key, Origin, Refused, check_public_key, parse_vkey
from batches import Batch
from cbor import encode
from entries import EPOCH, FIRST_EVENT, GOODBYE, KEY, LOSS, POSTURE, SEAL, Entry, body_faults, parse_body
from findings import Findings
from notes import Note, check_host_lines
from roll import Stand
from tree import EMPTY_ROOT, Frontier

EXACT_OR_LOWER = (0, 1)
SINK_RESTORED = 3
StandAt = Callable[[int], Stand | None]  # what the host was for the commit that covers entries up to that size


@dataclass(frozen=True)
class SealClock:
    """What a seal says about time."""

    place: str
    end: int
    boot_id: bytes
    boot: int
    wall: int
    fleet_size: int  # 0: none
    generation: int


def fleet_generation(head: list) -> int:
    """Of a seal's field 9."""
    return head[2] if len(head) == 3 else 1


class HostLog:
    """Feed it batches with take(). What does not fit becomes a finding; the rest is checked all the same.

    Once an entry could not be had, what depends on all earlier entries (`tree_whole`, `account_whole`) is no longer
    checked: the first finding says so, the others would only repeat it.
    """

    def __init__(self, origin: Origin, findings: Findings, stand_at: StandAt, logs: list[Key]):
        self.origin = origin
        self.findings = findings
        self.stand_at = stand_at
        self.stand: Stand | None = None  # of the batch under way
        self.log_keys = logs
        self.announced: dict[int, tuple[bytes, bytes]] = {}  # by index: next identity, its certificate; vouched for
        self.tree = Frontier()
        self.size = 0
        self.batches = 0
        self.heads = {0: EMPTY_ROOT}
        self.next_seal: bytes | None = None
        self.used_seals: set[bytes] = set()
        self.seeds: set[bytes] = set()
        self.seals: list[SealClock] = []
        self.goodbyes: set[int] = set()  # sizes at which a batch ends with one
        self.epoch_fields: dict | None = None
        self.fleet_heads: list[tuple[str, int, bytes, int]] = []
        self.tree_whole = self.account_whole = True
        self.stored = self.lost = self.exactness = 0
        self.posture: bytes | None = None
        self.account = [0, 0, 0, 0, 0]
        self.last_note = b""

    def start_at(self, frontier: Frontier) -> None:
        """Begin in the middle, as a spool does: seal key and accounts so far are not known."""
        self.tree = frontier
        self.size = frontier.size
        self.heads[self.size] = frontier.root()
        self.account_whole = self.size == 0

    def report(self, verdict: str, place: str, reason: str) -> None:
        self.findings.add(verdict, place, reason, self.origin)

    def take(self, batch: Batch, where: str) -> None:
        place = f"{self.origin} entries {batch.first}-{batch.end - 1} ({where})"
        if not self._continues(batch, place):
            return
        self.batches += 1
        self.stand = self.stand_at(batch.end)
        self.seeds.add(batch.seed)
        try:
            bodies = batch.bodies()
        except Refused as refused:
            self.report(refused.verdict, place, refused.reason)
            self._lose_track(batch.end)
            return
        for leaf in batch.leaves(bodies):
            self.tree.add(leaf)
        self.size = batch.end
        own_key = self.next_seal
        self.next_seal = None
        self.unvouched: dict[int, tuple[bytes, bytes]] = {}
        entries = self._parse(bodies, batch.first)
        own_key = self._first_seal(entries, own_key) if batch.first == 0 else own_key
        for entry in entries:
            self._take_entry(entry, batch)
        self._check_seal(entries, batch, place)
        self._check_note(batch, own_key, place)

    def _continues(self, batch: Batch, place: str) -> bool:
        if batch.first == self.size:
            return True
        if batch.first > self.size:
            self.report("missing", place, f"entries {self.size}-{batch.first - 1} are gone")
            self._lose_track(batch.first)
            return True
        if batch.note_bytes == self.last_note:
            self.report("altered", place, "the batch is there twice")
        else:
            self.report("forked", place, f"the batch begins below the log's size {self.size}")
        return False

    def _lose_track(self, size: int) -> None:
        self.size = size
        self.tree_whole = self.account_whole = False
        self.next_seal = None

    def _parse(self, bodies: list[bytes], first: int) -> list[Entry]:
        entries = []
        for index, body in enumerate(bodies, first):
            try:
                entries.append(parse_body(body, index))
            except Refused as refused:
                self.report(refused.verdict, self._at(index), refused.reason)
                self.account_whole = False
        return entries

    def _at(self, index: int) -> str:
        return f"{self.origin} entry {index}"

    def _take_entry(self, entry: Entry, batch: Batch) -> None:
        faults = list(body_faults(entry))
        faults += self._order_faults(entry, batch)
        for fault in faults:
            self.report("malformed", self._at(entry.index), fault)
        if entry.kind >= FIRST_EVENT:
            self.stored += 1
        if entry.kind == POSTURE:
            self.posture = H(encode(entry.fields))
        if entry.kind == LOSS and not faults:
            self._take_loss(entry)
        if entry.kind == EPOCH and not faults:
            self._take_epoch(entry)
        if entry.kind == KEY and not faults:
            self.unvouched[entry.index] = entry.fields[0], entry.fields[1]

    @staticmethod
    def _order_faults(entry: Entry, batch: Batch) -> list[str]:
        faults = []
        if (entry.kind == SEAL) != (entry.index == batch.end - 1):
            faults.append("the last entry of a batch is its seal, and no other is")
        if (entry.kind == EPOCH) != (entry.index == 0):
            faults.append("the first entry of an epoch is its epoch entry, and no other is")
        if entry.kind == GOODBYE and entry.index != batch.end - 2:
            faults.append("a goodbye is the last entry but the seal")
        return faults

    def _take_loss(self, entry: Entry) -> None:
        count, exactness = entry.fields.get(1), entry.fields[2]
        counted = "an unknown number of" if count is None else str(count)
        self.report("loss", self._at(entry.index), f"{counted} events, reason {entry.fields[0]}, exactness {exactness}")
        if count is not None and exactness in EXACT_OR_LOWER:
            self.lost += count
        self.exactness = max(self.exactness, exactness)

    def _take_epoch(self, entry: Entry) -> None:
        fields = entry.fields
        self.epoch_fields = fields
        place = self._at(0)
        if fields[0] != self.origin.epoch:
            self.report("malformed", place, "the epoch entry is of another epoch")
        if self.origin.epoch == 1 and fields[1] != 0:
            self.report("malformed", place, "epoch 1 has a cause other than 0")
        if self.stand is not None and fields[6] != self.stand.certificate:
            self.report("malformed", place, "the certificate is not the enrolment's")
        try:
            if self.log_keys and parse_vkey(fields[5].decode("ascii", "replace")) not in self.log_keys:
                self.report("malformed", place, "the fleet log key is not the genesis statement's")
        except Refused as refused:
            self.report("malformed", place, refused.reason)

    @staticmethod
    def _first_seal(entries: list[Entry], own_key: bytes | None) -> bytes | None:
        if not entries or entries[0].kind != EPOCH or entries[0].index != 0:
            return own_key
        key = entries[0].fields.get(4)
        return key if type(key) is bytes and len(key) == 32 else own_key

    def _check_seal(self, entries: list[Entry], batch: Batch, place: str) -> None:
        seal = entries[-1] if entries else None
        if seal is None or seal.kind != SEAL or seal.index != batch.end - 1 or any(body_faults(seal)):
            if seal is None or seal.kind != SEAL:
                self.report("malformed", place, "the batch has no seal")
            self.account_whole = False
            return
        fields, at = seal.fields, self._at(seal.index)
        if (fields[0], fields[1]) != (batch.first, batch.count):
            self.report("malformed", at, "first or count of the seal is not the batch's")
        self._check_account(fields[5], at)
        if self.account_whole and fields.get(7) != self.posture:
            self.report("malformed", at, "the posture hash is not the newest posture entry's")
        self.next_seal = fields[4]
        clock, head = fields[3], fields.get(9, [0])
        self.seals.append(SealClock(at, batch.end, fields[2], clock[0], clock[1], head[0], fleet_generation(head)))
        if len(entries) > 1 and entries[-2].kind == GOODBYE:
            self.goodbyes.add(batch.end)
        if 9 in fields:
            self.fleet_heads.append((at, fields[9][0], fields[9][1], fleet_generation(fields[9])))

    def _check_account(self, account: list[int], at: str) -> None:
        emitted, stored, filtered, lost, exactness = account
        if emitted != stored + filtered + lost:
            self.report("malformed", at, "account: emitted is not stored + filtered + lost")
        if any(now < before for now, before in zip(account, self.account)):
            self.report("malformed", at, "account: a number has become smaller")
        self.account = account
        if not self.account_whole:
            return
        if stored != self.stored:
            self.report("malformed", at, f"account: stored is {stored}, the epoch holds {self.stored} events")
        if lost != self.lost:
            self.report("malformed", at, f"account: lost is {lost}, the loss entries add up to {self.lost}")
        if exactness != self.exactness:
            self.report("malformed", at, "account: exactness is not the largest of the loss entries")

    def _check_note(self, batch: Batch, own_key: bytes | None, place: str) -> None:
        self.last_note = batch.note_bytes
        try:
            checkpoint = batch.checkpoint()
            note = batch.note()
        except Refused as refused:
            self.report(refused.verdict, place, refused.reason)
            return
        self.heads[checkpoint.size] = checkpoint.root
        if self.tree_whole and checkpoint.root != self.tree.root():
            self.report("altered", place, "the note's root is not the entries'")
            self.tree_whole = False
        self._check_lines(note, own_key, batch.first == 0, place)

    def _check_lines(self, note: Note, own_key: bytes | None, first: bool, place: str) -> None:
        seal = self._seal_key(own_key, place)
        identity = self.stand.identity if self.stand else None
        faults = check_host_lines(note, self.origin, seal, identity)
        for wrong in faults:
            self.report("wrongly-sealed", place, wrong)
        if not faults and identity and len(note.lines) > 1:
            self.announced.update(self.unvouched)
        if first and len(note.lines) < 2:
            self.report("wrongly-sealed", place, "the first batch of an epoch lacks the identity key's signature")

    def _seal_key(self, own_key: bytes | None, place: str) -> Key | None:
        if own_key is None:
            return None
        try:
            check_public_key(own_key)
        except Refused as refused:
            self.report(refused.verdict, place, refused.reason)
        if own_key in self.used_seals:
            self.report("wrongly-sealed", place, "the seal key has signed before")
        self.used_seals.add(own_key)
        return Key(self.origin.seal_name, own_key)


def check_epochs(logs: dict[int, HostLog], closed: Callable = lambda _host, _epoch: None) -> None:
    """Section 15, step 7, for the epochs of one host; `closed` says why people have closed one."""
    for epoch in sorted(logs):
        log = logs[epoch]
        if epoch > 1:
            _check_epoch(log, logs, closed)


def _check_epoch(log: HostLog, logs: dict[int, HostLog], closed: Callable) -> None:
    fields = log.epoch_fields
    place = f"{log.origin} entry 0"
    if fields is None:
        log.report("epoch", place, "a new epoch without a usable epoch entry")
        return
    before = fields.get(2)
    named = "none known" if before is None else f"epoch {before[0]} at size {before[1]}"
    if closed(log.origin.host, log.origin.epoch) is None:
        log.report("epoch", place, f"the log began anew, cause {fields[1]}, predecessor: {named}")
    never_shipped = fields.get(8, [])
    for epoch, first, count in never_shipped:
        log.report("loss", place, f"epoch {epoch}: entries {first}-{first + count - 1} will never be shipped")
    if before is not None and before[1] is not None:
        _check_head(log, logs, before, place, never_shipped)
    if 3 in fields:
        _check_receipted(log, logs, fields, place)


def _check_receipted(log: HostLog, logs: dict[int, HostLog], fields: dict, place: str) -> None:
    """What the host had a receipt for: lost with the sink, where the cause says that it was restored."""
    epoch, size, _ = fields[3]
    have = logs[epoch].size if epoch in logs else 0
    if fields[1] == SINK_RESTORED and size > have and epoch < log.origin.epoch:
        log.report("missing", place, f"epoch {epoch}: entries {have}-{size - 1} were receipted, and lost")
    else:
        _check_head(log, logs, fields[3], place, [])


def _check_head(log: HostLog, logs: dict[int, HostLog], head: list, place: str, excused: list) -> None:
    epoch, size, root = head
    if epoch >= log.origin.epoch:
        log.report("malformed", place, f"names epoch {epoch} as an earlier one")
        return
    earlier = logs.get(epoch)
    heads = earlier.heads if earlier else {0: EMPTY_ROOT}
    have = earlier.size if earlier else 0
    if size > have and not _covers(excused, epoch, have, size):
        log.report("truncated", place, f"epoch {epoch} had {size} entries, the store has {have}")
    elif size <= have and root is not None and heads.get(size) != root:
        log.report("forked", place, f"epoch {epoch} had another root at size {size}")


def _covers(ranges: list, epoch: int, start: int, end: int) -> bool:
    for of, first, count in sorted(ranges):
        if of == epoch and first <= start < first + count:
            start = first + count
    return start >= end
