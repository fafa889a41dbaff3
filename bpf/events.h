/* What the BPF programs and user space share: ring records, counters, the table of system calls.
 *
 * Native byte order; both ends are of one build and one machine. Record types here are numbered like the
 * entry kinds that they become. Included from BPF too: nothing but fixed-width types and constants.
 */
#ifndef SWORNLOG_BPF_EVENTS_H
#define SWORNLOG_BPF_EVENTS_H

#include <linux/types.h>

/* One program is one stream of records per CPU and ring: it is never entered twice on the same CPU (the
 * kernel skips the second run), so that its sequence number and its scratch memory need no lock. */
enum bpf_program_id {
	BPF_PROGRAM_EXEC = 0,
	BPF_PROGRAM_EXIT = 1,
	BPF_PROGRAM_FORK = 2,
	BPF_PROGRAM_FILE = 3,
	BPF_PROGRAM_IO_URING = 4,
	BPF_PROGRAM_FOUND = 5, /* lists the processes that run already; its records come by read(2) */
	/* The programs of object.bpf.c may interrupt each other, so that their streams are not theirs but
	 * those of the scratch buffers, each of which one program holds at a time (bpf/object.h). */
	BPF_PROGRAM_OBJECT = 6,
	BPF_PROGRAMS = 11,
};

#define BPF_KIND_PROCESS     16 /* a fork's record */
#define BPF_KIND_EXEC        17
#define BPF_KIND_EXIT        18
#define BPF_KIND_CREDENTIALS 19
#define BPF_KIND_FILES       32
#define BPF_KIND_FILES_END   50
#define BPF_KIND_IO_URING    45
#define BPF_KIND_READ        46
#define BPF_KIND_MMAP        47
#define BPF_KIND_URGENT      80 /* to BPF_KIND_NET: about the machine itself */
#define BPF_KIND_NET         96
#define BPF_RECORD_KINDS     112 /* kinds are below this */

/* What comes by the thousand must not cost the log what is rare and matters: each has a ring. */
enum bpf_ring {
	BPF_RING_CRITICAL, /* processes, credentials, what changes the machine */
	BPF_RING_FILES,    /* files and connections */
	BPF_RINGS
};

/* Told at once. */
static inline int bpf_kind_urgent(__u32 kind)
{
	return kind == BPF_KIND_CREDENTIALS || (kind >= BPF_KIND_URGENT && kind < BPF_KIND_NET);
}

static inline enum bpf_ring bpf_ring_of(__u32 kind)
{
	int many = (kind >= BPF_KIND_FILES && kind < BPF_KIND_FILES_END) || kind >= BPF_KIND_NET;
	return many ? BPF_RING_FILES : BPF_RING_CRITICAL;
}

/* The map `counts`: one for each program on each CPU, at index cpu * BPF_PROGRAMS + program. */
struct bpf_counts {
	__u64 sequence[BPF_RINGS]; /* of the last record, dropped or not: also the number of records made */
	__u64 dropped[BPF_RECORD_KINDS];
};
_Static_assert(sizeof(struct bpf_counts) == 912, "layout");

enum bpf_id { BPF_UID, BPF_GID, BPF_SUID, BPF_SGID, BPF_EUID, BPF_EGID, BPF_FSUID, BPF_FSGID, BPF_IDS };

#define BPF_ID_UNSET 0xffffffffu /* loginuid and session */

/* The head of every record. The ids are those of the acting thread. */
struct bpf_record {
	__u32 size; /* of the whole record */
	__u8 program;
	__u8 kind;
	__u16 cpu;
	__u64 sequence; /* per CPU, program and ring, from 1 */
	__u64 boot_ns;
	__u64 start_boot_ns; /* when the thread group's leader was forked */
	__u64 exec_id;       /* counts the execs of the process and its ancestors */
	__u32 tgid;
	__u32 tid;
	__u32 ids[BPF_IDS];
	__u32 loginuid;
	__u32 session;
};
_Static_assert(sizeof(struct bpf_record) == 88, "layout");

/* Marks on strings and records. */
enum bpf_mark {
	BPF_MARK_TRUNCATED = 1 << 0,        /* path: components towards the root are missing */
	BPF_MARK_STRING_TRUNCATED = 1 << 1, /* bytes at the end are missing */
	BPF_MARK_FAULT = 1 << 2,            /* memory could not be read */
	BPF_MARK_DELETED = 1 << 3,          /* path: the last component has no name any more */
	BPF_MARK_DETACHED = 1 << 4,         /* path: begins at a mount outside the caller's namespace */
	BPF_MARK_MISSING = 1 << 5,          /* there is no such object (a descriptor that is not open) */
	BPF_MARK_SHARED = 1 << 6,           /* record: the file table is shared with another task */
	BPF_MARK_COMPAT = 1 << 7,           /* record: a 32-bit system call */
	BPF_MARK_PIDS = 1 << 8,             /* record: pids are not those of the initial namespace */
	BPF_MARK_LSM = 1 << 9,              /* record: an LSM program had a part in it */
	BPF_MARK_FENTRY = 1 << 10,          /* record: an fentry or fexit program had */
	BPF_MARK_FOREIGN = 1 << 11,         /* record: its mount namespace is of a user namespace below */
};

