#include "drill/rewrite.h"

#include <stdio.h>

#include "evidence/tile.h"
#include "lib/file.h"

/* The new log as it grows. */
struct log_copy {
	struct act *act;
	struct frontier tree;
	struct hash *leaf;
	size_t count;
	struct buf bundles;
	struct buf note; /* the newest */
};

static void log_copy_done(struct log_copy *c)
{
	free(c->leaf);
	buf_done(&c->bundles);
	buf_done(&c->note);
}

int rewrite_open(struct act *a, struct records *ret)
{
	cleanup_listing struct listing l = { 0 };
	int e = listing_read(a->work->dirfd, NULL, &l);
	if (e < 0)
		return act_failed(a, e, "the store can't be listed");
	if (l.len != 1 || l.file[0].segment)
		return act_impossible(a, "the store has more than one journal");
	e = records_read(a->work, false, l.file[0].number, ret);
	return e < 0 ? act_failed(a, e, "the journal can't be read") : 0;
}

static int put_record(struct records *r, size_t at, uint64_t index, const struct fleet_record *f,
                      struct span note)
{
	struct buf payload = { 0 };
	cleanup_free struct record_head *heads = calloc(f->head_count + 1, sizeof(*heads));
	struct cursor c = f->heads;
	if (!heads)
		return -ENOMEM;
	for (size_t i = 0; i < f->head_count; i++)
		if (!record_next_head(&c, &heads[i]))
			return -EBADMSG;
	fleet_record_put(&payload, index, f->entry, heads, f->head_count, note);
	return records_replace(r, at, &payload);
}

int rewrite_entry(struct records *r, size_t at, const struct fleet_entry *e, const struct record_head *heads,
                  size_t head_count)
{
	cleanup_buf struct buf entry = { 0 };
	struct buf payload = { 0 };
	struct fleet_record f;
	if (!records_fleet(r, at, &f))
		return -EBADMSG;
	fleet_put_entry(&entry, e);
	if (buf_err(&entry) < 0)
		return buf_err(&entry);
	fleet_record_put(&payload, f.index, (struct span){ entry.data, entry.len }, heads, head_count,
	                 f.note);
	return records_replace(r, at, &payload);
}

static int sign(struct log_copy *c)
{
	cleanup_buf struct buf text = { 0 };
	struct hash root;
	frontier_root(&c->tree, &root);
	checkpoint_put_text(&text, c->act->log->key.name, c->tree.size, &root);
	buf_reset(&c->note);
	int e = buf_err(&text);
	return e < 0 ? e : note_put(&c->note, (struct span){ text.data, text.len }, &c->act->log, 1);
}

static int take_record(struct log_copy *c, struct records *r, size_t at)
{
	struct fleet_record f;
	struct span note = { 0 };
	int e = 0;
	if (!records_fleet(r, at, &f))
		return 0;
	tile_put_bundle_entry(&c->bundles, f.entry);
	merkle_leaf(f.entry, &c->leaf[c->count]);
	frontier_add(&c->tree, &c->leaf[c->count++]);
	if (f.note.data) {
		e = sign(c);
		note = (struct span){ c->note.data, c->note.len };
	}
	return e < 0 ? e : put_record(r, at, c->count - 1, &f, note);
}

static int put_tile(struct log_copy *c, int level, uint64_t index, size_t width, struct span content)
{
	char path[TILE_PATH_MAX], file[TILE_PATH_MAX + 8];
	tile_path(level, index, (unsigned)width, path);
	snprintf(file, sizeof(file), "fleet/%s", path);
	return workspace_put(c->act->work, file, content);
}

static int put_bundles(struct log_copy *c)
{
	struct cursor in;
	int e = buf_err(&c->bundles);
	cursor_init(&in, c->bundles.data, c->bundles.len);
	for (uint64_t n = 0; e == 0 && n * TILE_WIDTH < c->count; n++) {
		const uint8_t *start = in.at;
		size_t width = MIN((size_t)TILE_WIDTH, c->count - n * TILE_WIDTH);
		struct span entry;
		for (size_t i = 0; i < width && tile_next_bundle_entry(&in, &entry); i++)
			;
		e = put_tile(c, TILE_ENTRIES, n, width, (struct span){ start, (size_t)(in.at - start) });
	}
	return e;
}

/* Level by level; the hashes of one are replaced by those of the next. */
static int put_hashes(struct log_copy *c)
{
	int e = 0;
	for (size_t count = c->count, level = 0; e == 0 && count > 0; level++) {
		for (size_t n = 0; e == 0 && n * TILE_WIDTH < count; n++) {
			size_t width = MIN((size_t)TILE_WIDTH, count - n * TILE_WIDTH);
			struct span content = { c->leaf[n * TILE_WIDTH].b, width * sizeof(*c->leaf) };
			struct hash root;
			e = put_tile(c, (int)level, n, width, content);
			merkle_root(&c->leaf[n * TILE_WIDTH], width, &root);
			c->leaf[n] = root;
		}
		count /= TILE_WIDTH;
	}
	return e;
}

static int publish(struct log_copy *c)
{
	int e = workspace_empty(c->act->work, "fleet");
	if (e == 0)
		e = put_bundles(c);
	if (e == 0)
		e = put_hashes(c);
	return e < 0 ? e
	             : workspace_put(c->act->work, "fleet/checkpoint",
	                             (struct span){ c->note.data, c->note.len });
}

int rewrite_close(struct act *a, struct records *r)
{
	cleanup(log_copy_done) struct log_copy c = { .act = a };
	c.leaf = calloc(r->count + 1, sizeof(*c.leaf));
	int e = c.leaf ? 0 : -ENOMEM;
	for (size_t i = 0; e == 0 && i < r->count; i++)
		e = take_record(&c, r, i);
	if (e == 0)
		e = records_write(r, a->work);
	if (e == 0)
		e = publish(&c);
	return e < 0 ? act_failed(a, e, "the log could not be signed anew") : 0;
}
