#!/usr/bin/python3
"""Runs the collector on a recorded audit log, against a listening sink. Changes nothing on the machine: what needs
the kernel's own audit runs in a virtual machine (tests/vm/audit.sh)."""
import os
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import intake_frames as intake  # noqa: E402
from checks import check, finish, wait_until  # noqa: E402

LOGIN, ACCOUNT, CONFIG, OTHER = 64, 65, 66, 68
TYPE, SERIAL, TIME, RECORDS, PID, UID = range(6)
ACCOUNT_NAME, SUCCESS, MARKS = 9, 14, 15
POSTURE_AUDIT, AUDIT_REPLAY, AUDIT_UNAVAILABLE = 1, 4, 3
INCOMPLETE, LOSS_INCOMPLETE, LOSS_MALFORMED = 256, 7, 11

LOG = b"""type=USER_LOGIN msg=audit(1492896301.818:100): pid=12635 uid=0 auid=4294967295 ses=4294967295 msg='op=login acct=28696E76616C6964207573657229 exe="/usr/sbin/sshd" hostname=? addr=192.0.2.1 terminal=sshd res=failed'
type=ADD_USER msg=audit(1492896302.000:101): pid=1 uid=0 auid=0 ses=1 msg='op=add-user acct="frodo" pid=77 uid=77 res=success'
no record at all
type=SYSCALL msg=audit(1492896303.000:102): arch=c000003e syscall=59 success=yes exit=0 pid=9 uid=5 comm="a" exe="/bin/a"
type=CONFIG_CHANGE msg=audit(1492896304.000:103): auid=0 ses=1 op=set audit_enabled=0 old=1 res=1
type=EXECVE msg=audit(1492896303.000:102): argc=1 a0="a"
type=EOE msg=audit(1492896303.000:102): 
type=SYSCALL msg=audit(1492896305.000:104): pid=9 uid=5 success=no
"""


def audit_events(sink):
    return [e for e in sink.events if LOGIN <= e.kind <= OTHER]


def run(program, socket, replay, until):
    sink = intake.Sink(socket)
    process = subprocess.Popen([program, "--events-socket", socket, "--replay", replay])
    wait_until(lambda: until(sink))
    process.send_signal(signal.SIGTERM)
    check("the collector ends in an orderly way", process.wait(10) == 0)
    wait_until(lambda: sink.goodbye, 3)
    return sink


def check_replay(program, scratch):
    with open(scratch + "/audit.log", "wb") as f:
        f.write(LOG)
    sink = run(program, scratch + "/s1", scratch + "/audit.log", lambda s: len(audit_events(s)) == 5)
    events = {e.fields[SERIAL]: e for e in audit_events(sink)}
    check("every event of the log arrives once", sorted(events) == [100, 101, 102, 103, 104], events)
    kinds = [events[n].kind for n in sorted(events)]
    check("each in its family", kinds == [LOGIN, ACCOUNT, OTHER, CONFIG, OTHER], kinds)
    login = events[100].fields
    check("an account name in hex is read", login[ACCOUNT_NAME] == b"(invalid user)" and login[SUCCESS] is False, login)
    check("the kernel's time is kept", login[TIME] == 1492896301818)
    check("a program's claim of another pid is not believed", events[101].fields[PID] == 1 and events[101].fields[UID] == 0)
    lines = [line.split(b" msg=", 1)[1] for line in LOG.splitlines() if b":102)" in line and b"EOE" not in line]
    check("records are kept byte for byte", [r[1] for r in events[102].fields[RECORDS]] == lines, events[102])
    check("the event without its end is marked", events[104].fields[MARKS] == INCOMPLETE, events[104])
    check("pids of another host name no process here", all(e.process == 0 for e in events.values()))
    reasons = [loss[0] for loss in sink.losses]
    check("what is no record is declared", LOSS_MALFORMED in reasons, sink.losses)
    check("what is incomplete is declared", LOSS_INCOMPLETE in reasons, sink.losses)
    posture = sink.postures[-1][POSTURE_AUDIT]
    check("posture says that it is a replay", posture[0] == AUDIT_REPLAY and b"replay" in posture[2], posture)
    emitted, filtered, lost, sent, _ = sink.counts[-1]
    check("emitted is filtered, lost and sent", emitted == filtered + lost + sent, sink.counts[-1])
    check("the account agrees with what arrived", sent == len(sink.events), (sent, len(sink.events)))


def check_missing(program, scratch):
    sink = run(program, scratch + "/s2", scratch + "/none", lambda s: s.postures)
    posture = sink.postures[-1][POSTURE_AUDIT]
    check("a log that is not there is said in posture", posture[0] == AUDIT_UNAVAILABLE and b"No such file" in posture[2],
          posture)


def main():
    program = os.path.join(os.environ.get("BIN", "build/opt"), "swornlog-collector")
    with tempfile.TemporaryDirectory(prefix="swornlog-audit-") as scratch:
        check_replay(program, scratch)
        check_missing(program, scratch)
    finish()


if __name__ == "__main__":
    main()
