#include "collector/cross_check.h"

#define KTHREADD 2

struct waiting {
	struct exec_seen exec;
	uint64_t since_us;
	bool gone; /* found its other half */
};

/* Oldest first. */
struct queue {
	size_t first, count;
	struct waiting items[CROSS_CHECK_PENDING];
};

struct cross_check {
	struct cross_check_config config;
	bool armed;
	uint64_t armed_us, lost_us[CROSS_CHECK_SENSORS];
	uint64_t window_us;
	uint64_t told[CROSS_CHECK_SENSORS], untold[CROSS_CHECK_SENSORS];
	struct cross_check_counts counts;
	struct queue queues[CROSS_CHECK_SENSORS]; /* of what that sensor saw */
};

int cross_check_new(const struct cross_check_config *config, struct cross_check **ret)
{
	struct cross_check *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->config = *config;
	*ret = c;
	return 0;
}

void cross_check_free(struct cross_check *c)
{
	free(c);
}

static struct waiting *item(struct queue *q, size_t i)
{
	return &q->items[(q->first + i) % CROSS_CHECK_PENDING];
}

static void drop_first(struct queue *q)
{
	q->first = (q->first + 1) % CROSS_CHECK_PENDING;
	q->count--;
}

static void push(struct cross_check *c, enum cross_check_sensor sensor, const struct exec_seen *exec,
                 uint64_t now_us)
{
	struct queue *q = &c->queues[sensor];
	if (q->count == CROSS_CHECK_PENDING) {
		c->counts.unproven += !item(q, 0)->gone;
		drop_first(q);
	}
	*item(q, q->count++) = (struct waiting){ .exec = *exec, .since_us = now_us };
}

static bool same(const struct exec_seen *a, const struct exec_seen *b)
{
	return a->pid == b->pid && a->comm_len == b->comm_len && memcmp(a->comm, b->comm, a->comm_len) == 0;
}

/* NULL if the other sensor has not seen it. */
static struct waiting *find(struct queue *q, const struct exec_seen *exec)
{
	for (size_t i = 0; i < q->count; i++) {
		struct waiting *w = item(q, i);
		if (!w->gone && same(&w->exec, exec))
			return w;
	}
	return NULL;
}

static void clear(struct cross_check *c)
{
	for (int sensor = 0; sensor < CROSS_CHECK_SENSORS; sensor++) {
		struct queue *q = &c->queues[sensor];
		for (; q->count; drop_first(q))
			c->counts.unproven += !item(q, 0)->gone;
	}
}

void cross_check_arm(struct cross_check *c, bool armed, uint64_t now_us)
{
	if (armed == c->armed)
		return;
	c->armed = armed;
	c->armed_us = now_us;
	clear(c);
}

bool cross_check_armed(const struct cross_check *c)
{
	return c->armed;
}

bool cross_check_bpf(struct cross_check *c, const struct exec_seen *exec, uint32_t *ret_serial)
{
	struct waiting *w = c->armed ? find(&c->queues[CROSS_CHECK_AUDIT], exec) : NULL;
	if (!w)
		return false;
	w->gone = true;
	c->counts.agreed++;
	*ret_serial = w->exec.serial;
	return true;
}

/* Will audit tell of it at all? */
static bool expected(const struct cross_check *c, const struct exec_seen *exec)
{
	return exec->start_us > c->armed_us && exec->ppid != KTHREADD && exec->ppid != 0;
}

void cross_check_sent(struct cross_check *c, const struct exec_seen *exec, uint64_t now_us)
{
	if (c->armed)
		push(c, CROSS_CHECK_BPF, exec, now_us);
}

void cross_check_audit(struct cross_check *c, const struct exec_seen *exec, uint64_t now_us)
{
	if (!c->armed)
		return;
	struct waiting *w = find(&c->queues[CROSS_CHECK_BPF], exec);
	if (!w) {
		push(c, CROSS_CHECK_AUDIT, exec, now_us);
		return;
	}
	w->gone = true;
	c->counts.agreed++;
	c->config.on_confirmed(c->config.context, &w->exec, exec);
}

void cross_check_lost(struct cross_check *c, enum cross_check_sensor sensor, uint64_t now_us)
{
	c->lost_us[sensor] = now_us;
}

static void tell(struct cross_check *c, enum cross_check_sensor by, const struct exec_seen *exec)
{
	c->counts.alone[by]++;
	if (c->told[by] < CROSS_CHECK_RATE) {
		c->told[by]++;
		c->config.on_disagreement(c->config.context, by, exec);
	} else {
		c->untold[by]++;
	}
}

static void judge(struct cross_check *c, enum cross_check_sensor by, const struct waiting *w)
{
	enum cross_check_sensor other = by == CROSS_CHECK_BPF ? CROSS_CHECK_AUDIT : CROSS_CHECK_BPF;
	/* A loss is noticed only some time after it happened. */
	bool lost = c->lost_us[other] && c->lost_us[other] + CROSS_CHECK_WAIT_US >= w->since_us;
	if (lost || (by == CROSS_CHECK_BPF && !expected(c, &w->exec)))
		c->counts.unproven++;
	else
		tell(c, by, &w->exec);
}

static void expire(struct cross_check *c, enum cross_check_sensor by, bool behind, uint64_t now_us)
{
	struct queue *q = &c->queues[by];
	uint64_t wait_us = behind ? CROSS_CHECK_BEHIND_US : CROSS_CHECK_WAIT_US;
	for (; q->count; drop_first(q)) {
		const struct waiting *w = item(q, 0);
		if (!w->gone && now_us < w->since_us + wait_us)
			return;
		if (!w->gone)
			judge(c, by, w);
	}
}

static void close_window(struct cross_check *c, uint64_t now_us)
{
	c->window_us = now_us + CROSS_CHECK_WINDOW_US;
	for (int by = 0; by < CROSS_CHECK_SENSORS; by++) {
		uint64_t untold = c->untold[by];
		c->told[by] = c->untold[by] = 0;
		if (untold)
			c->config.on_count(c->config.context, (enum cross_check_sensor)by, untold);
	}
}

void cross_check_tick(struct cross_check *c, const bool behind[CROSS_CHECK_SENSORS], uint64_t now_us)
{
	expire(c, CROSS_CHECK_BPF, behind[CROSS_CHECK_AUDIT], now_us);
	expire(c, CROSS_CHECK_AUDIT, behind[CROSS_CHECK_BPF], now_us);
	if (now_us >= c->window_us)
		close_window(c, now_us);
}

struct cross_check_counts cross_check_counts(const struct cross_check *c)
{
	return c->counts;
}
