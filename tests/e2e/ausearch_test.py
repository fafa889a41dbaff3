#!/usr/bin/python3
"""What the agent stored, read by auditd's own ausearch and aureport: `swornlog show --format=auditd`.

Real exec and file events, and audit records from a recorded log, through real processes into a store. Needs root, for
the collector loads BPF programs. Changes nothing on the machine.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.support import auditd, fleet as support  # noqa: E402
from tests.support.checks import check, finish  # noqa: E402

LOG = b"""type=USER_LOGIN msg=audit(1492896301.818:100): pid=12635 uid=0 auid=4294967295 ses=4294967295 msg='op=login acct=28696E76616C6964207573657229 exe="/usr/sbin/sshd" hostname=? addr=192.0.2.1 terminal=sshd res=failed'
type=ADD_USER msg=audit(1492896302.000:101): pid=1 uid=0 auid=0 ses=1 msg='op=add-user acct="frodo" exe="/usr/sbin/useradd" hostname=? addr=? terminal=? res=success'
type=SYSCALL msg=audit(1492896303.000:102): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=1 ppid=1 pid=9 auid=1000 uid=5 gid=5 euid=5 suid=5 fsuid=5 egid=5 sgid=5 fsgid=5 tty=pts0 ses=7 comm="a" exe="/bin/a" key="run"
type=EXECVE msg=audit(1492896303.000:102): argc=1 a0="a"
type=EOE msg=audit(1492896303.000:102): 
type=UNKNOWN[1998] msg=audit(1492896304.000:103): what=ever
type=SYSCALL msg=audit(1492896305.000:104): arch=c000003e syscall=2 success=no exit=-13 a0=1 a1=2 a2=3 a3=4 items=0 ppid=1 pid=9 auid=1000 uid=5 gid=5 euid=5 suid=5 fsuid=5 egid=5 sgid=5 fsgid=5 tty=pts0 ses=7 comm="a" exe="/bin/a" key=(null)
"""
NOBODY = 65534

def act(scratch):
    """What is to be found again; returns what was done."""
    long = "x" * 20000
    argv = ["/bin/true", "plain", 'q"uo te', "\x01\xff", "", long, '"' + long[:10000]]
    subprocess.run(argv, check=True, cwd=scratch, encoding=None)
    subprocess.run(["/bin/sleep", "0"], check=True, user=NOBODY, group=NOBODY, extra_groups=[])
    odd = scratch / 'a "file'
    odd.write_text("x")
    odd.rename(scratch / "renamed")
    (scratch / "renamed").chmod(0o600)
    (scratch / "renamed").unlink()
    (scratch / "phi").read_text()
    refused = scratch / "none" / "file"
    subprocess.run(["/bin/sh", "-c", f"echo > {refused}"], stderr=subprocess.DEVNULL, check=False)
    return argv, odd, refused


def rules(scratch):
    """What a site that comes from auditd would have, as the agent takes it."""
    (scratch / "phi").write_text("x")
    (scratch / "audit.rules").write_text(f"-w {scratch}/phi -p r -k PHI\n-a always,exit -F arch=b64 -S connect -k net\n")
    subprocess.run([support.BIN / "swornlog", "import-rules", scratch / "audit.rules", "--out", scratch / "collect.yaml"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env=support.ENV)
    return scratch / "collect.yaml"


def record(fleet, scratch):
    log = fleet.dir / "audit.log"
    log.write_bytes(LOG)
    fleet.start_sink()
    fleet.enroll()
    fleet.start_agent("--replay", log)

    def shown(what, *only):
        return what in fleet.command("show", *only, fleet.store)

    support.wait_until("the first exec", lambda: subprocess.run(["/bin/true", "ready"], check=True) and shown("ready", "--path-prefix", "/usr/bin/true"))
    done = act(scratch)
    support.wait_until("what was done last", lambda: shown(str(scratch / "none"), "--path-prefix", str(scratch)))
    support.wait_until("the recorded log's last event", lambda: shown("serial=104", "--kind", "audit_other"))
    fleet.end("collector")
    return done


def show(fleet, scratch):
    """All that is asked for below, and little of what else happens on this machine: ausearch takes minutes over a flood."""
    text, notes = b"", b""
    for only in (["--kind", "audit_login,audit_account,audit_other"], ["--path-prefix", str(scratch)], ["--kind", "exec,exit", "--path-prefix", "/usr/bin/true"],
                 ["--kind", "exec", "--path-prefix", "/usr/bin/sleep"], ["--kind", "posture"]):
        shown = subprocess.run([support.BIN / "swornlog", "show", "--format=auditd", *only, fleet.store], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=support.ENV, check=True)
        text, notes = text + shown.stdout, notes + shown.stderr
    return text, notes


class Tool:
    def __init__(self, text):
        self.text = text
        self.programs = {name: auditd.tool(name) for name in ("ausearch", "aureport")}

    def run(self, name, *args):
        program, env = self.programs[name]
        result = subprocess.run([program, *args], input=self.text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(env, TZ="UTC"), check=False, timeout=60)
        return result.stdout

    def search(self, *args):
        return self.run("ausearch", "--raw", *args)


def arguments(lines):
    """Of EXECVE records, by the kernel's rules."""
    pieces = {}
    for line in lines:
        for key, index, value in re.findall(rb' a(\d+)(?:\[(\d+)\])?=("[^"]*"|[0-9A-F]*)', line):
            raw = value[1:-1] if value.startswith(b'"') else bytes.fromhex(value.decode())
            pieces.setdefault(int(key), {})[int(index or 0)] = raw
    return [b"".join(p[i] for i in sorted(p)) for _, p in sorted(pieces.items())]


