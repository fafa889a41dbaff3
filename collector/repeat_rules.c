#include "collector/repeat_rules.h"

#include "evidence/entry.h"

#define SECOND_US      UINT64_C(1000000)
#define INTERVAL_S     60
#define INTERVAL_S_MAX 3600

static int take_interval(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct repeat_rules *r = into;
	uint64_t seconds;
	int err = yaml_uint(e, n, "interval_s", 1, INTERVAL_S_MAX, &seconds);
	if (!err)
		r->interval_us = seconds * SECOND_US;
	return err;
}

/* File events; but reads, which are counted anyhow, and what io_uring is asked, which names no object. */
static bool countable(uint64_t kind)
{
	return kind >= KIND_OPEN && kind <= KIND_CLOSE && kind != KIND_READ && kind != KIND_MMAP &&
	       kind != KIND_IO_URING;
}

static int take_kinds(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct repeat_rules *r = into;
	return kinds_take_list(e, n, countable, "or not countable kind", r->kinds);
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
