#!/usr/bin/python3
"""Does what changes who a process is, and more of the system than files, and looks for each of it at the
collector's end.

Needs root (or the capabilities to load BPF programs). What it changes it changes in children and namespaces of
its own. Prints one line a check; skips if it can't run here.
"""
import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import collect_test as base  # noqa: E402
import intake_frames as intake  # noqa: E402
from collect_test import check, exec_of, wait_until  # noqa: E402

CREDENTIALS, EXEC_FAILED, MOUNT, UMOUNT = 19, 20, 50, 51
PTRACE, MODULE_LOAD, MODULE_UNLOAD, BPF, TIME, SIGNAL = range(80, 86)
CONNECT, ACCEPT, BIND = 96, 97, 98
CHMOD, ATTRIBUTES = 40, 22
PATH, RESULT, TARGET, FLAGS, INODE, NAME, MARKS = 0, 1, 2, 3, 6, 9, 10
PID, SIGNAL_NUMBER = 19, 21
PROGRAM_TYPE, ATTACH_TYPE, PROGRAM, SET_TO, FAMILY, ADDRESS, PORT, UNIX_NAME = range(32, 40)
OPERATION, ARGV, OLD_UIDS, NEW_UIDS, OLD_GIDS, NEW_GIDS, ASKED, CAPABILITIES = 18, 22, 23, 24, 25, 26, 27, 28
COUNT, OPTION, ARGUMENTS = 29, 30, 31
UID, GID, GROUPS, CAPSET, PRCTL, UNSHARE, SETNS = range(7)
EXE, EXEC_MARKS, DEVICE, FILENAME, FILE, INTERPRETER, LINKER, CAPS = 4, 15, 17, 22, 23, 24, 25, 26
MARK_ARGV, MARK_DELETED, MARK_MEMORY, MARK_ENV = 32, 1024, 4096, 8192
NOBODY = 65534
X86 = os.uname().machine == "x86_64"
BPF_CALL, SETTIMEOFDAY, CLONE = (321, 164, 56) if X86 else (280, 170, 220)

libc = ctypes.CDLL(None, use_errno=True)


class World(base.World):
    def of(self, kind, pid, **fields):
        """Events of one kind whose actor has that pid, in order."""
        actors = {e.self for e in self.sink.events if e.self and e.fields[0] == pid}
        return [e for e in self.sink.events if e.kind == kind and e.process in actors and
                all(e.fields.get(globals()[k]) == v for k, v in fields.items())]

    def wants(self, what, kind, pid, **fields):
        found = wait_until(lambda: self.of(kind, pid, **fields))
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


