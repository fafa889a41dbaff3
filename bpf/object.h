/* What the programs on kernel objects (object.bpf.c) share with user space, and with the program at the end
 * of system calls, which tells what they did not.
 */
#ifndef SWORNLOG_BPF_OBJECT_H
#define SWORNLOG_BPF_OBJECT_H

#include "bpf/events.h"

/* Scratch buffers on each CPU. A program that finds them all held counts its record in a stream of its own,
 * behind theirs, to which several may add at once. */
#define BPF_OBJECT_SLOTS 4
_Static_assert(BPF_PROGRAM_OBJECT + BPF_OBJECT_SLOTS + 1 == BPF_PROGRAMS, "a stream for each slot, and one");

/* Kinds of entries. But for close they have two hooks: one before the act, which knows mount and names, and
 * one after it, which knows the result. */
enum bpf_act_kind {
	BPF_KIND_OPEN = 32,
	BPF_KIND_RENAME = 33,
	BPF_KIND_UNLINK = 34,
	BPF_KIND_LINK = 35,
	BPF_KIND_SYMLINK = 36,
	BPF_KIND_MKDIR = 37,
	BPF_KIND_RMDIR = 38,
	BPF_KIND_MKNOD = 39,
	BPF_KIND_CHMOD = 40,
	BPF_KIND_CHOWN = 41,
	BPF_KIND_TRUNCATE = 42,
	BPF_KIND_CLOSE = 48,
};
#define BPF_ACTS     48 /* acts are below this */
#define BPF_GATES    49
#define BPF_ACTS_MAX 8192 /* entries of the map `acts` */

struct bpf_act_key {
	__u32 tid;
	__u32 kind; /* rmdir goes as unlink: one system call may be either */
};

/* The map `acts`, least recently used first out: an act that is pushed out is told by its system call. */
struct bpf_act {
	__u64 dentry; /* the hook after recognises the act by it */
	__u64 mnt;
	__u64 parent; /* of the name; without a name the object itself */
	__u64 target_parent;
	__u64 inode;
	__u64 args[2];
	__u32 state;
	__u32 marks; /* tiers that had a part */
	__u16 name_len;
	__u16 target_len;
	__u32 pad;
	char name[256]; /* kept, for a rename changes it */
	char target[256];
};
_Static_assert(sizeof(struct bpf_act) == 584, "layout");

enum bpf_act_state {
	BPF_ACT_IDLE = 0,
	BPF_ACT_BEGUN = 1,
	BPF_ACT_TOLD = 2, /* its record is made: the system call's would be a second one */
};

/* The map `after`, by kind: where the hook after the act finds what it needs; the kernel's versions differ.
 */
struct bpf_after {
	__u8 dentry;     /* index of the argument */
	__u8 result;     /* of the returned value, behind the arguments */
	__u8 renamedata; /* the dentry is in a struct of that name */
	__u8 pointer;    /* what is returned is no int */
};
_Static_assert(sizeof(struct bpf_after) == 4, "layout");

/* Programs, in the map `fired`: how often each did its part. */
enum bpf_object_program {
	BPF_LSM_FILE_OPEN,
	BPF_LSM_FILE_POST_OPEN,
	BPF_LSM_FILE_RELEASE,
	BPF_LSM_PATH_RENAME,
	BPF_LSM_PATH_UNLINK,
	BPF_LSM_PATH_RMDIR,
	BPF_LSM_PATH_LINK,
	BPF_LSM_PATH_SYMLINK,
	BPF_LSM_PATH_MKDIR,
	BPF_LSM_PATH_MKNOD,
	BPF_LSM_PATH_CHMOD,
	BPF_LSM_PATH_CHOWN,
	BPF_LSM_PATH_TRUNCATE,
	BPF_LSM_FILE_TRUNCATE,
	BPF_LSM_EXEC_HASH,
	BPF_FENTRY_FPUT,
	BPF_FENTRY_PATH_RENAME,
	BPF_FENTRY_PATH_UNLINK,
	BPF_FENTRY_PATH_RMDIR,
	BPF_FENTRY_PATH_LINK,
	BPF_FENTRY_PATH_SYMLINK,
	BPF_FENTRY_PATH_MKDIR,
	BPF_FENTRY_PATH_MKNOD,
	BPF_FENTRY_PATH_CHMOD,
	BPF_FENTRY_PATH_CHOWN,
	BPF_FENTRY_PATH_TRUNCATE,
	BPF_FENTRY_FILE_TRUNCATE,
	BPF_FEXIT_OPEN,
	BPF_FEXIT_RENAME,
	BPF_FEXIT_UNLINK,
	BPF_FEXIT_RMDIR,
	BPF_FEXIT_LINK,
	BPF_FEXIT_SYMLINK,
	BPF_FEXIT_MKDIR,
	BPF_FEXIT_MKNOD,
	BPF_FEXIT_NOTIFY_CHANGE,
	BPF_OBJECT_PROGRAMS
};

/* The map `gate`, by kind: all are closed while the programs are tried, so that the trial makes no records;
 * those of kinds that nobody wants stay closed. */
enum bpf_gate { BPF_GATE_CLOSED = 0, BPF_GATE_OPEN = 1 };

#define BPF_CALL_NONE 0xffffffffu /* a file record's call: not made at a system call */

#endif
