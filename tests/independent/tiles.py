"""Section 15, step 9: the fleet log's folder of tiles (section 9)."""

import os
import re
from pathlib import Path
from typing import Protocol

from basics import MAX_DECIMAL, Key, Refused, decimal
from files import read_small, shown_name
from findings import Findings
from generations import generation_of
from notes import MAX_NOTE, Checkpoint, check_fleet_checkpoint, parse_checkpoint, parse_note, verify_note
from statements import Genesis
from tree import TILE, Tree, tile_bytes, tile_name, tile_path, tiles_of

MAX_FILE = TILE * (2 + 65535)
_PATH = re.compile(r"tile/([0-9]|[1-9][0-9]|entries)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


class Log(Protocol):
    genesis: Genesis
    witnesses: list[Key]
    tree: Tree
    fleet_size: int
    fleet_whole: bool
    entries: list[bytes]


def bundle_bytes(entries: list[bytes], number: int, width: int) -> bytes:
    chosen = entries[TILE * number : TILE * number + width]
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in chosen)


def parse_bundle(data: bytes) -> list[bytes]:
    entries, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        if at + 2 + length > len(data):
            raise Refused("entry bundle: cut short")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return entries


def parse_tile_path(path: str) -> tuple[int | str, int, int]:
    """(level or "entries", number, width)"""
    match = _PATH.fullmatch(path)
    if not match:
        raise Refused("unknown name")
    number = int(match[2].replace("x", "").replace("/", ""))
    width = TILE if match[3] is None else int(match[3])
    if tile_name(number) != match[2] or (match[3] and width >= TILE):
        raise Refused("unknown name")
    level = match[1] if match[1] == "entries" else decimal(match[1].encode())
    return level, number, width


def wanted_bytes(log: Log, path: str) -> bytes:
    level, number, width = parse_tile_path(path)
    hashes = log.tree.size >> (8 * (0 if level == "entries" else level))
    if number * TILE + width > hashes:
        raise Refused("a tile beyond the end of the fleet log")
    if level == "entries":
        return bundle_bytes(log.entries, number, width)
    return tile_bytes(log.tree, level, number, width)


def paths_of(size: int) -> set[str]:
    """The tiles and bundles that a log of this size calls for."""
    paths = set()
    for level, number, width in tiles_of(size):
        paths.add(tile_path(level, number, width))
        if level == 0:
            paths.add(tile_path("entries", number, width))
    return paths


def _claimed_size(data: bytes) -> int:
    try:
        return parse_checkpoint(parse_note(data).text).size
    except Refused:
        return MAX_DECIMAL


def check_fleet_folder(folder: Path, log: Log, findings: Findings) -> bool:
    """Whether a known witness has cosigned the checkpoint."""
    present = _files(folder, findings)
    checkpoint, witnessed = None, False
    with findings.guard("fleet/checkpoint"):
        if "checkpoint" not in present:
            raise Refused("the fleet checkpoint is gone", "missing")
        data = read_small(folder / "checkpoint", MAX_NOTE)
        key = log.roll.log_key(_claimed_size(data)).key
        checkpoint = check_fleet_checkpoint(data, key, alone=False)
        if generation_of(checkpoint.origin, log.genesis.log) != log.generations.at(checkpoint.size):
            findings.add("wrongly-sealed", "fleet/checkpoint", "the name is another generation's")
        witnessed = _is_witnessed(data, log.witnesses)
        _check_head(checkpoint, log)
    if checkpoint and log.fleet_whole and checkpoint.size <= log.fleet_size:
        for path in sorted(paths_of(checkpoint.size) - present):
            findings.add("missing", f"fleet/{path}", "the log's size calls for it")
    for path in sorted(present - {"checkpoint"}):
        with findings.guard(f"fleet/{shown_name(path)}"):
            _check_file(folder, path, log)
    return witnessed


def _check_file(folder: Path, path: str, log: Log) -> None:
    parse_tile_path(path)
    # After a gap in the fleet log no tile can be made again: the gap is the finding.
    if log.fleet_whole and read_small(folder / path, MAX_FILE) != wanted_bytes(log, path):
        raise Refused("not what the entries make")


def _is_witnessed(data: bytes, witnesses: list[Key]) -> bool:
    note = parse_note(data)
    names = {(line.name, line.id) for line in note.lines}
    known = [key for key in witnesses if (key.name, key.id) in names]
    return bool(known) and bool(verify_note(note, known))


def _check_head(checkpoint: Checkpoint, log: Log) -> None:
    if checkpoint.size > log.fleet_size:
        raise Refused(f"of size {checkpoint.size}, there are {log.fleet_size} entries", "truncated")
    if log.fleet_whole and checkpoint.root != log.tree.root(checkpoint.size):
        raise Refused("another root than the entries make")


def _files(folder: Path, findings: Findings) -> set[str]:
    """Paths of everything below the folder that is not a folder."""
    found = set()

    def unreadable(error: OSError) -> None:
        findings.add("altered", "fleet", f"cannot be listed: {error.strerror}")

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in [name for name in names if not name.endswith(".tmp")] + links:
            found.add(os.path.relpath(os.path.join(parent, name), folder))
    return found
