#!/usr/bin/python3
"""Runs the collector against a listening sink and checks that what happens here arrives there, byte for byte.

Needs root (or the capabilities to load BPF programs). Leaves nothing behind: the programs vanish with the
process, the files with their folder. Prints one line a check; skips if it can't run here.
"""
import atexit
import ctypes
import errno
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import intake_frames as intake  # noqa: E402
from checks import check, finish, wait_until  # noqa: E402

OPEN, RENAME, UNLINK, LINK, SYMLINK, MKDIR, RMDIR, MKNOD = 32, 33, 34, 35, 36, 37, 38, 39
CHMOD, CHOWN, TRUNCATE, SETXATTR, REMOVEXATTR, IO_URING = 40, 41, 42, 43, 44, 45
PATH, RESULT, TARGET, FLAGS, MODE, DEVICE, INODE, UID, GID, NAME, MARKS, CLAIM, SIZE = range(13)
RDEV, TARGET_MARKS = 17, 15
SHA256 = 28
MARK_UNRESOLVED, MARK_CLAIM, MARK_COMPAT, MARK_ARGV = 2, 8, 16, 32
LOSS_RING_FULL, EXACT = 0, 0

def collector(program, socket, *more):
    process = subprocess.Popen([program, "--events-socket", socket, "--audit", "off", *more])
    atexit.register(process.kill)
    return process


