"""Section 4: signed notes and checkpoints."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from basics import Key, Origin, Refused, base64_text, decimal, is_key_name, unbase64, unbase64_hash
from generations import generation_of, key_of

MAX_NOTE = 16384
MAX_LINES = 100
DASH = "\u2014 "


class SignatureLine(NamedTuple):
    name: str
    id: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    text: bytes
    lines: list[SignatureLine]


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        return checkpoint_text(self.origin, self.size, self.root)


def checkpoint_text(origin: str, size: int, root: bytes) -> bytes:
    return b"%s\n%d\n%s\n" % (origin.encode(), size, base64_text(root))


def _signature_line(line: str) -> SignatureLine:
    parts = line.removeprefix(DASH).split(" ")
    if not line.startswith(DASH) or len(parts) != 2 or not is_key_name(parts[0]):
        raise Refused("note: malformed signature line")
    blob = unbase64(parts[1].encode())
    if len(blob) < 5:
        raise Refused("note: signature line without a signature")
    return SignatureLine(parts[0], blob[:4], blob[4:])


def parse_note(data: bytes) -> Note:
    if len(data) > MAX_NOTE:
        raise Refused("note: too long")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("note: not UTF-8") from None
    if any(c < " " and c != "\n" for c in text):
        raise Refused("note: control character")
    split = text.rfind("\n\n")
    if split < 0 or not text.endswith("\n"):
        raise Refused("note: no signatures")
    lines = text[split + 2 :].split("\n")[:-1]
    if not 1 <= len(lines) <= MAX_LINES:
        raise Refused("note: number of signature lines")
    return Note(text[: split + 1].encode(), [_signature_line(line) for line in lines])


def verify_note(note: Note, keys: Iterable[Key]) -> list[Key]:
    """The known keys that signed, in the order of their lines."""
    known = {(key.name, key.id): key for key in keys}
    signers: list[Key] = []
    seen = set()
    for line in note.lines:
        key = known.get((line.name, line.id))
        if key is None or (line.name, line.id) in seen:
            continue
        seen.add((line.name, line.id))
        if not key.verifies(note.text, line.signature):
            raise Refused(f"note: the signature of {key.name} does not verify", "wrongly-sealed")
        signers.append(key)
    if not signers:
        raise Refused("note: no known key has signed", "wrongly-sealed")
    return signers


def parse_checkpoint(text: bytes) -> Checkpoint:
    lines = text.split(b"\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise Refused("checkpoint: not three lines")
    try:
        origin = lines[0].decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("checkpoint: origin is not UTF-8") from None
    return Checkpoint(origin, decimal(lines[1]), unbase64_hash(lines[2]))


def check_fleet_checkpoint(data: bytes, key: Key, alone: bool, former: Key | None = None) -> Checkpoint:
    """A fleet checkpoint of any generation; `alone`: the log's line is its only one (records and receipts), but for that of the key
    before it in an overlap."""
    note = parse_note(data)
    first = note.lines[0]
    try:
        generation = generation_of(first.name, key)
        key, former = key_of(key, generation), former and key_of(former, generation)
    except Refused:
        raise Refused("the first line is not the fleet log key's", "wrongly-sealed") from None
    if first.id != key.id:
        raise Refused("the fleet log key's line is not the first", "wrongly-sealed")
    if alone and [(line.name, line.id) for line in note.lines[1:]] not in ([], [(former.name, former.id)] if former else []):
        raise Refused("the fleet log key's line is not the only one", "wrongly-sealed")
    verify_note(note, [key] + ([former] if former else []))
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != key.name:
        raise Refused("the checkpoint is of another log")
    return checkpoint


def check_host_lines(note: Note, origin: Origin, seal: Key | None, identity: Key | None) -> list[str]:
    """What is wrong with a host checkpoint's signature lines. The line of a key that is None is not verified."""
    names = [line.name for line in note.lines]
    if len(names) > 3 or names != [origin.seal_name] + [origin.identity_name] * (len(names) - 1):
        return ["the note's signature lines are not the seal key's, then the identity key's"]
    wrong = []
    if seal is not None:
        if note.lines[0].id != seal.id:
            wrong.append("another seal key has signed")
        elif not seal.verifies(note.text, note.lines[0].signature):
            wrong.append("the seal key's signature does not verify")
    if identity is None or len(names) == 1:
        return wrong
    own = [line for line in note.lines[1:] if line.id == identity.id]
    if len(own) != 1:
        wrong.append("another identity key has signed, or this one twice")
    elif not identity.verifies(note.text, own[0].signature):
        wrong.append("the identity key's signature does not verify")
    return wrong
