/* The system calls that are told of: their numbers on this machine and what each argument means. */
#ifndef SWORNLOG_COLLECTOR_CALLS_H
#define SWORNLOG_COLLECTOR_CALLS_H

#include "bpf/events.h"
#include "lib/base.h"

/* Arguments are numbered from 1; 0 is none. */
struct call_shape {
	struct bpf_call bpf; /* what the BPF program must know */
	bool attributes;     /* what they are set to has been copied */
	uint8_t protection;
	uint8_t flags;
	uint8_t mode;
	uint8_t owner; /* uid, and gid in the next argument */
	uint8_t size;
	uint8_t size_high; /* 32-bit calls: the size's upper half */
	uint8_t device;
	uint8_t operation; /* enum credentials_operation and its like */
	uint8_t pid;       /* of a process that the call is aimed at */
	uint8_t signal;
	uint8_t asked;       /* ids that are asked for, from argument 1 on */
	bool owner16;        /* ids have 16 bits */
	bool may_remove_dir; /* KIND_RMDIR with AT_REMOVEDIR in the flags */
	bool how;            /* flags (and mode) stand in a struct, which the BPF program has read */
	bool creates;        /* flags are implied: O_CREAT | O_WRONLY | O_TRUNC */
};

/* NULL for a number of no interest. `compat`: the table of 32-bit calls. */
const struct call_shape *call_find(bool compat, uint32_t number);

#endif
