#include "sealer/session.h"

#include <stdio.h>

#include "sealer/witnessed.h"

#define SECOND_US 1000000u

void sealer_ship_from(const struct sealer *s, uint32_t *ret_epoch, uint64_t *ret_first)
{
	if (s->spool.receipted < s->spool.count) {
		*ret_epoch = s->spool.batch[s->spool.receipted].epoch;
		*ret_first = s->spool.batch[s->spool.receipted].first;
		return;
	}
	*ret_epoch = host_log_epoch(s->log);
	*ret_first = host_log_size(s->log) - host_log_pending(s->log);
}

void sealer_newest(const struct sealer *s, uint32_t *ret_epoch, uint64_t *ret_first)
{
	const struct spool_batch *b = spool_newest(&s->spool);
	*ret_epoch = b ? b->epoch : 0;
	*ret_first = b ? b->first : 0;
}

int sealer_stood_still(struct sealer *s, uint64_t for_us)
{
	char detail[32];
	snprintf(detail, sizeof(detail), "%llu ms", (unsigned long long)(for_us / 1000));
	return sealer_note(s, AGENT_STALLED, detail);
}

uint64_t sealer_held(const struct sealer *s)
{
	return s->held.size;
}

static void put_kinds(const struct sealer *s, struct buf *b)
{
	const char *separator = "";
	buf_put_str(b, "{");
	for (unsigned k = 0; k < SEALER_KINDS; k++) {
		const char *name = s->by_kind[k] ? entry_kind_name(k) : NULL;
		if (!name)
			continue;
		buf_printf(b, "%s\"%s\": %llu", separator, name, (unsigned long long)s->by_kind[k]);
		separator = ", ";
	}
	buf_put_str(b, "}");
}

static void put_latency(struct buf *b, const char *name, const struct latency *l)
{
	buf_printf(b, "\"%s\": {\"count\": %llu, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}", name,
	           (unsigned long long)l->count, (double)latency_percentile_us(l, 50) / 1000,
	           (double)latency_percentile_us(l, 99) / 1000, (double)l->max_us / 1000);
}

/* The worst that there is to say. Two histories stay an alarm until somebody has taken the notes away. */
static const char *alarm_of(const struct sealer *s)
{
	if (s->histories)
		return "ATTACK: the fleet log showed this host two histories; both notes are in the spool "
		       "(inconsistent-*): hand them to your auditor, then move them away and restart the "
		       "sealer";
	if (s->alarm)
		return s->alarm;
	return s->witnessing.late ? "receipts are not witnessed in time" : "";
}

size_t sealer_histories(const struct sealer *s)
{
	return s->histories;
}

void sealer_put_status(const struct sealer *s, struct buf *b)
{
	struct account a = host_log_account(s->log);
	buf_printf(b,
	           "{\"process\": \"sealer\", \"fleet\": \"%s\", \"host\": \"%s\", \"epoch\": %u, \"size\": "
	           "%llu, ",
	           s->options.log.fleet, s->options.log.host, host_log_epoch(s->log),
	           (unsigned long long)host_log_size(s->log));
	buf_printf(b,
	           "\"emitted\": %llu, \"stored\": %llu, \"filtered\": %llu, \"lost\": %llu, \"exactness\": "
	           "\"%s\", ",
	           (unsigned long long)a.emitted, (unsigned long long)a.stored,
	           (unsigned long long)a.filtered, (unsigned long long)a.lost, exactness_name(a.exactness));
	buf_printf(
	        b,
	        "\"batches\": %llu, \"receipts\": %llu, \"spool_batches\": %zu, \"waiting_batches\": %zu, ",
	        (unsigned long long)s->sealed_batches, (unsigned long long)s->receipts, s->spool.count,
	        s->spool.count - s->spool.receipted);
	buf_printf(b,
	           "\"waiting_bytes\": %llu, \"spool_bytes\": %llu, \"fleet_head\": %llu, \"collector\": %s, "
	           "\"failed_seals\": %llu, ",
	           (unsigned long long)spool_unreceipted_bytes(&s->spool), (unsigned long long)s->spool.bytes,
	           (unsigned long long)s->held.size, s->connected ? "true" : "false",
	           (unsigned long long)s->failed_seals);
	witnessed_put_status(s, b);
	buf_printf(b, "\"alarm\": \"%s\", \"since_receipt_s\": %lld, ", alarm_of(s),
	           s->last_receipt_us ? (long long)((s->options.log.env->boot_us(s->options.log.env) -
	                                             s->last_receipt_us) /
	                                            SECOND_US)
	                              : -1LL);
	buf_put_str(b, "\"receipt_latency_ms\": {");
	put_latency(b, "all", &s->latency);
	buf_put_str(b, ", ");
	put_latency(b, "critical", &s->critical_latency);
	buf_put_str(b, "}, \"kinds\": ");
	put_kinds(s, b);
	buf_put_str(b, "}\n");
}
