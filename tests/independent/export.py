#!/usr/bin/python3
"""Section 18: the structure of an export, without its content.

    export.py --anchor GENESIS EXPORT

Prints what does not fit, a line each, then the verdict. Exit status: 0 all fits, 1 something does not.
"""

import argparse
import sys
from pathlib import Path

from basics import Key, Origin, Refused, decimal, parse_origin, shown, unbase64
from batches import MAX_NOTE as MAX_BATCH_NOTE
from entries import EPOCH, SEAL, Entry, body_faults, parse_body
from files import read_small
from fleetlog import STATEMENT, parse_fleet_entry
from notes import MAX_NOTE, check_fleet_checkpoint, check_host_lines, parse_checkpoint, parse_note
from roll import Roll
from statements import Genesis, check_genesis, check_statement, parse_statement
from tiles import parse_bundle
from tree import TILE, Frontier, leaf_hash, tile_path, tiles_of

SALT = 16
TELLING = ("enrol", "re-enrol", "rotate", "log-key")
MAX_FILE = TILE * (2 + 65535)


class Lines:
    def __init__(self, data: bytes):
        self.rest = data

    def line(self) -> bytes:
        line, newline, self.rest = self.rest.partition(b"\n")
        if not newline:
            raise Refused("seals: cut short")
        return line

    def words(self, word: bytes, count: int) -> list[bytes]:
        parts = self.line().split(b" ")
        if parts[0] != word or len(parts) != count + 1:
            raise Refused(f"seals: expected `{word.decode()}`, found {shown(b' '.join(parts))}")
        return parts[1:]

    def take(self, length: int) -> bytes:
        taken, self.rest = self.rest[:length], self.rest[length:]
        if len(taken) != length:
            raise Refused("seals: cut short")
        return taken


def read_leaves(folder: Path, size: int) -> list[bytes]:
    leaves = []
    for level, number, width in tiles_of(size):
        if level > 0:
            break
        data = read_small(folder / tile_path(0, number, width), 32 * TILE)
        if len(data) != 32 * width:
            raise Refused("a tile of another width")
        leaves += [data[i : i + 32] for i in range(0, len(data), 32)]
    return leaves


class HostStructure:
    def __init__(self, folder: Path, origin: Origin, identities: list[Key]):
        self.folder, self.origin, self.identities = folder, origin, identities
        self.tree = Frontier()
        self.seal_key: bytes | None = None
        self.account = [0, 0, 0, 0, 0]
        self.note = b""

    def check(self) -> int:
        last = read_small(self.folder / "checkpoint", MAX_NOTE)
        checkpoint = parse_checkpoint(parse_note(last).text)
        if checkpoint.origin != str(self.origin):
            raise Refused("the checkpoint is of another log")
        self.leaves = read_leaves(self.folder, checkpoint.size)
        lines = Lines((self.folder / "seals").read_bytes())
        if lines.line() != b"swornlog-seals/v1" or parse_origin(lines.words(b"origin", 1)[0]) != self.origin:
            raise Refused("seals: another version or origin")
        while lines.rest:
            self._batch(lines)
        if self.note != last:
            raise Refused("the last note is not the checkpoint")
        return self.tree.size

    def _opened(self, line: bytes, index: int, kind: int) -> Entry:
        data = unbase64(line)
        if index >= len(self.leaves) or leaf_hash(data) != self.leaves[index]:
            raise Refused(f"the entry opened at {index} is not the leaf there")
        entry = parse_body(data[SALT:], index)
        if entry.kind != kind or any(body_faults(entry)):
            raise Refused(f"the entry opened at {index} is of another kind or malformed", "malformed")
        return entry

    def _batch(self, lines: Lines) -> None:
        first, count = map(decimal, lines.words(b"batch", 2))
        if first != self.tree.size or count < 1:
            raise Refused(f"a batch begins at {first}, due was {self.tree.size}", "missing")
        if first == 0:
            self.seal_key = self._opened(lines.words(b"epoch", 1)[0], 0, EPOCH).fields[4]
        seal = self._opened(lines.words(b"seal", 1)[0], first + count - 1, SEAL)
        length = decimal(lines.words(b"note", 1)[0])
        if length > MAX_BATCH_NOTE:
            raise Refused("a note is too long")
        self.note = lines.take(length)
        for leaf in self.leaves[first : first + count]:
            self.tree.add(leaf)
        self._check_note(first)
        self._check_seal(seal, first, count)

    def _check_note(self, first: int) -> None:
        note = parse_note(self.note)
        checkpoint = parse_checkpoint(note.text)
        if (checkpoint.origin, checkpoint.size, checkpoint.root) != (str(self.origin), self.tree.size, self.tree.root()):
            raise Refused(f"the leaves from {first} on do not make the note's root")
        seal = Key(self.origin.seal_name, self.seal_key)
        found = [check_host_lines(note, self.origin, seal, identity) for identity in self.identities]
        wrong = [] if [] in found else found[-1]
        if first == 0 and len(note.lines) < 2:
            wrong.append("the first batch is not signed by the identity key")
        if wrong:
            raise Refused(f"batch at {first}: {wrong[0]}", "wrongly-sealed")

    def _check_seal(self, seal: Entry, first: int, count: int) -> None:
        account = seal.fields[5]
        if (seal.fields[0], seal.fields[1]) != (first, count):
            raise Refused(f"the seal of the batch at {first} is of another batch", "malformed")
        if account[0] != sum(account[1:4]) or any(now < was for now, was in zip(account, self.account)):
            raise Refused(f"the account of the batch at {first} does not add up", "malformed")
        self.account, self.seal_key = account, seal.fields[4]


