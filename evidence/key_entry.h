/* The entry by which a host announces its next identity (docs/format.md section 6.8). */
#ifndef SWORNLOG_EVIDENCE_KEY_ENTRY_H
#define SWORNLOG_EVIDENCE_KEY_ENTRY_H

#include "evidence/entry.h"
#include "evidence/key.h"
#include "lib/digest.h"

struct key_entry {
	struct key identity;
	struct hash certificate; /* of the DER SubjectPublicKeyInfo */
};

void key_entry_put_body(struct buf *b, const struct key_entry *k, int64_t time_us);
/* -EBADMSG. */
must_check int key_entry_parse(const struct entry *e, struct key_entry *ret);

#endif
