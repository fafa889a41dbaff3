"""Section 13.4: a journal's snapshot says what the records before the journal lead to."""

import cbor
from basics import Refused, is_label
from files import StoreFile
from findings import Findings
from fleetlog import is_hash, is_uint
from statements import Said


class _State:
    """What the records so far lead to."""

    def __init__(self) -> None:
        self.fleet_size = 0
        self.note = b""
        self.hosts: dict[str, tuple[int, int]] = {}

    def take(self, file: StoreFile) -> None:
        for group in file.groups:
            for ref in group.batches:
                host = ref.batch.origin.host
                reached = (ref.batch.origin.epoch, ref.batch.end)
                self.hosts[host] = max(self.hosts.get(host, (0, 0)), reached)
            for record in group.fleet:
                self.fleet_size = record.index + 1
                self.note = self.note if record.note is None else record.note


def _hashes(value) -> bool:
    return type(value) is list and all(is_hash(item) for item in value)


def _commit(value) -> bool:
    if value is None:
        return True
    if type(value) is not list or len(value) != 5 or type(value[1]) is not bytes:
        return False
    return all(is_uint(value[i]) for i in (0, 2, 3)) and _hashes(value[4])


def _host(item) -> tuple[bytes, int, int]:
    if type(item) is not list or len(item) != 10:
        raise Refused("snapshot: a host")
    texts, numbers = (item[0], item[1], item[2], item[6], item[7]), item[3:5]
    if not all(type(text) is bytes for text in texts) or not all(is_uint(number) for number in numbers):
        raise Refused("snapshot: a host's fields")
    if not _hashes(item[5]) or not _commit(item[8]) or type(item[9]) is not list or len(item[9]) != 6:
        raise Refused("snapshot: a host's hashes")
    if not is_label(item[0].decode("ascii", "replace")):
        raise Refused("snapshot: a host's name")
    return item[0], item[3], item[4]


def _check(payload: bytes, state: _State, enrolled: set[str]) -> None:
    item = cbor.decode(payload)
    if type(item) is not list or len(item) != 5 or type(item[2]) is not bytes or type(item[3]) is not list:
        raise Refused("snapshot: not [size, frontier, checkpoint, hosts, roll]")
    if not is_uint(item[0]) or not _hashes(item[1]):
        raise Refused("snapshot: fleet size or frontier")
    if item[0] != state.fleet_size or item[2] != state.note:
        raise Refused("snapshot: fleet size or checkpoint is not what the records before lead to")
    hosts = [_host(host) for host in item[3]]
    names = [name for name, _, _ in hosts]
    if names != sorted(set(names)):
        raise Refused("snapshot: the hosts are not sorted")
    expected = {host.encode(): state.hosts.get(host, (0, 0)) for host in enrolled | set(state.hosts)}
    if {name: (epoch, size) for name, epoch, size in hosts} != expected:
        raise Refused("snapshot: the hosts' epochs and sizes are not what the records before lead to")


def check_snapshots(files: list[StoreFile], enrolments: dict[str, tuple[int, Said]], findings: Findings) -> None:
    state = _State()
    for file in files:
        if file.snapshot is not None:
            enrolled = {host for host, (index, _) in enrolments.items() if index < state.fleet_size}
            try:
                _check(file.snapshot, state, enrolled)
            except Refused as refused:
                findings.add("altered", f"{file.name} offset 16", refused.reason)
        state.take(file)
