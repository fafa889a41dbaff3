#!/usr/bin/python3
"""Does what changes who a process is, and more of the system than files, and looks for each of it at the
collector's end.

Needs root (or the capabilities to load BPF programs). What it changes it changes in children and namespaces of
its own. Prints one line a check; skips if it can't run here.
"""
import ctypes
import errno
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import collect_test as base  # noqa: E402
import intake_frames as intake  # noqa: E402
from collect_test import check, exec_of, wait_until  # noqa: E402

CREDENTIALS, EXEC_FAILED = 19, 20
PATH, RESULT, FLAGS, INODE, MARKS = 0, 1, 3, 6, 10
OPERATION, ARGV, OLD_UIDS, NEW_UIDS, OLD_GIDS, NEW_GIDS, ASKED, CAPABILITIES = 18, 22, 23, 24, 25, 26, 27, 28
COUNT, OPTION, ARGUMENTS = 29, 30, 31
UID, GID, GROUPS, CAPSET, PRCTL, UNSHARE, SETNS = range(7)
EXE, EXEC_MARKS, DEVICE, FILENAME, FILE, INTERPRETER, LINKER, CAPS = 4, 15, 17, 22, 23, 24, 25, 26
MARK_ARGV, MARK_DELETED, MARK_MEMORY, MARK_ENV = 32, 1024, 4096, 8192
NOBODY = 65534

libc = ctypes.CDLL(None, use_errno=True)


class World(base.World):
    def of(self, kind, pid, **fields):
        """Events of one kind whose actor has that pid, in order."""
        actors = {e.self for e in self.sink.events if e.self and e.fields[0] == pid}
        return [e for e in self.sink.events if e.kind == kind and e.process in actors and
                all(e.fields.get(globals()[k]) == v for k, v in fields.items())]

    def wants(self, what, kind, pid, **fields):
        found = wait_until(lambda: self.of(kind, pid, **fields), 3)
        check(what, found, "nothing like %r among %r" % (fields, self.of(kind, pid)))
        return self.of(kind, pid, **fields)[0].fields if found else {}


def child(script, *arguments):
    """Runs a script in a Python of its own; returns its pid when it is done."""
    process = subprocess.Popen([sys.executable, "-c", "import ctypes, os, socket, sys\n"
                                "libc = ctypes.CDLL(None, use_errno=True)\n" + script, *arguments])
    if process.wait():
        check("the child succeeds", False, script)
    return process.pid


def check_ids(world):
    pid = child("os.mkdir(sys.argv[1])\n"
                "os.setgroups([4, 0, 999])\n"
                "os.setresgid(-1, %d, -1)\n"
                "os.setreuid(-1, %d)\n"
                "try: os.setresgid(7, 8, 9)\n"
                "except PermissionError: pass\n" % (NOBODY, NOBODY), world.path(b"before").decode())
    e = world.wants("setgroups, with its list", CREDENTIALS, pid, OPERATION=GROUPS)
    check("its list and its length", (e.get(ASKED), e.get(COUNT)) == ([4, 0, 999], 3), e)
    e = world.wants("setresgid", CREDENTIALS, pid, OPERATION=GID, RESULT=0)
    check("its ids before, after and as asked",
          (e.get(OLD_GIDS), e.get(NEW_GIDS), e.get(ASKED)) ==
          ([0] * 4, [0, NOBODY, 0, NOBODY], [-1, NOBODY, -1]), e)
    e = world.wants("setreuid", CREDENTIALS, pid, OPERATION=UID, RESULT=0)
    check("its ids before, after and as asked",
          (e.get(OLD_UIDS), e.get(NEW_UIDS), e.get(ASKED)) ==
          ([0] * 4, [0, NOBODY, NOBODY, NOBODY], [-1, NOBODY]), e)
    e = world.wants("one that is refused", CREDENTIALS, pid, OPERATION=GID, RESULT=-errno.EPERM)
    check("tells what was asked for", e.get(ASKED) == [7, 8, 9], e)
    actors = [e.process for e in world.of(CREDENTIALS, pid, OPERATION=UID)]
    before = [e for e in world.sink.events if e.self and e.self == actors[0]]
    check("its actor is the process as it was", before and before[0].fields[7][1] == 0, before)


