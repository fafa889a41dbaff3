/* Which witnesses have to vouch for a log: C2SP tlog-policy files (docs/format.md section 16). */
#ifndef SWORNLOG_EVIDENCE_POLICY_H
#define SWORNLOG_EVIDENCE_POLICY_H

#include "evidence/note.h"

#define POLICY_MAX_BYTES     65536
#define POLICY_MAX_LOGS      32
#define POLICY_MAX_WITNESSES 32
#define POLICY_MAX_GROUPS    32
#define POLICY_NAME_MAX      160
#define POLICY_URL_MAX       1024

struct policy_log {
	struct key key;
	char *url; /* NULL if none is given */
};

struct policy_witness {
	char *name; /* the policy's own word for it */
	struct key key;
	char *url; /* of its submission prefix; NULL if none is given */
};

struct policy;

/* On error (-EINVAL, -EFBIG, -ENOMEM) `error` gets a sentence with the line's number: "line 3: ...". */
must_check int policy_parse(struct span bytes, struct policy **ret, char *error, size_t error_size);
void policy_free(struct policy *p);
void policy_freep(struct policy **p);
#define cleanup_policy cleanup(policy_freep)

/* In the order of the file; NULL beyond the last. They are the policy's. */
const struct policy_log *policy_log(const struct policy *p, size_t i);
const struct policy_witness *policy_witness(const struct policy *p, size_t i);
/* True for `quorum none`: whatever the log signed is enough. */
bool policy_is_open(const struct policy *p);
/* Whether these witnesses (bit i: witness i) would be enough. */
bool policy_met(const struct policy *p, uint32_t witnesses);
/* True if the policy lists this log, or no log at all. */
bool policy_lists(const struct policy *p, const struct key *log);

/* What a policy says of one checkpoint. */
struct policy_verdict {
	struct checkpoint checkpoint;          /* points into the note */
	bool quorum;                           /* enough witnesses have signed */
	uint32_t cosigned;                     /* bit i: witness i has signed */
	uint64_t time_s[POLICY_MAX_WITNESSES]; /* when, of those that have */
};

/* Check a checkpoint with its lines. It must be signed by `log`, or with NULL by any log that the policy
 * lists under the checkpoint's origin. 0 is no word about the quorum: look at the verdict. -EBADMSG:
 * malformed, or the line of a known key does not verify. -ENOKEY: the log has not signed, or the policy lists
 * logs and not this one. */
must_check int policy_check(const struct policy *p, struct span note, const struct key *log,
                            struct policy_verdict *ret);

#endif
