/* One journal or segment of a store, record by record (docs/format.md section 13). */
#ifndef SWORNLOG_VERIFY_STORE_FILE_H
#define SWORNLOG_VERIFY_STORE_FILE_H

#include "verify/fleet.h"
#include "verify/scan.h"

struct store_check {
	int dirfd;
	struct findings *findings;
	struct hosts *hosts;
	struct fleet_check *fleet;
	unsigned jobs;         /* threads for the batches; 0: one */
	uint64_t files, bytes; /* gone through so far */
	/* Called now and then with the bytes gone through, by one thread at a time. May be NULL. */
	void (*progress)(void *ctx, uint64_t bytes);
	void *progress_ctx;
};

/* `last`: the journal that a sink may be writing right now; a tail that does not become whole is torn.
 * -ENOENT if the file is not there, else only trouble that says nothing about the store. */
must_check int store_file_check(struct store_check *s, bool segment, uint64_t number, bool last);
/* A journal that lies beside its finished segment must still be whole. */
must_check int store_file_spare(struct store_check *s, uint64_t number);
/* The same as store_file_check over bytes in memory, for tests. */
must_check int store_file_check_bytes(struct store_check *s, struct span bytes, bool segment, uint64_t number,
                                      bool last);

/* snapshot.c: what the first record of a journal claims, against what was seen before it. */
void snapshot_check(const struct store_check *s, const struct place *at, struct span payload);

#endif
