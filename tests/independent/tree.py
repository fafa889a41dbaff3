"""Section 3: trees and proofs (RFC 6962 hashing, RFC 9162 verification), and the tiles of section 9."""

from collections.abc import Iterable, Iterator, Sequence

from basics import H, Refused

EMPTY_ROOT = H(b"")
TILE = 256


def leaf_hash(data: bytes) -> bytes:
    return H(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    return H(b"\x01" + left + right)


def fold(frontier: Sequence[bytes]) -> bytes:
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for left in reversed(frontier[:-1]):
        root = node_hash(left, root)
    return root


class Frontier:
    """A tree that only grows: the roots of its perfect subtrees, largest first."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()):
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise Refused("the frontier does not have the hashes that its size names")

    def add(self, leaf: bytes) -> None:
        carry = self.size
        while carry & 1:
            leaf = node_hash(self.hashes.pop(), leaf)
            carry >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        return fold(self.hashes)


class Tree:
    """A tree that keeps the hash of every perfect subtree, so that it has the root of every size."""

    def __init__(self, leaves: Iterable[bytes] = ()):
        self.levels: list[bytearray] = [bytearray()]
        for leaf in leaves:
            self.add(leaf)

    @property
    def size(self) -> int:
        return len(self.levels[0]) // 32

    def at(self, level: int, index: int) -> bytes:
        return bytes(self.levels[level][32 * index : 32 * index + 32])

    def add(self, leaf: bytes) -> None:
        level = 0
        self.levels[0] += leaf
        index = self.size - 1
        while index & 1:
            parent = node_hash(self.at(level, index - 1), self.at(level, index))
            level, index = level + 1, index >> 1
            if level == len(self.levels):
                self.levels.append(bytearray())
            self.levels[level] += parent

    def frontier(self, size: int) -> list[bytes]:
        hashes, done = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                hashes.append(self.at(level, done >> level))
                done += 1 << level
        return hashes

    def root(self, size: int | None = None) -> bytes:
        return fold(self.frontier(self.size if size is None else size))


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        raise Refused("inclusion: the index is not in the tree")
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            raise Refused("inclusion: the path is too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise Refused("inclusion: the path is too short")
    if r != root:
        raise Refused("inclusion: the path leads to another root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """RFC 9162 section 2.1.4.2."""
    if old > new:
        raise Refused("consistency: the old tree is the larger one")
    if old in (0, new):
        _verify_trivial(old, new, old_root, new_root, path)
        return
    if not path:
        raise Refused("consistency: no path")
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = hashes[0]
    for c in hashes[1:]:
        if sn == 0:
            raise Refused("consistency: the path is too long")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise Refused("consistency: the path is too short")
    if fr != old_root or sr != new_root:
        raise Refused("consistency: the path leads to other roots")


def _verify_trivial(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    if path:
        raise Refused("consistency: the path should be empty")
    if old == new and old_root != new_root:
        raise Refused("consistency: one size, two roots")


def tile_name(index: int) -> str:
    """Groups of three digits, all but the last prefixed x."""
    name = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        name = f"x{index % 1000:03d}/{name}"
    return name


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, number, width) of the tiles that a tree of this size calls for."""
    level = 0
    while size >> (8 * level):
        hashes = size >> (8 * level)
        for number in range(hashes // TILE):
            yield level, number, TILE
        if hashes % TILE:
            yield level, hashes // TILE, hashes % TILE
        level += 1


def tile_path(level: int | str, number: int, width: int) -> str:
    partial = "" if width == TILE else f".p/{width}"
    return f"tile/{level}/{tile_name(number)}{partial}"


def tile_bytes(tree: Tree, level: int, number: int, width: int) -> bytes:
    start = 32 * TILE * number
    return bytes(tree.levels[8 * level][start : start + 32 * width])
