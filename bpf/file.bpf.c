/* Files, privileges, and what else changes the system: one handler at the end of every system call, that
 * reads its arguments and its result together. */
#include <stdbool.h>

#define SCRATCH_RECORD   bpf_file_record
#define SCRATCH_DATA_MAX 16384
#include "bpf/acts.bpf.h"
#include "bpf/file_record.bpf.h"
#include "bpf/system.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(max_entries, BPF_CALLS);
	__type(key, __u32);
	__type(value, struct bpf_call_pair);
} calls SEC(".maps");

#define AT_FDCWD_INT (-100)

/* Of the open flags, the same on all architectures that we know. */
#define ONLY_A_PATH   010000000                /* O_PATH: the other flags are ignored */
#define CREATES       00000100                 /* O_CREAT */
#define KEPT_FLAGS    (00000003 | ONLY_A_PATH) /* of those that an open file keeps */
#define ANONYMOUS     0x20                     /* MAP_ANONYMOUS: of no file */
#define NOT_PERMITTED (-1)                     /* EPERM */
#define ACCESS_DENIED (-13)                    /* EACCES */

#if defined(__TARGET_ARCH_x86)
#define X32_BIT         0x40000000u
#define COMPAT_STATUS   0x0002 /* TS_COMPAT */
#define CALL_NUMBER(r)  ((__u32)(r)->orig_ax & ~X32_BIT)
#define IS_COMPAT(task) (BPF_CORE_READ(task, thread_info.status) & COMPAT_STATUS)

static __always_inline void read_args(__u64 *args, struct pt_regs *regs, bool compat)
{
	args[0] = compat ? (__u32)regs->bx : regs->di;
	args[1] = compat ? (__u32)regs->cx : regs->si;
	args[2] = compat ? (__u32)regs->dx : regs->dx;
	args[3] = compat ? (__u32)regs->si : regs->r10;
	args[4] = compat ? (__u32)regs->di : regs->r8;
	args[5] = compat ? (__u32)regs->bp : regs->r9;
}
#elif defined(__TARGET_ARCH_arm64)
#define COMPAT_FLAG     (1ul << 22) /* TIF_32BIT */
#define CALL_NUMBER(r)  ((__u32)(r)->syscallno)
#define IS_COMPAT(task) (BPF_CORE_READ(task, thread_info.flags) & COMPAT_FLAG)

static __always_inline void read_args(__u64 *args, struct pt_regs *regs, bool compat)
{
	args[0] = compat ? (__u32)regs->orig_x0 : regs->orig_x0;
	args[1] = compat ? (__u32)regs->regs[1] : regs->regs[1];
	args[2] = compat ? (__u32)regs->regs[2] : regs->regs[2];
	args[3] = compat ? (__u32)regs->regs[3] : regs->regs[3];
	args[4] = compat ? (__u32)regs->regs[4] : regs->regs[4];
	args[5] = compat ? (__u32)regs->regs[5] : regs->regs[5];
}
#endif

/* The caller's memory may have another content by now: what the file is open for is the kernel's word. */
static __always_inline void correct_flags(struct bpf_file_record *r, struct task_struct *task)
{
	struct file *file = r->result >= 0 ? file_of(task, (__u32)r->result) : 0;
	if (!file)
		return;
	r->open_flags &= ~(__u64)KEPT_FLAGS;
	r->open_flags |= BPF_CORE_READ(file, f_flags) & KEPT_FLAGS;
	if (BPF_CORE_READ(file, f_mode) & FMODE_CREATED)
		r->open_flags |= CREATES;
}

/* Fills in the flags of open and its like. */
static __always_inline void read_flags(struct bpf_file_record *r, struct task_struct *task,
                                       const struct bpf_call *call)
{
	r->open_flags = 0;
	r->open_mode = 0;
	if (call->filter == BPF_FILTER_NONE)
		return;
	r->open_flags = (__u32)arg(r, call->flags);
	if (call->filter != BPF_FILTER_HOW)
		return;
	__u64 how[2] = { WRITES_OR_CREATES }; /* unreadable now: rather one event too many */
	bpf_probe_read_user(how, sizeof(how), (void *)arg(r, call->flags));
	r->open_flags = how[0];
	r->open_mode = how[1];
	correct_flags(r, task);
}

