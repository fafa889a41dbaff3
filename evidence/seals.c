#include "evidence/seals.h"

#include "evidence/entry.h"
#include "evidence/note.h"
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
	buf_printf(b, "note %zu\n", s->note.len);
	buf_put(b, s->note.data, s->note.len);
}

static struct span after_word(struct cursor *c, const char *word)
{
	struct span rest;
	struct span line = cursor_line(c);
	if (c->err || !span_is(text_split(line, ' ', &rest), word) || rest.len == 0) {
		cursor_fail(c);
		return (struct span){ 0 };
	}
	return rest;
}

static void get_number(struct cursor *c, struct span s, uint64_t *ret)
{
	if (!c->err && text_decimal(s, ret) < 0)
		cursor_fail(c);
}

/* `scratch` has room for all that is decoded, so that it stays where it is. */
static struct span get_leaf(struct cursor *c, const char *word, struct buf *scratch)
{
	struct span text = after_word(c, word);
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
	uint64_t note = 0;
	size_t most = MIN(in.len, (size_t)SEALS_BLOCK_MAX);
	buf_reset(scratch);
	if (!buf_grow(scratch, most))
		return buf_err(scratch);
	cursor_init(&c, in.data, most);
	struct span first = text_split(after_word(&c, "batch"), ' ', &count);
	get_number(&c, first, &s.first);
	get_number(&c, count, &s.count);
	if (!c.err && s.first == 0)
		s.epoch = get_leaf(&c, "epoch", scratch);
	s.seal = get_leaf(&c, "seal", scratch);
	get_number(&c, after_word(&c, "note"), &note);
	if (note > NOTE_MAX_BYTES)
		cursor_fail(&c);
	s.note = cursor_bytes(&c, (size_t)note);
	if (c.err)
		return -EBADMSG;
	*ret = s;
	return (ssize_t)(most - cursor_left(&c));
}
