"""Section 11.2: what statements make of one host, as far as it can be told without the whole fleet log."""

from basics import Key, Refused
from statements import KINDS, Genesis, Said, check_other, check_statement, parse_statement

DAY = 86400


class Standing:
    def __init__(self, host: str):
        self.host = host
        self.identity: Key | None = None
        self.time = -1
        self.retired = False
        self.revoked_at: tuple[int, int] | None = None
        self.closed_epoch = 0

    def take(self, note: bytes, genesis: Genesis, time_us: int) -> None:
        kind = parse_statement(note).kind
        if kind == "genesis":
            raise Refused("a second genesis statement")
        if kind not in KINDS:
            check_other(note, genesis)
            return
        said = check_statement(note, genesis)
        if said.time > time_us // 1000000 + DAY:
            raise Refused("a statement from the future")
        if said.host is None:
            return
        if said.host != self.host:
            raise Refused("statement about another host")
        if (kind == "enrol") != (self.identity is None) or said.time <= self.time:
            raise Refused("a statement that may not stand here")
        self.time = said.time
        self._apply(said)

    def _apply(self, said: Said) -> None:
        if said.kind == "revoke":
            if said.identity != self.identity:
                raise Refused("the identity that is revoked is not the one in force")
            self.revoked_at = min(self.revoked_at or said.point.place, said.point.place)
        elif said.kind == "retire":
            self.retired = True
        elif said.identity is not None:
            if said.kind == "rotate" and (self.retired or self.revoked_at):
                raise Refused("a rotation of what was revoked or retired")
            self.identity = said.identity
            if said.kind == "re-enrol":
                self.retired, self.revoked_at = False, None
                self.closed_epoch = said.point.epoch

    def is_out(self, epoch: int, end: int) -> bool:
        """Of a batch that is committed from now on."""
        beyond = self.revoked_at is not None and (epoch, end) > self.revoked_at
        return beyond or self.retired or epoch <= self.closed_epoch
