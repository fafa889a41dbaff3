/* The genesis statement: who may say what in a fleet (docs/format.md section 11.1). */
#ifndef SWORNLOG_EVIDENCE_GENESIS_H
#define SWORNLOG_EVIDENCE_GENESIS_H

#include "evidence/note.h"

#define STATEMENT_MAX_BYTES  NOTE_MAX_BYTES
#define STATEMENT_TEXT_MAX   8192
#define STATEMENT_MAX_PEOPLE 32

/* In the order of the table in section 11.2. */
enum statement_kind {
	STATEMENT_GENESIS,
	STATEMENT_ENROL,
	STATEMENT_RE_ENROL,
	STATEMENT_ROTATE,
	STATEMENT_REVOKE,
	STATEMENT_RETIRE,
	STATEMENT_TOKEN,
	STATEMENT_POLICY,
	STATEMENT_LOG_KEY,
	STATEMENT_CLOSE,
	STATEMENT_UNKNOWN, /* the last */
};

/* "enrol"; NULL for STATEMENT_UNKNOWN. */
const char *statement_kind_name(enum statement_kind k);
enum statement_kind statement_kind_of(struct span name);
/* What a statement is, by its text alone. -EBADMSG if it is no statement. */
must_check int statement_kind(struct span note, enum statement_kind *ret);

struct need {
	bool stated; /* else it is the format's default: ask genesis_need() */
	uint64_t admins, auditors;
};

struct genesis {
	char fleet[LABEL_MAX + 1];
	uint64_t time_s;
	struct key log;
	size_t admin_count;
	size_t auditor_count;
	struct key people[STATEMENT_MAX_PEOPLE]; /* administrators first, then auditors */
	struct need need[STATEMENT_UNKNOWN];     /* that of STATEMENT_ENROL is always stated */
	bool has_registrar;
	struct key registrar;
	bool has_next_log;
	struct hash next_log; /* log_key_hash() of the key that follows on `log` */
};

/* H(0x01 || public key): how a key of the fleet log is named before it is known. */
void log_key_hash(const struct ed25519_public *pub, struct hash *ret);

/* How many of each must sign a statement of the kind; never STATEMENT_GENESIS or STATEMENT_UNKNOWN. */
struct need genesis_need(const struct genesis *g, enum statement_kind k);
/* 0, or -EINVAL if so many can't sign, or none would. */
must_check int genesis_need_possible(const struct genesis *g, const struct need *n);

void genesis_put_text(struct buf *b, const struct genesis *g);
/* Parse and verify: all people named have signed. -EBADMSG, -ENOKEY. */
must_check int genesis_parse(struct span note, struct genesis *ret);

/* For statement.c: the first lines of a text. */
struct statement_text {
	struct cursor lines; /* those of the kind */
	struct span kind;
	char fleet[LABEL_MAX + 1];
	uint64_t time_s;
};
must_check int statement_text_read(struct span text, struct statement_text *ret);
/* Split a note, and do the same. */
must_check int statement_text_open(struct span note, struct note *ret_note, struct statement_text *ret);
void statement_text_put_head(struct buf *b, const char *kind, const char *fleet, uint64_t time_s);

#endif
