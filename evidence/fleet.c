#include "evidence/fleet.h"

#include <stdio.h>

#include "evidence/line.h"
#include "evidence/part.h"
#include "lib/cbor.h"
#include "lib/text.h"

void fleet_put_entry(struct buf *b, const struct fleet_entry *e)
{
	switch (e->kind) {
	case FLEET_COMMIT:
		cbor_put_array(b, 4);
		cbor_put_uint(b, e->kind);
		cbor_put_uint(b, e->time_us);
		cbor_put_bytes(b, e->root.b, sizeof(e->root.b));
		cbor_put_uint(b, e->heads);
		break;
	case FLEET_STATEMENT:
	case FLEET_ANNOUNCE:
		cbor_put_array(b, 3);
		cbor_put_uint(b, e->kind);
		cbor_put_uint(b, e->time_us);
		cbor_put_bytes(b, e->note.data, e->note.len);
		break;
	case FLEET_SINK:
		cbor_put_array(b, 4);
		cbor_put_uint(b, e->kind);
		cbor_put_uint(b, e->time_us);
		cbor_put_uint(b, e->what);
		cbor_put_bytes(b, e->detail.data, e->detail.len);
		break;
	default:
		b->err = b->err ? b->err : -EINVAL;
		break;
	}
}

static void parse_commit(struct cursor *c, size_t items, struct fleet_entry *e)
{
	struct span root = cbor_bytes(c);
	e->heads = cbor_uint(c);
	if (c->err || items != 4 || root.len != sizeof(e->root.b) || e->heads == 0 ||
	    e->heads > COMMIT_MAX_HEADS) {
		cursor_fail(c);
		return;
	}
	memcpy(e->root.b, root.data, root.len);
}

static void parse_kind(struct cursor *c, size_t items, struct fleet_entry *e)
{
	switch (e->kind) {
	case FLEET_COMMIT:
		parse_commit(c, items, e);
		break;
	case FLEET_STATEMENT:
	case FLEET_ANNOUNCE:
		e->note = cbor_bytes(c);
		if (items != 3)
			cursor_fail(c);
		break;
	case FLEET_SINK:
		e->what = cbor_uint(c);
		e->detail = cbor_bytes(c);
		if (items != 4)
			cursor_fail(c);
		break;
	default:
		for (size_t i = 2; i < items; i++)
			cbor_skip(c);
		break;
	}
}

int fleet_parse_entry(struct span bytes, struct fleet_entry *ret)
{
	if (bytes.len > FLEET_ENTRY_MAX)
		return -EBADMSG;
	struct cursor c;
	cursor_init(&c, bytes.data, bytes.len);
	size_t items = cbor_array(&c);
	struct fleet_entry e = { .kind = cbor_uint(&c) };
	e.time_us = cbor_uint(&c);
	if (c.err || items < 2)
		return -EBADMSG;
	parse_kind(&c, items, &e);
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	*ret = e;
	return 0;
}

void commit_leaf(struct span origin, uint64_t size, const struct hash *root, struct hash *ret)
{
	static const uint8_t leaf_prefix = 0x00;
	char size_line[24], root_line[48];
	/* 44 characters, the NUL that is given back, the newline: this buffer never grows. */
	struct buf tail = { .data = (uint8_t *)root_line, .cap = sizeof(root_line) };
	text_put_base64(&tail, root->b, sizeof(root->b));
	buf_put_u8(&tail, '\n');
	int n = snprintf(size_line, sizeof(size_line), "\n%llu\n", (unsigned long long)size);
	struct span parts[] = { { &leaf_prefix, 1 },
		                origin,
		                { (const uint8_t *)size_line, (size_t)n },
		                { tail.data, tail.len } };
	sha256_parts(parts, ARRAY_SIZE(parts), ret);
}

#define RECEIPT_FIRST_LINE "swornlog-receipt/v1"

static void put_path(struct buf *b, const struct hash *path, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		text_put_base64(b, path[i].b, sizeof(path[i].b));
		buf_put_u8(b, '\n');
	}
	buf_put_u8(b, '\n');
}

void receipt_put(struct buf *b, const struct receipt *r)
{
	buf_put_str(b, RECEIPT_FIRST_LINE "\norigin ");
	buf_put(b, r->origin.data, r->origin.len);
	buf_printf(b, "\nhead %llu ", (unsigned long long)r->size);
	text_put_base64(b, r->root.b, sizeof(r->root.b));
	buf_printf(b, "\ncommit %llu %llu\n", (unsigned long long)r->position, (unsigned long long)r->heads);
	put_path(b, r->commit_path, r->commit_path_len);
	buf_put_str(b, "entry ");
	text_put_base64(b, r->entry.data, r->entry.len);
	buf_printf(b, "\nindex %llu\n", (unsigned long long)r->index);
	put_path(b, r->fleet_path, r->fleet_path_len);
	buf_printf(b, "old %llu\n", (unsigned long long)r->old_size);
	put_path(b, r->consistency, r->consistency_len);
	buf_put(b, r->log_keys.data, r->log_keys.len);
	if (r->has_witnessed) {
		part_put(b, "witnessed", r->witnessed);
		put_path(b, r->witnessed_proof, r->witnessed_proof_len);
	}
	buf_put(b, r->note.data, r->note.len);
}

