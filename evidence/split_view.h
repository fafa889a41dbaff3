/* Evidence of a split view: two signed checkpoints of one log that can't both be true, in one file that
 * convicts the log without anybody's word (docs/format.md section 15.1). */
#ifndef SWORNLOG_EVIDENCE_SPLIT_VIEW_H
#define SWORNLOG_EVIDENCE_SPLIT_VIEW_H

#include "evidence/note.h"

#define SPLIT_VIEW_MAX_BYTES 65536
#define SPLIT_VIEW_FROM_MAX  200

/* One of the two. */
struct view_note {
	struct span from; /* who had it, in printable ASCII: the words of who made the file */
	struct key log;   /* that signed it */
	struct span note;
};

struct split_view {
	struct view_note view[2]; /* the smaller checkpoint first */
	/* Where the sizes differ: the root that the tree of the second has at the size of the first, and the
	 * proof of that. */
	bool has_root;
	struct hash root;
	size_t proof_len;
	struct hash proof[MERKLE_MAX_PROOF];
};

void split_view_put(struct buf *b, const struct split_view *v);
/* True for bytes that begin as such a file does. */
bool split_view_is(struct span bytes);
/* Spans point into `bytes`. -EBADMSG. */
must_check int split_view_parse(struct span bytes, struct split_view *ret);

enum split_view_verdict {
	SPLIT_VIEW_PROVEN = 0,
	SPLIT_VIEW_BAD_NOTE,   /* one is not a checkpoint that its key has signed */
	SPLIT_VIEW_TWO_LOGS,   /* their origins differ: both may be true */
	SPLIT_VIEW_CONSISTENT, /* the same tree, or none that was shown to differ */
	SPLIT_VIEW_BAD_PROOF,
};
const char *split_view_verdict_name(enum split_view_verdict v);
/* Whether the log that has these keys contradicted itself. Whose they are is the caller's to know: compare
 * them with the genesis statement. */
enum split_view_verdict split_view_check(const struct split_view *v);

#endif
