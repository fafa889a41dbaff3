/* The entry: one event's exact bytes, a leaf of a host log (docs/format.md, "Entry").
 *
 * entry = salt[16] || body; body = CBOR [kind, time, sensors, process, { field: value, ... }].
 */
#ifndef SWORNLOG_EVIDENCE_ENTRY_H
#define SWORNLOG_EVIDENCE_ENTRY_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define ENTRY_MAX_BYTES  65535
#define ENTRY_SALT_BYTES 16
#define ENTRY_BODY_MAX   (ENTRY_MAX_BYTES - ENTRY_SALT_BYTES)

/* Kinds from 16 on are events (or describe processes); below are the log's own. Numbers are never given
 * twice. */
enum entry_kind {
	KIND_CIPHERTEXT = 1, /* reserved: a body encrypted for its readers */
	KIND_SEAL = 2,
	KIND_EPOCH = 3,
	KIND_POSTURE = 4,
	KIND_HEARTBEAT = 5,
	KIND_LOSS = 6,
	KIND_GOODBYE = 7,
	KIND_AGENT = 8,
	KIND_KEY = 9,

	KIND_PROCESS = 16, /* a process described without an exec having been seen */
	KIND_EXEC = 17,
	KIND_EXIT = 18,
	KIND_CREDENTIALS = 19, /* a process changed who it is, or asked to */
	KIND_EXEC_FAILED = 20,

	KIND_OPEN = 32, /* for writing, or creating */
	KIND_RENAME = 33,
	KIND_UNLINK = 34,
	KIND_LINK = 35,
	KIND_SYMLINK = 36,
	KIND_MKDIR = 37,
	KIND_RMDIR = 38,
	KIND_MKNOD = 39,
	KIND_CHMOD = 40,
	KIND_CHOWN = 41,
	KIND_TRUNCATE = 42,
	KIND_SETXATTR = 43,
	KIND_REMOVEXATTR = 44,
	KIND_IO_URING = 45,
	KIND_READ = 46,  /* labelled data was opened, or refused, for reading */
	KIND_MMAP = 47,  /* labelled data was mapped into memory */
	KIND_CLOSE = 48, /* of a file that was open for writing */

	KIND_MOUNT = 50, /* mounts made, moved or changed; another root directory */
	KIND_UMOUNT = 51,

	KIND_AUDIT_LOGIN = 64,   /* authentication, session, login, credentials */
	KIND_AUDIT_ACCOUNT = 65, /* users and groups changed */
	KIND_AUDIT_CONFIG = 66,  /* the audit system's own configuration */
	KIND_AUDIT_ANOMALY = 67,
	KIND_AUDIT_OTHER = 68,

	KIND_PTRACE = 80, /* another process looked into or changed */
	KIND_MODULE_LOAD = 81,
	KIND_MODULE_UNLOAD = 82,
	KIND_BPF = 83,
	KIND_TIME = 84,
	KIND_SIGNAL = 85, /* aimed at the agent */

	KIND_CONNECT = 96,
	KIND_ACCEPT = 97,
	KIND_BIND = 98,

	KIND_SENSOR = 112,       /* a change at a sensor, its configuration or our programs */
	KIND_DISAGREEMENT = 113, /* seen by one sensor only, where two should have */
	KIND_THROTTLE = 114,     /* a cgroup makes more file events than it may, or no more */
	KIND_REPEATS = 115,      /* file events like one that was told, counted */
	KIND_CONFIRMATION = 116, /* an event that one sensor told of was seen by a second one too */
};

#define ENTRY_FIRST_EVENT_KIND KIND_PROCESS

/* Who reported it: one bit a sensor, so that an event seen by two names both. */
enum entry_sensor {
	SENSOR_AGENT = 1 << 0,
	SENSOR_BPF_TRACEPOINT = 1 << 1,
	SENSOR_BPF_FENTRY = 1 << 2,
	SENSOR_BPF_LSM = 1 << 3,
	SENSOR_AUDIT = 1 << 4,
	SENSOR_PROC = 1 << 5, /* read from /proc, after the fact */
};

