"""Section 11.2: what statements make of hosts, tokens and the fleet log's key, taken in the order of the fleet log."""

import copy
import re
from dataclasses import dataclass, field

from basics import H, Key, Refused
from statements import NOWHERE, Genesis, Point, Said

DAY_S = 86400


@dataclass
class Stand:
    """What a host is from the statement with this index on."""

    index: int
    kind: str
    time: int
    identity: Key
    certificate: bytes
    enrolled: int
    token: bytes | None = None
    announced: Point | None = None
    retired: bool = False
    revoked: Point | None = None
    closed_epoch: int = 0

    def revokes(self, epoch: int, size: int) -> bool:
        """Entries up to `size` of that epoch, in a commit that this stand is in force for."""
        if self.retired or epoch <= self.closed_epoch:
            return True
        return self.revoked is not None and (epoch, size) > self.revoked.place


@dataclass
class LogKey:
    """Signs notes of sizes above `index`."""

    index: int
    key: Key
    former: Key | None = None
    overlap_end: int = 0


@dataclass
class Token:
    count: int
    until: int
    hosts: str
    used: int = 0

    def fits(self, host: str) -> bool:
        return re.fullmatch(".*".join(re.escape(part) for part in self.hosts.split("*")), host) is not None


@dataclass
class Roll:
    genesis: Genesis
    stands: dict[str, list[Stand]] = field(default_factory=dict)
    closed: dict[tuple[str, int], str] = field(default_factory=dict)
    heads: dict[str, Point] = field(default_factory=dict)  # newest committed ones
    tokens: dict[bytes, Token] = field(default_factory=dict)
    keys: set[bytes] = field(default_factory=set)
    logs: list[LogKey] = field(default_factory=list)
    next_log: bytes | None = None
    policy_time: int = -1

    def __post_init__(self) -> None:
        genesis = self.genesis
        known = genesis.people + [genesis.log] + ([genesis.registrar] if genesis.registrar else [])
        self.keys = {key.public for key in known}
        self.logs = [LogKey(-1, genesis.log)]
        self.next_log = genesis.next_log

    def stand(self, host: str, commit: int) -> Stand | None:
        """In force for a commit with that index."""
        before = [stand for stand in self.stands.get(host, []) if stand.index < commit]
        return before[-1] if before else None

    def log_key(self, size: int) -> LogKey:
        return [log for log in self.logs if log.index < size][-1]

    def commit(self, host: str, epoch: int, size: int, root: bytes) -> None:
        if (epoch, size) > self.heads.get(host, NOWHERE).place:
            self.heads[host] = Point(epoch, size, root)

    def take(self, said: Said, index: int, time_us: int) -> None:
        if said.time > time_us // 1_000_000 + DAY_S:
            raise Refused("a statement from the future", "malformed")
        if said.host is not None:
            self._take_host(said, index, time_us)
        elif said.kind == "token":
            if said.token in self.tokens:
                raise Refused("the token was stated before", "malformed")
            self.tokens[said.token] = Token(said.count, said.until, said.hosts)
        elif said.kind == "policy":
            if said.time <= self.policy_time:
                raise Refused("an older policy, or the same", "malformed")
            self.policy_time = said.time
        else:
            self._take_log_key(said, index, time_us)

    def _take_log_key(self, said: Said, index: int, time_us: int) -> None:
        if self.next_log is None or H(b"\x01" + said.log.public) != self.next_log:
            raise Refused("not the log key that was prepared", "malformed")
        if said.log.public in self.keys:
            raise Refused("the log key was named before", "malformed")
        self.keys.add(said.log.public)
        self.next_log = said.next_log
        self.logs.append(LogKey(index, said.log, self.logs[-1].key, time_us + said.overlap * 1_000_000))

    def _take_host(self, said: Said, index: int, time_us: int) -> None:
        stands = self.stands.get(said.host)
        if said.kind == "enrol":
            if stands:
                raise Refused("the host is enrolled already", "malformed")
            self._give_identity(said, time_us, "cloned")
            self.stands[said.host] = [
                Stand(index, "enrol", said.time, said.identity, said.certificate, index, said.token)
            ]
            return
        if not stands:
            raise Refused("a statement about a host that is not enrolled", "malformed")
        if said.time <= stands[-1].time:
            raise Refused("not younger than the statement before it", "malformed")
        stand = copy.copy(stands[-1])
        stand.index, stand.kind, stand.time = index, said.kind, said.time
        getattr(self, "_" + said.kind.replace("-", "_"))(said, stand, time_us)
        stands.append(stand)

    def _give_identity(self, said: Said, time_us: int, verdict: str = "malformed") -> None:
        if said.identity.public in self.keys:
            raise Refused("the identity key was named before", verdict)
        if said.token is not None:
            token = self.tokens.get(said.token)
            if token is None or time_us // 1_000_000 > token.until or token.used >= token.count:
                raise Refused("no such token, or past its time or its count", "malformed")
            if not token.fits(said.host) or (said.kind == "re-enrol" and token.hosts != said.host):
                raise Refused("the token is for other hosts", "malformed")
            token.used += 1
        self.keys.add(said.identity.public)

    def _re_enrol(self, said: Said, stand: Stand, time_us: int) -> None:
        if said.point != self.heads.get(said.host, NOWHERE):
            raise Refused("it does not follow on the newest committed head", "malformed")
        self._give_identity(said, time_us)
        stand.identity, stand.certificate, stand.token = said.identity, said.certificate, said.token
        stand.enrolled, stand.retired, stand.revoked, stand.closed_epoch = stand.index, False, None, said.point.epoch

    def _rotate(self, said: Said, stand: Stand, time_us: int) -> None:
        if stand.retired or stand.revoked is not None:
            raise Refused("a rotation of a host that is revoked or retired", "malformed")
        if said.point.place >= self.heads.get(said.host, NOWHERE).place:
            raise Refused("the announcement is not below the newest committed head", "malformed")
        self._give_identity(said, time_us)
        stand.identity, stand.certificate, stand.announced = said.identity, said.certificate, said.point

    def _revoke(self, said: Said, stand: Stand, _time_us: int) -> None:
        head = self.heads.get(said.host, NOWHERE)
        if said.identity != stand.identity:
            raise Refused("the identity key is not the one in force", "malformed")
        if said.point.place < head.place or (said.point.place == head.place and said.point.root != head.root):
            raise Refused("it would disown what has a receipt", "malformed")
        if stand.revoked is None or said.point.place < stand.revoked.place:
            stand.revoked = said.point

    @staticmethod
    def _retire(_said: Said, stand: Stand, _time_us: int) -> None:
        stand.retired = True

    def _close(self, said: Said, _stand: Stand, _time_us: int) -> None:
        self.closed[(said.host, said.point.epoch)] = said.reason
