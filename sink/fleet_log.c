#include "sink/fleet_log.h"

#include "lib/file.h"
#include "sink/tile_files.h"

#define CHECKPOINT_FILE "checkpoint"
#define FILE_MODE       0640

static void full_tile_free(struct full_tile *f)
{
	free(f->tile);
	buf_done(&f->bundle);
	free(f);
}

void fleet_log_done(struct fleet_log *l)
{
	while (l->full) {
		struct full_tile *f = l->full;
		l->full = f->next;
		full_tile_free(f);
	}
	for (size_t i = 0; i < TILE_LEVELS; i++)
		free(l->edge[i]);
	for (size_t i = 0; i < FLEET_LOG_CACHED; i++)
		free(l->cached[i].tile);
	buf_done(&l->bundle);
	buf_done(&l->note);
	*l = (struct fleet_log){ .dir = -1 };
}

/* How much of the log must be published for this tile to be on disk. */
static uint64_t end_of(const struct tile_nodes *t)
{
	return (t->index + 1) << (8 * (t->level + 1));
}

/* The edge of a level is full: queue it for publishing and begin the next. */
static int turn_edge(struct fleet_log *l, int level)
{
	struct tile_nodes *next;
	int r = tile_nodes_new(level, l->edge[level]->index + 1, &next);
	if (r < 0)
		return r;
	struct full_tile *f = calloc(1, sizeof(*f));
	if (!f) {
		free(next);
		return -ENOMEM;
	}
	f->tile = l->edge[level];
	l->edge[level] = next;
	if (level == 0) {
		f->bundle = l->bundle;
		l->bundle = (struct buf){ 0 };
	}
	if (end_of(f->tile) <= l->published) {
		full_tile_free(f);
		return 0;
	}
	*l->full_last = f;
	l->full_last = &f->next;
	return 0;
}

static int add_hash(struct fleet_log *l, const struct hash *leaf)
{
	struct hash h = *leaf;
	for (int level = 0; level < TILE_LEVELS; level++) {
		tile_nodes_add(l->edge[level], &h);
		if (l->edge[level]->width < TILE_WIDTH)
			return 0;
		h = *tile_nodes_at(l->edge[level], 8, 0);
		int r = turn_edge(l, level);
		if (r < 0)
			return r;
	}
	return -EFBIG;
}

int fleet_log_add(struct fleet_log *l, struct span entry)
{
	struct hash leaf;
	merkle_leaf(entry, &leaf);
	tile_put_bundle_entry(&l->bundle, entry);
	if (buf_err(&l->bundle))
		return buf_err(&l->bundle);
	frontier_add(&l->frontier, &leaf);
	return add_hash(l, &leaf);
}

int fleet_log_set_note(struct fleet_log *l, struct span note)
{
	buf_reset(&l->note);
	buf_put(&l->note, note.data, note.len);
	return buf_err(&l->note);
}

/* Entries at the head of a bundle, in bytes. */
static size_t bundle_prefix(const struct buf *bundle, unsigned entries)
{
	struct cursor c;
	struct span entry;
	cursor_init(&c, bundle->data, bundle->len);
	for (unsigned i = 0; i < entries && tile_next_bundle_entry(&c, &entry); i++)
		;
	return bundle->len - cursor_left(&c);
}

static int write_tile(const struct fleet_log *l, const struct tile_nodes *t, const struct buf *bundle,
                      unsigned width)
{
	struct span hashes = { (const uint8_t *)t->node, width * sizeof(struct hash) };
	int r = tile_file_write(l->env, l->dir, t->level, t->index, width, hashes);
	if (r < 0 || t->level != 0)
		return r;
	return tile_file_write(l->env, l->dir, TILE_ENTRIES, t->index, width,
	                       (struct span){ bundle->data, bundle_prefix(bundle, width) });
}

static bool is_written(const struct fleet_log *l, int level, uint64_t size)
{
	return tile_full_count(level, l->published) == tile_full_count(level, size) &&
	       tile_partial_width(level, l->published) == tile_partial_width(level, size);
}

/* The log may have grown since the checkpoint: then the tile that was partial is a longer one by now. */
static int write_partial(const struct fleet_log *l, int level, uint64_t size)
{
	uint64_t index = tile_full_count(level, size);
	unsigned width = tile_partial_width(level, size);
	if (width == 0 || is_written(l, level, size))
		return 0;
	if (l->edge[level]->index == index)
		return write_tile(l, l->edge[level], &l->bundle, width);
	for (const struct full_tile *f = l->full; f; f = f->next) {
		if (f->tile->level == level && f->tile->index == index)
			return write_tile(l, f->tile, &f->bundle, width);
	}
	return -ERANGE;
}

