"""Section 15, steps 11 and 12: silence, lateness, clocks, and machines that were put back or copied."""

from collections.abc import Iterable
from dataclasses import dataclass

from basics import Origin, Refused, parse_origin
from files import StoreFile
from findings import Findings
from fleetlog import COMMIT, SINK, parse_fleet_entry
from hostlog import HostLog, SealClock

SECOND = 1_000_000
SILENT, LATE, AHEAD = 30 * SECOND, 300 * SECOND, 60 * SECOND
STARTED = 0


@dataclass(frozen=True)
class CommitTime:
    time: int
    sink_started: int  # of the newest start before it; 0: none
    heads: list  # (origin, size)


@dataclass
class FleetTimes:
    """What the fleet log says about time."""

    commits: list[CommitTime]
    newest: int = 0
    sink_started: int = 0


def read_fleet_times(files: list[StoreFile], findings: Findings) -> FleetTimes:
    times = FleetTimes([])
    for record in (record for file in files for group in file.groups for record in group.fleet):
        try:
            entry = parse_fleet_entry(record.entry)
        except Refused:
            continue
        if times.newest > entry[1] + SECOND:
            findings.add("clock", f"fleet log entry {record.index}", "the sink's clock went back")
        times.newest = entry[1]
        if entry[0] == SINK and entry[2] == STARTED:
            times.sink_started = entry[1]
        if entry[0] == COMMIT:
            heads = [(parse_origin(head.origin.encode()), head.size) for head in record.heads]
            times.commits.append(CommitTime(entry[1], times.sink_started, heads))
    return times


class _Heard:
    """When a host was last heard, and whether it said goodbye then."""

    def __init__(self) -> None:
        self.time = 0
        self.origin: Origin | None = None
        self.size = 0
        self.goodbye = False


def check_silence(times: FleetTimes, logs: dict[Origin, HostLog], gone: set[str], findings: Findings) -> None:
    """`gone`: hosts that are retired or revoked."""
    hosts: dict[str, _Heard] = {}
    for commit in times.commits:
        for origin, size in commit.heads:
            heard = hosts.setdefault(origin.host, _Heard())
            _check_gap(heard, commit.time, commit.sink_started, findings)
            heard.time, heard.origin, heard.size = commit.time, origin, size
            heard.goodbye = origin in logs and size in logs[origin].goodbyes
    for heard in (heard for host, heard in hosts.items() if host not in gone):
        _check_gap(heard, times.newest, times.sink_started, findings)


def _check_gap(heard: _Heard, until: int, sink_started: int, findings: Findings) -> None:
    since = max(heard.time, sink_started)
    if heard.origin and not heard.goodbye and until - since > SILENT:
        place = f"{heard.origin} entry {heard.size - 1}"
        findings.add("silent", place, f"not heard for {(until - since) // SECOND} s", heard.origin)


def check_clocks(times: FleetTimes, logs: dict[Origin, HostLog]) -> None:
    committed: dict[Origin, list[tuple[int, int]]] = {}
    for commit in times.commits:
        for origin, size in commit.heads:
            committed.setdefault(origin, []).append((size, commit.time))
    for origin, log in logs.items():
        _check_commit_times(log, committed.get(origin, []))
        for before, seal in zip(log.seals, log.seals[1:]):
            _check_step(log, before, seal)
        _check_fleet_sizes(log)


def _check_commit_times(log: HostLog, committed: list[tuple[int, int]]) -> None:
    """A run of batches of which the same is to be said is one finding."""
    running = None
    for seal in log.seals:
        time = next((time for size, time in committed if size >= seal.end), None)
        verdict = None
        if time is not None and time - seal.wall > LATE:
            verdict = "late"
        if time is not None and seal.wall - time > AHEAD:
            verdict = "clock"
        if verdict and verdict != running:
            log.report(verdict, seal.place, "the batch's clock and its commit's differ")
        running = verdict


def _check_step(log: HostLog, before: SealClock, seal: SealClock) -> None:
    if before.boot_id != seal.boot_id:
        return
    boot = seal.boot - before.boot
    if boot < 0:
        log.report("rolled-back", seal.place, "the boot clock went back within one boot")
    elif abs(seal.wall - before.wall - boot) > SECOND + boot // 1000:
        log.report("clock", seal.place, "the host's clock was set")


def _check_fleet_sizes(log: HostLog) -> None:
    largest = (0, 0)
    for seal in log.seals:
        if seal.fleet_size and (seal.generation, seal.fleet_size) < largest:
            log.report("rolled-back", seal.place, "an older fleet head than a seal before it")
        largest = max(largest, (seal.generation, seal.fleet_size))


def check_boots(logs: Iterable[HostLog]) -> None:
    """All epochs of one host, ascending."""
    seen, newest = set(), None
    for log in logs:
        for seal in log.seals:
            if seal.boot_id != newest and seal.boot_id in seen:
                log.report("cloned", seal.place, "an earlier boot's id is back")
            newest = seal.boot_id
            seen.add(newest)


def check_copies(logs: dict[Origin, HostLog]) -> None:
    for what in ("used_seals", "seeds"):
        owner: dict[bytes, str] = {}
        for origin in sorted(logs):
            shared = {owner[key] for key in getattr(logs[origin], what) if owner.get(key, origin.host) != origin.host}
            for host in sorted(shared):
                logs[origin].report("cloned", str(origin), f"{what}: host {host} has used the same")
            owner.update((key, origin.host) for key in getattr(logs[origin], what))
