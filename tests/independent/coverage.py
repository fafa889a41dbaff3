"""Section 15, step 6: every batch is under a committed head, every head has its batch."""

from collections.abc import Callable

from basics import Refused, parse_origin
from files import FleetRecord, Group, StoreFile
from findings import Findings
from fleetlog import COMMIT, parse_fleet_entry

EnrolledIndex = Callable[[str], int | None]


class _Coverage:
    def __init__(self, enrolled_index: EnrolledIndex, findings: Findings):
        self.enrolled_index = enrolled_index
        self.findings = findings
        self.head_sizes: dict[str, int] = {}
        self.newest_epoch: dict[str, int] = {}

    def take(self, group: Group, is_journal: bool) -> None:
        ends = self._ends(group)
        covered: dict[str, int] = {}
        commits = [record for record in group.fleet if _is_commit(record)]
        if is_journal and len(commits) > 1:
            self.findings.add("altered", group.place, "more than one commit in a group")
        for record in commits:
            self._epochs_ascend(record)
            for head in record.heads:
                self._head(head, record, ends)
                covered[head.origin] = max(head.size, covered.get(head.origin, 0))
        for ref in group.batches:
            origin = str(ref.batch.origin)
            if ref.batch.end > covered.get(origin, 0):
                self.findings.add("unreceipted", ref.place, f"{origin}: no commit covers the batch", ref.batch.origin)

    def _ends(self, group: Group) -> dict[tuple[str, int], bytes | None]:
        """(origin, size) of each batch's end, and the root in its note."""
        ends = {}
        for ref in group.batches:
            try:
                root = ref.batch.checkpoint().root
            except Refused:
                root = None
            ends[str(ref.batch.origin), ref.batch.end] = root
        return ends

    def _head(self, head, record: FleetRecord, ends: dict) -> None:
        place = f"fleet log entry {record.index} ({record.place}), head of {head.origin} at {head.size}"
        origin = parse_origin(head.origin.encode())
        before = self.head_sizes.get(head.origin, 0)
        self.head_sizes[head.origin] = max(before, head.size)
        if head.size <= before:
            self.findings.add("altered", place, f"an earlier commit's head has size {before}", origin)
        if (head.origin, head.size) not in ends:
            self.findings.add("missing", place, "there is no batch for the head", origin)
        elif ends[head.origin, head.size] not in (None, head.root):
            self.findings.add("altered", place, "the head's root is not the batch's", origin)
        enrolled = self.enrolled_index(origin.host)
        if enrolled is None or enrolled >= record.index:
            self.findings.add("unenrolled", place, "the host is not enrolled before the commit", origin)

    def _epochs_ascend(self, record: FleetRecord) -> None:
        origins = [parse_origin(head.origin.encode()) for head in record.heads]
        for origin in origins:
            if origin.epoch < self.newest_epoch.get(origin.host, 0):
                place = f"fleet log entry {record.index} ({record.place})"
                self.findings.add("altered", place, f"{origin} comes after a newer epoch", origin)
        for origin in origins:
            self.newest_epoch[origin.host] = max(origin.epoch, self.newest_epoch.get(origin.host, 0))


def _is_commit(record: FleetRecord) -> bool:
    try:
        return parse_fleet_entry(record.entry)[0] == COMMIT
    except Refused:
        return False


def check_coverage(files: list[StoreFile], enrolled_index: EnrolledIndex, findings: Findings) -> None:
    coverage = _Coverage(enrolled_index, findings)
    for file in files:
        for group in file.groups:
            coverage.take(group, file.kind == "journal")
