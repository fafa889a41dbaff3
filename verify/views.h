/* Several inputs compared: was one history of the fleet log shown to all of them? (docs/format.md
 * section 15.1)
 */
#ifndef SWORNLOG_VERIFY_VIEWS_H
#define SWORNLOG_VERIFY_VIEWS_H

#include "evidence/seal.h"
#include "evidence/split_view.h"
#include "evidence/statement.h"
#include "evidence/succession.h"
#include "verify/finding.h"
#include "verify/fleet_tree.h"
#include "verify/generations.h"

#define VIEWS_MAX     64   /* stores */
#define SIGHTINGS_MAX 4096 /* checkpoints and heads; more are passed over, and said to be */

struct views;

/* The genesis statement is kept, not owned. */
must_check int views_new(const struct genesis *g, struct views **ret);
void views_free(struct views *v);
void views_freep(struct views **v);
#define cleanup_views cleanup(views_freep)

/* Inputs have numbers, from 1, by which findings name them. */

/* A store's fleet log, and its newest checkpoint (may be empty). The tree becomes the views', also on error.
 */
must_check int views_add_store(struct views *v, unsigned input, struct fleet_tree *tree,
                               const struct generations *generations, struct span note);
/* The fleet log is signed with this key too, as statements have shown: call before the checkpoints are added.
 * Those beyond SUCCESSION_MAX are passed over. */
void views_trust(struct views *v, const struct key *log);
/* A checkpoint of the fleet log. *ret: its head. -EBADMSG, -ENOKEY: it is none that the fleet log signed. */
must_check int views_add_note(struct views *v, unsigned input, struct span note, struct fleet_head *ret);
/* A fleet head that a host's seal names. Several threads may call it at once. */
must_check int views_add_head(struct views *v, unsigned input, const char *origin, uint64_t index,
                              const struct fleet_head *head);

struct views_result {
	struct findings findings;
	size_t stores, signed_heads, seal_heads, passed_over;
	struct buf evidence; /* a split view's file, where signed checkpoints convict the log; else empty */
};
void views_result_done(struct views_result *r);
#define cleanup_views_result cleanup(views_result_done)

/* `names`: of the inputs, for the evidence: names[i] is that of number i + 1. -EIO, -ENOMEM. */
must_check int views_compare(struct views *v, const char *const *names, struct views_result *ret);

#endif
