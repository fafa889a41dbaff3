/* Heads that hosts announced before their data (docs/format.md 19.1): does the data lead there? */
#include "evidence/announcement.h"
#include "verify/host.h"

/* A host that drains a backlog commits all the time: so long may it pause before what it announced is
 * missing. */
#define ON_ITS_WAY_US (60u * 1000 * 1000)

/* One more for the epoch. Beyond what is kept the newest replaces the last: it names the longest range. */
static int keep(struct log_epoch *e, const struct announced_head *head)
{
	if (!e->announced)
		e->announced = calloc(ANNOUNCED_KEPT, sizeof(*e->announced));
	if (!e->announced)
		return -ENOMEM;
	e->announced_len = MIN(e->announced_len, (size_t)ANNOUNCED_KEPT - 1);
	e->announced[e->announced_len++] = *head;
	return 0;
}

static int take_head(struct hosts *h, struct log_host *host, const struct place *at,
                     const struct announcement *a, uint64_t index)
{
	struct log_epoch *e;
	struct announced_head head = {
		.size = a->size, .root = a->root, .index = index, .time_us = h->time_us
	};
	int r = host_epoch(host, &a->origin, &e);
	if (r == -E2BIG) {
		host_find(h, host, VERDICT_MALFORMED, at, "more epochs than any honest host has");
		return 0;
	}
	return r < 0 ? r : keep(e, &head);
}

int announced_take(struct hosts *h, const struct place *at, struct span note, uint64_t index)
{
	struct announcement a;
	if (announcement_parse(note, &a) < 0) {
		find(h->findings, VERDICT_MALFORMED, at,
		     "an announcement that is no host checkpoint of both keys");
		return 0;
	}
	struct log_host *host =
	        strcmp(a.origin.fleet, h->genesis->fleet) == 0 ? hosts_find(h, a.origin.host) : NULL;
	if (!host) {
		find(h->findings, VERDICT_UNENROLLED, at, "an announcement of a host that nobody enrolled");
		return 0;
	}
	if (!announcement_signed_by(note, &host->stand[host->stand_len - 1].standing.identity)) {
		host_find(h, host, VERDICT_WRONGLY_SEALED, at, "an announcement that host %s has not signed",
		          host->label);
		return 0;
	}
	return take_head(h, host, at, &a, index);
}

static bool keeps(const struct announced_head *head, const struct batch *b)
{
	return head->size == b->head.size && hash_equal(&head->root, &b->head.root);
}

void announced_batch(struct hosts *h, struct log_host *host, struct log_epoch *e, const struct place *at,
                     const struct batch *b)
{
	size_t left = 0;
	for (size_t i = 0; i < e->announced_len; i++) {
		const struct announced_head *head = &e->announced[i];
		bool reached = head->size <= b->head.size;
		/* One that lies before this batch was reached when it was announced. */
		if (reached && head->size > b->first && !keeps(head, b))
			host_find(
			        h, host, VERDICT_FORKED, at,
			        "the host has announced another history of %llu entries, at fleet index %llu",
			        (unsigned long long)head->size, (unsigned long long)head->index);
		if (!reached)
			e->announced[left++] = *head;
	}
	e->announced_len = left;
}

static const struct announced_head *longest(const struct log_epoch *e)
{
	const struct announced_head *best = NULL;
	for (size_t i = 0; i < e->announced_len; i++) {
		const struct announced_head *head = &e->announced[i];
		if (head->size > e->committed_size && (!best || head->size > best->size))
			best = head;
	}
	return best;
}

void announced_finish(struct hosts *h, struct log_host *host, const struct log_epoch *e)
{
	const struct announced_head *head = longest(e);
	if (!head)
		return;
	struct place at = {
		.origin = e->name, .has_index = true, .first = e->committed_size, .last = head->size - 1
	};
	uint64_t heard = MAX(head->time_us, host->heard_us);
	bool over =
	        host->newest_epoch > e->origin.epoch || h->time_us - MIN(h->time_us, heard) > ON_ITS_WAY_US;
	if (over)
		host_find(h, host, VERDICT_MISSING, &at,
		          "the host has announced its %llu entries at fleet index %llu, and these never came",
		          (unsigned long long)head->size, (unsigned long long)head->index);
	else
		host_find(h, host, VERDICT_REMARK, &at, "announced at fleet index %llu, and on their way",
		          (unsigned long long)head->index);
}
