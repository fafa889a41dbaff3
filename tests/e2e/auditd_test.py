#!/usr/bin/python3
"""Moving from auditd: recorded logs through `swornlog replay`, rules through `swornlog import-rules`. Changes nothing on the machine."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.support import auditd  # noqa: E402
from tests.support.checks import check, finish  # noqa: E402

SWORNLOG = os.path.join(os.environ.get("BIN", "build/opt"), "swornlog")

FIRST = b"""type=USER_LOGIN msg=audit(1700000000.100:10): pid=9 uid=0 auid=4294967295 ses=4294967295 msg='op=login acct=28696E76616C6964207573657229 exe="/usr/sbin/sshd" addr=192.0.2.1 terminal=sshd res=failed'\x1dUID="root"
type=SYSCALL msg=audit(1700000000.200:11): arch=c000003e syscall=59 success=yes exit=0 pid=9 uid=5 comm="a" exe="/bin/a"
type=CONFIG_CHANGE msg=audit(1700000000.200:12): auid=0 ses=1 op=add_rule key="x" list=4 res=1
type=EXECVE msg=audit(1700000000.200:11): argc=1 a0="a"
"""
SECOND = b"""type=PROCTITLE msg=audit(1700000000.200:11): proctitle="a"
node=web type=SYSCALL msg=audit(1700000001.000:15): arch=c000003e syscall=2 success=no exit=-13 pid=9 uid=5 exe="/bin/a"
no record at all
type=USER_END msg=audit(1700000009.000:16): pid=9 uid=0 auid=1000 ses=3 msg='op=logout acct="\x1b]0;x" res=success'
"""

def run(*words, stdin=b""):
    done = subprocess.run([SWORNLOG, *words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


def write(scratch, name, content):
    path = os.path.join(scratch, name)
    with open(path, "wb") as f:
        f.write(content)
    return path


def check_replay(scratch):
    files = [write(scratch, "audit.log.1", FIRST), write(scratch, "audit.log", SECOND)]
    status, out, err = run("replay", "--json", *files)
    events = {e["fields"]["serial"]: e for e in map(json.loads, out.splitlines())}
    check("a rotated log's events are read across its files", sorted(events) == [10, 11, 12, 15, 16], sorted(events))
    check("an event's records are put together", [r[0] for r in events[11]["fields"]["records"]] == [1300, 1309, 1327], events[11])
    check("without end marks in the log no event is called incomplete", not any("marks" in e["fields"] for e in events.values()))
    check("kinds and facts are those of show", events[10]["kind"] == "audit_login" and
          events[10]["fields"]["account"] == "(invalid user)" and events[10]["fields"]["success"] is False, events[10])
    check("time is the log's own", events[15]["time"] == "2023-11-14T22:13:21.000000Z", events[15])
    summary = json.loads(err)
    check("the summary counts records, events, what is no record and serial gaps",
          (summary["records"], summary["events"], summary["not_records"], summary["serial_gaps"]) == (7, 5, 1, 2), summary)
    check("what could not be made sense of shows in the exit status", status == 1, status)


def check_text(scratch):
    good = write(scratch, "good.log", SECOND.replace(b"no record at all\n", b""))
    status, out, err = run("replay", good)
    check("a log that is as it should be ends with 0", status == 0, (status, err))
    check("bytes from the log can't steer a terminal", b"\x1b" not in out and b"\\x1b]0;x" in out, out)
    check("the summary is on standard error", b"3 records" in err and b"3 events" in err, err)
    check("standard input is read too", run("replay", "-", stdin=open(good, "rb").read()) == (status, out, err))
    marks = SECOND + b"type=EOE msg=audit(1700000010.000:17): \ntype=SYSCALL msg=audit(1700000010.100:18): pid=1\n"
    status, out, err = run("replay", write(scratch, "eoe.log", marks))
    check("with end marks in the log an event without one is incomplete", status == 1 and b"incomplete" in err, err)
    status, out, err = run("replay", os.path.join(scratch, "none"))
    check("a file that is not there is an error", status == 3 and b"No such file" in err, (status, err))


RULES = b"""# a comment
-D
-w /etc/passwd -p wa -k identity
-a always,exit -F arch=b64 -S sethostname -F key=locale
-a always,exit -F arch=b64 -S connect -F key=net
-w "/srv/patient data" -p r -k PHI
-e 2
nonsense \x1b[2J
"""


def verdicts(out):
    return {v["line"]: v for v in map(json.loads, out.splitlines())}


def check_import(scratch):
    rules, out = write(scratch, "audit.rules", RULES), os.path.join(scratch, "collect.yaml")
    status, text, err = run("import-rules", rules, "--json", "--out", out)
    lines = verdicts(text)
    check("comments and blank lines are passed over", sorted(lines) == [2, 3, 4, 5, 6, 7, 8], sorted(lines))
    check("a covered line names its kinds", lines[3]["verdict"] == "covered" and {"open", "rename", "chmod"} <= set(lines[3]["kinds"]), lines[3])
    check("what needs a rule keeps it with its key", (lines[4]["verdict"], lines[4].get("rule")) ==
          ("rule", "-a always,exit -F arch=b64 -S sethostname -k locale"), lines[4])
    check("what reads is a watch, with the key as its label", (lines[6]["verdict"], lines[6].get("label"), lines[6].get("path")) ==
          ("watch", "phi", "/srv/patient data"), lines[6])
    check("what is not supported has a reason", all(lines[n]["verdict"] == "unsupported" and lines[n]["why"] for n in (7, 8)), lines)
    counts = json.loads(err)
    check("the summary adds up", sum(counts.values()) == len(lines) and counts["unsupported"] == 2, counts)
    check("and the exit status says that something is not covered", status == 1, status)
    check("the watch and the kind that is off by default are in the file", '      - "/srv/patient data"\n' in open(out).read() and "  connect: true\n" in open(out).read())
    check("the kept rule is in the file", '"-a always,exit -F arch=b64 -S sethostname -k locale"' in open(out).read(), open(out).read())
    check("a file that is there is not written over", run("import-rules", rules, "--out", out)[0] == 3)
    status, text, _ = run("import-rules", rules)
    check("bytes from a rules file can't steer a terminal", b"\x1b" not in text and b"\\x1b" in text, text[-100:])
    good = write(scratch, "good.rules", b"-w /etc/passwd -p wa\n-D\n")
    check("all is covered: 0", run("import-rules", good)[0] == 0)
    need = write(scratch, "need.rules", b"-a always,exit -F arch=b64 -S sethostname\n")
    check("a rule that would need a file: 1, and 0 with it",
          run("import-rules", need)[0] == 1 and run("import-rules", need, "--out", os.path.join(scratch, "need.yaml"))[0] == 0)


def check_folder(scratch):
    folder = os.path.join(scratch, "rules.d")
    os.mkdir(folder)
    for name, content in (("10-b.rules", b"-D"), ("9-a.rules", b"-c\n"), ("audit.conf", b"nonsense\n"), (".hidden.rules", b"nonsense\n"), ("11-long.rules", b"#" * 9000 + b"\n-i\n")):
        write(folder, name, content)
    status, text, _ = run("import-rules", "--json", folder)
    lines = [json.loads(x) for x in text.splitlines()]
    check("of a folder the *.rules are read, by number", [(os.path.basename(v["file"]), v["line"]) for v in lines] ==
          [("9-a.rules", 1), ("10-b.rules", 1), ("11-long.rules", 1), ("11-long.rules", 2)], lines)
    check("a line that is too long is said and read over", lines[2]["verdict"] == "unsupported" and lines[3]["verdict"] == "setting" and status == 1, status)
    quoted = os.path.join(scratch, "quoted.rules")
    write(scratch, "quoted.rules", b"""-a always,exit -S openat -F exe='/a"b\\c' -k 'k","verdict":"covered'\n""")
    rule = json.loads(run("import-rules", "--json", "--arch", "x86_64", quoted)[1])
    check("what a rule quotes stays within its string", rule["verdict"] == "rule" and
          rule["rule"].endswith("""-F exe=/a"b\\c -k k","verdict":"covered"""), rule)
    status, _, err = run("import-rules", os.path.join(scratch, "none"))
    check("rules that are not there are an error", status == 3 and b"No such file" in err, (status, err))


