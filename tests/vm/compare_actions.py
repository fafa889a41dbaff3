#!/usr/bin/python3
"""compare_actions.py --cell CELL --misses FILE [--seen FOLDER] SAID EVENTS: compares what `actions` says that it has
done with what `swornlog show --json` says of it, exactly.

Each action was done by a process of its own, so everything recorded of that process has to be that action and its end,
with the right kind, path, result, object, arguments and actor. What can't be seen is listed by name in FILE; something
that is listed there and seen all the same is as wrong as something that is missing. --seen keeps what each kind was
seen by, for the table.
"""

import argparse
import fnmatch
import gzip
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

ARGUMENTS = ("result", "flags", "mode", "uid", "gid", "size", "rdev", "name", "syscall", "tid", "opcode")
OBJECTS = ("device", "inode")
CLOSE = 48
COMPONENTS_MAX = 64  # where the kernel has no bpf_loop()
PATH_MAX = 4096
DEEP = "paths deeper than 64 components: the part towards the root"
SHOWN = 12
SENSORS = {2: "bpf_tracepoint", 4: "bpf_fentry", 8: "bpf_lsm", 16: "audit"}
# Of docs/format.md, section 7: the kinds that may run on several tiers.
KINDS = dict(enumerate(("open", "rename", "unlink", "link", "symlink", "mkdir", "rmdir", "mknod", "chmod", "chown", "truncate"), 32))


def lines(path):
    opened = gzip.open(path, "rt") if str(path).endswith(".gz") else open(path)
    with opened as f:
        return [json.loads(line) for line in f]


class Store:
    """What was recorded, by process."""

    def __init__(self, events):
        self.of = defaultdict(list)
        self.processes = defaultdict(list)
        self.skipped = 0
        self.losses = []
        self.posture = {}
        for event in events:
            kind, fields = event["kind"], event["fields"]
            if kind == "process":
                self.processes[fields["pid"]].append(event)
            elif kind == "posture":
                self.posture = fields
            elif kind == "loss":
                self.add_loss(fields)
            elif "actor" in event or kind == "exec":
                self.of[fields["pid"] if kind == "exec" else event["actor"]["pid"]].append(event)

    def add_loss(self, fields):
        if fields["reason"] == "kernel_skipped":
            self.skipped += fields["count"]
        else:
            self.losses.append(fields)

    def sees_closes(self):
        return any(kind == CLOSE and tier for kind, tier, _ in self.posture.get("tiers", ()))

    def limit(self):
        """Components that a path may have."""
        return COMPONENTS_MAX if DEEP in self.posture.get("not_seen", ()) else None


def cut(path, limit):
    """The part of a path that fits, and whether it is less than all."""
    kept, used = [], 0
    parts = path.strip("/").split("/")
    for part in reversed(parts):
        if used >= PATH_MAX or (limit and len(kept) == limit):
            break
        kept.append(part)
        used += len(part) + 2
    return "/" + "/".join(reversed(kept)), len(kept) < len(parts)


def claimed(folder_and_name, given, limit):
    """A name as it was passed, behind the path of the directory that it starts from."""
    if not folder_and_name.endswith(given):
        return folder_and_name, False  # an absolute name: its directory is the root
    folder = folder_and_name[: len(folder_and_name) - len(given)].rstrip("/")
    if not folder:
        return folder_and_name, False
    path, is_cut = cut(folder, limit)
    return path + "/" + given.lstrip("/"), is_cut


