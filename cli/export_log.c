#include "cli/export_log.h"

#include <stdio.h>

#include "cli/batch_leaves.h"
#include "cli/file_tree.h"
#include "cli/tile_dir.h"
#include "evidence/seal.h"
#include "evidence/seals.h"
#include "evidence/tile.h"

#define FOLDER_MAX  160
#define FLUSH_BYTES (64u << 10)

struct export_log {
	int dirfd;
	struct origin origin;
	char folder[FOLDER_MAX];
	struct tile_dir *tiles;
	struct buf seals; /* not yet written */
	struct buf note;
	struct key seal_key; /* that signed it */
	struct ed25519_public next_key;
	struct batch_leaves leaves;
};

void export_log_free(struct export_log *l)
{
	if (!l)
		return;
	tile_dir_free(l->tiles);
	buf_done(&l->seals);
	buf_done(&l->note);
	batch_leaves_done(&l->leaves);
	free(l);
}

static void free_log(struct export_log **l)
{
	export_log_free(*l);
}

int export_log_new(int dirfd, const struct origin *origin, bool content, struct export_log **ret)
{
	cleanup(free_log) struct export_log *l = calloc(1, sizeof(*l));
	char name[ORIGIN_MAX + 1];
	if (!l)
		return -ENOMEM;
	l->dirfd = dirfd;
	l->origin = *origin;
	snprintf(l->folder, sizeof(l->folder), "host/%s/%u", origin->host, origin->epoch);
	origin_format(origin, name);
	seals_put_head(&l->seals, name);
	int r = tile_dir_new(dirfd, l->folder, content, &l->tiles);
	if (r == 0)
		*ret = TAKE_PTR(l);
	return r;
}

uint64_t export_log_size(const struct export_log *l)
{
	return tile_dir_tree(l->tiles)->size;
}

/* The key that the seal before named, or the epoch's entry, has signed. */
static int check_seal(struct export_log *l, const struct batch *b)
{
	struct entry e;
	struct epoch_start start;
	struct seal seal;
	char name[KEY_NAME_MAX + 1];
	if (b->first == 0) {
		if (leaf_parse(batch_leaves_entry(&l->leaves, 0), &e) < 0 || epoch_parse(&e, &start) < 0)
			return -EBADMSG;
		l->next_key = start.first_key;
	}
	if (leaf_parse(batch_leaves_entry(&l->leaves, b->count - 1), &e) < 0 || seal_parse(&e, &seal) < 0)
		return -EBADMSG;
	origin_seal_name(&l->origin, name);
	if (key_make(name, KEY_TYPE_ED25519, &l->next_key, &l->seal_key) < 0 ||
	    !note_signed_by(&b->note, 0, &l->seal_key))
		return -EBADMSG;
	l->next_key = seal.next_key;
	return 0;
}

static int check(struct export_log *l, const struct batch *b)
{
	struct frontier tree = *tile_dir_tree(l->tiles);
	struct hash root;
	if (b->first != tree.size)
		return -EBADMSG;
	int r = batch_leaves_read(&l->leaves, b);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < b->count; i++)
		frontier_add(&tree, &l->leaves.hash[i]);
	frontier_root(&tree, &root);
	return hash_equal(&root, &b->head.root) ? check_seal(l, b) : -EBADMSG;
}

static int flush_seals(struct export_log *l)
{
	char path[FOLDER_MAX + 8];
	snprintf(path, sizeof(path), "%s/seals", l->folder);
	int r = buf_err(&l->seals);
	if (r == 0)
		r = file_tree_append(l->dirfd, path, (struct span){ l->seals.data, l->seals.len });
	buf_reset(&l->seals);
	return r;
}

static int put_seal(struct export_log *l, const struct batch *b)
{
	struct sealed_batch s = { .first = b->first,
		                  .count = b->count,
		                  .seal = batch_leaves_entry(&l->leaves, b->count - 1),
		                  .note = b->note_bytes };
	if (b->first == 0)
		s.epoch = batch_leaves_entry(&l->leaves, 0);
	seals_put(&l->seals, &s);
	return l->seals.len > FLUSH_BYTES ? flush_seals(l) : buf_err(&l->seals);
}

int export_log_batch(struct export_log *l, const struct batch *b)
{
	int r = check(l, b);
	if (r < 0)
		return r;
	struct span entry;
	struct cursor c = batch_leaves_entries(&l->leaves);
	for (uint32_t i = 0; r == 0 && tile_next_bundle_entry(&c, &entry); i++)
		r = tile_dir_add(l->tiles, entry, &l->leaves.hash[i]);
	if (r == 0)
		r = put_seal(l, b);
	buf_reset(&l->note);
	buf_put(&l->note, b->note_bytes.data, b->note_bytes.len);
	return r < 0 ? r : buf_err(&l->note);
}

static void put_log_line(struct buf *b, const struct key *k)
{
	buf_put_str(b, "log ");
	key_put(b, k);
	buf_put_u8(b, '\n');
}

/* docs/format.md section 18: the key of the last batch, and the host's, which signs at least every ten
 * seconds. */
static int write_policy(const struct export_log *l, const struct key *identity)
{
	cleanup_buf struct buf b = { 0 };
	char path[FOLDER_MAX + 8], name[ORIGIN_MAX + 1];
	origin_format(&l->origin, name);
	snprintf(path, sizeof(path), "%s/policy", l->folder);
	buf_printf(&b, "# %s: the key that signed its last batch, and that of the host.\n", name);
	put_log_line(&b, &l->seal_key);
	if (identity)
		put_log_line(&b, identity);
	buf_put_str(&b, "quorum none\n");
	return buf_err(&b) ? buf_err(&b) : file_tree_write(l->dirfd, path, (struct span){ b.data, b.len });
}

int export_log_finish(struct export_log *l, const struct key *identity)
{
	int r = flush_seals(l);
	if (r == 0)
		r = write_policy(l, identity);
	if (r == 0)
		r = tile_dir_finish(l->tiles, (struct span){ l->note.data, l->note.len });
	return r;
}