def check_shipped(scratch):
    """Every rule that the distribution ships as an example has a verdict, and no line is misunderstood."""
    folder = auditd.rules()
    if not folder:
        print("skipped: the package auditd, with its example rules, can't be had")
        return
    found = {}
    for file in sorted(folder.glob("*.rules")):
        _, text, _ = run("import-rules", str(file), "--json", "--arch", "x86_64")
        found[file.name] = verdicts(text)
        meant = {n for n, line in enumerate(file.read_text().splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")}
        check(f"each line of {file.name} has a verdict", set(found[file.name]) == meant, meant ^ set(found[file.name]))
    unsupported = {(name, line["text"]) for name, lines in found.items() for line in lines.values() if line["verdict"] == "unsupported"}
    check("of all examples only the lock on login uids is not supported", unsupported == {("11-loginuid.rules", "--loginuid-immutable")}, unsupported)
    for name in ("30-stig.rules", "30-pci-dss-v31.rules", "30-ospp-v42.rules"):
        lines = found.get(name, {}).values()
        check(f"{name}: rules that need audit keep a key", len(lines) > 10 and all(" -k " in v["rule"] for v in lines if v["verdict"] == "rule"), name)


def check_golden():
    """The rules that another implementation (go-libaudit) is tested with, outside the checkout."""
    base = pathlib.Path(os.environ.get("SWORNLOG_TEST_DATA", ROOT.parent / "shared" / "data"))
    files = sorted((base / "audit-go-libaudit" / "rule" / "testdata").glob("*.rules"))
    if not files:
        print("skipped: no test data beside the checkout")
        return
    for file in files:
        _, text, _ = run("import-rules", str(file), "--json", "--arch", "x86_64")
        wrong = [v for v in verdicts(text).values() if v["verdict"] == "unsupported"]
        check(f"{file.name} is understood", text and not wrong, wrong)


def samples(file):
    """The records of each named test of a file: a small part of YAML is enough for it."""
    found, name = {}, None
    for line in file.read_text().splitlines():
        if line.startswith("    ") and name:
            found[name].append(line.strip())
        elif line.startswith("  ") and line.rstrip("-").endswith(("|", ">")):
            name = line.strip().rstrip("|>-").strip().rstrip(":").strip("'\"")
            found[name] = []
    return {name: "\n".join(lines) + "\n" for name, lines in found.items() if lines}


def facts_of_golden(event):
    ids, process = event.get("user", {}).get("ids", {}), event.get("process", {})
    facts = {"serial": event["sequence"], "pid": process.get("pid"), "exe": process.get("exe"), "uid": ids.get("uid"), "auid": ids.get("auid"),
             "session": event.get("session"), "success": {"success": True, "fail": False}.get(event.get("result"))}
    return {k: v for k, v in facts.items() if v not in (None, "", "unset")}


def facts_of_ours(event):
    fields = event["fields"]
    return {k: v if k in ("serial", "success") else str(v) for k, v in fields.items() if k in ("serial", "pid", "exe", "uid", "auid", "session", "success")}


def check_coalesce():
    """Events as another implementation (go-libaudit) puts them together out of their records."""
    base = pathlib.Path(os.environ.get("SWORNLOG_TEST_DATA", ROOT.parent / "shared" / "data")) / "audit-go-libaudit" / "aucoalesce" / "testdata"
    compared, wrong = 0, []
    for golden in sorted(base.glob("*.json.golden")):
        logs = samples(golden.with_name(golden.name.replace(".json.golden", ".yaml")))
        for test in json.loads(golden.read_text()):
            name = test["test_name"]
            if name not in logs:
                wrong.append((golden.name, name, "no records"))
                continue
            events = [json.loads(x) for x in run("replay", "--json", "-", stdin=logs[name].encode())[1].splitlines()]
            want = facts_of_golden(test["event"])
            got = facts_of_ours(events[0]) if len(events) == 1 else {"events": len(events)}
            for key, value in want.items():
                compared += 1
                if got.get(key) != value:
                    wrong.append((golden.name, name, key, value, got.get(key)))
    if not compared:
        print("skipped: no test data beside the checkout")
        return
    check("events are put together as go-libaudit puts them together", not wrong and compared > 200, (compared, wrong))


def main():
    with tempfile.TemporaryDirectory(prefix="swornlog-auditd-") as scratch:
        check_replay(scratch)
        check_text(scratch)
        check_import(scratch)
        check_folder(scratch)
        check_shipped(scratch)
    check_golden()
    check_coalesce()
    finish()


if __name__ == "__main__":
    main()
