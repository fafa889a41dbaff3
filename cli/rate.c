#include "cli/rate.h"

#include "lib/text.h"

void rate_event(struct rate *r, const struct event *e)
{
	struct loss l;
	r->kind[MIN(e->entry->kind, (uint64_t)RATE_KINDS - 1)]++;
	r->entries++;
	r->events += e->entry->kind >= ENTRY_FIRST_EVENT_KIND ? 1 : 0;
	if (e->entry->kind == KIND_LOSS && loss_parse(e->entry, &l) == 0 && l.has_count)
		r->lost += l.count;
}

void rate_batch(struct rate *r, const struct seal *seal, uint64_t now_wall_us)
{
	r->batches++;
	if (now_wall_us > seal->clock.wall_us)
		r->lag_us = MAX(r->lag_us, now_wall_us - seal->clock.wall_us);
}

static uint64_t per_second(uint64_t n, uint64_t us)
{
	return us ? (n * 1000000 + us / 2) / us : n;
}

void rate_put_line(struct buf *b, const struct rate *r, uint64_t us)
{
	buf_printf(b, "%llu events/s", (unsigned long long)per_second(r->events, us));
	for (size_t i = ENTRY_FIRST_EVENT_KIND; i < RATE_KINDS; i++) {
		const char *name = entry_kind_name(i);
		if (r->kind[i])
			buf_printf(b, " %s %llu", name ? name : "other",
			           (unsigned long long)per_second(r->kind[i], us));
	}
	buf_printf(b, " | %llu batches", (unsigned long long)r->batches);
	if (r->commits)
		buf_printf(b, ", %llu commits", (unsigned long long)r->commits);
	if (r->receipts)
		buf_printf(b, ", %llu receipts", (unsigned long long)r->receipts);
	buf_printf(b, ", lag %llu ms, lost %llu", (unsigned long long)(r->lag_us / 1000),
	           (unsigned long long)r->lost);
}

void rate_put_json(struct buf *b, const struct rate *r, uint64_t us, uint64_t now_wall_us)
{
	const char *comma = "";
	buf_put_str(b, "{\"time\":\"");
	text_put_time_us(b, now_wall_us);
	buf_printf(b,
	           "\",\"us\":%llu,\"events\":%llu,\"entries\":%llu,\"batches\":%llu,\"commits\":%llu,"
	           "\"receipts\":%llu,"
	           "\"lag_us\":%llu,\"lost\":%llu,\"kinds\":{",
	           (unsigned long long)us, (unsigned long long)r->events, (unsigned long long)r->entries,
	           (unsigned long long)r->batches, (unsigned long long)r->commits,
	           (unsigned long long)r->receipts, (unsigned long long)r->lag_us,
	           (unsigned long long)r->lost);
	for (size_t i = 0; i < RATE_KINDS; i++) {
		const char *name = entry_kind_name(i);
		if (!r->kind[i])
			continue;
		buf_printf(b, "%s\"%s\":%llu", comma, name ? name : "other", (unsigned long long)r->kind[i]);
		comma = ",";
	}
	buf_put_str(b, "}}\n");
}