def check_clones(world):
    pid = child("def clone(number, *rest):\n"
                "  child = libc.syscall(number, *rest)\n"
                "  if child == 0: os._exit(0)\n"
                "  assert child > 0\n"
                "  os.waitpid(child, 0)\n"
                "clone(%d, 0x04000000 | 17, 0, 0, 0, 0)\n"
                "clone(%d, 17, 0, 0, 0, 0)\n"
                "new = (ctypes.c_uint64 * 11)(0x08000000, 0, 0, 0, 17)\n"
                "clone(435, new, 88)\n" % (CLONE, CLONE))
    world.wants("clone3 into a new namespace", CREDENTIALS, pid, OPERATION=7, FLAGS=0x08000000)
    world.wants("clone into a new namespace", CREDENTIALS, pid, OPERATION=7, FLAGS=0x04000000 | 17)
    check("each once, and a plain clone is no event", len(world.of(CREDENTIALS, pid, OPERATION=7)) == 2)
    pid = child("import mmap, struct\n"
                "new = mmap.mmap(-1, 4096)\n"
                "new.write(struct.pack('5Q', 0x08000000 | 0x4000, 0, 0, 0, 17))\n"
                "at = ctypes.c_char.from_buffer(new)\n"
                "child = libc.syscall(435, ctypes.byref(at), 88)\n"
                "if child == 0:\n"
                "  new[0:8] = bytes(8)\n"
                "  os._exit(0)\n"
                "assert child > 0\n"
                "os.waitpid(child, 0)\n")
    world.wants("clone3 whose flags were changed before it returned", CREDENTIALS, pid, OPERATION=7,
                FLAGS=0x08000000)


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
    e = world.wants("an exec by descriptor", EXEC_FAILED, pid, PATH=b"/")
    check("its arguments", e.get(ARGV) == [b"dir"], e)
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
    # The strings of a new image end with the path given to exec and a pointer, at a page's end: so that the name
    # begins before the page before the last one ends, and ends behind that.
    for before in range(-2, 7):
        after = 4096 - len("/bin/true") - 1 - 8 + before
        f = exec_with(world, f"a name {before} bytes before a page's end",
                      run({"A": "", "LD_EDGE": "", "PADDING": "x" * (after - len("LD_EDGE=") - 1 - len("PADDING=") - 1)}))
        check("is found once", f.get(LINKER) == [b"LD_EDGE"], f.get(LINKER))
    many = {"V%d" % i: "x" for i in range(2000)}
    f = exec_with(world, "an exec with 2,000 variables", run({**many, "LD_LATE": ""}))
    check("is looked at to the end", not f.get(EXEC_MARKS, 0) & MARK_ENV and f.get(LINKER) == [b"LD_LATE"], f)
    many = {"V%d" % i: "x" * 128 for i in range(1000)}
    f = exec_with(world, "an exec with 128 KiB of variables", run({**many, "LD_LATE": ""}))
    check("says that it was not looked at to the end", f.get(EXEC_MARKS, 0) & MARK_ENV and LINKER not in f, f)
    names = [b"LD_%025d" % i for i in range(30)]
    f = exec_with(world, "an exec with 30 names", run({name.decode(): "" for name in names}))
    check("tells 17 and that there are more", f.get(LINKER) == names[:17] and f.get(EXEC_MARKS, 0) & MARK_ENV, f)


def check_mounts(world):
    place = world.path(b"place")
    pid = child("assert libc.unshare(0x20000) == 0\n"
                "place = sys.argv[1].encode()\n"
                "assert libc.mount(b'none', b'/', None, 0x44000, None) == 0\n"
                "os.mkdir(place)\n"
                "assert libc.mount(b'source', place, b'tmpfs', 6, b'size=64k') == 0\n"
                "os.mkdir(place + b'/root')\n"
                "assert libc.mount(place, place + b'/root', None, 0x1000, None) == 0\n"
                "libc.mount(b'x', place, b'no-such-type', 0, None)\n"
                "attr = (ctypes.c_uint64 * 4)(1, 2, 0, 0)\n"
                "assert libc.syscall(442, -100, place, 0, attr, 32) == 0\n"
                "fd = os.open(place + b'/root', os.O_RDONLY)\n"
                "assert libc.umount2(place + b'/root', 2) == 0\n"
                "os.chroot(place)\n"
                "try: os.chroot('/nowhere')\n"
                "except FileNotFoundError: pass\n", place.decode())
    e = world.wants("a mount", MOUNT, pid, PATH=place, RESULT=0, NAME=b"tmpfs")
    check("its source, type and flags", (e.get(TARGET), e.get(OPERATION), e.get(FLAGS)) == (b"source", 0, 6), e)
    check("not its options", b"size=64k" not in repr(e).encode(), e)
    e = world.wants("a bind mount", MOUNT, pid, PATH=place + b"/root", RESULT=0, FLAGS=0x1000)
    check("has a source and no type", e.get(TARGET) == place and NAME not in e, e)
    world.wants("a mount that failed", MOUNT, pid, PATH=place, RESULT=-errno.ENODEV)
    e = world.wants("mount_setattr", MOUNT, pid, OPERATION=3, PATH=place, RESULT=0)
    check("what it sets and clears", e.get(ARGUMENTS) == [1, 2, 0], e)
    world.wants("umount", UMOUNT, pid, PATH=place + b"/root", RESULT=0, FLAGS=2)
    world.wants("chroot, by the directory that it led to", MOUNT, pid, OPERATION=5, PATH=place, RESULT=0)
    world.wants("a chroot that failed", MOUNT, pid, OPERATION=5, PATH=place + b"/nowhere", RESULT=-errno.ENOENT)


