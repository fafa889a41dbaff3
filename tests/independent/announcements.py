"""Section 19.1: heads that hosts announced before their data."""

from dataclasses import dataclass

from basics import Key, Origin, Refused, parse_origin
from findings import Findings
from notes import Checkpoint, check_host_lines, parse_checkpoint, parse_note

MAX_ANNOUNCEMENT = 1024
ON_ITS_WAY_US = 60_000_000


@dataclass(frozen=True)
class Announced:
    origin: Origin
    head: Checkpoint
    index: int
    time_us: int

    @property
    def place(self) -> str:
        return f"fleet log entry {self.index}"


def parse_announcement(data: bytes) -> tuple[Origin, Checkpoint]:
    if len(data) > MAX_ANNOUNCEMENT:
        raise Refused("announcement: too long", "malformed")
    try:
        note = parse_note(data)
        head = parse_checkpoint(note.text)
        origin = parse_origin(head.origin.encode())
    except Refused as refused:
        raise Refused(f"announcement: {refused.reason}", "malformed") from None
    if head.size == 0 or len(note.lines) != 2 or check_host_lines(note, origin, None, None):
        raise Refused("announcement: not a host checkpoint with the lines of both keys", "malformed")
    return origin, head


def check_signed(data: bytes, origin: Origin, identity: Key) -> None:
    wrong = check_host_lines(parse_note(data), origin, None, identity)
    if wrong:
        raise Refused(f"announcement: {wrong[0]}", "wrongly-sealed")


class Announcements:
    """Those of a store, in order, and what became of them."""

    def __init__(self, fleet: str):
        self.fleet = fleet
        self.all: list[Announced] = []
        self.time_us = 0
        self.commits: dict[Origin, list[tuple[int, int]]] = {}

    def saw_commit(self, index: int, heads: list[Checkpoint]) -> None:
        for head in heads:
            origin = parse_origin(head.origin.encode())
            self.commits.setdefault(origin, []).append((index, self.time_us))

    def take(self, index: int, data: bytes, identities: dict[str, Key]) -> None:
        origin, head = parse_announcement(data)
        if origin.fleet != self.fleet or origin.host not in identities:
            raise Refused("announcement: of a host that nobody enrolled", "unenrolled")
        check_signed(data, origin, identities[origin.host])
        self.all.append(Announced(origin, head, index, self.time_us))

    def check(self, logs: dict, findings: Findings, remarks: list) -> None:
        missing: dict[Origin, Announced] = {}
        for one in self.all:
            log = logs.get(one.origin)
            size = log.size if log else 0
            if size < one.head.size:
                best = missing.get(one.origin)
                missing[one.origin] = one if best is None or one.head.size > best.head.size else best
            elif log.heads.get(one.head.size) != one.head.root:
                findings.add("forked", one.place, "the host announced another history", one.origin)
        for origin, one in missing.items():
            self._report(one, logs[origin].size if origin in logs else 0, findings, remarks)

    def _report(self, one: Announced, size: int, findings: Findings, remarks: list) -> None:
        reason = f"entries {size}-{one.head.size - 1} were announced"
        newer = any(o.host == one.origin.host and o.epoch > one.origin.epoch for o in self.commits)
        times = [time for o, list_ in self.commits.items() if o.host == one.origin.host for _, time in list_]
        if newer or self.time_us - max([one.time_us, *times]) > ON_ITS_WAY_US:
            findings.add("missing", one.place, reason + " and never came", one.origin)
        else:
            remarks.append({"place": one.place, "reason": reason + " and are on their way"})