/* Field keys of file events (kinds 32 to 48), and of KIND_REPEATS. */
enum file_field {
	FILE_PATH = 0,   /* bytes */
	FILE_RESULT = 1, /* what the system call returned: >= 0, or -errno */
	FILE_TARGET = 2, /* bytes: the new name of rename and link, the content of a symlink */
	FILE_FLAGS = 3,  /* open flags; rename flags; unlinkat flags */
	FILE_MODE = 4,   /* permission and type bits */
	FILE_DEVICE = 5, /* s_dev of the object, as the kernel holds it (major << 20 | minor) */
	FILE_INODE = 6,
	FILE_UID = 7, /* chown: the new owner */
	FILE_GID = 8,
	FILE_NAME = 9,     /* bytes: xattr name */
	FILE_MARKS = 10,   /* enum entry_mark bits; absent = none */
	FILE_CLAIM = 11,   /* bytes: the string that the caller passed, where the object is unsure */
	FILE_SIZE = 12,    /* truncate: the new size */
	FILE_TID = 13,     /* thread, where it is not the thread group's leader */
	FILE_SYSCALL = 14, /* system call number, where the kind has several; 32-bit numbers with
	                      ENTRY_MARK_COMPAT */
	FILE_TARGET_MARKS = 15,
	FILE_OPCODE = 16, /* io_uring opcode */
	FILE_RDEV = 17,   /* mknod: the device that was made */
	FILE_LABELS = 18, /* [bytes]: what the rules call this data */
	FILE_COUNT = 19,  /* of further ones like the one that was told before; with the next two */
	FILE_FIRST = 20,  /* boot time in us of the first of these */
	FILE_LAST = 21,
	FILE_ATTRIBUTES = 22, /* chattr: FS_*_FL, all of them as they are now to be */
	FILE_REPEATED = 23,   /* KIND_REPEATS: kind of the events */
};

/* Field keys of KIND_PROCESS and KIND_EXEC. */
enum process_field {
	PROCESS_PID = 0,
	PROCESS_START = 1, /* boot time in us at which the process was forked */
	PROCESS_PARENT_PID = 2,
	PROCESS_PARENT = 3, /* leaf index of the parent's process entry; absent if it has none. Put in by the
	                       sealer. */
	PROCESS_EXE = 4,    /* bytes: the executable's path */
	PROCESS_ARGV = 5,   /* array of bytes */
	PROCESS_CWD = 6,    /* bytes */
	PROCESS_UIDS = 7,   /* [real, effective, saved, fs] */
	PROCESS_GIDS = 8,   /* [real, effective, saved, fs] */
	PROCESS_LOGINUID = 9,    /* absent if not set */
	PROCESS_SESSION = 10,    /* audit session; absent if not set */
	PROCESS_TTY = 11,        /* bytes: name, absent if none */
	PROCESS_CGROUP = 12,     /* cgroup v2 id */
	PROCESS_NAMESPACES = 13, /* [mnt, pid, net, user, uts, ipc, cgroup] inode numbers */
	PROCESS_COMM = 14,       /* bytes, up to 15 */
	PROCESS_MARKS = 15,      /* enum entry_mark bits; absent = none */
	PROCESS_ARGV_BYTES =
	        16,          /* length of all arguments before truncation, with ENTRY_MARK_ARGV_TRUNCATED */
	PROCESS_DEVICE = 17, /* of the executable */
	PROCESS_INODE = 18,
	PROCESS_CAUSE = 19, /* enum process_cause, KIND_PROCESS only */
	PROCESS_TID = 20,
	PROCESS_PREVIOUS =
	        21, /* leaf index of this process's entry before this exec or change. Put in by the sealer. */
	PROCESS_FILENAME =
	        22,        /* bytes: the name given to exec, where it differs from the executable's path */
	PROCESS_FILE = 23, /* [owner, group, mode, links] of the executable */
	PROCESS_INTERPRETER = 24,  /* bytes: as a script names it, where one was run */
	PROCESS_LINKER_NAMES = 25, /* array of bytes: the names in the environment that begin with "LD_" */
	PROCESS_CAPABILITIES = 26, /* effective, a bit each */
	PROCESS_CONTAINER = 27,    /* bytes: id, from the cgroup's path */
	PROCESS_SHA256 = 28,       /* KIND_EXEC, 32 bytes: of the executable */
	PROCESS_AUDIT_SERIAL = 30, /* KIND_EXEC: of the audit event that tells of it too */
};

