/* Has two sensors witness each exec, and puts into the log what both saw and what only one did.
 *
 * An exec that audit has told of by the time its entry is made is one entry that names both. Where audit
 * comes later, which is rare, the entry is not held back for it: a small one follows that names the first.
 */
#ifndef SWORNLOG_COLLECTOR_WITNESS_H
#define SWORNLOG_COLLECTOR_WITNESS_H

#include "collector/actor.h"
#include "collector/bpf_record.h"
#include "collector/cross_check.h"

struct witness;

/* -ENOMEM. */
must_check int witness_new(const struct event_sink *sink, struct witness **ret);
/* Takes NULL. */
void witness_free(struct witness *w);

/* Our exec rules are in force, or not. */
void witness_arm(struct witness *w, bool armed, uint64_t now_us);
/* Does BPF see execs? Otherwise audit's events of them are told as they are. */
void witness_trust(struct witness *w, bool bpf_works);
bool witness_armed(const struct witness *w);

/* An exec's record. True if audit has told of it: `ret_serial`. */
bool witness_seen(struct witness *w, const struct bpf_view *exec, struct span exe, uint32_t *ret_serial);
/* What witness_seen() said no to was sent under this number. */
void witness_sent(struct witness *w, const struct bpf_view *exec, struct span exe, uint64_t number);
/* True if the event tells of an exec, because a rule of ours says so, and has served. */
bool witness_audit_event(struct witness *w, const struct audit_assembled *event, uint64_t now_us);
void witness_loss(struct witness *w, const struct intake_loss *loss, uint64_t now_us);
void witness_tick(struct witness *w, bool bpf_behind, bool audit_behind, uint64_t now_us);
struct cross_check_counts witness_counts(const struct witness *w);

#endif
