/* Findings: what a verifier has to say against a record, each with a verdict word and a place
 * (docs/format.md section 15). */
#ifndef SWORNLOG_VERIFY_FINDING_H
#define SWORNLOG_VERIFY_FINDING_H

#include "evidence/name.h"
#include "lib/buf.h"

enum verdict {
	VERDICT_ALTERED,
	VERDICT_MISSING,
	VERDICT_TRUNCATED,
	VERDICT_TORN,
	VERDICT_FORKED,
	VERDICT_WRONGLY_SEALED,
	VERDICT_ROLLED_BACK,
	VERDICT_CLONED,
	VERDICT_SPLIT_VIEW,
	VERDICT_UNWITNESSED,
	VERDICT_UNENROLLED,
	VERDICT_MALFORMED,
	VERDICT_REVOKED,
	VERDICT_UNRECEIPTED,
	VERDICT_EPOCH,
	VERDICT_LOSS,
	VERDICT_SILENT,
	VERDICT_LATE,
	VERDICT_CLOCK,
	VERDICT_REMARK, /* nothing wrong: something that was carried without being understood */
	VERDICT_COUNT,
};

const char *verdict_name(enum verdict v);
/* False for what the host or the sink itself declared. */
bool verdict_is_fault(enum verdict v);

#define FINDING_FILE_MAX   160
#define FINDING_REASON_MAX 256
#define FINDINGS_LISTED    1000
#define FINDINGS_LISTS_MAX 64 /* that can be merged */

struct finding {
	enum verdict verdict;
	char file[FINDING_FILE_MAX]; /* within the store or spool; empty: none */
	bool has_offset;
	uint64_t offset;
	char origin[ORIGIN_MAX + 1]; /* host log, or a host, or empty */
	bool has_index;
	uint64_t first, last; /* leaf indices in that log, both included */
	uint64_t order;       /* of the list when it was made */
	char reason[FINDING_REASON_MAX];
};

/* The first FINDINGS_LISTED are kept; beyond, only counted. A zeroed struct is empty. */
struct findings {
	struct finding *list;
	size_t len;
	size_t cap;
	uint64_t count[VERDICT_COUNT];
	uint64_t order; /* copied into each finding: what findings_merge goes by. It only rises */
};

void findings_done(struct findings *f);
#define cleanup_findings cleanup(findings_done)
/* Keeps a copy. When memory is short it is counted but not kept. */
void findings_add(struct findings *f, const struct finding *one);
/* Add the findings of several lists, by their order; where that is equal, an earlier list's come first. */
void findings_merge(struct findings *f, struct findings *const *from, size_t n);
uint64_t findings_total(const struct findings *f);
uint64_t findings_faults(const struct findings *f);

/* Where a check is at work: copied into each finding that it makes. */
struct place {
	const char *file;
	bool has_offset;
	uint64_t offset;
	const char *origin;
	bool has_index;
	uint64_t first, last;
};

/* Add a finding at a place. The reason is cut at FINDING_REASON_MAX and must hold no bytes from outside but
 * labels and numbers. */
void find(struct findings *f, enum verdict v, const struct place *at, const char *fmt, ...) printf_like(4, 5);

#endif
