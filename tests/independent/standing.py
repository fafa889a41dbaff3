"""Section 11.2: what statements make of one host, as far as it can be told without the whole fleet log."""

from datetime import datetime, timezone

from basics import Key, Refused, decimal, parse_epoch, parse_signing_vkey, unbase64_hash
from statements import Genesis, Statement, parse_statement
from notes import verify_note

DAY = 86400
_DEFAULT_NEED = {"revoke": (1, 1), "token": (1, 0), "policy": (1, 1), "log-key": (1, 1), "close": (1, 1)}
_LINES = {
    "enrol": ("host", "identity", "certificate"),
    "re-enrol": ("host", "identity", "certificate", "follows"),
    "rotate": ("host", "identity", "certificate", "announced"),
    "revoke": ("host", "identity", "at", "reason"),
    "retire": ("host", "reason"),
    "close": ("host", "epoch", "reason"),
}


def _values(statement: Statement) -> dict[str, str]:
    words = _LINES[statement.kind]
    pairs = [line.partition(" ") for line in statement.lines]
    if tuple(word for word, _, _ in pairs) != words or not all(value for _, _, value in pairs):
        raise Refused(f"statement: not the lines of {statement.kind}")
    return {word: value for word, _, value in pairs}


def _point(text: str) -> tuple[int, int]:
    """(epoch, size), the root checked for its form."""
    epoch, size, root = text.encode().split(b" ")
    unbase64_hash(root)
    return (0, 0) if epoch == b"0" else (parse_epoch(epoch), decimal(size))


def _check_signatures(statement: Statement, genesis: Genesis) -> None:
    signers = set(verify_note(statement.note, genesis.people))
    have = [len(signers & set(keys)) for keys in (genesis.admins, genesis.auditors)]
    need = _DEFAULT_NEED.get(statement.kind, genesis.need)
    if statement.kind in _LINES and any(h < n for h, n in zip(have, need)):
        raise Refused("statement: too few signatures", "wrongly-sealed")


class Standing:
    def __init__(self, host: str):
        self.host = host
        self.identity: Key | None = None
        self.time = ""
        self.retired = False
        self.revoked_at: tuple[int, int] | None = None
        self.closed_epoch = 0

    def take(self, note: bytes, genesis: Genesis, time_us: int) -> None:
        statement = parse_statement(note)
        if statement.fleet != genesis.fleet or statement.kind == "genesis":
            raise Refused("statement of another fleet, or a genesis statement")
        _check_signatures(statement, genesis)
        if statement.kind not in _LINES:
            return
        made = datetime.strptime(statement.time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        if made.timestamp() > time_us // 1000000 + DAY:
            raise Refused("a statement from the future")
        values = _values(statement)
        if values["host"] != self.host:
            raise Refused("statement about another host")
        if (statement.kind == "enrol") != (self.identity is None) or (self.time and statement.time <= self.time):
            raise Refused("a statement that may not stand here")
        self.time = statement.time
        self._apply(statement.kind, values, genesis)

    def _apply(self, kind: str, values: dict[str, str], genesis: Genesis) -> None:
        name = f"{genesis.fleet}/host/{self.host}"
        identity = parse_signing_vkey(values["identity"], name) if "identity" in values else None
        if kind == "revoke":
            if identity != self.identity:
                raise Refused("the identity that is revoked is not the one in force")
            self.revoked_at = min(self.revoked_at or _point(values["at"]), _point(values["at"]))
        elif kind == "retire":
            self.retired = True
        elif identity is not None:
            if kind == "rotate" and (self.retired or self.revoked_at):
                raise Refused("a rotation of what was revoked or retired")
            self.identity = identity
            if kind == "re-enrol":
                self.retired, self.revoked_at = False, None
                self.closed_epoch = _point(values["follows"])[0]

    def is_out(self, epoch: int, end: int) -> bool:
        """Of a batch that is committed from now on."""
        beyond = self.revoked_at is not None and (epoch, end) > self.revoked_at
        return beyond or self.retired or epoch <= self.closed_epoch
