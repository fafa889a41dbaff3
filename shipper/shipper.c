#include "shipper/shipper.h"

#include "shipper/gather.h"

#define FIRST_DELAY_US    500000u
#define LAST_DELAY_US     30000000u
#define ASK_US            30000000u
#define RETRY_AFTER_MAX_S 300u
#define ERROR_BODY_MAX    4096u

const char *shipper_state_name(enum shipper_state state)
{
	static const char *const NAMES[] = {
		[SHIPPER_ALONE] = "alone",   [SHIPPER_IDLE] = "idle",       [SHIPPER_SHIPPING] = "shipping",
		[SHIPPER_ASKING] = "asking", [SHIPPER_WAITING] = "waiting",
	};
	return NAMES[state];
}

const char *shipper_link_name(enum shipper_link link)
{
	static const char *const NAMES[] = {
		[SHIPPER_LINK_UNKNOWN] = "unknown", [SHIPPER_LINK_GOOD] = "good",
		[SHIPPER_LINK_DOWN] = "down",       [SHIPPER_LINK_BUSY] = "busy",
		[SHIPPER_LINK_REFUSED] = "refused", [SHIPPER_LINK_CONFLICT] = "conflict",
		[SHIPPER_LINK_STRANGE] = "strange",
	};
	return NAMES[link];
}

void shipper_init(struct shipper *s, uint64_t seed)
{
	*s = (struct shipper){ .limit = GATHER_MAX_BATCHES };
	backoff_init(&s->backoff, FIRST_DELAY_US, LAST_DELAY_US, seed);
}

void shipper_sealer_connected(struct shipper *s)
{
	s->state = SHIPPER_ALONE;
	s->told_from = s->told_ready = false;
}

void shipper_sealer_gone(struct shipper *s)
{
	shipper_sealer_connected(s);
}

static bool same(const struct shipper_place *a, const struct shipper_place *b)
{
	return a->epoch == b->epoch && a->first == b->first;
}

static bool behind(const struct shipper_place *a, const struct shipper_place *b)
{
	return a->epoch > b->epoch || (a->epoch == b->epoch && a->first > b->first);
}

static void wait_a_while(struct shipper *s, uint64_t now_us, uint64_t at_least_us)
{
	s->state = SHIPPER_WAITING;
	s->until_us = now_us + backoff_next(&s->backoff, at_least_us);
}

/* The sealer has dealt with the answer. If it sends us to the same place again, nothing came of it, and
 * asking the sink at once would only go round in a circle. */
static void go_on(struct shipper *s, uint64_t now_us)
{
	if (same(&s->from, &s->sent)) {
		wait_a_while(s, now_us, 0);
		return;
	}
	backoff_reset(&s->backoff);
	s->state = SHIPPER_SHIPPING;
}

int shipper_message(struct shipper *s, uint64_t now_us, const struct uplink_message *m)
{
	switch (m->type) {
	case UPLINK_SHIP_FROM:
		s->from = (struct shipper_place){ m->epoch, m->first };
		s->told_from = true;
		if (s->state == SHIPPER_ASKING)
			go_on(s, now_us);
		break;
	case UPLINK_READY:
		s->newest = (struct shipper_place){ m->epoch, m->first };
		s->held = m->held;
		s->told_ready = true;
		break;
	case UPLINK_RECEIPT:
	case UPLINK_CONFLICT:
	case UPLINK_REFUSED:
	default:
		return -EBADMSG;
	}
	if (s->state == SHIPPER_IDLE || (s->state == SHIPPER_ALONE && s->told_from && s->told_ready))
		s->state = SHIPPER_SHIPPING;
	return 0;
}

void shipper_try_now(struct shipper *s)
{
	if (s->state == SHIPPER_WAITING)
		s->until_us = 0;
}

void shipper_next(struct shipper *s, uint64_t now_us, struct shipper_step *ret)
{
	*ret = (struct shipper_step){ .what = SHIPPER_DO_WAIT, .until_us = SHIPPER_NEVER };
	if (s->state == SHIPPER_WAITING && now_us >= s->until_us)
		s->state = SHIPPER_SHIPPING;
	if (s->state == SHIPPER_SHIPPING && behind(&s->from, &s->newest))
		s->state = SHIPPER_IDLE;
	switch (s->state) {
	case SHIPPER_ALONE:
	case SHIPPER_IDLE:
		break;
	case SHIPPER_WAITING:
		ret->until_us = s->until_us;
		break;
	case SHIPPER_ASKING:
		ret->until_us = s->until_us;
		if (now_us >= s->until_us)
			ret->what = SHIPPER_DO_RECONNECT;
		break;
	case SHIPPER_SHIPPING:
		*ret = (struct shipper_step){
			.what = SHIPPER_DO_POST, .from = s->from, .limit = s->limit, .held = s->held
		};
		break;
	}
}

