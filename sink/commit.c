#include "sink/commit.h"

#include <stdio.h>

static void staged_free(struct staged *s)
{
	s->host->staged = NULL;
	buf_done(&s->note);
	free(s);
}

static void drop_staged(struct commit *c)
{
	for (size_t i = 0; i < c->staged_count; i++)
		staged_free(c->staged[i]);
	c->staged_count = 0;
	buf_reset(&c->group);
	buf_reset(&c->note);
	buf_reset(&c->commit_entry);
	commit_tree_done(&c->tree);
}

static void drop_planned(struct commit *c, bool all)
{
	size_t kept = 0;
	for (size_t i = 0; i < c->planned_count; i++) {
		if (!all && c->planned[i].keep)
			c->planned[kept++] = c->planned[i];
		else
			buf_done(&c->planned[i].entry);
	}
	c->planned_count = kept;
}

void commit_done(struct commit *c)
{
	drop_staged(c);
	drop_planned(c, true);
	free(c->staged);
	free(c->planned);
	buf_done(&c->group);
	buf_done(&c->note);
	buf_done(&c->commit_entry);
	*c = (struct commit){ 0 };
}

bool commit_is_empty(const struct commit *c)
{
	return c->staged_count == 0 && c->planned_count == 0;
}

static int new_staged(struct commit *c, struct host *host)
{
	if (c->staged_count == COMMIT_MAX_HEADS)
		return -EAGAIN;
	if (c->staged_count == c->staged_cap) {
		size_t cap = MAX(c->staged_cap * 2, (size_t)64);
		struct staged **row = realloc(c->staged, cap * sizeof(struct staged *));
		if (!row)
			return -ENOMEM;
		c->staged = row;
		c->staged_cap = cap;
	}
	struct staged *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->host = host;
	host->staged = s;
	c->staged[c->staged_count++] = s;
	return 0;
}

/* The group without the record that did not fit. */
static int put_record(struct commit *c, const struct journal *j, enum record_type type, struct span payload)
{
	size_t before = c->group.len;
	record_put(&c->group, &j->file, j->size + before, type, payload);
	int r = buf_err(&c->group);
	if (r < 0) {
		c->group.len = before;
		c->group.err = 0;
	}
	return r;
}

int commit_stage(struct commit *c, const struct journal *j, struct host *host, const struct chain *chain,
                 const struct batch *batch, bool goodbye)
{
	cleanup_buf struct buf note = { 0 };
	buf_put(&note, batch->note_bytes.data, batch->note_bytes.len);
	int r = buf_err(&note);
	if (r == 0 && !host->staged)
		r = new_staged(c, host);
	if (r == 0)
		r = put_record(c, j, RECORD_BATCH, batch->bytes);
	if (r < 0)
		return r;
	struct staged *s = host->staged;
	s->chain = *chain;
	s->root = batch->head.root;
	s->goodbye = goodbye;
	origin_format(&chain->origin, s->origin);
	buf_done(&s->note);
	s->note = note;
	note = (struct buf){ 0 };
	return 0;
}

int commit_plan(struct commit *c, const struct fleet_entry *entry, bool keep)
{
	cleanup_buf struct buf bytes = { 0 };
	fleet_put_entry(&bytes, entry);
	if (buf_err(&bytes))
		return buf_err(&bytes);
	if (bytes.len > FLEET_ENTRY_MAX)
		return -EMSGSIZE;
	struct planned *row = realloc(c->planned, (c->planned_count + 1) * sizeof(*row));
	if (!row)
		return -ENOMEM;
	c->planned = row;
	row[c->planned_count++] = (struct planned){ .entry = bytes, .keep = keep };
	bytes = (struct buf){ 0 };
	return 0;
}

static int by_origin(const void *a, const void *b)
{
	return strcmp((*(struct staged *const *)a)->origin, (*(struct staged *const *)b)->origin);
}

static struct record_head head_of(const struct staged *s)
{
	return (struct record_head){ .origin = { (const uint8_t *)s->origin, strlen(s->origin) },
		                     .size = s->chain.tree.size,
		                     .root = s->root };
}

static int build_tree(struct commit *c)
{
	cleanup_free struct hash *leaves = malloc(c->staged_count * sizeof(*leaves));
	if (!leaves)
		return -ENOMEM;
	qsort(c->staged, c->staged_count, sizeof(struct staged *), by_origin);
	for (size_t i = 0; i < c->staged_count; i++) {
		struct record_head h = head_of(c->staged[i]);
		commit_leaf(h.origin, h.size, &h.root, &leaves[i]);
	}
	commit_tree_done(&c->tree);
	return commit_tree_build(&c->tree, leaves, c->staged_count);
}

