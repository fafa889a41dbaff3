#include "collector/sensor_watch.h"

#include <stdio.h>

#include "collector/fields.h"
#include "lib/cbor.h"

#define SUSPECTS_MAX   8
#define SUSPECT_FOR_US UINT64_C(3000000)
/* Audit's own word on a change may come after the change itself is seen. */
#define WAIT_FOR_WHO_US UINT64_C(500000)

struct fact {
	enum change_what what;
	char name[SENSOR_NAME_MAX];
	bool known;
	uint64_t differs_us; /* since when it is another one, and nobody has been named; 0: it is not */
	uint8_t len;
	uint8_t value[SENSOR_VALUE_MAX];
};

struct suspect {
	uint64_t when_us; /* 0: none */
	struct audit_who who;
};

struct sensor_watch {
	struct sensor_watch_config config;
	size_t fact_count, next_suspect;
	struct fact facts[SENSOR_FACTS_MAX];
	struct suspect suspects[SUSPECTS_MAX];
};

int sensor_watch_new(const struct sensor_watch_config *config, struct sensor_watch **ret)
{
	struct sensor_watch *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->config = *config;
	*ret = w;
	return 0;
}

void sensor_watch_free(struct sensor_watch *w)
{
	free(w);
}

static struct fact *find(struct sensor_watch *w, enum change_what what, const char *name)
{
	for (size_t i = 0; i < w->fact_count; i++)
		if (w->facts[i].what == what && strcmp(w->facts[i].name, name) == 0)
			return &w->facts[i];
	if (w->fact_count == SENSOR_FACTS_MAX || strlen(name) >= SENSOR_NAME_MAX)
		return NULL;
	struct fact *f = &w->facts[w->fact_count++];
	f->what = what;
	snprintf(f->name, sizeof(f->name), "%s", name);
	return f;
}

static bool is_text(const uint8_t *text, size_t len, const char *want)
{
	return len == strlen(want) && memcmp(text, want, len) == 0;
}

/* Does audit's record tell of this very change? */
static bool explains(const struct audit_who *who, enum change_what what, const char *name, struct span to)
{
	static const char rule[] = "rule";
	if (what == CHANGE_RULES)
		return memmem(who->op, who->op_len, rule, sizeof(rule) - 1) != NULL;
	struct cursor c;
	cursor_init(&c, to.data, to.len);
	return what == CHANGE_AUDIT && is_text(who->setting, who->setting_len, name) &&
	       cbor_uint(&c) == who->set_to && !c.err;
}

static const struct audit_who *suspect_of(const struct sensor_watch *w, const struct fact *f, struct span to,
                                          uint64_t now_us)
{
	const struct suspect *best = NULL;
	for (size_t i = 0; i < SUSPECTS_MAX; i++) {
		const struct suspect *s = &w->suspects[i];
		if (!s->when_us || now_us > s->when_us + SUSPECT_FOR_US ||
		    !explains(&s->who, f->what, f->name, to))
			continue;
		if (!best || s->when_us >= best->when_us)
			best = s;
	}
	return best ? &best->who : NULL;
}

/* Only audit tells of changes, and only of its own. */
static bool must_wait(struct fact *f, const struct audit_who *who, uint64_t now_us)
{
	if (who || (f->what != CHANGE_AUDIT && f->what != CHANGE_RULES))
		return false;
	if (!f->differs_us)
		f->differs_us = now_us;
	return now_us < f->differs_us + WAIT_FOR_WHO_US;
}

void sensor_watch_put(struct sensor_watch *w, enum change_what what, const char *name, struct span value,
                      uint64_t now_us)
{
	struct fact *f = find(w, what, name);
	if (!f || value.len > SENSOR_VALUE_MAX || value.len == 0)
		return;
	struct sensor_change change = {
		.what = what, .name = f->name, .from = { f->value, f->len }, .to = value
	};
	bool differs = f->known && !span_equal(change.from, value);
	if (differs)
		change.who = suspect_of(w, f, value, now_us);
	if (differs && must_wait(f, change.who, now_us))
		return;
	f->differs_us = 0;
	if (differs)
		w->config.on_change(w->config.context, &change);
	f->known = true;
	f->len = (uint8_t)value.len;
	memcpy(f->value, value.data, value.len);
}

void sensor_watch_put_uint(struct sensor_watch *w, enum change_what what, const char *name, uint64_t value,
                           uint64_t now_us)
{
	cleanup_buf struct buf b = { 0 };
	cbor_put_uint(&b, value);
	if (buf_err(&b) == 0)
		sensor_watch_put(w, what, name, (struct span){ b.data, b.len }, now_us);
}

void sensor_watch_put_text(struct sensor_watch *w, enum change_what what, const char *name, struct span text,
                           uint64_t now_us)
{
	cleanup_buf struct buf b = { 0 };
	cbor_put_bytes(&b, text.data, text.len);
	if (buf_err(&b) == 0)
		sensor_watch_put(w, what, name, (struct span){ b.data, b.len }, now_us);
}

void sensor_watch_suspect(struct sensor_watch *w, const struct audit_who *who, uint64_t now_us)
{
	w->suspects[w->next_suspect++ % SUSPECTS_MAX] = (struct suspect){ now_us, *who };
}

static void put_number(struct fields *f, uint64_t key, uint32_t number)
{
	if (number != AUDIT_WHO_UNSET)
		fields_uint(f, key, number);
}

static void put_who(struct fields *f, const struct audit_who *who)
{
	fields_uint(f, CHANGE_SERIAL, who->stamp.serial);
	put_number(f, CHANGE_PID, who->pid);
	put_number(f, CHANGE_UID, who->uid);
	put_number(f, CHANGE_LOGINUID, who->loginuid);
	put_number(f, CHANGE_SESSION, who->session);
	if (who->exe_len)
		fields_bytes(f, CHANGE_EXE, (struct span){ who->exe, who->exe_len });
}

static void put_item(struct fields *f, uint64_t key, struct span item)
{
	fields_key(f, key);
	buf_put(f->b, item.data, item.len);
}

struct span sensor_change_put(struct buf *b, const struct sensor_change *change, const char *detail)
{
	struct fields f;
	fields_begin(&f, b);
	fields_uint(&f, CHANGE_WHAT, change->what);
	fields_bytes(&f, CHANGE_NAME, span_str(change->name));
	put_item(&f, CHANGE_FROM, change->from);
	put_item(&f, CHANGE_TO, change->to);
	if (change->who)
		put_who(&f, change->who);
	if (*detail)
		fields_bytes(&f, CHANGE_DETAIL, span_str(detail));
	return fields_end(&f);
}
