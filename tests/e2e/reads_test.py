#!/usr/bin/python3
"""Labelled data is read in all ways there are, and the collector tells each, exactly counted.

Needs root. Prints one line a check; skips if it can't run here.
"""
import errno
import hashlib
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from collect_test import (World, attempt, check, check_accounts, collector, finish, intake,  # noqa: E402
                          sequence_point, stop, wait_until)

READ, MMAP, OPEN, UNLINK, LINK, MKDIR, THROTTLE, REPEATS = 46, 47, 32, 34, 35, 37, 114, 115
PATH, RESULT, FLAGS, MODE, INODE, MARKS, LABELS, COUNT, FIRST, LAST, REPEATED = 0, 1, 3, 4, 6, 10, 18, 19, 20, 21, 23
MARK_BY_OBJECT = 16384
STRANGER = 61999  # a uid that nobody else here has
OTHER_STRANGER = 61998


class Reads(World):
    def told(self, path, kind=READ, **more):
        want = {globals()[k]: v for k, v in more.items()}
        return [e for e in self.sink.events if e.kind == kind and e.fields.get(PATH) == path and
                all(e.fields.get(k) == v for k, v in want.items())]

    def check_told(self, what, path, kind=READ, count=1, **more):
        wait_until(lambda: len(self.told(path, kind, **more)) >= count, 3)
        found = self.told(path, kind, **more)
        check(what, len(found) == count,
              (found, [e for e in self.sink.events if e.kind in (READ, MMAP)][-3:]))
        return found[0] if found else None


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def check_names(w, phi):
    read(phi + "/a")
    e = w.check_told("a read by path is told", phi.encode() + b"/a", RESULT=0, LABELS=[b"phi"])
    check("with its inode", e and e.fields[INODE] == os.stat(phi + "/a").st_ino, e)
    check("and no mark of another name", e and not e.fields.get(MARKS, 0) & MARK_BY_OBJECT, e)
    child = subprocess.run(["/bin/cat", phi + "/b"], stdout=subprocess.DEVNULL)
    e = w.check_told("a read by another program", phi.encode() + b"/b", RESULT=0)
    check("is that program's", child.returncode == 0 and
          [x for x in w.sink.events if e and x.self == e.process and x.fields.get(4, b"").endswith(b"cat")])
    os.chdir(phi)
    read("sub/c")
    os.chdir("/")
    w.check_told("a read by relative path", phi.encode() + b"/sub/c", RESULT=0)
    os.listdir(phi + "/sub")
    w.check_told("a directory that is listed", phi.encode() + b"/sub", RESULT=0)
    read(w.folder.decode() + "/x.db")
    w.check_told("a read that a pattern labels", w.path(b"x.db"), LABELS=[b"db"])
    read(w.folder.decode() + "/x.txt")
    os.close(os.open(phi + "/d", os.O_PATH))
    sequence_point(w)
    check("data without a label is not told", not w.told(w.path(b"x.txt")))
    check("nor is a descriptor that can't read", not w.told(phi.encode() + b"/d"))
    os.close(os.open(phi + "/d", os.O_WRONLY))
    w.check_told("an open for writing has the label as well", phi.encode() + b"/d", OPEN, LABELS=[b"phi"])


def check_other_names(w, phi):
    """The object is known, whatever it is called."""
    link = w.folder.decode() + "/symlink"
    os.symlink(phi + "/e", link)
    read(link)
    w.check_told("a read through a symbolic link", phi.encode() + b"/e", RESULT=0)
    hard = w.folder.decode() + "/hard-link"
    os.link(phi + "/a", hard)
    w.check_told("a hard link is told with the label", phi.encode() + b"/a", LINK, LABELS=[b"phi"])
    read(hard)
    e = w.check_told("a read through a hard link", hard.encode(), LABELS=[b"phi"])
    check("is marked as the object's label", e and e.fields.get(MARKS, 0) & MARK_BY_OBJECT, e)
    mounted = w.folder.decode() + "/mounted"
    os.mkdir(mounted)
    script = "mount --bind %s/sub %s && cat %s/never-read-before" % (phi, mounted, mounted)
    if subprocess.run(["unshare", "-m", "/bin/sh", "-c", script], stdout=subprocess.DEVNULL).returncode:
        return print("skip bind mounts: not allowed here")
    w.check_told("a read through a bind mount in another namespace", mounted.encode() + b"/never-read-before",
                 LABELS=[b"phi"])


