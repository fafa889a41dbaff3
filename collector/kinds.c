#include "collector/kinds.h"

#include "evidence/entry.h"

/* First and last. What stands nowhere here is always told. */
static const struct {
	uint8_t first, last;
	bool off; /* unless asked for */
} optional[] = {
	{ 20, 20, false }, /* an exec that failed */
	{ 32, 48, false }, /* files */
	{ 96, 98, true },  /* connections: many, and known to firewalls */
};

static const size_t NONE = ARRAY_SIZE(optional);

static size_t range_of(uint64_t kind)
{
	size_t i = 0;
	while (i < NONE && (kind < optional[i].first || kind > optional[i].last))
		i++;
	return i;
}

bool kinds_optional(uint64_t kind)
{
	return range_of(kind) != NONE;
}

static int take_name(const struct yaml_errors *e, const struct yaml_node *n, bool (*allowed)(uint64_t kind),
                     const char *what, bool kinds[KINDS_MAX])
{
	const char *names[KINDS_MAX];
	size_t count = 0;
	for (uint64_t kind = 0; kind < KINDS_MAX; kind++) {
		const char *name = entry_kind_name(kind);
		if (!name || !allowed(kind))
			continue;
		if (span_is(n->text, name)) {
			kinds[kind] = true;
			return 0;
		}
		names[count++] = name;
	}
	return yaml_fail_unknown(e, n->line, what, n->text, names, count);
}

int kinds_take_list(const struct yaml_errors *e, const struct yaml_node *n, bool (*allowed)(uint64_t kind),
                    const char *what, bool kinds[KINDS_MAX])
{
	int err = yaml_expect(e, n, "kinds", YAML_NODE_LIST);
	for (const struct yaml_node *k = n->child; !err && k; k = k->next) {
		err = yaml_expect(e, k, "kinds", YAML_NODE_SCALAR);
		if (!err)
			err = take_name(e, k, allowed, what, kinds);
	}
	return err;
}

static int fail_unknown(const struct yaml_errors *e, const struct yaml_node *n)
{
	const char *names[KINDS_MAX];
	size_t count = 0;
	for (uint64_t kind = 0; kind < KINDS_MAX; kind++)
		if (kinds_optional(kind) && entry_kind_name(kind))
			names[count++] = entry_kind_name(kind);
	return yaml_fail_unknown(e, n->key_line, "kind", n->key, names, count);
}

static int take_kind(const struct yaml_errors *e, const struct yaml_node *n, struct kinds *k)
{
	uint64_t kind = 0;
	while (kind < KINDS_MAX && !(entry_kind_name(kind) && span_is(n->key, entry_kind_name(kind))))
		kind++;
	if (kind == KINDS_MAX)
		return fail_unknown(e, n);
	const char *name = entry_kind_name(kind);
	bool on;
	if (!kinds_optional(kind))
		return yaml_fail(e, n->key_line, "'%s' is always told: it can't be switched", name);
	int err = yaml_bool(e, n, name, &on);
	if (err)
		return err;
	k->off[kind] = !on;
	return 0;
}

int kinds_parse(const struct yaml_errors *e, const struct yaml_node *node, struct kinds *ret)
{
	struct kinds k = { 0 };
	for (uint64_t kind = 0; kind < KINDS_MAX; kind++)
		k.off[kind] = kinds_optional(kind) && optional[range_of(kind)].off;
	int err = node ? yaml_expect(e, node, "kinds", YAML_NODE_MAPPING) : 0;
	for (const struct yaml_node *n = node ? node->child : NULL; !err && n; n = n->next)
		err = take_kind(e, n, &k);
	if (!err)
		*ret = k;
	return err;
}

bool kinds_wanted(const struct kinds *k, uint64_t kind)
{
	return kind >= KINDS_MAX || !k->off[kind];
}
