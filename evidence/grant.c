#include "evidence/grant.h"

#include "evidence/part.h"

#define FIRST_LINE "swornlog-grant/v1"

static const struct {
	const char *word;
	size_t offset;
} PARTS[] = {
	{ "enrol", offsetof(struct grant, enrol) },   { "certificate", offsetof(struct grant, certificate) },
	{ "ca", offsetof(struct grant, ca) },         { "genesis", offsetof(struct grant, genesis) },
	{ "policy", offsetof(struct grant, policy) },
};

void grant_put(struct buf *b, const struct grant *g)
{
	buf_put_str(b, FIRST_LINE "\n");
	for (size_t i = 0; i < ARRAY_SIZE(PARTS); i++)
		part_put(b, PARTS[i].word,
		         *(const struct span *)(const void *)((const uint8_t *)g + PARTS[i].offset));
}

int grant_parse(struct span bytes, struct grant *ret)
{
	struct cursor c;
	struct grant g = { 0 };
	cursor_init(&c, bytes.data, bytes.len);
	if (!span_is(cursor_line(&c), FIRST_LINE))
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(PARTS); i++)
		*(struct span *)(void *)((uint8_t *)&g + PARTS[i].offset) =
		        part_get(&c, PARTS[i].word, GRANT_PART_MAX);
	int r = cursor_finish(&c);
	if (r == 0)
		*ret = g;
	return r;
}
