#include "collector/repeat_rules.h"

#include "evidence/entry.h"

#define SECOND_US      UINT64_C(1000000)
#define INTERVAL_S     60
#define INTERVAL_S_MAX 3600

bool repeat_rules_kind(uint64_t kind)
{
	return kind >= KIND_OPEN && kind <= KIND_CLOSE && kind != KIND_READ && kind != KIND_MMAP &&
	       kind != KIND_IO_URING;
}

static int take_interval(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct repeat_rules *r = into;
	uint64_t seconds;
	int err = yaml_uint(e, n, "interval_s", 1, INTERVAL_S_MAX, &seconds);
	if (!err)
		r->interval_us = seconds * SECOND_US;
	return err;
}

static int take_kind(const struct yaml_errors *e, const struct yaml_node *n, struct repeat_rules *r)
{
	const char *names[KINDS_MAX];
	size_t count = 0;
	for (uint64_t kind = 0; kind < KINDS_MAX; kind++) {
		if (!repeat_rules_kind(kind))
			continue;
		if (span_is(n->text, entry_kind_name(kind))) {
			r->kinds[kind] = true;
			return 0;
		}
		names[count++] = entry_kind_name(kind);
	}
	return yaml_fail_unknown(e, n->line, "or not countable kind", n->text, names, count);
}

static int take_kinds(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	int err = yaml_expect(e, n, "kinds", YAML_NODE_LIST);
	for (const struct yaml_node *k = n->child; !err && k; k = k->next) {
		err = yaml_expect(e, k, "kinds", YAML_NODE_SCALAR);
		if (!err)
			err = take_kind(e, k, into);
	}
	return err;
}

int repeat_rules_parse(const struct yaml_errors *e, const struct yaml_node *node, struct repeat_rules *ret)
{
	static const struct yaml_key keys[] = {
		{ .name = "interval_s", .take = take_interval },
		{ .name = "kinds", .take = take_kinds, .required = true },
	};
	struct repeat_rules r = { .interval_us = INTERVAL_S * SECOND_US };
	int err = node ? yaml_take(e, node, "repeats", keys, ARRAY_SIZE(keys), &r) : 0;
	if (!err)
		*ret = r;
	return err;
}
