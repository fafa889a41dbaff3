#include "shipper/status.h"

#include <stdio.h>

#include "lib/file.h"
#include "lib/text.h"

void status_answer(struct status *s, unsigned http, const char *what, uint64_t now_us)
{
	s->http = http;
	if (http == 200)
		s->good_us = now_us;
	snprintf(s->said, sizeof(s->said), "%s", http == 200 ? "" : what);
}

static void put_count(struct buf *b, const char *name, uint64_t n)
{
	buf_printf(b, ", \"%s\": %llu", name, (unsigned long long)n);
}

void status_put(struct buf *b, const struct status *s, const struct shipper *shipper, uint64_t now_us)
{
	bool waits = shipper->state == SHIPPER_WAITING && shipper->until_us > now_us;
	buf_printf(b, "{\"process\": \"shipper\", \"state\": \"%s\", \"link\": \"%s\", \"connected\": %s",
	           shipper_state_name(shipper->state), shipper_link_name(shipper->link),
	           shipper->link == SHIPPER_LINK_GOOD ? "true" : "false");
	put_count(b, "epoch", shipper->from.epoch);
	put_count(b, "ship_from", shipper->from.first);
	put_count(b, "newest_epoch", shipper->newest.epoch);
	put_count(b, "newest_first", shipper->newest.first);
	put_count(b, "fleet_head", shipper->held);
	put_count(b, "requests", shipper->count.requests);
	put_count(b, "batches", shipper->count.batches);
	put_count(b, "bytes", shipper->count.bytes);
	put_count(b, "receipts", shipper->count.receipts);
	put_count(b, "announced", shipper->count.announced);
	put_count(b, "failures", shipper->count.failures);
	put_count(b, "http_status", s->http);
	put_count(b, "retry_in_ms", waits ? (shipper->until_us - now_us) / 1000 : 0);
	put_count(b, "certificate_until", (uint64_t)MAX(s->certificate_until_s, 0));
	buf_printf(b, ", \"since_receipt_s\": %lld, \"error\": \"",
	           s->good_us > 0 ? (long long)((now_us - s->good_us) / 1000000) : -1LL);
	text_put_json(b, span_str(s->said));
	buf_put_str(b, "\"}\n");
}

int status_write(const struct status *s, const struct shipper *shipper, int run_fd, uint64_t now_us)
{
	cleanup_buf struct buf b = { 0 };
	status_put(&b, s, shipper, now_us);
	int r = buf_err(&b);
	return r < 0 ? r
	             : file_publish(env_system(), run_fd, "shipper.status", (struct span){ b.data, b.len });
}
