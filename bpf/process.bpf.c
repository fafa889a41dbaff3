/* Processes: exec, exit and fork. The tracepoints come after the kernel has committed to the act. */
#include <stdbool.h>

#define TASK_HAS_TYPE
#define SCRATCH_RECORD   bpf_exec_record
#define SCRATCH_DATA_MAX (16384 + BPF_ARGV_MAX)
#include "bpf/path.bpf.h"
#include "bpf/exec_hash.bpf.h"

#include "bpf/acts.bpf.h"

#include <linux/sched.h>

char LICENSE[] SEC("license") = "GPL";

#define ARGV_CHUNK    4096
#define FOUND_MAX     16384      /* head, two paths, a terminal */
#define KERNEL_THREAD 0x00200000 /* PF_KTHREAD */

/* The new image's arguments: its own memory, that nobody else has had in hand yet. */
static __always_inline void put_argv(struct scratch *s, struct task_struct *task)
{
	struct bpf_string *string = &s->record.strings[BPF_EXEC_ARGV];
	__u64 from = task->mm->arg_start;
	__u64 left = task->mm->arg_end - from;
	__u64 start = s->used;
	__u16 marks = 0;

	s->record.argv_bytes = left > 0xffffffff ? 0xffffffff : left;
	if (left > BPF_ARGV_MAX) {
		left = BPF_ARGV_MAX;
		marks = BPF_MARK_STRING_TRUNCATED;
	}
	/* In parts, so that a page that is not there costs no more than itself. */
	for (int i = 0; i < BPF_ARGV_MAX / ARGV_CHUNK && left; i++) {
		__u64 n = left < ARGV_CHUNK ? left : ARGV_CHUNK;
		__u8 *to = scratch_room(s);
		opaque(n);
		if (!to || n > ARGV_CHUNK)
			break;
		if (bpf_probe_read_user(to, n, (void *)from)) {
			marks |= BPF_MARK_FAULT;
			break;
		}
		s->used += n;
		from += n;
		left -= n;
	}
	string_put(string, s->used - start, marks);
}

/* Append the name at `at`, if it is one that steers the dynamic linker. */
__noinline int put_environment_name(__u64 at, __u64 end)
{
	struct scratch *s = scratch_get();
	__u8 *to = s ? scratch_room(s) : 0;
	if (!to || at + 3 > end)
		return 0;
	struct bpf_string *string = &s->record.strings[BPF_EXEC_ENV];
	long n = bpf_probe_read_user_str(to, BPF_ENV_NAME_MAX, (void *)at);
	if (n < 3 || n > BPF_ENV_NAME_MAX || to[0] != 'L' || to[1] != 'D' || to[2] != '_')
		return 0;
	if (string->len > BPF_ENV_MAX - BPF_ENV_NAME_MAX) {
		string->marks |= BPF_MARK_STRING_TRUNCATED;
		return 0;
	}
	s->used += n;
	string->len += n;
	return 0;
}

#define BYTES(x) (0x0101010101010101 * (__u64)(x))

static __always_inline __u64 has_zero(__u64 word)
{
	return (word - BYTES(0x01)) & ~word & BYTES(0x80);
}

/* Zero in each of the lower six bytes at which NUL, 'L', 'D' stand, and nowhere else. */
static __always_inline __u64 after_nul(const __u8 *at)
{
	__u64 word = *(const __u64 *)at;
	return word | ((word >> 8) ^ BYTES('L')) | ((word >> 16) ^ BYTES('D'));
}

/* Of a word of after_nul(), whose lowest byte is about `at`. */
__noinline int put_environment_names(__u64 word, __u64 at, __u64 end)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < 6; i++, word >>= 8)
		if (!(word & 0xff))
			put_environment_name(at + i, end);
	return 0;
}

#define PAGE         4096
#define BEFORE       3                /* bytes of the page before: a NUL, and two of a name */
#define AT_ONCE      24               /* four times six */
#define PAGE_SCRATCH SCRATCH_DATA_MAX /* where the page is; no string begins behind it */

/* The names in one page, of which `n` bytes stand in the scratch memory behind the BEFORE ones, the first of
 * them from the address `at`. Eight bytes at a time and not by strings: most environments have dozens, and
 * each would cost a helper's call. A global function as walk_step(). */
__noinline int scan_environment(__u64 at, __u32 n)
{
	struct scratch *s = scratch_get();
	if (!s)
		return 0;
	__u64 end = at + n;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < (PAGE + AT_ONCE) / AT_ONCE; i++) {
		const __u8 *bytes = s->data + PAGE_SCRATCH + i * AT_ONCE;
		__u64 from = at - BEFORE + 1 + i * AT_ONCE;
		if (i * AT_ONCE > n)
			break;
		__u64 a = after_nul(bytes), b = after_nul(bytes + 6);
		__u64 c = after_nul(bytes + 12), d = after_nul(bytes + 18);
		if (!(has_zero(a) | has_zero(b) | has_zero(c) | has_zero(d)))
			continue;
		put_environment_names(a, from, end);
		put_environment_names(b, from + 6, end);
		put_environment_names(c, from + 12, end);
		put_environment_names(d, from + 18, end);
	}
	return 0;
}

