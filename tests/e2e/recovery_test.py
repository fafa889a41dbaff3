#!/usr/bin/python3
"""Disasters, with real sealer, shipper and sink: a spool that is destroyed after its head was announced, a store that is
restored from an older copy, and an auditor's copy that has seen it all."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "independent")]
import cbor  # noqa: E402
import verify as independent  # noqa: E402
from statements import check_genesis  # noqa: E402
from tests.support import fleet as support  # noqa: E402
from tests.support.collector import Collector  # noqa: E402

COMMIT, ANNOUNCE = 1, 6
# More than the 8 MiB that one request takes, in events that don't pack.
BACKLOG = (230, 45_000)


class Proxy:
    """Passes connections on to the sink: all they hold, the first `limit` bytes that the host sends, or (0) none."""

    def __init__(self):
        self.target, self.limit = 0, None
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            host, _ = self.listener.accept()
            if self.limit == 0:
                host.close()
                continue
            try:
                sink = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                host.close()
                continue
            self.open += [host, sink]
            threading.Thread(target=self.copy, args=(host, sink, self.limit), daemon=True).start()
            threading.Thread(target=self.copy, args=(sink, host, None), daemon=True).start()

    @staticmethod
    def copy(one, other, limit):
        try:
            while limit is None or limit > 0:
                data = one.recv(65536 if limit is None else min(limit, 65536))
                if not data:
                    break
                other.sendall(data)
                limit = limit if limit is None else limit - len(data)
        except OSError:
            pass
        for side in (one, other):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def allow(self, limit):
        """From now on; what is open is cut."""
        self.limit = limit
        for side in self.open:
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open.clear()


def fleet_entries(fleet):
    """The fleet log as it is published."""
    folder = fleet.store / "fleet" / "tile" / "entries"
    names = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.endswith(".tmp"):
            name = path.relative_to(folder).parts
            number = name[0].removesuffix(".p")
            width = int(name[1]) if len(name) > 1 else 256
            names[number] = max(names.get(number, (0, None)), (width, path))
    found = []
    for number in sorted(names):
        data = names[number][1].read_bytes()
        while data:
            n = int.from_bytes(data[:2], "big")
            found.append(cbor.decode(data[2:2 + n]))
            data = data[2 + n:]
    return found


def kinds(fleet):
    return [entry[0] for entry in fleet_entries(fleet)]


def start(fleet):
    fleet.start_sink()
    fleet.write_agent_config()
    fleet.enroll()
    for name in ("sealer", "shipper"):
        fleet.start(name)
    collector = Collector(fleet)
    support.wait_until("the sealer's status", fleet.status)
    return collector


def drained(fleet):
    status = fleet.status()
    return status and status["waiting_batches"] == 0 and status["receipts"] > 0


def shipped(fleet):
    support.wait_until("all batches to be receipted", lambda: drained(fleet), 60)


def make_backlog(fleet, collector):
    collector.noise(*BACKLOG)
    everything = BACKLOG[0] * BACKLOG[1]
    support.wait_until("the backlog to be sealed", lambda: (s := fleet.status()) and s["waiting_bytes"] > everything, 60)


def agree(fleet, store=None):
    """Both verifiers on a store; the C one's report."""
    store = store or fleet.store
    theirs = independent.verify_store(store, check_genesis(fleet.anchor.read_bytes()))
    ours = fleet.verify(store, status=1 if theirs["fault"] else 0)
    faults = {f["verdict"] for f in theirs["findings"]} - {"unwitnessed", "epoch", "loss", "silent"}
    assert {f["verdict"] for f in ours["findings"] if f["fault"]} == faults, (ours["findings"], theirs["findings"])
    return ours


def a_backlog_is_announced_before_its_data():
    fleet = support.Fleet(seal_interval_ms=50)
    try:
        collector = start(fleet)
        collector.noise(3, 100)
        shipped(fleet)
        fleet.end("sink")
        make_backlog(fleet, collector)
        fleet.start_sink()
        shipped(fleet)
        collector.goodbye()
        fleet.stop()
        log = kinds(fleet)
        assert log.count(ANNOUNCE) == 1, log
        after = log[log.index(ANNOUNCE):]
        assert COMMIT in after, "the backlog came before its announcement"
        assert fleet.status("shipper")["announced"] == 1
        assert agree(fleet)["verified"]
        assert not fleet.sanitizer_reports(), fleet.sanitizer_reports()[:3]
    finally:
        fleet.remove()


