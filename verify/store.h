/* The whole of a sink's store against the anchor (docs/format.md section 15). */
#ifndef SWORNLOG_VERIFY_STORE_H
#define SWORNLOG_VERIFY_STORE_H

#include "verify/report.h"
#include "verify/views.h"

struct verify_options {
	int dirfd;                      /* the store's or spool's folder; not owned */
	struct span anchor;             /* the genesis statement, from somewhere else than that folder */
	const char *only;               /* label of the one host whose entries are wanted, or NULL: all */
	const uint8_t *machine_boot_id; /* 16 bytes: of this machine; NULL: not known or not asked */
	const struct policy *policy;    /* of witnesses; NULL: nobody is asked */
	struct views *views;            /* where to keep what is compared with other inputs; may be NULL */
	unsigned input;                 /* the number of this one there */
	bool structure;                 /* open seals and epoch entries only, and hash the others */
	unsigned jobs;                  /* threads; 0: one. The report does not depend on it */
	/* Called now and then with the bytes gone through. May be NULL. */
	void (*progress)(void *ctx, uint64_t bytes);
	void *progress_ctx;
};

/* Read the whole store once, in order. Memory is bounded by the number of hosts, not by the store's size. A
 * sink may be writing it meanwhile. Returns 0 and a report, whatever the store holds; -EKEYREJECTED if the
 * anchor is no valid genesis statement; or what kept it from being read (-EIO, -EACCES, -ENOMEM, ...).
 * Blocks. */
must_check int verify_store(const struct verify_options *o, struct report *ret);

#endif