/* Page by page, so that one that is not there costs no more than itself. */
static __always_inline void put_environment(struct scratch *s, struct task_struct *task)
{
	struct bpf_string *string = &s->record.strings[BPF_EXEC_ENV];
	__u64 start = task->mm->env_start;
	__u64 end = task->mm->env_end;
	__u64 at = start;
	string_put(string, 0, 0);
#pragma clang loop unroll(disable)
	for (int i = 0; i < BPF_ENV_PAGES_MAX && at < end; i++) {
		__u64 n = PAGE - (at & (PAGE - 1));
		if (n > end - at)
			n = end - at;
		opaque(n);
		if (n > PAGE)
			return;
		if (bpf_probe_read_user(s->data + PAGE_SCRATCH, n + BEFORE, (void *)(at - BEFORE))) {
			string->marks |= BPF_MARK_FAULT;
			return;
		}
		/* What is before the environment is no string of it. */
		if (at == start)
			s->data[PAGE_SCRATCH] = s->data[PAGE_SCRATCH + 1] = s->data[PAGE_SCRATCH + 2] = 0;
		scan_environment(at, n);
		at += n;
	}
	if (at < end)
		string->marks |= BPF_MARK_STRING_TRUNCATED;
}

/* They act on behalf of the kernel and come and go by the hundred. */
static __always_inline bool is_kernel_thread(struct task_struct *task)
{
	return task->flags & KERNEL_THREAD;
}

static __always_inline __u32 pid_namespace_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u64 level = BPF_CORE_READ(pid, level);
	struct upid *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	struct upid *upid = (void *)numbers + level * bpf_core_type_size(struct upid);
	return BPF_CORE_READ(upid, ns, ns.inum);
}

static __always_inline void read_namespaces(struct bpf_exec_record *r, struct task_struct *task)
{
	struct nsproxy *proxy = BPF_CORE_READ(task, nsproxy);
	r->namespaces[BPF_NS_MNT] = BPF_CORE_READ(proxy, mnt_ns, ns.inum);
	r->namespaces[BPF_NS_PID] = pid_namespace_of(task);
	r->namespaces[BPF_NS_NET] = BPF_CORE_READ(proxy, net_ns, ns.inum);
	r->namespaces[BPF_NS_USER] = BPF_CORE_READ(task, cred, user_ns, ns.inum);
	r->namespaces[BPF_NS_UTS] = BPF_CORE_READ(proxy, uts_ns, ns.inum);
	r->namespaces[BPF_NS_IPC] = BPF_CORE_READ(proxy, ipc_ns, ns.inum);
	r->namespaces[BPF_NS_CGROUP] = BPF_CORE_READ(proxy, cgroup_ns, ns.inum);
}

static __always_inline void put_tty(struct scratch *s, struct task_struct *task)
{
	struct bpf_string *string = &s->record.strings[BPF_EXEC_TTY];
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	if (tty)
		put_kernel_string(s, string, &tty->name, BPF_TTY_MAX - 1);
	else
		string_absent(string);
}

static __always_inline void read_executable(struct bpf_exec_record *r, struct file *exe)
{
	struct inode *inode = BPF_CORE_READ(exe, f_inode);
	r->inode = BPF_CORE_READ(inode, i_ino);
	r->device = BPF_CORE_READ(inode, i_sb, s_dev);
	r->links = BPF_CORE_READ(inode, i_nlink);
	r->owner = BPF_CORE_READ(inode, i_uid.val);
	r->owner_group = BPF_CORE_READ(inode, i_gid.val);
	r->mode = BPF_CORE_READ(inode, i_mode);
}

/* Which program read the script, in the script's words: the file that runs is the interpreter's. */
static __always_inline void put_interpreter(struct scratch *s, struct linux_binprm *binprm)
{
	struct bpf_string *string = &s->record.strings[BPF_EXEC_INTERPRETER];
	const char *interpreter = BPF_CORE_READ(binprm, interp);
	if (interpreter == BPF_CORE_READ(binprm, filename))
		string_absent(string);
	else
		put_kernel_string(s, string, interpreter, BPF_USER_STRING_MAX);
}

/* What an exec and a process found running have in common. */
static __always_inline void describe(struct scratch *s, struct task_struct *task, struct file *exe)
{
	struct bpf_exec_record *r = &s->record;
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);

	r->parent_tgid = BPF_CORE_READ(parent, tgid);
	r->parent_start_boot_ns = BPF_CORE_READ(parent, group_leader, start_boottime);
	r->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	read_executable(r, exe);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	bpf_probe_read_kernel(&r->capabilities, sizeof(r->capabilities), &cred->cap_effective);
	r->argv_bytes = 0;
	read_namespaces(r, task);
	bpf_probe_read_kernel(r->comm, sizeof(r->comm), &task->comm);
	if (exe)
		put_path(s, task, &r->strings[BPF_EXEC_EXE], &exe->f_path);
	else
		string_put(&r->strings[BPF_EXEC_EXE], 0, BPF_MARK_MISSING);
	put_path(s, task, &r->strings[BPF_EXEC_CWD], &BPF_CORE_READ(task, fs)->pwd);
}