class Wanted:
    """What an event of this action has to hold, at the tier that its sensors name."""

    def __init__(self, said, event, limit):
        self.said, self.event, self.limit = said, event, limit
        self.by_object = event["sensors"] != ["bpf_tracepoint"]
        self.by_kernel = said.get("by") == "descriptor" or self.by_object
        self.marks = {"compat_syscall"} if "compat" in said else set()
        self.target_marks = set()
        self.fields = {key: said[key] for key in ARGUMENTS if key in said}

    def place(self, real, claim, given, marks):
        if self.by_kernel:
            path, is_cut = cut(self.said[real], self.limit)
        else:
            path, is_cut = claimed(self.said[claim], given, self.limit)
            marks.add("caller_rest")
        if is_cut:
            marks.add("path_cut")
        return path

    def object(self):
        """A program on kernel objects tells of a success, whatever call or request it was: flags only where they are
        the act's own, and nothing of the caller's."""
        said = self.said
        self.fields = {key: said[key] for key in ("uid", "gid", "size", "rdev", "mode", "flags") if key in said}
        if said["kind"] not in ("open", "rename"):
            self.fields.pop("flags", None)
        elif said["kind"] == "rename":
            self.fields.setdefault("flags", 0)
        self.marks = set()
        self.fields.update(result=0, path=self.place("real", None, "", self.marks))
        if "content" in said:
            self.fields["target"] = said["content"]
        if "target_real" in said:
            self.fields["target"] = self.place("target_real", None, "", self.target_marks)
        if "ino" in said:
            self.fields.update(device=said["dev"], inode=said["ino"])
        if "tid" in said:
            self.fields["tid"] = said["tid"]
        return self.fields

    def unknown(self):
        """What the action could not say of itself."""
        if not self.by_object:
            return ()
        if "opcode" in self.said:
            return ("flags", "mode", "size", "target", "tid", *OBJECTS)
        return () if "ino" in self.said else OBJECTS

    def file(self):
        if self.by_object:
            return self.object()
        said, given = self.said, self.said.get("given", "")
        self.fields["path"] = self.place("real", "claim", given, self.marks)
        if said.get("by") == "descriptor":
            self.fields.update(device=said["dev"], inode=said["ino"])
            if "tid" in said:
                self.marks.add("shared_file_table")
                if "given" in said:
                    self.fields["claim"] = given
        if said["kind"] in ("read", "mmap"):
            self.fields.update(result=min(said["result"], 0), labels=["phi"])
        if said["kind"] == "exec_failed":
            self.fields["argv"] = said["argv"]
            self.marks |= {"detached"} if said["call"] == "memfd" else set()
        if "content" in said:
            self.fields["target"] = said["content"]
        if "target_real" in said:
            self.fields["target"] = self.place("target_real", "target_claim", given and given + "-to", self.target_marks)
        return self.fields

    def program(self):
        said = self.said
        exe, exe_cut = cut(said["real"], self.limit)
        cwd, cwd_cut = cut(said["cwd"], self.limit)
        self.fields = {"exe": exe, "cwd": cwd, "argv": said["argv"], "ppid": said["ppid"], "uids": [said["ids"]["uid"]] * 4,
                       "auid": said["ids"]["auid"], "session": said["ids"]["session"]}
        if said["given"] != exe:
            self.fields["filename"] = said["given"]
        self.fields.update({name: said[name] for name in ("file", "interpreter", "linker_env") if name in said})
        if "ino" in said:
            self.fields.update(device=said["dev"], inode=said["ino"])
        self.marks = {"path_cut"} if exe_cut or cwd_cut else set()
        if said["call"] == "memfd":
            self.marks |= {"deleted", "detached", "in_memory"}
        return self.fields


PROGRAM_FIELDS = ("exe", "cwd", "argv", "ppid", "uids", "auid", "session", "filename", "interpreter", "linker_env")
PROGRAM_FILE = ("device", "inode", "file")
FILE_FIELDS = ARGUMENTS + OBJECTS + ("path", "target", "claim", "argv", "labels")


def differences(said, event, limit):
    """What is wrong with an event that should be this action's."""
    wanted, fields = Wanted(said, event, limit), event["fields"]
    if "fields" in said:
        return other_differences(said, event)
    is_exec = said["kind"] == "exec"
    names = PROGRAM_FIELDS + PROGRAM_FILE if is_exec else FILE_FIELDS
    want = wanted.program() if is_exec else wanted.file()
    unknown = () if is_exec else wanted.unknown()
    names = [name for name in (PROGRAM_FIELDS if is_exec and said["call"] == "memfd" else names) if name not in unknown]
    found = [f"{name} is {fields.get(name)!r}, not {want.get(name)!r}" for name in names if fields.get(name) != want.get(name)]
    for name, marks in (("marks", wanted.marks), ("target_marks", wanted.target_marks)):
        if set(fields.get(name, ())) != marks:
            found.append(f"{name} are {fields.get(name)}, not {sorted(marks, key=str)}")
    return found + ([] if is_exec else actor_differences(said, event))


