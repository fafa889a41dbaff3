#!/usr/bin/python3
"""A tile directory against the rules of C2SP tlog-tiles, tlog-checkpoint and signed-note, and nothing else: no other module here is used.

    c2sp_tiles.py DIR [--hashes-only] [VKEY...]

Prints what breaks a rule, a line each. Exit status: 0 nothing does, 1 something does.
"""

import base64
import hashlib
import os
import re
import sys

FULL = 256
PATH = re.compile(r"tile/(?P<level>[0-9]|[1-5][0-9]|6[0-3]|entries)/(?P<n>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<w>[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?")
NUMBER = re.compile(rb"0|[1-9][0-9]*")


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def mth(hashes):
    """RFC 6962 section 2.1 over hashes that are roots of subtrees of one size."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return node(mth(hashes[:k]), mth(hashes[k:]))


def encode_index(n):
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03d}")
    return "/".join(groups)


def decode_index(text):
    return int("".join(group.lstrip("x") for group in text.split("/")))


def widths(level, size):
    """What the rules call for at a level: full tiles, width of the partial one (0: none)."""
    return size // FULL ** (level + 1), size // FULL**level % FULL


def parse_checkpoint(data):
    text, empty, signatures = data.rpartition(b"\n\n")
    if not empty or not signatures.endswith(b"\n"):
        raise ValueError("checkpoint: not a signed note")
    for line in signatures[:-1].split(b"\n"):
        parts = line.split(b" ")
        if len(parts) != 3 or parts[0] != "\u2014".encode() or b"+" in parts[1] or len(base64.b64decode(parts[2], validate=True)) < 5:
            raise ValueError("checkpoint: malformed signature line")
    lines = (text + b"\n").split(b"\n")
    if len(lines) < 4 or lines[-1] or not lines[0] or not NUMBER.fullmatch(lines[1]):
        raise ValueError("checkpoint: malformed text")
    root = base64.b64decode(lines[2], validate=True)
    if len(root) != 32 or base64.b64encode(root) != lines[2]:
        raise ValueError("checkpoint: malformed root")
    return int(lines[1]), root


def signer_ids(data):
    """(name, key id) of each signature line."""
    lines = data.rpartition(b"\n\n")[2][:-1].decode().split("\n")
    return [(line.split(" ")[1], base64.b64decode(line.split(" ")[2])[:4]) for line in lines]


def vkey_id(vkey):
    """(name, key id), the id made from the key as signed-note says."""
    name, _, encoded = vkey.split("+", 2)
    return name, hashlib.sha256(name.encode() + b"\n" + base64.b64decode(encoded, validate=True)).digest()[:4]


class Directory:
    def __init__(self, path, bundles=True):
        self.path, self.bundles, self.faults = path, bundles, []
        with open(os.path.join(path, "checkpoint"), "rb") as file:
            self.note = file.read()
        self.size, self.root = parse_checkpoint(self.note)
        self.level = {}

    def fault(self, text):
        self.faults.append(text)

    def read(self, kind, n, width):
        name = f"tile/{kind}/{encode_index(n)}" + ("" if width == FULL else f".p/{width}")
        try:
            with open(os.path.join(self.path, name), "rb") as file:
                return file.read()
        except OSError as error:
            self.fault(f"{name}: {error.strerror}")
            return b""

    def called_for(self):
        kinds = [(level, level) for level in range(64) if sum(widths(level, self.size))]
        kinds += [("entries", 0)] if self.bundles else []
        for kind, level in kinds:
            full, partial = widths(level, self.size)
            yield from ((kind, n, FULL) for n in range(full))
            if partial:
                yield kind, full, partial

    def check_names(self):
        wanted = {(kind, n): width for kind, n, width in self.called_for()}
        for folder, _, names in os.walk(os.path.join(self.path, "tile")):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), self.path)
                match = PATH.fullmatch(path)
                if not match or encode_index(decode_index(match["n"])) != match["n"]:
                    self.fault(f"{path}: no name of a tile")
                    continue
                kind = match["level"] if match["level"] == "entries" else int(match["level"])
                width = int(match["w"]) if match["w"] else FULL
                # A partial tile of an earlier checkpoint may stay; one of a later size, or an empty one, may not be there.
                if width > wanted.get((kind, decode_index(match["n"])), 0):
                    self.fault(f"{path}: beyond a log of size {self.size}")

    def check_tiles(self):
        for kind, n, width in self.called_for():
            if kind == "entries":
                continue
            data = self.read(kind, n, width)
            if len(data) != 32 * width:
                self.fault(f"level {kind}, tile {n}: {len(data)} bytes, {32 * width} are due")
            self.level.setdefault(kind, []).extend(data[i : i + 32] for i in range(0, len(data), 32))
        for level in sorted(self.level):
            above = self.level.get(level + 1, [])
            below = self.level[level]
            made = [mth(below[i : i + FULL]) for i in range(0, len(below) // FULL * FULL, FULL)]
            if made != above:
                self.fault(f"level {level + 1} does not hold the roots of the full tiles of level {level}")
        # The leaves hash to the root, not only the tiles to each other.
        if mth(self.level.get(0, [])) != self.root:
            self.fault("level 0 does not hash to the checkpoint's root")

    def check_bundles(self):
        leaves = self.level.get(0, [])
        for kind, n, width in self.called_for():
            if kind != "entries":
                continue
            data, entries, at = self.read(kind, n, width), [], 0
            while at + 2 <= len(data):
                length = int.from_bytes(data[at : at + 2], "big")
                entries.append(data[at + 2 : at + 2 + length])
                at += 2 + length
            if at != len(data) or len(entries) != width:
                self.fault(f"bundle {n}: {len(entries)} entries, {width} are due")
            elif [leaf(entry) for entry in entries] != leaves[n * FULL : n * FULL + width]:
                self.fault(f"bundle {n}: does not hash to the tile")

    def check(self, vkeys=()):
        self.check_names()
        self.check_tiles()
        if self.bundles:
            self.check_bundles()
        if vkeys and not {vkey_id(vkey) for vkey in vkeys} & set(signer_ids(self.note)):
            self.fault("checkpoint: signed by none of the keys")
        return self.faults


def main(arguments):
    bundles = "--hashes-only" not in arguments
    paths = [a for a in arguments if a != "--hashes-only"]
    faults = Directory(paths[0], bundles).check(paths[1:])
    print("\n".join(faults) or "ok")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
