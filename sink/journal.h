/* Journal files: what the sink writes first, in order of arrival (docs/format.md sections 13.1 and 13.2). */
#ifndef SWORNLOG_SINK_JOURNAL_H
#define SWORNLOG_SINK_JOURNAL_H

#include "evidence/record.h"
#include "lib/env.h"

#define JOURNAL_SUFFIX   ".journal"
#define JOURNAL_NAME_MAX 32

void journal_name(uint64_t number, char ret[JOURNAL_NAME_MAX]);
/* Make journal `number`, which holds a snapshot and nothing else. Durable when it returns 0, not there at all
 * otherwise. */
must_check int journal_create(const struct env *env, int dirfd, uint64_t number, struct span snapshot);

/* A journal open for appending. */
struct journal {
	const struct env *env;
	int fd;
	struct record_file file;
	uint64_t size; /* all below is durable */
	uint64_t base; /* where the commit groups begin */
	bool dead;     /* a write or sync failed in a way that leaves its content unknown: never used again */
};

/* Open for appending after `size` bytes; what follows is a torn tail and is cut off. */
must_check int journal_open(const struct env *env, int dirfd, uint64_t number, uint64_t base, uint64_t size,
                            struct journal *ret);
void journal_done(struct journal *j);
/* Append a commit group whose records were made for offset j->size: one write, one datasync. -ENOSPC or
 * -EDQUOT: nothing was appended, and it may be tried again when there is room. -EIO: the journal is dead.
 * Blocks for the disk. */
must_check int journal_append(struct journal *j, struct span group);

/* Reads a journal's records one after the other. */
struct journal_reader {
	const struct env *env;
	int fd;
	struct record_file file;
	uint64_t size;   /* of the file */
	uint64_t offset; /* of the next record */
	struct buf window;
	size_t at; /* of the next record, in the window */
};

must_check int journal_reader_open(const struct env *env, int dirfd, uint64_t number,
                                   struct journal_reader *ret);
void journal_reader_done(struct journal_reader *r);
#define cleanup_journal_reader cleanup(journal_reader_done)
/* 1 and a record, valid until the next call; 0 at the end of the file; -EBADMSG if what stands at r->offset
 * is no whole record. */
must_check int journal_reader_next(struct journal_reader *r, enum record_type *ret_type,
                                   struct span *ret_payload);
/* The next batch or fleet record that is whole, from r->offset on, whatever stands before it. As
 * journal_reader_next. */
must_check int journal_reader_find(struct journal_reader *r, enum record_type *ret_type,
                                   struct span *ret_payload, uint64_t *ret_offset);
/* Go to `offset`. 1 and what a record there would have as its payload, going by its length alone; 0 if the
 * file ends before. */
must_check int journal_reader_peek(struct journal_reader *r, uint64_t offset, struct span *ret_payload);

#endif
