/* The map by which an executable's SHA-256 reaches the record of its exec. */
#ifndef SWORNLOG_BPF_EXEC_HASH_BPF_H
#define SWORNLOG_BPF_EXEC_HASH_BPF_H

#include "bpf/exec_hash.h"
#include "bpf/record.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BPF_EXEC_HASHES_MAX);
	__type(key, __u32);
	__type(value, struct bpf_exec_hash);
} exec_hashes SEC(".maps");

/* Into the record of the exec that it was made for. */
static __always_inline void exec_hash_take(struct bpf_exec_record *r)
{
	__u32 tid = r->head.tid;
	const struct bpf_exec_hash *h = bpf_map_lookup_elem(&exec_hashes, &tid);
	r->hashed = 0;
	if (!h)
		return;
	/* In this order, for the entry may be filled anew meanwhile, from its beginning. */
	__builtin_memcpy(r->sha256, h->sha256, sizeof(r->sha256));
	barrier();
	r->hashed = h->start_boot_ns == r->head.start_boot_ns && h->exec_id == r->head.exec_id;
	bpf_map_delete_elem(&exec_hashes, &tid);
}

#endif
