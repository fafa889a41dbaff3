#!/usr/bin/python3
"""A sink that shows two hosts two histories: `swornlog verify` of what they hold convicts it, and the evidence convinces a third
party, with our verifier and with the independent one. An honest sink can't be convicted.

Stores and receipts are made by the independent builder.
"""
import html.parser
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "independent"))
sys.path.insert(0, str(ROOT))

import build  # noqa: E402
from basics import TYPE_COSIGNATURE  # noqa: E402
from tests.support.checks import check, finish  # noqa: E402

SWORNLOG = ROOT / os.environ.get("BIN", "build/opt") / "swornlog"


class History:
    """What the sink shows to one host. All bytes follow from names, so two of them have one past."""

    def __init__(self):
        cast = build.Cast()
        self.hosts = [build.Host(cast, name) for name in ("alpha", "beta")]
        self.sink = build.Sink(cast)
        self.begun = self.sink.time
        for host in self.hosts:
            self.sink.enrol(host)
        self.epochs = [host.epoch() for host in self.hosts]
        self.commit(0)
        self.commit(1)

    def commit(self, number):
        self.epochs[number].add_events(1)
        self.sink.commit(self.epochs[number].seal(fields={3: [self.sink.time - self.begun, self.sink.time, 3, 0]}))


class Site:
    """One past, and two presents of the same sink."""

    def __init__(self, folder):
        self.dir = folder
        one, other = History(), History()
        self.hosts, self.sink = one.hosts, one.sink
        self.anchor = folder / "genesis"
        self.anchor.write_bytes(self.sink.cast.genesis)
        self.keep("past", one.sink, 0)
        one.commit(0)
        other.sink.group([], [[5, other.sink.time, 1, b"of another history"]])
        for _ in range(3):
            other.commit(1)
        self.keep("a", one.sink, 0)
        self.keep("b", other.sink, 1)

    def keep(self, name, sink, number):
        sink.write(self.dir / name)
        (self.dir / f"{name}.receipt").write_bytes(sink.receipt(self.hosts[number]))
        (self.dir / f"{name}.checkpoint").write_bytes(sink.note)

    def verify(self, *inputs):
        command = [SWORNLOG, "verify", "--anchor", self.anchor, *[i if str(i).startswith("-") else self.dir / i for i in inputs]]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr


def independent_says(site, name):
    done = subprocess.run(["/usr/bin/python3", ROOT / "tests/independent/verify.py", "--anchor", site.anchor, "--split-view", site.dir / name],
                          capture_output=True, text=True, check=False, timeout=60)
    return done.returncode


def convictions(site):
    pairs = {
        "a store and another host's receipt": ("a.receipt", "b"),
        "two stores": ("a", "b"),
        "a store and an exported checkpoint": ("a.checkpoint", "b"),
    }
    for what, inputs in pairs.items():
        evidence = site.dir / "evidence"
        status, text = site.verify(*inputs, f"--evidence={evidence}")
        check(f"{what}: convicted", status == 1 and "split-view" in text and evidence.exists(), text)
        check(f"{what}: a third party is convinced", site.verify("evidence")[0] == 0, site.verify("evidence")[1])
        check(f"{what}: the independent verifier too", independent_says(site, "evidence") == 0)
        evidence.unlink(missing_ok=True)


def tampered_evidence(site):
    site.verify("a.receipt", "b", f"--evidence={site.dir / 'evidence'}")
    data = (site.dir / "evidence").read_bytes()
    for at in range(data.index(b"note"), len(data), 37):
        if data[:at].rsplit(b"\n", 1)[-1].startswith(b"from"):
            continue
        (site.dir / "wrong").write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        ours, theirs = site.verify("wrong")[0], independent_says(site, "wrong")
        if ours == 0 or theirs == 0:
            check("a changed byte proves nothing", False, f"at {at}: {ours} {theirs}")
    check("no changed byte convinces anybody", True)


