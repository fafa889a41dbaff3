/* `swornlog verify` of stores, spools, receipts and checkpoints: each by itself, and then with each other. */
#ifndef SWORNLOG_CLI_VERIFY_INPUTS_H
#define SWORNLOG_CLI_VERIFY_INPUTS_H

#include "evidence/policy.h"
#include "evidence/statement.h"

#define VERIFY_INPUTS_MAX 32

struct verify_request {
	struct span anchor;
	const struct genesis *genesis; /* the same, parsed */
	const char *host;              /* or NULL: all */
	const struct policy *policy;   /* or NULL */
	bool json, progress, structure;
	unsigned jobs;
	const char *html;     /* where to write a page, or NULL */
	const char *evidence; /* where to write that of a split view, or NULL */
	size_t count;
	const char *path[VERIFY_INPUTS_MAX];
};

/* Print the result: the exit status. */
int verify_inputs(const struct verify_request *q);

/* cli/verify_file.c: True for a file that verify_inputs takes: a receipt or a checkpoint. */
bool verify_takes_file(struct span bytes);
/* Evidence of a split view against the anchor: the exit status. */
int verify_split_view(const struct verify_request *q, const char *path, struct span bytes);

#endif
