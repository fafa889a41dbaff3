#include "audit/feed.h"

#include "audit/redact.h"

struct audit_feed {
	struct audit_feed_config config;
	struct audit_assembler *assembler;
	struct audit_redaction *redaction;
	struct buf fields;
	int64_t wall_minus_boot_us;
	uint64_t now_us; /* of the call that is under way */
	uint64_t declared_us;
	struct audit_assembler_stats declared;
};

/* The counters of the assembler that are losses, and what each says about events. */
struct counter {
	size_t offset;
	enum loss_reason reason;
	enum exactness exactness;
	const char *detail;
};

static const struct counter counters[] = {
	{ offsetof(struct audit_assembler_stats, incomplete), LOSS_AUDIT_INCOMPLETE, LOWER_BOUND,
	  "audit events kept without all their records" },
	{ offsetof(struct audit_assembler_stats, missing_serials), LOSS_AUDIT_SERIAL, UPPER_BOUND,
	  "audit serial numbers that never came" },
	{ offsetof(struct audit_assembler_stats, oversize), LOSS_TOO_LARGE, UPPER_BOUND,
	  "audit records longer than any record of the kernel" },
	{ offsetof(struct audit_assembler_stats, lost_events), LOSS_TOO_LARGE, UPPER_BOUND,
	  "audit events that found no memory" },
};

static uint64_t counter_value(const struct audit_assembler_stats *stats, const struct counter *c)
{
	uint64_t v;
	memcpy(&v, (const char *)stats + c->offset, sizeof(v));
	return v;
}

static void on_assembled(void *context, const struct audit_assembled *assembled)
{
	struct audit_feed *f = context;
	struct intake_event event;
	struct audit_assembled redacted;
	struct redact *rules = f->config.redact ? *f->config.redact : NULL;
	int r = audit_redact(f->redaction, rules, assembled, &redacted);
	if (r == 0 && f->config.on_assembled && f->config.on_assembled(f->config.context, &redacted))
		return;
	if (r == 0)
		r = audit_event_build(&f->config.event, &redacted, f->wall_minus_boot_us, f->now_us,
		                      &f->fields, &event);
	if (r == 0) {
		f->config.on_event(f->config.context, &event);
		return;
	}
	static const char detail[] = "an audit event that could not be encoded";
	f->config.on_loss(f->config.context,
	                  &(struct intake_loss){
	                          .reason = LOSS_TOO_LARGE,
	                          .exactness = EXACT,
	                          .kind = (uint16_t)audit_event_kind(assembled),
	                          .count = 1,
	                          .since_boot_us = assembled->first_us,
	                          .detail = { (const uint8_t *)detail, sizeof(detail) - 1 },
	                  });
}

static void free_feed(struct audit_feed **f)
{
	audit_feed_free(*f);
}

int audit_feed_new(const struct audit_feed_config *config, struct audit_feed **ret)
{
	struct audit_feed *f cleanup(free_feed) = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->config = *config;
	if (f->config.declare_us == 0)
		f->config.declare_us = 5000000;
	struct audit_assembler_config assembler = {
		.timeout_us = config->timeout_us,
		.settle_us = config->settle_us,
		.recorded = config->recorded,
		.on_event = on_assembled,
		.context = f,
	};
	int r = audit_assembler_new(&assembler, &f->assembler);
	if (r == 0)
		r = audit_redaction_new(&f->redaction);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(f);
	return 0;
}

void audit_feed_free(struct audit_feed *f)
{
	if (!f)
		return;
	audit_assembler_free(f->assembler);
	audit_redaction_free(f->redaction);
	buf_done(&f->fields);
	free(f);
}

void audit_feed_set_clock(struct audit_feed *f, int64_t wall_minus_boot_us)
{
	f->wall_minus_boot_us = wall_minus_boot_us;
}

void audit_feed_push(struct audit_feed *f, uint16_t type, struct span text, uint64_t now_us)
{
	f->now_us = now_us;
	audit_assembler_push(f->assembler, type, text, now_us);
}

void audit_feed_lose(struct audit_feed *f, enum loss_reason reason, enum exactness exactness, uint64_t count,
                     uint64_t since_us, const char *detail)
{
	f->config.on_loss(f->config.context, &(struct intake_loss){
	                                             .reason = (uint8_t)reason,
	                                             .exactness = (uint8_t)exactness,
	                                             .count = count,
	                                             .since_boot_us = since_us,
	                                             .detail = { (const uint8_t *)detail, strlen(detail) },
	                                     });
}

static void declare(struct audit_feed *f, uint64_t now_us)
{
	struct audit_assembler_stats stats = audit_assembler_stats(f->assembler);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		const struct counter *c = &counters[i];
		uint64_t count = counter_value(&stats, c) - counter_value(&f->declared, c);
		if (count > 0)
			audit_feed_lose(f, c->reason, c->exactness, count, f->declared_us, c->detail);
	}
	f->declared = stats;
	f->declared_us = now_us;
}

void audit_feed_tick(struct audit_feed *f, uint64_t now_us)
{
	f->now_us = now_us;
	audit_assembler_tick(f->assembler, now_us);
	if (now_us - f->declared_us >= f->config.declare_us)
		declare(f, now_us);
}

void audit_feed_flush(struct audit_feed *f, uint64_t now_us)
{
	f->now_us = now_us;
	audit_assembler_flush(f->assembler, now_us);
	declare(f, now_us);
}

bool audit_feed_waiting(const struct audit_feed *f)
{
	return audit_assembler_waiting(f->assembler);
}

struct audit_assembler_stats audit_feed_stats(const struct audit_feed *f)
{
	return audit_assembler_stats(f->assembler);
}
