"""Builds what docs/format.md describes, from that document alone: statements, batches, receipts, stores, spools.

Keys are derived from their names, so that the same calls always build the same bytes.
"""

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import cbor
from basics import H, TYPE_COSIGNATURE, TYPE_ED25519, Key, Origin, base64_text
from batches import CODEC_DEFLATE, CODEC_NONE, CODEC_ZSTD, HEADER, MAGIC, split_entries, unpack
from entries import EPOCH, FIRST_EVENT, LOSS, POSTURE, SEAL, salts
from notes import DASH, checkpoint_text, parse_checkpoint, parse_note
from tiles import bundle_bytes, parse_tile_path, paths_of
from tree import Frontier, Tree, leaf_hash, tile_bytes

TIME = "2026-11-24T12:00:00Z"


# Proofs, as RFC 6962 sections 2.1.1 and 2.1.2 define them


def tree_root(leaves: list[bytes]) -> bytes:
    return Tree(leaves).root()


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def inclusion_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) <= 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return inclusion_path(index, leaves[:k]) + [tree_root(leaves[k:])]
    return inclusion_path(index - k, leaves[k:]) + [tree_root(leaves[:k])]


def consistency_path(old: int, leaves: list[bytes], known: bool = True) -> list[bytes]:
    if old in (0, len(leaves)):
        return [] if known else [tree_root(leaves)]
    k = _split(len(leaves))
    if old <= k:
        return consistency_path(old, leaves[:k], known) + [tree_root(leaves[k:])]
    return consistency_path(old - k, leaves[k:], False) + [tree_root(leaves[:k])]


# Keys, notes and statements


class Signer:
    def __init__(self, name: str, key_type: int = TYPE_ED25519, salt: str = ""):
        self.private = Ed25519PrivateKey.from_private_bytes(H(f"test key {name} {salt}".encode()))
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key = Key(name, public, key_type)

    def signature(self, text: bytes, seconds: int = 1795521600) -> bytes:
        if self.key.type != TYPE_COSIGNATURE:
            return self.private.sign(text)
        message = b"cosignature/v1\ntime %d\n" % seconds + text
        return seconds.to_bytes(8, "big") + self.private.sign(message)

    def line(self, text: bytes) -> bytes:
        blob = base64_text(self.key.id + self.signature(text))
        return f"{DASH}{self.key.name} ".encode() + blob + b"\n"


def make_note(text: bytes, *signers: Signer) -> bytes:
    return text + b"\n" + b"".join(signer.line(text) for signer in signers)


def make_statement(kind: str, fleet: str, lines: list[str], signers: list[Signer], time: str = TIME) -> bytes:
    head = ["swornlog-statement/v1", kind, f"fleet {fleet}", f"time {time}"]
    return make_note("".join(f"{line}\n" for line in head + lines).encode(), *signers)


class Cast:
    """The people of a fleet, its log key and its genesis statement."""

    def __init__(self, fleet: str = "test", need: tuple[int, int] = (1, 1), full: bool = False):
        """`full`: with a registrar, and the next key of the log prepared."""
        self.fleet = fleet
        self.log = Signer(f"{fleet}/log")
        self.registrar = Signer(f"{fleet}/registrar")
        self.next_log = Signer(f"{fleet}/log", salt="2")
        self.admins = [Signer(f"{fleet}/admin/{name}") for name in ("ada", "ben")]
        self.auditors = [Signer(f"{fleet}/auditor/{name}") for name in ("cleo", "dan")]
        self.need = need
        self.more_lines = []
        if full:
            vkey = self.registrar.key.vkey
            self.more_lines = [f"registrar {vkey}", f"next-log-key {self.log_key_hash(self.next_log)}"]
        self.genesis = self.make_genesis()

    @property
    def people(self) -> list[Signer]:
        return self.admins + self.auditors

    def genesis_lines(self) -> list[str]:
        lines = [f"log {self.log.key.vkey}"]
        lines += [f"admin {person.key.vkey}" for person in self.admins]
        lines += [f"auditor {person.key.vkey}" for person in self.auditors]
        return lines + [f"need enrol {self.need[0]} {self.need[1]}"] + self.more_lines

    @staticmethod
    def log_key_hash(signer: Signer) -> str:
        return H(b"\x01" + signer.key.public).hex()

    def make_genesis(self) -> bytes:
        return make_statement("genesis", self.fleet, self.genesis_lines(), self.people)

    def enrol(self, host: "Host", signers: list[Signer] | None = None) -> bytes:
        lines = [
            f"host {host.name}",
            f"identity {host.identity.key.vkey}",
            f"certificate {host.certificate.hex()}",
        ]
        return make_statement("enrol", self.fleet, lines, signers or [self.admins[0], self.auditors[1]])