def check_capabilities(world):
    pid = child("header = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
                "caps = (ctypes.c_uint32 * 6)(3, 7, 1, 0, 1 << 8, 0)\n"
                "assert libc.capset(header, caps) == 0\n"
                "libc.prctl(38, 1, 0, 0, 0)\n"
                "libc.prctl(15, b'name', 0, 0, 0)\n")
    e = world.wants("capset", CREDENTIALS, pid, OPERATION=CAPSET, RESULT=0)
    check("its three sets", e.get(CAPABILITIES) == [3, 7 | 1 << 40, 1], e)
    e = world.wants("no_new_privs", CREDENTIALS, pid, OPERATION=PRCTL, RESULT=0)
    check("its option and arguments", (e.get(OPTION), e.get(ARGUMENTS)) == (38, [1, 0]), e)
    check("other uses of prctl are no events", len(world.of(CREDENTIALS, pid, OPERATION=PRCTL)) == 1)


def check_namespaces(world):
    pid = child("fd = os.open('/proc/self/ns/uts', os.O_RDONLY)\n"
                "assert libc.unshare(0x04000000) == 0\n"
                "assert libc.setns(fd, 0) == 0\n")
    world.wants("unshare", CREDENTIALS, pid, OPERATION=UNSHARE, RESULT=0, FLAGS=0x04000000)
    e = world.wants("setns", CREDENTIALS, pid, OPERATION=SETNS, RESULT=0)
    check("names the namespace", e.get(INODE) == os.stat("/proc/self/ns/uts").st_ino, e)


def check_failed_execs(world):
    plain = world.path(b"not-executable")
    open(plain, "wb").close()
    pid = child("os.chdir(os.path.dirname(sys.argv[1]))\n"
                "for name in ('./missing', sys.argv[1]):\n"
                "  try: os.execv(name, ['zero', '', 'two words'] + ['x' * 300] * 20)\n"
                "  except OSError: pass\n"
                "try: os.execve(os.open('/', os.O_RDONLY), ['dir'], {})\n"
                "except OSError: pass\n", plain.decode())
    e = world.wants("an exec of what is not there", EXEC_FAILED, pid, RESULT=-errno.ENOENT)
    check("its path", e.get(PATH) == world.path(b"./missing"), e)
    check("its arguments, up to the sixteenth", e.get(ARGV) == [b"zero", b"", b"two words"] + [b"x" * 255] * 13, e)
    check("and that they were cut", e.get(MARKS, 0) & MARK_ARGV, e)
    e = world.wants("an exec of what may not be run", EXEC_FAILED, pid, PATH=plain)
    check("its result", e.get(RESULT) == -errno.EACCES, e)
    found = [e for e in world.of(EXEC_FAILED, pid) if e.fields.get(PATH) == b"/"]
    check("an exec by descriptor", found and found[0].fields[ARGV] == [b"dir"], world.of(EXEC_FAILED, pid))
    check("the exec that succeeded is none of them", len(world.of(EXEC_FAILED, pid)) == 3)


def exec_with(world, what, run):
    marker = b"details-%d" % time.monotonic_ns()
    run(marker)
    found = wait_until(lambda: exec_of(world, marker), 3)
    check(what, found)
    return exec_of(world, marker)[-1].fields if found else {}