/* Field keys of the kinds 19 and 20, and of all from 50 to 63 and from 80 to 111. Those below 18 mean what
 * they mean in file events: path, result, second path, flags, device, inode, name, marks, thread, call. */
enum system_field {
	SYSTEM_OPERATION = 18, /* which of a kind's acts: one of the enums below */
	SYSTEM_PID = 19,       /* of the process that it was aimed at */
	SYSTEM_TARGET = 20,    /* leaf index of that process's entry. Put in by the sealer. */
	SYSTEM_SIGNAL = 21,
	SYSTEM_ARGV = 22,     /* array of bytes */
	SYSTEM_OLD_UIDS = 23, /* [real, effective, saved, fs] before, where that is known */
	SYSTEM_NEW_UIDS = 24, /* and after */
	SYSTEM_OLD_GIDS = 25,
	SYSTEM_NEW_GIDS = 26,
	SYSTEM_ASKED = 27,        /* array of ids as asked for; -1: leave as it is */
	SYSTEM_CAPABILITIES = 28, /* [effective, permitted, inheritable] as asked for */
	SYSTEM_COUNT = 29,        /* setgroups: how many, also where the list was cut; init_module: bytes */
	SYSTEM_OPTION = 30,       /* prctl option, ptrace request, bpf command, clock */
	SYSTEM_ARGUMENTS = 31, /* array: prctl's next two; what mount_setattr sets and clears, propagation */
	SYSTEM_PROGRAM_TYPE = 32, /* of a BPF program */
	SYSTEM_ATTACH_TYPE = 33,
	SYSTEM_PROGRAM = 34, /* bytes: its name */
	SYSTEM_TIME = 35,    /* [seconds, nanoseconds] that the clock was set to */
	SYSTEM_FAMILY = 36,  /* of an address */
	SYSTEM_ADDRESS = 37, /* bytes: 4 or 16 */
	SYSTEM_PORT = 38,
	SYSTEM_UNIX_NAME = 39, /* bytes: a path, or a name that begins with NUL */
};

enum mount_operation {
	MOUNT_MOUNT = 0,
	MOUNT_MOVE = 1,
	MOUNT_FSMOUNT = 2, /* made, but not yet in any place */
	MOUNT_SETATTR = 3,
	MOUNT_PIVOT_ROOT = 4,
	MOUNT_CHROOT = 5,
};

enum ptrace_operation {
	PTRACE_REQUEST = 0,
	PTRACE_READ_MEMORY = 1,
	PTRACE_WRITE_MEMORY = 2,
	PTRACE_TAKE_DESCRIPTOR = 3,
};

enum module_operation { MODULE_FROM_MEMORY = 0, MODULE_FROM_FILE = 1 };

enum time_operation { TIME_CLOCK = 0, TIME_OF_DAY = 1, TIME_ADJUST = 2 };

enum signal_operation { SIGNAL_PROCESS = 0, SIGNAL_THREAD = 1, SIGNAL_PIDFD = 2 };

enum credentials_operation {
	CREDENTIALS_UID = 0, /* set*uid() */
	CREDENTIALS_GID = 1,
	CREDENTIALS_GROUPS = 2,
	CREDENTIALS_CAPABILITIES = 3,
	CREDENTIALS_PRCTL = 4,
	CREDENTIALS_UNSHARE = 5, /* new namespaces of its own */
	CREDENTIALS_SETNS = 6,   /* joined one */
	CREDENTIALS_CLONE = 7,   /* a child with new ones */
};

