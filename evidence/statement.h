/* Statements of people, and of the registrar, behind the genesis statement (docs/format.md section 11.2):
 * each by itself. What they may say where they stand is evidence/roll.h. */
#ifndef SWORNLOG_EVIDENCE_STATEMENT_H
#define SWORNLOG_EVIDENCE_STATEMENT_H

#include "evidence/genesis.h"
#include "evidence/line.h"

/* Of each kind the fields that its lines have; the others are zero. */
struct statement {
	enum statement_kind kind;
	char fleet[LABEL_MAX + 1];
	uint64_t time_s;
	char host[LABEL_MAX + 1];
	struct key identity;
	struct hash certificate; /* of the DER SubjectPublicKeyInfo */
	bool has_token;          /* enrol, re-enrol: under this token */
	struct hash token;
	struct log_point point; /* re-enrol: follows; revoke: at; rotate: announced; close: epoch alone */
	char reason[LABEL_MAX + 1];
	uint64_t count, until_s; /* token */
	char hosts[LINE_PATTERN_MAX + 1];
	struct span from; /* token: lines, see line_take(); ranges of addresses */
	struct span policy;
	struct key log; /* log-key */
	struct hash next;
	uint64_t overlap_s;
};

/* The text of a statement of any kind but genesis and unknown ones. */
void statement_put_text(struct buf *b, const struct statement *s);
/* Parse, and verify that those have signed who must: enough of the genesis' people, or the registrar. Of a
 * kind that is not known here only the head is read (STATEMENT_UNKNOWN), and one person's signature is
 * enough. Spans point into the note. -EBADMSG (also a genesis statement), -ENOKEY (too few signatures),
 * -EPERM (another fleet). */
must_check int statement_parse(struct span note, const struct genesis *g, struct statement *ret);

/* The same of a text that nobody has signed yet. -EBADMSG. */
must_check int statement_parse_text(struct span text, struct statement *ret);

/* True of enrol, re-enrol and rotate: after it the host has this identity and certificate. */
bool statement_gives_identity(enum statement_kind k);
/* As statement_parse, of a statement that gives a host its identity; -EBADMSG for others. */
must_check int enrolment_parse(struct span note, const struct genesis *g, struct statement *ret);

/* Does a token's pattern fit a host's name? */
bool statement_host_fits(const char *pattern, const char *host);

#endif