/* A record's strings follow it without gaps, in the order of its table. A *path* is a run of components,
 * the last one first: u16 length (native), bytes; a NUL among the bytes ends the component early. */
struct bpf_string {
	__u16 marks;
	__u16 present; /* 0: not asked for, length 0 */
	__u32 len;
};
_Static_assert(sizeof(struct bpf_string) == 8, "layout");

#define BPF_PATH_MAX        4096 /* bytes of components after which a path is cut */
#define BPF_COMPONENT_MAX   1023
#define BPF_COMPONENTS_MAX  2048
#define BPF_USER_STRING_MAX 4096
#define BPF_XATTR_NAME_MAX  256
#define BPF_ARGV_MAX        32768
#define BPF_ENV_PAGES_MAX   32  /* pages of 4 KiB of an environment that are looked at */
#define BPF_ENV_MAX         512 /* bytes of names */
#define BPF_ENV_NAME_MAX    32  /* with its NUL */
#define BPF_TTY_MAX         64
#define BPF_COMM_MAX        16
#define BPF_SHA256_BYTES    32

enum bpf_exec_string {
	BPF_EXEC_EXE, /* path */
	BPF_EXEC_CWD, /* path */
	BPF_EXEC_FILENAME,
	BPF_EXEC_INTERPRETER, /* as the script names it; absent where the file itself was run */
	BPF_EXEC_TTY,
	BPF_EXEC_ENV,  /* the beginnings of the strings that begin with "LD_", each NUL-terminated */
	BPF_EXEC_ARGV, /* NUL-terminated strings one after the other */
	BPF_EXEC_STRINGS
};

enum bpf_namespace {
	BPF_NS_MNT,
	BPF_NS_PID,
	BPF_NS_NET,
	BPF_NS_USER,
	BPF_NS_UTS,
	BPF_NS_IPC,
	BPF_NS_CGROUP,
	BPF_NAMESPACES
};

/* Also a process that was found running: then without filename and arguments. */
struct bpf_exec_record {
	struct bpf_record head;
	__u64 parent_start_boot_ns;
	__u64 cgroup;
	__u64 inode;
	__u32 device;
	__u32 parent_tgid;
	__u32 namespaces[BPF_NAMESPACES];
	__u32 argv_bytes;   /* of all arguments, also where fewer were copied */
	__u64 capabilities; /* effective */
	__u32 links;        /* of the executable, as the next three */
	__u32 owner;
	__u32 owner_group;
	__u32 mode;
	char comm[BPF_COMM_MAX];
	__u32 hashed; /* the next one is known */
	__u8 sha256[BPF_SHA256_BYTES];
	__u32 pad;
	struct bpf_string strings[BPF_EXEC_STRINGS];
};
_Static_assert(sizeof(struct bpf_exec_record) == 288, "layout");

struct bpf_exit_record {
	struct bpf_record head;
	__u32 status; /* as wait(2) gives it */
	__u32 pad;
};
_Static_assert(sizeof(struct bpf_exit_record) == 96, "layout");

/* The head is the parent's. */
struct bpf_fork_record {
	struct bpf_record head;
	__u64 child_start_boot_ns;
	__u32 child_tgid;
	__u32 pad;
};
_Static_assert(sizeof(struct bpf_fork_record) == 104, "layout");

enum bpf_file_string {
	BPF_FILE_OBJECT, /* path of the object itself, by its descriptor */
	BPF_FILE_NAME,   /* what the caller passed */
	BPF_FILE_BASE,   /* path of the directory from which the name starts */
	BPF_FILE_TARGET, /* what the caller passed second */
	BPF_FILE_TARGET_BASE,
	BPF_FILE_XATTR,
	BPF_FILE_DATA, /* other memory that the caller passed */
	BPF_FILE_STRINGS
};

#define BPF_CALL_ARGS 6