# A host's log


@dataclass
class Host:
    cast: Cast
    name: str
    salt: str = ""

    def __post_init__(self) -> None:
        self.identity = Signer(f"{self.cast.fleet}/host/{self.name}", salt=self.salt)
        self.certificate = H(f"certificate of {self.name}".encode())

    def epoch(self, number: int = 1, cause: int = 0, **fields) -> "HostEpoch":
        return HostEpoch(self, number, cause, fields.get("extra", {}))


def pack(codec: int, raw: bytes) -> bytes:
    if codec == CODEC_DEFLATE:
        return zlib.compress(raw, 9)
    if codec == CODEC_ZSTD:
        return zstandard.ZstdCompressor(level=3).compress(raw)
    return raw


def posture_fields() -> dict:
    return {
        0: [[b"file_open", 8, 1], [b"execve", 2, 1]],
        1: [1, 1, b""],
        2: [45],
        3: [b"close-after-write"],
        4: True,
        5: b"6.1.0",
        6: True,
    }


class HostEpoch:
    """One epoch: add() entries, seal() them into a batch."""

    def __init__(self, host: Host, number: int, cause: int, extra: dict):
        self.host = host
        self.origin = Origin(host.cast.fleet, host.name, number)
        self.tree = Frontier()
        self.pending: list[bytes] = []
        self.serial = 0
        self.seal_signer = self._next_signer()
        self.posture: bytes | None = None
        self.stored = self.lost = self.exactness = 0
        self.heads: list[tuple[int, bytes]] = []
        self.add(EPOCH, {**self._epoch_fields(cause), **extra})

    def _next_signer(self) -> Signer:
        self.serial += 1
        return Signer(self.origin.seal_name, salt=str(self.serial))

    def _epoch_fields(self, cause: int) -> dict:
        return {
            0: self.origin.epoch,
            1: cause,
            4: self.seal_signer.key.public,
            5: self.host.cast.log.key.vkey.encode(),
            6: self.host.certificate,
            9: b"0.1",
        }

    @property
    def next_index(self) -> int:
        return self.tree.size + len(self.pending)

    def add(self, kind: int, fields: dict, process: int | None = None, sensors: int = 1, time: int = 5) -> int:
        if kind >= FIRST_EVENT:
            self.stored += 1
        if kind == POSTURE:
            self.posture = H(cbor.encode(fields))
        if kind == LOSS:
            self.lost += fields.get(1, 0) if fields[2] < 2 else 0
            self.exactness = max(self.exactness, fields[2])
        return self.add_raw(cbor.encode([kind, time, sensors, process, fields]))

    def add_raw(self, body: bytes) -> int:
        self.pending.append(body)
        return self.next_index - 1

    def add_events(self, count: int = 3) -> None:
        process = self.add(16, {0: 100, 4: b"/usr/bin/sh", 5: [b"sh"], 7: [0, 0, 0, 0], 19: 0}, None, 32)
        child = self.add(17, {0: 101, 3: process, 4: b"/bin/ls", 21: process}, process, 2)
        for number in range(count):
            self.add(32, {0: b"/tmp/%d" % number, 1: -13, 3: 577}, child, 8)

    def seal_fields(self, next_signer: Signer) -> dict:
        filtered = 2
        fields = {
            0: self.tree.size,
            1: len(self.pending) + 1,
            2: bytes(16),
            3: [1000, 1795521600000000, 3, 0],
            4: next_signer.key.public,
            5: [self.stored + filtered + self.lost, self.stored, filtered, self.lost, self.exactness],
            6: [7, 9],
            8: H(b"configuration"),
        }
        if self.posture:
            fields[7] = self.posture
        return fields

    def seal(self, codec: int = CODEC_DEFLATE, identity: bool | None = None, fields=None, **wrong) -> bytes:
        """`fields` change the seal's; `wrong` has another signer, identity_signer, next_signer, root, origin, size."""
        next_signer = wrong.get("next_signer") or self._next_signer()
        first = self.tree.size
        seal_fields = {**self.seal_fields(next_signer), **(fields or {})}
        self.add(SEAL, {key: value for key, value in seal_fields.items() if value is not None})
        bodies, self.pending = self.pending, []
        seed = H(f"seed {self.origin} {first}".encode())
        for salt, body in zip(salts(seed, len(bodies)), bodies):
            self.tree.add(leaf_hash(salt + body))
        size, root = self.tree.size, wrong.get("root", self.tree.root())
        signers = [wrong.get("signer") or self.seal_signer]
        if identity or (identity is None and first == 0):
            signers.append(wrong.get("identity_signer") or self.host.identity)
            signers += wrong.get("beside", [])
        text = checkpoint_text(wrong.get("origin", str(self.origin)), wrong.get("size", size), root)
        note = make_note(text, *signers)
        self.heads.append((size, root))
        self.seal_signer = next_signer
        return make_batch(self.origin, first, bodies, seed, note, codec)


