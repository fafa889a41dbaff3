#include "evidence/generation.h"

#include <stdio.h>

#include "lib/text.h"

int generation_parse(struct span origin, const struct key *log, uint64_t *ret)
{
	size_t n = strlen(log->name);
	uint64_t generation = 1;
	if (!span_starts(origin, log->name))
		return -EBADMSG;
	if (origin.len > n) {
		struct span number = { origin.data + n + 1, origin.len - n - 1 };
		if (origin.data[n] != '/' || text_decimal(number, &generation) < 0 || generation < 2 ||
		    generation > GENERATION_MAX)
			return -EBADMSG;
	}
	*ret = generation;
	return 0;
}

int generation_key(const struct key *log, uint64_t generation, struct key *ret)
{
	char name[KEY_NAME_MAX + 1];
	if (generation == 1) {
		*ret = *log;
		return 0;
	}
	int n = snprintf(name, sizeof(name), "%s/%llu", log->name, (unsigned long long)generation);
	if (generation < 1 || generation > GENERATION_MAX || n < 0 || (size_t)n >= sizeof(name))
		return -EINVAL;
	return key_make(name, log->type, &log->pub, ret);
}

void restored_put(struct buf *b, const struct key *log, const struct restored *r)
{
	buf_put_str(b, log->name);
	if (r->former > 1)
		buf_printf(b, "/%llu", (unsigned long long)r->former);
	buf_printf(b, " %llu ", (unsigned long long)r->size);
	text_put_base64(b, r->root.b, sizeof(r->root.b));
	buf_printf(b, " %llu", (unsigned long long)r->generation);
}

int restored_parse(struct span detail, const struct key *log, struct restored *ret)
{
	struct restored r;
	struct span rest;
	struct span origin = text_split(detail, ' ', &rest);
	struct span size = text_split(rest, ' ', &rest);
	struct span root = text_split(rest, ' ', &rest);
	if (generation_parse(origin, log, &r.former) < 0 || text_decimal(size, &r.size) < 0 ||
	    text_base64_exact(root, r.root.b, sizeof(r.root.b)) < 0 ||
	    text_decimal(rest, &r.generation) < 0 || r.generation <= r.former ||
	    r.generation > GENERATION_MAX)
		return -EBADMSG;
	*ret = r;
	return 0;
}
