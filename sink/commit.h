/* One commit under way: batches and entries gathered, then made into a journal group (docs/format.md sections
 * 10 and 13.2).
 *
 * Nothing that others see changes until the group is durable: commit_apply then moves hosts and fleet log on,
 * commit_abort forgets.
 */
#ifndef SWORNLOG_SINK_COMMIT_H
#define SWORNLOG_SINK_COMMIT_H

#include "sink/fleet_log.h"
#include "sink/hosts.h"
#include "sink/journal.h"

/* Bytes of batches after which a commit should not wait for more. */
#define COMMIT_FULL_BYTES ((size_t)16 << 20)

/* Where a host's log will stand after the commit. */
struct staged {
	struct host *host;
	struct chain chain;
	struct hash root;
	struct buf note;
	bool goodbye; /* the last entry before the last seal says so */
	char origin[ORIGIN_MAX + 1];
};

/* A fleet entry that is not the commit's own. */
struct planned {
	struct buf entry;
	bool keep; /* still due if the commit fails */
};

struct commit {
	struct buf group;
	struct staged **staged;
	size_t staged_count, staged_cap;
	struct planned *planned;
	size_t planned_count;
	/* What commit_build made. */
	struct buf note;
	struct buf commit_entry; /* empty if there are no heads */
	struct commit_tree tree;
};

void commit_done(struct commit *c);
bool commit_is_empty(const struct commit *c);

/* Take a batch that continues the host's log (as staged, if it is) and leads to `chain`, which is copied. The
 * journal is the one that the group will go to. */
must_check int commit_stage(struct commit *c, const struct journal *j, struct host *host,
                            const struct chain *chain, const struct batch *batch, bool goodbye);
/* Plan a fleet entry. */
must_check int commit_plan(struct commit *c, const struct fleet_entry *entry, bool keep);

/* Make the group: c->group is then ready for journal_append. -EFBIG if it has no entry at all. */
must_check int commit_build(struct commit *c, const struct journal *j, const struct fleet_log *log,
                            const struct signer *const *signers, size_t signer_count, uint64_t wall_us);
/* The group is durable. Any error leaves the log unusable. The commit is empty then. */
must_check int commit_apply(struct commit *c, struct fleet_log *log, uint64_t now_us);
/* It is not, and never will be. Planned entries that are to be kept stay. */
void commit_abort(struct commit *c);

#endif
