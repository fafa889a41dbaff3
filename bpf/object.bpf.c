/* Files, seen where the kernel works on its own objects: paths are real, a result is the act's own, and it is
 * no matter how the act was asked for (a system call, io_uring).
 *
 * Every program stands here for the LSM and for fentry where both can do its work; user space loads what the
 * kernel has, tries it, and keeps what fired. Of an act that came to nothing the system call tells.
 */
#include "bpf/acts.bpf.h"
#include "bpf/object.bpf.h"
#include "bpf/object_hash.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Opens */

static __always_inline void tell_open(struct file *file, __u64 flags, __u32 marks)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct scratch *s = record_begin(task, BPF_KIND_OPEN, marks, BPF_CORE_READ(file, f_inode));
	if (!s)
		return;
	struct bpf_file_record *r = &s->record;
	r->open_flags = flags;
	r->open_mode = BPF_CORE_READ(file, f_mode) & FMODE_CREATED ? 1 : 0;
	put_path(s, task, &r->strings[BPF_FILE_OBJECT], &file->f_path);
	match_object(s, (__u64)BPF_CORE_READ(file, f_path.dentry));
	record_end(s, task, BPF_KIND_OPEN);
}

/* Before the open: the only LSM hook at which the flags are still whole. */
SEC("?lsm/file_open")
int BPF_PROG(lsm_file_open, struct file *file)
{
	if (!(file->f_flags & WRITES_OR_CREATES) || file->f_mode & FMODE_NOACCOUNT)
		return 0;
	count_fired(BPF_LSM_FILE_OPEN);
	struct bpf_act *a = act_make(BPF_KIND_OPEN);
	if (!a)
		return 0;
	a->dentry = (__u64)file;
	a->args[0] = file->f_flags;
	a->state = BPF_ACT_BEGUN;
	return 0;
}

/* After it succeeded; not for files that the kernel opens below others. */
SEC("?lsm/file_post_open")
int BPF_PROG(lsm_file_post_open, struct file *file)
{
	if (!(file->f_mode & (FMODE_WRITE | FMODE_CREATED)))
		return 0;
	struct bpf_act *a = act_find(BPF_KIND_OPEN);
	if (!a || a->state != BPF_ACT_BEGUN || a->dentry != (__u64)file)
		return 0;
	a->state = BPF_ACT_IDLE;
	count_fired(BPF_LSM_FILE_POST_OPEN);
	if (!gate_is_open(BPF_KIND_OPEN))
		return 0;
	a->state = BPF_ACT_TOLD;
	tell_open(file, a->args[0], BPF_MARK_LSM);
	return 0;
}

static __always_inline int on_opened(const __u64 *ctx, const struct open_flags *how)
{
	__u32 flags = how->open_flag;
	if (!(flags & WRITES_OR_CREATES))
		return 0;
	__u64 file = ctx_word(ctx, 3);
	if (file >= (__u64)-MAX_ERRNO)
		return 0;
	count_fired(BPF_FEXIT_OPEN);
	if (!gate_is_open(BPF_KIND_OPEN))
		return 0;
	struct bpf_act *a = act_make(BPF_KIND_OPEN);
	if (a)
		a->state = BPF_ACT_TOLD;
	tell_open((struct file *)file, flags, BPF_MARK_FENTRY);
	return 0;
}

SEC("?fexit/do_filp_open")
int BPF_PROG(fexit_do_filp_open, int dir, void *name, const struct open_flags *how)
{
	return on_opened(ctx, how);
}

/* Its newer name. */
SEC("?fexit/do_file_open")
int BPF_PROG(fexit_do_file_open, int dir, void *name, const struct open_flags *how)
{
	return on_opened(ctx, how);
}

/* Closes after writing */

static __always_inline int on_close(struct file *file, __u32 program, __u32 marks)
{
	__u32 mode = file->f_mode;
	if (!(mode & FMODE_WRITE) || !(mode & FMODE_OPENED) || mode & FMODE_NOACCOUNT ||
	    (file->f_inode->i_mode & S_IFMT) != S_IFREG)
		return 0;
	count_fired(program);
	if (!gate_is_open(BPF_KIND_CLOSE))
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	struct scratch *s = record_begin(task, BPF_KIND_CLOSE, marks, file->f_inode);
	if (!s)
		return 0;
	put_path(s, task, &s->record.strings[BPF_FILE_OBJECT], &file->f_path);
	match_object(s, (__u64)BPF_CORE_READ(file, f_path.dentry));
	record_end(s, task, BPF_KIND_CLOSE);
	return 0;
}

