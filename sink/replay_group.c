#include "sink/replay_group.h"

#include "sink/restore.h"
#include "sink/statements.h"

void replay_group_reset(struct replay_group *g)
{
	for (size_t i = 0; i < g->batch_count; i++)
		buf_done(&g->batches[i].note);
	for (size_t i = 0; i < g->fleet_count; i++)
		buf_done(&g->fleet[i]);
	g->batch_count = g->fleet_count = 0;
}

void replay_group_done(struct replay_group *g)
{
	replay_group_reset(g);
	free(g->batches);
	free(g->fleet);
	*g = (struct replay_group){ 0 };
}

static int add_batch(struct replay_group *g, struct span payload, uint64_t offset)
{
	struct batch b;
	if (g->fleet_count > 0 || batch_parse(payload, &b) != (ssize_t)payload.len)
		return -EBADMSG;
	if (g->batch_count == g->batch_cap) {
		size_t cap = MAX(g->batch_cap * 2, (size_t)64);
		struct replay_batch *row = realloc(g->batches, cap * sizeof(*row));
		if (!row)
			return -ENOMEM;
		g->batches = row;
		g->batch_cap = cap;
	}
	struct replay_batch *r = &g->batches[g->batch_count];
	*r = (struct replay_batch){
		.origin = b.origin,
		.first = b.first,
		.head = { .epoch = b.origin.epoch, .size = b.head.size, .root = b.head.root },
		.place = { .offset = offset, .length = payload.len + RECORD_OVERHEAD },
	};
	buf_put(&r->note, b.note_bytes.data, b.note_bytes.len);
	g->batch_count++;
	return buf_err(&r->note);
}

static int add_fleet(struct replay_group *g, struct span payload)
{
	struct fleet_record f;
	if (fleet_record_parse(payload, &f) < 0)
		return -EBADMSG;
	struct buf *row = realloc(g->fleet, (g->fleet_count + 1) * sizeof(*row));
	if (!row)
		return -ENOMEM;
	g->fleet = row;
	row[g->fleet_count] = (struct buf){ 0 };
	buf_put(&row[g->fleet_count], payload.data, payload.len);
	int r = buf_err(&row[g->fleet_count++]);
	return r < 0 ? r : f.note.data != NULL;
}

int replay_group_add(struct replay_group *g, enum record_type type, struct span payload, uint64_t offset)
{
	switch (type) {
	case RECORD_BATCH:
		return add_batch(g, payload, offset);
	case RECORD_FLEET:
		return add_fleet(g, payload);
	case RECORD_SNAPSHOT:
	case RECORD_INDEX:
		break;
	}
	return -EBADMSG;
}

static int begin_epoch(struct host *h, const struct replay_batch *b)
{
	if (b->origin.epoch < h->head.epoch || b->first != 0)
		return -EBADMSG;
	chain_init(&h->chain, &b->origin, &h->standing.identity);
	h->unhashed_count = 0;
	return 0;
}

/* One batch moves its host's head on. */
static int apply_batch(struct core *c, const struct replay_batch *b)
{
	struct span name = { (const uint8_t *)b->origin.host, strlen(b->origin.host) };
	struct host *h = hosts_find(&c->hosts, name);
	if (!h || strcmp(b->origin.fleet, c->genesis.fleet) != 0)
		return -EBADMSG;
	bool counted = h->unhashed_count > 0;
	struct unhashed place = b->place;
	place.identity = h->standing.identity.pub;
	int r = 0;
	if (b->origin.epoch != h->head.epoch)
		r = begin_epoch(h, b);
	else if (b->first != h->head.size)
		r = -EBADMSG;
	if (r == 0)
		r = host_add_unhashed(h, &place);
	if (r < 0)
		return r;
	c->unhashed_hosts += counted ? 0 : 1;
	host_advance(h, &b->head);
	h->presence = PRESENCE_HEARD;
	buf_reset(&h->note);
	buf_put(&h->note, b->note.data, b->note.len);
	return buf_err(&h->note);
}

/* The head must be what the group's batches have just led to. */
static struct host *host_at_head(const struct core *c, const struct record_head *head)
{
	struct origin o;
	if (origin_parse(head->origin, &o) < 0 || strcmp(o.fleet, c->genesis.fleet) != 0)
		return NULL;
	struct host *h = hosts_find(&c->hosts, span_str(o.host));
	if (!h || h->head.epoch != o.epoch || h->head.size != head->size ||
	    !hash_equal(&h->head.root, &head->root))
		return NULL;
	return h;
}

