#!/usr/bin/python3
"""Every store and spool that the independent verifier is tested on goes through `swornlog verify` as well, and both must agree on
whether there is a fault."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "independent"))

import build  # noqa: E402
import spool  # noqa: E402
import test_forgeries  # noqa: E402
import test_parts  # noqa: E402
import test_timeline  # noqa: E402
import test_verify  # noqa: E402
import verify  # noqa: E402

SWORNLOG = ROOT / os.environ.get("BIN", "build/opt") / "swornlog"
ANCHORS = {}  # by the fleet log's key: a parsed genesis does not keep its bytes
compared, differences, words = 0, [], []


def remember(make):
    def wrapped(self):
        note = make(self)
        ANCHORS[self.log.key.vkey] = note
        return note

    return wrapped


def compare(path, genesis, fault, findings):
    global compared
    verdicts = {f["verdict"] for f in findings}
    with tempfile.NamedTemporaryFile() as anchor:
        anchor.write(ANCHORS[genesis.log.vkey])
        anchor.flush()
        done = subprocess.run([SWORNLOG, "verify", "--json", "--anchor", anchor.name, path], capture_output=True, timeout=120, check=False)
    compared += 1
    if done.returncode not in (0, 1):
        differences.append(f"exit {done.returncode}: {done.stderr.decode(errors='replace')[:300]}; the other says {sorted(verdicts)}")
        return
    outcome = json.loads(done.stdout)
    ours = {f["verdict"] for f in outcome["findings"]} - {"remark"}
    theirs = verdicts - {"unwitnessed", "same-machine"}
    line = f"swornlog {sorted(ours)}, the other {sorted(theirs)}: {[f['reason'] for f in outcome['findings']][:4]}"
    if (done.returncode == 1) != fault:
        differences.append(f"{line}; {[f['reason'] for f in findings][:4]}")
    elif ours != theirs:
        words.append(line)


def wrap_store(inner):
    def wrapped(store, genesis, witnesses=(), policy=None):
        outcome = inner(store, genesis, witnesses, policy)
        if not witnesses and policy is None:
            compare(store, genesis, outcome["fault"], outcome["findings"])
        return outcome

    return wrapped


def wrap_spool(inner):
    def wrapped(path, genesis):
        findings = inner(path, genesis)
        compare(path, genesis, findings.fault, [f.plain() for f in findings.all])
        return findings

    return wrapped


def main():
    build.Cast.make_genesis = remember(build.Cast.make_genesis)
    verify.verify_store = wrap_store(verify.verify_store)
    wrapped = wrap_spool(spool.check_spool)
    for module in (spool, verify, test_parts, test_verify):
        if hasattr(module, "check_spool"):
            module.check_spool = wrapped
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromModule(m) for m in (test_verify, test_parts, test_forgeries, test_timeline))
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(suite)
    if os.environ.get("WORDS"):
        print("\n".join(sorted(set(words))))
    for line in differences:
        print("DIFFERENT:", line)
    print(f"compared {compared} stores and spools")
    good = compared - len(differences)
    print(f"{good} passed, {len(differences) + len(result.failures) + len(result.errors)} failed")
    return 1 if differences or not result.wasSuccessful() or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