def a_spool_that_is_destroyed_after_the_announcement_is_missing():
    proxy = Proxy()
    fleet = support.Fleet(seal_interval_ms=50, sink=f"https://localhost:{proxy.port}")
    try:
        fleet.start_sink()
        proxy.target = fleet.port
        fleet.write_agent_config()
        fleet.enroll()
        for name in ("sealer", "shipper"):
            fleet.start(name)
        collector = Collector(fleet)
        collector.noise(3, 100)
        shipped(fleet)
        proxy.allow(0)
        make_backlog(fleet, collector)
        # Enough for a handshake and the announcement, not for the data.
        proxy.allow(20_000)
        support.wait_until("the announcement", lambda: ANNOUNCE in kinds(fleet), 60)
        have = fleet.verify(status=0)["hosts"][0]["entries"]
        for name in ("shipper", "sealer"):
            fleet.process.pop(name).kill()
        for path in fleet.spool.iterdir():
            path.unlink()
        proxy.allow(None)
        for name in ("sealer", "shipper"):
            fleet.start(name)
        support.wait_until("a new epoch", lambda: (s := fleet.status()) and s["epoch"] == 2 and drained(fleet), 15)
        fleet.stop()
        report = agree(fleet)
        missing = [f for f in report["findings"] if f["verdict"] == "missing"]
        assert len(missing) == 1, report["findings"]
        assert missing[0]["log"].endswith("/web-1/1") and missing[0]["first"] == have, missing
        assert missing[0]["last"] >= have + 200, missing
        assert not fleet.sanitizer_reports(), fleet.sanitizer_reports()[:3]
    finally:
        fleet.remove()


