/* Statements of people: genesis and enrolment (docs/format.md section 11). */
#ifndef SWORNLOG_EVIDENCE_STATEMENT_H
#define SWORNLOG_EVIDENCE_STATEMENT_H

#include "evidence/note.h"

#define STATEMENT_MAX_BYTES  NOTE_MAX_BYTES
#define STATEMENT_MAX_PEOPLE 32

struct genesis {
	char fleet[LABEL_MAX + 1];
	uint64_t time_s;
	struct key log;
	size_t admin_count;
	size_t auditor_count;
	struct key people[STATEMENT_MAX_PEOPLE]; /* administrators first, then auditors */
	uint64_t need_admins;
	uint64_t need_auditors;
};

struct enrolment {
	char fleet[LABEL_MAX + 1];
	uint64_t time_s;
	char host[LABEL_MAX + 1];
	struct key identity;
	struct hash certificate; /* of the DER SubjectPublicKeyInfo */
};

enum statement_kind { STATEMENT_GENESIS, STATEMENT_ENROL, STATEMENT_UNKNOWN };

/* What a statement is, by its text alone. -EBADMSG if it is no statement. */
must_check int statement_kind(struct span note, enum statement_kind *ret);

void genesis_put_text(struct buf *b, const struct genesis *g);
/* Parse and verify: all people named have signed. -EBADMSG, -EKEYREJECTED, -ENOKEY. */
must_check int genesis_parse(struct span note, struct genesis *ret);

void enrolment_put_text(struct buf *b, const struct enrolment *e);
/* Parse, and verify that enough of the genesis' people signed and that fleet and identity fit. -EBADMSG,
 * -ENOKEY (too few signatures), -EPERM (another fleet). */
must_check int enrolment_parse(struct span note, const struct genesis *g, struct enrolment *ret);

#endif
