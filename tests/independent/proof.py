#!/usr/bin/python3
"""Section 17: proof files.

    proof.py --anchor GENESIS [--witness VKEY]... FILE

Prints what is proven, or what does not hold. Exit status: 0 proven, 1 not.
"""

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

from basics import H, Key, Origin, Refused, decimal, parse_origin, parse_vkey, unbase64, unbase64_hash
from entries import SEAL, Entry, body_faults, parse_body
from fleetlog import COMMIT, STATEMENT, parse_fleet_entry
from lines import Lines
from notes import MAX_NOTE, Checkpoint, Note, check_fleet_checkpoint, check_host_lines, checkpoint_text, parse_checkpoint, parse_note, verify_note
from roll import Roll, Stand
from statements import KINDS, NOWHERE, Genesis, Point, Said, check_genesis, check_other, check_statement, parse_statement
from tree import leaf_hash, verify_consistency, verify_inclusion

HEAD = b"swornlog-proof/v1"
MAX_FILE = 1048576
MAX_ENTRY = 65535
MAX_LINKS = 256
MAX_STATEMENTS = 64
MAX_PATH = 64
MAX_CONSISTENCY = 128
SALT = 16


@dataclass(frozen=True)
class Leaf:
    index: int
    data: bytes
    path: list[bytes]

    def check(self, tree: Checkpoint) -> None:
        verify_inclusion(self.index, tree.size, leaf_hash(self.data), self.path, tree.root)

    def parse(self) -> Entry:
        if len(self.data) <= SALT:
            raise Refused("an entry without a body", "malformed")
        return parse_body(self.data[SALT:], self.index)


@dataclass(frozen=True)
class Link:
    note: bytes
    seal: Leaf


@dataclass
class Proof:
    genesis: bytes
    origin: Origin
    entry: Leaf
    seal: Leaf
    process: Leaf | None
    links: list[Link]
    checkpoint: bytes
    head: Checkpoint
    head_path: list[bytes]
    position: int
    heads: int
    commit_path: list[bytes]
    commit: Leaf
    statements: list[Leaf]
    note: bytes


class _Lines(Lines):
    """What proofs have beyond other texts."""

    def empty(self) -> None:
        if self.line():
            raise Refused("proof: expected an empty line")

    def leaf(self, word: bytes) -> Leaf:
        index, data = self.words(word, 1 + 1)
        decoded = unbase64(data)
        if len(decoded) > MAX_ENTRY:
            raise Refused("proof: an entry is too long")
        return Leaf(decimal(index), decoded, self.hashes(MAX_PATH))

    def sized(self, word: bytes) -> bytes:
        length = decimal(self.words(word, 1)[0])
        if length > MAX_NOTE:
            raise Refused("proof: a note is too long")
        return self.taken(length)


def _hex_hash(text: bytes) -> bytes:
    if len(text) != 64 or text != text.lower():
        raise Refused("proof: not a hash in hex")
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        raise Refused("proof: not a hash in hex") from None


def _many(lines: _Lines, word: bytes, most: int, take) -> list:
    found = []
    while lines.next_is(word):
        if len(found) == most:
            raise Refused(f"proof: too many of `{word.decode()}`")
        found.append(take())
    return found