enum process_cause {
	PROCESS_CAUSE_FOUND = 0,    /* was running when the collector started */
	PROCESS_CAUSE_FORK = 1,     /* forked; has not executed anything */
	PROCESS_CAUSE_UNKNOWN = 2,  /* provisional: an event came from a process never seen before */
	PROCESS_CAUSE_CHANGED = 3,  /* its credentials or session changed */
	PROCESS_CAUSE_REPEATED = 4, /* described again: a new epoch, a day gone by, an entry that was lost */
};

/* Field keys of KIND_EXIT. */
enum exit_field {
	EXIT_CODE = 0,
	EXIT_SIGNAL = 1, /* absent if none */
	EXIT_CORE = 2,   /* true if a core was dumped; absent otherwise */
};

/* Field keys of the audit kinds (64 to 68). */
enum audit_field {
	AUDIT_TYPE = 0, /* number of the first audit record's type */
	AUDIT_SERIAL = 1,
	AUDIT_TIME = 2,    /* wall time in ms, the kernel's */
	AUDIT_RECORDS = 3, /* [[type, text bytes], ...], byte for byte as the kernel gave them */
	AUDIT_PID = 4,
	AUDIT_UID = 5,
	AUDIT_LOGINUID = 6,  /* absent if not set */
	AUDIT_SESSION = 7,   /* absent if not set */
	AUDIT_OP = 8,        /* bytes */
	AUDIT_ACCOUNT = 9,   /* bytes: decoded account name */
	AUDIT_EXE = 10,      /* bytes */
	AUDIT_HOSTNAME = 11, /* bytes */
	AUDIT_ADDRESS = 12,  /* bytes */
	AUDIT_TERMINAL = 13, /* bytes */
	AUDIT_SUCCESS = 14,  /* bool */
	AUDIT_MARKS = 15,    /* enum entry_mark bits */
};

/* Marks on what is unsure; each is a bit. */
enum entry_mark {
	ENTRY_MARK_TRUNCATED = 1 << 0, /* the path was cut at its front */
	ENTRY_MARK_UNRESOLVED =
	        1 << 1, /* no kernel object: the path is the caller's string, made absolute as far as known */
	ENTRY_MARK_UNSURE = 1 << 2, /* a shared file table: another thread may have swapped the object */
	ENTRY_MARK_CLAIM = 1 << 3,  /* base directory from the kernel, the rest is the caller's string */
	ENTRY_MARK_COMPAT = 1 << 4, /* a 32-bit system call */
	ENTRY_MARK_ARGV_TRUNCATED = 1 << 5,
	ENTRY_MARK_STRING_TRUNCATED = 1 << 6, /* a caller's string was cut at its end */
	ENTRY_MARK_FAULT = 1 << 7,            /* memory could not be read: the value is empty or partial */
	ENTRY_MARK_INCOMPLETE = 1 << 8,       /* audit: the event's end was not seen in time */
	ENTRY_MARK_MALFORMED = 1 << 9, /* audit: the text could not be parsed; the raw record is whole */
	ENTRY_MARK_DELETED = 1 << 10,  /* the object had no name left */
	ENTRY_MARK_DETACHED = 1 << 11, /* the path begins at a mount outside the caller's mount namespace */
	ENTRY_MARK_MEMORY = 1 << 12,   /* the executable is a file in memory that no folder holds (memfd) */
	ENTRY_MARK_ENV_TRUNCATED = 1 << 13, /* the environment was not looked at to its end */
	ENTRY_MARK_BY_OBJECT = 1 << 14,     /* a label is the object's, which it had under another name */
	ENTRY_MARK_REDACTED = 1 << 15, /* what reads "[redacted:" stands for something that was taken out */
	ENTRY_MARK_PIDS = 1 << 16, /* the pid is one of the caller's own pid namespace, not the initial one */
};

