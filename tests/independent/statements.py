"""Section 11: statements signed by people."""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import NamedTuple

from basics import H, MAX_EPOCH, Key, Refused, ascii_text, decimal, is_label, parse_signing_vkey, parse_vkey, unbase64_hash
from notes import Note, parse_note, verify_note

MAX_TEXT = 8192
MAX_PEOPLE = 32
HEAD = "swornlog-statement/v1"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_PATTERN = re.compile(r"[a-z0-9.*-]{1,63}", re.ASCII)
_HEX_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Statement:
    kind: str
    fleet: str
    time: int
    lines: list[str]
    note: Note


DEFAULT_NEEDS = {"revoke": (1, 1), "token": (1, 0), "policy": (1, 1), "log-key": (1, 1), "close": (1, 1)}
KINDS = ("enrol", "re-enrol", "rotate", "revoke", "retire", "token", "policy", "log-key", "close")


@dataclass
class Genesis:
    data: bytes
    fleet: str = ""
    log: Key | None = None
    admins: list[Key] = field(default_factory=list)
    auditors: list[Key] = field(default_factory=list)
    needs: dict[str, tuple[int, int]] = field(default_factory=dict)
    registrar: Key | None = None
    next_log: bytes | None = None

    @property
    def people(self) -> list[Key]:
        return self.admins + self.auditors

    def need(self, kind: str) -> tuple[int, int]:
        return self.needs.get(kind) or DEFAULT_NEEDS.get(kind) or self.needs["enrol"]


class Point(NamedTuple):
    """A place in a host's logs: a head, or an entry where there is no root."""

    epoch: int
    size: int
    root: bytes | None = None

    @property
    def place(self) -> tuple[int, int]:
        return self.epoch, self.size


NOWHERE = Point(0, 0, H(b""))


@dataclass
class Said:
    """A statement of one of the kinds that the document knows; fields that its kind has not are None."""

    kind: str
    fleet: str
    time: int
    note: Note
    host: str | None = None
    identity: Key | None = None
    certificate: bytes | None = None
    token: bytes | None = None
    point: Point | None = None
    reason: str | None = None
    count: int | None = None
    until: int | None = None
    hosts: str | None = None
    ranges: list[str] = field(default_factory=list)
    policy: list[str] = field(default_factory=list)
    log: Key | None = None
    next_log: bytes | None = None
    overlap: int | None = None


def _value(line: str, word: str) -> str:
    if not line.startswith(word + " "):
        raise Refused(f"statement: expected a line `{word} ...`")
    return line[len(word) + 1 :]


def parse_time(text: str) -> int:
    try:
        if _TIME.fullmatch(text) is None:
            raise ValueError
        seconds = int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp())
    except ValueError:
        raise Refused("statement: malformed time") from None
    if seconds < 0:
        raise Refused("statement: a time before 1970")
    return seconds


def parse_statement(data: bytes) -> Statement:
    note = parse_note(data)
    if len(note.text) > MAX_TEXT:
        raise Refused("statement: text too long")
    lines = ascii_text(note.text).split("\n")[:-1]
    if len(lines) < 4 or lines[0] != HEAD or not is_label(lines[1]):
        raise Refused("statement: malformed head")
    fleet, time = _value(lines[2], "fleet"), _value(lines[3], "time")
    if not is_label(fleet):
        raise Refused("statement: malformed fleet name")
    return Statement(lines[1], fleet, parse_time(time), lines[4:], note)


def _person(genesis: Genesis, line: str) -> Key:
    role, _, text = line.partition(" ")
    key = parse_vkey(text)
    prefix = f"{genesis.fleet}/{role}/"
    if not key.name.startswith(prefix) or not is_label(key.name.removeprefix(prefix)):
        raise Refused("genesis: a person's key has another name")
    return parse_signing_vkey(text, key.name)


def _people(genesis: Genesis, lines: list[str]) -> None:
    roles = [line.split(" ")[0] for line in lines]
    if roles != sorted(roles) or set(roles) != {"admin", "auditor"} or len(lines) > MAX_PEOPLE:
        raise Refused("genesis: expected admin lines, then auditor lines")
    for role, line in zip(roles, lines):
        (genesis.admins if role == "admin" else genesis.auditors).append(_person(genesis, line))