def make_batch(origin: Origin, first: int, bodies: list[bytes], seed: bytes, note: bytes, codec: int) -> bytes:
    raw = b"".join(struct.pack(">H", len(body)) + body for body in bodies)
    packed, name = pack(codec, raw), str(origin).encode()
    header = HEADER.pack(
        MAGIC, codec, len(name), b"\0\0", len(bodies), first, len(raw), len(packed), len(note), seed
    )  # fmt: skip
    return header + name + packed + note


# The sink


@dataclass
class Head:
    """What the sink knows of an origin."""

    origin: Origin
    size: int
    root: bytes
    note: bytes
    tree: Frontier
    next_seal: bytes

    @property
    def text(self) -> bytes:
        return checkpoint_text(str(self.origin), self.size, self.root)


@dataclass
class Committed:
    index: int
    entry: bytes
    heads: list[Head]


@dataclass
class Journal:
    number: int
    records: list[tuple[int, bytes]] = field(default_factory=list)


class Sink:
    """A sink that keeps its journals in memory until write()."""

    def __init__(self, cast: Cast):
        self.cast = cast
        self.time = 1795521600_000_000  # of the commits
        self.log_signers: list[Signer] = []  # when a log-key statement has come
        self.entries: list[bytes] = []
        self.leaves: list[bytes] = []
        self.note = b""
        self.heads: dict[Origin, Head] = {}
        self.enrolled: dict[str, tuple[Host, dict]] = {}
        self.commits: dict[str, tuple[Committed, int]] = {}
        self.journals: list[Journal] = []
        self.new_journal()
        self.group([], [[2, self.time, cast.genesis]])

    def new_journal(self) -> None:
        self.journals.append(Journal(len(self.journals) + 1))
        self.record(3, cbor.encode(self.snapshot()))

    def record(self, kind: int, payload: bytes) -> None:
        self.journals[-1].records.append((kind, payload))

    def snapshot(self) -> list:
        tree = Tree(self.leaves)
        hosts = [self._snapshot_host(name) for name in sorted(self.enrolled)]
        return [tree.size, tree.frontier(tree.size), self.note, hosts, [[], [], None, None, [0, b""]]]

    def _snapshot_host(self, name: str) -> list:
        host = self.enrolled[name][0]
        heads = [head for origin, head in self.heads.items() if origin.host == name]
        head = max(heads, key=lambda head: head.origin.epoch, default=None)
        fixed = [name.encode(), host.identity.key.vkey.encode(), host.certificate]
        standing = [0, None, False, False, [0, 0], 0]
        if head is None:
            return fixed + [0, 0, [], b"", b"", None, standing]
        committed, position = self.commits[name]
        leaves = [leaf_hash(head.text) for head in committed.heads]
        commit = [committed.index, committed.entry, position, len(leaves), inclusion_path(position, leaves)]
        return fixed + [head.origin.epoch, head.size, head.tree.hashes, head.next_seal, head.note, commit, standing]

    def group(
        self, batches: list[bytes], items: list[list], heads: list[list] | None = None, note: bool = True
    ) -> None:
        for batch in batches:
            self.record(1, batch)
        for item in items:
            entry = cbor.encode(item)
            self.entries.append(entry)
            self.leaves.append(leaf_hash(entry))
            last = item is items[-1] and note
            if last:
                self.note = self.make_checkpoint()
            listed = heads if item[0] == 1 and heads else []
            self.record(2, cbor.encode([len(self.entries) - 1, entry, listed, self.note if last else None]))

    def make_checkpoint(self, *witnesses: Signer, size: int | None = None) -> bytes:
        leaves = self.leaves[:size]
        text = checkpoint_text(f"{self.cast.fleet}/log", len(leaves), tree_root(leaves))
        return make_note(text, *(self.log_signers or [self.cast.log]), *witnesses)

    def enrol(self, host: Host, statement: bytes | None = None) -> None:
        self.group([], [[2, self.time, statement or self.cast.enrol(host)]])
        self.enrolled[host.name] = (host, {})

    def commit(self, *batches: bytes) -> None:
        touched = {self._receive(batch) for batch in batches}
        heads = [self.heads[origin] for origin in sorted(touched, key=str)]
        root = tree_root([leaf_hash(head.text) for head in heads])
        self.time += 1_000_000
        item = [1, self.time, root, len(heads)]
        listed = [[str(head.origin).encode(), head.size, head.root] for head in heads]
        self.group(list(batches), [item], listed)
        committed = Committed(len(self.entries) - 1, self.entries[-1], heads)
        for position, head in enumerate(heads):
            self.commits[head.origin.host] = (committed, position)

    def _receive(self, batch: bytes) -> Origin:
        origin, bodies, seed, note = take_apart(batch)
        tree = self.heads[origin].tree if origin in self.heads else Frontier()
        tree = Frontier(tree.size, tree.hashes)
        for salt, body in zip(salts(seed, len(bodies)), bodies):
            tree.add(leaf_hash(salt + body))
        checkpoint = parse_checkpoint(parse_note(note).text)
        next_seal = next_seal_of(bodies)
        self.heads[origin] = Head(origin, checkpoint.size, checkpoint.root, note, tree, next_seal)
        return origin

    def receipt(self, host: Host, held: int = 0, witnessed: bytes | None = None, witnessed_size: int = 0) -> bytes:
        """A receipt for the host's newest committed head, up to the fleet log's present size."""
        committed, position = self.commits[host.name]
        head = committed.heads[position]
        lines = [b"swornlog-receipt/v1", b"origin " + str(head.origin).encode()]
        lines.append(b"head %d %s" % (head.size, base64_text(head.root)))
        lines.append(b"commit %d %d" % (position, len(committed.heads)))
        commit_leaves = [leaf_hash(head.text) for head in committed.heads]
        lines += [base64_text(h) for h in inclusion_path(position, commit_leaves)] + [b""]
        lines += [b"entry " + base64_text(committed.entry), b"index %d" % committed.index]
        lines += [base64_text(h) for h in inclusion_path(committed.index, self.leaves)] + [b""]
        lines.append(b"old %d" % held)
        lines += [base64_text(h) for h in consistency_path(held, self.leaves)] + [b""]
        part = b""
        if witnessed is not None:
            proof = consistency_path(witnessed_size, self.leaves) if witnessed else []
            part = b"witnessed %d\n%b" % (len(witnessed), witnessed)
            part += b"".join(base64_text(h) + b"\n" for h in proof) + b"\n"
        return b"\n".join(lines) + b"\n" + part + self.make_checkpoint()

    def write(self, store: Path, segments: int = 0) -> None:
        """The first `segments` journals are written as segments."""
        for name in ("journal", "segment", "forks", "fleet"):
            (store / name).mkdir(parents=True, exist_ok=True)
        (store / "genesis").write_bytes(self.cast.genesis)
        (store / "lock").write_bytes(b"")
        for journal in self.journals:
            kind = "segment" if journal.number <= segments else "journal"
            data = segment_bytes(journal) if kind == "segment" else journal_bytes(journal)
            (store / kind / f"{journal.number:020d}.{kind}").write_bytes(data)
        self.write_tiles(store / "fleet")

    def write_tiles(self, folder: Path) -> None:
        (folder / "checkpoint").write_bytes(self.note)
        tree = Tree(self.leaves)
        for path in paths_of(tree.size):
            level, number, width = parse_tile_path(path)
            if level == "entries":
                data = bundle_bytes(self.entries, number, width)
            else:
                data = tile_bytes(tree, level, number, width)
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)