static const struct {
	unsigned status;
	enum shipper_link link;
} LINKS[] = {
	{ 0, SHIPPER_LINK_DOWN },      { 200, SHIPPER_LINK_GOOD },     { 400, SHIPPER_LINK_REFUSED },
	{ 403, SHIPPER_LINK_REFUSED }, { 409, SHIPPER_LINK_CONFLICT }, { 413, SHIPPER_LINK_REFUSED },
	{ 422, SHIPPER_LINK_REFUSED }, { 503, SHIPPER_LINK_BUSY },
};

static enum shipper_link link_of(unsigned status)
{
	for (size_t i = 0; i < ARRAY_SIZE(LINKS); i++) {
		if (LINKS[i].status == status)
			return LINKS[i].link;
	}
	return SHIPPER_LINK_STRANGE;
}

static void ask(struct shipper *s, uint64_t now_us, const struct uplink_message *m, struct buf *out)
{
	uplink_put(out, m);
	s->state = SHIPPER_ASKING;
	s->until_us = now_us + ASK_US;
}

static void take_refusal(struct shipper *s, uint64_t now_us, const struct shipper_place *sent,
                         const struct answer *a, struct buf *out)
{
	struct span body = { a->body.data, MIN(a->body.len, (size_t)ERROR_BODY_MAX) };
	struct uplink_message m = { .type = UPLINK_REFUSED,
		                    .status = (uint16_t)a->status,
		                    .epoch = sent->epoch,
		                    .first = sent->first,
		                    .body = body };
	/* One at a time from here on, so that the batches before the one at fault get through. */
	s->limit = 1;
	s->count.failures++;
	ask(s, now_us, &m, out);
}

static void take_receipt(struct shipper *s, uint64_t now_us, size_t batches, size_t bytes,
                         const struct answer *a, struct buf *out)
{
	struct uplink_message m = { .type = UPLINK_RECEIPT, .body = a->body };
	s->limit = GATHER_MAX_BATCHES;
	s->count.receipts++;
	s->count.batches += batches;
	s->count.bytes += bytes;
	ask(s, now_us, &m, out);
}

static void take_conflict(struct shipper *s, uint64_t now_us, const struct shipper_place *sent,
                          const struct answer *a, struct buf *out)
{
	struct uplink_message m = {
		.type = UPLINK_CONFLICT, .epoch = sent->epoch, .first = sent->first, .body = a->body
	};
	s->count.failures++;
	ask(s, now_us, &m, out);
}

void shipper_answer(struct shipper *s, uint64_t now_us, const struct shipper_place *sent, size_t batches,
                    size_t bytes, const struct answer *a, struct buf *out)
{
	s->count.requests++;
	s->link = link_of(a->status);
	s->sent = s->from;
	switch (s->link) {
	case SHIPPER_LINK_GOOD:
		take_receipt(s, now_us, batches, bytes, a, out);
		return;
	case SHIPPER_LINK_CONFLICT:
		take_conflict(s, now_us, sent, a, out);
		return;
	case SHIPPER_LINK_REFUSED:
		take_refusal(s, now_us, sent, a, out);
		return;
	case SHIPPER_LINK_DOWN:
	case SHIPPER_LINK_BUSY:
	case SHIPPER_LINK_STRANGE:
	case SHIPPER_LINK_UNKNOWN:
		break;
	}
	s->count.failures++;
	wait_a_while(s, now_us, MIN(a->retry_after_s, (uint64_t)RETRY_AFTER_MAX_S) * 1000000);
}

bool shipper_announces(const struct shipper *s, const struct shipper_place *end)
{
	bool more = !behind(end, &s->newest);
	return more && s->limit == GATHER_MAX_BATCHES && !behind(&s->announced, &s->from);
}

bool shipper_announced(struct shipper *s, uint64_t now_us, const struct shipper_place *head,
                       const struct answer *a)
{
	enum shipper_link link = link_of(a->status);
	s->count.requests++;
	if (link == SHIPPER_LINK_DOWN || link == SHIPPER_LINK_BUSY) {
		s->link = link;
		s->count.failures++;
		wait_a_while(s, now_us, MIN(a->retry_after_s, (uint64_t)RETRY_AFTER_MAX_S) * 1000000);
		return false;
	}
	s->announced = *head;
	s->count.announced += link == SHIPPER_LINK_GOOD ? 1 : 0;
	return true;
}

void shipper_unreadable(struct shipper *s, uint64_t now_us)
{
	s->count.failures++;
	wait_a_while(s, now_us, 0);
}
