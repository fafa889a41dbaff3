#!/usr/bin/python3
"""The sink's operator rewrites history with the sink's own key after others saw it: by altering, truncating, forking. Each host alone sees
it, a witness alone, and an auditor with an older copy alone, whose evidence convinces a third party. Two hosts that are shown different
histories convict the sink by their spools.
"""
import concurrent.futures
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import time
from http.client import HTTPSConnection

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "independent")]
import build  # noqa: E402
import cbor  # noqa: E402
from tests.support import fleet as support  # noqa: E402
from tests.support.checks import check, finish  # noqa: E402
from tests.support.operator import FLEET, Rewriter, StolenSigner  # noqa: E402
from tree import leaf_hash  # noqa: E402


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


class Witness:
    """Somebody else's, which has seen the log as the auditor has. It serves with the sink's certificate; its own key says who it is."""

    def __init__(self, site):
        self.site, fleet = site, site.fleet
        log = next(line for line in fleet.anchor.read_text().split("\n") if line.startswith("log "))
        (fleet.dir / "policy").write_text(f"{log}\nquorum none\n")
        (fleet.dir / "witness").mkdir(mode=0o700)
        files = {"listen": "127.0.0.1:0", "witness_key": fleet.dir / "witness.key", "store": fleet.dir / "witness", "policy": fleet.dir / "policy"}
        files |= {"certificate": fleet.dir / "fleet" / "sink.crt", "key": fleet.dir / "fleet" / "sink.key", "ca": fleet.dir / "fleet" / "ca.crt"}
        (fleet.dir / "witness.yaml").write_text("".join(f"{k}: {v}\n" for k, v in files.items()))
        subprocess.run([support.BIN / "swornlog-witness", "keygen", "--name", "w.example", "--key", files["witness_key"], "--store", files["store"]],
                       check=True, capture_output=True, env=support.ENV)
        with open(fleet.dir / "log" / "witness.log", "ab") as log:
            fleet.process["witness"] = subprocess.Popen([support.BIN / "swornlog-witness", "--config", fleet.dir / "witness.yaml"], stdout=log, stderr=log, env=support.ENV)
        self.port = int(support.wait_until("the witness", lambda: re.search(r"listening on \S*:(\d+)", fleet.log("witness"))).group(1))
        self.size = self.size_of(site.copy)
        self.first = self.show(0, site.copy)

    @staticmethod
    def size_of(store):
        return int((store / "fleet" / "checkpoint").read_text().split("\n")[1])

    def show(self, old, store):
        """Show the published checkpoint of a store, with the proof that its log would give if it were honest."""
        data = (store / "fleet" / "checkpoint").read_bytes()
        size, leaves = self.size_of(store), fleet_leaves(store)
        proof = build.consistency_path(old, leaves[:size]) if 0 < old < size else []
        body = b"old %d\n" % old + b"".join(build.base64_text(h) + b"\n" for h in proof) + b"\n" + data
        context = ssl.create_default_context(cafile=str(self.site.fleet.dir / "fleet" / "ca.crt"))
        context.load_cert_chain(self.site.fleet.dir / "granted" / "host.crt", self.site.fleet.dir / "request" / "host.key")
        link = HTTPSConnection("localhost", self.port, context=context, timeout=20)
        link.request("POST", "/add-checkpoint", body)
        status = link.getresponse().status
        link.close()
        return status


def fleet_leaves(store):
    """Hashes of all fleet entries."""
    leaves = []
    for path in sorted((store / "journal").iterdir()):
        for kind, payload in build.split_records(path.read_bytes()):
            if kind == FLEET:
                leaves.append(leaf_hash(cbor.decode(payload)[1]))
    return leaves


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
        witness = Witness(site)
        check(f"{how}: a witness cosigns what it sees first", witness.first == 200, witness.first)
        site.rewrite(how)
        answer = witness.show(witness.size, site.fleet.store)
        check(f"{how}: the witness alone refuses what was made of it", answer in (400, 422), answer)
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
        answer = witness.show(witness.size, site.fleet.store)
        check(f"{how}: and however long it goes on", answer == 422, answer)
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