def check_audit(tool):
    lines = LOG.splitlines()
    found = tool.search("-m", "USER_LOGIN")
    check("ausearch finds a login, its record byte for byte", found == b"node=web-1 " + lines[0] + b"\n", found)
    found = tool.search("-a", "102")
    check("an event's records and its end mark", found.splitlines() == [b"node=web-1 " + x for x in lines[2:5]], found)
    check("an event without its end is given without one", b":104)" in tool.text and b"type=EOE msg=audit(1492896305.000:104)" not in tool.text)
    check("a type without a name", b"node=web-1 " + lines[5] in tool.text)
    found = tool.search("-k", "run")
    check("keys are found", b":102)" in found, found)
    report = tool.run("aureport", "-l")
    check("aureport lists the failed login with its address", b"192.0.2.1" in report and b"(invalid user)" in report, report)
    report = tool.run("aureport", "-m")
    check("aureport lists the new account", b"frodo" in report, report)


def check_exec(tool, argv):
    found = tool.search("-m", "EXECVE", "-x", "/usr/bin/true")
    lines = [x for x in found.splitlines() if b"type=EXECVE" in x]
    encoded = [a.encode("utf-8", "surrogateescape") for a in argv]
    ours = [x for x in lines if re.search(rb'argc=7 ', x)]
    check("ausearch -m EXECVE -x finds an exec", len(ours) == 1, found[:2000])
    serial = re.search(rb"msg=audit\([^)]*\)", ours[0]).group() if ours else b"none"
    same = [x for x in lines if serial in x]
    check("its arguments are whole, over several records", arguments(same) == encoded and len(same) > 5, (len(same), [(len(a), a[:20]) for a in arguments(same)]))
    check("no line is longer than ausearch reads", max(map(len, tool.text.splitlines())) < 8970)
    found = tool.search("-m", "EXECVE", "-ui", str(NOBODY), "-x", "/usr/bin/sleep")
    check("-ui finds it by its user", b'exe="/usr/bin/sleep"' in found and b" uid=65534 gid=65534 euid=65534 " in found, found)
    check("and not by another", tool.search("-ui", "54321") == b"")
    report = tool.run("aureport", "-x")
    check("aureport -x names it", b"/usr/bin/sleep" in report, report[-500:])


def check_files(tool, odd, refused):
    found = tool.search("-f", str(odd))
    check("ausearch -f finds a path with a space and a quote", len(re.findall(rb"type=SYSCALL", found)) == 2, found)
    check("a rename has both names", b"nametype=DELETE" in found and b"nametype=CREATE" in found and b"/renamed" in found, found)
    found = tool.search("-f", str(odd.parent / "renamed"))
    check("and by its new name, with what was done to it", len(re.findall(rb"type=SYSCALL", found)) == 3, found)
    found = tool.search("-f", str(refused), "-sv", "no")
    check("a refused open is a failure with its error", b"success=no exit=-2 " in found, found)
    found = tool.search("-k", "phi")
    check("a read of labelled data, labelled by an imported rule, is found by its key", b"/phi" in found and b'key="phi"' in found, found)
    report = tool.run("aureport", "-f")
    check("aureport -f names the files", str(refused).encode() in report, report[-500:])


def main():
    if os.geteuid() != 0:
        print("skipped: only root can load the collector's BPF programs")
        return
    if not auditd.tool("ausearch"):
        print("skipped: there is no ausearch, and the package auditd can't be had")
        return
    scratch = pathlib.Path(os.path.realpath("/var/tmp")) / f"swornlog-ausearch-{os.getpid()}"
    scratch.mkdir()
    fleet = support.Fleet(collect=rules(scratch))
    try:
        argv, odd, refused = record(fleet, scratch)
        text, notes = show(fleet, scratch)
        tool = Tool(text)
        check("what has no record's form is left out and counted", re.fullmatch(rb"swornlog: [1-9]\d* entries have no form[^\n]*\n", notes), notes)
        check_audit(tool)
        check_exec(tool, argv)
        check_files(tool, odd, refused)
    finally:
        fleet.stop()
        subprocess.run(["rm", "-rf", scratch], check=True)
    finish()


if __name__ == "__main__":
    main()