def stop(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(10)


class World:
    """A folder in which things happen, and the events of this process in it."""

    def __init__(self, sink, folder):
        self.sink, self.folder = sink, folder.encode()

    def path(self, name):
        return self.folder + b"/" + name

    def find(self, kind, path, **fields):
        return [e for e in self.sink.events
                if e.kind == kind and e.fields.get(PATH) == path and
                all(e.fields.get(globals()[k]) == v for k, v in fields.items())]

    def expect(self, what, kind, path, **fields):
        found = wait_until(lambda: self.find(kind, path, **fields), 3)
        near = [e for e in self.sink.events if e.kind == kind][-5:]
        check(what, found, "nothing like %r %r among %r" % (path, fields, near))
        return self.find(kind, path, **fields)[-1] if found else None


def sequence_point(world):
    """When this has arrived, everything before it has."""
    name = b"point-%d" % time.monotonic_ns()
    os.mkdir(world.path(name))
    return wait_until(lambda: world.find(MKDIR, world.path(name)))


def check_files(world):
    p = world.path
    odd = p(b"new\nline \xff\xfe \"quoted\"")
    fd = os.open(odd, os.O_CREAT | os.O_WRONLY, 0o640)
    stat = os.fstat(fd)
    made = world.expect("an open that creates, with a newline and bytes that are no text in its path", OPEN, odd,
                        RESULT=fd)
    if made:
        check("its inode", made.fields[INODE] == stat.st_ino)
        check("its device", made.fields[DEVICE] == os.major(stat.st_dev) << 20 | os.minor(stat.st_dev))
        check("its mode", made.fields[MODE] == 0o640)
    os.fchmod(fd, 0o600)
    world.expect("fchmod by descriptor finds the path", CHMOD, odd, RESULT=0, MODE=0o600, INODE=stat.st_ino)
    os.ftruncate(fd, 5_000_000_000)
    world.expect("ftruncate to more than 4 GiB", TRUNCATE, odd, RESULT=0, SIZE=5_000_000_000)
    os.fchown(fd, 65534, -1)
    e = world.expect("fchown of the owner alone", CHOWN, odd, RESULT=0, UID=65534)
    check("names no group", e is not None and GID not in e.fields)
    os.close(fd)

    os.rename(odd, p(b"b"))
    world.expect("rename", RENAME, odd, RESULT=0, TARGET=p(b"b"), MARKS=MARK_CLAIM, TARGET_MARKS=MARK_CLAIM)
    os.chmod(p(b"b"), 0o4755)
    world.expect("chmod", CHMOD, p(b"b"), RESULT=0, MODE=0o4755)
    os.link(p(b"b"), p(b"c"))
    world.expect("link", LINK, p(b"b"), RESULT=0, TARGET=p(b"c"))
    os.symlink(b"../to nowhere", p(b"s"))
    world.expect("symlink and its content", SYMLINK, p(b"s"), RESULT=0, TARGET=b"../to nowhere")
    os.truncate(p(b"b"), 3)
    world.expect("truncate", TRUNCATE, p(b"b"), RESULT=0, SIZE=3)
    os.mkdir(p(b"d"), 0o711)
    world.expect("mkdir", MKDIR, p(b"d"), RESULT=0, MODE=0o711)
    os.rmdir(p(b"d"))
    world.expect("rmdir", RMDIR, p(b"d"), RESULT=0)
    os.mknod(p(b"n"), 0o020600, os.makedev(1, 3))
    world.expect("mknod of a device", MKNOD, p(b"n"), RESULT=0, RDEV=1 << 20 | 3)
    os.unlink(p(b"c"))
    world.expect("unlink", UNLINK, p(b"c"), RESULT=0)


def check_relative(world):
    p = world.path
    os.mkdir(p(b"dir"))
    dirfd = os.open(p(b"dir"), os.O_RDONLY | os.O_DIRECTORY)
    fd = os.open(b"x", os.O_CREAT | os.O_RDWR, 0o600, dir_fd=dirfd)
    world.expect("openat from a directory's descriptor", OPEN, p(b"dir/x"), RESULT=fd)
    os.close(fd)
    os.rename(b"x", b"y", src_dir_fd=dirfd, dst_dir_fd=dirfd)
    world.expect("renameat", RENAME, p(b"dir/x"), RESULT=0, TARGET=p(b"dir/y"))
    os.unlink(b"y", dir_fd=dirfd)
    world.expect("unlinkat", UNLINK, p(b"dir/y"), RESULT=0)
    os.close(dirfd)
    here = os.getcwd()
    os.chdir(world.folder)
    os.mkdir(b"from-cwd")
    os.rmdir(b"./from-cwd")
    os.chdir(here)
    world.expect("a name from the working directory", MKDIR, p(b"from-cwd"), RESULT=0)
    world.expect("stays as the caller wrote it", RMDIR, p(b"./from-cwd"), RESULT=0)


def check_xattrs(world):
    path = world.path(b"b")
    try:
        os.setxattr(path, b"user.swornlog", b"v")
        os.removexattr(path, b"user.swornlog")
    except OSError as e:
        print("skip extended attributes: %s" % e)
        return
    world.expect("setxattr and the attribute's name", SETXATTR, path, RESULT=0, NAME=b"user.swornlog")
    world.expect("removexattr", REMOVEXATTR, path, RESULT=0, NAME=b"user.swornlog")


def attempt(call, *args):
    try:
        call(*args)
    except OSError as e:
        return -e.errno
    return 0


def check_failures(world):
    p = world.path
    result = attempt(os.open, p(b"none/x"), os.O_CREAT | os.O_WRONLY)
    world.expect("an open that failed", OPEN, p(b"none/x"), RESULT=result, MARKS=MARK_CLAIM)
    result = attempt(os.unlink, p(b"missing"))
    world.expect("an unlink that failed", UNLINK, p(b"missing"), RESULT=result)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mkdirat(-9, b"relative-to-nothing", 0o700)
    e = world.expect("a name from a descriptor that is not open", MKDIR, b"relative-to-nothing",
                     RESULT=-errno.EBADF)
    check("is marked as unresolved", e is not None and e.fields.get(MARKS, 0) & MARK_UNRESOLVED, e)
    libc.unlink(ctypes.c_void_p(8))
    wait_until(lambda: any(e.kind == UNLINK and e.fields[RESULT] == -errno.EFAULT for e in world.sink.events), 3)
    check("a string that can't be read",
          any(e.kind == UNLINK and e.fields[RESULT] == -errno.EFAULT and e.fields.get(MARKS, 0) & 128
              for e in world.sink.events))
    before = len(world.sink.events)
    for _ in range(50):
        os.close(os.open("/etc/passwd", os.O_RDONLY))
    sequence_point(world)
    check("opens for reading are no events",
          not any(e.fields.get(PATH) == b"/etc/passwd" for e in world.sink.events[before:]))


def check_deep_path(world):
    here = os.getcwd()
    os.chdir(world.folder)
    parts = []
    for i in range(200):
        os.mkdir(b"%03d" % i)
        os.chdir(b"%03d" % i)
        parts.append(b"%03d" % i)
    fd = os.open(b"leaf", os.O_CREAT | os.O_WRONLY)
    os.close(fd)
    os.chdir(here)
    world.expect("a path of 200 folders", OPEN, world.path(b"/".join(parts + [b"leaf"])), RESULT=fd)


def exec_of(world, marker):
    return [e for e in world.sink.events if e.kind == intake.EXEC and marker in e.fields.get(5, [])]


def check_exec(world):
    marker = b"swornlog-%d" % time.monotonic_ns()
    arguments = [b"/bin/true", marker, b"", b"a\nb", b"\xff\xfe"] + [b"x" * 99] * 300
    total = sum(len(a) + 1 for a in arguments)
    check("the test's argument list has about 30 KiB", 30_000 < total < 32_768, total)
    child = subprocess.Popen(arguments, executable="/bin/true", cwd=world.folder.decode())
    code = child.wait()
    if not wait_until(lambda: exec_of(world, marker), 3):
        return check("an exec arrives", False)
    e = exec_of(world, marker)[0]
    check("an exec with 30 KiB of arguments is whole", e.fields[5] == arguments)
    check("its executable", e.fields[4] == os.path.realpath(b"/bin/true"), e.fields[4])
    stat = os.stat("/bin/true")
    check("its inode", e.fields[18] == stat.st_ino)
    check("the name that was given", e.fields.get(22) == b"/bin/true" or e.fields[4] == b"/bin/true", e.fields)
    check("its working directory", e.fields[6] == world.folder, e.fields[6])
    check("its pid and its parent's", (e.fields[0], e.fields[2]) == (child.pid, os.getpid()))
    check("its ids", e.fields[7] == list(os.getresuid()) + [os.geteuid()], e.fields[7])
    space = os.stat("/proc/self/ns/mnt").st_ino
    check("its mount namespace", e.fields[13][0] == space, e.fields[13])
    parents = [p for p in world.sink.events if p.self == e.parent]
    check("its parent has been described before", parents and parents[0].fields[0] == os.getpid())
    wait_until(lambda: [x for x in world.sink.events if x.kind == intake.EXIT and x.process == e.self], 3)
    exits = [x for x in world.sink.events if x.kind == intake.EXIT and x.process == e.self]
    check("its exit", len(exits) == 1 and exits[0].fields == {0: code}, exits)


def check_large_exec(world):
    marker = b"large-%d" % time.monotonic_ns()
    arguments = [b"true", marker] + [b"y" * 1000] * 100
    subprocess.run(arguments, executable="/bin/true", check=True)
    if not wait_until(lambda: exec_of(world, marker), 3):
        return check("a large exec arrives", False)
    fields = exec_of(world, marker)[0].fields
    check("100 KiB of arguments are cut, with a mark", fields.get(15, 0) & MARK_ARGV)
    check("and their whole length is told", fields.get(16) == sum(len(a) + 1 for a in arguments), fields.get(16))
    check("and what is there is true", b"\0".join(arguments).startswith(b"\0".join(fields[5])))


def check_exits(world):
    def status(script):
        marker = b"exit-%d" % time.monotonic_ns()
        subprocess.run(["/bin/sh", "-c", script, marker])
        wait_until(lambda: exec_of(world, marker), 3)
        number = exec_of(world, marker)[0].self
        wait_until(lambda: [x for x in world.sink.events if x.kind == intake.EXIT and x.process == number], 3)
        return [x.fields for x in world.sink.events if x.kind == intake.EXIT and x.process == number]
    check("an exit code", status("exit 7") == [{0: 7}])
    check("a signal", status("kill -9 $$") == [{0: 0, 1: 9}])


def check_credentials(world):
    script = "import os; os.setresuid(65534, 65534, 65534); os.mkdir(%r)" % world.path(b"as-nobody").decode()
    os.chmod(world.folder, 0o777)
    subprocess.run([sys.executable, "-c", script], check=True)
    e = world.expect("a mkdir after setuid", MKDIR, world.path(b"as-nobody"), RESULT=0)
    actors = [p for p in world.sink.events if e and p.self == e.process]
    check("its actor was described anew, as it then was", actors and actors[0].kind == intake.PROCESS and
          actors[0].fields[7] == [65534] * 4 and actors[0].fields[19] == 3 and actors[0].previous != 0, actors)


def check_threads(world):
    path = world.path(b"by-thread")
    thread = threading.Thread(target=lambda: os.mkdir(path))
    thread.start()
    thread.join()
    e = world.expect("an event of a thread", MKDIR, path, RESULT=0)
    check("names the thread", e is not None and e.fields.get(13, os.getpid()) != os.getpid())


def check_compat(world):
    """mkdir through the 32-bit entry, from a child: where there is none, it dies of a signal."""
    if os.uname().machine != "x86_64":
        return
    path = world.path(b"by-int80")
    script = """
import ctypes, mmap
low = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40, mmap.PROT_READ | mmap.PROT_WRITE)
code = mmap.mmap(-1, 4096, prot=7)
low.write(%r + bytes(1))
at = ctypes.addressof(ctypes.c_char.from_buffer(low))
code.write(b"\\x53\\xb8\\x27\\0\\0\\0\\xbb" + at.to_bytes(4, "little") + b"\\xb9\\xe8\\x01\\0\\0\\xcd\\x80\\x5b\\xc3")
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
raise SystemExit(1 if call() else 0)
""" % path
    if subprocess.run([sys.executable, "-c", script]).returncode:
        print("skip 32-bit system calls: this kernel takes none")
        return
    e = world.expect("a 32-bit system call is decoded by its own table", MKDIR, path, RESULT=0, MODE=0o750)
    check("and marked", e is not None and e.fields[MARKS] & MARK_COMPAT, e)


def check_changed_flags(world):
    """openat2() takes its flags from memory, which another process may write to before the call returns."""
    fifo, parent = world.path(b"fifo"), os.getpid()
    os.mkfifo(fifo)
    how = mmap.mmap(-1, 4096)
    how.write(struct.pack("<QQQ", os.O_WRONLY, 0, 0))
    child = os.fork()
    if child == 0:
        while not open("/proc/%d/syscall" % parent).read().startswith("437 "):
            pass
        how[0:8] = bytes(8)
        os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        signal.pause()
    libc = ctypes.CDLL(None, use_errno=True)
    at = ctypes.c_char.from_buffer(how)
    fd = libc.syscall(437, -100, ctypes.c_char_p(fifo), ctypes.byref(at), 24)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    check("the flags of an open were changed behind it", fd >= 0 and how[0:8] == bytes(8), fd)
    world.expect("what the open was for is known all the same", OPEN, fifo, RESULT=fd, FLAGS=os.O_WRONLY)
    os.close(fd)


def check_io_uring(world):
    path = world.path(b"by-io-uring")
    libc = ctypes.CDLL(None, use_errno=True)
    params = ctypes.create_string_buffer(120)
    fd = libc.syscall(425, 4, params)
    if fd < 0:
        print("skip io_uring: %s" % os.strerror(ctypes.get_errno()))
        return
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    entries, = struct.unpack_from("<I", params, 0)
    _, tail, _, _, _, _, array = struct.unpack_from("<7I", params, 40)
    ring = libc.mmap(None, array + entries * 4, 3, 0x8001, fd, 0)
    sqes = libc.mmap(None, entries * 64, 3, 0x8001, fd, 0x10000000)
    name = ctypes.create_string_buffer(path)
    # IORING_OP_MKDIRAT: opcode, directory, name, mode.
    sqe = struct.pack("<BBHiQQI", 37, 0, 0, -100, 0, ctypes.addressof(name), 0o700)
    ctypes.memmove(sqes, sqe, len(sqe))
    ctypes.c_uint32.from_address(ring + array).value = 0
    ctypes.c_uint32.from_address(ring + tail).value = 1
    submitted = libc.syscall(426, fd, 1, 1, 1, None, 0)
    os.close(fd)
    made = lambda: [e for e in world.sink.events if e.kind == IO_URING and e.fields.get(16) == 37]
    check("io_uring took the request", submitted == 1 and os.path.isdir(path), submitted)
    check("a file operation through io_uring is seen, if only as such", wait_until(made, 3))


def check_order(world):
    described = {0}
    for e in world.sink.events:
        if e.self:
            described.add(e.self)
        unknown = {e.process, e.parent, e.previous} - described
        if unknown:
            return check("every process is described before it is named", False, e)
    check("every process is described before it is named", True)


def check_rings(world):
    """Execs and file events come through two rings: what one process did arrives in its order all the same."""
    mark = len(world.sink.events)
    script = "i=0; while [ $i -lt 100 ]; do (: >r$i; exec /bin/sh -c \": >r$i\"); i=$((i + 1)); done"
    subprocess.run(["/bin/sh", "-c", script], cwd=world.folder, check=True)
    sequence_point(world)
    execs, wrong, seen = {}, [], 0
    for e in world.sink.events[mark:]:
        if e.kind == intake.EXEC:
            execs[e.self] = e.fields[5]
        elif e.kind == OPEN and e.fields.get(PATH, b"").startswith(world.path(b"r")):
            seen += 1
            by_exec = e.process in execs and execs[e.process][2].startswith(b": >r")
            if by_exec != (seen % 2 == 0):
                wrong.append((seen, e))
    check("two rings are read in the order of time", seen == 200 and not wrong, (seen, wrong[:2]))


def check_accounts(sink):
    emitted, filtered, lost, sent, marks = sink.counts[-1]
    check("emitted = filtered + lost + sent", emitted == filtered + lost + sent, sink.counts[-1])
    check("sent is what arrived", sent == len(sink.events), (sent, len(sink.events)))
    exact = sum(l[3] for l in sink.losses if l[1] == EXACT)
    check("lost is what was declared", lost == exact, (lost, exact))
    check("every CPU has its mark", len(marks) >= os.cpu_count() and sum(marks) > 0)


def check_all_kinds(program, scratch):
    sink = intake.Sink(scratch + "/s1")
    folder = scratch + "/world"
    os.mkdir(folder)
    world = World(sink, folder)
    process = collector(program, scratch + "/s1")
    if not wait_until(lambda: sink.postures):
        stop(process)
        sys.exit("the collector never connected")
    hooks = {h[0]: h[2] for h in sink.postures[0][0]}
    if hooks.get(b"sys_exit") != 1 or hooks.get(b"sched_process_exec") != 1:
        stop(process)
        finish("this kernel or user may not load the programs: %r" % hooks)
    check("posture: kernel and BTF", sink.postures[0][5].decode() == os.uname().release and sink.postures[0][6])
    wait_until(lambda: sequence_point(world), 10)
    for part in (check_files, check_relative, check_xattrs, check_failures, check_deep_path, check_exec,
                 check_large_exec, check_exits, check_credentials, check_threads, check_compat,
                 check_changed_flags, check_io_uring,
                 check_rings):
        part(world)
    check("the collector stops when told to", stop(process) == 0)
    check("and takes leave", wait_until(lambda: sink.goodbye, 3))
    hashed = [e for e in sink.events if e.kind == intake.EXEC and SHA256 in e.fields]
    check("executables have their SHA-256, or posture says that they do not",
          bool(hashed) != (b"SHA-256 of executables" in sink.postures[0][3]), sink.postures[0][3])
    check_order(world)
    check_accounts(sink)


def check_least_privilege(program, scratch):
    """As another user with four capabilities: what ran before is known all the same."""
    sink = intake.Sink(scratch + "/s5")
    folder = scratch + "/least"
    os.mkdir(folder)
    process = collector(program, scratch + "/s5", "--user", "nobody")
    world = World(sink, folder)
    wait_until(lambda: sink.postures)
    with open("/proc/%d/status" % process.pid) as status:
        lines = dict(line.rstrip("\n").split(":", 1) for line in status)
    check("the collector became nobody", lines["Uid"].split() == ["65534"] * 4, lines["Uid"])
    check("with four capabilities", bin(int(lines["CapEff"], 16)).count("1") == 4, lines["CapEff"])
    sequence_point(world)
    mine = [e for e in sink.events if e.kind == intake.PROCESS and e.fields[0] == os.getpid()]
    exe = os.path.realpath(sys.executable).encode()
    check("a process that ran before is described as found", mine and mine[0].fields[19] == 0, mine)
    check("by its executable", mine and mine[0].fields.get(4) == exe, mine)
    check("and its arguments", mine and sys.argv[0].encode() in b" ".join(mine[0].fields.get(5, [])), mine)
    space = os.stat("/proc/self/ns/mnt").st_ino
    check("and its namespaces", mine and mine[0].fields.get(13, [0])[0] == space, mine)
    stop(process)


def check_own(program, scratch):
    sink = intake.Sink(scratch + "/s2")
    own, other = scratch + "/own", scratch + "/other"
    os.mkdir(own)
    os.mkdir(other)
    process = collector(program, scratch + "/s2", "--own-dir", own)
    world = World(sink, other)
    wait_until(lambda: sink.postures)
    sequence_point(world)
    sink.tell_own_process(os.getpid())
    time.sleep(0.5)
    os.mkdir(own + "/hidden")
    os.rename(own + "/hidden", own + "/hidden2")
    os.rename(own + "/hidden2", other + "/out")
    os.mkdir(own + "/../other/climbed")
    world.expect("a rename out of the agent's folder is seen", RENAME, (own + "/hidden2").encode(), RESULT=0)
    world.expect("a path that climbs out of it is seen", MKDIR, (own + "/../other/climbed").encode(), RESULT=0)
    subprocess.run(["/bin/mkdir", own + "/by-another"], check=True)
    world.expect("another process in it is seen", MKDIR, (own + "/by-another").encode(), RESULT=0)
    stop(process)
    wait_until(lambda: sink.goodbye, 3)
    hidden = [e for e in sink.events if e.kind == MKDIR and b"/hidden" in e.fields.get(PATH, b"")]
    check("the agent's own events in it are left out", not hidden, hidden)
    # The third is the signal that stops the collector: of a process that it was told is the agent's.
    check("and counted", sink.counts[-1][1] == 3, sink.counts[-1])
    check_accounts(sink)


def check_overflow(program, scratch):
    """A ring of 64 KiB and a burst: what is lost is declared, to the last event."""
    sink = intake.Sink(scratch + "/s3")
    folder = scratch + "/flood"
    os.mkdir(folder)
    process = collector(program, scratch + "/s3", "--ring-bytes", "65536")
    world = World(sink, folder)
    wait_until(lambda: sink.postures)
    sequence_point(world)
    process.send_signal(signal.SIGSTOP)
    made = 2000
    for i in range(made):
        attempt(os.unlink, b"%s/flood-%d" % (folder.encode(), i))
    process.send_signal(signal.SIGCONT)
    sequence_point(world)
    time.sleep(0.6)
    sequence_point(world)
    stop(process)
    wait_until(lambda: sink.goodbye, 3)
    arrived = len([e for e in sink.events if e.kind == UNLINK and b"/flood-" in e.fields.get(PATH, b"")])
    lost = sum(l[3] for l in sink.losses if l[0] == LOSS_RING_FULL and l[2] == UNLINK and l[1] == EXACT)
    check("the ring overflowed", 0 < arrived < made, arrived)
    check("nothing of ours is unaccounted for", arrived + lost >= made, (arrived, lost))
    check("no gap is unexplained", not [l for l in sink.losses if l[0] == 1], sink.losses)
    check_accounts(sink)


def check_reconnect(program, scratch):
    sink = intake.Sink(scratch + "/s4")
    folder = scratch + "/again"
    os.mkdir(folder)
    process = collector(program, scratch + "/s4")
    world = World(sink, folder)
    wait_until(lambda: sink.postures)
    sequence_point(world)
    sink.connection.shutdown(2)
    time.sleep(0.1)
    mark = len(sink.events)
    os.mkdir(folder + "/later")
    check("the collector comes back", wait_until(lambda: sink.connections == 2))
    e = world.expect("what happened in between arrives", MKDIR, (folder + "/later").encode(), RESULT=0)
    again = [p for p in sink.events[mark:] if e and p.self == e.process]
    check("its process is described again", again and again[0].fields.get(19) == 4, again)
    check("posture is told again", len(sink.postures) == 2)
    stop(process)


def main():
    if os.geteuid() != 0:
        finish("not root")
    program = os.path.join(os.environ.get("BIN", "build/opt"), "swornlog-collector")
    with tempfile.TemporaryDirectory(prefix="swornlog-collect-") as scratch:
        os.chmod(scratch, 0o755)
        scratch = os.path.realpath(scratch)
        for part in (check_all_kinds, check_least_privilege, check_own, check_overflow, check_reconnect):
            part(program, scratch)
    finish()


if __name__ == "__main__":
    main()