/* Which kind of event may this be? 0: none. */
static __always_inline __u32 kind_of(struct bpf_file_record *r, struct task_struct *task,
                                     const struct bpf_call *call)
{
	if (call->filter == BPF_FILTER_NONE)
		return call->kind;
	if (call->filter >= BPF_FILTER_FAILED)
		return system_wanted(r, task, call) ? call->kind : 0;
	if (call->filter == BPF_FILTER_MMAP)
		return r->open_flags & ANONYMOUS || !match_watching() ? 0 : call->read;
	if (r->open_flags & ONLY_A_PATH)
		return 0;
	if (r->open_flags & WRITES_OR_CREATES)
		return call->kind;
	return call->read && match_watching() ? call->read : 0;
}

static __always_inline bool succeeded(const struct bpf_file_record *r)
{
	/* Addresses are results too. */
	return r->result >= 0 || r->result < -4095;
}

/* The kernel's own word is there for all that the call is about. */
static __always_inline bool is_sure_object(const struct bpf_file_record *r)
{
	const struct bpf_string *strings = r->strings;
	return strings[BPF_FILE_OBJECT].present && !strings[BPF_FILE_OBJECT].marks &&
	       !strings[BPF_FILE_TARGET].present && !(r->marks & BPF_MARK_SHARED);
}

/* Of what does not change anything: reads of labelled objects, and those that were denied, of which user
 * space knows whether the name is a labelled one. */
static __always_inline bool is_interesting_read(const struct scratch *s)
{
	const struct bpf_file_record *r = &s->record;
	if (r->strings[BPF_FILE_OBJECT].present && !(r->strings[BPF_FILE_OBJECT].marks & BPF_MARK_MISSING))
		return s->interest;
	return r->result == NOT_PERMITTED || r->result == ACCESS_DENIED;
}

static __always_inline void put_object(struct scratch *s, struct task_struct *task, __u64 fd)
{
	struct bpf_file_record *r = &s->record;
	struct file *file = file_of(task, fd);
	if (!file) {
		string_put(&r->strings[BPF_FILE_OBJECT], 0, BPF_MARK_MISSING);
		return;
	}
	record_inode(r, BPF_CORE_READ(file, f_inode));
	put_path(s, task, &r->strings[BPF_FILE_OBJECT], &file->f_path);
	match_object(s, (__u64)BPF_CORE_READ(file, f_path.dentry));
}

/* The directory from which a caller's string starts. */
static __always_inline void put_base(struct scratch *s, struct task_struct *task, struct bpf_string *string,
                                     __u32 base, bool absolute)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	int fd = (int)arg(&s->record, base);
	const struct path *path;
	if (absolute) {
		path = &fs->root;
	} else if (base == BPF_ARG_CWD || fd == AT_FDCWD_INT) {
		path = &fs->pwd;
	} else {
		struct file *file = file_of(task, (__u32)fd);
		if (!file) {
			string_put(string, 0, BPF_MARK_MISSING);
			return;
		}
		path = &file->f_path;
	}
	put_path(s, task, string, path);
}

/* A string argument, and the directory that it starts from. */
static __always_inline void put_name(struct scratch *s, struct task_struct *task, const __u32 slot,
                                     __u32 name, __u32 base)
{
	struct bpf_string *strings = s->record.strings;
	/* Where there is no directory either, the string may be left out: the source of a mount. */
	if (name == BPF_ARG_NONE || (base == BPF_ARG_NONE && !arg(&s->record, name)))
		return;
	const __u8 *at = scratch_room(s);
	put_user_string(s, &strings[slot], (const void *)arg(&s->record, name), BPF_USER_STRING_MAX);
	if (base == BPF_ARG_NONE)
		return;
	bool absolute = at && strings[slot].len > 0 && *at == '/';
	put_base(s, task, &strings[slot + 1], base, absolute);
}

/* Strings that only a struct points to: where an object is pinned, which tracepoint is attached to. */
static __always_inline void put_pointed(struct scratch *s, struct task_struct *task)
{
	struct bpf_file_record *r = &s->record;
	__u64 at = 0;
	bool pins = r->args[0] == BPF_OBJ_PIN || r->args[0] == BPF_OBJ_GET;
	if (!pins && r->args[0] != BPF_RAW_TRACEPOINT_OPEN)
		return;
	if (bpf_probe_read_user(&at, sizeof(at), (const void *)r->args[1]) || !at)
		return;
	if (!pins) {
		put_user_string(s, &r->strings[BPF_FILE_XATTR], (const void *)at, BPF_XATTR_NAME_MAX - 1);
		return;
	}
	const __u8 *to = scratch_room(s);
	struct bpf_string *name = &r->strings[BPF_FILE_NAME];
	put_user_string(s, name, (const void *)at, BPF_USER_STRING_MAX);
	put_base(s, task, &r->strings[BPF_FILE_BASE], BPF_ARG_CWD, to && name->len > 0 && *to == '/');
}

