#!/usr/bin/python3
"""The sink's operator rewrites history with the sink's own key after others saw it: by altering, truncating, forking. Each host alone sees
it, and an auditor with an older copy alone, whose evidence convinces a third party. Two hosts that are shown different histories convict
the sink by their spools. (The witness alone: tests/e2e/witness_test.py.)
"""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "independent")]
from tests.support import fleet as support  # noqa: E402
from tests.support.checks import check, finish  # noqa: E402
from tests.support.operator import Rewriter, StolenSigner  # noqa: E402


class Guest(support.Fleet):
    """A second host of a fleet."""

    def __init__(self, home, name):
        self.home, self.name = home, name
        super().__init__(**home.agent_options, host=name, ca=home.dir / "fleet" / "ca.crt", genesis=home.anchor)

    def _make(self):
        self.anchor, self.control = self.home.anchor, self.home.control
        self.command("enroll", "request", self.dir / "request", "--fleet", support.FLEET, "--host", self.name)
        self.command("enroll", "approve", self.home.dir / "fleet", self.dir / "request" / "request", "--out", self.dir / "granted")
        shutil.copy(self.dir / "request" / "identity.key", self.dir / "state" / "identity.key")


def start(host):
    host.write_agent_config()
    host.start("sealer")
    support.wait_until("the sealer", lambda: host.status())
    host.start("shipper")


def receipts(host, more=3):
    before = (host.status() or {}).get("receipts", 0)
    support.wait_until("receipts", lambda: (host.status() or {}).get("receipts", 0) >= before + more, 30)


class Site:
    """A fleet of two hosts, both with receipts; the sink is stopped, and its store kept by an auditor."""

    def __init__(self):
        self.fleet = support.Fleet(heartbeat_s=1, seal_interval_ms=50)
        self.fleet.start_sink()
        self.fleet.enroll()
        self.guest = Guest(self.fleet, "db-1")
        self.guest.port = self.fleet.port
        self.guest.enroll()
        for host in self.hosts:
            start(host)
        for host in self.hosts:
            receipts(host)
        self.fleet.end("sink")
        self.copy = self.fleet.dir / "auditors-copy"
        shutil.copytree(self.fleet.store, self.copy)
        self.signer = StolenSigner(self.fleet.dir / "fleet" / "fleet-log.key")

    @property
    def hosts(self):
        return (self.fleet, self.guest)

    def rewrite(self, how, store=None):
        rewriter = Rewriter(store or self.fleet.store, self.signer)
        getattr(rewriter, how)()
        rewriter.write()

    def verify(self, *words):
        done = subprocess.run([support.BIN / "swornlog", "verify", *map(str, words)], capture_output=True, text=True, env=support.ENV, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def remove(self):
        for host in self.hosts:
            host.remove()


def attack(host):
    """The words of the sealer's alarm, once both notes are kept."""
    status = host.status() or {}
    notes = [p for p in host.spool.iterdir() if p.name.startswith("inconsistent-")]
    return "ATTACK" in status.get("alarm", "") and notes


def convicted(site, what, *inputs):
    evidence = site.fleet.dir / "evidence"
    evidence.unlink(missing_ok=True)
    status, text = site.verify("--anchor", site.fleet.anchor, *inputs, "--evidence", evidence)
    check(f"{what}: convicts the sink", status == 1 and "split-view" in text and evidence.exists(), text[-1500:])
    if not evidence.exists():
        return
    check(f"{what}: the evidence convinces a third party", site.verify("--anchor", site.fleet.anchor, evidence)[0] == 0, site.verify("--anchor", site.fleet.anchor, evidence)[1])
    done = subprocess.run(["/usr/bin/python3", ROOT / "tests/independent/verify.py", "--anchor", site.fleet.anchor, "--split-view", evidence], capture_output=True, text=True, check=False)
    check(f"{what}: and one with another verifier", done.returncode == 0, done.stdout + done.stderr)


def rewritten(how):
    site = Site()
    try:
        site.rewrite(how)
        site.fleet.start_sink()
        for host, name in zip(site.hosts, ("web-1", "db-1")):
            try:
                support.wait_until("an alarm", lambda: attack(host), 20)
            except AssertionError:
                pass
            check(f"{how}: {name} alone sees it, says so, and keeps both notes", attack(host), (host.status() or {}).get("alarm"))
        site.fleet.end("sink")
        for _ in range(4):  # it goes on beyond what the hosts have seen
            site.fleet.start_sink()
            site.fleet.end("sink")
        convicted(site, f"{how}: an auditor with an older copy", site.copy, site.fleet.store)
        for host, name in zip(site.hosts, ("web-1", "db-1")):
            convicted(site, f"{how}: the spool of {name} and the store", host.spool, site.fleet.store)
    finally:
        site.remove()


def two_histories():
    """One store, two sinks with one key; each host talks with one of them."""
    site = Site()
    try:
        other = support.Fleet.__new__(support.Fleet)
        other.__dict__.update(site.fleet.__dict__)
        other.dir = site.guest.dir
        other.process, other.port, other.store, other.control = {}, 0, site.guest.dir / "store", site.guest.dir / "sink.sock"
        shutil.rmtree(other.store)
        shutil.copytree(site.copy, other.store)
        shutil.copytree(site.fleet.dir / "fleet", other.dir / "fleet")
        other.write_agent_config = lambda: None
        other.write_sink_config()
        site.guest.end("shipper")
        time.sleep(1.2)
        site.fleet.start_sink()
        other.start_sink()
        site.guest.port = other.port
        site.guest.write_agent_config()
        site.guest.start("shipper")
        for host in site.hosts:
            receipts(host)
        check("neither host sees anything wrong", not any((host.status() or {}).get("alarm") for host in site.hosts), [host.status() for host in site.hosts])
        for process in (site.fleet, other):
            process.end("sink")
        for which, store in (("first", site.fleet.store), ("second", other.store)):
            status, text = site.verify("--anchor", site.fleet.anchor, store)
            check(f"the {which} store by itself verifies", status == 0, text[-1500:])
        status, text = site.verify("--anchor", site.fleet.anchor, site.fleet.spool, site.guest.spool)
        check("two hosts' spools alone convict it", status == 1 and "split-view" in text, text[-1500:])
        convicted(site, "a host's spool and the other's store", site.fleet.spool, other.store)
    finally:
        site.remove()


if __name__ == "__main__":
    # Most of the time all wait for beats and for backed-off shippers.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(rewritten, how) for how in ("alter", "truncate", "fork")] + [pool.submit(two_histories)]
    for run in runs:
        check("a scenario was played to its end", not run.exception(), run.exception())
    sys.exit(finish())