SEC("?lsm/file_release")
int BPF_PROG(lsm_file_release, struct file *file)
{
	return on_close(file, BPF_LSM_FILE_RELEASE, BPF_MARK_LSM);
}

/* Not security_file_free(): the path is given back by then. */
SEC("?fentry/__fput")
int BPF_PROG(fentry_fput, struct file *file)
{
	return on_close(file, BPF_FENTRY_FPUT, BPF_MARK_FENTRY);
}

/* Names, before the act. A directory's mount is the mount of both names. */

static __always_inline __u16 keep_name(char *to, struct dentry *dentry)
{
	__u64 len = BPF_CORE_READ(dentry, d_name.len);
	opaque(len);
	if (len > 255)
		len = 255;
	bpf_probe_read_kernel(to, len, BPF_CORE_READ(dentry, d_name.name));
	return len;
}

static __always_inline struct bpf_act *act_begin(__u32 act, const struct path *dir, struct dentry *dentry,
                                                 __u32 program, __u32 marks)
{
	count_fired(program);
	struct bpf_act *a = act_make(act);
	if (!a)
		return 0;
	bpf_probe_read_kernel(&a->mnt, sizeof(a->mnt), &dir->mnt);
	bpf_probe_read_kernel(&a->parent, sizeof(a->parent), &dir->dentry);
	a->dentry = (__u64)dentry;
	a->inode = (__u64)BPF_CORE_READ(dentry, d_inode);
	a->name_len = keep_name(a->name, dentry);
	a->marks = marks;
	a->state = BPF_ACT_BEGUN;
	return a;
}

static __always_inline int begin_rename(const struct path *dir, struct dentry *old,
                                        const struct path *new_dir, struct dentry *new, __u32 program,
                                        __u32 marks)
{
	struct bpf_act *a = act_begin(BPF_KIND_RENAME, dir, old, program, marks);
	if (!a)
		return 0;
	bpf_probe_read_kernel(&a->target_parent, sizeof(a->target_parent), &new_dir->dentry);
	a->target_len = keep_name(a->target, new);
	return 0;
}

/* The old name has no path of its own, but the mount must be the same. */
static __always_inline int begin_link(struct dentry *old, const struct path *new_dir, struct dentry *new,
                                      __u32 program, __u32 marks)
{
	struct bpf_act *a = act_begin(BPF_KIND_LINK, new_dir, new, program, marks);
	if (!a)
		return 0;
	a->target_parent = a->parent;
	a->target_len = keep_name(a->target, new);
	a->parent = (__u64)old;
	a->name_len = 0;
	a->inode = (__u64)BPF_CORE_READ(old, d_inode);
	return 0;
}

static __always_inline int begin_with(__u32 act, const struct path *dir, struct dentry *dentry, __u64 arg,
                                      __u32 program, __u32 marks)
{
	struct bpf_act *a = act_begin(act, dir, dentry, program, marks);
	if (a)
		a->args[0] = arg;
	return 0;
}

/* Regular files are made by another function, and most of them by an open. */
static __always_inline int begin_mknod(const struct path *dir, struct dentry *dentry, __u32 mode,
                                       __u32 device, __u32 program, __u32 marks)
{
	__u32 type = mode & S_IFMT;
	if (type == 0 || type == S_IFREG) {
		act_forget(BPF_KIND_MKNOD);
		return 0;
	}
	return begin_with(BPF_KIND_MKNOD, dir, dentry, device, program, marks);
}

static __always_inline int begin_change(__u32 act, const struct path *path, __u64 first, __u64 second,
                                        __u32 program, __u32 marks)
{
	count_fired(program);
	struct bpf_act *a = act_make(act);
	if (!a)
		return 0;
	bpf_probe_read_kernel(&a->mnt, sizeof(a->mnt), &path->mnt);
	bpf_probe_read_kernel(&a->dentry, sizeof(a->dentry), &path->dentry);
	a->parent = a->dentry;
	a->inode = (__u64)BPF_CORE_READ(path, dentry, d_inode);
	a->name_len = 0;
	a->args[0] = first;
	a->args[1] = second;
	a->marks = marks;
	a->state = BPF_ACT_BEGUN;
	return 0;
}

