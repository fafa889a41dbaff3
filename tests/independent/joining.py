"""Section 20: join tokens, requests to be enrolled, grants."""

from dataclasses import dataclass

from basics import H, Key, Origin, Refused, ascii_text, decimal, is_label, parse_origin, parse_signing_vkey, unbase64, unbase64_hash
from notes import Checkpoint, check_fleet_checkpoint, parse_checkpoint, parse_note, verify_note

MAX_TEXT = 16384
MAX_PART = 65536
MAX_REQUEST_DER = 4096
MAX_URL = 255
PARTS = ("enrol", "certificate", "ca", "genesis", "policy")
HEX = set("0123456789abcdef")


@dataclass(frozen=True)
class Token:
    fleet: str
    log: Key
    ca: bytes
    genesis: bytes
    policy: bytes | None
    secret: bytes
    checkpoint: Checkpoint

    def hash(self) -> bytes:
        return H(self.secret)


@dataclass(frozen=True)
class Request:
    fleet: str
    host: str
    identity: Key
    certificate: bytes
    secret: bytes | None


class _Lines:
    def __init__(self, data: bytes, first: str, most: int):
        if len(data) > most:
            raise Refused("over the limit")
        self.rest = data
        if self.line() != first:
            raise Refused("not a " + first)

    def line(self) -> str:
        line, found, self.rest = self.rest.partition(b"\n")
        if not found:
            raise Refused("a line is cut")
        return ascii_text(line)

    def next_is(self, word: str) -> bool:
        return self.rest.startswith(word.encode() + b" ")

    def value(self, word: str) -> str:
        found, _, value = self.line().partition(" ")
        if found != word or not value:
            raise Refused(f"no line {word}")
        return value

    def label(self, word: str) -> str:
        value = self.value(word)
        if not is_label(value):
            raise Refused(f"{word} is no label")
        return value

    def url(self, word: str) -> str:
        value = self.value(word)
        if not value.startswith("https://") or value == "https://" or len(value) > MAX_URL or " " in value:
            raise Refused(f"{word} is no URL")
        return value

    def hash(self, word: str) -> bytes:
        value = self.value(word)
        if len(value) != 64 or not set(value) <= HEX:
            raise Refused(f"{word} is no hash")
        return bytes.fromhex(value)

    def part(self, word: str, most: int) -> bytes:
        length = decimal(self.value(word).encode())
        if length > most or length > len(self.rest):
            raise Refused(f"{word} is too long, or cut")
        part, self.rest = self.rest[:length], self.rest[length:]
        return part

    def end(self) -> None:
        if self.rest:
            raise Refused("bytes behind the end")


def parse_token(data: bytes) -> Token:
    lines = _Lines(data, "swornlog-token/v1", MAX_TEXT)
    fleet = lines.label("fleet")
    lines.url("registrar")
    lines.url("sink")
    log = parse_signing_vkey(lines.value("log"), f"{fleet}/log")
    ca, genesis = lines.hash("ca"), lines.hash("genesis")
    policy = lines.hash("policy") if lines.next_is("policy") else None
    secret = unbase64_hash(lines.value("secret").encode())
    note = lines.part("checkpoint", MAX_TEXT)
    lines.end()
    return Token(fleet, log, ca, genesis, policy, secret, check_fleet_checkpoint(note, log, alone=False))


def _check_empty_log(note: bytes, fleet: str, host: str, identity: Key) -> None:
    parsed = parse_note(note)
    head = parse_checkpoint(parsed.text)
    if parse_origin(head.origin.encode()) != Origin(fleet, host, 1) or head.size != 0 or head.root != H(b""):
        raise Refused("not the checkpoint of the host's empty log")
    if verify_note(parsed, [identity]) != [identity]:
        raise Refused("not signed by the identity key")


def parse_request(data: bytes) -> Request:
    lines = _Lines(data, "swornlog-request/v1", MAX_TEXT)
    fleet, host = lines.label("fleet"), lines.label("host")
    identity = parse_signing_vkey(lines.value("identity"), f"{fleet}/host/{host}")
    certificate = unbase64(lines.value("certificate").encode())
    if len(certificate) > MAX_REQUEST_DER:
        raise Refused("the PKCS #10 request is too long")
    secret = unbase64_hash(lines.value("secret").encode()) if lines.next_is("secret") else None
    _check_empty_log(lines.part("checkpoint", MAX_TEXT), fleet, host, identity)
    lines.end()
    return Request(fleet, host, identity, certificate, secret)


def parse_grant(data: bytes) -> dict[str, bytes]:
    lines = _Lines(data, "swornlog-grant/v1", len(PARTS) * (MAX_PART + 64))
    parts = {word: lines.part(word, MAX_PART) for word in PARTS}
    lines.end()
    return parts
