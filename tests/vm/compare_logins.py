#!/usr/bin/python3
"""compare_logins.py --cell CELL [--seen FOLDER] FOLDER: whether the store has who came, from where, on which terminal
and with what result, and what was run in each session.

In the folder, `said` has what each session said of itself: step, login uid, session, terminal. `events` is what `swornlog show
--json --all` says, `session-STEP` what `swornlog show --json --session` does; user messages name the steps. What audit reports at each step is compared as a set of types, so that the table of
docs/kernels.md stays true; it goes to FOLDER for that.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

NAMES = {1006: "LOGIN", 1100: "USER_AUTH", 1101: "USER_ACCT", 1103: "CRED_ACQ", 1104: "CRED_DISP", 1105: "USER_START",
         1106: "USER_END", 1108: "USER_CHAUTHTOK", 1109: "USER_ERR", 1110: "CRED_REFR", 1112: "USER_LOGIN", 1114: "ADD_USER",
         1115: "DEL_USER", 1116: "ADD_GROUP", 1117: "DEL_GROUP", 1123: "USER_CMD", 1305: "CONFIG_CHANGE", 1334: "BPF",
         1700: "ANOM_PROMISCUOUS", 1701: "ANOM_ABEND"}
OPENS = {"USER_ACCT", "CRED_ACQ", "LOGIN", "USER_START"}
ENDS = {"USER_END", "CRED_DISP"}
KEY_SESSION = OPENS | ENDS
ON_TERMINAL = KEY_SESSION | {"USER_LOGIN"}

# The types of each step, all of them.
TYPES = {
    "key": KEY_SESSION,
    "terminal": ON_TERMINAL,
    "wrong-password": {"USER_AUTH", "USER_LOGIN"},
    "password": KEY_SESSION | {"USER_AUTH"},
    "unknown-user": {"USER_LOGIN", "USER_ERR"},
    "sudo": ON_TERMINAL | {"USER_AUTH", "USER_CMD", "CRED_REFR"},
    "sudo-refused": ON_TERMINAL | {"USER_AUTH", "USER_CMD"},
    "sudo-wrong-password": ON_TERMINAL | {"USER_AUTH", "USER_CMD"},
    "su": ON_TERMINAL | {"USER_AUTH"},
    "su-refused": ON_TERMINAL | {"USER_AUTH"},
    "login": OPENS | {"USER_AUTH", "USER_LOGIN", "USER_END"},
    "login-wrong-password": {"USER_AUTH", "USER_LOGIN"},
    "accounts": {"ADD_GROUP", "ADD_USER", "USER_CHAUTHTOK", "DEL_USER", "DEL_GROUP"},
    "configuration": {"CONFIG_CHANGE"},
    "crash": {"ANOM_ABEND"},
    "promiscuous": {"ANOM_PROMISCUOUS"},
}

TESTER = 1000
HERE = "127.0.0.1"
# A record that a step has to have made: its type and fields. TTY and SESSION are what the session said of itself.
TTY, SESSION = object(), object()
MADE = [
    ("key", "LOGIN", {"auid": TESTER, "session": SESSION, "success": True}),
    ("key", "USER_START", {"account": "tester", "address": HERE, "terminal": "ssh", "session": SESSION, "success": True}),
    ("key", "USER_END", {"account": "tester", "address": HERE, "terminal": "ssh", "session": SESSION, "success": True}),
    ("terminal", "USER_LOGIN", {"auid": TESTER, "address": HERE, "terminal": TTY, "session": SESSION, "success": True}),
    ("terminal", "USER_END", {"account": "tester", "address": HERE, "session": SESSION, "success": True}),
    ("wrong-password", "USER_AUTH", {"account": "tester", "address": HERE, "terminal": "ssh", "success": False}),
    ("wrong-password", "USER_LOGIN", {"account": "tester", "address": HERE, "terminal": "sshd", "success": False}),
    ("password", "USER_AUTH", {"account": "tester", "address": HERE, "terminal": "ssh", "success": True}),
    ("unknown-user", "USER_LOGIN", {"account": "(invalid user)", "address": HERE, "terminal": "sshd", "success": False}),
    ("sudo", "USER_CMD", {"auid": TESTER, "uid": TESTER, "terminal": TTY, "session": SESSION, "success": True}),
    ("sudo-refused", "USER_CMD", {"auid": TESTER, "terminal": TTY, "session": SESSION, "success": False}),
    ("sudo-wrong-password", "USER_AUTH", {"account": "tester", "terminal": TTY, "session": SESSION, "success": False}),
    ("su", "USER_AUTH", {"account": "root", "auid": TESTER, "terminal": TTY, "session": SESSION, "success": True}),
    ("su-refused", "USER_AUTH", {"account": "root", "auid": TESTER, "terminal": TTY, "session": SESSION, "success": False}),
    ("login", "USER_LOGIN", {"account": "tester", "terminal": TTY, "session": SESSION, "success": True}),
    ("login-wrong-password", "USER_LOGIN", {"account": "tester", "success": False}),
    ("accounts", "ADD_USER", {"exe": "/usr/sbin/useradd", "success": True}),
    ("accounts", "USER_CHAUTHTOK", {"account": "newuser", "op": "PAM:chauthtok", "success": True}),
    ("accounts", "DEL_USER", {"exe": "/usr/sbin/userdel", "success": True}),
]

# A command that a session has to have run: the arguments, as which user, on a terminal or not.
RUN = [
    ("key", ["ls", "/etc/hostname"], TESTER, False),
    ("key", ["sh", "-c", "exit 3"], TESTER, False),
    ("terminal", ["stty", "size"], TESTER, True),
    ("sudo", ["/usr/bin/id"], 0, True),
    ("sudo-refused", ["sudo", "-S", "-p", "", "/usr/bin/whoami"], 0, True),
    ("su", ["su", "root", "-c"], 0, True),
    ("login", ["tty"], TESTER, True),
]

# The account of two sessions: the commands of these programs in their order, the labelled files that were read and by what.
PHI = "/srv/phi/record"
TELL = [["cat", "/proc/self/loginuid"], ["cat", "/proc/self/sessionid"], ["tty"]]
ACCOUNTS = {
    "terminal": {"commands": TELL + [["stty", "size"], ["cat", PHI, "/srv/plain"]], "reads": [(PHI, "/usr/bin/cat")]},
    "sudo": {"commands": TELL + [["sudo", "-S", "-p", "", "/usr/bin/id"], ["/usr/bin/id"], ["head", "-c", "1", PHI]],
             "reads": [(PHI, "/usr/bin/head")]},
}


def by_step(events):
    """The audit events of each step, in their order."""
    steps, step = defaultdict(list), None
    # By their serials: one that may have several records is stored when it is complete.
    audit = sorted((event["fields"] for event in events if event["kind"].startswith("audit_")), key=lambda f: f["serial"])
    for fields in audit:
        named = re.search(r"sworn step ([\w-]+)", fields["records"][0][1])
        if named:
            step = named.group(1)
        elif fields["type"] != 1334:  # our own programs
            steps[step].append(dict(fields, type=NAMES.get(fields["type"], fields["type"])))
    return steps


class Logins:
    def __init__(self, said, events):
        self.said = said
        self.steps = by_step(events)
        self.programs = [e["fields"] for e in events if e["kind"] == "exec"]

    def wanted(self, step, fields):
        session, tty = self.said.get(step, (None, None))
        stand_in = {TTY: {tty, tty.removeprefix("/dev/")} if tty else (), SESSION: {session}}
        return {name: stand_in[value] if value in (TTY, SESSION) else {value} for name, value in fields.items()}

    def made(self, step, kind, fields):
        wanted = self.wanted(step, fields)
        records = [r for r in self.steps[step] if r["type"] == kind]
        if any(all(r.get(name) in values for name, values in wanted.items()) for r in records):
            return []
        short = [{name: r.get(name) for name in fields} for r in records]
        return [f"no {kind} with {wanted} among {short}"]

    def run(self, step, argv, uid, on_terminal):
        session, _ = self.said.get(step, (None, None))
        mine = [p for p in self.programs if p.get("session") == session]
        for program in mine:
            if program["argv"][: len(argv)] == argv and program["uids"][1] == uid and program["auid"] == TESTER:
                if on_terminal == ("tty" in program):
                    return []
        return [f"session {session} has run {[p['argv'] for p in mine]}, and not {argv} as {uid}"]

    def account(self, step, shown):
        """Of what `show --session` shows: the commands and labelled reads, and its last line."""
        session, tty = self.said[step]
        programs = [e["fields"] for e in shown if e.get("kind") == "exec"]
        ours = [p["argv"] for p in programs if p["argv"][0] in {c[0] for c in ACCOUNTS[step]["commands"]}]
        reads = [(e["fields"]["path"], e["actor"]["exe"]) for e in shown if e.get("kind") in ("read", "mmap")]
        last = shown[-1] if shown else {}
        wanted = {"session": session, "host": "vm", "login_seen": True, "auid": TESTER, "account": "tester", "address": HERE,
                  "ended": True, "commands": len(programs), "labelled_reads": len(reads)}
        problems = [f"{name} is {last.get(name)}, not {value}" for name, value in wanted.items() if last.get(name) != value]
        if last.get("terminal") not in (tty, "ssh"):
            problems.append(f"terminal is {last.get('terminal')}, not {tty}")
        if ours != ACCOUNTS[step]["commands"]:
            problems.append(f"commands are {ours}")
        if reads != ACCOUNTS[step]["reads"]:
            problems.append(f"labelled reads are {reads}")
        return problems

    def types(self, step):
        found = {r["type"] for r in self.steps[step]}
        return [] if found == TYPES[step] else [f"reported are {sorted(map(str, found))}, expected {sorted(TYPES[step])}"]


def check(words, problems):
    print(("not ok - " if problems else "ok - ") + words)
    for problem in problems:
        print(f"    {problem}"[:1500])
    return bool(problems)


def read_said(path):
    said = {}
    for line in path.read_text().splitlines():
        step, loginuid, session, tty = line.split(maxsplit=3)
        if int(loginuid) != TESTER:
            raise SystemExit(f"a session without its login uid: {line}")
        said[step] = (int(session), tty if tty.startswith("/dev/") else None)
    return said


def read_shown(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cell", required=True)
    parser.add_argument("--seen", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    logins = Logins(read_said(options.folder / "said"), read_shown(options.folder / "events"))
    failed = 0
    for step, kind, fields in MADE:
        failed |= check(f"{step}: {kind} is stored with its user, address, terminal and result", logins.made(step, kind, fields))
    for step, argv, uid, on_terminal in RUN:
        failed |= check(f"{step}: the session's {argv[0]} is stored with its session", logins.run(step, argv, uid, on_terminal))
    for step in ACCOUNTS:
        shown = read_shown(options.folder / f"session-{step}")
        failed |= check(f"{step}: show --session lists its commands and labelled reads", logins.account(step, shown))
    failed |= check("audit reports of each step what the table says", sum(map(logins.types, TYPES), []))
    if options.seen:
        steps = {step: sorted(str(t) for t in {r["type"] for r in logins.steps[step]}) for step in TYPES}
        (options.seen / f"logins-{options.cell}.json").write_text(json.dumps({"cell": options.cell, "steps": steps}, indent=1) + "\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
