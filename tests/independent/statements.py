"""Section 11: statements signed by people."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from basics import Key, Refused, ascii_text, decimal, is_label, parse_signing_vkey, parse_vkey
from notes import Note, parse_note, verify_note

MAX_TEXT = 8192
MAX_PEOPLE = 32
HEAD = "swornlog-statement/v1"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_HEX_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Statement:
    kind: str
    fleet: str
    time: str
    lines: list[str]
    note: Note


@dataclass
class Genesis:
    data: bytes
    fleet: str = ""
    log: Key | None = None
    admins: list[Key] = field(default_factory=list)
    auditors: list[Key] = field(default_factory=list)
    need: tuple[int, int] = (0, 0)

    @property
    def people(self) -> list[Key]:
        return self.admins + self.auditors


@dataclass(frozen=True)
class Enrolment:
    host: str
    identity: Key
    certificate: bytes


def _value(line: str, word: str) -> str:
    if not line.startswith(word + " "):
        raise Refused(f"statement: expected a line `{word} ...`")
    return line[len(word) + 1 :]


def _check_time(text: str) -> None:
    try:
        if _TIME.fullmatch(text) is None:
            raise ValueError
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise Refused("statement: malformed time") from None


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
    _check_time(time)
    return Statement(lines[1], fleet, time, lines[4:], note)


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
    keys = genesis.people + [genesis.log]
    if len({key.public for key in keys}) != len(keys) or len({(k.name, k.id) for k in keys}) != len(keys):
        raise Refused("genesis: two keys are the same")


def _need(genesis: Genesis, line: str) -> tuple[int, int]:
    words = _value(line, "need enrol").split(" ")
    if len(words) != 2:
        raise Refused("genesis: malformed need")
    admins, auditors = (decimal(word.encode()) for word in words)
    if admins > len(genesis.admins) or auditors > len(genesis.auditors) or admins + auditors < 1:
        raise Refused("genesis: need is not possible")
    return admins, auditors


def check_genesis(data: bytes) -> Genesis:
    statement = parse_statement(data)
    if statement.kind != "genesis" or len(statement.lines) < 4:
        raise Refused("not a genesis statement")
    genesis = Genesis(data, statement.fleet)
    genesis.log = parse_signing_vkey(_value(statement.lines[0], "log"), f"{genesis.fleet}/log")
    _people(genesis, statement.lines[1:-1])
    genesis.need = _need(genesis, statement.lines[-1])
    if set(verify_note(statement.note, genesis.people)) != set(genesis.people):
        raise Refused("genesis: not signed by everybody it names", "wrongly-sealed")
    return genesis


def check_enrolment(data: bytes, genesis: Genesis) -> Enrolment:
    statement = parse_statement(data)
    if statement.kind != "enrol" or statement.fleet != genesis.fleet or len(statement.lines) != 3:
        raise Refused("not an enrolment of this fleet")
    host = _value(statement.lines[0], "host")
    if not is_label(host):
        raise Refused("enrolment: malformed host name")
    identity = parse_signing_vkey(_value(statement.lines[1], "identity"), f"{genesis.fleet}/host/{host}")
    certificate = _value(statement.lines[2], "certificate")
    if not _HEX_HASH.fullmatch(certificate):
        raise Refused("enrolment: malformed certificate hash")
    signers = set(verify_note(statement.note, genesis.people))
    admins, auditors = (len(signers & set(keys)) for keys in (genesis.admins, genesis.auditors))
    if admins < genesis.need[0] or auditors < genesis.need[1]:
        raise Refused("enrolment: too few signatures", "wrongly-sealed")
    return Enrolment(host, identity, bytes.fromhex(certificate))


def check_other(data: bytes, genesis: Genesis) -> Statement:
    """A statement of a kind that this document does not know: carried, and reported."""
    statement = parse_statement(data)
    if statement.fleet != genesis.fleet:
        raise Refused("statement of another fleet")
    verify_note(statement.note, genesis.people)
    return statement