struct bpf_file_record {
	struct bpf_record head;
	__s64 result;
	__u64 args[BPF_CALL_ARGS];
	__u64 inode;      /* with BPF_FILE_OBJECT */
	__u64 open_flags; /* open and its like; openat2's have been read from its struct */
	__u64 open_mode;
	__u32 device; /* with BPF_FILE_OBJECT */
	__u32 mode;   /* with BPF_FILE_OBJECT */
	__u32 call;   /* number of the system call, in the table that BPF_MARK_COMPAT names */
	__u32 marks;
	__u32 labels; /* bits: of the object, whatever its path is (bpf/match.h) */
	__u32 pad;
	struct bpf_string strings[BPF_FILE_STRINGS];
};
_Static_assert(sizeof(struct bpf_file_record) == 248, "layout");

struct bpf_io_uring_record {
	struct bpf_record head;
	__u32 opcode;
	__u32 pad;
};
_Static_assert(sizeof(struct bpf_io_uring_record) == 96, "layout");

#define BPF_RECORD_MAX_BYTES 65536 /* no record is larger */

/* The map `calls`: how to read each system call, filled in by user space, which knows the numbers. */
enum bpf_call_object {
	BPF_OBJECT_NONE = 0,
	BPF_OBJECT_RETURNED = 1, /* the descriptor that was returned */
	BPF_OBJECT_ARGUMENT = 2, /* the descriptor in argument 1 */
	BPF_OBJECT_FIFTH = 3,    /* the descriptor in argument 5 */
	BPF_OBJECT_ROOT = 4,     /* the caller's root directory, if the call succeeded */
};

enum bpf_call_filter {
	BPF_FILTER_NONE = 0,
	BPF_FILTER_FLAGS = 1, /* wanted if the flags in argument `flags` write or create */
	BPF_FILTER_HOW = 2,   /* the same, in the struct open_how in argument `flags` */
	BPF_FILTER_MMAP = 3,  /* wanted if the flags in argument `flags` name a file, and it is labelled */
	/* From here on: of more than files. */
	BPF_FILTER_FAILED = 4,
	BPF_FILTER_SUCCEEDED = 5,
	BPF_FILTER_PRCTL = 6,        /* what argument 1 asks for changes privileges */
	BPF_FILTER_PTRACE = 7,       /* attaches to a process, or changes it */
	BPF_FILTER_BPF = 8,          /* loads, attaches, pins */
	BPF_FILTER_CLOCK = 9,        /* the struct timex in argument `flags` sets something */
	BPF_FILTER_AGENT = 10,       /* the process in argument `flags` is the agent's */
	BPF_FILTER_AGENT_PIDFD = 11, /* the same by a pidfd; the pid goes into argument 6 */
	BPF_FILTER_ATTRIBUTES = 12,  /* the ioctl that sets a file's attributes */
	BPF_FILTER_CLONE = 13,       /* new namespaces for the child, in the flags in argument `flags` */
	BPF_FILTER_CLONE3 = 14,      /* the same, in the struct that it points to */
	BPF_FILTER_PIDFD = 15,       /* any; the pid behind argument 1 goes into argument 6 */
};

#define BPF_ARG_NONE 0 /* arguments are numbered from 1 */
#define BPF_ARG_CWD  7 /* a directory: the working directory */

struct bpf_call {
	__u8 kind; /* 0: of no interest */
	__u8 object;
	__u8 filter;
	__u8 flags; /* the argument that holds open flags or the struct open_how */
	__u8 base;  /* the argument with the directory's descriptor, or BPF_ARG_CWD */
	__u8 name;  /* arguments with strings */
	__u8 target_base;
	__u8 target;
	__u8 xattr;
	__u8 data;       /* the argument that points to memory to copy */
	__u8 data_len;   /* the argument that says how much; BPF_ARG_NONE: data_bytes */
	__u8 data_shift; /* in what argument `data_len` counts: 0 bytes, 1 pairs of bytes, 2 fours */
	__u8 data_bytes; /* at most that much, or one of the two below */
	__u8 read; /* the kind, if it opens labelled data and does not change it; 0: of no interest then */
	__u8 pad[2];
};

#define BPF_DATA_MAX       128
#define BPF_DATA_ARGUMENTS 255 /* an array of strings that NULL ends */
#define BPF_DATA_PEER      254 /* the address of the socket that was returned; the argument is not read */
#define BPF_ARGUMENTS_MAX  16  /* strings of such an array */
#define BPF_ARGUMENT_MAX   256 /* bytes of each, with its NUL */

struct bpf_call_pair {
	struct bpf_call native;
	struct bpf_call compat;
};
_Static_assert(sizeof(struct bpf_call_pair) == 32, "layout");

#define BPF_AGENT_MAX 64 /* processes and groups of the agent */

#define BPF_CALLS 512 /* system call numbers are below this */

#endif