def check_attributes(world):
    path = world.path(b"attributes")
    with open(path, "wb") as f:
        value = bytearray(8)
        try:
            fcntl.ioctl(f, 0x80086601, value)
        except OSError:
            pass
        result = base.attempt(fcntl.ioctl, f, 0x40086602, bytes(value))
        base.attempt(fcntl.ioctl, f, 0x541b, bytes(8))
        me = os.getpid()
        e = world.wants("setting a file's attributes", CHMOD, me, PATH=path, RESULT=result)
        check("which", e.get(ATTRIBUTES) == int.from_bytes(value[:4], sys.byteorder), e)
        extended = bytearray(28)
        try:
            fcntl.ioctl(f, 0x801c581f, extended)
        except OSError:
            pass
        extended[0] |= 0x80
        result = base.attempt(fcntl.ioctl, f, 0x401c5820, bytes(extended))
        e = world.wants("setting them in the other way", CHMOD, me, PATH=path, RESULT=result, ATTRIBUTES=0x40)
        base.sequence_point(world)
        check("other ioctls are no events", len(world.of(CHMOD, me, PATH=path)) == 2)


def check_ptrace(world):
    victim = subprocess.Popen(["/bin/sleep", "60"])
    wait_until(lambda: open("/proc/%d/comm" % victim.pid).read() == "sleep\n")
    at = int(open("/proc/%d/maps" % victim.pid).read().split("-")[0], 16)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    attached = libc.ptrace(16, victim.pid, None, None)
    os.waitpid(victim.pid, 0)
    libc.ptrace(1, victim.pid, at, None)
    libc.ptrace(4, victim.pid, at, 0x464c457f)
    libc.ptrace(17, victim.pid, None, None)
    local, remote = ctypes.create_string_buffer(4), (ctypes.c_size_t * 2)(at, 4)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(local), 4)
    read = libc.process_vm_readv(victim.pid, vector, 1, remote, 1, 0)
    handle = os.pidfd_open(victim.pid)
    taken = libc.syscall(438, handle, 0, 0)
    victim.kill()
    victim.wait()
    check("a child can be traced", (attached, read) == (0, 4), (attached, read))
    me = os.getpid()
    world.wants("ptrace attach", PTRACE, me, OPTION=16, PID=victim.pid, RESULT=0)
    world.wants("a poke", PTRACE, me, OPTION=4, PID=victim.pid)
    e = world.wants("process_vm_readv", PTRACE, me, OPERATION=1, PID=victim.pid, RESULT=4)
    world.wants("a descriptor that is taken out of it", PTRACE, me, OPERATION=3, PID=victim.pid, RESULT=taken)
    check("peeks and the like are no events",
          sorted(x.fields.get(OPTION, -1) for x in world.of(PTRACE, me)) == [-1, -1, 4, 16], world.of(PTRACE, me))
    event = world.of(PTRACE, me, OPERATION=1)[0]
    aimed = [x for x in world.sink.events if x.self and x.self == event.parent]
    check("whom it was aimed at is described", aimed and aimed[0].fields[0] == victim.pid, aimed)


