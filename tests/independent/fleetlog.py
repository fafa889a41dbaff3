"""Section 9's entries, and the commits and receipts of section 10."""

from dataclasses import dataclass

import cbor
from basics import H, Key, Origin, Refused, decimal, parse_origin, unbase64, unbase64_hash
from lines import Lines
from notes import MAX_NOTE, Checkpoint, check_fleet_checkpoint, checkpoint_text
from statements import Genesis, check_statement
from tree import Tree, leaf_hash, verify_consistency, verify_inclusion

MAX_ENTRY = 65535
MAX_RECEIPT = 65536
COMMIT, STATEMENT, READ, ALERT, SINK, ANNOUNCE = 1, 2, 3, 4, 5, 6
RECEIPT_HEAD = b"swornlog-receipt/v1"


def is_uint(value) -> bool:
    return type(value) is int and value >= 0


def is_hash(value) -> bool:
    return type(value) is bytes and len(value) == 32


_REST = {
    COMMIT: (is_hash, is_uint),
    STATEMENT: (lambda value: type(value) is bytes,),
    SINK: (is_uint, lambda value: type(value) is bytes),
    ANNOUNCE: (lambda value: type(value) is bytes,),
}


def parse_fleet_entry(data: bytes) -> list:
    if len(data) > MAX_ENTRY:
        raise Refused("fleet entry: too long", "malformed")
    entry = cbor.decode(data)
    if type(entry) is not list or len(entry) < 2 or not is_uint(entry[0]) or not is_uint(entry[1]):
        raise Refused("fleet entry: not [type, time, ...]", "malformed")
    if entry[0] in (READ, ALERT):
        return entry
    checks = _REST.get(entry[0])
    if checks is None:
        raise Refused(f"fleet entry: unknown type {entry[0]}", "malformed")
    rest = entry[2:]
    if len(rest) != len(checks) or not all(check(value) for check, value in zip(checks, rest)):
        raise Refused(f"fleet entry: fields of type {entry[0]} do not fit", "malformed")
    if entry[0] == COMMIT and entry[3] == 0:
        raise Refused("fleet entry: a commit without heads", "malformed")
    return entry


def commit_tree(heads: list[Checkpoint]) -> Tree:
    return Tree(leaf_hash(head.text()) for head in heads)


@dataclass(frozen=True)
class Receipt:
    origin: Origin
    size: int
    root: bytes
    position: int
    heads: int
    commit_path: list[bytes]
    entry: bytes
    index: int
    fleet_path: list[bytes]
    old: int
    proof: list[bytes]
    log_keys: list[bytes]  # statements that hand on the fleet log's key
    witnessed: bytes | None  # None: the part is left out; empty: the sink has none yet
    witnessed_proof: list[bytes]
    checkpoint: bytes

    @property
    def head_text(self) -> bytes:
        return checkpoint_text(str(self.origin), self.size, self.root)


def parse_receipt(data: bytes) -> Receipt:
    if len(data) > MAX_RECEIPT:
        raise Refused("receipt: too long")
    lines = Lines(data, "receipt")
    if lines.line() != RECEIPT_HEAD:
        raise Refused("receipt: unknown version")
    origin = parse_origin(lines.words(b"origin", 1)[0])
    size, root = lines.words(b"head", 2)
    position, heads = lines.words(b"commit", 2)
    commit_path = lines.hashes()
    entry = lines.words(b"entry", 1)[0]
    index = lines.words(b"index", 1)[0]
    fleet_path = lines.hashes()
    old = lines.words(b"old", 1)[0]
    proof = lines.hashes()
    log_keys = _log_key_parts(lines)
    witnessed, witnessed_proof = _witnessed_part(lines)
    return Receipt(
        origin, decimal(size), unbase64_hash(root), decimal(position), decimal(heads), commit_path,
        unbase64(entry), decimal(index), fleet_path, decimal(old), proof, log_keys, witnessed, witnessed_proof, lines.rest,
    )  # fmt: skip


def _log_key_parts(lines: Lines) -> list[bytes]:
    found = []
    while lines.next_is(b"log-key"):
        length = decimal(lines.words(b"log-key", 1)[0])
        if length > MAX_NOTE or len(found) == 16:
            raise Refused("receipt: statements that hand on the key are too long or too many")
        found.append(lines.taken(length))
    return found


def log_keys_of(receipt: Receipt, genesis: Genesis) -> tuple[Key, Key | None]:
    """The fleet log key that a receipt proves from the genesis statement on, and the one before it."""
    key, former, prepared = genesis.log, None, genesis.next_log
    for note in receipt.log_keys:
        said = check_statement(note, genesis)
        if said.kind != "log-key" or prepared is None or H(b"\x01" + said.log.public) != prepared:
            raise Refused("receipt: the fleet log's key was not handed on so", "wrongly-sealed")
        key, former, prepared = said.log, key, said.next_log
    return key, former


def _witnessed_part(lines: Lines) -> tuple[bytes | None, list[bytes]]:
    if not lines.next_is(b"witnessed"):
        return None, []
    length = decimal(lines.words(b"witnessed", 1)[0])
    if length > MAX_NOTE:
        raise Refused("receipt: the witnessed checkpoint is too long")
    note = lines.taken(length)
    proof = lines.hashes()
    if proof and not note:
        raise Refused("receipt: a proof from no witnessed checkpoint")
    return note, proof


def check_in_fleet_log(receipt: Receipt, log: Key, former: Key | None = None) -> Checkpoint:
    """Section 10, steps 1 to 4 and 7. Returns the fleet head."""
    head = check_fleet_checkpoint(receipt.checkpoint, log, alone=True, former=former)
    entry = parse_fleet_entry(receipt.entry)
    if entry[0] != COMMIT or entry[3] != receipt.heads:
        raise Refused("receipt: the entry is not this commit")
    leaf = leaf_hash(receipt.head_text)
    verify_inclusion(receipt.position, receipt.heads, leaf, receipt.commit_path, entry[2])
    verify_inclusion(receipt.index, head.size, leaf_hash(receipt.entry), receipt.fleet_path, head.root)
    if receipt.witnessed:
        then = _check_by_either(receipt.witnessed, log, former)
        if then.size > head.size:
            raise Refused("receipt: the witnessed checkpoint is above the receipt's")
        verify_consistency(then.size, head.size, then.root, head.root, receipt.witnessed_proof)
    return head


def _check_by_either(note: bytes, log: Key, former: Key | None) -> Checkpoint:
    try:
        return check_fleet_checkpoint(note, log, alone=False)
    except Refused:
        if former is None:
            raise
        return check_fleet_checkpoint(note, former, alone=False)


def check_growth(receipt: Receipt, head: Checkpoint, held: Checkpoint | None) -> None:
    """Section 10, step 5. `held`: the fleet head held, or None."""
    size, root = (held.size, held.root) if held else (0, b"")
    if size > head.size:
        raise Refused("receipt: the fleet log is shorter than it was", "truncated")
    if receipt.old != size:
        raise Refused("receipt: the proof is not from the fleet head held")
    verify_consistency(size, head.size, root, head.root, receipt.proof)


def check_receipt(receipt: Receipt, log: Key, own: Checkpoint, held: Checkpoint | None) -> Checkpoint:
    """Section 10, all steps. `own`: the host's own head. Returns the fleet head."""
    head = check_in_fleet_log(receipt, log)
    check_growth(receipt, head, held)
    if receipt.head_text != own.text():
        raise Refused("receipt: the head is not the host's", "forked")
    return head
