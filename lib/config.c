#include "lib/config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include <yaml.h>

#include "lib/file.h"
#include "lib/text.h"

#define SHOWN_MAX 48 /* bytes of the file's own text in a message */

struct loader {
	const char *file;
	const struct config_key *keys;
	size_t key_count;
	void *into;
	unsigned line_of[CONFIG_MAX_KEYS]; /* where the key stood; 0: not seen */
	unsigned line;                     /* of the event at hand; 0: of no line */
	char *error;
	size_t error_size;
};

static int fail(const struct loader *l, const char *fmt, ...) printf_like(2, 3);
static int fail(const struct loader *l, const char *fmt, ...)
{
	char what[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (l->line > 0)
		snprintf(l->error, l->error_size, "%s:%u: %s", l->file, l->line, what);
	else
		snprintf(l->error, l->error_size, "%s: %s", l->file, what);
	return -EINVAL;
}

/* Text of the file made fit for a message: escaped and short. */
static void show(struct span s, char ret[SHOWN_MAX * 4 + 4])
{
	cleanup_buf struct buf b = { 0 };
	text_put_escaped(&b, (struct span){ s.data, MIN(s.len, (size_t)SHOWN_MAX) });
	buf_put_str(&b, s.len > SHOWN_MAX ? "..." : "");
	size_t n = MIN(b.len, (size_t)SHOWN_MAX * 4 + 3);
	if (n > 0)
		memcpy(ret, b.data, n);
	ret[n] = '\0';
}

/* --- values ------------------------------------------------------------------------------------------------
 */

struct value {
	struct span text;
	bool plain; /* not quoted */
};

static void *field_of(const struct loader *l, const struct config_key *key)
{
	return (char *)l->into + key->offset;
}

static int set_text(const struct loader *l, const struct config_key *key, struct span s)
{
	if (s.len == 0)
		return fail(l, "'%s' has no value: expected %s", key->name,
		            key->type == CONFIG_PATH ? "an absolute path" : "text");
	if (memchr(s.data, 0, s.len))
		return fail(l, "'%s' holds a NUL byte", key->name);
	if (key->type == CONFIG_PATH && s.data[0] != '/')
		return fail(l, "'%s': expected an absolute path (beginning with /)", key->name);
	char *copy = malloc(s.len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, s.data, s.len);
	copy[s.len] = '\0';
	*(char **)field_of(l, key) = copy;
	return 0;
}

static int set_uint(const struct loader *l, const struct config_key *key, const struct value *v)
{
	uint64_t n;
	char shown[SHOWN_MAX * 4 + 4];
	show(v->text, shown);
	if (!v->plain || text_decimal(v->text, &n) < 0)
		return fail(l, "'%s': expected a whole number from %ju to %ju, not '%s'", key->name,
		            (uintmax_t)key->min, (uintmax_t)key->max, shown);
	if (n < key->min || n > key->max)
		return fail(l, "'%s': %s is out of range: expected %ju to %ju", key->name, shown,
		            (uintmax_t)key->min, (uintmax_t)key->max);
	*(uint64_t *)field_of(l, key) = n;
	return 0;
}

static int set_bool(const struct loader *l, const struct config_key *key, const struct value *v)
{
	char shown[SHOWN_MAX * 4 + 4];
	show(v->text, shown);
	bool yes = span_is(v->text, "true");
	if (!v->plain || (!yes && !span_is(v->text, "false")))
		return fail(l, "'%s': expected true or false, not '%s'", key->name, shown);
	*(bool *)field_of(l, key) = yes;
	return 0;
}

static int set_choice(const struct loader *l, const struct config_key *key, const struct value *v)
{
	cleanup_buf struct buf names = { 0 };
	for (unsigned i = 0; key->choices[i]; i++) {
		if (span_is(v->text, key->choices[i])) {
			*(unsigned *)field_of(l, key) = i;
			return 0;
		}
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", key->choices[i]);
	}
	buf_put_u8(&names, '\0');
	if (buf_err(&names) < 0)
		return buf_err(&names);
	char shown[SHOWN_MAX * 4 + 4];
	show(v->text, shown);
	return fail(l, "'%s': expected one of %s, not '%s'", key->name, (const char *)names.data, shown);
}

static int set_value(const struct loader *l, const struct config_key *key, const struct value *v)
{
	switch (key->type) {
	case CONFIG_STRING:
	case CONFIG_PATH:
		return set_text(l, key, v->text);
	case CONFIG_UINT:
		return set_uint(l, key, v);
	case CONFIG_BOOL:
		return set_bool(l, key, v);
	case CONFIG_CHOICE:
		return set_choice(l, key, v);
	}
	return -EINVAL;
}

/* --- keys --------------------------------------------------------------------------------------------------
 */

static size_t find_key(const struct loader *l, struct span name)
{
	size_t i = 0;
	while (i < l->key_count && !span_is(name, l->keys[i].name))
		i++;
	return i;
}

#define NAME_MAX_BYTES 64

/* How many single-letter edits lead from a to b (Levenshtein). */
static size_t edits(struct span a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1], n = strlen(b);
	if (a.len > NAME_MAX_BYTES || n > NAME_MAX_BYTES)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t swap = diagonal + (a.data[i - 1] != (uint8_t)b[j - 1]);
			diagonal = row[j];
			row[j] = MIN(swap, MIN(row[j - 1], row[j]) + 1);
		}
	}
	return row[n];
}