def check_executables(world):
    stat = os.stat("/bin/true")
    f = exec_with(world, "an exec", lambda m: subprocess.run([b"/bin/true", m], check=True))
    check("its file's owner, mode and links", f.get(FILE) == [stat.st_uid, stat.st_gid, stat.st_mode, stat.st_nlink],
          f.get(FILE))
    check("its capabilities are root's", f.get(CAPS, 0) & 0xff == 0xff, f.get(CAPS))
    check("no script, no interpreter", INTERPRETER not in f and LINKER not in f, f)

    copy = world.path(b"setuid-copy")
    subprocess.run([b"cp", b"/bin/true", copy], check=True)
    os.link(copy, copy + b"-2")
    os.chown(copy, 12, 34)
    os.chmod(copy, 0o4755)
    f = exec_with(world, "a setuid executable", lambda m: subprocess.run([copy, m], check=True))
    check("is told as what it is", f.get(FILE) == [12, 34, 0o104755, 2], f.get(FILE))

    script = world.path(b"script")
    with open(script, "wb") as out:
        out.write(b"#!/bin/sh -e\nexit 0\n")
    os.chmod(script, 0o755)
    f = exec_with(world, "a script", lambda m: subprocess.run([script, m], check=True))
    check("the script, its interpreter and what runs",
          (f.get(FILENAME), f.get(INTERPRETER), f.get(EXE)) ==
          (script, b"/bin/sh", os.path.realpath(b"/bin/sh")), f)

    def from_memory(marker):
        fd = os.memfd_create("payload")
        with open("/bin/true", "rb") as source:
            os.write(fd, source.read())
        if os.fork() == 0:
            os.execve(fd, [b"memory", marker], {})
        os.wait()
    f = exec_with(world, "an executable in memory", from_memory)
    check("is marked as such", f.get(EXEC_MARKS, 0) & MARK_MEMORY and f.get(FILE, [1] * 4)[3] == 0, f)

    def deleted(marker):
        fd = os.open(copy, os.O_RDONLY)
        os.unlink(copy)
        os.unlink(copy + b"-2")
        if os.fork() == 0:
            os.execve(fd, [b"gone", marker], {})
        os.wait()
    f = exec_with(world, "an executable that was deleted", deleted)
    check("is marked as such", f.get(EXEC_MARKS, 0) & MARK_DELETED and not f.get(EXEC_MARKS, 0) & MARK_MEMORY, f)


def check_environment(world):
    def run(environment):
        return lambda m: subprocess.run([b"/bin/true", m], env=environment, check=True)
    secret = "/planted-value"
    f = exec_with(world, "an exec with LD_ variables", run({"A": "LD_A", "LD_BIND_NOW": secret, "XLD_B": "",
                                                            "LD_LIBRARY_PATH": secret, "LD_": ""}))
    check("their names", f.get(LINKER) == [b"LD_BIND_NOW", b"LD_LIBRARY_PATH", b"LD_"], f.get(LINKER))
    check("and no values", secret.encode() not in repr(f).encode(), f)
    # A string longer than what is read at once, whose second part would look like such a name.
    f = exec_with(world, "an exec with a long variable", run({"LONG": "x" * 4090 + "LD_FAKE=1", "LD_AFTER": ""}))
    check("of a long value nothing is taken for a name", f.get(LINKER) == [b"LD_AFTER"], f.get(LINKER))
    many = {"V%d" % i: "x" for i in range(2000)}
    f = exec_with(world, "an exec with 2,000 variables", run({**many, "LD_LATE": ""}))
    check("says that it was not looked at to the end", f.get(EXEC_MARKS, 0) & MARK_ENV and LINKER not in f, f)
    names = [b"LD_%025d" % i for i in range(30)]
    f = exec_with(world, "an exec with 30 names", run({name.decode(): "" for name in names}))
    check("tells 17 and that there are more", f.get(LINKER) == names[:17] and f.get(EXEC_MARKS, 0) & MARK_ENV, f)


PARTS = (check_ids, check_capabilities, check_namespaces, check_failed_execs, check_executables, check_environment)


def main():
    if os.geteuid() != 0:
        base.finish("not root")
    program = os.path.join(os.environ.get("BIN", "build/opt"), "swornlog-collector")
    with tempfile.TemporaryDirectory(prefix="swornlog-system-") as scratch:
        os.chmod(scratch, 0o755)
        scratch = os.path.realpath(scratch)
        os.mkdir(scratch + "/world")
        sink = intake.Sink(scratch + "/s")
        process = base.collector(program, scratch + "/s")
        wait_until(lambda: sink.postures)
        if not sink.postures or {h[0]: h[2] for h in sink.postures[0][0]}.get(b"sys_exit") != 1:
            base.stop(process)
            base.finish("this kernel or user may not load the programs")
        world = World(sink, scratch + "/world")
        wait_until(lambda: base.sequence_point(world), 10)
        for part in PARTS:
            part(world)
        check("the collector stops when told to", base.stop(process) == 0)
        check("and takes leave", wait_until(lambda: sink.goodbye, 3))
        base.check_order(world)
        base.check_accounts(sink)
        check("nothing was malformed", not [l for l in sink.losses if l[0] == 11], sink.losses)
    base.finish()


if __name__ == "__main__":
    main()
