"""Section 15.1: two checkpoints of one log that can't both be true."""

from dataclasses import dataclass

from basics import Key, Refused, decimal, parse_vkey, unbase64_hash
from notes import MAX_NOTE, Checkpoint, check_fleet_checkpoint
from tree import verify_consistency

MAX_FILE = 65536
MAX_FROM, MAX_PROOF = 200, 128
FIRST_LINE = b"swornlog-split-view/v1"


@dataclass(frozen=True)
class SplitView:
    logs: list[Key]
    notes: list[bytes]
    root: bytes | None
    proof: list[bytes]


class _Reader:
    def __init__(self, data: bytes):
        self.rest = data

    def line(self) -> bytes:
        line, newline, self.rest = self.rest.partition(b"\n")
        if not newline:
            raise Refused("split view: cut short")
        return line

    def value(self, word: bytes) -> bytes:
        found, space, value = self.line().partition(b" ")
        if found != word or not space or not value:
            raise Refused(f"split view: expected `{word.decode()}`")
        return value

    def take(self, length: int) -> bytes:
        taken, self.rest = self.rest[:length], self.rest[length:]
        if len(taken) != length:
            raise Refused("split view: cut short")
        return taken


def parse_split_view(data: bytes) -> SplitView:
    reader = _Reader(data)
    if len(data) > MAX_FILE or reader.line() != FIRST_LINE:
        raise Refused("split view: another format, or too long")
    logs, notes = [], []
    for _ in range(2):
        words = reader.value(b"from")
        if len(words) > MAX_FROM or any(byte < 0x20 or byte > 0x7E for byte in words):
            raise Refused("split view: `from` is not printable, or too long")
        logs.append(parse_vkey(reader.value(b"log").decode("ascii", "replace")))
        length = decimal(reader.value(b"note"))
        if length > MAX_NOTE:
            raise Refused("split view: a note is too long")
        notes.append(reader.take(length))
    root = unbase64_hash(reader.value(b"root")) if reader.rest else None
    proof = []
    while reader.rest:
        proof.append(unbase64_hash(reader.line()))
    if len(proof) > MAX_PROOF:
        raise Refused("split view: the proof is too long")
    return SplitView(logs, notes, root, proof)


def convicts(view: SplitView) -> tuple[Checkpoint, Checkpoint]:
    """The two checkpoints; refused unless they contradict each other."""
    first, second = (check_fleet_checkpoint(note, log, alone=False) for note, log in zip(view.notes, view.logs))
    if first.origin != second.origin:
        raise Refused("split view: two logs")
    if first.size == second.size:
        if view.root is not None or first.root == second.root:
            raise Refused("split view: no contradiction")
        return first, second
    if view.root is None or first.size == 0 or first.size > second.size:
        raise Refused("split view: no proof")
    verify_consistency(first.size, second.size, view.root, second.root, view.proof)
    if view.root == first.root:
        raise Refused("split view: no contradiction")
    return first, second