def check_bpf(world):
    """A program of two instructions, attached to nothing."""
    code = struct.pack("<BBhi", 0xb7, 0, 0, 0) + struct.pack("<BBhi", 0x95, 0, 0, 0)
    program, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    attr = struct.pack("<IIQQIIQII16s", 1, 2, ctypes.addressof(program), ctypes.addressof(licence), 0, 0, 0, 0, 0,
                       b"two_lines").ljust(120, b"\0")
    fd = libc.syscall(BPF_CALL, 5, ctypes.create_string_buffer(attr), len(attr))
    check("a program loads", fd >= 0, os.strerror(ctypes.get_errno()))
    os.close(fd)
    e = world.wants("its load", BPF, os.getpid(), OPTION=5, RESULT=fd)
    check("its type and name", (e.get(PROGRAM_TYPE), e.get(PROGRAM)) == (1, b"two_lines"), e)
    pin = ctypes.create_string_buffer(b"/nowhere/pin")
    libc.syscall(BPF_CALL, 6, ctypes.create_string_buffer(struct.pack("<QI", ctypes.addressof(pin), 99)), 12)
    e = world.wants("a pin that failed", BPF, os.getpid(), OPTION=6)
    check("its path", e.get(PATH) == b"/nowhere/pin" and e.get(RESULT, 0) < 0, e)
    libc.syscall(BPF_CALL, 7, ctypes.create_string_buffer(struct.pack("<QI", ctypes.addressof(pin), 0)), 12)
    e = world.wants("a pinned object that is asked for", BPF, os.getpid(), OPTION=7)
    check("its path, too", e.get(PATH) == b"/nowhere/pin" and e.get(RESULT, 0) < 0, e)
    libc.syscall(BPF_CALL, 14, ctypes.create_string_buffer(struct.pack("<I", 0x7ffffff0).ljust(16, b"\0")), 16)
    e = world.wants("a hand on a map", BPF, os.getpid(), OPTION=14)
    check("which map", e.get(31) == [0x7ffffff0] and e.get(RESULT, 0) < 0, e)
    libc.syscall(BPF_CALL, 11, ctypes.create_string_buffer(8), 8)
    base.sequence_point(world)
    check("other commands are no events", not world.of(BPF, os.getpid(), OPTION=11))


def check_time(world):
    """Only what changes nothing: reading, and being refused."""
    timex = ctypes.create_string_buffer(208)
    state = libc.adjtimex(timex)
    struct.pack_into("<I", timex, 0, 0xa001)
    libc.adjtimex(timex)
    pid = child("os.setresuid(%d, %d, %d)\n"
                "assert libc.clock_settime(0, (ctypes.c_int64 * 2)(123, 456)) == -1\n"
                "assert libc.syscall(%d, (ctypes.c_int64 * 2)(7, 8), None) == -1\n"
                "timex = ctypes.create_string_buffer(208)\n"
                "timex[0] = 2\n"
                "assert libc.adjtimex(timex) == -1\n" % (NOBODY, NOBODY, NOBODY, SETTIMEOFDAY))
    e = world.wants("clock_settime", TIME, pid, OPERATION=0, RESULT=-errno.EPERM)
    check("which clock, and to what", (e.get(OPTION), e.get(SET_TO)) == (0, [123, 456]), e)
    e = world.wants("settimeofday", TIME, pid, OPERATION=1, RESULT=-errno.EPERM)
    check("to what", e.get(SET_TO) == [7, 8000], e)
    e = world.wants("adjtimex that sets", TIME, pid, OPERATION=2, RESULT=-errno.EPERM)
    check("its modes", e.get(ARGUMENTS) == [2], e)
    check("adjtimex that reads is no event", state >= 0 and not world.of(TIME, os.getpid()), state)


def check_signals(world, collector):
    me = os.getpid()
    os.kill(collector.pid, 0)
    e = world.wants("a signal to the collector", SIGNAL, me, OPERATION=0, PID=collector.pid)
    check("its number and result", (e.get(SIGNAL_NUMBER), e.get(RESULT)) == (0, 0), e)
    event = world.of(SIGNAL, me)[0]
    aimed = [x for x in world.sink.events if x.self and x.self == event.parent]
    check("names the collector's entry", aimed and aimed[0].fields[0] == collector.pid, aimed)
    fd = os.pidfd_open(collector.pid)
    signal.pidfd_send_signal(fd, 0)
    os.close(fd)
    world.wants("one by pidfd", SIGNAL, me, OPERATION=2, PID=collector.pid, SIGNAL_NUMBER=0)
    libc.tgkill(collector.pid, collector.pid, 0)
    world.wants("one to its thread", SIGNAL, me, OPERATION=1, PID=collector.pid, SIGNAL_NUMBER=0)
    other = subprocess.Popen(["/bin/sleep", "60"])
    other.kill()
    other.wait()
    base.sequence_point(world)
    check("signals to others are no events", len(world.of(SIGNAL, me)) == 3, world.of(SIGNAL, me))
    shipper = subprocess.Popen(["/bin/sleep", "60"])
    world.sink.tell_own_process(shipper.pid)

    def told():
        os.kill(shipper.pid, 0)
        time.sleep(0.1)
        return world.of(SIGNAL, me, PID=shipper.pid)
    check("one to a process that the sealer says is the agent's", wait_until(told))
    shipper.kill()
    shipper.wait()
    world.wants("even the last one", SIGNAL, me, PID=shipper.pid, SIGNAL_NUMBER=9)


