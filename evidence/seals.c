#include "evidence/seals.h"

#include "evidence/entry.h"
#include "evidence/line.h"
#include "evidence/note.h"
#include "evidence/part.h"
#include "lib/text.h"

void seals_put_head(struct buf *b, const char *origin)
{
	buf_printf(b, "swornlog-seals/v1\norigin %s\n", origin);
}

static void put_opened(struct buf *b, const char *word, struct span leaf)
{
	buf_printf(b, "%s ", word);
	text_put_base64(b, leaf.data, leaf.len);
	buf_put_u8(b, '\n');
}

void seals_put(struct buf *b, const struct sealed_batch *s)
{
	buf_printf(b, "batch %llu %llu\n", (unsigned long long)s->first, (unsigned long long)s->count);
	if (s->first == 0)
		put_opened(b, "epoch", s->epoch);
	put_opened(b, "seal", s->seal);
	part_put(b, "note", s->note);
}

/* `scratch` has room for all that is decoded, so that it stays where it is. */
static struct span get_leaf(struct cursor *c, const char *word, struct buf *scratch)
{
	struct span text = line_get(c, word);
	size_t at = scratch->len;
	if (!c->err && (text_base64(text, scratch) < 0 || scratch->len - at > ENTRY_MAX_BYTES))
		cursor_fail(c);
	if (c->err)
		return (struct span){ 0 };
	return (struct span){ scratch->data + at, scratch->len - at };
}

ssize_t seals_next(struct span in, struct buf *scratch, struct sealed_batch *ret)
{
	struct cursor c;
	struct span count;
	struct sealed_batch s = { 0 };
	size_t most = MIN(in.len, (size_t)SEALS_BLOCK_MAX);
	buf_reset(scratch);
	if (!buf_grow(scratch, most))
		return buf_err(scratch);
	cursor_init(&c, in.data, most);
	struct span first = text_split(line_get(&c, "batch"), ' ', &count);
	line_number(&c, first, &s.first);
	line_number(&c, count, &s.count);
	if (!c.err && s.first == 0)
		s.epoch = get_leaf(&c, "epoch", scratch);
	s.seal = get_leaf(&c, "seal", scratch);
	s.note = part_get(&c, "note", NOTE_MAX_BYTES);
	if (c.err)
		return -EBADMSG;
	*ret = s;
	return (ssize_t)(most - cursor_left(&c));
}