def honest(site):
    for inputs in (("a", "a.receipt"), ("past", "a.receipt", "a"), ("past.receipt", "b"), ("past.checkpoint", "past.receipt", "a")):
        evidence = site.dir / "none"
        status, text = site.verify(*inputs, f"--evidence={evidence}")
        older = inputs[0] == "past"
        check(f"{' '.join(inputs)}: nobody is convicted", "split-view" not in text and not evidence.exists(), text)
        check(f"{' '.join(inputs)}: " + ("the older copy is said to end early" if older else "clean"), status == older and ("truncated" in text) == older, text)


class Tags(html.parser.HTMLParser):
    """All tags closed in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag


def well_formed(page):
    tags = Tags()
    tags.feed(page)
    tags.close()
    return not tags.open


def outputs(site):
    status, text = site.verify("a", "b", "--json")
    outcome = json.loads(text)
    check("JSON of several inputs", status == 1 and len(outcome["inputs"]) == 2 and outcome["comparison"]["evidence"] and not outcome["verified"], text)
    site.verify("a", "b", "a.receipt", f"--html={site.dir / 'page.html'}")
    page = (site.dir / "page.html").read_text()
    check("a page of several inputs is well-formed", well_formed(page) and all(f"Input {i}:" in page for i in (1, 2, 3)) and "two histories" in page)
    check("its first picture is hosts and days", page.index('class="days"') < page.index("<caption>Hosts</caption>"))
    (site.dir / "junk").write_bytes(b"nothing of the kind")
    check("a file of no known kind is an error", site.verify("junk")[0] == 3 and site.verify("a", "junk")[0] == 3)
    site.dir.joinpath("strange").write_bytes(build.make_note(b"x/log\n1\n" + b"A" * 43 + b"=\n", build.Signer("x/log")))
    status, text = site.verify("a", "strange")
    check("a stranger's checkpoint is refused", status == 1 and "not a checkpoint that the fleet log has signed" in text, text)


def policies(site):
    witnesses = [build.Signer(f"w{i}.example", TYPE_COSIGNATURE) for i in range(3)]
    lines = [f"witness w{i} {w.key.vkey}" for i, w in enumerate(witnesses)]
    policy = site.dir / "policy"
    policy.write_text("\n".join([*lines, "group g 2 w0 w1 w2", "quorum g", ""]))
    for signers, good in ((2, True), (1, False)):
        (site.dir / "a/fleet/checkpoint").write_bytes(site.sink.make_checkpoint(*witnesses[:signers]))
        status, text = site.verify("a", f"--policy={policy}")
        check(f"{signers} of 2 witnesses", (status == 0) == good and ("unwitnessed" in text) != good, text)
        done = subprocess.run(["/usr/bin/python3", ROOT / "tests/independent/verify.py", "--anchor", site.anchor, "--policy", policy, site.dir / "a"],
                              capture_output=True, text=True, check=False, timeout=60)
        check(f"{signers} of 2 witnesses: the independent verifier agrees", (done.returncode == 0) == good, done.stdout + done.stderr)
    policy.write_text("quorum nobody\n")
    status, text = site.verify("a", f"--policy={policy}")
    check("a policy that is none is an error with its line", status == 3 and "line 1" in text, text)


def structure(site):
    """A malformed body: who only looks at the structure never opens it."""
    odd = History()
    odd.epochs[0].add_raw(b"\xff\xfe")
    odd.commit(0)
    odd.sink.write(site.dir / "odd")
    status, text = site.verify("odd")
    check("a malformed body is found by who reads", status == 1 and "malformed" in text, text)
    status, text = site.verify("odd", "--structure")
    check("--structure does not open it", status == 0 and "structure verified, content re-hashed, not read" in text, text)
    journal = site.dir / "odd/journal/00000000000000000001.journal"
    data = journal.read_bytes()
    at = data.index(b"swlbatc1") + 150
    journal.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    check("--structure hashes it", site.verify("odd", "--structure")[0] == 1)


def main():
    with tempfile.TemporaryDirectory(prefix="swornlog-views-") as folder:
        site = Site(Path(folder))
        for test in (convictions, tampered_evidence, honest, outputs, policies, structure):
            test(site)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
