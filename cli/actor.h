/* Who did it: the process entries of all logs, by leaf index, the newest of them. */
#ifndef SWORNLOG_CLI_ACTOR_H
#define SWORNLOG_CLI_ACTOR_H

#include "evidence/entry.h"
#include "evidence/name.h"

struct actor {
	uint64_t index; /* of its process entry */
	uint64_t pid;
	bool has_uid, has_auid, has_session;
	uint64_t uid, auid, session; /* uid: the effective one */
	char exe[256];               /* cut at its front; empty if not known */
	bool has_uids, has_gids;
	uint32_t uids[4], gids[4]; /* real, effective, saved, file system */
	uint32_t ppid;             /* 0: not known */
	char comm[16], tty[32];    /* cut at their end; empty if not known */
};

/* What a process or exec entry says of its process. */
void actor_read(const struct entry *e, struct actor *ret);

struct actors;

must_check int actors_new(struct actors **ret);
void actors_free(struct actors *a);
void actors_freep(struct actors **a);
#define cleanup_actors cleanup(actors_freep)

/* Take a process or exec entry in; others are passed over. */
void actors_take(struct actors *a, const struct origin *o, uint64_t index, const struct entry *e);
/* NULL if it was never seen, or too long ago. */
const struct actor *actors_find(const struct actors *a, const struct origin *o, uint64_t index);

#endif