static int fail_unknown(const struct loader *l, struct span name)
{
	char shown[SHOWN_MAX * 4 + 4];
	const char *nearest = NULL;
	size_t best = MIN(name.len / 3 + 1, (size_t)3) + 1;
	for (size_t i = 0; i < l->key_count; i++) {
		size_t distance = edits(name, l->keys[i].name);
		if (distance < best) {
			best = distance;
			nearest = l->keys[i].name;
		}
	}
	show(name, shown);
	if (nearest)
		return fail(l, "unknown key '%s' (did you mean '%s'?)", shown, nearest);
	return fail(l, "unknown key '%s'", shown);
}

/* --- YAML: a stream of one document of one mapping of scalars ----------------------------------------------
 */

static int fail_syntax(struct loader *l, const yaml_parser_t *p)
{
	l->line = (unsigned)p->problem_mark.line + 1;
	return fail(l, "not YAML: %s", p->problem ? p->problem : "unreadable");
}

/* The next event; anchors, aliases and tags are refused wherever they stand. */
static int next_event(struct loader *l, yaml_parser_t *p, yaml_event_t *ev)
{
	if (!yaml_parser_parse(p, ev))
		return p->error == YAML_MEMORY_ERROR ? -ENOMEM : fail_syntax(l, p);
	l->line = (unsigned)ev->start_mark.line + 1;
	if (ev->type == YAML_ALIAS_EVENT)
		return fail(l, "aliases (*name) are not allowed here");
	if (ev->type == YAML_SCALAR_EVENT && ev->data.scalar.anchor)
		return fail(l, "anchors (&name) are not allowed here");
	if (ev->type == YAML_MAPPING_START_EVENT && ev->data.mapping_start.anchor)
		return fail(l, "anchors (&name) are not allowed here");
	if (ev->type == YAML_SCALAR_EVENT && ev->data.scalar.tag)
		return fail(l, "tags (!name) are not allowed here");
	return 0;
}

static void event_done(yaml_event_t *ev)
{
	yaml_event_delete(ev);
}

static int take_value(struct loader *l, yaml_parser_t *p, const struct config_key *key)
{
	cleanup(event_done) yaml_event_t ev = { 0 };
	int r = next_event(l, p, &ev);
	if (r < 0)
		return r;
	if (ev.type != YAML_SCALAR_EVENT)
		return fail(l, "'%s': expected a single value, not a list or a mapping", key->name);
	struct value v = { { ev.data.scalar.value, ev.data.scalar.length },
		           ev.data.scalar.style == YAML_PLAIN_SCALAR_STYLE };
	return set_value(l, key, &v);
}

static int take_pair(struct loader *l, yaml_parser_t *p, const yaml_event_t *ev)
{
	if (ev->type != YAML_SCALAR_EVENT)
		return fail(l, "expected a key, not a list or a mapping");
	struct span name = { ev->data.scalar.value, ev->data.scalar.length };
	size_t i = find_key(l, name);
	if (i == l->key_count)
		return fail_unknown(l, name);
	if (l->line_of[i] > 0)
		return fail(l, "'%s' stands here a second time (first on line %u)", l->keys[i].name,
		            l->line_of[i]);
	l->line_of[i] = l->line;
	return take_value(l, p, &l->keys[i]);
}

