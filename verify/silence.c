#include "verify/silence.h"

static void check_gap(struct hosts *h, struct log_host *host, uint64_t until_us, uint64_t sink_started_us)
{
	uint64_t since_us = MAX(host->heard_us, sink_started_us);
	if (host->heard_us == 0 || host->goodbye || until_us <= since_us || until_us - since_us <= SILENCE_US)
		return;
	struct place at = { .origin = host->heard_in,
		            .has_index = true,
		            .first = host->heard_index,
		            .last = host->heard_index };
	host->silences++;
	/* Without memory the picture lacks it, and the finding is there. */
	if (days_mark(&host->days, since_us, until_us, 1u << VERDICT_SILENT) < 0)
		days_end(&host->days);
	host_find(h, host, VERDICT_SILENT, &at, "not heard for %llu s after this entry, and no goodbye",
	          (unsigned long long)((until_us - since_us) / 1000000));
}

/* The epoch whose next head was committed first. */
static struct log_epoch *next_epoch(const struct log_host *host)
{
	struct log_epoch *first = NULL;
	for (size_t i = 0; i < host->epoch_count; i++) {
		struct log_epoch *e = host->epoch[i];
		if (e->silence_at < e->head_len &&
		    (!first || e->heads[e->silence_at].commit < first->heads[first->silence_at].commit))
			first = e;
	}
	return first;
}

static void check_host(struct hosts *h, struct log_host *host)
{
	for (struct log_epoch *e = next_epoch(host); e; e = next_epoch(host)) {
		const struct committed_head *head = &e->heads[e->silence_at++];
		check_gap(h, host, head->time_us, head->sink_started_us);
		host->heard_us = head->time_us;
		host->heard_in = e->name;
		host->heard_index = head->size - 1;
		host->goodbye = head->goodbye;
	}
}

void silence_end_file(struct hosts *h)
{
	for (size_t i = 0; i < h->touched_len; i++) {
		struct log_host *host = hosts_find(h, h->touched[i]->origin.host);
		if (!host || !host->selected || h->structure)
			continue;
		days_end(
		        &host->days); /* the days of a silence are marked, and not the last one of the file */
		check_host(h, host);
	}
}

void silence_finish(struct hosts *h, struct log_host *host)
{
	bool waited_for = host->stand_len && !host->stand[host->stand_len - 1].standing.retired &&
	                  !host->stand[host->stand_len - 1].standing.revoked;
	if (host->selected && !h->structure && waited_for)
		check_gap(h, host, h->time_us, h->sink_started_us);
}
