#!/usr/bin/python3
"""A sink's finished segments at rest: what the file system does for them, and that the sink says so.

Where the file system has the immutable attribute, and the test is root, a segment gets it; elsewhere the sink says why not,
and makes the segment all the same.
"""
import errno
import fcntl
import json
import os
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import fleet as support  # noqa: E402
from tests.support.checks import check, finish  # noqa: E402
from tests.support.collector import Collector  # noqa: E402

GETFLAGS, SETFLAGS, IMMUTABLE = 0x80086601, 0x40086602, 0x10


def flags(path, clear=0):
    """The inode flags of a file, after some were taken away; 0 where there are none."""
    with open(path, "rb") as file:
        try:
            value = struct.unpack("i", fcntl.ioctl(file, GETFLAGS, bytes(4)))[0]
            if value & clear:
                fcntl.ioctl(file, SETFLAGS, struct.pack("i", value & ~clear))
        except OSError as error:
            if error.errno not in (errno.ENOTTY, errno.EOPNOTSUPP):
                raise
            return 0
    return value


def at_rest(fleet):
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(fleet.control))
        link.sendall(b"status\n")
        return json.loads(link.makefile().read())["at_rest"]


def removable(path):
    try:
        os.unlink(path)
    except PermissionError:
        return False
    return True


def look(fleet, how, expected):
    segments = fleet.store / "segment"
    fleet.write_sink_config(at_rest=how, journal_max_mib=1)
    fleet.start_sink()
    said = at_rest(fleet)
    check(f"{how}: the sink says what it came to", said in expected, said)
    check(f"{how}: nothing is left of the trial", not list(segments.glob("*.tmp")))
    return said


def protected(fleet):
    """A segment that the sink makes itself."""
    said = look(fleet, "immutable", ["immutable", "none:unsupported", "none:not-permitted"])
    fleet.write_agent_config()
    fleet.enroll()
    for name in ("sealer", "shipper"):
        fleet.start(name)
    collector = Collector(fleet)
    segment = fleet.store / "segment" / f"{1:020}.segment"
    support.wait_until("a segment", lambda: collector.noise(10, 40000) or segment.exists(), 60)
    collector.goodbye()
    if said == "immutable":
        support.wait_until("it to be immutable", lambda: flags(segment) & IMMUTABLE)
        check("immutable: the segment can't be removed", not removable(segment))
    fleet.stop()
    check("immutable: the store verifies", fleet.verify()["verified"])
    bundle = b"".join(p.read_bytes() for p in (fleet.store / "fleet" / "tile" / "entries").rglob("*") if p.is_file())
    check("immutable: the fleet log says so too", f" at-rest={said}".encode() in bundle)
    check("verity: a segment of before is no hindrance", look(fleet, "verity", ["verity", "none:unsupported"]))
    fleet.end("sink")


def main():
    fleet = support.Fleet(seal_interval_ms=50)
    try:
        look(fleet, "off", ["none:off"])
        fleet.end("sink")
        protected(fleet)
        check("no sanitizer has anything to say", not fleet.sanitizer_reports(), fleet.sanitizer_reports()[:3])
    finally:
        for segment in (fleet.store / "segment").iterdir():
            flags(segment, clear=IMMUTABLE)
        fleet.remove()
    finish()


main()
