#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "evidence/chain.h"
#include "evidence/seal.h"
#include "evidence/seals.h"
#include "verify/export.h"
#include "verify/leaf_reader.h"
#include "verify/tiles.h"
#include "verify/window.h"

#define FOLDER_MAX 96

struct work {
	const struct export_host *host;
	struct export_row *row;
	struct place at;
	char folder[FOLDER_MAX];
	struct buf checkpoint;
	struct checkpoint head;
	struct leaf_reader leaves;
	struct tiles *tiles;
	struct window seals;
	uint64_t seals_at;
	struct frontier tree;
	struct ed25519_public next_key;
	struct account account;
	struct hash first_leaf, last_leaf; /* of the batch under way */
	struct buf opened, last_note;
};

static void work_done(struct work *w)
{
	buf_done(&w->checkpoint);
	buf_done(&w->opened);
	buf_done(&w->last_note);
	leaf_reader_done(&w->leaves);
	tiles_free(w->tiles);
	window_done(&w->seals);
}

/* 1: this log is at its end. */
static int stop(struct work *w, enum verdict v, const char *why)
{
	find(w->host->findings, v, &w->at, "%s", why);
	return 1;
}

static void fault(struct work *w, enum verdict v, const char *why)
{
	find(w->host->findings, v, &w->at, "%s", why);
}

/* --- seals */

/* 1: `seals` ends here. */
static int next_batch(struct work *w, struct sealed_batch *ret)
{
	struct span bytes;
	uint64_t left = w->seals.size - w->seals_at;
	if (left == 0)
		return 1;
	int r = window_get(&w->seals, w->seals_at, (size_t)MIN(left, (uint64_t)SEALS_BLOCK_MAX), &bytes);
	if (r < 0)
		return r;
	ssize_t n = seals_next(bytes, &w->opened, ret);
	w->seals_at += n > 0 ? (uint64_t)n : 0;
	return n < 0 ? (int)n : 0;
}

static int open_seals(struct work *w)
{
	char path[FOLDER_MAX + 8];
	cleanup_buf struct buf head = { 0 };
	struct span bytes;
	snprintf(path, sizeof(path), "%s/seals", w->folder);
	seals_put_head(&head, w->row->name);
	int r = window_open(&w->seals, w->host->dirfd, path);
	if (r == -ENOMEM || r == -EACCES)
		return r;
	if (r < 0 || buf_err(&head) || window_get(&w->seals, 0, head.len, &bytes) < 0 ||
	    memcmp(bytes.data, head.data, head.len) != 0)
		return stop(w, VERDICT_MISSING, "no list of seals of this log");
	w->seals_at = head.len;
	return 0;
}

/* --- one batch */

static int take_leaf(struct work *w, bool first)
{
	struct hash leaf, made;
	struct span entry;
	struct entry e;
	int r = leaf_reader_next(&w->leaves, &leaf, &entry);
	if (r == -EBADMSG)
		return stop(w, VERDICT_MISSING, "a tile or bundle is gone, or not as long as it should be");
	if (r < 0)
		return r;
	if (w->leaves.bundles) {
		merkle_leaf(entry, &made);
		if (!hash_equal(&made, &leaf))
			return stop(w, VERDICT_ALTERED, "an entry does not hash to its leaf");
		struct span body = { entry.data + ENTRY_SALT_BYTES, entry.len - ENTRY_SALT_BYTES };
		if (entry.len <= ENTRY_SALT_BYTES || entry_parse_body(body, &e) < 0)
			fault(w, VERDICT_MALFORMED, "an entry is malformed");
	}
	if (first)
		w->first_leaf = leaf;
	w->last_leaf = leaf;
	frontier_add(&w->tree, &leaf);
	return tiles_add(w->tiles, entry, &leaf);
}

static bool is_leaf(struct span entry, const struct hash *leaf, struct entry *ret)
{
	struct hash made;
	merkle_leaf(entry, &made);
	if (!hash_equal(&made, leaf) || entry.len <= ENTRY_SALT_BYTES)
		return false;
	struct span body = { entry.data + ENTRY_SALT_BYTES, entry.len - ENTRY_SALT_BYTES };
	return entry_parse_body(body, ret) == 0;
}

/* As section 4 says, with any of the keys that the host was given. */
static bool identity_ok(const struct work *w, const struct note *n, bool due)
{
	if (note_signature_count(n) == 1)
		return !due;
	for (size_t i = 0; i < w->host->identity_count; i++) {
		bool vouched;
		if (host_lines_ok(n, &w->host->identity[i], &vouched) && vouched)
			return true;
	}
	return false;
}

static int check_note(struct work *w, const struct sealed_batch *b)
{
	struct note n;
	struct checkpoint c;
	struct key key;
	struct hash root;
	char name[KEY_NAME_MAX + 1];
	frontier_root(&w->tree, &root);
	if (note_parse(b->note, &n) < 0 || checkpoint_parse(n.text, &c) < 0 ||
	    !span_is(c.origin, w->row->name) || c.size != w->tree.size || !hash_equal(&c.root, &root))
		return stop(w, VERDICT_ALTERED, "the leaves do not make the root of the batch's note");
	origin_seal_name(w->host->origin, name);
	if (key_make(name, KEY_TYPE_ED25519, &w->next_key, &key) < 0 || !note_signed_by(&n, 0, &key))
		return stop(w, VERDICT_WRONGLY_SEALED, "not signed by the seal key that was named for it");
	if (!identity_ok(w, &n, b->first == 0))
		return stop(w, VERDICT_WRONGLY_SEALED,
		            "identity signature missing, wrong, or followed by others");
	buf_reset(&w->last_note);
	buf_put(&w->last_note, b->note.data, b->note.len);
	return buf_err(&w->last_note);
}

