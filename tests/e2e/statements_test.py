#!/usr/bin/python3
"""Statements from the first word to the verdict: made, signed by one person after the other, taken by the sink, obeyed, verified."""
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import BIN, ENV, FLEET, HOST, Fleet, run, wait_until  # noqa: E402

fleet = Fleet(seal_interval_ms=100)
PEOPLE = ("admin-first", "auditor-first")
count, second = 0, 0


def host():
    """What the sink knows of the host."""
    words = (line.split(maxsplit=1) for line in fleet.command("fleet", "host", HOST, "--control", fleet.control).splitlines())
    return {word: value.strip() for word, value in words}


def size():
    return int(host()["head"].split()[1])


def speaks():
    """The sealer starts, says so in its log, and the sink takes it."""
    before = size()
    fleet.end("sealer")
    fleet.start("sealer")
    wait_until("the sink to take more", lambda: size() > before)


def state(kind, *options):
    global count, second
    count += 1
    # Of two statements about one host the later one is younger, by a second at least.
    wait_until("another second", lambda: int(time.time()) > second)
    second = int(time.time())
    path = fleet.dir / f"statement-{count}"
    fleet.command("fleet", "state", kind, path, "--fleet", FLEET, *options)
    return path


def sign(path, *people, status=0):
    for person in people:
        fleet.command("fleet", "sign", fleet.anchor, path, "--key", fleet.dir / "fleet" / f"{person}.key", "--yes", status=status)


def submit(path, status=0):
    return fleet.command("fleet", "submit", path, "--control", fleet.control, status=status)


def verdicts(status=0):
    return {finding["verdict"] for finding in fleet.verify(status=status)["findings"]} - {"unwitnessed", "clock", "late", "silent"}


def a_host_appends():
    global second
    fleet.start_sink()
    fleet.enroll()
    second = int(time.time())
    fleet.start("sealer")
    fleet.start("shipper")
    wait_until("a first batch", lambda: size() > 0)
    assert host()["state"] == "good", host()


def a_statement_is_said_in_words_before_it_is_signed():
    path = state("retire", "--host", HOST, "--reason", "moved")
    shown = fleet.command("fleet", "show", fleet.anchor, path)
    assert f"Host {HOST} leaves the fleet" in shown and "still to sign: 1 administrator(s), 1 auditor(s)" in shown, shown
    ask = [BIN / "swornlog", "fleet", "sign", fleet.anchor, path, "--key", fleet.dir / "fleet" / "admin-first.key"]
    r = subprocess.run(ask, input="no\n", capture_output=True, text=True, env=ENV, timeout=30)
    assert r.returncode == 3 and "not signed" in r.stderr, r
    changed = path.with_name("changed")
    changed.write_text(path.read_text().replace("retire", "grant"))
    sign(changed, "admin-first", status=3)


def an_administrator_alone_revokes_nothing():
    known = host()
    path = state("revoke", "--host", HOST, "--identity", known["identity"], "--at", known["head"], "--reason", "stolen")
    sign(path, "admin-first")
    submit(path, status=3)
    sign(path, "admin-first", status=3)
    assert host()["state"] == "good"


def what_has_a_receipt_is_not_disowned():
    known = host()
    epoch, end, root = known["head"].split()
    path = state("revoke", "--host", HOST, "--identity", known["identity"], "--at", f"{epoch} {int(end) - 1} {root}", "--reason", "stolen")
    sign(path, *PEOPLE)
    submit(path, status=3)


def a_host_is_not_renamed_into_another():
    known = host()
    r = subprocess.run([BIN / "swornlog", "fleet", "state", "re-enrol", fleet.dir / "renamed", "--fleet", FLEET, "--host", "web-9", "--identity", known["identity"],
                        "--certificate", known["certificate"], "--follows", known["head"]], capture_output=True, text=True, env=ENV, timeout=30)
    assert r.returncode == 3 and not (fleet.dir / "renamed").exists(), r


def log_key(path):
    words = (line.split(maxsplit=1) for line in fleet.command("fleet", "log-key", "show", path).splitlines())
    return {word: value.strip() for word, value in words}


