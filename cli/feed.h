/* The batches of a store or spool in order, without verifying them, and new ones as they are written.
 *
 * A store's journals come in order of arrival, its segments host by host. */
#ifndef SWORNLOG_CLI_FEED_H
#define SWORNLOG_CLI_FEED_H

#include "evidence/record.h"

struct feed;

enum feed_kind { FEED_STORE, FEED_SPOOL };

enum feed_type {
	FEED_BATCH, /* payload: a batch */
	FEED_FLEET, /* payload: a fleet record */
	FEED_BAD,   /* something that can't be read was passed over */
};

struct feed_item {
	enum feed_type type;
	struct span payload; /* valid until the next call */
	const char *file;    /* likewise */
	uint64_t offset;
};

/* A folder, recognised by content. -ENOENT, -EINVAL (neither), ... */
must_check int feed_open(const char *path, struct feed **ret);
void feed_free(struct feed *f);
void feed_freep(struct feed **f);
#define cleanup_feed cleanup(feed_freep)
enum feed_kind feed_kind(const struct feed *f);
int feed_dirfd(const struct feed *f);

/* 1 and an item; 0: nothing more for now. */
must_check int feed_next(struct feed *f, struct feed_item *ret);
/* Before the first feed_next: begin with a store's newest file. */
must_check int feed_begin_at_newest(struct feed *f);
/* Wait until something may have been written, at most timeout_ms. */
void feed_wait(struct feed *f, int timeout_ms);

#endif
