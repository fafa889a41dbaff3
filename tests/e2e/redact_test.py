#!/usr/bin/python3
"""Plants secrets in arguments, names and audit records, and looks for them in everything that the agent keeps, ships
and holds in memory, with redaction on (none may be there) and off (they must, or the search finds nothing).

Needs root, for the BPF programs and the memory of the sealer.
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import fleet as support  # noqa: E402

WORKER = """
import os, sys, time
while True:
    open(sys.argv[1] + "/alive", "w").close()
    time.sleep(0.1)
"""
AUDIT = """\
type=EXECVE msg=audit(1700000000.001:11): argc=4 a0="mysql" a1="-uroot" a2="-p{quoted}" a3="audit-quoted"
type=EXECVE msg=audit(1700000000.002:12): argc=3 a0="x" a1={hex} a2="audit-hex"
type=EXECVE msg=audit(1700000000.003:13): argc=3 a0="x" a1="--password"
type=EXECVE msg=audit(1700000000.003:13): a2_len=24 a2[0]="{split_a}"
type=EXECVE msg=audit(1700000000.003:13): a2[1]="{split_b}" a3="audit-split"
type=PROCTITLE msg=audit(1700000000.004:14): proctitle={title}
type=USER_CMD msg=audit(1700000000.005:15): pid=1 uid=0 auid=0 ses=1 msg='cwd="/" cmd={sudo} exe="/usr/bin/sudo" terminal=? res=success'
type=TEST msg=audit(1700000000.006:16): pid=1 uid=0 auid=0 ses=1 msg='op=audit-text url=https://me:{text}@host/ res=success'
"""


def letters(count):
    return "".join(random.choice("abcdefghijkmnopqrstuvwxyz23456789") for _ in range(count))


def forms(text):
    """As it is, and as audit writes it."""
    return text.encode(), text.encode().hex().encode(), text.encode().hex().upper().encode()


class Planted:
    """Secrets by where they are planted; none has a shape of its own. Each half begins as that of all others."""

    def __init__(self):
        self.by_place, self.starts = {}, (letters(8), letters(8))

    def __getitem__(self, place):
        return self.by_place.setdefault(place, "".join(start + letters(4) for start in self.starts))

    def seen_in(self, haystack):
        """Places whose secret is there, or a half of it."""
        if not any(form in haystack for start in self.starts for form in forms(start)):
            return set()
        found = {place for place, secret in self.by_place.items() for half in (secret[:12], secret[12:])
                 if any(form in haystack for form in forms(half))}
        return found or {"the beginning of one"}


def hexed(text):
    return text.encode().hex().upper()


def audit_log(path, planted):
    split = planted["audit, split over records"]
    path.write_text(AUDIT.format(
        quoted=planted["audit, quoted"], hex=hexed(f"--token=a {planted['audit, hex']}"), split_a=split[:10], split_b=split[10:],
        title=hexed(f"audit-title\0--secret={planted['audit, title']}"),
        sudo=hexed(f"audit-sudo -x curl -u me:{planted['audit, sudo']} http://h"), text=planted["audit, text"]))


def run_program(path, *argv):
    """argv[0] is given, and the program need not exist."""
    pid = os.fork()
    if pid == 0:
        try:
            os.execv(path, argv)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def act(folder, planted):
    run_program("/bin/true", "true", "visible-option", f"--password={planted['option']}")
    run_program("/bin/true", "true", "visible-next", "--api-key", planted["next argument"])
    run_program("/bin/true", "mysql", "visible-program", f"-p{planted['program']}")
    run_program("/bin/sh", "sh", "-c", f": visible-line; : mysql -u root -p{planted['command line']} db")
    run_program("/usr/bin/env", "env", f"PGPASSWORD={planted['environment']}", "true", "visible-environment")
    run_program("/bin/true", "true", "visible-header", "-H", f"Authorization: Bearer {planted['header']}")
    run_program("/bin/true", "true", "visible-url", f"https://me:{planted['URL']}@host/path")
    run_program(str(folder / f"token={planted['file name']}"), "visible-name")
    run_program("/nowhere/mysql", "mysql", "visible-failed", f"-p{planted['exec that failed']}")


VISIBLE = ["visible-running", "visible-option", "visible-next", "visible-program", "visible-line", "visible-environment", "visible-header",
           "visible-url", "visible-name", "visible-failed", "audit-quoted", hexed("audit-title"), hexed("audit-sudo"), "audit-text", "audit-split", "audit-hex"]


def memory(pid):
    """All that a process holds and that can be read."""
    parts = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, mode = line.split()[:2]
            start, end = (int(x, 16) for x in span.split("-"))
            # A mapping larger than all memory is a sanitizer's shadow: it holds no bytes of the program.
            if "r" not in mode or end - start > 1 << 33 or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            try:
                mem.seek(start)
                parts.append(mem.read(end - start))
            except (OSError, OverflowError, ValueError):
                pass
    return b"\0".join(parts)


def files(folder):
    return b"\0".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())


class Run:
    """One agent and sink, with secrets planted before and after the start; where they were found, and what was told."""

    def __init__(self, rules):
        self.planted, self.found = Planted(), {}
        self.fleet = support.Fleet()
        self.fleet.agent_options["collect"] = self.fleet.dir / "collect.yaml"
        (self.fleet.dir / "collect.yaml").write_text(rules)
        self.outside = self.fleet.dir.with_name(self.fleet.dir.name + "-outside")
        self.outside.mkdir()
        self.worker = None
        try:
            self.go()
        finally:
            if self.worker:
                self.worker.kill()
                self.worker.wait()
            self.fleet.remove()
            subprocess.run(["rm", "-rf", self.outside], check=True)

    def go(self):
        fleet, planted = self.fleet, self.planted
        self.worker = subprocess.Popen([sys.executable, "-c", WORKER, self.outside, "visible-running", "--password", planted["running process"]])
        os.symlink("/bin/true", self.outside / f"token={planted['file name']}")
        audit_log(self.outside / "audit.log", planted)
        fleet.start_sink()
        fleet.enroll()
        fleet.start_agent("--replay", self.outside / "audit.log", "--verbose")
        act(self.outside, planted)
        self.missing = VISIBLE
        try:
            self.shown = support.wait_until("all that was done to be stored", self.complete, 30)
        except AssertionError as e:
            raise AssertionError(f"{e}: {self.missing}") from None
        self.look()
        fleet.stop()
        self.found["logs"] |= planted.seen_in(files(fleet.dir / "log"))

    def complete(self):
        shown = self.fleet.command("show", "--json", self.fleet.store)
        self.missing = [word for word in VISIBLE if word not in shown]
        return None if self.missing else shown

    def look_at_memory(self):
        """While the processes have something to do: what they hold is soon overwritten. Until something is found, or no more is to be hoped for."""
        pids = {name: self.fleet.process[name].pid for name in ("sealer", "shipper", "sink")}
        found = {name: set() for name in pids}
        for _ in range(4):
            act(self.outside, self.planted)
            for name, pid in pids.items():
                os.kill(pid, signal.SIGSTOP)
                try:
                    found[name] |= self.planted.seen_in(memory(pid))
                finally:
                    os.kill(pid, signal.SIGCONT)
            if found["sealer"]:
                break
        return {f"memory of the {name}": places for name, places in found.items()}

    def look(self):
        fleet, seen = self.fleet, self.planted.seen_in
        self.found = self.look_at_memory()
        self.found["entries in the store"] = seen(self.shown.encode())
        self.found["entries in the spool"] = seen(fleet.command("show", "--json", fleet.spool).encode())
        for name in ("store", "spool", "state", "run"):
            self.found[f"files of {name}"] = seen(files(fleet.dir / name))
        self.found["logs"] = seen(files(fleet.dir / "log"))

    def entries(self):
        return [json.loads(line) for line in self.shown.splitlines()]


def stored_arguments(run, word):
    return next(e["fields"] for e in run.entries() if e["kind"] in ("exec", "exec_failed") and word in e["fields"].get("argv", []))


def with_redaction_no_secret_is_kept_anywhere():
    run = Run("{}\n")
    assert len(run.planted.by_place) == 16, run.planted.by_place
    left = {where: places for where, places in run.found.items() if places}
    assert not left, f"secrets are left: {left}"
    option = stored_arguments(run, "visible-option")
    assert option["argv"] == ["true", "visible-option", "--password=[redacted:24]"], option
    assert "redacted" in option["marks"], option
    assert stored_arguments(run, "visible-next")["argv"][3] == "[redacted:24]"
    assert stored_arguments(run, "visible-failed")["argv"][2] == "-p[redacted:24]"
    assert "a1=2D2D746F6B656E3D5B72656461637465643A32365D" in run.shown, "an argument in hex stays hex"


def without_redaction_the_same_search_finds_them():
    run = Run("redact:\n  enabled: false\n")
    everything = set(run.planted.by_place)
    for where in ("entries in the store", "entries in the spool"):
        assert run.found[where] == everything, f"not found in {where}: {everything - run.found[where]}"
    assert run.found["memory of the sealer"], "the sealer's memory was not really searched"
    assert "marks" not in stored_arguments(run, "visible-option")


def the_command_shows_what_would_be_stored():
    def check(*args, text="", status=0):
        result = subprocess.run([support.BIN / "swornlog", "redact", *args], input=text, capture_output=True, text=True, env=support.ENV, timeout=60)
        assert result.returncode == status, f"status {result.returncode}: {result.stdout}{result.stderr}"
        return result.stdout

    none = pathlib.Path("/dev/null")
    assert check("check", "--rules", none, "ls -l") == "ls -l\n"
    assert check("check", "--rules", none, "mysql -phunter2", status=1) == "mysql -p[redacted:7]\n  rule mysql, bytes 8 to 15\n"
    vector = json.loads(check("check", "--rules", none, "--json", "--argv", "--", "x", "--token", "a b", status=1))
    assert vector == {"stored": ["x", "--token", "[redacted:3]"], "replaced": [{"rule": "names", "start": 10, "end": 13}]}, vector
    lines = "ls\ntype=PROCTITLE msg=audit(1.000:1): proctitle=" + hexed("x\0--token=abc") + "\n"
    shown = check("check", "--rules", none, text=lines, status=1)
    assert shown == "ls\ntype=PROCTITLE msg=audit(1.000:1): proctitle=" + hexed("x\0--token=[redacted:3]") + "\n  rule names\n", shown
    assert "mysql" in check("rules").split()
    check("check", "--rules", "/nowhere", "x", status=3)
    check("check", "--no-such-option", status=2)


def main():
    if os.geteuid() != 0:
        print("skip: not root")
        return 0
    return support.run([the_command_shows_what_would_be_stored, with_redaction_no_secret_is_kept_anywhere,
                        without_redaction_the_same_search_finds_them])


if __name__ == "__main__":
    sys.exit(main())
