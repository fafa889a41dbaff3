/* What the handler of system calls needs for those that are about more than files: which calls are wanted,
 * and memory that the caller passed. Included by file.bpf.c alone. */
#ifndef SWORNLOG_BPF_SYSTEM_BPF_H
#define SWORNLOG_BPF_SYSTEM_BPF_H

#include <linux/prctl.h>

/* The agent's own processes, and their process groups as negative numbers, as kill() takes them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_AGENT_MAX);
	__type(key, __u32);
	__type(value, __u8);
} agent SEC(".maps");

/* linux/ptrace.h has a struct of the same name as ours. */
enum ptrace_request {
	TRACE_ME = 0,
	POKE_TEXT = 4,
	POKE_DATA = 5,
	POKE_USER = 6,
	SET_REGISTERS = 13,
	SET_FLOATS = 15,
	ATTACH = 16,
	SET_REGISTER_SET = 0x4205,
	SEIZE = 0x4206,
};

#define MODE_TYPE   0170000
#define MODE_SOCKET 0140000
/* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. In clone() NEWTIME is part of a signal. */
#define NEW_NAMESPACES     0x7e020000
#define NEW_TIME_NAMESPACE 0x80

#define SET_ATTRIBUTES   0x40086602 /* FS_IOC_SETFLAGS; an int all the same */
#define SET_ATTRIBUTES32 0x40046602
#define SET_EXTENDED     0x401c5820 /* FS_IOC_FSSETXATTR: the same in other bits */
#define READS_OFFSET     0xa001     /* ADJ_OFFSET_SS_READ: sets nothing */
#define FAMILY_INET      2
#define FAMILY_INET6     10
#define EVERYBODY        (-1) /* to kill() */

/* Arguments are numbered from 1. */
static __always_inline __u64 arg(struct bpf_file_record *r, __u32 index)
{
	index--;
	opaque(index);
	return index < BPF_CALL_ARGS ? r->args[index] : 0;
}

static __always_inline struct file *file_of(struct task_struct *task, __u64 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	struct file **slot = BPF_CORE_READ(table, fd) + fd;
	struct file *file = 0;
	bpf_probe_read_kernel(&file, sizeof(file), slot);
	return file;
}

/* Of what prctl() may be asked. */
static __always_inline bool changes_privileges(__u64 option)
{
	return option == PR_SET_KEEPCAPS || option == PR_SET_SECUREBITS || option == PR_SET_NO_NEW_PRIVS ||
	       option == PR_CAP_AMBIENT;
}

/* Not those that only look, or that a tracer makes by the thousand. */
static __always_inline bool changes_tracee(__u64 request)
{
	return request == TRACE_ME || request == POKE_TEXT || request == POKE_DATA || request == POKE_USER ||
	       request == SET_REGISTERS || request == SET_FLOATS || request == ATTACH || request == SEIZE ||
	       request == SET_REGISTER_SET;
}

static __always_inline bool changes_programs(__u64 command)
{
	const __u64 wanted = 1ull << BPF_PROG_LOAD | 1ull << BPF_OBJ_PIN | 1ull << BPF_OBJ_GET |
	                     1ull << BPF_MAP_GET_FD_BY_ID | 1ull << BPF_PROG_ATTACH |
	                     1ull << BPF_PROG_DETACH | 1ull << BPF_RAW_TRACEPOINT_OPEN |
	                     1ull << BPF_LINK_CREATE | 1ull << BPF_LINK_UPDATE | 1ull << BPF_LINK_DETACH;
	return command < 64 && wanted >> command & 1;
}

/* A struct timex begins with what is to be set. */
static __always_inline bool sets_clock(const void *timex)
{
	__u32 modes = 0;
	if (bpf_probe_read_user(&modes, sizeof(modes), timex))
		return true; /* unreadable now: rather one event too many */
	return modes != 0 && modes != READS_OFFSET;
}

/* The number in the initial namespace of the process behind a pidfd; 0 if it is none. */
static __always_inline __u32 pid_of_pidfd(struct task_struct *task, __u64 fd)
{
	struct file *file = file_of(task, (__u32)fd);
	struct pid *pid = BPF_CORE_READ(file, private_data);
	if (!pid) /* from 6.9 on they have inodes of their own */
		pid = BPF_CORE_READ(file, f_inode, i_private);
	return BPF_CORE_READ(pid, numbers[0].nr);
}

static __always_inline bool is_agent(__u32 number)
{
	return bpf_map_lookup_elem(&agent, &number);
}

/* Signals to the agent. A pid in a namespace below means some other process. */
static __always_inline bool aims_at_agent(struct bpf_file_record *r, struct task_struct *task,
                                          const struct bpf_call *call)
{
	__u32 pid = arg(r, call->flags);
	if (call->filter == BPF_FILTER_AGENT_PIDFD)
		r->args[BPF_CALL_ARGS - 1] = pid = pid_of_pidfd(task, pid);
	else if (BPF_CORE_READ(task, thread_pid, level) != 0)
		return false;
	return is_agent(pid) || (int)pid == EVERYBODY;
}

/* Told once, by the parent. What the child has is the kernel's word, where the program on fork ran. */
static __always_inline bool makes_namespaces(struct bpf_file_record *r, const struct bpf_call *call)
{
	__u64 flags = arg(r, call->flags);
	__u64 wanted = NEW_NAMESPACES, made = act_take_namespaces();
	if (call->filter == BPF_FILTER_CLONE3) {
		wanted |= NEW_TIME_NAMESPACE;
		if (bpf_probe_read_user(&flags, sizeof(flags), (const void *)flags))
			flags = 0; /* the kernel could not read it either, or it was changed */
		flags |= made;
	}
	r->open_flags = flags;
	return r->result != 0 && (flags & wanted);
}

