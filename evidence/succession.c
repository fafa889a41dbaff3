#include "evidence/succession.h"

#include "evidence/part.h"

#define WORD "log-key"

void succession_init(struct succession *s, const struct key *log)
{
	*s = (struct succession){ .log = *log };
}

struct span succession_get(struct cursor *c)
{
	const uint8_t *from = c->at;
	for (size_t n = 0; line_next_is(c, WORD); n++) {
		if (n == SUCCESSION_MAX)
			cursor_fail(c);
		(void)part_get(c, WORD, STATEMENT_MAX_BYTES);
	}
	return c->err ? (struct span){ 0 } : (struct span){ from, (size_t)(c->at - from) };
}

void succession_put(struct buf *b, struct span statement)
{
	part_put(b, WORD, statement);
}

static int follow_one(const struct genesis *g, struct span note, struct hash *next, struct succession *l)
{
	struct statement s;
	struct hash hash;
	int r = statement_parse(note, g, &s);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || s.kind != STATEMENT_LOG_KEY)
		return -EBADMSG;
	log_key_hash(&s.log.pub, &hash);
	if (!hash_equal(&hash, next))
		return -EBADMSG;
	l->former = l->log;
	l->has_former = true;
	l->log = s.log;
	l->count++;
	*next = s.next;
	return 0;
}

int succession_follow(const struct genesis *g, struct span parts, struct succession *ret)
{
	struct cursor c;
	struct succession l;
	struct hash next = g->next_log;
	succession_init(&l, &g->log);
	cursor_init(&c, parts.data, parts.len);
	while (cursor_left(&c) > 0) {
		struct span note = part_get(&c, WORD, STATEMENT_MAX_BYTES);
		int r = c.err || !g->has_next_log ? -EBADMSG : follow_one(g, note, &next, &l);
		if (r < 0)
			return r;
	}
	*ret = l;
	return 0;
}
