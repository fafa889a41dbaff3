/* The roll of a fleet: what the statements in the fleet log, taken in their order, have made of hosts,
 * tokens, policy and the fleet log's key (docs/format.md section 11.2). */
#ifndef SWORNLOG_EVIDENCE_ROLL_H
#define SWORNLOG_EVIDENCE_ROLL_H

#include "evidence/statement.h"

/* What statements have made of one host. Plain values; who keeps the roll keeps them beside it. */
struct standing {
	struct key identity; /* in force */
	struct hash certificate;
	uint64_t stated_s; /* time of the newest statement about it */
	bool has_token;    /* the identity came under this token */
	struct hash token;
	bool retired;
	bool revoked;
	struct log_point revoked_at; /* batches that reach beyond it are quarantined */
	uint32_t closed_epoch;       /* batches of it and of older ones count no more; 0: none */
};

struct roll_token {
	struct hash token;
	uint64_t count, used, until_s;
	char hosts[LINE_PATTERN_MAX + 1];
};

struct roll {
	const struct genesis *genesis;
	struct ed25519_public *key; /* every key that a statement has given to a host or to the fleet log */
	size_t key_count, key_cap;
	struct roll_token *token;
	size_t token_count, token_cap;
	struct key log;       /* signs notes of sizes above log_index */
	size_t log_key_count; /* how often it was handed on */
	uint64_t log_index;   /* of the statement's entry; meaningless without former */
	bool has_former;      /* the key before it: */
	struct key former;
	uint64_t overlap_end_us; /* its line may be there up to this time */
	struct buf log_keys; /* all statements of kind log-key, as succession.h has them; see roll_keep() */
	bool has_next;
	struct hash next;
	uint64_t policy_s; /* 0: there is no policy */
	struct buf policy; /* lines, as in the statement */
};

void roll_init(struct roll *l, const struct genesis *g);
void roll_done(struct roll *l);

/* May this statement take its place as the next entry of the fleet log, made at time_us? NULL if so, else a
 * sentence that says why not. `host` is NULL where the statement's host is not enrolled, `head` the host's
 * newest committed head (epoch 0: none). */
const char *roll_refuses(const struct roll *l, const struct statement *s, const struct standing *host,
                         const struct log_point *head, uint64_t time_us);
/* It has become the entry `index`: do what it says. Of a statement about a host *host is changed (where it
 * was not enrolled, that is a zeroed one). -ENOMEM: nothing was changed. */
must_check int roll_take(struct roll *l, const struct statement *s, struct standing *host, uint64_t index,
                         uint64_t time_us);
/* Keep the bytes of a statement that was taken, where they are of use later: of kind log-key. -ENOMEM. */
must_check int roll_keep(struct roll *l, const struct statement *s, struct span note);
bool statement_about_host(enum statement_kind k);
/* Is it, or was it, anybody's? */
bool roll_key_taken(const struct roll *l, const struct ed25519_public *pub);

/* For who reads back a roll that was written down: what roll_take() would have remembered. -ENOMEM. */
must_check int roll_add_key(struct roll *l, const struct ed25519_public *pub);
must_check int roll_add_token(struct roll *l, const struct roll_token *t);

/* A note of the fleet log, under the key in force for its size, or, below that, the one before it.
 * `published`: cosignatures may follow; else at most the former key's line. -EBADMSG, -ENOKEY. */
must_check int roll_check_note(const struct roll *l, struct span note, bool published,
                               struct checkpoint *ret);

/* A batch that is committed from here on and ends at (epoch, size): is it taken at all? */
bool standing_takes(const struct standing *h, uint32_t epoch);
/* ... and is it quarantined? */
bool standing_quarantines(const struct standing *h, uint32_t epoch, uint64_t size);

#endif