def take_apart(batch: bytes) -> tuple[Origin, list[bytes], bytes, bytes]:
    """Origin, bodies, seed and note of a batch that was built here."""
    _, codec, o, _, count, _, raw, p, n, seed = HEADER.unpack_from(batch)
    at = HEADER.size
    fleet, _, host, epoch = batch[at : at + o].decode().split("/")
    bodies = split_entries(unpack(codec, batch[at + o : at + o + p], raw), count)
    return Origin(fleet, host, int(epoch)), bodies, seed, batch[at + o + p :]


def next_seal_of(bodies: list[bytes]) -> bytes:
    """Field 4 of the seal; nothing where a test put something else there."""
    body = cbor.decode(bodies[-1])
    return body[4].get(4, b"") if type(body) is list and type(body[-1]) is dict else b""


# Files


def record_bytes(magic: bytes, number: int, offset: int, kind: int, payload: bytes) -> bytes:
    head = struct.pack(">BI", kind, len(payload))
    place = number.to_bytes(8, "big") + offset.to_bytes(8, "big")
    return head + payload + H(magic + place + head + payload)[:8]


def file_bytes(magic: bytes, number: int, records: list[tuple[int, bytes]]) -> bytes:
    data = magic + number.to_bytes(8, "big")
    for kind, payload in records:
        data += record_bytes(magic, number, len(data), kind, payload)
    return data


