"""Section 21: results of drills."""

import re
from dataclasses import dataclass

from basics import Refused, decimal
from notes import verify_note
from statements import Genesis, parse_statement

OUTCOMES = ("caught", "missed", "noisy", "impossible", "failed", "pending")
_NAME = re.compile(r"[a-z-]{1,32}", re.ASCII)


@dataclass(frozen=True)
class Sin:
    name: str
    outcome: str
    ms: int
    bound: int
    check: str


@dataclass(frozen=True)
class Drill:
    version: str
    target: str
    sins: list[Sin]

    @property
    def good(self) -> bool:
        return all(sin.outcome in ("caught", "impossible") for sin in self.sins)


def _sin(line: str) -> Sin:
    parts = line.split(" ", 5)
    if len(parts) != 6 or parts[0] != "sin" or not _NAME.fullmatch(parts[1]) or parts[2] not in OUTCOMES or not parts[5]:
        raise Refused("drill: malformed line")
    sin = Sin(parts[1], parts[2], decimal(parts[3].encode()), decimal(parts[4].encode()), parts[5])
    if sin.ms and sin.outcome != "caught":
        raise Refused("drill: a time without a catch")
    return sin


def check_drill(data: bytes, genesis: Genesis) -> Drill:
    statement = parse_statement(data)
    lines = statement.lines
    if statement.kind != "drill" or statement.fleet != genesis.fleet or len(lines) < 3:
        raise Refused("drill: not a result of this fleet")
    if len(verify_note(statement.note, genesis.people)) != 1:
        raise Refused("drill: not signed by one person")
    version, target = lines[0].removeprefix("version "), lines[1].removeprefix("target ")
    if version == lines[0] or not version or " " in version or lines[1] not in ("target scratch", "target store"):
        raise Refused("drill: malformed head")
    sins = [_sin(line) for line in lines[2:]]
    if len({sin.name for sin in sins}) != len(sins):
        raise Refused("drill: a sin twice")
    return Drill(version, target, sins)
