/* The fleet log as it goes by, record by record: tree, checkpoints, statements, commits
 * (docs/format.md 15.3, 15.4).
 */
#ifndef SWORNLOG_VERIFY_FLEET_H
#define SWORNLOG_VERIFY_FLEET_H

#include "evidence/fleet.h"
#include "verify/host.h"
#include "verify/tiles.h"

/* A checkpoint of the file under way whose signature has not been looked at yet. */
struct fleet_note {
	uint64_t offset; /* of its record */
	uint64_t index;
	uint64_t time_us; /* of that entry */
	size_t at, len;   /* in `notes` */
};

struct fleet_check {
	const struct genesis *genesis;
	struct span genesis_bytes; /* the anchor */
	struct findings *findings;
	struct hosts *hosts;
	struct fleet_tree *tree;
	struct tiles *tiles; /* may be NULL */
	char name[KEY_NAME_MAX + 1];
	bool broken;         /* entries are missing or altered: roots behind say nothing new */
	uint64_t next_index; /* that the next record should have */
	uint64_t time_us;    /* the latest of all entries */
	uint64_t last_time_us;
	uint64_t commits, statements, enrolments, others, notes_seen;
	bool stopped;     /* the newest entry says that the sink stopped */
	struct buf note;  /* the newest one; its signature may be wrong, which is reported */
	struct buf notes; /* of this file, one behind the other */
	struct fleet_note *pending;
	size_t pending_len, pending_cap;
	struct checkpoint published; /* of fleet/checkpoint; size 0: none. Verified at the end */
	struct buf published_note;
	uint64_t uncovered_time_us; /* of the first entry that it does not cover */
};

void fleet_check_init(struct fleet_check *k, const struct genesis *g, struct span genesis_bytes,
                      struct findings *f, struct hosts *hosts, struct fleet_tree *tree, struct tiles *tiles);
void fleet_check_done(struct fleet_check *k);

/* A fleet record's payload. *ret_note: it ends a commit group. -ENOMEM, -EIO. */
must_check int fleet_check_record(struct fleet_check *k, const struct place *at, struct span payload,
                                  uint64_t group, bool *ret_note);
/* Keep the note of a record for fleet_check_notes. -ENOMEM. */
must_check int fleet_keep_note(struct fleet_check *k, const struct place *at,
                               const struct fleet_record *record);
/* The signatures of every `of`th checkpoint of the file under way, from number `from`: for several threads at
 * once, each with its own findings. */
must_check int fleet_check_notes(const struct fleet_check *k, const char *file, size_t from, size_t of,
                                 struct findings *f);
/* The next file begins. */
void fleet_check_next_file(struct fleet_check *k);
/* The published file fleet/checkpoint, read before any journal, so that all it covers must be in them. */
void fleet_check_expect(struct fleet_check *k, struct span note);
/* After the last record: the published checkpoint against the tree. -EIO, -ENOMEM. */
must_check int fleet_check_finish(struct fleet_check *k);

#endif
