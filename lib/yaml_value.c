#include "lib/yaml_value.h"

#include "lib/buf.h"
#include "lib/text.h"

static const char *const kind_names[] = {
	[YAML_NODE_SCALAR] = "a single value",
	[YAML_NODE_LIST] = "a list",
	[YAML_NODE_MAPPING] = "'key: value' lines",
};

int yaml_expect(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                enum yaml_node_kind kind)
{
	if (n->kind == kind)
		return 0;
	return yaml_fail(e, n->line, "'%s': expected %s, not %s", what, kind_names[kind],
	                 kind == YAML_NODE_SCALAR ? "a list or a mapping" : kind_names[n->kind]);
}

static int some_text(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                     const char *wanted, struct span *ret)
{
	int err = yaml_expect(e, n, what, YAML_NODE_SCALAR);
	if (err)
		return err;
	if (n->text.len == 0)
		return yaml_fail(e, n->line, "'%s' has no value: expected %s", what, wanted);
	if (memchr(n->text.data, 0, n->text.len))
		return yaml_fail(e, n->line, "'%s' holds a NUL byte", what);
	*ret = n->text;
	return 0;
}

int yaml_text(const struct yaml_errors *e, const struct yaml_node *n, const char *what, struct span *ret)
{
	return some_text(e, n, what, "text", ret);
}

int yaml_path(const struct yaml_errors *e, const struct yaml_node *n, const char *what, struct span *ret)
{
	struct span s;
	int err = some_text(e, n, what, "an absolute path", &s);
	if (err)
		return err;
	if (s.data[0] != '/')
		return yaml_fail(e, n->line, "'%s': expected an absolute path (beginning with /)", what);
	*ret = s;
	return 0;
}

int yaml_uint(const struct yaml_errors *e, const struct yaml_node *n, const char *what, uint64_t min,
              uint64_t max, uint64_t *ret)
{
	uint64_t value;
	char shown[YAML_SHOWN_BYTES];
	int err = yaml_expect(e, n, what, YAML_NODE_SCALAR);
	if (err)
		return err;
	yaml_show(n->text, shown);
	if (!n->plain || text_decimal(n->text, &value) < 0)
		return yaml_fail(e, n->line, "'%s': expected a whole number from %ju to %ju, not '%s'", what,
		                 (uintmax_t)min, (uintmax_t)max, shown);
	if (value < min || value > max)
		return yaml_fail(e, n->line, "'%s': %s is out of range: expected %ju to %ju", what, shown,
		                 (uintmax_t)min, (uintmax_t)max);
	*ret = value;
	return 0;
}

int yaml_bool(const struct yaml_errors *e, const struct yaml_node *n, const char *what, bool *ret)
{
	char shown[YAML_SHOWN_BYTES];
	int err = yaml_expect(e, n, what, YAML_NODE_SCALAR);
	if (err)
		return err;
	yaml_show(n->text, shown);
	bool yes = span_is(n->text, "true");
	if (!n->plain || (!yes && !span_is(n->text, "false")))
		return yaml_fail(e, n->line, "'%s': expected true or false, not '%s'", what, shown);
	*ret = yes;
	return 0;
}

int yaml_choice(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                const char *const *choices, unsigned *ret)
{
	cleanup_buf struct buf names = { 0 };
	int err = yaml_expect(e, n, what, YAML_NODE_SCALAR);
	if (err)
		return err;
	for (unsigned i = 0; choices[i]; i++) {
		if (span_is(n->text, choices[i])) {
			*ret = i;
			return 0;
		}
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", choices[i]);
	}
	char shown[YAML_SHOWN_BYTES];
	yaml_show(n->text, shown);
	buf_put_u8(&names, '\0');
	if (buf_err(&names) < 0)
		return yaml_fail(e, n->line, "'%s': not '%s'", what, shown);
	return yaml_fail(e, n->line, "'%s': expected one of %s, not '%s'", what, (const char *)names.data,
	                 shown);
}

#define NAME_BYTES_MAX 64

/* How many single-letter edits lead from a to b (Levenshtein). */
static size_t edits(struct span a, const char *b)
{
	size_t row[NAME_BYTES_MAX + 1], n = strlen(b);
	if (a.len > NAME_BYTES_MAX || n > NAME_BYTES_MAX)
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

int yaml_fail_unknown(const struct yaml_errors *e, unsigned line, const char *what, struct span name,
                      const char *const *names, size_t count)
{
	char shown[YAML_SHOWN_BYTES];
	const char *nearest = NULL;
	size_t best = MIN(name.len / 3 + 1, (size_t)3) + 1;
	for (size_t i = 0; i < count; i++) {
		size_t distance = edits(name, names[i]);
		if (distance < best) {
			best = distance;
			nearest = names[i];
		}
	}
	yaml_show(name, shown);
	if (nearest)
		return yaml_fail(e, line, "unknown %s '%s' (did you mean '%s'?)", what, shown, nearest);
	return yaml_fail(e, line, "unknown %s '%s'", what, shown);
}

static const struct yaml_key *find_key(const struct yaml_key *keys, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

static int fail_unknown_key(const struct yaml_errors *e, const struct yaml_node *n,
                            const struct yaml_key *keys, size_t count)
{
	const char *names[YAML_MAX_KEYS];
	assert(count <= YAML_MAX_KEYS);
	for (size_t i = 0; i < count; i++)
		names[i] = keys[i].name;
	return yaml_fail_unknown(e, n->key_line, "key", n->key, names, count);
}

static bool has_key(const struct yaml_node *mapping, const char *name)
{
	for (const struct yaml_node *n = mapping->child; n; n = n->next)
		if (span_is(n->key, name))
			return true;
	return false;
}

int yaml_take(const struct yaml_errors *e, const struct yaml_node *mapping, const char *what,
              const struct yaml_key *keys, size_t count, void *into)
{
	int err = yaml_expect(e, mapping, what, YAML_NODE_MAPPING);
	for (const struct yaml_node *n = mapping->child; !err && n; n = n->next) {
		const struct yaml_key *key = find_key(keys, count, n->key);
		err = key ? key->take(e, n, into) : fail_unknown_key(e, n, keys, count);
	}
	for (size_t i = 0; !err && i < count; i++)
		if (keys[i].required && !has_key(mapping, keys[i].name))
			err = yaml_fail(e, mapping->line, "'%s' is missing here: it must be given",
			                keys[i].name);
	return err;
}