def _all_differ(genesis: Genesis) -> None:
    keys = genesis.people + [genesis.log] + ([genesis.registrar] if genesis.registrar else [])
    if len({key.public for key in keys}) != len(keys) or len({key.name for key in keys}) != len(keys):
        raise Refused("genesis: two keys are the same")


def _need(genesis: Genesis, line: str, least: int) -> int:
    """Take a `need` line, of a kind that is not before number `least`; the number after its own."""
    words = line.split(" ")
    if len(words) != 4 or words[1] not in KINDS[least:]:
        raise Refused("genesis: malformed need, or out of order")
    admins, auditors = (decimal(word.encode()) for word in words[2:])
    if admins > len(genesis.admins) or auditors > len(genesis.auditors) or admins + auditors < 1:
        raise Refused("genesis: need is not possible")
    genesis.needs[words[1]] = (admins, auditors)
    return KINDS.index(words[1]) + 1


def _hex_hash(text: str) -> bytes:
    if not _HEX_HASH.fullmatch(text):
        raise Refused("statement: malformed hash")
    return bytes.fromhex(text)


def check_genesis(data: bytes) -> Genesis:
    statement = parse_statement(data)
    if statement.kind != "genesis" or not statement.lines:
        raise Refused("not a genesis statement")
    genesis = Genesis(data, statement.fleet)
    lines = statement.lines
    genesis.log = parse_signing_vkey(_value(lines.pop(0), "log"), f"{genesis.fleet}/log")
    people = [line for line in lines if line.split(" ")[0] in ("admin", "auditor")]
    if lines[: len(people)] != people:
        raise Refused("genesis: people's lines are not where they belong")
    _people(genesis, people)
    lines, least = lines[len(people) :], 0
    while lines and lines[0].startswith("need "):
        least = _need(genesis, lines.pop(0), least)
    if "enrol" not in genesis.needs:
        raise Refused("genesis: no need enrol")
    if lines and lines[0].startswith("registrar "):
        genesis.registrar = parse_signing_vkey(_value(lines.pop(0), "registrar"), f"{genesis.fleet}/registrar")
    if lines and lines[0].startswith("next-log-key "):
        genesis.next_log = _hex_hash(_value(lines.pop(0), "next-log-key"))
    if lines:
        raise Refused("genesis: a line too many")
    _all_differ(genesis)
    if set(verify_note(statement.note, genesis.people)) != set(genesis.people):
        raise Refused("genesis: not signed by everybody it names", "wrongly-sealed")
    return genesis


class _Reader:
    """The lines of a kind, one after the other."""

    def __init__(self, statement: Statement):
        self.fleet = statement.fleet
        self.lines = list(statement.lines)

    def value(self, word: str) -> str:
        text = _value(self.lines.pop(0) if self.lines else "", word)
        if not text:
            raise Refused(f"statement: nothing behind {word}")
        return text

    def has(self, word: str) -> bool:
        return bool(self.lines) and self.lines[0].split(" ")[0] == word

    def label(self, word: str) -> str:
        text = self.value(word)
        if not is_label(text):
            raise Refused(f"statement: malformed {word}")
        return text

    def number(self, word: str, least: int, most: int) -> int:
        number = decimal(self.value(word).encode())
        if not least <= number <= most:
            raise Refused(f"statement: {word} out of range")
        return number

    def point(self, word: str, rooted: bool) -> Point:
        words = self.value(word).split(" ")
        if len(words) != (3 if rooted else 2):
            raise Refused(f"statement: malformed {word}")
        epoch, size = (decimal(text.encode()) for text in words[:2])
        point = Point(epoch, size, unbase64_hash(words[2].encode()) if rooted else None)
        if epoch > MAX_EPOCH or (rooted and ((epoch == 0) != (size == 0) or (epoch == 0 and point != NOWHERE))):
            raise Refused(f"statement: {word} is no head")
        if not rooted and epoch == 0:
            raise Refused(f"statement: {word} is in no epoch")
        return point


def _host_and_identity(said: Said, read: _Reader) -> None:
    said.host = read.label("host")
    said.identity = parse_signing_vkey(read.value("identity"), f"{said.fleet}/host/{said.host}")