/* Field keys of KIND_THROTTLE. */
enum throttle_field {
	THROTTLE_WHAT = 0, /* enum throttle_what */
	THROTTLE_CGROUP = 1,
	THROTTLE_RATE = 2, /* events a second that it may make */
	THROTTLE_BURST = 3,
	THROTTLE_COUNT = 4, /* left out until it stopped */
	THROTTLE_SINCE = 5, /* boot time in us of the start */
};

enum throttle_what { THROTTLE_STARTED = 0, THROTTLE_STOPPED = 1 };

/* Field keys of KIND_LOSS. */
enum loss_field {
	LOSS_REASON = 0,    /* enum loss_reason */
	LOSS_COUNT = 1,     /* events; absent when unknown */
	LOSS_EXACTNESS = 2, /* enum exactness */
	LOSS_KIND = 3,      /* enum entry_kind; absent: any */
	LOSS_SINCE = 4,     /* boot time in us from which on; absent: unknown */
	LOSS_DETAIL = 5,    /* bytes: ASCII words for a person */
};

enum exactness { EXACT = 0, LOWER_BOUND = 1, UPPER_BOUND = 2, UNKNOWN = 3 };

enum loss_reason {
	LOSS_RING_FULL = 0, /* a BPF ring had no room */
	LOSS_RING_GAP = 1,  /* sequence numbers missing from a ring, dropped by nobody that we know */
	LOSS_PIPE_FULL = 2, /* collector to sealer */
	LOSS_SPOOL_FULL = 3,
	LOSS_AUDIT_BACKLOG = 4, /* the kernel's `lost` counter */
	LOSS_AUDIT_SOCKET = 5,  /* ENOBUFS, or the socket's drop counter */
	LOSS_AUDIT_SERIAL = 6,  /* serial numbers missing */
	LOSS_AUDIT_INCOMPLETE = 7,
	LOSS_COLLECTOR_DOWN = 8,  /* the collector was not running */
	LOSS_SEALER_DOWN = 9,     /* the sealer was not running */
	LOSS_TOO_LARGE = 10,      /* an event that can't be encoded within limits */
	LOSS_MALFORMED = 11,      /* a record that could not be understood and is not kept */
	LOSS_KERNEL_SKIPPED = 12, /* recursion_misses */
	LOSS_ACCOUNTING = 13,     /* the collector's count and the sealer's disagree */
};

/* Names for people and JSON: "exec", "audit_login"; NULL when unknown. */
const char *entry_kind_name(uint64_t kind);
const char *loss_reason_name(uint64_t reason);
const char *exactness_name(uint64_t exactness);
/* True for kinds that are sealed at once: logins, accounts, audit configuration, the agent itself. */
bool entry_kind_critical(uint64_t kind);
/* True for kinds of events that are aimed at a process: SYSTEM_TARGET. */
bool entry_kind_aims(uint64_t kind);
/* The same for an event of which the fields are at hand: of KIND_CREDENTIALS, those that make a process
 * root's. */
bool entry_critical(uint64_t kind, struct span fields);

#define ENTRY_NO_PROCESS UINT64_MAX

/* The body's outer array, its fields left unparsed. */
struct entry {
	uint64_t kind;
	int64_t time_us; /* from the clock base in the batch's seal entry */
	uint64_t sensors;
	uint64_t process;   /* leaf index of the actor's process entry; ENTRY_NO_PROCESS if null */
	struct span fields; /* the map, points into the body */
};

/* Append a body. `fields` is one deterministic CBOR map. */
void entry_put_body(struct buf *b, const struct entry *e);
/* Parse a body (without salt), checking every byte of it, nested fields too. 0 or -EBADMSG; *ret untouched
 * then. */
must_check int entry_parse_body(struct span body, struct entry *ret);

#endif
