#include "evidence/proof.h"

#include "evidence/line.h"
#include "evidence/part.h"
#include "lib/text.h"

#define HASH_BYTES sizeof(struct hash)

bool proof_is(struct span bytes)
{
	return span_starts(bytes, PROOF_FIRST_LINE "\n");
}

/* --- reading */

struct reader {
	struct cursor c;
	struct buf *scratch; /* never grows: what is decoded is shorter than what it was decoded from */
};

static struct span get_base64(struct reader *r, struct span s, size_t max)
{
	size_t at = r->scratch->len;
	if (!r->c.err && (text_base64(s, r->scratch) < 0 || r->scratch->len - at > max))
		cursor_fail(&r->c);
	if (r->c.err)
		return (struct span){ 0 };
	return (struct span){ r->scratch->data + at, r->scratch->len - at };
}

/* Hash lines up to an empty one. */
static struct span get_path(struct reader *r, size_t max)
{
	size_t at = r->scratch->len;
	for (size_t n = 0;; n++) {
		struct hash h = { 0 };
		struct span line = cursor_line(&r->c);
		if (r->c.err || line.len == 0)
			break;
		line_hash(&r->c, line, &h);
		if (n == max)
			cursor_fail(&r->c);
		buf_put(r->scratch, h.b, sizeof(h.b));
	}
	if (r->c.err)
		return (struct span){ 0 };
	return (struct span){ r->scratch->data + at, r->scratch->len - at };
}

static void get_leaf(struct reader *r, const char *word, struct proof_leaf *ret)
{
	struct span rest;
	struct span index = text_split(line_get(&r->c, word), ' ', &rest);
	line_number(&r->c, index, &ret->index);
	ret->entry = get_base64(r, rest, ENTRY_MAX_BYTES);
	ret->path = get_path(r, MERKLE_MAX_PATH);
}

static void get_entries(struct reader *r, struct proof *p)
{
	get_leaf(r, "entry", &p->entry);
	get_leaf(r, "seal", &p->seal);
	p->has_process = line_next_is(&r->c, "process");
	if (p->has_process)
		get_leaf(r, "process", &p->process);
}

static void get_links(struct reader *r, struct proof *p)
{
	for (p->link_count = 0; line_next_is(&r->c, "link"); p->link_count++) {
		if (p->link_count == PROOF_MAX_LINKS) {
			cursor_fail(&r->c);
			return;
		}
		struct proof_link *l = &p->link[p->link_count];
		l->note = part_get(&r->c, "link", NOTE_MAX_BYTES);
		get_leaf(r, "seal", &l->seal);
	}
}

static void get_commit(struct reader *r, struct proof *p)
{
	struct span rest;
	struct span size = text_split(line_get(&r->c, "head"), ' ', &rest);
	line_number(&r->c, size, &p->head_size);
	line_hash(&r->c, rest, &p->head_root);
	p->head_path = get_path(r, MERKLE_MAX_PROOF);
	struct span position = text_split(line_get(&r->c, "commit"), ' ', &rest);
	line_number(&r->c, position, &p->position);
	line_number(&r->c, rest, &p->heads);
	p->commit_path = get_path(r, MERKLE_MAX_PATH);
	get_leaf(r, "fleet", &p->commit);
}

static void get_statements(struct reader *r, struct proof *p)
{
	for (p->statement_count = 0; line_next_is(&r->c, "statement"); p->statement_count++) {
		if (p->statement_count == PROOF_MAX_STATEMENTS) {
			cursor_fail(&r->c);
			return;
		}
		get_leaf(r, "statement", &p->statement[p->statement_count]);
	}
	if (p->statement_count == 0)
		cursor_fail(&r->c);
}

static void get_head(struct reader *r, struct proof *p)
{
	struct span genesis = line_get(&r->c, "genesis");
	if (!r->c.err && text_hex_exact(genesis, p->genesis.b, sizeof(p->genesis.b)) < 0)
		cursor_fail(&r->c);
	p->origin = line_get(&r->c, "origin");
	if (cursor_line(&r->c).len > 0)
		cursor_fail(&r->c);
}

int proof_parse(struct span bytes, struct buf *scratch, struct proof *p)
{
	struct reader r = { .scratch = scratch };
	if (bytes.len > PROOF_MAX_BYTES || !proof_is(bytes))
		return -EBADMSG;
	buf_reset(scratch);
	if (!buf_grow(scratch, bytes.len))
		return buf_err(scratch);
	cursor_init(&r.c, bytes.data, bytes.len);
	(void)cursor_line(&r.c);
	get_head(&r, p);
	get_entries(&r, p);
	get_links(&r, p);
	p->checkpoint = part_get(&r.c, "checkpoint", NOTE_MAX_BYTES);
	get_commit(&r, p);
	get_statements(&r, p);
	p->note = cursor_bytes(&r.c, cursor_left(&r.c));
	return r.c.err || p->note.len > NOTE_MAX_BYTES ? -EBADMSG : 0;
}

/* --- writing */

static void put_path(struct buf *b, struct span path)
{
	for (size_t at = 0; at < path.len; at += HASH_BYTES) {
		text_put_base64(b, path.data + at, HASH_BYTES);
		buf_put_u8(b, '\n');
	}
	buf_put_u8(b, '\n');
}

static void put_leaf(struct buf *b, const char *word, const struct proof_leaf *l)
{
	buf_printf(b, "%s %llu ", word, (unsigned long long)l->index);
	text_put_base64(b, l->entry.data, l->entry.len);
	buf_put_u8(b, '\n');
	put_path(b, l->path);
}

static void put_commit(struct buf *b, const struct proof *p)
{
	buf_printf(b, "head %llu ", (unsigned long long)p->head_size);
	text_put_base64(b, p->head_root.b, sizeof(p->head_root.b));
	buf_put_u8(b, '\n');
	put_path(b, p->head_path);
	buf_printf(b, "commit %llu %llu\n", (unsigned long long)p->position, (unsigned long long)p->heads);
	put_path(b, p->commit_path);
	put_leaf(b, "fleet", &p->commit);
}

void proof_put(struct buf *b, const struct proof *p)
{
	size_t start = b->len;
	buf_put_str(b, PROOF_FIRST_LINE "\ngenesis ");
	text_put_hex(b, p->genesis.b, sizeof(p->genesis.b));
	buf_put_str(b, "\norigin ");
	buf_put(b, p->origin.data, p->origin.len);
	buf_put_str(b, "\n\n");
	put_leaf(b, "entry", &p->entry);
	put_leaf(b, "seal", &p->seal);
	if (p->has_process)
		put_leaf(b, "process", &p->process);
	for (size_t i = 0; i < p->link_count; i++) {
		part_put(b, "link", p->link[i].note);
		put_leaf(b, "seal", &p->link[i].seal);
	}
	part_put(b, "checkpoint", p->checkpoint);
	put_commit(b, p);
	for (size_t i = 0; i < p->statement_count; i++)
		put_leaf(b, "statement", &p->statement[i]);
	buf_put(b, p->note.data, p->note.len);
	if (!b->err && b->len - start > PROOF_MAX_BYTES)
		b->err = -EMSGSIZE;
}
