"""Sections 5 to 7: the bodies of entries. Shapes of the known kinds are a table of checks per field."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import cbor
from basics import Refused
from fleetlog import is_hash, is_uint

MAX_BODY = 65519
FIRST_EVENT = 16
SEAL, EPOCH, POSTURE, HEARTBEAT, LOSS, GOODBYE, AGENT, KEY = 2, 3, 4, 5, 6, 7, 8, 9
PROCESS, EXEC, EXIT = 16, 17, 18
OWN_KINDS = range(SEAL, KEY + 1)
LEAF_INDEX_FIELDS = {PROCESS: (3, 21), EXEC: (3, 21), 80: (20,), 85: (20,)}

Check = Callable[[object], bool]


@dataclass(frozen=True)
class Entry:
    index: int
    kind: int
    time: int
    sensors: int
    process: int | None
    fields: dict


def is_int(value) -> bool:
    return type(value) is int


def is_bytes(value) -> bool:
    return type(value) is bytes


def is_bool(value) -> bool:
    return type(value) is bool


def is_exactness(value) -> bool:
    return is_uint(value) and value <= 3


def or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def sized(size: int) -> Check:
    return lambda value: is_bytes(value) and len(value) == size


def list_of(check: Check) -> Check:
    return lambda value: type(value) is list and all(check(item) for item in value)


def row_of(*checks: Check) -> Check:
    return lambda value: (
        type(value) is list and len(value) == len(checks) and all(c(v) for c, v in zip(checks, value))
    )


def _same(check: Check, *numbers: int) -> dict[int, Check]:
    return {number: check for number in numbers}


def is_fleet_head(value) -> bool:
    """The generation of the fleet log is left out where it is 1."""
    return row_of(is_uint, is_hash)(value) or (row_of(is_uint, is_hash, is_uint)(value) and 2 <= value[2] <= 4294967295)


_FOUR_UINTS = row_of(*[is_uint] * 4)

# kind: (required fields, optional fields)
SHAPES: dict[int, tuple[dict[int, Check], dict[int, Check]]] = {
    SEAL: (
        {
            **_same(is_uint, 0, 1),
            2: sized(16),
            3: _FOUR_UINTS,
            4: is_hash,
            5: row_of(is_uint, is_uint, is_uint, is_uint, is_exactness),
            6: list_of(is_uint),
            8: is_hash,
        },
        {7: is_hash, 9: is_fleet_head},
    ),
    EPOCH: (
        {**_same(is_uint, 0, 1), **_same(is_hash, 4, 6), **_same(is_bytes, 5, 9)},
        {
            2: row_of(is_uint, or_null(is_uint), or_null(is_hash)),
            3: row_of(is_uint, is_uint, is_hash),
            7: is_hash,
            8: list_of(row_of(is_uint, is_uint, is_uint)),
        },
    ),
    POSTURE: (
        {
            0: list_of(row_of(is_bytes, is_uint, is_uint)),
            1: row_of(is_uint, is_uint, is_bytes),
            2: list_of(is_uint),
            3: list_of(is_bytes),
            **_same(is_bool, 4, 6),
            5: is_bytes,
        },
        {7: is_bytes},
    ),
    HEARTBEAT: ({}, {}),
    LOSS: ({0: is_uint, 2: is_exactness}, {**_same(is_uint, 1, 3, 4), 5: is_bytes}),
    GOODBYE: ({0: is_uint}, {}),
    AGENT: ({0: is_uint}, {1: is_bytes}),
    KEY: ({0: is_bytes, 1: is_hash}, {}),
    EXIT: ({0: is_uint}, {1: is_uint, 2: is_bool}),
}

_PROCESS_SHAPE = (
    {0: is_uint},
    {
        **_same(is_uint, 1, 2, 3, 9, 10, 12, 15, 16, 17, 18, 19, 20, 21, 26),
        **_same(is_bytes, 4, 6, 11, 14, 22, 24, 27),
        **_same(list_of(is_bytes), 5, 25),
        **_same(_FOUR_UINTS, 7, 8, 23),
        13: row_of(*[is_uint] * 7),
        28: is_hash,
    },
)
_FILE_SHAPE = (
    {},
    {
        **_same(is_bytes, 0, 2, 9, 11),
        1: is_int,
        **_same(is_uint, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23),
        18: list_of(is_bytes),
    },
)
_AUDIT_SHAPE = (
    {**_same(is_uint, 0, 1, 2), 3: list_of(row_of(is_uint, is_bytes))},
    {**_same(is_uint, 4, 5, 6, 7, 15), **_same(is_bytes, 8, 9, 10, 11, 12, 13), 14: is_bool},
)
SHAPES.update(_same(_PROCESS_SHAPE, PROCESS, EXEC))
_SYSTEM_SHAPE = (
    {},
    {
        **_same(is_bytes, 0, 2, 9, 11, 34, 37, 39),
        **_same(is_int, 1, 19, 21, 30),
        **_same(is_uint, 3, 5, 6, 10, 13, 14, 15, 18, 20, 29, 32, 33, 36, 38),
        22: list_of(is_bytes),
        **_same(_FOUR_UINTS, 23, 24, 25, 26),
        27: list_of(is_int),
        28: row_of(is_uint, is_uint, is_uint),
        31: list_of(is_uint),
        35: row_of(is_int, is_int),
    },
)
SHAPES.update(_same(_SYSTEM_SHAPE, 19, 20, 50, 51, *range(80, 86), *range(96, 99)))
SHAPES.update(_same(_FILE_SHAPE, *range(32, 49), 115))
SHAPES.update(_same(_AUDIT_SHAPE, *range(64, 69)))


def _malformed(reason: str) -> Refused:
    return Refused(reason, "malformed")


def parse_body(body: bytes, index: int) -> Entry:
    """The rules of section 5."""
    if not 1 <= len(body) <= MAX_BODY:
        raise _malformed("body: length")
    item = cbor.decode(body)
    if type(item) is not list or len(item) != 5:
        raise _malformed("body: not an array of five")
    kind, time, sensors, process, fields = item
    if not is_uint(kind) or not is_int(time) or not is_uint(sensors):
        raise _malformed("body: kind, time or sensors")
    if not (process is None or is_uint(process)) or type(fields) is not dict:
        raise _malformed("body: process or fields")
    return Entry(index, kind, time, sensors, process, fields)


def body_faults(entry: Entry) -> Iterator[str]:
    """The rules of sections 5 to 7 that one entry can break on its own."""
    yield from _shape_faults(entry)
    if entry.kind in OWN_KINDS and (entry.process is not None or entry.sensors != 1):
        yield "the log's own entry has a process or other sensors"
    if entry.process is not None and entry.process >= entry.index:
        yield "process names no earlier entry"
    for number in LEAF_INDEX_FIELDS.get(entry.kind, ()):
        value = entry.fields.get(number)
        if is_uint(value) and value >= entry.index:
            yield f"field {number} names no earlier entry"


def _shape_faults(entry: Entry) -> Iterator[str]:
    required, optional = SHAPES.get(entry.kind, ({}, {}))
    for number, check in required.items():
        if number not in entry.fields:
            yield f"kind {entry.kind}: field {number} is absent"
        elif not check(entry.fields[number]):
            yield f"kind {entry.kind}: field {number} has another form"
    for number, check in optional.items():
        if number in entry.fields and not check(entry.fields[number]):
            yield f"kind {entry.kind}: field {number} has another form"


def salts(seed: bytes, count: int) -> list[bytes]:
    """Salt i is the AES-256 encryption of u128be(i) under the batch's seed."""
    encryptor = Cipher(algorithms.AES(seed), modes.ECB()).encryptor()
    blocks = b"".join(i.to_bytes(16, "big") for i in range(count))
    stream = encryptor.update(blocks) + encryptor.finalize()
    return [stream[at : at + 16] for at in range(0, len(stream), 16)]