def journal_bytes(journal: Journal) -> bytes:
    return file_bytes(b"swljrnl1", journal.number, journal.records)


def _sort_key(batch: bytes) -> tuple[bytes, int]:
    _, _, o, _, _, first, *_ = HEADER.unpack_from(batch)
    return batch[HEADER.size : HEADER.size + o], first


def segment_bytes(journal: Journal, reverse: bool = False, shift: int = 0) -> bytes:
    """`reverse` the order of the batches, or `shift` the offsets in the index, for a segment that is wrong."""
    batches = sorted((payload for kind, payload in journal.records if kind == 1), key=_sort_key, reverse=reverse)
    fleet = [(kind, payload) for kind, payload in journal.records if kind == 2]
    index, offset = [], 16
    for batch in batches:
        origin, first = _sort_key(batch)
        count = HEADER.unpack_from(batch)[4]
        index.append([origin, first, count, offset + shift, 5 + len(batch) + 8])
        offset += 5 + len(batch) + 8
    records = [(1, batch) for batch in batches] + fleet
    at_index = len(file_bytes(b"swlsegm1", journal.number, records))
    data = file_bytes(b"swlsegm1", journal.number, records + [(4, cbor.encode(index))])
    return data + at_index.to_bytes(8, "big") + b"swlsegm1"


def split_records(data: bytes) -> list[tuple[int, bytes]]:
    """The records of a whole journal."""
    records, at = [], 16
    while at < len(data):
        kind, length = struct.unpack_from(">BI", data, at)
        records.append((kind, data[at + 5 : at + 5 + length]))
        at += 5 + length + 8
    return records


# A spool and a key slot


def base_text(origin: Origin, frontier: Frontier) -> bytes:
    lines = [b"swornlog-base/v1", b"origin " + str(origin).encode(), b"size %d" % frontier.size]
    return b"".join(line + b"\n" for line in lines + [base64_text(h) for h in frontier.hashes])


def slot_bytes(payload: list) -> bytes:
    packed = cbor.encode(payload)
    data = b"swlslot1" + len(packed).to_bytes(4, "big") + packed
    return (data + H(data)).ljust(4096, b"\0")


def small_fleet() -> tuple[Cast, list[Host]]:
    cast = Cast()
    return cast, [Host(cast, "alpha"), Host(cast, "beta.example")]


def small_sink() -> tuple[Sink, list[Host], list[HostEpoch]]:
    """Two hosts, three journals, every codec, losses, a fleet head in a seal, a second epoch."""
    cast, hosts = small_fleet()
    sink = Sink(cast)
    for host in hosts:
        sink.enrol(host)
    epochs = [host.epoch() for host in hosts]
    epochs[0].add(POSTURE, posture_fields())
    epochs[0].add_events()
    epochs[1].add_events(40)
    first = epochs[0].seal()
    sink.commit(first, epochs[1].seal(CODEC_ZSTD))
    sink.new_journal()
    epochs[0].add(5, {})
    epochs[0].add(LOSS, {0: 0, 1: 12, 2: 1})
    second = epochs[0].seal(CODEC_NONE, fields={9: [len(sink.leaves), tree_root(sink.leaves)]})
    epochs[0].add_events()
    sink.commit(second, epochs[0].seal(identity=True))
    sink.group([], [[5, sink.time, 0, b"sink 0.1"], [5, sink.time, 3, b"beta.example"]])
    epochs[1].add(7, {0: 0})
    sink.commit(epochs[1].seal())
    sink.new_journal()
    size, root = epochs[1].heads[-1]
    again = hosts[1].epoch(2, 1, extra={2: [1, size, root], 3: [1, size, root]})
    epochs.append(again)
    epochs[0].add_events(1)
    sink.commit(again.seal(), epochs[0].seal())
    return sink, hosts, epochs