/* Hash lines up to an empty one. */
static size_t get_path(struct cursor *c, struct hash *path, size_t max)
{
	for (size_t n = 0; !c->err; n++) {
		struct span line = cursor_line(c);
		if (c->err || line.len == 0)
			return n;
		if (n == max)
			cursor_fail(c);
		else
			line_hash(c, line, &path[n]);
	}
	return 0;
}

static void parse_head(struct cursor *c, struct receipt *r)
{
	r->origin = line_get(c, "origin");
	struct span rest;
	struct span size = text_split(line_get(c, "head"), ' ', &rest);
	line_number(c, size, &r->size);
	line_hash(c, rest, &r->root);
	struct span position = text_split(line_get(c, "commit"), ' ', &rest);
	line_number(c, position, &r->position);
	line_number(c, rest, &r->heads);
	r->commit_path_len = get_path(c, r->commit_path, ARRAY_SIZE(r->commit_path));
}

/* The part may be left out: then the checkpoint comes next. */
static void parse_witnessed(struct cursor *c, struct receipt *r)
{
	if (!line_next_is(c, "witnessed"))
		return;
	r->has_witnessed = true;
	r->witnessed = part_get(c, "witnessed", NOTE_MAX_BYTES);
	r->witnessed_proof_len = get_path(c, r->witnessed_proof, ARRAY_SIZE(r->witnessed_proof));
	if (r->witnessed.len == 0 && r->witnessed_proof_len > 0)
		cursor_fail(c);
}

int receipt_parse(struct span bytes, struct buf *entry_bytes, struct receipt *ret)
{
	if (bytes.len > RECEIPT_MAX_BYTES)
		return -EBADMSG;
	struct cursor c;
	struct receipt r = { 0 };
	cursor_init(&c, bytes.data, bytes.len);
	if (!span_is(cursor_line(&c), RECEIPT_FIRST_LINE))
		return -EBADMSG;
	parse_head(&c, &r);
	struct span entry = line_get(&c, "entry");
	line_number(&c, line_get(&c, "index"), &r.index);
	r.fleet_path_len = get_path(&c, r.fleet_path, ARRAY_SIZE(r.fleet_path));
	line_number(&c, line_get(&c, "old"), &r.old_size);
	r.consistency_len = get_path(&c, r.consistency, ARRAY_SIZE(r.consistency));
	r.log_keys = succession_get(&c);
	parse_witnessed(&c, &r);
	if (c.err)
		return -EBADMSG;
	r.note = cursor_bytes(&c, cursor_left(&c));
	buf_reset(entry_bytes);
	int failed = text_base64(entry, entry_bytes);
	if (failed < 0)
		return failed;
	r.entry = (struct span){ entry_bytes->data, entry_bytes->len };
	*ret = r;
	return 0;
}

const char *receipt_verdict_name(enum receipt_verdict v)
{
	static const char *const names[] = {
		[RECEIPT_OK] = "ok",
		[RECEIPT_BAD_NOTE] = "checkpoint is not signed by the fleet log",
		[RECEIPT_BAD_COMMIT] = "head is not in the commit",
		[RECEIPT_BAD_INCLUSION] = "commit is not in the fleet log",
		[RECEIPT_WRONG_OLD] = "consistency proof is not from the fleet head held here",
		[RECEIPT_ROLLBACK] = "fleet log is smaller than the fleet head held here",
		[RECEIPT_INCONSISTENT] = "fleet log's history was rewritten",
		[RECEIPT_BAD_WITNESSED] = "witnessed checkpoint is not one of the fleet log's",
		[RECEIPT_TWO_HISTORIES] = "fleet log's history is not the one that was witnessed",
	};
	return (size_t)v < ARRAY_SIZE(names) ? names[v] : "unknown verdict";
}

