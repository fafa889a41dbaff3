/* The record of what happened to a file, as the program at the end of system calls and those on kernel
 * objects both begin it. The includer defines what bpf/path.bpf.h asks for, with SCRATCH_RECORD
 * bpf_file_record.
 */
#ifndef SWORNLOG_BPF_FILE_RECORD_BPF_H
#define SWORNLOG_BPF_FILE_RECORD_BPF_H

#include "bpf/match.bpf.h"

/* Of the open flags, the same on all architectures that we know. */
#define WRITES_OR_CREATES (00000003 | 00000100 | 00001000) /* O_ACCMODE, O_CREAT, O_TRUNC */
#define FMODE_CREATED     0x100000

/* A record without strings, labels or object. */
static __always_inline void record_clear(struct scratch *s)
{
	struct bpf_file_record *r = &s->record;
	for (int i = 0; i < BPF_FILE_STRINGS; i++)
		string_absent(&r->strings[i]);
	r->inode = 0;
	r->device = 0;
	r->mode = 0;
	r->labels = 0;
	r->pad = 0;
	s->filters = 0;
	s->interest = 0;
	s->foreign = 0;
}

static __always_inline void record_inode(struct bpf_file_record *r, struct inode *inode)
{
	r->inode = BPF_CORE_READ(inode, i_ino);
	r->device = BPF_CORE_READ(inode, i_sb, s_dev);
	r->mode = BPF_CORE_READ(inode, i_mode);
}

#endif
