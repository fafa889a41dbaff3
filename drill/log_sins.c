/* Sins of the sink's operator, with the sink's key: the store fits together afterwards, and only what the
 * hosts have put into their seals convicts it. */
#include "drill/rewrite.h"
#include "drill/scratch.h"
#include "drill/sin.h"
#include "evidence/key_file.h"

#define HOUR_US 3600000000u

int sin_rewrite_time(struct act *a)
{
	cleanup_records struct records r = { 0 };
	struct fleet_record f;
	struct fleet_entry entry;
	int e = rewrite_open(a, &r);
	for (size_t i = 0; e == 0 && a->sinful && i < r.count; i++) {
		if (!records_fleet(&r, i, &f) || f.head_count != 0 || f.index == 0 ||
		    fleet_parse_entry(f.entry, &entry) < 0)
			continue;
		entry.time_us -= HOUR_US;
		e = rewrite_entry(&r, i, &entry, NULL, 0);
		break;
	}
	return e < 0 ? act_failed(a, e, "no entry could be backdated") : rewrite_close(a, &r);
}

/* The batch that ends its host's log earliest, so that other hosts' seals come after it. */
static int find_end(const struct records *r, size_t *ret)
{
	for (size_t i = 0; i < r->count; i++) {
		struct batch b, later;
		bool last = true;
		if (!records_batch(r, i, &b) || b.first == 0)
			continue;
		for (size_t k = i + 1; k < r->count && last; k++)
			last = !records_batch(r, k, &later) || !span_equal(later.origin_text, b.origin_text);
		if (!last)
			continue;
		*ret = i;
		return 0;
	}
	return -ENOENT;
}

/* The commit without the head that the batch made; without any head the entry goes too. */
static int forget_head(struct records *r, size_t at, const struct batch *b)
{
	struct fleet_record f;
	struct fleet_entry e;
	struct frontier tree = { 0 };
	size_t n = 0;
	if (!records_fleet(r, at, &f) || fleet_parse_entry(f.entry, &e) < 0)
		return -EBADMSG;
	cleanup_free struct record_head *heads = calloc(f.head_count + 1, sizeof(*heads));
	struct cursor c = f.heads;
	if (!heads)
		return -ENOMEM;
	while (n < f.head_count && record_next_head(&c, &heads[n])) {
		struct hash leaf;
		if (span_equal(heads[n].origin, b->origin_text)) {
			f.head_count--;
			continue;
		}
		commit_leaf(heads[n].origin, heads[n].size, &heads[n].root, &leaf);
		frontier_add(&tree, &leaf);
		n++;
	}
	if (n == 0) {
		records_remove(r, at);
		return 0;
	}
	e.heads = n;
	frontier_root(&tree, &e.root);
	return rewrite_entry(r, at, &e, heads, n);
}

static int drop_end(struct records *r)
{
	size_t at;
	struct batch b;
	struct fleet_record f;
	int e = find_end(r, &at);
	if (e < 0 || !records_batch(r, at, &b))
		return -ENOENT;
	for (size_t i = at + 1; e == 0 && i < r->count; i++) {
		if (!records_fleet(r, i, &f) || f.head_count == 0)
			continue;
		e = forget_head(r, i, &b);
		break;
	}
	/* The head stood for all batches of the host in this commit. */
	for (size_t i = at + 1; e == 0 && i-- > 0 && r->list[i].type == RECORD_BATCH;) {
		struct batch same;
		if (records_batch(r, i, &same) && span_equal(same.origin_text, b.origin_text))
			records_remove(r, i);
	}
	return e;
}

int sin_rewrite_without_batch(struct act *a)
{
	cleanup_records struct records r = { 0 };
	int e = rewrite_open(a, &r);
	if (e == 0 && a->sinful)
		e = drop_end(&r);
	return e < 0 ? act_failed(a, e, "no batch could be left out") : rewrite_close(a, &r);
}

int rewrite_scratch(struct act *a, const char *copy)
{
	cleanup_workspace struct workspace w = { .dirfd = -1, .saved_fd = -1 };
	struct signer *log = NULL;
	int r = scratch_log_key(a->fleet, &log);
	if (r == 0)
		r = workspace_open(&w, a->fleet->store, copy);
	a->work = &w;
	a->log = log;
	if (r == 0)
		r = sin_rewrite_time(a);
	a->work = NULL;
	a->log = NULL;
	key_file_free(log);
	return r;
}