def the_fleet_log_goes_on_under_the_key_that_was_prepared():
    following = fleet.dir / "fleet" / "fleet-log-next.key"
    fleet.command("fleet", "log-key", "next", fleet.dir / "safe", "--fleet", FLEET)
    new, then = log_key(following), log_key(fleet.dir / "safe" / "fleet-log-next.key")
    path = state("log-key", "--log", new["log"], "--next", then["next"], "--overlap", "60")
    sign(path, *PEOPLE)
    submit(path, status=3)  # the sink does not hold it yet
    fleet.end("sink")
    fleet.write_sink_config(log_next_key=following)
    fleet.start_sink()
    wrong = state("log-key", "--log", then["log"], "--next", new["next"], "--overlap", "60")
    sign(wrong, *PEOPLE)
    submit(wrong, status=3)  # it was not prepared
    submit(path)
    speaks()
    note = (fleet.store / "fleet" / "checkpoint").read_text()
    receipt = wait_until("a receipt with the statement", lambda: (text := (fleet.spool / "receipt").read_text()) and "log-key " in text and text)
    assert receipt.rstrip().rsplit("\n\n", 1)[1].count(f"{FLEET}/log ") == 2, "both keys sign: " + note
    assert verdicts() == set()
    fleet.command("verify", "--anchor", fleet.anchor, fleet.spool)
    speaks()  # a sealer that starts anew goes by the receipt that it holds


def what_a_revoked_host_says_is_kept_and_marked():
    assert verdicts() == set()
    known = host()
    path = state("revoke", "--host", HOST, "--identity", known["identity"], "--at", known["head"], "--reason", "stolen")
    sign(path, *PEOPLE)
    if submit_or_late(path):
        speaks()
        assert host()["state"] == "closed"
        assert verdicts(status=1) == {"revoked"}


def submit_or_late(path):
    """A heartbeat may have come in between: then the statement is made anew."""
    r = subprocess.run([BIN / "swornlog", "fleet", "submit", path, "--control", fleet.control], capture_output=True, text=True, env=ENV, timeout=60)
    if r.returncode == 0:
        return True
    assert "beyond it" in r.stderr, r.stderr
    what_a_revoked_host_says_is_kept_and_marked()
    return False


def the_statements_hold_after_a_restart():
    fleet.kill("sink")
    wait_until("the sink", lambda: host())
    assert host()["state"] == "closed"
    path = state("retire", "--host", HOST, "--reason", "scrapped")
    sign(path, *PEOPLE)
    submit(path)
    submit(path, status=3)


def a_host_is_enrolled_anew_and_goes_on_in_the_next_epoch():
    for name in ("sealer", "shipper"):
        fleet.end(name)
    again, granted = fleet.dir / "again", fleet.dir / "granted-again"
    fleet.command("enroll", "request", again, "--fleet", FLEET, "--host", HOST)
    fleet.command("enroll", "approve", fleet.dir / "fleet", again / "request", "--out", granted)
    words = dict(line.split(" ", 1) for line in (granted / "enrol").read_text().splitlines() if line.count(" ") == 1)
    before = host()["head"]
    path = state("re-enrol", "--host", HOST, "--identity", words["identity"], "--certificate", words["certificate"], "--follows", before)
    sign(path, *PEOPLE)
    submit(path)
    assert host()["state"] == "good"
    shutil.copy(path, granted / "enrol")
    for folder in (fleet.dir / "state", fleet.spool):
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
    shutil.copy(again / "identity.key", fleet.dir / "state" / "identity.key")
    config = fleet.dir / "agent.yaml"
    config.write_text(config.read_text().replace(str(fleet.dir / "granted"), str(granted)).replace(str(fleet.dir / "request"), str(again)))
    fleet.start("sealer")
    fleet.start("shipper")
    wait_until("the next epoch", lambda: int(host()["head"].split()[0]) > int(before.split()[0]), 30)
    # Loss: what the new sealer sealed before it heard of the old log is in no store.
    assert verdicts(status=1) - {"loss"} == {"revoked", "epoch"}, verdicts(status=1)
    path = state("close", "--host", HOST, "--epoch", host()["head"].split()[0], "--reason", "reinstalled")
    sign(path, *PEOPLE)
    submit(path)
    assert verdicts(status=1) - {"loss", "remark"} == {"revoked"}, verdicts(status=1)


if __name__ == "__main__":
    try:
        status = run([a_host_appends, a_statement_is_said_in_words_before_it_is_signed, an_administrator_alone_revokes_nothing,
                      what_has_a_receipt_is_not_disowned, a_host_is_not_renamed_into_another,
                      the_fleet_log_goes_on_under_the_key_that_was_prepared, what_a_revoked_host_says_is_kept_and_marked,
                      the_statements_hold_after_a_restart, a_host_is_enrolled_anew_and_goes_on_in_the_next_epoch])
    finally:
        fleet.remove()
    sys.exit(status)