static void check_account(struct work *w, const struct account *a)
{
	uint64_t sum;
	if (__builtin_add_overflow(a->stored, a->filtered, &sum) ||
	    __builtin_add_overflow(sum, a->lost, &sum) || sum != a->emitted ||
	    a->stored < w->account.stored || a->filtered < w->account.filtered || a->lost < w->account.lost)
		fault(w, VERDICT_MALFORMED, "the account of the seal does not add up");
	w->account = *a;
}

static int check_batch(struct work *w, const struct sealed_batch *b)
{
	struct entry e;
	struct seal seal;
	struct epoch_start start;
	if (b->first == 0) {
		if (!is_leaf(b->epoch, &w->first_leaf, &e) || epoch_parse(&e, &start) < 0)
			return stop(w, VERDICT_ALTERED, "the opened epoch entry is not the log's first");
		w->next_key = start.first_key;
	}
	int r = check_note(w, b);
	if (r != 0)
		return r;
	if (!is_leaf(b->seal, &w->last_leaf, &e) || seal_parse(&e, &seal) < 0)
		return stop(w, VERDICT_ALTERED, "the opened seal is not the batch's last entry");
	if (seal.first != b->first || seal.count != b->count)
		fault(w, VERDICT_MALFORMED, "the seal is of another batch");
	check_account(w, &seal.account);
	w->next_key = seal.next_key;
	w->row->batches++;
	return 0;
}

static int take_batch(struct work *w, const struct sealed_batch *b)
{
	w->at.has_index = true;
	w->at.first = w->tree.size;
	w->at.last = b->count ? b->first + b->count - 1 : b->first;
	if (b->first != w->tree.size || b->count == 0 || b->count > w->head.size - w->tree.size)
		return stop(w, VERDICT_MISSING, "the list of seals does not go on where the log does");
	int r = 0;
	for (uint64_t i = 0; r == 0 && i < b->count; i++)
		r = take_leaf(w, i == 0);
	return r != 0 ? r : check_batch(w, b);
}

/* --- the log */

static int read_checkpoint(struct work *w)
{
	char path[FOLDER_MAX + 16];
	struct note n;
	snprintf(path, sizeof(path), "%s/checkpoint", w->folder);
	int r = window_read_file(w->host->dirfd, path, NOTE_MAX_BYTES, &w->checkpoint);
	if (r == -ENOMEM || r == -EACCES || r == -EIO)
		return r;
	struct span bytes = { w->checkpoint.data, w->checkpoint.len };
	if (r < 0 || note_parse(bytes, &n) < 0 || checkpoint_parse(n.text, &w->head) < 0 ||
	    !span_is(w->head.origin, w->row->name))
		return stop(w, VERDICT_MISSING, "no checkpoint of this log");
	return 0;
}

static int begin(struct work *w)
{
	static const char *const beside[] = { "policy", "seals" };
	char path[FOLDER_MAX + 16];
	snprintf(path, sizeof(path), "%s/tile/entries", w->folder);
	bool bundles = faccessat(w->host->dirfd, path, F_OK, 0) == 0;
	w->row->content = bundles;
	w->leaves = (struct leaf_reader){
		.dirfd = w->host->dirfd, .folder = w->folder, .size = w->head.size, .bundles = bundles
	};
	const struct tiles_place where = { .folder = w->folder,
		                           .no_bundles = !bundles,
		                           .beside = beside,
		                           .beside_count = ARRAY_SIZE(beside) };
	int r = tiles_new_at(w->host->dirfd, &where, w->host->findings, &w->tiles);
	if (r == 0)
		tiles_expect(w->tiles, w->head.size);
	return r;
}

static int finish(struct work *w)
{
	struct span last = { w->last_note.data, w->last_note.len };
	w->at.has_index = false;
	if (w->tree.size != w->head.size ||
	    !span_equal(last, (struct span){ w->checkpoint.data, w->checkpoint.len }))
		return stop(w, VERDICT_TRUNCATED, "the list of seals does not end with the checkpoint");
	tiles_finish(w->tiles);
	return 0;
}

static int check_log(struct work *w)
{
	struct sealed_batch b;
	int r = read_checkpoint(w);
	if (r == 0)
		r = begin(w);
	if (r == 0)
		r = open_seals(w);
	while (r == 0) {
		r = next_batch(w, &b);
		if (r == 1)
			return finish(w);
		if (r == -EBADMSG)
			return stop(w, VERDICT_ALTERED, "the list of seals is malformed");
		if (r == 0)
			r = take_batch(w, &b);
	}
	return r;
}

int export_host_check(const struct export_host *h, struct export_row *ret)
{
	cleanup(work_done) struct work w = { .host = h, .row = ret, .seals = { .fd = -1 } };
	*ret = (struct export_row){ 0 };
	origin_format(h->origin, ret->name);
	snprintf(w.folder, sizeof(w.folder), "host/%s/%u", h->origin->host, h->origin->epoch);
	w.at = (struct place){ .file = w.folder, .origin = ret->name };
	int r = check_log(&w);
	ret->entries = w.tree.size;
	ret->lost = w.account.lost;
	return r < 0 ? r : 0;
}
