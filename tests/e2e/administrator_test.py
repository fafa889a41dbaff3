#!/usr/bin/python3
"""The administrator alone: can't enrol, can't make a reader, can't disown what has a receipt, can't turn a host into another. The sink
refuses each attempt; where the sink's operator helps and puts the statement in all the same, verifiers say so.
"""
import pathlib
import shutil
import socket
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "independent")]
import build  # noqa: E402
import cbor  # noqa: E402
from tests.support import fleet as support  # noqa: E402
from tests.support.checks import check, finish  # noqa: E402
from tests.support.operator import FLEET, Rewriter, StolenSigner  # noqa: E402

OTHER = "web-2"


def submit(fleet, statement):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(str(fleet.control))
        s.sendall(b"statement %d\n" % len(statement) + statement)
        return s.makefile().readline().strip()


def newest_head(fleet):
    """Epoch, size and root of the newest receipt."""
    lines = (fleet.spool / "receipt").read_text().split("\n")
    _, size, root = lines[2].split()
    return f"1 {size} {root}", f"1 {int(size) - 1} {root}"


def attempts(fleet):
    """What is tried, as kind and lines."""
    identity = StolenSigner(fleet.dir / "state" / "identity.key").key
    enrolled = (fleet.dir / "granted" / "enrol").read_text().split("\n")
    certificate = next(line for line in enrolled if line.startswith("certificate "))
    stranger = build.Signer(f"{support.FLEET}/host/{OTHER}").key
    moved = build.Key(f"{support.FLEET}/host/{OTHER}", identity.public, identity.type)
    head, older = newest_head(fleet)
    host = f"host {support.HOST}"
    new_identity = build.Signer(f"{support.FLEET}/host/{support.HOST}", salt="new").key
    return {
        "enrol a host": ("enrol", [f"host {OTHER}", f"identity {stranger.vkey}", certificate]),
        "make a reader": ("grant", [f"reader {stranger.vkey}", "role soc"]),
        "disown what has a receipt": ("revoke", [host, f"identity {identity.vkey}", f"at {older}", "reason stolen"]),
        "revoke a host": ("revoke", [host, f"identity {identity.vkey}", f"at {head}", "reason stolen"]),
        "rename a host": ("enrol", [f"host {OTHER}", f"identity {moved.vkey}", certificate]),
        "give a host another identity": ("re-enrol", [host, f"identity {new_identity.vkey}", certificate, f"follows {head}"]),
        "change the witness policy": ("policy", ["policy quorum none"]),
        "close what people should look at": ("close", [host, "epoch 2", "reason nothing"]),
    }


# What verifiers judge.
JUDGED = ("enrol", "re-enrol", "revoke", "policy", "close")
# Wrong whoever signs it.
NEVER = ("disown what has a receipt", "rename a host")


def the_sink_refuses(fleet, tried, admin, both):
    for what, (kind, lines) in tried.items():
        answer = submit(fleet, build.make_statement(kind, support.FLEET, lines, [admin]))
        carried = what == "make a reader" and answer.startswith("ok ")
        check(f"alone, the administrator can't {what}", answer.startswith("error ") or carried, answer)
    for what in NEVER:
        kind, lines = tried[what]
        answer = submit(fleet, build.make_statement(kind, support.FLEET, lines, both))
        check(f"nor can an administrator and an auditor {what}", answer.startswith("error "), answer)


def verifiers_see(fleet, what, kind, lines, signers):
    """The sink's operator helps: the statement is put at the end of the log, signed by the log's key."""
    copy = fleet.dir / "helped"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(fleet.store, copy)
    rewriter = Rewriter(copy, StolenSigner(fleet.dir / "fleet" / "fleet-log.key"))
    last = cbor.decode(cbor.decode(rewriter.records[rewriter.fleet()[-1]][1])[1])[1]
    statement = build.make_statement(kind, support.FLEET, lines, signers)
    rewriter.records.append((FLEET, cbor.encode([0, cbor.encode([2, last + 1, statement]), [], b""])))
    rewriter.write()
    report = support.json.loads(fleet.command("verify", "--json", "--anchor", fleet.anchor, copy, status=1))
    named = [f for f in report["findings"] if f["fault"] and f["verdict"] in ("wrongly-sealed", "malformed", "cloned")]
    check(f"with the sink's help verifiers see it: {what}", named and not report["verified"], report["findings"])


def main():
    fleet = support.Fleet(heartbeat_s=1, seal_interval_ms=50)
    try:
        fleet.start_sink()
        fleet.enroll()
        fleet.start("sealer")
        support.wait_until("the sealer", fleet.status)
        fleet.start("shipper")
        support.wait_until("receipts", lambda: fleet.status()["receipts"] > 1)
        for name in ("sealer", "shipper"):
            fleet.end(name)
        tried = attempts(fleet)
        admin, auditor = (StolenSigner(fleet.dir / "fleet" / f"{name}-first.key") for name in ("admin", "auditor"))
        the_sink_refuses(fleet, tried, admin, [admin, auditor])
        fleet.end("sink")
        check("the store verifies, and has one host", len(fleet.verify()["hosts"]) == 1)
        for what, (kind, lines) in tried.items():
            if kind not in JUDGED:
                continue
            verifiers_see(fleet, f"can't {what}", kind, lines, [admin])
            if what in NEVER:
                verifiers_see(fleet, f"nor can two people {what}", kind, lines, [admin, auditor])
    finally:
        fleet.remove()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