static __always_inline bool system_wanted(struct bpf_file_record *r, struct task_struct *task,
                                          const struct bpf_call *call)
{
	switch (call->filter) {
	case BPF_FILTER_FAILED:
		return r->result < 0;
	case BPF_FILTER_SUCCEEDED:
		return r->result >= 0;
	case BPF_FILTER_PRCTL:
		return changes_privileges(r->args[0]);
	case BPF_FILTER_PTRACE:
		return changes_tracee(r->args[0]);
	case BPF_FILTER_BPF:
		return changes_programs(r->args[0]);
	case BPF_FILTER_CLOCK:
		return sets_clock((const void *)arg(r, call->flags));
	case BPF_FILTER_ATTRIBUTES:
		return r->args[1] == SET_ATTRIBUTES || r->args[1] == SET_ATTRIBUTES32 ||
		       r->args[1] == SET_EXTENDED;
	case BPF_FILTER_CLONE:
	case BPF_FILTER_CLONE3:
		return makes_namespaces(r, call);
	case BPF_FILTER_PIDFD:
		r->args[BPF_CALL_ARGS - 1] = pid_of_pidfd(task, r->args[0]);
		return true;
	case BPF_FILTER_AGENT:
	case BPF_FILTER_AGENT_PIDFD:
		return aims_at_agent(r, task, call);
	}
	return true;
}

/* Append the strings of an array of pointers, each with its NUL; returns marks. A global function, so that
 * the verifier looks at it once. */
__noinline int put_arguments(__u64 array, __u32 compat)
{
	struct scratch *s = scratch_get();
	if (!s)
		return BPF_MARK_MISSING;
	int marks = 0;
	for (int i = 0; i < BPF_ARGUMENTS_MAX; i++) {
		__u64 string = 0;
		__u8 *to = scratch_room(s);
		if (!to)
			return marks | BPF_MARK_STRING_TRUNCATED;
		if (compat ? bpf_probe_read_user(&string, sizeof(__u32), (void *)array)
		           : bpf_probe_read_user(&string, sizeof(__u64), (void *)array))
			return marks | BPF_MARK_FAULT;
		if (!string)
			return marks;
		long n = bpf_probe_read_user_str(to, BPF_ARGUMENT_MAX, (void *)string);
		if (n <= 0)
			return marks | BPF_MARK_FAULT;
		if (n == BPF_ARGUMENT_MAX)
			marks |= BPF_MARK_STRING_TRUNCATED;
		s->used += n;
		array += compat ? sizeof(__u32) : sizeof(__u64);
	}
	return marks | BPF_MARK_STRING_TRUNCATED;
}

struct peer {
	__u16 family;
	__u16 port; /* network byte order */
	__u32 address;
	__u8 address6[16];
};

/* Who is at the other end of the socket that accept() returned, laid out as struct sockaddr_in or _in6. */
static __always_inline int put_peer(struct scratch *s, struct task_struct *task)
{
	struct file *file = file_of(task, (__u32)s->record.result);
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sock = BPF_CORE_READ(socket, sk);
	struct peer peer = { .family = BPF_CORE_READ(sock, __sk_common.skc_family) };
	__u8 *to = scratch_room(s);
	if (!to || !sock || (BPF_CORE_READ(file, f_inode, i_mode) & MODE_TYPE) != MODE_SOCKET)
		return BPF_MARK_MISSING;
	if (peer.family == FAMILY_INET || peer.family == FAMILY_INET6)
		peer.port = BPF_CORE_READ(sock, __sk_common.skc_dport);
	if (peer.family == FAMILY_INET)
		peer.address = BPF_CORE_READ(sock, __sk_common.skc_daddr);
	if (peer.family == FAMILY_INET6)
		bpf_probe_read_kernel(peer.address6, sizeof(peer.address6), &sock->__sk_common.skc_v6_daddr);
	__builtin_memcpy(to, &peer, sizeof(peer));
	s->used += peer.family == FAMILY_INET6 ? sizeof(peer) : __builtin_offsetof(struct peer, address6);
	return 0;
}

/* A run of bytes. */
static __always_inline int put_bytes(struct scratch *s, const struct bpf_call *call, const void *from)
{
	struct bpf_file_record *r = &s->record;
	__u64 n = call->data_bytes;
	__u64 len = (__u64)(__u32)arg(r, call->data_len) << (call->data_shift & 3);
	if (call->data_len != BPF_ARG_NONE && len < n)
		n = len;
	__u8 *to = scratch_room(s);
	opaque(n);
	if (!to || n > BPF_DATA_MAX)
		return BPF_MARK_STRING_TRUNCATED;
	if (bpf_probe_read_user(to, n, from))
		return BPF_MARK_FAULT;
	s->used += n;
	return 0;
}

static __always_inline void put_data(struct scratch *s, struct task_struct *task, const struct bpf_call *call)
{
	struct bpf_file_record *r = &s->record;
	const void *from = (const void *)arg(r, call->data);
	__u64 start = s->used;
	int marks;
	if (!from && call->data_bytes != BPF_DATA_PEER)
		return;
	if (call->data_bytes == BPF_DATA_ARGUMENTS)
		marks = put_arguments((__u64)from, r->marks & BPF_MARK_COMPAT);
	else if (call->data_bytes == BPF_DATA_PEER)
		marks = put_peer(s, task);
	else
		marks = put_bytes(s, call, from);
	string_put(&r->strings[BPF_FILE_DATA], s->used - start, marks);
}

#endif