def check_fleet(folder: Path, genesis: Genesis) -> dict[str, list[Key]]:
    """Every identity key that the fleet log gives a host."""
    note = read_small(folder / "checkpoint", MAX_NOTE)
    checkpoint = parse_checkpoint(parse_note(note).text)
    tree, identities, roll = Frontier(), {}, Roll(genesis)
    for level, number, width in tiles_of(checkpoint.size):
        if level > 0:
            break
        for entry in parse_bundle(read_small(folder / tile_path("entries", number, width), MAX_FILE)):
            tree.add(leaf_hash(entry))
            fields = parse_fleet_entry(entry)
            if fields[0] == STATEMENT and parse_statement(fields[2]).kind in TELLING:
                said = check_statement(fields[2], genesis)
                if said.kind == "log-key":
                    roll.take(said, tree.size - 1, fields[1])
                else:
                    identities.setdefault(said.host, []).append(said.identity)
    if (tree.size, tree.root()) != (checkpoint.size, checkpoint.root):
        raise Refused("fleet: the entries do not make the checkpoint's root")
    check_fleet_checkpoint(note, roll.log_key(checkpoint.size).key, alone=False)
    return identities


def check_export(export: Path, anchor: bytes) -> list[str]:
    faults = []
    genesis = check_genesis(anchor)
    if read_small(export / "genesis", MAX_NOTE) != anchor:
        faults.append("genesis: not the anchor")
    identities = check_fleet(export / "fleet", genesis)
    for folder in sorted((export / "host").glob("*/*")):
        origin = parse_origin(f"{genesis.fleet}/host/{folder.parent.name}/{folder.name}".encode())
        try:
            HostStructure(folder, origin, identities[origin.host]).check()
        except Refused as refused:
            faults.append(f"{origin}: {refused.verdict}: {refused.reason}")
        except (OSError, KeyError) as error:
            faults.append(f"{origin}: missing: {error}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--anchor", required=True)
    parser.add_argument("export")
    arguments = parser.parse_args()
    faults = check_export(Path(arguments.export), Path(arguments.anchor).read_bytes())
    print("\n".join([*faults, "structure verified, content not re-hashed" if not faults else "structure does not fit"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