static int write_full(const struct fleet_log *l, uint64_t size)
{
	int r = 0;
	for (const struct full_tile *f = l->full; r == 0 && f; f = f->next) {
		if (end_of(f->tile) <= size)
			r = write_tile(l, f->tile, &f->bundle, TILE_WIDTH);
	}
	return r;
}

static void drop_full(struct fleet_log *l)
{
	struct full_tile **at = &l->full;
	while (*at) {
		struct full_tile *f = *at;
		if (end_of(f->tile) > l->published) {
			at = &f->next;
			continue;
		}
		tile_file_drop_partials(l->env, l->dir, f->tile->level, f->tile->index);
		if (f->tile->level == 0)
			tile_file_drop_partials(l->env, l->dir, TILE_ENTRIES, f->tile->index);
		*at = f->next;
		full_tile_free(f);
	}
	l->full_last = at;
}

int fleet_log_publish(struct fleet_log *l, uint64_t size, struct span note)
{
	if (size < l->published)
		return 0;
	int r = write_full(l, size);
	for (int level = 0; r == 0 && level < TILE_LEVELS; level++)
		r = write_partial(l, level, size);
	/* The tiles first: who reads a checkpoint finds what it speaks of. */
	if (r == 0)
		r = file_replace(l->env, l->dir, CHECKPOINT_FILE, note, FILE_MODE);
	if (r < 0)
		return r;
	l->published = size;
	drop_full(l);
	return 0;
}

static int load_hashes(const struct fleet_log *l, struct tile_nodes *t, unsigned width)
{
	cleanup_buf struct buf content = { 0 };
	int r = tile_file_read(l->env, l->dir, t->level, t->index, width, &content);
	if (r < 0)
		return r;
	if (content.len < width * sizeof(struct hash) || content.len > TILE_WIDTH * sizeof(struct hash))
		return -EBADMSG;
	while (t->width < width) {
		struct hash h;
		memcpy(h.b, content.data + t->width * sizeof(h), sizeof(h));
		tile_nodes_add(t, &h);
	}
	return 0;
}

static int load_cached(struct fleet_log *l, struct cached_tile *into, int level, uint64_t index)
{
	struct tile_nodes *t;
	int r = tile_nodes_new(level, index, &t);
	if (r < 0)
		return r;
	r = load_hashes(l, t, TILE_WIDTH);
	if (r < 0) {
		free(t);
		return r;
	}
	free(into->tile);
	into->tile = t;
	return 0;
}

static int find_cached(struct fleet_log *l, int level, uint64_t index, const struct tile_nodes **ret)
{
	struct cached_tile *oldest = &l->cached[0], *found = NULL;
	for (struct cached_tile *c = l->cached; c < l->cached + FLEET_LOG_CACHED && !found; c++) {
		if (c->tile && c->tile->level == level && c->tile->index == index)
			found = c;
		else if (c->used < oldest->used)
			oldest = c;
	}
	int r = found ? 0 : load_cached(l, oldest, level, index);
	if (r < 0)
		return r;
	found = found ? found : oldest;
	found->used = ++l->uses;
	*ret = found->tile;
	return 0;
}

static int find_tile(struct fleet_log *l, int level, uint64_t index, const struct tile_nodes **ret)
{
	*ret = l->edge[level];
	if ((*ret)->index == index)
		return 0;
	if (index > (*ret)->index)
		return -ERANGE;
	for (const struct full_tile *f = l->full; f; f = f->next) {
		*ret = f->tile;
		if (f->tile->level == level && f->tile->index == index)
			return 0;
	}
	return find_cached(l, level, index, ret);
}

int fleet_log_node(void *ctx, unsigned level, uint64_t index, struct hash *ret)
{
	struct fleet_log *l = ctx;
	unsigned height = level % 8;
	const struct tile_nodes *t;
	if (level >= 8 * TILE_LEVELS || index > UINT64_MAX >> level)
		return -ERANGE;
	int r = find_tile(l, (int)(level / 8), (index << height) / TILE_WIDTH, &t);
	if (r < 0)
		return r;
	const struct hash *h = tile_nodes_at(t, height, index % (TILE_WIDTH >> height));
	if (!h)
		return -ERANGE;
	*ret = *h;
	return 0;
}