def other_differences(said, event):
    """What was said is all that there may be."""
    want = dict(said["fields"], result=said["result"], syscall=said["syscall"])
    fields = {name: value for name, value in event["fields"].items() if name != "target" or event["kind"] not in ("ptrace", "signal")}
    if "compat" in said:
        want["marks"] = [*want.get("marks", ()), "compat_syscall"]
    found = [] if fields == want else [f"the fields are {fields}, not {want}"]
    return found + actor_differences(said, event)


def actor_differences(said, event):
    return [f"the actor's {name} is {event['actor'].get(name)}, not {value}" for name, value in said["ids"].items()
            if event["actor"].get(name) != value]


class Misses:
    """The list of what can't be seen: cell, kind, call and way as patterns, and why."""

    def __init__(self, path, cell):
        self.rows, self.used = [], set()
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                row = line.split(maxsplit=4)
                if len(row) != 5:
                    raise SystemExit(f"{path}: no line of five columns: {line}")
                if fnmatch.fnmatchcase(cell, row[0]):
                    self.rows.append(tuple(row))

    def matching(self, kind, said):
        key = (kind, said["call"], said["way"])
        return [row for row in self.rows if all(fnmatch.fnmatchcase(*pair) for pair in zip(key, row[1:4]))]

    def stale(self):
        return [row for row in self.rows if row not in self.used]


class Comparison:
    def __init__(self, store, misses):
        self.store, self.misses = store, misses
        self.wrong = defaultdict(list)  # by way
        self.exact, self.absent = Counter(), Counter()
        self.seen = defaultdict(lambda: {"sensors": Counter(), "missed": Counter()})

    def expected(self, said):
        """The events that an action makes, as (kind, what has to be in it). Through io_uring the request shows too."""
        if "race" in said:
            return [("open", dict(said, result=result, real=real, ino=inode)) for result, real, inode in said["race"]]
        before = [("exec", dict(said, kind="exec", **said["exec"]))] if "exec" in said else []
        return before + ([("io_uring", said)] if "opcode" in said else []) + [(said["kind"], said)]

    def compare(self, said):
        events = list(self.store.of.get(said["pid"], ()))
        for kind, wanted in self.expected(said):
            event = next((e for e in events if e["kind"] == kind), None)
            if event:
                events.remove(event)
            self.one(wanted, kind, event)
        self.end(said, events)
        self.closes(said, [e for e in events if e["kind"] == "close"])
        for event in events:
            if event["kind"] not in ("exit", "close"):
                self.complain(said, f"also recorded: {event['kind']} {event['fields']}")

    def one(self, said, kind, event):
        rows = self.misses.matching(kind, said)
        self.misses.used.update(row for row in rows if not event)
        seen = self.seen[kind]
        if not event:
            seen["missed"].update([said["call"]] if rows else [])
            if not rows:
                self.absent[said["way"]] += 1
                self.complain(said, f"no {kind} is recorded", absent=True)
            return
        seen["sensors"].update(event["sensors"])
        if rows:
            self.complain(said, f"{kind} is recorded, and is listed as not seen: {rows[0]}")
        compare = self.request if kind == "io_uring" else self.raced if "race" in said else differences
        found = compare(said, event, self.store.limit())
        if found:
            self.complain(said, f"{kind}: " + "; ".join(found))
        elif not rows:
            self.exact[said["way"]] += 1

    def closes(self, said, events):
        """A file that was opened for writing is closed once, by the process that had it."""
        paths = [e["fields"]["path"] for e in events]
        if not self.store.sees_closes() or said["kind"] != "open" or "race" in said or "opcode" in said:
            return
        opened = said["result"] >= 0 and said.get("flags", 0) & 3
        want = [cut(said["real"], self.store.limit())[0]] if opened else []
        if paths != want:
            self.complain(said, f"the closes recorded are of {paths}, not {want}")

    def raced(self, said, event, _):
        """The object, whatever the string was before and after. Where a sibling may have replaced the descriptor, that
        the record says so."""
        fields = event["fields"]
        if event["sensors"] != ["bpf_tracepoint"]:
            right = (fields["path"], fields["inode"]) == (said["real"], said["ino"]) and "marks" not in fields
        elif said["unsure"]:
            right = fields["result"] == said["result"] and "shared_file_table" in fields.get("marks", ())
        else:
            right = (fields["result"], fields["path"], fields["inode"]) == (said["result"], said["real"], said["ino"]) and "marks" not in fields
        return actor_differences(said, event) + ([] if right else [f"{fields} is not {said['real']}, inode {said['ino']}"])

    def request(self, said, event, _):
        found = actor_differences(said, event)
        return found + ([] if event["fields"].get("opcode") == said["opcode"] else [f"the opcode is {event['fields']}"])

    def end(self, said, events):
        """Each process ends once, with its code; and is first described with its parent and its ids."""
        ends = [e for e in events if e["kind"] == "exit"]
        if [e["fields"] for e in ends] != [{"code": said["exit"]}]:
            self.complain(said, f"the ends recorded are {[e['fields'] for e in ends]}, not code {said['exit']}")
        for event in ends:
            self.seen["exit"]["sensors"].update(event["sensors"])
        for process in self.store.processes.get(said["pid"], ())[:1]:
            fields, ids = process["fields"], said["ids"]
            want = {"ppid": said["ppid"], "uids": [ids["uid"]] * 4, "auid": ids["auid"], "session": ids["session"]}
            if any(fields.get(name) != value for name, value in want.items()):
                self.complain(said, f"the process is described by {fields}, not {want}")

    def complain(self, said, words, absent=False):
        self.wrong[said["way"]].append((absent, f"{said['call']} (pid {said['pid']}): {words}"))