def parse_proof(data: bytes) -> Proof:
    if len(data) > MAX_FILE:
        raise Refused("proof: too long")
    lines = _Lines(data, "proof")
    if lines.line() != HEAD:
        raise Refused("proof: unknown version")
    genesis = _hex_hash(lines.words(b"genesis", 1)[0])
    origin = parse_origin(lines.words(b"origin", 1)[0])
    lines.empty()
    entry, seal = lines.leaf(b"entry"), lines.leaf(b"seal")
    process = lines.leaf(b"process") if lines.next_is(b"process") else None
    links = _many(lines, b"link", MAX_LINKS, lambda: Link(lines.sized(b"link"), lines.leaf(b"seal")))
    checkpoint = lines.sized(b"checkpoint")
    size, root = lines.words(b"head", 2)
    head = Checkpoint(str(origin), decimal(size), unbase64_hash(root))
    head_path = lines.hashes(MAX_CONSISTENCY)
    position, heads = map(decimal, lines.words(b"commit", 2))
    commit_path = lines.hashes(MAX_PATH)
    commit = lines.leaf(b"fleet")
    statements = _many(lines, b"statement", MAX_STATEMENTS, lambda: lines.leaf(b"statement"))
    if not statements or len(lines.rest) > MAX_NOTE:
        raise Refused("proof: no statement, or a checkpoint that is too long")
    return Proof(
        genesis, origin, entry, seal, process, links, checkpoint, head, head_path, position, heads, commit_path, commit, statements, lines.rest
    )  # fmt: skip


def _host_note(data: bytes, origin: Origin) -> tuple[Note, Checkpoint]:
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != str(origin) or checkpoint.size == 0:
        raise Refused("a checkpoint that is not one of this log")
    return note, checkpoint


def fitting_head(said: Said) -> Point:
    """One with which the statement may stand: what the newest committed head was, only the whole log tells."""
    if said.kind == "re-enrol":
        return said.point
    return Point(said.point.epoch, said.point.size + 1) if said.kind == "rotate" else NOWHERE


