/* What a witness has cosigned last, of each log, and the text that it is stored as (docs/format.md 16.4). */
#ifndef SWORNLOG_WITNESS_SEEN_H
#define SWORNLOG_WITNESS_SEEN_H

#include "evidence/note.h"

#define SEEN_MAX       64 /* logs, those that are no longer served included */
#define SEEN_MAX_BYTES (SEEN_MAX * (NOTE_MAX_BYTES + 64) + 1024)

struct seen {
	struct buf note;              /* text and the log's lines */
	struct checkpoint checkpoint; /* points into it */
	uint64_t time_s;              /* that the cosignature has */
};

struct seen_list {
	size_t count;
	struct seen row[SEEN_MAX];
};

/* Take a copy of the bytes, which must be a checkpoint. */
must_check int seen_init(struct seen *s, struct span note, uint64_t time_s);
void seen_done(struct seen *s);

/* NULL if there is none of this origin. */
const struct seen *seen_find(const struct seen_list *l, struct span origin);
/* Put it in place of the row of its origin, or behind the others; its memory becomes the list's. The list has
 * room: seen_put has said so. */
void seen_take(struct seen_list *l, struct seen *s);
/* The newest time that anything was cosigned at. */
uint64_t seen_newest_s(const struct seen_list *l);
void seen_list_done(struct seen_list *l);

/* Append the list's text as it will be with `newer` (may be NULL) in it. -ENOSPC: there is no room for one
 * more log. */
must_check int seen_put(struct buf *b, const struct key *witness, const struct seen_list *l,
                        const struct seen *newer);
/* -EKEYREJECTED: of another witness. -EBADMSG, -ENOMEM. */
must_check int seen_parse(struct span text, const struct key *witness, struct seen_list *ret);

#endif