class Report:
    def __init__(self):
        self.failed = 0

    def check(self, words, problems):
        print(("not ok - " if problems else "ok - ") + words)
        for problem in problems[:SHOWN]:
            print(f"    {problem}"[:1500])
        if len(problems) > SHOWN:
            print(f"    and {len(problems) - SHOWN} more")
        self.failed += bool(problems)


def posture_differences(comparison, numbers):
    """Kinds of which the posture names another tier than any that their events came by. It names kinds by number."""
    seen, wrong = comparison.seen, []
    for number, bit, why in comparison.store.posture.get("tiers", ()):
        kind = numbers.get(number)
        if kind in seen and SENSORS[bit] not in seen[kind]["sensors"]:
            wrong.append(f"{kind}: the posture says {SENSORS[bit]} ({why}), its events {sorted(seen[kind]['sensors'])}")
    return wrong


def keep_seen(folder, cell, comparison):
    kinds = {kind: {"sensors": sorted(seen["sensors"]), "missed": sorted(seen["missed"])}
             for kind, seen in sorted(comparison.seen.items())}
    content = {"cell": cell, "kernel": comparison.store.posture.get("kernel"), "posture": comparison.store.posture, "kinds": kinds}
    (folder / (cell.replace(":", "-").replace(" ", "-") + ".json")).write_text(json.dumps(content, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cell", required=True)
    parser.add_argument("--misses", required=True, type=Path)
    parser.add_argument("--seen", type=Path)
    parser.add_argument("said", type=Path)
    parser.add_argument("events", type=Path)
    options = parser.parse_args()
    store, misses = Store(lines(options.events)), Misses(options.misses, options.cell)
    comparison = Comparison(store, misses)
    actions = lines(options.said)
    for said in actions:
        comparison.compare(said)
    report = Report()
    # A run that the kernel skipped was declared: so many events may be missing, and no more.
    forgiven = sum(comparison.absent.values()) <= store.skipped
    for way in dict.fromkeys(said["way"] for said in actions):
        problems = [words for absent, words in comparison.wrong[way] if not (absent and forgiven)]
        report.check(f"{way}: {comparison.exact[way]} events are recorded exactly", problems)
    report.check("nothing is missed that is not listed, or was declared as skipped by the kernel",
                 [] if forgiven else [f"{sum(comparison.absent.values())} missing, {store.skipped} declared"])
    report.check("everything that is listed as not seen is not seen", [" ".join(row) for row in misses.stale()])
    report.check("the tiers of the posture are those that the events came by", posture_differences(comparison, KINDS))
    report.check("no other loss is declared", [str(loss) for loss in store.losses])
    if options.seen:
        keep_seen(options.seen, options.cell, comparison)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