@dataclass
class Checker:
    """The steps of section 17, in their order."""

    proof: Proof
    anchor: bytes
    genesis: Genesis | None = None
    fleet: Checkpoint | None = None
    stand: Stand | None = None
    commit_time: int = 0
    host: Checkpoint | None = None
    entry: Entry | None = None
    process: Entry | None = None
    cosigners: list[Key] = field(default_factory=list)

    def run(self) -> None:
        self._genesis()
        self._statements()
        self._fleet_log()
        self._commit()
        self._head()
        self._signed()
        self._entry()
        self._seal()
        self._process()

    def _genesis(self) -> None:
        if H(self.anchor) != self.proof.genesis:
            raise Refused("another genesis statement")
        self.genesis = check_genesis(self.anchor)

    def _statements(self) -> None:
        """The checkpoint's root is believed until the next step, which needs the key that these statements name."""
        origin = self.proof.origin
        if origin.fleet != self.genesis.fleet:
            raise Refused("another fleet's log")
        self.fleet = parse_checkpoint(parse_note(self.proof.note).text)
        indices = [leaf.index for leaf in self.proof.statements]
        if indices != sorted(set(indices)):
            raise Refused("statements out of order")
        roll = self.roll = Roll(self.genesis)
        for leaf in self.proof.statements:
            leaf.check(self.fleet)
            fields = parse_fleet_entry(leaf.data)
            if fields[0] != STATEMENT:
                raise Refused("no statement")
            if parse_statement(fields[2]).kind not in KINDS:
                check_other(fields[2], self.genesis)
                continue
            said = check_statement(fields[2], self.genesis)
            if said.host not in (None, origin.host):
                raise Refused("a statement about another host")
            roll.heads[origin.host] = fitting_head(said)
            roll.take(said, leaf.index, fields[1])
        self.stand = roll.stand(origin.host, self.proof.commit.index)
        if self.stand is None:
            raise Refused("not enrolled before the commit")

    def _fleet_log(self) -> None:
        self.fleet = check_fleet_checkpoint(self.proof.note, self.roll.log_key(self.fleet.size).key, alone=False)

    def _commit(self) -> None:
        proof = self.proof
        fields = parse_fleet_entry(proof.commit.data)
        if fields[0] != COMMIT or fields[3] != proof.heads:
            raise Refused("not this commit")
        proof.commit.check(self.fleet)
        leaf = leaf_hash(checkpoint_text(str(proof.origin), proof.head.size, proof.head.root))
        verify_inclusion(proof.position, proof.heads, leaf, proof.commit_path, fields[2])
        self.commit_time = fields[1]

    def _head(self) -> None:
        self.host_note, self.host = _host_note(self.proof.checkpoint, self.proof.origin)
        verify_consistency(self.host.size, self.proof.head.size, self.host.root, self.proof.head.root, self.proof.head_path)

    def _lines(self, note: Note, seal: bytes | None, identity: bool) -> None:
        key = None if seal is None else Key(self.proof.origin.seal_name, seal)
        wrong = check_host_lines(note, self.proof.origin, key, self.stand.identity)
        if (len(note.lines) > 1) != identity:
            wrong.append("signature lines")
        if wrong:
            raise Refused(wrong[0], "wrongly-sealed")

    def _signed(self) -> None:
        size, key = 0, None
        for link in self.proof.links:
            note, checkpoint = _host_note(link.note, self.proof.origin)
            if checkpoint.size <= size:
                raise Refused("links out of order")
            if key is None:
                self._lines(note, None, identity=True)
            elif note.lines[0].id != Key(self.proof.origin.seal_name, key).id:
                raise Refused("a link by another key", "wrongly-sealed")
            else:
                verify_note(note, [Key(self.proof.origin.seal_name, key)])
            link.seal.check(checkpoint)
            seal = link.seal.parse()
            if seal.kind != SEAL or any(body_faults(seal)) or link.seal.index != checkpoint.size - 1:
                raise Refused("a link without its seal")
            if size and seal.fields[0] != size:
                raise Refused("a gap between links")
            size, key = checkpoint.size, seal.fields[4]
        if size >= self.host.size:
            raise Refused("links beyond the checkpoint")
        self._lines(self.host_note, key, identity=not self.proof.links)

    def _entry(self) -> None:
        self.proof.entry.check(self.host)
        self.entry = self.proof.entry.parse()

    def _seal(self) -> None:
        self.proof.seal.check(self.host)
        seal = self.proof.seal.parse()
        if seal.kind != SEAL or any(body_faults(seal)):
            raise Refused("not a seal", "malformed")
        first, end = seal.fields[0], seal.fields[0] + seal.fields[1]
        if end - 1 != self.proof.seal.index or not first <= self.proof.entry.index < end:
            raise Refused("the seal of another batch")
        if self.stand.revokes(self.proof.origin.epoch, end):
            raise Refused("revoked, retired or re-enrolled before the commit", "revoked")
        self.clock = seal.fields[3]

    def _process(self) -> None:
        leaf, named = self.proof.process, self.entry.process
        if (leaf is None) != (named is None):
            raise Refused("the process' entry is missing, or one too many")
        if leaf is None:
            return
        if leaf.index != named or named >= self.proof.entry.index:
            raise Refused("another process")
        leaf.check(self.host)
        self.process = leaf.parse()


def check_proof(data: bytes, anchor: bytes, witnesses: list[Key] = ()) -> Checker:
    """Raises Refused unless it holds. Witnesses that are named and have cosigned are in `cosigners`."""
    checker = Checker(parse_proof(data), anchor)
    checker.run()
    note = parse_note(checker.proof.note)
    if witnesses and {(k.name, k.id) for k in witnesses} & {(line.name, line.id) for line in note.lines}:
        checker.cosigners = verify_note(note, witnesses)
    return checker


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--anchor", required=True)
    parser.add_argument("--witness", action="append", default=[])
    parser.add_argument("file")
    arguments = parser.parse_args()
    try:
        witnesses = [parse_vkey(vkey) for vkey in arguments.witness]
        checker = check_proof(Path(arguments.file).read_bytes(), Path(arguments.anchor).read_bytes(), witnesses)
    except Refused as refused:
        print(f"not proven: {refused.reason}")
        return 1
    proof = checker.proof
    print(f"proven: entry {proof.entry.index} of {proof.origin}, kind {checker.entry.kind}, committed by entry {proof.commit.index} of the fleet log")
    print(f"cosigned by {', '.join(key.name for key in checker.cosigners) or 'no known witness'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