/* The descriptor of the object that the call was about; -1: none. */
static __always_inline long object_fd(const struct bpf_file_record *r, const struct bpf_call *call)
{
	if (call->object == BPF_OBJECT_ARGUMENT)
		return (__u32)r->args[0];
	if (call->object == BPF_OBJECT_FIFTH)
		return succeeded(r) ? (__u32)r->args[4] : -1;
	return call->object == BPF_OBJECT_RETURNED && r->result >= 0 ? (__u32)r->result : -1;
}

static __always_inline void put_strings(struct scratch *s, struct task_struct *task,
                                        const struct bpf_call *call)
{
	struct bpf_file_record *r = &s->record;
	long fd = object_fd(r, call);
	bool root = call->object == BPF_OBJECT_ROOT && r->result >= 0;

	record_clear(s);
	if (fd >= 0)
		put_object(s, task, fd);
	if (root)
		put_path(s, task, &r->strings[BPF_FILE_OBJECT], &BPF_CORE_READ(task, fs)->root);
	/* Where the object is sure, the caller's string says nothing more. */
	if ((fd < 0 && !root) || (r->marks & BPF_MARK_SHARED) ||
	    (r->strings[BPF_FILE_OBJECT].marks & BPF_MARK_MISSING))
		put_name(s, task, BPF_FILE_NAME, call->name, call->base);
	put_name(s, task, BPF_FILE_TARGET, call->target, call->target_base);
	if (call->filter == BPF_FILTER_BPF)
		put_pointed(s, task);
	if (call->xattr != BPF_ARG_NONE && arg(r, call->xattr))
		put_user_string(s, &r->strings[BPF_FILE_XATTR], (const void *)arg(r, call->xattr),
		                BPF_XATTR_NAME_MAX - 1);
	if (call->data != BPF_ARG_NONE)
		put_data(s, task, call);
	r->marks |= s->foreign;
}

static __always_inline int on_call(struct pt_regs *regs, long result)
{
	__u32 number = CALL_NUMBER(regs);
	const struct bpf_call_pair *pair = bpf_map_lookup_elem(&calls, &number);
	if (!pair || !(pair->native.kind | pair->native.read | pair->compat.kind | pair->compat.read))
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	bool compat = IS_COMPAT(task);
	const struct bpf_call *call = compat ? &pair->compat : &pair->native;
	if (!(call->kind | call->read))
		return 0;
	struct bpf_counts *c = counts_of(BPF_PROGRAM_FILE);
	struct scratch *s = scratch_get();
	if (!c || !s)
		return 0;

	struct bpf_file_record *r = &s->record;
	read_args(r->args, regs, compat);
	r->result = result;
	read_flags(r, task, call);
	__u32 kind = kind_of(r, task, call);
	if (!kind || (result >= 0 && act_was_told(kind)))
		return 0;
	bool reads = kind == call->read;
	if (!reads && match_excludes_any(kind, !succeeded(r)))
		return 0;
	s->used = 0;
	r->call = number;
	r->marks = compat ? BPF_MARK_COMPAT : 0;
	if (kind >= BPF_KIND_FILES_END && BPF_CORE_READ(task, thread_pid, level) != 0)
		r->marks |= BPF_MARK_PIDS;
	if (BPF_CORE_READ(task, files, count.counter) > 1)
		r->marks |= BPF_MARK_SHARED;
	put_strings(s, task, call);
	if (reads && !is_interesting_read(s))
		return 0;
	if (!reads && is_sure_object(r) && match_excludes_object(s, kind, !succeeded(r)))
		return 0;
	if (!reads && kind >= BPF_KIND_FILES && kind < BPF_KIND_FILES_END &&
	    match_throttles(s, task, is_sure_object(r)))
		return 0;
	fill_head(&r->head, BPF_PROGRAM_FILE, task);
	send(c, &r->head, sizeof(*r) + s->used, sizeof(*r) + sizeof(s->data), kind);
	return 0;
}

/* The end and not the beginning: the result is known, the strings are resident (they fault in one of twenty
 * reads at entry, in none of thousands here), and one program does instead of two and a map. */
SEC("?tp_btf/sys_exit")
int BPF_PROG(file_call, struct pt_regs *regs, long result)
{
	return on_call(regs, result);
}