def in_own_mounts(script):
    """As a user without any right, but for a user namespace, in which he may mount what he likes. False if the
    host does not let him."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-ec", script]
    return subprocess.run(command, user=OTHER_STRANGER, group=OTHER_STRANGER, extra_groups=[], cwd="/",
                          stdout=subprocess.DEVNULL).returncode == 0


def check_stolen_names(w, phi):
    """Whoever makes a mount namespace calls things there as he likes: nothing learns a label from that."""
    plain = w.folder.decode() + "/plain"
    os.mkdir(plain)
    write(plain + "/p", "")
    if not in_own_mounts("mount --bind %s %s; cat %s/p" % (plain, phi, phi)):
        return print("skip names of other namespaces: not allowed here")
    w.check_told("a labelled name in a stranger's namespace is told", phi.encode() + b"/p", LABELS=[b"phi"])
    read(plain + "/p")
    sequence_point(w)
    check("but what is called so there has no label elsewhere", not w.told(plain.encode() + b"/p"))


def check_denied(w, phi):
    os.chmod(phi + "/f", 0o600)
    pid = os.fork()
    if pid == 0:
        os.setresuid(65534, 65534, 65534)
        for path in (phi + "/f", w.folder.decode() + "/../world/phi/./f"):
            attempt(os.open, path, os.O_RDONLY)
        os._exit(0)
    os.waitpid(pid, 0)
    w.check_told("a read that was denied", phi.encode() + b"/f", RESULT=-errno.EACCES, LABELS=[b"phi"])
    w.check_told("also by a roundabout path", w.folder + b"/../world/phi/./f", RESULT=-errno.EACCES,
                 LABELS=[b"phi"])


def check_mmap(w, phi):
    fd = os.open(phi + "/g", os.O_RDONLY)
    mmap.mmap(fd, 0, prot=mmap.PROT_READ)
    e = w.check_told("a mapping", phi.encode() + b"/g", MMAP, RESULT=0, LABELS=[b"phi"])
    check("with its protection and flags", e and e.fields[MODE] == 1 and e.fields[FLAGS] == 1, e)
    os.close(fd)


def check_repeats(w, phi):
    n = 10000
    script = "import os\nfor i in range(%d): os.close(os.open(%r, 0))" % (n, phi + "/h")
    subprocess.run([sys.executable, "-c", script], check=True)
    path = phi.encode() + b"/h"
    w.check_told("of 10,000 reads by one process", path, count=2)
    first, rest = w.told(path)[0], w.told(path)[-1]
    check("the first is told at once, and the others as a count", COUNT not in first.fields and
          rest.fields.get(COUNT) == n - 1, rest)
    check("with their times", first.boot_us <= rest.fields[FIRST] <= rest.fields[LAST] == rest.boot_us, rest)
    check("both of the same process", first.process == rest.process != 0)


def check_cost(w):
    """Not a check: what an open for reading costs while labels are watched."""
    print("     an open and close for reading takes %d ns with labels watched" % cost(w.folder.decode() + "/x.txt"))


def cost(path, n=50000):
    opened, close, start = os.open, os.close, time.perf_counter_ns()
    for _ in range(n):
        close(opened(path, 0))
    return (time.perf_counter_ns() - start) // n


def check_reads(program, scratch):
    sink = intake.Sink(scratch + "/s1")
    w = Reads(sink, scratch + "/world")
    phi = w.folder.decode() + "/phi"
    os.makedirs(phi + "/sub")
    os.chmod(w.folder, 0o755)
    for name in "abdefgh":
        write(phi + "/" + name, "patient\n")
    for path in (phi + "/sub/c", phi + "/sub/never-read-before", w.folder.decode() + "/x.db",
                 w.folder.decode() + "/x.txt"):
        write(path, "data\n")
    write(scratch + "/collect.yaml", "watch:\n  - label: phi\n    paths: [%s]\n  - label: db\n    paths: ['%s/*.db']\n" %
          (phi, w.folder.decode()))
    os.chmod(scratch + "/collect.yaml", 0o644)
    print("     an open and close for reading takes %d ns without a collector" % cost(w.folder.decode() + "/x.txt"))
    # As an unprivileged user, to whom the labelled folder is closed.
    os.chmod(phi, 0o711)
    process = collector(program, scratch + "/s1", "--collect", scratch + "/collect.yaml", "--user", "nobody")
    if not wait_until(lambda: sink.postures):
        stop(process)
        sys.exit("the collector never connected")
    if {h[0]: h[2] for h in sink.postures[0][0]}.get(b"sys_exit") != 1:
        stop(process)
        finish("this kernel or user may not load the programs")
    sequence_point(w)
    for part in (check_names, check_other_names, check_stolen_names, check_denied, check_mmap, check_repeats):
        part(w, phi)
    check_cost(w)
    check("the collector stops when told to", stop(process) == 0)
    wait_until(lambda: sink.goodbye, 3)
    check_accounts(sink)


def check_without_labels(program, scratch):
    sink = intake.Sink(scratch + "/s2")
    w = Reads(sink, scratch + "/none")
    os.mkdir(w.folder)
    write(w.path(b"x").decode(), "data\n")
    process = collector(program, scratch + "/s2")
    wait_until(lambda: sink.postures)
    sequence_point(w)
    print("     an open and close for reading takes %d ns without labels" % cost(w.path(b"x").decode()))
    sequence_point(w)
    check("without labels no read is told", not [e for e in sink.events if e.kind in (READ, MMAP)])
    stop(process)


def check_reload(program, scratch):
    """Upon SIGHUP all of the new rules, or none."""
    sink = intake.Sink(scratch + "/s3")
    w = Reads(sink, scratch + "/reload")
    os.mkdir(w.folder)
    os.chmod(w.folder, 0o755)
    for name in "ab":
        write(w.path(name.encode()).decode(), "data\n")
    a, b, rules = w.path(b"a").decode(), w.path(b"b").decode(), scratch + "/reload.yaml"
    write(rules, "watch:\n  - label: one\n    paths: [%s]\n" % a)
    os.chmod(rules, 0o644)
    process = collector(program, scratch + "/s3", "--collect", rules, "--user", "nobody")
    wait_until(lambda: sink.postures)
    sequence_point(w)
    check("the rules are told whole, with their hash", wait_until(lambda: sink.rules, 3) and sink.rules[0] ==
          (0, hashlib.sha256(read(rules)).digest(), read(rules)), sink.rules)
    read(a), read(b)
    w.check_told("the first rules hold", a.encode(), LABELS=[b"one"])

    write(rules, "watch:\n  - label: two\n    paths: [%s]\nkinds:\n  mkdir: false\n  open: flase\n" % b)
    process.send_signal(signal.SIGHUP)
    check("rules that are not understood are refused, and the log is told",
          wait_until(lambda: len(sink.rules) == 2, 3) and sink.rules[1][0] == 1 and
          b"reload.yaml:6: 'open': expected true or false, not 'flase'" in sink.rules[1][2], sink.rules[1:])
    os.close(os.open(b, os.O_RDONLY))
    sequence_point(w)
    check("the former rules stay, all of them", not w.told(b.encode()))

    write(rules, "watch:\n  - label: two\n    paths: [%s]\naudit:\n  exec: true\n" % b)
    process.send_signal(signal.SIGHUP)
    check("so are rules that ask for something else of audit, for they would not be in force",
          wait_until(lambda: len(sink.rules) == 3, 3) and sink.rules[2][0] == 1 and
          b"the section 'audit' has changed" in sink.rules[2][2], sink.rules[2:])

    write(rules, "watch:\n  - label: two\n    paths: [%s]\nkinds:\n  unlink: false\n" % b)
    process.send_signal(signal.SIGHUP)
    check("new rules are told", wait_until(lambda: len(sink.rules) == 4, 3) and sink.rules[3][0] == 0, sink.rules)
    before = len(w.told(a.encode()))
    os.close(os.open(a, os.O_RDONLY | os.O_NOFOLLOW))
    read(b)
    w.check_told("they hold", b.encode(), LABELS=[b"two"])
    check("and the former ones no more", len(w.told(a.encode())) == before)
    os.unlink(a)
    sequence_point(w)
    check("a kind that was switched off is not told", not [e for e in sink.events if e.kind == UNLINK and
                                                            e.fields.get(PATH) == a.encode()])
    check("and posture says so", UNLINK in sink.postures[-1][2], sink.postures[-1][2])
    check("the collector stops when told to", stop(process) == 0)
    wait_until(lambda: sink.goodbye, 3)
    check_accounts(sink)


def in_child(act):
    """With a file table of its own: where threads share it, no object is sure."""
    pid = os.fork()
    if pid == 0:
        act()
        os._exit(0)
    os.waitpid(pid, 0)


def make_as_stranger(folder, n):
    os.setresuid(STRANGER, STRANGER, STRANGER)
    for i in range(n):
        attempt(os.mkdir, "%s/by-stranger-%d" % (folder, i))


def write_many(folder, phi):
    for i in range(500):
        write(folder + "/%d" % i, "")
    write(folder + "/../build/made", "")
    write(phi + "/x", "")


def check_exclusions(program, scratch, watched=False):
    """What is left out is counted to the last event, by whomever it was left out."""
    name = "watched" if watched else "excluded"
    sink = intake.Sink(scratch + "/s-" + name)
    w = Reads(sink, scratch + "/" + name)
    build, phi = w.path(b"build").decode(), w.path(b"build/phi").decode()
    os.makedirs(phi)
    os.chmod(w.folder, 0o777)
    rules = scratch + "/" + name + ".yaml"
    write(rules, "exclude:\n  - reason: scratch\n    paths: [%s]\n  - reason: stranger\n    uid: %d\n"
          "  - reason: touch\n    exe: [/usr/bin/touch]\n    kinds: [open]\n    paths: [%s/touched]\n" %
          (build, STRANGER, w.folder.decode()))
    if watched:
        with open(rules, "a") as f:
            f.write("watch:\n  - label: phi\n    paths: [%s]\n" % phi)
    os.chmod(rules, 0o644)
    process = collector(program, scratch + "/s-" + name, "--collect", rules)
    wait_until(lambda: sink.postures)
    sequence_point(w)
    time.sleep(0.5)
    before = sink.counts[-1][1]
    in_child(lambda: write_many(build, phi))
    in_child(lambda: make_as_stranger(w.folder.decode(), 300))
    subprocess.run(["/usr/bin/touch", w.path(b"touched").decode()], check=True)
    os.mkdir(w.path(b"mine"))
    os.chmod(w.path(b"mine"), 0o777)
    stolen = in_own_mounts("mount --bind %s %s; : > %s/stolen-name" % (w.path(b"mine").decode(), build, build))
    os.unlink(build + "/made")
    stop(process)
    wait_until(lambda: sink.goodbye, 3)
    told = [e for e in sink.events if e.kind == OPEN and e.fields.get(PATH, b"").startswith(build.encode())]
    hidden = [e for e in told if e.fields[PATH].endswith(b"/stolen-name")]
    told = [e for e in told if e not in hidden]
    check("an excluded name in a stranger's namespace hides nothing (%s)" % name, len(hidden) == 1 or not stolen)
    labelled = [e for e in told if e.fields.get(LABELS)]
    check("excluded opens are not told (%s)" % name, len(told) == (1 if watched else 0) and labelled == told, told[:3])
    check("nor what an excluded user does", not [e for e in sink.events if e.kind == MKDIR and
                                                b"by-stranger" in e.fields.get(PATH, b"")])
    check("nor what an excluded program opens", not w.told(w.path(b"touched"), OPEN))
    check("a name that may lead anywhere is told", w.told((build + "/made").encode(), UNLINK))
    left_out = sink.counts[-1][1] - before
    want = 500 + 1 + 300 + 1 + (0 if watched else 1)
    check("and each is counted", left_out == want, (left_out, want))
    check_accounts(sink)


def check_exclusions_and_labels(program, scratch):
    check_exclusions(program, scratch, True)


def check_throttle(program, scratch):
    """A cgroup that makes too many file events: start, stop and an exact count; labelled data is never held back."""
    sink = intake.Sink(scratch + "/s-throttle")
    w = Reads(sink, scratch + "/throttle")
    phi, free = w.path(b"phi").decode(), w.path(b"free").decode()
    os.makedirs(phi)
    os.mkdir(free)
    rules = scratch + "/throttle.yaml"
    write(rules, "throttle:\n  events_per_second: 50\n  burst: 100\nwatch:\n  - label: phi\n    paths: [%s]\n" % phi)
    process = collector(program, scratch + "/s-throttle", "--collect", rules)
    wait_until(lambda: sink.postures)
    sequence_point(w)
    in_child(lambda: [write(free + "/%d" % i, "") for i in range(3000)] + [write(phi + "/%d" % i, "") for i in range(300)])
    check("the start is told", wait_until(lambda: [e for e in sink.events if e.kind == THROTTLE], 3))
    stop(process)
    wait_until(lambda: sink.goodbye, 3)
    throttles = [e.fields for e in sink.events if e.kind == THROTTLE]
    mine = [f for f in throttles if f[1] == throttles[0][1]] if throttles else []
    check("and the stop, with what was left out", [f[0] for f in mine] == [0, 1] and mine[1][4] > 0, throttles)
    made = [e for e in sink.events if e.kind == OPEN]
    told = [e for e in made if e.fields.get(PATH, b"").startswith(free.encode())]
    check("no more are told than may be", 100 <= len(told) < 1500, len(told))
    check("every one of labelled data is", len([e for e in made if e.fields.get(LABELS)]) == 300)
    check("what was left out is counted as filtered", sink.counts[-1][1] >= sum(f[4] for f in throttles if f[0] == 1) >=
          3000 - len(told), (sink.counts[-1], throttles, len(told)))
    check_accounts(sink)


def check_opens_counted(program, scratch):
    """10,000 writes of one file by one process, and one by another: told and counted, none twice and none left out."""
    sink = intake.Sink(scratch + "/s-repeats")
    w = Reads(sink, scratch + "/repeats")
    os.makedirs(w.folder, exist_ok=True)
    rules = scratch + "/repeats.yaml"
    write(rules, "repeats:\n  interval_s: 3600\n  kinds: [open, close]\n")
    process = collector(program, scratch + "/s-repeats", "--collect", rules)
    wait_until(lambda: sink.postures)
    sequence_point(w)
    path, n = w.folder.decode() + "/often", 10000
    script = "import os\nfor i in range(%d): os.close(os.open(%r, os.O_WRONLY | os.O_CREAT))" % (n, path)
    subprocess.run([sys.executable, "-c", script], check=True)
    subprocess.run([sys.executable, "-c", script.replace("%d" % n, "1")], check=True)
    in_child(lambda: [write(path, "x") for _ in range(50)])
    wait_until(lambda: len(w.told(path.encode(), REPEATS, REPEATED=OPEN)) >= 2, 5)
    check("the end of a process tells what it repeated", len(w.told(path.encode(), REPEATS, REPEATED=OPEN)) == 2)
    check("the collector stops when told to", stop(process) == 0)
    wait_until(lambda: sink.goodbye, 3)
    opens, repeats = w.told(path.encode(), OPEN), w.told(path.encode(), REPEATS, REPEATED=OPEN)
    counts = [e.fields[COUNT] for e in repeats]
    # The first may create the file, and so be another event than those that follow.
    check("10,000 opens, one, and 50 are as many as were made", len(opens) + sum(counts) == n + 1 + 50, (opens, counts))
    check("the first is told at once, and the others as a count", len(opens) <= 5 and counts[0] >= n - 2, (opens, counts))
    check("with the fields of the first, and their times",
          all(any(e.process == o.process and e.fields[RESULT] == o.fields[RESULT] and
                  o.boot_us <= e.fields[FIRST] <= e.fields[LAST] == e.boot_us for o in opens) for e in repeats), repeats)
    check_accounts(sink)


def check_bad_rules(program, scratch):
    write(scratch + "/bad.yaml", "watch:\n  - lable: phi\n    paths: [/x]\n")
    sink = intake.Sink(scratch + "/s-bad")
    r = subprocess.run([program, "--events-socket", scratch + "/s-bad", "--audit", "off", "--collect",
                        scratch + "/bad.yaml"], stderr=subprocess.PIPE, timeout=20)
    wait_until(lambda: sink.goodbye, 3)
    check("the host log hears why the collector does not start", sink.goodbye and len(sink.rules) == 1 and
          sink.rules[0][0] == 1 and sink.rules[0][2].endswith(b"; the collector does not start") and
          b"bad.yaml:2: unknown key 'lable'" in sink.rules[0][2] and not sink.postures, sink.rules)
    check("rules that are not understood are named, with their line, and not tried again", r.returncode == 2 and
          b"bad.yaml:2: unknown key 'lable' (did you mean 'label'?)" in r.stderr, r.stderr)
    r = subprocess.run([program, "--check", scratch + "/bad.yaml"], stderr=subprocess.PIPE, timeout=20)
    check("so does --check, beforehand", r.returncode == 1 and b"bad.yaml:2: unknown key 'lable'" in r.stderr, r.stderr)
    write(scratch + "/good.yaml", "watch:\n  - label: phi\n    paths: [/none]\n")
    r = subprocess.run([program, "--check", scratch + "/good.yaml"], capture_output=True, timeout=20)
    check("which says what good rules would do, and what has no effect", r.returncode == 0 and
          b"watch: phi: all of /none\n" in r.stdout and b"warning: watch: /none is not there now\n" in r.stderr, r)


def main():
    if os.geteuid() != 0:
        finish("not root")
    program = os.path.abspath(os.path.join(os.environ.get("BIN", "build/opt"), "swornlog-collector"))
    with tempfile.TemporaryDirectory(prefix="swornlog-reads-") as scratch:
        os.chmod(scratch, 0o755)
        scratch = os.path.realpath(scratch)
        for part in (check_reads, check_without_labels, check_reload, check_exclusions,
                     check_exclusions_and_labels, check_throttle, check_opens_counted, check_bad_rules):
            part(program, scratch)
    finish()


if __name__ == "__main__":
    main()
