/* A host's head, announced before the data that leads to it (docs/format.md section 19.1). */
#ifndef SWORNLOG_EVIDENCE_ANNOUNCEMENT_H
#define SWORNLOG_EVIDENCE_ANNOUNCEMENT_H

#include "evidence/note.h"

#define ANNOUNCEMENT_MAX_BYTES 1024

struct announcement {
	struct origin origin;
	uint64_t size;
	struct hash root;
};

/* Parse the host checkpoint of a batch that the identity key has signed too: two signature lines of the right
 * names. Nothing is verified. -EBADMSG. */
must_check int announcement_parse(struct span note, struct announcement *ret);
/* True if the identity line of a note that parsed is this key's, and verifies. The seal key's line is not
 * looked at: which key that is, only the data will say. */
bool announcement_signed_by(struct span note, const struct key *identity);

#endif