static int build_commit_entry(struct commit *c, uint64_t wall_us)
{
	buf_reset(&c->commit_entry);
	if (c->staged_count == 0)
		return 0;
	int r = build_tree(c);
	if (r < 0)
		return r;
	struct fleet_entry e = { .kind = FLEET_COMMIT, .time_us = wall_us, .heads = c->staged_count };
	commit_tree_root(&c->tree, &e.root);
	fleet_put_entry(&c->commit_entry, &e);
	return buf_err(&c->commit_entry);
}

/* The group's fleet entries: the commit's own, then the planned ones. */
static size_t entry_count(const struct commit *c)
{
	return (c->commit_entry.len ? 1 : 0) + c->planned_count;
}

static struct span entry_at(const struct commit *c, size_t i)
{
	size_t own = c->commit_entry.len ? 1 : 0;
	return i < own ? buf_span(&c->commit_entry) : buf_span(&c->planned[i - own].entry);
}

/* The checkpoint after all the group's entries. */
static int build_note(struct commit *c, const struct fleet_log *log, const struct signer *const *signers,
                      size_t signer_count)
{
	struct frontier after = log->frontier;
	for (size_t i = 0; i < entry_count(c); i++) {
		struct hash leaf;
		merkle_leaf(entry_at(c, i), &leaf);
		frontier_add(&after, &leaf);
	}
	struct hash root;
	frontier_root(&after, &root);
	cleanup_buf struct buf text = { 0 };
	checkpoint_put_text(&text, signers[0]->key.name, after.size, &root);
	if (buf_err(&text))
		return buf_err(&text);
	buf_reset(&c->note);
	return note_put(&c->note, buf_span(&text), signers, signer_count);
}

static int put_fleet(struct commit *c, const struct journal *j, uint64_t index, size_t i)
{
	cleanup_buf struct buf payload = { 0 };
	cleanup_free struct record_head *heads = NULL;
	size_t head_count = c->commit_entry.len && i == 0 ? c->staged_count : 0;
	if (head_count > 0) {
		heads = malloc(head_count * sizeof(*heads));
		if (!heads)
			return -ENOMEM;
		for (size_t k = 0; k < head_count; k++)
			heads[k] = head_of(c->staged[k]);
	}
	bool last = i + 1 == entry_count(c);
	fleet_record_put(&payload, index + i, entry_at(c, i), heads, head_count,
	                 last ? buf_span(&c->note) : (struct span){ NULL, 0 });
	int r = buf_err(&payload);
	return r < 0 ? r : put_record(c, j, RECORD_FLEET, buf_span(&payload));
}

int commit_build(struct commit *c, const struct journal *j, const struct fleet_log *log,
                 const struct signer *const *signers, size_t signer_count, uint64_t wall_us)
{
	int r = build_commit_entry(c, wall_us);
	if (r < 0)
		return r;
	if (entry_count(c) == 0)
		return -EFBIG;
	r = build_note(c, log, signers, signer_count);
	for (size_t i = 0; r == 0 && i < entry_count(c); i++)
		r = put_fleet(c, j, log->frontier.size, i);
	return r;
}

static int apply_host(const struct commit *c, size_t position, uint64_t index, uint64_t now_us)
{
	struct staged *s = c->staged[position];
	struct host *h = s->host;
	struct host_head head = { .epoch = s->chain.origin.epoch,
		                  .size = s->chain.tree.size,
		                  .root = s->root };
	if (c->commit_entry.len > sizeof(h->commitment.entry))
		return -EMSGSIZE;
	host_advance(h, &head);
	h->chain = s->chain;
	buf_done(&h->note);
	h->note = s->note;
	s->note = (struct buf){ 0 };
	h->commitment = (struct commitment){ .index = index,
		                             .entry_len = c->commit_entry.len,
		                             .position = position,
		                             .heads = c->staged_count };
	memcpy(h->commitment.entry, c->commit_entry.data, c->commit_entry.len);
	h->commitment.path_len = commit_tree_path(&c->tree, position, h->commitment.path);
	h->presence = s->goodbye ? PRESENCE_GOODBYE : PRESENCE_HEARD;
	h->heard_us = now_us;
	return 0;
}

int commit_apply(struct commit *c, struct fleet_log *log, uint64_t now_us)
{
	uint64_t index = log->frontier.size;
	int r = 0;
	for (size_t i = 0; r == 0 && i < entry_count(c); i++)
		r = fleet_log_add(log, entry_at(c, i));
	for (size_t i = 0; r == 0 && i < c->staged_count; i++)
		r = apply_host(c, i, index, now_us);
	if (r == 0)
		r = fleet_log_set_note(log, buf_span(&c->note));
	drop_staged(c);
	drop_planned(c, true);
	return r;
}

void commit_abort(struct commit *c)
{
	drop_staged(c);
	drop_planned(c, false);
}