/* After the new image is in place and the credentials are the new ones. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	struct bpf_counts *c = counts_of(BPF_PROGRAM_EXEC);
	struct scratch *s = scratch_get();
	if (!c || !s)
		return 0;
	struct bpf_exec_record *r = &s->record;

	s->used = 0;
	fill_head(&r->head, BPF_PROGRAM_EXEC, task);
	describe(s, task, BPF_CORE_READ(binprm, file));
	put_kernel_string(s, &r->strings[BPF_EXEC_FILENAME], BPF_CORE_READ(binprm, filename),
	                  BPF_USER_STRING_MAX);
	put_interpreter(s, binprm);
	exec_hash_take(r);
	put_tty(s, task);
	put_environment(s, task);
	put_argv(s, task);
	send(c, &r->head, sizeof(*r) + s->used, sizeof(*r) + sizeof(s->data), BPF_KIND_EXEC);
	return 0;
}

/* Fires for each thread: the last one ends the process. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	if (task->signal->live.counter != 0 || is_kernel_thread(task))
		return 0;
	struct bpf_counts *c = counts_of(BPF_PROGRAM_EXIT);
	if (!c)
		return 0;
	struct bpf_exit_record r = {};
	fill_head(&r.head, BPF_PROGRAM_EXIT, task);
	int status = task->signal->group_exit_code;
	r.status = status ? status : task->exit_code;
	send(c, &r.head, sizeof(r), sizeof(r), BPF_KIND_EXIT);
	return 0;
}

#define OWN(field, flag) (of_child->field != of_parent->field ? (__u64)(flag) : 0)

/* Which namespaces has the child of its own? The arguments of clone3() stand in memory, that the child may
 * share and write to before the call returns. */
static __always_inline __u64 own_namespaces(struct task_struct *parent, struct task_struct *child)
{
	struct nsproxy *of_child = child->nsproxy, *of_parent = parent->nsproxy;
	__u64 flags = 0;
	if (child->cred->user_ns != parent->cred->user_ns)
		flags = CLONE_NEWUSER;
	if (of_child == of_parent)
		return flags;
	return flags | OWN(mnt_ns, CLONE_NEWNS) | OWN(uts_ns, CLONE_NEWUTS) | OWN(ipc_ns, CLONE_NEWIPC) |
	       OWN(pid_ns_for_children, CLONE_NEWPID) | OWN(net_ns, CLONE_NEWNET) |
	       OWN(cgroup_ns, CLONE_NEWCGROUP) | OWN(time_ns_for_children, CLONE_NEWTIME);
}

/* So that a child is known by its parent before it does anything. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	int tgid = child->tgid;
	if (child->pid != tgid || is_kernel_thread(child))
		return 0;
	struct bpf_counts *c = counts_of(BPF_PROGRAM_FORK);
	if (!c)
		return 0;
	__u64 namespaces = own_namespaces(parent, child);
	if (namespaces)
		act_put_namespaces(namespaces);
	struct bpf_fork_record r = {};
	fill_head(&r.head, BPF_PROGRAM_FORK, parent);
	r.child_tgid = tgid;
	r.child_start_boot_ns = child->start_boottime;
	send(c, &r.head, sizeof(r), sizeof(r), BPF_KIND_PROCESS);
	return 0;
}

/* For a process that runs already. Its arguments are in its own memory, which can't be read from here. */
SEC("?iter/task")
int process_found(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scratch *s = scratch_get();
	if (!task || !s || is_kernel_thread(task) || task->pid != task->tgid)
		return 0;
	struct bpf_exec_record *r = &s->record;
	struct mm_struct *mm = task->mm;
	if (!mm)
		return 0;

	s->used = 0;
	fill_head(&r->head, BPF_PROGRAM_FOUND, task);
	r->head.tgid = task->tgid;
	r->head.tid = r->head.tgid;
	r->head.kind = BPF_KIND_PROCESS;
	r->head.sequence = 0;
	describe(s, task, BPF_CORE_READ(mm, exe_file));
	r->hashed = 0;
	string_absent(&r->strings[BPF_EXEC_FILENAME]);
	string_absent(&r->strings[BPF_EXEC_INTERPRETER]);
	put_tty(s, task);
	string_absent(&r->strings[BPF_EXEC_ENV]);
	string_absent(&r->strings[BPF_EXEC_ARGV]);
	__u64 size = sizeof(*r) + s->used;
	opaque(size);
	if (size > FOUND_MAX)
		return 0;
	r->head.size = size;
	bpf_seq_write(ctx->meta->seq, r, size);
	return 0;
}
