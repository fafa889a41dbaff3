#include "audit/redact.h"

#include "evidence/audit_type.h"
#include "lib/text.h"

/* The kernel keeps so much of a title, and of a name. */
#define PROCTITLE_BYTES 128
#define COMM_BYTES      15

/* A run of the block that is searched, and where in the event it was written. */
struct piece {
	size_t line;
	size_t at, len; /* in the block */
	size_t raw;     /* in the line's text */
	bool hex;
};

/* What to do to a line. */
struct edit {
	size_t line;
	size_t start, end; /* in its text */
	bool hex;
	bool marked; /* the beginning of a secret: a mark goes here */
	struct redact_hit hit;
};

struct audit_redaction {
	struct buf pieces; /* struct piece[] */
	struct buf edits;  /* struct edit[] */
	struct buf block;
	struct buf text; /* of the lines that were changed */
	struct audit_line lines[AUDIT_EVENT_MAX_RECORDS];
	size_t text_at[AUDIT_EVENT_MAX_RECORDS + 1];
};

/* What the last one held is not kept. */
static void begin_block(struct audit_redaction *x)
{
	if (x->block.len)
		explicit_bzero(x->block.data, x->block.len);
	buf_reset(&x->block);
	buf_reset(&x->pieces);
}

int audit_redaction_new(struct audit_redaction **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void audit_redaction_free(struct audit_redaction *x)
{
	if (!x)
		return;
	begin_block(x);
	buf_done(&x->pieces);
	buf_done(&x->edits);
	buf_done(&x->block);
	buf_done(&x->text);
	free(x);
}

static void add_piece(struct audit_redaction *x, const struct piece *p)
{
	buf_put(&x->pieces, p, sizeof(*p));
}

static size_t raw_bytes(const struct piece *p, size_t n)
{
	return p->hex ? 2 * n : n;
}

/* A secret that reaches over several values is marked in the first. */
static void add_edits(struct audit_redaction *x, const struct redact_hit *hit, bool marked)
{
	for (size_t i = 0; i < x->pieces.len / sizeof(struct piece); i++) {
		struct piece p;
		memcpy(&p, x->pieces.data + i * sizeof(p), sizeof(p));
		size_t start = MAX(hit->start, p.at), end = MIN(hit->end, p.at + p.len);
		if (start >= end)
			continue;
		struct edit edit = { .line = p.line,
			             .start = p.raw + raw_bytes(&p, start - p.at),
			             .end = p.raw + raw_bytes(&p, end - p.at),
			             .hex = p.hex,
			             .marked = marked,
			             .hit = *hit };
		buf_put(&x->edits, &edit, sizeof(edit));
		marked = false;
	}
}

static void search(struct audit_redaction *x, struct redact *rules, enum redact_form form, struct span block,
                   size_t cut)
{
	struct redact_hits hits;
	redact_find(rules, form, block, cut, &hits);
	for (size_t i = 0; i < hits.count; i++)
		add_edits(x, &hits.item[i], true);
}

/* Append what the value stands for. */
static void add_value(struct audit_redaction *x, size_t line, struct span text, const struct audit_item *item)
{
	struct piece p = { .line = line,
		           .at = x->block.len,
		           .len = audit_value_bytes(item),
		           .raw = (size_t)(item->value.data - text.data),
		           .hex = item->form == AUDIT_FORM_HEX };
	uint8_t *to = buf_extend(&x->block, p.len);
	if (!to)
		return;
	audit_value_decode(item, p.len, to);
	add_piece(x, &p);
}

static struct span body_of(struct span text)
{
	struct audit_stamp stamp;
	struct span body;
	return audit_record_stamp(text, &stamp, &body) < 0 ? text : body;
}

/* The number of the argument in "a7", "a7[0]"; not in "a7_len". */
static bool argument_number(struct span key, unsigned *ret)
{
	size_t i = 1;
	unsigned number = 0;
	if (key.len < 2 || key.len > 24 || key.data[0] != 'a')
		return false;
	for (; i < key.len && key.data[i] >= '0' && key.data[i] <= '9'; i++)
		number = number * 10 + key.data[i] - '0';
	*ret = number;
	return i > 1 && (i == key.len || key.data[i] == '[');
}

/* Arguments, and parts of them, come in order, over as many records as it takes. */
static void search_arguments(struct audit_redaction *x, struct redact *rules,
                             const struct audit_assembled *event)
{
	unsigned number, previous = 0;
	begin_block(x);
	for (size_t i = 0; i < event->count; i++) {
		struct audit_iterator it;
		struct audit_item item;
		if (event->lines[i].type != AUDIT_TYPE_EXECVE)
			continue;
		audit_iterator_init(&it, body_of(event->lines[i].text));
		while (audit_iterator_next(&it, &item)) {
			if (!argument_number(item.key, &number))
				continue;
			if (x->block.len && number != previous)
				buf_put_u8(&x->block, 0);
			previous = number;
			add_value(x, i, event->lines[i].text, &item);
		}
	}
	search(x, rules, REDACT_ARGV, (struct span){ x->block.data, x->block.len },
	       event->incomplete ? REDACT_CUT_LAST : REDACT_WHOLE);
}

/* From so many bytes on the kernel may have cut it. */
static void search_title(struct audit_redaction *x, struct redact *rules, size_t line, struct span text)
{
	struct audit_iterator it;
	struct audit_item item;
	audit_iterator_init(&it, body_of(text));
	while (audit_iterator_next(&it, &item)) {
		if (!span_is(item.key, "proctitle"))
			continue;
		begin_block(x);
		add_value(x, line, text, &item);
		search(x, rules, REDACT_ARGV, (struct span){ x->block.data, x->block.len },
		       x->block.len >= PROCTITLE_BYTES ? REDACT_CUT_LAST : REDACT_WHOLE);
	}
}

/* A name has no room for a mark. */
static void search_name(struct audit_redaction *x, struct redact *rules, size_t line, struct span text)
{
	struct redact_hits hits;
	struct audit_iterator it;
	struct audit_item item;
	audit_iterator_init(&it, body_of(text));
	while (audit_iterator_next(&it, &item)) {
		if (!span_is(item.key, "comm"))
			continue;
		begin_block(x);
		add_value(x, line, text, &item);
		struct span name = { x->block.data, x->block.len };
		redact_find(rules, REDACT_TEXT, name, name.len >= COMM_BYTES ? REDACT_CUT_LAST : REDACT_WHOLE,
		            &hits);
		if (hits.count)
			add_edits(x, &(struct redact_hit){ 0, name.len, hits.item[0].rule }, false);
	}
}

/* What is written plainly is searched as it stands; what is hex, as what it stands for. */
static void search_text(struct audit_redaction *x, struct redact *rules, size_t line, struct span text)
{
	struct audit_iterator it;
	struct audit_item item;
	struct span body = body_of(text);
	begin_block(x);
	add_piece(x,
	          &(struct piece){ .line = line, .len = body.len, .raw = (size_t)(body.data - text.data) });
	search(x, rules, REDACT_TEXT, body, REDACT_WHOLE);
	audit_iterator_init(&it, body);
	while (audit_iterator_next(&it, &item)) {
		if (item.form != AUDIT_FORM_HEX)
			continue;
		begin_block(x);
		add_value(x, line, text, &item);
		search(x, rules, REDACT_TEXT, (struct span){ x->block.data, x->block.len }, REDACT_WHOLE);
	}
}

static void search_event(struct audit_redaction *x, struct redact *rules, const struct audit_assembled *event)
{
	bool arguments = false;
	for (size_t i = 0; i < event->count; i++) {
		struct span text = event->lines[i].text;
		switch (event->lines[i].type) {
		case AUDIT_TYPE_EXECVE:
			arguments = true;
			break;
		case AUDIT_TYPE_PROCTITLE:
			search_title(x, rules, i, text);
			break;
		case AUDIT_TYPE_SYSCALL:
			search_name(x, rules, i, text);
			break;
		case AUDIT_TYPE_PATH:
		case AUDIT_TYPE_SOCKADDR:
		case AUDIT_TYPE_CWD:
			break;
		default:
			search_text(x, rules, i, text);
		}
	}
	if (arguments)
		search_arguments(x, rules, event);
}

static int by_place(const void *a, const void *b)
{
	const struct edit *l = a, *r = b;
	if (l->line != r->line)
		return l->line < r->line ? -1 : 1;
	return l->start < r->start ? -1 : l->start > r->start;
}

/* Edits that overlap become one; its mark counts the bytes as they were written. Returns how many were taken.
 */
static size_t join(const struct edit *edits, size_t count, struct edit *ret)
{
	size_t n = 1;
	*ret = edits[0];
	for (; n < count && edits[n].line == ret->line && edits[n].start < ret->end; n++) {
		ret->end = MAX(ret->end, edits[n].end);
		ret->hex = ret->hex && edits[n].hex;
		ret->marked = ret->marked || edits[n].marked;
		ret->hit.rule = MAX(ret->hit.rule, edits[n].hit.rule);
		ret->hit.start = ret->start;
		ret->hit.end = ret->start + (ret->end - ret->start) / (ret->hex ? 2 : 1);
	}
	return n;
}

static void put_mark(struct buf *b, const struct edit *e)
{
	cleanup_buf struct buf mark = { 0 };
	static const char digits[] = "0123456789ABCDEF";
	redact_put_mark(&mark, &e->hit);
	for (size_t i = 0; e->hex && i < mark.len; i++) {
		buf_put_u8(b, (uint8_t)digits[mark.data[i] >> 4]);
		buf_put_u8(b, (uint8_t)digits[mark.data[i] & 15]);
	}
	if (!e->hex)
		buf_put(b, mark.data, mark.len);
	if (buf_err(&mark))
		b->err = buf_err(&mark);
}

/* Appends the line as it is after the edits, and returns how many of them were its. */
static size_t put_line(struct buf *b, struct span text, size_t line, const struct edit *edits, size_t count)
{
	size_t at = 0, taken = 0;
	while (taken < count && edits[taken].line == line) {
		struct edit e;
		taken += join(edits + taken, count - taken, &e);
		buf_put(b, text.data + at, e.start - at);
		if (e.marked)
			put_mark(b, &e);
		at = e.end;
	}
	buf_put(b, text.data + at, text.len - at);
	return taken;
}

static int apply_edits(struct audit_redaction *x, const struct audit_assembled *event)
{
	size_t count = x->edits.len / sizeof(struct edit), at = 0;
	cleanup_free struct edit *edits = malloc(x->edits.len);
	if (!edits)
		return -ENOMEM;
	memcpy(edits, x->edits.data, x->edits.len);
	qsort(edits, count, sizeof(*edits), by_place);
	buf_reset(&x->text);
	for (size_t i = 0; i < event->count; i++) {
		x->text_at[i] = x->text.len;
		at += put_line(&x->text, event->lines[i].text, i, edits + at, count - at);
	}
	x->text_at[event->count] = x->text.len;
	int err = buf_err(&x->text);
	for (size_t i = 0; !err && i < event->count; i++)
		x->lines[i] = (struct audit_line){ event->lines[i].type,
			                           { x->text.data + x->text_at[i],
			                             x->text_at[i + 1] - x->text_at[i] } };
	return err;
}

int audit_redact(struct audit_redaction *x, struct redact *rules, const struct audit_assembled *event,
                 struct audit_assembled *ret)
{
	*ret = *event;
	if (!rules)
		return 0;
	buf_reset(&x->edits);
	search_event(x, rules, event);
	int err = buf_err(&x->edits) ? -ENOMEM : buf_err(&x->pieces) ? -ENOMEM : buf_err(&x->block);
	begin_block(x);
	if (err || x->edits.len == 0)
		return err;
	err = apply_edits(x, event);
	if (err)
		return err;
	ret->lines = x->lines;
	ret->redacted = true;
	return 0;
}

void audit_redaction_rules(const struct audit_redaction *x, struct redact_hits *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < x->edits.len / sizeof(struct edit) && ret->count < REDACT_HITS_MAX; i++) {
		struct edit e;
		memcpy(&e, x->edits.data + i * sizeof(e), sizeof(e));
		if (e.marked)
			ret->item[ret->count++] = e.hit;
	}
}