def lose_the_store(fleet, copy):
    """The sink's disk is gone; the copy of yesterday is put in its place, and the sink told so. Returns what restore printed."""
    fleet.process.pop("sink").kill()
    shutil.rmtree(fleet.store)
    shutil.copytree(copy, fleet.store)
    result = subprocess.run([support.BIN / "swornlog-sink", "--config", fleet.dir / "sink.yaml", "restore"], capture_output=True, text=True, env=support.ENV, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def ship(fleet, collector, count):
    """So many events, in batches of their own, each in the fleet log."""
    for _ in range(count):
        before = fleet.status()["receipts"]
        collector.noise(1, 200)
        support.wait_until("a receipt", lambda n=before: (s := fleet.status()) and s["receipts"] > n)


def before_the_disaster(fleet):
    """Some batches, yesterday's copy, and what came after it. Returns the collector and the copy's size."""
    collector = start(fleet)
    ship(fleet, collector, 2)
    shutil.copytree(fleet.store, fleet.dir / "yesterday")
    had = fleet.verify(fleet.dir / "yesterday")
    ship(fleet, collector, 4)
    shipped(fleet)
    return collector, had["fleet_entries"], had["hosts"][0]["entries"]


def of_verdict(report, verdict):
    return [(f["log"], f["first"], f["last"]) for f in report["findings"] if f["verdict"] == verdict]


def a_restored_sink_is_refilled_and_verify_names_what_is_gone():
    fleet = support.Fleet(seal_interval_ms=50)
    try:
        collector, copy_size, _ = before_the_disaster(fleet)
        held = fleet.status()["fleet_head"]
        assert held > copy_size, "nothing was lost"
        vkey = lose_the_store(fleet, fleet.dir / "yesterday")
        assert vkey.startswith(f"{support.FLEET}/log/2+"), vkey
        fleet.start_sink()
        ship(fleet, collector, 1)
        shipped(fleet)
        entries = fleet.status()["size"]
        collector.goodbye()
        fleet.stop()
        report = agree(fleet)
        assert report["hosts"][0]["entries"] >= entries and report["hosts"][0]["epochs"] == 1, report["hosts"]
        gone = of_verdict(report, "rolled-back")
        assert gone == [(f"{support.FLEET}/log", copy_size, held - 1)], (gone, copy_size, held)
        assert not of_verdict(report, "missing"), report["findings"]
        kept = sorted(path.name for path in fleet.spool.glob("generation-*"))
        assert kept == ["generation-2-held", "generation-2-shown"], kept
        shown = fleet.command("show", "--kind", "agent", fleet.store)
        assert shown.count("fleet log restored") == 1, shown
        assert not fleet.sanitizer_reports(), fleet.sanitizer_reports()[:3]
    finally:
        fleet.remove()


def what_no_host_has_any_more_is_named_as_missing():
    fleet = support.Fleet(seal_interval_ms=50, keep_receipted_mib=0)
    try:
        collector, _, have = before_the_disaster(fleet)
        receipted = int((fleet.spool / "receipt").read_text().splitlines()[2].split()[1])
        lose_the_store(fleet, fleet.dir / "yesterday")
        fleet.start_sink()
        collector.noise(1, 200)
        support.wait_until("a new epoch", lambda: (s := fleet.status()) and s["epoch"] == 2 and drained(fleet), 15)
        fleet.stop()
        report = agree(fleet)
        assert of_verdict(report, "missing") == [(f"{support.FLEET}/host/web-1/1", have, receipted - 1)], (report["findings"], have, receipted)
        assert not of_verdict(report, "truncated"), report["findings"]
        assert report["hosts"][0]["epochs"] == 2, report["hosts"]
        assert not fleet.sanitizer_reports(), fleet.sanitizer_reports()[:3]
    finally:
        fleet.remove()


class Follower:
    """An auditor's copy, pulled each second."""

    def __init__(self, fleet):
        self.keep, self.out = fleet.dir / "kept", fleet.dir / "log" / "follow.log"
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen([support.BIN / "swornlog", "verify", "--follow", "--keep", self.keep, "--interval", "1", "--anchor", fleet.anchor, fleet.store], stdout=out, stderr=out, env=support.ENV)

    def said(self):
        return self.out.read_text()

    def kept_size(self):
        try:
            return int((self.keep / "fleet" / "checkpoint").read_text().splitlines()[1])
        except OSError:
            return 0

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(20)


def an_auditors_copy_follows_and_has_what_a_restored_sink_has_lost():
    fleet = support.Fleet(seal_interval_ms=50)
    try:
        collector, copy_size, _ = before_the_disaster(fleet)
        follower = Follower(fleet)
        support.wait_until("the copy to be verified", lambda: "verified" in follower.said() or follower.process.poll())
        ship(fleet, collector, 2)
        held = fleet.status()["fleet_head"]
        support.wait_until("the copy to follow", lambda: follower.kept_size() >= held or follower.process.poll())
        assert follower.process.poll() is None, follower.said()
        lose_the_store(fleet, fleet.dir / "yesterday")
        assert follower.process.wait(20) == 1, follower.said()
        assert "CONTRADICTS" in follower.said(), follower.said()
        other_side = list(fleet.dir.glob("kept.contradicted-*/checkpoint"))
        assert len(other_side) == 1 and f"{support.FLEET}/log/2" in other_side[0].read_text(), other_side
        report = agree(fleet, follower.keep)
        assert report["verified"] and report["fleet_entries"] >= held > copy_size, report
    finally:
        fleet.remove()


def a_copy_keeps_both_sides_when_the_store_is_altered():
    fleet = support.Fleet(seal_interval_ms=50)
    try:
        collector = start(fleet)
        ship(fleet, collector, 2)
        follower = Follower(fleet)
        support.wait_until("the copy to be verified", lambda: "verified" in follower.said() or follower.process.poll())
        assert follower.end() == 0, follower.said()
        fleet.stop()
        journal = fleet.store / "journal" / f"{1:020}.journal"
        mine = (follower.keep / "journal" / journal.name).read_bytes()
        theirs = bytearray(journal.read_bytes())
        assert bytes(theirs).startswith(mine), "the copy is not the beginning of the journal"
        theirs[len(mine) // 2] ^= 1
        journal.write_bytes(theirs)
        follower = Follower(fleet)
        assert follower.process.wait(20) == 1, follower.said()
        assert (follower.keep / "journal" / journal.name).read_bytes() == mine
        saved = list(fleet.dir.glob(f"kept.contradicted-*/{journal.name}"))
        assert len(saved) == 1 and saved[0].read_bytes() == bytes(theirs), saved
    finally:
        fleet.remove()


TESTS = [
    an_auditors_copy_follows_and_has_what_a_restored_sink_has_lost,
    a_copy_keeps_both_sides_when_the_store_is_altered,
    a_backlog_is_announced_before_its_data,
    a_spool_that_is_destroyed_after_the_announcement_is_missing,
    a_restored_sink_is_refilled_and_verify_names_what_is_gone,
    what_no_host_has_any_more_is_named_as_missing,
]

if __name__ == "__main__":
    only = os.environ.get("ONLY", "")
    sys.exit(support.run([test for test in TESTS if only in test.__name__]))