def check_network(world):
    me = os.getpid()
    for family, address, name in ((socket.AF_INET, "127.0.0.1", "IPv4"), (socket.AF_INET6, "::1", "IPv6")):
        try:
            server = socket.socket(family)
            server.bind((address, 0))
        except OSError as e:
            print("skip %s: %s" % (name, e))
            continue
        server.listen(1)
        port = server.getsockname()[1]
        client = socket.create_connection((address, port))
        accepted, peer = server.accept()
        packed = socket.inet_pton(family, address)
        world.wants("%s: bind" % name, BIND, me, FAMILY=family, ADDRESS=packed, PORT=0, RESULT=0)
        world.wants("%s: connect" % name, CONNECT, me, FAMILY=family, ADDRESS=packed, PORT=port, RESULT=0)
        world.wants("%s: accept, by the kernel's word for the other end" % name, ACCEPT, me, FAMILY=family,
                    ADDRESS=packed, PORT=peer[1], RESULT=accepted.fileno())
        for s in (accepted, client, server):
            s.close()
    path = world.path(b"socket")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    world.wants("a bind to a path", BIND, me, FAMILY=socket.AF_UNIX, UNIX_NAME=path)
    server.close()
    base.attempt(socket.socket(socket.AF_UNIX).connect, b"\0abstract")
    world.wants("a connect to an abstract name", CONNECT, me, UNIX_NAME=b"\0abstract", RESULT=-errno.ECONNREFUSED)


def check_defaults(program, scratch):
    sink = intake.Sink(scratch + "/s2")
    process = base.collector(program, scratch + "/s2")
    wait_until(lambda: sink.postures)
    os.mkdir(scratch + "/defaults")
    world = World(sink, scratch + "/defaults")
    base.sequence_point(world)
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.close()
    base.sequence_point(world)
    base.stop(process)
    check("connections are not told of unless asked for", not [e for e in sink.events if 96 <= e.kind <= 98])
    check("and posture says so", {96, 97, 98} <= set(sink.postures[0][2]), sink.postures[0][2])
    check("and nothing else of this", not {19, 20, 50, 51, 80, 81, 82, 83, 84, 85} & set(sink.postures[0][2]))


PARTS = (check_ids, check_capabilities, check_namespaces, check_clones, check_failed_execs, check_executables, check_environment,
         check_mounts, check_attributes, check_ptrace, check_bpf, check_time, check_network)


def main():
    if os.geteuid() != 0:
        base.finish("not root")
    program = os.path.join(os.environ.get("BIN", "build/opt"), "swornlog-collector")
    with tempfile.TemporaryDirectory(prefix="swornlog-system-") as scratch:
        os.chmod(scratch, 0o755)
        scratch = os.path.realpath(scratch)
        os.mkdir(scratch + "/world")
        sink = intake.Sink(scratch + "/s")
        with open(scratch + "/collect.yaml", "w") as rules:
            rules.write("kinds: {connect: true, accept: true, bind: true}\n")
        process = base.collector(program, scratch + "/s", "--collect", scratch + "/collect.yaml")
        wait_until(lambda: sink.postures)
        if not sink.postures or {h[0]: h[2] for h in sink.postures[0][0]}.get(b"sys_exit") != 1:
            base.stop(process)
            base.finish("this kernel or user may not load the programs")
        world = World(sink, scratch + "/world")
        wait_until(lambda: base.sequence_point(world), 10)
        for part in PARTS:
            part(world)
        check_signals(world, process)
        check("the collector stops when told to", base.stop(process) == 0)
        check("and takes leave", wait_until(lambda: sink.goodbye, 3))
        base.check_order(world)
        base.check_accounts(sink)
        check("nothing was malformed", not [l for l in sink.losses if l[0] == 11], sink.losses)
        check_defaults(program, scratch)
    base.finish()


if __name__ == "__main__":
    main()