/* Hosts and leaves of a commit's heads, in tree order. */
static int read_heads(const struct core *c, const struct fleet_record *f, struct host **hosts,
                      struct hash *leaves)
{
	struct cursor heads = f->heads;
	struct record_head head;
	struct span before = { NULL, 0 };
	size_t n = 0;
	while (record_next_head(&heads, &head)) {
		size_t common = MIN(before.len, head.origin.len);
		int order = before.data ? memcmp(before.data, head.origin.data, common) : -1;
		if (order > 0 || (order == 0 && before.len >= head.origin.len))
			return -EBADMSG;
		hosts[n] = host_at_head(c, &head);
		if (!hosts[n])
			return -EBADMSG;
		commit_leaf(head.origin, head.size, &head.root, &leaves[n++]);
		before = head.origin;
	}
	return n == f->head_count ? 0 : -EBADMSG;
}

static void set_commitments(const struct commit_tree *tree, const struct fleet_record *f, struct host **hosts)
{
	for (size_t i = 0; i < f->head_count; i++) {
		struct commitment *k = &hosts[i]->commitment;
		*k = (struct commitment){
			.index = f->index, .entry_len = f->entry.len, .position = i, .heads = f->head_count
		};
		memcpy(k->entry, f->entry.data, f->entry.len);
		k->path_len = commit_tree_path(tree, i, k->path);
	}
}

static int apply_commit(struct core *c, const struct fleet_record *f, const struct fleet_entry *e)
{
	if (f->head_count == 0 || f->head_count > COMMIT_MAX_HEADS || e->heads != f->head_count ||
	    f->entry.len > COMMIT_ENTRY_MAX)
		return -EBADMSG;
	cleanup_free struct host **hosts = calloc(f->head_count, sizeof(struct host *));
	cleanup_free struct hash *leaves = calloc(f->head_count, sizeof(*leaves));
	if (!hosts || !leaves)
		return -ENOMEM;
	int r = read_heads(c, f, hosts, leaves);
	if (r < 0)
		return r;
	cleanup_commit_tree struct commit_tree tree = { 0 };
	r = commit_tree_build(&tree, leaves, f->head_count);
	if (r < 0)
		return r;
	struct hash root;
	commit_tree_root(&tree, &root);
	if (!hash_equal(&root, &e->root))
		return -EBADMSG;
	set_commitments(&tree, f, hosts);
	return 0;
}

static int apply_fleet(struct core *c, const struct fleet_record *f)
{
	struct fleet_entry e;
	if (f->index != c->log.frontier.size || fleet_parse_entry(f->entry, &e) < 0)
		return -EBADMSG;
	if ((e.kind == FLEET_COMMIT) != (f->head_count > 0))
		return -EBADMSG;
	int r = 0;
	if (e.kind == FLEET_COMMIT)
		r = apply_commit(c, f, &e);
	else if (e.kind == FLEET_STATEMENT)
		r = statements_apply(c, e.note, f->index, e.time_us);
	else if (e.kind == FLEET_SINK && e.what == SINK_RESTORED)
		r = restore_apply(c, e.detail);
	return r < 0 ? r : fleet_log_add(&c->log, f->entry);
}

/* The checkpoint at the group's end is about the log as it is then. */
static int check_note(const struct core *c, struct span note)
{
	struct note n;
	struct checkpoint k;
	struct hash root;
	if (note_parse(note, &n) < 0 || checkpoint_parse(n.text, &k) < 0 ||
	    !span_is(k.origin, c->log_key.name))
		return -EBADMSG;
	frontier_root(&c->log.frontier, &root);
	return k.size == c->log.frontier.size && hash_equal(&k.root, &root) ? 0 : -EBADMSG;
}

/* Batches and the heads that they lead to come together: no batch without a head in this group. */
static bool all_covered(const struct replay_group *g, const struct core *c, uint64_t first_index)
{
	for (size_t i = 0; i < g->batch_count; i++) {
		const char *name = g->batches[i].origin.host;
		const struct host *h = hosts_find(&c->hosts, span_str(name));
		if (!h || h->commitment.entry_len == 0 || h->commitment.index < first_index)
			return false;
	}
	return true;
}

int replay_group_apply(const struct replay_group *g, struct core *c)
{
	int r = 0;
	uint64_t first_index = c->log.frontier.size;
	struct fleet_record f = { 0 };
	for (size_t i = 0; r == 0 && i < g->batch_count; i++)
		r = apply_batch(c, &g->batches[i]);
	for (size_t i = 0; r == 0 && i < g->fleet_count; i++) {
		r = fleet_record_parse((struct span){ g->fleet[i].data, g->fleet[i].len }, &f);
		if (r == 0)
			r = apply_fleet(c, &f);
	}
	if (r == 0)
		r = check_note(c, f.note);
	if (r == 0 && !all_covered(g, c, first_index))
		r = -EBADMSG;
	return r < 0 ? r : fleet_log_set_note(&c->log, f.note);
}