/* The same handler under both of its hooks. */
#define BEFORE(name, NAME, begin, ...)                                                                       \
	SEC("?lsm/" #name)                                                                                   \
	int BPF_PROG(lsm_##name, __VA_ARGS__)                                                                \
	{                                                                                                    \
		const __u32 program = BPF_LSM_##NAME, marks = BPF_MARK_LSM;                                  \
		return begin;                                                                                \
	}                                                                                                    \
	SEC("?fentry/security_" #name)                                                                       \
	int BPF_PROG(fentry_##name, __VA_ARGS__)                                                             \
	{                                                                                                    \
		const __u32 program = BPF_FENTRY_##NAME, marks = BPF_MARK_FENTRY;                            \
		return begin;                                                                                \
	}

BEFORE(path_rename, PATH_RENAME, begin_rename(old_dir, old, new_dir, new, program, marks),
       const struct path *old_dir, struct dentry *old, const struct path *new_dir, struct dentry *new)
BEFORE(path_unlink, PATH_UNLINK, begin_with(BPF_KIND_UNLINK, dir, dentry, 0, program, marks),
       const struct path *dir, struct dentry *dentry)
BEFORE(path_rmdir, PATH_RMDIR, begin_with(BPF_KIND_UNLINK, dir, dentry, 0, program, marks),
       const struct path *dir, struct dentry *dentry)
BEFORE(path_link, PATH_LINK, begin_link(old, dir, dentry, program, marks), struct dentry *old,
       const struct path *dir, struct dentry *dentry)
BEFORE(path_symlink, PATH_SYMLINK, begin_with(BPF_KIND_SYMLINK, dir, dentry, (__u64)content, program, marks),
       const struct path *dir, struct dentry *dentry, const char *content)
BEFORE(path_mkdir, PATH_MKDIR, begin_with(BPF_KIND_MKDIR, dir, dentry, 0, program, marks),
       const struct path *dir, struct dentry *dentry)
BEFORE(path_mknod, PATH_MKNOD, begin_mknod(dir, dentry, mode, device, program, marks), const struct path *dir,
       struct dentry *dentry, unsigned short mode, unsigned int device)
BEFORE(path_chmod, PATH_CHMOD, begin_change(BPF_KIND_CHMOD, path, mode, 0, program, marks),
       const struct path *path, unsigned short mode)
BEFORE(path_chown, PATH_CHOWN, begin_change(BPF_KIND_CHOWN, path, uid, gid, program, marks),
       const struct path *path, unsigned int uid, unsigned int gid)
BEFORE(path_truncate, PATH_TRUNCATE, begin_change(BPF_KIND_TRUNCATE, path, 0, 0, program, marks),
       const struct path *path)
BEFORE(file_truncate, FILE_TRUNCATE, begin_change(BPF_KIND_TRUNCATE, &file->f_path, 0, 0, program, marks),
       struct file *file)

/* After the act */

/* The act that has just come to its end, if it did with success. Below overlayfs the kernel calls itself for
 * other dentries: these are nobody's act. */
static __always_inline struct bpf_act *act_done(const __u64 *ctx, __u32 act, __u32 kind, __u32 program)
{
	struct bpf_act *a = act_find(act);
	const struct bpf_after *where = bpf_map_lookup_elem(&after, &kind);
	if (!a || !where || a->state != BPF_ACT_BEGUN)
		return 0;
	__u64 dentry = ctx_word(ctx, where->dentry);
	if (where->renamedata)
		dentry = (__u64)BPF_CORE_READ((struct renamedata *)dentry, old_dentry);
	if (dentry != a->dentry)
		return 0;
	a->state = BPF_ACT_IDLE;
	__u64 result = ctx_word(ctx, where->result);
	if (where->pointer ? result >= (__u64)-MAX_ERRNO : (__s32)result < 0)
		return 0;
	count_fired(program);
	if (!gate_is_open(kind))
		return 0;
	a->state = BPF_ACT_TOLD;
	return a;
}

static __always_inline void tell_act(struct bpf_act *a, __u32 kind, __u64 flags, struct inode *inode)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct scratch *s = record_begin(task, kind, a->marks | BPF_MARK_FENTRY, inode);
	if (!s)
		return;
	struct bpf_file_record *r = &s->record;
	r->open_flags = flags;
	r->args[0] = a->args[0];
	r->args[1] = a->args[1];
	put_named(s, task, &r->strings[BPF_FILE_OBJECT], a->mnt, a->parent, a->name, a->name_len);
	if (!a->name_len)
		match_object(s, a->parent);
	/* Its other name may be about something else. */
	if (kind == BPF_KIND_LINK)
		s->interest = ~0u;
	if (kind == BPF_KIND_SYMLINK)
		put_kernel_string(s, &r->strings[BPF_FILE_TARGET], (const void *)a->args[0],
		                  BPF_USER_STRING_MAX);
	if (kind == BPF_KIND_RENAME || kind == BPF_KIND_LINK)
		put_named(s, task, &r->strings[BPF_FILE_TARGET_BASE], a->mnt, a->target_parent, a->target,
		          a->target_len);
	record_end(s, task, kind);
}

/* What was there before, or what is there now. */
static __always_inline int on_done(const __u64 *ctx, __u32 act, __u32 kind, __u32 program)
{
	struct bpf_act *a = act_done(ctx, act, kind, program);
	if (!a)
		return 0;
	struct inode *inode = (void *)a->inode;
	struct dentry *dentry = (void *)a->dentry;
	if (!inode)
		inode = BPF_CORE_READ(dentry, d_inode);
	tell_act(a, kind, 0, inode);
	return 0;
}

static __always_inline bool has_renamedata(void)
{
	__u32 kind = BPF_KIND_RENAME;
	const struct bpf_after *where = bpf_map_lookup_elem(&after, &kind);
	return where && where->renamedata;
}

SEC("?fexit/vfs_rename")
int fexit_vfs_rename(__u64 *ctx)
{
	struct bpf_act *a = act_done(ctx, BPF_KIND_RENAME, BPF_KIND_RENAME, BPF_FEXIT_RENAME);
	if (!a)
		return 0;
	struct renamedata *data = (void *)ctx_word(ctx, 0);
	tell_act(a, BPF_KIND_RENAME, has_renamedata() ? BPF_CORE_READ(data, flags) : 0, (void *)a->inode);
	return 0;
}

/* Nothing but the act's own names and what its hook before has kept. */
#define AFTER(function, act, kind, program)                                                                  \
	SEC("?fexit/" #function)                                                                             \
	int fexit_##function(__u64 *ctx)                                                                     \
	{                                                                                                    \
		return on_done(ctx, act, kind, program);                                                     \
	}

AFTER(vfs_unlink, BPF_KIND_UNLINK, BPF_KIND_UNLINK, BPF_FEXIT_UNLINK)
AFTER(vfs_rmdir, BPF_KIND_UNLINK, BPF_KIND_RMDIR, BPF_FEXIT_RMDIR)
AFTER(vfs_link, BPF_KIND_LINK, BPF_KIND_LINK, BPF_FEXIT_LINK)
AFTER(vfs_symlink, BPF_KIND_SYMLINK, BPF_KIND_SYMLINK, BPF_FEXIT_SYMLINK)
AFTER(vfs_mkdir, BPF_KIND_MKDIR, BPF_KIND_MKDIR, BPF_FEXIT_MKDIR)
AFTER(vfs_mknod, BPF_KIND_MKNOD, BPF_KIND_MKNOD, BPF_FEXIT_MKNOD)

/* The attributes stand behind the dentry. A change of owner may be one of nothing. */
SEC("?fexit/notify_change")
int fexit_notify_change(__u64 *ctx)
{
	__u32 any = BPF_KIND_CHMOD;
	const struct bpf_after *where = bpf_map_lookup_elem(&after, &any);
	if (!where)
		return 0;
	struct iattr *attr = (void *)ctx_word(ctx, where->dentry + 1);
	__u32 valid = BPF_CORE_READ(attr, ia_valid);
	if (valid & ATTR_OPEN)
		return 0;
	__u32 kind = BPF_KIND_CHOWN;
	if (valid & ATTR_SIZE)
		kind = BPF_KIND_TRUNCATE;
	else if (valid & ATTR_MODE && !(valid & ATTR_OWNERS))
		kind = BPF_KIND_CHMOD;
	struct bpf_act *a = act_done(ctx, kind, kind, BPF_FEXIT_NOTIFY_CHANGE);
	if (!a)
		return 0;
	if (kind == BPF_KIND_TRUNCATE)
		a->args[0] = BPF_CORE_READ(attr, ia_size);
	tell_act(a, kind, 0, (void *)a->inode);
	return 0;
}
