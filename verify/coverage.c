/* Does each batch belong to one commit, and each committed head to a batch? (docs/format.md section 15.6) */
#include "verify/host.h"
#include "verify/silence.h"
#include "verify/statements.h"

static int touch(struct hosts *h, struct log_epoch *e)
{
	if (e->touched)
		return 0;
	if (h->touched_len == h->touched_cap) {
		size_t cap = MAX(h->touched_cap * 2, (size_t)64);
		struct log_epoch **grown = reallocarray(h->touched, cap, sizeof(struct log_epoch *));
		if (!grown)
			return -ENOMEM;
		h->touched = grown;
		h->touched_cap = cap;
	}
	h->touched[h->touched_len++] = e;
	e->touched = true;
	return 0;
}

static void check_order(struct hosts *h, struct log_host *host, const struct log_epoch *e,
                        const struct place *at, const struct committed_head *head)
{
	if (head->commit <= host->enrolled_at)
		host_find(h, host, VERDICT_UNENROLLED, at,
		          "committed at fleet index %llu, before its enrolment at %llu",
		          (unsigned long long)head->commit, (unsigned long long)host->enrolled_at);
	if (e->origin.epoch < host->newest_epoch && host->newest_commit < head->commit)
		host_find(h, host, VERDICT_ALTERED, at, "committed after epoch %llu of the same host",
		          (unsigned long long)host->newest_epoch);
	if (head->size <= e->committed_size)
		host_find(h, host, VERDICT_ALTERED, at, "committed with size %llu after size %llu",
		          (unsigned long long)head->size, (unsigned long long)e->committed_size);
}

static void remember_newest(struct log_host *host, struct log_epoch *e, const struct committed_head *head)
{
	if (e->origin.epoch > host->newest_epoch) {
		host->newest_epoch = e->origin.epoch;
		host->newest_commit = head->commit;
	}
	statements_commit(host, e, e->committed_size, head->size);
	e->committed_size = MAX(e->committed_size, head->size);
	if (e->origin.epoch == host->newest_epoch)
		host->newest_head = (struct log_point){ .epoch = e->origin.epoch,
			                                .size = head->size,
			                                .root = head->root };
}

int coverage_head(struct hosts *h, const struct place *at, const struct record_head *head, uint64_t commit,
                  uint64_t group)
{
	struct origin o;
	if (origin_parse(head->origin, &o) < 0) {
		find(h->findings, VERDICT_MALFORMED, at, "a commit names something that is no host log");
		return 0;
	}
	char name[ORIGIN_MAX + 1];
	origin_format(&o, name);
	struct place here = *at;
	here.origin = name;
	struct log_host *host = strcmp(o.fleet, h->genesis->fleet) == 0 ? hosts_find(h, o.host) : NULL;
	if (!host) {
		find(h->findings, VERDICT_UNENROLLED, &here, "a commit names a host that nobody enrolled");
		return 0;
	}
	struct log_epoch *e;
	int r = host_epoch(host, &o, &e);
	struct committed_head one = {
		.size = head->size,
		.root = head->root,
		.commit = commit,
		.group = group,
		.stand = host->stand_len - 1,
		.time_us = h->time_us,
		.sink_started_us = h->sink_started_us,
	};
	if (r == 0) {
		check_order(h, host, e, &here, &one);
		remember_newest(host, e, &one);
		r = epoch_push_head(e, &one);
	}
	if (r == -E2BIG) {
		host_find(h, host, VERDICT_MALFORMED, &here, "more epochs or heads than any honest host has");
		return 0;
	}
	return r < 0 ? r : touch(h, e);
}

static void report_missing(struct hosts *h, struct log_host *host, const struct log_epoch *e,
                           const char *file, const struct committed_head *head)
{
	struct place at = { .file = file,
		            .origin = e->name,
		            .has_index = head->size > 0,
		            .first = head->size - 1,
		            .last = head->size - 1 };
	/* Without memory the picture lacks it. */
	if (days_turn(&host->days, head->time_us) < 0)
		days_end(&host->days);
	host_find(h, host, VERDICT_MISSING, &at,
	          "the batch that ends in size %llu, committed at fleet index %llu, is not in the file",
	          (unsigned long long)head->size, (unsigned long long)head->commit);
}

static void check_head(struct hosts *h, struct log_host *host, const struct place *at, const struct batch *b,
                       const struct committed_head *head, uint64_t group)
{
	if (group && head->group != group)
		host_find(h, host, VERDICT_ALTERED, at,
		          "the batch lies in another commit group than its commit");
	if (head->size == b->head.size && !hash_equal(&head->root, &b->head.root))
		host_find(h, host, VERDICT_FORKED, at,
		          "the commit at fleet index %llu has another root for this size",
		          (unsigned long long)head->commit);
}

int coverage_batch(struct hosts *h, struct log_host *host, struct log_epoch *e, const struct place *at,
                   const struct batch *b, uint64_t group)
{
	while (e->head_at < e->head_len && e->heads[e->head_at].size < b->head.size)
		report_missing(h, host, e, at->file, &e->heads[e->head_at++]);
	e->covered = e->head_at;
	if (e->head_at == e->head_len) {
		host_find(h, host, VERDICT_UNRECEIPTED, at, "no commit covers the batch");
		return 0;
	}
	struct committed_head *head = &e->heads[e->head_at];
	int r = days_turn(&host->days, head->time_us);
	check_head(h, host, at, b, head, group);
	/* Of several batches under one head the last one counts. */
	head->goodbye = false;
	if (head->size == b->head.size)
		e->head_at++;
	return r;
}

void coverage_end_file(struct hosts *h, const char *file)
{
	for (size_t i = 0; i < h->touched_len; i++) {
		struct log_epoch *e = h->touched[i];
		struct log_host *host = hosts_find(h, e->origin.host);
		while (e->head_at < e->head_len)
			report_missing(h, host, e, file, &e->heads[e->head_at++]);
	}
	silence_end_file(h);
	for (size_t i = 0; i < h->touched_len; i++) {
		struct log_epoch *e = h->touched[i];
		e->head_at = e->head_len = e->covered = e->silence_at = 0;
		e->touched = false;
	}
	h->touched_len = 0;
}