int fleet_log_root(struct fleet_log *l, uint64_t size, struct hash *ret)
{
	if (size > l->frontier.size)
		return -ERANGE;
	struct frontier f = { .size = size };
	size_t n = 0;
	for (int level = 63; level >= 0; level--) {
		if (!(size >> level & 1))
			continue;
		int r = fleet_log_node(l, (unsigned)level, (size >> level) - 1, &f.node[n++]);
		if (r < 0)
			return r;
	}
	frontier_root(&f, ret);
	return 0;
}

static int load_bundle(struct fleet_log *l)
{
	const struct tile_nodes *t = l->edge[0];
	cleanup_buf struct buf content = { 0 };
	if (t->width == 0)
		return 0;
	int r = tile_file_read(l->env, l->dir, TILE_ENTRIES, t->index, t->width, &content);
	if (r < 0)
		return r;
	struct cursor c;
	cursor_init(&c, content.data, content.len);
	for (unsigned i = 0; i < t->width; i++) {
		struct span entry;
		struct hash leaf;
		if (!tile_next_bundle_entry(&c, &entry))
			return -EBADMSG;
		merkle_leaf(entry, &leaf);
		if (!hash_equal(&leaf, tile_nodes_at(t, 0, i)))
			return -EBADMSG;
		tile_put_bundle_entry(&l->bundle, entry);
	}
	return buf_err(&l->bundle);
}

static int load_edges(struct fleet_log *l)
{
	uint64_t size = l->frontier.size;
	for (int level = 0; level < TILE_LEVELS; level++) {
		int r = tile_nodes_new(level, tile_full_count(level, size), &l->edge[level]);
		unsigned width = tile_partial_width(level, size);
		if (r == 0 && width > 0)
			r = load_hashes(l, l->edge[level], width);
		if (r < 0)
			return r;
	}
	return load_bundle(l);
}

/* The tiles on disk must be those that the frontier was made of. */
static int check_edges(struct fleet_log *l)
{
	size_t n = 0;
	for (int level = 63; level >= 0; level--) {
		if (!(l->frontier.size >> level & 1))
			continue;
		struct hash h;
		int r = fleet_log_node(l, (unsigned)level, (l->frontier.size >> level) - 1, &h);
		if (r < 0)
			return r;
		if (!hash_equal(&h, &l->frontier.node[n++]))
			return -EBADMSG;
	}
	return 0;
}

static int read_checkpoint(const struct fleet_log *l, const struct key *const *keys, size_t key_count,
                           struct fleet_head *ret)
{
	cleanup_buf struct buf note = { 0 };
	struct checkpoint c;
	int r = file_read(l->env, l->dir, CHECKPOINT_FILE, NOTE_MAX_BYTES, &note);
	if (r == -ENOENT && l->frontier.size == 0)
		return 0;
	if (r < 0)
		return r;
	r = -EBADMSG;
	for (size_t i = 0; r < 0 && i < key_count; i++)
		r = checkpoint_verify_fleet((struct span){ note.data, note.len }, keys[i], false, &c);
	if (r < 0 || c.size < l->frontier.size)
		return -EBADMSG;
	*ret = (struct fleet_head){ .size = c.size, .root = c.root };
	return 0;
}

static int settle_edges(const struct fleet_log *l)
{
	int r = tile_file_settle(l->env, l->dir, TILE_ENTRIES, l->edge[0]->index);
	for (int level = 0; r == 0 && level < TILE_LEVELS; level++)
		r = tile_file_settle(l->env, l->dir, level, l->edge[level]->index);
	return r;
}

static int open_all(struct fleet_log *l, const struct key *const *keys, size_t key_count, struct span note,
                    struct fleet_head *ret_published)
{
	int r = read_checkpoint(l, keys, key_count, ret_published);
	if (r == 0)
		r = load_edges(l);
	if (r == 0)
		r = check_edges(l);
	if (r == 0)
		r = settle_edges(l);
	return r < 0 ? r : fleet_log_set_note(l, note);
}

int fleet_log_open(const struct env *env, int dir, const struct key *const *keys, size_t key_count,
                   const struct frontier *frontier, struct span note, struct fleet_log *ret,
                   struct fleet_head *ret_published)
{
	struct fleet_log l = { .env = env, .dir = dir, .frontier = *frontier };
	struct fleet_head published = { 0 };
	int r = open_all(&l, keys, key_count, note, &published);
	if (r < 0) {
		fleet_log_done(&l);
		return r;
	}
	l.published = published.size;
	*ret = l;
	ret->full_last = &ret->full;
	*ret_published = published;
	return 0;
}
