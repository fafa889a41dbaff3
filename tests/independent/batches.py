"""Section 8: batches."""

import struct
import zlib
from dataclasses import dataclass

import zstandard

from basics import MAX_ORIGIN, Origin, Refused, parse_origin
from entries import MAX_BODY, salts
from notes import Checkpoint, Note, parse_checkpoint, parse_note
from tree import leaf_hash

MAGIC = b"swlbatc1"
HEADER = struct.Struct(">8sBB2sIQIII32s")
CODEC_NONE, CODEC_DEFLATE, CODEC_ZSTD = 0, 1, 2
MAX_COUNT = 65536
MAX_RAW = 8388608
MAX_PACKED = 1048576
MAX_NOTE = 1024
MAX_BATCH = HEADER.size + MAX_ORIGIN + MAX_PACKED + MAX_NOTE
MAX_WINDOW = 8388608


@dataclass(frozen=True)
class Batch:
    codec: int
    count: int
    first: int
    raw_length: int
    seed: bytes
    origin: Origin
    packed: bytes
    note_bytes: bytes

    @property
    def end(self) -> int:
        return self.first + self.count

    def note(self) -> Note:
        return parse_note(self.note_bytes)

    def checkpoint(self) -> Checkpoint:
        """The note's checkpoint, where it is the one that this batch calls for."""
        checkpoint = parse_checkpoint(self.note().text)
        if checkpoint.origin != str(self.origin):
            raise Refused("batch: the note has another origin")
        if checkpoint.size != self.end:
            raise Refused("batch: the note has another size")
        return checkpoint

    def bodies(self) -> list[bytes]:
        return split_entries(unpack(self.codec, self.packed, self.raw_length), self.count)

    def leaves(self, bodies: list[bytes]) -> list[bytes]:
        return [leaf_hash(salt + body) for salt, body in zip(salts(self.seed, len(bodies)), bodies)]


def parse_prefix(data: bytes) -> tuple[Batch, bytes]:
    """The batch that `data` begins with, and the bytes after it."""
    if len(data) < HEADER.size:
        raise Refused("batch: cut short")
    magic, codec, origin_length, zero, count, first, raw, packed, note, seed = HEADER.unpack_from(data)
    if magic != MAGIC or codec > CODEC_ZSTD or zero != b"\0\0":
        raise Refused("batch: malformed header")
    if not 1 <= origin_length <= MAX_ORIGIN or not 1 <= count <= MAX_COUNT:
        raise Refused("batch: origin length or count out of range")
    if raw > MAX_RAW or packed > MAX_PACKED or note > MAX_NOTE:
        raise Refused("batch: a length is out of range")
    if codec == CODEC_NONE and packed != raw:
        raise Refused("batch: not packed, but the lengths differ")
    at_packed = HEADER.size + origin_length
    at_note = at_packed + packed
    end = at_note + note
    if len(data) < end:
        raise Refused("batch: cut short")
    origin = parse_origin(data[HEADER.size : at_packed])
    batch = Batch(codec, count, first, raw, seed, origin, data[at_packed:at_note], data[at_note:end])
    return batch, data[end:]


def parse_batch(data: bytes) -> Batch:
    batch, rest = parse_prefix(data)
    if rest:
        raise Refused("batch: bytes after the note")
    return batch


def unpack(codec: int, packed: bytes, raw_length: int) -> bytes:
    if codec == CODEC_NONE:
        raw = packed
    elif codec == CODEC_DEFLATE:
        raw = _inflate(packed, raw_length)
    else:
        raw = _unzstd(packed, raw_length)
    if len(raw) != raw_length:
        raise Refused("batch: the entries do not unpack to the raw length")
    return raw


def _inflate(packed: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(packed, limit + 1)
    except zlib.error as error:
        raise Refused(f"batch: {error}") from None
    if len(raw) <= limit and (not inflater.eof or inflater.unused_data):
        raise Refused("batch: the zlib stream does not end with the packed bytes")
    return raw


def _unzstd(packed: bytes, limit: int) -> bytes:
    if _zstd_frame_length(packed) != len(packed):
        raise Refused("batch: not exactly one zstd frame")
    try:
        decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        with decompressor.stream_reader(packed) as reader:
            return reader.read(limit + 1)
    except (zstandard.ZstdError, MemoryError) as error:
        raise Refused(f"batch: {error}") from None


def _zstd_frame_length(packed: bytes) -> int:
    """Walk over the blocks of the first frame (RFC 8878 section 3.1.1)."""
    try:
        at = zstandard.frame_header_size(packed)
        has_checksum = zstandard.get_frame_parameters(packed).has_checksum
    except zstandard.ZstdError as error:
        raise Refused(f"batch: {error}") from None
    last = False
    while not last:
        if at + 3 > len(packed):
            raise Refused("batch: the zstd frame is cut short")
        header = int.from_bytes(packed[at : at + 3], "little")
        last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        at += 3 + (1 if kind == 1 else size)
    return at + (4 if has_checksum else 0)


def split_entries(raw: bytes, count: int) -> list[bytes]:
    bodies, at = [], 0
    while at < len(raw):
        if len(bodies) == count or at + 2 > len(raw):
            raise Refused("batch: bytes after the last entry")
        length = int.from_bytes(raw[at : at + 2], "big")
        if not 1 <= length <= MAX_BODY or at + 2 + length > len(raw):
            raise Refused("batch: the length of an entry")
        bodies.append(raw[at + 2 : at + 2 + length])
        at += 2 + length
    if len(bodies) != count:
        raise Refused("batch: fewer entries than its count")
    return bodies
