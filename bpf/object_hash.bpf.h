/* The SHA-256 of each file that is executed, made by the kernel from what the file holds at that moment.
 *
 * A hash costs some milliseconds a megabyte: it is kept for files of which the kernel would tell a change.
 */
#ifndef SWORNLOG_BPF_OBJECT_HASH_BPF_H
#define SWORNLOG_BPF_OBJECT_HASH_BPF_H

#include "bpf/exec_hash.bpf.h"
#include "bpf/object.bpf.h"

#define HASH_ALGO_SHA256 4
#define TMPFS_MAGIC      0x01021994
#define FUSE_SUPER_MAGIC 0x65735546
#define CTIME_NS_MASK    0x7fffffff /* the kernel has a mark above it */

/* A file may be written to twice within one tick of its clock, so a hash is kept only of what was left alone
 * for a while; and all that a program can read is TAI, by which the time is up to 37 s later than by the
 * file's. */
#define SETTLED_S 40

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BPF_KNOWN_HASHES_MAX);
	__type(key, struct bpf_content_key);
	__type(value, struct bpf_known_hash);
} known_hashes SEC(".maps");

/* True where a file that is being executed can't be written to, nor changed without a new ctime: not below
 * overlayfs, on other machines, or where a program is the file system. */
static __always_inline bool tells_of_changes(struct inode *inode)
{
	__u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);
	return magic == TMPFS_MAGIC || (BPF_CORE_READ(inode, i_sb, s_bdev) && magic != FUSE_SUPER_MAGIC);
}

/* Its place has moved twice. False if this kernel has it elsewhere. */
static __always_inline bool read_ctime(struct bpf_content_key *key, struct inode *inode)
{
	struct inode___of_6_6 *newer = (void *)inode;
	struct inode___of_6_11 *newest = (void *)inode;
	if (bpf_core_field_exists(newest->i_ctime_sec)) {
		key->ctime_s = BPF_CORE_READ(newest, i_ctime_sec);
		key->ctime_ns = BPF_CORE_READ(newest, i_ctime_nsec) & CTIME_NS_MASK;
	} else if (bpf_core_field_exists(newer->__i_ctime)) {
		key->ctime_s = BPF_CORE_READ(newer, __i_ctime.tv_sec);
		key->ctime_ns = BPF_CORE_READ(newer, __i_ctime.tv_nsec);
	} else if (bpf_core_field_exists(inode->i_ctime)) {
		key->ctime_s = BPF_CORE_READ(inode, i_ctime.tv_sec);
		key->ctime_ns = BPF_CORE_READ(inode, i_ctime.tv_nsec);
	} else {
		return false;
	}
	return true;
}

/* True if the key stands for the content now and later. */
static __always_inline bool content_key(struct bpf_content_key *key, struct inode *inode)
{
	key->inode = BPF_CORE_READ(inode, i_ino);
	key->device = BPF_CORE_READ(inode, i_sb, s_dev);
	key->size = BPF_CORE_READ(inode, i_size);
	/* Below is a mark whether anybody has looked at it. */
	key->version = BPF_CORE_READ(inode, i_version.counter) >> 1;
	return read_ctime(key, inode) && tells_of_changes(inode);
}

static __always_inline bool is_settled(const struct bpf_content_key *key)
{
	return key->ctime_s + SETTLED_S < bpf_ktime_get_tai_ns() / 1000000000;
}

static __always_inline bool find_known(const struct bpf_content_key *key, __u8 *sha256)
{
	const struct bpf_known_hash *known = bpf_map_lookup_elem(&known_hashes, key);
	if (!known)
		return false;
	__builtin_memcpy(sha256, known->sha256, BPF_SHA256_BYTES);
	barrier();
	const __u64 *a = (const __u64 *)&known->key, *b = (const __u64 *)key;
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3] && a[4] == b[4];
}

static __always_inline void keep_known(const struct bpf_content_key *key, const __u8 *sha256)
{
	struct bpf_known_hash known = { .key = *key };
	__builtin_memcpy(known.sha256, sha256, BPF_SHA256_BYTES);
	bpf_map_update_elem(&known_hashes, key, &known, BPF_ANY);
}

/* False if there is none, or it is of another kind. */
static __always_inline bool hash_file(struct file *file, __u8 *sha256, bool trial)
{
	struct bpf_content_key key = {};
	bool keep = content_key(&key, BPF_CORE_READ(file, f_inode));
	if (keep && find_known(&key, sha256))
		return true;
	if (key.size > (keep || trial ? BPF_HASH_MAX_KNOWN : BPF_HASH_MAX))
		return false;
	if (bpf_ima_file_hash(file, sha256, BPF_SHA256_BYTES) != HASH_ALGO_SHA256)
		return false;
	if (keep && is_settled(&key))
		keep_known(&key, sha256);
	return true;
}

/* The exec can't fail for want of permission any more, and nobody may write to the file. The tracepoint that
 * tells of the exec comes after it, and may not sleep. */
SEC("?lsm.s/bprm_committed_creds")
int BPF_PROG(lsm_exec_hash, struct linux_binprm *bprm)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct bpf_exec_hash h = {};
	__u32 tid = bpf_get_current_pid_tgid();
	bool trial = !gate_is_open(BPF_KIND_EXEC);

	if (!hash_file(bprm->file, h.sha256, trial))
		return 0;
	count_fired(BPF_LSM_EXEC_HASH);
	h.start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	h.exec_id = BPF_CORE_READ(task, self_exec_id);
	tid |= trial ? BPF_EXEC_HASH_TRIAL : 0;
	bpf_map_update_elem(&exec_hashes, &tid, &h, BPF_ANY);
	return 0;
}

#endif
