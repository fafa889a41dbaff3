#include "witness/seen.h"

#include "lib/text.h"

#define FIRST_LINE "swornlog-witness/v1"
#define END        "end "

int seen_init(struct seen *s, struct span note, uint64_t time_s)
{
	struct seen made = { .time_s = time_s };
	struct note n;
	buf_put(&made.note, note.data, note.len);
	int r = buf_err(&made.note);
	if (r == 0)
		r = note_parse((struct span){ made.note.data, made.note.len }, &n);
	if (r == 0)
		r = checkpoint_parse(n.text, &made.checkpoint);
	if (r < 0) {
		seen_done(&made);
		return r;
	}
	*s = made;
	return 0;
}

void seen_done(struct seen *s)
{
	buf_done(&s->note);
}

static size_t find(const struct seen_list *l, struct span origin)
{
	size_t i = 0;
	while (i < l->count && !span_equal(l->row[i].checkpoint.origin, origin))
		i++;
	return i;
}

const struct seen *seen_find(const struct seen_list *l, struct span origin)
{
	size_t i = find(l, origin);
	return i < l->count ? &l->row[i] : NULL;
}

void seen_take(struct seen_list *l, struct seen *s)
{
	size_t i = find(l, s->checkpoint.origin);
	if (i < l->count)
		seen_done(&l->row[i]);
	else
		l->count++;
	l->row[i] = *s;
	*s = (struct seen){ 0 };
}

uint64_t seen_newest_s(const struct seen_list *l)
{
	uint64_t newest = 0;
	for (size_t i = 0; i < l->count; i++)
		newest = MAX(newest, l->row[i].time_s);
	return newest;
}

void seen_list_done(struct seen_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		seen_done(&l->row[i]);
	l->count = 0;
}

static void put_row(struct buf *b, const struct seen *s)
{
	buf_printf(b, "log %llu %zu\n", (unsigned long long)s->time_s, s->note.len);
	buf_put(b, s->note.data, s->note.len);
}

static void put_end(struct buf *b, size_t from)
{
	struct hash h;
	if (b->err)
		return;
	sha256(b->data + from, b->len - from, &h);
	buf_put_str(b, END);
	text_put_hex(b, h.b, sizeof(h.b));
	buf_put_u8(b, '\n');
}

int seen_put(struct buf *b, const struct key *witness, const struct seen_list *l, const struct seen *newer)
{
	size_t from = b->len, at = newer ? find(l, newer->checkpoint.origin) : SEEN_MAX;
	if (newer && at == SEEN_MAX)
		return -ENOSPC;
	buf_put_str(b, FIRST_LINE "\n");
	key_put(b, witness);
	buf_put_u8(b, '\n');
	for (size_t i = 0; i < l->count; i++)
		put_row(b, i == at ? newer : &l->row[i]);
	if (newer && at == l->count)
		put_row(b, newer);
	put_end(b, from);
	return buf_err(b);
}

/* The text's last line says what the bytes before it hash to. */
static int check_end(struct span text, struct cursor *ret)
{
	static const size_t n = strlen(END) + 64 + 1;
	struct hash said, is;
	if (text.len < n || text.data[text.len - 1] != '\n')
		return -EBADMSG;
	struct span before = { text.data, text.len - n };
	struct span end = { text.data + before.len, n - 1 };
	if (!span_starts(end, END) ||
	    text_hex_exact((struct span){ end.data + strlen(END), 64 }, said.b, sizeof(said.b)) < 0)
		return -EBADMSG;
	sha256(before.data, before.len, &is);
	if (!hash_equal(&said, &is))
		return -EBADMSG;
	cursor_init(ret, before.data, before.len);
	return 0;
}

static int check_witness(struct cursor *c, const struct key *witness)
{
	struct key k;
	if (!span_is(cursor_line(c), FIRST_LINE))
		return -EBADMSG;
	struct span line = cursor_line(c);
	if (c->err || key_parse(line, &k) < 0)
		return -EBADMSG;
	return key_equal(&k, witness) ? 0 : -EKEYREJECTED;
}

static int parse_row(struct cursor *c, struct seen_list *l)
{
	struct span rest;
	struct span word = text_split(cursor_line(c), ' ', &rest);
	struct span time = text_split(rest, ' ', &rest);
	uint64_t time_s, length;
	struct seen s;
	if (c->err || !span_is(word, "log") || text_decimal(time, &time_s) < 0 ||
	    text_decimal(rest, &length) < 0 || length > NOTE_MAX_BYTES || l->count == SEEN_MAX)
		return -EBADMSG;
	struct span note = cursor_bytes(c, (size_t)length);
	int r = c->err ? -EBADMSG : seen_init(&s, note, time_s);
	if (r < 0)
		return r;
	if (seen_find(l, s.checkpoint.origin)) {
		seen_done(&s);
		return -EBADMSG;
	}
	seen_take(l, &s);
	return 0;
}

int seen_parse(struct span text, const struct key *witness, struct seen_list *ret)
{
	struct cursor c;
	struct seen_list l = { 0 };
	int r = check_end(text, &c);
	if (r == 0)
		r = check_witness(&c, witness);
	while (r == 0 && cursor_left(&c) > 0)
		r = parse_row(&c, &l);
	if (r < 0) {
		seen_list_done(&l);
		return r;
	}
	*ret = l;
	return 0;
}