def _read_enrol(said: Said, read: _Reader) -> None:
    _host_and_identity(said, read)
    said.certificate = _hex_hash(read.value("certificate"))
    if said.kind == "re-enrol":
        said.point = read.point("follows", True)
    if said.kind == "rotate":
        said.point = read.point("announced", False)
    elif read.has("token"):
        said.token = _hex_hash(read.value("token"))


def _read_revoke(said: Said, read: _Reader) -> None:
    _host_and_identity(said, read)
    said.point = read.point("at", True)
    said.reason = read.label("reason")


def _read_retire(said: Said, read: _Reader) -> None:
    said.host, said.reason = read.label("host"), read.label("reason")


def _check_range(text: str) -> None:
    try:
        if str(ipaddress.ip_network(text)) != text:
            raise ValueError
    except ValueError:
        raise Refused("statement: malformed range of addresses") from None


def _read_token(said: Said, read: _Reader) -> None:
    said.token = _hex_hash(read.value("token"))
    said.count = read.number("count", 1, 1_000_000)
    said.until = parse_time(read.value("until"))
    said.hosts = read.value("hosts")
    if not _PATTERN.fullmatch(said.hosts):
        raise Refused("statement: malformed pattern")
    while read.has("from"):
        said.ranges.append(read.value("from"))
        _check_range(said.ranges[-1])
    if len(said.ranges) > 16:
        raise Refused("statement: too many ranges")


def _read_policy(said: Said, read: _Reader) -> None:
    while read.has("policy"):
        line = read.lines.pop(0)
        text = line.removeprefix("policy").removeprefix(" ")
        if line == "policy " or len(text) > 1000 or not all(" " <= c <= "~" for c in text):
            raise Refused("statement: malformed line of a policy")
        said.policy.append(text)
    if not 1 <= len(said.policy) <= 256:
        raise Refused("statement: number of a policy's lines")


def _read_log_key(said: Said, read: _Reader) -> None:
    said.log = parse_signing_vkey(read.value("log"), f"{said.fleet}/log")
    said.next_log = _hex_hash(read.value("next"))
    said.overlap = read.number("overlap", 0, 31_536_000)


def _read_close(said: Said, read: _Reader) -> None:
    said.host = read.label("host")
    said.point = Point(read.number("epoch", 2, MAX_EPOCH), 0)
    said.reason = read.label("reason")


_READERS = {
    "enrol": _read_enrol, "re-enrol": _read_enrol, "rotate": _read_enrol, "revoke": _read_revoke,
    "retire": _read_retire, "token": _read_token, "policy": _read_policy, "log-key": _read_log_key,
    "close": _read_close,
}  # fmt: skip


def _check_signers(said: Said, genesis: Genesis) -> None:
    keys = genesis.people + ([genesis.registrar] if genesis.registrar else [])
    signers = set(verify_note(said.note, keys))
    if said.token is not None and said.kind != "token":
        if genesis.registrar not in signers:
            raise Refused("an enrolment under a token that the registrar has not signed", "wrongly-sealed")
        return
    admins, auditors = (len(signers & set(keys)) for keys in (genesis.admins, genesis.auditors))
    need = genesis.need(said.kind)
    if admins < need[0] or auditors < need[1]:
        raise Refused(f"{said.kind}: too few signatures", "wrongly-sealed")


def check_statement(data: bytes, genesis: Genesis) -> Said:
    """A statement of one of KINDS, by itself."""
    statement = parse_statement(data)
    if statement.kind not in _READERS or statement.fleet != genesis.fleet:
        raise Refused("not a statement of this fleet, of a known kind")
    said = Said(statement.kind, statement.fleet, statement.time, statement.note)
    read = _Reader(statement)
    _READERS[said.kind](said, read)
    if read.lines:
        raise Refused("statement: a line too many")
    _check_signers(said, genesis)
    return said


def check_enrolment(data: bytes, genesis: Genesis) -> Said:
    """A statement that gives a host its identity."""
    said = check_statement(data, genesis)
    if said.kind not in ("enrol", "re-enrol", "rotate"):
        raise Refused("not an enrolment of this fleet")
    return said


def check_other(data: bytes, genesis: Genesis) -> Statement:
    """A statement of a kind that this document does not know: carried, and reported."""
    statement = parse_statement(data)
    if statement.fleet != genesis.fleet:
        raise Refused("statement of another fleet")
    verify_note(statement.note, genesis.people)
    return statement