static int take_mapping(struct loader *l, yaml_parser_t *p)
{
	for (;;) {
		cleanup(event_done) yaml_event_t ev = { 0 };
		int r = next_event(l, p, &ev);
		if (r < 0 || ev.type == YAML_MAPPING_END_EVENT)
			return r;
		r = take_pair(l, p, &ev);
		if (r < 0)
			return r;
	}
}

enum stage { BEFORE_MAPPING, AFTER_MAPPING };

static int take_stream(struct loader *l, yaml_parser_t *p)
{
	enum stage stage = BEFORE_MAPPING;
	for (;;) {
		cleanup(event_done) yaml_event_t ev = { 0 };
		int r = next_event(l, p, &ev);
		if (r < 0 || ev.type == YAML_STREAM_END_EVENT)
			return r;
		if (ev.type == YAML_STREAM_START_EVENT || ev.type == YAML_DOCUMENT_END_EVENT)
			continue;
		if (stage == AFTER_MAPPING)
			return fail(l, "expected one document only");
		if (ev.type == YAML_DOCUMENT_START_EVENT)
			continue;
		if (ev.type != YAML_MAPPING_START_EVENT)
			return fail(l, "expected 'key: value' lines");
		r = take_mapping(l, p);
		if (r < 0)
			return r;
		stage = AFTER_MAPPING;
	}
}

static int fill_absent(struct loader *l)
{
	l->line = 0;
	for (size_t i = 0; i < l->key_count; i++) {
		const struct config_key *key = &l->keys[i];
		if (l->line_of[i] > 0)
			continue;
		if (key->required)
			return fail(l, "'%s' is missing: it must be given", key->name);
		if (!key->fallback)
			continue;
		struct value v = { { (const uint8_t *)key->fallback, strlen(key->fallback) }, true };
		int r = set_value(l, key, &v);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load(struct loader *l, struct span bytes)
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, bytes.data, bytes.len);
	int r = take_stream(l, &parser);
	yaml_parser_delete(&parser);
	return r < 0 ? r : fill_absent(l);
}

int config_parse(const char *name, struct span bytes, const struct config_key *keys, size_t key_count,
                 void *into, char *error, size_t error_size)
{
	struct loader l = { .file = name,
		            .keys = keys,
		            .key_count = key_count,
		            .into = into,
		            .error = error,
		            .error_size = error_size };
	assert(key_count <= CONFIG_MAX_KEYS);
	if (bytes.len > CONFIG_MAX_BYTES) {
		fail(&l, "larger than %u bytes", CONFIG_MAX_BYTES);
		return -EFBIG;
	}
	/* libyaml takes no NULL, not even for nothing. */
	if (bytes.len == 0)
		bytes.data = (const uint8_t *)"";
	int r = load(&l, bytes);
	if (r == -ENOMEM) {
		l.line = 0;
		fail(&l, "out of memory");
	}
	if (r < 0)
		config_free(keys, key_count, into);
	return r;
}

int config_load(const char *path, const struct config_key *keys, size_t key_count, void *into,
                struct hash *ret_digest, char *error, size_t error_size)
{
	cleanup_buf struct buf b = { 0 };
	int r = file_read(env_system(), AT_FDCWD, path, CONFIG_MAX_BYTES, &b);
	if (r == -EFBIG) {
		snprintf(error, error_size, "%s: larger than %u bytes", path, CONFIG_MAX_BYTES);
		return r;
	}
	if (r < 0) {
		snprintf(error, error_size, "%s: cannot be read: %s", path, strerror(-r));
		return r;
	}
	r = config_parse(path, (struct span){ b.data, b.len }, keys, key_count, into, error, error_size);
	if (r == 0 && ret_digest)
		sha256(b.data, b.len, ret_digest);
	return r;
}

/* --- and away with it
 * ---------------------------------------------------------------------------------------- */

static const size_t FIELD_BYTES[] = {
	[CONFIG_STRING] = sizeof(char *),   [CONFIG_PATH] = sizeof(char *),
	[CONFIG_UINT] = sizeof(uint64_t),   [CONFIG_BOOL] = sizeof(bool),
	[CONFIG_CHOICE] = sizeof(unsigned),
};

void config_free(const struct config_key *keys, size_t key_count, void *into)
{
	for (size_t i = 0; i < key_count; i++) {
		void *field = (char *)into + keys[i].offset;
		if (keys[i].type == CONFIG_STRING || keys[i].type == CONFIG_PATH)
			free(*(char **)field);
		memset(field, 0, FIELD_BYTES[keys[i].type]);
	}
}
