#include "collector/counted.h"

#include "collector/fields.h"
#include "collector/repeats.h"
#include "evidence/entry.h"

#define READS_US (UINT64_C(60) * 1000000)

struct counted {
	struct counted_config config;
	struct repeat_rules rules;
	struct repeats *reads;
	struct repeats *others;
	struct buf fields;
};

static bool is_read(uint16_t kind)
{
	return kind == KIND_READ || kind == KIND_MMAP;
}

static void put_count(struct fields *f, const struct repeated *r)
{
	fields_uint(f, FILE_COUNT, r->count);
	fields_uint(f, FILE_FIRST, r->first_us);
	fields_uint(f, FILE_LAST, r->last_us);
}

/* The fields of the first of them, and how many more there were. */
static struct span with_count(struct buf *b, const struct repeated *r)
{
	struct fields f;
	struct cursor c;
	int64_t prev = -1;
	bool counted = false;
	buf_reset(b);
	fields_begin(&f, b);
	cursor_init(&c, r->fields.data, r->fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		uint64_t key = cbor_key(&c, &prev);
		const uint8_t *value = c.at;
		cbor_skip(&c);
		if (key > FILE_LAST && !counted) {
			put_count(&f, r);
			counted = true;
		}
		fields_key(&f, key);
		buf_put(b, value, (size_t)(c.at - value));
	}
	if (!counted)
		put_count(&f, r);
	if (!is_read(r->kind))
		fields_uint(&f, FILE_REPEATED, r->kind);
	return fields_end(&f);
}

static void tell(void *context, const struct repeated *r)
{
	struct counted *c = context;
	struct intake_event event = { .kind = is_read(r->kind) ? r->kind : KIND_REPEATS,
		                      .sensors = r->sensors,
		                      .boot_us = r->last_us,
		                      .process = r->process };
	if (event.process == INTAKE_NO_PROCESS)
		event.process = actors_of_key(c->config.actors, r->actor, r->last_us);
	event.fields = with_count(&c->fields, r);
	c->config.sink.put(c->config.sink.context, &event);
}

static void free_counted(struct counted **c)
{
	counted_free(*c);
}

int counted_new(const struct counted_config *config, struct counted **ret)
{
	struct counted *c cleanup(free_counted) = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->config = *config;
	struct repeats_config repeats = { .interval_us = READS_US, .tell = tell, .context = c };
	int err = repeats_new(&repeats, &c->reads);
	if (!err)
		err = repeats_new(&repeats, &c->others);
	if (err)
		return err;
	*ret = TAKE_PTR(c);
	return 0;
}

void counted_free(struct counted *c)
{
	if (!c)
		return;
	repeats_free(c->reads);
	repeats_free(c->others);
	buf_done(&c->fields);
	free(c);
}

void counted_set_rules(struct counted *c, const struct repeat_rules *rules)
{
	repeats_flush(c->others);
	repeats_set_interval(c->others, rules->interval_us);
	c->rules = *rules;
}

/* NULL: each is told. */
static struct repeats *repeats_of(struct counted *c, uint16_t kind, bool labelled)
{
	if (is_read(kind))
		return c->reads;
	return kind < KINDS_MAX && c->rules.kinds[kind] && !labelled ? c->others : NULL;
}

void counted_take(struct counted *c, struct process_key actor, const struct intake_event *event,
                  bool labelled)
{
	struct repeats *r = repeats_of(c, event->kind, labelled);
	const struct event_sink *sink = &c->config.sink;
	if (r && repeats_take(r, actor, event))
		sink->filtered(sink->context, event->kind);
	else
		sink->put(sink->context, event);
}

void counted_tick(struct counted *c, uint64_t now_us)
{
	repeats_tick(c->reads, now_us);
	repeats_tick(c->others, now_us);
}

void counted_end(struct counted *c, struct process_key actor)
{
	repeats_end(c->reads, actor);
	repeats_end(c->others, actor);
}

void counted_flush(struct counted *c)
{
	repeats_flush(c->reads);
	repeats_flush(c->others);
}

uint64_t counted_untold(const struct counted *c)
{
	return repeats_untold(c->reads) + repeats_untold(c->others);
}

void counted_undescribe(struct counted *c)
{
	repeats_undescribe(c->reads);
	repeats_undescribe(c->others);
}