static enum receipt_verdict check_history(const struct receipt *r, const struct fleet_head *held,
                                          const struct checkpoint *now)
{
	uint64_t generation = MAX(held->generation, (uint64_t)1);
	if (r->old_size != held->size)
		return RECEIPT_WRONG_OLD;
	/* A sink that was restored says so in the name of its log: what it lost can't be proven consistent.
	 */
	if (held->size > 0 && now->generation > generation)
		return RECEIPT_OK;
	if (held->size > now->size || (held->size > 0 && now->generation < generation))
		return RECEIPT_ROLLBACK;
	if (held->size == 0)
		return r->consistency_len == 0 ? RECEIPT_OK : RECEIPT_WRONG_OLD;
	bool consistent = merkle_check_consistency(held->size, &held->root, now->size, &now->root,
	                                           r->consistency, r->consistency_len);
	return consistent ? RECEIPT_OK : RECEIPT_INCONSISTENT;
}

static enum receipt_verdict check_witnessed(const struct receipt *r, const struct succession *log,
                                            const struct checkpoint *now)
{
	struct checkpoint then;
	if (r->witnessed.len == 0)
		return RECEIPT_OK;
	/* It may be from before the key was handed on. */
	bool good =
	        checkpoint_verify_fleet(r->witnessed, &log->log, false, &then) == 0 ||
	        (log->has_former && checkpoint_verify_fleet(r->witnessed, &log->former, false, &then) == 0);
	if (!good || then.size > now->size || then.generation != now->generation)
		return RECEIPT_BAD_WITNESSED;
	bool consistent = merkle_check_consistency(then.size, &then.root, now->size, &now->root,
	                                           r->witnessed_proof, r->witnessed_proof_len);
	return consistent ? RECEIPT_OK : RECEIPT_TWO_HISTORIES;
}

bool fleet_head_renews(const struct fleet_head *head, const struct fleet_head *held)
{
	return held->size > 0 && head->generation > MAX(held->generation, (uint64_t)1);
}

enum receipt_verdict receipt_check(const struct receipt *r, const struct key *log,
                                   const struct fleet_head *held, struct fleet_head *ret_head)
{
	struct succession alone;
	succession_init(&alone, log);
	return receipt_check_by(r, &alone, held, ret_head);
}

enum receipt_verdict receipt_check_by(const struct receipt *r, const struct succession *log,
                                      const struct fleet_head *held, struct fleet_head *ret_head)
{
	struct checkpoint now;
	if (checkpoint_verify_keys(r->note, &log->log, log->has_former ? &log->former : NULL, &now) < 0)
		return RECEIPT_BAD_NOTE;
	struct fleet_entry e;
	if (fleet_parse_entry(r->entry, &e) < 0 || e.kind != FLEET_COMMIT || e.heads != r->heads)
		return RECEIPT_BAD_COMMIT;
	struct hash leaf;
	commit_leaf(r->origin, r->size, &r->root, &leaf);
	if (!merkle_check_inclusion(&leaf, r->position, r->heads, r->commit_path, r->commit_path_len,
	                            &e.root))
		return RECEIPT_BAD_COMMIT;
	merkle_leaf(r->entry, &leaf);
	if (!merkle_check_inclusion(&leaf, r->index, now.size, r->fleet_path, r->fleet_path_len, &now.root))
		return RECEIPT_BAD_INCLUSION;
	enum receipt_verdict v = check_history(r, held, &now);
	if (v == RECEIPT_OK)
		v = check_witnessed(r, log, &now);
	if (v == RECEIPT_OK)
		*ret_head = (struct fleet_head){ .size = now.size,
			                         .root = now.root,
			                         .generation = now.generation };
	return v;
}

#define CONFLICT_FIRST_LINE "swornlog-conflict/v1"

void conflict_put(struct buf *b, const struct conflict *c)
{
	buf_put_str(b, CONFLICT_FIRST_LINE "\nreason ");
	buf_put(b, c->reason.data, c->reason.len);
	buf_printf(b, "\nepoch %llu\nsize %llu\n", (unsigned long long)c->epoch, (unsigned long long)c->size);
	part_put(b, "note", c->note);
	part_put(b, "receipt", c->receipt);
	if (c->log.len)
		part_put(b, "log", c->log);
}

int conflict_parse(struct span bytes, struct conflict *ret)
{
	struct cursor c;
	cursor_init(&c, bytes.data, bytes.len);
	if (!span_is(cursor_line(&c), CONFLICT_FIRST_LINE))
		return -EBADMSG;
	struct conflict k = { .reason = line_get(&c, "reason") };
	if (!span_is(k.reason, "size") && !span_is(k.reason, "epoch") && !span_is(k.reason, "fork"))
		return -EBADMSG;
	line_number(&c, line_get(&c, "epoch"), &k.epoch);
	line_number(&c, line_get(&c, "size"), &k.size);
	k.note = part_get(&c, "note", NOTE_MAX_BYTES);
	k.receipt = part_get(&c, "receipt", RECEIPT_MAX_BYTES);
	if (cursor_left(&c) > 0)
		k.log = part_get(&c, "log", NOTE_MAX_BYTES);
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	*ret = k;
	return 0;
}
