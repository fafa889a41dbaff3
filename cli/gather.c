#include "cli/gather.h"

#include "cli/command.h"
#include "cli/feed.h"
#include "cli/gathered.h"
#include "verify/window.h"

#define CHECKPOINT_FILE "fleet/checkpoint"

void gather_free(struct gather *g)
{
	if (!g)
		return;
	for (size_t i = 0; g->wanted && i < g->request.count; i++)
		wanted_done(&g->wanted[i]);
	free(g->wanted);
	kept_statements_done(&g->statements);
	proof_roll_done(&g->roll);
	kept_run_done(&g->recent);
	kept_batch_done(&g->batch);
	batch_leaves_done(&g->leaves);
	buf_done(&g->published);
	buf_done(&g->newest);
	buf_done(&g->genesis_bytes);
	buf_done(&g->scratch);
	fleet_tree_free(g->log);
	fleet_tree_free(g->fleet);
	free(g);
}

void gather_freep(struct gather **g)
{
	gather_free(*g);
}

struct span gather_genesis(const struct gather *g)
{
	return (struct span){ g->genesis_bytes.data, g->genesis_bytes.len };
}

uint32_t gather_epoch(const struct gather *g)
{
	return g->epoch;
}

/* --- the host log */

/* A newer epoch than any before: what was kept of the older one is not asked for. */
static int begin_epoch(struct gather *g, const struct origin *o)
{
	fleet_tree_free(g->log);
	g->log = NULL;
	g->epoch = o->epoch;
	origin_format(o, g->origin);
	kept_run_clear(&g->recent);
	for (size_t i = 0; i < g->request.count; i++) {
		wanted_done(&g->wanted[i]);
		g->wanted[i] = (struct wanted){ .index = g->request.index[i], .process = ENTRY_NO_PROCESS };
	}
	return fleet_tree_new(&g->log);
}

static int take_leaf(struct wanted *w, struct span leaf)
{
	struct entry e;
	if (leaf_parse(leaf, &e) < 0)
		return -EBADMSG;
	w->found = true;
	w->process = e.process;
	buf_put(&w->leaf, leaf.data, leaf.len);
	return buf_err(&w->leaf);
}

static int take_wanted(struct gather *g, struct wanted *w, const struct batch *b)
{
	int r = 0;
	bool own = w->index >= b->first && w->index - b->first < b->count;
	if (own)
		r = take_leaf(w, batch_leaves_entry(&g->leaves, (uint32_t)(w->index - b->first)));
	if (r == 0 && own)
		r = kept_batch_copy(&w->own, &g->batch);
	if (r == 0 && own)
		r = kept_run_copy(&w->before, &g->recent);
	if (r == 0 && w->found && w->signed_by.size == 0 && g->batch.identity)
		r = kept_batch_copy(&w->signed_by, &g->batch);
	return r;
}

static int grow_log(struct gather *g, const struct batch *b)
{
	int r = b->first == fleet_tree_size(g->log) ? batch_leaves_read(&g->leaves, b) : -EBADMSG;
	for (uint32_t i = 0; r == 0 && i < b->count; i++)
		r = fleet_tree_add(g->log, &g->leaves.hash[i]);
	if (r == -EBADMSG)
		command_fail("host %s: the batch at index %llu does not continue the log; 'swornlog verify' "
		             "says more",
		             g->request.host, (unsigned long long)b->first);
	return r;
}

static int take_batch(struct gather *g, const struct batch *b)
{
	int r = b->origin.epoch > g->epoch ? begin_epoch(g, &b->origin) : 0;
	if (r == 0)
		r = grow_log(g, b);
	if (r == 0)
		r = kept_batch_set(&g->batch, b, &g->leaves);
	for (size_t i = 0; r == 0 && i < g->request.count; i++)
		r = take_wanted(g, &g->wanted[i], b);
	if (r == 0 && g->batch.identity)
		kept_run_clear(&g->recent);
	return r < 0 ? r : kept_run_add(&g->recent, &g->batch);
}

static int take_process(struct gather *g, struct wanted *w, const struct batch *b, bool *read)
{
	if (w->process == ENTRY_NO_PROCESS || w->process < b->first || w->process - b->first >= b->count)
		return 0;
	int r = *read ? 0 : batch_leaves_read(&g->leaves, b);
	if (r < 0)
		return r;
	*read = true;
	struct span leaf = batch_leaves_entry(&g->leaves, (uint32_t)(w->process - b->first));
	buf_reset(&w->process_leaf);
	buf_put(&w->process_leaf, leaf.data, leaf.len);
	return buf_err(&w->process_leaf);
}

static int take_processes(struct gather *g, const struct batch *b)
{
	bool read = false;
	int r = 0;
	for (size_t i = 0; r == 0 && i < g->request.count; i++)
		r = take_process(g, &g->wanted[i], b, &read);
	return r;
}

static bool is_wanted(const struct gather *g, const struct origin *o)
{
	if (strcmp(o->host, g->request.host) != 0 || strcmp(o->fleet, g->genesis.fleet) != 0)
		return false;
	if (g->for_processes)
		return o->epoch == g->epoch;
	return g->request.epoch ? o->epoch == g->request.epoch : o->epoch >= g->epoch;
}

/* --- the fleet log */

static bool is_relevant(enum statement_kind k)
{
	return statement_about_host(k) || k == STATEMENT_TOKEN || k == STATEMENT_LOG_KEY;
}

