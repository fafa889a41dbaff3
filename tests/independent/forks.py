"""Section 15, step 10: the batches that the sink refused as forks."""

from pathlib import Path

from basics import MAX_EPOCH, Origin, Refused, decimal, is_label
from batches import MAX_BATCH, MAX_NOTE, parse_batch
from files import names_in, read_small, shown_name
from findings import Findings
from notes import parse_checkpoint, parse_note

MAX_KEPT = 15


def parse_name(name: str, fleet: str) -> tuple[Origin, int, int]:
    """<host>.<epoch>.<size>.<k>; a host may hold dots itself."""
    parts = name.rsplit(".", 3)
    if len(parts) != 4 or not is_label(parts[0]):
        raise Refused("unknown name")
    epoch, size, k = (decimal(part.encode("utf-8", "surrogateescape")) for part in parts[1:])
    if not 1 <= epoch <= MAX_EPOCH or k > MAX_KEPT:
        raise Refused("unknown name")
    return Origin(fleet, parts[0], epoch), size, k


def _origin_inside(path: Path, k: int) -> str:
    if k == 0:
        return str(parse_batch(read_small(path, MAX_BATCH)).origin)
    return parse_checkpoint(parse_note(read_small(path, MAX_NOTE)).text).origin


def check_forks(folder: Path, fleet: str, findings: Findings) -> None:
    with findings.guard("forks"):
        for name in names_in(folder):
            _check_fork(folder, name, fleet, findings)


def _check_fork(folder: Path, name: str, fleet: str, findings: Findings) -> None:
    place = f"forks/{shown_name(name)}"
    try:
        origin, size, k = parse_name(name, fleet)
    except Refused as refused:
        findings.add("altered", place, refused.reason)
        return
    findings.add("forked", place, f"the sink refused another history of {origin} at size {size}", origin)
    with findings.guard(place, origin):
        if _origin_inside(folder / name, k) != str(origin):
            raise Refused("the file is of another log than its name says")
