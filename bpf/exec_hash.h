/* The way of an executable's SHA-256 from the program that has it made to the one that tells of the exec. */
#ifndef SWORNLOG_BPF_EXEC_HASH_H
#define SWORNLOG_BPF_EXEC_HASH_H

#include "bpf/events.h"

/* The map `exec_hashes`, by thread: least recently used first out, for an exec may fail after its hash was
 * made. Whose it is says the value: a thread's number may come again. */
struct bpf_exec_hash {
	__u64 start_boot_ns;
	__u64 exec_id;
	__u8 sha256[BPF_SHA256_BYTES];
};
_Static_assert(sizeof(struct bpf_exec_hash) == 48, "layout");

#define BPF_EXEC_HASHES_MAX 4096
/* Added to the thread's number while the program is tried: no exec's record takes such a one. */
#define BPF_EXEC_HASH_TRIAL 0x80000000u

/* The map `known_hashes`: what a file's content is known by. */
struct bpf_content_key {
	__u64 inode;
	__u64 size;
	__u64 ctime_s;
	__u64 version;
	__u32 ctime_ns;
	__u32 device;
};
_Static_assert(sizeof(struct bpf_content_key) == 40, "layout");

/* The key once more: an entry that is pushed out may be filled anew under a reader's eyes. */
struct bpf_known_hash {
	struct bpf_content_key key;
	__u8 sha256[BPF_SHA256_BYTES];
};
_Static_assert(sizeof(struct bpf_known_hash) == 72, "layout");

#define BPF_KNOWN_HASHES_MAX 8192
/* Larger executables are not hashed: those whose hash will be known the next time, and others. */
#define BPF_HASH_MAX_KNOWN (128ull << 20)
#define BPF_HASH_MAX       (2ull << 20)

#endif