/* Those that had no effect prove nothing and are left out. */
static int take_statement(struct gather *g, const struct fleet_record *record, const struct fleet_entry *e)
{
	struct statement s;
	int r = statement_parse(e->note, &g->genesis, &s);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !is_relevant(s.kind) || proof_roll_take(&g->roll, &s, record->index, e->time_us))
		return 0;
	return kept_statements_add(&g->statements, &s, record->index, record->entry);
}

static int take_committed(struct gather *g, const struct fleet_record *record, uint64_t position,
                          const struct record_head *head)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < g->request.count; i++) {
		struct wanted *w = &g->wanted[i];
		if (w->found && !w->committed.found && head->size >= w->own.size)
			r = kept_commit_set(&w->committed, record, position, head);
		if (r == 0 && w->signed_by.size && !w->signed_committed.found &&
		    head->size >= w->signed_by.size)
			r = kept_commit_set(&w->signed_committed, record, position, head);
	}
	return r;
}

static int take_commit(struct gather *g, const struct fleet_record *record)
{
	struct cursor c = record->heads;
	struct record_head head;
	for (uint64_t position = 0; record_next_head(&c, &head); position++) {
		if (g->epoch && span_is(head.origin, g->origin))
			return take_committed(g, record, position, &head);
	}
	return 0;
}

static int take_fleet(struct gather *g, struct span payload)
{
	struct fleet_record record;
	struct fleet_entry e;
	struct hash leaf;
	if (fleet_record_parse(payload, &record) < 0 || record.index != fleet_tree_size(g->fleet)) {
		command_fail(
		        "%s: entry %llu of the fleet log is not where it belongs; 'swornlog verify' says "
		        "more",
		        g->request.store, (unsigned long long)fleet_tree_size(g->fleet));
		return -EBADMSG;
	}
	merkle_leaf(record.entry, &leaf);
	int r = fleet_tree_add(g->fleet, &leaf);
	if (r == 0 && fleet_parse_entry(record.entry, &e) == 0 && e.kind == FLEET_STATEMENT)
		r = take_statement(g, &record, &e);
	if (r == 0)
		r = take_commit(g, &record);
	if (r == 0 && record.note.data) {
		buf_reset(&g->newest);
		buf_put(&g->newest, record.note.data, record.note.len);
		r = buf_err(&g->newest);
	}
	return r;
}

/* --- the store */

static int take(struct gather *g, const struct feed_item *item)
{
	struct batch b;
	if (item->type == FEED_FLEET)
		return g->for_processes ? 0 : take_fleet(g, item->payload);
	if (item->type == FEED_BAD || batch_parse(item->payload, &b) < 0) {
		command_fail("%s/%s at %llu can't be read; 'swornlog verify' says more", g->request.store,
		             item->file, (unsigned long long)item->offset);
		return 0;
	}
	if (!is_wanted(g, &b.origin))
		return 0;
	return g->for_processes ? take_processes(g, &b) : take_batch(g, &b);
}

static int walk(struct gather *g, struct feed *feed)
{
	struct feed_item item;
	int r;
	while ((r = feed_next(feed, &item)) > 0) {
		r = take(g, &item);
		if (r < 0)
			return r;
	}
	return r;
}

static int read_small(const struct gather *g, int dirfd, const char *name, struct buf *ret)
{
	int r = window_read_file(dirfd, name, NOTE_MAX_BYTES, ret);
	if (r < 0)
		command_fail("%s/%s: %s", g->request.store, name, strerror(-r));
	return r;
}

static int begin(struct gather *g, int dirfd)
{
	int r = read_small(g, dirfd, "genesis", &g->genesis_bytes);
	if (r == 0)
		r = read_small(g, dirfd, CHECKPOINT_FILE, &g->published);
	if (r < 0)
		return r;
	r = genesis_parse(gather_genesis(g), &g->genesis);
	if (r < 0)
		command_fail("%s/genesis: not a genesis statement signed by all that it names",
		             g->request.store);
	proof_roll_init(&g->roll, &g->genesis, g->request.host);
	return r < 0 ? r : fleet_tree_new(&g->fleet);
}

static bool names_processes(const struct gather *g)
{
	for (size_t i = 0; i < g->request.count; i++) {
		if (g->wanted[i].found && g->wanted[i].process != ENTRY_NO_PROCESS)
			return true;
	}
	return false;
}

static int open_store(const char *path, struct feed **ret)
{
	int r = feed_open(path, ret);
	if (r == 0 && feed_kind(*ret) != FEED_STORE) {
		feed_freep(ret);
		*ret = NULL;
		r = -EINVAL;
	}
	if (r < 0)
		command_fail("%s: %s", path, r == -EINVAL ? "not a sink's store" : strerror(-r));
	return r;
}

static int read_store(struct gather *g)
{
	cleanup_feed struct feed *feed = NULL, *again = NULL;
	int r = open_store(g->request.store, &feed);
	if (r == 0)
		r = begin(g, feed_dirfd(feed));
	if (r == 0)
		r = walk(g, feed);
	if (r < 0 || !names_processes(g))
		return r;
	g->for_processes = true;
	r = open_store(g->request.store, &again);
	return r < 0 ? r : walk(g, again);
}

int gather_store(const struct gather_request *q, struct gather **ret)
{
	cleanup_gather struct gather *g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->request = *q;
	g->wanted = calloc(q->count, sizeof(*g->wanted));
	if (!g->wanted)
		return -ENOMEM;
	int r = read_store(g);
	if (r == 0)
		*ret = TAKE_PTR(g);
	return r;
}
