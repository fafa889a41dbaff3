/* An export against the anchor (docs/format.md section 18). */
#ifndef SWORNLOG_VERIFY_EXPORT_H
#define SWORNLOG_VERIFY_EXPORT_H

#include "evidence/policy.h"
#include "evidence/roll.h"
#include "verify/finding.h"

struct export_row {
	char name[ORIGIN_MAX + 1]; /* of the log */
	uint64_t entries, batches;
	uint64_t lost; /* by its last seal */
	bool content;  /* its entries are there, and were hashed */
};

struct export_report {
	struct findings findings;
	uint64_t fleet_size;
	struct export_row *row;
	size_t row_count, row_cap;
	bool witnessed; /* as the policy asks; false without one */
};

void export_report_done(struct export_report *r);
#define cleanup_export_report cleanup(export_report_done)

struct export_request {
	int dirfd;
	struct span anchor;
	const struct genesis *genesis; /* the same, parsed */
	const struct policy *policy;   /* or NULL */
	const char *host;              /* label, or NULL: all */
};

/* True for a folder that holds `genesis`, the files of an exported fleet log, and no journals. */
bool looks_like_export(int dirfd);
/* 0 and a report, whatever the export holds; else what kept it from being read. */
must_check int verify_export(const struct export_request *q, struct export_report *ret);

/* export_host.c: one host log. `identity`: every key that the fleet log gave the host. */
struct export_host {
	int dirfd;
	const struct origin *origin;
	const struct key *identity;
	size_t identity_count;
	struct findings *findings;
};
must_check int export_host_check(const struct export_host *h, struct export_row *ret);

#endif
