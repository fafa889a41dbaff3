"""Sections 1 and 2 of docs/format.md: numbers, base64, names and keys."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_DECIMAL = 2**63 - 1
MAX_EPOCH = 4294967295
MAX_ORIGIN = 143
TYPE_ED25519 = 0x01
TYPE_COSIGNATURE = 0x04
FIELD_PRIME = 2**255 - 19

SMALL_ORDER = frozenset(
    bytes.fromhex(point)
    for point in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?", re.ASCII)
_DECIMAL = re.compile(rb"0|[1-9][0-9]{0,18}")
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


class Refused(Exception):
    """Something breaks a rule of the document; `verdict` is the word of section 15 for it."""

    def __init__(self, reason: str, verdict: str = "altered"):
        super().__init__(reason)
        self.reason = reason
        self.verdict = verdict


def H(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def decimal(text: bytes) -> int:
    if not _DECIMAL.fullmatch(text):
        raise Refused(f"not a decimal number: {shown(text)}")
    number = int(text)
    if number > MAX_DECIMAL:
        raise Refused(f"decimal number too large: {shown(text)}")
    return number


def unbase64(text: bytes) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"not base64: {shown(text)}") from None
    if base64.b64encode(data) != text:
        raise Refused(f"base64 with unused bits set: {shown(text)}")
    return data


def base64_text(data: bytes) -> bytes:
    return base64.b64encode(data)


def unbase64_hash(text: bytes) -> bytes:
    data = unbase64(text)
    if len(data) != 32:
        raise Refused(f"not a base64 hash: {shown(text)}")
    return data


def ascii_text(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise Refused(f"not ASCII: {shown(data)}") from None


def shown(data: bytes, most: int = 60) -> str:
    """Foreign bytes, fit for a report's line."""
    text = data[:most].decode("ascii", "backslashreplace")
    cleaned = "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in text)
    return cleaned + ("..." if len(data) > most else "")


def is_label(text: str) -> bool:
    return _LABEL.fullmatch(text) is not None


class Origin(NamedTuple):
    """The origin of a host log."""

    fleet: str
    host: str
    epoch: int

    def __str__(self) -> str:
        return f"{self.fleet}/host/{self.host}/{self.epoch}"

    @property
    def identity_name(self) -> str:
        return f"{self.fleet}/host/{self.host}"

    @property
    def seal_name(self) -> str:
        return f"{self}/seal"


def parse_epoch(text: bytes) -> int:
    epoch = decimal(text)
    if not 1 <= epoch <= MAX_EPOCH:
        raise Refused(f"epoch out of range: {epoch}")
    return epoch


def parse_origin(data: bytes) -> Origin:
    parts = ascii_text(data).split("/")
    if len(parts) != 4 or parts[1] != "host" or not is_label(parts[0]) or not is_label(parts[2]):
        raise Refused(f"not a host log's origin: {shown(data)}")
    return Origin(parts[0], parts[2], parse_epoch(parts[3].encode()))


def check_public_key(public: bytes) -> None:
    if len(public) != 32:
        raise Refused("a public key has 32 bytes")
    cleared = public[:31] + bytes([public[31] & 0x7F])
    if cleared in SMALL_ORDER:
        raise Refused("the public key has small order", "wrongly-sealed")
    if int.from_bytes(cleared, "little") >= FIELD_PRIME:
        raise Refused("the public key is not canonical", "wrongly-sealed")


def is_key_name(name: str) -> bool:
    is_utf8 = not any("\ud800" <= c <= "\udfff" for c in name)
    return bool(name) and is_utf8 and "+" not in name and not any(c.isspace() for c in name)


@dataclass(frozen=True)
class Key:
    name: str
    public: bytes
    type: int = TYPE_ED25519

    @property
    def id(self) -> bytes:
        return H(self.name.encode() + b"\n" + bytes([self.type]) + self.public)[:4]

    @property
    def vkey(self) -> str:
        blob = base64_text(bytes([self.type]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{blob}"

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """`text` is a note's text; `signature` is what follows the key id in its line."""
        if self.type == TYPE_COSIGNATURE:
            return self._verifies_cosignature(text, signature)
        return self._verifies_raw(text, signature)

    def _verifies_cosignature(self, text: bytes, signature: bytes) -> bool:
        if len(signature) != 72:
            return False
        seconds = int.from_bytes(signature[:8], "big")
        message = b"cosignature/v1\ntime %d\n" % seconds + text
        return seconds <= MAX_DECIMAL and self._verifies_raw(message, signature[8:])

    def _verifies_raw(self, message: bytes, signature: bytes) -> bool:
        if len(signature) != 64:
            return False
        try:
            check_public_key(self.public)
            # OpenSSL checks S against the group order and compares R byte for byte, without the cofactor.
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (Refused, InvalidSignature, ValueError):
            return False
        return True


def parse_vkey(text: str) -> Key:
    parts = text.split("+", 2)
    if len(parts) != 3 or not is_key_name(parts[0]) or not _KEY_ID.fullmatch(parts[1]):
        raise Refused("malformed vkey")
    blob = unbase64(parts[2].encode("utf-8", "replace"))
    if len(blob) != 33 or blob[0] not in (TYPE_ED25519, TYPE_COSIGNATURE):
        raise Refused("vkey of an unknown type")
    check_public_key(blob[1:])
    key = Key(parts[0], blob[1:], blob[0])
    if key.id.hex() != parts[1]:
        raise Refused("the vkey's key id does not fit its key")
    return key


def parse_signing_vkey(text: str, name: str) -> Key:
    """A vkey of type 0x01 whose name is already known."""
    key = parse_vkey(text)
    if key.type != TYPE_ED25519:
        raise Refused("vkey is not of type 0x01")
    if key.name != name:
        raise Refused(f"vkey's name is not {name}")
    return key
