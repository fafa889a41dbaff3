#include "collector/throttle.h"

#include "bpf/match.h"
#include "collector/fields.h"

#define RATE_MAX 1000000
#define QUIET_US 5000000

struct item {
	uint64_t cgroup;
	uint64_t seen; /* left out, ever */
	uint64_t told; /* of these before the time that is going on */
	uint64_t grew_us, since_us;
	bool grew, on;
};

struct throttle_watch {
	struct event_sink sink;
	bool settled; /* once */
	struct buf fields;
	size_t count;
	struct item items[BPF_THROTTLES];
};

static int take_number(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                       uint32_t *ret)
{
	uint64_t value;
	int err = yaml_uint(e, n, what, 1, RATE_MAX, &value);
	if (!err)
		*ret = (uint32_t)value;
	return err;
}

static int take_rate(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	return take_number(e, n, "events_per_second", &((struct throttle *)into)->rate);
}

static int take_burst(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	return take_number(e, n, "burst", &((struct throttle *)into)->burst);
}

int throttle_parse(const struct yaml_errors *e, const struct yaml_node *node, struct throttle *ret)
{
	static const struct yaml_key keys[] = {
		{ .name = "events_per_second", .take = take_rate, .required = true },
		{ .name = "burst", .take = take_burst },
	};
	struct throttle t = { 0 };
	int err = node ? yaml_take(e, node, "throttle", keys, ARRAY_SIZE(keys), &t) : 0;
	if (err)
		return err;
	if (!t.burst)
		t.burst = t.rate;
	*ret = t;
	return 0;
}

int throttle_watch_new(const struct event_sink *sink, struct throttle_watch **ret)
{
	struct throttle_watch *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->sink = *sink;
	*ret = w;
	return 0;
}

void throttle_watch_free(struct throttle_watch *w)
{
	if (w)
		buf_done(&w->fields);
	free(w);
}

/* The one of that cgroup, or an empty one in place of one that is quiet. NULL if there is none. */
static struct item *item_of(struct throttle_watch *w, uint64_t cgroup)
{
	struct item *quiet = NULL;
	for (size_t i = 0; i < w->count; i++) {
		if (w->items[i].cgroup == cgroup)
			return &w->items[i];
		if (!w->items[i].on && !w->items[i].grew)
			quiet = &w->items[i];
	}
	struct item *item = w->count < ARRAY_SIZE(w->items) ? &w->items[w->count++] : quiet;
	if (item)
		*item = (struct item){ .cgroup = cgroup };
	return item;
}

void throttle_watch_see(struct throttle_watch *w, uint64_t cgroup, uint64_t left_out, uint64_t now_us)
{
	struct item *i = left_out ? item_of(w, cgroup) : NULL;
	if (!i)
		return;
	/* The kernel had forgotten it meanwhile. */
	if (left_out < i->seen)
		i->seen = i->told = 0;
	i->grew = w->settled && left_out > i->seen;
	if (i->grew)
		i->grew_us = now_us;
	if (i->grew && !i->on)
		i->told = i->seen;
	i->seen = left_out;
}

static void tell(struct throttle_watch *w, const struct item *i, const struct throttle *limits,
                 uint64_t now_us)
{
	struct fields f;
	buf_reset(&w->fields);
	fields_begin(&f, &w->fields);
	fields_uint(&f, THROTTLE_WHAT, i->on ? THROTTLE_STARTED : THROTTLE_STOPPED);
	fields_uint(&f, THROTTLE_CGROUP, i->cgroup);
	fields_uint(&f, THROTTLE_RATE, limits->rate);
	fields_uint(&f, THROTTLE_BURST, limits->burst);
	if (!i->on) {
		fields_uint(&f, THROTTLE_COUNT, i->seen - i->told);
		fields_uint(&f, THROTTLE_SINCE, i->since_us);
	}
	struct intake_event event = { .kind = KIND_THROTTLE,
		                      .sensors = SENSOR_BPF_TRACEPOINT,
		                      .boot_us = now_us,
		                      .fields = fields_end(&f) };
	w->sink.put(w->sink.context, &event);
}

static void turn(struct throttle_watch *w, struct item *i, bool on, const struct throttle *limits,
                 uint64_t now_us)
{
	i->on = on;
	if (on)
		i->since_us = now_us;
	tell(w, i, limits, now_us);
}

void throttle_watch_settle(struct throttle_watch *w, const struct throttle *limits, uint64_t now_us)
{
	for (size_t k = 0; k < w->count; k++) {
		struct item *i = &w->items[k];
		if (i->grew && !i->on)
			turn(w, i, true, limits, now_us);
		else if (i->on && now_us >= i->grew_us + QUIET_US)
			turn(w, i, false, limits, now_us);
		i->grew = false;
	}
	w->settled = true;
}

void throttle_watch_flush(struct throttle_watch *w, const struct throttle *limits, uint64_t now_us)
{
	for (size_t k = 0; k < w->count; k++)
		if (w->items[k].on)
			turn(w, &w->items[k], false, limits, now_us);
}
